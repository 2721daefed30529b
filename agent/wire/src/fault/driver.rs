//! `tokio_postgres::Error` to [`Fault`].

use std::error::Error as _;
use std::io;

use super::{Fault, of_io, of_sqlstate};

/// Names the fault behind an error of the driver: what Postgres said, else what the stream under it said.
pub fn of_driver(error: &tokio_postgres::Error) -> Fault {
    if let Some(code) = error.code() {
        return of_sqlstate(code.code());
    }
    if error.is_closed() {
        return Fault::ClosedByPeer;
    }
    error
        .source()
        .and_then(|source| source.downcast_ref::<io::Error>())
        .map_or(Fault::Unexpected, of_io)
}
