//! `io::Error` to [`Fault`]. A TLS error travels inside an `io::Error`, so it is looked for first.

use std::io;

use super::{Fault, of_tls};

/// Names the fault behind an I/O error of a connection to Postgres.
pub fn of_io(error: &io::Error) -> Fault {
    use io::ErrorKind as Kind;
    if let Some(tls) = error
        .get_ref()
        .and_then(|inner| inner.downcast_ref::<rustls::Error>())
    {
        return of_tls(tls);
    }
    match error.kind() {
        Kind::ConnectionRefused => Fault::Refused,
        Kind::ConnectionReset | Kind::BrokenPipe | Kind::ConnectionAborted => {
            Fault::ConnectionReset
        }
        // rustls reports a TCP end without close_notify this way.
        Kind::UnexpectedEof => Fault::ClosedAbruptly,
        // ETIMEDOUT on an open connection: TCP_USER_TIMEOUT or keepalive gave it up.
        Kind::TimedOut => Fault::Unacknowledged,
        Kind::HostUnreachable
        | Kind::NetworkUnreachable
        | Kind::AddrNotAvailable
        | Kind::NetworkDown => Fault::Unreachable,
        Kind::InvalidData | Kind::InvalidInput => Fault::ProtocolBroken,
        _ => Fault::Unexpected,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_has_its_fault() {
        let table = [
            (io::ErrorKind::ConnectionRefused, Fault::Refused),
            (io::ErrorKind::ConnectionReset, Fault::ConnectionReset),
            (io::ErrorKind::BrokenPipe, Fault::ConnectionReset),
            (io::ErrorKind::UnexpectedEof, Fault::ClosedAbruptly),
            (io::ErrorKind::TimedOut, Fault::Unacknowledged),
            (io::ErrorKind::HostUnreachable, Fault::Unreachable),
            (io::ErrorKind::InvalidData, Fault::ProtocolBroken),
            (io::ErrorKind::OutOfMemory, Fault::Unexpected),
        ];
        for (kind, fault) in table {
            assert_eq!(of_io(&io::Error::from(kind)), fault, "{kind:?}");
        }
    }

    #[test]
    fn a_tls_error_inside_wins_over_the_kind() {
        let inner = rustls::Error::InvalidCertificate(rustls::CertificateError::UnknownIssuer);
        let error = io::Error::new(io::ErrorKind::InvalidData, inner);
        assert_eq!(of_io(&error), Fault::CertificateUntrusted);
    }
}
