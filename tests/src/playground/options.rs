//! The command line of the playground. Pure.

/// Customers of a check; each sends something.
pub(super) const CUSTOMERS: usize = 50;

const EVENTS: usize = 1000;
const LEAST: usize = 100;
const MOST: usize = 100_000;

/// What `--help` says.
pub(super) const HELP: &str = "\
The whole of Sabai on this machine: a real Postgres with TLS, a stand-in for LINE, the bot, and the
agent beside it.

Usage: cargo playground                    chat with the bot in this terminal
       cargo playground -- --check         no terminal: send events, kill the bot twice, judge
       cargo playground -- --kube          either with a Kubernetes API server, to tune the bot by kubectl

Options:
  --kube        Start a real Kubernetes API server too, with Sabai's resource definitions, an agent's rights and a
                PoolConfig that the agent obeys; print what to export for kubectl. Needs Go the first time, and minutes.
                With --check: apply a PoolConfig, ask for a recycle, and say whether both were obeyed.
  --check       Send events of 50 customers, all 20 types among them, a tenth twice, some out of order;
                kill the bot with SIGKILL twice on the way; say what was lost, doubled or out of order, and whether the
                agent is Healthy, probes every stage and finds a path's idle timeout of 2 s.
                The last line is JSON; the exit code is 0 only if all was well.
  --seed N      With --check: the same events, calls and moments of the kills as in the run that printed
                this seed (default: a new one).
  --events N    With --check: how many events, 100 to 100000 (default 1000).
  -h, --help    This.

Environment:
  SABAI_POSTGRES_BIN    A folder with initdb and postgres, instead of the PostgreSQL that is fetched once.
  KUBEBUILDER_ASSETS    With --kube: a folder with envtest's etcd, kube-apiserver and kubectl, instead of building those.
  SABAI_LOG             What the bot logs, such as sabai_bot=debug; the agent too.
";

/// What is to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Asked {
    Help,
    Chat {
        kube: bool,
    },
    Check {
        kube: bool,
        seed: Option<u64>,
        events: usize,
    },
}

/// Reads the arguments behind the program's name.
///
/// # Errors
/// What is wrong, for people.
pub(super) fn parse(arguments: impl IntoIterator<Item = String>) -> Result<Asked, String> {
    let (mut check, mut kube, mut seed, mut events) = (false, false, None, None);
    let mut arguments = arguments.into_iter();
    while let Some(argument) = arguments.next() {
        let (name, given) = match argument.split_once('=') {
            Some((name, value)) => (name, Some(value.to_owned())),
            None => (argument.as_str(), None),
        };
        let mut value = || {
            given
                .clone()
                .or_else(|| arguments.next())
                .ok_or_else(|| format!("{name} needs a number"))
        };
        match name {
            // The alias ends with one, and so does what people type behind it.
            "--" => {}
            "-h" | "--help" => return Ok(Asked::Help),
            "--check" => check = true,
            "--kube" => kube = true,
            "--seed" => seed = Some(number(name, &value()?)?),
            "--events" => events = Some(number(name, &value()?)?),
            _ => return Err(format!("{argument} is not known; --help says what is")),
        }
    }
    if !check {
        return match (seed, events) {
            (None, None) => Ok(Asked::Chat { kube }),
            _ => Err("--seed and --events go with --check".into()),
        };
    }
    let events = events.map_or(Ok(EVENTS), usize::try_from);
    match events {
        Ok(events) if (LEAST..=MOST).contains(&events) => Ok(Asked::Check { kube, seed, events }),
        _ => Err(format!("--events must be {LEAST} to {MOST}")),
    }
}

fn number(name: &str, text: &str) -> Result<u64, String> {
    text.parse()
        .map_err(|_| format!("{name}: {text} is no number from 0 to {}", u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn command_lines() {
        let check = |seed, events| {
            Ok(Asked::Check {
                kube: false,
                seed,
                events,
            })
        };
        let chat = |kube| Ok(Asked::Chat { kube });
        for (line, expected) in [
            ("", chat(false)),
            ("--", chat(false)),
            ("-- --kube", chat(true)),
            ("-- --check", check(None, 1000)),
            ("--check --seed 7", check(Some(7), 1000)),
            ("--check --seed=7 --events=200", check(Some(7), 200)),
            (
                "--kube --check --seed 7",
                Ok(Asked::Check {
                    kube: true,
                    seed: Some(7),
                    events: 1000,
                }),
            ),
            ("--help --nonsense", Ok(Asked::Help)),
            ("-h", Ok(Asked::Help)),
        ] {
            let arguments = line.split_whitespace().map(str::to_owned);
            assert_eq!(parse(arguments), expected, "{line}");
        }
        for line in [
            "--nonsense",
            "--seed 7",
            "--kube --seed 7",
            "--check --seed",
            "--check --seed x",
            "--check --events 99",
            "--check --events 100001",
        ] {
            let arguments = line.split_whitespace().map(str::to_owned);
            assert!(parse(arguments).is_err(), "{line}");
        }
    }
}
