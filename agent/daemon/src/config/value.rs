//! Reads single values: numbers, sizes, durations, addresses, URLs. Pure. An error is the reason, to be put behind the
//! value; it never holds the value itself, since the caller knows whether that may be shown.

use std::net::SocketAddr;
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::time::Duration;

use sabai_wire::duration::GepDuration;

/// A whole number within `range`.
pub fn number(text: &str, range: RangeInclusive<u64>) -> Result<u64, String> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let number = text
        .parse()
        .ok()
        .filter(|_| digits)
        .ok_or("is not a whole number")?;
    within(number, &range).ok_or_else(|| format!("must be {} to {}", range.start(), range.end()))
}

/// Bytes within `range`, or a number of `KiB`, `MiB` or `GiB`.
pub fn bytes(text: &str, range: RangeInclusive<u64>) -> Result<u64, String> {
    let units = [("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30)];
    let scaled = units
        .iter()
        .find_map(|(unit, scale)| Some((text.strip_suffix(unit)?, *scale)));
    let (number, scale) = scaled.unwrap_or((text, 1));
    let number = self::number(number, 0..=u64::from(u32::MAX))
        .map_err(|_| "is not a size; write bytes, or 512KiB, or 1MiB")?;
    within(number * scale, &range)
        .ok_or_else(|| format!("must be {} to {} bytes", range.start(), range.end()))
}

/// A duration within `range`, as `30s`, `1h30m` or `500ms`.
pub fn duration(text: &str, range: RangeInclusive<Duration>) -> Result<Duration, String> {
    let duration = text
        .parse::<GepDuration>()
        .map_err(|why| why.to_string())?
        .get();
    within(duration, &range).ok_or_else(|| {
        let end =
            |end| GepDuration::new(end).map_or_else(|_| format!("{end:?}"), |end| end.to_string());
        format!("must be {} to {}", end(*range.start()), end(*range.end()))
    })
}

fn within<T: PartialOrd>(value: T, range: &RangeInclusive<T>) -> Option<T> {
    range.contains(&value).then_some(value)
}

/// An IP address with its port.
pub fn address(text: &str) -> Result<SocketAddr, String> {
    text.parse()
        .map_err(|_| "is not an IP address with a port, as in 0.0.0.0:8080 or [::]:8080".to_owned())
}

/// A path to a file or folder. The thing itself instead of its path is a frequent mistake, and may be a key.
pub fn path(text: &str) -> Result<PathBuf, String> {
    if text.contains("-----BEGIN") {
        return Err("is to be the path of a file, not the content itself".to_owned());
    }
    plain(text).map(PathBuf::from)
}

/// Text without control characters and within a sane length.
pub fn plain(text: &str) -> Result<String, String> {
    if text.chars().any(char::is_control) {
        return Err("holds a line end or another control character".to_owned());
    }
    if text.len() > 4096 {
        return Err("is longer than 4096 bytes".to_owned());
    }
    Ok(text.to_owned())
}

/// The base of an API: scheme, host, perhaps a path; without the slash at its end.
pub fn base_url(text: &str) -> Result<http::Uri, String> {
    let text = text.trim_end_matches('/');
    if text.contains(['?', '#', '@']) {
        return Err("must hold no user, query or fragment".to_owned());
    }
    let url: http::Uri = text.parse().map_err(|_| "is not a URL")?;
    match (url.scheme_str(), url.host()) {
        (Some("http" | "https"), Some(host)) if !host.is_empty() => Ok(url),
        _ => Err("is not a URL of the form https://host or http://host:port".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes() {
        let range = 1024..=16 << 20;
        for (text, value) in [
            ("1024", Ok(1024)),
            ("1MiB", Ok(1 << 20)),
            ("16MiB", Ok(16 << 20)),
            ("2KiB", Ok(2048)),
        ] {
            assert_eq!(bytes(text, range.clone()), value, "{text}");
        }
        for text in [
            "",
            "1",
            "1GiB",
            "1 MiB",
            "-1",
            "+5000",
            "17MiB",
            "99999999999999999999",
            "MiB",
            "1KiBMiB",
            "1.5MiB",
        ] {
            assert!(bytes(text, range.clone()).is_err(), "{text}");
        }
    }

    #[test]
    fn the_largest_size_is_no_overflow() {
        let all = 0..=u64::MAX;
        assert_eq!(bytes("1GiB", all.clone()), Ok(1 << 30));
        assert_eq!(bytes("4294967295GiB", all), Ok(4_294_967_295 << 30));
    }

    #[test]
    fn urls() {
        for (text, url) in [
            ("https://api.line.me", "https://api.line.me/"),
            ("https://api.line.me///", "https://api.line.me/"),
            ("http://127.0.0.1:4010/line", "http://127.0.0.1:4010/line"),
            ("http://[::1]:80", "http://[::1]:80/"),
        ] {
            assert_eq!(
                base_url(text).map(|url| url.to_string()),
                Ok(url.to_owned())
            );
        }
        for text in [
            "",
            "api.line.me",
            "ftp://x",
            "https://u:p@x",
            "https://x?y=1",
            "https://x#y",
            "https://",
            "/path",
            "https://a b",
        ] {
            assert!(base_url(text).is_err(), "{text}");
        }
    }

    #[test]
    fn paths_and_addresses() {
        assert!(path("/etc/ca.crt").is_ok());
        assert!(path("-----BEGIN PRIVATE KEY-----\nx").is_err());
        assert!(address("0.0.0.0:8080").is_ok() && address("[::]:0").is_ok());
        assert!(address("localhost:8080").is_err() && address("0.0.0.0").is_err());
        assert!(plain("a\0b").is_err() && plain("a\nb").is_err());
    }
}
