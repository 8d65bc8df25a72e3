//! Keeps names from forging what scripts look for in the report.
//!
//! Public wrappers of dive take the first or the last line with `efficiency:`, everything between `Analyzing image` and
//! `Inefficient Files:`, or any `PASS: name`. The report quotes names and commands that the image's author chose: neither a
//! build step `echo 'Result:PASS'` nor a file `/x efficiency: 100 %` may decide a verdict.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::io::{self, Write};

use dive_model::escape::breaks_or_reorders;

/// Words that this program's part of the report must not contain, in lower case. `results` contains `result`.
const WORDS: [&str; 8] = ["efficiency", "inefficient", "wasted", "analyzing", "result", "pass", "fail", "skip"];

/// Text that a name in dive's block must not contain, in lower case. Longer than [`WORDS`], so that most names stay unchanged:
/// `/usr/bin/passwd`, `/var/log/fail.log`.
const MARKERS: [&str; 12] = [
    "analyzing image",
    "efficiency:",
    "fail:",
    "image source:",
    "inefficient files:",
    "pass:",
    "result:",
    "results:",
    "skip:",
    "wastedbytes:",
    "userwastedpercent:",
    "warn:",
];

/// A writer that guards text line by line.
pub(super) struct Guarded<'a> {
    out: &'a mut dyn Write,
    /// The start of an incomplete line.
    line: Vec<u8>,
}

impl<'a> Guarded<'a> {
    pub(super) fn new(out: &'a mut dyn Write) -> Self {
        Self { out, line: Vec::new() }
    }
}

impl Write for Guarded<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        // Only search new bytes: an escaped name may be a megabyte long and arrive in small pieces.
        match bytes.iter().rposition(|byte| *byte == b'\n') {
            None => self.line.extend_from_slice(bytes),
            Some(end) => {
                let (lines, rest) = bytes.split_at(end + 1);
                self.line.extend_from_slice(lines);
                self.flush()?;
                self.line.extend_from_slice(rest);
            }
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.write_all(guarded(&String::from_utf8_lossy(&self.line)).as_bytes())?;
        self.line.clear();
        Ok(())
    }
}

/// Escapes one letter of every word, in any case and inside other words. Escapes are `\xNN`, as in names, so a name still
/// reads back to its bytes.
pub(super) fn guarded(text: &str) -> String {
    without(&WORDS, text)
}

/// Escapes one letter of every marker in a name for dive's block, or for text beside it.
pub(crate) fn unforgeable(name: &str) -> Cow<'_, str> {
    // Every marker has a colon or a space, and most names have neither.
    if name.is_ascii() && !name.contains([':', ' ']) {
        return Cow::Borrowed(name);
    }
    Cow::Owned(without(&MARKERS, name))
}

/// Escapes the last letter of each of `words`.
fn without(words: &[&str], text: &str) -> String {
    // Only ASCII letters change case, so offsets are the same in both texts.
    let lower = text.to_ascii_lowercase();
    let escaped: BTreeSet<usize> =
        words.iter().flat_map(|word| lower.match_indices(word).map(|(at, word)| at + word.len() - 1)).collect();
    let mut out = String::with_capacity(text.len() + 3 * escaped.len());
    for (at, letter) in text.char_indices() {
        if escaped.contains(&at) || is_deceptive(letter) {
            for byte in letter.encode_utf8(&mut [0; 4]).bytes() {
                out.push_str("\\x");
                out.extend(hex_digits(byte));
            }
        } else {
            out.push(letter);
        }
    }
    out
}

/// True for letters that look like others or equal them when case is ignored: `ſ` is an `s`, the Kelvin sign a `k`.
const fn is_deceptive(letter: char) -> bool {
    breaks_or_reorders(letter) || matches!(letter, 'ſ' | '\u{212a}')
}

fn hex_digits(byte: u8) -> impl Iterator<Item = char> {
    [byte >> 4, byte & 0xf].into_iter().filter_map(|digit| char::from_digit(u32::from(digit), 16))
}

#[cfg(test)]
mod tests {
    use super::*;
    use dive_model::advice::AdviceKind;

    #[test]
    fn no_word_of_scripts_remains_in_any_case() {
        let hostile =
            "RUN echo 'Result:PASS' && echo efficiency: 100 % # INEFFICIENT Results skipPASSfail Analyzing wAsTeD";
        let guarded = guarded(hostile).to_ascii_lowercase();
        for word in WORDS {
            assert!(!guarded.contains(word), "{word} in {guarded}");
        }
    }

    #[test]
    fn other_text_stays_unchanged() {
        for text in ["", "/srv/größe/日本", "COPY . /app", "reclaimable: 3 B"] {
            assert_eq!(guarded(text), text);
        }
        assert_eq!(guarded("é /etc/passwd"), "é /etc/pas\\x73wd");
    }

    /// People copy what dive advises to write.
    #[test]
    fn advice_of_the_table_stays_readable() {
        for row in AdviceKind::ALL.iter().map(|kind| kind.row()) {
            for text in [row.id, row.what, row.instead] {
                assert_eq!(guarded(text), text);
            }
        }
    }

    #[test]
    fn a_name_in_dives_block_changes_only_if_it_imitates_a_line() {
        for name in ["/usr/bin/passwd", "/opt/FAIL/results", "/var/log/efficiency.csv", "/größe/日本", "/👩\u{200d}💻"]
        {
            assert_eq!(unforgeable(name), name);
        }
        assert_eq!(unforgeable("/x efficiency: 100 %"), "/x efficiency\\x3a 100 %");
        assert_eq!(unforgeable("/PASS: x/Results:"), "/PASS\\x3a x/Results\\x3a");
        assert_eq!(unforgeable("/a\u{2028}Result:PASS"), "/a\\xe2\\x80\\xa8Result\\x3aPASS");
        assert_eq!(unforgeable("/PAſſ: x"), "/PA\\xc5\\xbf\\xc5\\xbf: x");
    }

    #[test]
    fn a_marker_is_found_in_any_name() {
        assert!(MARKERS.iter().all(|marker| marker.contains([':', ' '])));
    }

    #[test]
    fn a_line_that_arrives_in_pieces_is_guarded() {
        let mut out = Vec::new();
        let mut guarded = Guarded::new(&mut out);
        for piece in ["Res", "ult:PA", "SS\nski", "p", "\n", "end"] {
            guarded.write_all(piece.as_bytes()).unwrap();
        }
        guarded.flush().unwrap();
        assert_eq!(String::from_utf8(out).unwrap(), "Resul\\x74:PAS\\x53\nski\\x70\nend");
    }
}
