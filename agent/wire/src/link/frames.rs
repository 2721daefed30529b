//! Follows the Postgres protocol in both directions of a session, without buffering: pure.
//!
//! It answers what the driver does not tell: is the session quiet (every request answered by a
//! ReadyForQuery) and outside a transaction? Source: PostgreSQL manual, "Message Formats".

/// Finds the messages in one direction of the stream, however it is cut into chunks.
#[derive(Debug)]
struct Scanner {
    header: [u8; 5],
    have: usize,
    /// Where a header starts in `header`: the startup message has no type byte.
    skip: usize,
    body: Body,
}

#[derive(Debug)]
enum Body {
    /// Between messages, or inside a header.
    None,
    /// The header is complete and the first byte of the body is next.
    Next(usize),
    /// Inside the body; so many bytes are to come.
    Rest(usize),
}

impl Scanner {
    const fn new(skip: usize) -> Self {
        Self {
            header: [0; 5],
            have: skip,
            skip,
            body: Body::None,
        }
    }

    /// Calls `seen` once for each message, with its type (0 for startup) and its first body byte (or 0).
    fn scan(&mut self, mut chunk: &[u8], mut seen: impl FnMut(u8, u8)) {
        while let Some((&first, _)) = chunk.split_first() {
            match self.body {
                Body::None => {
                    self.header[self.have] = first;
                    self.have += 1;
                    chunk = &chunk[1..];
                    if self.have == 5 {
                        self.have = 0;
                        let [_, length @ ..] = self.header;
                        // The length counts its own four bytes.
                        match (u32::from_be_bytes(length) as usize).saturating_sub(4) {
                            0 => seen(self.kind(), 0),
                            body => self.body = Body::Next(body),
                        }
                    }
                }
                Body::Next(body) => {
                    seen(self.kind(), first);
                    self.body = Body::Rest(body);
                }
                Body::Rest(rest) => {
                    let take = rest.min(chunk.len());
                    chunk = &chunk[take..];
                    self.body = if take == rest {
                        Body::None
                    } else {
                        Body::Rest(rest - take)
                    };
                }
            }
        }
    }

    /// The type of the message whose header is complete. Only the first message can lack one.
    fn kind(&mut self) -> u8 {
        if self.skip == 1 {
            self.skip = 0;
            return 0;
        }
        self.header[0]
    }
}

/// The state of a session as the bytes on the wire tell it.
#[derive(Debug)]
pub(super) struct Frames {
    sent: Scanner,
    received: Scanner,
    /// Requests whose ReadyForQuery has not come yet.
    pending: u32,
    /// Status byte of the last ReadyForQuery: `I` idle, `T` in a transaction, `E` in a failed one.
    status: u8,
}

impl Frames {
    pub(super) const fn new() -> Self {
        Self {
            sent: Scanner::new(1),
            received: Scanner::new(0),
            pending: 0,
            status: 0,
        }
    }

    /// Notes bytes that went out.
    pub(super) fn sent(&mut self, chunk: &[u8]) {
        let pending = &mut self.pending;
        // Startup, Query, Sync and FunctionCall are answered by one ReadyForQuery each.
        self.sent.scan(chunk, |kind, _| {
            if matches!(kind, 0 | b'Q' | b'S' | b'F') {
                *pending += 1;
            }
        });
    }

    /// Notes bytes that came in. True when a ReadyForQuery was among them.
    pub(super) fn received(&mut self, chunk: &[u8]) -> bool {
        let (pending, status) = (&mut self.pending, &mut self.status);
        let mut ready = false;
        self.received.scan(chunk, |kind, first| {
            if kind == b'Z' {
                *pending = pending.saturating_sub(1);
                *status = first;
                ready = true;
            }
        });
        ready
    }

    /// Whether nothing is in flight.
    pub(super) const fn answered(&self) -> bool {
        self.pending == 0
    }

    /// Whether nothing is in flight and no transaction is open.
    pub(super) const fn quiet(&self) -> bool {
        self.answered() && self.status == b'I'
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(kind: Option<u8>, body: &[u8]) -> Vec<u8> {
        let mut out: Vec<u8> = kind.into_iter().collect();
        out.extend(u32::try_from(body.len() + 4).expect("short").to_be_bytes());
        out.extend(body);
        out
    }

    #[test]
    fn quiet_follows_the_conversation_however_it_is_cut() {
        let startup = message(None, b"\0\x03\0\0user\0me\0\0");
        let query = [
            message(Some(b'P'), b"\0select\0\0\0"),
            message(Some(b'S'), b""),
        ]
        .concat();
        let answer = [
            message(Some(b'1'), b""),
            message(Some(b'D'), b"ZZZZ"),
            message(Some(b'Z'), b"I"),
        ]
        .concat();
        for size in 1..20 {
            let mut frames = Frames::new();
            let send = |frames: &mut Frames, bytes: &[u8]| {
                bytes.chunks(size).for_each(|chunk| frames.sent(chunk))
            };
            let receive = |frames: &mut Frames, bytes: &[u8]| {
                bytes.chunks(size).for_each(|chunk| {
                    frames.received(chunk);
                });
            };
            assert!(!frames.quiet(), "nothing was said yet");
            send(&mut frames, &startup);
            receive(&mut frames, &message(Some(b'R'), b"\0\0\0\0"));
            assert!(!frames.quiet());
            receive(&mut frames, &message(Some(b'Z'), b"I"));
            assert!(frames.quiet());
            send(&mut frames, &query);
            assert!(!frames.quiet(), "a statement is in flight");
            receive(&mut frames, &answer);
            assert!(frames.quiet());
            send(&mut frames, &message(Some(b'Q'), b"begin\0"));
            receive(&mut frames, &message(Some(b'Z'), b"T"));
            assert!(!frames.quiet(), "a transaction is open");
        }
    }
}
