//! Has an engine pull an image from its registry, with the user's credentials.

use std::collections::HashMap;
use std::time::Duration;

use super::api::{Login, PullStep};
use super::backend::Backend;
use super::client::Client;
use super::error::EngineError;
use super::failure;
use super::lookup::ImageLookup;
use crate::ContainerEngine;
use crate::credentials::{Credential, Credentials};
use crate::docker_hub::{DOCKER_HUB, DOCKER_HUB_KEY};
use crate::engine_name::EngineImageName;
use crate::environment::Environment;
use crate::runtime::timeout;
use dive_model::blob::{TransferProgress, TransferStep};
use dive_model::units::Total;

/// Timeout without progress: engines report nothing while they unpack a large layer.
const PULL_STALL: Duration = Duration::from_mins(10);

/// The number of layers whose progress is counted.
const FOLLOWED: usize = 1000;

impl ImageLookup<'_> {
    /// Has the engine pull the image from its registry.
    pub(super) fn pull(
        &self,
        backend: &Backend,
        progress: &mut dyn FnMut(TransferProgress),
    ) -> Result<(), EngineError> {
        if self.name.is_id() {
            return Err(self.pull_error("registries do not know image ids", "; pull the image by its name"));
        }
        match backend {
            Backend::Service(client) => self.pull_by_service(client, progress),
            Backend::Command { podman, .. } => {
                let pulled = podman.pull(self.name, self.access.platform.as_deref(), progress);
                pulled.map_err(|failure| self.pull_error(&failure::of_program(&failure), ""))
            }
        }
    }

    fn pull_by_service(&self, client: &Client, progress: &mut dyn FnMut(TransferProgress)) -> Result<(), EngineError> {
        let (repository, version) = self.name.repository_and_version();
        // Without a tag, engines pull all tags.
        let tag = version.unwrap_or("latest");
        let platform = self.access.platform.as_deref();
        let (login, note) = credentials(self.name.registry(), repository, &self.access.environment);
        let mut layers = PullProgress::default();
        progress(layers.progress());
        self.wait(async {
            let refused = |error| self.pull_error(&failure::answer(&error, client.address()), &note);
            let mut steps = client.pull(repository, tag, platform, login.as_ref()).await.map_err(refused)?;
            loop {
                match timeout(PULL_STALL, steps.next()).await {
                    Ok(Ok(None)) => return Ok(()),
                    Ok(Ok(Some(step))) => {
                        layers.record(step);
                        progress(layers.progress());
                    }
                    Ok(Err(error)) => return Err(refused(error)),
                    Err(_) => {
                        let text = format!("no progress for {} minutes", PULL_STALL.as_secs() / 60);
                        return Err(self.pull_error(&text, &note));
                    }
                }
            }
        })?
    }

    /// The error of a failed pull, with advice for its cause.
    fn pull_error(&self, answer: &str, note: &str) -> EngineError {
        let (engine, name) = (self.engine, self.display_name());
        let hint = match cause(answer, self.name) {
            PullFailure::Login => format!("; log in to its registry: {}", login(engine, self.name.registry())),
            PullFailure::Network => "; check the network, the DNS and the proxy of the engine".to_owned(),
            PullFailure::ShortName => {
                let command = engine.command();
                format!("; write the registry too, such as `dive {command}://docker.io/{}`", with_namespace(&name))
            }
            PullFailure::Unknown => "; check the name and the tag".to_owned(),
            PullFailure::Other => String::new(),
        };
        EngineError::Pull { engine, name, answer: without_repetitions(answer), note: format!("{hint}{note}") }
    }
}

/// Why a pull failed, by the engine's message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum PullFailure {
    /// The registry requires a login, or another account.
    Login,
    /// The registry cannot be reached.
    Network,
    /// The registry does not have the image.
    Unknown,
    /// The name has no registry, and Podman has no registry to search.
    ShortName,
    Other,
}

/// Classifies a message by phrases of the engines' registry clients, which have been stable for years.
fn cause(answer: &str, name: EngineImageName<'_>) -> PullFailure {
    let answer = answer.to_ascii_lowercase();
    if ["short-name \"", "short-name resolution"].iter().any(|phrase| answer.contains(phrase)) {
        return PullFailure::ShortName;
    }
    let answer = without_names(&answer, name);
    let contains_any = |phrases: &[&str]| phrases.iter().any(|phrase| answer.contains(phrase));
    let is_forbidden = || answer.split(' ').any(|word| trimmed(word) == "403");
    if contains_any(&["unauthorized", "authentication required", "no basic auth credentials", "denied"])
        || is_forbidden()
    {
        PullFailure::Login
    } else if contains_any(&["dial tcp", "no such host", "timeout", "deadline exceeded", "connection re"]) {
        PullFailure::Network
    } else if contains_any(&["manifest unknown", "not found", "name unknown"]) {
        PullFailure::Unknown
    } else {
        PullFailure::Other
    }
}

/// A message without its words that name the image, its registry or another address: the port 40331 and the image
/// `access-denied` say nothing of the cause.
fn without_names(answer: &str, name: EngineImageName<'_>) -> String {
    let (repository, version) = name.repository_and_version();
    let names = [Some(name.as_str()), Some(repository), Some(name.registry()), version];
    let is_name = |word: &str| {
        let word = trimmed(word);
        let is_tagged = word.strip_prefix(repository).is_some_and(|rest| rest.starts_with([':', '@']));
        word.contains('/') || is_tagged || names.iter().flatten().any(|name| word.eq_ignore_ascii_case(name))
    };
    answer.split_whitespace().filter(|word| !is_name(word)).collect::<Vec<_>>().join(" ")
}

/// A word without quotes and other punctuation around it.
fn trimmed(word: &str) -> &str {
    word.trim_matches(|letter: char| letter.is_ascii_punctuation())
}

/// `name` as Docker Hub calls it.
fn with_namespace(name: &str) -> String {
    if name.contains('/') { name.to_owned() } else { format!("library/{name}") }
}

fn login(engine: ContainerEngine, registry: &str) -> String {
    let host = if registry == DOCKER_HUB_KEY { DOCKER_HUB } else { registry };
    match (engine, host) {
        (ContainerEngine::Docker, DOCKER_HUB) => "`docker login`".to_owned(),
        (engine, host) => format!("`{} login {host}`", engine.command()),
    }
}

/// The engine's message without repetitions: each layer of its registry client repeats the image or the host, and the message
/// ends with an error code and text, which are often equal.
fn without_repetitions(answer: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in answer.split(": ") {
        let is_step = ["initializing source ", "pinging container registry "].iter().any(|step| part.starts_with(step));
        if !is_step && parts.last() != Some(&part) {
            parts.push(part);
        }
    }
    parts.join(": ")
}

/// The progress of a pull by layer: bytes received, and in total.
#[derive(Debug, Default)]
struct PullProgress(HashMap<String, (u64, u64)>);

impl PullProgress {
    fn record(&mut self, step: PullStep) {
        let Some(id) = step.id else { return };
        match (step.status.as_deref(), step.progress_detail) {
            // Unpacking starts again at zero.
            (Some("Downloading"), Some(detail)) => {
                let count = |value: Option<i64>| u64::try_from(value.unwrap_or_default()).unwrap_or_default();
                if self.0.len() < FOLLOWED || self.0.contains_key(&id) {
                    self.0.insert(id, (count(detail.current), count(detail.total)));
                }
            }
            (Some("Download complete" | "Pull complete"), _) => {
                if let Some((read, total)) = self.0.get_mut(&id) {
                    *read = *total;
                }
            }
            _ => {}
        }
    }

    fn progress(&self) -> TransferProgress {
        let sum = |part: fn(&(u64, u64)) -> u64| self.0.values().map(part).sum::<Total>().get();
        // The total covers the layers that have started; more may follow.
        let total = Some(sum(|(_, total)| *total)).filter(|total| *total > 0);
        TransferProgress { step: TransferStep::Pull, read: sum(|(read, _)| *read), total }
    }
}

/// The credentials that the engine sends to `registry`, and the problems of finding them.
fn credentials(registry: &str, repository: &str, environment: &Environment) -> (Option<Login>, String) {
    // Docker's configuration names Docker Hub by its old address.
    let is_hub = registry == DOCKER_HUB_KEY;
    let path = if is_hub { repository } else { repository.strip_prefix(registry).unwrap_or(repository) };
    let found =
        Credentials::look_up(environment, if is_hub { DOCKER_HUB } else { registry }, path.trim_start_matches('/'));
    let note = found.problems.iter().fold(String::new(), |note, problem| note + "; " + problem);
    let serveraddress = registry.to_owned();
    let login = found.found.map(|found| match found {
        Credential::Identity(identitytoken) => Login::Token { identitytoken, serveraddress },
        Credential::User { name: username, password } => Login::Password { username, password, serveraddress },
    });
    (login, note)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn step(id: &str, status: &str, current: i64, total: i64) -> PullStep {
        let line = json!({"id": id, "status": status, "progressDetail": {"current": current, "total": total}});
        PullStep::parse(line.to_string().as_bytes()).unwrap()
    }

    #[test]
    fn pull_progress_counts_the_bytes_of_all_layers() {
        let mut layers = PullProgress::default();
        for step in [
            step("a", "Downloading", 10, 100),
            step("b", "Downloading", 5, 7),
            step("a", "Download complete", 0, 0),
            step("a", "Extracting", 1, 100),
            step("c", "Already exists", 0, 0),
            step("d", "Downloading", -1, -1),
        ] {
            layers.record(step);
        }
        assert_eq!(layers.progress().read, 105);
    }

    #[test]
    fn a_failed_pull_error_has_no_repetition() {
        let podman = "initializing source docker://h:1/x:1: pinging container registry h:1: Get \"https://h:1/v2/\": dial tcp: \
                      lookup h: no such host";
        assert_eq!(without_repetitions(podman), "Get \"https://h:1/v2/\": dial tcp: lookup h: no such host");
        let docker = "manifest for h:1/x:1 not found: manifest unknown: manifest unknown";
        assert_eq!(without_repetitions(docker), "manifest for h:1/x:1 not found: manifest unknown");
        assert_eq!(without_repetitions(""), "");
    }

    /// The user of an expired secret should not look for a typo in the name.
    #[test]
    fn a_failed_pull_distinguishes_login_network_and_name() {
        for (answer, expected) in [
            ("Head \"https://h/v2/x/manifests/1\": no basic auth credentials", PullFailure::Login),
            ("pull access denied for x, repository does not exist or may require 'docker login'", PullFailure::Login),
            ("reading manifest 1 in h/x: unauthorized: authentication required", PullFailure::Login),
            ("Get \"http://127.0.0.1:1/v2/\": dial tcp 127.0.0.1:1: connect: connection refused", PullFailure::Network),
            ("reading manifest 1 in h/x: manifest unknown", PullFailure::Unknown),
            ("Get \"https://h/v2/\": dial tcp: lookup h: Temporary failure in name resolution", PullFailure::Network),
            (
                "short-name \"x\" did not resolve to an alias and no unqualified-search registries are defined in \"/f\"",
                PullFailure::ShortName,
            ),
            ("short-name resolution enforced but cannot prompt without a TTY", PullFailure::ShortName),
            ("reading manifest 1 in docker.io/x/short-name-api: manifest unknown", PullFailure::Unknown),
            ("no space left on device", PullFailure::Other),
        ] {
            assert_eq!(cause(answer, EngineImageName::new("h/x:1").unwrap()), expected, "{answer}");
        }
        assert_eq!(login(ContainerEngine::Docker, DOCKER_HUB_KEY), "`docker login`");
        assert_eq!(login(ContainerEngine::Podman, DOCKER_HUB_KEY), "`podman login docker.io`");
        assert_eq!(login(ContainerEngine::Docker, "quay.io"), "`docker login quay.io`");
    }

    /// The random port 40331 sent users to `podman login`.
    #[test]
    fn a_failed_pull_ignores_words_of_the_images_name() {
        for (name, answer, expected) in [
            ("h:40331/x:7", "reading manifest 7 in h:40331/x: manifest unknown", PullFailure::Unknown),
            ("h:40331/x:7", "manifest for h:40331/x:7 not found: manifest unknown", PullFailure::Unknown),
            ("x:403", "manifest for x:403 not found: manifest unknown", PullFailure::Unknown),
            ("h/x:403", "reading manifest 403 in h/x: manifest unknown", PullFailure::Unknown),
            ("h/timeout", "reading manifest latest in h/timeout: manifest unknown", PullFailure::Unknown),
            (
                "denied.example/x",
                "Get \"https://denied.example/v2/\": lookup denied.example: no such host",
                PullFailure::Network,
            ),
            (
                "h/denied",
                "Get \"https://h/v2/denied/manifests/1\": read tcp 10.4.0.3:40312: i/o timeout",
                PullFailure::Network,
            ),
            ("h:40331/x", "reading manifest latest in h:40331/x: StatusCode: 403, \"\"", PullFailure::Login),
            (
                "h/x",
                "unexpected status from HEAD request to https://h/v2/x/manifests/latest: 403 Forbidden",
                PullFailure::Login,
            ),
        ] {
            assert_eq!(cause(answer, EngineImageName::new(name).unwrap()), expected, "{answer}");
        }
    }

    #[test]
    fn a_pull_uses_the_docker_login_and_shows_no_secret() {
        let folder = tempfile::tempdir().unwrap();
        let environment = [("DOCKER_CONFIG", folder.path())].into_iter().collect();
        assert!(credentials("h:1", "h:1/team/app", &environment).0.is_none());
        // user:secret
        let config = r#"{"auths": {"h:1": {"auth": "dXNlcjpzZWNyZXQ="}, "h:2": {"auth": "c2VjcmV0"}}}"#;
        std::fs::write(folder.path().join("config.json"), config).unwrap();
        let (known, note) = credentials("h:1", "h:1/team/app", &environment);
        assert!(matches!(known, Some(Login::Password { password, .. }) if password == "secret"));
        assert_eq!(note, "");
        let (damaged, note) = credentials("h:2", "h:2/app", &environment);
        assert!(damaged.is_none() && note.contains("h:2") && !note.contains("c2Vj"), "{note}");
    }
}
