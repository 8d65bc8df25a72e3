//! Which engine: Docker or Podman. They speak the same API; their commands, sockets and logins differ.

/// A container engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ContainerEngine {
    /// Docker.
    Docker,
    /// Podman.
    Podman,
}

impl ContainerEngine {
    /// The engines, Docker first.
    pub const ALL: [Self; 2] = [Self::Docker, Self::Podman];

    /// The name of its command, which is also its name in files and references.
    #[must_use]
    pub const fn command(self) -> &'static str {
        match self {
            Self::Docker => "docker",
            Self::Podman => "podman",
        }
    }
}
