//! Opens images in files: an archive, a layout directory, or a stream that is first copied to a temporary file.

use std::borrow::Cow;
use std::fs::File;
use std::io;
use std::path::Path;
use std::sync::Arc;

use super::Store;
use super::archive::{Archive, Ending};
use super::error::StoreError;
use super::file_stamp::FileStamp;
use super::member_path::normalise;
use super::oci_layout::{Links, OciLayout};
use super::skopeo_dir::{self, LayoutFile, SkopeoDir};
use super::spool::{Spooled, spool};
use crate::blob::{Blob, TransferProgress, TransferStep};
use crate::budget::Limits;
use crate::compression::{Compression, SNIFF_LEN, sniff};
use crate::remark::{OnDamage, Remark};

/// An image in an archive or a layout directory.
#[derive(Debug)]
pub struct FileStore {
    name: String,
    container: FileContainer,
    /// File names of a `dir:` directory of skopeo.
    skopeo: Option<SkopeoDir>,
    /// State of the archive file when it was opened.
    stamp: Option<FileStamp>,
    remarks: Vec<Remark>,
    /// Size of the archive as stored, in bytes.
    stored_bytes: Option<u64>,
}

#[derive(Debug)]
enum FileContainer {
    Archive(Archive),
    Layout(OciLayout),
}

impl FileContainer {
    fn open(&self, file: &str) -> Result<Blob, StoreError> {
        match self {
            Self::Archive(archive) => archive.open(file),
            Self::Layout(layout) => layout.open(file),
        }
    }

    fn contains(&self, file: &str) -> bool {
        match self {
            Self::Archive(archive) => archive.contains(file),
            Self::Layout(layout) => layout.contains(file),
        }
    }
}

/// Kind of a file or directory with an image, by its documents.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileFormat {
    /// An archive with `manifest.json`.
    DockerArchive,
    /// An archive with only `index.json`.
    OciArchive,
    /// A directory.
    Directory,
}

impl FileStore {
    /// Opens the file or directory at `path`. A pipe or compressed archive is first copied to a temporary file;
    /// `progress` receives the progress.
    ///
    /// # Errors
    /// The path does not exist, is not an image, or is damaged and `on_damage` is [`OnDamage::Fail`].
    pub fn open(
        path: &Path,
        links: Links,
        on_damage: OnDamage,
        progress: &mut dyn FnMut(TransferProgress),
    ) -> Result<Self, StoreError> {
        Self::open_within(Limits::default(), path, links, on_damage, progress)
    }

    /// Like [`FileStore::open`], with limits on the unpacked size of a compressed archive.
    ///
    /// # Errors
    /// As [`FileStore::open`].
    pub fn open_within(
        limits: Limits,
        path: &Path,
        links: Links,
        on_damage: OnDamage,
        progress: &mut dyn FnMut(TransferProgress),
    ) -> Result<Self, StoreError> {
        let name = path.display().to_string();
        let unreadable = |cause| unreadable(path, cause);
        if path.is_dir() {
            let layout = OciLayout::open_directory(&name, path, links)?;
            return Ok(Self::of_container(name, FileContainer::Layout(layout), Vec::new(), None));
        }
        let file = File::open(path).map_err(unreadable)?;
        let metadata = file.metadata().map_err(unreadable)?;
        if !metadata.is_file() {
            return Self::receive(limits, file, name, on_damage, progress);
        }
        Self::of_file(limits, path, file, on_damage, progress)
    }

    /// Like [`FileStore::open_within`], for a regular file that is already open: `path` is its name, and is not opened again.
    ///
    /// # Errors
    /// As [`FileStore::open`].
    pub fn of_file(
        limits: Limits,
        path: &Path,
        file: File,
        on_damage: OnDamage,
        progress: &mut dyn FnMut(TransferProgress),
    ) -> Result<Self, StoreError> {
        let name = path.display().to_string();
        let unreadable = |cause| unreadable(path, cause);
        let len = file.metadata().map_err(unreadable)?.len();
        let stamp = FileStamp::of(path, &file).map_err(unreadable)?;
        let file = Arc::new(file);
        let blob = Blob::new(Arc::clone(&file), 0, len, name.as_str());
        if sniff(&blob.first_bytes(SNIFF_LEN).map_err(unreadable)?) != Compression::None {
            let step = TransferStep::Unpack;
            let spooled = spool(limits, blob.reader(), step, Some(len), &name, on_damage, progress)?;
            stamp.check()?;
            return Self::of_spooled(name, spooled, on_damage);
        }
        let opened = Self::of_archive(name, file, len, on_damage);
        // Check this before any other error: a file that is still being written looks cut off.
        stamp.check()?;
        Ok(Self { stamp: Some(stamp), ..opened? })
    }

    /// Reads an archive from a stream. Messages call it `name`. `limits` apply to its unpacked size.
    ///
    /// # Errors
    /// As [`FileStore::open`].
    pub fn receive(
        limits: Limits,
        input: impl io::Read,
        name: String,
        on_damage: OnDamage,
        progress: &mut dyn FnMut(TransferProgress),
    ) -> Result<Self, StoreError> {
        let spooled = spool(limits, input, TransferStep::Receive, None, &name, on_damage, progress)?;
        Self::of_spooled(name, spooled, on_damage)
    }

    /// Opens an archive in a temporary file.
    ///
    /// # Errors
    /// The file is not an archive, or is damaged.
    pub fn of_spooled(name: String, spooled: Spooled, on_damage: OnDamage) -> Result<Self, StoreError> {
        let mut store = Self::of_archive(name, Arc::new(spooled.file), spooled.len, on_damage)?;
        store.remarks.splice(0..0, spooled.remarks);
        store.stored_bytes = Some(spooled.stored);
        Ok(store)
    }

    fn of_archive(name: String, file: Arc<File>, len: u64, on_damage: OnDamage) -> Result<Self, StoreError> {
        let mut archive = Archive::index(&name, file, len, on_damage)?;
        let remarks = archive.take_remarks();
        Ok(Self::of_container(name, FileContainer::Archive(archive), remarks, Some(len)))
    }

    fn of_container(name: String, container: FileContainer, remarks: Vec<Remark>, stored_bytes: Option<u64>) -> Self {
        let skopeo = SkopeoDir::find(|file| container.open(file).ok());
        Self { name, container, skopeo, stamp: None, remarks, stored_bytes }
    }

    /// Kind of the file or directory.
    #[must_use]
    pub fn format(&self) -> FileFormat {
        match &self.container {
            FileContainer::Layout(_) => FileFormat::Directory,
            // Docker 25 and later write both documents, and read `manifest.json`.
            FileContainer::Archive(_) if !self.contains("manifest.json") && self.contains("index.json") => {
                FileFormat::OciArchive
            }
            FileContainer::Archive(_) => FileFormat::DockerArchive,
        }
    }

    /// Location of a member, if its file has another name.
    fn member(&self, member: &str) -> Option<LayoutFile<'_>> {
        let name = normalise("", member).ok()?;
        self.skopeo.as_ref().map(|skopeo| skopeo.member(&name))
    }

    const fn archive(&self) -> Option<&Archive> {
        match &self.container {
            FileContainer::Archive(archive) => Some(archive),
            FileContainer::Layout(_) => None,
        }
    }
}

impl Store for FileStore {
    fn name(&self) -> &str {
        &self.name
    }

    fn remarks(&self) -> &[Remark] {
        &self.remarks
    }

    fn blob(&self, member: &str) -> Result<Blob, StoreError> {
        match self.member(member) {
            None => self.container.open(member),
            Some(LayoutFile::Generated(bytes)) => Ok(Blob::in_memory(bytes, member)),
            Some(LayoutFile::Files(files)) => {
                let file = files.iter().find(|file| self.container.contains(file)).or(files.first());
                self.container.open(file.map_or(member, String::as_str))
            }
        }
    }

    fn contains(&self, member: &str) -> bool {
        match self.member(member) {
            None => self.container.contains(member),
            Some(LayoutFile::Generated(_)) => true,
            Some(LayoutFile::Files(files)) => files.iter().any(|file| self.container.contains(file)),
        }
    }

    fn file_name<'a>(&self, member: &'a str) -> Cow<'a, str> {
        match self.member(member) {
            None => Cow::Borrowed(member),
            Some(LayoutFile::Generated(_)) => Cow::Borrowed(skopeo_dir::MANIFEST),
            Some(LayoutFile::Files(files)) => {
                let file = files.into_iter().find(|file| !file.ends_with(skopeo_dir::INNER_MANIFEST));
                file.map_or(Cow::Borrowed(member), Cow::Owned)
            }
        }
    }

    fn is_skopeo_dir(&self) -> bool {
        self.skopeo.is_some()
    }

    fn links(&self) -> Vec<(&str, &str)> {
        self.archive().into_iter().flat_map(Archive::links).collect()
    }

    fn member_names(&self) -> Vec<&str> {
        self.archive().into_iter().flat_map(Archive::member_names).collect()
    }

    fn is_directory(&self) -> bool {
        matches!(self.container, FileContainer::Layout(_))
    }

    fn root_file_system(&self) -> Option<Blob> {
        self.archive()?.root_file_system()
    }

    fn check_unchanged(&self) -> Result<(), StoreError> {
        self.stamp.as_ref().map_or(Ok(()), FileStamp::check)?;
        match &self.container {
            FileContainer::Layout(layout) => layout.check_unchanged(),
            FileContainer::Archive(_) => Ok(()),
        }
    }

    fn stored_bytes(&self) -> Option<u64> {
        self.stored_bytes
    }

    fn ending(&self) -> Ending {
        self.archive().map_or(Ending::Marked, Archive::ending)
    }
}
/// The error of a file that cannot be opened or read.
fn unreadable(path: &Path, cause: io::Error) -> StoreError {
    match cause.kind() {
        io::ErrorKind::NotFound => StoreError::NoSuchFile { path: path.to_owned() },
        _ => StoreError::Unreadable { what: path.display().to_string(), cause },
    }
}
