//! Why the bot's sessions are out of date: pure, from what the last paths met and what the bot reports. It is asked of the
//! sessions themselves, so a recycle that has happened needs no memory, and an agent that was started again knows as much.

#[cfg(test)]
mod tests;

use std::net::IpAddr;
use std::time::{Duration, SystemTime};

use sabai_wire::control::{RecycleReason, SessionReport};

/// So many paths in a row have to agree: behind one name there may be two servers, or two certificates.
pub const AGREE: usize = 3;

/// What a path met that led to a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Met {
    /// What the name led to.
    pub addresses: Vec<IpAddr>,
    /// SHA-256 of the server's certificate.
    pub certificate: String,
    pub server_start: SystemTime,
    pub server_address: Option<IpAddr>,
}

/// How long ago files of ours were seen to change; `None` when not since the agent began.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Changed {
    pub ca: Option<Duration>,
    pub client_certificate: Option<Duration>,
    pub password: Option<Duration>,
}

/// Why sessions are out of date, the weightiest reason first; `None` when they are not, or when it cannot be said yet.
/// `met` is what the last paths met, the newest last; only those that led to a session count.
#[must_use]
pub fn reason(met: &[Met], changed: Changed, sessions: &[SessionReport]) -> Option<RecycleReason> {
    use RecycleReason as R;
    let open = || sessions.iter().filter(|one| is_open(one));
    let older_than = |change: Option<Duration>| {
        change.is_some_and(|ago| open().any(|session| age(session) > ago))
    };
    let agreed = met.last_chunk::<AGREE>();
    let never_met = |differs: fn(&Met, &SessionReport) -> bool| {
        agreed.is_some_and(|met| open().any(|session| met.iter().all(|met| differs(met, session))))
    };
    let reasons = [
        (R::PasswordChanged, older_than(changed.password)),
        (R::CAChanged, older_than(changed.ca)),
        (
            R::ClientCertificateChanged,
            older_than(changed.client_certificate),
        ),
        (R::FailedOver, never_met(another_server)),
        (R::ServerRestarted, never_met(another_start)),
        (R::CertificateChanged, never_met(another_certificate)),
        (R::AddressChanged, never_met(another_address)),
    ];
    let mut true_ones = reasons.into_iter().filter(|(_, holds)| *holds);
    true_ones.next().map(|(reason, _)| reason)
}

/// One that says goodbye needs no renewal.
fn is_open(session: &SessionReport) -> bool {
    matches!(session.state.as_str(), "Idle" | "Busy")
}

fn age(session: &SessionReport) -> Duration {
    Duration::from_millis(session.age_milliseconds)
}

fn another_server(met: &Met, session: &SessionReport) -> bool {
    met.server_address != session.server_address && another_start(met, session)
}

/// To the microsecond, since both have it from the server.
fn another_start(met: &Met, session: &SessionReport) -> bool {
    met.server_start != session.server_start.get()
}

fn another_certificate(met: &Met, session: &SessionReport) -> bool {
    met.certificate != session.certificate_sha256
}

fn another_address(met: &Met, session: &SessionReport) -> bool {
    !met.addresses.contains(&session.peer.ip())
}
