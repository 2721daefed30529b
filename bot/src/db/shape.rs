//! How `maxConnections` is divided: two places for intake, one spare, the rest for work. Pure.

use std::time::Duration;

use sabai_wire::settings::PoolSettings;

/// The server's limit for a statement of intake: LINE is waiting.
pub const INTAKE_STATEMENT_TIMEOUT: Duration = Duration::from_millis(700);
const INTAKE_PLACES: usize = 2;
const SPARE_PLACES: usize = 1;

/// What a session is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Duty {
    /// Committing webhooks: one link works, one is warm.
    Intake,
    /// Everything else.
    Work,
    /// Renewing the others, migrating, asking about sessions that will not end. One place.
    Spare,
}

/// How large a pool is and what its links are set to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    /// Sessions at most, in whatever state.
    pub places: usize,
    /// Sessions kept open even when nobody needs them.
    pub warm: usize,
    /// The server's own limit for a statement on these links.
    pub server_statement_timeout: Duration,
}

impl Duty {
    /// Its name in reports and logs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Intake => "intake",
            Self::Work => "work",
            Self::Spare => "spare",
        }
    }

    /// Its part of what the settings allow.
    pub fn shape(self, settings: &PoolSettings) -> Shape {
        let all = usize::from(settings.max_connections());
        let (places, warm) = match self {
            Self::Intake => (INTAKE_PLACES, INTAKE_PLACES),
            Self::Work => (
                all - INTAKE_PLACES - SPARE_PLACES,
                settings.min_idle().into(),
            ),
            Self::Spare => (SPARE_PLACES, 0),
        };
        let server_statement_timeout = match self {
            Self::Intake => INTAKE_STATEMENT_TIMEOUT,
            Self::Work | Self::Spare => settings.server_statement_timeout(),
        };
        Shape {
            places,
            warm,
            server_statement_timeout,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parts_add_up_to_the_ceiling() {
        for most in ["4", "16", "500"] {
            let settings = PoolSettings::from_lookup(|field| match field.path {
                "pool.maxConnections" => Some(most.to_owned()),
                "pool.minIdle" => Some("1".to_owned()),
                _ => None,
            })
            .expect("valid");
            let places = [Duty::Intake, Duty::Work, Duty::Spare]
                .map(|duty| duty.shape(&settings).places)
                .iter()
                .sum::<usize>();
            assert_eq!(places.to_string(), most);
        }
    }
}
