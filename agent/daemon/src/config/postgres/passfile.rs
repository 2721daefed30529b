//! The password file of libpq (PostgreSQL documentation, "libpq: The Password File"): lines of
//! `host:port:database:user:password`, `*` for any, backslash before `:` and `\`, `#` for a comment. The first line
//! that fits gives the password. A file that others may open is refused, as libpq does.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use super::super::reader::{self, Reader};
use super::super::source::Source;
use super::super::table;
use crate::secret::Secret;

/// The login that a password is sought for.
pub(super) struct Wanted<'a> {
    pub(super) host: &'a str,
    pub(super) port: u16,
    pub(super) database: &'a str,
    pub(super) user: &'a str,
}

/// The password in the file, or a problem noted. `source` is where the path comes from.
pub(super) fn password(
    reader: &mut Reader<'_>,
    path: &Path,
    source: Option<&Source>,
    wanted: &Wanted<'_>,
) -> Option<Secret> {
    let Wanted {
        host,
        port,
        database,
        user,
    } = wanted;
    let reason = match read(reader, path).map(|text| find(&text, wanted)) {
        Ok(Some(password)) => return Some(password),
        Ok(None) => format!("has no line for {host}:{port}:{database}:{user}"),
        Err(reason) => reason,
    };
    let place = reader::place(path, source);
    reader.problem(table::PGPASSFILE.name, format!("{place} {reason}"));
    None
}

fn read(reader: &Reader<'_>, path: &Path) -> Result<String, String> {
    check_mode(path)?;
    let bytes = (reader.read_file)(path).map_err(|error| format!("cannot be read: {error}"))?;
    String::from_utf8(bytes).map_err(|_| "is not UTF-8 text".to_owned())
}

/// Whether only its owner may open the file. One that cannot be looked at fails in the reading, with the cause.
fn check_mode(path: &Path) -> Result<(), String> {
    let Ok(facts) = std::fs::metadata(path) else {
        return Ok(());
    };
    let mode = facts.permissions().mode() & 0o777;
    if !facts.is_file() {
        return Err("is not a plain file".to_owned());
    }
    if mode & 0o077 != 0 {
        return Err(format!(
            "may be opened by group or others (mode {mode:04o}); make it 0600, or give PGPASSWORD_FILE instead"
        ));
    }
    Ok(())
}

fn find(text: &str, wanted: &Wanted<'_>) -> Option<Secret> {
    let port = wanted.port.to_string();
    let wanted = [wanted.host, &port, wanted.database, wanted.user];
    text.lines()
        .filter(|line| !line.starts_with('#'))
        .find_map(|line| {
            let mut rest = line;
            for value in wanted {
                let (field, after) = field(rest);
                let fits = rest.starts_with("*:") || field == value;
                rest = after.filter(|_| fits)?;
            }
            Some(field(rest).0.as_str().into()).filter(|_| !rest.is_empty())
        })
}

/// The text up to the next bare colon, without its backslashes, and what follows the colon.
fn field(text: &str) -> (String, Option<&str>) {
    let mut field = String::new();
    let mut characters = text.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            ':' => return (field, Some(&text[at + 1..])),
            '\\' => field.push(characters.next().map_or('\\', |(_, escaped)| escaped)),
            _ => field.push(character),
        }
    }
    (field, None)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Option<String> {
        let wanted = Wanted {
            host: "db",
            port: 5432,
            database: "shop",
            user: "bot:1",
        };
        find(text, &wanted).map(|secret| secret.expose().to_owned())
    }

    #[test]
    fn the_first_line_that_fits_gives_the_password() {
        for (text, password) in [
            (r"db:5432:shop:bot\:1:pw", Some("pw")),
            (r"*:*:*:*:pw", Some("pw")),
            ("db:5432:shop:*:one\n*:*:*:*:two", Some("one")),
            (
                "# db:*:*:*:comment\n\nother:*:*:*:no\ndb:*:*:*:pw\r\n",
                Some("pw"),
            ),
            (r"db:*:*:*:a\:b\\c\d", Some(r"a:b\cd")),
            (r"db:*:*:*:end\", Some(r"end\")),
            ("db:*:*:*:first:rest", Some("first")),
            ("db:*:*:*:ไทย pass", Some("ไทย pass")),
            (r"\*:*:*:*:pw", None),
            ("*x:*:*:*:pw", None),
            ("db:5433:shop:*:pw", None),
            ("db:5432:shop:bot:1:pw", None),
            ("DB:*:*:*:pw", None),
            ("db:*:*:*:", None),
            ("db:*:*:*", None),
            ("", None),
        ] {
            assert_eq!(found(text).as_deref(), password, "{text}");
        }
    }

    #[test]
    fn a_file_that_others_may_open_is_refused() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("pgpass");
        std::fs::write(&path, "").expect("written");
        for (mode, open) in [
            (0o600, false),
            (0o400, false),
            (0o640, true),
            (0o604, true),
            (0o610, true),
        ] {
            std::fs::set_permissions(&path, PermissionsExt::from_mode(mode)).expect("set");
            assert_eq!(check_mode(&path).is_err(), open, "{mode:o}");
        }
        assert!(
            check_mode(folder.path())
                .expect_err("a folder")
                .contains("not a plain file")
        );
        assert_eq!(check_mode(&folder.path().join("gone")), Ok(()));
    }
}
