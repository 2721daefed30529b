//! Conversations: every turn saved, together with the settling of its event; whom we talk to.

pub mod profile;
pub mod store;
