//! Archives of old engines, with an enclosing folder, with symlinks for folders, and without an image.

use serde_json::json;

use crate::build::{Format, Layer, Layout, image};
use crate::user::{Ran, User};

/// Lists `tar`, opened as a file.
pub(super) fn listed(tar: &[u8], options: &[&str]) -> Ran {
    let user = User::new();
    std::fs::write(user.file("image.tar"), tar).unwrap();
    user.runs(&[&["tree", "--format", "tsv", "image.tar"], options].concat())
}

pub(super) fn paths(ran: &Ran) -> String {
    ran.stdout.lines().filter_map(|line| line.split('\t').next()).collect::<Vec<_>>().join(" ")
}

fn tar(file: &str) -> Vec<u8> {
    Layer::default().file(file, file).tar()
}

/// An archive of Docker 1.9: two images with a common base, one of them with two tags.
fn of_docker_1_9() -> Layer {
    let (left, right) = ("0b".repeat(32), "0c".repeat(32));
    let repositories = json!({ "library/app": { "1": left, "latest": left }, "reg.example:5000/b": { "2": right } });
    layers_of_docker_1_9().file("repositories", repositories.to_string())
}

fn layers_of_docker_1_9() -> Layer {
    let (base, left, right) = ("0a".repeat(32), "0b".repeat(32), "0c".repeat(32));
    let mut archive = Layer::default();
    for (id, parent, file) in [(&base, None, "base"), (&left, Some(&base), "left"), (&right, Some(&base), "right")] {
        let mut document = json!({
            "id": id, "created": "2015-01-01T00:00:00Z", "os": "linux", "architecture": "amd64",
            "container_config": { "Cmd": ["/bin/sh", "-c", format!("make {file}")] },
        });
        if let Some(parent) = parent {
            document["parent"] = parent.as_str().into();
        }
        archive = archive.dir(&format!("{id}/")).file(format!("{id}/VERSION"), "1.0");
        archive = archive.file(format!("{id}/json"), document.to_string()).file(format!("{id}/layer.tar"), tar(file));
    }
    archive
}

#[test]
fn docker_1_9_archive_opens() {
    let archive = of_docker_1_9().tar();
    assert_eq!(paths(&listed(&archive, &[]).ends_with(0)), "base left");
    assert_eq!(paths(&listed(&archive, &["--image", "app"]).ends_with(0)), "base left");
    assert_eq!(paths(&listed(&archive, &["--image", "reg.example:5000/b:2"]).ends_with(0)), "base right");
    assert_eq!(paths(&listed(&archive, &["--image", &"0c".repeat(6)]).ends_with(0)), "base right");
    let user = User::new();
    std::fs::write(user.file("image.tar"), archive).unwrap();
    user.runs(&["image.tar"])
        .ends_with(0)
        .says(&["contains 2 images; this is library/app:1. Choose another with --image: 1: reg.example:5000/b:2"])
        .prints(&["Image: library/app:1 (linux/amd64), 2 layers", "make base", "make left"]);
    let ran = user.runs(&["image.tar", "--platform", "linux/arm64"]);
    assert!(ran.error().contains("no image for linux/arm64; available: linux/amd64"), "{}", ran.error());
}

/// `docker save ID` of Docker up to 1.9 writes no names.
#[test]
fn docker_1_9_archive_without_tags_opens() {
    let (left, right) = ("0b".repeat(32), "0c".repeat(32));
    for archive in [layers_of_docker_1_9(), layers_of_docker_1_9().file("repositories", "{}")] {
        let user = User::new();
        std::fs::write(user.file("image.tar"), archive.tar()).unwrap();
        let notice = format!("contains 2 images; this is image.tar. Choose another with --image: 1: {right}");
        user.runs(&["image.tar"]).ends_with(0).says(&[&notice]).prints(&["make base", "make left"]);
        for (image, file) in [("0", "left"), ("1", "right"), (&left[..12], "left"), (&right, "right")] {
            let ran = user.runs(&["tree", "--format", "tsv", "image.tar", "--image", image]).ends_with(0);
            assert_eq!(paths(&ran), format!("base {file}"));
        }
    }
    // A truncated archive of a later Docker.
    let config = format!("{}.json", "c".repeat(64));
    let ran = listed(&layers_of_docker_1_9().file(config, "{}").tar(), &[]);
    assert!(ran.error().contains("the manifest often comes last"), "{}", ran.error());
}

/// An empty image would pass every rule.
#[test]
fn docker_1_9_tag_without_a_layer_is_skipped_with_a_warning() {
    let left = "0b".repeat(32);
    for nothing in [json!(null), json!("")] {
        let repositories = json!({ "a": { "1": nothing }, "b": { "2": left } });
        let archive = layers_of_docker_1_9().file("repositories", repositories.to_string()).tar();
        let ran = listed(&archive, &[]).ends_with(0).says(&["repositories: gives no layer for \"a:1\"; dive skips it"]);
        assert_eq!(paths(&ran), "base left");
    }
}

/// Docker loads it, too.
#[test]
fn docker_1_9_command_may_be_a_string() {
    let id = "0a".repeat(32);
    let document = json!({ "id": id, "container_config": { "Cmd": "make a" } });
    let archive = Layer::default()
        .file(format!("{id}/json"), document.to_string())
        .file(format!("{id}/layer.tar"), tar("a"))
        .file("repositories", json!({ "a": { "1": id } }).to_string());
    let user = User::new();
    std::fs::write(user.file("image.tar"), archive.tar()).unwrap();
    user.runs(&["image.tar"]).ends_with(0).prints(&["make a"]);
}

#[test]
fn damaged_parent_chain_is_an_error() {
    let id = "0a".repeat(32);
    let archive = |parent: &str| {
        let layer = Layer::default()
            .file(format!("{id}/json"), json!({ "id": id, "parent": parent }).to_string())
            .file(format!("{id}/layer.tar"), tar("a"));
        layer.file("repositories", json!({ "a": { "1": id } }).to_string()).tar()
    };
    for (parent, message) in [
        (id.as_str(), "is its own ancestor"),
        ("../../etc", "has an invalid id"),
        ("0bad", "the layer document 0bad/json is missing: the archive is incomplete; save the image again"),
    ] {
        let ran = listed(&archive(parent), &[]);
        assert!(ran.error().contains(message), "{}", ran.error());
    }
}

/// `tar cf image.tar image/` instead of `tar cf image.tar -C image .`
#[test]
fn image_packed_with_its_folder_opens_with_a_warning() {
    let mut oci = Layout::default();
    let entry = oci.image("linux/amd64", "a");
    oci.lists(entry, &json!({}));
    let inner = image().layer(|l| l.file("a", "a")).archive(Format::DockerArchive);
    let docker: Vec<(String, Vec<u8>)> = members(&inner);
    for files in [oci.files(), docker] {
        for folder in ["image", "home/me/image"] {
            let packed = files.iter().fold(Layer::default().dir("image/"), |tar, (name, content)| {
                tar.file(format!("{folder}/{name}"), content)
            });
            let ran = listed(&packed.file("._image", "of macOS").tar(), &[]).ends_with(0);
            assert_eq!(paths(&ran), "a");
            assert!(ran.stderr.contains(&format!("the image is inside the directory \"{folder}\"")), "{}", ran.stderr);
        }
    }
    // Also with an archive of Docker 1.9.
    let old = members(&of_docker_1_9().tar());
    let packed =
        old.iter().fold(Layer::default(), |tar, (name, content)| tar.file(format!("old/{name}"), content)).tar();
    assert_eq!(paths(&listed(&packed, &[]).ends_with(0)), "base left");
}

/// Names and contents of the files in a tar.
pub(super) fn members(bytes: &[u8]) -> Vec<(String, Vec<u8>)> {
    let mut archive = tar::Archive::new(bytes);
    let entries = archive.entries().unwrap().map(|entry| {
        let mut entry = entry.unwrap();
        let mut content = Vec::new();
        std::io::Read::read_to_end(&mut entry, &mut content).unwrap();
        (entry.path().unwrap().display().to_string(), content)
    });
    entries.filter(|(name, _)| !name.ends_with('/')).collect()
}

#[test]
fn folder_in_an_archive_may_be_a_symlink() {
    let inner = image().layer(|l| l.file("a", "a")).archive(Format::OciArchive);
    let moved = |name: &str| name.replacen("blobs/sha256/", "data/", 1);
    let files = members(&inner);
    let with = |target: &str| {
        let link = Layer::default().symlink("blobs/sha256", target);
        files.iter().fold(link, |tar, (name, content)| tar.file(moved(name), content)).tar()
    };
    assert_eq!(paths(&listed(&with("../data"), &[]).ends_with(0)), "a");
    let ran = listed(&with("../../data"), &[]);
    assert!(ran.error().contains("leads out of the archive"), "{}", ran.error());
    let ran = listed(&with("../blobs/sha256"), &[]);
    assert!(ran.code == 2, "a symlink loop: {}", ran.stderr);
}

/// From `docker export` or `buildx build --output type=tar`.
#[test]
fn root_file_system_opens_as_one_layer_with_a_warning() {
    for layer in [
        Layer::default().dir("bin/").file("bin/sh", "sh").file("srv/app/manifest.json", "{}"),
        Layer::default().symlink("bin", "usr/bin").file("usr/bin/sh", "sh"),
        Layer::default().file("./etc/passwd", "root"),
        Layer::default().file(".dockerenv", "").file("lib/x", "x"),
    ] {
        let ran = listed(&layer.tar(), &[]).ends_with(0);
        assert!(ran.stderr.contains("it is a root file system"), "{}", ran.stderr);
        let packed = listed(&zstd::encode_all(&layer.tar()[..], 1).unwrap(), &[]).ends_with(0);
        assert_eq!(packed.stdout, ran.stdout);
    }
    for other in [
        Layer::default().file("readme", "").file("src/x", ""),
        Layer::default().file("etc/passwd", "").file(format!("{}/layer.tar", "0a".repeat(32)), tar("a")),
    ] {
        let ran = listed(&other.tar(), &[]);
        assert!(ran.error().contains("no manifest.json or index.json"), "{}", ran.error());
    }
}

#[test]
fn other_file_formats_are_named() {
    let user = User::new();
    let utf16 = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
    let big_endian = |text: &str| text.encode_utf16().flat_map(u16::to_be_bytes).collect::<Vec<u8>>();
    let tar: String = tar("a").into_iter().map(char::from).collect();
    let mut sif = b"#!/usr/bin/env run-singularity\n\0SIF_MAGIC\0".to_vec();
    sif.resize(2000, 7);
    let mut erofs = vec![0; 4096];
    erofs[0x400..0x404].copy_from_slice(b"\xe2\xe1\xf5\xe0");
    for (bytes, message) in [
        (utf16("\u{feff}manifest.json").repeat(100), "PowerShell's `>`"),
        (utf16(&"manifest.json\r\n".repeat(100)), "PowerShell's `>`"),
        (big_endian(r#"{"schemaVersion": 2, "name": "äöü €"}"#), "PowerShell's `>`"),
        (utf16("FROM alpine"), "PowerShell's `>`"),
        (utf16("Ошибка: образ не найден."), "PowerShell's `>`"),
        (big_endian("エラー: イメージが見つかりませんでした\r\n"), "PowerShell's `>`"),
        // The output of `docker save` itself, converted.
        (utf16(&format!("\u{feff}{tar}")), "PowerShell's `>`"),
        (utf16(&tar), "PowerShell's `>`"),
        (big_endian(&tar), "PowerShell's `>`"),
        (b"\x04\x22\x4d\x18".repeat(300), "lz4 data"),
        (sif, "a Singularity image (SIF)"),
        (erofs, "an EROFS file system"),
    ] {
        std::fs::write(user.file("file"), bytes).unwrap();
        let ran = user.runs(&["./file"]);
        assert!(ran.error().contains(message), "{}", ran.error());
    }
}

#[test]
fn layer_without_a_path_is_named() {
    let config = json!({ "os": "linux", "architecture": "amd64", "rootfs": { "diff_ids": ["sha256:0"] } }).to_string();
    let manifest = r#"[{"Config": "c.json", "RepoTags": null, "Layers": [""]}]"#;
    let ran = listed(&Layer::default().file("c.json", config).file("manifest.json", manifest).tar(), &[]);
    assert!(
        ran.error().contains("layer 0 (of 1, from 0): the manifest gives its blob an empty name"),
        "{}",
        ran.error()
    );
}

/// From `skopeo copy --dest-shared-blob-dir`, or a copy of one platform.
#[test]
fn layout_without_blobs_suggests_shared_blob_dir() {
    let mut layout = Layout::default();
    let entry = layout.image("linux/amd64", "a");
    layout.lists(entry, &json!({}));
    let user = User::new();
    std::fs::create_dir(user.file("layout")).unwrap();
    for (name, content) in layout.files().into_iter().filter(|(name, _)| !name.starts_with("blobs/")) {
        std::fs::write(user.file("layout").join(name), content).unwrap();
    }
    let ran = user.runs(&["layout"]);
    assert!(ran.error().contains("skopeo copy --src-shared-blob-dir"), "{}", ran.error());
}

#[test]
fn empty_tar_is_named() {
    let ran = listed(&[0; 10240], &[]);
    assert!(ran.error().contains("contains no image") && ran.error().contains("it is an empty tar"), "{}", ran.error());
}
