//! The agent in a cluster: it obeys its PoolConfig and tells what became of it. Without API server, resources or rights it goes
//! on with what it has.
//!
//! - [`cluster`]: the way to the API server ([`connect`]), and what is said of its troubles ([`trouble`], [`complaints`])
//! - [`obey`]: the reconcile: [`mod@watch`], [`validate`], [`mod@plan`], apply; [`kept`] is the file of what is in force
//! - [`asked`]: what people ask of this pod alone ([`request`])
//! - [`report`]: this pod's PoolInstance; [`instance`] is what it says, [`news`] what its Events say
//! - [`spare`]: whether the release can spare this pod ([`peers`])
//! - [`hold`]: one agent of the release holds its Lease ([`lease`]); [`holder`] then writes the PoolConfig's status ([`summary`])

mod asked;
mod cluster;
mod complaints;
mod connect;
mod hold;
mod holder;
mod instance;
pub(crate) mod kept;
mod lease;
mod merge;
mod news;
mod obey;
mod peers;
mod plan;
mod report;
mod request;
mod skew;
mod spare;
mod summary;
mod trouble;
mod validate;
mod watch;

use std::sync::Arc;

use tokio::sync::{Notify, watch as channel};

use crate::app::standing::Standing;
use crate::canary::Knowledge;
use crate::clock::Clock;
use crate::config::ClusterConfig;
use crate::metrics::Metrics;
use crate::orders::Orders;
use crate::requests::Request;
use asked::Asked;
use cluster::Cluster;
use hold::Hold;
use holder::Holder;
use kept::Kept;
use obey::Obey;
use report::Report;
use spare::Spare;

/// What the rest of the agent knows, and is told.
pub(crate) struct Sides {
    pub(crate) metrics: Metrics,
    pub(crate) clock: Clock,
    pub(crate) kept: Arc<Kept>,
    pub(crate) orders: channel::Sender<Orders>,
    pub(crate) requests: channel::Sender<Option<Request>>,
    pub(crate) standing: channel::Receiver<Option<Standing>>,
    pub(crate) known: Option<channel::Receiver<Knowledge>>,
    /// This agent holds the release's Lease.
    pub(crate) holds: channel::Sender<bool>,
    /// So many peers are well, and this pod can be spared.
    pub(crate) peers: channel::Sender<Option<u32>>,
}

/// The tasks of a member of a release.
pub(crate) struct Member {
    pub(crate) obey: Obey,
    pub(crate) asked: Asked,
    pub(crate) report: Report,
    pub(crate) hold: Hold,
    pub(crate) holder: Holder,
    pub(crate) spare: Spare,
}

impl Member {
    /// Asks nothing yet.
    pub(crate) fn new(config: ClusterConfig, sides: Sides) -> Self {
        let cluster = Cluster::new(config, sides.metrics);
        let kept = sides.kept;
        let obey = Obey::new(
            cluster.clone(),
            Arc::clone(&kept),
            sides.orders,
            sides.requests.clone(),
        );
        let asked = Asked {
            cluster: cluster.clone(),
            kept: Arc::clone(&kept),
            requests: sides.requests,
            ill: channel::Sender::new(None),
        };
        let report = Report {
            cluster: cluster.clone(),
            kept,
            clock: sides.clock,
            followed: obey.followed(),
            standing: sides.standing.clone(),
            known: sides.known.clone(),
            ill_request: asked.ill.subscribe(),
            refresh: Arc::new(Notify::new()),
        };
        let hold = Hold::new(
            cluster.clone(),
            sides.holds.clone(),
            obey.name_in_use.clone(),
        );
        let holder = Holder {
            cluster: cluster.clone(),
            holding: hold.holding(),
            holds: sides.holds.subscribe(),
            followed: obey.followed(),
            standing: sides.standing.clone(),
            known: sides.known,
            refresh_own_report: Arc::clone(&report.refresh),
        };
        let spare = Spare {
            cluster,
            standing: sides.standing,
            peers: sides.peers,
        };
        Self {
            obey,
            asked,
            report,
            hold,
            holder,
            spare,
        }
    }
}
