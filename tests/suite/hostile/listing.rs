//! Listings. If one of these fails, 4 kB fill a disk or a terminal with paths.

use super::Hostile;
use crate::build::Layer;

/// Paths of 8,000 directories each, as one entry implies them.
fn deep(paths: usize) -> Hostile {
    let path = |at: usize| format!("{at}/{}", "d/".repeat(8000));
    let layer = (0..paths).fold(Layer::default(), |layer, at| layer.dir(&path(at))).zstd().blob();
    Hostile::listing(&[("a.tar", layer)], ["a.tar"])
}

#[test]
fn directories_that_no_entry_names_do_not_make_a_listing_of_gigabytes() {
    let image = deep(10);
    for arguments in [&["tree"][..], &["tree", "--format", "tsv"], &["tree", "--changes", "--layer", "0"]] {
        let ran = image.runs(arguments);
        let error = ran.error();
        assert!(error.contains("80000 directories that no entry names would take 640 MB"), "{error}");
        assert!(error.contains("`--json -`"), "{error}");
    }
    // What prints a part of them, or none, is as it was.
    for arguments in [&[][..], &["--json", "-"], &["--ci"]] {
        let ran = image.runs(arguments).ends_with(0);
        assert!(ran.stdout.len() < 2_000_000, "{arguments:?}: {} bytes", ran.stdout.len());
    }
}

/// Builders leave out directories, and a few kB of long paths are no reason to refuse a listing.
#[test]
fn a_few_directories_without_an_entry_are_listed() {
    let layer = Layer::default().file(format!("{}file", "directory/".repeat(400)), "").tar();
    let image = Hostile::listing(&[("a.tar", layer)], ["a.tar"]);
    image.runs(&["tree"]).ends_with(0).prints(&["directory/directory/file"]);
}
