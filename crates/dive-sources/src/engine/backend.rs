//! The two ways to reach an engine: its service, by the HTTP API, and, for Podman, its command.

use super::client::Client;
use super::error::Attempt;
use super::podman::PodmanCommand;

/// An engine that takes requests for images.
#[derive(Debug, Clone)]
pub(super) enum Backend {
    /// A running service.
    Service(Client),
    /// Podman's command, which is not tried before the first request.
    Command {
        podman: PodmanCommand,
        /// The services that did not answer, for the error if the command fails too.
        tried: Vec<Attempt>,
    },
}
