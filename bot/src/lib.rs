//! Sabai's bot: LINE webhooks in, durable events, answers out, conversations in Postgres.
//!
//! One event's way: [`http`] (verify bytes) -> [`intake`] (group commit) -> [`queue`] (who holds the lane) ->
//! [`responder`] -> [`outbox`] -> [`mod@line`] -> [`conversation`] (the turn, settled). `docs/architecture.md` is the map.
//!
//! - [`app`]: builds the parts, starts and stops them in order; [`cli`], [`exit`], [`config`], [`logging`], [`metrics`], [`admin`]
//! - [`control`]: the socket over which agent and operator tune the pool
//! - [`event`], [`trace`]: what an event is
//! - [`db`]: links to Postgres, the pool, group commit, migrations; [`backoff`]
//! - [`spool`]: records on local disk until they are safe in Postgres; [`commands`]: what an operator runs by hand
//! - [`secret`]: what is never printed

pub mod admin;
pub mod app;
pub mod backoff;
pub mod cli;
pub mod commands;
pub mod config;
pub mod control;
pub mod conversation;
pub mod db;
pub mod event;
pub mod exit;
pub mod http;
pub mod intake;
pub mod line;
pub mod logging;
pub mod metrics;
pub mod outbox;
pub mod queue;
pub mod responder;
pub mod secret;
pub mod spool;
pub mod trace;
