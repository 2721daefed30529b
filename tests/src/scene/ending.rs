//! The end of a row, and what must hold then.

use crate::bot::{control, sessions};
use crate::load::Summary;
use crate::wait::eventually;
use crate::world::World;
use crate::world::check::Report;

use super::{LIMIT, Scene, WARM, beside, socket};

impl Scene {
    /// Ends the load where two pods had a part: none promises order to the other during an outage.
    #[expect(clippy::print_stdout, reason = "the figures of a run")]
    pub async fn ends_in_any_order(self, allowed: &[u16]) {
        let summary = self.load.stop().await;
        let report = settled(&self.world).await;
        println!("{summary}; {report}");
        assert_eq!((report.lost, report.duplicates), (0, 0), "{report}");
        assert_eq!(report.answered, report.sent, "{report}");
        summary.all_answered(allowed);
        beside::is_well(self.beside, &self.world, &self.bot).await;
    }

    /// Ends the load; all its webhooks were answered 200 in time, and everything else holds that must always hold.
    pub async fn ends_well(self) -> (Summary, Report) {
        self.ends_with(&[200]).await
    }

    /// The same where other answers are right too.
    #[expect(clippy::print_stdout, reason = "the figures of a run")]
    pub async fn ends_with(self, allowed: &[u16]) -> (Summary, Report) {
        let summary = self.load.stop().await;
        let report = settled(&self.world).await;
        let test = std::thread::current().name().unwrap_or_default().to_owned();
        println!("{test}: {summary}; {report}");
        assert!(report.is_sound(), "{report}");
        assert_eq!(report.acknowledged, report.sent, "{report}");
        assert_eq!(
            report.answered,
            report.sent,
            "{report}; dead letters: {:?}",
            dead_letters(&self.world).await
        );
        summary.all_answered(allowed);
        let (peak, most) = (self.gate.peak(), sessions::ceiling(&self.bot).await);
        // The others are intake's and the spare.
        sessions::are_back(&self.bot, WARM.min(most - 3), LIMIT).await;
        assert!(peak <= most, "{peak} sessions at a time, {most} allowed");
        beside::is_well(self.beside, &self.world, &self.bot).await;
        (summary, report)
    }
}

/// Waits until every acknowledged event has come to an end; tells how the bot stands when one does not.
async fn settled(world: &World) -> Report {
    eventually(
        LIMIT,
        "every acknowledged event to be settled",
        async || {
            let report = world.check().await.map_err(|error| format!("{error:#}"))?;
            if report.unsettled.is_empty() {
                return Ok(report);
            }
            let bot = control::get(&socket(world), "/v1/report").await;
            Err(format!("{report}; the bot: {bot:?}"))
        },
    )
    .await
}

/// Why events were buried, after how many attempts.
async fn dead_letters(world: &World) -> Vec<(String, Option<String>, i16)> {
    let session = world.primary().superuser().await.expect("there");
    let sql = "SELECT reason, detail, attempts FROM dead_letter";
    let rows = session.query(sql, &[]).await.expect("sound");
    rows.iter()
        .map(|row| (row.get(0), row.get(1), row.get(2)))
        .collect()
}
