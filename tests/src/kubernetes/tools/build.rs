//! Builds one program from its published Go module into the user's cache, under a name that a changed pin changes, so
//! that no half of it and no stale one is ever run. Nothing is fetched but what `go.sum` vouches for.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, bail};
use tokio::time::Instant;

use super::{GO, Surroundings, Tool, go};
use crate::process::{Process, Signal};
use crate::shelf::{self, Progress};

/// Changed with what `build` does, so that everything is built anew.
const RECIPE: &str = "2";
const KUBERNETES: &str = "k8s.io/kubernetes";

/// Two slow cores compile the API server in ten minutes.
const BUILD_LIMIT: Duration = Duration::from_secs(45 * 60);

/// How often a build that goes on is told of.
const WORD_AFTER: Duration = Duration::from_secs(30);

/// Where a tool is built from, and where its version is written at link time: without it `kubectl version` and feature
/// gates see v0.0.0.
struct Package {
    path: &'static str,
    /// The module of go.mod that pins it.
    module: &'static str,
    version: Option<Stamp>,
    /// Of the Go module below `tests/tools` that pins it: each has a graph of dependencies of its own.
    folder: &'static str,
    /// Build tags.
    tags: &'static str,
}

impl Package {
    const PLAIN: Self = Self {
        path: "",
        module: "",
        version: None,
        folder: "",
        tags: "",
    };
}

enum Stamp {
    Kubernetes,
    Helm,
    Helm3,
}

fn package(tool: Tool) -> Package {
    let kubernetes = |path| Package {
        path,
        module: KUBERNETES,
        version: Some(Stamp::Kubernetes),
        ..Package::PLAIN
    };
    match tool {
        Tool::Etcd => Package {
            path: "go.etcd.io/etcd/server/v3",
            module: "go.etcd.io/etcd/server/v3",
            ..Package::PLAIN
        },
        Tool::ApiServer => kubernetes("k8s.io/kubernetes/cmd/kube-apiserver"),
        Tool::ControllerManager => kubernetes("k8s.io/kubernetes/cmd/kube-controller-manager"),
        Tool::Kubectl => kubernetes("k8s.io/kubernetes/cmd/kubectl"),
        Tool::Helm => Package {
            path: "helm.sh/helm/v4/cmd/helm",
            module: "helm.sh/helm/v4",
            version: Some(Stamp::Helm),
            ..Package::PLAIN
        },
        Tool::Helm3 => Package {
            path: "helm.sh/helm/v3/cmd/helm",
            module: "helm.sh/helm/v3",
            version: Some(Stamp::Helm3),
            ..Package::PLAIN
        },
        // Without the clients of every cloud: rules are only read.
        Tool::Promtool => Package {
            path: "github.com/prometheus/prometheus/cmd/promtool",
            module: "github.com/prometheus/prometheus",
            folder: "prometheus",
            tags: "remove_all_sd",
            ..Package::PLAIN
        },
    }
}

/// The folder of the Go module that pins it.
fn module(tool: Tool) -> PathBuf {
    let tools = Path::new(env!("CARGO_MANIFEST_DIR")).join("tools");
    tools.join(package(tool).folder)
}

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

/// The version of `module` in a go.mod (The Go Modules Reference).
fn version<'a>(pins: &'a str, module: &str) -> anyhow::Result<&'a str> {
    pins.lines()
        .filter_map(|line| line.trim().split_once(' '))
        .find(|(named, _)| *named == module)
        .and_then(|(_, rest)| rest.split_whitespace().next())
        .with_context(|| format!("tests/tools/go.mod requires no {module}"))
}

/// For the linker.
fn stamp(package: &Package, pins: &str) -> anyhow::Result<String> {
    let own = version(pins, package.module)?;
    let kubernetes = match package.version {
        None => return Ok(String::new()),
        Some(_) => version(pins, KUBERNETES)?,
    };
    let mut numbers = kubernetes.trim_start_matches('v').split('.');
    let major = numbers.next().unwrap_or_default();
    let minor = numbers.next().unwrap_or_default();
    let set = |variable: &str, value: &str| format!("-X {variable}={value}");
    let flags: Vec<String> = match package.version {
        None => Vec::new(),
        Some(Stamp::Helm) => {
            vec![set(
                &format!("{}/internal/version.version", package.module),
                own,
            )]
        }
        // What it takes for a cluster's version where it has none.
        Some(Stamp::Helm3) => ["pkg/chartutil", "pkg/lint/rules"]
            .iter()
            .flat_map(|place| {
                let variable = |name| format!("{}/{place}.k8sVersion{name}", package.module);
                [
                    set(&variable("Major"), major),
                    set(&variable("Minor"), minor),
                ]
            })
            .chain([set(
                &format!("{}/internal/version.version", package.module),
                own,
            )])
            .collect(),
        // The second is what kubectl calls itself to the server.
        Some(Stamp::Kubernetes) => [
            "k8s.io/component-base/version",
            "k8s.io/client-go/pkg/version",
        ]
        .iter()
        .flat_map(|base| {
            let variable = |name| format!("{base}.git{name}");
            [
                set(&variable("Version"), own),
                set(&variable("Major"), major),
                set(&variable("Minor"), minor),
            ]
        })
        .collect(),
    };
    Ok(flags.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_come_from_the_pins() {
        let pins = "tool (\n\tk8s.io/kubernetes/cmd/kubectl\n)\nrequire (\n\tk8s.io/kubernetes v1.37.2 // indirect\n)\n";
        let found = version(pins, "k8s.io/kubernetes").expect("pinned");
        assert_eq!(found, "v1.37.2");
        assert!(version(pins, "helm.sh/helm/v4").is_err());
        let kubectl = stamp(&package(Tool::Kubectl), pins).expect("pinned");
        assert!(
            kubectl.contains("gitVersion=v1.37.2") && kubectl.contains("gitMinor=37"),
            "{kubectl}"
        );
        let pinned = pins.replace(" // indirect", "\n\thelm.sh/helm/v3 v3.22.0");
        let helm = stamp(&package(Tool::Helm3), &pinned).expect("pinned");
        assert!(
            helm.contains("chartutil.k8sVersionMinor=37")
                && helm.contains("version.version=v3.22.0"),
            "{helm}"
        );
        assert_ne!(digest(pins), digest(&pins.replace("37.2", "37.3")));
    }

    #[test]
    fn every_tool_is_pinned() {
        for tool in [
            Tool::Etcd,
            Tool::ApiServer,
            Tool::ControllerManager,
            Tool::Kubectl,
            Tool::Helm,
            Tool::Helm3,
            Tool::Promtool,
        ] {
            let pins = fs::read_to_string(module(tool).join("go.mod")).expect("go.mod");
            let package = package(tool);
            assert!(version(&pins, package.module).is_ok(), "{tool:?}");
            let line = format!("\t{}\n", package.path);
            let alone = format!("tool {}\n", package.path);
            let named = pins.contains(&line) || pins.contains(&alone);
            assert!(named, "no tool line for {tool:?}");
            assert!(pins.contains(&format!("\ngo {GO}")), "another Go");
        }
    }
}
