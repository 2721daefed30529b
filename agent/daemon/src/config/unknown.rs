//! Names in the environment that look like ours and are not: a typo must not pass in silence. Only ever a warning,
//! since Kubernetes puts variables of every Service into a pod, and a Service may be called `sabai`.

use std::fmt;

use super::programs;
use super::reader::FILE;
use super::variable::Variable;

/// A name that nothing reads, and the known one it resembles.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownName {
    pub name: String,
    pub nearest: Option<&'static str>,
}

impl fmt::Display for UnknownName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} is not a variable of this program", self.name)?;
        match self.nearest {
            Some(nearest) => write!(f, "; {nearest} is"),
            None => Ok(()),
        }
    }
}

/// The unknown among `names`: those that begin with `SABAI_` or `LINE_CHANNEL_` and are neither of `known`, which this
/// program reads, nor of `others`, which Sabai's other programs read ([`programs`]). In their order.
pub fn unknown_names(
    names: impl IntoIterator<Item = String>,
    known: impl IntoIterator<Item = Variable>,
    others: &[&[&str]],
) -> Vec<UnknownName> {
    let known: Vec<&'static str> = known.into_iter().map(|variable| variable.name).collect();
    let ours = |name: &String| name.starts_with("SABAI_") || name.starts_with("LINE_CHANNEL_");
    let mut unknown = vec![];
    for name in names.into_iter().filter(ours) {
        let plain = name.strip_suffix(FILE).unwrap_or(&name);
        let other = others.iter().any(|names| programs::has(names, plain));
        if !known.contains(&plain) && !other && !is_service_variable(&name) {
            let nearest = nearest(plain, &known);
            unknown.push(UnknownName { name, nearest });
        }
    }
    unknown
}

/// What the kubelet sets for a Service (`{NAME}_SERVICE_HOST`, `{NAME}_SERVICE_PORT[_x]`, `{NAME}_PORT` and the
/// forms of Docker links, `{NAME}_PORT_80_TCP...`): Kubernetes, "Accessing the Service", environment variables.
fn is_service_variable(name: &str) -> bool {
    let mut after_port = name.split("_PORT_").skip(1);
    let link = after_port.any(|rest| {
        let mut words = rest.split('_');
        words
            .next()
            .is_some_and(|port| !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit()))
            && matches!(words.next(), Some("TCP" | "UDP" | "SCTP"))
    });
    name.ends_with("_SERVICE_HOST")
        || name.ends_with("_SERVICE_PORT")
        || name.contains("_SERVICE_PORT_")
        || name.ends_with("_PORT")
        || link
}

/// The known name with the fewest edits to it, if they are few enough to be a typo.
fn nearest(name: &str, known: &[&'static str]) -> Option<&'static str> {
    let few = |edits: &usize| *edits <= (name.len() / 4).max(2);
    let ranked = known.iter().map(|known| (edits(name, known), *known));
    ranked
        .min()
        .filter(|(edits, _)| few(edits))
        .map(|(_, known)| known)
}

/// Levenshtein's distance, in bytes.
fn edits(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.bytes().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.bytes().enumerate() {
            let replaced = diagonal + usize::from(x != y);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Need, table};

    crate::variables! {
        static OWN;
        Process {
            SABAI_LISTEN Need::Required, open, "A row of one program.";
            LINE_CHANNEL_SECRET Need::Required, secret, "Another.";
            LINE_CHANNEL_ACCESS_TOKEN Need::Required, secret, "One more.";
        }
    }

    fn unknown(names: impl IntoIterator<Item = String>) -> Vec<UnknownName> {
        let known = OWN.iter().map(|row| **row).chain(table::shared());
        unknown_names(names, known, &[programs::AGENT, programs::HARNESS])
    }

    fn of(name: &str) -> Option<Option<&'static str>> {
        let unknown = unknown([name.to_owned()]);
        unknown.first().map(|unknown| unknown.nearest)
    }

    #[test]
    fn a_typo_is_told_with_what_was_meant() {
        for (name, nearest) in [
            (
                "SABAI_POOL_MAXCONNECTIONS",
                Some("SABAI_POOL_MAX_CONNECTIONS"),
            ),
            ("SABAI_LISTENS", Some("SABAI_LISTEN")),
            ("SABAI_LEASE_SECONDS_FILE", None),
            ("LINE_CHANNEL_SECRETS", Some("LINE_CHANNEL_SECRET")),
            (
                "LINE_CHANNEL_ACESS_TOKEN_FILE",
                Some("LINE_CHANNEL_ACCESS_TOKEN"),
            ),
            ("SABAI_COMPLETELY_DIFFERENT_THING", None),
        ] {
            assert_eq!(of(name), Some(nearest), "{name}");
        }
    }

    #[test]
    fn what_was_meant_is_said_where_it_is_known() {
        let names = ["SABAI_LISTENS", "SABAI_COMPLETELY_DIFFERENT_THING"];
        let told = unknown(names.map(str::to_owned)).into_iter();
        assert_eq!(
            told.map(|name| name.to_string()).collect::<Vec<_>>(),
            [
                "SABAI_LISTENS is not a variable of this program; SABAI_LISTEN is",
                "SABAI_COMPLETELY_DIFFERENT_THING is not a variable of this program",
            ]
        );
    }

    #[test]
    fn what_is_known_foreign_or_set_by_kubernetes_is_not() {
        for name in [
            "SABAI_LISTEN",
            "SABAI_LISTEN_FILE",
            "LINE_CHANNEL_SECRET_FILE",
            "SABAI_POOL_MIN_IDLE",
            "PATH",
            "LINES",
            "LINE_DESTINATION",
            "SABAI_POOLCONFIG",
            "SABAI_READINESS_POLICY",
            "SABAI_POSTGRES_BIN",
            "SABAI_SERVICE_HOST",
            "SABAI_SERVICE_PORT",
            "SABAI_SERVICE_PORT_HTTP",
            "SABAI_PORT",
            "SABAI_PORT_8080_TCP",
            "SABAI_PORT_8080_TCP_ADDR",
            "SABAI_PORT_8080_TCP_PORT",
            "SABAI_PORT_8080_TCP_PROTO",
            "SABAI_DNS_PORT_53_UDP",
            "SABAI_SHOP_SERVICE_HOST",
        ] {
            assert_eq!(of(name), None, "{name}");
        }
    }
}
