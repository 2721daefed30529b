//! What these tests start with: a server, who logs in where, and a session or why there is none.

use std::sync::Arc;
use std::time::Duration;

use sabai_tests::postgres::{Database, Options, Postgres};
use sabai_wire::dial::{DialError, Dialer, SocketOptions, Target};
use sabai_wire::link::{Credentials, Link, Session};
use sabai_wire::trust::Roots;

pub(crate) async fn postgres() -> Arc<Postgres> {
    Postgres::start(Options::default())
        .await
        .expect("Postgres starts")
}

pub(crate) fn target(database: &Database) -> Target {
    Target {
        host: database.host.clone(),
        port: database.port,
        roots: Roots::File(database.root_certificate.clone()),
        identity: None,
        nameserver: None,
    }
}

pub(crate) fn credentials(database: &Database) -> Credentials {
    Credentials {
        user: database.user.clone(),
        database: database.name.clone(),
        password: Some(database.password.clone().into_bytes()),
    }
}

pub(crate) fn session() -> Session {
    Session {
        application_name: "sabai/test".to_owned(),
        generation: 1,
        statement_timeout: Duration::from_secs(5),
        connect_timeout: Duration::from_secs(2),
        socket: SocketOptions {
            keepalive_idle: Duration::from_secs(60),
            keepalive_interval: Duration::from_secs(10),
            keepalive_count: 3,
            unacknowledged_timeout: Duration::from_secs(30),
        },
    }
}

pub(crate) async fn open(target: Target, who: &Credentials) -> Result<Link, DialError> {
    Box::pin(Link::open(&Dialer::new(target), who, &session())).await
}

pub(crate) async fn link(database: &Database) -> Link {
    open(target(database), &credentials(database))
        .await
        .expect("a session")
}

pub(crate) async fn refused(target: Target, who: &Credentials) -> DialError {
    open(target, who).await.err().expect("refused")
}
