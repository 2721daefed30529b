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
        let (old, new, anew) = (object("a", 4, 16), object("a", 5, 8), object("b", 1, 8));
        let anew_same = object("b", 1, 16);
        let (obey, hold) = (
            |one: &InForce| Plan::Obey(one.clone()),
            |one: &InForce| Plan::Hold(one.clone()),
        );
        let unsupported = Acceptance::Unsupported("pool".to_owned());
        let (missing, in_use) = (Acceptance::Missing, Acceptance::NameInUse);
        let table = [
            ("the first", Ok(&old), None, obey(&old)),
            ("the same again", Ok(&old), Some(&old), hold(&old)),
            ("changed", Ok(&new), Some(&old), obey(&new)),
            (
                "made anew with other content",
                Ok(&anew),
                Some(&old),
                obey(&anew),
            ),
            (
                "made anew with the same",
                Ok(&anew_same),
                Some(&old),
                hold(&anew_same),
            ),
            (
                "deleted",
                Err(&missing),
                Some(&old),
                Plan::Keep(missing.clone()),
            ),
            (
                "not understood",
                Err(&unsupported),
                Some(&old),
                Plan::Keep(unsupported.clone()),
            ),
        ];
        for (what, valid, in_force, expected) in table {
            let valid = valid.cloned().map_err(Clone::clone);
            assert_eq!(plan(valid, in_force, false), expected, "{what}");
        }
        let of_another = plan(Ok(new), Some(&old), true);
        assert_eq!(of_another, Plan::Keep(in_use), "another release's");
    }
}
