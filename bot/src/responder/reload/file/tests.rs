//! Every way in which a file changes is seen, and nothing is seen twice.

use std::os::unix::fs::symlink;

use tempfile::TempDir;

use super::*;

/// What the next look says.
fn seen(file: &mut AnswersFile) -> Option<Result<String, ErrorKind>> {
    let contents = file.look()?;
    Some(
        contents
            .map_err(|error| error.kind())
            .map(|bytes| String::from_utf8(bytes).expect("UTF-8")),
    )
}

fn folder() -> TempDir {
    tempfile::tempdir().expect("a folder")
}

/// As at the start of the bot.
fn load(path: &Path) -> Result<Rules, AnswersError> {
    let mut file = AnswersFile::new(path);
    let contents = file.look().expect("the first look sees something");
    file.rules(contents)
}

fn contents(text: &str) -> Option<Result<String, ErrorKind>> {
    Some(Ok(text.to_owned()))
}

#[test]
fn a_change_is_seen_once_however_it_is_made() {
    let folder = folder();
    let path = folder.path().join("answers.yaml");
    let write = |text: &str| fs::write(&path, text).expect("a write");
    let mut file = AnswersFile::new(&path);

    assert_eq!(seen(&mut file), Some(Err(ErrorKind::NotFound)));
    assert_eq!(seen(&mut file), None);
    write("one");
    assert_eq!(seen(&mut file), contents("one"));
    assert_eq!(seen(&mut file), None);
    assert_eq!(file.stamp, None, "too young to be known by its times");
    // In place, same length, within the clock's tick.
    write("two");
    assert_eq!(seen(&mut file), contents("two"));
    // New times, same contents.
    write("two");
    assert_eq!(seen(&mut file), None);
    // Replaced, as editors do.
    let next = folder.path().join("next");
    fs::write(&next, "three").expect("a write");
    fs::rename(&next, &path).expect("a rename");
    assert_eq!(seen(&mut file), contents("three"));
    fs::remove_file(&path).expect("a removal");
    assert_eq!(seen(&mut file), Some(Err(ErrorKind::NotFound)));
    assert_eq!(seen(&mut file), None);
    write("three");
    assert_eq!(seen(&mut file), contents("three"));
}

#[test]
fn a_swap_of_kubelets_symlinks_is_seen() {
    let folder = folder();
    let at = |name: &str| folder.path().join(name);
    for (version, text) in [("v1", "one"), ("v2", "two")] {
        fs::create_dir(at(version)).expect("a folder");
        fs::write(at(version).join("answers.yaml"), text).expect("a write");
    }
    symlink("v1", at("..data")).expect("a link");
    symlink("..data/answers.yaml", at("answers.yaml")).expect("a link");
    let mut file = AnswersFile::new(&at("answers.yaml"));
    assert_eq!(seen(&mut file), contents("one"));
    symlink("v2", at("..data_tmp")).expect("a link");
    fs::rename(at("..data_tmp"), at("..data")).expect("a rename");
    assert_eq!(seen(&mut file), contents("two"));
    assert_eq!(seen(&mut file), None);
}

#[test]
fn times_are_trusted_once_they_are_old() {
    let stamp = |changed| Stamp {
        device: 1,
        inode: 2,
        bytes: 3,
        modified: (90, 0),
        changed: (changed, 0),
    };
    let at = |seconds| SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
    let table = [
        (100, 103, true),
        (100, 102, false),
        (100, 100, false),
        (100, 50, false),
        (80, 103, true),
    ];
    for (changed, now, settled) in table {
        assert_eq!(
            stamp(changed).is_settled(at(now)),
            settled,
            "changed {changed}, now {now}"
        );
    }
}

#[test]
fn what_cannot_be_read_is_refused() {
    let folder = folder();
    let path = folder.path().join("answers.yaml");
    let said = |path: &Path| match load(path) {
        Err(AnswersError::Read { source, .. }) => source.to_string(),
        other => panic!("not a reading error: {other:?}"),
    };
    assert_eq!(said(folder.path()), "it is not a regular file");
    fs::write(&path, vec![b'#'; 1024 * 1024 + 1]).expect("a write");
    assert_eq!(said(&path), "it is larger than 1048576 bytes");
    fs::write(&path, b"a: \xE0\xB8\x81\nb: '\xE0\xB8\x81\xFF'\n").expect("a write");
    let error = load(&path).expect_err("not UTF-8").to_string();
    let what = "line 2, column 6: the file is not UTF-8 from here on: save it as UTF-8";
    assert!(error.ends_with(what), "{error}");
}
