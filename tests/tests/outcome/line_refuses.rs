//! What LINE refuses or cannot be asked (line.md section 7, items 13, 14, 16 and 17): each answer has one consequence,
//! and none of them loses an event.

use std::path::PathBuf;

use sabai_tests::line::faults::{Action, Match, Refusal};
use sabai_tests::line::hold::Stage;
use sabai_tests::line::{Endpoint, Options};
use sabai_tests::scratch::Scratch;
use sabai_tests::webhook::Event;
use sabai_tests::world::contract;

use super::road::Road;
use super::scene::{Scene, options, pushing};

const REPLY: Endpoint = Endpoint::Reply;
const PUSH: Endpoint = Endpoint::Push;

/// Items 13 and 14.
#[tokio::test]
async fn an_expired_reply_token_is_followed_by_one_push_with_the_derived_key() {
    let scene = Scene::new(options()).await;
    let bot = scene.bot().await;
    let hold = scene
        .world
        .line
        .hold(Match::endpoint(REPLY), Stage::BeforeReading);
    let event = scene.text(&bot, "ann").await;
    hold.reached().await;
    scene.world.line.expire_reply_tokens();
    hold.release();
    let turn = scene.ends_as(&event, "answered").await;
    assert_eq!(turn.sent_by.as_deref(), Some("push"));
    assert_eq!(scene.calls(&event), [(REPLY, Some(400)), (PUSH, Some(200))]);
    let calls = scene.calls_in_full(&event);
    let key = contract::retry_key(&scene.world.line.options().bot_user_id, &event.id);
    assert_eq!((calls[0].retry_key, calls[1].retry_key), (None, Some(key)));
    assert_eq!(turn.request_id.as_deref(), Some(&*calls[1].request_id));
    assert_eq!(scene.count("SELECT pushes::int8 FROM push_month").await, 1);
}

/// Item 17: a 401 accepted nothing, and a fresh stateless token is tried at once.
#[tokio::test]
async fn a_stateless_token_that_is_refused_is_replaced_at_once() {
    let id = Options::default().channel_id;
    let options = options()
        .env("LINE_CHANNEL_ACCESS_TOKEN", "")
        .env("LINE_CHANNEL_ID", id);
    let scene = Scene::new(options).await;
    let bot = scene.bot().await;
    let replies = Match::endpoint(REPLY);
    let hold = scene.world.line.hold(replies, Stage::BeforeReading);
    let event = scene.text(&bot, "ann").await;
    hold.reached().await;
    scene.world.line.expire_access_tokens();
    hold.release();
    scene.ends_as(&event, "answered").await;
    assert_eq!(
        scene.calls(&event),
        [(REPLY, Some(401)), (REPLY, Some(200))]
    );
}

#[tokio::test]
async fn a_rotated_token_file_is_read_again() {
    let (scene, token) = with_token_file().await;
    let bot = scene.bot().await;
    let hold = scene
        .world
        .line
        .hold(Match::endpoint(REPLY), Stage::BeforeReading);
    let event = scene.text(&bot, "ann").await;
    hold.reached().await;
    token.write(&scene.world.line.options().access_token);
    hold.release();
    let turn = scene.ends_as(&event, "answered").await;
    assert_eq!(turn.sent_by.as_deref(), Some("reply"));
    let calls = scene.calls(&event);
    assert_eq!(calls.first(), Some(&(REPLY, Some(401))));
    assert_eq!(calls.last(), Some(&(REPLY, Some(200))));
    assert_eq!(scene.accepted(&event), 1);
}

#[tokio::test]
async fn with_a_wrong_token_calls_are_held_back_and_nothing_is_lost() {
    let (scene, token) = with_token_file().await;
    let bot = scene.bot().await;
    let hold = scene
        .world
        .line
        .hold(Match::endpoint(REPLY), Stage::AfterAccepting);
    let mut events = vec![scene.text(&bot, "customer").await];
    hold.reached().await;
    hold.release();
    let uncounted = "SELECT count(*) FROM outbox WHERE reply_attempts = 0";
    scene.counts(uncounted, 1).await;
    for number in 0..20 {
        events.push(scene.text(&bot, &format!("customer {number}")).await);
    }
    let calls = scene
        .world
        .line
        .journal(|journal| journal.to(REPLY).count());
    assert!(calls < 10, "{calls} calls while LINE refuses the token");
    assert_eq!(scene.count("SELECT count(*) FROM event").await, 21);
    assert_eq!(
        scene
            .count("SELECT count(*) FROM event WHERE attempts > 1")
            .await,
        0
    );
    token.write(&scene.world.line.options().access_token);
    for event in &events {
        scene.ends_as(event, "answered").await;
        assert_eq!(scene.accepted(event), 1);
    }
    scene.is_sound().await;
}

struct TokenFile {
    path: PathBuf,
    _folder: Scratch,
}

impl TokenFile {
    fn write(&self, token: &str) {
        let aside = self.path.with_extension("new");
        std::fs::write(&aside, token).expect("a folder of our own");
        std::fs::rename(&aside, &self.path).expect("the same folder");
    }
}

/// The bot's token is in a file, and wrong.
async fn with_token_file() -> (Scene, TokenFile) {
    let folder = Scratch::new("token").expect("a folder");
    let path = folder.path().join("token");
    let token = TokenFile {
        path,
        _folder: folder,
    };
    token.write("wrong");
    let path = token.path.display().to_string();
    let options = options()
        .env("LINE_CHANNEL_ACCESS_TOKEN", "")
        .env("LINE_CHANNEL_ACCESS_TOKEN_FILE", path);
    (Scene::new(options).await, token)
}

#[tokio::test]
async fn forbidden_is_a_dead_letter_and_the_next_event_is_answered() {
    refused(Refusal::Forbidden, "status 403").await;
}

#[tokio::test]
async fn too_large_is_a_dead_letter_and_the_next_event_is_answered() {
    refused(Refusal::TooLarge, "status 413").await;
}

#[tokio::test]
async fn a_bad_request_is_a_dead_letter_and_the_next_event_is_answered() {
    refused(Refusal::BadRequest, "status 400").await;
}

/// Item 17: terminal, with LINE's words; never a push.
async fn refused(refusal: Refusal, detail: &str) {
    let scene = Scene::new(options()).await;
    let bot = scene.bot().await;
    scene.once(REPLY, Action::Refuse(refusal));
    let events = [Event::text("ann", "one"), Event::text("ann", "two")];
    scene.deliver(&bot, &events).await;
    let turn = scene.ends_as(&events[0], "dead_letter").await;
    assert_eq!(turn.reason.as_deref(), Some("refused"));
    scene.ends_as(&events[1], "answered").await;
    assert_eq!(
        scene.calls(&events[0]).len(),
        1,
        "{:?}",
        scene.calls(&events[0])
    );
    let said = format!(
        "SELECT count(*) FROM dead_letter WHERE reason = 'refused' AND detail LIKE '%{detail}%' AND body <> ''"
    );
    assert_eq!(scene.count(&said).await, 1);
    let ended = [("outcome", "dead_letter")];
    scene.metric(&bot, "sabai_events_total", &ended, 1.0).await;
}

/// Item 17: too many calls. The call does not count, so that a push is still allowed.
#[tokio::test]
async fn a_reply_over_the_rate_is_sent_later_and_may_still_become_a_push() {
    let scene = Scene::new(options()).await;
    let bot = scene.bot().await;
    scene.once(REPLY, Action::Refuse(Refusal::RateLimited));
    let event = scene.text(&bot, "ann").await;
    scene.ends_as(&event, "answered").await;
    assert_eq!(
        scene.calls(&event),
        [(REPLY, Some(429)), (REPLY, Some(200))]
    );

    scene.once(REPLY, Action::Refuse(Refusal::RateLimited));
    scene.once(REPLY, Action::Refuse(Refusal::InvalidReplyToken));
    let event = scene.text(&bot, "ben").await;
    scene.ends_as(&event, "answered").await;
    let expected = [(REPLY, Some(429)), (REPLY, Some(400)), (PUSH, Some(200))];
    assert_eq!(scene.calls(&event), expected);
}

#[tokio::test]
async fn a_push_over_the_rate_is_sent_later_with_the_same_key() {
    let scene = Scene::new(pushing()).await;
    let bot = scene.bot().await;
    scene.once(PUSH, Action::Refuse(Refusal::RateLimited));
    let event = scene.text(&bot, "ann").await;
    scene.ends_as(&event, "answered").await;
    let calls = scene.calls_in_full(&event);
    let statuses: Vec<_> = calls.iter().skip(1).map(|call| call.status).collect();
    assert_eq!(statuses, [Some(429), Some(200)]);
    assert_eq!(
        (calls[1].retry_key, &calls[1].body),
        (calls[2].retry_key, &calls[2].body)
    );
}

/// Item 17: the quota endpoints tell this 429 from the other.
#[tokio::test]
async fn a_push_over_the_month_s_quota_is_unanswered_and_seen() {
    let mut options = pushing();
    options.line.monthly_limit = Some(0);
    let scene = Scene::new(options).await;
    let bot = scene.bot().await;
    let event = scene.text(&bot, "ann").await;
    let turn = scene.ends_as(&event, "unanswered").await;
    assert_eq!(turn.reason.as_deref(), Some("quota"));
    assert_eq!(scene.calls(&event), [(REPLY, Some(400)), (PUSH, Some(429))]);
    let ended = [("outcome", "unanswered")];
    scene.metric(&bot, "sabai_events_total", &ended, 1.0).await;
}

#[tokio::test]
async fn while_line_cannot_be_reached_no_call_counts_and_then_it_is_answered() {
    let (scene, mut road) = unreachable().await;
    let bot = scene.bot().await;
    let event = scene.text(&bot, "ann").await;
    scene
        .counts("SELECT count(*) FROM outbox WHERE reply_attempts = 0", 1)
        .await;
    road.open_to_line(&scene.world.line).await;
    scene.ends_as(&event, "answered").await;
    assert_eq!(scene.calls(&event), [(REPLY, Some(200))]);
}

#[tokio::test]
async fn a_push_is_still_allowed_after_line_could_not_be_reached() {
    let (scene, mut road) = unreachable().await;
    let bot = scene.bot().await;
    let event = scene.text(&bot, "ann").await;
    scene
        .counts("SELECT count(*) FROM outbox WHERE reply_attempts = 0", 1)
        .await;
    scene.world.line.expire_reply_tokens();
    road.open_to_line(&scene.world.line).await;
    scene.ends_as(&event, "answered").await;
    assert_eq!(scene.calls(&event), [(REPLY, Some(400)), (PUSH, Some(200))]);
}

async fn unreachable() -> (Scene, Road) {
    let road = Road::closed();
    let scene = Scene::new(options().env("LINE_API_URL", road.url())).await;
    (scene, road)
}
