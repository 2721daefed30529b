//! The configuration that bot and agent share: how variables are read, and those that both programs know. Each program
//! adds rows of its own by [`crate::variables`]. Read once at start through a lookup, all problems told together; what is
//! file-backed and used again is read again at each use. Never touches the process's environment by itself.

pub mod database;
pub mod log;
pub mod postgres;
pub mod problem;
pub mod programs;
pub mod reader;
pub mod settings;
pub mod source;
pub mod table;
pub mod unknown;
pub mod value;
pub mod variable;

pub use database::DatabaseConfig;
pub use postgres::PostgresConfig;
pub use problem::{Problem, Problems};
pub use reader::Reader;
pub use source::{Source, SourceError, read_file};
pub use unknown::{UnknownName, unknown_names};
pub use variable::{Group, Need, Variable};

#[cfg(test)]
mod tests;
