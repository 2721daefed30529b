//! The pool of the real bot, driven through its control socket under load, and judged by what the server says.

mod control;
mod load;
mod recycle;
mod refused;
mod resize;
mod restart;
mod scene;
mod watcher;
