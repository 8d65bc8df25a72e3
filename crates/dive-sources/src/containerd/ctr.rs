//! Runs `ctr`, the program of containerd.

use std::ops::ControlFlow;
use std::time::Duration;

use crate::environment::Environment;
use crate::program::{Program, ProgramError};

pub(super) const CTR: &str = "ctr";

/// The default timeout for a missing socket is ten seconds.
const CONNECT_TIMEOUT: [&str; 2] = ["--connect-timeout", "3s"];

/// The arguments of `ctr` for `command`.
pub(super) fn arguments<'a>(command: &[&'a str]) -> Vec<&'a str> {
    CONNECT_TIMEOUT.iter().chain(command).copied().collect()
}

/// An image in the list of `ctr`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CtrImage {
    /// The full name.
    pub(crate) name: String,
    /// The digest of its manifest or index.
    pub(crate) digest: String,
}

impl CtrImage {
    /// The images in the output of `ctr images ls`, which has a title and a line for each.
    pub(crate) fn list(text: &str) -> Vec<Self> {
        let images = text.lines().skip(1).filter_map(|line| {
            let mut columns = line.split_whitespace();
            let (name, _media_type, digest) = (columns.next()?, columns.next()?, columns.next()?);
            digest.contains(':').then(|| Self { name: name.to_owned(), digest: digest.to_owned() })
        });
        images.collect()
    }
}

/// The program `ctr`.
pub(crate) struct Ctr(Program);

impl Ctr {
    pub(crate) fn new(environment: &Environment) -> Self {
        Self(Program::new(CTR, environment.clone()))
    }

    /// What ctr prints.
    pub(crate) fn output(&self, limit: Duration, arguments: &[&str]) -> Result<Vec<u8>, ProgramError> {
        self.0.output(&self::arguments(arguments), Some(limit), &mut || ControlFlow::Continue(()))
    }

    /// All images.
    pub(crate) fn images(&self, limit: Duration) -> Result<Vec<CtrImage>, ProgramError> {
        Ok(CtrImage::list(&String::from_utf8_lossy(&self.output(limit, &["images", "ls"])?)))
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    #[test]
    fn the_list_of_ctr_is_read() {
        let text = "REF TYPE DIGEST SIZE PLATFORMS LABELS\ndocker.io/library/a:1 application/vnd.oci.image.index.v1+json \
                    sha256:00 2.1 MiB linux/amd64 -\nb - -\n";
        let image = CtrImage { name: "docker.io/library/a:1".to_owned(), digest: "sha256:00".to_owned() };
        assert_eq!(CtrImage::list(text), [image]);
        assert_eq!(CtrImage::list(""), []);
    }

    /// The program of a containerd whose socket belongs to others. The folder holds its ctr.
    #[cfg(unix)]
    pub(crate) fn without_permission() -> (tempfile::TempDir, crate::access::Access) {
        let folder = tempfile::tempdir().unwrap();
        let script = "#!/bin/sh\necho 'ctr: failed to dial \"/x.sock\": connect: permission denied' >&2\nexit 1\n";
        std::fs::write(folder.path().join(CTR), script).unwrap();
        let executable = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        std::fs::set_permissions(folder.path().join(CTR), executable).unwrap();
        let access = crate::access::Access {
            environment: [("PATH", folder.path())].into_iter().collect(),
            ..crate::access::Access::default()
        };
        (folder, access)
    }
}
