//! Who speaks in a group or room need be no friend of the account: the name comes from the group or room itself.

use sabai_tests::line::{Endpoint, Profile};
use sabai_tests::webhook::{Chat, Event, Kind, id};
use sabai_tests::world::World;

use super::scene::{becomes, inside, quiet, taken, texts, world};

const NAMES: &str = "SELECT display_name FROM turn WHERE user_id = $1 ORDER BY event";
const LANGUAGE: &str = "SELECT profile_language FROM person WHERE user_id = $1";

fn profile(name: &str, language: Option<&str>) -> Option<Profile> {
    Some(Profile {
        display_name: name.to_owned(),
        language: language.map(str::to_owned),
    })
}

/// Waits until the turns of `user` have these names.
async fn named(world: &World, user: &str, names: &[&str]) {
    let expected: Vec<_> = names.iter().map(|name| Some((*name).to_owned())).collect();
    becomes("the names of the turns", expected, async || {
        texts(world, NAMES, &[&user]).await
    })
    .await;
}

/// How often LINE was asked about `user`: as a friend, as a member of a group, of a room.
fn asked(world: &World, user: &str) -> [usize; 3] {
    let endpoints = [
        Endpoint::Profile,
        Endpoint::GroupMember,
        Endpoint::RoomMember,
    ];
    endpoints.map(|endpoint| {
        world.line.journal(|journal| {
            let about = journal
                .to(endpoint)
                .filter(|call| call.chat.as_deref() == Some(user));
            about.count()
        })
    })
}

#[tokio::test]
async fn a_member_who_is_no_friend_has_a_name() {
    let world = world().await;
    let bot = world.bot().await.expect("the bot starts");
    let webhook = world.webhook(&bot);
    for (name, chat, calls) in [
        ("mae", Chat::group("family", Some("mae")), [0, 1, 0]),
        ("pim", Chat::room("old", Some("pim")), [0, 0, 1]),
    ] {
        let user = id::user(name);
        world.line.set_profile(&user, profile(name, None));
        world.line.set_stranger(&user);
        let mut names = vec![];
        for text in ["hello", "hello again"] {
            taken(&world, &webhook, &[Event::new(&chat, Kind::text(text))]).await;
            // A message that comes before the name is kept asks for it again.
            names.push(name);
            named(&world, &user, &names).await;
        }
        assert_eq!(
            asked(&world, &user),
            calls,
            "{name}: once, where they speak"
        );
    }
}

#[tokio::test]
async fn a_friend_who_speaks_in_a_group_keeps_the_language_of_the_profile() {
    let world = world().await;
    let bot = world.bot().await.expect("the bot starts");
    let webhook = world.webhook(&bot);
    let ben = id::user("ben");
    world.line.set_profile(&ben, profile("Ben", Some("en")));
    taken(&world, &webhook, &[Event::text("ben", "hello")]).await;
    named(&world, &ben, &["Ben"]).await;
    let known = [Some("en".to_owned())];
    assert_eq!(texts(&world, LANGUAGE, &[&ben]).await, known);

    quiet(&world).await;
    let old = "UPDATE person SET fetched_at = fetched_at - interval '2 days' WHERE user_id = $1";
    let aged = inside(&world).await.execute(old, &[&ben]).await;
    assert_eq!(aged.expect("the person is known"), 1);
    world
        .line
        .set_profile(&ben, profile("Benjamin", Some("en")));
    let family = Chat::group("family", Some("ben"));
    taken(
        &world,
        &webhook,
        &[Event::new(&family, Kind::text("hello"))],
    )
    .await;
    let name = "SELECT display_name FROM person WHERE user_id = $1";
    let renamed = vec![Some("Benjamin".to_owned())];
    becomes("the new name", renamed, async || {
        texts(&world, name, &[&ben]).await
    })
    .await;
    assert_eq!(texts(&world, LANGUAGE, &[&ben]).await, known);
    assert_eq!(asked(&world, &ben), [1, 1, 0]);
}

#[tokio::test]
async fn who_was_first_seen_in_a_group_is_asked_for_the_language_when_they_write_themselves() {
    let world = world().await;
    let bot = world.bot().await.expect("the bot starts");
    let webhook = world.webhook(&bot);
    let joy = id::user("joy");
    world.line.set_profile(&joy, profile("Joy", Some("en")));
    let group = Chat::group("family", Some("joy"));
    taken(&world, &webhook, &[Event::new(&group, Kind::text("hello"))]).await;
    named(&world, &joy, &["Joy"]).await;
    taken(&world, &webhook, &[Event::text("joy", "hello")]).await;
    becomes(
        "the language of the profile",
        vec![Some("en".to_owned())],
        async || texts(&world, LANGUAGE, &[&joy]).await,
    )
    .await;
}
