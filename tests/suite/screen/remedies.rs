//! The list of waste: what its rows are called, and what to write instead.

use super::{Screen, Size};
use crate::build::{Format, Layer, image};

const SMALL: Size = (80, 24);

/// The list of waste of an image whose second layer hides what an instruction made.
fn waste(instruction: &str, below: impl Fn(Layer) -> Layer, above: impl Fn(Layer) -> Layer) -> Screen {
    let archive = image()
        .layer(|l| below(l).created_by(instruction))
        .layer(|l| above(l).created_by("RUN true"))
        .save(Format::DockerArchive);
    let mut screen = Screen::showing(archive.path().to_str().unwrap(), (120, 40), &[]);
    screen.presses("w");
    screen
}

/// No RUN can delete what a COPY brings.
#[test]
fn the_remedy_is_for_the_instruction_that_stores_the_files() {
    let file = |l: Layer| l.file("a/big", "x");
    let files = |l: Layer| l.file("a/big", "x").file("a/other", "y");
    let deleted = |l: Layer| l.whiteout("a");
    waste("COPY . /", file, deleted).shows(&[
        "Layer 1 deletes the directory, but layer 0 still stores its files.",
        "Remedy: leave it out of the COPY (.dockerignore), or delete it in the stage it is copied from.",
    ]);
    waste("COPY --from=build /a /a", files, deleted).shows(&[
        "Remedy: leave them out of the COPY (.dockerignore), or delete them in the stage they are copied from.",
    ]);
    waste("ADD rootfs.tar /", file, deleted)
        .shows(&["Remedy: leave it out of the ADD: name it in .dockerignore, or pack the archive without it."]);
    waste("RUN make", file, |l| l.whiteout("a/big").file("a/x", "")).shows(&[
        "Layer 1 deletes the file, but layer 0 still stores it.",
        "Remedy: delete it in the RUN that creates it, or build in an earlier stage.",
    ]);
    waste("bazel build ...", files, deleted)
        .shows(&["Remedy: delete them in the step that creates them, or build in an earlier stage."]);
    waste("COPY . /", file, |l| l.file("a/big", "z")).shows(&["Remedy: write the final content in layer 0."]);
    waste("COPY . /", file, |l| l.file("a/big", "x").mode(0o600))
        .shows(&["Remedy: set mode and owner in layer 0 (`--chmod=`, `--chown=`)."]);
}

/// The rows of an open group have what tells them apart.
#[test]
fn a_file_of_an_open_group_is_below_its_path() {
    let folder = "root/.npm/_cacache/content-v2/sha512";
    let files = |l: Layer| (0..3).fold(l, |l, at| l.file(format!("{folder}/{at}/7a9c57a1b9d5e5ba9c98"), "x"));
    let archive = image()
        .layer(|l| files(l.file("root/.npm/_index", "i")).created_by("RUN npm install"))
        .layer(|l| l.whiteout("root/.npm"))
        .save(Format::DockerArchive);
    let mut screen = Screen::showing(archive.path().to_str().unwrap(), SMALL, &[]);
    screen.presses("w").shows(&["▸ /root/.npm", "enter Open"]);
    screen.presses("enter").shows(&["▾ /root/.npm", "enter Collapse", "/sha512/0/7a9c57a1b9d5e5ba9c98", " /_index"]);
    screen.presses("down").shows(&["enter Go to file", "/root/.npm/_cacache/content-v2/sha512/"]);
}

/// `/` says nothing of the files of a group.
#[test]
fn a_group_all_over_the_image_is_called_after_its_largest_file() {
    let files = |l: Layer| l.file("one", "x").file("two", "xxx").file("three", "x");
    let again = |l: Layer| l.file("one", "y").file("two", "yyy").file("three", "y");
    waste("RUN a", files, again).shows(&["▸ /two and 2 more"]);
}

#[test]
fn a_kept_filter_is_visible() {
    let mut screen = Screen::of_sample(SMALL);
    screen.presses("w slash").types("cache").presses("enter").shows(&["Filter: cache", "esc Clear filter", "41 kB"]);
    screen.presses("esc").lacks(&["Filter:"]).shows(&["┏ Waste", "esc Close"]);
    screen.presses("slash").types("nowhere").shows(&["No reclaimable file matches the filter."]);
}

#[test]
fn a_kept_filter_of_the_advice_is_visible() {
    let mut screen = Screen::of_sample(SMALL);
    screen.presses("w tab").runs_jobs().presses("slash").types("later").presses("enter");
    screen.shows(&["┏ Advice", "Filter: later", "esc Clear filter"]);
    screen.presses("esc").lacks(&["Filter:"]).shows(&["┏ Advice", "esc Close"]);
}
