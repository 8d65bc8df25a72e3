//! Makes text safe for cells. Names come from untrusted images: none of their bytes may reach the terminal as a control
//! sequence, and a wrong width would break the line.

use std::fmt::Write;

use unicode_segmentation::UnicodeSegmentation;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use dive_model::escape::{Escaped, MAX_MARKS, is_hidden};

/// Bytes of a name that are examined, per column available.
const BYTES_PER_COLUMN: usize = 16;

/// Escapes a name for a line of `columns`: bytes that are not UTF-8, control characters, and characters that are
/// invisible or change the direction of text. A name much longer than the line is truncated.
pub(crate) fn name(bytes: &[u8], columns: usize) -> String {
    let limit = columns.saturating_add(1).saturating_mul(BYTES_PER_COLUMN);
    let start = bytes.get(..limit).map_or(bytes, |start| {
        // Truncate at a character boundary.
        let end = (start.len().saturating_sub(3)..=start.len())
            .rev()
            .find(|end| bytes.get(*end).is_none_or(|byte| byte & 0xC0 != 0x80));
        &bytes[..end.unwrap_or(limit)]
    });
    printable(&Escaped(start).to_string())
}

/// The start of a text, at most `limit` bytes. Texts of a hostile configuration may be megabytes long.
pub(crate) fn start_of(text: &str, limit: usize) -> &str {
    &text[..text.floor_char_boundary(limit)]
}

/// True for printable ASCII, where bytes, characters and columns are the same. Nearly all text is, and the check is
/// cheap.
pub(crate) fn is_plain(text: &str) -> bool {
    text.bytes().all(|byte| (b' '..0x7f).contains(&byte))
}

/// Escapes a text of any length: control characters, and characters that are invisible or change the direction of text.
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
            let is_fit = !letter.is_control()
                && !is_hidden(letter)
                && !is_half_flag(letter)
                && marks <= MAX_MARKS
                // After an escaped joiner, a letter stands for itself: `👩\u{200d}💻` is readable.
                && (counted || at == 0 || out.ends_with('}') && stands_alone(letter));
            if is_fit {
                out.push(letter);
            } else {
                // Writing to a String cannot fail.
                let _ = write!(out, "\\u{{{:x}}}", u32::from(letter));
            }
        }
    }
    out
}

/// True if all terminals draw a grapheme in the same number of columns. Some draw a sequence of characters (a family of
/// emoji, a skin tone, a variation selector) as one symbol, others draw each character, which shifts the rest of the
/// line.
pub(crate) fn has_agreed_width(grapheme: &str) -> bool {
    grapheme.width() == grapheme.chars().map(|letter| letter.width().unwrap_or(0)).sum::<usize>()
}

/// True for a wide letter that does not join with the one before it, as a skin tone does.
fn stands_alone(letter: char) -> bool {
    letter.width() == Some(2) && !matches!(letter, '\u{1f3fb}'..='\u{1f3ff}')
}

/// True for a letter of a flag. Some terminals draw two of them as one symbol of two columns, others as two letters of one
/// or two columns each.
pub(crate) const fn is_half_flag(letter: char) -> bool {
    matches!(letter, '\u{1f1e6}'..='\u{1f1ff}')
}

/// Width of a text in columns: the sum over its graphemes, as ratatui counts.
pub(crate) fn columns(text: &str) -> usize {
    if is_plain(text) { text.len() } else { text.graphemes(true).map(UnicodeWidthStr::width).sum() }
}

/// Byte offset of the first grapheme beyond `columns`. `None` if the whole text fits.
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

/// Truncates a text to `columns`, with `…` at its end.
pub(crate) fn cut(text: &str, columns: usize) -> String {
    if end_within(text, columns).is_none() {
        return text.to_owned();
    }
    let Some(room) = columns.checked_sub(1) else { return String::new() };
    let end = end_within(text, room).unwrap_or(text.len());
    format!("{}…", &text[..end])
}

/// Escapes the end of a path for `columns`, as [`name`] does the start of a name.
pub(crate) fn path_end(bytes: &[u8], columns: usize) -> String {
    let limit = columns.saturating_add(1).saturating_mul(BYTES_PER_COLUMN);
    let start = bytes.len().saturating_sub(limit);
    // Begin at a character boundary.
    let start = (start..bytes.len()).take(4).find(|at| bytes[*at] & 0xC0 != 0x80).unwrap_or(start);
    cut_start(&printable(&Escaped(&bytes[start..]).to_string()), columns)
}

/// Escapes a path for `columns`. A longer one loses its middle: the start says where it is, the end what it is.
pub(crate) fn path_middle(bytes: &[u8], columns: usize) -> String {
    let whole = path_end(bytes, columns);
    if !whole.starts_with('…') {
        return whole;
    }
    let start = cut(&name(bytes, columns), columns / 3);
    let end = path_end(bytes, columns.saturating_sub(self::columns(&start)) + 1);
    format!("{start}{}", end.trim_start_matches('…'))
}

/// Truncates a text to `columns`, with `…` at its start. Paths and names of images end in what tells them apart.
pub(crate) fn cut_start(text: &str, columns: usize) -> String {
    if end_within(text, columns).is_none() {
        return text.to_owned();
    }
    let Some(room) = columns.checked_sub(1) else { return String::new() };
    let mut taken = 0;
    let fits = |(_, grapheme): &(usize, &str)| {
        taken += grapheme.width();
        taken <= room
    };
    let start = text.grapheme_indices(true).rev().take_while(fits).last().map_or(text.len(), |(at, _)| at);
    format!("…{}", &text[start..])
}

/// Wraps a text to lines of at most `columns`, between words if possible. Line breaks are kept; an empty text is one
/// empty line.
pub(crate) fn wrap(text: &str, columns: usize) -> Vec<String> {
    let columns = columns.max(2);
    let mut lines = Vec::new();
    for line in text.split('\n') {
        let mut rest = line;
        while let Some(end) = end_within(rest, columns) {
            // A grapheme wider than the line gets its own line.
            let end = end.max(rest.graphemes(true).next().map_or(0, str::len));
            let space = rest[..end].rfind(' ').filter(|at| !rest[..*at].trim().is_empty()).filter(|at| {
                // A word longer than a line is not moved to the next line: it would not fit there either.
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

/// Aligns a text right in `columns`. A longer text is not truncated.
pub(crate) fn right(text: &str, columns: usize) -> String {
    let mut out = " ".repeat(columns.saturating_sub(self::columns(text)));
    out.push_str(text);
    out
}

/// Aligns a text left in `columns`, truncated if longer.
pub(crate) fn left(text: &str, columns: usize) -> String {
    let mut out = cut(text, columns);
    out.push_str(&" ".repeat(columns.saturating_sub(self::columns(&out))));
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_cannot_send_control_sequences_or_reverse_the_line() {
        assert_eq!(name(b"\x1b[2J\x07", 80), "\\x1b[2J\\x07");
        assert_eq!(name("evil\u{202e}txt.exe".as_bytes(), 80), "evil\\u{202e}txt.exe");
        assert_eq!(name("a\u{200b}b".as_bytes(), 80), "a\\u{200b}b");
        assert_eq!(name(b"caf\xe9", 80), "caf\\xe9");
        assert_eq!(name("日本語 👍 e\u{301}".as_bytes(), 80), "日本語 👍 e\u{301}");
        assert_eq!(
            name("👍🏽 👩\u{200d}👧".as_bytes(), 80),
            "👍\\u{1f3fd} 👩\\u{200d}👧",
            "not all terminals draw one symbol"
        );
        assert_eq!(name("\u{1f1e9}\u{1f1ea}.txt".as_bytes(), 80), "\\u{1f1e9}\\u{1f1ea}.txt", "a flag");
    }

    #[test]
    fn combining_marks_on_one_character_are_limited() {
        let heap = format!("x{}", "\u{301}".repeat(10_000));
        let shown = name(heap.as_bytes(), 10);
        assert!(shown.starts_with("x\u{301}\u{301}\u{301}\u{301}\\u{301}"), "{shown}");
        assert!(shown.len() < 1000);
    }

    #[test]
    fn only_the_start_of_a_long_name_is_examined() {
        let long = "語".repeat(100_000);
        let shown = name(long.as_bytes(), 10);
        assert!(shown.len() < 500 && shown.chars().all(|letter| letter == '語'), "{shown}");
    }

    #[test]
    fn a_name_of_any_length_does_not_panic() {
        for length in 0..200 {
            for columns in 0..8 {
                // The rest of the name is not examined.
                assert!(name(&vec![b'x'; length], columns).len() <= (columns + 1) * BYTES_PER_COLUMN);
                assert!(!name("語".repeat(length).as_bytes(), columns).contains('\\'), "no character is split");
            }
        }
    }

    #[test]
    fn truncation_counts_columns_not_characters() {
        assert_eq!(cut("passwd", 6), "passwd");
        assert_eq!(cut("passwd", 5), "pass…");
        assert_eq!(cut("日本語", 6), "日本語");
        assert_eq!(cut("日本語", 5), "日本…");
        assert_eq!(cut("日本語", 4), "日…");
        assert_eq!(cut("x", 0), "");
        assert_eq!(left("日本語", 4), "日… ");
        assert_eq!(cut(&"☺\u{fe0f}".repeat(10), 11), format!("{}…", "☺\u{fe0f}".repeat(5)), "two columns each");
        assert_eq!(right("日本", 6), "  日本");
        assert_eq!(cut_start("/etc/passwd", 11), "/etc/passwd");
        assert_eq!(cut_start("/etc/passwd", 7), "…passwd");
        assert_eq!(cut_start("日本語", 4), "…語");
        assert_eq!(cut_start("x", 0), "");
        assert_eq!(path_end(b"/root/\x1b[2J", 9), "…/\\x1b[2J");
        assert_eq!(path_end("語".repeat(1000).as_bytes(), 6), "…語語");
    }

    #[test]
    fn wrapping_breaks_between_words_and_loses_no_text() {
        assert_eq!(wrap("apt-get install -y curl", 12), ["apt-get", "install -y", "curl"]);
        assert_eq!(wrap("0123456789", 4), ["0123", "4567", "89"]);
        assert_eq!(wrap("a\n\n  b", 4), ["a", "", "  b"]);
        assert_eq!(wrap("", 4), [""]);
        assert_eq!(wrap("ADD 0123456789", 8), ["ADD 0123", "456789"]);
        assert_eq!(wrap("日本語", 1), ["日", "本", "語"]);
    }
}
