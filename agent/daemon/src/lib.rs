//! What Sabai's bot and agent are made of as processes: their edges to the environment, Postgres, the pod and each other.
//! Decides nothing about messages or paths; what crosses a wire is `sabai_wire`.
//!
//! - [`config`]: variables in, typed values or all problems out; [`secret`] is what is never printed
//! - [`access`]: links to Postgres as the configuration says at that moment
//! - [`admin`]: `/livez`, `/readyz`, `/metrics`; [`http`] serves such routes within bounds; [`metrics`] are declared by a table
//! - [`command_line`]: reads it, or tells what is wrong with it
//! - [`control`]: asks a bot over its control socket
//! - [`logging`], [`exit`], [`runtime`], [`signals`]: a process's life; [`backoff`]: waiting longer after each failure

pub mod access;
pub mod admin;
pub mod backoff;
pub mod command_line;
pub mod config;
pub mod control;
pub mod exit;
pub mod http;
pub mod logging;
pub mod metrics;
pub mod runtime;
pub mod secret;
pub mod signals;
