//! How each mishap is made, and taken back.

use std::net::SocketAddr;

use anyhow::Context;
use tokio::time::timeout;

use super::ground::State;
use super::{Ground, Mishap};
use crate::gate::Fault;
use crate::postgres::Stop;
use crate::postgres::certificates::Presents;
use crate::preload::{Disk, Preload};
use crate::process::{Signal, send};
use crate::wait::eventually;

/// Our own sessions: not the harness's.
const OURS: &str = "datname = current_database() AND application_name LIKE 'sabai/%'";
const LIMIT: std::time::Duration = std::time::Duration::from_secs(20);

impl Ground {
    /// Makes it happen. Several may be in force at a time.
    ///
    /// # Errors
    /// When it cannot be made, as when the server it happens to is away or stands still.
    pub async fn inflict(&self, mishap: Mishap) -> anyhow::Result<()> {
        let mut state = self.state.lock().await;
        let lasts = timeout(LIMIT, self.happen(mishap, &mut state)).await;
        let lasts = lasts
            .context("the server does not answer: heal what keeps it from that first")
            .flatten()
            .with_context(|| format!("inflict {}", mishap.name()))?;
        if lasts && !state.in_force.contains(&mishap) {
            state.in_force.push(mishap);
        }
        Ok(())
    }

    /// Whether it lasts until it is healed.
    async fn happen(&self, mishap: Mishap, state: &mut State) -> anyhow::Result<bool> {
        match mishap {
            Mishap::Reset => self.gate.existing(Fault::Reset),
            Mishap::Closed => self.gate.existing(Fault::Close),
            Mishap::Dropped => self.gate.existing(Fault::Drop),
            Mishap::Stalled => self.gate.existing(Fault::Stall),
            Mishap::Swallowed => self.gate.existing(Fault::SwallowAnswers),
            Mishap::CloseNotify => self.close_in_order().await,
            Mishap::RestartFast => self.postgres.restart(Stop::Fast).await?,
            Mishap::RestartImmediate => self.postgres.restart(Stop::Immediate).await?,
            Mishap::Killed => {
                self.postgres.kill().await;
                self.postgres.start_again().await?;
            }
            Mishap::Certificate => self.present(Presents::Trusted).await?,
            Mishap::Terminated => {
                self.sql(&format!(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {OURS}"
                ))
                .await?;
            }
            Mishap::Migration => self.migrate().await?,
            lasting => return self.last(lasting, state).await.map(|()| true),
        }
        Ok(false)
    }

    async fn last(&self, mishap: Mishap, state: &mut State) -> anyhow::Result<()> {
        match mishap {
            Mishap::DroppedAll => self.gate.all(Fault::Drop).await,
            Mishap::StalledAll => self.gate.all(Fault::Stall).await,
            Mishap::PlaintextByte => {
                self.gate
                    .new_connections(Fault::AnswerSslRequest(b"SR"))
                    .await;
                self.lose_one();
            }
            Mishap::FrozenBackends => {
                let session = self.database.superuser().await?;
                let rows = session
                    .query(
                        &format!("SELECT pid FROM pg_stat_activity WHERE {OURS}"),
                        &[],
                    )
                    .await?;
                let pids: Vec<u32> = rows
                    .iter()
                    .filter_map(|row| u32::try_from(row.get::<_, i32>(0)).ok())
                    .collect();
                freeze(state, &pids);
            }
            Mishap::FrozenServer => {
                freeze(state, &[self.postgres.pid()?]);
                self.lose_one();
            }
            Mishap::Gone => self.postgres.stop(Stop::Immediate).await?,
            Mishap::Expired => self.present(Presents::Expired).await?,
            Mishap::WrongName => self.present(Presents::WrongName).await?,
            Mishap::Untrusted => self.present(Presents::Untrusted).await?,
            Mishap::NoTls => self.present(Presents::Plaintext).await?,
            Mishap::SpoolFull => self.spool.disk(Disk::Full),
            Mishap::SpoolReadOnly => self.spool.disk(Disk::ReadOnly),
            Mishap::SpoolFails => self.spool.disk(Disk::SyncsFail),
            Mishap::SpoolHangs => self.spool.disk(Disk::SyncsHang),
            Mishap::Locked => {
                let holder = self.database.superuser().await?;
                holder
                    .batch_execute("BEGIN; LOCK TABLE event IN SHARE ROW EXCLUSIVE MODE")
                    .await?;
                state.holder = Some(holder);
            }
            Mishap::DiskFull => {
                let disk = self.postgres.faults();
                let disk = disk.context("the server was started without faults of its disk")?;
                disk.disk(Disk::Full);
            }
            Mishap::Deadlock => self.fail("40P01").await?,
            Mishap::Serialization => self.fail("40001").await?,
            within => self.within(within).await?,
        }
        Ok(())
    }

    /// What the server is told by SQL; sessions that exist are ended where only new ones meet it.
    async fn within(&self, mishap: Mishap) -> anyhow::Result<()> {
        let (name, role) = (&self.database.name, &self.database.user);
        let sql = match mishap {
            Mishap::IdleTimeout => {
                format!("ALTER DATABASE {name} SET idle_session_timeout = '300ms'")
            }
            Mishap::ReadOnly => {
                format!("ALTER DATABASE {name} SET default_transaction_read_only = on")
            }
            Mishap::Password => format!("ALTER ROLE {role} PASSWORD 'another'"),
            Mishap::NoLogin => format!("ALTER ROLE {role} NOLOGIN"),
            Mishap::TooMany => format!("ALTER DATABASE {name} CONNECTION LIMIT 1"),
            Mishap::Standby => return self.standby("nobody").await,
            other => anyhow::bail!("{} is made in another way", other.name()),
        };
        self.sql(&sql).await?;
        match mishap {
            // The others keep what works: one session is lost, so that a new one is wanted.
            Mishap::IdleTimeout | Mishap::ReadOnly => self.gate.existing(Fault::Reset),
            _ => self.lose_one(),
        }
        Ok(())
    }

    /// Takes back everything that is in force.
    ///
    /// # Errors
    /// When the server does not come back.
    pub async fn heal(&self) -> anyhow::Result<()> {
        let mut state = self.state.lock().await;
        self.spool.heal();
        self.postgres.faults().into_iter().for_each(Preload::heal);
        state
            .frozen
            .drain(..)
            .for_each(|pid| send(pid, Signal::Continue));
        state.holder = None;
        state.idle_limit = None;
        self.gate.heal().await;
        self.gate
            .lead_to(SocketAddr::from(([127, 0, 0, 1], self.database.port)));
        // Something else may have started it again meanwhile.
        let gone = state.in_force.contains(&Mishap::Gone) && self.postgres.pid().is_err();
        if gone {
            self.postgres.start_again().await?;
        }
        for mishap in state.in_force.drain(..) {
            self.take_back(mishap)
                .await
                .with_context(|| format!("heal {}", mishap.name()))?;
        }
        Ok(())
    }

    async fn take_back(&self, mishap: Mishap) -> anyhow::Result<()> {
        let (name, role, password) = (
            &self.database.name,
            &self.database.user,
            &self.database.password,
        );
        let sql = match mishap {
            Mishap::Expired | Mishap::WrongName | Mishap::Untrusted | Mishap::NoTls => {
                return self.present(Presents::Trusted).await;
            }
            Mishap::Standby => return self.standby("").await,
            Mishap::Deadlock | Mishap::Serialization => {
                "SET lock_timeout = '10s'; DROP TRIGGER IF EXISTS mishap ON event; DROP TRIGGER IF EXISTS mishap ON turn".to_owned()
            }
            Mishap::IdleTimeout => format!("ALTER DATABASE {name} RESET idle_session_timeout"),
            Mishap::ReadOnly => format!("ALTER DATABASE {name} RESET default_transaction_read_only"),
            Mishap::Password => format!("ALTER ROLE {role} PASSWORD '{password}'"),
            Mishap::NoLogin => format!("ALTER ROLE {role} LOGIN"),
            Mishap::TooMany => format!("ALTER DATABASE {name} CONNECTION LIMIT -1"),
            _ => return Ok(()),
        };
        self.sql(&sql).await?;
        if matches!(mishap, Mishap::IdleTimeout | Mishap::ReadOnly) {
            // Sessions keep what they began with.
            self.gate.existing(Fault::Reset);
        }
        Ok(())
    }

    async fn sql(&self, sql: &str) -> anyhow::Result<()> {
        let session = self.database.superuser().await?;
        // The mishap may be that nothing can be written, or that commits hang.
        let regardless = "SET default_transaction_read_only = off; SET synchronous_commit = local";
        session.batch_execute(regardless).await?;
        Ok(session.batch_execute(sql).await?)
    }

    async fn present(&self, presents: Presents) -> anyhow::Result<()> {
        self.postgres.present(presents).await?;
        self.lose_one();
        Ok(())
    }

    /// One session ends, so that the pool wants a new one.
    fn lose_one(&self) {
        if let Some(connection) = self.gate.connections().first() {
            connection.inflict(Fault::Reset);
        }
    }

    /// Sessions are led through a gate that speaks TLS itself, which then says goodbye in order.
    async fn close_in_order(&self) {
        self.gate.lead_to(self.inner.addr());
        let before = self.inner.accepted();
        self.gate.existing(Fault::Reset);
        eventually(LIMIT, "sessions by the other way", async || {
            match self.inner.accepted() {
                now if now > before => Ok(()),
                now => Err(now),
            }
        })
        .await;
        self.gate
            .lead_to(SocketAddr::from(([127, 0, 0, 1], self.database.port)));
        self.inner.existing(Fault::CloseNotify);
    }

    async fn standby(&self, names: &str) -> anyhow::Result<()> {
        // In the server's own database: nothing of ours waits for itself. A change of its own commits at once.
        let session = self.postgres.superuser().await?;
        session
            .batch_execute("SET synchronous_commit = local")
            .await?;
        session
            .batch_execute(&format!(
                "ALTER SYSTEM SET synchronous_standby_names = '{names}'"
            ))
            .await?;
        session.batch_execute("SELECT pg_reload_conf()").await?;
        Ok(())
    }

    /// Every second statement that stores an event or a turn fails with this SQLSTATE.
    async fn fail(&self, sqlstate: &str) -> anyhow::Result<()> {
        self.sql(&format!(
            "CREATE SEQUENCE IF NOT EXISTS mishap_turn;
             GRANT USAGE ON SEQUENCE mishap_turn TO PUBLIC;
             CREATE OR REPLACE FUNCTION mishap() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
                 IF nextval('mishap_turn') % 2 = 0 THEN
                     RAISE EXCEPTION 'a mishap' USING ERRCODE = '{sqlstate}';
                 END IF;
                 RETURN NULL; END $$;
             SET lock_timeout = '10s';
             CREATE OR REPLACE TRIGGER mishap AFTER INSERT ON event EXECUTE FUNCTION mishap();
             CREATE OR REPLACE TRIGGER mishap AFTER INSERT ON turn EXECUTE FUNCTION mishap()"
        ))
        .await
    }

    async fn migrate(&self) -> anyhow::Result<()> {
        self.sql(
            "SET lock_timeout = '10s';
             ALTER TABLE event ADD COLUMN IF NOT EXISTS of_a_later_version text;
             ALTER TABLE event DROP COLUMN of_a_later_version;
             ALTER TABLE turn ADD COLUMN IF NOT EXISTS of_a_later_version text;
             ALTER TABLE turn DROP COLUMN of_a_later_version",
        )
        .await
    }
}

fn freeze(state: &mut State, pids: &[u32]) {
    pids.iter().for_each(|pid| send(*pid, Signal::Stop));
    state.frozen.extend(pids);
}
