//! Whether the pod is to get webhooks, and why not: pure, from what the parts say.

use sabai_wire::dial::DialError;

use crate::admin::Readiness;
use crate::db::migrate::MigrateError;

/// What is known at one moment.
#[derive(Debug)]
pub(super) struct State<'a> {
    pub(super) stopping: bool,
    /// `None` while the schema has not been looked at yet.
    pub(super) schema: Option<Result<&'a (), &'a MigrateError>>,
    /// What opening a session for intake runs into now.
    pub(super) trouble: Option<&'a DialError>,
}

/// The verdict. Until the spool exists, a pod that cannot commit cannot acknowledge.
pub(super) fn readiness(state: &State<'_>) -> Readiness {
    let not_ready = |reason: String| Readiness::NotReady { reason };
    if state.stopping {
        return not_ready("stopping".to_owned());
    }
    if let Some(error) = state.trouble {
        return not_ready(format!("Postgres: {error}; {}", error.fault.advice()));
    }
    match state.schema {
        None => not_ready("Postgres: the schema has not been seen yet".to_owned()),
        Some(Err(error)) => not_ready(format!("Postgres: {error}; {}", error.fault.advice())),
        Some(Ok(())) => Readiness::Ready,
    }
}

#[cfg(test)]
mod tests {
    use sabai_wire::fault::Fault;
    use sabai_wire::stage::Stage;

    use super::*;

    #[test]
    fn ready_means_that_events_can_be_committed_and_else_it_says_what_to_do() {
        let refused = DialError {
            stage: Stage::Tcp,
            fault: Fault::Refused,
            detail: "cannot connect".to_owned(),
            passed: Vec::new(),
            certificate: None,
        };
        let behind = MigrateError {
            fault: Fault::SchemaBehind,
            detail: "version 0".to_owned(),
        };
        let table = [
            (
                State {
                    stopping: false,
                    schema: Some(Ok(&())),
                    trouble: None,
                },
                None,
            ),
            (
                State {
                    stopping: true,
                    schema: Some(Ok(&())),
                    trouble: None,
                },
                Some("stopping"),
            ),
            (
                State {
                    stopping: false,
                    schema: None,
                    trouble: None,
                },
                Some("schema"),
            ),
            (
                State {
                    stopping: false,
                    schema: Some(Ok(&())),
                    trouble: Some(&refused),
                },
                Some("Refused at TCP"),
            ),
            (
                State {
                    stopping: false,
                    schema: Some(Err(&behind)),
                    trouble: None,
                },
                Some("sabai-bot migrate"),
            ),
        ];
        for (state, expected) in table {
            match (readiness(&state), expected) {
                (Readiness::Ready, None) => {}
                (Readiness::NotReady { reason }, Some(part)) if reason.contains(part) => {}
                (found, _) => panic!("{state:?} gave {found:?}, expected {expected:?}"),
            }
        }
    }
}
