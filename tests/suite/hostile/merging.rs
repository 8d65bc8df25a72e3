//! Small layers that are expensive to merge. A failure means that a few kB of image take minutes of CPU time.

use super::{CPU, Hostile, MEMORY};
use crate::build::{Format, Layer, image};

/// CPU limit of each run in seconds, for this image rather than for any small image.
const SHORT: u64 = CPU / 4;

const LAYERS: usize = 9_999;

/// Each marker hides one file; the layers below must not be searched for it.
#[test]
fn thousands_of_opaque_markers_merge_quickly() {
    let base = (0..20_000).fold(Layer::default(), |tar, at| tar.file(format!("b{at}"), "")).tar();
    let replacing = Layer::default().file("d", "").whiteout("d/.wh..opq").tar();
    let layers = [("base", base), ("replacing", replacing)];
    let listed = (0..LAYERS).map(|at| if at < 20 { "base" } else { "replacing" });
    Hostile::listing(&layers, listed).listed_within(MEMORY, SHORT, "true").ends_with(0);
}

/// Each of many whiteouts resolves 40 symlinks with thousands of components.
#[test]
fn whiteouts_behind_long_symlink_chains_merge_quickly() {
    let path = "d/../".repeat(3000);
    let crafted = image().layer(|l| l.dir("d").file("d/f", "1")).layer(|l| {
        let link = |l: Layer, at: usize| l.symlink(format!("l{at}"), format!("{path}l{}", at - 1));
        let links = (1..=40).fold(l.dir("d").symlink("l0", "d"), link);
        (0..2_000).fold(links, |l, at| l.whiteout(&format!("l39/x{at}")))
    });
    Hostile::of(&crafted.archive(Format::DockerArchive)).listed_within(MEMORY, SHORT, "true").ends_with(0);
}

/// Each entry resolves 250 symlinks with thousands of components.
#[test]
fn entries_behind_long_symlink_chains_merge_quickly() {
    let path = "d/../".repeat(3000);
    let crafted = image().layer(|l| {
        let link = |l: Layer, at: usize| l.symlink(format!("l{at}"), format!("{path}l{}", at - 1));
        let links = (1..=250).fold(l.dir("d").symlink("l0", "d"), link);
        let files = (0..2_000).fold(links, |l, at| l.file(format!("l250/x{at}"), ""));
        (0..2_000).fold(files, |l, at| l.hardlink(&format!("h{at}"), &format!("l250/h{at}")))
    });
    Hostile::of(&crafted.archive(Format::DockerArchive)).listed_within(MEMORY, SHORT, "true").ends_with(0);
}
