//! What a person does about a [`Fault`]: the same sentence in logs, readiness and `docs/faults.md`.

use super::Fault;

impl Fault {
    /// What to do, in a sentence; whatever heals by itself says so.
    #[expect(clippy::too_many_lines, reason = "a table: one line for each fault")]
    pub const fn advice(self) -> &'static str {
        match self {
            Self::NameNotResolved => {
                "check PGHOST and the cluster's DNS; it is resolved again at each try"
            }
            Self::Refused => {
                "check that Postgres runs and that PGHOST and PGPORT are right; it is tried again"
            }
            Self::Unreachable => "check routes and network policies between this pod and PGHOST",
            Self::TimedOut | Self::Unacknowledged => {
                "check the network path to PGHOST; it is tried again"
            }
            Self::Silent => {
                "check the network path and the load of Postgres; the session was closed"
            }
            Self::CommitHanging => {
                "bring the synchronous standby back, or take it out of synchronous_standby_names"
            }
            Self::ServerStarting => "wait: Postgres is starting or stopping",
            Self::TooManyConnections => {
                "raise max_connections of Postgres or lower SABAI_POOL_MAX_CONNECTIONS"
            }
            Self::PoolExhausted => "raise SABAI_POOL_MAX_CONNECTIONS if it lasts",
            Self::ConnectionReset | Self::ClosedAbruptly | Self::ClosedByPeer => {
                "nothing if it is rare; if it repeats, something on the path drops sessions"
            }
            Self::Terminated => "nothing: Postgres restarted or an administrator ended the session",
            Self::Recycled => "nothing: the pool was replaced, and the work is tried again",
            Self::IdleTerminated => {
                "lower SABAI_POOL_IDLE_TIMEOUT below the server's idle_session_timeout"
            }
            Self::ProtocolBroken => {
                "check that PGHOST and PGPORT lead to Postgres and to nothing in between"
            }
            Self::ReadOnly => "point PGHOST to the primary; it is resolved again at each try",
            Self::StalePlan => "nothing: another session is used",
            Self::SerializationFailed | Self::Deadlock | Self::LockTimeout => {
                "nothing: it is tried again"
            }
            Self::TlsNotOffered => "set ssl=on in Postgres; plaintext is never used",
            Self::CertificateUntrusted => {
                "give the CA that issued the server's certificate in PGSSLROOTCERT"
            }
            Self::CertificateExpired => "renew the server's certificate, or correct the clocks",
            Self::CertificateWrongName => {
                "put PGHOST's name into the server's certificate, or use the name it has"
            }
            Self::CertificateInvalid => {
                "replace the server's certificate by an X.509 v3 server certificate"
            }
            Self::ClientCertificateRefused => {
                "give a client certificate that Postgres accepts in PGSSLCERT and PGSSLKEY"
            }
            Self::TrustFileBroken => "repair the file that is named; it is read again at each try",
            Self::PasswordRejected => {
                "correct PGPASSWORD or its file, which is read again at each try"
            }
            Self::RoleRejected => "check PGUSER and pg_hba.conf (hostssl, the role, this network)",
            Self::PasswordFileBroken => {
                "repair the file that is named; it is read again at each try"
            }
            Self::DatabaseMissing => "create the database or correct PGDATABASE",
            Self::SchemaBehind => "run `sabai-bot migrate` with a role that may change the schema",
            Self::PermissionDenied => "grant the role what the message names",
            Self::DataRefused => "look at the dead letter; the event was set aside",
            Self::Unexpected => "report it, with the log line",
            Self::StatementTimeout => "look for load or locks in Postgres; it is tried again",
            Self::DiskFull => "free disk space of Postgres; it is tried again",
            Self::OutOfMemory => "give Postgres more memory; it is tried again",
            Self::BotUnreachable => {
                "look whether the bot runs, with the same SABAI_CONTROL_SOCKET as the agent"
            }
            Self::BotSilent => "look at the bot's log and its CPU limit; it is asked again",
            Self::BotGarbled => "run bot and agent of the same version; it is asked again",
            Self::ApiUnreachable => {
                "look at the API server and the NetworkPolicy; what is in force stays, and it is asked again"
            }
            Self::ApiBusy => "it is asked again, more slowly; what is in force stays",
            Self::ApiTokenRejected => {
                "mount a token of the release's ServiceAccount into the agent; it is read again each minute"
            }
            Self::ApiForbidden => {
                "apply the release's Role and RoleBinding again: helm upgrade, or kubectl apply"
            }
            Self::CRDMissing | Self::CRDOutdated => {
                "kubectl apply --server-side --force-conflicts -f crds/"
            }
            Self::ApiRefused => "report a bug of Sabai, with this line; what is in force stays",
            Self::PoolWedged => "look at what its statements wait for in pg_stat_activity",
        }
    }
}
