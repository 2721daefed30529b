//! What crosses a wire in Sabai, shared by bot and agent.
//!
//! - [`fault`]: everything that can go wrong with Postgres, one word each
//! - [`dial`]: DNS, TCP, SSLRequest, TLS verify-full; [`stage`], [`trust`] and [`certificate`] belong to it
//! - [`link`]: one Postgres session over such a connection, told the truth about
//! - [`control`]: what agent and operator say to a bot over its control socket
//! - [`settings`]: what may be tuned, valid by construction; [`duration`] is how durations are written

pub mod certificate;
pub mod control;
pub mod dial;
pub mod duration;
pub mod fault;
pub mod link;
pub mod settings;
pub mod stage;
pub mod trust;
