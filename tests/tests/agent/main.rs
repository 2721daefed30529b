//! The agent beside a bot under load: what it says of each fault, and what it has done about it. Each fault is injected for
//! real, and each row ends with nothing lost, nothing doubled, in order, every webhook answered in time.
//!
//! | what happens | what the agent does | where |
//! |---|---|---|
//! | nothing | nothing | `healthy` |
//! | the server is restarted, killed, served by another machine | names it; nothing of before is left | `restarted` |
//! | the primary takes no writes; its name moves | names it; refresh | `moved` |
//! | certificate, CA, client certificate, password rotated and valid | one refresh each, unnoticed | `rotated` |
//! | certificate expired, wrong name, wrong CA; no TLS; a certificate that ends soon | protect; says what was presented and expected; warns | `refused` |
//! | the bot's sessions alone go silent; its pool is wedged | refresh at once; replace | `local` |
//! | the database is away for everyone | no recycle; ready, or withdrawn where that is the policy | `away` |

mod asking;
mod away;
mod healthy;
mod local;
mod moved;
mod refused;
mod restarted;
mod rotated;
