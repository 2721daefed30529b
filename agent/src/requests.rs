//! When a recycle that a person has asked for begins: pure. It passes what the agent's own recycles are paced by, not what
//! protects sessions that cannot be replaced: then it is refused, and said so. Each request is served once.

use std::time::Duration;

use sabai_wire::fault::Fault;

use crate::decision::{Decision, Why};
use crate::moment::Moment;

/// What was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// What the bot remembers it by; the same again is the same request.
    pub id: String,
    /// All pods of the release were asked, so that each waits a while of its own.
    pub of_all: bool,
}

/// How the last request stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Served {
    pub id: String,
    pub course: Course,
}

/// How far a request is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Course {
    /// It waits for its moment, or for a bot that is heard.
    Waiting,
    /// The bot was asked; how it ends is in the bot's report.
    Begun,
    /// No fresh session could be made: the old ones are kept.
    Refused(Fault),
}

/// What is to be done now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Turn {
    Nothing,
    /// It begins at that moment at the earliest.
    Announce(Moment),
    /// Ask the bot, by this id.
    Begin(String),
    Refuse(Fault),
}

/// The last request, and its moment.
#[derive(Clone, Debug, Default)]
pub struct Requests {
    last: Option<Last>,
}

#[derive(Clone, Debug)]
struct Last {
    served: Served,
    due: Moment,
}

impl Requests {
    /// A person asks. What was asked before and has not begun yet is the same wish, and the later one stands for both.
    /// `roll` is 0..=1.
    pub fn ask(&mut self, now: Moment, request: &Request, spread: Duration, roll: f64) -> Turn {
        if self
            .last
            .as_ref()
            .is_some_and(|last| last.served.id == request.id)
        {
            return Turn::Nothing;
        }
        let wait = match request.of_all {
            true => spread.mul_f64(roll),
            false => Duration::ZERO,
        };
        let due = Moment(now.0 + wait);
        let served = Served {
            id: request.id.clone(),
            course: Course::Waiting,
        };
        self.last = Some(Last { served, due });
        Turn::Announce(due)
    }

    /// What to do now, by what was decided otherwise.
    pub fn turn(&mut self, now: Moment, decision: Decision) -> Turn {
        let waits = |last: &&mut Last| last.served.course == Course::Waiting;
        let Some(last) = self.last.as_mut().filter(waits) else {
            return Turn::Nothing;
        };
        match decision {
            Decision::Protect(fault) | Decision::Nothing(Why::NoFreshSession(fault)) => {
                last.served.course = Course::Refused(fault);
                Turn::Refuse(fault)
            }
            // Settings first: a recycle after them renews by them.
            Decision::Nothing(Why::BotSilent | Why::Recycling | Why::NotCertain)
            | Decision::ApplySettings => Turn::Nothing,
            _ if now < last.due => Turn::Nothing,
            Decision::Nothing(Why::AllIsWell | Why::OnRequest)
            | Decision::Replace(_)
            | Decision::Refresh(_)
            | Decision::RenewCredentials(_) => {
                last.served.course = Course::Begun;
                Turn::Begin(last.served.id.clone())
            }
        }
    }

    /// How the last one stands.
    #[must_use]
    pub fn served(&self) -> Option<&Served> {
        self.last.as_ref().map(|last| &last.served)
    }
}

#[cfg(test)]
mod tests {
    use sabai_wire::control::RecycleReason;

    use super::*;

    const SPREAD: Duration = Duration::from_secs(10);
    const WELL: Decision = Decision::Nothing(Why::AllIsWell);

    const fn at(seconds: u64) -> Moment {
        Moment(Duration::from_secs(seconds))
    }

    fn request(id: &str, of_all: bool) -> Request {
        Request {
            id: id.to_owned(),
            of_all,
        }
    }

    #[test]
    fn a_request_begins_once_at_its_moment() {
        let mut requests = Requests::default();
        assert_eq!(requests.turn(at(0), WELL), Turn::Nothing);
        let asked = requests.ask(at(1), &request("a", true), SPREAD, 0.5);
        assert_eq!(asked, Turn::Announce(at(6)));
        assert_eq!(requests.turn(at(5), WELL), Turn::Nothing);
        assert_eq!(requests.turn(at(6), WELL), Turn::Begin("a".to_owned()));
        assert_eq!(requests.turn(at(7), WELL), Turn::Nothing);
        let again = requests.ask(at(8), &request("a", true), SPREAD, 0.5);
        assert_eq!(again, Turn::Nothing);
        let of_one = requests.ask(at(9), &request("b", false), SPREAD, 0.5);
        assert_eq!(of_one, Turn::Announce(at(9)));
        assert_eq!(requests.turn(at(9), WELL), Turn::Begin("b".to_owned()));
    }

    #[test]
    fn it_waits_for_what_passes_and_is_refused_by_what_protects() {
        // Each decision, and what follows from it for a request whose moment has come.
        let begin = Turn::Begin("a".to_owned());
        let refuse = Turn::Refuse(Fault::CertificateExpired);
        let reason = RecycleReason::PoolWedged;
        let table = [
            (WELL, begin.clone()),
            (Decision::Nothing(Why::OnRequest), begin.clone()),
            (Decision::Refresh(reason), begin.clone()),
            (Decision::Replace(reason), begin.clone()),
            (Decision::RenewCredentials(reason), begin),
            (Decision::Nothing(Why::BotSilent), Turn::Nothing),
            (Decision::Nothing(Why::Recycling), Turn::Nothing),
            (Decision::Nothing(Why::NotCertain), Turn::Nothing),
            (Decision::ApplySettings, Turn::Nothing),
            (Decision::Protect(Fault::CertificateExpired), refuse.clone()),
            (
                Decision::Nothing(Why::NoFreshSession(Fault::CertificateExpired)),
                refuse,
            ),
        ];
        for (decision, expected) in table {
            let mut requests = Requests::default();
            requests.ask(at(0), &request("a", false), SPREAD, 0.0);
            assert_eq!(requests.turn(at(0), decision), expected, "{decision}");
            let course = requests.served().map(|served| served.course);
            let expected = match expected {
                Turn::Begin(_) => Course::Begun,
                Turn::Refuse(fault) => Course::Refused(fault),
                Turn::Nothing | Turn::Announce(_) => Course::Waiting,
            };
            assert_eq!(course, Some(expected), "{decision}");
            let later = requests.turn(at(1), WELL);
            let goes_on = expected == Course::Waiting;
            assert_eq!(later != Turn::Nothing, goes_on, "{decision}");
        }
    }
}
