use std::time::UNIX_EPOCH;

use super::*;
use crate::page;

const fn ip(last: u8) -> IpAddr {
    IpAddr::V4(std::net::Ipv4Addr::new(10, 0, 0, last))
}

fn second(second: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(second)
}

/// Server `n`, reached by the address with its number.
fn met(n: u8) -> Met {
    Met {
        addresses: vec![ip(n)],
        certificate: format!("certificate {n}"),
        server_start: second(u64::from(n)),
        server_address: Some(ip(n)),
    }
}

/// A session with that server, a minute old.
fn session(n: u8) -> SessionReport {
    let met = met(n);
    SessionReport {
        state: "Idle".to_owned(),
        server_start: met.server_start.into(),
        server_address: met.server_address,
        peer: (ip(n), 5432).into(),
        certificate_sha256: met.certificate,
        age_milliseconds: 60_000,
        ..page::report().sessions[0].clone()
    }
}

fn thrice(met: Met) -> Vec<Met> {
    vec![met; AGREE]
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table")]
fn each_reason_is_seen_in_the_sessions() {
    use RecycleReason as R;
    let none = Changed::default;
    let ago = |seconds| Some(Duration::from_secs(seconds));
    let table = [
        ("the same", thrice(met(1)), none(), vec![session(1)], None),
        (
            "restarted",
            thrice(Met {
                server_start: second(9),
                ..met(1)
            }),
            none(),
            vec![session(1)],
            Some(R::ServerRestarted),
        ),
        (
            "failed over",
            thrice(met(2)),
            none(),
            vec![session(2), session(1)],
            Some(R::FailedOver),
        ),
        (
            "another certificate",
            thrice(Met {
                certificate: "another".to_owned(),
                ..met(1)
            }),
            none(),
            vec![session(1)],
            Some(R::CertificateChanged),
        ),
        (
            "the name leads elsewhere, to the same server",
            thrice(Met {
                addresses: vec![ip(7)],
                ..met(1)
            }),
            none(),
            vec![session(1)],
            Some(R::AddressChanged),
        ),
        (
            "not certain yet",
            vec![met(1), met(2), met(2)],
            none(),
            vec![session(1)],
            None,
        ),
        (
            "two behind one name",
            vec![met(1), met(2), met(1)],
            none(),
            vec![session(1), session(2)],
            None,
        ),
        ("nothing met", vec![], none(), vec![session(1)], None),
        (
            "a password, since",
            vec![],
            Changed {
                password: ago(59),
                ca: ago(59),
                ..none()
            },
            vec![session(1)],
            Some(R::PasswordChanged),
        ),
        (
            "a password, before",
            vec![],
            Changed {
                password: ago(61),
                ..none()
            },
            vec![session(1)],
            None,
        ),
        (
            "a CA",
            vec![],
            Changed {
                ca: ago(1),
                ..none()
            },
            vec![session(1)],
            Some(R::CAChanged),
        ),
        (
            "our certificate",
            vec![],
            Changed {
                client_certificate: ago(1),
                ..none()
            },
            vec![session(1)],
            Some(R::ClientCertificateChanged),
        ),
        (
            "it goes already",
            thrice(met(2)),
            none(),
            vec![SessionReport {
                state: "Closing".to_owned(),
                ..session(1)
            }],
            None,
        ),
    ];
    for (name, met, changed, sessions, expected) in table {
        assert_eq!(reason(&met, changed, &sessions), expected, "{name}");
    }
}
