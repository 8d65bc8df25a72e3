//! Queries on a terminal's screen.

use vt100::Screen;

/// A screen.
pub(super) struct Shown<'a> {
    screen: &'a Screen,
    rows: Vec<String>,
}

impl<'a> Shown<'a> {
    pub(super) fn of(screen: &'a Screen) -> Self {
        let (_, columns) = screen.size();
        Self { screen, rows: screen.rows(0, columns).collect() }
    }

    /// Whether a row contains the text.
    pub(super) fn has(&self, text: &str) -> bool {
        self.rows.iter().any(|row| row.contains(text))
    }

    /// Whether all texts are on the screen.
    pub(super) fn has_all(&self, texts: &[&str]) -> bool {
        texts.iter().all(|text| self.has(text))
    }

    /// Whether one row contains all parts.
    pub(super) fn has_row(&self, parts: &[&str]) -> bool {
        self.rows.iter().any(|row| parts.iter().all(|part| row.contains(part)))
    }

    /// The rows without trailing blanks.
    pub(super) fn rows(&self) -> &[String] {
        &self.rows
    }

    /// The last row: hints and messages.
    pub(super) fn footer(&self) -> &str {
        self.rows.last().map_or("", String::as_str)
    }

    /// Column and row of a text's first cell.
    pub(super) fn place_of(&self, text: &str) -> Option<(u16, u16)> {
        self.places_of(text).next()
    }

    fn places_of(&self, text: &str) -> impl Iterator<Item = (u16, u16)> {
        let columns = self.screen.size().1;
        let starts = move |column: u16, row: u16| {
            let cells = (column..columns).filter_map(|column| self.screen.cell(row, column));
            let mut line = String::new();
            for cell in cells.filter(|cell| !cell.is_wide_continuation()) {
                line.push_str(if cell.has_contents() { cell.contents() } else { " " });
                if line.len() >= text.len() {
                    break;
                }
            }
            line.starts_with(text)
        };
        let lines = (0u16..).zip(&self.rows).filter(move |(_, row)| row.contains(text));
        lines.flat_map(move |(row, _)| {
            (0..columns).filter(move |column| starts(*column, row)).map(move |column| (column, row))
        })
    }

    /// Whether the row with the text is selected: inverted, or with the background of the theme `dark` or `light`.
    pub(super) fn selects(&self, text: &str) -> bool {
        const TINTS: [vt100::Color; 2] = [vt100::Color::Idx(238), vt100::Color::Idx(252)];
        let is_selected = |cell: &vt100::Cell| cell.inverse() || TINTS.contains(&cell.bgcolor());
        let is_selected_at = |(column, row)| self.screen.cell(row, column).is_some_and(is_selected);
        self.places_of(text).any(is_selected_at)
    }

    /// Whether the row with the text has this background, by its number in xterm's palette.
    pub(super) fn has_background(&self, text: &str, colour: u8) -> bool {
        let is_it = |(column, row)| {
            self.screen.cell(row, column).is_some_and(|cell| cell.bgcolor() == vt100::Color::Idx(colour))
        };
        self.places_of(text).any(is_it)
    }

    /// Whether any cell has a colour.
    pub(super) fn has_colour(&self) -> bool {
        let (rows, columns) = self.screen.size();
        let cells = (0..rows).flat_map(|row| (0..columns).filter_map(move |column| self.screen.cell(row, column)));
        cells.into_iter().any(|cell| cell.fgcolor() != vt100::Color::Default || cell.bgcolor() != vt100::Color::Default)
    }

    /// The content of a cell.
    pub(super) fn cell(&self, (column, row): (u16, u16)) -> &str {
        self.screen.cell(row, column).map_or("", vt100::Cell::contents)
    }

    /// Columns and rows.
    pub(super) fn size(&self) -> (u16, u16) {
        let (rows, columns) = self.screen.size();
        (columns, rows)
    }

    /// Whether the alternate screen is active.
    pub(super) fn is_alternate(&self) -> bool {
        self.screen.alternate_screen()
    }
}
