//! Small layers that are expensive to merge. If one of these fails, a few kB of image take minutes of CPU time.

use super::{CPU, Hostile, MEMORY};
use crate::build::{Format, Layer, image};

/// The CPU time of each run, in seconds: what the image is allowed to cost, and not what all small images are.
const SHORT: u64 = CPU / 4;

const LAYERS: usize = 9_999;

/// The marker of each layer hides one file. What the layers below it hold must not be searched for that.
#[test]
fn thousands_of_opaque_markers_in_replaced_directories_are_merged_quickly() {
    let base = (0..20_000).fold(Layer::default(), |tar, at| tar.file(format!("b{at}"), "")).tar();
    let replacing = Layer::default().file("d", "").whiteout("d/.wh..opq").tar();
    let layers = [("base", base), ("replacing", replacing)];
    let listed = (0..LAYERS).map(|at| if at < 20 { "base" } else { "replacing" });
    Hostile::listing(&layers, listed).listed_within(MEMORY, SHORT, "true").ends_with(0);
}

/// Each of many markers leads over 40 links of thousands of components.
#[test]
fn markers_behind_long_chains_of_links_are_merged_quickly() {
    let path = "d/../".repeat(3000);
    let crafted = image().layer(|l| l.dir("d").file("d/f", "1")).layer(|l| {
        let link = |l: Layer, at: usize| l.symlink(format!("l{at}"), format!("{path}l{}", at - 1));
        let links = (1..=40).fold(l.dir("d").symlink("l0", "d"), link);
        (0..2_000).fold(links, |l, at| l.whiteout(&format!("l39/x{at}")))
    });
    Hostile::of(&crafted.archive(Format::DockerArchive)).listed_within(MEMORY, SHORT, "true").ends_with(0);
}

/// Each entry leads over 250 links of thousands of components.
#[test]
fn entries_behind_long_chains_of_links_are_merged_quickly() {
    let path = "d/../".repeat(3000);
    let crafted = image().layer(|l| {
        let link = |l: Layer, at: usize| l.symlink(format!("l{at}"), format!("{path}l{}", at - 1));
        let links = (1..=250).fold(l.dir("d").symlink("l0", "d"), link);
        let files = (0..2_000).fold(links, |l, at| l.file(format!("l250/x{at}"), ""));
        (0..2_000).fold(files, |l, at| l.hardlink(&format!("h{at}"), &format!("l250/h{at}")))
    });
    Hostile::of(&crafted.archive(Format::DockerArchive)).listed_within(MEMORY, SHORT, "true").ends_with(0);
}
