//! Whether work that failed is tried once more. Pure.

use std::time::Duration;

use sabai_wire::fault::{Class, Fault};

/// Whether a try is worth it after one that met `fault` and took `took`, with `left` after the pause.
///
/// What ran into the server's own limit would do so again. With less than that left we would go before the server has
/// spoken, and a session that is well would be called silent, and its elders with it.
pub fn is_time_left(fault: Fault, took: Duration, left: Duration) -> bool {
    let needed = match fault.class() {
        Class::Overload => took,
        _ => Duration::ZERO,
    };
    fault.may_heal() && left > needed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_that_was_slow_is_given_as_long_again_or_not_asked() {
        let table = [
            (Fault::Terminated, 1, 799, true),
            (Fault::Terminated, 700, 95, true),
            (Fault::Terminated, 800, 0, false),
            (Fault::StatementTimeout, 700, 95, false),
            (Fault::StatementTimeout, 700, 795, true),
            (Fault::TooManyConnections, 5, 95, true),
            (Fault::PasswordRejected, 5, 95, false),
        ];
        for (fault, took, left, expected) in table {
            let [took, left] = [took, left].map(Duration::from_millis);
            let found = is_time_left(fault, took, left);
            assert_eq!(found, expected, "{fault} {took:?} {left:?}");
        }
    }
}
