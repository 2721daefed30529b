//! What was seen and heard last, as it is told to the API server: shared, since it is told on from each judgement.

use std::sync::Arc;

use sabai_wire::control::Report;

use crate::probe::report::{CertificateReport, PathReport, ServerReport};
use crate::requests::Served;

/// What is known.
#[derive(Clone, Debug, Default)]
pub(crate) struct Known {
    /// The bot's last report.
    pub(crate) report: Option<Arc<Report>>,
    /// The last path.
    pub(crate) path: Option<Arc<PathReport>>,
    /// The last certificate that was verified.
    pub(crate) certificate: Option<Arc<CertificateReport>>,
    /// What the server said of itself last.
    pub(crate) server: Option<Arc<ServerReport>>,
    /// Digest of the settings that the bot should hold; nobody says so when absent.
    pub(crate) wanted: Option<String>,
    /// Why the bot does not take them.
    pub(crate) refused: Option<String>,
    /// How the last request for a recycle stands.
    pub(crate) request: Option<Served>,
}

impl Known {
    /// A path was gone.
    pub(crate) fn saw(&mut self, path: &PathReport) {
        let verified = path.certificate.as_ref().filter(|one| one.verified);
        if let Some(certificate) = verified {
            self.certificate = Some(Arc::new(certificate.clone()));
        }
        if let Some(server) = &path.server {
            self.server = Some(Arc::new(server.clone()));
        }
        self.path = Some(Arc::new(path.clone()));
    }
}
