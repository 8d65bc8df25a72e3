//! Opens images in containerd through its command-line programs: `ctr images export`, or `nerdctl save` if ctr is missing.
//!
//! Both write an archive to standard output, which is copied into a temporary file. They find the socket and the namespace
//! in the environment. The list of ctr has the digest of each image, under which its record is cached.

pub(crate) mod ctr;
mod error;

use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Duration;

use self::ctr::{CTR, Ctr, CtrImage};
pub use error::ContainerdError;

use super::access::Access;
use super::engine::{EngineImage, Expected, ExportLater, KeptRecord};
use super::engine_name::EngineImageName;
use super::error::SourceError;
use super::program::{ExportError, Program, ProgramError};
use dive_model::blob::{TransferProgress, Watch};
use dive_model::remark::{OnDamage, Remark};
use dive_model::store::{Archive, FileStore, Spooled, Store};

/// How long ctr may take to list the images.
const LISTING: Duration = Duration::from_mins(1);

/// Opens an image in containerd through an exported archive, or its cached record.
pub(super) fn open(
    name: &str,
    access: &Access,
    progress: &mut dyn FnMut(TransferProgress),
) -> Result<Box<dyn Store>, SourceError> {
    let parsed = EngineImageName::new(name).ok_or_else(|| ContainerdError::Name { name: name.to_owned() })?;
    let ctr = Exporter { program: CTR, name, access };
    let list = match Ctr::new(&access.environment).images(LISTING) {
        Ok(list) => list,
        Err(ProgramError::Absent) => {
            let nerdctl = Exporter { program: "nerdctl", ..ctr };
            let exported = nerdctl.run(&["save"], &[name], progress).map_err(|error| nerdctl.explain(error))?;
            return Ok(Box::new(FileStore::of_spooled(name.to_owned(), exported, access.on_damage)?));
        }
        Err(error @ ProgramError::Exited { .. }) => return Err(ctr.explain(ExportError::Program(error))),
        // The export reports what is wrong with the program.
        Err(ProgramError::Io(_) | ProgramError::Cancelled) => Vec::new(),
    };
    // ctr only finds full names, such as `docker.io/library/alpine:latest`.
    let found = find(&list, parsed);
    let known = found.map_or(name, |image| image.name.as_str()).to_owned();
    let export: Arc<dyn ExportLater> = Arc::new(CtrExport { name: name.to_owned(), known, access: access.clone() });
    let kept = access.cache.as_ref().zip(found).map(|(cache, CtrImage { digest, .. })| {
        let platform = access.platform.iter().flat_map(|platform| platform.split('/'));
        let key = platform.fold(format!("containerd-{digest}"), |key, part| key + "+" + part);
        KeptRecord { cache, key, expected: Expected::ByDigest }
    });
    let image = EngineImage::exported(name, &export, kept, None, access.on_damage, progress)?;
    Ok(Box::new(image))
}

/// An export with ctr.
#[derive(Debug)]
struct CtrExport {
    /// The name as typed.
    name: String,
    /// The name in containerd.
    known: String,
    access: Access,
}

impl ExportLater for CtrExport {
    fn run(&self, on_damage: OnDamage, progress: Watch<'_>) -> Result<(Archive, Vec<Remark>), SourceError> {
        let Self { name, known, access } = self;
        let exporter = Exporter { program: CTR, name, access };
        let export = ctr::arguments(&["images", "export"]);
        let spooled = exporter.watched(&export, &["-", known], progress).map_err(|error| exporter.explain(error))?;
        let archive = Archive::index(name, Arc::new(spooled.file), spooled.len, on_damage)?;
        Ok((archive, spooled.remarks))
    }
}

/// The image that `name` means.
fn find<'a>(images: &'a [CtrImage], name: EngineImageName<'_>) -> Option<&'a CtrImage> {
    let named = |wanted: &str| images.iter().find(|image| image.name == wanted);
    named(name.as_str()).or_else(|| named(&name.in_full())).or_else(|| by_digest(images, name))
}

const SHA256: &str = "sha256:";

/// Length from which hexadecimal digits may be an id.
const SHORTEST_ID: usize = 4;

/// The image that `name` means by its digest, or by the beginning of its id.
fn by_digest<'a>(images: &'a [CtrImage], name: EngineImageName<'_>) -> Option<&'a CtrImage> {
    if let (repository, Some(digest)) = name.repository_and_version()
        && digest.contains(':')
    {
        let in_full = |name: &str| EngineImageName::new(name).map(EngineImageName::repository_in_full);
        let wanted = in_full(repository);
        return images.iter().find(|image| image.digest == digest && in_full(&image.name) == wanted);
    }
    let digits = name.as_str().strip_prefix(SHA256).unwrap_or(name.as_str());
    if digits.len() < SHORTEST_ID || !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
        return None;
    }
    let has_digits = |image: &&CtrImage| image.digest.strip_prefix(SHA256).is_some_and(|id| id.starts_with(digits));
    let mut meant = images.iter().filter(has_digits);
    let first = meant.next()?;
    // The beginning of several ids means no image.
    meant.all(|image| image.digest == first.digest).then_some(first)
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
        self.watched(command, operands, &mut |step| {
            progress(step);
            ControlFlow::Continue(())
        })
    }

    fn watched(self, command: &[&str], operands: &[&str], progress: Watch<'_>) -> Result<Spooled, ExportError> {
        let platform = self.access.platform.iter().flat_map(|platform| ["--platform", platform.as_str()]);
        let arguments: Vec<_> = command.iter().copied().chain(platform).chain(operands.iter().copied()).collect();
        let program = Program::new(self.program, self.access.environment.clone());
        program.export(self.access.limits, &arguments, self.name, None, self.access.on_damage, progress)
    }

    fn explain(self, error: ExportError) -> SourceError {
        match error {
            ExportError::Archive(error) => error.into(),
            ExportError::Program(failure) => ContainerdError::of_export(failure, self.program, self.name).into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(name: &str, path: &std::path::Path) -> String {
        let access = Access { environment: [("PATH", path)].into_iter().collect(), ..Access::default() };
        open(name, &access, &mut |_| ()).unwrap_err().to_string()
    }

    #[test]
    fn a_missing_ctr_error_names_the_programs_to_install() {
        let folder = tempfile::tempdir().unwrap();
        assert!(refused("alpine", folder.path()).contains("neither ctr nor nerdctl"));
        assert!(refused("--all", folder.path()).contains("is not an image name"), "it is no option");
    }

    #[test]
    fn digests_and_short_ids_are_looked_up_in_the_list() {
        let (a, b) = (format!("sha256:ab12{}", "0".repeat(60)), format!("sha256:ab34{}", "0".repeat(60)));
        let list = format!(
            "REF TYPE DIGEST SIZE PLATFORMS LABELS\ndocker.io/library/alpine:3 application/x {a} 1.0 MiB linux/amd64 -\n\
             quay.io/a/b:1 application/x {b} 1.0 MiB linux/amd64,linux/arm64 -\nquay.io/a/c:1 application/x {a} 1 B - -\n"
        );
        let list = CtrImage::list(&list);
        let meant = |name: &str| find(&list, EngineImageName::new(name).unwrap()).map(|image| image.name.clone());
        assert_eq!(meant(&format!("alpine@{a}")).as_deref(), Some("docker.io/library/alpine:3"));
        assert_eq!(meant(&format!("quay.io/a/b@{b}")).as_deref(), Some("quay.io/a/b:1"));
        assert_eq!(meant(&format!("quay.io/a/b@{a}")), None, "an image of another repository");
        assert_eq!(meant("ab34").as_deref(), Some("quay.io/a/b:1"));
        assert_eq!(meant(&a).as_deref(), Some("docker.io/library/alpine:3"));
        assert_eq!(meant("alpine:3").as_deref(), Some("docker.io/library/alpine:3"));
        for name in ["ab", "ab1", "abcd", "alpine:4", "ffff"] {
            assert_eq!(meant(name), None, "{name}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn an_unreadable_socket_is_explained() {
        let (folder, _) = super::ctr::tests::without_permission();
        let error = refused("alpine", folder.path());
        assert!(error.contains("sudo") && error.contains("group") && !error.contains("images ls"), "{error}");
    }

    /// ctr repeats the socket and the cause several times.
    #[test]
    fn an_unreachable_containerd_error_names_the_socket_once() {
        let message = "ctr: failed to dial \"/x.sock\": context deadline exceeded: connection error: desc = \"transport: error \
                       while dialing: dial unix:///x.sock: timeout\"";
        let status = std::process::ExitStatus::default();
        let failure = ProgramError::Exited { status, received: 0, message: message.to_owned() };
        let error = ContainerdError::of_export(failure, CTR, "alpine").to_string();
        let expected =
            "ctr cannot reach containerd at /x.sock; start containerd, or set CONTAINERD_ADDRESS to its socket";
        assert_eq!(error, expected);
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
