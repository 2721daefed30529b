//! Intake: what LINE sends is committed before LINE is told 200.
//!
//! One committer, two modes. *Direct*: while one statement is in flight the next batch gathers. *Spooling*: to disk,
//! and from there by the drainer. [`submission`] is the door, `batch` packs, `commit` commits, `rows` lays out, `store`
//! has the statements; `backlog` is where committer and drainer meet, `window` what is read ahead, `portion` how much
//! goes at a time, `doubts` what neither knows, `evacuation` the way to a peer; `sweep` finishes what a crash interrupted.

mod backlog;
mod batch;
mod commit;
mod committer;
mod doubts;
mod drainer;
mod evacuation;
mod portion;
mod rows;
mod store;
pub mod submission;
mod sweep;
mod window;

pub use backlog::{Backlog, Draining};
pub use batch::{POSTGRES_LIMIT, SPOOL_LIMIT};
pub use commit::Commit;
pub use committer::Committer;
pub use doubts::Doubts;
pub use drainer::Drainer;
pub use evacuation::{Evacuation, HOP, Peer};
pub use sweep::sweep;
