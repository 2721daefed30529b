//! The loop on a real file: good rules come into force, bad ones leave the last.

use std::fs;
use std::future::ready;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};

use tempfile::TempDir;
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout};

use super::*;
use crate::responder::Question;

const LIMIT: Duration = Duration::from_secs(20);
const FAST: Duration = Duration::from_millis(50);

/// A responder that follows a file, until dropped.
struct Following {
    _folder: TempDir,
    path: PathBuf,
    responder: Responder,
    failures: Arc<AtomicUsize>,
    _task: JoinSet<()>,
}

impl Following {
    fn start(answer: &str) -> Following {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("answers.yaml");
        fs::write(&path, good(answer)).expect("a write");
        let responder = Responder::load(&path).expect("good rules");
        let failures = Arc::new(AtomicUsize::new(0));
        let mut task = JoinSet::new();
        let count = failures.clone();
        task.spawn(responder.clone().follow(FAST, move || {
            count.fetch_add(1, Ordering::SeqCst);
        }));
        Following {
            _folder: folder,
            path,
            responder,
            failures,
            _task: task,
        }
    }

    fn said(&self) -> String {
        let question = Question {
            kind: "message/text",
            text: Some("hello"),
            postback_data: None,
            one_to_one: true,
            stored_language: None,
            profile_language: None,
        };
        let answer = self.responder.answer(&question).expect("a fallback");
        answer.messages.texts().collect()
    }

    /// In one step, so that no count depends on a half-written file.
    fn replace(&self, text: &str) {
        let next = self.path.with_extension("next");
        fs::write(&next, text).expect("a write");
        fs::rename(&next, &self.path).expect("a rename");
    }

    fn failures(&self) -> usize {
        self.failures.load(Ordering::SeqCst)
    }

    /// Waits until the bot says `text` and has counted `failures`.
    async fn until(&self, text: &str, failures: usize) {
        let start = Instant::now();
        while (self.said().as_str(), self.failures()) != (text, failures) {
            let state = (self.said(), self.failures());
            assert!(
                start.elapsed() < LIMIT,
                "still {state:?}, not {:?}",
                (text, failures)
            );
            tokio::task::yield_now().await;
        }
    }
}

fn good(answer: &str) -> String {
    format!("fallback: {{message/text: {{answer: {{th: ก, en: {answer}}}}}}}\n")
}

#[tokio::test]
async fn good_rules_come_into_force_and_bad_ones_leave_the_last() {
    let following = Following::start("one");
    let write = |text: &str| following.replace(text);
    following.until("one", 0).await;
    write(&good("two"));
    following.until("two", 0).await;
    write("fallback: {");
    following.until("two", 1).await;
    write("fallback: {}");
    following.until("two", 2).await;
    fs::remove_file(&following.path).expect("a removal");
    following.until("two", 3).await;
    write(&good("two"));
    write(&good("three"));
    following.until("three", 3).await;
}

#[tokio::test]
async fn the_same_file_with_new_times_is_no_change() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("answers.yaml");
    fs::write(&path, "fallback: {").expect("a write");
    let file = AnswersFile::new(&path);
    let (file, seen) = settle(file, || ready(())).await;
    assert!(seen.is_some(), "the first look");
    fs::write(&path, "fallback: {").expect("a write");
    let (file, seen) = settle(file, || ready(())).await;
    assert!(seen.is_none(), "the same contents");
    fs::write(&path, "").expect("a write");
    let (_, seen) = settle(file, || ready(())).await;
    assert!(seen.is_some(), "other contents");
}

#[tokio::test]
async fn a_half_written_file_is_not_what_comes_into_force() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("answers.yaml");
    let write = |text: &str| fs::write(&path, text).expect("a write");
    let meanwhile = |text: &str| {
        write(text);
        ready(())
    };
    let text = |seen: Option<io::Result<Vec<u8>>>| seen.map(|bytes| bytes.expect("a file"));
    write("old");
    let (file, _) = settle(AnswersFile::new(&path), || ready(())).await;
    write("");
    let (file, seen) = settle(file, || meanwhile("new")).await;
    assert_eq!(text(seen), Some(b"new".to_vec()));
    write("");
    let (file, seen) = settle(file, || meanwhile("new")).await;
    assert_eq!(text(seen), None, "written again as it was");
    // One that never rests is read all the same.
    let turn = AtomicUsize::new(0);
    let never = || meanwhile(&turn.fetch_add(1, Ordering::SeqCst).to_string());
    write("restless");
    let (_, seen) = settle(file, never).await;
    assert_eq!(text(seen), Some(b"8".to_vec()));
}

#[tokio::test]
async fn watching_ends_with_its_token_with_a_file_and_without() {
    let following = Following::start("one");
    for responder in [following.responder.clone(), Responder::built_in()] {
        let stop = CancellationToken::new();
        let watch = responder.watch(stop.clone(), || ());
        stop.cancel();
        timeout(LIMIT, watch).await.expect("the end of the watch");
    }
}

#[test]
fn a_broken_file_at_start_names_every_place() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("answers.yaml");
    fs::write(
        &path,
        "x: 1\nfallback:\n  message/text:\n    answer: [{th: ก}]\n",
    )
    .expect("a write");
    let error = Responder::load(&path)
        .expect_err("a broken file")
        .to_string();
    let said = format!(
        "the answers file {} is broken: line 1, column 1: x is not a key that is known here; those are \
         default_language, rules, fallback; line 4, column 14: fallback.message/text.answer[0].en is missing: \
         every text exists in Thai and English",
        path.display()
    );
    assert_eq!(error, said);
    fs::remove_file(&path).expect("a removal");
    let error = Responder::load(&path).expect_err("no file");
    let cause = error.source().map(ToString::to_string).expect("a cause");
    assert!(
        error
            .to_string()
            .starts_with("cannot read the answers file "),
        "{error}"
    );
    assert!(cause.contains("No such file"), "{cause}");
}
