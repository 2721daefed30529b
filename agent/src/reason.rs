//! The closed list of reasons that stand in conditions, one word each. `docs/operations.md` says what each means and what to do;
//! a test holds the page to the list.

use sabai_wire::fault::Fault;

macro_rules! reasons {
    ($($(#[$doc:meta])* $name:ident,)*) => {
        /// Why a condition is as it is.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Reason {
            $($(#[$doc])* $name,)*
            /// What the path runs into.
            Fault(Fault),
        }

        impl Reason {
            /// All but the Faults, which are a list of their own.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The word itself.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name => stringify!($name),)*
                    Self::Fault(fault) => fault.as_str(),
                }
            }
        }
    };
}

reasons! {
    /// Nobody has looked yet.
    Pending,
    /// The PoolConfig is understood.
    Valid,
    /// There is no PoolConfig of the name.
    ConfigMissing,
    /// It holds a value that this agent does not know.
    UnsupportedValue,
    /// Another release follows an object of this name.
    NameInUse,
    /// The settings are on their way.
    Applying,
    /// The bot refuses them.
    Refused,
    /// They are obeyed.
    InForce,

    /// The whole fits into the server's limit.
    Fits,
    /// It does not.
    TooManySessions,
    /// The server's limit is not known.
    Unknown,

    /// The path is healthy.
    Reachable,
    /// No pod reaches Postgres.
    DatabaseDown,
    /// Some do, others do not.
    PathBroken,

    /// The pod gets webhooks.
    Ready,
    /// The bot was never heard.
    BotNeverHeard,
    /// The bot does not answer any more.
    BotSilent,
    /// The bot says that it does not acknowledge.
    BotNotReady,
    /// A replace has not helped its pool.
    PoolWedged,
    /// A pod that was never ready waits for a person.
    StartupHold,
    /// The path from this pod alone is broken.
    LocalFault,
    /// The verdict, or a pod's report, is too old.
    Stale,
    /// Postgres cannot be written.
    NotWritable,
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    const PAGE: &str = include_str!("../../docs/operations.md");
    const SECTION: &str = "\n## Tuning a running release\n";

    /// What stands first in the rows of the section's tables.
    fn explained() -> BTreeSet<&'static str> {
        let (_, section) = PAGE.split_once(SECTION).expect("the section");
        let section = section.split("\n## ").next().unwrap_or_default();
        let rows = section.lines();
        rows.filter_map(|row| Some(row.strip_prefix("| `")?.split_once("` |")?.0))
            .collect()
    }

    #[test]
    fn the_page_explains_every_reason_and_no_other() {
        let words = Reason::ALL.iter().map(|reason| reason.as_str());
        assert_eq!(explained(), words.collect());
    }
}
