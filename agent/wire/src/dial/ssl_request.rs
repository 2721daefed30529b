//! Asking Postgres for TLS: eight bytes out, exactly one byte in.
//!
//! Not a byte more is read before the handshake: what came in plaintext must never be taken for
//! something said inside TLS (CVE-2021-23222).

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::Failure;
use crate::fault::{Fault, of_io};

/// Length 8, then the code 1234.5679 (PostgreSQL manual, "Message Formats", SSLRequest).
const SSL_REQUEST: [u8; 8] = [0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f];

pub(super) async fn ask(tcp: &mut TcpStream, peer: SocketAddr) -> Result<(), Failure> {
    let io = |error: std::io::Error| {
        let detail = format!("{peer} was asked for TLS and ended the connection: {error}");
        Failure::new(of_io(&error), detail)
    };
    tcp.write_all(&SSL_REQUEST).await.map_err(io)?;
    let mut answer = [0];
    tcp.read_exact(&mut answer).await.map_err(io)?;
    let (fault, detail) = match answer[0] {
        b'S' => return Ok(()),
        b'N' => (
            Fault::TlsNotOffered,
            format!("{peer} offers no TLS; set ssl=on there (plaintext is never used)"),
        ),
        // An ErrorResponse in plaintext: a server too old or too busy to talk TLS. Its text is not trusted.
        b'E' => (
            Fault::ServerStarting,
            format!("{peer} answered the request for TLS with an error in plaintext"),
        ),
        other => (
            Fault::ProtocolBroken,
            format!(
                "{peer} answered the request for TLS with the byte {other:#04x}: is it Postgres?"
            ),
        ),
    };
    Err(Failure::new(fault, detail))
}
