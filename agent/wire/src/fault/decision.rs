//! What is done about a [`Fault`]: the one place where a fault becomes a decision. A pure table by class, with the
//! few faults that differ from their class; `docs/faults.md` prints it, and a test compares the two.

use super::{Class, Fault};

/// What follows from a fault, for all who meet it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Decision {
    /// Whether the same work is tried again.
    pub retry: Retry,
    /// What becomes of the session that showed it.
    pub session: Session,
    /// What becomes of the sessions that are older than the fault.
    pub elders: Elders,
    /// What the drainer of the spool does with the webhooks that met it.
    pub spool: Spool,
}

/// Whether the same work may be tried again within its budget. Everything that Sabai retries is idempotent by key, so
/// an unknown outcome is no obstacle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Retry {
    /// At once, with backoff: nothing had been done.
    Safe,
    /// With backoff, only because the work is idempotent: it may have been done.
    Idempotent,
    /// The same, once the backend that has it is known to be gone: it still holds its locks.
    AfterBackend,
    /// Not within the budget: a file or a secret has to change. Loops that outlive the fault try again slowly.
    AfterChange,
    /// Never: the same work gives the same answer.
    Never,
}

/// Whether the session may be lent again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Session {
    /// It answered and is quiet.
    Keep,
    /// It is closed, or was never open.
    Close,
}

/// What a fault says about the sessions that were there before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Elders {
    /// Nothing.
    Keep,
    /// They may be dead too: each is asked before it is lent again.
    Check,
    /// They are alive and of no use: each is closed before it is lent again.
    Retire,
    /// They work while new ones cannot be made: no recycling.
    Protect,
}

/// What the drainer does with webhooks that Postgres did not take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spool {
    /// Keeps them and tries again.
    Wait,
    /// Halves them until the culprit stands alone, and sets that one aside.
    SetAside,
}

impl Fault {
    /// What is done about it.
    pub const fn decision(self) -> Decision {
        let of_class = self.class().decision();
        match self {
            // The others were cut with it.
            Self::Recycled => Decision {
                elders: Elders::Keep,
                ..of_class
            },
            Self::CommitHanging => Decision {
                retry: Retry::AfterBackend,
                elders: Elders::Keep,
                ..of_class
            },
            // These are about one statement's data; the others of their class wait for a person.
            Self::DataRefused => Decision {
                spool: Spool::SetAside,
                ..of_class
            },
            Self::Unexpected => Decision {
                session: Session::Close,
                spool: Spool::SetAside,
                ..of_class
            },
            _ => of_class,
        }
    }

    /// Whether the same statement may succeed if it is sent again soon, given that it is idempotent by key.
    pub const fn may_heal(self) -> bool {
        matches!(
            self.decision().retry,
            Retry::Safe | Retry::Idempotent | Retry::AfterBackend
        )
    }

    /// Whether the session that showed the fault may be used again.
    pub const fn keeps_session(self) -> bool {
        matches!(self.decision().session, Session::Keep)
    }
}

impl Class {
    const fn decision(self) -> Decision {
        use {Elders as E, Retry as R, Session as S};
        let (retry, session, elders) = match self {
            Self::NeverSent => (R::Safe, S::Close, E::Keep),
            Self::Severed | Self::Silent => (R::Idempotent, S::Close, E::Check),
            Self::WrongServer | Self::StaleSession => (R::Safe, S::Close, E::Retire),
            // For the agent, which asks again; no session showed it.
            Self::Conflict | Self::Local => (R::Safe, S::Keep, E::Keep),
            Self::Overload => (R::Idempotent, S::Keep, E::Keep),
            Self::Trust | Self::Credential => (R::AfterChange, S::Close, E::Protect),
            Self::Permanent => (R::Never, S::Keep, E::Keep),
        };
        Decision {
            retry,
            session,
            elders,
            spool: Spool::Wait,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = include_str!("../../../../docs/faults.md");

    /// The cells of the row of a fault in the first table of the page.
    fn row(fault: Fault) -> Vec<String> {
        let start = format!("| `{fault}` |");
        let mut rows = PAGE.lines().filter(|line| line.starts_with(&start));
        let row = rows.next().unwrap_or_else(|| panic!("no row of {fault}"));
        let cells = row.trim_matches('|').split('|');
        cells.map(|cell| cell.trim().to_owned()).collect()
    }

    #[test]
    fn the_page_prints_the_table_that_the_code_decides_by() {
        for fault in Fault::ALL {
            let Decision {
                retry,
                session,
                elders,
                spool,
            } = fault.decision();
            let expected = [
                format!("`{fault}`"),
                format!("{:?}", fault.class()),
                format!("{retry:?}"),
                format!("{session:?}"),
                format!("{elders:?}"),
                format!("{spool:?}"),
            ];
            assert_eq!(row(*fault), expected);
        }
    }

    #[test]
    fn the_page_tells_of_each_fault_its_sign_what_sabai_does_and_what_the_operator_does() {
        for fault in Fault::ALL {
            let heading = format!("\n### {fault}\n");
            let (_, section) = PAGE
                .split_once(&heading)
                .unwrap_or_else(|| panic!("no section of {fault}"));
            let section = section.split("\n### ").next().unwrap_or_default();
            let mut words = section.split_whitespace().collect::<Vec<_>>().join(" ");
            words.make_ascii_lowercase();
            for part in ["sign:", "sabai:", "operator:"] {
                assert!(words.contains(part), "{fault} has no {part}");
            }
            let advice = fault.advice().to_lowercase();
            assert!(
                words.contains(&advice),
                "{fault} lacks its advice: {advice}"
            );
        }
    }

    #[test]
    fn only_what_was_answered_keeps_its_session_and_nobody_recycles_what_works() {
        for fault in Fault::ALL {
            let decision = fault.decision();
            if matches!(fault.class(), Class::Severed | Class::Silent | Class::Trust) {
                assert_eq!(decision.session, Session::Close, "{fault}");
            }
            if matches!(fault.class(), Class::Overload | Class::NeverSent) {
                assert_eq!(decision.elders, Elders::Keep, "{fault}: never recycled");
            }
        }
    }
}
