//! What this agent knows of server and path by itself, as the status tells it.

use std::time::Duration;

use sabai_crds::pool_config::{Certificate, PathReport, Server};
use sabai_wire::duration::GepDuration;

use crate::app::known::Known;
use crate::canary::Knowledge;
use crate::config::ClusterConfig;
use crate::kubernetes::instance::path;
use crate::probe::report::CertificateReport;

/// The longest texts that the resource definition takes, in characters.
const VERSION: usize = 64;
const NAME: usize = 1024;
const TLS: usize = 16;

/// What is known; nothing, while nothing is.
#[derive(Clone, Debug, Default, PartialEq)]
pub(in crate::kubernetes) struct Own {
    pub(in crate::kubernetes) server: Option<Server>,
    pub(in crate::kubernetes) path: Option<PathReport>,
}

impl Own {
    /// `config` says where this pod runs.
    pub(in crate::kubernetes) fn of(
        known: Option<&Known>,
        knowledge: Option<&Knowledge>,
        config: &ClusterConfig,
    ) -> Self {
        Self {
            server: known.and_then(server),
            path: knowledge.and_then(|knowledge| path(knowledge, config)),
        }
    }
}

/// In the form of GEP-2257, which has whole milliseconds.
pub(super) fn duration(time: Duration) -> Option<String> {
    let millis = u64::try_from(time.as_millis()).ok()?;
    let whole = GepDuration::new(Duration::from_millis(millis));
    whole.ok().map(|whole| whole.to_string())
}

fn server(known: &Known) -> Option<Server> {
    let (server, certificate) = (known.server.as_ref(), known.certificate.as_ref());
    if server.is_none() && certificate.is_none() {
        return None;
    }
    Some(Server {
        version: server.and_then(|server| text(&server.version, VERSION)),
        start_time: server.map(|server| server.start_time),
        certificate: certificate.map(|report| of_report(report)),
    })
}

fn of_report(report: &CertificateReport) -> Certificate {
    Certificate {
        sha256: Some(report.sha256.clone()),
        issuer: text(&report.issuer, NAME),
        not_after: Some(report.not_after),
        tls_version: text(&report.protocol, TLS),
    }
}

fn text(said: &str, most: usize) -> Option<String> {
    let cut: String = said.chars().take(most).collect();
    Some(cut).filter(|cut| !cut.is_empty())
}
