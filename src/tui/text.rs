//! Text as it is fit for cells. Names come from anybody: no byte of one may reach the terminal as a command, and no width
//! may be a guess, or a line breaks.

use std::fmt::Write;

use unicode_segmentation::UnicodeSegmentation;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use dive_model::escape::{Escaped, MAX_MARKS, is_hidden};

/// What is looked at of a name, in bytes, for each column that it may take.
const BYTES_PER_COLUMN: usize = 16;

/// A name for a line of `columns`, or the start of it that matters there. What is no text is escaped, and so is what
/// would turn the direction of the line or hide in it.
pub(crate) fn name(bytes: &[u8], columns: usize) -> String {
    let limit = columns.saturating_add(1).saturating_mul(BYTES_PER_COLUMN);
    let start = bytes.get(..limit).map_or(bytes, |start| {
        // Not through the middle of a letter.
        let end = (start.len().saturating_sub(3)..=start.len())
            .rev()
            .find(|end| bytes.get(*end).is_none_or(|byte| byte & 0xC0 != 0x80));
        &bytes[..end.unwrap_or(limit)]
    });
    printable(&Escaped(start).to_string())
}

/// Whether each byte is a letter in a column of its own: so is nearly all that is shown, and that is quickly seen.
pub(crate) fn is_plain(text: &str) -> bool {
    text.bytes().all(|byte| (b' '..0x7f).contains(&byte))
}

/// Text that is not to be cut: a command, a message.
pub(crate) fn printable(text: &str) -> String {
    if is_plain(text) {
        return text.to_owned();
    }
    let mut out = String::with_capacity(text.len());
    for grapheme in text.graphemes(true) {
        let counted = has_agreed_width(grapheme);
        let mut marks = 0;
        for (at, letter) in grapheme.char_indices() {
            marks += usize::from(letter.width() == Some(0));
            let is_fit = !letter.is_control() && !is_hidden(letter) && marks <= MAX_MARKS && (counted || at == 0);
            if is_fit {
                out.push(letter);
            } else {
                // Writing to a String does not fail.
                let _ = write!(out, "\\u{{{:x}}}", u32::from(letter));
            }
        }
    }
    out
}

/// Whether terminals agree how wide a grapheme is. Those that know sequences of letters (a family of emoji, a skin tone, a
/// letter that becomes an emoji) draw one sign, the others draw each letter, and then the rest of the line is not where it
/// was laid out.
pub(crate) fn has_agreed_width(grapheme: &str) -> bool {
    grapheme.width() == grapheme.chars().map(|letter| letter.width().unwrap_or(0)).sum::<usize>()
}

/// Columns that a text takes, as the screen counts them: each grapheme for itself.
pub(crate) fn columns(text: &str) -> usize {
    if is_plain(text) { text.len() } else { text.graphemes(true).map(UnicodeWidthStr::width).sum() }
}

/// Where `text` is to end to take at most `columns`, in bytes; none if it does anyway. No grapheme is cut through.
fn end_within(text: &str, columns: usize) -> Option<usize> {
    if is_plain(text.get(..=columns).unwrap_or("")) && text.len() > columns && text.is_char_boundary(columns + 1) {
        return Some(columns);
    }
    let mut taken = 0;
    let beyond = |(_, grapheme): &(usize, &str)| {
        taken += grapheme.width();
        taken > columns
    };
    text.grapheme_indices(true).find(beyond).map(|(at, _)| at)
}

/// `text` in at most `columns`, with `…` at its end where it is cut.
pub(crate) fn cut(text: &str, columns: usize) -> String {
    if end_within(text, columns).is_none() {
        return text.to_owned();
    }
    let Some(room) = columns.checked_sub(1) else { return String::new() };
    let end = end_within(text, room).unwrap_or(text.len());
    format!("{}…", &text[..end])
}

/// `text` in lines of at most `columns`: broken between words where there are any, else anywhere. Lines of the text stay
/// lines, and nothing is one empty line.
pub(crate) fn wrap(text: &str, columns: usize) -> Vec<String> {
    let columns = columns.max(2);
    let mut lines = Vec::new();
    for line in text.split('\n') {
        let mut rest = line;
        while let Some(end) = end_within(rest, columns) {
            // A grapheme wider than a line has one for itself.
            let end = end.max(rest.graphemes(true).next().map_or(0, str::len));
            let space = rest[..end].rfind(' ').filter(|at| !rest[..*at].trim().is_empty()).filter(|at| {
                // A word that no line can hold may as well begin on this one.
                let word = &rest[at + 1..];
                let fitting = end_within(word, columns).map_or(word, |end| &word[..end]);
                fitting.len() == word.len() || fitting.contains(' ') || word[fitting.len()..].starts_with(' ')
            });
            let (start, after) = match space {
                Some(at) => (&rest[..at], &rest[at + 1..]),
                None => rest.split_at(end),
            };
            lines.push(start.to_owned());
            rest = after;
        }
        lines.push(rest.to_owned());
    }
    lines
}

/// `text` with blanks before it, so that it takes `columns`.
pub(crate) fn right(text: &str, columns: usize) -> String {
    let mut out = " ".repeat(columns.saturating_sub(self::columns(text)));
    out.push_str(text);
    out
}

/// `text` with blanks behind it, so that it takes `columns`, cut where it is longer.
pub(crate) fn left(text: &str, columns: usize) -> String {
    let mut out = cut(text, columns);
    out.push_str(&" ".repeat(columns.saturating_sub(self::columns(&out))));
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_a_name_drives_the_terminal_or_turns_the_line() {
        assert_eq!(name(b"\x1b[2J\x07", 80), "\\x1b[2J\\x07");
        assert_eq!(name("evil\u{202e}txt.exe".as_bytes(), 80), "evil\\u{202e}txt.exe");
        assert_eq!(name("a\u{200b}b".as_bytes(), 80), "a\\u{200b}b");
        assert_eq!(name(b"caf\xe9", 80), "caf\\xe9");
        assert_eq!(name("日本語 👍 e\u{301}".as_bytes(), 80), "日本語 👍 e\u{301}");
        assert_eq!(
            name("👍🏽 👩\u{200d}👧".as_bytes(), 80),
            "👍\\u{1f3fd} 👩\\u{200d}\\u{1f467}",
            "not all draw one sign"
        );
    }

    #[test]
    fn a_letter_carries_no_heap_of_marks() {
        let heap = format!("x{}", "\u{301}".repeat(10_000));
        let shown = name(heap.as_bytes(), 10);
        assert!(shown.starts_with("x\u{301}\u{301}\u{301}\u{301}\\u{301}"), "{shown}");
        assert!(shown.len() < 1000);
    }

    #[test]
    fn of_a_long_name_only_the_start_is_looked_at() {
        let long = "語".repeat(100_000);
        let shown = name(long.as_bytes(), 10);
        assert!(shown.len() < 500 && shown.chars().all(|letter| letter == '語'), "{shown}");
    }

    #[test]
    fn a_name_of_any_length_is_no_panic() {
        for length in 0..200 {
            for columns in 0..8 {
                // Longer than that is not looked at.
                assert!(name(&vec![b'x'; length], columns).len() <= (columns + 1) * BYTES_PER_COLUMN);
                assert!(!name("語".repeat(length).as_bytes(), columns).contains('\\'), "no letter is cut through");
            }
        }
    }

    #[test]
    fn cutting_counts_columns_and_not_letters() {
        assert_eq!(cut("passwd", 6), "passwd");
        assert_eq!(cut("passwd", 5), "pass…");
        assert_eq!(cut("日本語", 6), "日本語");
        assert_eq!(cut("日本語", 5), "日本…");
        assert_eq!(cut("日本語", 4), "日…");
        assert_eq!(cut("x", 0), "");
        assert_eq!(left("日本語", 4), "日… ");
        assert_eq!(cut(&"☺\u{fe0f}".repeat(10), 11), format!("{}…", "☺\u{fe0f}".repeat(5)), "two columns each");
        assert_eq!(right("日本", 6), "  日本");
    }

    #[test]
    fn wrapping_breaks_between_words_and_loses_none() {
        assert_eq!(wrap("apt-get install -y curl", 12), ["apt-get", "install -y", "curl"]);
        assert_eq!(wrap("0123456789", 4), ["0123", "4567", "89"]);
        assert_eq!(wrap("a\n\n  b", 4), ["a", "", "  b"]);
        assert_eq!(wrap("", 4), [""]);
        assert_eq!(wrap("ADD 0123456789", 8), ["ADD 0123", "456789"]);
        assert_eq!(wrap("日本語", 1), ["日", "本", "語"]);
    }
}
