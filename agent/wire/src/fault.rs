//! The closed list of what can go wrong between us and Postgres, and beside it, one word each.
//!
//! The same word stands in code, logs, metrics, status and `docs/faults.md`. Foreign errors become a
//! `Fault` in one function per error type (`driver`, `io`, `tls`, `sqlstate`); what to do about one is
//! decided in [`decision`], mostly by its [`Fault::class`].

mod advice;
pub mod decision;
mod driver;
mod io;
mod sqlstate;
mod tls;

pub use driver::of_driver;
pub use io::of_io;
pub use sqlstate::of_sqlstate;
pub use tls::of_tls;

macro_rules! faults {
    ($($(#[$doc:meta])* $name:ident => $class:ident,)*) => {
        /// What went wrong, in one word.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Fault { $($(#[$doc])* $name,)* }

        impl Fault {
            /// Every fault, in the order of the list.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The word itself, as it stands in logs, metric labels, status and the docs.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => stringify!($name),)* }
            }

            /// The kind of trouble it is, from which every decision about it follows.
            pub const fn class(self) -> Class {
                match self { $(Self::$name => Class::$class,)* }
            }
        }
    };
}

faults! {
    /// The name could not be resolved.
    NameNotResolved => NeverSent,
    /// The address refused the connection: nobody listens there.
    Refused => NeverSent,
    /// No route, or the network said that the host cannot be reached.
    Unreachable => NeverSent,
    /// A stage of opening a session ran out of time.
    TimedOut => NeverSent,
    /// Postgres is starting, stopping or recovering (57P03).
    ServerStarting => NeverSent,
    /// Postgres has no session left for us (53300).
    TooManyConnections => NeverSent,
    /// Every session of the pool was in use until the deadline.
    PoolExhausted => NeverSent,

    /// The peer reset the connection.
    ConnectionReset => Severed,
    /// The peer closed the TCP connection without a TLS close_notify.
    ClosedAbruptly => Severed,
    /// The peer closed the TLS session in order, without telling why.
    ClosedByPeer => Severed,
    /// An administrator or a shutdown ended the session (57P01, 57P02).
    Terminated => Severed,
    /// We cut the session ourselves, to replace a wedged pool.
    Recycled => Severed,
    /// The server ended a session that was idle for too long (57P05, 25P03).
    IdleTerminated => Severed,
    /// What came over the connection was not TLS or not Postgres.
    ProtocolBroken => Severed,

    /// No answer came before the statement's deadline.
    Silent => Silent,
    /// Packets were not acknowledged until the kernel gave the connection up.
    Unacknowledged => Silent,
    /// A commit of ours waits in the server, for a synchronous standby or a stuck disk; its backend still lives.
    CommitHanging => Silent,

    /// The server is read-only or in recovery (25006, 57P04): not the primary.
    ReadOnly => WrongServer,

    /// A cached statement no longer fits the schema (0A000, 26000, 42P05).
    StalePlan => StaleSession,

    /// The transaction lost against another one (40001).
    SerializationFailed => Conflict,
    /// The transaction was chosen to end a deadlock (40P01).
    Deadlock => Conflict,
    /// A lock was not had in time (55P03).
    LockTimeout => Conflict,

    /// The server offers no TLS.
    TlsNotOffered => Trust,
    /// The server's certificate comes from a CA that is not the configured one.
    CertificateUntrusted => Trust,
    /// The server's certificate is expired or not valid yet.
    CertificateExpired => Trust,
    /// The server's certificate is for another name.
    CertificateWrongName => Trust,
    /// The server's certificate cannot be used for another reason.
    CertificateInvalid => Trust,
    /// The server refused or demanded our client certificate.
    ClientCertificateRefused => Trust,
    /// A file of ours (CA, client certificate, key) is missing or unreadable.
    TrustFileBroken => Trust,

    /// The password is wrong (28P01).
    PasswordRejected => Credential,
    /// The role may not log in this way (28000).
    RoleRejected => Credential,
    /// The password file cannot be read.
    PasswordFileBroken => Credential,

    /// The database does not exist (3D000).
    DatabaseMissing => Permanent,
    /// The schema is older than this program needs (42P01, 42703, 42883 or the version table).
    SchemaBehind => Permanent,
    /// The role lacks a right (42501).
    PermissionDenied => Permanent,
    /// Postgres refuses these data for good (classes 22 and 23).
    DataRefused => Permanent,
    /// An error that should not exist: a bug of ours, or an answer nobody expected.
    Unexpected => Permanent,

    /// Postgres ended the statement at its own limit (57014).
    StatementTimeout => Overload,
    /// The server's disk is full (53100).
    DiskFull => Overload,
    /// The server is out of memory (53200) or of another resource (53000, 53400).
    OutOfMemory => Overload,

    /// Nobody listens at the bot's control socket, or it may not be opened.
    BotUnreachable => Local,
    /// The bot did not answer over its control socket in time.
    BotSilent => Local,
    /// The bot's answer is not understood, or is a refusal where there is nothing to refuse.
    BotGarbled => Local,
    /// Every session of the bot's pool is in use, callers wait, and nothing moves.
    PoolWedged => Local,

    /// The Kubernetes API server does not answer.
    ApiUnreachable => Local,
    /// The API server has too much to do, or an error of its own (429, 5xx).
    ApiBusy => Local,
    /// The API server does not know the agent's token (401).
    ApiTokenRejected => Local,
    /// The agent's service account lacks a right (403).
    ApiForbidden => Local,
    /// The API server does not know Sabai's custom resources.
    CRDMissing => Local,
    /// The API server's custom resources are older than the agent: it drops what they do not have.
    CRDOutdated => Local,
    /// The API server refuses what the agent asks or writes, for another reason.
    ApiRefused => Local,
}

/// What kind of trouble a [`Fault`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Class {
    /// Nothing reached the server: always safe to try again.
    NeverSent,
    /// The session ended under us: what was in flight may or may not have happened.
    Severed,
    /// Nobody answers: as severed, and the session must be given up.
    Silent,
    /// A server answers, but not the one that takes writes.
    WrongServer,
    /// The session knows an older schema: another one will do.
    StaleSession,
    /// Refused in favour of others: the whole transaction may be tried again.
    Conflict,
    /// The other side, or we, cannot be trusted. Fail closed; time does not heal it, a new file does.
    Trust,
    /// We are not let in. A new secret heals it.
    Credential,
    /// Trying again gives the same answer.
    Permanent,
    /// The server has too much to do: try later, and never add sessions.
    Overload,
    /// Not Postgres: the pod's own bot, or the API server, as the agent sees them.
    Local,
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}
