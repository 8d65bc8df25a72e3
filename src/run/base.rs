//! The base image that a flag or a rules file names: allowed sources, and its layers.

use std::ffi::{OsStr, OsString};
use std::path::Path;

use anyhow::{Context, anyhow, bail};

use crate::config::{Origin, Setting, is_below_folder};
use dive_model::Observer;
use dive_model::image::{self, GivenBase, Platform, Selection, repository};
use dive_model::remark::OnDamage;
use dive_sources::{Access, ContainerEngine, PathReference, PullPolicy, Reference, Source};

/// A base image to open.
#[derive(Debug)]
pub(super) struct BaseOpening {
    /// The name as typed.
    name: String,
    /// The setting that names it.
    origin: Origin,
    reference: Reference,
    selection: Selection,
    access: Access,
}

impl BaseOpening {
    /// The base of `--base`.
    pub(super) fn by_flag(
        argument: &OsStr,
        platform: Option<&Platform>,
        engine: ContainerEngine,
        access: &Access,
    ) -> anyhow::Result<Self> {
        let reference = Reference::parse(argument, None, engine).context("--base")?;
        if reference == Reference::Stdin {
            bail!("--base cannot read standard input; name a file or an image");
        }
        Ok(Self {
            name: argument.to_string_lossy().into_owned(),
            origin: Origin::Flag("--base"),
            selection: selection(&reference, platform),
            reference,
            access: access.clone(),
        })
    }

    /// The base of a rules file, which may come from a stranger's pull request. It can neither pull an image, query another
    /// registry, nor read a file outside the working directory.
    pub(super) fn by_rules_file(
        named: &Setting<String>,
        image: &Reference,
        platform: Option<&Platform>,
        engine: ContainerEngine,
        access: &Access,
    ) -> anyhow::Result<Self> {
        let Setting { value, origin } = named;
        let reference =
            Reference::parse(&OsString::from(value), None, engine).with_context(|| format!("{origin}: base"))?;
        match &reference {
            Reference::Engine { .. } | Reference::Container { .. } | Reference::Containerd { .. } => {}
            Reference::Registry { name } if is_of_same_repository(name, image) => {}
            Reference::Registry { name } => bail!(
                "{origin}: base: {name} is not in the image's repository; a rules file may name only local images and \
                 the image's own repository. Pull it first, or use --base"
            ),
            Reference::Path(PathReference { path, .. }) => check_below(path, &access.environment.working_dir)
                .with_context(|| format!("{origin}: base: {}", path.display()))?,
            Reference::Stdin => bail!("{origin}: base: standard input is not a base image; name a file or an image"),
        }
        let access = Access { pull: PullPolicy::Never, ..access.clone() };
        let selection = selection(&reference, platform);
        Ok(Self { name: value.clone(), origin: origin.clone(), reference, selection, access })
    }

    /// What the name refers to.
    pub(super) const fn reference(&self) -> &Reference {
        &self.reference
    }

    /// Opens the base image without reading its layers.
    pub(super) fn open(&self, observer: &dyn Observer) -> anyhow::Result<GivenBase> {
        let Self { name, origin, .. } = self;
        let source = Source::open(&self.reference, &self.access, observer)
            .with_context(|| format!("the base image {name} ({origin}) cannot be opened"))?;
        let image = image::open(source.store(), &self.selection, OnDamage::Remark)
            .map_err(|problem| anyhow!("the base image {name} ({origin}) cannot be opened: {problem}"))?;
        Ok(GivenBase::of(name.as_str(), &image))
    }
}

fn selection(reference: &Reference, platform: Option<&Platform>) -> Selection {
    let image = match reference {
        Reference::Path(path) => path.image(),
        _ => None,
    };
    Selection { image, platform: platform.cloned() }
}

fn is_of_same_repository(name: &str, image: &Reference) -> bool {
    let is_same = |image| repository(name).is_some_and(|name| repository(image) == Some(name));
    matches!(image, Reference::Registry { name: image } if is_same(image))
}

/// Refuses a path that leads out of the working directory.
fn check_below(path: &Path, working_dir: &Path) -> anyhow::Result<()> {
    if path.is_absolute() && path.starts_with(working_dir) {
        return Err(anyhow!("it is an absolute path; write it relative to the working directory"));
    }
    let leads_out = || anyhow!("it is outside the working directory; use --base for it");
    if !is_below_folder(path) {
        return Err(leads_out());
    }
    let (folder, path) = (working_dir.canonicalize()?, working_dir.join(path).canonicalize()?);
    if path.starts_with(folder) { Ok(()) } else { Err(leads_out()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rules_file_can_only_name_the_images_own_repository() {
        let image = Reference::Registry { name: "reg.example:5000/team/app:1".to_owned() };
        for (name, same) in [
            ("reg.example:5000/team/app:2", true),
            ("reg.example:5000/team/app", true),
            ("reg.example:5000/team/app@sha256:00", true),
            ("reg.example/team/app:1", false),
            ("reg.example:5000/team/other:1", false),
            ("reg.example:5000", false),
        ] {
            assert_eq!(is_of_same_repository(name, &image), same, "{name}");
        }
        let local = Reference::Registry { name: "localhost/app:1".to_owned() };
        assert!(!is_of_same_repository("app:1", &local), "a name of another registry");
        let hub = Reference::Registry { name: "docker.io/library/app:1".to_owned() };
        assert!(is_of_same_repository("app:2", &hub) && !is_of_same_repository("localhost/app:2", &hub));
        let invalid = Reference::Registry { name: "a b".to_owned() };
        assert!(!is_of_same_repository("c d", &invalid));
        assert!(!is_of_same_repository("a/b:1", &Reference::Stdin));
    }

    #[test]
    fn a_rules_file_reads_no_file_outside_its_folder() {
        let folder = tempfile::tempdir().unwrap();
        let below = folder.path().join("project");
        std::fs::create_dir(&below).unwrap();
        std::fs::write(folder.path().join("secret.tar"), "").unwrap();
        std::fs::write(below.join("base.tar"), "").unwrap();
        assert!(check_below(Path::new("base.tar"), &below).is_ok());
        assert!(check_below(Path::new("../secret.tar"), &below).is_err());
        assert!(check_below(&folder.path().join("secret.tar"), &below).is_err());
        #[cfg(unix)]
        {
            std::os::unix::fs::symlink("../secret.tar", below.join("link.tar")).unwrap();
            assert!(check_below(Path::new("link.tar"), &below).is_err());
        }
    }
}
