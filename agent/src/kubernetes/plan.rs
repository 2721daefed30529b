//! What is done about a PoolConfig: pure. What is in force stays until something valid takes its place.

use super::kept::InForce;

/// How the agent stands to its PoolConfig.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) enum Acceptance {
    /// It has not been seen yet.
    #[default]
    Unseen,
    /// There is none.
    Missing,
    /// It holds what this agent does not know.
    Unsupported(String),
    /// Another release holds the Lease of this name.
    NameInUse,
    /// It is obeyed.
    Valid,
}

/// What is to be done.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Plan {
    /// Nothing changes, for this reason.
    Keep(Acceptance),
    /// These are new, or of an object that was made anew: put them in force.
    Obey(InForce),
    /// They are in force; the object may be another version of the same.
    Hold(InForce),
}

/// Decides. `valid` is what was read, or why it cannot be obeyed.
pub(super) fn plan(
    valid: Result<InForce, Acceptance>,
    in_force: Option<&InForce>,
    name_in_use: bool,
) -> Plan {
    match valid {
        Err(why) => Plan::Keep(why),
        Ok(_) if name_in_use => Plan::Keep(Acceptance::NameInUse),
        // By content, never by generation: an object that is made anew starts at 1 again.
        Ok(found) if in_force.is_some_and(|now| now.spec == found.spec) => Plan::Hold(found),
        Ok(found) => Plan::Obey(found),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn object(uid: &str, generation: i64, max: u16) -> InForce {
        let spec = json!({"pool": {"maxConnections": max}});
        InForce {
            uid: uid.to_owned(),
            generation,
            spec: serde_json::from_value(spec).expect("a spec"),
        }
    }

    #[test]
    fn content_decides_and_nothing_invalid_takes_the_place_of_what_is_in_force() {
        let old = object("a", 4, 16);
        let table = [
            (
                "the first",
                Ok(old.clone()),
                None,
                false,
                Plan::Obey(old.clone()),
            ),
            (
                "the same again",
                Ok(old.clone()),
                Some(&old),
                false,
                Plan::Hold(old.clone()),
            ),
            (
                "changed",
                Ok(object("a", 5, 8)),
                Some(&old),
                false,
                Plan::Obey(object("a", 5, 8)),
            ),
            (
                "made anew with other content",
                Ok(object("b", 1, 8)),
                Some(&old),
                false,
                Plan::Obey(object("b", 1, 8)),
            ),
            (
                "made anew with the same",
                Ok(object("b", 1, 16)),
                Some(&old),
                false,
                Plan::Hold(object("b", 1, 16)),
            ),
            (
                "deleted",
                Err(Acceptance::Missing),
                Some(&old),
                false,
                Plan::Keep(Acceptance::Missing),
            ),
            (
                "not understood",
                Err(Acceptance::Unsupported("pool".to_owned())),
                Some(&old),
                false,
                Plan::Keep(Acceptance::Unsupported("pool".to_owned())),
            ),
            (
                "another release's",
                Ok(object("a", 5, 8)),
                Some(&old),
                true,
                Plan::Keep(Acceptance::NameInUse),
            ),
        ];
        for (what, valid, in_force, name_in_use, expected) in table {
            assert_eq!(plan(valid, in_force, name_in_use), expected, "{what}");
        }
    }
}
