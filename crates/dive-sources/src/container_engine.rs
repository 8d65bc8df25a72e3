//! The container engines, Docker and Podman. They share an API; their commands, sockets and logins differ.

/// A container engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ContainerEngine {
    /// Docker.
    Docker,
    /// Podman.
    Podman,
}

impl ContainerEngine {
    /// All engines, Docker first.
    pub const ALL: [Self; 2] = [Self::Docker, Self::Podman];

    /// The name of the command, also used in files and references.
    #[must_use]
    pub const fn command(self) -> &'static str {
        match self {
            Self::Docker => "docker",
            Self::Podman => "podman",
        }
    }
}
