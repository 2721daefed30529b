//! What each tool is built from: the package, the module that pins it, and what the linker is told of its version. Pure, but for
//! where the modules are.

use std::path::{Path, PathBuf};

use anyhow::Context;

use super::Tool;

const KUBERNETES: &str = "k8s.io/kubernetes";

/// Where a tool is built from, and where its version is written at link time: without it `kubectl version` and feature
/// gates see v0.0.0.
pub(super) struct Package {
    pub(super) path: &'static str,
    /// The module of go.mod that pins it.
    pub(super) module: &'static str,
    version: Option<Stamp>,
    /// Of the Go module below `tests/tools` that pins it: each has a graph of dependencies of its own.
    folder: &'static str,
    /// Build tags.
    pub(super) tags: &'static str,
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

pub(super) fn package(tool: Tool) -> Package {
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
pub(super) fn module(tool: Tool) -> PathBuf {
    let tools = Path::new(env!("CARGO_MANIFEST_DIR")).join("tools");
    tools.join(package(tool).folder)
}

/// The version of `module` in a go.mod (The Go Modules Reference).
pub(super) fn version<'a>(pins: &'a str, module: &str) -> anyhow::Result<&'a str> {
    pins.lines()
        .filter_map(|line| line.trim().split_once(' '))
        .find(|(named, _)| *named == module)
        .and_then(|(_, rest)| rest.split_whitespace().next())
        .with_context(|| format!("tests/tools/go.mod requires no {module}"))
}

/// For the linker.
pub(super) fn stamp(package: &Package, pins: &str) -> anyhow::Result<String> {
    let Some(kind) = &package.version else {
        return Ok(String::new());
    };
    let own = version(pins, package.module)?;
    let mut numbers = version(pins, KUBERNETES)?
        .trim_start_matches('v')
        .split('.');
    let major = numbers.next().unwrap_or_default();
    let minor = numbers.next().unwrap_or_default();
    let set = |variable: &str, value: &str| format!("-X {variable}={value}");
    let helm = set(&format!("{}/internal/version.version", package.module), own);
    let flags: Vec<String> = match kind {
        Stamp::Helm => vec![helm],
        // What it takes for a cluster's version where it has none.
        Stamp::Helm3 => ["pkg/chartutil", "pkg/lint/rules"]
            .iter()
            .flat_map(|place| {
                let variable = |name| format!("{}/{place}.k8sVersion{name}", package.module);
                [
                    set(&variable("Major"), major),
                    set(&variable("Minor"), minor),
                ]
            })
            .chain([helm])
            .collect(),
        // The second is what kubectl calls itself to the server.
        Stamp::Kubernetes => [
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
    use std::fs;

    use super::super::GO;
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
