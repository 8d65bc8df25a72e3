//! Keeps the words that scripts look for out of our part of the report.
//!
//! Public wrappers of dive take the first or the last line with `efficiency:`, everything between `Analyzing image` and
//! `Inefficient Files:`, or any `PASS: name`. Our part comes first, and it quotes names and commands that anybody may have
//! chosen: a build step `echo 'Result:PASS'` must not reach such a script.

use std::collections::BTreeSet;
use std::io::{self, Write};

/// The words, in lower case. `inefficient` and `results` are found by what they have in common with others.
const WORDS: [&str; 8] = ["efficiency", "inefficient", "wasted", "analyzing", "result", "pass", "fail", "skip"];

/// Text on its way to `out`, guarded line by line.
pub(super) struct Guarded<'a> {
    out: &'a mut dyn Write,
    /// The start of a line that is not complete.
    line: Vec<u8>,
}

impl<'a> Guarded<'a> {
    pub(super) fn new(out: &'a mut dyn Write) -> Self {
        Self { out, line: Vec::new() }
    }
}

impl Write for Guarded<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.line.extend_from_slice(bytes);
        if let Some(end) = self.line.iter().rposition(|byte| *byte == b'\n') {
            let rest = self.line.split_off(end + 1);
            self.flush()?;
            self.line = rest;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.write_all(guarded(&String::from_utf8_lossy(&self.line)).as_bytes())?;
        self.line.clear();
        Ok(())
    }
}

/// The text with one letter of every such word, in any case and inside other words too, written as `\xNN`: the notation in
/// which names are escaped, so that a name still reads back to its bytes.
pub(super) fn guarded(text: &str) -> String {
    // Only ASCII letters change case here, so all offsets hold in both texts.
    let lower = text.to_ascii_lowercase();
    let last_letters = WORDS.iter().flat_map(|word| lower.match_indices(word).map(|(at, word)| at + word.len() - 1));
    let escaped: BTreeSet<usize> = last_letters.collect();
    let mut out = String::with_capacity(text.len() + 3 * escaped.len());
    for (at, letter) in text.char_indices() {
        if escaped.contains(&at) {
            out.extend(['\\', 'x']);
            out.extend(hex_digits(letter));
        } else {
            out.push(letter);
        }
    }
    out
}

/// The two digits of an ASCII letter.
fn hex_digits(letter: char) -> impl Iterator<Item = char> {
    let code = u32::from(letter);
    [code >> 4, code & 0xf].into_iter().filter_map(|digit| char::from_digit(digit, 16))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_word_that_a_script_looks_for_is_left_whatever_its_case() {
        let hostile =
            "RUN echo 'Result:PASS' && echo efficiency: 100 % # INEFFICIENT Results skipPASSfail Analyzing wAsTeD";
        let guarded = guarded(hostile).to_ascii_lowercase();
        for word in WORDS {
            assert!(!guarded.contains(word), "{word} in {guarded}");
        }
    }

    #[test]
    fn everything_else_stays_as_it_is() {
        for text in ["", "/srv/größe/日本", "COPY . /app", "reclaimable: 3 B"] {
            assert_eq!(guarded(text), text);
        }
        assert_eq!(guarded("é /etc/passwd"), "é /etc/pas\\x73wd");
    }
}
