//! Logs on stdout: JSON with flat fields, or lines for people; times in UTC. Sets up once, at start. What must never
//! be in a log (secrets, users' texts) is the callers' duty.

use std::io::{self, IsTerminal};

use tracing::Subscriber;
use tracing_subscriber::filter::EnvFilter;
use tracing_subscriber::fmt::{self, MakeWriter};

/// What is logged, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogConfig {
    /// Directives of an env filter; checked by [`check_filter`].
    pub filter: String,
    /// `None`: human on a terminal, else JSON.
    pub format: Option<Format>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    Json,
    Human,
}

/// Logging was set up before in this process.
#[derive(Debug, thiserror::Error)]
#[error("cannot set up logging: another subscriber is in place")]
pub struct AlreadySetUp;

/// Sets up logging for the whole process.
///
/// # Errors
/// [`AlreadySetUp`].
pub fn init(config: &LogConfig) -> Result<(), AlreadySetUp> {
    let terminal = io::stdout().is_terminal();
    let subscriber = subscriber(config, terminal, io::stdout);
    tracing::subscriber::set_global_default(subscriber).map_err(|_| AlreadySetUp)
}

/// Whether the text is a filter; the reason if not.
///
/// # Errors
/// The reason, in a sentence.
pub fn check_filter(text: &str) -> Result<String, String> {
    match EnvFilter::builder().parse(text) {
        Ok(_) => Ok(text.to_owned()),
        Err(_) => Err("is not a filter, as in info or sabai_bot=debug,info".to_owned()),
    }
}

fn subscriber<W>(config: &LogConfig, terminal: bool, writer: W) -> Box<dyn Subscriber + Send + Sync>
where
    W: for<'w> MakeWriter<'w> + Send + Sync + 'static,
{
    let filter = EnvFilter::builder().parse_lossy(&config.filter);
    let by_default = if terminal {
        Format::Human
    } else {
        Format::Json
    };
    // The default timer writes UTC, as RFC 3339.
    let base = fmt::Subscriber::builder()
        .with_env_filter(filter)
        .with_writer(writer);
    match config.format.unwrap_or(by_default) {
        Format::Human => Box::new(base.with_ansi(terminal).finish()),
        Format::Json => Box::new(
            base.with_ansi(false)
                .json()
                .flatten_event(true)
                .with_current_span(true)
                .with_span_list(false)
                .finish(),
        ),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::sync::{Arc, Mutex};

    use super::*;

    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().expect("no panic while held").write(bytes)
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn logged(format: Option<Format>, terminal: bool) -> String {
        let lines = Lines::default();
        let writer = lines.clone();
        let config = LogConfig {
            filter: "info,noisy=off".to_owned(),
            format,
        };
        tracing::subscriber::with_default(
            subscriber(&config, terminal, move || writer.clone()),
            || {
                tracing::info!(fault = "TimedOut", tries = 3, "cannot claim");
                tracing::info!(target: "noisy", "not this");
                tracing::debug!("nor this");
            },
        );
        let bytes = lines.0.lock().expect("no panic while held").clone();
        String::from_utf8(bytes).expect("text")
    }

    #[test]
    fn json_is_flat_and_in_utc() {
        for text in [logged(Some(Format::Json), true), logged(None, false)] {
            let line: serde_json::Value = serde_json::from_str(&text).expect("one line of JSON");
            assert_eq!(
                (&line["fault"], &line["tries"], &line["level"]),
                (&"TimedOut".into(), &3.into(), &"INFO".into())
            );
            assert_eq!(line["message"], "cannot claim");
            assert!(
                line["timestamp"]
                    .as_str()
                    .is_some_and(|time| time.ends_with('Z')),
                "{line}"
            );
        }
    }

    #[test]
    fn human_is_plain_without_a_terminal_and_the_default_on_one() {
        let text = logged(Some(Format::Human), false);
        assert!(
            text.contains("cannot claim") && text.contains("tries=3") && !text.contains('\u{1b}'),
            "{text}"
        );
        assert_eq!(text.lines().count(), 1);
        assert!(logged(None, true).contains('\u{1b}'));
    }

    #[test]
    fn filters() {
        for text in ["info", "sabai_bot=debug,info", "off", "warn,hyper=trace"] {
            assert!(check_filter(text).is_ok(), "{text}");
        }
        for text in ["loud=[", "a=b=c", "sabai_bot=loud"] {
            assert!(check_filter(text).is_err(), "{text}");
        }
    }
}
