//! What a small terminal still shows: hints, hidden kinds, paths and indentation.

use super::{Screen, Size, lines};
use crate::build::{Format, image};

const SMALL: Size = (80, 24);

/// The last row.
fn footer(screen: &Screen) -> String {
    lines(&screen.cells()).pop().unwrap()
}

#[test]
fn hidden_kinds_are_shown_beside_the_longest_path() {
    let deep = "var/lib/".to_owned() + &"long-directory/".repeat(8) + "file";
    let archive = image().layer(|l| l.file(deep, "x")).save(Format::DockerArchive);
    let mut screen = Screen::showing(archive.path().to_str().unwrap(), SMALL, &[]);
    screen.presses("tab").lacks(&["hidden"]);
    assert!(!footer(&screen).contains("Kinds"), "no room: {}", footer(&screen));
    screen.presses("U G").shows(&["hidden: unmodified · /var/lib/long-di", "long-directory/file ━"]);
    assert!(footer(&screen).contains("A R M U Kinds"), "{}", footer(&screen));
    screen.presses("R M").shows(&["hidden: removed, modified, unmodified · /var/"]);
}

/// Each toggle is a hint of its own for the mouse, and all four stand side by side.
#[test]
fn the_kinds_are_one_group_of_hints() {
    let mut screen = Screen::of_sample((140, 40));
    screen.presses("tab");
    screen.shows(&["A R M U Kinds"]);
    screen.clicks("M U Kinds").shows(&["hidden: modified"]);
    screen.clicks("U Kinds").shows(&["hidden: modified, unmodified"]);
}

#[test]
fn a_wider_screen_has_all_hints_of_a_narrower_one() {
    for keys in ["", "tab", "tab U", "tab slash s enter", "w", "down down tab G", "G tab g"] {
        let mut before: Vec<String> = Vec::new();
        for width in (60..200).step_by(2) {
            let mut screen = Screen::of_sample((width, 24));
            screen.presses(keys);
            let row = footer(&screen).trim_end().to_owned();
            let hints: Vec<String> = row.split("  ").map(str::to_owned).collect();
            for hint in &before {
                assert!(hints.contains(hint), "{keys:?} at {width}: no {hint:?} in {row:?}");
            }
            before = hints;
        }
    }
}

#[test]
fn a_small_screen_has_the_hints_that_matter() {
    let mut screen = Screen::of_sample(SMALL);
    assert_eq!(
        footer(&screen).trim_end(),
        "^C Quit  ? Help  tab Files  ^F Filter  w Waste  o Next change  c Layer  a All"
    );
    screen.presses("tab");
    assert_eq!(
        footer(&screen).trim_end(),
        "^C Quit  ? Help  tab Layers  enter Collapse  ^F Filter  o Next change  : Actions"
    );
}

/// A path keeps its start beside the layers, where its row is cut.
#[test]
fn a_long_path_loses_its_middle() {
    let path = "root/.npm/_cacache/content-v2/sha512/02/e9/7a9c57a1b9d5e5ba9c98a7f9e1f9f1b6c3";
    let archive = image().layer(|l| l.file("a", "")).layer(|l| l.file(path, "x")).save(Format::DockerArchive);
    let mut screen = Screen::showing(archive.path().to_str().unwrap(), SMALL, &[]);
    screen.presses("down").shows(&["/root/.npm…", "f1b6c3 ─"]);
    screen.presses("tab U").shows(&["hidden: unmodified · /root/.npm/_cac"]);
}

/// Rows of the list of inefficient files differ in their ends; the border has the whole path.
#[test]
fn an_inefficient_file_is_told_from_the_others() {
    let path = "usr/share/application/resources/translations/";
    let archive = image()
        .layer(|l| l.file(format!("{path}german"), "1").file(format!("{path}french"), "1"))
        .layer(|l| l.file(format!("{path}german"), "22").file(format!("{path}french"), "2"))
        .save(Format::DockerArchive);
    let mut screen = Screen::showing(archive.path().to_str().unwrap(), (100, 30), &[]);
    screen.presses("right right G").shows(&["/german", "/french", "/usr/share", "translations/french ━"]);
}

/// A deep path in view does not take the indentation from the rows above it.
#[test]
fn the_indentation_follows_the_cursor() {
    let deep = (0..30).fold(String::new(), |path, at| format!("{path}d{at}/")) + "end";
    let archive = image().layer(|l| l.file("a/b/c", "x").file(deep, "x")).save(Format::DockerArchive);
    for size in [(100, 30), (140, 40)] {
        let mut screen = Screen::showing(archive.path().to_str().unwrap(), size, &[]);
        screen.presses("tab").shows(&["├─a", "│ └─b", "│   └─c", "⋯ "]);
        screen.presses("G").shows(&["⋯ d10", "└─d29", "  └─end"]);
        screen.presses("g").shows(&["├─a", "│ └─b"]);
    }
}

/// The end of an error says what to write. Beside the text, it would be cut.
#[test]
fn a_long_error_has_a_row_of_its_own() {
    let mut screen = Screen::of_sample((60, 16));
    screen.presses("slash").types("stock(");
    let drawn = lines(&screen.cells());
    let [.., prompt, footer] = drawn.as_slice() else { panic!("no rows") };
    assert_eq!(prompt.trim_end(), "Filter: stock(");
    assert!(footer.starts_with("character 6: unclosed group"), "{footer}");
}

/// The title keeps what the layers are compared with.
#[test]
fn a_narrow_title_is_shorter_rather_than_cut() {
    let mut screen = Screen::of_sample((200, 40));
    screen.presses("b e").shows(&["Layers (7) · compared with 0 · all steps"]);
    let mut screen = Screen::of_sample(SMALL);
    screen.presses("b e").shows(&["Layers (7) · from 0 · all steps"]);
}

#[test]
fn an_empty_directory_has_nothing_to_view() {
    let archive = image().layer(|l| l.dir("empty").file("file", "x")).save(Format::DockerArchive);
    let mut screen = Screen::showing(archive.path().to_str().unwrap(), SMALL, &[]);
    screen.presses("tab");
    assert!(!footer(&screen).contains("enter"), "{}", footer(&screen));
    screen.presses("down");
    assert!(footer(&screen).contains("enter View"), "{}", footer(&screen));
}

/// In the results, the key of the search edits it, as that of the filter does.
#[test]
fn the_key_of_the_search_edits_it() {
    let mut screen = Screen::of_sample(SMALL);
    screen.presses("F").types("csv").presses("enter F").shows(&["Search all layers: csv"]);
    screen.types("x").shows(&["Search all layers: csvx"]);
}
