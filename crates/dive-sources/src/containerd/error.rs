//! Errors of containerd's programs.

use std::io;
use std::process::ExitStatus;

use crate::engine_name::EXPECTED;

/// An image that containerd cannot provide.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ContainerdError {
    /// The name is not valid.
    #[error("{name:?} is not an image name; {EXPECTED}")]
    Name {
        /// The name as typed.
        name: String,
    },
    /// Neither ctr nor nerdctl is installed.
    #[error(
        "cannot look up {name:?} in containerd: neither ctr nor nerdctl is in PATH; install one of them \
         (ctr comes with containerd), or save the image where it is: `ctr images export - {name} | dive -`"
    )]
    NoProgram {
        /// The image's name.
        name: String,
    },
    /// The program cannot be started.
    #[error("{program} cannot be run: {cause}")]
    Start {
        /// The program's name.
        program: &'static str,
        /// The operating system's error.
        cause: io::Error,
    },
    /// The socket is not for this user.
    #[error(
        "{program} may not use containerd: {message}; run dive with sudo, or join the group that owns the socket, which \
         CONTAINERD_ADDRESS names"
    )]
    Denied {
        /// The program's name.
        program: &'static str,
        /// The program's error message.
        message: String,
    },
    /// The program exited with an error.
    #[error(
        "{program} cannot export {name:?} ({status}, after {received} bytes): {message}; `{program} images ls` lists the images, \
         CONTAINERD_NAMESPACE sets the namespace (k8s.io for Kubernetes) and CONTAINERD_ADDRESS the socket"
    )]
    Failed {
        /// The program's name.
        program: &'static str,
        /// The image's name.
        name: String,
        /// The exit status.
        status: ExitStatus,
        /// Bytes received before it failed.
        received: u64,
        /// The program's error message.
        message: String,
    },
}
