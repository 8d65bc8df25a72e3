//! The screens that documents show. A comment `<!-- screen 110x30: down down -->` says how large the screen is and which keys
//! were pressed on the sample; what stands in the block behind it must be what is drawn then.

use std::fmt::Write;

use super::Screen;
use crate::place::{repository, sample};

/// The variable that has the documents rewritten.
const REWRITE: &str = "DIVE_REWRITE_DOCUMENTS";

const OPEN: &str = "<!-- screen ";
const FENCE: &str = "```";

/// A document with every screen drawn anew.
fn drawn_anew(document: &str) -> String {
    let mut out = String::new();
    let mut lines = document.lines().peekable();
    while let Some(line) = lines.next() {
        writeln!(out, "{line}").unwrap();
        let Some(told) = line.strip_prefix(OPEN).and_then(|rest| rest.strip_suffix(" -->")) else { continue };
        let (size, keys) = told.split_once(':').expect("a size, a colon, keys");
        let (width, height) = size.split_once('x').expect("WIDTHxHEIGHT");
        let mut screen = Screen::showing(&sample(), (width.parse().unwrap(), height.parse().unwrap()), &[]);
        screen.presses(keys).works();
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
fn the_documents_show_the_screen_as_it_is() {
    for name in ["README.md", "docs/explorer.md"] {
        let path = repository(name);
        let document = std::fs::read_to_string(&path).unwrap();
        let anew = drawn_anew(&document);
        assert!(anew.matches(OPEN).count() > 0, "{name} shows no screen");
        if std::env::var_os(REWRITE).is_some() {
            std::fs::write(&path, &anew).unwrap();
        } else {
            let wrong: Vec<_> = document.lines().zip(anew.lines()).filter(|(old, new)| old != new).take(3).collect();
            assert!(document == anew, "{name} shows what is not drawn; {REWRITE}=1 rewrites it: {wrong:#?}");
        }
    }
}
