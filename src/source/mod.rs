//! Where an image's bytes lie: a saved archive, a layout directory, standard input. A [`Source`] hands out [`Blob`]s
//! by name and knows nothing of what is in them; what the names mean is `image`'s business.

mod archive;
mod blob;
mod error;
mod magic;
mod member_path;
mod oci_layout;
mod reference;
mod spool;

use std::fs::File;
use std::io;
use std::path::Path;
use std::sync::Arc;

pub use archive::Ending;
pub use blob::Blob;
pub use error::SourceError;
pub use reference::{Reference, ReferenceError, SourceKind};
pub use spool::SpoolProgress;

use crate::compression::{Compression, SNIFF_LEN, sniff};
use crate::remark::{OnDamage, Remark};
use archive::Archive;
use oci_layout::OciLayout;

/// An opened archive or layout.
#[derive(Debug)]
pub struct Source {
    name: String,
    place: Place,
    remarks: Vec<Remark>,
}

#[derive(Debug)]
enum Place {
    Archive(Archive),
    Layout(OciLayout),
}

impl Source {
    /// Opens what `reference` names. What cannot be read at any place (a pipe, a compressed archive) is first written
    /// to a temporary file, and only then is `progress` called.
    ///
    /// # Errors
    /// When it is not there, is no archive, is damaged (unless `on_damage` says to go on), or needs an engine.
    pub fn open(
        reference: &Reference,
        on_damage: OnDamage,
        progress: &mut dyn FnMut(SpoolProgress),
    ) -> Result<Self, SourceError> {
        match reference {
            Reference::Path(path) => Self::open_path(path, on_damage, progress),
            Reference::Stdin => {
                Self::open_stream(io::stdin().lock(), None, "standard input".to_owned(), on_damage, progress)
            }
            Reference::Engine { engine, name } => {
                Err(SourceError::EngineNotSupported { engine: engine.command(), name: name.clone() })
            }
        }
    }

    fn open_path(
        path: &Path,
        on_damage: OnDamage,
        progress: &mut dyn FnMut(SpoolProgress),
    ) -> Result<Self, SourceError> {
        let name = path.display().to_string();
        let unreadable = |cause: io::Error| match cause.kind() {
            io::ErrorKind::NotFound => SourceError::NoSuchFile { path: path.to_owned() },
            _ => SourceError::Unreadable { what: name.clone(), cause },
        };
        if path.is_dir() {
            let layout = OciLayout::open_directory(&name, path)?;
            return Ok(Self { name, place: Place::Layout(layout), remarks: Vec::new() });
        }
        let file = File::open(path).map_err(unreadable)?;
        let metadata = file.metadata().map_err(unreadable)?;
        if !metadata.is_file() {
            return Self::open_stream(file, None, name, on_damage, progress);
        }
        let len = metadata.len();
        let file = Arc::new(file);
        let blob = Blob::new(Arc::clone(&file), 0, len, name.as_str());
        if sniff(&blob.first_bytes(SNIFF_LEN).map_err(unreadable)?) != Compression::None {
            return Self::open_stream(blob.reader(), Some(len), name, on_damage, progress);
        }
        Self::of_archive(name, file, len, on_damage)
    }

    fn open_stream(
        input: impl io::Read,
        total: Option<u64>,
        name: String,
        on_damage: OnDamage,
        progress: &mut dyn FnMut(SpoolProgress),
    ) -> Result<Self, SourceError> {
        let spooled = spool::spool(input, total, &name, on_damage, progress)?;
        let mut source = Self::of_archive(name, Arc::new(spooled.file), spooled.len, on_damage)?;
        source.remarks.splice(0..0, spooled.remarks);
        Ok(source)
    }

    fn of_archive(name: String, file: Arc<File>, len: u64, on_damage: OnDamage) -> Result<Self, SourceError> {
        let mut archive = Archive::index(&name, file, len, on_damage)?;
        let remarks = archive.take_remarks();
        Ok(Self { name, place: Place::Archive(archive), remarks })
    }

    /// What messages call it: the path as given, or `standard input`.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What was odd while it was opened.
    #[must_use]
    pub fn remarks(&self) -> &[Remark] {
        &self.remarks
    }

    /// The bytes called `path`; links are followed, never out of the source.
    ///
    /// # Errors
    /// When nothing of that name is there, or it is no plain file, or it leads outside.
    pub fn blob(&self, path: &str) -> Result<Blob, SourceError> {
        match &self.place {
            Place::Archive(archive) => archive.open(path),
            Place::Layout(layout) => layout.open(path),
        }
    }

    /// Whether something is called `path`.
    #[must_use]
    pub fn contains(&self, path: &str) -> bool {
        match &self.place {
            Place::Archive(archive) => archive.contains(path),
            Place::Layout(layout) => layout.contains(path),
        }
    }

    /// Symbolic links of an archive in its order, each with the name it leads to. A directory shows none.
    pub fn links(&self) -> impl Iterator<Item = (&str, &str)> {
        self.archive().into_iter().flat_map(Archive::links)
    }

    /// Names of an archive's members in no order. A directory shows none.
    pub fn member_names(&self) -> impl Iterator<Item = &str> {
        self.archive().into_iter().flat_map(Archive::member_names)
    }

    /// How the archive ends: one without an end mark may have been cut between two members.
    #[must_use]
    pub fn ending(&self) -> Ending {
        self.archive().map_or(Ending::Marked, Archive::ending)
    }

    const fn archive(&self) -> Option<&Archive> {
        match &self.place {
            Place::Archive(archive) => Some(archive),
            Place::Layout(_) => None,
        }
    }
}
