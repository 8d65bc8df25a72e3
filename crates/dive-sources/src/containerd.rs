//! Opens images in containerd through its command-line programs: `ctr images export`, or `nerdctl save` if ctr is missing.
//!
//! Both write an archive to standard output, which is copied into a temporary file. They find the socket and the namespace
//! in the environment.

use std::io;
use std::ops::ControlFlow;
use std::process::ExitStatus;

use super::access::Access;
use super::engine_name::{EXPECTED, EngineImageName};
use super::error::SourceError;
use super::program::{ExportError, Program, ProgramError};
use dive_model::blob::TransferProgress;
use dive_model::store::{FileStore, Spooled, Store};

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

/// Opens an image in containerd through an exported archive.
pub(super) fn open(
    name: &str,
    access: &Access,
    progress: &mut dyn FnMut(TransferProgress),
) -> Result<Box<dyn Store>, SourceError> {
    let exported = export(name, access, progress)?;
    Ok(Box::new(FileStore::of_spooled(name.to_owned(), exported, access.on_damage)?))
}

/// Exports the image with ctr, or with nerdctl if ctr is missing.
fn export(name: &str, access: &Access, progress: &mut dyn FnMut(TransferProgress)) -> Result<Spooled, SourceError> {
    let parsed = EngineImageName::new(name).ok_or_else(|| ContainerdError::Name { name: name.to_owned() })?;
    let in_full = parsed.in_full();
    let ctr = Exporter { program: "ctr", name, access };
    // The default timeout for a missing socket is ten seconds.
    let export = ["--connect-timeout", "3s", "images", "export"];
    match ctr.run(&export, &["-", name], progress) {
        Err(ExportError::Program(ProgramError::Absent)) => {}
        // ctr only finds full names, such as `docker.io/library/alpine:latest`.
        Err(ExportError::Program(ProgramError::Exited { message, .. }))
            if message.contains("not found") && in_full != name =>
        {
            return ctr.run(&export, &["-", &in_full], progress).map_err(|error| ctr.explain(error));
        }
        exported => return exported.map_err(|error| ctr.explain(error)),
    }
    let nerdctl = Exporter { program: "nerdctl", ..ctr };
    nerdctl.run(&["save"], &[name], progress).map_err(|error| nerdctl.explain(error))
}

/// A program that exports an image.
#[derive(Clone, Copy)]
struct Exporter<'a> {
    program: &'static str,
    name: &'a str,
    access: &'a Access,
}

impl Exporter<'_> {
    fn run(
        self,
        command: &[&str],
        operands: &[&str],
        progress: &mut dyn FnMut(TransferProgress),
    ) -> Result<Spooled, ExportError> {
        let platform = self.access.platform.iter().flat_map(|platform| ["--platform", platform.as_str()]);
        let arguments: Vec<_> = command.iter().copied().chain(platform).chain(operands.iter().copied()).collect();
        let program = Program::new(self.program, self.access.environment.clone());
        program.export(self.access.limits, &arguments, self.name, None, self.access.on_damage, &mut |step| {
            progress(step);
            ControlFlow::Continue(())
        })
    }

    fn explain(self, error: ExportError) -> SourceError {
        let (program, name) = (self.program, self.name.to_owned());
        let failure = match error {
            ExportError::Archive(error) => return error.into(),
            ExportError::Program(failure) => failure,
        };
        let error = match failure {
            ProgramError::Absent => ContainerdError::NoProgram { name },
            ProgramError::Io(cause) => ContainerdError::Start { program, cause },
            ProgramError::Cancelled => ContainerdError::Start { program, cause: io::ErrorKind::Interrupted.into() },
            ProgramError::Exited { status, received, message } => {
                ContainerdError::Failed { program, name, status, received, message }
            }
        };
        error.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(name: &str, path: &std::path::Path) -> String {
        let access = Access { environment: [("PATH", path)].into_iter().collect(), ..Access::default() };
        export(name, &access, &mut |_| ()).unwrap_err().to_string()
    }

    #[test]
    fn a_missing_ctr_error_names_the_programs_to_install() {
        let folder = tempfile::tempdir().unwrap();
        assert!(refused("alpine", folder.path()).contains("neither ctr nor nerdctl"));
        assert!(refused("--all", folder.path()).contains("is not an image name"), "it is no option");
    }

    #[cfg(unix)]
    #[test]
    fn a_failed_export_is_not_taken_for_an_image() {
        let folder = tempfile::tempdir().unwrap();
        std::os::unix::fs::symlink("/bin/false", folder.path().join("ctr")).unwrap();
        let error = refused("alpine", folder.path());
        assert!(error.starts_with("ctr cannot export \"alpine\"") && error.contains("after 0 bytes"), "{error}");
    }
}
