//! Converts bytes to cells of the screen. Tabs become blanks; invalid UTF-8, control characters and invisible
//! characters are escaped. Each cell knows its column and source bytes, so rows are cut at columns and matches are
//! highlighted. A cell holds one grapheme, whose width may differ from the sum of its characters' widths.

use std::fmt::Write;
use std::ops::Range;

use unicode_segmentation::UnicodeSegmentation;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use crate::tui::text::{has_agreed_width, is_half_flag};
use dive_model::escape::{MAX_MARKS, is_hidden};

/// Maximum width of a grapheme, in columns; a wider one is split. Some scripts, and crafted files, join characters
/// without limit.
const MAX_GRAPHEME_WIDTH: usize = 2;

/// Columns between tab stops.
const TAB: usize = 8;

/// Bytes per row of the hex view.
pub(super) const HEX_ROW: u64 = 16;

/// The reason for highlighting part of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Emphasis {
    /// Escape of a byte or character.
    Escape,
    /// A match of the search.
    Match,
    /// The match that the search went to.
    CurrentMatch,
}

/// A grapheme on the screen.
#[derive(Debug, Clone, Copy)]
struct Cell {
    /// End in the text of the row. It starts at the end of the previous cell.
    end: usize,
    width: usize,
    /// True if it is part of an escape.
    escape: bool,
    column: usize,
    /// Offset and length of its source bytes in the row.
    at: usize,
    len: usize,
}

/// The cells of a row.
#[derive(Debug, Default)]
pub(super) struct Cells {
    text: String,
    graphemes: Vec<Cell>,
    columns: usize,
}

/// The visible text of a row, with the byte ranges to highlight.
pub(super) type VisibleText = (String, Vec<(Range<usize>, Emphasis)>);

impl Cells {
    /// Converts a row of text.
    pub(super) fn text(bytes: &[u8]) -> Self {
        Self::text_up_to(bytes, usize::MAX)
    }

    /// Converts a row of text up to a column: the part beyond the right edge is skipped.
    pub(super) fn text_up_to(bytes: &[u8], column: usize) -> Self {
        let mut row = Self::default();
        let mut at = 0;
        let mut marks = 0;
        for chunk in bytes.utf8_chunks() {
            let mut rest = chunk.valid();
            while !rest.is_empty() {
                if row.columns > column {
                    return row;
                }
                let (letter, behind) = rest.split_at(first_grapheme_len(rest));
                row.grapheme(letter, at, &mut marks);
                at += letter.len();
                rest = behind;
            }
            for byte in chunk.invalid() {
                row.escape(&format!("\\x{byte:02x}"), at, 1);
                at += 1;
                marks = 0;
            }
        }
        row
    }

    /// Adds the grapheme at offset `at`. `marks` counts consecutive zero-width characters.
    fn grapheme(&mut self, letter: &str, at: usize, marks: &mut usize) {
        let mut start = 0;
        let counted = has_agreed_width(letter);
        for (here, character) in letter.char_indices() {
            let width = character.width();
            *marks = if width == Some(0) { *marks + 1 } else { 0 };
            let (len, kept) = (character.len_utf8(), &letter[start..here]);
            let escape = match width {
                _ if character == '\t' => {
                    (0..TAB - self.columns % TAB).for_each(|_| self.push(" ", at + here, len));
                    start = here + len;
                    continue;
                }
                None => escaped_bytes(character),
                _ if is_hidden(character)
                    || is_half_flag(character)
                    || *marks > MAX_MARKS
                    || (!counted && here > 0) =>
                {
                    format!("\\u{{{:x}}}", u32::from(character))
                }
                Some(width) => {
                    if width > 0 && letter[start..here + len].width() > MAX_GRAPHEME_WIDTH {
                        self.push(kept, at + start, kept.len());
                        start = here;
                    }
                    continue;
                }
            };
            self.push(kept, at + start, kept.len());
            self.escape(&escape, at + here, len);
            start = here + len;
        }
        let kept = &letter[start..];
        self.push(kept, at + start, kept.len());
    }

    /// Converts up to [`HEX_ROW`] bytes to hex digits followed by ASCII.
    pub(super) fn hex(bytes: &[u8]) -> Self {
        let mut row = Self::default();
        for place in 0..HEX_ROW as usize {
            if place == HEX_ROW as usize / 2 {
                row.push(" ", place, 0);
            }
            match bytes.get(place) {
                Some(byte) => {
                    let digits = format!("{byte:02x}");
                    digits.split_inclusive(|_| true).for_each(|digit| row.push(digit, place, 1));
                }
                None => (0..2).for_each(|_| row.push(" ", place, 0)),
            }
            row.push(" ", place, 0);
        }
        row.push(" ", 0, 0);
        row.push("|", 0, 0);
        for (place, byte) in bytes.iter().enumerate() {
            let shown = if byte.is_ascii_graphic() || *byte == b' ' { char::from(*byte) } else { '.' };
            row.push(shown.encode_utf8(&mut [0; 4]), place, 1);
        }
        row.push("|", 0, 0);
        row
    }

    /// Converts a message of dive. Escapes in it are not highlighted.
    pub(super) fn message(text: &str) -> Self {
        let mut row = Self::text(text.as_bytes());
        row.graphemes.iter_mut().for_each(|cell| cell.escape = false);
        row
    }

    /// Width of the row.
    pub(super) const fn columns(&self) -> usize {
        self.columns
    }

    /// The column ranges of the screen rows when wrapped to `width`. At least one.
    pub(super) fn parts(&self, width: usize) -> Vec<Range<usize>> {
        let breaks = self.breaks(width);
        let ends = breaks.iter().skip(1).copied().chain([self.columns]);
        // A grapheme wider than the screen is not shown.
        breaks.iter().zip(ends).map(|(start, end)| *start..end.min(start + width)).collect()
    }

    /// The start columns of the screen rows when wrapped to `width`. At least one.
    pub(super) fn breaks(&self, width: usize) -> Vec<usize> {
        let mut breaks = vec![0];
        let mut start = 0;
        for cell in &self.graphemes {
            if cell.column + cell.width > start + width && cell.column > start {
                start = cell.column;
                breaks.push(start);
            }
        }
        breaks
    }

    /// The column of the byte at `at`.
    pub(super) fn column_of(&self, at: usize) -> usize {
        self.graphemes.iter().find(|cell| cell.at + cell.len > at).map_or(self.columns, |cell| cell.column)
    }

    /// The text in `width` columns from `left` on. `found` has source byte ranges to highlight.
    pub(super) fn visible(&self, left: usize, width: usize, found: &[(Range<usize>, Emphasis)]) -> VisibleText {
        let mut text = String::new();
        let mut emphases: Vec<(Range<usize>, Emphasis)> = Vec::new();
        let mut behind = 0;
        for cell in &self.graphemes {
            let letter = &self.text[behind..cell.end];
            behind = cell.end;
            let end = cell.column + cell.width;
            // Skip zero-width marks whose base character is cut off.
            if end <= left || cell.column >= left + width && cell.width > 0 || cell.width == 0 && text.is_empty() {
                continue;
            }
            if end > left + width {
                break;
            }
            let start = text.len();
            if cell.column < left {
                // Blank out the right half of a wide grapheme.
                (left..end).for_each(|_| text.push(' '));
            } else {
                text.push_str(letter);
            }
            let is_found = |(range, _): &&(Range<usize>, Emphasis)| {
                cell.len > 0 && range.start < cell.at + cell.len && cell.at < range.end
            };
            let emphasis = found.iter().find(is_found).map(|(_, emphasis)| *emphasis);
            if let Some(emphasis) = emphasis.or(cell.escape.then_some(Emphasis::Escape)) {
                match emphases.last_mut().filter(|(range, last)| range.end == start && *last == emphasis) {
                    Some((range, _)) => range.end = text.len(),
                    None => emphases.push((start..text.len(), emphasis)),
                }
            }
        }
        (text, emphases)
    }

    fn push(&mut self, letter: &str, at: usize, len: usize) {
        if letter.is_empty() {
            return;
        }
        self.text.push_str(letter);
        let (end, width) = (self.text.len(), if letter.len() == 1 { 1 } else { letter.width() });
        self.graphemes.push(Cell { end, width, escape: false, column: self.columns, at, len });
        self.columns += width;
    }

    fn escape(&mut self, text: &str, at: usize, len: usize) {
        for letter in text.split_inclusive(|_| true) {
            self.push(letter, at, len);
            if let Some(cell) = self.graphemes.last_mut() {
                cell.escape = true;
            }
        }
    }
}

/// Length of the first grapheme in bytes. Nearly all text is ASCII, which needs no segmentation.
fn first_grapheme_len(text: &str) -> usize {
    match text.as_bytes() {
        [0..0x80] | [0..0x80, 0..0x80, ..] => 1,
        _ => text.graphemes(true).next().map_or(text.len(), str::len),
    }
}

fn escaped_bytes(letter: char) -> String {
    let mut text = String::new();
    for byte in letter.encode_utf8(&mut [0; 4]).bytes() {
        // Writing to a String cannot fail.
        let _ = write!(text, "\\x{byte:02x}");
    }
    text
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;
    use proptest::sample::select;

    use super::*;

    /// Characters that join their neighbours or change their width.
    const LETTERS: &[&str] = &[
        "a",
        "日",
        "☺",
        "©",
        "\u{fe0e}",
        "\u{fe0f}",
        "\u{200d}",
        "\u{200c}",
        "\u{20e3}",
        "1",
        "👍",
        "🏽",
        "👩",
        "❤",
        "🇩",
        "🇪",
        "\u{301}",
        "क",
        "\u{94d}",
        "ष",
        "ি",
        "ក",
        "\u{17d2}",
        "\u{1100}",
        "\u{1161}",
        "\u{11a8}",
        "각",
        "ل",
        "ا",
        "\u{600}",
        "⸻",
        "\u{a4f8}",
        "\u{a4fc}",
        "א",
        "\u{1a15}",
        "\u{1a17}",
        "\u{1a10}",
        "\u{2d7f}",
        "ⵣ",
        "\t",
        "\u{1b}",
        "\u{202e}",
        "\r",
        "\u{e0067}",
        "🏴",
        "\u{3000}",
        "\u{ff9e}",
    ];

    fn shown(bytes: &[u8]) -> String {
        Cells::text(bytes).visible(0, 1000, &[]).0
    }

    #[test]
    fn file_content_cannot_send_control_sequences() {
        assert_eq!(shown(b"a\\b \x1b[2J\x00\x7f"), "a\\b \\x1b[2J\\x00\\x7f");
        assert_eq!(shown("\u{9b}31m".as_bytes()), "\\xc2\\x9b31m");
        assert_eq!(shown(b"caf\xe9"), "caf\\xe9");
        assert_eq!(shown("evil\u{202e}txt \u{feff}".as_bytes()), "evil\\u{202e}txt \\u{feff}");
        assert_eq!(shown("日本語 e\u{301}".as_bytes()), "日本語 e\u{301}");
        let heap = format!("x{}", "\u{301}".repeat(50));
        assert!(shown(heap.as_bytes()).starts_with("x\u{301}\u{301}\u{301}\u{301}\\u{301}"));
    }

    #[test]
    fn tabs_align_to_the_next_tab_stop() {
        assert_eq!(shown(b"\tx"), "        x");
        assert_eq!(shown(b"ab\tx\ty"), "ab      x       y");
        assert_eq!(shown("日\tx".as_bytes()), "日      x");
    }

    #[test]
    fn scrolling_sideways_splits_no_wide_character() {
        let row = Cells::text("a日本x".as_bytes());
        assert_eq!(row.columns(), 6);
        assert_eq!(row.visible(0, 3, &[]).0, "a日");
        assert_eq!(row.visible(0, 2, &[]).0, "a");
        assert_eq!(row.visible(2, 4, &[]).0, " 本x");
        assert_eq!(row.visible(9, 4, &[]).0, "");
        assert_eq!(Cells::text_up_to("a日本x".as_bytes(), 3).visible(0, 3, &[]).0, "a日");
        assert!(Cells::text_up_to(&[b'x'; 4000], 10).columns() < 20);
        assert_eq!(Cells::text("e\u{301}x".as_bytes()).visible(1, 5, &[]).0, "x");
        assert_eq!(Cells::text("e\u{301}x".as_bytes()).visible(0, 1, &[]).0, "e\u{301}");
    }

    #[test]
    fn wrapping_loses_no_character() {
        let row = Cells::text("a日本x本".as_bytes());
        assert_eq!(row.breaks(3), [0, 3, 6]);
        assert_eq!(row.breaks(4), [0, 3, 6]);
        assert_eq!(row.breaks(80), [0]);
        assert_eq!(Cells::text(b"").breaks(80), [0]);
        assert_eq!(Cells::text(b"abcd").breaks(2), [0, 2]);
    }

    proptest! {
        /// Measured as a whole and grapheme by grapheme.
        #[test]
        fn random_text_fits_the_width(letters in vec(select(LETTERS), 0..30), left in 0..20usize, width in 1..20usize) {
            let row = Cells::text(letters.concat().as_bytes());
            let shown = row.parts(width).into_iter().map(|part| (part.start, part.len())).chain([(left, width)]);
            for (left, columns) in shown {
                let text = row.visible(left, columns, &[]).0;
                prop_assert!(text.width() <= width, "{text:?} takes {} columns of {width}", text.width());
                let cells: usize = text.graphemes(true).map(UnicodeWidthStr::width).sum();
                prop_assert!(cells <= width, "{text:?} takes {cells} cells of {width}");
            }
        }
    }

    /// A row that is too wide pushes the text to its right over the border.
    #[test]
    fn joined_characters_do_not_widen_a_row() {
        let joined =
            ["☺\u{fe0f}", "👍🏽", "👨\u{200d}👩\u{200d}👧", "🇩🇪", "e\u{301}", "क्ष", "ក្ក", "\u{1100}\u{1161}\u{11a8}", "لا"];
        for letters in joined {
            let row = Cells::text(letters.repeat(10).as_bytes());
            for width in 1..40 {
                for left in 0..20 {
                    let text = row.visible(left, width, &[]).0;
                    assert!(text.width() <= width, "{text:?} takes {} columns of {width}", text.width());
                }
            }
        }
        // Terminals disagree between one and two columns, so the variation selector is escaped.
        assert_eq!(shown("☺\u{fe0f}".as_bytes()), "☺\\u{fe0f}");
        assert_eq!(Cells::text("日".repeat(10).as_bytes()).columns(), 20);
    }

    #[test]
    fn matches_are_highlighted_across_tabs_and_escapes() {
        let found = [(1..3, Emphasis::Match), (4..5, Emphasis::CurrentMatch)];
        let (text, emphases) = Cells::text(b"a\tb\x01\x02").visible(0, 80, &found);
        assert_eq!(text, "a       b\\x01\\x02");
        assert_eq!(emphases, [(1..9, Emphasis::Match), (9..13, Emphasis::Escape), (13..17, Emphasis::CurrentMatch)]);
    }

    #[test]
    fn the_hex_view_shows_digits_and_ascii() {
        let (text, emphases) = Cells::hex(b"\x7fELF\x00").visible(0, 80, &[(1..3, Emphasis::Match)]);
        assert_eq!(text, format!("7f 45 4c 46 00 {:34} |.ELF.|", ""));
        let marked: Vec<&str> = emphases.iter().map(|(range, _)| &text[range.clone()]).collect();
        assert_eq!(marked, ["45", "4c", "EL"]);
        assert_eq!(Cells::hex(&[0; 16]).columns(), 16 * 3 + 1 + 1 + 18);
    }
}
