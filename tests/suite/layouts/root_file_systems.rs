//! Root file systems (`docker export`), and archives that only look like one.

use super::shapes::{listed, paths};
use crate::build::{Format, Layer, Layout, image};

const WARNING: &str = "it is a root file system";

/// Applications, package managers and registries use the same file names.
#[test]
fn application_documents_are_no_image() {
    for (name, content) in [
        ("manifest.json", r#"{"name": "app", "short_name": "a", "icons": [{"src": "i.png", "sizes": "1x1"}]}"#),
        ("manifest.json", r#"{"index.html": {"file": "assets/index.js", "src": "index.html", "isEntry": true}}"#),
        ("manifest.json", r#"{"layers": [{"name": "roads"}, {"name": "rivers"}]}"#),
        ("manifest.json", r#"{"layers": ["a", "b"], "config": "c"}"#),
        ("manifest.json", r#"["a.js", "b.js"]"#),
        ("manifest.json", r#"[{"url": "/", "revision": "1"}]"#),
        ("manifest.json", "[]"),
        ("manifest.json", ""),
        ("manifest.json", "// not JSON at all"),
        ("index.json", r#"{"version": 3, "resources": [{"@id": "https://example.com"}]}"#),
        ("index.json", r#"[{"title": "a post", "manifests": 1}]"#),
        ("index.json", r#"{"manifests": [{"name": "bucket"}]}"#),
        ("repositories", "https://dl-cdn.example/alpine/v3/main\n"),
        ("repositories", r#"{"a": {"url": "https://example.com"}}"#),
        ("repositories/a/config", "bare"),
        ("oci-layout", "a note"),
        ("tmp/layer.tar", "x"),
        ("blobs/sha256/readme", "x"),
    ] {
        let tar = Layer::default().dir("etc/").file("etc/passwd", "root").file(name, content).tar();
        let ran = listed(&tar, &[]).ends_with(0);
        assert!(ran.stderr.contains(WARNING), "{name} {content}: {}", ran.stderr);
        assert!(paths(&ran).contains("etc/passwd") && paths(&ran).contains(name), "{}", ran.stdout);
    }
}

/// Other files do not change that it is an image, and a damaged image is an error.
#[test]
fn image_beside_root_folders_stays_an_image() {
    let mut oci = Layout::default();
    let entry = oci.image("linux/amd64", "a");
    oci.lists(entry, &serde_json::json!({}));
    let docker = super::shapes::members(&image().layer(|l| l.file("a", "a")).archive(Format::DockerArchive));
    for files in [docker, oci.files()] {
        let with = |keep: &dyn Fn(&str) -> usize| {
            let tar = Layer::default().dir("etc/").file("etc/passwd", "root");
            let files = files.iter().filter(|(name, _)| keep(name) > 0);
            files.fold(tar, |tar, (name, content)| tar.file(name, &content[..content.len() / keep(name)])).tar()
        };
        let is_document = |name: &str| matches!(name, "manifest.json" | "index.json");
        let ran = listed(&with(&|_| 1), &[]).ends_with(0);
        assert_eq!((paths(&ran).as_str(), ran.stderr.as_str()), ("a", ""));
        // Truncated and missing documents.
        let ran = listed(&with(&|name| 1 + usize::from(is_document(name))), &[]);
        assert!(ran.error().contains("is not a valid document"), "{}", ran.error());
        let ran = listed(&with(&|name| usize::from(!is_document(name))), &[]);
        assert!(ran.error().contains("contains no image"), "{}", ran.error());
        // All blobs missing.
        let ran = listed(&with(&|name| usize::from(is_document(name))), &[]);
        assert!(ran.error().contains("missing"), "{}", ran.error());
    }
    // Truncated before the layers, and all blobs missing.
    let cut = r#"[{"Config": "0a0a0a.json", "Repo"#;
    let ran = listed(&Layer::default().dir("etc/").file("manifest.json", cut).tar(), &[]);
    assert!(ran.error().contains("manifest.json is not a valid document"), "{}", ran.error());
    // The format of Docker 1.9.
    let id = "0a".repeat(32);
    let repositories = format!(r#"{{"app": {{"latest": "{id}"}}}}"#);
    let ran = listed(&Layer::default().dir("etc/").file("repositories", repositories).tar(), &[]);
    assert!(ran.error().contains(&format!("{id}/json is missing")), "{}", ran.error());
}

#[test]
fn root_folders_are_directories_or_links_to_them() {
    for tar in [
        Layer::default().dir("bin"),
        Layer::default().dir("./etc/"),
        Layer::default().file("usr/x", ""),
        Layer::default().symlink("bin", "busybox").file("busybox/sh", "sh"),
        Layer::default().dir("tools").symlink("bin", "/tools"),
        Layer::default().symlink("lib", "./data/lib/").dir("data/lib"),
        Layer::default().file("bin", "").file("etc/passwd", "root"),
    ] {
        let ran = listed(&tar.tar(), &[]).ends_with(0);
        assert!(ran.stderr.contains(WARNING), "{}", ran.stderr);
    }
    for tar in [
        Layer::default().file("bin", "a program"),
        Layer::default().file("etc", "").file("readme", ""),
        Layer::default().symlink("lib", "library").file("library", "a file"),
        Layer::default().symlink("bin", "nowhere"),
        Layer::default().symlink("bin", "../bin"),
        Layer::default().fifo("usr"),
        Layer::default().char_device("lib", 1, 3),
        Layer::default().file("t", "").hardlink("bin", "t"),
        Layer::default().file("x/bin", "").dir("srv/etc"),
    ] {
        let ran = listed(&tar.tar(), &[]);
        assert!(ran.error().contains("no manifest.json or index.json"), "{}", ran.error());
    }
}

/// Images of LXC, bundles of runc, and root file systems packed by hand.
#[test]
fn packed_root_file_system_is_named() {
    for (tar, folder, word) in [
        (Layer::default().file("metadata.yaml", "").dir("rootfs/").file("rootfs/etc/passwd", ""), "rootfs", "rootfs"),
        (Layer::default().file("config.json", "{}").file("my root/usr/lib/os-release", ""), "my root", "'my root'"),
        (Layer::default().file("a/b/etc/os-release", "").file("a/b/usr/src/x.tar.gz", ""), "a/b", "a/b"),
    ] {
        let ran = listed(&tar.tar(), &[]);
        let message = format!(
            "the directory \"{folder}\" in it has a root file system; unpack it, and open the tar of `tar cf FILE -C {word} .`"
        );
        assert!(ran.error().contains(&message), "{}", ran.error());
    }
    let sources =
        Layer::default().file("project/lib/a.rb", "").file("project/bin/run", "").file("project/etc/a.conf", "");
    let ran = listed(&sources.tar(), &[]);
    assert!(ran.error().contains("give the tar that `docker save"), "{}", ran.error());
}
