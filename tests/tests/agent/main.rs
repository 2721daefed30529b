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
//! | a standby is promoted | refresh: sessions to the old primary do not end by themselves | `promoted` |
//! | the database is away for everyone | no recycle; ready, or withdrawn where that is the policy | `away` |
//! | too many connections, a full disk, slow statements | names it; no recycle | `overloaded` |
//! | one path in three fails; sessions are lost again and again | the pod stays; an alarm instead of more recycles | `flapping` |
//! | the bot's control socket is dead, slow, talks nonsense; the bot is killed | names it, withdraws the pod, goes on | `unheard` |
//! | the agent is killed | informed in 2 s; nothing is recycled twice | `restarts` |
//! | the clock jumps by an hour; the process stands still | nothing | `clocks` |
//! | the path forgets idle sessions | finds out when; recommends, or applies | `canaries` |
//! | a person asks | the command line answers | `command` |
//!
//! `command` is what a person meets: the path in words and as one object, configuration, help, the end.

mod asking;
mod away;
mod canaries;
mod clocks;
mod command;
mod flapping;
mod healthy;
mod local;
mod moved;
mod overloaded;
mod promoted;
mod refused;
mod restarted;
mod restarts;
mod rotated;
mod unheard;
mod watched;
