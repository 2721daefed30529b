//! When a recycle that was decided begins: pure. It is spread over the pods unless its reason is this pod's own, paced, one at
//! a time, and given up when the decision has changed before it began.

#[cfg(test)]
mod tests;

use std::time::Duration;

use sabai_wire::control::{RecycleKind, RecycleReason};

use crate::decision::Decision;
use crate::moment::Moment;
use crate::pace::{Leave, Pace};
use crate::settings::RecycleSettings;

/// A recycle to be requested.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Recycle {
    pub kind: RecycleKind,
    pub reason: RecycleReason,
}

impl Recycle {
    /// What the decision asks for, if it is a recycle.
    #[must_use]
    pub fn of(decision: Decision) -> Option<Self> {
        let (kind, reason) = match decision {
            Decision::Replace(reason) => (RecycleKind::Replace, reason),
            Decision::Refresh(reason) | Decision::RenewCredentials(reason) => {
                (RecycleKind::Refresh, reason)
            }
            Decision::Nothing(_) | Decision::ApplySettings | Decision::Protect(_) => return None,
        };
        Some(Self { kind, reason })
    }
}

/// What is to be done now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    Nothing,
    /// It was decided, and begins at that moment at the earliest.
    Announce(Recycle, Moment),
    /// Too many have been, and somebody should look: nothing before that moment.
    Alarm(Recycle, Moment),
    Begin(Recycle),
    /// What was decided is not wanted any more.
    GiveUp(Recycle),
}

/// What is planned, and what was done.
#[derive(Clone, Debug, Default)]
pub struct Acts {
    pace: Pace,
    planned: Option<Planned>,
    /// What was raised last: none before that moment. It is not raised again for the same one.
    alarm: Option<Moment>,
}

#[derive(Clone, Copy, Debug)]
struct Planned {
    recycle: Recycle,
    due: Moment,
    /// It was announced, or an alarm was raised for it: its end is to be told too.
    told: bool,
}

impl Acts {
    /// What to do now about this decision. `local`: what is wrong is this pod's own, so that nobody else acts with it.
    /// `roll` is 0..=1.
    pub fn step(
        &mut self,
        now: Moment,
        decision: Decision,
        local: bool,
        roll: f64,
        settings: &RecycleSettings,
    ) -> Step {
        let wanted = Recycle::of(decision);
        match (wanted, &mut self.planned) {
            (None, None) => Step::Nothing,
            (None, Some(planned)) => {
                let Planned { recycle, told, .. } = *planned;
                self.planned = None;
                if told {
                    Step::GiveUp(recycle)
                } else {
                    Step::Nothing
                }
            }
            // Another reason for the same, found while it waits: the moment stays.
            (Some(recycle), Some(planned)) => {
                planned.recycle = recycle;
                self.due(now, settings)
            }
            (Some(recycle), None) => {
                let spread = if local {
                    Duration::ZERO
                } else {
                    settings.spread.mul_f64(roll)
                };
                let due = Moment(now.0 + spread);
                let begins = match self.pace.leave(now, settings.limits) {
                    Leave::NotBefore(moment) => Some(due.max(moment)),
                    Leave::Granted => Some(due),
                    // It does not begin: nothing is to be announced.
                    Leave::Exhausted(_) => None,
                };
                let announced = begins.filter(|begins| *begins > now);
                self.planned = Some(Planned {
                    recycle,
                    due,
                    told: announced.is_some(),
                });
                match announced {
                    Some(begins) => Step::Announce(recycle, begins),
                    None => self.due(now, settings),
                }
            }
        }
    }

    fn due(&mut self, now: Moment, settings: &RecycleSettings) -> Step {
        let Some(planned) = &mut self.planned else {
            return Step::Nothing;
        };
        let recycle = planned.recycle;
        match self.pace.leave(now, settings.limits) {
            Leave::Granted if planned.due <= now => {
                self.pace.begins(now);
                self.planned = None;
                Step::Begin(recycle)
            }
            Leave::Exhausted(moment) if self.alarm != Some(moment) => {
                planned.told = true;
                self.alarm = Some(moment);
                Step::Alarm(recycle, moment)
            }
            Leave::Granted | Leave::NotBefore(_) | Leave::Exhausted(_) => Step::Nothing,
        }
    }
}
