//! The bot's way to Postgres: dialed, verified and driven by `sabai_wire`.

use std::time::Duration;

use sabai_tests::postgres::Database;
use sabai_wire::dial::{Dialer, SocketOptions, Target};
use sabai_wire::link::{Credentials, Link, Session, Statement};
use sabai_wire::trust::Roots;
use tokio::time::Instant;

use super::{Ask, large};

const TINY: Statement = Statement {
    name: "bench.tiny",
    sql: "/* bench.tiny */ SELECT 1",
};
const LARGE: Statement = Statement {
    name: "bench.large",
    sql: "/* bench.large */ SELECT length($1::text)",
};
const LIMIT: Duration = Duration::from_secs(10);

pub(crate) async fn connect(database: &Database) -> anyhow::Result<Link> {
    let dialer = Dialer::new(Target {
        host: database.host.clone(),
        port: database.port,
        roots: Roots::File(database.root_certificate.clone()),
        identity: None,
        nameserver: None,
    });
    let who = Credentials {
        user: database.user.clone(),
        database: database.name.clone(),
        password: Some(database.password.clone().into_bytes()),
    };
    let socket = SocketOptions {
        keepalive_idle: LIMIT,
        keepalive_interval: LIMIT,
        keepalive_count: 3,
        unacknowledged_timeout: LIMIT,
    };
    let session = Session {
        application_name: "bench".into(),
        generation: 1,
        statement_timeout: LIMIT,
        connect_timeout: LIMIT,
        socket,
    };
    // Large: a resolver, a handshake and a login.
    Box::pin(Link::open(&dialer, &who, &session))
        .await
        .map_err(|error| anyhow::anyhow!("open a link: {error}"))
}

pub(crate) async fn ask(link: &Link, ask: Ask) -> anyhow::Result<()> {
    let deadline = Instant::now() + LIMIT;
    let asked = match ask {
        Ask::Tiny => link.query(&TINY, &[], deadline).await,
        Ask::Large => link.query(&LARGE, &[&large()], deadline).await,
    };
    asked
        .map(drop)
        .map_err(|error| anyhow::anyhow!("a statement: {}", error.detail))
}
