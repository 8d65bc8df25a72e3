//! Where an image's bytes lie: a saved archive, a layout directory, standard input, an engine, a registry. A [`Source`]
//! hands out [`Blob`]s by name and knows nothing of what is in them; what the names mean is `image`'s business.

mod access;
mod archive;
mod archive_shape;
mod certificates;
mod containerd;
mod credentials;
mod engine;
mod error;
mod member_path;
mod meter;
mod oci_layout;
mod program;
mod reference;
mod registry;
mod runtime;
mod scheme;
mod skopeo_dir;
mod spool;
mod web;

use std::fs::File;
use std::io;
use std::path::Path;
use std::sync::Arc;

pub use access::{
    Access, Environment, HostError, Links, Mirror, MirrorError, PodmanRoute, PullPolicy, RegistryOptions,
    UnknownPullPolicy, host,
};
pub use archive::Ending;
pub use containerd::ContainerdError;
pub use engine::{Attempt, ContainerEngine, EngineError, is_present, pull};
pub use error::SourceError;
pub use reference::{ImageOrigin, OtherReading, PathReference, Reference, ReferenceError};
pub use registry::{Actual, RegistryError, SystemError};
pub use scheme::{PathFormat, SCHEMES, Scheme, SchemeName, SourceKind};

use crate::blob::{Blob, Identity, SpoolProgress, SpoolStep};
use crate::compression::{Compression, SNIFF_LEN, sniff};
use crate::layer::toc::Toc;
use crate::remark::{OnDamage, Remark};
use archive::Archive;
use engine::EngineImage;
use oci_layout::OciLayout;
use registry::RegistryImage;
use spool::Spooled;

/// An image's bytes, found: an archive, a layout, an image of an engine or of a registry.
#[derive(Debug)]
pub struct Source {
    origin: ImageOrigin,
    found: Found,
}

/// The result of opening, before its origin is known.
#[derive(Debug)]
struct Found {
    name: String,
    place: Place,
    remarks: Vec<Remark>,
}

#[derive(Debug)]
enum Place {
    Archive(Archive),
    Layout(OciLayout),
    Engine(EngineImage),
    Registry(RegistryImage),
}

impl Source {
    /// Opens what `reference` names. What cannot be read at any place (a pipe, a compressed archive, what an engine saves) is
    /// first written to a temporary file; `progress` hears of that, and of an engine's pull. A registry is only asked for the
    /// manifest.
    ///
    /// # Errors
    /// When it is not there, is no archive, is damaged (unless `access` says to go on), or whoever has it does not answer or
    /// does not give it.
    pub fn open(
        reference: &Reference,
        access: &Access,
        progress: &mut dyn FnMut(SpoolProgress),
    ) -> Result<Self, SourceError> {
        let on_damage = access.on_damage;
        let (kind, found) = match reference {
            Reference::Path(reference) => {
                let found = Found::at(&reference.path, access, progress)?;
                let kind = SourceKind::Path(reference.format.unwrap_or_else(|| found.format()));
                let origin = ImageOrigin { scheme: kind.name(), name: reference.to_string() };
                return Ok(Self { origin, found });
            }
            Reference::Stdin => {
                let (input, name) = (io::stdin().lock(), "standard input".to_owned());
                let found = Found::in_stream(input, SpoolStep::Receive, None, name, on_damage, progress)?;
                return Ok(Self { origin: ImageOrigin { scheme: "stdin", name: "-".to_owned() }, found });
            }
            Reference::Engine { engine, name, .. } => {
                let mut image = EngineImage::open(*engine, name, access, progress)?;
                let remarks = image.take_remarks();
                let found = Found { name: name.clone(), place: Place::Engine(image), remarks };
                (SourceKind::Engine(*engine), found)
            }
            Reference::Registry { name } => {
                let mut image = RegistryImage::open(name, access)?;
                let remarks = image.take_remarks();
                let found = Found { name: name.clone(), place: Place::Registry(image), remarks };
                (SourceKind::Registry, found)
            }
            Reference::Containerd { name } => {
                let exported = containerd::export(name, access, progress)?;
                let found = Found::in_spooled(name.clone(), exported, on_damage)?;
                (SourceKind::Containerd, found)
            }
        };
        Ok(Self::of_kind(kind, found))
    }

    fn of_kind(kind: SourceKind, found: Found) -> Self {
        Self { origin: ImageOrigin { scheme: kind.name(), name: found.name.clone() }, found }
    }

    /// Fetches the blobs of these names side by side, as far as they lie elsewhere; without it, each is fetched when it is
    /// first read.
    ///
    /// # Errors
    /// When one of them cannot be had.
    pub fn fetch(&self, paths: &[&str], progress: &mut dyn FnMut(SpoolProgress)) -> Result<(), SourceError> {
        match &self.found.place {
            Place::Registry(image) => image.fetch(paths, progress),
            Place::Archive(_) | Place::Layout(_) | Place::Engine(_) => Ok(()),
        }
    }

    /// What the layers `paths` hold by their own tables of contents, without the layers themselves. None unless all of them
    /// have one that is to be had: all that can go wrong with it, the layers put right. Whoever made a layer wrote its table:
    /// it is compared with the digest that the manifest gives, not with the layer.
    #[must_use]
    pub fn tables_of_contents(&self, paths: &[&str]) -> Option<Vec<Toc>> {
        match &self.found.place {
            Place::Registry(image) => image.tables_of_contents(paths),
            Place::Archive(_) | Place::Layout(_) | Place::Engine(_) => None,
        }
    }

    /// What tells the bytes of a layer from all others, if this source knows: the digest that a registry's blob was compared
    /// with, or the one that an engine gives for the unpacked layer. Files of this machine are not worth the comparing.
    #[must_use]
    pub fn identity(&self, digest: Option<&str>, diff_id: Option<&str>) -> Option<Identity> {
        match &self.found.place {
            Place::Registry(_) => digest.map(|digest| Identity::Stored(digest.to_owned())),
            Place::Engine(_) => diff_id.map(|diff_id| Identity::Unpacked(diff_id.to_owned())),
            Place::Archive(_) | Place::Layout(_) => None,
        }
    }

    /// What messages call it: the path or the name as given, or `standard input`.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.found.name
    }

    /// Where the image came from: the source that was named, or the format of the file or directory that was found.
    #[must_use]
    pub const fn origin(&self) -> &ImageOrigin {
        &self.origin
    }

    /// What was odd while it was opened.
    #[must_use]
    pub fn remarks(&self) -> &[Remark] {
        &self.found.remarks
    }

    /// The bytes called `path`; links are followed, never out of the source.
    ///
    /// # Errors
    /// When nothing of that name is there, or it is no plain file, or it leads outside.
    pub fn blob(&self, path: &str) -> Result<Blob, SourceError> {
        match &self.found.place {
            Place::Archive(archive) => archive.open(path),
            Place::Layout(layout) => layout.open(path),
            Place::Engine(image) => image.blob(path),
            Place::Registry(image) => image.blob(path),
        }
    }

    /// Whether something is called `path`.
    #[must_use]
    pub fn contains(&self, path: &str) -> bool {
        match &self.found.place {
            Place::Archive(archive) => archive.contains(path),
            Place::Layout(layout) => layout.contains(path),
            Place::Engine(image) => image.contains(path),
            Place::Registry(image) => image.contains(path),
        }
    }

    /// Symbolic links of an archive in its order, each with the name it leads to. A directory shows none.
    pub fn links(&self) -> impl Iterator<Item = (&str, &str)> {
        let known = match &self.found.place {
            Place::Engine(image) => Some(image),
            _ => None,
        };
        self.archive().into_iter().flat_map(Archive::links).chain(known.into_iter().flat_map(EngineImage::known_links))
    }

    /// Names of an archive's members in no order. A directory shows none.
    pub fn member_names(&self) -> impl Iterator<Item = &str> {
        self.archive().into_iter().flat_map(Archive::member_names)
    }

    /// Whether it is a directory on disk.
    #[must_use]
    pub const fn is_directory(&self) -> bool {
        matches!(self.found.place, Place::Layout(_))
    }

    /// How the archive ends: one without an end mark may have been cut between two members.
    #[must_use]
    pub fn ending(&self) -> Ending {
        self.archive().map_or(Ending::Marked, Archive::ending)
    }

    /// The tar of a root file system, where that and no image was found.
    #[must_use]
    pub fn root_file_system(&self) -> Option<Blob> {
        self.archive()?.root_file_system()
    }

    const fn archive(&self) -> Option<&Archive> {
        match &self.found.place {
            Place::Archive(archive) => Some(archive),
            Place::Engine(image) => image.archive(),
            Place::Layout(_) | Place::Registry(_) => None,
        }
    }
}

impl Found {
    fn at(path: &Path, access: &Access, progress: &mut dyn FnMut(SpoolProgress)) -> Result<Self, SourceError> {
        let on_damage = access.on_damage;
        let name = path.display().to_string();
        let unreadable = |cause: io::Error| match cause.kind() {
            io::ErrorKind::NotFound => SourceError::NoSuchFile { path: path.to_owned() },
            _ => SourceError::Unreadable { what: name.clone(), cause },
        };
        if path.is_dir() {
            let layout = OciLayout::open_directory(&name, path, access.links)?;
            return Ok(Self { name, place: Place::Layout(layout), remarks: Vec::new() });
        }
        let file = File::open(path).map_err(unreadable)?;
        let metadata = file.metadata().map_err(unreadable)?;
        if !metadata.is_file() {
            return Self::in_stream(file, SpoolStep::Receive, None, name, on_damage, progress);
        }
        let len = metadata.len();
        let file = Arc::new(file);
        let blob = Blob::new(Arc::clone(&file), 0, len, name.as_str());
        if sniff(&blob.first_bytes(SNIFF_LEN).map_err(unreadable)?) != Compression::None {
            return Self::in_stream(blob.reader(), SpoolStep::Unpack, Some(len), name, on_damage, progress);
        }
        Self::in_archive(name, file, len, on_damage)
    }

    fn in_stream(
        input: impl io::Read,
        step: SpoolStep,
        total: Option<u64>,
        name: String,
        on_damage: OnDamage,
        progress: &mut dyn FnMut(SpoolProgress),
    ) -> Result<Self, SourceError> {
        let spooled = spool::spool(input, step, total, &name, on_damage, progress)?;
        Self::in_spooled(name, spooled, on_damage)
    }

    fn in_spooled(name: String, spooled: Spooled, on_damage: OnDamage) -> Result<Self, SourceError> {
        let mut found = Self::in_archive(name, Arc::new(spooled.file), spooled.len, on_damage)?;
        found.remarks.splice(0..0, spooled.remarks);
        Ok(found)
    }

    fn in_archive(name: String, file: Arc<File>, len: u64, on_damage: OnDamage) -> Result<Self, SourceError> {
        let mut archive = Archive::index(&name, file, len, on_damage)?;
        let remarks = archive.take_remarks();
        Ok(Self { name, place: Place::Archive(archive), remarks })
    }

    /// The format of what lies at a path, where the user named none.
    fn format(&self) -> PathFormat {
        match &self.place {
            Place::Layout(_) => PathFormat::Oci,
            // Docker 25 and later write both documents, and read the first of them.
            Place::Archive(archive) if !archive.contains("manifest.json") && archive.contains("index.json") => {
                PathFormat::OciArchive
            }
            Place::Archive(_) | Place::Engine(_) | Place::Registry(_) => PathFormat::DockerArchive,
        }
    }
}
