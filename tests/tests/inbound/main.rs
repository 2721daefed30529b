//! What arrives: every row of "what goes wrong, and what then" up to the answer, on the real bot, a real Postgres and
//! a stand-in for LINE. One program, so that all tests share one server; one file per theme, one test per row.

mod access;
mod answers_file;
mod calls;
mod configuration;
mod groups;
mod members;
mod mutated;
mod odd;
mod old_events;
mod postgres_away;
mod scene;
mod secrets;
mod taken_back;
mod turns;
mod twice;
