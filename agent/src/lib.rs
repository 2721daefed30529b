//! The agent: watches the path to Postgres and judges it. This page is the map.
//!
//! Evidence goes one way: what the [`probe`] saw becomes a [`verdict`], the bot's reports are judged by [`bot`] and compared with
//! what the probe met by [`outdated`]; all become a
//! [`decision`], which [`pace`] may hold back. All but the probe's edges are pure; verdict and decision are tabled in `docs/verdict.md`.
//! [`canary`] finds out how long the path keeps an idle session.

pub mod acts;
pub mod app;
pub mod bot;
pub mod canary;
pub mod cli;
pub mod clock;
pub mod config;
pub mod decision;
pub mod door;
pub mod files;
pub mod hearing;
mod kubernetes;
pub mod metrics;
pub mod mind;
pub mod moment;
pub mod once;
pub mod orders;
pub mod outdated;
pub mod pace;
#[cfg(test)]
mod page;
pub mod probe;
pub mod readiness;
pub mod reason;
pub mod requests;
pub mod said;
pub mod settings;
pub mod supervise;
pub mod verdict;
