//! The dialer and the link of `sabai-wire` against a real Postgres. One program, so that all tests share what they
//! start with; one file per duty.

#[cfg(target_os = "linux")]
mod addresses;
mod client_certificate;
mod dialer;
mod faults;
mod scene;
mod session;
