//! The webhook's way in: connections, bounds, signature, answer.
//! Knows nothing of Postgres; what is verified goes to intake over a channel.

pub mod answer;
pub mod body;
mod patience;
pub mod server;
pub mod signature;
mod socket;
#[cfg(test)]
mod tests;
pub mod throttle;
pub mod webhook;
