//! Archives whose `manifest.json` and `index.json` list different images, and images with the same tag.

use serde_json::{Value, json};

use super::indexes::{blob, digest, named};
use crate::build::{Layer, Layout, TAR, described};
use crate::user::{Ran, User};

/// An image with one layer and one file, and its own configuration.
pub(super) fn image(layout: &mut Layout, platform: &str, file: &str) -> Value {
    layout.manifest(&described(platform, &[file]), &[(TAR, Layer::default().file(file, file).tar())])
}

/// The `manifest.json` entry for an image of a layout.
fn listed(files: &[(String, Vec<u8>)], image: &Value, tags: &Value) -> Value {
    let manifest = files.iter().find(|(name, _)| *name == blob(image)).expect("the manifest");
    let manifest: Value = serde_json::from_slice(&manifest.1).unwrap();
    json!({ "Config": blob(&manifest["config"]), "RepoTags": tags, "Layers": [blob(&manifest["layers"][0])] })
}

/// A user with the layout as `image.tar`, plus this `manifest.json`.
fn with_manifest(layout: &Layout, manifest: &Value) -> User {
    let archive = layout.files().into_iter().fold(Layer::default(), |tar, (name, content)| tar.file(name, content));
    let user = User::new();
    std::fs::write(user.file("image.tar"), archive.file("manifest.json", manifest.to_string()).tar()).unwrap();
    user
}

fn tree(user: &User, options: &[&str]) -> Ran {
    user.runs(&[&["tree", "--format", "tsv", "image.tar"], options].concat())
}

#[test]
fn images_only_in_the_index_get_later_numbers() {
    let mut layout = Layout::default();
    let (a, b, c) = (
        image(&mut layout, "linux/amd64", "a"),
        image(&mut layout, "linux/amd64", "b"),
        image(&mut layout, "linux/amd64", "c"),
    );
    let foreign = image(&mut layout, "linux/s390x", "d");
    // The image in both documents is the second of the index, and has no tag there.
    layout
        .lists(b.clone(), &named("b:1"))
        .lists(a.clone(), &json!({}))
        .lists(c.clone(), &json!({}))
        .lists(foreign, &named("d:1"));
    let user = with_manifest(&layout, &json!([listed(&layout.files(), &a, &json!(["a:1"]))]));
    let others = format!(
        "image.tar contains 4 images; this is a:1. Choose another with --image: 1: b:1; 2: {}; 3: d:1",
        digest(&c)
    );
    user.runs(&["image.tar"]).ends_with(0).says(&[&others]);
    for (image, file) in [("0", "a"), ("1", "b"), ("b:1", "b"), ("2", "c"), (&digest(&c), "c")] {
        tree(&user, &["--image", image]).ends_with(0).prints(&[&format!("{file}\tf")]);
    }
    // Its platform is in the index.
    let others = format!("this is d:1. Choose another with --image: 0: a:1; 1: b:1; 2: {}", digest(&c));
    user.runs(&["image.tar", "--platform", "linux/s390x"]).ends_with(0).says(&[&others]);
    for image in ["nope", "4"] {
        let ran = tree(&user, &["--image", image]);
        let message = format!("no image {image}; available: 0: a:1; 1: b:1; 2: {}; 3: d:1. Choose", digest(&c));
        assert!(ran.error().contains(&message), "{}", ran.error());
    }
}

#[test]
fn image_in_manifest_and_index_is_listed_once() {
    let mut layout = Layout::default();
    let (a, b) = (image(&mut layout, "linux/amd64", "a"), image(&mut layout, "linux/amd64", "b"));
    layout.lists(a.clone(), &named("docker.io/library/a:1")).lists(b.clone(), &json!({}));
    let files = layout.files();
    let user = with_manifest(&layout, &json!([listed(&files, &a, &json!(["a:1"])), listed(&files, &b, &Value::Null)]));
    let ran = user.runs(&["image.tar"]).ends_with(0).says(&["image.tar contains 2 images; this is a:1."]);
    assert!(!ran.stderr.contains("2: "), "{}", ran.stderr);
}

#[test]
fn empty_manifest_json_falls_back_to_the_index() {
    for manifest in [json!([]), Value::Null] {
        let mut layout = Layout::default();
        let a = image(&mut layout, "linux/amd64", "a");
        layout.lists(a, &named("a:1"));
        let user = with_manifest(&layout, &manifest);
        let ran = tree(&user, &[]).ends_with(0).prints(&["a\tf"]);
        assert_eq!(ran.stderr, "");
        tree(&user, &["--image", "0"]).ends_with(0).prints(&["a\tf"]);
        let ran = tree(&user, &["--image", "1"]);
        assert!(ran.error().contains("no image 1; available: 0: a:1"), "{}", ran.error());
    }
}

/// From `skopeo copy ... oci:DIR:2`.
#[test]
fn numeric_tag_selects_its_image() {
    let mut layout = Layout::default();
    let (a, b) = (image(&mut layout, "linux/amd64", "a"), image(&mut layout, "linux/amd64", "b"));
    layout.lists(a.clone(), &named("20")).lists(b, &named("01"));
    let user = layout.user();
    for (image, file) in [("0", "a"), ("1", "b"), ("20", "a"), ("01", "b")] {
        tree(&user, &["--image", image]).ends_with(0).prints(&[&format!("{file}\tf")]);
    }
    let mut layout = Layout::default();
    let a = image(&mut layout, "linux/amd64", "a");
    let b = image(&mut layout, "linux/amd64", "b");
    layout.lists(b, &named("20")).lists(a.clone(), &json!({}));
    let user = with_manifest(&layout, &json!([listed(&layout.files(), &a, &json!(["10"]))]));
    for (image, file) in [("0", "a"), ("1", "b"), ("10", "a"), ("20", "b")] {
        tree(&user, &["--image", image]).ends_with(0).prints(&[&format!("{file}\tf")]);
    }
}

#[test]
fn images_with_the_same_tag_are_chosen_by_platform() {
    let host = dive_model::image::Platform::host().to_string();
    let mut archive = Layer::default();
    let mut entries = Vec::new();
    for (digit, platform) in [("a", "linux/s390x"), ("b", host.as_str())] {
        let config = format!("{}.json", digit.repeat(64));
        archive = archive.file(&config, described(platform, &["sha256:0"]).to_string());
        archive = archive.file(format!("{digit}.tar"), Layer::default().file(digit, digit).tar());
        entries.push(json!({ "Config": config, "RepoTags": ["h/x:1"], "Layers": [format!("{digit}.tar")] }));
    }
    let user = User::new();
    std::fs::write(user.file("image.tar"), archive.file("manifest.json", json!(entries).to_string()).tar()).unwrap();
    for (options, file) in [
        (&[][..], "b"),
        (&["--image", "h/x:1"], "b"),
        (&["--image", "h/x:1", "--platform", &host], "b"),
        (&["--image", "h/x:1", "--platform", "linux/s390x"], "a"),
        (&["--platform", "linux/s390x"], "a"),
        (&["--image", "0"], "a"),
        (&["--image", &"b".repeat(12)], "b"),
    ] {
        tree(&user, options).ends_with(0).prints(&[&format!("{file}\tf")]);
    }
    let ran = tree(&user, &["--image", "h/x:1", "--platform", "linux/mips"]);
    let message =
        format!("image h/x:1 is for linux/s390x, {host}, not for linux/mips. Choose one of them with --platform");
    assert!(ran.error().contains(&message), "{}", ran.error());
    let other = format!("Choose another with --image: 0: h/x:1 (sha256:{})", "a".repeat(64));
    user.runs(&["image.tar"]).ends_with(0).says(&[&other]);
}

/// A configuration with platform `unknown` may be for any platform.
#[test]
fn unknown_platform_is_never_offered() {
    let mut layout = Layout::default();
    let a = image(&mut layout, "unknown/unknown", "a");
    layout.lists(a, &named("a:1"));
    tree(&layout.user(), &["--platform", "linux/amd64"]).ends_with(0).prints(&["a\tf"]);
    let mut layout = Layout::default();
    let a = image(&mut layout, "unknown/unknown", "a");
    layout.lists(a, &super::indexes::on("unknown/unknown"));
    tree(&layout.user(), &["--platform", "linux/amd64"]).ends_with(0).prints(&["a\tf"]);
}
