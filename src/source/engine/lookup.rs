//! Finding an engine and an image in it: the places are tried one after the other, the image is inspected, and pulled first if
//! that is wanted.

use std::collections::HashMap;
use std::time::Duration;

use bollard::auth::DockerCredentials;
use bollard::errors::Error;
use bollard::models::{CreateImageInfo, ImageInspect};
use bollard::query_parameters::CreateImageOptionsBuilder;
use futures_util::StreamExt;
use tokio::time::timeout;
use tracing::{debug, info};

use super::address::{Address, candidates};
use super::client::Client;
use super::error::{Attempt, EngineError};
use super::failure;
use super::name::Name;
use crate::source::ContainerEngine;
use crate::source::access::{Access, Environment, PullPolicy};
use crate::source::credentials::{Credential, Credentials, DOCKER_HUB_KEY};
use crate::source::registry::DOCKER_HUB;
use crate::source::runtime::block_on;
use crate::source::spool::{SpoolProgress, SpoolStep};

/// How long an engine may take to tell of an image.
const INSPECTION: Duration = Duration::from_mins(1);

/// How long a pull may stand still: unpacking a large layer tells nothing meanwhile.
const PULL_STALL: Duration = Duration::from_mins(10);

/// Layers whose progress is followed; what comes after is pulled unseen.
const FOLLOWED: usize = 1000;

/// What is asked for, and of whom.
#[derive(Debug, Clone, Copy)]
pub(super) struct Question<'a> {
    pub(super) engine: ContainerEngine,
    pub(super) name: Name<'a>,
    pub(super) access: &'a Access,
}

impl<'a> Question<'a> {
    pub(super) fn new(engine: ContainerEngine, name: &'a str, access: &'a Access) -> Result<Self, EngineError> {
        let wrong = || EngineError::Name { name: name.to_owned() };
        Ok(Self { engine, name: Name::new(name).ok_or_else(wrong)?, access })
    }

    /// The name, for messages.
    pub(super) fn named(&self) -> String {
        self.name.as_str().to_owned()
    }

    /// Waits for what an engine answers.
    pub(super) fn wait<F: Future>(&self, future: F) -> Result<F::Output, EngineError> {
        block_on(future).map_err(|cause| EngineError::Threads { engine: self.engine, cause })
    }

    /// The first engine that answers.
    pub(super) fn connect(&self) -> Result<Client, EngineError> {
        let mut attempts = Vec::new();
        for candidate in candidates(self.engine, &self.access.environment) {
            let (place, answer) = match &candidate.address {
                Ok(address) => {
                    let place = format!("{} ({address})", candidate.reason);
                    (place, self.wait(Client::connect(self.engine, address, &self.access.environment))?)
                }
                Err(error) => (candidate.reason, Err(error.clone())),
            };
            match answer {
                Ok(client) => {
                    info!("{} answers at {place}, version {}", self.engine.command(), client.docker.client_version());
                    return Ok(client);
                }
                Err(failure) => {
                    debug!("{place}: {failure}");
                    attempts.push(Attempt { place, failure });
                }
            }
        }
        let hint = self.hint()?;
        Err(EngineError::Unreachable { engine: self.engine, name: self.named(), attempts, hint })
    }

    /// Whoever has no docker may have podman and not know that it is asked for by name.
    fn hint(&self) -> Result<&'static str, EngineError> {
        if self.engine != ContainerEngine::Docker {
            return Ok("");
        }
        let podman = candidates(ContainerEngine::Podman, &self.access.environment);
        // No other host: an answer from there takes longer than a hint is worth.
        let here = |address: &&Address| matches!(address, Address::Unix(_) | Address::Pipe(_));
        for address in podman.iter().filter_map(|candidate| candidate.address.as_ref().ok()).filter(here) {
            let answer = Client::connect(ContainerEngine::Podman, address, &self.access.environment);
            if self.wait(answer)?.is_ok() {
                return Ok("Podman answers, and --source podman asks it; or ");
            }
        }
        Ok("")
    }

    /// The image, pulled before if that is wanted.
    pub(super) fn find(
        &self,
        client: &Client,
        progress: &mut dyn FnMut(SpoolProgress),
    ) -> Result<ImageInspect, EngineError> {
        if self.access.pull == PullPolicy::Always {
            self.pull(client, progress)?;
        }
        match self.inspect(client) {
            Err(EngineError::NoSuchImage { .. }) if self.access.pull == PullPolicy::Missing => {
                self.pull(client, progress)?;
                self.inspect(client)
            }
            answer => answer,
        }
    }

    /// What the engine tells of the image.
    pub(super) fn inspect(&self, client: &Client) -> Result<ImageInspect, EngineError> {
        // Inside, since it needs the runtime's clock from the beginning.
        let asked = async { timeout(INSPECTION, client.docker.inspect_image(self.name.as_str())).await };
        let answer = self.wait(asked)?.unwrap_or(Err(Error::RequestTimeoutError));
        answer.map_err(|error| {
            let answer = failure::answer(&error, client.address());
            let (engine, name) = (self.engine, self.named());
            match error {
                Error::DockerResponseServerError { status_code: 404, .. } => {
                    EngineError::NoSuchImage { engine, name, answer }
                }
                _ => EngineError::Refused { engine, name, answer },
            }
        })
    }

    /// Has the engine pull the image from its registry.
    pub(super) fn pull(&self, client: &Client, progress: &mut dyn FnMut(SpoolProgress)) -> Result<(), EngineError> {
        let failed = |answer: String, note: &str| EngineError::Pull {
            engine: self.engine,
            name: self.named(),
            answer,
            note: note.to_owned(),
        };
        if self.name.is_id() {
            return Err(failed("this is an id, which no registry knows".to_owned(), "; pull the image by its name"));
        }
        let (repository, version) = self.name.repository_and_version();
        // Without a tag, engines pull them all.
        let options = CreateImageOptionsBuilder::new().from_image(repository).tag(version.unwrap_or("latest"));
        let options = options.platform(self.access.platform.as_deref().unwrap_or_default()).build();
        let (credentials, note) = credentials(self.name.registry(), repository, &self.access.environment);
        let mut layers = Layers::default();
        progress(layers.progress());
        self.wait(async {
            let mut steps = client.docker.create_image(Some(options), None, credentials);
            loop {
                match timeout(PULL_STALL, steps.next()).await {
                    Ok(None) => return Ok(()),
                    Ok(Some(Ok(step))) => {
                        layers.hear(step);
                        progress(layers.progress());
                    }
                    Ok(Some(Err(error))) => return Err(failed(failure::answer(&error, client.address()), &note)),
                    Err(_) => {
                        let text = format!("nothing has come for {} minutes", PULL_STALL.as_secs() / 60);
                        return Err(failed(text, &note));
                    }
                }
            }
        })?
    }
}

/// How far the layers of a pull have come.
#[derive(Debug, Default)]
struct Layers(HashMap<String, (u64, u64)>);

impl Layers {
    fn hear(&mut self, step: CreateImageInfo) {
        let Some(id) = step.id else { return };
        match (step.status.as_deref(), step.progress_detail) {
            // Unpacking counts anew from zero.
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

    fn progress(&self) -> SpoolProgress {
        let sum = |part: fn(&(u64, u64)) -> u64| self.0.values().map(part).fold(0, u64::saturating_add);
        // Of the layers that have begun: more may come.
        let total = Some(sum(|(_, total)| *total)).filter(|total| *total > 0);
        SpoolProgress { step: SpoolStep::Pull, read: sum(|(read, _)| *read), total }
    }
}

/// Who the user is to `registry`, for the engine to show there; and what went wrong in looking.
fn credentials(registry: &str, repository: &str, environment: &Environment) -> (Option<DockerCredentials>, String) {
    // Docker's own name for Docker Hub is that of an address from before there were others.
    let is_hub = registry == DOCKER_HUB_KEY;
    let path = if is_hub { repository } else { repository.strip_prefix(registry).unwrap_or(repository) };
    let found =
        Credentials::look_up(environment, if is_hub { DOCKER_HUB } else { registry }, path.trim_start_matches('/'));
    let note = found.problems.iter().fold(String::new(), |note, problem| note + "; " + problem);
    let known = DockerCredentials { serveraddress: Some(registry.to_owned()), ..DockerCredentials::default() };
    let known = match found.found {
        Some(Credential::Identity(token)) => Some(DockerCredentials { identitytoken: Some(token), ..known }),
        Some(Credential::User { name, password }) => {
            Some(DockerCredentials { username: Some(name), password: Some(password), ..known })
        }
        None => None,
    };
    (known, note)
}

#[cfg(test)]
mod tests {
    use super::*;
    use bollard::models::ProgressDetail;

    fn step(id: &str, status: &str, current: i64, total: i64) -> CreateImageInfo {
        CreateImageInfo {
            id: Some(id.to_owned()),
            status: Some(status.to_owned()),
            progress_detail: Some(ProgressDetail { current: Some(current), total: Some(total) }),
            ..CreateImageInfo::default()
        }
    }

    #[test]
    fn the_bytes_of_all_layers_are_counted_once() {
        let mut layers = Layers::default();
        for heard in [
            step("a", "Downloading", 10, 100),
            step("b", "Downloading", 5, 7),
            step("a", "Download complete", 0, 0),
            step("a", "Extracting", 1, 100),
            step("c", "Already exists", 0, 0),
            step("d", "Downloading", -1, -1),
        ] {
            layers.hear(heard);
        }
        assert_eq!(layers.progress().read, 105);
    }

    #[test]
    fn dockers_configuration_gives_the_credentials_and_no_error_shows_them() {
        let folder = tempfile::tempdir().unwrap();
        let environment = [("DOCKER_CONFIG", folder.path())].into_iter().collect();
        assert!(credentials("h:1", "h:1/team/app", &environment).0.is_none());
        // user:secret
        let config = r#"{"auths": {"h:1": {"auth": "dXNlcjpzZWNyZXQ="}, "h:2": {"auth": "c2VjcmV0"}}}"#;
        std::fs::write(folder.path().join("config.json"), config).unwrap();
        let (known, note) = credentials("h:1", "h:1/team/app", &environment);
        assert_eq!(known.unwrap().password.as_deref(), Some("secret"));
        assert_eq!(note, "");
        let (damaged, note) = credentials("h:2", "h:2/app", &environment);
        assert!(damaged.is_none() && note.contains("h:2") && !note.contains("c2Vj"), "{note}");
    }
}
