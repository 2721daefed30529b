//! The webhook's way in: body, signature, answer. Connections and their bounds are `sabai_daemon::http`.
//! Knows nothing of Postgres; what is verified goes to intake over a channel.

mod access;
pub mod answer;
pub mod body;
pub mod signature;
#[cfg(test)]
mod tests;
pub mod webhook;
