//! Intake: what LINE sends is committed before LINE is told 200.
//!
//! One committer: while one statement is in flight the next batch gathers. [`submission`] is the door,
//! `batch` packs, `rows` lays out, `store` has the statements, `sweep` finishes what a crash interrupted.

mod batch;
mod committer;
mod rows;
mod store;
pub mod submission;
mod sweep;

pub use batch::POSTGRES_LIMIT;
pub use committer::Committer;
pub use sweep::sweep;
