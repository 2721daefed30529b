//! The table of variables: the one list that the configuration reads by, `--help` prints, and unknown names are
//! compared with. A row here that nothing reads, or the reverse, fails a test. The pool's rows come from `sabai_wire`.

use sabai_wire::settings;

use super::variable::{Group, Need, Variable};
use Need::{Absent, Default, Required};

macro_rules! variables {
    ($($group:ident { $($name:ident $need:expr, $secret:ident, $meaning:literal;)+ })+) => {
        $($(pub(super) static $name: Variable = Variable {
            name: stringify!($name),
            group: Group::$group,
            need: $need,
            secret: secret!($secret),
            meaning: $meaning,
        };)+)+
        static OWN: &[&Variable] = &[$($(&$name),+),+];
    };
}

macro_rules! secret {
    (secret) => {
        true
    };
    (open) => {
        false
    };
}

variables! {
    Postgres {
        PGHOST Required, open, "Name or IP address of the server, one; its certificate must be valid for it.";
        PGPORT Default("5432"), open, "TCP port of the server.";
        PGDATABASE Absent("the same as PGUSER"), open, "Database.";
        PGUSER Required, open, "Role to log in as.";
        PGPASSWORD Absent("PGPASSFILE, or a client certificate"), secret, "Password.";
        PGPASSFILE Absent("PGPASSWORD, or a client certificate"), open,
            "Password file in libpq's format; refused if group or others may open it.";
        PGSSLROOTCERT Required, open,
            "File of the CA certificates (PEM) that alone are trusted, or `system` for the system's.";
        PGSSLCERT Absent("no client certificate"), open, "File of the client certificate (PEM), with PGSSLKEY.";
        PGSSLKEY Absent("no client certificate"), open, "File of its private key (PEM), with PGSSLCERT.";
        PGSSLMODE Default("verify-full"), open, "Only verify-full: TLS is verified or refused.";
    }
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
        SABAI_ADMIN_LISTEN Default("0.0.0.0:9090"), open, "Address of /livez, /readyz and /metrics.";
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
        SABAI_NAMESERVER Absent("the system's"), open, "Name server to resolve by, IP address and port.";
        SABAI_LOG Default("info"), open, "What is logged: a level, or targets with levels (sabai_bot=debug,info).";
        SABAI_LOG_FORMAT Absent("human on a terminal, else json"), open, "json or human.";
        POD_UID Absent("a random one"), open, "Uid of the pod; keeps evacuated webhooks from coming back to it.";
        POD_NAME Absent("no name"), open, "Name of the pod; shown to Postgres as part of application_name.";
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

/// Every variable, in the order of `--help`.
pub fn all() -> impl Iterator<Item = Variable> {
    OWN.iter()
        .copied()
        .copied()
        .chain(settings::FIELDS.iter().map(|field| of_setting(field)))
}

/// A setting of the pool as a variable.
fn of_setting(field: &settings::Field) -> Variable {
    Variable {
        name: field.variable,
        group: Group::Pool,
        need: Default(field.default),
        secret: false,
        meaning: field.meaning,
    }
}
