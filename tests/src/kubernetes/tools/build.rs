//! Builds one program from its published Go module into the user's cache, under a name that a changed pin changes, so
//! that no half of it and no stale one is ever run. Nothing is fetched but what `go.sum` vouches for.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, bail};
use tokio::time::Instant;

use super::package::{module, package, stamp, version};
use super::{GO, Surroundings, Tool, go};
use crate::process::{Process, Signal};
use crate::shelf::{self, Progress};

/// Changed with what `build` does, so that everything is built anew.
const RECIPE: &str = "2";

/// Two slow cores compile the API server in ten minutes.
const BUILD_LIMIT: Duration = Duration::from_secs(45 * 60);

/// How often a build that goes on is told of.
const WORD_AFTER: Duration = Duration::from_secs(30);

pub(super) async fn once(tool: Tool, progress: &Progress) -> anyhow::Result<PathBuf> {
    let pins = module(tool).join("go.mod");
    let pins = fs::read_to_string(&pins).with_context(|| format!("read {}", pins.display()))?;
    let shelf = shelf::folder("kubernetes")?.join(digest(&pins));
    let built = shelf.join(tool.name());
    if built.is_file() {
        return Ok(built);
    }
    let go = go(tool, &Surroundings::REAL)?;
    shelf::make_readable_folders(&shelf)?;
    let name = tool.name();
    // One for all: Go uses every core, and what is compiled for one is there for the next.
    let lock = shelf.join(".lock");
    // Held until the end of this function.
    let _lock = shelf::lock(lock, "builds Kubernetes' programs", progress).await?;
    if built.is_file() {
        return Ok(built);
    }
    let version = version(&pins, package(tool).module)?;
    progress(&format!(
        "building {name} {} from its Go module: takes minutes, once",
        version.trim_start_matches('v')
    ));
    let began = Instant::now();
    build(tool, &go, &pins, &shelf, progress)
        .await
        .with_context(|| format!("build {name} {version} with Go {GO} or newer"))?;
    progress(&format!(
        "{name} is built, after {:.0} s",
        began.elapsed().as_secs_f64()
    ));
    Ok(built)
}

async fn build(
    tool: Tool,
    go: &Path,
    pins: &str,
    shelf: &Path,
    progress: &Progress,
) -> anyhow::Result<()> {
    let aside = tempfile::Builder::new()
        .prefix(".building-")
        .tempdir_in(shelf)?;
    let program = aside.path().join(tool.name());
    let said = aside.path().join("said");
    let mut command = Command::new(go);
    command
        .args(["build", "-trimpath", "-buildvcs=false"])
        .args(["-tags", package(tool).tags, "-ldflags"])
        .arg(format!("-s -w {}", stamp(&package(tool), pins)?))
        .arg("-o")
        .arg(&program)
        .arg(package(tool).path)
        .current_dir(module(tool))
        .env("CGO_ENABLED", "0")
        .env("GOWORK", "off")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(File::create(&said)?);
    let (process, _) = Process::spawn(command, Signal::Kill).context("run go")?;
    let status = tokio::time::timeout(BUILD_LIMIT, async {
        let mut minutes = tokio::time::interval(WORD_AFTER);
        minutes.tick().await;
        let began = Instant::now();
        loop {
            tokio::select! {
                status = process.exited() => break status,
                _ = minutes.tick() => progress(&format!(
                    "still building {} ({:.0} s)", tool.name(), began.elapsed().as_secs_f64()
                )),
            }
        }
    });
    let status = status.await.context("the build does not end")?;
    if !status.success() {
        let said = fs::read_to_string(&said).unwrap_or_default();
        bail!("go build failed ({status}):\n{}", said.trim());
    }
    let built = shelf.join(tool.name());
    fs::rename(&program, &built).with_context(|| format!("put {} in place", built.display()))
}

/// A name for everything that these pins give.
fn digest(pins: &str) -> String {
    let digest = ring::digest::digest(
        &ring::digest::SHA256,
        format!("{RECIPE}\n{pins}").as_bytes(),
    );
    let start = &digest.as_ref()[..8];
    start.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_changed_pin_has_a_folder_of_its_own() {
        let pins = "require (\n\tk8s.io/kubernetes v1.37.2 // indirect\n)\n";
        assert_ne!(digest(pins), digest(&pins.replace("37.2", "37.3")));
    }
}
