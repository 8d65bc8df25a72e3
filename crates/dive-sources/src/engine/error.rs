//! Errors of container engines. Their messages are quoted on one line. Addresses are printed without the text before the host.

use std::fmt;
use std::io;
use std::path::PathBuf;

use crate::ContainerEngine;
use crate::engine_name::{EXPECTED, EngineImageName};
use dive_model::remark::Shown;

/// An image that an engine cannot provide.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EngineError {
    /// No engine responds.
    #[error("cannot reach {} to look up {name:?}: {}; {}", engine.command(), tried(attempts), instead(*engine, *wanted, name, hint))]
    Unreachable {
        /// The engine.
        engine: ContainerEngine,
        /// The requested image or container.
        name: String,
        /// Whether it is an image or a container.
        wanted: EngineObject,
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
    /// The engine does not say whether it has a container of that name.
    #[error(
        "{0} cannot look up a container {name:?}: {answer}; check that `{0} ps --all` works, then try again",
        engine.command()
    )]
    ContainerLookup {
        /// The engine.
        engine: ContainerEngine,
        /// The name or id as typed.
        name: String,
        /// The engine's message, or why there is none.
        answer: String,
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
                "`{command} ps --all` lists its containers; --source chooses another engine, as do `container-engine` in \
                 .dive.yaml and DIVE_CONTAINER_ENGINE"
            ),
        }
    }
}

/// What is looked up in an engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum EngineObject {
    /// An image.
    Image,
    /// A container.
    Container,
}

/// An address that was tried.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    /// The setting and the address: `DOCKER_HOST (unix:///x.sock)`.
    pub place: String,
    /// Why it failed.
    pub failure: AttemptFailure,
}

/// Why an engine cannot be reached at an address.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum AttemptFailure {
    /// There is no socket at this path.
    NoSocket(PathBuf),
    /// Any other error.
    Other(String),
}

impl From<String> for AttemptFailure {
    fn from(error: String) -> Self {
        Self::Other(error)
    }
}

impl fmt::Display for AttemptFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoSocket(_) => f.write_str("no such file"),
            Self::Other(error) => f.write_str(error),
        }
    }
}

/// Maximum number of missing sockets that a message names.
const SOCKETS_SHOWN: usize = 2;

/// The failed attempts. Most machines have none of the default sockets, so these share one phrase.
pub(super) fn tried(attempts: &[Attempt]) -> String {
    let socket = |attempt: &Attempt| match &attempt.failure {
        AttemptFailure::NoSocket(path) => Some(path.display().to_string()),
        AttemptFailure::Other(_) => None,
    };
    let sockets: Vec<String> = attempts.iter().filter_map(socket).collect();
    let mut parts = Vec::new();
    if sockets.len() > 1 {
        let others = match sockets.len().saturating_sub(SOCKETS_SHOWN) {
            0 => String::new(),
            1 => " or in 1 other place".to_owned(),
            others => format!(" or in {others} other places"),
        };
        let separator = if others.is_empty() { " or " } else { ", " };
        let shown: Vec<&str> = sockets.iter().take(SOCKETS_SHOWN).map(String::as_str).collect();
        parts.push(format!("no socket at {}{others}", shown.join(separator)));
    }
    let is_listed = |attempt: &&Attempt| sockets.len() < 2 || socket(attempt).is_none();
    let listed = attempts.iter().filter(is_listed);
    parts.extend(listed.map(|Attempt { place, failure }| format!("{place}: {failure}")));
    if parts.is_empty() { "no address is known".to_owned() } else { parts.join("; ") }
}

fn instead(engine: ContainerEngine, wanted: EngineObject, name: &str, hint: &str) -> String {
    let (start, variable) = match engine {
        ContainerEngine::Docker => ("start docker", "DOCKER_HOST"),
        ContainerEngine::Podman => ("start its service (`systemctl --user start podman.socket`)", "CONTAINER_HOST"),
    };
    match wanted {
        EngineObject::Image => {
            let command = engine.command();
            format!("{hint}{start}, set {variable}, or save the image where it is: `{command} save {name} | dive -`")
        }
        EngineObject::Container => format!("{hint}{start}, or set {variable} to the engine that has the container"),
    }
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
        let missing = |path: &str| Attempt {
            place: format!("default socket (unix://{path})"),
            failure: AttemptFailure::NoSocket(path.into()),
        };
        let denied = Attempt { place: "two (unix:///b)".to_owned(), failure: "permission denied".to_owned().into() };
        let error = |wanted, attempts: &[&Attempt]| {
            let (engine, name) = (ContainerEngine::Docker, "web".to_owned());
            let attempts = attempts.iter().copied().cloned().collect();
            EngineError::Unreachable { engine, name, wanted, attempts, hint: "" }.to_string()
        };
        let expected = "cannot reach docker to look up \"web\": default socket (unix:///a): no such file; two (unix:///b): \
                        permission denied; start docker, set DOCKER_HOST, or save the image where it is: `docker save web | \
                        dive -`";
        assert_eq!(error(EngineObject::Image, &[&missing("/a"), &denied]), expected);
        let expected = "cannot reach docker to look up \"web\": no socket at /a or /b; two (unix:///b): permission denied; \
                        start docker, or set DOCKER_HOST to the engine that has the container";
        assert_eq!(error(EngineObject::Container, &[&missing("/a"), &denied, &missing("/b")]), expected);
        let four = ["/a", "/b", "/c", "/d"].map(missing);
        let text = error(EngineObject::Image, &four.each_ref());
        assert!(text.contains("no socket at /a, /b or in 2 other places; start docker"), "{text}");
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
