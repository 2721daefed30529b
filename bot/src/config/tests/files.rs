//! Any variable may be a file.

use super::{problems, read};
use crate::config::table;

#[test]
fn any_variable_may_be_a_file_and_what_a_file_holds_is_not_shown() {
    let files = [
        ("/listen", "127.0.0.1:1\n"),
        ("/max", "20\n"),
        ("/id", "1234567890"),
        ("/key", "private-sekrit"),
    ];
    let changes = [
        ("SABAI_LISTEN_FILE", "/listen"),
        ("SABAI_POOL_MAX_CONNECTIONS_FILE", "/max"),
        ("LINE_CHANNEL_ACCESS_TOKEN", ""),
        ("LINE_CHANNEL_ID_FILE", "/id"),
    ];
    let config = read(&changes, &files).expect("valid");
    assert_eq!(
        (
            config.listen.to_string().as_str(),
            config.database.pool.max_connections()
        ),
        ("127.0.0.1:1", 20)
    );
    for variable in table::all() {
        let name = format!("{}_FILE", variable.name);
        let shown = problems(&[(variable.name, ""), (&name, "/key")], &files).join("\n");
        assert!(!shown.contains("sekrit"), "{name}: {shown}");
    }
}

#[test]
fn a_variable_and_its_file_at_once_are_one_problem() {
    for variable in table::all() {
        let (name, file) = (variable.name, format!("{}_FILE", variable.name));
        let found = problems(&[(name, "x"), (&file, "/x")], &[]);
        let expected = format!("{name}: is set, and so is {file}; give one of them");
        assert_eq!(
            found
                .iter()
                .filter(|line| line.starts_with(name))
                .collect::<Vec<_>>(),
            [&expected]
        );
        let other_half = |line: &&String| !line.starts_with(name) && !line.starts_with("PGSSL");
        let others: Vec<_> = found.iter().filter(other_half).collect();
        assert!(others.is_empty(), "{others:?}");
    }
}
