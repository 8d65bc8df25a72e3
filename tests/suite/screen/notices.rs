//! What a user must see without looking for it, on the smallest usual terminal.

use dive::image::ImageName;

use super::{Screen, Size};
use crate::library;
use crate::place::sample;

const SMALL: Size = (80, 24);

#[test]
fn a_tree_that_the_configuration_empties_names_the_file_and_the_keys() {
    let mut screen = Screen::configured((200, 40), "diff:\n  hide: [added, removed, modified, unmodified]\n");
    screen.opens(library::open(&sample()));
    screen.shows(&["Hidden by diff.hide in", "my.yaml:2", "U unmodified files."]);
    screen.presses("tab A").shows(&["busybox"]).lacks(&["Hidden by"]);
    screen.presses("A R").shows(&["my.yaml:2: added, modified and unmodified files."]);
}

#[test]
fn a_tree_that_keys_emptied_names_the_keys_alone() {
    let mut screen = Screen::of_sample(SMALL);
    screen.presses("tab A");
    screen.shows(&["Hidden: added files.", "In this pane, A shows added files."]).lacks(&["diff.hide"]);
    screen.presses("slash").types("nowhere").shows(&["No file matches the filter.", "Hidden: added files."]);
}

#[test]
fn other_images_of_the_file_are_told_with_the_way_to_open_them() {
    let name = |index| ImageName { index, tags: vec![format!("other:{index}")], id: None };
    for (others, told) in [(vec![1], "1 more image here: --image 1"), (vec![0, 2, 3], "3 more images here: --image N")]
    {
        let mut opened = library::open(&sample());
        opened.image.other_images = others.iter().copied().map(name).collect();
        let mut screen = Screen::looking(SMALL, &[]);
        screen.opens(opened).shows(&[told]);
        screen.presses("right right").shows(&["More images in the file (--image)"]);
    }
    Screen::of_sample(SMALL).lacks(&["--image"]);
}
