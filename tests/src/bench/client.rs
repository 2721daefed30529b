//! One kept HTTP/1.1 connection that does as little as a load generator may: writes a request made elsewhere, reads
//! to the end of the answer. Speaks only with servers of ours, which give a content-length.

use std::io;
use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// A connection.
#[derive(Debug)]
pub struct Connection {
    stream: TcpStream,
    inbox: Vec<u8>,
}

impl Connection {
    /// # Errors
    /// When nobody listens there.
    pub async fn open(to: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect(to).await?;
        stream.set_nodelay(true)?;
        Ok(Self {
            stream,
            inbox: Vec::with_capacity(4096),
        })
    }

    /// Sends a whole request and returns the status of its answer.
    ///
    /// # Errors
    /// When the connection ends first, or what comes is no HTTP.
    pub async fn exchange(&mut self, request: &[u8]) -> io::Result<u16> {
        self.stream.write_all(request).await?;
        self.inbox.clear();
        loop {
            if self.stream.read_buf(&mut self.inbox).await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            if complete(&self.inbox).is_some_and(|length| self.inbox.len() >= length) {
                return status(&self.inbox).ok_or_else(|| io::ErrorKind::InvalidData.into());
            }
        }
    }
}

/// The length of the message that begins here, once its head is whole. Hyper writes header names in lower case.
pub(super) fn complete(bytes: &[u8]) -> Option<usize> {
    let head = find(bytes, b"\r\n\r\n")? + 4;
    let length = find(&bytes[..head], b"\r\ncontent-length:").map_or(0, |at| {
        let digits = bytes[at + 17..head]
            .iter()
            .skip_while(|byte| **byte == b' ');
        let digits = digits.take_while(|byte| byte.is_ascii_digit());
        digits.fold(0, |sum, digit| sum * 10 + usize::from(digit - b'0'))
    });
    Some(head + length)
}

pub(super) fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes
        .windows(wanted.len())
        .position(|window| window == wanted)
}

fn status(bytes: &[u8]) -> Option<u16> {
    std::str::from_utf8(bytes.get(9..12)?).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_read_to_its_end() {
        let answer = b"HTTP/1.1 503 Service Unavailable\r\ncontent-length: 5\r\n\r\nhello";
        assert_eq!(complete(answer), Some(answer.len()));
        assert_eq!(status(answer), Some(503));
        assert_eq!(complete(&answer[..40]), None);
        assert_eq!(complete(b"HTTP/1.1 200 OK\r\ndate: x\r\n\r\n"), Some(28));
    }
}
