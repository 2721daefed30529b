//! What a path met, stage by stage. Its JSON is that of the stages in a `PoolInstance` and of `sabai-agent probe --json`.

mod build;
#[cfg(test)]
mod tests;

use std::net::{IpAddr, SocketAddr};

use sabai_wire::control::{FaultName, Timestamp};
use sabai_wire::stage::Stage;
use serde::Serialize;

use crate::moment::Moment;
use crate::outdated::Met;
use crate::verdict::{Cause, Look, Sight};

pub use build::Wrote;

/// What one path met.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PathReport {
    /// By this machine's clock; shown, and nothing is decided by it.
    pub began: Timestamp,
    /// Where it led to: name and port. Empty when not even that could be read.
    pub target: String,
    /// Absent when all is well.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failed_stage: Option<Stage>,
    /// All stages, in their order.
    pub stages: Vec<StageReport>,
    /// All addresses of the name.
    pub addresses: Vec<AddressReport>,
    /// What the server presented, verified or not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub certificate: Option<CertificateReport>,
    /// What the server said about itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub server: Option<ServerReport>,
}

/// How a stage, or TCP to one address, went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum StageResult {
    /// It was passed.
    #[serde(rename = "OK")]
    Passed,
    Failed,
    /// It was not come to, or not wanted.
    Skipped,
}

impl StageResult {
    /// All of them.
    pub const ALL: &'static [Self] = &[Self::Passed, Self::Failed, Self::Skipped];

    /// The word itself.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Passed => "OK",
            Self::Failed => "Failed",
            Self::Skipped => "Skipped",
        }
    }
}

/// One stage.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct StageReport {
    pub name: Stage,
    pub result: StageResult,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fault: Option<FaultName>,
    /// In a sentence: how it failed, or why it was skipped.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// Absent when it was skipped.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub duration_microseconds: Option<u64>,
}

/// TCP to one address.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AddressReport {
    pub address: SocketAddr,
    /// Skipped when one before it answered.
    pub result: StageResult,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fault: Option<FaultName>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub duration_microseconds: Option<u64>,
}

/// The certificate that was presented.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CertificateReport {
    /// The handshake was finished with it: our CA, our name, valid now.
    pub verified: bool,
    /// Of the DER encoding, lower-case hex.
    pub sha256: String,
    pub subject: String,
    pub names: Vec<String>,
    pub issuer: String,
    pub not_before: Timestamp,
    pub not_after: Timestamp,
    /// Whole days from the begin of the path to the end of its validity; below zero when that has passed.
    pub days_left: i64,
    /// TLS version of the session; empty when the handshake failed.
    pub protocol: String,
    /// Cipher suite of the session; empty when the handshake failed.
    pub suite: String,
}

/// The server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ServerReport {
    /// As people write it: `18.4`.
    pub version: String,
    /// When it was started, by its own clock.
    pub start_time: Timestamp,
    /// Its own address, where it has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<IpAddr>,
    /// The address that was dialed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub peer: Option<SocketAddr>,
    /// Sessions that it has for ordinary roles, all together.
    pub session_limit: u64,
    /// It is a standby, or was one a moment ago.
    pub in_recovery: bool,
    /// It takes no writes from us.
    pub read_only: bool,
}

/// A path and what else is known, as one object.
#[derive(Clone, Debug, Serialize)]
pub struct ProbeJson<'a, P: Serialize> {
    #[serde(flatten)]
    pub probe: &'a PathReport,
    /// What the idle canaries found about the path; absent while there is nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<P>,
}

impl PathReport {
    /// Whether every stage was passed that was wanted.
    #[must_use]
    pub const fn is_healthy(&self) -> bool {
        self.failed_stage.is_none()
    }

    /// The stage that failed.
    #[must_use]
    pub fn failed(&self) -> Option<&StageReport> {
        let name = self.failed_stage?;
        self.stages.iter().find(|stage| stage.name == name)
    }

    /// What speaks for the verdict.
    #[must_use]
    pub fn cause(&self) -> Option<Cause> {
        let failed = self.failed()?;
        let FaultName(fault) = failed.fault?;
        let stage = failed.name;
        Some(Cause { stage, fault })
    }

    /// As the verdict takes it.
    #[must_use]
    pub fn sight(&self, at: Moment) -> Sight {
        Sight {
            at,
            look: Look::Path,
            outcome: self.cause().map_or(Ok(()), Err),
        }
    }

    /// Whether it led to a session, be it that no row could be written.
    #[must_use]
    pub fn led_to_a_session(&self) -> bool {
        let query = self.stages.iter().find(|stage| stage.name == Stage::Query);
        query.is_some_and(|query| query.result == StageResult::Passed)
    }

    /// What the bot's sessions are compared with; `None` when it led to none.
    #[must_use]
    pub fn met(&self) -> Option<Met> {
        let (certificate, server) = (self.certificate.as_ref()?, self.server.as_ref()?);
        self.led_to_a_session().then(|| Met {
            addresses: self.addresses.iter().map(|one| one.address.ip()).collect(),
            certificate: certificate.sha256.clone(),
            server_start: server.start_time.get(),
            server_address: server.address,
        })
    }
}
