//! Times, ages, sizes and texts as people read them. Pure.

use std::time::{Duration, SystemTime};

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// In UTC, to the second; RFC 3339.
pub fn utc(time: SystemTime) -> String {
    let seconds = match time.duration_since(SystemTime::UNIX_EPOCH) {
        Ok(after) => i64::try_from(after.as_secs()).unwrap_or(i64::MAX),
        Err(before) => {
            i64::try_from(before.duration().as_secs()).map_or(i64::MIN, |before| -before)
        }
    };
    let time = OffsetDateTime::from_unix_timestamp(seconds).ok();
    // Beyond the year 9999 it was never right.
    time.and_then(|time| time.format(&Rfc3339).ok())
        .unwrap_or_else(|| "?".to_owned())
}

/// How long ago, in its two largest units.
pub fn age(since: SystemTime, now: SystemTime) -> String {
    length(now.duration_since(since).unwrap_or_default())
}

fn length(length: Duration) -> String {
    let seconds = length.as_secs();
    let (days, hours, minutes) = (seconds / 86_400, seconds / 3600 % 24, seconds / 60 % 60);
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{seconds}s"),
        (0, 0, _) => format!("{minutes}m{}s", seconds % 60),
        (0, _, _) => format!("{hours}h{minutes}m"),
        _ => format!("{days}d{hours}h"),
    }
}

/// In its largest unit.
pub fn bytes(bytes: u64) -> String {
    let (mut whole, mut tenth, mut units) = (bytes, 0, ["KiB", "MiB", "GiB", "TiB"].iter());
    let mut unit = None;
    while whole >= 1024
        && let Some(next) = units.next()
    {
        tenth = whole % 1024 * 10 / 1024;
        whole /= 1024;
        unit = Some(next);
    }
    match unit {
        None => format!("{whole} bytes"),
        Some(unit) => format!("{whole}.{tenth} {unit}"),
    }
}

/// A number with its noun.
pub fn count(number: u64, noun: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {noun}{plural}")
}

/// A text from elsewhere, in one line: it must not steer the terminal.
pub fn line(text: &str) -> String {
    let steers = |one: char| {
        one.is_control()
            || matches!(one, '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
    };
    let mut shown = String::with_capacity(text.len());
    for one in text.chars() {
        if steers(one) {
            shown.extend(one.escape_default());
        } else {
            shown.push(one);
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times() {
        let epoch = SystemTime::UNIX_EPOCH;
        let seconds = Duration::from_secs;
        assert_eq!(utc(epoch), "1970-01-01T00:00:00Z");
        assert_eq!(utc(epoch + seconds(1_790_000_000)), "2026-09-21T14:13:20Z");
        assert_eq!(utc(epoch - seconds(1)), "1969-12-31T23:59:59Z");
        assert_eq!(utc(epoch + seconds(1 << 50)), "?");
        for (length, shown) in [
            (0, "0s"),
            (59, "59s"),
            (60, "1m0s"),
            (3_599, "59m59s"),
            (3_600, "1h0m"),
            (86_399, "23h59m"),
            (90_000, "1d1h"),
        ] {
            assert_eq!(age(epoch, epoch + seconds(length)), shown);
        }
        assert_eq!(age(epoch + seconds(9), epoch), "0s", "clocks differ");
    }

    #[test]
    fn sizes_and_counts() {
        for (number, shown) in [
            (0, "0 bytes"),
            (1023, "1023 bytes"),
            (1024, "1.0 KiB"),
            (1536, "1.5 KiB"),
            (5 << 30, "5.0 GiB"),
            (u64::MAX, "16777215.9 TiB"),
        ] {
            assert_eq!(bytes(number), shown);
        }
        assert_eq!(count(1, "event"), "1 event");
        assert_eq!(count(0, "event"), "0 events");
    }

    #[test]
    fn no_text_steers_the_terminal() {
        assert_eq!(line("สวัสดี ok"), "สวัสดี ok");
        assert_eq!(
            line("a\nb\u{1b}[2Jc\u{202E}d"),
            "a\\nb\\u{1b}[2Jc\\u{202e}d"
        );
    }
}
