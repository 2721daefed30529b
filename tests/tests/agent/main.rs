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
//! | the server has no room | names it; no recycle | `overloaded` |
//! | one path in three fails | nothing changes; the bucket holds | `flapping` |
//! | the bot cannot be heard | names it, withdraws the pod | `unheard` |
//! | the agent is killed | it is back and knows as much | `restarts` |
//! | clocks jump; the process stands still | nothing | `clocks` |
//! | the path forgets idle sessions | the canaries find when | `canaries` |
//! | a person asks | the command line answers | `command` |
//! | the database is away for everyone | no recycle; ready, or withdrawn where that is the policy | `away` |
//! | too many connections, a full disk | no recycle; named | `overloaded` |
//! | one path in three fails; sessions are lost again and again | the pod stays; an alarm instead of more recycles | `flapping` |
//! | the bot's control socket is dead, slow, talks nonsense; the bot is killed | withdraws the pod, names it, goes on | `unheard` |
//! | the agent is killed | informed in 2 s; nothing is recycled twice | `restarts` |
//! | the clock jumps by an hour; the process stands still | nothing | `clocks` |
//! | the path forgets idle sessions | finds out when; recommends, or applies | `canaries` |
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
mod refused;
mod restarted;
mod restarts;
mod rotated;
mod unheard;
mod watched;
