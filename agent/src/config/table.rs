//! The agent's own variables; with those that it shares with the bot they are the one list that the configuration reads
//! by, `--help` prints, and unknown names are compared with. A row that nothing reads, or the reverse, fails a test.

use Need::{Absent, Default, Required};
use sabai_daemon::config::{Need, Variable, table};
use sabai_wire::settings::AGENT_FIELDS;

sabai_daemon::variables! {
    pub(super) static OWN;
    Process {
        SABAI_ADMIN_LISTEN Default("0.0.0.0:9091"), open, "Address of /livez, /readyz, /metrics and /version.";
        SABAI_CONTROL_SOCKET Required, open, "The bot's control socket, with the same path as the bot has it.";
    }
    Probe {
        SABAI_CANARIES Absent("in a cluster the Lease holder keeps them, elsewhere nobody"), open,
            "on: this agent keeps the idle canaries, at most 4 sessions; one agent of a release is enough. off: it never does.";
    }
    Cluster {
        SABAI_POOLCONFIG Absent("no Kubernetes: settings by the environment alone"), open,
            "Name of the PoolConfig to obey, in the pod's namespace; its Lease has the same name.";
        POD_UID Absent("required with SABAI_POOLCONFIG"), open, "UID of the pod, who owns its PoolInstance.";
        POD_NAMESPACE Absent("required with SABAI_POOLCONFIG"), open, "Namespace of the pod.";
        NODE_NAME Absent("no name"), open, "Name of the pod's node, shown in its PoolInstance.";
        KUBECONFIG Absent("the pod's own service account"), open,
            "Kubeconfig file of the API server, where the agent is not in a pod.";
        SABAI_REPORT_INTERVAL Default("2m"), open,
            "From one heartbeat of the PoolInstance to the next, 1s to 10m; the Lease is held for 7/4 of it.";
    }
}

/// Every variable; `--help` sorts them by group.
pub fn all() -> impl Iterator<Item = Variable> {
    let settings = AGENT_FIELDS.iter().map(|field| table::of_setting(field));
    let own = OWN.iter().copied().copied();
    own.chain(settings).chain(table::shared())
}
