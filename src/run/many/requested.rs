//! The images that a command line names: its arguments, its lists and its Compose project, each image once.

use std::collections::HashSet;
use std::ffi::{OsStr, OsString};
use std::path::PathBuf;

use anyhow::{Context, bail};

use super::list;
use crate::cli::ManyArgs;
use crate::compose::{self, Profiles, ServiceImage};
use crate::config::Origin;
use crate::run::invocation::Invocation;
use crate::run::overwriting::ReadFile;
use dive_model::image::{Platform, repository};
use dive_sources::{PathReference, Reference, without_login};

/// Limit of the images of a run.
pub(super) const MOST_IMAGES: usize = 20_000;

/// The [`key`] of standard input.
const STDIN: &str = "standard input";

/// Standard input is named a second time.
const STDIN_TWICE: &str = "standard input can be read once, as one list or one image; write the other to a file";

/// An image to read.
#[derive(Debug)]
pub(super) struct RequestedImage {
    /// Its name, as in `dive IMAGE`.
    pub(super) argument: OsString,
    /// The name of a service's image, without the source that `argument` has.
    service_image: Option<String>,
    /// The line that names it; `None` on the command line.
    pub(super) origin: Option<Origin>,
    /// The platform of the service that runs it.
    pub(super) platform: Option<Platform>,
    /// Its own rules file.
    pub(super) rules_file: Option<PathBuf>,
    /// No registry has it.
    pub(super) is_never_pulled: bool,
    /// For an image that a Compose project builds and names after the service.
    pub(super) built: Option<BuiltService>,
}

/// The service of a Compose project that builds an image.
#[derive(Debug, Clone)]
pub(super) struct BuiltService {
    /// Its name.
    pub(super) service: String,
    /// The name that Docker Compose 1 gives the image.
    pub(super) older: OlderName,
}

/// A name that Docker Compose 1 gives an image.
#[derive(Debug, Clone)]
pub(super) struct OlderName {
    pub(super) name: String,
    /// Its name as in `dive IMAGE`.
    pub(super) argument: OsString,
}

/// The images of a run.
#[derive(Debug)]
pub(super) struct RequestedImages {
    /// Each once, in the order named.
    pub(super) images: Vec<RequestedImage>,
    /// Names of images that were named before, with their lines.
    pub(super) repeated: Vec<String>,
    /// Warnings about the Compose project, which were printed.
    #[cfg_attr(not(feature = "tui"), allow(dead_code, reason = "only the screen lists them again"))]
    pub(super) warnings: Vec<String>,
    /// The lists, and all files of the Compose project.
    sources: Vec<ReadFile>,
}

impl RequestedImage {
    fn of(argument: impl Into<OsString>, origin: Option<Origin>) -> Self {
        let argument = argument.into();
        let (service_image, platform, rules_file, built) = (None, None, None, None);
        Self { argument, service_image, origin, platform, rules_file, is_never_pulled: false, built }
    }

    /// True for the image of a service of a Compose project.
    pub(super) const fn is_of_project(&self) -> bool {
        self.service_image.is_some()
    }

    /// The name in the table and in messages, without a password.
    pub(super) fn name(&self) -> String {
        let name = self.service_image.as_deref().map_or_else(|| self.argument.to_string_lossy(), Into::into);
        without_login(&name)
    }

    /// The name with the line that names it.
    fn name_and_origin(&self) -> String {
        match &self.origin {
            Some(origin) => format!("{} ({origin})", self.name()),
            None => self.name(),
        }
    }
}

impl RequestedImages {
    /// Collects the images in the order of the arguments, the lists and the Compose project.
    pub(super) fn of(arguments: &[OsString], many: &ManyArgs, invocation: &Invocation) -> anyhow::Result<Self> {
        let working_dir = &invocation.environment.working_dir;
        let mut named: Vec<RequestedImage> =
            arguments.iter().map(|argument| RequestedImage::of(argument, None)).collect();
        if arguments.is_empty() && many.from.is_empty() && many.compose.is_empty() {
            bail!("no image given; name an archive or a layout: `dive --all-images FILE`");
        }
        let lists_in_stdin = many.from.iter().filter(|path| path.as_os_str() == "-").count();
        if lists_in_stdin > 1 {
            bail!(STDIN_TWICE);
        }
        let (mut warnings, mut sources) = (Vec::new(), Vec::new());
        let file = |what, path: &PathBuf| ReadFile { what, path: working_dir.join(path) };
        sources.extend(many.from.iter().map(|path| file("the list", path)));
        for path in &many.from {
            for line in list::read(path, working_dir)? {
                let origin = Origin::File { path: list::shown(path).into(), line: Some(line.number) };
                let rules_file = line.rules_file;
                if let Some(rules) = rules_file.as_deref().filter(|rules| !working_dir.join(rules).exists()) {
                    bail!("{origin}: the rules file {} does not exist; check its path", rules.display());
                }
                named.push(RequestedImage { rules_file, ..RequestedImage::of(line.image, Some(origin)) });
            }
        }
        if !many.compose.is_empty() {
            let found = compose::images(&many.compose, &Profiles::new(many.profiles.clone()), &invocation.environment)?;
            sources.extend(found.files.iter().map(|path| file("a file of the Compose project", path)));
            warnings.extend(found.warnings);
            invocation.notices.warn_all(&warnings);
            if !found.disabled.is_empty() {
                let services = found.disabled.join(", ");
                invocation.notices.note(&format!("skipped {services}: no enabled profile starts them; add --profile"));
            }
            for service in found.images {
                named.push(of_service(service, invocation)?);
            }
        }
        if named.len() > MOST_IMAGES {
            bail!("more than {MOST_IMAGES} images are named (dive's limit); split the list");
        }
        if lists_in_stdin > 0 && named.iter().any(|image| key(image, invocation) == STDIN) {
            bail!(STDIN_TWICE);
        }
        Ok(Self { warnings, sources, ..Self::once(named, invocation) })
    }

    /// The files that name the images, those of their rules, and those that the images and `bases` are read from.
    pub(super) fn take_files<'a>(
        &mut self,
        bases: impl Iterator<Item = &'a OsStr>,
        invocation: &Invocation,
    ) -> Vec<ReadFile> {
        let engine = invocation.config.container_engine.value;
        let mut files = std::mem::take(&mut self.sources);
        for base in bases {
            if let Ok(Reference::Path(PathReference { path, .. })) = Reference::parse(base, None, engine) {
                files.push(ReadFile { what: "the base image", path });
            }
        }
        for image in &self.images {
            let rules = image.rules_file.as_ref();
            files.extend(rules.map(|path| ReadFile { what: "a rules file", path: path.clone() }));
            let reference = Reference::parse(&image.argument, invocation.opening.source, engine);
            if let Ok(Reference::Path(PathReference { path, .. })) = reference {
                files.push(ReadFile { what: "the image", path });
            }
        }
        files
    }

    /// Removes images that were named before.
    fn once(named: Vec<RequestedImage>, invocation: &Invocation) -> Self {
        let (mut images, mut repeated): (Vec<RequestedImage>, _) = (Vec::new(), Vec::new());
        let mut known = HashSet::new();
        for image in named {
            let (key, rules) = (key(&image, invocation), image.rules_file.clone());
            // A flag replaces the platform of a service.
            let platform = invocation.opening.platform.as_ref().or(image.platform.as_ref()).map(ToString::to_string);
            if !known.insert((key, platform, rules)) {
                repeated.push(image.name_and_origin());
                continue;
            }
            images.push(image);
        }
        Self { images, repeated, warnings: Vec::new(), sources: Vec::new() }
    }
}

/// The image of a service. Without `--source` it is an image of the engine, as in Compose: a file or directory of its name beside the
/// project is not it, and no name chooses another source.
fn of_service(service: ServiceImage, invocation: &Invocation) -> anyhow::Result<RequestedImage> {
    let ServiceImage { service, name, older_name, platform, is_never_pulled, place } = service;
    let origin = place.origin();
    let platform = platform.map(|platform| platform.parse::<Platform>()).transpose();
    let platform = platform.with_context(|| format!("{origin}: platform of the service {service}"))?;
    let in_engine = |name: &str| match invocation.opening.source {
        Some(_) => name.to_owned(),
        None => format!("{}://{name}", invocation.config.container_engine.value.command()),
    };
    let older = older_name.map(|name| OlderName { argument: in_engine(&name).into(), name });
    let built = older.map(|older| BuiltService { service, older });
    let image = RequestedImage::of(in_engine(&name), Some(origin));
    Ok(RequestedImage { service_image: Some(name), platform, is_never_pulled, built, ..image })
}

/// What two names of one image have in common. `nginx` and `docker.io/library/nginx:latest` are one image of an engine.
fn key(image: &RequestedImage, invocation: &Invocation) -> String {
    let engine = invocation.config.container_engine.value;
    match Reference::parse(&image.argument, invocation.opening.source, engine) {
        Ok(Reference::Path(PathReference { path, tag, .. })) => {
            let path = path.canonicalize().unwrap_or(path);
            format!("path {tag:?} {}", path.display())
        }
        Ok(Reference::Stdin) => STDIN.to_owned(),
        Ok(Reference::Engine { engine, name, .. }) => format!("{engine:?} {}", full_name(&name)),
        Ok(Reference::Registry { name }) => format!("registry {}", full_name(&name)),
        Ok(Reference::Containerd { name }) => format!("containerd {}", full_name(&name)),
        Ok(Reference::Container { engine, name }) => format!("container {engine:?} {name}"),
        Err(_) => format!("invalid {}", image.argument.display()),
    }
}

/// The name with its registry and tag.
fn full_name(name: &str) -> String {
    let Some(repository) = repository(name) else { return name.to_owned() };
    let last = name.rsplit('/').next().unwrap_or(name);
    let version = last.find([':', '@']).map_or(":latest", |at| &last[at..]);
    repository + version
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_spellings_of_a_name_are_one_image() {
        for (one, other) in [
            ("nginx", "docker.io/library/nginx:latest"),
            ("team/app:1", "docker.io/team/app:1"),
            ("h:5000/app", "h:5000/app:latest"),
            ("app@sha256:00", "docker.io/library/app@sha256:00"),
        ] {
            assert_eq!(full_name(one), full_name(other));
        }
        for (one, other) in [("nginx", "nginx:1"), ("a/nginx", "nginx"), ("app:1", "app:1@sha256:00")] {
            assert_ne!(full_name(one), full_name(other));
        }
    }
}
