//! The reference: sqlx as a program would use it, with its own TLS, verified against the same authority.

use sabai_tests::postgres::Database;
use sqlx::Connection;
use sqlx::postgres::{PgConnectOptions, PgConnection, PgSslMode};

use super::{Ask, large};

pub(crate) async fn connect(database: &Database) -> anyhow::Result<PgConnection> {
    let options = PgConnectOptions::new_without_pgpass()
        .host(&database.host)
        .port(database.port)
        .username(&database.user)
        .password(&database.password)
        .database(&database.name)
        .ssl_mode(PgSslMode::VerifyFull)
        .ssl_root_cert(&database.root_certificate);
    Ok(PgConnection::connect_with(&options).await?)
}

pub(crate) async fn ask(connection: &mut PgConnection, ask: Ask) -> anyhow::Result<()> {
    match ask {
        Ask::Tiny => drop(sqlx::query("SELECT 1").fetch_all(connection).await?),
        Ask::Large => drop(
            sqlx::query("SELECT length($1::text)")
                .bind(large())
                .fetch_all(connection)
                .await?,
        ),
    }
    Ok(())
}
