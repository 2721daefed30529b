//! What is said over a bot's control socket: HTTP/1.1 on a unix socket, JSON with camelCase names. `docs/control.md` is
//! the page of it, and a test reads the page's examples by these types.

mod fault_name;
#[cfg(test)]
mod page;
mod recycle;
mod recycle_report;
mod report;
mod timestamp;

use serde::{Deserialize, Serialize};

use crate::settings::PathProblem;

pub use fault_name::FaultName;
pub use recycle::{RecycleKind, RecycleOutcome, RecycleReason, RecycleRequest};
pub use recycle_report::{RecycleReport, WitnessReport};
pub use report::{
    PoolReport, ProgressReport, ReadinessReport, Report, SessionReport, SpoolReport, TroubleReport,
};
pub use timestamp::Timestamp;

/// `GET`: a [`Report`].
pub const REPORT_PATH: &str = "/v1/report";
/// `PUT` of settings, as [`crate::settings::PoolSettings::from_json`] reads them: a [`SettingsAnswer`].
pub const SETTINGS_PATH: &str = "/v1/settings";
/// `POST` of a [`RecycleRequest`]: a [`RecycleReport`].
pub const RECYCLE_PATH: &str = "/v1/recycle";
/// The largest body of a request, in bytes.
pub const BODY_LIMIT: usize = 64 * 1024;

/// How settings stand that were put in force.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SettingsAnswer {
    /// Digest of the settings in force.
    pub digest: String,
    /// No session stands above the maximum, and none was opened with other settings that a session is told at its
    /// start. Ask again until it is true.
    pub applied: bool,
    /// Sessions above the maximum, which are on their way out.
    pub surplus_sessions: usize,
    /// Sessions that were opened with other settings; they are being renewed.
    pub older_sessions: usize,
}

/// Why a request was refused. Nothing was changed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ErrorAnswer {
    /// In a sentence.
    pub error: String,
    /// Path of the first field at fault.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// Every field at fault.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub problems: Vec<FieldError>,
    /// The recycle that is running, when that is the reason.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub running_request_id: Option<String>,
}

/// One field at fault.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FieldError {
    pub field: String,
    pub error: String,
}

impl ErrorAnswer {
    /// An error that is about no field.
    pub fn new(error: impl Into<String>) -> Self {
        Self {
            error: error.into(),
            ..Self::default()
        }
    }

    /// Errors of fields, all of them.
    #[must_use]
    pub fn of(problems: Vec<PathProblem>) -> Self {
        let told: Vec<String> = problems.iter().map(ToString::to_string).collect();
        let problems: Vec<FieldError> = problems
            .into_iter()
            .map(|one| FieldError {
                field: one.path,
                error: one.problem,
            })
            .collect();
        Self {
            error: told.join("; "),
            field: problems.first().map(|one| one.field.clone()),
            problems,
            running_request_id: None,
        }
    }
}
