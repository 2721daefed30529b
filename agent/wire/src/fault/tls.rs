//! `rustls::Error` to [`Fault`].

use rustls::{AlertDescription, CertificateError, Error};

use super::Fault;

/// Names the fault behind an error of the TLS handshake or session.
pub fn of_tls(error: &Error) -> Fault {
    match error {
        Error::InvalidCertificate(why) => of_certificate(why),
        // What a server says when it wants a client certificate, or does not like ours.
        Error::AlertReceived(
            AlertDescription::CertificateRequired
            | AlertDescription::BadCertificate
            | AlertDescription::CertificateExpired
            | AlertDescription::CertificateRevoked
            | AlertDescription::CertificateUnknown
            | AlertDescription::UnknownCA
            | AlertDescription::AccessDenied,
        ) => Fault::ClientCertificateRefused,
        Error::NoCertificatesPresented => Fault::CertificateInvalid,
        _ => Fault::ProtocolBroken,
    }
}

fn of_certificate(error: &CertificateError) -> Fault {
    match error {
        CertificateError::Expired
        | CertificateError::ExpiredContext { .. }
        | CertificateError::NotValidYet
        | CertificateError::NotValidYetContext { .. } => Fault::CertificateExpired,
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            Fault::CertificateWrongName
        }
        CertificateError::UnknownIssuer | CertificateError::BadSignature => {
            Fault::CertificateUntrusted
        }
        _ => Fault::CertificateInvalid,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_error_has_its_fault() {
        let table = [
            (
                Error::InvalidCertificate(CertificateError::Expired),
                Fault::CertificateExpired,
            ),
            (
                Error::InvalidCertificate(CertificateError::NotValidForName),
                Fault::CertificateWrongName,
            ),
            (
                Error::InvalidCertificate(CertificateError::UnknownIssuer),
                Fault::CertificateUntrusted,
            ),
            (
                Error::InvalidCertificate(CertificateError::BadEncoding),
                Fault::CertificateInvalid,
            ),
            (
                Error::AlertReceived(AlertDescription::CertificateRequired),
                Fault::ClientCertificateRefused,
            ),
            (Error::DecryptError, Fault::ProtocolBroken),
        ];
        for (error, fault) in table {
            assert_eq!(of_tls(&error), fault, "{error:?}");
        }
    }
}
