//! The id that ties one webhook call's log lines, its events and its turns together.
//! An identifier only: not secret, not an authority, never a key of anything stored.

use std::fmt;
use std::hash::{BuildHasher, RandomState};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use http::HeaderMap;

/// A W3C trace id: 16 bytes, not all zero.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct TraceId([u8; 16]);

impl TraceId {
    /// The caller's, from a valid `traceparent` (W3C Trace Context, section 3.2), else a new one.
    pub fn of(headers: &HeaderMap) -> Self {
        let given = headers
            .get("traceparent")
            .and_then(|value| parse(value.as_bytes()));
        given.unwrap_or_else(Self::random)
    }

    /// A new one. Two keyed hashes of a counter, each key drawn once per process: as good as
    /// random for telling calls apart, without a system call for each.
    pub fn random() -> Self {
        static KEYS: OnceLock<[RandomState; 2]> = OnceLock::new();
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let n = NEXT.fetch_add(1, Ordering::Relaxed);
        let keys = KEYS.get_or_init(|| [RandomState::new(), RandomState::new()]);
        let [high, low] = keys.each_ref().map(|key| key.hash_one(n));
        let id = (u128::from(high) << 64) | u128::from(low);
        Self(id.max(1).to_be_bytes())
    }

    /// As it was stored.
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// For storing.
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

impl fmt::Display for TraceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", u128::from_be_bytes(self.0))
    }
}

impl fmt::Debug for TraceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// `<version>-<trace id>-<parent id>-<flags>` in lower-case hex. Later versions may append more.
fn parse(value: &[u8]) -> Option<TraceId> {
    let (head, rest) = value.split_at_checked(55)?;
    let hex = |field: &[u8]| field.iter().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
    let dashes = [2, 35, 52].iter().all(|at| head[*at] == b'-');
    let fields = [&head[..2], &head[3..35], &head[36..52], &head[53..]];
    if !dashes || !fields.iter().all(|field| hex(field)) {
        return None;
    }
    let [version, trace, parent, _] = fields;
    let later = version != b"00" && rest.first() == Some(&b'-');
    if version == b"ff" || !(rest.is_empty() || later) || parent.iter().all(|b| *b == b'0') {
        return None;
    }
    let id = u128::from_str_radix(std::str::from_utf8(trace).ok()?, 16).ok()?;
    (id != 0).then(|| TraceId(id.to_be_bytes()))
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn a_valid_traceparent_is_taken_and_nothing_else() {
        const ID: &str = "0af7651916cd43dd8448eb211c80319c";
        for (value, taken) in [
            (format!("00-{ID}-b7ad6b7169203331-01"), true),
            (format!("01-{ID}-b7ad6b7169203331-01"), true),
            (format!("01-{ID}-b7ad6b7169203331-01-more"), true),
            (format!("00-{ID}-b7ad6b7169203331-01-more"), false),
            (format!("01-{ID}-b7ad6b7169203331-01more"), false),
            (format!("ff-{ID}-b7ad6b7169203331-01"), false),
            (format!("00-{ID}-0000000000000000-01"), false),
            (format!("00-{}-b7ad6b7169203331-01", "0".repeat(32)), false),
            (
                format!("00-{}-b7ad6b7169203331-01", ID.to_uppercase()),
                false,
            ),
            (
                format!("00-{}-b7ad6b7169203331-01", ID.replace("0af", "+af")),
                false,
            ),
            (format!("00_{ID}-b7ad6b7169203331-01"), false),
            (format!("00-{ID}-b7ad6b7169203331-0"), false),
            (String::new(), false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert("traceparent", value.parse().expect("a header value"));
            assert_eq!(TraceId::of(&headers).to_string() == ID, taken, "{value}");
        }
    }

    #[test]
    fn new_ids_differ() {
        let ids: HashSet<TraceId> = (0..1000).map(|_| TraceId::random()).collect();
        assert_eq!(ids.len(), 1000);
    }
}
