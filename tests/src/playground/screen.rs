//! What people read: whole blocks at a time, and a prompt that is put back below what was printed meanwhile.

use std::io::{self, IsTerminal, Write};
use std::sync::{Arc, Mutex, MutexGuard};

/// Standard output. Clones share it.
#[derive(Clone, Debug)]
pub(super) struct Screen {
    /// Shown while a line is awaited.
    prompt: Arc<Mutex<String>>,
    terminal: bool,
}

impl Screen {
    #[must_use]
    pub(super) fn new() -> Self {
        Self {
            prompt: Arc::default(),
            terminal: io::stdin().is_terminal() && io::stdout().is_terminal(),
        }
    }

    /// True when somebody sits there and types.
    #[must_use]
    pub(super) fn is_terminal(&self) -> bool {
        self.terminal
    }

    /// Prints `text` and a line end. A reader that has gone is no error.
    pub(super) fn show(&self, text: &str) {
        let prompt = self.prompt();
        let mut out = io::stdout().lock();
        let _ = if prompt.is_empty() {
            writeln!(out, "{text}")
        } else {
            // ECMA-48: back to the first column, erase to the end of the line.
            write!(out, "\r\x1b[K{text}\n{prompt}")
        };
        let _ = out.flush();
    }

    /// Prints what went wrong to standard error.
    pub(super) fn complain(&self, text: &str) {
        let _ = writeln!(io::stderr(), "playground: {text}");
    }

    /// Asks for a line, when there is somebody to ask.
    pub(super) fn ask(&self, prompt: &str) {
        if self.terminal {
            prompt.clone_into(&mut self.prompt());
            let mut out = io::stdout().lock();
            let _ = write!(out, "{prompt}");
            let _ = out.flush();
        }
    }

    /// A line was typed: the prompt is done with.
    pub(super) fn answered(&self) {
        self.prompt().clear();
    }

    fn prompt(&self) -> MutexGuard<'_, String> {
        self.prompt.lock().expect("nobody panics while printing")
    }
}
