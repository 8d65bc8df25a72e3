//! What a user must see without looking for it, on the smallest usual terminal.

use dive::image::ImageName;

use super::{Screen, Size};
use crate::library;
use crate::place::sample;

const SMALL: Size = (80, 24);

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
