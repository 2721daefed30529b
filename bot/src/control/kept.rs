//! The files beside the socket: the settings in force and the last recycle, which a restarted bot reads at boot.

use std::fs;
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use sabai_wire::control::{BODY_LIMIT, RecycleReport};
use sabai_wire::settings::PoolSettings;
use serde_json::Value;

/// Where they are.
#[derive(Clone, Debug)]
pub struct Kept {
    settings: PathBuf,
    recycle: PathBuf,
}

impl Kept {
    /// Beside this socket.
    pub fn beside(socket: &Path) -> Self {
        let named = |suffix: &str| {
            let mut name = socket.file_name().unwrap_or_default().to_owned();
            name.push(suffix);
            socket.with_file_name(name)
        };
        Self {
            settings: named(".settings.json"),
            recycle: named(".recycle.json"),
        }
    }

    /// The settings that were in force; `None` when there are none or they cannot be used, which is logged.
    pub fn settings(&self) -> Option<PoolSettings> {
        let instead = "the environment's settings are";
        let read = Self::read(&self.settings, instead, |json| {
            PoolSettings::from_json(json).map_err(|problems| {
                let told: Vec<String> = problems.iter().map(ToString::to_string).collect();
                told.join("; ")
            })
        })?;
        tracing::info!(
            digest = read.digest(),
            "the settings of the control socket are in force again"
        );
        Some(read)
    }

    pub(super) fn recycle(&self) -> Option<RecycleReport> {
        let instead = "the last recycle is not known";
        Self::read(&self.recycle, instead, |json| {
            serde_json::from_value(json.clone()).map_err(|error| error.to_string())
        })
    }

    pub(super) fn keep_settings(&self, settings: &PoolSettings) {
        Self::write(&self.settings, &settings.to_json());
    }

    pub(super) fn keep_recycle(&self, report: &RecycleReport) {
        match serde_json::to_value(report) {
            Ok(json) => Self::write(&self.recycle, &json),
            Err(error) => tracing::error!("a recycle's report cannot be written: {error}"),
        }
    }

    fn read<T>(
        path: &Path,
        instead: &str,
        take: impl FnOnce(&Value) -> Result<T, String>,
    ) -> Option<T> {
        let taken = match bounded(path) {
            Ok(bytes) => serde_json::from_slice(&bytes)
                .map_err(|error| error.to_string())
                .and_then(|json| take(&json)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => return None,
            Err(error) => Err(error.to_string()),
        };
        taken
            .map_err(|reason| {
                tracing::warn!("{} is not used, {instead}: {reason}", path.display());
            })
            .ok()
    }

    /// Whole or not at all; a failure is told and harms only the next start.
    fn write(path: &Path, json: &Value) {
        if let Err(error) = replaced(path, json.to_string().as_bytes()) {
            tracing::warn!(
                "{} cannot be written, a restart will not know it: {error}",
                path.display()
            );
        }
    }
}

fn bounded(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let limit = BODY_LIMIT as u64 + 1;
    fs::File::open(path)?.take(limit).read_to_end(&mut bytes)?;
    if bytes.len() > BODY_LIMIT {
        return Err(io::Error::other("it is too large"));
    }
    Ok(bytes)
}

fn replaced(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let new = path.with_extension("json.new");
    // What a process left that was killed here; what is made anew has our rights, and is not a link to elsewhere.
    match fs::remove_file(&new) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true).mode(0o600);
    let mut file = options.open(&new)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&new, path)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    #[test]
    fn what_was_kept_is_read_and_what_is_broken_is_not() {
        let folder = tempfile::tempdir().expect("a folder");
        let kept = Kept::beside(&folder.path().join("bot.sock"));
        assert_eq!(kept.settings(), None);
        let settings = PoolSettings::from_json(&serde_json::json!({"pool": {"maxConnections": 9}}))
            .expect("valid");
        kept.keep_settings(&settings);
        assert_eq!(kept.settings(), Some(settings));
        let path = folder.path().join("bot.sock.settings.json");
        let mode = fs::metadata(&path).expect("there").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let other = folder.path().join("other");
        fs::write(&other, "untouched").expect("written");
        let new = folder.path().join("bot.sock.settings.json.new");
        symlink(&other, &new).expect("linked");
        kept.keep_settings(&PoolSettings::default());
        assert_eq!(fs::read(&other).expect("there"), b"untouched");
        assert_eq!(kept.settings(), Some(PoolSettings::default()));
        for broken in [
            "",
            "{",
            "{\"pool\": {\"size\": 1}}",
            &"x".repeat(BODY_LIMIT + 1),
        ] {
            fs::write(&path, broken).expect("written");
            assert_eq!(kept.settings(), None, "{broken:.20}");
        }
    }
}
