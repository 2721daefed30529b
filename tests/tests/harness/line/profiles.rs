//! Whom the stand-in tells about, and what (line.md section 2): friends by themselves, members where they are.

use sabai_tests::line::{Options, Profile};
use sabai_tests::webhook::id;
use serde_json::json;

use super::caller::{Caller, channel};

/// The paths that may tell about `user`: as a friend, as a member of a group, of a room.
fn paths(user: &str) -> [String; 3] {
    [
        format!("/v2/bot/profile/{user}"),
        format!("/v2/bot/group/{}/member/{user}", id::group("family")),
        format!("/v2/bot/room/{}/member/{user}", id::room("old")),
    ]
}

async fn statuses(caller: &Caller, user: &str) -> [u16; 3] {
    let mut statuses = [0; 3];
    for (status, path) in statuses.iter_mut().zip(paths(user)) {
        *status = caller.get(&path).await.status;
    }
    statuses
}

#[tokio::test]
async fn a_friend_has_a_language_and_a_member_has_none() {
    let caller = channel(Options::default()).await;
    let ann = id::user("ann");
    let profile = Profile {
        display_name: "Ann".into(),
        language: Some("th".into()),
    };
    caller.line.set_profile(&ann, Some(profile));
    let picture = format!("https://profile.line-scdn.net/{ann}");
    let member = json!({ "userId": ann, "displayName": "Ann", "pictureUrl": picture });
    let mut friend = member.clone();
    friend["language"] = "th".into();
    for (path, page) in paths(&ann).into_iter().zip([&friend, &member, &member]) {
        assert_eq!(&caller.get(&path).await.json, page, "{path}");
    }
}

#[tokio::test]
async fn of_a_stranger_only_groups_and_rooms_tell_and_of_nobody_none() {
    let caller = channel(Options::default()).await;
    let (mae, gone) = (id::user("mae"), id::user("gone"));
    assert_eq!(statuses(&caller, &mae).await, [200, 200, 200]);
    caller.line.set_stranger(&mae);
    assert_eq!(statuses(&caller, &mae).await, [404, 200, 200]);
    caller.line.set_profile(&gone, None);
    assert_eq!(statuses(&caller, &gone).await, [404, 404, 404]);
    let swapped = format!("/v2/bot/group/{}/member/{mae}", id::room("old"));
    assert_eq!(caller.get(&swapped).await.status, 404, "a room is no group");
}
