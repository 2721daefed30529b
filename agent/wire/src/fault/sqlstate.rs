//! SQLSTATE to [`Fault`]. Codes: PostgreSQL manual, appendix A.

use super::Fault;

/// Names the fault behind the five letters that Postgres answered with.
pub fn of_sqlstate(code: &str) -> Fault {
    match code {
        "57P01" | "57P02" => Fault::Terminated,
        "57P03" => Fault::ServerStarting,
        "57P04" | "25006" => Fault::ReadOnly,
        "57P05" | "25P03" => Fault::IdleTerminated,
        "57014" => Fault::StatementTimeout,
        "53300" => Fault::TooManyConnections,
        "53100" => Fault::DiskFull,
        "53000" | "53200" | "53400" => Fault::OutOfMemory,
        "28P01" => Fault::PasswordRejected,
        "28000" => Fault::RoleRejected,
        "3D000" => Fault::DatabaseMissing,
        "40001" => Fault::SerializationFailed,
        "40P01" => Fault::Deadlock,
        "55P03" => Fault::LockTimeout,
        "0A000" | "26000" | "42P05" => Fault::StalePlan,
        "42P01" | "42703" | "42883" | "3F000" => Fault::SchemaBehind,
        "42501" => Fault::PermissionDenied,
        _ => match code.get(..2) {
            Some("08") => Fault::ClosedByPeer,
            Some("22" | "23") => Fault::DataRefused,
            _ => Fault::Unexpected,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_code_has_its_fault() {
        let table = [
            ("57P01", Fault::Terminated),
            ("57P03", Fault::ServerStarting),
            ("57P05", Fault::IdleTerminated),
            ("25006", Fault::ReadOnly),
            ("53300", Fault::TooManyConnections),
            ("28P01", Fault::PasswordRejected),
            ("28000", Fault::RoleRejected),
            ("3D000", Fault::DatabaseMissing),
            ("57014", Fault::StatementTimeout),
            ("0A000", Fault::StalePlan),
            ("40P01", Fault::Deadlock),
            ("40001", Fault::SerializationFailed),
            ("53100", Fault::DiskFull),
            ("23514", Fault::DataRefused),
            ("22021", Fault::DataRefused),
            ("08006", Fault::ClosedByPeer),
            ("XX000", Fault::Unexpected),
            ("", Fault::Unexpected),
        ];
        for (code, fault) in table {
            assert_eq!(of_sqlstate(code), fault, "{code}");
        }
    }
}
