//! The names of libpq that Sabai does not support (PostgreSQL documentation, "libpq: Environment Variables", 18, and
//! the ones that went or came in 19). Refused, never ignored: who sets one expects it to work.

use super::super::reader::Reader;

/// What to do instead, or why it cannot be had.
pub static REFUSED: &[(&str, &str)] = &[
    ("PGHOSTADDR", ONE_NAME),
    ("PGSERVICE", NO_SERVICE),
    ("PGSERVICEFILE", NO_SERVICE),
    ("PGSYSCONFDIR", NO_SERVICE),
    (
        "PGOPTIONS",
        "Sabai sets the session's options itself; give others to the role by ALTER ROLE ... SET",
    ),
    (
        "PGAPPNAME",
        "application_name tells pool generation and pod",
    ),
    ("PGCONNECT_TIMEOUT", "set SABAI_POOL_CONNECT_TIMEOUT"),
    ("PGCLIENTENCODING", "Sabai speaks UTF-8"),
    ("PGDATESTYLE", BY_ROLE),
    ("PGTZ", BY_ROLE),
    ("PGGEQO", BY_ROLE),
    (
        "PGLOCALEDIR",
        "Sabai does not use libpq, which would read it",
    ),
    (
        "PGTARGETSESSIONATTRS",
        "Sabai needs the primary and finds out by itself",
    ),
    ("PGLOADBALANCEHOSTS", ONE_NAME),
    ("PGREQUIRESSL", TLS),
    ("PGSSLNEGOTIATION", "Sabai asks for TLS by SSLRequest"),
    ("PGSSLCOMPRESSION", "TLS is never compressed"),
    (
        "PGSSLCERTMODE",
        "the client certificate is sent when PGSSLCERT is set",
    ),
    ("PGSSLCRL", REVOKED),
    ("PGSSLCRLDIR", REVOKED),
    ("PGSSLSNI", "SNI is always sent for a host name"),
    ("PGSSLMINPROTOCOLVERSION", VERSIONS),
    ("PGSSLMAXPROTOCOLVERSION", VERSIONS),
    (
        "PGREQUIREPEER",
        "it is for unix sockets; Sabai talks TLS over TCP only",
    ),
    ("PGREQUIREAUTH", AUTH),
    ("PGCHANNELBINDING", AUTH),
    ("PGGSSENCMODE", KERBEROS),
    ("PGKRBSRVNAME", KERBEROS),
    ("PGGSSLIB", KERBEROS),
    ("PGGSSDELEGATION", KERBEROS),
    ("PGREALM", KERBEROS),
    ("PGOAUTHDEBUG", OAUTH),
    ("PGOAUTHCAFILE", OAUTH),
    ("PGMINPROTOCOLVERSION", PROTOCOL),
    ("PGMAXPROTOCOLVERSION", PROTOCOL),
];

const ONE_NAME: &str =
    "set PGHOST alone: one name, resolved anew at each connect and checked against the certificate";
const NO_SERVICE: &str = "Sabai reads no service file; set PGHOST and its companions";
const BY_ROLE: &str = "give it to the role by ALTER ROLE ... SET";
const TLS: &str = "TLS is always verified in full; set nothing, or PGSSLMODE=verify-full";
const REVOKED: &str = "revocation lists are not checked; end trust in a CA by PGSSLROOTCERT";
const VERSIONS: &str = "TLS 1.2 and 1.3 are spoken";
const AUTH: &str = "the server's pg_hba.conf decides how to log in; TLS is verified in full";
const KERBEROS: &str = "Kerberos is not supported";
const OAUTH: &str = "OAuth is not supported";
const PROTOCOL: &str = "protocol 3.0 is spoken";

pub(super) fn check(reader: &mut Reader<'_>) {
    for (name, instead) in REFUSED {
        if reader.raw(name).is_some() {
            reader.problem(
                *name,
                format!("is not supported and would be ignored; unset it: {instead}"),
            );
        }
    }
}
