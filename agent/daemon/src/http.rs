//! HTTP/1 served within bounds: of connections, of patience, of log lines. What is served is the caller's.

mod patience;
pub mod server;
mod socket;
pub mod throttle;
