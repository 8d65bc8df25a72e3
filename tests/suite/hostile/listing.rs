//! Listings and documents. A failure means that 4 kB of image fill a disk or a terminal with paths.

use serde_json::json;

use super::Hostile;
use crate::build::Layer;

/// An image of entries that imply 8,000 directories each.
fn deep(paths: usize) -> Hostile {
    let path = |at: usize| format!("{at}/{}", "d/".repeat(8000));
    let layer = (0..paths).fold(Layer::default(), |layer, at| layer.dir(&path(at))).zstd().blob();
    Hostile::listing(&[("a.tar", layer)], ["a.tar"])
}

#[test]
fn implicit_directories_cannot_inflate_a_listing() {
    let image = deep(10);
    for arguments in [&["tree"][..], &["tree", "--format", "tsv"], &["tree", "--changes", "--layer", "0"]] {
        let ran = image.runs(arguments);
        let error = ran.error();
        assert!(error.contains("640 MB for 80000 directories without an entry"), "{error}");
        assert!(error.contains("`--json -`"), "{error}");
    }
    // Commands that print few of the paths still work.
    for arguments in [&[][..], &["--json", "-"], &["--ci"]] {
        let ran = image.runs(arguments).ends_with(0);
        assert!(ran.stdout.len() < 2_000_000, "{arguments:?}: {} bytes", ran.stdout.len());
    }
}

/// Builders omit directory entries, and a few kB of long paths are harmless.
#[test]
fn some_implicit_directories_are_listed() {
    let layer = Layer::default().file(format!("{}file", "directory/".repeat(400)), "").tar();
    let image = Hostile::listing(&[("a.tar", layer)], ["a.tar"]);
    image.runs(&["tree"]).ends_with(0).prints(&["directory/directory/file"]);
}

/// 100 images of the same two layers, each with 3 MB of paths that the upper layer replaces: all documents take 1.2 GB.
#[test]
fn documents_of_all_images_have_a_limit() {
    let folder = "directory/".repeat(300);
    let layer = (0..1000).fold(Layer::default(), |layer, at| layer.file(format!("{folder}{at}"), "x")).zstd().blob();
    let config = json!({ "rootfs": { "diff_ids": [format!("sha256:{:064x}", 0), format!("sha256:{:064x}", 1)] } });
    let image =
        |at: usize| json!({ "Config": "config.json", "RepoTags": [format!("image:{at}")], "Layers": ["a", "a"] });
    let manifest = json!((0..100).map(image).collect::<Vec<_>>()).to_string();
    let archive = Layer::default().file("a", layer).file("config.json", config.to_string());
    let image = Hostile::of(&archive.file("manifest.json", manifest).tar());

    let is_limited = |written: &str, stderr: &str| {
        assert!(written.len() < 100_000_000, "{} bytes", written.len());
        assert!(stderr.contains("of output, more than the limit of 6") && stderr.contains("with --image"), "{stderr}");
    };
    let file = image.path().with_extension("json");
    let ran = image.runs(&["--ci=false", "--all-images", "--json", file.to_str().unwrap()]).ends_with(2);
    let documents = std::fs::read_to_string(file).unwrap();
    is_limited(&documents, &ran.stderr);
    // What is written is whole.
    let last: serde_json::Value = serde_json::from_str(documents.lines().last().unwrap()).unwrap();
    assert_eq!(last["layer"][1]["fileList"].as_array().unwrap().len(), 1000);
    let ran = image.runs(&["--ci", "--all-images"]).ends_with(2);
    is_limited(&ran.stdout, &ran.stderr);
    assert!(ran.stdout.contains("unread"));
}
