//! Tests of the cache: damage, limits, files of others.

use xxhash_rust::xxh3::xxh3_64;

use super::*;
use crate::budget::Limits;
use crate::units::Bytes;

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
    let left: Vec<_> = ["a", "b", "c", "d"].into_iter().filter(|key| cache.contains(RecordKind::Layer, key)).collect();
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
    let layers = cache.root().join(folder_of(VERSION)).join("layers");
    let (left, living) = (layers.join(".new-1-2"), layers.join(".new-1-3"));
    let [_, file] = [&left, &living].map(|path| {
        std::fs::write(path, [0; 100]).unwrap();
        File::options().write(true).open(path).unwrap()
    });
    // A program that was stopped for hours still uses it.
    file.set_modified(SystemTime::now() - std::time::Duration::from_hours(9)).unwrap();
    file.lock().unwrap();
    assert!(cache.usage().bytes > 300, "all of it is counted");
    keep(&cache, "other", b"entries");
    assert!(!left.exists() && living.exists() && !old.join("sha256-aa").exists());
    // Not even to keep the cache within its limit.
    keep(&cache.clone().with_limit(1), "another", b"entries");
    assert!(living.exists());
    file.unlock().unwrap();
    cache.clear().unwrap();
    keep(&cache, KEY, b"entries");
    keep(&cache, "other", b"entries");
    assert_eq!(cache.usage().layers, 2);
}

/// Records count toward the memory of the image, in a folder and in memory.
#[test]
fn records_take_memory_of_the_image() {
    let (_folder, in_folder) = cache();
    let incompressible: Vec<u8> = (0..300_000_u64).flat_map(|at| xxh3_64(&at.to_le_bytes()).to_le_bytes()).collect();
    let small = Budget::new(Limits { memory: Some(Bytes(8 << 20)), ..Limits::default() }, 0);
    let large = Budget::new(Limits { memory: Some(Bytes(40 << 20)), ..Limits::default() }, 0);
    for cache in [in_folder, Cache::in_memory()] {
        let keep = |bytes: &[u8], budget: &Budget| {
            cache.write_within(RecordKind::Layer, KEY, (budget, 4 << 20), |out| out.write_all(bytes));
        };
        let has = |budget: &Budget| cache.read_within(RecordKind::Layer, KEY, budget).is_some();
        // A quarter of the limit is 2 MiB.
        keep(&incompressible, &small);
        assert!(!cache.contains(RecordKind::Layer, KEY));
        keep(&incompressible, &large);
        assert!(has(&large) && !has(&small), "it is not unpacked");
        assert!(has(&large), "it is not taken for a damaged record");
        keep(&vec![0; 3 << 20], &small);
        assert!(!has(&small) && has(&large), "unpacked, it is too large");
        keep(&vec![0; 1 << 20], &small);
        assert!(has(&small));
    }
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
