//! The fault campaign: every way in which a Postgres session is known to fail, injected for real under load, through
//! the gate or in the server itself. One file for each kind of fault; `scene` holds what all rows must show.

mod away;
mod cancelled;
mod certificates;
mod clock;
mod commits;
mod credentials;
mod idle;
mod killed;
mod moved;
mod partitioned;
mod scene;
mod schema;
mod server;
mod silent;
mod soak;
mod spool_damage;
mod spool_disk;
mod spooled;
mod statements;
mod stopped;
mod storm;
mod swallowed;
mod terminated;
