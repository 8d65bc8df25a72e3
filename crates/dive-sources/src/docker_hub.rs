//! The names of Docker Hub.

/// In the names of images.
pub(crate) const DOCKER_HUB: &str = "docker.io";

/// In docker's own files.
pub(crate) const DOCKER_HUB_KEY: &str = "https://index.docker.io/v1/";
