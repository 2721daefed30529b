//! The agent beside a bot under load: what it says of each fault, and what it has done about it.

mod canaries;
mod clocks;
mod command;
mod flapping;
mod healthy;
mod overloaded;
mod restarts;
mod unheard;
mod watched;
