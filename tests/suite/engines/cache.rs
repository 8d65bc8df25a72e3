//! The cache. A failure means that dive repeats an export or a download, or shows an outdated image.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use serde_json::Value;

use super::broken_registries::{BASE, proxy as registry};
use super::proxy::{Fault, Proxy};
use super::{EXPORT, assert_same, content, document, files_below, servers};
use crate::place::Corpus;
use crate::user::User;

/// An engine, a proxy before it, and a user.
struct Engine {
    name: &'static str,
    proxy: Proxy,
    user: User,
}

impl Engine {
    /// The document without tags, since other tests tag the same image.
    fn document(&self, arguments: &[&str], image: &str) -> Value {
        let mut document = document(&self.user, &[arguments, &[&format!("{}://{image}", self.name)]].concat());
        document["image"]["tags"].take();
        document
    }

    fn exports(&self) -> usize {
        self.proxy.requests(EXPORT).len()
    }
}

/// Docker and Podman, as available, each with a new user.
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

/// The user's cache folder.
fn cache(user: &User) -> PathBuf {
    user.home(".cache/dive")
}

/// The value of `key` in the output of `dive cache`.
fn usage(user: &User, key: &str) -> String {
    let shown = user.runs(&["cache"]).ends_with(0).stdout;
    let line = shown.lines().find_map(|line| line.strip_prefix(&format!("{key}: ")));
    line.unwrap_or_else(|| panic!("no {key} in:\n{shown}")).to_owned()
}

#[test]
fn cached_engine_image_is_not_exported_again() {
    for engine in engines() {
        let first = engine.document(&[], "dive-sample:1.0");
        assert_eq!(engine.exports(), 1, "{}: {:?}", engine.name, engine.proxy.requests(""));
        let second = engine.document(&[], "dive-sample:1.0");
        assert_eq!(engine.exports(), 1, "{}: {:?}", engine.name, engine.proxy.requests(""));
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

/// A tag that now names another image, as `latest` does after every build.
#[test]
fn moved_tag_is_not_served_from_the_cache() {
    let (Some(corpus), Some(docker)) = (Corpus::here(), servers::docker()) else { return };
    let tag = |image: &str| {
        let docker = ["--host", &docker, "tag", image, "dive-test-moved:1"];
        assert!(std::process::Command::new("docker").args(docker).status().unwrap().success());
    };
    let user = User::of_engines();
    // No other test compares the tags of these images.
    for (number, image) in [("0", "multi-a:1"), ("1", "multi-b:1")] {
        tag(image);
        let expected = content(document(&User::new(), &["--image", number, &corpus.path("multi/docker20.tar")]));
        assert_same(image, &expected, &content(document(&user, &["docker://dive-test-moved:1"])));
    }
}

/// The second image shares layers with the first.
#[test]
fn image_with_some_cached_layers_is_complete() {
    if Corpus::here().is_none() {
        return;
    }
    let corpus = Corpus::here().unwrap();
    let expected = document(&User::new(), &["--image", "1", &corpus.path("multi/docker20.tar")]);
    for engine in engines() {
        engine.document(&[], "multi-a:1");
        let second = engine.document(&[], "multi-b:1");
        assert_same(engine.name, &content(expected.clone()), &content(second));
        assert_eq!(usage(&engine.user, "layers"), "4", "layers in the cache");
    }
}

#[test]
fn cached_registry_layers_are_not_pulled_again() {
    let Some(proxy) = registry() else { return };
    for tag in ["gzip", "zstd", "zstdchunked"] {
        let user = User::new();
        let image = format!("registry://{}/opaque:{tag}", proxy.address());
        let arguments = ["--insecure-registry", proxy.address(), &image];
        let first = document(&user, &arguments);
        proxy.clear_records();
        let second = document(&user, &arguments);
        assert_same(tag, &first, &second);
        // The configuration is a short blob, too.
        let requests = proxy.requests("GET /v2/opaque/blobs/");
        assert!(requests.len() <= 1 && requests.iter().all(|request| request.bytes < 10_000), "{tag}: {requests:#?}");
    }
}

#[test]
fn no_cache_neither_reads_nor_writes_the_cache() {
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

/// Damage by a full disk, a killed program, a bit flip or an editor.
#[test]
fn damaged_cache_records_are_replaced() {
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
        assert_eq!(engine.exports(), before + 1, "{what}: the damaged records were used");
        assert_same(what, &expected, &engine.document(&[], "dive-sample:1.0"));
        assert_eq!(engine.exports(), before + 1, "{what}: the records were not replaced");
    }
    // A single damaged record.
    for (record, bytes) in records.iter().zip(&whole) {
        fs::write(record, &bytes[..bytes.len() - 1]).unwrap();
        assert_same(&record.display().to_string(), &expected, &engine.document(&[], "dive-sample:1.0"));
    }
}

/// A valid record of another layer, under the wrong name.
#[test]
fn cache_record_of_another_layer_is_ignored() {
    let Some(engine) = engines().into_iter().next() else { return };
    let expected = engine.document(&[], "dive-sample:1.0");
    let records = files_below(&cache(&engine.user));
    let layers: Vec<_> = records.iter().filter(|record| record.to_string_lossy().contains("/layers/")).collect();
    fs::copy(layers[0], layers[1]).unwrap();
    assert_same("after it", &expected, &engine.document(&[], "dive-sample:1.0"));
}

#[test]
fn concurrent_runs_share_the_cache() {
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
        assert_eq!(engine.exports(), before, "exports with a warm cache");
        assert_eq!(usage(&engine.user, "layers"), "7");
    }
}

#[test]
fn cache_command_shows_and_clears() {
    let user = User::new();
    assert_eq!(usage(&user, "layers"), "0");
    user.runs(&["cache", "clear"]).ends_with(0);
    let Some(engine) = engines().into_iter().next() else { return };
    engine.document(&[], "dive-sample:1.0");
    assert_eq!(usage(&engine.user, "directory"), cache(&engine.user).display().to_string());
    assert_eq!((usage(&engine.user, "layers"), usage(&engine.user, "images")), ("7".to_owned(), "1".to_owned()));
    assert!(!usage(&engine.user, "size").starts_with("0 B"));
    engine.user.runs(&["cache", "clear"]).ends_with(0);
    assert_eq!(usage(&engine.user, "layers"), "0");
    engine.document(&[], "dive-sample:1.0");
    assert_eq!(engine.exports(), 2);
}

/// Other users of the machine must not read image contents.
#[test]
fn cache_is_private_to_its_user() {
    let Some(engine) = engines().into_iter().next() else { return };
    engine.document(&[], "dive-sample:1.0");
    for record in files_below(&cache(&engine.user)) {
        let mode = record.ancestors().take_while(|path| path.starts_with(cache(&engine.user)));
        let modes: Vec<_> = mode.map(|path| fs::metadata(path).unwrap().permissions().mode() & 0o077).collect();
        assert!(modes.contains(&0), "{} is readable by others: {modes:?}", record.display());
    }
}

#[test]
fn unwritable_cache_is_no_error() {
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

/// A man in the middle must not be able to store anything in the cache.
#[test]
fn blob_with_wrong_digest_is_not_cached() {
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

/// Layers that do not match the configuration must not be stored under its digests.
#[test]
fn export_with_wrong_digest_is_not_cached() {
    let Some(corpus) = Corpus::here() else { return };
    let expected = content(document(&User::new(), &[&corpus.path("opaque/docker20.tar")]));
    for engine in engines() {
        // The first position is in a file's content, the second near the start of the archive.
        for at in [1_500_000, 2_000] {
            engine.proxy.times(1, EXPORT, Fault::Flip(at));
            engine.user.runs(&[&format!("{}://opaque:buildkit", engine.name)]);
            assert_same(engine.name, &expected, &content(engine.document(&[], "opaque:buildkit")));
            engine.user.runs(&["cache", "clear"]).ends_with(0);
        }
        // Truncated after some complete layers.
        engine.proxy.times(1, EXPORT, Fault::Cut(2_150_000));
        engine.user.runs(&[&format!("{}://opaque:buildkit", engine.name)]).ends_with(2);
        assert_same(engine.name, &expected, &content(engine.document(&[], "opaque:buildkit")));
    }
}

/// Nor may a damaged image opened with `--ignore-errors` be cached.
#[test]
fn damaged_image_is_not_cached() {
    let (Some(corpus), Some(engine)) = (Corpus::here(), engines().into_iter().next()) else { return };
    let expected = content(document(&User::new(), &[&corpus.path("opaque/docker20.tar")]));
    for cut in [700_000, 2_150_000] {
        engine.proxy.times(1, EXPORT, Fault::Cut(cut));
        engine.user.runs(&["--ignore-errors", &format!("{}://opaque:buildkit", engine.name)]);
        assert_same("whole again", &expected, &content(engine.document(&[], "opaque:buildkit")));
        engine.user.runs(&["cache", "clear"]).ends_with(0);
    }
}
