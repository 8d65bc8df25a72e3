//! What answers for an engine: its service, which speaks the HTTP API, or, for Podman, its command.

use super::client::Client;
use super::error::Attempt;
use super::podman::PodmanCommand;

/// An engine that can be asked for images.
#[derive(Debug, Clone)]
pub(super) enum Backend {
    /// A service that answers.
    Service(Client),
    /// Podman's command. Whether it works shows with the first request.
    Command {
        podman: PodmanCommand,
        /// The services that did not answer, for the message if the command fails, too.
        tried: Vec<Attempt>,
    },
}
