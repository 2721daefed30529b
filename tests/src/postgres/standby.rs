//! A standby: another server that follows its primary, commit by commit, until it is promoted.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;

use super::cluster::{Cluster, STANDBY};
use super::server::Server;
use super::{Postgres, START_LIMIT};
use crate::wait::eventually;

const LIMIT: Duration = Duration::from_secs(30);

impl Postgres {
    /// Starts a standby that listens at `address`; what is committed from now on is on its disk first.
    ///
    /// # Errors
    /// When it does not come up, or does not follow.
    pub async fn standby(&self, address: IpAddr) -> anyhow::Result<Arc<Self>> {
        let session = self.superuser().await?;
        session
            .batch_execute("SELECT pg_backup_start('standby', fast => true)")
            .await?;
        let port = self.server.port();
        let cluster = Cluster::copy(&self.cluster, port, address)?;
        let stop = "SELECT labelfile FROM pg_backup_stop(wait_for_archive => false)";
        let label: String = session.query_one(stop, &[]).await?.get(0);
        cluster.begins_at(&label)?;
        let free = crate::port::free().next().context("no free port")?;
        let server = Server::start(&cluster, free, START_LIMIT).await?;
        self.set("synchronous_standby_names", Some(STANDBY)).await?;
        let follows = "SELECT count(*) FROM pg_stat_replication WHERE sync_state = 'sync'";
        eventually(LIMIT, "the standby to follow", async || {
            match session.query_one(follows, &[]).await {
                Ok(row) if row.get::<_, i64>(0) == 1 => Ok(()),
                Ok(_) => Err("it does not".to_owned()),
                Err(error) => Err(error.to_string()),
            }
        })
        .await;
        Ok(Arc::new(Self { server, cluster }))
    }

    /// A standby becomes a primary, and takes writes when this returns.
    ///
    /// # Errors
    /// When it is away, or no standby.
    pub async fn promote(&self) -> anyhow::Result<()> {
        let session = self.superuser().await?;
        let promoted = session.query_one("SELECT pg_promote()", &[]).await?;
        anyhow::ensure!(promoted.get::<_, bool>(0), "it is not promoted in time");
        Ok(())
    }

    /// The port that it listens at.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.server.port()
    }
}
