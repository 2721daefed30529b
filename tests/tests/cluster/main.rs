//! The agent in a cluster: real API server, real rights, real bots under load. One file for each group of rows.

mod apiserver;
mod gone;
mod holder;
mod peers;
mod replaced;
mod requested;
mod rights;
mod skew;
mod tuned;
mod whatever;
