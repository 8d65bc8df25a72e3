//! The base image that a flag or a rules file names: allowed sources, and its layers.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow, bail};

use super::below_folder::{self, BelowFolder};
use crate::config::{Origin, Setting};
use dive_model::Observer;
use dive_model::image::{self, BaseGiver, GivenBase, Image, ImageError, Platform, Selection, repository};
use dive_model::remark::OnDamage;
use dive_model::store::{FileStore, Links, Store, StoreError};
use dive_sources::{Access, ContainerEngine, LocalImages, PathReference, PullPolicy, Reference, Source};

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
    /// The path below the working directory, if a rules file names one: no link of it is followed.
    below: Option<PathBuf>,
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
            below: None,
        })
    }

    /// The base of a rules file, which may come from a stranger's pull request. It can neither pull an image, export a
    /// container, contact a host that the user did not name, nor read a file outside the working directory.
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
        let mut below = None;
        match &reference {
            Reference::Engine { .. } | Reference::Containerd { .. } => {
                let images = LocalImages::beside(&reference, access);
                images
                    .map_or(Ok(()), |images| check_near(&images, image))
                    .with_context(|| format!("{origin}: base: {value}"))?;
            }
            Reference::Container { .. } => {
                bail!("{origin}: base: a container is not a base image; name the image that it runs")
            }
            Reference::Registry { name } if is_of_same_repository(name, image) => {}
            Reference::Registry { name } => bail!(
                "{origin}: base: {name} is not in the image's repository; a rules file may name only local images and \
                 the image's own repository. Pull it first, or use --base"
            ),
            Reference::Path(PathReference { path, .. }) => {
                below_folder::check(&access.environment.working_dir, path, "--base")
                    .map_err(|why| anyhow!("{origin}: base: {}: it {why}", path.display()))?;
                below = Some(path.clone());
            }
            Reference::Stdin => bail!("{origin}: base: standard input is not a base image; name a file or an image"),
        }
        let access = Access { pull: PullPolicy::Never, links: Links::Inside, ..access.clone() };
        let selection = selection(&reference, platform);
        Ok(Self { name: value.clone(), origin: origin.clone(), reference, selection, access, below })
    }

    /// What the name refers to.
    pub(super) const fn reference(&self) -> &Reference {
        &self.reference
    }

    /// Opens the base image without reading its layers.
    pub(super) fn open(&self, observer: &dyn Observer) -> anyhow::Result<GivenBase> {
        let Self { name, origin, .. } = self;
        let failed = || format!("the base image {name} ({origin}) cannot be opened");
        let file = self.below.as_deref().map(|path| self.find(path)).transpose().with_context(failed)?;
        let image = match file {
            Some(BelowFolder::File(file)) => self.read(&self.file_store(file, observer).with_context(failed)?),
            Some(BelowFolder::Directory) | None => {
                let source = Source::open(&self.reference, &self.access, observer).with_context(failed)?;
                self.read(source.store())
            }
        };
        let image = image.map_err(|problem| anyhow!("{}: {problem}", failed()))?;
        let giver = if matches!(origin, Origin::Flag(_)) { BaseGiver::User } else { BaseGiver::RulesFile };
        Ok(GivenBase::of(name.as_str(), &image).given_by(giver))
    }

    fn find(&self, path: &Path) -> anyhow::Result<BelowFolder> {
        below_folder::find(&self.access.environment.working_dir, path).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => StoreError::NoSuchFile { path: path.to_owned() }.into(),
            _ => error.into(),
        })
    }

    fn read(&self, store: &dyn Store) -> Result<Image, ImageError> {
        image::open(store, &self.selection, OnDamage::Remark)
    }

    /// The image in an open file.
    fn file_store(&self, file: File, observer: &dyn Observer) -> Result<FileStore, StoreError> {
        let Access { limits, on_damage, environment, .. } = &self.access;
        let path = environment.working_dir.join(self.below.as_deref().unwrap_or(Path::new("")));
        FileStore::of_file(*limits, &path, file, *on_damage, &mut |progress| observer.transferred(progress))
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

/// Refuses an engine that a rules file would make dive contact: it is on another machine, and the image is not in it.
pub(super) fn check_near(images: &LocalImages, image: &Reference) -> anyhow::Result<()> {
    if images.are_on_this_machine() || images.are_beside(image) {
        return Ok(());
    }
    bail!("the engine is on another machine, which a rules file cannot make dive contact; use --base for it")
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
}
