//! Screens in documents, as text and as pictures. A comment `<!-- screen 110x30: down down -->` gives the size and the
//! keys pressed on the sample; the block after it must show the resulting screen. A comment `<!-- picture 110x30: down
//! down -->` does the same for the SVG on the next line, and `<!-- list 100x20: down -->` for a list of images.

use std::fmt::Write;

use super::images::documented_list;
use super::{Screen, Size, svg};
use crate::place::{repository, sample};

/// Rewrites the documents if set.
const REWRITE: &str = "DIVE_REWRITE_DOCUMENTS";

const OPEN: &str = "<!-- screen ";
const OPEN_LIST: &str = "<!-- list ";
const OPEN_PICTURE: &str = "<!-- picture ";
const FENCE: &str = "```";

/// The screen described by a comment, `WIDTHxHEIGHT: KEYS`, which `shows` something at first.
fn screen(comment: &str, shows: impl Fn(Size) -> Screen) -> Screen {
    let (size, keys) = comment.split_once(':').expect("a size, a colon, keys");
    let (width, height) = size.split_once('x').expect("WIDTHxHEIGHT");
    let mut screen = shows((width.parse().unwrap(), height.parse().unwrap()));
    screen.presses(keys).runs_jobs();
    screen
}

/// The document with every screen updated.
fn with_current_screens(document: &str) -> String {
    let mut out = String::new();
    let mut lines = document.lines().peekable();
    while let Some(line) = lines.next() {
        writeln!(out, "{line}").unwrap();
        let comment = |open| line.strip_prefix(open).and_then(|rest| rest.strip_suffix(" -->"));
        let screen = match (comment(OPEN), comment(OPEN_LIST)) {
            (Some(comment), _) => screen(comment, |size| Screen::showing(&sample(), size, &[])),
            (_, Some(comment)) => screen(comment, |size| documented_list(size, &[])),
            (None, None) => continue,
        };
        while lines.peek().is_some_and(|line| line.is_empty()) {
            lines.next();
        }
        if lines.next_if(|line| line.starts_with(FENCE)).is_some() {
            for line in lines.by_ref() {
                if line == FENCE {
                    break;
                }
            }
        }
        write!(out, "\n{FENCE}text\n{}{FENCE}\n", screen.drawn()).unwrap();
        if lines.peek().is_some_and(|line| !line.is_empty()) {
            writeln!(out).unwrap();
        }
    }
    out
}

#[test]
fn documents_show_the_current_screens() {
    ["docs/explorer.md", "docs/many.md"].into_iter().for_each(check);
}

/// Compares the screens of a document with the program's, or rewrites them.
fn check(name: &str) {
    let path = repository(name);
    let document = std::fs::read_to_string(&path).unwrap();
    let anew = with_current_screens(&document);
    assert!([OPEN, OPEN_LIST].iter().any(|open| anew.contains(open)), "{name} shows no screen");
    if std::env::var_os(REWRITE).is_some() {
        std::fs::write(&path, &anew).unwrap();
    } else {
        let wrong: Vec<_> = document.lines().zip(anew.lines()).filter(|(old, new)| old != new).take(3).collect();
        assert!(document == anew, "{name} is outdated; `cargo xtask docs` rewrites it: {wrong:#?}");
    }
}

#[test]
fn readme_pictures_show_the_current_screen() {
    let document = std::fs::read_to_string(repository("README.md")).unwrap();
    let mut lines = document.lines();
    let mut count = 0;
    while let Some(line) = lines.next() {
        let Some(comment) = line.strip_prefix(OPEN_PICTURE).and_then(|rest| rest.strip_suffix(" -->")) else {
            continue;
        };
        let shown = lines.next().and_then(|line| line.strip_prefix("![")?.strip_suffix(')')).expect("![TITLE](PATH)");
        let (title, path) = shown.split_once("](").expect("a title and a path");
        let cells = screen(comment, |size| Screen::showing(&sample(), size, &[("DIVE_THEME", "dark")])).cells();
        let drawn = svg::svg(&cells, title, svg::Paper::DARK);
        let file = repository(path);
        if std::env::var_os(REWRITE).is_some() {
            std::fs::write(&file, &drawn).unwrap();
        }
        let kept = std::fs::read_to_string(&file).unwrap_or_default();
        assert!(kept == drawn, "{path} is outdated; {REWRITE}=1 rewrites it");
        count += 1;
    }
    assert_eq!(count, 2, "pictures in README.md");
}
