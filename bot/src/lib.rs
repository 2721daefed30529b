//! Sabai's bot: LINE webhooks in, durable events, answers out, conversations in Postgres.
//!
//! One event's way: [`http`] (verify bytes) -> [`intake`] (group commit) -> [`queue`] (who holds the lane) ->
//! [`responder`] -> [`outbox`] -> [`mod@line`] -> [`conversation`] (the turn, settled). `docs/architecture.md` is the map.
//!
//! - [`app`]: builds the parts, starts and stops them in order; [`cli`], [`config`], [`metrics`]
//! - [`control`]: the socket over which agent and operator tune the pool
//! - [`event`], [`trace`]: what an event is
//! - [`db`]: links to Postgres, the pool, group commit, migrations
//! - [`spool`]: records on local disk until they are safe in Postgres; [`commands`]: what an operator runs by hand
//!
//! What it has in common with the agent as a process is `sabai_daemon`: logs, health, exit, signals, the way to Postgres.

pub mod app;
pub mod cli;
pub mod commands;
pub mod config;
pub mod control;
pub mod conversation;
pub mod db;
pub mod event;
pub mod http;
pub mod intake;
pub mod line;
pub mod metrics;
pub mod outbox;
pub mod queue;
pub mod responder;
pub mod spool;
pub mod trace;
