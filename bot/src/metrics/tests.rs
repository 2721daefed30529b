//! The text that Prometheus reads: names, labels, suffixes.

use sabai_daemon::metrics::page;

use super::*;

fn used() -> Metrics {
    let metrics = Metrics::default();
    let ms = Duration::from_millis;
    metrics.webhook(200, ms(3));
    metrics.webhook(599, ms(1_400));
    metrics.event(EventOutcome::DeadLetter);
    metrics.intake_batch(7);
    metrics.queue(4, Some(1_763_888_000.5));
    metrics.left_over(1, 2);
    metrics.line("reply", "accepted");
    metrics.line_quota_used(Some(0.25));
    metrics.answers_reload_failed();
    metrics.answer("rules", "matched");
    metrics.spool(4096, 7, Some(1_763_888_000.5));
    metrics.spool_evacuated(3);
    metrics.spool_abandoned(2);
    metrics.spool_set_aside(4);
    metrics.spool_set_aside(5);
    metrics.spool_rejected();
    metrics.pool_connections("idle", 3);
    metrics.pool_max(16);
    metrics.pool_old_sessions(2);
    metrics.recycle("Refresh", "Requested", "Completed");
    metrics.acquire(ms(1));
    metrics.statement("queue.claim", ms(2));
    metrics.retry("Severed");
    metrics.fault("TimedOut");
    metrics.settings("00000000".to_owned());
    metrics.settings("3f9ad2c1".to_owned());
    metrics
}

#[test]
fn each_fact_stands_under_its_name() {
    let text = used().encode();
    for line in [
        r#"sabai_webhook_responses_total{code="200"} 1"#,
        r#"sabai_webhook_responses_total{code="other"} 1"#,
        r#"sabai_webhook_duration_seconds_bucket{le="1.3"} 1"#,
        r#"sabai_webhook_duration_seconds_bucket{le="1.5"} 2"#,
        r#"sabai_events_total{outcome="answered"} 0"#,
        r#"sabai_events_total{outcome="dead_letter"} 1"#,
        r#"sabai_intake_batch_events_bucket{le="8.0"} 1"#,
        "sabai_queue_depth 4",
        "sabai_queue_oldest_timestamp_seconds{} 1763888000.5",
        "sabai_dead_letters 1",
        "sabai_unknowns 2",
        r#"sabai_line_requests_total{endpoint="reply",outcome="accepted"} 1"#,
        "sabai_line_quota_used_ratio{} 0.25",
        "sabai_answers_reload_failures_total 1",
        r#"sabai_answers_total{responder="rules",outcome="matched"} 1"#,
        "sabai_spool_bytes 4096",
        "sabai_spool_events 7",
        "sabai_spool_oldest_timestamp_seconds{} 1763888000.5",
        "sabai_spool_evacuated_events_total 3",
        "sabai_spool_abandoned_events_total 2",
        "sabai_spool_rejected_records_total 6",
        r#"sabai_pool_connections{state="idle"} 3"#,
        "sabai_pool_connections_max 16",
        "sabai_pool_old_sessions 2",
        r#"sabai_pool_recycles_total{kind="Refresh",reason="Requested",outcome="Completed"} 1"#,
        "sabai_pool_acquire_duration_seconds_count 1",
        r#"sabai_statement_duration_seconds_count{name="queue.claim"} 1"#,
        r#"sabai_retries_total{fault="Severed"} 1"#,
        r#"sabai_faults_total{fault="TimedOut"} 1"#,
        r#"sabai_settings_info{digest="3f9ad2c1"} 1"#,
        concat!(
            "sabai_build_info{version=\"",
            env!("CARGO_PKG_VERSION"),
            "\"} 1"
        ),
        "# EOF",
    ] {
        assert!(
            text.lines().any(|of| of == line),
            "{line} is not in\n{text}"
        );
    }
    assert!(
        !text.contains("00000000"),
        "settings that went are not shown"
    );
    assert!(!text.contains("_total_total") && !text.contains("_info_info"));
}

#[test]
fn the_families_are_those_of_the_contract() {
    let contract = page::documented(include_str!("../../../docs/metrics.md"), "The bot's");
    assert_eq!(page::rows(&used().encode()), contract);
}

#[test]
fn what_is_not_there_is_not_shown_as_zero() {
    let metrics = used();
    metrics.queue(0, None);
    metrics.line_quota_used(None);
    let text = metrics.encode();
    assert!(
        !text.contains("\nsabai_queue_oldest_timestamp_seconds{"),
        "{text}"
    );
    assert!(!text.contains("\nsabai_line_quota_used_ratio{"), "{text}");
}
