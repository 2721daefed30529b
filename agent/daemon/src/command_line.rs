//! Reads a command line. Prints help, version or what is wrong by itself.

use std::ffi::OsString;

use clap::Parser;

use crate::exit::{EXIT_CONFIG, EXIT_OK};

/// What was asked for.
///
/// # Errors
/// The exit code with which to end now: [`EXIT_OK`] after help or version, else [`EXIT_CONFIG`].
pub fn parse<P: Parser>(arguments: impl IntoIterator<Item = OsString>) -> Result<P, u8> {
    P::try_parse_from(arguments).map_err(|error| {
        // Nothing is left to be done when even this cannot be printed.
        let _ = error.print();
        if error.use_stderr() {
            EXIT_CONFIG
        } else {
            EXIT_OK
        }
    })
}
