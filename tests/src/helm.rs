//! Helm as who installs runs it, version 3 or 4: with a home of its own, so that nobody's plugins and repositories matter.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, ensure};
use serde_json::Value;
use tempfile::TempDir;

use crate::kubernetes::Output;
use crate::kubernetes::tools::{self, Tool};
use crate::shelf::aloud;

/// The chart as it is in the repository.
#[must_use]
pub fn chart() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../charts/sabai")
}

/// One version of Helm.
pub struct Helm {
    /// As people say it.
    pub name: &'static str,
    program: PathBuf,
    home: TempDir,
    kubeconfig: Option<PathBuf>,
}

impl Helm {
    /// Helm 3, then Helm 4.
    ///
    /// # Errors
    /// When one can neither be found nor built; says what to install.
    pub async fn both() -> anyhow::Result<[Self; 2]> {
        let find = async |name, tool| {
            let program = tools::find(tool, &aloud()).await?;
            Ok::<_, anyhow::Error>(Self {
                name,
                program,
                home: tempfile::tempdir().context("a home for Helm")?,
                kubeconfig: None,
            })
        };
        Ok([
            find("Helm 3", Tool::Helm3).await?,
            find("Helm 4", Tool::Helm).await?,
        ])
    }

    /// Speaks to this cluster from now on.
    pub fn with(&mut self, kubeconfig: &Path) {
        self.kubeconfig = Some(kubeconfig.to_owned());
    }

    /// Runs it to its end; what it does with a cluster should be given a `--timeout`.
    ///
    /// # Errors
    /// When it cannot be run.
    pub async fn run(&self, arguments: &[&str]) -> anyhow::Result<Output> {
        let mut command = Command::new(&self.program);
        command.args(arguments).stdin(Stdio::null());
        for home in ["HELM_CACHE_HOME", "HELM_CONFIG_HOME", "HELM_DATA_HOME"] {
            command.env(home, self.home.path().join(home));
        }
        // A cluster that somebody uses is none of ours.
        let nowhere = self.home.path().join("no-kubeconfig");
        command.env("KUBECONFIG", self.kubeconfig.as_ref().unwrap_or(&nowhere));
        let run = tokio::task::spawn_blocking(move || command.output());
        let output = run.await.context("wait for Helm")?.context("run Helm")?;
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Ok(Output {
            status: output.status,
            stdout: text(&output.stdout),
            stderr: text(&output.stderr),
        })
    }

    /// The objects of a release of [`chart`] in the namespace `line`, in the chart's order; without a cluster.
    ///
    /// # Errors
    /// With Helm's complaint.
    pub async fn template(&self, release: &str, arguments: &[&str]) -> anyhow::Result<Vec<Value>> {
        let chart = chart();
        let chart = chart.to_str().context("a path in UTF-8")?;
        let all = [
            &["template", release, chart, "--namespace", "line"],
            arguments,
        ]
        .concat();
        let text = self.run(&all).await?.ok()?;
        objects(&text)
    }
}

/// Every object of a stream of YAML documents.
///
/// # Errors
/// When it is no YAML.
pub fn objects(text: &str) -> anyhow::Result<Vec<Value>> {
    let all: Vec<Value> = serde_saphyr::from_multiple(text).context("YAML")?;
    let all: Vec<Value> = all.into_iter().filter(|one| !one.is_null()).collect();
    ensure!(
        all.iter().all(|one| one["kind"].is_string()),
        "not only objects: {text}"
    );
    Ok(all)
}
