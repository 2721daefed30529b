//! `cargo playground`: the whole system on this machine, to chat with (or, with `--check`, to be judged).

use std::process::ExitCode;

fn main() -> ExitCode {
    sabai_tests::playground::main(std::env::args().skip(1))
}
