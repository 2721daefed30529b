//! Free ports for servers that must come back to the same one. Binds nothing for longer than a look.

use std::net::TcpListener;

use uuid::Uuid;

/// Ports of 127.0.0.1 that are free now, in random order, below the range from which systems give outgoing
/// connections theirs: a server that is down for a while does not lose its own to one of them.
pub fn free() -> impl Iterator<Item = u16> {
    let candidates = std::iter::repeat_with(|| {
        let random = Uuid::new_v4().as_u64_pair().0 % 20_000;
        10_000 + u16::try_from(random).expect("below 20,000")
    });
    candidates.filter(|&port| TcpListener::bind(("127.0.0.1", port)).is_ok())
}
