//! The bot's own variables; with those that it shares with the agent they are the one list that the configuration reads
//! by, `--help` prints, and unknown names are compared with. A row that nothing reads, or the reverse, fails a test.

use Need::{Absent, Default, Required};
use sabai_daemon::config::{Need, Variable, table};

sabai_daemon::variables! {
    pub(super) static OWN;
    Line {
        LINE_CHANNEL_SECRET Required, secret,
            "Channel secret that signs the webhooks; two by comma during rotation, the current one first.";
        LINE_CHANNEL_ACCESS_TOKEN Absent("LINE_CHANNEL_ID"), secret, "Long-lived channel access token.";
        LINE_CHANNEL_ID Absent("LINE_CHANNEL_ACCESS_TOKEN"), open,
            "Channel id: stateless access tokens are issued with it and the channel secret.";
        LINE_DESTINATION Absent("asked from LINE once"), open,
            "User id of the bot itself (U and 32 hex digits); what is signed for another is stored and not answered.";
        LINE_API_URL Default("https://api.line.me"), open, "Messaging API.";
        LINE_DATA_API_URL Default("https://api-data.line.me"), open, "Messaging API for contents.";
    }
    Process {
        SABAI_LISTEN Default("0.0.0.0:8080"), open, "Address of the webhook, POST /callback.";
        SABAI_ADMIN_LISTEN Default("0.0.0.0:9090"), open, "Address of /livez, /readyz, /metrics and /version.";
        SABAI_ANSWERS Absent("the built-in answers"), open, "Answers, a YAML file; reread when it changes.";
        SABAI_SPOOL_DIR Absent("no spool: webhooks get 503 while Postgres is away"), open,
            "Folder of this process alone, for webhooks while Postgres is away; a restart with the same folder goes on \
             with them and takes its own work back at once.";
        SABAI_SPOOL_MAX_BYTES Default("1GiB"), open,
            "Most bytes of webhooks on the spool, below the size of its volume; KiB, MiB or GiB.";
        SABAI_PEER_URL Absent("nothing is evacuated"), open,
            "The Service of the bot's own pods, http://name:port: spooled webhooks go there when Postgres stays away.";
        SABAI_CONTROL_SOCKET Absent("no control socket"), open,
            "Unix socket for the agent and `sabai-bot pool`; its folder keeps the settings in force.";
        POD_UID Absent("a random one"), open, "Uid of the pod; keeps evacuated webhooks from coming back to it.";
    }
    Limits {
        SABAI_BODY_LIMIT Default("1MiB"), open, "Largest webhook body; bytes, KiB or MiB.";
        SABAI_HTTP_CONNECTIONS Default("1024"), open, "Most webhook connections open at once.";
        SABAI_LEASE Default("30s"), open,
            "How long a conversation stays with a pod that went silent; renewed at a third; 1s to 1h.";
        SABAI_MAX_ATTEMPTS Default("5"), open, "Attempts before an event becomes a dead letter.";
        SABAI_PUSH_MAX_AGE Default("1h"), open,
            "An older event is not answered by a (paid) push; at most 23h, since LINE forgets retry keys after 24h.";
        SABAI_PUSH_MONTHLY_BUDGET Absent("no limit of ours"), open, "Most push messages a month; 0 for none.";
    }
}

/// Every variable; `--help` sorts them by group.
pub fn all() -> impl Iterator<Item = Variable> {
    OWN.iter().copied().copied().chain(table::shared())
}
