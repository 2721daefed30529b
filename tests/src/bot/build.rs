//! The project's own programs and libraries, built by cargo when first asked for, so that they are never stale. Cargo says where
//! they are; no path is guessed.

use std::collections::HashMap;
use std::env;
use std::env::consts::DLL_EXTENSION;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::LazyLock;

use anyhow::{Context, bail};
use serde_json::Value;
use tokio::sync::Mutex;

/// How it is compiled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Profile {
    Dev,
    Release,
}

static BUILT: LazyLock<Mutex<HashMap<(String, Profile), PathBuf>>> = LazyLock::new(Mutex::default);

/// The bot's program.
///
/// # Errors
/// When it does not compile; with the compiler's words.
pub async fn bot(profile: Profile) -> anyhow::Result<PathBuf> {
    program("sabai-bot", profile).await
}

/// The agent's program.
///
/// # Errors
/// When it does not compile; with the compiler's words.
pub async fn agent(profile: Profile) -> anyhow::Result<PathBuf> {
    program("sabai-agent", profile).await
}

/// The program of the package with the same name; built at most once in this process.
///
/// # Errors
/// When it does not compile; with the compiler's words.
pub async fn program(name: &str, profile: Profile) -> anyhow::Result<PathBuf> {
    let mut built = BUILT.lock().await;
    let key = (name.to_owned(), profile);
    if let Some(path) = built.get(&key) {
        return Ok(path.clone());
    }
    let name = name.to_owned();
    let build = move || {
        let messages = build(&name, &["--bin", &name], profile)?;
        executable(&messages, &name)
            .with_context(|| format!("cargo built {name} and named no program"))
    };
    let path = tokio::task::spawn_blocking(build)
        .await
        .context("build")??;
    built.insert(key, path.clone());
    Ok(path)
}

/// The dynamic library of the package with this name; built at most once in this process.
///
/// # Errors
/// When it does not compile; with the compiler's words.
pub async fn library(name: &str) -> anyhow::Result<PathBuf> {
    let mut built = BUILT.lock().await;
    let key = (name.to_owned(), Profile::Dev);
    if let Some(path) = built.get(&key) {
        return Ok(path.clone());
    }
    let name = name.to_owned();
    let build = move || {
        let messages = build(&name, &["--lib"], Profile::Dev)?;
        dynamic(&messages, &name.replace('-', "_"))
            .with_context(|| format!("cargo built {name} and named no dynamic library"))
    };
    let path = tokio::task::spawn_blocking(build)
        .await
        .context("build")??;
    built.insert(key, path.clone());
    Ok(path)
}

/// Runs cargo; returns its messages.
fn build(name: &str, what: &[&str], profile: Profile) -> anyhow::Result<String> {
    let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command
        .args([
            "build",
            "--quiet",
            "--message-format=json-render-diagnostics",
            "--package",
            name,
        ])
        .args(what)
        .args((profile == Profile::Release).then_some("--release"))
        .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")))
        .stdin(Stdio::null());
    // What cargo told this process about its own package would make build scripts run again, here and there in turn.
    let own = |name: &str| {
        ["CARGO_PKG_", "CARGO_MANIFEST_"]
            .iter()
            .any(|prefix| name.starts_with(prefix))
            || name == "CARGO_CRATE_NAME"
    };
    env::vars_os()
        .filter_map(|(name, _)| name.into_string().ok())
        .filter(|name| own(name))
        .for_each(|name| {
            command.env_remove(name);
        });
    let output = command
        .output()
        .with_context(|| format!("run cargo build for {name}"))?;
    if !output.status.success() {
        bail!(
            "cargo build for {name} failed:\n{}",
            String::from_utf8_lossy(&output.stderr)
        );
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// From cargo's "compiler-artifact" messages (The Cargo Book, external tools).
fn executable(messages: &str, name: &str) -> Option<PathBuf> {
    artifacts(messages, name).find_map(|message| message["executable"].as_str().map(PathBuf::from))
}

fn dynamic(messages: &str, name: &str) -> Option<PathBuf> {
    let files = artifacts(messages, name)
        .filter_map(|message| message["filenames"].as_array().cloned())
        .flatten();
    let paths = files.filter_map(|file| file.as_str().map(PathBuf::from));
    let is_dynamic = |path: &PathBuf| path.extension().is_some_and(|end| end == DLL_EXTENSION);
    paths.into_iter().find(is_dynamic)
}

fn artifacts(messages: &str, name: &str) -> impl Iterator<Item = Value> {
    messages
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .filter(move |message| {
            message["reason"] == "compiler-artifact" && message["target"]["name"] == name
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cargo_names_the_program() {
        let messages = r#"{"reason":"compiler-artifact","target":{"name":"other"},"executable":"/target/debug/other"}
{"reason":"compiler-artifact","target":{"name":"sabai-bot"},"executable":null}
{"reason":"compiler-artifact","target":{"name":"sabai-bot"},"executable":"/target/debug/sabai-bot"}
{"reason":"build-finished","success":true}"#;
        assert_eq!(
            executable(messages, "sabai-bot"),
            Some(PathBuf::from("/target/debug/sabai-bot"))
        );
        assert_eq!(executable(messages, "sabai-agent"), None);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn cargo_names_the_library() {
        let messages = r#"{"reason":"compiler-artifact","target":{"name":"one"},"filenames":["/target/libone.rlib","/target/libone.so"]}"#;
        let found = dynamic(messages, "one");
        assert_eq!(found, Some(PathBuf::from("/target/libone.so")));
    }
}
