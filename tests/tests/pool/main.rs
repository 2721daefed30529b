//! The pool of the real bot, driven through its control socket under load, and judged by what the server says.

mod commands;
mod control;
mod faults;
mod load;
mod recycle;
mod refused;
mod resize;
mod restart;
mod scene;
mod watcher;
