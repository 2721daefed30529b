//! Users who wait, give up, or are cancelled in any order, while nobody listens at the server's address: each is told the
//! true cause in time, and nothing of them stays.

use std::ffi::OsString;
use std::io;
use std::time::Duration;

use sabai_wire::fault::Fault;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout};
use tokio_util::sync::CancellationToken;

use crate::backoff::roll;
use crate::config::MigrateConfig;
use crate::db::{Connector, Db};
use crate::metrics::Metrics;

const USERS: usize = 300;
const LIMIT: Duration = Duration::from_secs(10);

async fn nowhere() -> Db {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("bound").port().to_string();
    let lookup = |name: &str| {
        let value = match name {
            "PGHOST" => "127.0.0.1",
            "PGPORT" => &port,
            "PGUSER" | "PGPASSWORD" => "sabai",
            "PGSSLROOTCERT" => "system",
            _ => return None,
        };
        Some(OsString::from(value))
    };
    let config = MigrateConfig::from_env(lookup, |_| Err(io::ErrorKind::NotFound.into()));
    let config = config.expect("valid");
    Db::new(Connector::new(config.database), &Metrics::default())
}

#[tokio::test]
async fn hundreds_who_wait_and_are_cancelled_leave_nothing_behind() {
    let db = nowhere().await;
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
