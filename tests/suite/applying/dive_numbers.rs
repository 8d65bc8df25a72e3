//! dive's numbers where they differ from what one would think.

use super::Fill;
use crate::build::image;

#[test]
fn dive_forgets_that_a_directory_is_one_when_a_layer_does_not_list_it() {
    // dive 0.13.1 was asked: a budget must not break because we count what it does not.
    let counted = |fill: Fill| {
        let image = image().layer(|l| l.dir("d").file("d/a", "1")).layer(fill).layer(|l| l.whiteout("d"));
        let opened = image.layer(|l| l.file("d", "4444")).open();
        let files = opened.classic().inefficient_files;
        (opened.tree().path(files[0].node), files[0].count, files[0].size_bytes)
    };
    assert_eq!(counted(|l| l.dir("d").file("d/b", "22")), (b"/d".to_vec(), 2, 3 + 4));
    assert_eq!(counted(|l| l.file("d/b", "22")), (b"/d".to_vec(), 2, 4));
    assert_eq!(counted(|l| l.whiteout("d/a")), (b"/d".to_vec(), 2, 4));
}
