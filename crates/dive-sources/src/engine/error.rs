//! Errors of container engines. Their messages are quoted on one line. Addresses are printed without the text before the host.

use std::fmt::Write;
use std::io;

use crate::ContainerEngine;
use crate::engine_name::EXPECTED;
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
    /// The name is that of a container.
    #[error(
        "{name:?} is a container, not an image: its image is {}; `{} commit {name} NAME` makes an image of it",
        Shown(image),
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

/// An address that was tried.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    /// The setting and the address: `DOCKER_HOST (unix:///x.sock)`.
    pub place: String,
    /// The error.
    pub failure: String,
}

fn tried(attempts: &[Attempt]) -> String {
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
    format!("pull it with `{command} pull {name}` or --pull missing; `{command} images` lists its images")
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
}
