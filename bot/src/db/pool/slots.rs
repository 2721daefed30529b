//! The places of a pool and what they are used for: pure bookkeeping, no I/O.
//!
//! A place is free only when its session has ended, so the sum of all states exceeds the number of places only while
//! a pool that was made smaller sheds what is too much.

/// How many places are in which state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Slots {
    /// All places.
    pub places: usize,
    /// A session is being opened.
    pub dialing: usize,
    /// Open and waiting for a user.
    pub idle: usize,
    /// Lent.
    pub busy: usize,
    /// Said goodbye; the end has not been seen.
    pub closing: usize,
}

impl Slots {
    /// Places in which no session is or may be.
    pub const fn empty(&self) -> usize {
        self.places.saturating_sub(self.size())
    }

    /// Places in which a session may be opened or is being opened.
    pub const fn open(&self) -> usize {
        self.empty() + self.dialing
    }

    /// Sessions that exist or may exist.
    pub const fn size(&self) -> usize {
        self.dialing + self.idle + self.busy + self.closing
    }

    /// Sessions too many, not counting those that are on their way out.
    pub const fn surplus(&self) -> usize {
        (self.dialing + self.idle + self.busy).saturating_sub(self.places)
    }

    /// How many more sessions to open now, for `waiting` users and `warm` sessions to be kept at hand.
    pub fn wanted(&self, waiting: usize, warm: usize) -> usize {
        let for_users = waiting.saturating_sub(self.dialing);
        // Closing ones are not counted as warm: their place comes back empty.
        let for_warmth = warm.saturating_sub(self.dialing + self.idle + self.busy);
        for_users.max(for_warmth).min(self.empty())
    }
}

impl std::ops::Add for Slots {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            places: self.places + other.places,
            dialing: self.dialing + other.dialing,
            idle: self.idle + other.idle,
            busy: self.busy + other.busy,
            closing: self.closing + other.closing,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn opens_what_is_waited_for_and_what_is_to_be_warm_within_the_places() {
        let slots = |dialing, idle, busy, closing| Slots {
            places: 8,
            dialing,
            idle,
            busy,
            closing,
        };
        let table = [
            // slots, waiting, warm -> wanted
            (slots(0, 0, 0, 0), 0, 0, 0),
            (slots(0, 0, 0, 0), 3, 0, 3),
            (slots(2, 0, 0, 0), 3, 0, 1),
            (slots(0, 0, 0, 0), 0, 4, 4),
            (slots(0, 1, 1, 0), 0, 4, 2),
            (slots(0, 0, 8, 0), 5, 4, 0),
            (slots(0, 0, 5, 3), 5, 0, 0),
            (slots(0, 0, 5, 2), 5, 8, 1),
            (slots(0, 0, 0, 0), 99, 0, 8),
            (slots(0, 0, 12, 0), 5, 4, 0),
        ];
        for (slots, waiting, warm, wanted) in table {
            assert_eq!(
                slots.wanted(waiting, warm),
                wanted,
                "{slots:?} waiting {waiting} warm {warm}"
            );
        }
    }
}
