//! What is kept from one run to the next: small records under names that cannot change their meaning, such as a digest.
//! A record is whole or not there: each is written aside and moved to its place, and carries a checksum. Whatever is wrong
//! with one, it is as if it had never been written. Nothing here is needed: without a folder to write to, dive is slower.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use tracing::{debug, warn};
use xxhash_rust::xxh3::{xxh3_64, xxh3_64_with_seed};

use crate::dir::Dir;
use crate::unfinished::{self, Purpose, Readers, Unfinished};

/// Records below one folder. A clone is another handle on the same folder.
#[derive(Debug, Clone)]
pub struct Cache {
    root: PathBuf,
    limit: u64,
}

/// What a record is about. Each kind has a folder of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The entries of a layer, by the layer's digest.
    Layer,
    /// What an engine's image says of itself, by the image's id.
    Image,
    /// What a layer's own table of contents says, by the digests of both.
    Table,
}

/// What a cache holds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Usage {
    /// How many layers' entries or tables of contents.
    pub layers: u64,
    /// How many images.
    pub images: u64,
    /// What they take on the disk, in bytes.
    pub bytes: u64,
}

/// Incremented when records change their form, or when the same layer is read differently. Records of another version are
/// not used.
const VERSION: u32 = 2;

/// What the records may take, in bytes. The entries of a large image take some megabytes.
pub const LIMIT: u64 = 512 << 20;

/// A record begins with these bytes, and the checksum of its name and of what follows: one that was copied to another's
/// place is as wrong as one that is cut.
const MAGIC: [u8; 8] = *b"dive rec";
const HEADER: usize = MAGIC.len() + 8;

/// The most that a record may take on the disk, and hold once it is unpacked, in bytes: several times what the entries of
/// the largest image known take. What is more is not kept.
const PACKED_LIMIT: u64 = 128 << 20;
const UNPACKED_LIMIT: u64 = 512 << 20;

/// After how long a file that is being written is taken for one that its program died over.
const GIVEN_UP: Duration = Duration::from_hours(1);

impl Kind {
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
    /// The cache below `root`, which need not be there yet.
    #[must_use]
    pub const fn new(root: PathBuf) -> Self {
        Self { root, limit: LIMIT }
    }

    /// The same records, and room for `limit` bytes of them.
    #[must_use]
    pub fn with_limit(self, limit: u64) -> Self {
        Self { limit, ..self }
    }

    /// The folder that it lies in.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Whether there is a record, without a look at whether it is whole.
    #[must_use]
    pub fn contains(&self, kind: Kind, key: &str) -> bool {
        self.path(kind, key).is_some_and(|path| path.is_file())
    }

    /// The record of that name; none if there is none, or it is damaged, which it is no longer afterwards.
    #[must_use]
    pub fn read(&self, kind: Kind, key: &str) -> Option<Vec<u8>> {
        let path = self.path(kind, key)?;
        // Opening a pipe would wait for its writer, and behind a link may be anything.
        if !is_plain_file(&path) {
            return None;
        }
        let file = File::open(&path).ok()?;
        let record = unpack(&file, key);
        match &record {
            // When it was last of use: the first to go is the one that has not been for longest.
            Ok(_) => {
                let _ = file.set_modified(SystemTime::now());
            }
            Err(error) => {
                warn!("the cache's record {} is left out and removed: {error}", path.display());
                let _ = fs::remove_file(&path);
            }
        }
        record.ok()
    }

    /// Takes the record away, which made no sense to who read it.
    pub fn remove(&self, kind: Kind, key: &str) {
        if let Some(path) = self.path(kind, key) {
            let _ = fs::remove_file(path);
        }
    }

    /// Keeps what `write` writes under that name. What cannot be kept is left: the next run is slower, no more.
    pub fn write(&self, kind: Kind, key: &str, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) {
        let Some(path) = self.path(kind, key) else { return };
        match self.pack(&path, key, write) {
            Ok(bytes) => debug!("{} is kept: {bytes} bytes", path.display()),
            Err(error) => warn!("{} cannot be kept: {error}", path.display()),
        }
        self.make_room(&path);
    }

    fn pack(&self, path: &Path, key: &str, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<u64> {
        let folder = path.parent().unwrap_or(&self.root);
        create_private(folder)?;
        if !self.is_own() {
            return Err(io::Error::other("a link lies where a folder of the cache should be"));
        }
        // Packed in memory: the checksum stands before what it is of, and what is packed is a tenth of it.
        let mut encoder = zstd::stream::write::Encoder::new(Vec::new(), 1)?;
        write(&mut encoder)?;
        let packed = encoder.finish()?;
        if packed.len() as u64 > PACKED_LIMIT {
            return Err(io::Error::other("it is too long"));
        }
        let dir = Dir::open(folder)?;
        unfinished::sweep(&dir, Purpose::Record);
        let mut record = Unfinished::create(&dir, Purpose::Record, Readers::Owner)?;
        for part in [&MAGIC[..], &checksum(key, &packed), &packed] {
            record.file().write_all(part)?;
        }
        record.replace(path.file_name().unwrap_or_default().as_encoded_bytes())?;
        Ok((HEADER + packed.len()) as u64)
    }

    /// Removes the records that were of no use for longest, until the rest fits. `newest` stays, unless it is alone too large.
    fn make_room(&self, newest: &Path) {
        let mut records: Vec<_> = self.records().collect();
        let mut bytes: u64 = records.iter().map(|record| record.bytes).sum();
        let is_stale = |record: &Record| {
            record.version != VERSION
                || (!record.is_finished() && record.used.elapsed().is_ok_and(|age| age > GIVEN_UP))
        };
        records.sort_by_key(|record| (!is_stale(record), record.path == newest, record.used));
        for record in records {
            if bytes <= self.limit && !is_stale(&record) {
                return;
            }
            debug!("{} makes room for others", record.path.display());
            if fs::remove_file(&record.path).is_ok() {
                bytes -= record.bytes;
            }
        }
    }

    /// What it holds, also of other versions.
    #[must_use]
    pub fn usage(&self) -> Usage {
        self.records().fold(Usage::default(), |usage, record| Usage {
            layers: usage.layers + u64::from(record.is_finished() && record.kind != Kind::Image),
            images: usage.images + u64::from(record.is_finished() && record.kind == Kind::Image),
            bytes: usage.bytes + record.bytes,
        })
    }

    /// Removes all records, also those of other versions, and nothing else.
    ///
    /// # Errors
    /// When something cannot be removed.
    pub fn clear(&self) -> io::Result<()> {
        for record in self.records() {
            fs::remove_file(record.path)?;
        }
        for version in self.versions() {
            for kind in Kind::ALL {
                // What is not empty, or not there, stays.
                let _ = fs::remove_dir(self.root.join(folder_of(version)).join(kind.folder()));
            }
            let _ = fs::remove_dir(self.root.join(folder_of(version)));
        }
        Ok(())
    }

    /// Where a record lies. A key that could lead elsewhere has no place.
    fn path(&self, kind: Kind, key: &str) -> Option<PathBuf> {
        let name = key.replace(':', "-");
        is_record_name(&name).then(|| self.root.join(folder_of(VERSION)).join(kind.folder()).join(name))
    }

    /// The versions of the form that have records, or had.
    fn versions(&self) -> Vec<u32> {
        let number = |entry: fs::DirEntry| {
            let name = entry.file_name().into_string().ok()?;
            let number = name.strip_prefix('v')?.parse().ok()?;
            (folder_of(number) == name).then_some(number)
        };
        entries(&self.root).filter_map(number).collect()
    }

    /// Whether the folders of this version are folders: somebody may have put a link to another in the place of one.
    fn is_own(&self) -> bool {
        let version = self.root.join(folder_of(VERSION));
        let folders = Kind::ALL.into_iter().map(|kind| version.join(kind.folder()));
        folders.chain([version.clone()]).all(|folder| is_folder(&folder) || !folder.is_symlink())
    }

    /// All files that are records by their place and their name; behind a link there are none.
    fn records(&self) -> impl Iterator<Item = Record> {
        let folders = self.versions().into_iter().flat_map(|version| Kind::ALL.map(|kind| (version, kind)));
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
                    .filter(|name| is_record_name(name.strip_prefix(UNFINISHED).unwrap_or(name)))?;
                let used = metadata.modified().unwrap_or(SystemTime::UNIX_EPOCH);
                Some(Record { version, kind, path: entry.path(), bytes: metadata.len(), used })
            })
        })
    }
}

/// What the folder of a version is called.
fn folder_of(version: u32) -> String {
    format!("v{version}")
}

/// Whether it is a folder, and no link to one.
fn is_folder(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok_and(|metadata| metadata.is_dir())
}

/// Whether it is a file, and no link to one, nor anything else that can be opened.
fn is_plain_file(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok_and(|metadata| metadata.is_file())
}

/// Whether a record can be called so: what leads nowhere else.
fn is_record_name(name: &str) -> bool {
    let is_plain = |letter: u8| letter.is_ascii_alphanumeric() || matches!(letter, b'-' | b'_' | b'+');
    !name.is_empty() && name.len() <= 200 && name.bytes().all(is_plain)
}

/// How the names of files begin that are being written, or were when their program died.
const UNFINISHED: &str = ".new-";

struct Record {
    version: u32,
    kind: Kind,
    path: PathBuf,
    bytes: u64,
    used: SystemTime,
}

impl Record {
    fn is_finished(&self) -> bool {
        !self.path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(UNFINISHED))
    }
}

fn entries(folder: &Path) -> impl Iterator<Item = fs::DirEntry> + use<> {
    fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok)
}

/// Creates a folder that nobody else may look into: what images hold is not everybody's business.
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

/// The content of the record of that name.
fn unpack(file: &File, key: &str) -> io::Result<Vec<u8>> {
    let damaged = |text: &str| io::Error::new(io::ErrorKind::InvalidData, text.to_owned());
    let mut packed = Vec::new();
    let limit = HEADER as u64 + PACKED_LIMIT;
    file.take(limit + 1).read_to_end(&mut packed)?;
    if packed.len() as u64 > limit {
        return Err(damaged("it is longer than any"));
    }
    let (header, packed) = packed.split_at_checked(HEADER).ok_or_else(|| damaged("it is cut off"))?;
    let (magic, sum) = header.split_at(MAGIC.len());
    if magic != MAGIC || sum != checksum(key, packed) {
        return Err(damaged("its checksum is wrong"));
    }
    let mut record = Vec::new();
    let decoder = zstd::stream::read::Decoder::with_buffer(packed)?;
    decoder.take(UNPACKED_LIMIT + 1).read_to_end(&mut record)?;
    if record.len() as u64 > UNPACKED_LIMIT {
        return Err(damaged("it unpacks to more than any"));
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
        cache.write(Kind::Layer, key, |out| out.write_all(bytes));
    }

    #[test]
    fn what_was_kept_is_read_again_until_it_is_cleared() {
        let (folder, cache) = cache();
        assert_eq!(cache.read(Kind::Layer, KEY), None);
        keep(&cache, KEY, b"entries");
        assert!(cache.contains(Kind::Layer, KEY) && !cache.contains(Kind::Image, KEY));
        assert_eq!(cache.read(Kind::Layer, KEY).unwrap(), b"entries");
        assert_eq!((cache.usage().layers, cache.usage().images), (1, 0));
        std::fs::write(cache.root().join("mine.txt"), "not dive's").unwrap();
        cache.clear().unwrap();
        assert_eq!(cache.usage(), Usage::default());
        assert!(folder.path().join("dive/mine.txt").exists(), "only records are removed");
    }

    #[test]
    fn no_key_leads_out_of_the_folder() {
        let (_folder, cache) = cache();
        for key in ["", "../x", "a/b", "..", "sha256:..", "\0", &"a".repeat(300)] {
            keep(&cache, key, b"x");
            assert_eq!(cache.read(Kind::Layer, key), None, "{key}");
        }
        assert_eq!(cache.usage(), Usage::default());
    }

    /// A program that was killed, a disk that was full, a bit that flipped: the image must open all the same.
    #[test]
    fn a_damaged_record_is_none_and_is_gone() {
        let (_folder, cache) = cache();
        keep(&cache, KEY, b"entries");
        let path = cache.path(Kind::Layer, KEY).unwrap();
        let whole = std::fs::read(&path).unwrap();
        for damaged in [&whole[..0], &whole[..5], &whole[..whole.len() - 1], &[&whole[..], b"x"].concat()[..]] {
            std::fs::write(&path, damaged).unwrap();
            assert_eq!(cache.read(Kind::Layer, KEY), None);
            assert!(!path.exists(), "it would be read again and again");
        }
        for at in 0..whole.len() {
            let mut flipped = whole.clone();
            flipped[at] ^= 1;
            std::fs::write(&path, flipped).unwrap();
            assert_eq!(cache.read(Kind::Layer, KEY), None, "byte {at}");
        }
        keep(&cache, KEY, b"entries");
        assert_eq!(cache.read(Kind::Layer, KEY).unwrap(), b"entries", "it is written anew");
        std::fs::copy(&path, cache.path(Kind::Layer, "other").unwrap()).unwrap();
        assert_eq!(cache.read(Kind::Layer, "other"), None, "another's record");
    }

    #[test]
    fn the_record_that_was_of_no_use_for_longest_makes_room() {
        let (_folder, cache) = cache();
        for (age, key) in [(30, "a"), (20, "b"), (10, "c")] {
            keep(&cache, key, &[0; 10]);
            let file = File::options().write(true).open(cache.path(Kind::Layer, key).unwrap()).unwrap();
            file.set_modified(SystemTime::now() - std::time::Duration::from_secs(age)).unwrap();
        }
        // `a` was of use just now.
        assert!(cache.read(Kind::Layer, "a").is_some());
        let three = cache.usage().bytes;
        let cache = cache.with_limit(three);
        keep(&cache, "d", &[0; 10]);
        let left: Vec<_> = ["a", "b", "c", "d"].into_iter().filter(|key| cache.contains(Kind::Layer, key)).collect();
        assert_eq!(left, ["a", "c", "d"]);
    }

    /// `rm -rf` by way of a link, or a program that hangs on a pipe: the folder is the user's, but not all that is in it may be.
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
        assert_eq!((cache.read(Kind::Layer, "link"), cache.read(Kind::Layer, "pipe")), (None, None));
        cache.write(Kind::Table, "x", |out| out.write_all(b"x"));
        let small = cache.clone().with_limit(1);
        keep(&small, "other", b"entries");
        cache.clear().unwrap();
        assert_eq!(cache.usage(), Usage::default());
        assert!(mine.join("thesis").exists() && mine.join("layers/thesis").exists() && !mine.join("x").exists());
        assert!(version.join("layers/notes.txt").exists());
    }

    #[test]
    fn what_another_version_or_a_killed_program_left_goes() {
        let (_folder, cache) = cache();
        keep(&cache, KEY, b"entries");
        let old = cache.root().join("v0/layers");
        std::fs::create_dir_all(&old).unwrap();
        std::fs::write(old.join("sha256-aa"), [0; 100]).unwrap();
        let left = cache.root().join(folder_of(VERSION)).join("layers/.new-abc");
        std::fs::write(&left, [0; 100]).unwrap();
        let file = File::options().write(true).open(&left).unwrap();
        file.set_modified(SystemTime::now() - GIVEN_UP * 2).unwrap();
        assert!(cache.usage().bytes > 200, "all of it is counted");
        keep(&cache, "other", b"entries");
        assert!(!left.exists() && !old.join("sha256-aa").exists());
        assert_eq!(cache.usage().layers, 2);
    }

    #[test]
    fn programs_that_write_and_read_at_once_see_whole_records() {
        let (_folder, cache) = cache();
        let records: Vec<Vec<u8>> = (0..4u8).map(|byte| vec![byte; 100_000]).collect();
        std::thread::scope(|scope| {
            for record in &records {
                scope.spawn(|| (0..50).for_each(|_| keep(&cache, KEY, record)));
                scope.spawn(|| {
                    for _ in 0..50 {
                        let read = cache.read(Kind::Layer, KEY);
                        assert!(read.is_none_or(|read| records.contains(&read)));
                    }
                });
            }
        });
    }

    #[test]
    fn a_folder_that_cannot_be_written_to_is_no_error() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        std::fs::write(&file, "").unwrap();
        let cache = Cache::new(file);
        keep(&cache, KEY, b"x");
        assert_eq!(cache.read(Kind::Layer, KEY), None);
        assert_eq!(cache.usage(), Usage::default());
    }
}
