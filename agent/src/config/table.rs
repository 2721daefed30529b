//! The agent's own variables; with those that it shares with the bot they are the one list that the configuration reads
//! by, `--help` prints, and unknown names are compared with. A row that nothing reads, or the reverse, fails a test.

use Need::{Default, Required};
use sabai_daemon::config::{Need, Variable, table};
use sabai_wire::settings::AGENT_FIELDS;

sabai_daemon::variables! {
    pub(super) static OWN;
    Process {
        SABAI_ADMIN_LISTEN Default("0.0.0.0:9091"), open, "Address of /livez, /readyz and /metrics.";
        SABAI_CONTROL_SOCKET Required, open, "The bot's control socket, with the same path as the bot has it.";
    }
    Probe {
        SABAI_CANARIES Default("off"), open,
            "on: this agent keeps the idle canaries, at most 4 sessions; one agent of a release is enough.";
    }
}

/// Every variable; `--help` sorts them by group.
pub fn all() -> impl Iterator<Item = Variable> {
    let settings = AGENT_FIELDS.iter().map(|field| table::of_setting(field));
    let own = OWN.iter().copied().copied();
    own.chain(settings).chain(table::shared())
}
