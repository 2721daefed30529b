//! What a typed line asks for. Pure.

use std::time::Duration;

use super::words;
use crate::mishap::Mishap;

/// What is shown for `/help`.
pub(super) const HELP: &str = "\
Type what a customer says. Or:
  /user NAME    be another customer
  /image        send a picture           /sticker   send a sticker
  /file NAME    send a file              /unsend    take the last message back
  /again        LINE delivers the last event a second time
  /kill         SIGKILL the bot and start it again
  /fault NAME   something goes wrong     /faults    what can go wrong
  /heal         all is well again        /status    sessions, spool, faults, the agent's verdict
  /probe        the agent goes the way to Postgres, stage by stage
  /path SECONDS the way forgets sessions that are idle for so long; /path off
  /sql          how to look into the database
  /kubectl ...  with --kube: as you would type it, such as /kubectl get sabai
  /help  /quit  (Ctrl-C and Ctrl-D quit too)";

/// LINE's longest text.
const LONGEST_TEXT: usize = 5000;
const LONGEST_NAME: usize = 100;
/// The longest idle time that the canaries look for.
const LONGEST_IDLE: u64 = 900;

/// One line, understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Command {
    Nothing,
    Text(String),
    User(String),
    Image,
    Sticker,
    File(String),
    Unsend,
    Again,
    Kill,
    Fault(Mishap),
    Faults,
    Heal,
    Status,
    Probe,
    /// The way forgets sessions that are idle for so long; nothing: it forgets none.
    Path(Option<Duration>),
    Sql,
    /// Its arguments.
    Kubectl(Vec<String>),
    Help,
    Quit,
    /// Says what is wrong.
    Wrong(String),
}

impl Command {
    /// Reads a line.
    #[must_use]
    pub(super) fn parse(line: &str) -> Self {
        let line = line.trim();
        if line.is_empty() {
            return Self::Nothing;
        }
        let Some(command) = line.strip_prefix('/') else {
            return bounded(line, LONGEST_TEXT, Self::Text);
        };
        let (name, rest) = command
            .split_once(char::is_whitespace)
            .unwrap_or((command, ""));
        let rest = rest.trim();
        match (name, rest) {
            ("user" | "file", "") => Self::Wrong(format!("/{name} needs a name")),
            ("user", name) => bounded(name, LONGEST_NAME, Self::User),
            ("file", name) => bounded(name, LONGEST_NAME, Self::File),
            ("image", "") => Self::Image,
            ("sticker", "") => Self::Sticker,
            ("unsend", "") => Self::Unsend,
            ("again", "") => Self::Again,
            ("kill", "") => Self::Kill,
            ("fault", "") => Self::Wrong("/fault needs a name; /faults lists them".to_owned()),
            ("fault", name) => Mishap::named(name).map_or_else(
                || Self::Wrong(format!("no fault is called {name}; /faults lists them")),
                Self::Fault,
            ),
            ("faults", "") => Self::Faults,
            ("heal", "") => Self::Heal,
            ("status", "") => Self::Status,
            ("probe", "") => Self::Probe,
            ("path", "off") => Self::Path(None),
            ("path", seconds) => path(seconds),
            ("sql", "") => Self::Sql,
            ("kubectl", rest) => kubectl(rest),
            ("help", "") => Self::Help,
            ("quit" | "exit", "") => Self::Quit,
            _ => Self::Wrong(format!("{line} is not known; /help says what is")),
        }
    }
}

/// What does not end, or wants the terminal for itself, belongs into another.
fn kubectl(line: &str) -> Command {
    let elsewhere = |word: &str| {
        let watches = word.starts_with("--watch");
        watches || matches!(word, "-w" | "edit" | "proxy" | "-i" | "-it")
    };
    match words::split(line) {
        Err(problem) => Command::Wrong(problem),
        Ok(words) if words.is_empty() => {
            Command::Wrong("/kubectl needs arguments, such as: /kubectl get sabai".to_owned())
        }
        Ok(words) => match words.iter().find(|word| elsewhere(word)) {
            Some(word) => Command::Wrong(format!("{word} works in a terminal of its own")),
            None => Command::Kubectl(words),
        },
    }
}

fn path(seconds: &str) -> Command {
    match seconds.parse() {
        Ok(seconds) if (1..=LONGEST_IDLE).contains(&seconds) => {
            Command::Path(Some(Duration::from_secs(seconds)))
        }
        _ => Command::Wrong(format!("/path needs seconds, 1 to {LONGEST_IDLE}, or off")),
    }
}

fn bounded(text: &str, longest: usize, make: impl FnOnce(String) -> Command) -> Command {
    // LINE counts UTF-16 units.
    if text.encode_utf16().count() > longest {
        Command::Wrong(format!("longer than {longest} characters"))
    } else {
        make(text.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_understood() {
        for (line, expected) in [
            ("", Command::Nothing),
            ("  \t", Command::Nothing),
            (" hello there ", Command::Text("hello there".into())),
            ("/user Khun Ann", Command::User("Khun Ann".into())),
            ("/file ใบเสร็จ.pdf", Command::File("ใบเสร็จ.pdf".into())),
            ("/image", Command::Image),
            ("/sticker ", Command::Sticker),
            ("/unsend", Command::Unsend),
            ("/again", Command::Again),
            ("/kill", Command::Kill),
            ("/fault stalled-all", Command::Fault(Mishap::StalledAll)),
            ("/faults", Command::Faults),
            ("/heal", Command::Heal),
            ("/status", Command::Status),
            ("/probe", Command::Probe),
            ("/path 2", Command::Path(Some(Duration::from_secs(2)))),
            ("/path off", Command::Path(None)),
            ("/sql", Command::Sql),
            (
                "/kubectl get  'sabai'",
                Command::Kubectl(vec!["get".into(), "sabai".into()]),
            ),
            ("/help", Command::Help),
            ("/quit", Command::Quit),
        ] {
            assert_eq!(Command::parse(line), expected, "{line}");
        }
        let long = "x".repeat(5001);
        let wrong = [
            "/user",
            "/file ",
            "/fault",
            "/fault x",
            "/path",
            "/path 0",
            "/path 901",
            "/path soon",
            "/kubectl",
            "/kubectl get 'sabai",
            "/kubectl get sabai -w",
            "/kubectl edit pcfg shop",
            "/nonsense",
            "/",
            "/quit now",
            &long,
        ];
        for line in wrong {
            assert!(matches!(Command::parse(line), Command::Wrong(_)), "{line}");
        }
    }
}
