//! What an operator runs by hand, beside running bots: dead letters and unknown outcomes, on a real Postgres.

mod dead_letters;
mod refused;
mod scene;
mod spool;
mod unknowns;
mod usage;
mod webhook;
