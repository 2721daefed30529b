//! Durations as Gateway API writes them (GEP-2257): `^([0-9]{1,5}(h|m|s|ms)){1,4}$`, at most 24 characters.
//! The one reading and writing of durations for environment, custom resources and logs. Never days, never fractions.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

const MAX_CHARACTERS: usize = 24;
const MAX_PARTS: usize = 4;
const MAX_DIGITS: usize = 5;
/// The longest duration that can be written again: five digits of hours, then the largest rest.
const MAX_MILLIS: u64 = 99_999 * HOUR + 59 * MINUTE + 59 * SECOND + 999;

const SECOND: u64 = 1_000;
const MINUTE: u64 = 60 * SECOND;
const HOUR: u64 = 60 * MINUTE;

/// A duration in whole milliseconds that can be written in GEP-2257's form (<https://gateway-api.sigs.k8s.io/geps/gep-2257/>).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GepDuration(Duration);

/// Why a text is not a duration. The text itself is not in the message: the caller knows whether it may be shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidDuration {
    #[error("is empty; a duration is written as 30s, 1h30m or 500ms")]
    Empty,
    #[error("is longer than 24 characters")]
    TooManyCharacters,
    #[error("needs a number before each unit, as in 30s or 1h30m (no sign, space or fraction)")]
    NoNumber,
    #[error("has a number of more than 5 digits; take a larger unit")]
    TooManyDigits,
    #[error("has a number without a unit; the units are h, m, s and ms")]
    NoUnit,
    #[error("has an unknown unit; the units are h, m, s and ms")]
    UnknownUnit,
    #[error("has more than 4 parts")]
    TooManyParts,
    #[error("is more than 99999 hours, or not whole milliseconds")]
    NotWritable,
}

impl GepDuration {
    /// Takes what can be written again without loss: whole milliseconds, below 100,000 hours.
    ///
    /// # Errors
    /// [`InvalidDuration::NotWritable`].
    pub fn new(duration: Duration) -> Result<Self, InvalidDuration> {
        let whole = duration.subsec_nanos().is_multiple_of(1_000_000);
        if whole && duration.as_millis() <= u128::from(MAX_MILLIS) {
            Ok(Self(duration))
        } else {
            Err(InvalidDuration::NotWritable)
        }
    }

    #[must_use]
    pub const fn get(self) -> Duration {
        self.0
    }
}

impl FromStr for GepDuration {
    type Err = InvalidDuration;

    fn from_str(text: &str) -> Result<Self, InvalidDuration> {
        if text.is_empty() {
            return Err(InvalidDuration::Empty);
        }
        if text.len() > MAX_CHARACTERS {
            return Err(InvalidDuration::TooManyCharacters);
        }
        let (mut rest, mut millis, mut parts) = (text, 0, 0);
        while !rest.is_empty() {
            parts += 1;
            if parts > MAX_PARTS {
                return Err(InvalidDuration::TooManyParts);
            }
            let (part, after) = part(rest)?;
            millis += part;
            rest = after;
        }
        Self::new(Duration::from_millis(millis))
    }
}

/// One number with its unit, in milliseconds, and the text behind it.
fn part(text: &str) -> Result<(u64, &str), InvalidDuration> {
    let (digits, rest) = split_where(text, |c| !c.is_ascii_digit());
    let (unit, after) = split_where(rest, |c| !c.is_ascii_alphabetic());
    if digits.is_empty() {
        return Err(InvalidDuration::NoNumber);
    }
    if digits.len() > MAX_DIGITS {
        return Err(InvalidDuration::TooManyDigits);
    }
    let scale = match unit {
        "h" => HOUR,
        "m" => MINUTE,
        "s" => SECOND,
        "ms" => 1,
        "" => return Err(InvalidDuration::NoUnit),
        _ => return Err(InvalidDuration::UnknownUnit),
    };
    let number: u64 = digits.parse().expect("at most five ASCII digits");
    Ok((number * scale, after))
}

fn split_where(text: &str, end: impl Fn(char) -> bool) -> (&str, &str) {
    text.split_at(text.find(end).unwrap_or(text.len()))
}

impl fmt::Display for GepDuration {
    /// The canonical form: largest units first, each at most once, and `0s` for nothing.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut rest = self.0.as_millis() as u64;
        if rest == 0 {
            return f.write_str("0s");
        }
        for (unit, scale) in [("h", HOUR), ("m", MINUTE), ("s", SECOND), ("ms", 1)] {
            if rest >= scale {
                write!(f, "{}{unit}", rest / scale)?;
                rest %= scale;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_a_duration_is_read_and_written_again() {
        for (text, millis, canonical) in [
            ("0s", 0, "0s"),
            ("0h0m0s0ms", 0, "0s"),
            ("5ms", 5, "5ms"),
            ("30s", 30_000, "30s"),
            ("150s", 150_000, "2m30s"),
            ("1500ms", 1_500, "1s500ms"),
            ("336h", 1_209_600_000, "336h"),
            ("1h1h", 7_200_000, "2h"),
            ("1ms1s1m1h", 3_661_001, "1h1m1s1ms"),
            ("00010s", 10_000, "10s"),
            ("99999h59m59s999ms", MAX_MILLIS, "99999h59m59s999ms"),
        ] {
            let read: GepDuration = text.parse().expect(text);
            assert_eq!(read.get(), Duration::from_millis(millis), "{text}");
            assert_eq!(read.to_string(), canonical);
            assert_eq!(canonical.parse(), Ok(read));
        }
    }

    #[test]
    fn what_is_none_says_why() {
        use InvalidDuration::*;
        for (text, why) in [
            ("", Empty),
            ("s", NoNumber),
            ("-1s", NoNumber),
            (" 1s", NoNumber),
            ("1s ", NoNumber),
            ("1.5s", NoUnit),
            ("30", NoUnit),
            ("1h30", NoUnit),
            ("1d", UnknownUnit),
            ("1S", UnknownUnit),
            ("1us", UnknownUnit),
            ("100000s", TooManyDigits),
            ("1h1m1s1ms1h", TooManyParts),
            ("00001h00001m00001s00001ms", TooManyCharacters),
            ("99999h60m", NotWritable),
            ("1สs", NoUnit),
        ] {
            assert_eq!(text.parse::<GepDuration>(), Err(why), "{text}");
        }
        assert_eq!(GepDuration::new(Duration::from_micros(1)), Err(NotWritable));
        assert_eq!(GepDuration::new(Duration::MAX), Err(NotWritable));
    }
}
