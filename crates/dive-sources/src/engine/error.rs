//! Errors of container engines. Their messages are quoted on one line. Addresses are printed without the text before the host.

use std::fmt::Write;
use std::io;

use crate::ContainerEngine;
use crate::engine_name::{EXPECTED, EngineImageName};
use dive_model::remark::Shown;

/// An image that an engine cannot provide.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EngineError {
    /// No engine responds.
    #[error("cannot reach {} to look up {name:?}; tried: {}; {}", engine.command(), tried(attempts), instead(*engine, name, hint))]
    Unreachable {
        /// The engine.
        engine: ContainerEngine,
        /// The requested image.
        name: String,
        /// The addresses that were tried, each with its error.
        attempts: Vec<Attempt>,
        /// A hint at another engine that responds; empty if none does.
        hint: &'static str,
    },
    /// The name is not valid.
    #[error("{name:?} is not an image name; {EXPECTED}")]
    Name {
        /// The name as typed.
        name: String,
    },
    /// The engine does not have the image.
    #[error("{} has no image {name:?}; {}", engine.command(), to_get(*engine, name))]
    NoSuchImage {
        /// The engine.
        engine: ContainerEngine,
        /// The image's name.
        name: String,
    },
    /// The engine has the image for other platforms only.
    #[error(
        "{} has {name:?} only for {}, not for {wanted}; {}",
        engine.command(),
        available.join(", "),
        to_get_platform(*engine, name, wanted)
    )]
    OtherPlatform {
        /// The engine.
        engine: ContainerEngine,
        /// The image's name.
        name: String,
        /// The requested platform.
        wanted: String,
        /// The platforms that the engine has.
        available: Vec<String>,
    },
    /// The engine has the name, but no configuration and no layers.
    #[error(
        "{0} holds no layers of {name:?}: it is not a container image, or {0} holds only a part of it; \
         `dive registry://{name}` reads it from its registry",
        engine.command()
    )]
    NoLayers {
        /// The engine.
        engine: ContainerEngine,
        /// The image's name.
        name: String,
    },
    /// The name is that of a container.
    #[error(
        "{name:?} is a container, not an image: its image is {}; `{}` shows what it changed, \
         `{} commit {name} NAME` makes an image of it",
        Shown(image),
        to_show(*engine, name),
        engine.command()
    )]
    Container {
        /// The engine.
        engine: ContainerEngine,
        /// The container's name or id as typed.
        name: String,
        /// The image of the container.
        image: String,
    },
    /// There is no container of that name.
    #[error("{} has no container {name:?}; {}", engine.command(), taken.instead(*engine, name))]
    NoSuchContainer {
        /// The engine.
        engine: ContainerEngine,
        /// The container's name or id as typed.
        name: String,
        /// What has the name instead.
        taken: NameTaken,
    },
    /// The pull failed.
    #[error("{} cannot pull {name:?}: {answer}{note}", engine.command())]
    Pull {
        /// The engine.
        engine: ContainerEngine,
        /// The image's name.
        name: String,
        /// The engine's message.
        answer: String,
        /// A note on the credentials; empty, or starting with `; `.
        note: String,
    },
    /// The engine responds with an error, or with an invalid response.
    #[error("{} cannot provide {name:?}: {answer}", engine.command())]
    Refused {
        /// The engine.
        engine: ContainerEngine,
        /// The image's name.
        name: String,
        /// The engine's message.
        answer: String,
    },
    /// The engine does not list its images.
    #[error("{} cannot list its images: {answer}", engine.command())]
    List {
        /// The engine.
        engine: ContainerEngine,
        /// The engine's message, or why there is none.
        answer: String,
    },
    /// The export ended early.
    #[error(
        "{}: the export of {name:?} stopped after {received} bytes: {cause}; check that the engine is running and \
         has free disk space, then try again",
        engine.command()
    )]
    Export {
        /// The engine.
        engine: ContainerEngine,
        /// The image's name.
        name: String,
        /// Bytes received.
        received: u64,
        /// The cause.
        cause: String,
    },
    /// The network threads cannot be started.
    #[error("cannot query {}: {cause}", engine.command())]
    Threads {
        /// The engine.
        engine: ContainerEngine,
        /// The operating system's error.
        cause: io::Error,
    },
}

impl EngineError {
    /// True if a pull may provide the image.
    pub(super) const fn may_be_pulled(&self) -> bool {
        matches!(self, Self::NoSuchImage { .. } | Self::OtherPlatform { .. })
    }

    /// What failed, in one sentence without advice, for a message with better advice.
    #[must_use]
    pub fn brief(&self) -> String {
        match self {
            Self::Unreachable { engine, name, .. } => {
                format!("cannot reach {0} to look up {name:?} (for details: `dive {0}://{name}`)", engine.command())
            }
            Self::NoSuchImage { engine, name } => format!("{} has no image {name:?}", engine.command()),
            Self::Pull { engine, name, answer, .. } => format!("{} cannot pull {name:?}: {answer}", engine.command()),
            error => error.to_string(),
        }
    }
}

/// What has the name of a missing container.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum NameTaken {
    /// An image.
    ByImage,
    /// Nothing.
    ByNothing,
}

impl NameTaken {
    fn instead(self, engine: ContainerEngine, name: &str) -> String {
        let command = engine.command();
        match self {
            Self::ByImage => format!("it is an image: `dive {command}://{name}`"),
            Self::ByNothing => format!(
                "`{command} ps --all` lists its containers; `container-engine: podman` or docker in .dive.yaml, or \
                 DIVE_CONTAINER_ENGINE, chooses the engine"
            ),
        }
    }
}

/// An address that was tried.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    /// The setting and the address: `DOCKER_HOST (unix:///x.sock)`.
    pub place: String,
    /// The error.
    pub failure: String,
}

pub(super) fn tried(attempts: &[Attempt]) -> String {
    let mut text = String::new();
    for Attempt { place, failure } in attempts {
        let separator = if text.is_empty() { "" } else { "; " };
        let _ = write!(text, "{separator}{place}: {failure}");
    }
    if text.is_empty() { "nothing (no address is known)".to_owned() } else { text }
}

fn instead(engine: ContainerEngine, name: &str, hint: &str) -> String {
    let (start, variable) = match engine {
        ContainerEngine::Docker => ("start docker", "DOCKER_HOST"),
        ContainerEngine::Podman => ("start its service (`systemctl --user start podman.socket`)", "CONTAINER_HOST"),
    };
    let command = engine.command();
    format!("{hint}{start}, set {variable}, or save the image where it is: `{command} save {name} | dive -`")
}

fn to_get(engine: ContainerEngine, name: &str) -> String {
    let command = engine.command();
    if is_id(name) {
        // Registries have no ids.
        return format!("check the id; `{command} images --all` lists its images");
    }
    format!("pull it with `{command} pull {name}` or --pull missing; `{command} images` lists its images")
}

/// The command for a container, whatever engine is configured.
fn to_show(engine: ContainerEngine, name: &str) -> String {
    match engine {
        ContainerEngine::Docker => format!("dive container://{name}"),
        ContainerEngine::Podman => format!("dive --source podman container://{name}"),
    }
}

fn to_get_platform(engine: ContainerEngine, name: &str, wanted: &str) -> String {
    if is_id(name) {
        return "choose one of them with --platform".to_owned();
    }
    let command = engine.command();
    format!("pull it with `{command} pull --platform {wanted} {name}` or --pull missing, or choose another --platform")
}

fn is_id(name: &str) -> bool {
    EngineImageName::new(name).is_some_and(EngineImageName::is_id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unreachable_engine_error_lists_every_address_and_the_remedy() {
        let attempt = |place: &str, failure: &str| Attempt { place: place.to_owned(), failure: failure.to_owned() };
        let attempts =
            vec![attempt("one (unix:///a)", "no such file"), attempt("two (unix:///b)", "permission denied")];
        let (engine, name) = (ContainerEngine::Docker, "alpine".to_owned());
        let error = EngineError::Unreachable { engine, name, attempts, hint: "" };
        let expected = "cannot reach docker to look up \"alpine\"; tried: one (unix:///a): no such file; two (unix:///b): \
                        permission denied; start docker, set DOCKER_HOST, or save the image where it is: `docker save alpine | \
                        dive -`";
        assert_eq!(error.to_string(), expected);
    }
    /// No registry knows an id, so the advice must not be to pull it.
    #[test]
    fn a_missing_id_is_not_to_be_pulled() {
        let missing = |name: &str| {
            EngineError::NoSuchImage { engine: ContainerEngine::Docker, name: name.to_owned() }.to_string()
        };
        let id = format!("sha256:{}", "0".repeat(64));
        assert!(!missing(&id).contains("pull") && missing(&id).contains("`docker images --all`"), "{}", missing(&id));
        assert!(missing("alpine").contains("`docker pull alpine`"));
        let (engine, wanted) = (ContainerEngine::Docker, "linux/arm64".to_owned());
        let of = |name: &str| {
            let (name, wanted, available) = (name.to_owned(), wanted.clone(), vec!["linux/amd64".to_owned()]);
            EngineError::OtherPlatform { engine, name, wanted, available }.to_string()
        };
        assert!(!of(&id).contains("pull"));
        let expected = "docker has \"alpine\" only for linux/amd64, not for linux/arm64; pull it with `docker pull \
                        --platform linux/arm64 alpine` or --pull missing, or choose another --platform";
        assert_eq!(of("alpine"), expected);
    }
}
