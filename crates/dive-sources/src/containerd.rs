//! Images in containerd, by the programs that come with it: `ctr images export`, or `nerdctl save` where there is no ctr. Both
//! write an archive to their output, which is streamed into a temporary file. Where containerd is, and in which of its
//! namespaces, they know from their own environment.

use std::io;
use std::ops::ControlFlow;
use std::process::ExitStatus;

use super::access::Access;
use super::engine_name::{EXPECTED, Name};
use super::error::SourceError;
use super::program::{ExportError, Program, ProgramError};
use dive_model::blob::TransferProgress;
use dive_model::store::{FileStore, Spooled, Store};

/// An image that containerd does not give.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ContainerdError {
    /// It is no name.
    #[error("{name:?} is not an image name; {EXPECTED}")]
    Name {
        /// What was given.
        name: String,
    },
    /// There is nobody to ask.
    #[error(
        "cannot look up {name:?} in containerd: neither ctr nor nerdctl is in PATH; install one of them \
         (ctr comes with containerd), or save the image where it is: `ctr images export - {name} | dive -`"
    )]
    NoProgram {
        /// The image.
        name: String,
    },
    /// The program cannot be run.
    #[error("{program} cannot be run: {cause}")]
    Start {
        /// Which program.
        program: &'static str,
        /// What the system says.
        cause: io::Error,
    },
    /// The program ended with an error.
    #[error(
        "{program} cannot export {name:?} ({status}, after {received} bytes): {said}; `{program} images ls` lists the images, \
         CONTAINERD_NAMESPACE sets the namespace (k8s.io for Kubernetes) and CONTAINERD_ADDRESS the socket"
    )]
    Failed {
        /// Which program.
        program: &'static str,
        /// The image.
        name: String,
        /// How it ended.
        status: ExitStatus,
        /// Bytes that had come.
        received: u64,
        /// What it says.
        said: String,
    },
}

/// Opens an image of containerd, as the archive that it exports.
pub(super) fn open(
    name: &str,
    access: &Access,
    progress: &mut dyn FnMut(TransferProgress),
) -> Result<Box<dyn Store>, SourceError> {
    let exported = export(name, access, progress)?;
    Ok(Box::new(FileStore::of_spooled(name.to_owned(), exported, access.on_damage)?))
}

/// The archive of the image of that name.
fn export(name: &str, access: &Access, progress: &mut dyn FnMut(TransferProgress)) -> Result<Spooled, SourceError> {
    let asked = Name::new(name).ok_or_else(|| ContainerdError::Name { name: name.to_owned() })?;
    let in_full = asked.in_full();
    let ctr = Exporter { program: "ctr", name, access };
    // Without it, ctr waits ten seconds for a socket that is not there.
    let export = ["--connect-timeout", "3s", "images", "export"];
    match ctr.run(&export, &["-", name], progress) {
        Err(ExportError::Program(ProgramError::Absent)) => {}
        // ctr takes names as they are stored, which is in full.
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
                ContainerdError::Failed { program, name, status, received, said: message }
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
    fn a_machine_without_the_programs_says_what_to_install() {
        let folder = tempfile::tempdir().unwrap();
        assert!(refused("alpine", folder.path()).contains("neither ctr nor nerdctl"));
        assert!(refused("--all", folder.path()).contains("is not an image name"), "it is no option");
    }

    #[cfg(unix)]
    #[test]
    fn a_program_that_fails_is_no_image() {
        let folder = tempfile::tempdir().unwrap();
        std::os::unix::fs::symlink("/bin/false", folder.path().join("ctr")).unwrap();
        let error = refused("alpine", folder.path());
        assert!(error.starts_with("ctr cannot export \"alpine\"") && error.contains("after 0 bytes"), "{error}");
    }
}
