//! Listings. A failure means that 4 kB of image fill a disk or a terminal with paths.

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
