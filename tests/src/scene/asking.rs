//! What rows ask of a bot: which faults it met, how its pool stands, whether anybody noticed.

use crate::bot::{Bot, control};
use crate::gate::Fault;
use crate::wait::eventually;
use http::Method;
use serde_json::{Value, json};

use super::{LIMIT, SOME, Scene, socket};

impl Scene {
    /// How often the bot met a fault of this name.
    pub async fn met(&self, fault: &str) -> u64 {
        met(&self.bot, fault).await
    }

    /// Waits until the bot has named the fault.
    pub async fn names(&self, fault: &str) {
        let what = format!("the bot to name {fault}");
        eventually(LIMIT, &what, async || {
            if self.met(fault).await > 0 {
                return Ok(());
            }
            let page = self.bot.admin_page("/metrics").await;
            let (_, page) = page.map_err(|failure| failure.to_string())?;
            let named = page.lines().filter(|line| line.starts_with("sabai_faults"));
            Err(named.collect::<Vec<_>>().join(" "))
        })
        .await;
    }

    /// Waits until the bot's metric is as it should be.
    pub async fn metric(&self, name: &str, is: impl Fn(f64) -> bool) {
        eventually(LIMIT, name, async || {
            let metrics = self.bot.metrics().await;
            let metrics = metrics.map_err(|failure| failure.to_string())?;
            match metrics.sum(name, &[]) {
                Some(value) if is(value) => Ok(()),
                other => Err(format!("{other:?}")),
            }
        })
        .await;
    }

    /// Nobody noticed: no webhook had to wait on disk.
    pub async fn never_spooled(&self) {
        if machine_stood_still(&self.bot).await {
            return;
        }
        let lines = self.bot.log().lines();
        let spooled = lines
            .iter()
            .find(|line| line.text().contains("go to the spool"));
        assert!(spooled.is_none(), "{}", self.bot.log().tail());
    }

    /// One session is lost and cannot be replaced, for this reason; the others carry the load, and none of them is
    /// given up. No fresh session can be had by now: a refresh that the agent asks for renews none either.
    pub async fn loses_one(&self, fault: &str) {
        self.renews_nothing().await;
        let sessions = self.gate.connections();
        sessions[0].inflict(Fault::Reset);
        self.names(fault).await;
        self.answers(SOME).await;
        if machine_stood_still(&self.bot).await {
            return;
        }
        let kept = sessions[1..].iter().filter(|one| one.is_open()).count();
        assert_eq!(kept, sessions.len() - 1, "no session is given up for it");
        self.never_spooled().await;
    }

    /// Asks for a refresh, and waits for its end, whatever that is.
    pub async fn refresh(&self, reason: &str) -> Value {
        let socket = socket(&self.world);
        let id = format!("{reason}-{}", self.load.elapsed().as_millis());
        let order = json!({"requestId": id, "kind": "Refresh", "reason": reason});
        eventually(LIMIT, "the refresh to end", async || {
            let body = order.to_string().into();
            let asked = control::exchange(&socket, Method::POST, "/v1/recycle", body).await;
            match asked.map_err(|error| format!("{error:#}"))? {
                (200, report) => {
                    serde_json::from_slice::<Value>(&report).map_err(|e| e.to_string())
                }
                (status, report) => Err(format!("{status} {}", String::from_utf8_lossy(&report))),
            }
        })
        .await
    }

    /// Waits until no recycle goes on and what it renewed is closed.
    async fn renews_nothing(&self) {
        eventually(LIMIT, "a recycle to end", async || {
            let report = self.report().await;
            let (last, closing) = (&report["lastRecycle"], &report["pool"]["closing"]);
            match last["outcome"] != "InProgress" && *closing == 0 {
                true => Ok(()),
                false => Err(format!("{last}, {closing} closing")),
            }
        })
        .await;
    }

    /// What the bot reports of its pool.
    pub async fn report(&self) -> Value {
        let report = control::get(&socket(&self.world), "/v1/report").await;
        report.expect("the bot answers")
    }
}

async fn met(bot: &Bot, fault: &str) -> u64 {
    let metrics = bot.metrics().await.expect("the bot answers");
    let met = metrics.sum("sabai_faults_total", &[("fault", fault)]);
    met.unwrap_or_default() as u64
}

/// Whether Postgres was silent for a while though nobody made it so: the machine itself stood still, and what follows says
/// nothing.
pub(super) async fn machine_stood_still(bot: &Bot) -> bool {
    met(bot, "Silent").await + met(bot, "StatementTimeout").await > 0
}
