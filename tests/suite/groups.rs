//! Waste grouped by directory. A failure means that a report has a thousand rows, or names an unrelated directory.

use dive_model::analysis::WasteGroup;

use crate::build::{DrawnImage, assert_drawn, image};

/// Asserts the groups of a report: path, bytes, files, layers and cause.
#[track_caller]
fn groups_are(opened: &DrawnImage, expected: &str) {
    let (tree, exact) = (opened.tree(), opened.exact());
    let groups = WasteGroup::of(tree, &exact);
    assert_eq!(groups.iter().map(|group| group.size_bytes).sum::<u64>(), exact.reclaimable_bytes());
    let row = |group: &WasteGroup| {
        let path = String::from_utf8_lossy(&tree.path(group.place)).into_owned();
        let (layer, hidden_by) = (group.layer.get(), group.hidden_by.get());
        format!("{path} {} B {} files {layer} {hidden_by} {}\n", group.size_bytes, group.files, group.cause.name())
    };
    assert_drawn(&groups.iter().map(row).collect::<String>(), expected);
}

#[test]
fn removed_directory_is_one_group() {
    let opened = image()
        .layer(|l| l.file("root/.npm/a/b/c/1", "12345").file("root/.npm/a/2", "123").file("root/.npm/3", "1"))
        .layer(|l| l.whiteout("root/.npm"))
        .open();
    groups_are(&opened, "/root/.npm 9 B 3 files 0 1 deleted-with-directory");
}

#[test]
fn single_wasted_file_is_named_itself() {
    let opened = image().layer(|l| l.file("var/log/big", "12345")).layer(|l| l.whiteout("var/log/big")).open();
    groups_are(&opened, "/var/log/big 5 B 1 files 0 1 deleted");
}

#[test]
fn small_directories_are_grouped_under_their_parent() {
    let mut lower = image().layer(|mut l| {
        for directory in 0..20 {
            l = l.file(format!("usr/lib/d{directory}/f"), "12345");
        }
        l.file("usr/share/large", "x".repeat(60)).file("usr/share/other", "x".repeat(40))
    });
    lower = lower.layer(|mut l| {
        for directory in 0..20 {
            l = l.file(format!("usr/lib/d{directory}/f"), "54321");
        }
        l.file("usr/share/large", "y".repeat(60)).file("usr/share/other", "y".repeat(40))
    });
    groups_are(
        &lower.open(),
        "
        /usr/lib 100 B 20 files 0 1 overwritten
        /usr/share 100 B 2 files 0 1 overwritten
        ",
    );
}

#[test]
fn waste_groups_separate_layers_and_causes() {
    let opened = image()
        .layer(|l| l.dir("d").file("d/a", "1").file("d/b", "22").file("d/c", "333"))
        .layer(|l| l.file("d/a", "2").whiteout("d/b"))
        .layer(|l| l.dir("d").opaque("d").file("d/new", "4444"))
        .open();
    groups_are(
        &opened,
        "
        /d/c 3 B 1 files 0 2 hidden-by-opaque
        /d/b 2 B 1 files 0 1 deleted
        /d/a 1 B 1 files 0 1 overwritten
        /d/a 1 B 1 files 1 2 hidden-by-opaque
        ",
    );
}
