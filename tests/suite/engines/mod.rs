//! Images in engines and registries, and builds. All servers are real and started by `tests/servers.sh`; proxies inject
//! faults. A failure means that dive cannot open an image, opens another one, transfers bytes again, or leaks a
//! password.
mod authorities;
pub(crate) mod bases;
mod broken_engines;
mod broken_registries;
mod building;
mod cache;
mod container_changes;
mod containerd_store;
mod containers;
mod contexts;
mod credentials;
mod engine_tls;
pub(crate) mod fake;
mod hostile_programs;
pub(crate) mod http;
mod names;
mod newer;
mod partial;
mod podman_command;
mod projects;
pub(crate) mod proxy;
mod pulling;
mod same;
pub(crate) mod servers;
mod settings;
mod spellings;
mod tokens;
mod verified;

use std::path::Path;
use std::time::Duration;

use serde_json::Value;

use crate::user::{Ran, User};

/// Time limit on a busy machine.
const LIMIT: Duration = Duration::from_secs(30);

/// Time limit for operations with several retries.
const LONG: Duration = Duration::from_mins(1);

/// Path of the export request of both engines.
pub(crate) const EXPORT: &str = "/get";

/// The document of `dive --json`.
#[track_caller]
fn document(user: &User, arguments: &[&str]) -> Value {
    let ran = user.runs(&[&["--json", "-"], arguments].concat()).ends_with(0);
    serde_json::from_str(&ran.stdout).unwrap_or_else(|error| panic!("{arguments:?}: {error}\n{}", ran.stdout))
}

/// The document without names and storage details, which differ between sources.
fn content(mut document: Value) -> Value {
    for key in ["name", "tags"] {
        document["image"][key].take();
    }
    for key in ["storedBytes", "onDiskBytes"] {
        document["sizes"][key].take();
    }
    for part in ["ours", "baseLayers"] {
        if let Some(sums) = document["advice"][part].as_object_mut() {
            sums.remove("storedBytes");
        }
    }
    for finding in document["advice"]["findings"].as_array_mut().expect("findings") {
        finding["storedBytes"].take();
    }
    // Only CI mode has one.
    document["verdict"].take();
    for layer in document["layer"].as_array_mut().expect("layers") {
        for key in ["id", "blobDigest", "mediaType", "compression", "storedBytes"] {
            layer[key].take();
        }
    }
    document
}

/// Fails with the first difference.
#[track_caller]
fn assert_same(what: &str, expected: &Value, found: &Value) {
    fn difference(at: &str, expected: &Value, found: &Value) -> Option<String> {
        match (expected, found) {
            (Value::Object(expected), Value::Object(found)) if expected.keys().eq(found.keys()) => {
                expected.iter().find_map(|(key, value)| difference(&format!("{at}.{key}"), value, &found[key]))
            }
            (Value::Array(expected), Value::Array(found)) if expected.len() == found.len() => {
                let pairs = expected.iter().zip(found).enumerate();
                pairs.into_iter().find_map(|(index, (a, b))| difference(&format!("{at}[{index}]"), a, b))
            }
            _ if expected == found => None,
            _ => {
                Some(format!("{at}\n  expected: {:.500}\n  found:    {:.500}", expected.to_string(), found.to_string()))
            }
        }
    }
    if let Some(difference) = difference("", expected, found) {
        panic!("{what}: {difference}");
    }
}

/// Asserts an error that contains all `parts`, in any case.
#[track_caller]
fn assert_fails(ran: &Ran, parts: &[&str]) {
    let error = ran.error();
    for part in parts {
        assert!(error.to_lowercase().contains(&part.to_lowercase()), "no {part:?} in: {error}");
    }
}

/// A user who logs everything; no secret may appear in the log either.
fn with_log(user: User) -> User {
    user.sets("DIVE_LOG_ENABLED", "true").sets("DIVE_LOG_LEVEL", "trace")
}

/// Files in which users store secrets themselves.
const OWN: [&str; 3] = ["config.json", "auth.json", "docker-credential-vault"];

/// Asserts that no output and no written file contains a secret.
#[track_caller]
fn assert_keeps_secrets(user: &User, ran: &Ran, secrets: &[&str]) {
    let mut texts = vec![("standard output".to_owned(), ran.stdout.clone().into_bytes())];
    texts.push(("standard error".to_owned(), ran.stderr.clone().into_bytes()));
    for folder in [user.home(""), user.file("")] {
        for file in files_below(&folder) {
            if !OWN.iter().any(|own| file.ends_with(own)) {
                texts.push((file.display().to_string(), std::fs::read(&file).unwrap()));
            }
        }
    }
    for (place, text) in texts {
        for secret in secrets.iter().flat_map(|secret| [(*secret).to_owned(), http::base64(secret)]) {
            let found = text.windows(secret.len()).any(|part| part == secret.as_bytes());
            assert!(!found, "{place} holds the secret {secret:?}:\n{}", String::from_utf8_lossy(&text));
        }
    }
}

/// All files below a folder.
fn files_below(folder: &Path) -> Vec<std::path::PathBuf> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).into_iter().flatten() {
            let path = entry.unwrap().path();
            if path.is_dir() { folders.push(path) } else { files.push(path) }
        }
    }
    files.sort();
    files
}

/// Waits for a condition.
#[track_caller]
fn wait_until(what: &str, mut holds: impl FnMut() -> bool) {
    let start = std::time::Instant::now();
    while !holds() {
        assert!(start.elapsed() < LIMIT, "{what}: not after {LIMIT:?}");
        std::thread::sleep(Duration::from_millis(10));
    }
}
