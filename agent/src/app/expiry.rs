//! Warns of a certificate that ends soon: once when it begins to be soon, once when it is very soon, and each day again.

use std::time::{Duration, SystemTime};

use sabai_wire::control::Timestamp;

use crate::metrics::Role;
use crate::moment::Moment;

const DAY: Duration = Duration::from_secs(24 * 3600);
/// Very soon is this part of soon: 2.8 days of 14.
const VERY: u32 = 5;

/// How soon it ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Soon {
    NotYet,
    InWeeks,
    InDays,
}

/// What was told last.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Expiry {
    told: Option<(Soon, Moment)>,
}

/// A certificate, as far as its end matters.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ends<'a> {
    pub(super) role: Role,
    pub(super) names: &'a [String],
    pub(super) issuer: &'a str,
    pub(super) not_after: SystemTime,
}

impl Expiry {
    /// Tells how soon it ends, when that is to be told now.
    pub(super) fn tells(&mut self, now: Moment, ends: Ends<'_>, warning: Duration) {
        let time = SystemTime::now();
        let Some(soon) = self.sees(now, time, ends.not_after, warning) else {
            return;
        };
        let left = ends.not_after.duration_since(time).unwrap_or_default();
        let days = left.as_secs() / DAY.as_secs();
        let whose = match ends.role {
            Role::Server => "the server's certificate",
            Role::Client => "our client certificate",
        };
        let (names, issuer) = (ends.names.join(", "), ends.issuer);
        let not_after = Timestamp::from(ends.not_after);
        match soon {
            Soon::InDays => {
                tracing::error!(days, names, issuer, %not_after, "{whose} ends very soon; renew it");
            }
            Soon::InWeeks => {
                tracing::warn!(days, names, issuer, %not_after, "{whose} ends soon; renew it");
            }
            Soon::NotYet => tracing::info!(days, "{whose} was renewed"),
        }
    }

    /// How soon it ends, when that is to be told now.
    fn sees(
        &mut self,
        now: Moment,
        time: SystemTime,
        not_after: SystemTime,
        warning: Duration,
    ) -> Option<Soon> {
        let left = not_after.duration_since(time).unwrap_or_default();
        let soon = if left > warning {
            Soon::NotYet
        } else if left > warning / VERY {
            Soon::InWeeks
        } else {
            Soon::InDays
        };
        let again = match self.told {
            Some((last, then)) => soon != last || (soon > Soon::NotYet && now.since(then) >= DAY),
            None => soon > Soon::NotYet,
        };
        if again {
            self.told = Some((soon, now));
        }
        again.then_some(soon)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_told_when_it_becomes_soon_and_each_day_until_it_is_renewed() {
        let day = |days: u64| DAY * u32::try_from(days).expect("few");
        let start = SystemTime::UNIX_EPOCH;
        let mut expiry = Expiry::default();
        let table = [
            (0, 30, None),
            (10, 30, None),
            (16, 30, Some(Soon::InWeeks)),
            (16, 30, None),
            (17, 30, Some(Soon::InWeeks)),
            (28, 30, Some(Soon::InDays)),
            (31, 30, Some(Soon::InDays)),
            (31, 60, Some(Soon::NotYet)),
            (32, 60, None),
        ];
        for (at, ends, expected) in table {
            let now = Moment(day(at));
            let told = expiry.sees(now, start + day(at), start + day(ends), day(14));
            assert_eq!(told, expected, "day {at}");
        }
    }
}
