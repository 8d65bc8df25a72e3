//! The names of Docker Hub.

/// The host in image names.
pub(crate) const DOCKER_HUB: &str = "docker.io";

/// The key in docker's configuration file.
pub(crate) const DOCKER_HUB_KEY: &str = "https://index.docker.io/v1/";
