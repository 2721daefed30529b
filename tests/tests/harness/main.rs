//! The harness itself is tested first: what judges the bot must be right. No bot runs here.

mod bot;
mod check;
mod gate;
mod kubernetes;
mod line;
mod postgres;
mod preload;
