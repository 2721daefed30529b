//! Questions to LINE: profile, identity, quota, webhook, loading.

use std::time::Duration;

use tokio::time::timeout;

use crate::line::scripted::{Scripted, Step, journal, json, locked};
use crate::line::{Endpoint, Identity, LookupError, Quota, TokenSource};

#[tokio::test]
async fn a_profile_or_none() {
    let whole = r#"{"displayName":"สมชาย","userId":"U1","language":"th","pictureUrl":"p","new":1}"#;
    let script = [
        json(200, whole),
        json(200, r#"{"displayName":"A"}"#),
        json(404, "{}"),
    ];
    let line = Scripted::start(script).await;
    let client = line.client();
    let profile = client
        .profile("U1")
        .await
        .expect("answered")
        .expect("there");
    assert_eq!(profile.display_name, "สมชาย");
    assert_eq!(profile.language.as_deref(), Some("th"));
    let bare = client
        .profile("U1")
        .await
        .expect("answered")
        .expect("there");
    assert_eq!(bare.language, None);
    assert_eq!(client.profile("U1").await.expect("answered"), None);
    assert_eq!(client.profile("../info").await.expect("not asked"), None);
    let requests = line.requests();
    assert_eq!(requests.len(), 3);
    assert!(requests[0].starts_with("GET /v2/bot/profile/U1 HTTP/1.1"));
}

#[tokio::test]
async fn a_member_is_asked_for_where_they_speak() {
    let page = r#"{"displayName":"Mae","userId":"U1","pictureUrl":"p"}"#;
    let line = Scripted::start([json(200, page), json(200, page), json(404, "{}")]).await;
    let (observer, told) = journal();
    let client = line.watched(TokenSource::Fixed("t".into()), observer);
    let of_group = client.group_member("C1", "U1").await.expect("answered");
    let of_room = client.room_member("R1", "U1").await.expect("answered");
    for profile in [of_group, of_room] {
        let profile = profile.expect("there");
        assert_eq!((&*profile.display_name, profile.language), ("Mae", None));
    }
    let left = client.group_member("C1", "U1").await;
    assert_eq!(left.expect("answered"), None);
    let nowhere = client.group_member("../profile", "U1").await;
    assert_eq!(nowhere.expect("not asked"), None);
    let requests = line.requests();
    let paths = requests.iter().map(|request| {
        let path = request.split(' ').nth(1);
        path.expect("a request line")
    });
    let (group, room) = ("/v2/bot/group/C1/member/U1", "/v2/bot/room/R1/member/U1");
    assert_eq!(paths.collect::<Vec<_>>(), [group, room, group]);
    let endpoints: Vec<Endpoint> = locked(&told)
        .iter()
        .map(|(endpoint, _)| *endpoint)
        .collect();
    let (group, room) = (Endpoint::GroupMember, Endpoint::RoomMember);
    assert_eq!(endpoints, [group, room, group]);
}

#[tokio::test]
async fn what_is_no_profile_is_an_error_that_quotes_nothing() {
    let script = [
        json(200, r#"{"displayName":["secret"]}"#),
        json(500, "{}"),
        Step::Close,
    ];
    let line = Scripted::start(script).await;
    let client = line.client();
    let error = client.profile("U1").await.expect_err("not a profile");
    assert!(matches!(error, LookupError::Unreadable { .. }), "{error:?}");
    assert!(!error.to_string().contains("secret"), "{error}");
    let error = client.profile("U1").await.expect_err("LINE is ill");
    assert!(
        matches!(error, LookupError::Refused { status: 500, .. }),
        "{error:?}"
    );
    let error = client.profile("U1").await.expect_err("cut off");
    assert!(
        matches!(error, LookupError::Unreachable { .. }),
        "{error:?}"
    );
}

#[tokio::test]
async fn the_identity_is_asked_for_until_it_is_known() {
    let script = [Step::Close, json(200, r#"{"userId":"U9","basicId":"@x"}"#)];
    let line = Scripted::start(script).await;
    let client = line.client();
    let (mut identity, learner) = Identity::asked();
    assert_eq!(identity.get(), None);
    timeout(Duration::from_secs(10), learner.run(&client))
        .await
        .expect("known after the second answer");
    assert_eq!(identity.known.borrow_and_update().as_deref(), Some("U9"));
    assert_eq!(line.requests().len(), 2);
    assert_eq!(Identity::configured("U8").get().as_deref(), Some("U8"));
}

#[tokio::test]
async fn quota_and_webhook_are_told() {
    let script = [
        json(200, r#"{"type":"limited","value":300}"#),
        json(200, r#"{"totalUsage":12}"#),
        json(200, r#"{"endpoint":"https://h/callback","active":false}"#),
        json(404, "{}"),
    ];
    let line = Scripted::start(script).await;
    let client = line.client();
    let quota = Quota {
        limit: Some(300),
        used: 12,
    };
    assert_eq!(client.quota().await.expect("answered"), quota);
    let webhook = client.webhook_endpoint().await.expect("answered");
    assert!(!webhook.expect("there is one").active);
    assert_eq!(client.webhook_endpoint().await.expect("answered"), None);
}

#[tokio::test]
async fn loading_keeps_to_lines_steps() {
    let line = Scripted::start((0..4).map(|_| json(202, "{}"))).await;
    let client = line.client();
    for (asked, sent) in [(0, 5), (7, 10), (20, 20), (255, 60)] {
        client.loading("U1", asked).await;
        let request = line.requests().pop().expect("a request");
        let wanted = format!(r#"{{"chatId":"U1","loadingSeconds":{sent}}}"#);
        assert!(request.ends_with(&wanted), "{request}");
    }
}
