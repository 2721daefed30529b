//! The variables that bot and agent both know, and the macro by which each adds its own. A table is the one list that
//! the configuration reads by, `--help` prints, and unknown names are compared with. The pool's rows come from
//! `sabai_wire`.

use sabai_wire::settings;

use super::variable::{Group, Need, Variable};
use Need::{Absent, Default, Required};

/// Makes a [`Variable`] of each row, under its own name, and a list of all of them under the name given first.
/// A row is `NAME need, secret|open, "Meaning.";` in the braces of its [`Group`].
#[macro_export]
macro_rules! variables {
    (
        $(#[$doc:meta])* $vis:vis static $all:ident;
        $($group:ident { $($name:ident $need:expr, $secret:ident, $meaning:literal;)+ })+
    ) => {
        $($(
            #[doc = $meaning]
            $vis static $name: $crate::config::Variable = $crate::config::Variable {
                name: stringify!($name),
                group: $crate::config::Group::$group,
                need: $need,
                secret: $crate::variables!(@is $secret),
                meaning: $meaning,
            };
        )+)+
        $(#[$doc])* $vis static $all: &[&$crate::config::Variable] = &[$($(&$name),+),+];
    };
    (@is secret) => { true };
    (@is open) => { false };
}

crate::variables! {
    /// The rows of this file.
    pub static ROWS;
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
    Process {
        SABAI_NAMESERVER Absent("the system's"), open, "Name server to resolve by, IP address and port.";
        SABAI_LOG Default("info"), open,
            "What is logged: a level, or targets with levels (sabai_bot=debug,info); access=debug is a line for each \
             webhook and each call to LINE.";
        SABAI_LOG_FORMAT Absent("human on a terminal, else json"), open, "json or human.";
        POD_NAME Absent("no name"), open, "Name of the pod; shown to Postgres as part of application_name.";
    }
}

/// The rows of this file and those of the pool's settings, in the order of `--help`.
pub fn shared() -> impl Iterator<Item = Variable> {
    let settings = settings::FIELDS.iter().map(|field| of_setting(field));
    ROWS.iter().copied().copied().chain(settings)
}

/// A setting as a variable.
#[must_use]
pub fn of_setting(field: &settings::Field) -> Variable {
    let group = match field.path.split_once('.') {
        Some(("probe", _)) => Group::Probe,
        Some(("recycle", _)) => Group::Recycle,
        Some(("readiness", _)) => Group::Readiness,
        _ => Group::Pool,
    };
    Variable {
        name: field.variable,
        group,
        need: Default(field.default),
        secret: false,
        meaning: field.meaning,
    }
}
