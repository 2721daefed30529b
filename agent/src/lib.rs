//! The agent: watches the path to Postgres and judges it. This page is the map.
//!
//! Evidence goes one way: what the probe saw becomes a [`verdict`], the bot's reports are judged by [`bot`] and compared with
//! what the probe met by [`outdated`]; all become a
//! [`decision`], which [`pace`] may hold back. All of them are pure; verdict and decision are tabled in `docs/verdict.md`.
//! [`canary`] finds out how long the path keeps an idle session.

pub mod bot;
pub mod canary;
pub mod decision;
pub mod moment;
pub mod outdated;
pub mod pace;
#[cfg(test)]
mod page;
pub mod verdict;
