//! What follows from the outcome of a call to LINE: one table, pure.

use crate::line::outcome::Outcome;

/// The call that was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Call {
    /// A reply, counted as the `attempts`-th that may have reached LINE.
    Reply {
        /// This call included.
        attempts: i16,
    },
    /// A push, always with the same retry key.
    Push,
}

/// What to do about the event now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// LINE has it: settle as answered.
    Answered,
    /// Nothing reached LINE: take the count back, try again later.
    TakeBack,
    /// It may have reached LINE: the same call again later, and only that.
    Again,
    /// The reply token is gone and this call alone used it: push.
    Push,
    /// The reply token is gone, maybe because an earlier call was accepted: nobody can know.
    Unknown,
    /// The month's messages are spent: settle as unanswered.
    Unanswered,
    /// LINE refuses this for good: a dead letter.
    Refused,
}

/// The table.
pub fn decide(call: Call, outcome: &Outcome) -> Next {
    use Outcome as O;
    match (call, outcome) {
        (_, O::Accepted { .. }) => Next::Answered,
        (
            Call::Reply { .. },
            O::NeverSent { .. } | O::Unauthorized { .. } | O::RateLimited { .. },
        ) => Next::TakeBack,
        (Call::Reply { attempts: 1 }, O::InvalidReplyToken { .. }) => Next::Push,
        (Call::Reply { .. }, O::InvalidReplyToken { .. }) => Next::Unknown,
        // The retry key makes a second push harmless, whatever became of the first.
        (Call::Push, O::NeverSent { .. } | O::Unauthorized { .. } | O::RateLimited { .. }) => {
            Next::Again
        }
        (_, O::Ambiguous { .. }) => Next::Again,
        (_, O::QuotaExhausted { .. }) => Next::Unanswered,
        // A reply that was ambiguous before may have been accepted: a refusal now does not tell.
        (Call::Reply { attempts }, O::Refused { .. }) if attempts > 1 => Next::Unknown,
        (_, O::Refused { .. } | O::InvalidReplyToken { .. }) => Next::Refused,
    }
}

/// Whether the outcome says that LINE, or the way to it, is in trouble; `Some(true)` when it asked us to wait.
pub fn trouble(outcome: &Outcome) -> Option<bool> {
    match outcome {
        Outcome::NeverSent { .. } | Outcome::Ambiguous { .. } => Some(false),
        Outcome::Unauthorized { .. } | Outcome::RateLimited { .. } => Some(true),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_outcome_of_each_call_has_one_consequence() {
        let id = || None::<String>;
        let text = || "why".to_owned();
        let accepted = Outcome::Accepted { request_id: id() };
        let never = Outcome::NeverSent { reason: text() };
        let unauthorized = Outcome::Unauthorized {
            request_id: id(),
            detail: text(),
        };
        let rate = Outcome::RateLimited { request_id: id() };
        let quota = Outcome::QuotaExhausted { request_id: id() };
        let token = Outcome::InvalidReplyToken { request_id: id() };
        let refused = Outcome::Refused {
            status: 403,
            detail: text(),
            request_id: id(),
        };
        let ambiguous = Outcome::Ambiguous {
            reason: text(),
            request_id: id(),
        };
        let (first, second) = (Call::Reply { attempts: 1 }, Call::Reply { attempts: 2 });
        let table = [
            (&accepted, Next::Answered, Next::Answered, Next::Answered),
            (&never, Next::TakeBack, Next::TakeBack, Next::Again),
            (&unauthorized, Next::TakeBack, Next::TakeBack, Next::Again),
            (&rate, Next::TakeBack, Next::TakeBack, Next::Again),
            (&quota, Next::Unanswered, Next::Unanswered, Next::Unanswered),
            (&token, Next::Push, Next::Unknown, Next::Refused),
            (&refused, Next::Refused, Next::Unknown, Next::Refused),
            (&ambiguous, Next::Again, Next::Again, Next::Again),
        ];
        for (outcome, by_first, by_second, by_push) in table {
            assert_eq!(decide(first, outcome), by_first, "first reply: {outcome:?}");
            assert_eq!(
                decide(second, outcome),
                by_second,
                "second reply: {outcome:?}"
            );
            assert_eq!(decide(Call::Push, outcome), by_push, "push: {outcome:?}");
        }
    }
}
