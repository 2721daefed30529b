//! What a call to the API server runs into, as a Fault: the one place where kube's errors are judged.

use kube::Error;
use kube::core::Status;
use sabai_wire::fault::Fault;

use crate::said::one_line;

/// Why a call has not done what it was to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Trouble {
    /// The object is not there.
    NotFound,
    /// It was changed meanwhile, or is there already.
    Conflict,
    /// What is said to everybody by a server that has just begun and knows no rights and no resources yet.
    Doubtful,
    /// Anything else, and what was said.
    Fault(Fault, String),
}

impl Trouble {
    /// No answer came, or none that could be used.
    pub(super) fn unreachable(why: &str) -> Self {
        Self::Fault(Fault::ApiUnreachable, one_line(why))
    }
}

impl From<Error> for Trouble {
    fn from(error: Error) -> Self {
        match &error {
            Error::Api(status) => of_status(status),
            Error::SerdeError(_) => Self::Fault(Fault::ApiRefused, in_full(&error)),
            _ => Self::unreachable(&in_full(&error)),
        }
    }
}

fn of_status(status: &Status) -> Trouble {
    let about_an_object = status
        .details
        .as_ref()
        .is_some_and(|details| !details.name.is_empty());
    let fault = match status.code {
        404 if about_an_object => return Trouble::NotFound,
        409 => return Trouble::Conflict,
        404 => Fault::CRDMissing,
        401 => Fault::ApiTokenRejected,
        403 => Fault::ApiForbidden,
        // 410: a list that was begun is forgotten.
        410 | 429 | 500..=599 => Fault::ApiBusy,
        // What we write is valid by the definitions of our own version.
        422 => Fault::CRDOutdated,
        _ => Fault::ApiRefused,
    };
    Trouble::Fault(fault, one_line(&status.message))
}

/// With its causes: kube's own words often end where the reason begins.
fn in_full(error: &Error) -> String {
    let mut words = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(one) = cause {
        let more = one.to_string();
        if !words.contains(&more) {
            words = format!("{words}: {more}");
        }
        cause = one.source();
    }
    one_line(&words)
}

#[cfg(test)]
mod tests {
    use kube::core::response::StatusDetails;

    use super::*;

    #[test]
    fn each_answer_has_its_word() {
        let status = |code, name: &str| {
            let details = StatusDetails {
                name: name.to_owned(),
                group: String::new(),
                kind: String::new(),
                uid: String::new(),
                causes: vec![],
                retry_after_seconds: 0,
            };
            let status = Status {
                code,
                message: "WORDS".to_owned(),
                details: Some(details),
                ..Status::default()
            };
            Trouble::from(Error::Api(Box::new(status)))
        };
        let fault = |fault| Trouble::Fault(fault, "WORDS".to_owned());
        let table = [
            (404, "shop", Trouble::NotFound),
            (404, "", fault(Fault::CRDMissing)),
            (409, "shop", Trouble::Conflict),
            (401, "", fault(Fault::ApiTokenRejected)),
            (403, "shop", fault(Fault::ApiForbidden)),
            (410, "", fault(Fault::ApiBusy)),
            (429, "", fault(Fault::ApiBusy)),
            (503, "", fault(Fault::ApiBusy)),
            (504, "", fault(Fault::ApiBusy)),
            (422, "shop", fault(Fault::CRDOutdated)),
            (400, "", fault(Fault::ApiRefused)),
        ];
        for (code, name, expected) in table {
            assert_eq!(status(code, name), expected, "{code} {name:?}");
        }
        let gone = Error::Service("connection refused".into());
        assert!(matches!(
            Trouble::from(gone),
            Trouble::Fault(Fault::ApiUnreachable, words) if words.contains("connection refused")
        ));
    }
}
