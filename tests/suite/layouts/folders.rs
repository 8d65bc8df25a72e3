//! Archives with a folder around the image and other files beside it.

use serde_json::json;

use super::shapes::{listed, members, paths};
use crate::build::{Format, Layer, Layout, image};
use crate::user::User;

/// The files of an image with one file.
fn docker(file: &str) -> Vec<(String, Vec<u8>)> {
    members(&image().layer(|l| l.file(file, file)).archive(Format::DockerArchive))
}

fn oci(file: &str) -> Vec<(String, Vec<u8>)> {
    let mut layout = Layout::default();
    let entry = layout.image("linux/amd64", file);
    layout.lists(entry, &json!({}));
    layout.files()
}

fn packed(tar: Layer, folder: &str, files: &[(String, Vec<u8>)]) -> Layer {
    files.iter().fold(tar, |tar, (name, content)| tar.file(format!("{folder}/{name}"), content))
}

/// Folders of web applications with a `manifest.json`.
fn applications(count: usize) -> Layer {
    let document = r#"{"name": "a"}"#;
    (0..count).fold(Layer::default(), |tar, at| tar.file(format!("app{at:03}/manifest.json"), document))
}

#[test]
fn files_beside_the_folder_are_ignored() {
    for files in [docker("a"), oci("a")] {
        for junk in [
            Layer::default().file(".DS_Store", "\0\0\0\x01Bud1"),
            Layer::default().file("._image", "\0\x05\x16\x07").file("image/._manifest.json", "\0\x05\x16\x07"),
            Layer::default().dir("__MACOSX/").file("__MACOSX/image/._manifest.json", "\0\x05\x16\x07"),
            Layer::default().file("readme.txt", "how to load it").file("sha256sums", "0"),
            Layer::default().file("Thumbs.db", "").dir("empty/").file("src/main.rs", "").symlink("latest", "image"),
            // Documents with an engine's file name but other content.
            Layer::default().file("web/manifest.json", r#"{"name": "app", "icons": []}"#).file("web/index.json", "[1]"),
            Layer::default().file("manifest.json", r#"{"name": "app"}"#),
            Layer::default().file("image/web/manifest.json", r#"[{"Config": "c", "Layers": []}]"#),
            Layer::default().file("web/manifest.json", "[]").file("api/manifest.json", r#"[{"Config": "c"#),
            applications(100),
        ] {
            let ran = listed(&packed(junk, "image", &files).tar(), &[]).ends_with(0);
            assert_eq!(paths(&ran), "a", "{}", ran.stderr);
            assert!(ran.stderr.contains("is inside the directory \"image\""), "{}", ran.stderr);
        }
    }
}

/// From `tar cf image.tar /usr/local/images/app`.
#[test]
fn folder_may_be_named_like_a_root_folder() {
    for folder in ["usr/local/images/app", "etc", "lib"] {
        let ran = listed(&packed(Layer::default().dir("usr/"), folder, &docker("a")).tar(), &[]).ends_with(0);
        assert_eq!(paths(&ran), "a", "{}", ran.stderr);
    }
}

#[test]
fn two_folders_with_images_are_an_error() {
    let two = packed(packed(Layer::default().file(".DS_Store", ""), "one", &docker("a")), "b/two", &oci("b"));
    let ran = listed(&two.tar(), &[]);
    let error = ran.error();
    assert!(error.contains("several directories with an image: \"one\", \"b/two\""), "{error}");
    assert!(error.contains("`dive ./one`"), "{error}");
    assert!(!error.contains("truncated"), "{error}");
    let many = (0..30).fold(Layer::default(), |tar, at| packed(tar, &format!("image{at}"), &docker("a")));
    let ran = listed(&many.tar(), &[]);
    assert!(ran.error().contains("and 25 more"), "{}", ran.error());
}

/// An empty list is an image's only if no other document can be.
#[test]
fn most_likely_image_document_is_used() {
    let (cut, empty) = (r#"[{"Config": "c"#, "[]");
    for (documents, message) in [
        (&[("a/manifest.json", cut), ("b/manifest.json", empty)][..], "manifest.json is not a valid document"),
        (&[("manifest.json", cut), ("b/manifest.json", empty)], "manifest.json is not a valid document"),
        (&[("manifest.json", cut), ("b/manifest.json", cut)], "manifest.json is not a valid document"),
        (&[("manifest.json", empty), ("b/manifest.json", cut)], "manifest.json is not a valid document"),
        (&[("a/manifest.json", empty), ("b/manifest.json", empty)], "several directories with an image: \"a\", \"b\""),
        (&[("a/manifest.json", empty)], "contains no image"),
    ] {
        let tar = documents.iter().fold(Layer::default(), |tar, (name, content)| tar.file(name, content));
        let ran = listed(&tar.tar(), &[]);
        assert!(ran.error().contains(message), "{documents:?}: {}", ran.error());
    }
}

/// With uninformative blob names, documents must be read; dive reads those of a hundred folders.
#[test]
fn skipped_folders_are_reported() {
    let unnamed = |folder: &str, tar: Layer| {
        let manifest = r#"[{"Config": "c.json", "RepoTags": ["a:1"], "Layers": ["l/layer.tar"]}]"#;
        let config =
            r#"{"os": "linux", "architecture": "amd64", "rootfs": {"type": "layers", "diff_ids": ["sha256:0"]}}"#;
        tar.file(format!("{folder}/manifest.json"), manifest)
            .file(format!("{folder}/c.json"), config)
            .file(format!("{folder}/l/layer.tar"), Layer::default().file("a", "a").tar())
    };
    let ran = listed(&unnamed("image", applications(99)).tar(), &[]).ends_with(0);
    assert_eq!((paths(&ran).as_str(), ran.stderr.contains("did not search")), ("a", false), "{}", ran.stderr);
    let ran = listed(&unnamed("a", applications(110)).tar(), &[]).ends_with(0);
    assert_eq!(paths(&ran), "a");
    assert!(ran.stderr.contains("11 more directories may contain images; dive did not search there"), "{}", ran.stderr);
    let ran = listed(&unnamed("image", applications(110)).tar(), &[]);
    assert!(ran.error().contains("no image in the first 100 directories"), "{}", ran.error());
    assert!(ran.error().contains("and dive did not search 11 more"), "{}", ran.error());
    let ran = listed(&unnamed("image", applications(110)).file("etc/passwd", "").tar(), &[]).ends_with(0);
    assert!(paths(&ran).contains("etc/passwd"), "a root file system with many applications");
}

/// The error is about the image in the folder.
#[test]
fn damaged_image_in_a_folder_names_its_document() {
    let cut = |files: Vec<(String, Vec<u8>)>, document: &str| -> Vec<(String, Vec<u8>)> {
        let cut = |(name, mut content): (String, Vec<u8>)| {
            if name == document {
                content.truncate(content.len() / 2);
            }
            (name, content)
        };
        files.into_iter().map(cut).collect()
    };
    for (files, document) in [(docker("a"), "manifest.json"), (oci("a"), "index.json")] {
        let tar = packed(Layer::default().file(".DS_Store", ""), "image", &cut(files, document));
        let ran = listed(&tar.tar(), &[]);
        assert!(ran.error().contains(&format!("{document} is not a valid document")), "{}", ran.error());
    }
}

/// The manifest is often the last member.
#[test]
fn missing_manifest_suggests_a_truncated_copy() {
    let hex = "0a".repeat(32);
    let long = format!("blobs/sha512/{}", "0a".repeat(64));
    let kaniko = ["sha256:HEX", "HEX.tar.gz"];
    for blob in ["blobs/sha256/HEX", "HEX/layer.tar", "HEX.tar", "HEX.json", "HEX", &long].into_iter().chain(kaniko) {
        for folder in ["", "image/", "home/me/image/"] {
            let name = format!("{folder}{}", blob.replace("HEX", &hex));
            let ran = listed(&Layer::default().file(&name, "").file(".DS_Store", "").tar(), &[]);
            assert!(ran.error().contains("the archive is probably truncated"), "{name}: {}", ran.error());
        }
    }
    for other in ["src/layer.rs", "blobs.txt", "blobs/readme.txt", "blobs/sha256/readme.txt", "src/layer.tar"] {
        let ran = listed(&Layer::default().file(other, "").tar(), &[]);
        assert!(ran.error().contains("give the tar that `docker save"), "{other}: {}", ran.error());
    }
}

/// The folder name is untrusted, and users paste the advised command into a shell.
#[test]
fn advised_command_quotes_the_folder() {
    for (folder, message, word) in [
        ("my image", "\"my image\"", "'./my image'"),
        ("$(id)", "\"$(id)\"", "'./$(id)'"),
        ("a\u{1b}[2J", "\"a\\x1b[2J\"", "$'./a\\033[2J'"),
        ("it's", "\"it's\"", "'./it'\\''s'"),
    ] {
        let two = packed(packed(Layer::default(), folder, &docker("a")), "z/two", &oci("b"));
        let ran = listed(&two.tar(), &[]);
        assert!(ran.error().contains(&format!("with an image: {message}, \"z/two\"")), "{}", ran.error());
        assert!(ran.error().contains(&format!("`dive {word}`")), "{}", ran.error());
        let ran = listed(&packed(Layer::default(), folder, &docker("a")).tar(), &[]).ends_with(0);
        assert!(ran.stderr.contains(&format!("inside the directory {message},")), "{}", ran.stderr);
    }
}

/// An unpacked docker-archive is not an OCI layout.
#[test]
fn missing_file_of_an_unpacked_docker_archive_is_named() {
    let files = docker("a");
    for (lost, what) in [(".json", "configuration"), ("/layer.tar", "blob")] {
        let user = User::new();
        for (name, content) in files.iter().filter(|(name, _)| *name == "manifest.json" || !name.ends_with(lost)) {
            let path = user.file("image").join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, content).unwrap();
        }
        let error = user.runs(&["./image"]).error().to_owned();
        assert!(error.contains(&format!("{what} ")), "{error}");
        assert!(error.contains("is missing: the directory is incomplete; copy it again, with all files"), "{error}");
    }
}
