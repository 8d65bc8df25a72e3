//! The two ways to reach an engine: its HTTP API, and for Podman its command.

use super::client::Client;
use super::error::Attempt;
use super::podman::PodmanCommand;

/// A way to reach an engine.
#[derive(Debug, Clone)]
pub(super) enum Backend {
    /// A running service.
    Service(Client),
    /// Podman's command, which is first run by the first request.
    Command {
        podman: PodmanCommand,
        /// The services that did not respond, for the error if the command fails too.
        tried: Vec<Attempt>,
    },
}
