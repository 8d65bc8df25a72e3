//! Errors of containerd's programs.

use std::io;
use std::process::ExitStatus;

use crate::engine_name::EXPECTED;
use crate::program::ProgramError;

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
    /// The program cannot connect to containerd.
    #[error("{program} cannot reach containerd at {socket}; start containerd, or set CONTAINERD_ADDRESS to its socket")]
    Unreachable {
        /// The program's name.
        program: &'static str,
        /// The socket.
        socket: String,
    },
    /// ctr does not list the images.
    #[error("ctr cannot list the images: {message}")]
    List {
        /// The reason.
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

impl ContainerdError {
    /// The error of an export of `name` by `program`.
    pub(super) fn of_export(failure: ProgramError, program: &'static str, name: &str) -> Self {
        Self::of_program(failure, program, |failure| match failure {
            None => Self::NoProgram { name: name.to_owned() },
            Some((status, received, message)) => {
                Self::Failed { program, name: name.to_owned(), status, received, message }
            }
        })
    }

    /// The error of the list of all images.
    pub(crate) fn of_list(failure: ProgramError) -> Self {
        Self::of_program(failure, "ctr", |failure| Self::List {
            message: failure.map_or_else(|| "it is not in PATH".to_owned(), |(_, _, message)| message),
        })
    }

    /// `other` is the error of an absent program, and of one that exited with a status after a number of bytes.
    fn of_program(
        failure: ProgramError,
        program: &'static str,
        other: impl FnOnce(Option<(ExitStatus, u64, String)>) -> Self,
    ) -> Self {
        match failure {
            ProgramError::Io(cause) => Self::Start { program, cause },
            ProgramError::Cancelled => Self::Start { program, cause: io::ErrorKind::Interrupted.into() },
            ProgramError::Exited { message, .. } if message.contains("permission denied") => {
                Self::Denied { program, message }
            }
            ProgramError::Exited { status, received, message } => match unreachable_socket(&message) {
                Some(socket) => Self::Unreachable { program, socket: socket.to_owned() },
                None => other(Some((status, received, message))),
            },
            ProgramError::Absent => other(None),
        }
    }
}

/// The socket in ctr's error `failed to dial "SOCKET": ...`; the rest repeats it several times.
fn unreachable_socket(message: &str) -> Option<&str> {
    message.split_once("failed to dial \"")?.1.split_once('"').map(|(socket, _)| socket)
}
