//! Sabai's harness: a real Postgres over TLS, a real Kubernetes API server, a stateful stand-in for LINE, LINE's
//! webhooks, and the real bot as a process. End-to-end tests, playground and bench drive the bot with it, from outside
//! only.
//!
//! One event's way: `webhook` builds, signs and posts it; `bot` is the process that gets it; `line` is what the bot
//! calls; `postgres` is where it saves; `world` puts them together and says what was lost, doubled or out of order.
//!
//! Faults are made on the way (`gate`), in the server (`postgres`), in what names mean (`names`), under the files and
//! in the clock of a process (`preload`); `load` is what goes on meanwhile.

pub mod agent;
pub mod bench;
pub mod bot;
pub mod gate;
pub mod helm;
pub mod http;
pub mod kubernetes;
pub mod line;
pub mod load;
pub mod mishap;
pub mod names;
pub mod playground;
pub mod port;
pub mod postgres;
pub mod preload;
pub mod process;
pub mod random;
pub mod release;
pub mod scene;
pub mod scratch;
pub mod shelf;
pub mod soak;
pub mod specs;
pub mod wait;
pub mod webhook;
pub mod world;
