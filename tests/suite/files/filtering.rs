//! Filters and navigation in their results.

use dive::tui::state::files::{FileTreePane, Filter, Folding, Jump};
use dive_model::tree::Change;

use super::pane::Pane;
use crate::build::{Image, image};

fn system() -> Image {
    image().layer(|l| {
        l.file("etc/passwd", "12345")
            .file("etc/pam.d/login", "1234567")
            .file("usr/bin/passwd", "123456789")
            .file("usr/lib/libpam.so", "1234567890")
            .file("usr/share/README", "1")
            .dir("var/lib")
    })
}

/// Parent directories are shown with each match.
#[test]
fn matches_are_shown_with_their_parents() {
    let mut pane = Pane::of(&system());
    pane.filter("passwd").shows(
        "
        > ├─ etc/           added   5 B
          │  └─ passwd      added   5 B   match
          └─ usr/           added   9 B
             └─ bin/        added   9 B
                └─ passwd   added   9 B   match
        ",
    );
    assert_eq!(pane.files.matches(), 2);
    pane.filter("nothing").shows("");
    assert_eq!((pane.files.matches(), pane.selected()), (0, "nothing".into()));
    pane.filter("");
    assert_eq!((pane.files.row_count(), pane.files.filter().map(Filter::text)), (13, None));
}

/// A matching directory shows its contents; only new occurrences count as matches.
#[test]
fn matching_directory_shows_its_contents() {
    Pane::of(&system()).filter("pam").shows(
        "
        > ├─ etc/              added   7 B
          │  └─ pam.d/         added   7 B    match
          │     └─ login       added   7 B
          └─ usr/              added   10 B
             └─ lib/           added   10 B
                └─ libpam.so   added   10 B   match
        ",
    );
}

#[test]
fn filter_matches_the_full_path() {
    let matches = |text: &str| {
        let mut pane = Pane::of(&system());
        pane.filter(text);
        let rows = pane.files.rows(pane.tree(), 0, usize::MAX);
        let hits = rows.iter().filter(|row| row.is_match);
        let mut paths = String::new();
        for row in hits {
            paths += &String::from_utf8_lossy(&pane.tree().path(row.node));
            paths.push(' ');
        }
        paths
    };
    assert_eq!(matches("^/etc/"), "/etc/pam.d /etc/passwd ");
    assert_eq!(matches("/etc/passwd"), "/etc/passwd ");
    assert_eq!(matches("etc.*in$"), "/etc/pam.d/login ");
    assert_eq!(matches(r"\.so$|^/var"), "/usr/lib/libpam.so /var ");
    assert_eq!(matches("/lib"), "/usr/lib /usr/lib/libpam.so /var/lib ");
    // A pattern with capitals is case-sensitive.
    assert_eq!(matches("readme"), "/usr/share/README ");
    assert_eq!(matches("README"), "/usr/share/README ");
    assert_eq!(matches("Readme"), "");
    assert_eq!(matches(r"readme|\S\D"), matches("readme|.."));
}

#[test]
fn filter_finds_non_utf8_names() {
    let image = image().layer(|l| l.file(b"caf\xe9", "").file("cafe", ""));
    let mut pane = Pane::of(&image);
    assert_eq!(pane.filter(r"(?-u:\xe9)").files.matches(), 1);
    assert_eq!(pane.filter("caf").files.matches(), 2);
}

/// A size applies to files; directories are shown for their contents.
#[test]
fn size_filter_applies_to_files() {
    let mut pane = Pane::of(&system());
    pane.filter(">=9").shows(
        "
        > └─ usr/              added   19 B
             ├─ bin/           added   9 B
             │  └─ passwd      added   9 B    match
             └─ lib/           added   10 B
                └─ libpam.so   added   10 B   match
        ",
    );
    pane.filter("pass <9");
    assert_eq!(pane.paths(), ["/etc", "/etc/passwd"]);
    // The word matches only the directory's name, but the file is the match.
    pane.filter("<9 pam");
    assert_eq!((pane.paths().pop(), pane.files.matches()), (Some("/etc/pam.d/login".into()), 1));
}

/// An expression is often invalid while it is typed: the last result stays.
#[test]
fn invalid_expression_keeps_the_last_result() {
    let mut pane = Pane::of(&system());
    pane.filter("passwd");
    let error = Filter::parse("passwd(").unwrap_err();
    assert_eq!(error.to_string(), "character 7: unclosed group; write \\( for the character");
    assert_eq!((pane.files.filter().map(Filter::text), pane.files.matches()), (Some("passwd"), 2));
}

/// A filter expands directories to show its matches; closing it restores them.
#[test]
fn filter_expands_directories_and_restores_them() {
    let mut pane = Pane::folded(&system(), Folding::Collapsed);
    pane.filter("passwd");
    assert_eq!(pane.files.row_count(), 5);
    pane.on("usr").fold().shows(
        "
          ├─ etc/        added   5 B
          │  └─ passwd   added   5 B   match
        > └─ usr/ ...    added   9 B
        ",
    );
    pane.compare(None, 0);
    assert_eq!(pane.files.row_count(), 3);
    pane.fold_all();
    assert_eq!(pane.paths(), ["/etc", "/usr"]);
    pane.filter("passw");
    assert_eq!(pane.files.row_count(), 5);
    pane.filter("");
    assert_eq!(pane.paths(), ["/etc", "/usr", "/var"]);
}

#[test]
fn filter_stays_across_layers_and_kinds() {
    let image = image().layer(|l| l.file("a/x1", "1").file("b/x2", "1")).layer(|l| l.file("c/x3", "").whiteout("a/x1"));
    let mut pane = Pane::of(&image);
    pane.filter("x");
    assert_eq!(pane.files.matches(), 3);
    pane.toggle(Change::Unmodified).shows(
        "
        > ├─ a/      modified   0 B
          │  └─ x1   removed    1 B   match
          └─ c/      added      0 B
             └─ x3   added      0 B   match
        ",
    );
    pane.compare(None, 0);
    assert_eq!((pane.files.matches(), pane.paths().len()), (2, 4));
}

#[test]
fn next_and_previous_match_wrap_around() {
    let mut pane = Pane::of(&system());
    assert_eq!(pane.jump(FileTreePane::next_match), (Jump::Nowhere, "/etc".into()));
    pane.filter("lib|passwd").on("usr").fold();
    let (done, wrapped) = (Jump::Done, Jump::Wrapped);
    let next = FileTreePane::next_match;
    assert_eq!(pane.jump(next), (done, "/usr/bin/passwd".into()));
    assert_eq!(pane.jump(next), (done, "/usr/lib".into()));
    assert_eq!(pane.jump(next), (done, "/usr/lib/libpam.so".into()));
    assert_eq!(pane.jump(next), (done, "/var/lib".into()));
    assert_eq!(pane.jump(next), (wrapped, "/etc/passwd".into()));
    let previous = FileTreePane::previous_match;
    assert_eq!(pane.jump(previous), (wrapped, "/var/lib".into()));
    assert_eq!(pane.jump(previous), (done, "/usr/lib/libpam.so".into()));
    assert_eq!(pane.jump(previous), (done, "/usr/lib".into()));
    assert_eq!(pane.jump(previous), (done, "/usr/bin/passwd".into()));
}

/// Names are searched in one buffer, so a match must not span two of them.
#[test]
fn match_does_not_span_two_names() {
    let image = image().layer(|l| l.file("ab", "").file("bc", "").file("c/ab", "").file("c/b", ""));
    let mut pane = Pane::of(&image);
    let mut matches = |text: &str| pane.filter(text).files.matches();
    assert_eq!([matches("abb"), matches("b/?b"), matches("bbc"), matches("b+"), matches("(b)*")], [0, 0, 0, 4, 5]);
}
