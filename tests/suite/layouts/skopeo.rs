//! Directories of `skopeo copy ... dir:DIR`: the manifest in `manifest.json`, blobs under their hex digest.

use serde_json::{Value, json};

use super::shapes::{listed, paths};
use crate::build::{Layer, TAR, described};
use crate::user::User;

/// A blob name; dive does not verify it.
fn hex(number: usize) -> String {
    format!("{number:064x}")
}

/// The files except `version`.
fn files(file: &str, manifest: impl FnOnce(Value) -> Value) -> Vec<(String, Vec<u8>)> {
    let config = described("linux/amd64", &["sha256:0"]).to_string().into_bytes();
    let layer = Layer::default().file(file, file).tar();
    let manifest = manifest(json!({
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": { "mediaType": "application/vnd.oci.image.config.v1+json", "digest": format!("sha256:{}", hex(1)), "size": config.len() },
        "layers": [{ "mediaType": TAR, "digest": format!("sha256:{}", hex(2)), "size": layer.len() }],
    }));
    vec![(hex(1), config), (hex(2), layer), ("manifest.json".to_owned(), manifest.to_string().into_bytes())]
}

fn image(file: &str) -> Vec<(String, Vec<u8>)> {
    files(file, |manifest| manifest)
}

fn without_media_type(mut manifest: Value) -> Value {
    manifest.as_object_mut().unwrap().remove("mediaType");
    manifest
}

fn schema1(_: Value) -> Value {
    let step = json!({ "id": "a", "os": "linux", "architecture": "amd64" }).to_string();
    json!({
        "schemaVersion": 1, "name": "app", "tag": "1", "architecture": "amd64",
        "fsLayers": [{ "blobSum": format!("sha256:{}", hex(2)) }], "history": [{ "v1Compatibility": step }],
    })
}

/// From `skopeo copy --all`: an index with its manifests beside it.
fn several_platforms() -> Vec<(String, Vec<u8>)> {
    let mut all = image("a");
    let (_, manifest) = all.pop().unwrap();
    let index = json!({ "schemaVersion": 2, "manifests": [{
        "mediaType": "application/vnd.oci.image.manifest.v1+json", "digest": format!("sha256:{}", hex(3)), "size": manifest.len(),
        "platform": { "os": "linux", "architecture": "amd64" },
    }] });
    all.push((format!("{}.manifest.json", hex(3)), manifest));
    all.push(("manifest.json".to_owned(), index.to_string().into_bytes()));
    all
}

fn all() -> Vec<Vec<(String, Vec<u8>)>> {
    vec![image("a"), files("a", without_media_type), files("a", schema1), several_platforms()]
}

const VERSION: &str = "Directory Transport Version: 1.1\n";

#[test]
fn skopeo_directory_opens_with_and_without_version() {
    for files in all() {
        for version in [None, Some(VERSION), Some("another file of that name")] {
            let user = User::new();
            std::fs::create_dir(user.file("copy")).unwrap();
            let version = version.map(|text| ("version".to_owned(), text.as_bytes().to_vec()));
            for (name, content) in files.iter().chain(&version) {
                std::fs::write(user.file("copy").join(name), content).unwrap();
            }
            for name in ["copy", "./copy", "dir:copy"] {
                user.runs(&["tree", "--format", "tsv", name]).ends_with(0).prints(&["a\tf\t1"]);
            }
        }
    }
}

#[test]
fn skopeo_directory_in_a_tar_opens() {
    for files in all() {
        for (folder, version) in [("", None), ("./", Some(VERSION)), ("copy/", None), ("home/me/copy/", Some(VERSION))]
        {
            let version = version.map(|text| ("version".to_owned(), text.as_bytes().to_vec()));
            let files = files.iter().chain(&version);
            let tar = files.fold(Layer::default(), |tar, (name, content)| tar.file(format!("{folder}{name}"), content));
            let ran = listed(&tar.tar(), &[]).ends_with(0);
            assert_eq!(paths(&ran), "a");
            assert_eq!(ran.stderr.contains("is inside the directory"), folder.contains('y'), "{}", ran.stderr);
            let packed = listed(&zstd::encode_all(&tar.tar()[..], 1).unwrap(), &[]).ends_with(0);
            assert_eq!(packed.stdout, ran.stdout);
        }
    }
}

#[test]
fn missing_or_damaged_skopeo_file_is_named() {
    let lost: Vec<_> = image("a").into_iter().filter(|(name, _)| *name != hex(2)).collect();
    let mut cut = image("a");
    let half = cut[2].1.len() / 2;
    cut[2].1.truncate(half);
    for (files, message) in
        [(lost, "missing"), (cut, "manifest.json is not a valid document: the document ends too early")]
    {
        let tar = files.iter().fold(Layer::default(), |tar, (name, content)| tar.file(name, content)).tar();
        let ran = listed(&tar, &[]);
        assert!(ran.error().contains(message), "{}", ran.error());
        let user = User::new();
        std::fs::create_dir(user.file("copy")).unwrap();
        for (name, content) in &files {
            std::fs::write(user.file("copy").join(name), content).unwrap();
        }
        let ran = user.runs(&["copy"]);
        assert!(ran.error().contains(message), "{}", ran.error());
    }
}

/// Files in such a directory are not named as in other layouts.
#[test]
fn missing_file_is_named_as_in_the_directory() {
    for (lost, what) in [(hex(1), "configuration"), (hex(2), "blob"), (hex(3), "manifest")] {
        let files = if what == "manifest" { several_platforms() } else { image("a") };
        let files: Vec<_> = files.into_iter().filter(|(name, _)| !name.starts_with(&lost)).collect();
        let user = User::new();
        std::fs::create_dir(user.file("copy")).unwrap();
        for (name, content) in &files {
            std::fs::write(user.file("copy").join(name), content).unwrap();
        }
        let tar = files.iter().fold(Layer::default(), |tar, (name, content)| tar.file(name, content)).tar();
        for error in [user.runs(&["copy"]).error().to_owned(), listed(&tar, &[]).error().to_owned()] {
            let message =
                format!("{what} {lost} is missing: the copy is incomplete; copy the image again, with all files");
            assert!(error.contains(&message), "{error}");
            assert!(!error.contains("blobs/") && !error.contains("layout"), "{error}");
        }
    }
}

/// Before version 1.1, layers were called `HEX.tar`.
#[test]
fn skopeo_directory_of_an_older_version_opens() {
    let tar = image("a").into_iter().fold(Layer::default(), |tar, (name, content)| {
        tar.file(if name == hex(2) { format!("{name}.tar") } else { name }, content)
    });
    let ran = listed(&tar.tar(), &[]).ends_with(0);
    assert_eq!(paths(&ran), "a", "{}", ran.stderr);
}

/// There is no index that could list anything.
#[test]
fn error_mentions_no_index_for_a_directory_without_one() {
    let ran = listed(
        &files("a", |mut manifest| {
            manifest["config"]["digest"] = format!("sha256:{}", hex(4)).into();
            manifest
        })
        .into_iter()
        .chain([(hex(4), described("linux/s390x", &["sha256:0"]).to_string().into_bytes())])
        .fold(Layer::default(), |tar, (name, content)| tar.file(name, content))
        .tar(),
        &[],
    )
    .ends_with(0);
    assert!(ran.stderr.contains("dive shows the image for linux/s390x"), "{}", ran.stderr);
    assert!(!ran.stderr.contains("index"), "{}", ran.stderr);
    let none = json!({ "schemaVersion": 2, "manifests": [] }).to_string();
    let ran = listed(&Layer::default().file("version", VERSION).file("manifest.json", none).tar(), &[]);
    assert!(ran.error().contains("manifest.json lists no images"), "{}", ran.error());
}

/// A directory of a web application, which has a `manifest.json` too.
#[test]
fn other_manifest_json_is_not_an_image() {
    let user = User::new();
    std::fs::create_dir(user.file("web")).unwrap();
    std::fs::write(user.file("web/manifest.json"), r#"{"name": "app", "icons": []}"#).unwrap();
    let ran = user.runs(&["./web"]);
    assert!(ran.error().contains("manifest.json is not a valid document: expected a list"), "{}", ran.error());
}
