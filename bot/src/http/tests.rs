//! The webhook over real loopback sockets, with a test in the place of intake.

mod bot;
mod bounds;
mod calls;
mod client;
mod connections;
mod fuzz;
mod heads;
