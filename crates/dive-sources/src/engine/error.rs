//! What can go wrong with engines. What they say themselves is handed on, on one line; where they are is told without what
//! stands before the host in an address.

use std::fmt::Write;
use std::io;

use crate::ContainerEngine;
use crate::engine_name::EXPECTED;
use dive_model::remark::Shown;

/// An image that an engine does not give.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EngineError {
    /// No engine answers.
    #[error("cannot reach {} to look up {name:?}; tried: {}; {}", engine.command(), tried(attempts), instead(*engine, name, hint))]
    Unreachable {
        /// Which engine.
        engine: ContainerEngine,
        /// The image that was asked for.
        name: String,
        /// Where it was looked for, and why each place failed.
        attempts: Vec<Attempt>,
        /// What else answers; empty if nothing does.
        hint: &'static str,
    },
    /// It is no name.
    #[error("{name:?} is not an image name; {EXPECTED}")]
    Name {
        /// What was given.
        name: String,
    },
    /// The engine has no such image.
    #[error("{} has no image {name:?}; {}", engine.command(), to_get(*engine, name))]
    NoSuchImage {
        /// Which engine.
        engine: ContainerEngine,
        /// The name.
        name: String,
    },
    /// The name is a container's.
    #[error(
        "{name:?} is a container, not an image: its image is {}; `{} commit {name} NAME` makes an image of it",
        Shown(image),
        engine.command()
    )]
    Container {
        /// Which engine.
        engine: ContainerEngine,
        /// The container's name or id as the user gave it.
        name: String,
        /// The image that the container was made from.
        image: String,
    },
    /// It cannot be pulled.
    #[error("{} cannot pull {name:?}: {answer}{note}", engine.command())]
    Pull {
        /// Which engine.
        engine: ContainerEngine,
        /// The name.
        name: String,
        /// What the engine says.
        answer: String,
        /// What else is known; empty, or starting with `; `.
        note: String,
    },
    /// The engine answers with an error, or with something that is no answer.
    #[error("{} cannot provide {name:?}: {answer}", engine.command())]
    Refused {
        /// Which engine.
        engine: ContainerEngine,
        /// The name.
        name: String,
        /// What the engine says.
        answer: String,
    },
    /// The export broke off.
    #[error(
        "{}: the export of {name:?} stopped after {received} bytes: {cause}; check that the engine is running and \
         has free disk space, then try again",
        engine.command()
    )]
    Export {
        /// Which engine.
        engine: ContainerEngine,
        /// The name.
        name: String,
        /// Bytes that had come.
        received: u64,
        /// What happened.
        cause: String,
    },
    /// No threads for the network.
    #[error("cannot query {}: {cause}", engine.command())]
    Threads {
        /// Which engine.
        engine: ContainerEngine,
        /// What the system says.
        cause: io::Error,
    },
}

impl EngineError {
    /// What failed, in one sentence without advice: for a message that has better advice.
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

/// A place where an engine was looked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    /// Why there, and where: `DOCKER_HOST (unix:///x.sock)`.
    pub place: String,
    /// Why it failed.
    pub failure: String,
}

fn tried(attempts: &[Attempt]) -> String {
    let mut text = String::new();
    for Attempt { place, failure } in attempts {
        let separator = if text.is_empty() { "" } else { "; " };
        let _ = write!(text, "{separator}{place}: {failure}");
    }
    if text.is_empty() { "nothing, as no address is known".to_owned() } else { text }
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
    fn an_engine_that_is_nowhere_is_told_with_every_place_and_what_to_do() {
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
