//! A channel access token kept in a file, as a mounted secret is. It is read
//! again by whoever finds it old; nothing watches it.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::time::{Instant, timeout_at};

use super::{Token, TokenError, bearer};
use crate::line::Secret;
use crate::line::answer::bounded;

/// A file is looked at again when it was last read this long ago, and at once
/// when LINE refuses its token.
const FILE_AGE: Duration = Duration::from_secs(1);
/// Many times the longest token.
const FILE_LIMIT: u64 = 16 * 1024;

pub(super) async fn read(path: PathBuf, deadline: Instant) -> Result<Token, TokenError> {
    let unavailable = |why: &str| {
        TokenError::Unavailable(bounded(&format!(
            "cannot read the access token's file: {why}"
        )))
    };
    let read = tokio::task::spawn_blocking(move || text_of(&path));
    let text = timeout_at(deadline, read)
        .await
        .map_err(|_| unavailable("not read before the deadline"))?
        .map_err(|_| unavailable("the reader panicked"))?
        .map_err(|error| unavailable(&error.to_string()))?;
    Ok(Token {
        bearer: bearer(&Secret::from(text.trim()))
            .ok_or_else(|| unavailable("it holds no token"))?,
        renew_at: Some(Instant::now() + FILE_AGE),
        // A file that is away for a moment takes nothing back.
        ends_at: None,
    })
}

fn text_of(path: &Path) -> std::io::Result<String> {
    let mut text = String::new();
    File::open(path)?
        .take(FILE_LIMIT)
        .read_to_string(&mut text)?;
    Ok(text)
}
