//! The LINE stand-in keeps LINE's rules (line.md sections 2 and 7) and fails as told.

mod caller;
mod interruptions;
mod limits;
mod pages;
mod profiles;
mod sending;

use std::time::SystemTime;

use caller::Caller;
use sabai_tests::webhook::id;

/// A fresh reply token for `event`.
fn token(caller: &Caller, event: &str) -> String {
    let token = id::token();
    caller
        .line
        .issue_reply_token(&token, event, &id::user("ann"), SystemTime::now());
    token
}
