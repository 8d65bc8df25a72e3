//! Notices that a user must see, on the smallest common terminal.

use dive::tui::update::Effect;
use dive_model::image::{ImageName, OtherEntry};

use super::{Screen, Size};
use crate::build::{Format, image};
use crate::library;
use crate::place::sample;

const SMALL: Size = (80, 24);

/// The example in dive's README hides all four kinds, and people copy it. An empty pane would look like a broken image.
#[test]
fn tree_emptied_by_configuration_names_the_file() {
    let mut screen = Screen::configured((200, 40), "diff:\n  hide: [added, removed, modified, unmodified]\n");
    screen.opens(library::open(&sample()));
    screen.shows(&["Hidden by diff.hide in", "my.yaml:2", "U unmodified files."]);
    screen.presses("tab A").shows(&["busybox"]).lacks(&["Hidden by"]);
    screen.presses("A R").shows(&["my.yaml:2: added, modified and unmodified files."]);
}

/// Keys, not the configuration, emptied the pane.
#[test]
fn tree_emptied_by_keys_names_the_keys() {
    let mut screen = Screen::of_sample(SMALL);
    screen.presses("tab A");
    screen.shows(&["Hidden: added files.", "In this pane, A shows added files."]).lacks(&["diff.hide"]);
    screen.presses("slash").types("nowhere").shows(&["No file matches the filter.", "Hidden: added files."]);
}

#[test]
fn configuration_warnings_are_counted_and_listed() {
    let mut screen = Screen::configured(SMALL, "lgo: true\ndiff:\n  hied: []\n");
    screen.shows(&["! 2 warnings  "]);
    screen.presses("!").shows(&["Warnings (2)", "Configuration", "my.yaml:1: unknown key `lgo`", "`diff.hied`"]);
    screen.presses("q").lacks(&["Warnings (2)"]);
    screen.opens(library::open(&sample())).shows(&["! 2 warnings  "]);
    screen.presses("tab").shows(&["! 2 warnings  "]);
    screen.presses("f3").shows(&["Warnings (2)"]);
}

#[test]
fn image_warnings_are_counted_and_listed() {
    let odd = image().layer(|l| l.file("a", "1")).layer(|l| l.whiteout("gone\u{1b}[2J")).save(Format::DockerArchive);
    let mut screen = Screen::showing(odd.path().to_str().unwrap(), SMALL, &[]);
    screen.shows(&["! 1 warning  "]);
    screen.presses("!").shows(&["Warnings (1)", "Image", "! layer 1: the whiteout of"]);
    screen.lacks(&["Configuration", "\u{1b}"]);
}

#[test]
fn a_choice_of_order_and_columns_survives_another_image() {
    let mut opened = library::open(&sample());
    let shown = std::sync::Arc::get_mut(&mut opened.image).expect("nothing else holds the image");
    shown.other_images =
        vec![ImageName { index: 1, tags: [].into(), id: None, shares_tags: false, platforms: Vec::new() }];
    let mut screen = Screen::loading((120, 40), &[]);
    screen.opens(opened).presses("tab s U").shows(&["▼ Shown", "hidden: unmodified"]);
    screen.presses("i enter").shows(&["Looking for the image"]);
    screen.opens(library::open(&sample())).presses("tab").shows(&["▼ Shown", "hidden: unmodified"]);
}

#[test]
fn no_warnings_show_no_mark() {
    let mut screen = Screen::of_sample(SMALL);
    screen.lacks(&["warning"]);
    screen.presses("!").shows(&["there are no warnings"]);
    assert!(!screen.effects.iter().any(|effect| matches!(effect, Effect::Quit)));
}

#[test]
fn other_images_of_the_file_are_announced() {
    let name = |index| ImageName {
        index,
        tags: [format!("other:{index}")].into(),
        id: None,
        shares_tags: false,
        platforms: Vec::new(),
    };
    for (others, told) in [(vec![1], "i: 1 more image"), (vec![0, 2, 3], "i: 3 more images")] {
        let mut opened = library::open(&sample());
        let image = std::sync::Arc::get_mut(&mut opened.image).expect("nothing else holds the image");
        image.other_images = others.iter().copied().map(name).collect();
        let mut screen = Screen::loading(SMALL, &[]);
        screen.opens(opened).shows(&[told]);
        screen.presses("right right down down down down").shows(&["More images in the file (--image)"]);
        // Its text has no room beside it.
        let last = others.last().copied().unwrap_or_default();
        screen.presses("down down down").shows(&[&format!("{last}: other:{last}")]);
    }
    Screen::of_sample(SMALL).lacks(&["--image"]);
}

/// As in headless runs: the user learns of signatures and SBOMs in the file.
#[test]
fn other_entries_of_the_file_are_announced() {
    let attestation =
        || OtherEntry { tag: None, digest: "sha256:a".to_owned(), is_attestation: true, artifact_type: None };
    let artifact = || OtherEntry {
        tag: Some("v1.sbom".to_owned()),
        digest: "sha256:b".to_owned(),
        is_attestation: false,
        artifact_type: Some("spdx".to_owned()),
    };
    for (entries, shown) in [
        (vec![attestation()], "also here: 1 attestation "),
        (vec![artifact()], "also here: 1 OCI artifact "),
        (vec![attestation(), attestation()], "also here: 2 attestations "),
        (vec![artifact(), artifact()], "also here: 2 OCI artifacts "),
        (vec![artifact(), attestation()], "also here: 2 OCI artifacts "),
    ] {
        let named = if entries.iter().any(|entry| entry.tag.is_some()) { "(v1.sbom)" } else { "(sha256:a)" };
        let mut opened = library::open(&sample());
        let image = std::sync::Arc::get_mut(&mut opened.image).expect("nothing else holds the image");
        image.other_entries = entries;
        let mut screen = Screen::loading((120, 40), &[]);
        screen.opens(opened).shows(&[shown]);
        screen.presses("right right down down down").shows(&["Other entries in the file", named]);
    }
    // Other images have priority, since they can be opened.
    let mut opened = library::open(&sample());
    let image = std::sync::Arc::get_mut(&mut opened.image).expect("nothing else holds the image");
    image.other_entries = vec![attestation()];
    image.other_images =
        vec![ImageName { index: 1, tags: [].into(), id: None, shares_tags: false, platforms: Vec::new() }];
    Screen::loading(SMALL, &[]).opens(opened).shows(&["1 more image"]).lacks(&["also here"]);
}
