//! Users who wait, give up, or are cancelled in any order, while nobody listens at the server's address: each is told the
//! true cause in time, and nothing of them stays.

use std::ffi::OsString;
use std::io;
use std::time::Duration;

use sabai_daemon::backoff::roll;
use sabai_wire::fault::Fault;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout};
use tokio_util::sync::CancellationToken;

use crate::config::MigrateConfig;
use crate::db::{Connector, Db};
use crate::metrics::Metrics;

const USERS: usize = 300;
const LIMIT: Duration = Duration::from_secs(10);

async fn nowhere(settings: &[(&str, &str)]) -> Db {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("bound").port().to_string();
    let lookup = |name: &str| {
        let value = match name {
            "PGHOST" => "127.0.0.1",
            "PGPORT" => &port,
            "PGUSER" | "PGPASSWORD" => "sabai",
            "PGSSLROOTCERT" => "system",
            name => settings.iter().find(|(known, _)| *known == name)?.1,
        };
        Some(OsString::from(value))
    };
    let config = MigrateConfig::from_env(lookup, |_| Err(io::ErrorKind::NotFound.into()));
    let config = config.expect("valid");
    Db::new(Connector::new(config.database), &Metrics::default())
}

#[tokio::test]
async fn hundreds_who_wait_and_are_cancelled_leave_nothing_behind() {
    let db = nowhere(&[]).await;
    let stop = CancellationToken::new();
    let keepers: Vec<_> = db.keepers(&stop).into_iter().map(tokio::spawn).collect();
    let mut users = JoinSet::new();
    for _ in 0..USERS {
        let pool = db.work.clone();
        let (patience, cancelled) = (roll() * 0.5, roll() * 0.5);
        users.spawn(async move {
            let deadline = Instant::now() + Duration::from_secs_f64(patience);
            let waiting = timeout(Duration::from_secs_f64(cancelled), pool.acquire(deadline));
            waiting.await.ok().map(|outcome| {
                let error = outcome.err().expect("nobody listens");
                (error.fault, deadline.elapsed())
            })
        });
    }
    let told: Vec<_> = users.join_all().await.into_iter().flatten().collect();
    assert!(!told.is_empty() && told.len() < USERS, "{}", told.len());
    for (fault, late) in told {
        assert!(
            // A patience of no time at all may end before the first dial has failed.
            matches!(fault, Fault::Refused | Fault::PoolExhausted),
            "{fault}"
        );
        assert!(late < LIMIT, "{late:?} after the deadline");
    }
    let slots = db.slots();
    assert_eq!(
        (slots.idle, slots.busy, slots.closing),
        (0, 0, 0),
        "{slots:?}"
    );
    assert!(
        slots.dialing <= 2,
        "one in each pool feels its way: {slots:?}"
    );
    stop.cancel();
    for keeper in keepers {
        timeout(LIMIT, keeper)
            .await
            .expect("it ends")
            .expect("well");
    }
    assert_eq!(db.work.waiting(), 0);
    assert_eq!(db.roll().entries().len(), 0);
}

/// Users who have gone while nothing is dialed for a while are not kept until the next dial.
#[tokio::test]
async fn who_has_gone_is_forgotten_between_two_dials() {
    let pause = ("SABAI_RETRY_INITIAL_DELAY", "1m");
    let most = [
        ("SABAI_RETRY_MAX_DELAY", "1m"),
        ("SABAI_RETRY_DEADLINE", "5m"),
    ];
    let db = nowhere(&[pause, most[0], most[1]]).await;
    let stop = CancellationToken::new();
    let keepers: Vec<_> = db.keepers(&stop).into_iter().map(tokio::spawn).collect();
    let until = Instant::now() + LIMIT;
    while db.work.trouble().is_none() && Instant::now() < until {
        tokio::task::yield_now().await;
    }
    for _ in 0..USERS {
        assert!(db.work.acquire(Instant::now()).await.is_err());
    }
    while db.work.waiting() > 0 && Instant::now() < until {
        tokio::task::yield_now().await;
    }
    assert_eq!(db.work.waiting(), 0);
    stop.cancel();
    for keeper in keepers {
        keeper.await.expect("well");
    }
}
