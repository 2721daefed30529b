//! The fault campaign: every way in which a Postgres session is known to fail, injected for real under load, through
//! the gate or in the server itself. One file for each kind of fault; `scene` holds what all rows must show.

mod cancelled;
mod certificates;
mod idle;
mod rows;
mod scene;
mod schema;
mod server;
mod silent;
mod soak;
mod swallowed;
mod terminated;
