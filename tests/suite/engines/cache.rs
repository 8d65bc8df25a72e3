//! What is known from before is not asked for again. If one of these fails, a user waits for an export or a download that
//! was done already, or sees an image as it never was.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use serde_json::Value;

use super::broken_registries::{BASE, proxy as registry};
use super::proxy::{Fault, Proxy};
use super::{EXPORT, assert_same, content, document, files_below, servers};
use crate::place::Corpus;
use crate::user::User;

/// An engine behind a proxy, with somebody who asks it.
struct Engine {
    name: &'static str,
    proxy: Proxy,
    user: User,
}

impl Engine {
    /// All but the image's tags, of which other tests give it more at any time.
    fn document(&self, arguments: &[&str], image: &str) -> Value {
        let mut document = document(&self.user, &[arguments, &[&format!("{}://{image}", self.name)]].concat());
        document["image"]["tags"].take();
        document
    }

    fn exports(&self) -> usize {
        self.proxy.asked(EXPORT).len()
    }
}

/// Docker and Podman, as far as they are there, each with a user who has seen no image yet.
fn engines() -> Vec<Engine> {
    let docker = servers::docker().map(|socket| ("docker", "DOCKER_HOST", socket));
    let podman = servers::podman().map(|socket| ("podman", "CONTAINER_HOST", socket));
    let engine = |(name, variable, socket): (&'static str, &str, String)| {
        let proxy = Proxy::before_socket(&socket);
        let user = User::new().sets(variable, proxy.address());
        Engine { name, proxy, user }
    };
    docker.into_iter().chain(podman).map(engine).collect()
}

const NO_FILES: [PathBuf; 0] = [];

/// Where a user's cache is.
fn cache(user: &User) -> PathBuf {
    user.home(".cache/dive")
}

/// What `dive cache` says of `key`.
fn usage(user: &User, key: &str) -> String {
    let shown = user.runs(&["cache"]).ends_with(0).stdout;
    let line = shown.lines().find_map(|line| line.strip_prefix(&format!("{key}: ")));
    line.unwrap_or_else(|| panic!("no {key} in:\n{shown}")).to_owned()
}

#[test]
fn an_image_of_an_engine_that_was_seen_before_is_not_exported_again() {
    for engine in engines() {
        let first = engine.document(&[], "dive-sample:1.0");
        assert_eq!(engine.exports(), 1, "{}: {:?}", engine.name, engine.proxy.asked(""));
        let second = engine.document(&[], "dive-sample:1.0");
        assert_eq!(engine.exports(), 1, "{}: {:?}", engine.name, engine.proxy.asked(""));
        assert_same(engine.name, &first, &second);
        let ran = engine.user.runs(&["tree", "--format", "tsv", &format!("{}://dive-sample:1.0", engine.name)]);
        assert!(ran.ends_with(0).stdout.contains("srv/shop"));
        engine
            .user
            .runs(&["--ci", "--highestUserWastedPercent", "0.9", &format!("{}://dive-sample:1.0", engine.name)])
            .ends_with(0);
        assert_eq!(engine.exports(), 1);
        assert_eq!(usage(&engine.user, "layers"), "7");
    }
}

/// A tag that was given to another image, as `latest` is with every build.
#[test]
fn a_name_that_stands_for_another_image_now_is_noticed() {
    let (Some(corpus), Some(docker)) = (Corpus::here(), servers::docker()) else { return };
    let tag = |image: &str| {
        let docker = ["--host", &docker, "tag", image, "dive-test-moved:1"];
        assert!(std::process::Command::new("docker").args(docker).status().unwrap().success());
    };
    let user = User::of_engines();
    // Images whose tags no other test compares.
    for (number, image) in [("0", "multi-a:1"), ("1", "multi-b:1")] {
        tag(image);
        let expected = content(document(&User::new(), &["--image", number, &corpus.path("multi/docker20.tar")]));
        assert_same(image, &expected, &content(document(&user, &["docker://dive-test-moved:1"])));
    }
}

/// Images that share layers with one that was seen.
#[test]
fn an_image_with_some_known_layers_is_whole() {
    if Corpus::here().is_none() {
        return;
    }
    let corpus = Corpus::here().unwrap();
    let expected = document(&User::new(), &["--image", "1", &corpus.path("multi/docker20.tar")]);
    for engine in engines() {
        engine.document(&[], "multi-a:1");
        let second = engine.document(&[], "multi-b:1");
        assert_same(engine.name, &content(expected.clone()), &content(second));
        assert_eq!(usage(&engine.user, "layers"), "4", "two of three are shared");
    }
}

#[test]
fn layers_of_a_registry_that_were_seen_before_are_not_pulled_again() {
    let Some(proxy) = registry() else { return };
    for tag in ["gzip", "zstd", "zstdchunked"] {
        let user = User::new();
        let image = format!("registry://{}/opaque:{tag}", proxy.address());
        let arguments = ["--insecure-registry", proxy.address(), &image];
        let first = document(&user, &arguments);
        proxy.forget();
        let second = document(&user, &arguments);
        assert_same(tag, &first, &second);
        // The configuration is a blob, too, and a short one.
        let asked = proxy.asked("GET /v2/opaque/blobs/");
        assert!(asked.len() <= 1 && asked.iter().all(|asked| asked.bytes < 10_000), "{tag}: {asked:#?}");
    }
}

#[test]
fn no_cache_neither_writes_nor_reads() {
    for engine in engines() {
        engine.document(&["--no-cache"], "dive-sample:1.0");
        assert_eq!(files_below(&cache(&engine.user)), NO_FILES, "{}", engine.name);
        engine.document(&[], "dive-sample:1.0");
        engine.document(&["--no-cache"], "dive-sample:1.0");
        assert_eq!(engine.exports(), 3, "{}", engine.name);
    }
    if let Some(host) = servers::registry() {
        let user = User::new();
        document(&user, &["--no-cache", "--insecure-registry", &host, &format!("registry://{host}/sample:1")]);
        assert_eq!(files_below(&cache(&user)), NO_FILES);
    }
}

type Damage<'a> = Box<dyn Fn(&[u8]) -> Vec<u8> + 'a>;

/// A disk that was full, a program that was killed, a bit that flipped, somebody with an editor.
#[test]
fn damaged_records_are_as_good_as_none_and_are_written_anew() {
    let Some(engine) = engines().into_iter().next() else { return };
    let expected = engine.document(&[], "dive-sample:1.0");
    let records = files_below(&cache(&engine.user));
    assert!(records.len() >= 7, "{records:?}");
    let whole: Vec<_> = records.iter().map(|record| fs::read(record).unwrap()).collect();
    let noise: Vec<u8> = (0..4096u32).map(|number| (number.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    let damages: [(&str, Damage<'_>); 5] = [
        ("emptied", Box::new(|_| Vec::new())),
        ("truncated", Box::new(|bytes| bytes[..bytes.len() / 2].to_vec())),
        ("noise", Box::new(|_| noise.clone())),
        (
            "a bit",
            Box::new(|bytes| {
                let mut bytes = bytes.to_vec();
                let middle = bytes.len() / 2;
                bytes[middle] ^= 1;
                bytes
            }),
        ),
        ("something behind it", Box::new(|bytes| [bytes, &noise].concat())),
    ];
    for (what, damage) in &damages {
        for (record, bytes) in records.iter().zip(&whole) {
            fs::write(record, damage(bytes)).unwrap();
        }
        let before = engine.exports();
        assert_same(what, &expected, &engine.document(&[], "dive-sample:1.0"));
        assert_eq!(engine.exports(), before + 1, "{what}: nothing can be known of it");
        assert_same(what, &expected, &engine.document(&[], "dive-sample:1.0"));
        assert_eq!(engine.exports(), before + 1, "{what}: the records are written anew");
    }
    // One record alone.
    for (record, bytes) in records.iter().zip(&whole) {
        fs::write(record, &bytes[..bytes.len() - 1]).unwrap();
        assert_same(&record.display().to_string(), &expected, &engine.document(&[], "dive-sample:1.0"));
    }
}

/// Whole, but of another layer: somebody moved files about, or a file system gave back the wrong one.
#[test]
fn a_record_under_the_name_of_another_is_not_believed() {
    let Some(engine) = engines().into_iter().next() else { return };
    let expected = engine.document(&[], "dive-sample:1.0");
    let records = files_below(&cache(&engine.user));
    let layers: Vec<_> = records.iter().filter(|record| record.to_string_lossy().contains("/layers/")).collect();
    fs::copy(layers[0], layers[1]).unwrap();
    assert_same("after it", &expected, &engine.document(&[], "dive-sample:1.0"));
}

#[test]
fn two_at_once_see_the_same() {
    for engine in engines() {
        let documents = std::thread::scope(|scope| {
            let running: Vec<_> = (0..3).map(|_| scope.spawn(|| engine.document(&[], "dive-sample:1.0"))).collect();
            running.into_iter().map(|running| running.join().unwrap()).collect::<Vec<_>>()
        });
        for document in &documents[1..] {
            assert_same(engine.name, &documents[0], document);
        }
        let before = engine.exports();
        assert_same(engine.name, &documents[0], &engine.document(&[], "dive-sample:1.0"));
        assert_eq!(engine.exports(), before, "what one of them kept is whole");
        assert_eq!(usage(&engine.user, "layers"), "7");
    }
}

#[test]
fn the_cache_is_shown_and_cleared() {
    let user = User::new();
    assert_eq!(usage(&user, "layers"), "0");
    user.runs(&["cache", "clear"]).ends_with(0);
    let Some(engine) = engines().into_iter().next() else { return };
    engine.document(&[], "dive-sample:1.0");
    assert_eq!(usage(&engine.user, "folder"), cache(&engine.user).display().to_string());
    assert_eq!((usage(&engine.user, "layers"), usage(&engine.user, "images")), ("7".to_owned(), "1".to_owned()));
    assert!(!usage(&engine.user, "size").starts_with("0 B"));
    engine.user.runs(&["cache", "clear"]).ends_with(0);
    assert_eq!(usage(&engine.user, "layers"), "0");
    engine.document(&[], "dive-sample:1.0");
    assert_eq!(engine.exports(), 2);
}

/// What is in an image is not everybody's business, on a machine with several users.
#[test]
fn the_cache_is_its_owners_alone() {
    let Some(engine) = engines().into_iter().next() else { return };
    engine.document(&[], "dive-sample:1.0");
    for record in files_below(&cache(&engine.user)) {
        let mode = record.ancestors().take_while(|path| path.starts_with(cache(&engine.user)));
        let modes: Vec<_> = mode.map(|path| fs::metadata(path).unwrap().permissions().mode() & 0o077).collect();
        assert!(modes.contains(&0), "{}: everyone may read it: {modes:?}", record.display());
    }
}

#[test]
fn a_cache_that_cannot_be_written_to_is_done_without() {
    let Some(docker) = servers::docker() else { return };
    let user = User::new().sets("DOCKER_HOST", &docker).keeps("file", "not a folder");
    let file = user.home("file");
    let user = user.sets("XDG_CACHE_HOME", file.to_str().unwrap());
    document(&user, &["docker://dive-sample:1.0"]);
    document(
        &User::new().sets("DOCKER_HOST", &docker).sets("XDG_CACHE_HOME", "/proc/dive-test"),
        &["docker://dive-sample:1.0"],
    );
}

/// Whoever stands between dive and a registry must not get anything into the cache that is then shown without a look at it.
#[test]
fn wrong_bytes_leave_no_record() {
    let Some(proxy) = registry() else { return };
    let user = User::new();
    let image = format!("registry://{}/opaque:gzip", proxy.address());
    let arguments = ["--insecure-registry", proxy.address(), &image];
    for at in [20, 600_000] {
        proxy.times(1, &format!("GET /v2/opaque/blobs/{BASE}"), Fault::Flip(at));
        user.runs(&arguments).ends_with(2);
        let name = BASE.replace(':', "-");
        let kept = files_below(&cache(&user));
        assert!(!kept.iter().any(|record| record.to_string_lossy().contains(&name)), "{kept:?}");
    }
    let corpus = Corpus::here().unwrap();
    let expected = content(document(&User::new(), &[&corpus.path("opaque/oci-dir")]));
    assert_same("after it", &expected, &content(document(&user, &arguments)));
}

/// An export that is not what the engine says of the image: its layers must not be kept under the digests of others.
#[test]
fn an_export_with_wrong_bytes_leaves_no_record() {
    let Some(corpus) = Corpus::here() else { return };
    let expected = content(document(&User::new(), &[&corpus.path("opaque/docker20.tar")]));
    for engine in engines() {
        // The first is in the content of a file, the second near the start of the archive.
        for at in [1_500_000, 2_000] {
            engine.proxy.times(1, EXPORT, Fault::Flip(at));
            engine.user.runs(&[&format!("{}://opaque:buildkit", engine.name)]);
            assert_same(engine.name, &expected, &content(engine.document(&[], "opaque:buildkit")));
            engine.user.runs(&["cache", "clear"]).ends_with(0);
        }
        // Cut off midway, after some of its layers were whole.
        engine.proxy.times(1, EXPORT, Fault::Cut(2_150_000));
        engine.user.runs(&[&format!("{}://opaque:buildkit", engine.name)]).ends_with(2);
        assert_same(engine.name, &expected, &content(engine.document(&[], "opaque:buildkit")));
    }
}

/// With `--ignore-errors`, too: what is shown of a damaged image is not what is shown of a whole one later.
#[test]
fn what_is_left_of_a_damaged_image_is_not_kept() {
    let (Some(corpus), Some(engine)) = (Corpus::here(), engines().into_iter().next()) else { return };
    let expected = content(document(&User::new(), &[&corpus.path("opaque/docker20.tar")]));
    for cut in [700_000, 2_150_000] {
        engine.proxy.times(1, EXPORT, Fault::Cut(cut));
        engine.user.runs(&["--ignore-errors", &format!("{}://opaque:buildkit", engine.name)]);
        assert_same("whole again", &expected, &content(engine.document(&[], "opaque:buildkit")));
        engine.user.runs(&["cache", "clear"]).ends_with(0);
    }
}
