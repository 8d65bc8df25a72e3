//! Hostile file names.

use super::session::Session;
use super::{SMALL, USUAL, written};
use crate::build::{Format, Image, image};
use crate::place::fixture;
use crate::user::User;

const NAMES: [&[u8]; 24] = [
    b"title-\x1b]0;owned\x07",
    b"ask-\x1b[6n",
    b"reset-\x1bc",
    b"c1-\x9b6n",
    "c1-utf8-\u{9b}6n".as_bytes(),
    b"bell-\x07-backspace-\x08-delete-\x7f",
    b"line\nfeed\r-and-tab\t",
    b"no-utf8-\xff\xfe\xc3",
    "bidi-\u{202e}gpj.exe".as_bytes(),
    "isolate-\u{2066}x\u{2069}-mark-\u{200f}".as_bytes(),
    "separator-\u{2028}-\u{2029}".as_bytes(),
    "zero-\u{200b}width-\u{feff}".as_bytes(),
    "tags-\u{e0041}\u{e007f}".as_bytes(),
    "日本語のとても長いファイル名前なので切られるでしょう日本語のとても長いファイル名前.txt".as_bytes(),
    "한국어-한국어".as_bytes(),
    "emoji-👍🏽-👨‍👩‍👧‍👦-❤️-🇩🇪-1️⃣".as_bytes(),
    "combining-e\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}".as_bytes(),
    "\u{301}starts-with-a-mark".as_bytes(),
    "عربي-עברית".as_bytes(),
    "ไทย-हिन्दी-தமிழ்".as_bytes(),
    b" blanks  around ",
    b"-> /etc/passwd",
    "wide-at-the-edge-ＡＢＣＤＥＦＧＨＩＪＫＬＭＮＯＰＱＲＳＴＵＶＷＸＹＺＡＢＣＤＥＦＧＨＩＪＫＬＭＮＯＰＱＲＳＴＵＶＷＸＹＺ".as_bytes(),
    "\u{ad}soft\u{2060}joined".as_bytes(),
];

/// An image with such names; the second layer removes every other one.
fn hostile() -> Image {
    let long: Vec<u8> = b"long-".iter().copied().chain(std::iter::repeat_n(b'x', 10_000)).collect();
    let deep = vec!["d"; 300].join("/");
    let command =
        "RUN echo \x1b]0;owned\x07 \u{202e}live \u{9b}6n\r\n && printf '\x08\x08' # \u{1f468}\u{200d}\u{1f469}";
    image()
        .layer(|layer| {
            let layer = NAMES.iter().fold(layer.created_by(command), |layer, name| {
                layer.file(name, "content").symlink([b"to-", *name].concat(), name)
            });
            layer.file(&long, "x").file(format!("{deep}/leaf"), "x")
        })
        .layer(|layer| {
            NAMES
                .iter()
                .step_by(2)
                .fold(layer.file("new", "x"), |layer, name| layer.file([b".wh.", *name].concat(), ""))
        })
}

/// Checks the pane borders: a broken line would move them.
fn frames(screen: &super::shown::Shown<'_>) -> Result<(), String> {
    let (columns, rows) = screen.size();
    let right = ["│", "┃", "┐", "┓", "┘", "┛", "▲", "▼", "▐"];
    let footer = if screen.has("Filter: ") { 3 } else { 2 };
    for row in 0..rows - footer {
        let end = screen.cell((columns - 1, row));
        if !right.contains(&end) {
            return Err(format!("row {row} ends with {end:?}"));
        }
    }
    Ok(())
}

fn walk(path: &str, size: super::Size) {
    let mut dive = Session::dive(User::new(), size, &["--ignore-errors", path]);
    dive.waits_for("Filetree");
    let check = |dive: &Session, at: &str| {
        dive.waits_until(&format!("whole lines after {at}"), |screen| frames(screen).is_ok());
    };
    check(&dive, "the start");
    for keys in [
        "G",
        "tab",
        "b",
        "b",
        "pgdn",
        "pgdn",
        "G",
        "p",
        "g",
        "pgdn",
        "y",
        "p",
        "s",
        "ctrl+space",
        "tab right",
        "pgdn",
        "right",
        "G",
    ] {
        dive.press(keys);
        check(&dive, keys);
    }
    dive.press("tab slash").types("日本|e\u{301}").press("enter");
    dive.waits_for("Filter: ");
    check(&dive, "the filter");
    dive.press("esc");
    dive.waits_without("Filter: ");
    for keys in ["w", "down y", "G", "s", "q"] {
        dive.press(keys);
        check(&dive, keys);
    }
    // The help is drawn after everything before it.
    dive.press("?");
    dive.waits_for("Keys · ");
    dive.press("q");
    dive.waits_without("Keys · ");
    dive.press("q").ends_with(0).is_restored();
    assert_eq!(written::foreign(&dive.bytes()), [""; 0], "{path}");
}

#[test]
fn hostile_names_do_not_reach_the_terminal() {
    let archive = hostile().save(Format::DockerArchive);
    for size in [SMALL, USUAL] {
        walk(archive.path().to_str().unwrap(), size);
    }
}

#[test]
fn hostile_names_are_shown_escaped() {
    let archive = hostile().save(Format::DockerArchive);
    let mut dive = Session::dive(User::new(), (200, 100), &[archive.path().to_str().unwrap()]);
    dive.waits_for("Filetree");
    // The deep directory takes 300 rows.
    dive.press("tab ctrl+space");
    dive.waits_until("the file names", |screen| {
        screen.has_all(&[
            "title-\\x1b]0;owned\\x07",
            "ask-\\x1b[6n",
            "no-utf8-\\xff\\xfe\\xc3",
            "bidi-\\u{202e}gpj.exe",
            "日本語",
            "c1-\\x9b6n",
        ])
    });
}

#[test]
fn odd_images_can_be_explored() {
    for name in ["type-changes.tar", "path-traversal.tar", "multiarch-oci.tar", "whiteout-nonexistent.tar"] {
        walk(&fixture(&format!("odd/{name}")), SMALL);
    }
}
