//! Quotes a path or a name as one shell word, for the clipboard and for commands in messages. The shell expands and runs
//! nothing in it, and it contains no line break, which a shell would take for Enter.

use std::fmt::Write;
use std::path::Path;

use crate::escape::{Escaped, is_hidden};

/// Quotes a word: bare if possible, else in `'...'`; with control bytes or invalid UTF-8 in `$'...'`, which bash, zsh, ksh and
/// busybox support.
#[must_use]
pub fn shell_word(word: &[u8]) -> String {
    match std::str::from_utf8(word) {
        Ok(text) if text.chars().all(is_visible) => visible_word(text),
        _ => dollar_quoted(word),
    }
}

/// Bytes of a word in a command that advice writes.
const MAX_PLAIN: usize = 250;

/// Quotes a word for any POSIX shell, to write it in a command between backticks: dash, the `/bin/sh` of Debian's RUN, reads
/// `$'...'` as something else. `None` if it has a control character, a backtick, invalid UTF-8 or too many bytes.
#[must_use]
pub fn plain_word(word: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(word).ok().filter(|text| text.len() <= MAX_PLAIN)?;
    let is_plain = text.chars().all(|letter| is_visible(letter) && letter != '`');
    is_plain.then(|| visible_word(text))
}

/// A path in a sentence: as it is, or escaped and between backticks, so that a name with spaces stays in one piece. The middle of a
/// long one is left out.
#[must_use]
pub fn named(path: &[u8]) -> String {
    let short = match path.len() {
        0..=MAX_PLAIN => Escaped(path).to_string(),
        len => {
            let (start, end) = path.split_at_checked(MAX_PLAIN / 2).unwrap_or_default();
            let end = end.get(len.saturating_sub(MAX_PLAIN)..).unwrap_or_default();
            format!("{}...{}", Escaped(start), Escaped(end))
        }
    };
    if is_bare(&short) { short } else { format!("`{}`", short.replace('`', "\\x60")) }
}

fn visible_word(text: &str) -> String {
    if is_bare(text) { text.to_owned() } else { format!("'{}'", text.replace('\'', "'\\''")) }
}

/// Quotes a path so that no program takes it for an option.
#[must_use]
pub fn shell_path(path: &Path) -> String {
    let bytes = path.as_os_str().as_encoded_bytes();
    if bytes.starts_with(b"-") { shell_word(&[b"./", bytes].concat()) } else { shell_word(bytes) }
}

/// True if no character has a meaning to any shell.
fn is_bare(text: &str) -> bool {
    let is_plain = |letter: char| (letter.is_alphanumeric() && is_visible(letter)) || "/._-+,:@%".contains(letter);
    !text.is_empty() && text.chars().all(is_plain)
}

fn is_visible(letter: char) -> bool {
    !letter.is_control() && !is_hidden(letter)
}

fn dollar_quoted(word: &[u8]) -> String {
    let mut out = String::from("$'");
    for chunk in word.utf8_chunks() {
        for letter in chunk.valid().chars() {
            match letter {
                '\'' | '\\' => out.extend(['\\', letter]),
                letter if is_visible(letter) => out.push(letter),
                letter => octal(letter.encode_utf8(&mut [0; 4]).as_bytes(), &mut out),
            }
        }
        octal(chunk.invalid(), &mut out);
    }
    out.push('\'');
    out
}

/// Writes octal escapes: some shells read any number of digits after `\x`.
fn octal(bytes: &[u8], out: &mut String) {
    for byte in bytes {
        // Writing to a string cannot fail.
        let _ = write!(out, "\\{byte:03o}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_quoted_only_if_a_shell_would_change_it() {
        for (path, word) in [
            (&b"/usr/lib/libstdc++.so.6"[..], "/usr/lib/libstdc++.so.6"),
            ("/größe/日本".as_bytes(), "/größe/日本"),
            (b"/", "/"),
            (b"/a b", "'/a b'"),
            (b"/$(id)`id`;&|<>*?[~#!\"\\", "'/$(id)`id`;&|<>*?[~#!\"\\'"),
            (b"/it's", "'/it'\\''s'"),
            (b"/a\nid\n", "$'/a\\012id\\012'"),
            (b"/\xff1", "$'/\\3771'"),
            ("/\u{202e}x\u{9b}".as_bytes(), "$'/\\342\\200\\256x\\302\\233'"),
            (b"", "''"),
            (b"image-1.tar", "image-1.tar"),
            (b"registry.example:5000/a@sha256:0", "registry.example:5000/a@sha256:0"),
            (b"~", "'~'"),
            (b"=ls", "'=ls'"),
        ] {
            assert_eq!(shell_word(path), word);
        }
    }

    #[test]
    fn a_path_with_a_leading_dash_is_not_an_option() {
        assert_eq!(shell_path(Path::new("-rf")), "./-rf");
        assert_eq!(shell_path(Path::new("a b")), "'a b'");
        assert_eq!(shell_path(Path::new("/tmp/-a")), "/tmp/-a");
    }

    #[cfg(unix)]
    #[test]
    fn bash_reads_back_every_byte_of_a_path() {
        use std::process::Command;
        if Command::new("bash").arg("-c").arg("").status().is_err() {
            assert!(std::env::var_os("DIVE_TEST_PROMISES").is_none(), "bash is missing despite DIVE_TEST_PROMISES");
            return;
        }
        let every_byte: Vec<u8> = std::iter::once(b'/').chain(1..=255).collect();
        for path in [&every_byte[..], b"/it's $HOME", "/\u{202e}\u{200b}\u{7f}0".as_bytes()] {
            let script = format!("printf %s {}", shell_word(path));
            let shell = Command::new("bash").env("LC_ALL", "C").args(["-c", &script]).output().unwrap();
            assert_eq!(shell.stdout, path);
        }
    }
}
