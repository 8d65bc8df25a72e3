//! dive's numbers where they are surprising.

use super::Fill;
use crate::build::image;

#[test]
fn classic_numbers_forget_unlisted_directories() {
    // Results of dive 0.13.1: a budget must not fail because dive-rs counts more than dive.
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
