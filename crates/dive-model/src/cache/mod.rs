//! Keeps small records between runs, under keys with a fixed meaning such as digests.
//!
//! Records are written under a temporary name and renamed, and have a checksum, so a record is complete or missing. A
//! corrupt record is treated as missing. The cache is optional: without a writable folder, dive is only slower.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use tracing::{debug, warn};
use xxhash_rust::xxh3::{xxh3_64, xxh3_64_with_seed};

use crate::dir::Dir;
use crate::unfinished::{self, FilePurpose, Readers, Unfinished};

/// A cache in one folder. Clones share the folder.
#[derive(Debug, Clone)]
pub struct Cache {
    root: PathBuf,
    limit: u64,
}

/// The kind of a record. Each kind has its own folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
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
const VERSION: u32 = 2;

/// Default size limit of the cache, in bytes. The entries of a large image take some megabytes.
pub const LIMIT: u64 = 512 << 20;

/// First bytes of a record. A checksum of the key and payload follows, so that a record copied to another key is
/// invalid, too.
const MAGIC: [u8; 8] = *b"dive rec";
const HEADER_LEN: usize = MAGIC.len() + 8;

/// Maximum size of a record on disk and unpacked, in bytes: several times that of the largest known image. Larger
/// records are not cached.
const PACKED_LIMIT: u64 = 128 << 20;
const UNPACKED_LIMIT: u64 = 512 << 20;

/// Age at which a temporary file is taken as abandoned.
const ABANDONED_AFTER: Duration = Duration::from_hours(1);

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
        Self { root, limit: LIMIT }
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
        self.path(kind, key).is_some_and(|path| path.is_file())
    }

    /// Reads a record; `None` if missing or corrupt. A corrupt record is deleted.
    #[must_use]
    pub fn read(&self, kind: RecordKind, key: &str) -> Option<Vec<u8>> {
        let path = self.path(kind, key)?;
        // Opening a pipe would block, and a link can point anywhere.
        if !is_plain_file(&path) {
            return None;
        }
        let file = File::open(&path).ok()?;
        let record = unpack(&file, key);
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
        record.ok()
    }

    /// Deletes a record, for example because its content is invalid.
    pub fn remove(&self, kind: RecordKind, key: &str) {
        if let Some(path) = self.path(kind, key) {
            let _ = fs::remove_file(path);
        }
    }

    /// Stores what `write` writes. Errors are only logged: a missing record makes the next run slower.
    pub fn write(&self, kind: RecordKind, key: &str, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) {
        let Some(path) = self.path(kind, key) else { return };
        match self.pack(&path, key, write) {
            Ok(bytes) => debug!("{} is cached: {bytes} bytes", path.display()),
            Err(error) => warn!("{} cannot be cached: {error}", path.display()),
        }
        self.evict(&path);
    }

    fn pack(&self, path: &Path, key: &str, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<u64> {
        let folder = path.parent().unwrap_or(&self.root);
        create_private(folder)?;
        if !self.has_no_links() {
            return Err(io::Error::other("a directory of the cache is a symbolic link"));
        }
        // Compress in memory: the checksum precedes the payload. Compressed records are about a tenth of their size.
        let mut encoder = zstd::stream::write::Encoder::new(Vec::new(), 1)?;
        write(&mut encoder)?;
        let packed = encoder.finish()?;
        if packed.len() as u64 > PACKED_LIMIT {
            return Err(io::Error::other(too_large(PACKED_LIMIT)));
        }
        let dir = Dir::open(folder)?;
        unfinished::sweep(&dir, FilePurpose::Record);
        let mut record = Unfinished::create(&dir, FilePurpose::Record, Readers::Owner)?;
        for part in [&MAGIC[..], &checksum(key, &packed), &packed] {
            record.file().write_all(part)?;
        }
        record.replace(path.file_name().unwrap_or_default().as_encoded_bytes())?;
        Ok((HEADER_LEN + packed.len()) as u64)
    }

    /// Deletes the least recently used records until the rest fits. `newest` is deleted last.
    fn evict(&self, newest: &Path) {
        let mut records: Vec<_> = self.records().collect();
        let mut bytes: u64 = records.iter().map(|record| record.bytes).sum();
        let is_stale = |record: &CachedFile| {
            record.version != VERSION
                || (!record.is_finished() && record.used.elapsed().is_ok_and(|age| age > ABANDONED_AFTER))
        };
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

    /// All record files, by folder and name. Links are not followed.
    fn records(&self) -> impl Iterator<Item = CachedFile> {
        let folders = self.versions().into_iter().flat_map(|version| RecordKind::ALL.map(|kind| (version, kind)));
        let root = self.root.clone();
        folders.flat_map(move |(version, kind)| {
            let parent = root.join(folder_of(version));
            let folder = parent.join(kind.folder());
            let is_own = is_folder(&parent) && is_folder(&folder);
            entries(&folder).filter(move |_| is_own).filter_map(move |entry| {
                let metadata = entry.metadata().ok().filter(fs::Metadata::is_file)?;
                entry
                    .file_name()
                    .to_str()
                    .filter(|name| is_record_name(name.strip_prefix(TEMPORARY_PREFIX).unwrap_or(name)))?;
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

/// Prefix of temporary files.
const TEMPORARY_PREFIX: &str = ".new-";

struct CachedFile {
    version: u32,
    kind: RecordKind,
    path: PathBuf,
    bytes: u64,
    used: SystemTime,
}

impl CachedFile {
    fn is_finished(&self) -> bool {
        !self.path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(TEMPORARY_PREFIX))
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

fn checksum(key: &str, packed: &[u8]) -> [u8; 8] {
    xxh3_64_with_seed(packed, xxh3_64(key.as_bytes())).to_le_bytes()
}

fn too_large(limit: u64) -> String {
    format!("it is larger than {} MiB (the limit for a record)", limit >> 20)
}

/// Checks and unpacks a record.
fn unpack(file: &File, key: &str) -> io::Result<Vec<u8>> {
    let damaged = |text: &str| io::Error::new(io::ErrorKind::InvalidData, text.to_owned());
    let mut packed = Vec::new();
    let limit = HEADER_LEN as u64 + PACKED_LIMIT;
    file.take(limit + 1).read_to_end(&mut packed)?;
    if packed.len() as u64 > limit {
        return Err(damaged(&too_large(PACKED_LIMIT)));
    }
    let (header, packed) = packed.split_at_checked(HEADER_LEN).ok_or_else(|| damaged("it is truncated"))?;
    let (magic, sum) = header.split_at(MAGIC.len());
    if magic != MAGIC || sum != checksum(key, packed) {
        return Err(damaged("its checksum is wrong"));
    }
    let mut record = Vec::new();
    let decoder = zstd::stream::read::Decoder::with_buffer(packed)?;
    decoder.take(UNPACKED_LIMIT + 1).read_to_end(&mut record)?;
    if record.len() as u64 > UNPACKED_LIMIT {
        return Err(damaged(&format!("unpacked, {}", too_large(UNPACKED_LIMIT))));
    }
    Ok(record)
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "sha256:a7e4d0394b3007a9d46463b74d830cde9e99072710d12248a8b127cd4de3f0aa";

    fn cache() -> (tempfile::TempDir, Cache) {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::new(folder.path().join("dive"));
        (folder, cache)
    }

    fn keep(cache: &Cache, key: &str, bytes: &[u8]) {
        cache.write(RecordKind::Layer, key, |out| out.write_all(bytes));
    }

    #[test]
    fn records_are_read_until_they_are_cleared() {
        let (folder, cache) = cache();
        assert_eq!(cache.read(RecordKind::Layer, KEY), None);
        keep(&cache, KEY, b"entries");
        assert!(cache.contains(RecordKind::Layer, KEY) && !cache.contains(RecordKind::Image, KEY));
        assert_eq!(cache.read(RecordKind::Layer, KEY).unwrap(), b"entries");
        assert_eq!((cache.usage().layers, cache.usage().images), (1, 0));
        std::fs::write(cache.root().join("mine.txt"), "not dive's").unwrap();
        cache.clear().unwrap();
        assert_eq!(cache.usage(), Usage::default());
        assert!(folder.path().join("dive/mine.txt").exists(), "only records are removed");
    }

    #[test]
    fn no_key_writes_outside_the_folder() {
        let (_folder, cache) = cache();
        for key in ["", "../x", "a/b", "..", "sha256:..", "\0", &"a".repeat(300)] {
            keep(&cache, key, b"x");
            assert_eq!(cache.read(RecordKind::Layer, key), None, "{key}");
        }
        assert_eq!(cache.usage(), Usage::default());
    }

    /// After a killed program, a full disk or a flipped bit, the image must still open.
    #[test]
    fn a_corrupt_record_is_missing_and_deleted() {
        let (_folder, cache) = cache();
        keep(&cache, KEY, b"entries");
        let path = cache.path(RecordKind::Layer, KEY).unwrap();
        let whole = std::fs::read(&path).unwrap();
        for damaged in [&whole[..0], &whole[..5], &whole[..whole.len() - 1], &[&whole[..], b"x"].concat()[..]] {
            std::fs::write(&path, damaged).unwrap();
            assert_eq!(cache.read(RecordKind::Layer, KEY), None);
            assert!(!path.exists(), "it would be read again and again");
        }
        for at in 0..whole.len() {
            let mut flipped = whole.clone();
            flipped[at] ^= 1;
            std::fs::write(&path, flipped).unwrap();
            assert_eq!(cache.read(RecordKind::Layer, KEY), None, "byte {at}");
        }
        keep(&cache, KEY, b"entries");
        assert_eq!(cache.read(RecordKind::Layer, KEY).unwrap(), b"entries", "it is written anew");
        std::fs::copy(&path, cache.path(RecordKind::Layer, "other").unwrap()).unwrap();
        assert_eq!(cache.read(RecordKind::Layer, "other"), None, "another's record");
    }

    #[test]
    fn the_least_recently_used_record_is_deleted_first() {
        let (_folder, cache) = cache();
        for (age, key) in [(30, "a"), (20, "b"), (10, "c")] {
            keep(&cache, key, &[0; 10]);
            let file = File::options().write(true).open(cache.path(RecordKind::Layer, key).unwrap()).unwrap();
            file.set_modified(SystemTime::now() - std::time::Duration::from_secs(age)).unwrap();
        }
        // Reading `a` makes it the most recently used.
        assert!(cache.read(RecordKind::Layer, "a").is_some());
        let three = cache.usage().bytes;
        let cache = cache.with_limit(three);
        keep(&cache, "d", &[0; 10]);
        let left: Vec<_> =
            ["a", "b", "c", "d"].into_iter().filter(|key| cache.contains(RecordKind::Layer, key)).collect();
        assert_eq!(left, ["a", "c", "d"]);
    }

    /// The folder may contain files of others: deleting through a link or blocking on a pipe would harm the user.
    #[cfg(unix)]
    #[test]
    fn links_pipes_and_files_of_others_are_left_alone() {
        let (folder, cache) = cache();
        let mine = folder.path().join("mine");
        std::fs::create_dir_all(mine.join("layers")).unwrap();
        for name in ["thesis", "layers/thesis"] {
            std::fs::write(mine.join(name), [0; 100]).unwrap();
        }
        keep(&cache, KEY, b"entries");
        let version = cache.root().join(folder_of(VERSION));
        std::fs::write(version.join("layers/notes.txt"), "mine").unwrap();
        std::os::unix::fs::symlink(&mine, version.join("tables")).unwrap();
        std::os::unix::fs::symlink(&mine, cache.root().join("v0")).unwrap();
        std::os::unix::fs::symlink(mine.join("thesis"), version.join("layers/link")).unwrap();
        assert!(std::process::Command::new("mkfifo").arg(version.join("layers/pipe")).status().unwrap().success());
        assert_eq!((cache.read(RecordKind::Layer, "link"), cache.read(RecordKind::Layer, "pipe")), (None, None));
        cache.write(RecordKind::Table, "x", |out| out.write_all(b"x"));
        let small = cache.clone().with_limit(1);
        keep(&small, "other", b"entries");
        cache.clear().unwrap();
        assert_eq!(cache.usage(), Usage::default());
        assert!(mine.join("thesis").exists() && mine.join("layers/thesis").exists() && !mine.join("x").exists());
        assert!(version.join("layers/notes.txt").exists());
    }

    #[test]
    fn records_of_old_versions_and_killed_programs_are_deleted() {
        let (_folder, cache) = cache();
        keep(&cache, KEY, b"entries");
        let old = cache.root().join("v0/layers");
        std::fs::create_dir_all(&old).unwrap();
        std::fs::write(old.join("sha256-aa"), [0; 100]).unwrap();
        let left = cache.root().join(folder_of(VERSION)).join("layers/.new-abc");
        std::fs::write(&left, [0; 100]).unwrap();
        let file = File::options().write(true).open(&left).unwrap();
        file.set_modified(SystemTime::now() - ABANDONED_AFTER * 2).unwrap();
        assert!(cache.usage().bytes > 200, "all of it is counted");
        keep(&cache, "other", b"entries");
        assert!(!left.exists() && !old.join("sha256-aa").exists());
        assert_eq!(cache.usage().layers, 2);
    }

    #[test]
    fn concurrent_readers_see_complete_records() {
        let (_folder, cache) = cache();
        let records: Vec<Vec<u8>> = (0..4u8).map(|byte| vec![byte; 100_000]).collect();
        std::thread::scope(|scope| {
            for record in &records {
                scope.spawn(|| (0..50).for_each(|_| keep(&cache, KEY, record)));
                scope.spawn(|| {
                    for _ in 0..50 {
                        let read = cache.read(RecordKind::Layer, KEY);
                        assert!(read.is_none_or(|read| records.contains(&read)));
                    }
                });
            }
        });
    }

    #[test]
    fn an_unwritable_folder_is_not_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        std::fs::write(&file, "").unwrap();
        let cache = Cache::new(file);
        keep(&cache, KEY, b"x");
        assert_eq!(cache.read(RecordKind::Layer, KEY), None);
        assert_eq!(cache.usage(), Usage::default());
    }
}
