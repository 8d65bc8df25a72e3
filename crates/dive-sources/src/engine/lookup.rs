//! Connects to an engine and looks up an image in it. Addresses are tried in order; a missing image is pulled if the policy
//! allows it. A container's name is recognized before any pull.

use std::time::Duration;

use tracing::{debug, info};

use super::address::{Address, candidates};
use super::api::{ApiError, Container, ImageInspect};
use super::backend::Backend;
use super::client::Client;
use super::error::{Attempt, EngineError, EngineObject};
use super::failure;
use super::podman::PodmanCommand;
use crate::ContainerEngine;
use crate::access::{Access, PodmanRoute, PullPolicy};
use crate::engine_name::EngineImageName;
use crate::program::ProgramError;
use crate::runtime::{block_on, timeout};
use dive_model::blob::TransferProgress;

/// Timeout for the description of an image or a container.
pub(super) const INSPECTION: Duration = Duration::from_mins(1);

/// Podman's error for the beginning of several ids, with HTTP status 500. Docker answers 400.
const SEVERAL_CONTAINERS: &str = "more than one result";

/// Runs a request to `engine`.
pub(super) fn wait<F: Future>(engine: ContainerEngine, future: F) -> Result<F::Output, EngineError> {
    block_on(future).map_err(|cause| EngineError::Threads { engine, cause })
}

/// Connects to the first address of `engine` that responds, or to Podman's command if the user names no service. Without
/// either, the inner error has all attempts.
pub(super) fn connect(engine: ContainerEngine, access: &Access) -> Result<Result<Backend, Vec<Attempt>>, EngineError> {
    let environment = &access.environment;
    let podman = PodmanCommand::new(environment);
    if engine == ContainerEngine::Podman && access.podman == PodmanRoute::Command {
        return Ok(Ok(Backend::Command { podman, tried: Vec::new() }));
    }
    let mut tried = Vec::new();
    for candidate in candidates(engine, environment) {
        let (place, answer) = match &candidate.address {
            Ok(address) => {
                let place = format!("{} ({address})", candidate.reason);
                (place, wait(engine, Client::connect(engine, address, environment))?)
            }
            Err(error) => (candidate.reason, Err(error.clone().into())),
        };
        match answer {
            Ok(client) => {
                info!("{} responds at {place}, version {}", engine.command(), client.version());
                return Ok(Ok(Backend::Service(client)));
            }
            Err(failure) => {
                debug!("{place}: {failure}");
                tried.push(Attempt { place, failure });
            }
        }
    }
    // A service that the user names may have other images than the command.
    if engine == ContainerEngine::Podman && environment.get("CONTAINER_HOST").is_none() {
        info!("Podman's service does not respond; using the command podman");
        return Ok(Ok(Backend::Command { podman, tried }));
    }
    Ok(Err(tried))
}

/// The image to look up, the engine to ask, and the options of the lookup.
#[derive(Debug, Clone, Copy)]
pub(super) struct ImageLookup<'a> {
    pub(super) engine: ContainerEngine,
    pub(super) name: EngineImageName<'a>,
    pub(super) wanted: EngineObject,
    pub(super) access: &'a Access,
}

impl<'a> ImageLookup<'a> {
    /// The lookup of an image.
    pub(super) fn new(engine: ContainerEngine, name: &'a str, access: &'a Access) -> Result<Self, EngineError> {
        let wrong = || EngineError::Name { name: name.to_owned() };
        let name = EngineImageName::new(name).ok_or_else(wrong)?;
        Ok(Self { engine, name, wanted: EngineObject::Image, access })
    }

    /// The lookup of a container.
    pub(super) fn of_container(
        engine: ContainerEngine,
        name: &'a str,
        access: &'a Access,
    ) -> Result<Self, EngineError> {
        Ok(Self { wanted: EngineObject::Container, ..Self::new(engine, name, access)? })
    }

    /// The name, for messages.
    pub(super) fn display_name(&self) -> String {
        self.name.as_str().to_owned()
    }

    /// Runs a request to an engine.
    pub(super) fn wait<F: Future>(&self, future: F) -> Result<F::Output, EngineError> {
        wait(self.engine, future)
    }

    /// Connects to the engine.
    pub(super) fn connect(&self) -> Result<Backend, EngineError> {
        connect(self.engine, self.access)?.map_err(|attempts| self.unreachable(attempts))
    }

    fn unreachable(&self, attempts: Vec<Attempt>) -> EngineError {
        let hint = self.hint().unwrap_or_default();
        let (engine, name) = (self.engine, self.display_name());
        EngineError::Unreachable { engine, name, wanted: self.wanted, attempts, hint }
    }

    /// The start of a hint on a machine with Podman and without Docker, whose user may not know `--source podman`; else empty.
    fn hint(&self) -> Result<&'static str, EngineError> {
        let environment = &self.access.environment;
        if self.engine != ContainerEngine::Docker {
            return Ok("");
        }
        let podman = candidates(ContainerEngine::Podman, environment);
        // Skip remote hosts: they take too long for a hint.
        let is_local = |address: &&Address| matches!(address, Address::Unix(_) | Address::Pipe(_));
        for address in podman.iter().filter_map(|candidate| candidate.address.as_ref().ok()).filter(is_local) {
            if self.wait(Client::connect(ContainerEngine::Podman, address, environment))?.is_ok() {
                return Ok("Podman is running: try --source podman; or ");
            }
        }
        // As in `connect`, the command replaces a service only if the user names none.
        let may_stand_in = environment.get("CONTAINER_HOST").is_none();
        if may_stand_in && PodmanCommand::new(environment).is_installed() {
            return Ok("Podman is installed: try --source podman; or ");
        }
        Ok("")
    }

    /// Inspects the image, after a pull if the policy requires one.
    pub(super) fn find(
        &self,
        backend: &Backend,
        progress: &mut dyn FnMut(TransferProgress),
    ) -> Result<ImageInspect, EngineError> {
        match (self.inspect(backend), self.access.pull) {
            (Err(error), PullPolicy::Missing | PullPolicy::Always) if error.may_be_pulled() => {}
            (Ok(_), PullPolicy::Always) => {}
            (found, _) => return found,
        }
        self.pull(backend, progress)?;
        self.inspect(backend)
    }

    /// Inspects the image. If it is missing, the error has no hint at a container.
    pub(super) fn inspect_image(&self, backend: &Backend) -> Result<ImageInspect, EngineError> {
        let found = match backend {
            Backend::Service(client) => self.inspect_by_service(client),
            Backend::Command { podman, tried } => self.inspect_by_command(podman, tried),
        };
        self.of_list(backend, found)
    }

    /// Inspects the image. The name of a container has its own error.
    pub(super) fn inspect(&self, backend: &Backend) -> Result<ImageInspect, EngineError> {
        let found = self.inspect_image(backend);
        if let Err(EngineError::NoSuchImage { .. }) = found
            && let Some(image) = self.image_of_container(backend)?
        {
            return Err(EngineError::Container { engine: self.engine, name: self.display_name(), image });
        }
        found
    }

    /// Requests the description of the image. `query` is empty or begins with `?`.
    pub(super) fn describe(&self, client: &Client, query: &str) -> Result<ImageInspect, EngineError> {
        let path = format!("/images/{}/json{query}", self.name.as_str());
        // `timeout` needs the runtime's clock, so it is created inside `async`.
        let inspection = async { timeout(INSPECTION, client.document(&path)).await };
        let answer = self.wait(inspection)?.unwrap_or(Err(ApiError::Timeout(INSPECTION)));
        answer.map_err(|error| {
            let answer = failure::answer(&error, client.address());
            let (engine, name) = (self.engine, self.display_name());
            let is_unknown = match error {
                ApiError::Status { status: 404, .. } => true,
                // Podman reads the full id of a missing image as a name, and rejects such names.
                ApiError::Status { message, .. } => self.name.is_id() && message.contains("64-byte hexadecimal"),
                _ => false,
            };
            if is_unknown {
                debug!("{answer}");
                EngineError::NoSuchImage { engine, name }
            } else {
                EngineError::Refused { engine, name, answer }
            }
        })
    }

    fn inspect_by_command(&self, podman: &PodmanCommand, tried: &[Attempt]) -> Result<ImageInspect, EngineError> {
        let (engine, name) = (self.engine, self.display_name());
        match podman.inspect(self.name) {
            Ok(Some(image)) => self.with_platform(image),
            Ok(None) => Err(EngineError::NoSuchImage { engine, name }),
            Err(failure) => Err(self.unreachable(with_command(tried, &failure))),
        }
    }

    /// The image of the container with this name; `None` if there is no such container.
    fn image_of_container(&self, backend: &Backend) -> Result<Option<String>, EngineError> {
        if !self.name.may_be_a_container() {
            return Ok(None);
        }
        match self.find_container(backend) {
            Ok(container) => Ok(container.map(|container| container.config.image)),
            // Some socket proxies only allow requests for images.
            Err(ContainerFailure::Denied(_)) => Ok(None),
            Err(failure) => Err(self.container_error(failure)),
        }
    }

    /// Describes the container with this name or id; `None` if there is no such container.
    pub(super) fn find_container(&self, backend: &Backend) -> Result<Option<Container>, ContainerFailure> {
        let client = match backend {
            Backend::Command { podman, tried } => {
                return podman.container(self.name).map_err(|failure| match failure {
                    ProgramError::Absent => ContainerFailure::Unreachable(with_command(tried, &failure)),
                    ProgramError::Exited { message, .. } if message.contains(SEVERAL_CONTAINERS) => {
                        ContainerFailure::Denied(message)
                    }
                    failure => ContainerFailure::Broken(failure::of_program(&failure)),
                });
            }
            Backend::Service(client) => client,
        };
        let path = format!("/containers/{}/json", self.name.as_str());
        let response = self.wait(async { timeout(INSPECTION, client.document(&path)).await });
        let response = response.map_err(|error| ContainerFailure::Broken(error.to_string()))?;
        match response.unwrap_or(Err(ApiError::Timeout(INSPECTION))) {
            Ok(container) => Ok(Some(container)),
            Err(ApiError::Status { status: 404, .. }) => Ok(None),
            Err(ApiError::Status { message, .. }) if message.contains(SEVERAL_CONTAINERS) => {
                Err(ContainerFailure::Denied(message))
            }
            Err(error @ ApiError::Status { status: 400..=499, .. }) => {
                Err(ContainerFailure::Denied(failure::answer(&error, client.address())))
            }
            Err(error) => Err(ContainerFailure::Broken(failure::answer(&error, client.address()))),
        }
    }

    /// The error of a failed [`Self::find_container`].
    pub(super) fn container_error(&self, failure: ContainerFailure) -> EngineError {
        match failure {
            ContainerFailure::Unreachable(attempts) => self.unreachable(attempts),
            ContainerFailure::Denied(answer) | ContainerFailure::Broken(answer) => {
                EngineError::ContainerLookup { engine: self.engine, name: self.display_name(), answer }
            }
        }
    }
}

/// Why an engine does not describe a container.
#[derive(Debug)]
pub(super) enum ContainerFailure {
    /// No engine can be reached.
    Unreachable(Vec<Attempt>),
    /// The engine does not allow or accept the request.
    Denied(String),
    /// The engine fails, or does not respond.
    Broken(String),
}

/// The services that were tried, then the command.
fn with_command(tried: &[Attempt], failure: &ProgramError) -> Vec<Attempt> {
    let failure = failure::of_program(failure).into();
    let command = Attempt { place: "the command podman".to_owned(), failure };
    tried.iter().cloned().chain([command]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::meter::{PREPARATION, SILENCE, STALL};

    #[test]
    fn the_limits_are_those_of_the_documents() {
        assert_eq!(crate::engine::podman::INSPECTION, INSPECTION);
        let (inspection, silence) = (INSPECTION.as_secs(), SILENCE.as_secs());
        let (preparation, stall) = (PREPARATION.as_secs() / 60, STALL.as_secs() / 60);
        let security = include_str!("../../../../docs/security.md");
        let promise = format!(
            "{inspection} s for a description, {preparation} minutes for the first byte of an export, {stall} minutes between bytes"
        );
        assert!(security.contains(&promise), "{promise}");
        let sources = include_str!("../../../../docs/sources.md");
        for row in [
            format!("an engine's description of an image | {inspection} s |"),
            format!("the first byte of an engine's export | {preparation} minutes, "),
            format!(" After {silence} s dive says so |"),
            format!("the next byte of an export | {stall} minutes |"),
        ] {
            assert!(sources.contains(&row), "{row}");
        }
    }
}
