//! Images in containerd, by the programs that come with it: `ctr images export`, or `nerdctl save` where there is no ctr. Both
//! write an archive to their output, which is streamed into a temporary file. Where containerd is, and in which of its
//! namespaces, they know from their own environment.

use std::io::{self, Read};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;

use super::access::Access;
use super::engine::name::{EXPECTED, Name};
use super::engine::one_line;
use super::error::SourceError;
use super::spool::{self, SpoolProgress, SpoolStep, Spooled};

/// What is kept of a program's own words, in bytes.
const WORDS: u64 = 4096;

/// An image that containerd does not give.
#[derive(Debug, thiserror::Error)]
pub enum ContainerdError {
    /// It is no name.
    #[error("{name:?} names no image; {EXPECTED}")]
    Name {
        /// What was given.
        name: String,
    },
    /// There is nobody to ask.
    #[error(
        "{name:?} is looked for in containerd, and neither ctr nor nerdctl is there to ask it; install one of them \
         (ctr comes with containerd), or save the image where it is: `ctr images export - {name} | dive -`"
    )]
    NoProgram {
        /// The image.
        name: String,
    },
    /// The program cannot be started.
    #[error("{program} cannot be started: {cause}")]
    Start {
        /// Which program.
        program: &'static str,
        /// What the system says.
        cause: io::Error,
    },
    /// The program ended with an error.
    #[error(
        "{program} cannot export {name:?} ({status}, after {received} bytes): {said}; `{program} images ls` shows the images \
         there are, CONTAINERD_NAMESPACE names the namespace (Kubernetes has k8s.io) and CONTAINERD_ADDRESS the socket"
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

/// The archive of the image of that name.
pub(super) fn export(
    name: &str,
    access: &Access,
    progress: &mut dyn FnMut(SpoolProgress),
) -> Result<Spooled, SourceError> {
    let asked = Name::new(name).ok_or_else(|| ContainerdError::Name { name: name.to_owned() })?;
    let in_full = asked.in_full();
    progress(SpoolProgress { step: SpoolStep::Export, read: 0, total: None });
    let ctr = Exporter { program: "ctr", name, access };
    // Without it, ctr waits ten seconds for a socket that is not there.
    let export = ["--connect-timeout", "3s", "images", "export"];
    match ctr.run(&export, &["-", name], progress) {
        Ok(Outcome::NoProgram) => {}
        // ctr takes names as they are stored, which is in full.
        Ok(Outcome::Failed(error)) if error.says("not found") && in_full != name => {
            let again = ctr.run(&export, &["-", &in_full], progress)?;
            return again.or_else_fail(name);
        }
        outcome => return outcome?.or_else_fail(name),
    }
    Exporter { program: "nerdctl", ..ctr }.run(&["save"], &[name], progress)?.or_else_fail(name)
}

enum Outcome {
    Exported(Spooled),
    Failed(ContainerdError),
    NoProgram,
}

impl Outcome {
    fn or_else_fail(self, name: &str) -> Result<Spooled, SourceError> {
        match self {
            Self::Exported(spooled) => Ok(spooled),
            Self::Failed(error) => Err(error.into()),
            Self::NoProgram => Err(ContainerdError::NoProgram { name: name.to_owned() }.into()),
        }
    }
}

impl ContainerdError {
    fn says(&self, text: &str) -> bool {
        matches!(self, Self::Failed { said, .. } if said.contains(text))
    }
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
        progress: &mut dyn FnMut(SpoolProgress),
    ) -> Result<Outcome, SourceError> {
        let failed = |cause| ContainerdError::Start { program: self.program, cause };
        let platform = self.access.platform.iter().flat_map(|platform| ["--platform", platform.as_str()]);
        let mut started = Command::new(self.program);
        started.args(command).args(platform).args(operands);
        started.env_clear().envs(self.access.environment.iter());
        started.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let child = match started.spawn() {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Outcome::NoProgram),
            child => child.map_err(failed)?,
        };
        let mut child = Ended(child);
        let errors = child.0.stderr.take();
        let words = thread::Builder::new().spawn(move || words(errors)).map_err(failed)?;
        let Some(output) = child.0.stdout.take() else {
            return Err(failed(io::Error::other("it has no output")).into());
        };
        let mut output = Counted { output, received: 0 };
        let spooled = spool::spool(&mut output, SpoolStep::Export, None, self.name, self.access.on_damage, progress);
        // A disk that is full says so; what was read no further need not go on.
        if spooled.is_err() {
            let _ = child.0.kill();
        }
        let status = child.0.wait().map_err(failed)?;
        let said = words.join().unwrap_or_default();
        if status.success() || spooled.is_err() {
            return Ok(Outcome::Exported(spooled?));
        }
        let received = output.received;
        Ok(Outcome::Failed(ContainerdError::Failed {
            program: self.program,
            name: self.name.to_owned(),
            status,
            received,
            said: if said.is_empty() { "it says nothing".to_owned() } else { said },
        }))
    }
}

/// A program that does not outlive this one's interest in it.
struct Ended(Child);

impl Drop for Ended {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

struct Counted<R> {
    output: R,
    received: u64,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let read = self.output.read(buf)?;
        self.received += read as u64;
        Ok(read)
    }
}

/// The first of what a program says. All of it is read, or the program would wait for that.
fn words(errors: Option<impl Read>) -> String {
    let mut said = Vec::new();
    if let Some(mut errors) = errors {
        let _ = (&mut errors).take(WORDS).read_to_end(&mut said);
        let _ = io::copy(&mut errors, &mut io::sink());
    }
    one_line(&String::from_utf8_lossy(&said))
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
        assert!(refused("--all", folder.path()).contains("names no image"), "it is no option");
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
