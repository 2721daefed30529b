//! A line taken apart into arguments as a shell does it, without all that a shell puts in. Pure.

/// The arguments. What stands in quotes, single or double, is one, or belongs to one.
///
/// # Errors
/// When a quote is not closed.
pub(super) fn split(line: &str) -> Result<Vec<String>, String> {
    let mut words: Vec<String> = Vec::new();
    let (mut quote, mut inside) = (None, false);
    for character in line.chars() {
        match quote {
            Some(open) if character == open => {
                quote = None;
                continue;
            }
            None if character.is_whitespace() => {
                inside = false;
                continue;
            }
            _ => {}
        }
        if !inside {
            words.push(String::new());
            inside = true;
        }
        if quote.is_none() && matches!(character, '\'' | '"') {
            quote = Some(character);
        } else if let Some(word) = words.last_mut() {
            word.push(character);
        }
    }
    match quote {
        Some(open) => Err(format!("a {open} is not closed")),
        None => Ok(words),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_are_split_as_a_shell_splits_them() {
        for (line, expected) in [
            ("", &[][..]),
            ("  get   sabai ", &["get", "sabai"]),
            (
                r#"patch pcfg shop -p '{"spec": {"pool": {}}}'"#,
                &["patch", "pcfg", "shop", "-p", r#"{"spec": {"pool": {}}}"#],
            ),
            (
                r#"-o jsonpath="{.status}" ''"#,
                &["-o", "jsonpath={.status}", ""],
            ),
            (r#"a"b 'c"d"#, &["ab 'cd"]),
        ] {
            assert_eq!(split(line).expect("closed"), expected, "{line}");
        }
        for open in ["'a", "b \"c'"] {
            assert!(split(open).is_err(), "{open}");
        }
    }
}
