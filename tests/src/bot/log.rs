//! What a process writes, kept line by line, the oldest lines dropped. Reads JSON lines with the fields flat or under
//! `fields`; other lines are kept as they are.

use std::collections::VecDeque;
use std::io::{self, BufRead, BufReader, Read};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Instant;

use serde_json::Value;
use tokio::sync::watch;

use crate::process::Outputs;

const KEPT: usize = 5_000;
const TAIL: usize = 60;

/// One line.
#[derive(Clone, Debug)]
pub struct Line {
    read: Instant,
    text: Arc<str>,
    json: Option<Arc<Value>>,
}

impl Line {
    fn new(text: &str) -> Self {
        let json = text
            .starts_with('{')
            .then(|| serde_json::from_str(text).ok())
            .flatten()
            .map(Arc::new);
        Self {
            read: Instant::now(),
            text: text.into(),
            json,
        }
    }

    /// When it was read, which is as good as when it was written.
    #[must_use]
    pub fn read(&self) -> Instant {
        self.read
    }

    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    #[must_use]
    pub fn message(&self) -> Option<&str> {
        self.field("message")
    }

    #[must_use]
    pub fn level(&self) -> Option<&str> {
        self.field("level")
    }

    /// A field that is a string.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<&str> {
        let json = self.json.as_ref()?;
        json.get(name)
            .or_else(|| json.get("fields")?.get(name))?
            .as_str()
    }
}

#[derive(Default)]
struct Kept {
    lines: VecDeque<Line>,
    dropped: u64,
}

impl Kept {
    fn add(&mut self, line: Line) {
        if self.lines.len() == KEPT {
            self.lines.pop_front();
            self.dropped += 1;
        }
        self.lines.push_back(line);
    }

    fn count(&self) -> u64 {
        self.dropped + self.lines.len() as u64
    }
}

/// The lines of both streams, in the order in which they were read. Cheap to clone.
#[derive(Clone)]
pub struct Log {
    kept: Arc<Mutex<Kept>>,
    /// How many lines there were in all; closed when both streams have ended.
    count: watch::Receiver<u64>,
}

impl Log {
    pub(super) fn follow(outputs: Outputs) -> io::Result<Self> {
        let (sender, count) = watch::channel(0);
        let log = Self {
            kept: Arc::default(),
            count,
        };
        let sender = Arc::new(sender);
        if let Some(stdout) = outputs.stdout {
            log.read("stdout", stdout, Arc::clone(&sender))?;
        }
        if let Some(stderr) = outputs.stderr {
            log.read("stderr", stderr, sender)?;
        }
        Ok(log)
    }

    /// A thread per stream: reading must go on whatever runtime the test has.
    fn read(
        &self,
        name: &str,
        stream: impl Read + Send + 'static,
        count: Arc<watch::Sender<u64>>,
    ) -> io::Result<()> {
        let kept = Arc::clone(&self.kept);
        let read = move || {
            for bytes in BufReader::new(stream).split(b'\n').map_while(Result::ok) {
                let line = Line::new(&String::from_utf8_lossy(&bytes));
                let total = {
                    let mut kept = kept.lock().expect("nobody panics while holding this");
                    kept.add(line);
                    kept.count()
                };
                count.send_replace(total);
            }
        };
        std::thread::Builder::new()
            .name(format!("read {name}"))
            .spawn(read)?;
        Ok(())
    }

    /// The first line kept, or still to come, that `wanted` takes. Waits for ever if need be.
    pub async fn wait_for(&self, wanted: impl Fn(&Line) -> bool) -> Line {
        self.wait_for_since(0, wanted).await
    }

    /// The same without the first `seen` lines.
    pub async fn wait_for_since(&self, mut seen: u64, wanted: impl Fn(&Line) -> bool) -> Line {
        let mut count = self.count.clone();
        loop {
            let total = *count.borrow_and_update();
            if let Some(line) = self.since(seen).into_iter().find(&wanted) {
                return line;
            }
            seen = total;
            if count.changed().await.is_err() {
                // Both streams ended: what is not there now never comes.
                match self.since(seen).into_iter().find(&wanted) {
                    Some(line) => return line,
                    None => std::future::pending().await,
                }
            }
        }
    }

    /// The lines after the first `count`, as far as they are kept.
    #[must_use]
    pub fn since(&self, count: u64) -> Vec<Line> {
        let kept = self.lock();
        let skip = usize::try_from(count.saturating_sub(kept.dropped)).unwrap_or(usize::MAX);
        kept.lines.iter().skip(skip).cloned().collect()
    }

    /// Every line kept.
    #[must_use]
    pub fn lines(&self) -> Vec<Line> {
        self.since(0)
    }

    /// Whether lines were dropped, since there were too many.
    #[must_use]
    pub fn has_dropped(&self) -> bool {
        self.lock().dropped > 0
    }

    /// How many lines there were in all.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.lock().count()
    }

    /// The last lines as text.
    #[must_use]
    pub fn tail(&self) -> String {
        let lines = self.lines();
        join(&lines[lines.len().saturating_sub(TAIL)..])
    }

    /// Everything kept, once both streams have ended.
    pub(crate) async fn complete(&self) -> String {
        let mut count = self.count.clone();
        while count.changed().await.is_ok() {}
        join(&self.lines())
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().expect("nobody panics while holding this")
    }
}

fn join(lines: &[Line]) -> String {
    lines.iter().map(Line::text).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_found_flat_and_nested() {
        let flat = Line::new(r#"{"level":"INFO","message":"listening","webhook":"127.0.0.1:1"}"#);
        let nested = Line::new(
            r#"{"level":"INFO","fields":{"message":"listening","webhook":"127.0.0.1:1"}}"#,
        );
        for line in [flat, nested] {
            assert_eq!(
                (line.message(), line.field("webhook")),
                (Some("listening"), Some("127.0.0.1:1"))
            );
        }
        assert_eq!(Line::new("thread main panicked").message(), None);
    }

    #[test]
    fn old_lines_are_dropped_and_counted() {
        let mut kept = Kept::default();
        (0..KEPT + 3).for_each(|number| kept.add(Line::new(&number.to_string())));
        assert_eq!((kept.lines.len(), kept.count()), (KEPT, KEPT as u64 + 3));
        assert_eq!(kept.lines[0].text(), "3");
    }
}
