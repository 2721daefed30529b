//! A bot whose group commit into one table stands still: what is to be written there waits, and goes in one batch when
//! the way is clear. Everything else goes on.

use sabai_tests::bot::Bot;
use sabai_tests::webhook::Event;

use super::gate::Gate;
use super::scene::{Scene, options, patient};

/// Stands still until it is cleared.
pub(crate) struct Jam {
    pub(crate) scene: Scene,
    pub(crate) bot: Bot,
    gate: Gate,
    first: Event,
}

impl Jam {
    /// Somebody's event stands at the gate of `table`; its batch is that one.
    pub(crate) async fn at(table: &str) -> Self {
        let scene = Scene::new(patient(options().env("SABAI_LEASE", "60s"))).await;
        let bot = scene.bot().await;
        let what = format!("INSERT ON {table} FOR EACH ROW");
        let gate = Gate::close(&scene.world.database, &what).await;
        let first = scene.text(&bot, "whoever is first").await;
        gate.reached().await;
        Self {
            scene,
            bot,
            gate,
            first,
        }
    }

    /// What waited is written, the one that stood at the gate first.
    pub(crate) async fn clear(self) -> (Scene, Bot) {
        let Self {
            scene,
            bot,
            gate,
            first,
        } = self;
        gate.open().await;
        scene.ends_as(&first, "answered").await;
        (scene, bot)
    }
}
