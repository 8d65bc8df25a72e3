//! Root file systems (`docker export`), and what only looks like one.

use super::shapes::{listed, paths};
use crate::build::{Format, Layer, Layout, image};

const WARNING: &str = "it is not an image but a root file system";

/// Files of web applications, package managers and registries have the names of the engines' documents.
#[test]
fn documents_of_an_application_do_not_make_it_an_image() {
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

/// An image stays one, whatever lies beside it, and a damaged one is not shown as something else.
#[test]
fn an_image_beside_root_folders_is_not_taken_for_a_root_file_system() {
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
        // Cut in half, and lost.
        let ran = listed(&with(&|name| 1 + usize::from(is_document(name))), &[]);
        assert!(ran.error().contains("is not a valid document"), "{}", ran.error());
        let ran = listed(&with(&|name| usize::from(!is_document(name))), &[]);
        assert!(ran.error().contains("holds no image"), "{}", ran.error());
        // Without any of its blobs.
        let ran = listed(&with(&|name| usize::from(is_document(name))), &[]);
        assert!(ran.error().contains("missing"), "{}", ran.error());
    }
    // Cut before the layers, and without any blob.
    let cut = r#"[{"Config": "0a0a0a.json", "Repo"#;
    let ran = listed(&Layer::default().dir("etc/").file("manifest.json", cut).tar(), &[]);
    assert!(ran.error().contains("manifest.json is not a valid document"), "{}", ran.error());
    // Of Docker 1.9.
    let id = "0a".repeat(32);
    let repositories = format!(r#"{{"app": {{"latest": "{id}"}}}}"#);
    let ran = listed(&Layer::default().dir("etc/").file("repositories", repositories).tar(), &[]);
    assert!(ran.error().contains(&format!("{id}/json is missing")), "{}", ran.error());
}

#[test]
fn a_root_folder_is_a_directory_or_a_link_to_one() {
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
