//! Identifiers in LINE's shapes: chats, webhook events (ULID), messages, tokens.

use std::time::{SystemTime, UNIX_EPOCH};

use uuid::Uuid;

const CROCKFORD: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// A user's id that is always the same for one name: `U` and 32 hexadecimal digits.
#[must_use]
pub fn user(name: &str) -> String {
    of('U', name)
}

/// A group's id that is always the same for one name.
#[must_use]
pub fn group(name: &str) -> String {
    of('C', name)
}

/// A room's id that is always the same for one name.
#[must_use]
pub fn room(name: &str) -> String {
    of('R', name)
}

fn of(letter: char, name: &str) -> String {
    format!(
        "{letter}{}",
        Uuid::new_v5(&Uuid::NAMESPACE_OID, name.as_bytes()).simple()
    )
}

/// A fresh `webhookEventId`.
#[must_use]
pub fn webhook_event() -> String {
    ulid(millis(SystemTime::now()), Uuid::new_v4().as_u128())
}

/// A ULID: 48 bits of milliseconds, then 80 of randomness, in Crockford's base 32.
fn ulid(millis: u64, random: u128) -> String {
    let value = (u128::from(millis) << 80) | (random & ((1 << 80) - 1));
    (0..26)
        .rev()
        .map(|place| char::from(CROCKFORD[(value >> (5 * place)) as usize % 32]))
        .collect()
}

/// A fresh message id: 18 digits, as LINE's are now.
#[must_use]
pub fn message() -> String {
    format!(
        "{}",
        500_000_000_000_000_000
            + u128::from(Uuid::new_v4().as_u64_pair().0 % 100_000_000_000_000_000)
    )
}

/// A fresh reply, quote or other token.
#[must_use]
pub fn token() -> String {
    Uuid::new_v4().simple().to_string()
}

pub(super) fn millis(time: SystemTime) -> u64 {
    let since = time
        .duration_since(UNIX_EPOCH)
        .expect("tests run after 1970");
    u64::try_from(since.as_millis()).expect("and before the year 584,556,019")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shapes() {
        assert_eq!(user("ann"), user("ann"));
        assert_ne!(user("ann"), user("ben"));
        assert_eq!(user("ann").len(), 33);
        assert_eq!(message().len(), 18);
        // The example of the ULID specification: 1469918176385 ms is 01ARYZ6S41.
        assert_eq!(ulid(1_469_918_176_385, 0), "01ARYZ6S410000000000000000");
        assert_eq!(ulid(0, u128::MAX), "0000000000ZZZZZZZZZZZZZZZZ");
        assert_ne!(webhook_event(), webhook_event());
    }
}
