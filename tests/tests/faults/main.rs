//! The fault campaign: every way in which a Postgres session is known to fail, injected for real under load, through
//! the gate, by the disk or in the server itself. `sabai_tests::scene` holds what all rows must show.
//!
//! | row | fault | where |
//! |---|---|---|
//! | 1 | sessions are terminated | `terminated` |
//! | 2 | idle sessions end | `idle` |
//! | 3, 4 | packets vanish; nobody answers; processes stand still; the way is slow | `silent` |
//! | 5 | answers never come; sessions are cut anywhere | `swallowed` |
//! | 6 | the server is restarted | `server` |
//! | 7 | Postgres is gone for a minute | `away` |
//! | 8, 9 | certificates are rotated, or must be refused | `certificates` |
//! | 10 | we are not let in | `credentials` |
//! | 11 | the primary moves; name servers | `moved` |
//! | 12 | a standby is missing; locks, conflicts, limits, a full disk | `commits`, `statements` |
//! | 13 | the schema changes | `schema` |
//! | 14 | the spool's disk, damage on it, its bound, its order | `spool_disk`, `spool_damage`, `spooled` |
//! | 14a | pods stop while Postgres is away | `stopped` |
//! | 15 | the bot is killed in the middle of each | `killed` |
//! | 16 | callers go away | `cancelled` |
//! | more | a pod alone; a clock that jumps; storms; chance | `partitioned`, `clock`, `storm`, `soak` |

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
