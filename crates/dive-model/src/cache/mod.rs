//! Keeps small records between runs, under keys with a fixed meaning such as digests.
//!
//! Records are written under a temporary name and renamed, and have a checksum, so a record is complete or missing. A
//! corrupt record is treated as missing. The cache is optional: without a writable folder, dive is only slower.

mod memory;
mod packing;

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use tracing::{debug, warn};

use crate::budget::Budget;
use crate::dir::Dir;
use crate::unfinished::{self, FilePurpose, Readers, Unfinished};
use memory::MemoryRecords;
pub use packing::CachedRecord;
use packing::{HEADER_LEN, MAGIC, checksum, packed, unpack, unpacked};

/// A cache in one folder, or in memory. Clones share it.
#[derive(Debug, Clone)]
pub struct Cache {
    root: PathBuf,
    limit: u64,
    /// The records, if they are not in a folder.
    memory: Option<Arc<MemoryRecords>>,
}

/// The kind of a record. Each kind has its own folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RecordKind {
    /// Entries of a layer, by the digest of the layer.
    Layer,
    /// Metadata of an engine's image, by the id of the image.
    Image,
    /// Table of contents of a layer, by the digests of both.
    Table,
}

/// Number and size of cached records.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Usage {
    /// Number of layers and tables of contents.
    pub layers: u64,
    /// Number of images.
    pub images: u64,
    /// Size on disk, in bytes.
    pub bytes: u64,
}

/// Version of the records. Increment it when their format changes, or when the same layer is scanned differently. Other
/// versions are not read.
const VERSION: u32 = 4;

/// Default size limit of the cache, in bytes. The entries of a large image take some megabytes.
pub const LIMIT: u64 = 512 << 20;

impl RecordKind {
    const ALL: [Self; 3] = [Self::Layer, Self::Image, Self::Table];

    const fn folder(self) -> &'static str {
        match self {
            Self::Layer => "layers",
            Self::Image => "images",
            Self::Table => "tables",
        }
    }
}

impl Cache {
    /// The cache in `root`, which need not exist.
    #[must_use]
    pub const fn new(root: PathBuf) -> Self {
        Self { root, limit: LIMIT, memory: None }
    }

    /// A cache that lasts as long as its clones, for several images of one run. It holds at most 64 MiB.
    #[must_use]
    pub fn in_memory() -> Self {
        Self { root: PathBuf::new(), limit: LIMIT, memory: Some(Arc::default()) }
    }

    /// Sets the size limit, in bytes.
    #[must_use]
    pub fn with_limit(self, limit: u64) -> Self {
        Self { limit, ..self }
    }

    /// The folder of the cache.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// True if there is a record. It may be corrupt.
    #[must_use]
    pub fn contains(&self, kind: RecordKind, key: &str) -> bool {
        if let Some(memory) = &self.memory {
            return memory.contains(kind, key);
        }
        self.path(kind, key).is_some_and(|path| path.is_file())
    }

    /// Reads a record; `None` if missing or corrupt. A corrupt record is deleted.
    #[must_use]
    pub fn read(&self, kind: RecordKind, key: &str) -> Option<Vec<u8>> {
        self.read_within(kind, key, &Budget::unlimited()).map(CachedRecord::into_bytes)
    }

    /// Reads a record, as [`Self::read`] does. `None`, too, if `budget` has not enough memory for it.
    #[must_use]
    pub fn read_within(&self, kind: RecordKind, key: &str, budget: &Budget) -> Option<CachedRecord> {
        if let Some(memory) = &self.memory {
            return unpacked(&memory.read(kind, key)?, budget).ok()?;
        }
        let path = self.path(kind, key)?;
        // Opening a pipe would block, and a link can point anywhere.
        if !is_plain_file(&path) {
            return None;
        }
        let file = File::open(&path).ok()?;
        let record = unpack(&file, key, budget);
        match &record {
            // Marks the time of last use: the least recently used records are deleted first.
            Ok(_) => {
                let _ = file.set_modified(SystemTime::now());
            }
            Err(error) => {
                warn!("deleting the damaged cache record {}: {error}", path.display());
                let _ = fs::remove_file(&path);
            }
        }
        record.ok()?
    }

    /// Deletes a record, for example because its content is invalid.
    pub fn remove(&self, kind: RecordKind, key: &str) {
        if let Some(memory) = &self.memory {
            return memory.remove(kind, key);
        }
        if let Some(path) = self.path(kind, key) {
            let _ = fs::remove_file(path);
        }
    }

    /// Stores what `write` writes. Errors are only logged: a missing record makes the next run slower.
    pub fn write(&self, kind: RecordKind, key: &str, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) {
        self.write_within(kind, key, (&Budget::unlimited(), u64::MAX), write);
    }

    /// Stores what `write` writes, as [`Self::write`] does, with the memory of `budget`. The record has at most `size` bytes, about.
    pub fn write_within(
        &self,
        kind: RecordKind,
        key: &str,
        (budget, size): (&Budget, u64),
        write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
    ) {
        if let Some(memory) = &self.memory {
            match packed(budget, size.min(memory::LIMIT as u64), write) {
                Ok((record, _reserved)) => memory.write(kind, key, record.into()),
                Err(error) => debug!("{key} cannot be cached: {error}"),
            }
            return;
        }
        let Some(path) = self.path(kind, key) else { return };
        match self.pack(&path, key, (budget, size), write) {
            Ok(bytes) => debug!("{} is cached: {bytes} bytes", path.display()),
            Err(error) => warn!("{} cannot be cached: {error}", path.display()),
        }
        self.evict(&path);
    }

    fn pack(
        &self,
        path: &Path,
        key: &str,
        (budget, size): (&Budget, u64),
        write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
    ) -> io::Result<u64> {
        let folder = path.parent().unwrap_or(&self.root);
        create_private(folder)?;
        if !self.has_no_links() {
            return Err(io::Error::other("a directory of the cache is a symbolic link"));
        }
        let (packed, _reserved) = packed(budget, size, write)?;
        let dir = Dir::open(folder)?;
        let mut record = Unfinished::create(&dir, FilePurpose::Record, Readers::Owner)?;
        for part in [&MAGIC[..], &checksum(key, &packed), &packed] {
            record.file().write_all(part)?;
        }
        record.replace(path.file_name().unwrap_or_default().as_encoded_bytes())?;
        Ok((HEADER_LEN + packed.len()) as u64)
    }

    /// Deletes what killed runs left, records of other versions, and the least recently used records until the rest fits. `newest` is
    /// deleted last.
    fn evict(&self, newest: &Path) {
        for (_, _, folder) in self.folders() {
            if let Ok(dir) = Dir::open(&folder) {
                unfinished::sweep(&dir, FilePurpose::Record);
            }
        }
        let mut records: Vec<_> = self.records().collect();
        let mut bytes: u64 = records.iter().map(|record| record.bytes).sum();
        // What is left of the others belongs to running programs.
        records.retain(CachedFile::is_finished);
        let is_stale = |record: &CachedFile| record.version != VERSION;
        records.sort_by_key(|record| (!is_stale(record), record.path == newest, record.used));
        for record in records {
            if bytes <= self.limit && !is_stale(&record) {
                return;
            }
            debug!("{} is deleted to keep the cache within its limit", record.path.display());
            if fs::remove_file(&record.path).is_ok() {
                bytes -= record.bytes;
            }
        }
    }

    /// Counts all records, including those of other versions.
    #[must_use]
    pub fn usage(&self) -> Usage {
        self.records().fold(Usage::default(), |usage, record| Usage {
            layers: usage.layers + u64::from(record.is_finished() && record.kind != RecordKind::Image),
            images: usage.images + u64::from(record.is_finished() && record.kind == RecordKind::Image),
            bytes: usage.bytes + record.bytes,
        })
    }

    /// Deletes all records, including those of other versions, and no other file.
    ///
    /// # Errors
    /// A record cannot be deleted.
    pub fn clear(&self) -> io::Result<()> {
        for record in self.records() {
            fs::remove_file(record.path)?;
        }
        for version in self.versions() {
            for kind in RecordKind::ALL {
                // Fails for folders with other files, which must stay.
                let _ = fs::remove_dir(self.root.join(folder_of(version)).join(kind.folder()));
            }
            let _ = fs::remove_dir(self.root.join(folder_of(version)));
        }
        Ok(())
    }

    /// Path of a record; `None` if the key is not safe as a file name.
    fn path(&self, kind: RecordKind, key: &str) -> Option<PathBuf> {
        let name = key.replace(':', "-");
        is_record_name(&name).then(|| self.root.join(folder_of(VERSION)).join(kind.folder()).join(name))
    }

    /// Versions that have a folder.
    fn versions(&self) -> Vec<u32> {
        let number = |entry: fs::DirEntry| {
            let name = entry.file_name().into_string().ok()?;
            let number = name.strip_prefix('v')?.parse().ok()?;
            (folder_of(number) == name).then_some(number)
        };
        entries(&self.root).filter_map(number).collect()
    }

    /// True if no folder of this version is a symbolic link.
    fn has_no_links(&self) -> bool {
        let version = self.root.join(folder_of(VERSION));
        let folders = RecordKind::ALL.into_iter().map(|kind| version.join(kind.folder()));
        folders.chain([version.clone()]).all(|folder| is_folder(&folder) || !folder.is_symlink())
    }

    /// The folders of records, by version and kind. Links are not followed.
    fn folders(&self) -> impl Iterator<Item = (u32, RecordKind, PathBuf)> {
        let parents = self.versions().into_iter().map(|version| (version, self.root.join(folder_of(version))));
        let parents = parents.filter(|(_, parent)| is_folder(parent));
        let folders = parents
            .flat_map(|(version, parent)| RecordKind::ALL.map(|kind| (version, kind, parent.join(kind.folder()))));
        folders.filter(|(_, _, folder)| is_folder(folder))
    }

    /// All record files, also unfinished ones, by folder and name. Links are not followed.
    fn records(&self) -> impl Iterator<Item = CachedFile> {
        self.folders().flat_map(|(version, kind, folder)| {
            entries(&folder).filter_map(move |entry| {
                let metadata = entry.metadata().ok().filter(fs::Metadata::is_file)?;
                let name = entry.file_name();
                (is_unfinished(&name) || name.to_str().is_some_and(is_record_name)).then_some(())?;
                let used = metadata.modified().unwrap_or(SystemTime::UNIX_EPOCH);
                Some(CachedFile { version, kind, path: entry.path(), bytes: metadata.len(), used })
            })
        })
    }
}

/// Name of a version's folder.
fn folder_of(version: u32) -> String {
    format!("v{version}")
}

/// True for a folder that is not a link.
fn is_folder(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok_and(|metadata| metadata.is_dir())
}

/// True for a regular file that is not a link.
fn is_plain_file(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok_and(|metadata| metadata.is_file())
}

/// True if the name is safe: one path component of plain characters.
fn is_record_name(name: &str) -> bool {
    let is_plain = |letter: u8| letter.is_ascii_alphanumeric() || matches!(letter, b'-' | b'_' | b'+');
    !name.is_empty() && name.len() <= 200 && name.bytes().all(is_plain)
}

fn is_unfinished(name: &OsStr) -> bool {
    FilePurpose::Record.is_name(name.as_encoded_bytes())
}

struct CachedFile {
    version: u32,
    kind: RecordKind,
    path: PathBuf,
    bytes: u64,
    used: SystemTime,
}

impl CachedFile {
    fn is_finished(&self) -> bool {
        !self.path.file_name().is_some_and(is_unfinished)
    }
}

fn entries(folder: &Path) -> impl Iterator<Item = fs::DirEntry> + use<> {
    fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok)
}

/// Creates a folder that only the user can read: image contents may be confidential.
fn create_private(folder: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

#[cfg(test)]
mod tests;
