//! What is noted while a soak goes on.

use crate::mishap::Mishap;

/// So far.
#[derive(Clone, Debug)]
pub struct Notes {
    /// In the order in which they were inflicted.
    pub mishaps: Vec<&'static str>,
    /// Resident memory in KiB whenever all was well, of each life of the bot.
    pub memory: Vec<Vec<u64>>,
    /// The same of the agent, at the same moments.
    pub agent_memory: Vec<u64>,
}

impl Notes {
    pub(super) fn new() -> Self {
        Self {
            mishaps: Vec::new(),
            memory: vec![Vec::new()],
            agent_memory: Vec::new(),
        }
    }

    pub(super) fn happens(&mut self, mishaps: &[Mishap]) {
        self.mishaps
            .extend(mishaps.iter().map(|mishap| mishap.name()));
    }

    /// The bot was killed, and started again.
    pub(super) fn another_life(&mut self) {
        self.memory.push(Vec::new());
    }

    pub(super) fn memory(&mut self, bot: Option<u64>, agent: Option<u64>) {
        if let Some(life) = self.memory.last_mut() {
            life.extend(bot);
        }
        self.agent_memory.extend(agent);
    }

    /// How often the bot was killed.
    #[must_use]
    pub fn kills(&self) -> usize {
        self.memory.len() - 1
    }
}
