//! The agent: watches the path to Postgres and judges it. This page is the map.
//!
//! Evidence goes one way: what the [`probe`] saw becomes a [`verdict`], the bot's reports are judged by [`bot`] and compared with
//! what the probe met by [`outdated`]; all become a
//! [`decision`], which [`pace`] may hold back. All but the probe's edges are pure; verdict and decision are tabled in `docs/verdict.md`.

pub mod acts;
pub mod bot;
pub mod clock;
pub mod decision;
pub mod files;
pub mod hearing;
pub mod mind;
pub mod moment;
pub mod outdated;
pub mod pace;
#[cfg(test)]
mod page;
pub mod probe;
pub mod readiness;
pub mod settings;
pub mod supervise;
pub mod verdict;
