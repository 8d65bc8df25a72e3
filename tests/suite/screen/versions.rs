//! The difference of two versions of a file.

use super::answers::footer;
use super::{Screen, Size};
use crate::build::{Format, Layer, Packing, image};

const USUAL: Size = (120, 40);

/// What changed inside the file?
#[test]
fn two_versions_of_a_file_are_compared() {
    let archive = image()
        .layer(|l| l.file("etc/app.conf", "port = 80\nhost = a\n").file("usr/app", "\0one").file("new", "1"))
        .layer(|l| l.file("etc/app.conf", "port = 8080\nhost = a\n").file("usr/app", "\0two"))
        .layer(|l| l.file("etc/app.conf", "port = 8080\nhost = b\n"))
        .save(Format::DockerArchive);
    let mut screen = Screen::showing(archive.path().to_str().unwrap(), USUAL, &[]);
    screen.presses("down down tab");
    assert_eq!(screen.selected(), "/etc/app.conf");
    assert!(footer(&screen).contains("D Diff"), "{}", footer(&screen));
    screen.presses("D").runs_jobs();
    screen.shows(&["/etc/app.conf · from layer 1 to layer 2", "@@ -1,2 +1,2 @@", "-host = a", "+host = b"]);
    // A difference is neither bytes nor a file to extract.
    assert!(!footer(&screen).contains("Text or hex") && !footer(&screen).contains("Extract"), "{}", footer(&screen));
    screen.presses("t").shows(&["-host = a", "this is a difference; view a version first"]);
    screen.presses("x").shows(&["-host = a", "this is a difference"]);
    // The same in the history, for each version.
    screen.presses("esc H up D").runs_jobs().shows(&["from layer 0 to layer 1", "-port = 80", "+port = 8080"]);
    screen.presses("esc up D").shows(&["there is no version before this one"]);
    // With a marked base, its version is the other one.
    screen.presses("esc tab g b G tab D").runs_jobs().shows(&["from layer 0 to layer 2", "-port = 80", "+host = b"]);
    screen.presses("slash").types("host = b").presses("enter").lacks(&["no match"]);
    // Content that is not text, and a path without an older version.
    let mut screen = Screen::showing(archive.path().to_str().unwrap(), USUAL, &[]);
    screen.finds("down", "usr/app$").presses("D").runs_jobs();
    screen.shows(&["the versions differ, but are not text"]);
    screen.presses("esc esc tab").finds("g", "new$");
    assert!(!footer(&screen).contains("D Diff"), "{}", footer(&screen));
    screen.presses("D").shows(&["there is no version before this one"]);
}

#[test]
fn a_difference_names_the_changed_attributes() {
    let archive = image()
        .layer(|l| l.file("etc/key", "secret\n"))
        .layer(|l| l.file("etc/key", "secret\n").mode(0o600).owner(7, 8))
        .save(Format::DockerArchive);
    let mut screen = Screen::showing(archive.path().to_str().unwrap(), USUAL, &[]);
    screen.presses("down").finds("down", "key$").presses("D").runs_jobs();
    screen.shows(&["mode 0644 -> 0600", "owner 0:0 -> 7:8", "The content is the same.", "┃mode 0644", "━ 100 % ━"]);
}

/// A file that was only touched differs in nothing but its time, which is not in the tree.
#[test]
fn a_difference_names_the_changed_time() {
    for packing in [Packing::Plain, Packing::Gzip] {
        let archive = image()
            .layer(|l| l.file("a", "one\n").file("b", "same\n").file("c", "").built_at(1_000_000_000).packed(packing))
            .layer(|l| l.file("a", "two\n").file("b", "same\n").file("c", "").built_at(1_000_000_001).packed(packing))
            .layer(|l| l.file("b", "same\n").built_at(1_000_000_001).packed(packing))
            .save(Format::DockerArchive);
        let mut screen = Screen::showing(archive.path().to_str().unwrap(), USUAL, &[]);
        let changed = "modified 2001-09-09T01:46:40Z -> 2001-09-09T01:46:41Z";
        screen.presses("down tab D").runs_jobs().shows(&[changed, "-one", "+two"]);
        for file in ["b$", "c$"] {
            screen.presses("esc esc tab").finds("g", file).presses("tab g down tab D").runs_jobs();
            screen.shows(&[changed, "The content is the same."]);
        }
        screen.presses("esc esc tab G tab").finds("", "b$").presses("D").runs_jobs();
        screen.shows(&["The content, the mode, the owner and the time are the same."]).lacks(&["modified"]);
    }
}

/// A hostile image cannot take memory or time by a comparison.
#[test]
fn only_files_of_a_bounded_size_are_compared() {
    let large = |byte: &str| byte.repeat(5_000_000);
    let lines = |byte: &str| format!("{byte}\n").repeat(500_001);
    for (content, shown) in [
        (&large as &dyn Fn(&str) -> String, "the file is too large to compare (limit 4,000,000 bytes)"),
        (&lines, "dive compares files of up to 500000 lines; this one has 500001"),
    ] {
        let version = |byte: &str| {
            let content = content(byte);
            move |l: Layer| l.file("f", content)
        };
        let archive = image().layer(version("a")).layer(version("b")).save(Format::DockerArchive);
        let mut screen = Screen::showing(archive.path().to_str().unwrap(), USUAL, &[]);
        screen.presses("down tab D").runs_jobs().shows(&[shown]);
    }
}
