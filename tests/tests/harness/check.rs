//! The consistency check sees each kind of trouble: it is what all promises are judged by.

use std::collections::HashMap;
use std::time::{Duration, SystemTime};

use sabai_tests::http::Client;
use sabai_tests::line::{Line, Options};
use sabai_tests::webhook::{Delivery, Event};
use sabai_tests::world::check::{Report, report};
use sabai_tests::world::contract::{Ending, event_key};
use sabai_tests::world::history::History;

/// A history, a stand-in and what a bot might have written; no bot.
struct Bench {
    line: Line,
    history: History,
    endings: HashMap<Vec<u8>, Vec<Ending>>,
}

impl Bench {
    async fn new() -> Self {
        let line = Line::start(Options::default()).await.expect("a free port");
        Self {
            line,
            history: History::default(),
            endings: HashMap::new(),
        }
    }

    fn deliver(&self, event: &Event, outcome: u16) {
        let now = SystemTime::now();
        let delivery = Delivery {
            outcome: Ok(outcome),
            sent_at: now,
            answered_at: now,
            duration: Duration::ZERO,
        };
        self.history.record(std::slice::from_ref(event), &delivery);
    }

    /// LINE accepts an answer, under a token of its own.
    async fn answer(&self, event: &Event) {
        let token = sabai_tests::webhook::id::token();
        self.line
            .issue_reply_token(&token, &event.id, "", SystemTime::now());
        let body =
            format!(r#"{{"replyToken":"{token}","messages":[{{"type":"text","text":"hello"}}]}}"#);
        let request = http::Request::post(format!("{}/v2/bot/message/reply", self.line.url()))
            .header(
                "authorization",
                format!("Bearer {}", self.line.options().access_token),
            )
            .body(body.into())
            .expect("a sound request");
        let response = Client::default()
            .send(request, Duration::from_secs(5))
            .await
            .expect("an answer");
        assert_eq!(response.status(), 200);
    }

    fn settle(&mut self, event: &Event, outcome: &str) {
        let key = event_key(&self.line.options().bot_user_id, &event.id);
        let begun_at = Some(SystemTime::now());
        self.endings.entry(key).or_default().push(Ending {
            outcome: outcome.into(),
            begun_at,
        });
    }

    fn report(&self) -> Report {
        let destination = &self.line.options().bot_user_id;
        self.line
            .journal(|journal| report(&self.history.events(), destination, &self.endings, journal))
    }
}

#[tokio::test]
async fn all_is_well() {
    let mut bench = Bench::new().await;
    let (answered, stored, refused) = (
        Event::text("ann", "1"),
        Event::text("ann", "2"),
        Event::text("ann", "3"),
    );
    for (event, status) in [
        (&answered, 200),
        (&answered.redelivered(), 200),
        (&stored, 200),
        (&refused, 503),
    ] {
        bench.deliver(event, status);
    }
    bench.answer(&answered).await;
    bench.settle(&answered, "answered");
    bench.settle(&stored, "stored_only");
    let report = bench.report();
    assert!(report.is_sound(), "{report}");
    assert_eq!(
        report.json_line(),
        r#"{"sent":3,"acknowledged":2,"answered":1,"lost":0,"duplicates":0,"out_of_order":0}"#
    );
}

#[tokio::test]
async fn what_has_no_end_or_an_imagined_one_is_lost() {
    let mut bench = Bench::new().await;
    let (forgotten, imagined) = (Event::text("ann", "1"), Event::text("ann", "2"));
    bench.deliver(&forgotten, 200);
    bench.deliver(&imagined, 200);
    bench.settle(&imagined, "answered");
    let report = bench.report();
    assert_eq!(
        (report.lost, &report.unsettled, &report.imagined),
        (2, &vec![forgotten.id], &vec![imagined.id])
    );
}

#[tokio::test]
async fn a_second_message_and_a_second_turn_are_duplicates() {
    let mut bench = Bench::new().await;
    let (twice_answered, twice_settled) = (Event::text("ann", "1"), Event::text("ben", "2"));
    for event in [&twice_answered, &twice_settled] {
        bench.deliver(event, 200);
        bench.answer(event).await;
        bench.settle(event, "answered");
    }
    bench.answer(&twice_answered).await;
    bench.settle(&twice_settled, "answered");
    assert_eq!(bench.report().duplicates, 2);
}

#[tokio::test]
async fn the_later_event_answered_first_is_out_of_order() {
    let mut bench = Bench::new().await;
    let early = Event::text("ann", "1");
    let late = Event::text("ann", "2").at(early.timestamp + 5);
    for event in [&late, &early] {
        bench.deliver(event, 200);
    }
    for event in [&late, &early] {
        bench.settle(event, "answered");
        bench.answer(event).await;
    }
    let report = bench.report();
    assert_eq!(
        (report.out_of_order, report.swapped.as_slice()),
        (1, &[(early.id, late.id)][..])
    );
}
