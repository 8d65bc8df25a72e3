//! `manifest.json` of docker-archives as builders write it, and the documents of older archives.

use serde_json::{Value, json};

use super::shapes::{listed, paths};
use crate::build::{Layer, described};
use crate::user::Ran;

/// An archive of two images with the files `a` and `b`, and this `manifest.json`.
fn archive(manifest: &Value) -> Vec<u8> {
    let files = ["a", "b"].into_iter().fold(Layer::default(), |tar, file| {
        tar.file(format!("{file}.json"), described("linux/amd64", &["sha256:0"]).to_string())
            .file(format!("{file}.tar"), Layer::default().file(file, file).tar())
    });
    files.file("manifest.json", manifest.to_string()).tar()
}

fn entry(file: &str) -> Value {
    json!({ "Config": format!("{file}.json"), "RepoTags": [format!("{file}:1")], "Layers": [format!("{file}.tar")] })
}

fn opened(manifest: &Value, options: &[&str]) -> Ran {
    listed(&archive(manifest), options).ends_with(0)
}

/// Go reads `null` as an empty entry.
#[test]
fn empty_manifest_entry_keeps_image_numbers() {
    let (a, b) = (entry("a"), entry("b"));
    for (manifest, places, skipped) in [
        (json!([null, a, b]), [("1", "a"), ("2", "b")], "entry 0 is empty; dive skips it\n"),
        (json!([a, null, b]), [("0", "a"), ("2", "b")], "entry 1 is empty; dive skips it\n"),
        (json!([null, {}, a, b]), [("2", "a"), ("3", "b")], "entry 0 and 1 more are empty; dive skips them\n"),
        (json!([null, a, null, b, null]), [("1", "a"), ("3", "b")], "entry 0 and 2 more are empty; dive skips them\n"),
    ] {
        let ran = opened(&manifest, &[]);
        assert_eq!(paths(&ran), "a", "{manifest}");
        assert!(ran.stderr.contains(skipped), "{}", ran.stderr);
        let others = format!("contains 2 images; this is a:1. Choose another with --image: {}: b:1", places[1].0);
        assert!(ran.stderr.contains(&others), "{}", ran.stderr);
        for (place, file) in places {
            assert_eq!(paths(&opened(&manifest, &["--image", place])), file, "{manifest} {place}");
        }
        assert_eq!(paths(&opened(&manifest, &["--image", "b:1"])), "b", "{manifest}");
    }
    let ran = listed(&archive(&json!([null, a])), &["--image", "0"]);
    assert!(ran.error().contains("no image 0; available: 1: a:1."), "{}", ran.error());
    let ran = listed(&archive(&json!([null])), &[]);
    assert!(ran.error().contains("manifest.json lists no images"), "{}", ran.error());
}

/// Some builders write the entry without the list around it.
#[test]
fn manifest_without_a_list_opens() {
    for manifest in [entry("a"), json!({ "config": "a.json", "layers": ["a.tar"], "RepoTags": null })] {
        let ran = opened(&manifest, &[]);
        assert_eq!(paths(&ran), "a");
        assert!(ran.stderr.contains("manifest.json: is a single entry instead of a list"), "{}", ran.stderr);
    }
    for other in [json!({ "Config": "a.json" }), json!({ "name": "app" })] {
        let ran = listed(&archive(&other), &[]);
        assert!(ran.error().contains("manifest.json is not a valid document: expected a list"), "{}", ran.error());
    }
}

/// Docker 1.9 and older: `repositories`, and a document for each layer.
#[test]
fn platform_is_searched_in_all_images_of_docker_1_9_archives() {
    let (first, second) = ("0a".repeat(32), "0b".repeat(32));
    let mut tar = Layer::default();
    for (id, file, architecture) in [(&first, "a", "amd64"), (&second, "b", "s390x")] {
        let document = json!({ "id": id, "os": "linux", "architecture": architecture });
        tar = tar.file(format!("{id}/json"), document.to_string()).file(format!("{id}/VERSION"), "1.0");
        tar = tar.file(format!("{id}/layer.tar"), Layer::default().file(file, file).tar());
    }
    let tagged = tar.clone().file("repositories", json!({ "app": { "1": first, "2": second } }).to_string());
    for tar in [tagged.tar(), tar.tar()] {
        for (platform, file) in [("linux/amd64", "a"), ("linux/s390x", "b")] {
            assert_eq!(paths(&listed(&tar, &["--platform", platform]).ends_with(0)), file, "{platform}");
        }
        let ran = listed(&tar, &["--platform", "linux/386"]);
        let message = "no image for linux/386; available: linux/amd64, linux/s390x. Choose one with --platform";
        assert!(ran.error().contains(message), "{}", ran.error());
        let ran = listed(&tar, &["--platform", "linux/s390x", "--image", "0"]);
        assert!(ran.error().contains("image 0 is for linux/amd64, not for linux/s390x"), "{}", ran.error());
    }
}

#[test]
fn folder_linked_to_itself_is_named() {
    let index = json!({ "schemaVersion": 2, "manifests": [
        { "mediaType": "application/vnd.oci.image.manifest.v1+json", "digest": format!("sha256:{}", "0a".repeat(32)), "size": 1 },
    ] });
    for (link, target) in [("blobs", "blobs"), ("blobs", "b2"), ("blobs/sha256", "../blobs/sha256")] {
        let tar = Layer::default().symlink(link, target).symlink("b2", "blobs").file("index.json", index.to_string());
        let ran = listed(&tar.tar(), &[]);
        let message = format!("leads through more than 10 links, from \"{link}\" on");
        assert!(ran.error().contains(&message), "{}", ran.error());
    }
    let manifest = json!([{ "Config": "a.json", "Layers": ["loop/layer.tar"] }]);
    let tar = Layer::default()
        .symlink("loop", "loop")
        .file("a.json", described("linux/amd64", &["sha256:0"]).to_string())
        .file("manifest.json", manifest.to_string());
    let ran = listed(&tar.tar(), &[]);
    assert!(ran.error().contains("leads through more than 10 links, from \"loop\" on"), "{}", ran.error());
}

/// A root file system may have files named like blobs, for example in a cache.
#[test]
fn root_file_system_with_blob_names_is_not_an_image() {
    let hex = "0a".repeat(32);
    for name in [&hex[..], &format!("blobs/sha256/{hex}"), &format!("{hex}.tar"), &format!("{hex}.json")] {
        let tar = Layer::default().dir("etc/").file("etc/passwd", "root").file(name, "x");
        let ran = listed(&tar.tar(), &[]).ends_with(0);
        assert!(paths(&ran).contains(name) && ran.stderr.contains("a root file system"), "{}", ran.stderr);
    }
}

/// `unknown` is no platform that a user could ask for.
#[test]
fn unknown_platform_of_a_docker_archive_is_not_offered() {
    let archive = |platforms: &[&str]| {
        let names = ["a", "b"];
        let tar = names.iter().zip(platforms).fold(Layer::default(), |tar, (file, platform)| {
            tar.file(format!("{file}.json"), described(platform, &["sha256:0"]).to_string())
                .file(format!("{file}.tar"), Layer::default().file(*file, *file).tar())
        });
        let entries: Vec<_> = names.iter().zip(platforms).map(|(file, _)| entry(file)).collect();
        tar.file("manifest.json", json!(entries).to_string()).tar()
    };
    let platform = ["--platform", "linux/arm64"];
    assert_eq!(paths(&listed(&archive(&["unknown/unknown"]), &platform).ends_with(0)), "a", "it may be for any");
    for platforms in [["unknown/unknown", "linux/s390x"], ["linux/s390x", "unknown/unknown"]] {
        let ran = listed(&archive(&platforms), &platform);
        assert!(
            ran.error().contains("no image for linux/arm64; available: linux/s390x. Choose one"),
            "{}",
            ran.error()
        );
        let ran = listed(&archive(&platforms), &["--platform", "linux/s390x"]).ends_with(0);
        assert_eq!(paths(&ran), if platforms[0] == "linux/s390x" { "a" } else { "b" });
    }
    let ran = listed(&archive(&["unknown/unknown", "unknown/unknown"]), &platform);
    assert!(ran.error().contains("no image states a platform, so leave out --platform"), "{}", ran.error());
}

/// `imgpkg copy --to-tar` keeps all documents of its images in `manifest.json`
/// (<https://github.com/carvel-dev/imgpkg/issues/223>).
#[test]
fn imgpkg_bundle_is_named() {
    let image = json!({
        "Refs": ["reg.example/a@sha256:0"], "Layers": [{ "MediaType": "m", "Digest": "sha256:0", "DiffID": "sha256:0", "Size": 1 }],
        "Config": { "Digest": "sha256:0", "Raw": "{}" }, "Manifest": { "MediaType": "m", "Digest": "sha256:0", "Raw": "{}" },
    });
    let index = json!({ "ImageIndex": { "Refs": [], "Images": [image] }, "Image": null });
    for manifest in [json!([{ "ImageIndex": null, "Image": image }]), json!([index])] {
        let tar = Layer::default()
            .file("manifest.json", manifest.to_string())
            .file(format!("sha256-{}.tar.gz", "0a".repeat(32)), "x");
        let ran = listed(&tar.tar(), &[]);
        assert!(ran.error().contains("manifest.json is that of an imgpkg bundle"), "{}", ran.error());
    }
}
