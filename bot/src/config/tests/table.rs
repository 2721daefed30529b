//! The table of variables is whole and fit to be printed.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::io;

use sabai_daemon::config::{Need, postgres, programs};

use crate::config::{Config, table};

#[test]
fn what_is_read_is_in_the_table_and_the_reverse() {
    let seen = RefCell::new(BTreeSet::new());
    let _ = Config::from_env(
        |name| {
            seen.borrow_mut().insert(name.to_owned());
            None
        },
        |_| Err(io::ErrorKind::NotFound.into()),
    );
    let refused = postgres::refused::REFUSED
        .iter()
        .map(|(name, _)| (*name).to_owned());
    let listed = table::all()
        .flat_map(|variable| [variable.name.to_owned(), format!("{}_FILE", variable.name)]);
    assert_eq!(seen.into_inner(), listed.chain(refused).collect());
}

#[test]
fn the_table_is_fit_to_be_printed() {
    let mut names = BTreeSet::new();
    for variable in table::all() {
        assert!(names.insert(variable.name), "{} twice", variable.name);
        assert!(variable.meaning.ends_with('.'), "{}", variable.name);
        assert!(
            !(variable.secret && matches!(variable.need, Need::Default(_))),
            "a secret has no default"
        );
    }
}

/// Who shares an environment with the bot knows its names by that list.
#[test]
fn the_list_of_the_bot_s_names_is_this_table() {
    let own: BTreeSet<_> = table::OWN.iter().map(|variable| variable.name).collect();
    assert_eq!(programs::BOT.iter().copied().collect::<BTreeSet<_>>(), own);
}
