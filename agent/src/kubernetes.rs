//! The agent in a cluster: it obeys its PoolConfig and tells what became of it. Without API server, resources or rights it goes
//! on with what it has.
//!
//! - [`cluster`]: the way to the API server ([`connect`]), and what is said of its troubles ([`trouble`], [`complaints`])
//! - [`obey`]: the reconcile: [`watch`], [`validate`], plan, apply; [`kept`] is the file of what is in force
//! - [`report`]: this pod's PoolInstance ([`instance`] is what it says)

pub(crate) mod cluster;
mod complaints;
mod connect;
pub(crate) mod kept;
pub(crate) mod obey;
mod plan;
mod request;
mod trouble;
mod validate;
mod watch;
