//! How many events the drainer stores at a time: fewer while Postgres is too slow for them, or one portion would fail for
//! ever. Pure.

use sabai_wire::fault::{Class, Fault};

use super::batch::MOST_EVENTS;

/// So many.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Portion(usize);

impl Default for Portion {
    fn default() -> Self {
        Self(MOST_EVENTS)
    }
}

impl Portion {
    pub(super) const fn events(self) -> usize {
        self.0
    }

    pub(super) fn shrink(&mut self, fault: Fault) {
        if matches!(fault.class(), Class::Overload | Class::Silent) {
            self.0 = (self.0 / 2).max(1);
        }
    }

    pub(super) fn grow(&mut self) {
        self.0 = (self.0 * 2).min(MOST_EVENTS);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_portion_shrinks_while_postgres_is_slow_and_grows_when_it_is_well() {
        let mut portion = Portion::default();
        portion.shrink(Fault::Refused);
        assert_eq!(portion, Portion(MOST_EVENTS), "that is no matter of size");
        portion.shrink(Fault::StatementTimeout);
        portion.shrink(Fault::Silent);
        assert_eq!(portion, Portion(MOST_EVENTS / 4));
        for _ in 0..20 {
            portion.shrink(Fault::OutOfMemory);
        }
        assert_eq!(portion, Portion(1));
        for _ in 0..20 {
            portion.grow();
        }
        assert_eq!(portion, Portion(MOST_EVENTS));
    }
}
