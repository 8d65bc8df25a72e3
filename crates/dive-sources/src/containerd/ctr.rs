//! Runs `ctr`, the program of containerd.

use std::ops::ControlFlow;
use std::time::Duration;

use crate::environment::Environment;
use crate::program::{Program, ProgramError};

pub(super) const CTR: &str = "ctr";

/// The default timeout for a missing socket is ten seconds.
pub(super) const CONNECT_TIMEOUT: [&str; 2] = ["--connect-timeout", "3s"];

/// The program `ctr`.
pub(crate) struct Ctr(Program);

impl Ctr {
    pub(crate) fn new(environment: &Environment) -> Self {
        Self(Program::new(CTR, environment.clone()))
    }

    /// What ctr prints.
    pub(crate) fn output(&self, limit: Duration, arguments: &[&str]) -> Result<Vec<u8>, ProgramError> {
        let arguments = [&CONNECT_TIMEOUT[..], arguments].concat();
        self.0.output(&arguments, Some(limit), &mut || ControlFlow::Continue(()))
    }

    /// The images as ctr lists them: a title, then a line for each.
    pub(crate) fn images(&self, limit: Duration) -> Result<String, ProgramError> {
        Ok(String::from_utf8_lossy(&self.output(limit, &["images", "ls"])?).into_owned())
    }
}

#[cfg(test)]
pub(crate) mod tests {
    /// The program of a containerd whose socket belongs to others. The folder holds its ctr.
    #[cfg(unix)]
    pub(crate) fn without_permission() -> (tempfile::TempDir, crate::access::Access) {
        let folder = tempfile::tempdir().unwrap();
        let script = "#!/bin/sh\necho 'ctr: failed to dial \"/x.sock\": connect: permission denied' >&2\nexit 1\n";
        std::fs::write(folder.path().join(super::CTR), script).unwrap();
        let executable = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        std::fs::set_permissions(folder.path().join(super::CTR), executable).unwrap();
        let access = crate::access::Access {
            environment: [("PATH", folder.path())].into_iter().collect(),
            ..crate::access::Access::default()
        };
        (folder, access)
    }
}
