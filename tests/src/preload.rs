//! Faults of disk and clock for a process: the harness's side of the library in `tests/preload`, which stands before
//! the process's C library. Linux only; elsewhere nothing is preloaded and no fault happens.

use std::fs::{self, File, Permissions};
use std::os::unix::fs::{FileExt, PermissionsExt};
use std::path::{Path, PathBuf};

use anyhow::Context;

use crate::bot::Environment;
use crate::bot::build;

/// The control file's length, and where in it the clock's offset stands.
const LENGTH: u64 = 16;
const OFFSET_AT: u64 = 8;

/// What the disk does with one folder. The numbers are the library's too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Disk {
    /// No room: what would make a file longer fails with ENOSPC.
    Full = 1,
    /// EROFS for whatever changes something.
    ReadOnly = 2,
    /// EIO for every write.
    WritesFail = 3,
    /// EIO for fsync and fdatasync.
    SyncsFail = 4,
    /// fsync and fdatasync do not come back until the fault ends.
    SyncsHang = 5,
    /// EIO for all of these, and for opening to write.
    Broken = 6,
}

/// The faults of one folder and of the clock, for every process that was started with [`Preload::env`].
pub struct Preload {
    library: PathBuf,
    control_path: PathBuf,
    control: File,
    folder: PathBuf,
}

impl Preload {
    /// For files in `folder`, which need not exist yet. Library and control file are put into `home`, where the
    /// process must be able to read them.
    ///
    /// # Errors
    /// When the library does not compile, or a file cannot be written.
    pub async fn new(home: &Path, folder: &Path) -> anyhow::Result<Self> {
        let built = build::library("sabai-preload").await?;
        Self::install(&built, home, folder)
            .with_context(|| format!("preload into {}", home.display()))
    }

    fn install(built: &Path, home: &Path, folder: &Path) -> anyhow::Result<Self> {
        let (library, control_path) = (home.join("libpreload.so"), home.join("faults"));
        fs::copy(built, &library)?;
        fs::set_permissions(&library, Permissions::from_mode(0o755))?;
        let control = File::create(&control_path)?;
        control.set_len(LENGTH)?;
        control.set_permissions(Permissions::from_mode(0o644))?;
        Ok(Self {
            library,
            control_path,
            control,
            folder: real(folder)?,
        })
    }

    /// What a process must be started with.
    #[must_use]
    pub fn env(&self) -> Environment {
        [
            ("LD_PRELOAD", &self.library),
            ("FAULTS_CONTROL", &self.control_path),
            ("FAULTS_FOLDER", &self.folder),
        ]
        .map(|(name, path)| (name.to_owned(), path.display().to_string()))
        .to_vec()
    }

    /// The disk does this from now on.
    pub fn disk(&self, fault: Disk) {
        self.set(&(fault as u32).to_ne_bytes(), 0);
    }

    /// The disk is well again.
    pub fn heal(&self) {
        self.set(&0_u32.to_ne_bytes(), 0);
    }

    /// The wall clock is off by so many milliseconds from now on; the monotonic one is right.
    pub fn clock_off_by(&self, millis: i64) {
        let nanos = millis.saturating_mul(1_000_000);
        self.set(&nanos.to_ne_bytes(), OFFSET_AT);
    }

    fn set(&self, bytes: &[u8], at: u64) {
        let written = self.control.write_all_at(bytes, at);
        written.expect("the control file is there as long as this");
    }
}

/// As the kernel names it: without links on the way.
fn real(folder: &Path) -> std::io::Result<PathBuf> {
    let (Some(parent), Some(name)) = (folder.parent(), folder.file_name()) else {
        return folder.canonicalize();
    };
    Ok(parent.canonicalize()?.join(name))
}
