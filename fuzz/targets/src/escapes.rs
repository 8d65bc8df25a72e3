//! Escaping of text for people: none of it controls a terminal or a shell, and the result does not depend on the sizes of the
//! writes.

use dive::run::testing::{write_visible, write_visible_json};
use dive::tui::testing::{columns, decode, name, wrap};
use dive_model::escape::{Escaped, is_hidden};
use dive_model::shell::shell_word;

/// The first byte is where to cut the rest, the second the width of a line.
pub(crate) fn run(input: &[u8]) {
    let [at, width, bytes @ ..] = input else { return };
    let (at, width) = (usize::from(*at).min(bytes.len()), usize::from(*width));
    let (start, end) = bytes.split_at(at);

    let escaped = Escaped(bytes).to_string();
    assert!(!escaped.chars().any(char::is_control), "{escaped:?}");
    assert_eq!(unescaped(&escaped), bytes, "{escaped:?}");

    for write in [write_visible, write_visible_json] {
        let whole = write(&[bytes]).unwrap();
        assert_eq!(write(&[start, end]).unwrap(), whole);
        let text = String::from_utf8(whole).expect("all that is no text is escaped");
        assert!(!text.chars().any(|letter| is_hidden(letter) || matches!(letter, '\u{7f}'..='\u{9f}')), "{text:?}");
        let begins_command = |line: &str| line.trim_start().starts_with("::");
        assert!(!["##[", "##vso[", "##teamcity["].iter().any(|start| text.contains(start)), "{text:?}");
        assert!(!text.split(['\n', '\r']).any(begins_command), "{text:?}");
    }

    let word = shell_word(bytes);
    assert!(!word.chars().any(controls_terminal), "{word:?}");
    let shown = name(bytes, width);
    assert!(!shown.chars().any(controls_terminal), "{shown:?}");
    for line in wrap(&String::from_utf8_lossy(bytes), width) {
        assert!(!line.chars().any(controls_terminal), "{line:?}");
        // A character wider than the line gets its own line.
        assert!(columns(&line) <= width.max(2) || line.chars().count() <= 8, "{line:?} in {width}");
    }

    let (_, waits) = decode(&[start, end]);
    assert!(!waits, "an unfinished sequence keeps keys from working");
    if !bytes.contains(&0x1b) {
        assert_eq!(decode(&[bytes]).0, decode(&[start, end]).0);
    }
}

fn controls_terminal(letter: char) -> bool {
    letter.is_control() || is_hidden(letter)
}

/// The bytes of an escaped name.
fn unescaped(text: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((byte, after)) = rest.split_first() {
        rest = after;
        if *byte != b'\\' {
            bytes.push(*byte);
            continue;
        }
        let (letter, after) = rest.split_first().expect("a letter behind the backslash");
        rest = after;
        match letter {
            b'x' => {
                let (hex, after) = rest.split_at(2);
                rest = after;
                bytes.push(u8::from_str_radix(std::str::from_utf8(hex).unwrap(), 16).unwrap());
            }
            b't' => bytes.push(b'\t'),
            b'n' => bytes.push(b'\n'),
            b'r' => bytes.push(b'\r'),
            other => bytes.push(*other),
        }
    }
    bytes
}
