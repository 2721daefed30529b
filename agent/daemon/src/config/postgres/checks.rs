//! What libpq would take and Sabai does not, each with its reason; and a look into certificate files. Pure, but for
//! the reader.

use std::path::Path;

use super::super::reader::{self, Reader};
use super::super::source::Source;
use super::super::value;
use super::super::variable::Variable;
use super::RootCertificates;
use crate::secret::Secret;

pub(super) fn host(text: &str) -> Result<String, String> {
    if text.contains(',') {
        return Err("names several hosts; Sabai talks to one (a Service or a DNS name that follows the primary)".into());
    }
    if text.starts_with(['/', '@']) {
        return Err("is the folder of a unix socket; Sabai talks TLS over TCP only".into());
    }
    let of_a_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | ':');
    if text.len() > 253 || !text.chars().all(of_a_name) {
        return Err("is neither a host name nor an IP address".into());
    }
    Ok(text.to_owned())
}

pub(super) fn port(text: &str) -> Result<u16, String> {
    if text.contains(',') {
        return Err("names several ports; Sabai talks to one server".into());
    }
    value::number(text, 1..=u64::from(u16::MAX)).map(|port| u16::try_from(port).expect("in range"))
}

pub(super) fn password(text: &str) -> Result<Secret, String> {
    if text.contains(['\0', '\n', '\r']) {
        return Err("holds a line end or a NUL; it is to be one line".into());
    }
    Ok(text.into())
}

pub(super) fn root(text: &str) -> Result<RootCertificates, String> {
    match text {
        "system" => Ok(RootCertificates::System),
        _ => value::path(text).map(RootCertificates::File),
    }
}

pub(super) fn mode(text: &str) -> Result<(), String> {
    let why = match text {
        "verify-full" => return Ok(()),
        "disable" => "sends everything in plaintext",
        "allow" | "prefer" => "falls back to plaintext without a word",
        "require" => "encrypts, but takes any certificate, an attacker's too",
        "verify-ca" => "takes a certificate of any other server of the same CA",
        _ => "is not a mode of libpq",
    };
    Err(format!("{why}; only verify-full is taken"))
}

/// Looks into a certificate's or a key's file. What it holds is verified at each dial, not here.
pub(super) fn holds(
    reader: &mut Reader<'_>,
    variable: &Variable,
    path: &Path,
    source: Option<&Source>,
) {
    let is = |bytes: &[u8], mark: &str| {
        bytes
            .windows(mark.len())
            .any(|window| window == mark.as_bytes())
    };
    let (what, mark) = match variable.name {
        "PGSSLKEY" => ("private key", "PRIVATE KEY-----"),
        _ => ("certificate", "CERTIFICATE-----"),
    };
    let place = reader::place(path, source);
    let reason = match (reader.read_file)(path) {
        Err(error) => format!("cannot read {place}: {error}"),
        Ok(bytes)
            if is(&bytes, "ENCRYPTED PRIVATE KEY") || is(&bytes, "Proc-Type: 4,ENCRYPTED") =>
        {
            format!(
                "{place} is locked by a passphrase, which Sabai cannot be told; give an unlocked key"
            )
        }
        Ok(bytes) if !is(&bytes, mark) => format!("{place} holds no {what} in PEM"),
        Ok(_) => return,
    };
    reader.problem(variable.name, reason);
}
