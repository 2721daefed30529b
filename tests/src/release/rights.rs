//! The rights of a release, from the files that the chart uses.

use std::fs;
use std::path::Path;

use anyhow::Context;

const FILES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../charts/sabai/files");

/// Role, binding and policy, as one text of YAML.
///
/// # Errors
/// When a file is not there.
pub(super) fn rights(name: &str, namespace: &str, service_account: &str) -> anyhow::Result<String> {
    let files = ["role.yaml", "rolebinding.yaml", "policy.yaml"];
    let read = files.map(|file| {
        let path = Path::new(FILES).join(file);
        fs::read_to_string(&path).with_context(|| format!("read {}", path.display()))
    });
    let texts: Vec<String> = read.into_iter().collect::<anyhow::Result<_>>()?;
    let filled = texts.join("\n---\n");
    let filled = filled.replace("$NAMESPACE", namespace);
    let filled = filled.replace("$SERVICEACCOUNT", service_account);
    Ok(filled.replace("$NAME", name))
}
