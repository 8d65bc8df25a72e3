//! Characters that reorder text, are invisible or control a terminal, in all output outside the screen.

use super::USUAL;
use super::session::Session;
use tempfile::NamedTempFile;

use crate::build::{Format, image};
use crate::user::User;

const NAME: &str = "a\u{202e}gpj\u{2066}x\u{2069}\u{61c}\u{200e}\u{200f}-\u{200b}\u{200c}\u{200d}\u{2060}\u{feff}\u{fff0}\u{fff8}\u{fff9}\u{e0041}-\u{9b}6n\u{7f}.exe";

/// True for characters that must not reach a terminal, except ESC, since reports have colours.
fn is_unsafe(letter: char) -> bool {
    matches!(
        letter,
        '\u{7f}'..='\u{9f}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}' | '\u{2066}'..='\u{2069}' | '\u{feff}' | '\u{fff0}'..='\u{fffb}' | '\u{fffd}' | '\u{e0000}'..='\u{e0fff}'
    )
}

/// An image with such characters in names, link targets, commands and tag, and with some waste.
fn deceptive() -> NamedTempFile {
    let file = format!("dir-{NAME}/{NAME}");
    let link = format!("dir-{NAME}/link");
    let base =
        image().layer(|layer| layer.created_by(&format!("RUN echo {NAME}")).file(&file, "one").symlink(&link, NAME));
    base.layer(|layer| layer.file(&file, "two")).save(Format::DockerArchive)
}

#[test]
fn terminal_output_escapes_hidden_characters() {
    let archive = deceptive();
    let path = archive.path().to_str().unwrap();
    for arguments in [
        &["tree", path][..],
        &["tree", "--format", "text", path],
        &["tree", "--changes", path],
        &["--ci", path],
        &["--json", "-", path],
        &["--json", "/dev/stdout", path],
        &["tree", "--layer", NAME, path],
        &[&format!("--{NAME}"), path],
        &[&format!("./{NAME}.tar")],
        &["--ci", NAME, NAME],
    ] {
        let dive = Session::dive(User::new(), USUAL, arguments);
        dive.waits_for_end();
        let bytes = dive.bytes();
        let text = String::from_utf8_lossy(&bytes);
        assert!(!text.contains(is_unsafe), "{arguments:?}: {text:?}");
        assert!(["\\u202e", "\\u{202e}", "\\xe2\\x80\\xae"].iter().any(|escape| text.contains(escape)), "{text}");
    }
}

#[test]
fn list_of_images_escapes_hidden_characters() {
    let mut dive = Session::dive(User::new(), USUAL, &[NAME, "other.tar"]);
    dive.waits_for("2 unread");
    dive.press("enter");
    dive.waits_for("┏ Unread: ");
    dive.press("q q").ends_with(0);
    let bytes = dive.bytes();
    let text = String::from_utf8_lossy(&bytes);
    assert!(!text.contains(is_unsafe) && text.contains("\\u{202e}"), "{text:?}");
}

#[test]
fn report_and_config_escape_hidden_characters() {
    let archive = deceptive();
    let dive = Session::dive(User::new().sets("TERM", "dumb"), USUAL, &[archive.path().to_str().unwrap()]);
    dive.waits_for_end();
    assert!(!String::from_utf8_lossy(&dive.bytes()).contains(is_unsafe));
    let user = User::new().writes(".dive.yaml", &format!("log:\n  path: ./{NAME}.log\n"));
    let dive = Session::dive(user, USUAL, &["config"]);
    dive.waits_for_end();
    assert!(!String::from_utf8_lossy(&dive.bytes()).contains(is_unsafe), "{}", dive.contents());
}

/// Scripts compare names, but standard error is always for people.
#[test]
fn pipe_gets_raw_names_but_stderr_is_escaped() {
    let archive = deceptive();
    let path = archive.path().to_str().unwrap();
    let user = User::new();
    let tree = user.runs(&["tree", path]);
    assert!(tree.stdout.contains("a\u{202e}gpj\u{2066}x\u{2069}\u{61c}"), "{}", tree.stdout);
    let json = user.runs(&["--json", "-", path]);
    assert!(json.stdout.contains("a\u{202e}gpj") && json.stdout.contains("\\u009b6n\\u007f.exe"));
    assert!(!json.stdout.contains(|letter| matches!(letter, '\u{7f}'..='\u{9f}')));
    assert!(!json.stderr.contains(is_unsafe), "{}", json.stderr);
    for arguments in [&[&format!("--{NAME}"), path][..], &[&format!("./{NAME}")], &[NAME, NAME]] {
        let output = user.runs(arguments);
        assert!(!output.stderr.contains(is_unsafe) && !output.stderr.is_empty(), "{:?}", output.stderr);
    }
}
