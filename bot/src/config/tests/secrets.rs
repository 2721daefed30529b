//! Nothing that is printed holds a secret.

use super::{problems, read};
use crate::config::table;

#[test]
fn no_secret_is_ever_printed() {
    let config = read(
        &[("LINE_CHANNEL_SECRET_FILE", ""), ("POD_NAME", "pod-1")],
        &[],
    )
    .expect("valid");
    let target = config.database.postgres.target();
    let printed = format!(
        "{config:?} {config:#?} {} {:?}",
        config.summary(),
        config.warnings()
    );
    assert!(!printed.contains("sekrit"), "{printed}");
    // The file of the CA is read at start alone, so the target is whole without it.
    let printed = format!(
        "{:?} {:?} {:?}",
        target.expect("whole"),
        config.line.secrets(),
        config.line.token_source()
    );
    assert!(!printed.contains("sekrit"), "{printed}");
    assert_eq!(config.summary().lines().count(), 1);
    for secret in table::all().filter(|variable| variable.secret) {
        for value in [
            "sekrit\n",
            "sekrit sekrit\u{1}",
            "sekrit,sekrit,sekrit",
            "sekrit\0",
        ] {
            let shown = problems(&[(secret.name, value)], &[]).join("\n");
            assert!(!shown.contains("sekrit"), "{}: {shown}", secret.name);
        }
    }
}
