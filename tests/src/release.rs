//! A release of Sabai in a namespace of a real API server: pods of a bot and an agent each, as processes beside pods that no kubelet
//! runs, each on a gate of its own before one Postgres; the release's PoolConfig, its rights, and a load that meets one of the bots.

mod asking;
mod member;
mod pod;
mod rights;
mod setup;

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{SemaphorePermit, watch};

use crate::gate::Gate;
use crate::kubernetes::Namespace;
use crate::load::{Load, Summary};
use crate::postgres::Postgres;
use crate::webhook::Webhook;
use crate::world::World;

pub use member::Member;
pub use pod::Pod;
pub use rights::Rights;
pub use setup::{Setup, cluster, pool_config, server, setup, short_times};

/// For whatever must come about on a busy machine.
pub const LIMIT: Duration = Duration::from_secs(60);

/// A release.
pub struct Release {
    // Dropped from the top: the load goes before the pods, these before what they need.
    pub load: Load,
    pub members: Vec<Member>,
    pub namespace: Arc<Namespace>,
    /// Of the release, its PoolConfig and its Lease.
    pub name: String,
    /// Between the agents and the API server.
    pub api: Gate,
    pub postgres: Arc<Postgres>,
    pub world: Arc<World>,
    address: watch::Sender<Option<Webhook>>,
    /// Nothing for one that stands beside another, which has it.
    _turn: Option<SemaphorePermit<'static>>,
}

impl Release {
    /// The first pod's.
    #[must_use]
    pub fn first(&self) -> &Member {
        &self.members[0]
    }

    /// LINE's webhooks go to this pod from now on, as by a Service.
    pub fn lead_to(&self, member: &Member) {
        let webhook = self.world.webhook(&member.bot);
        self.address.send_replace(Some(webhook));
    }

    /// Ends the load, and gives all answers to it; nothing is lost, nothing doubled, everything answered in order, and every agent
    /// still runs.
    ///
    /// # Panics
    /// When that is not so.
    #[expect(clippy::print_stdout, reason = "the figures of a run")]
    pub async fn ends(self) -> Summary {
        let summary = self.load.stop().await;
        let report = self.world.settled(LIMIT).await;
        let test = std::thread::current().name().unwrap_or_default().to_owned();
        println!("{test}: {summary}; {report}");
        assert!(report.is_sound(), "{report}");
        assert_eq!(report.answered, report.sent, "{report}");
        for member in &self.members {
            let status = member.agent.exit_status();
            assert_eq!(status, None, "{}", member.agent.log().tail());
        }
        summary
    }

    /// The same, and every webhook was answered 200 in time: nobody has noticed anything.
    ///
    /// # Panics
    /// When that is not so.
    pub async fn ends_well(self) {
        self.ends().await.all_answered(&[200]);
    }
}
