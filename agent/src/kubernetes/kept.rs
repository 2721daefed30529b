//! What is in force, as a file beside the control socket, so that an agent that begins again while the API server is away obeys
//! what it obeyed before. It lives as long as the pod.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use sabai_crds::PoolConfigSpec;
use sabai_daemon::control::make_folder;
use sabai_wire::control::Timestamp;
use serde::{Deserialize, Serialize};

use super::request::Served;
use super::validate;
use crate::orders::Orders;

/// In the folder of the control socket.
const FILE: &str = "poolconfig.json";

/// The PoolConfig that is obeyed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct InForce {
    pub(super) uid: String,
    pub(super) generation: i64,
    pub(super) spec: PoolConfigSpec,
}

/// All that is kept.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Page {
    /// When the pod's first agent began.
    since: Timestamp,
    in_force: Option<InForce>,
    served: Option<Timestamp>,
}

/// The file, and what it holds.
pub(crate) struct Kept {
    file: PathBuf,
    page: Mutex<Page>,
}

impl Kept {
    /// Reads the file beside the control socket, or begins one. One that cannot be read is told, and begun anew.
    pub(crate) fn open(control_socket: &Path) -> Self {
        let file = control_socket.with_file_name(FILE);
        // The agent begins before the bot. What is wrong with the folder is told when the file is written.
        let _ = file.parent().map(make_folder);
        let read = std::fs::read(&file).and_then(|text| {
            let page = serde_json::from_slice(&text);
            page.map_err(io::Error::from)
        });
        let begin = || Page {
            since: Timestamp::now(),
            in_force: None,
            served: None,
        };
        let known = read.is_ok();
        let page = read.unwrap_or_else(|error| {
            if error.kind() != io::ErrorKind::NotFound {
                tracing::warn!(
                    "{}: cannot be used, and is begun anew: {error}",
                    file.display()
                );
            }
            begin()
        });
        let kept = Self {
            file,
            page: Mutex::new(page),
        };
        if !known {
            kept.change(|_| {});
        }
        kept
    }

    /// What is in force, for an agent that begins again.
    pub(crate) fn orders(&self) -> Option<Orders> {
        let in_force = self.in_force()?;
        validate::orders(&in_force.spec).ok()
    }

    pub(super) fn in_force(&self) -> Option<InForce> {
        self.page().in_force.clone()
    }

    pub(super) fn served(&self) -> Served {
        let page = self.page();
        Served {
            since: page.since,
            last: page.served,
        }
    }

    pub(super) fn obey(&self, in_force: InForce) {
        self.change(|page| page.in_force = Some(in_force));
    }

    pub(super) fn serve(&self, request: Timestamp) {
        self.change(|page| page.served = Some(request));
    }

    fn page(&self) -> std::sync::MutexGuard<'_, Page> {
        self.page.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Small, to a folder in memory: it is written at once.
    fn change(&self, change: impl FnOnce(&mut Page)) {
        let mut page = self.page();
        change(&mut page);
        let fresh = self.file.with_extension("new");
        let written = serde_json::to_vec(&*page)
            .map_err(io::Error::from)
            .and_then(|text| std::fs::write(&fresh, text))
            .and_then(|()| std::fs::rename(&fresh, &self.file));
        if let Err(error) = written {
            let file = self.file.display();
            tracing::warn!(
                "{file}: cannot be written: {error}; an agent that begins again will not know what is in force"
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_in_force_and_served_is_there_for_the_next_agent() {
        let folder = std::env::temp_dir().join(format!("sabai-kept-{}", uuid::Uuid::new_v4()));
        let socket = folder.join("bot.sock");
        let first = Kept::open(&socket);
        assert_eq!(first.in_force(), None);
        let since = first.served().since;
        let spec = json!({"pool": {"maxConnections": 8}});
        let in_force = InForce {
            uid: "u".to_owned(),
            generation: 3,
            spec: serde_json::from_value(spec).expect("a spec"),
        };
        let request: Timestamp = "2026-11-23T09:10:00Z".parse().expect("a time");
        first.obey(in_force.clone());
        first.serve(request);
        let next = Kept::open(&socket);
        assert_eq!(next.in_force(), Some(in_force));
        let served = next.served();
        assert_eq!((served.since, served.last), (since, Some(request)));

        std::fs::write(folder.join(FILE), "{").expect("write");
        assert_eq!(Kept::open(&socket).in_force(), None, "begun anew");
        std::fs::remove_dir_all(&folder).expect("remove");
    }
}
