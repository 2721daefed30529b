//! Where Kubernetes' own programs, Helm and promtool come from: a folder that the environment names, as for every project that
//! tests with envtest, else the Go modules in `tests/tools`, which pin them; each is built once per user, when first asked for.

mod build;
mod package;

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};

use crate::shelf::Progress;

/// The oldest Go that builds the module; as its go.mod says.
const GO: &str = "1.26";

/// One program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Tool {
    Etcd,
    ApiServer,
    ControllerManager,
    Kubectl,
    /// Helm 4.
    Helm,
    Helm3,
    /// Prometheus's, which checks alerts.
    Promtool,
}

impl Tool {
    /// Its file's name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Etcd => "etcd",
            Self::ApiServer => "kube-apiserver",
            Self::ControllerManager => "kube-controller-manager",
            Self::Kubectl => "kubectl",
            Self::Helm => "helm",
            Self::Helm3 => "helm3",
            Self::Promtool => "promtool",
        }
    }

    /// Envtest's archives hold these.
    fn is_asset(self) -> bool {
        matches!(self, Self::Etcd | Self::ApiServer | Self::Kubectl)
    }
}

/// The program, built if need be; told by `progress`, for that takes minutes.
///
/// # Errors
/// When it can neither be found nor built; says what to install.
pub async fn find(tool: Tool, progress: &Progress) -> anyhow::Result<PathBuf> {
    if let Some(given) = given(tool, &Surroundings::REAL)? {
        return Ok(given);
    }
    build::once(tool, progress).await
}

/// What can be seen of the machine; tests see another.
struct Surroundings<'a> {
    variable: &'a dyn Fn(&str) -> Option<OsString>,
    is_file: &'a dyn Fn(&Path) -> bool,
}

impl Surroundings<'_> {
    const REAL: Self = Self {
        variable: &|name| std::env::var_os(name),
        is_file: &Path::is_file,
    };
}

/// The program in the folder that `KUBEBUILDER_ASSETS` names.
fn given(tool: Tool, seen: &Surroundings<'_>) -> anyhow::Result<Option<PathBuf>> {
    let named = (seen.variable)("KUBEBUILDER_ASSETS").filter(|named| !named.is_empty());
    let Some(folder) = named.map(PathBuf::from) else {
        return Ok(None);
    };
    let program = folder.join(tool.name());
    if (seen.is_file)(&program) {
        return Ok(Some(program));
    }
    if tool.is_asset() {
        bail!(
            "KUBEBUILDER_ASSETS={} holds no {}; `setup-envtest use -p path` prints a folder that does",
            folder.display(),
            tool.name()
        );
    }
    Ok(None)
}

/// Go, on the PATH or where go.dev says to unpack it.
fn go(tool: Tool, seen: &Surroundings<'_>) -> anyhow::Result<PathBuf> {
    let path = (seen.variable)("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .map(|folder| folder.join("go"))
        .chain([PathBuf::from("/usr/local/go/bin/go")])
        .find(|go| (seen.is_file)(go))
        .with_context(|| what_to_install(tool))
}

fn what_to_install(tool: Tool) -> String {
    let name = tool.name();
    let first = format!(
        "there is no {name} yet, and no Go to build it from its published module. Install Go {GO} or newer, from \
        https://go.dev/dl or the distribution's packages, so that `go version` works"
    );
    if !tool.is_asset() {
        return format!("{first}.");
    }
    format!(
        "{first}; or get envtest's binaries (https://book.kubebuilder.io/reference/envtest) and set KUBEBUILDER_ASSETS \
        to the folder with etcd, kube-apiserver and kubectl."
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A machine with these variables and files.
    fn on<T>(
        variables: &[(&str, &str)],
        files: &[&str],
        look: impl Fn(&Surroundings<'_>) -> T,
    ) -> T {
        look(&Surroundings {
            variable: &|name| {
                let known = variables.iter().find(|(known, _)| *known == name);
                known.map(|(_, value)| OsString::from(value))
            },
            is_file: &|path| files.iter().any(|file| Path::new(file) == path),
        })
    }

    #[test]
    fn assets_come_first_and_go_is_found_where_it_is_put() {
        let assets = [("KUBEBUILDER_ASSETS", "/assets")];
        let found = on(&assets, &["/assets/etcd"], |seen| given(Tool::Etcd, seen));
        assert_eq!(found.expect("there"), Some(PathBuf::from("/assets/etcd")));
        for none in [&[][..], &[("KUBEBUILDER_ASSETS", "")]] {
            let found = on(none, &[], |seen| given(Tool::Etcd, seen));
            assert_eq!(found.expect("to be built"), None);
        }
        // Envtest has none; that is no fault of the folder.
        let found = on(&assets, &[], |seen| given(Tool::ControllerManager, seen));
        assert_eq!(found.expect("to be built"), None);
        for (files, expected) in [
            (&["/b/go", "/usr/local/go/bin/go"][..], "/b/go"),
            (&["/usr/local/go/bin/go"], "/usr/local/go/bin/go"),
        ] {
            let found = on(&[("PATH", "/a:/b")], files, |seen| go(Tool::Etcd, seen));
            assert_eq!(found.expect("there"), PathBuf::from(expected));
        }
    }

    #[test]
    fn what_is_missing_is_said_with_what_to_do() {
        let without = |tool| {
            on(&[("PATH", "/bin")], &[], |seen| go(tool, seen))
                .expect_err("no Go")
                .to_string()
        };
        for words in [
            "no kube-apiserver",
            "Install Go 1.26 or newer",
            "https://go.dev/dl",
            "KUBEBUILDER_ASSETS",
        ] {
            let said = without(Tool::ApiServer);
            assert!(said.contains(words), "{words}: {said}");
        }
        // Envtest's binaries would not help.
        let said = without(Tool::Helm);
        assert!(
            said.contains("Install Go") && !said.contains("KUBEBUILDER"),
            "{said}"
        );
        let assets = [("KUBEBUILDER_ASSETS", "/assets")];
        let refused = on(&assets, &["/assets/etcd"], |seen| {
            given(Tool::Kubectl, seen)
        });
        let said = refused.expect_err("incomplete").to_string();
        assert!(
            said.contains("KUBEBUILDER_ASSETS=/assets holds no kubectl"),
            "{said}"
        );
    }
}
