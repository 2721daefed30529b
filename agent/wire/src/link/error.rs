//! How a statement failed.

use std::fmt;

use crate::fault::{Class, Fault, of_driver};

/// A statement that failed. Its text holds no data of the statement.
#[derive(Clone, Debug)]
pub struct StatementError {
    /// The statement's name.
    pub statement: &'static str,
    /// In one word.
    pub fault: Fault,
    /// In a sentence.
    pub detail: String,
}

impl StatementError {
    pub(crate) fn new(statement: &'static str, fault: Fault, detail: impl Into<String>) -> Self {
        Self {
            statement,
            fault,
            detail: detail.into(),
        }
    }

    pub(crate) fn of_driver(statement: &'static str, error: &tokio_postgres::Error) -> Self {
        let detail = match error.as_db_error() {
            // Messages of classes 22 and 23 quote the data.
            Some(db) if of_driver(error) == Fault::DataRefused => {
                format!(
                    "SQLSTATE {}, constraint {}",
                    db.code().code(),
                    db.constraint().unwrap_or("none")
                )
            }
            Some(db) => format!("SQLSTATE {}: {}", db.code().code(), db.message()),
            None => error.to_string(),
        };
        Self {
            statement,
            fault: of_driver(error),
            detail,
        }
    }

    /// The kind of trouble.
    pub fn class(&self) -> Class {
        self.fault.class()
    }
}

impl fmt::Display for StatementError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} in {}: {}", self.fault, self.statement, self.detail)
    }
}

impl std::error::Error for StatementError {}
