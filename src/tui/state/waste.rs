//! The waste view: every reclaimable file with its layers and cause, in a selectable order.

use std::cmp::Reverse;
use std::collections::HashSet;

use crate::report::dockerfile_lines_of_pair;
use dive_model::Opened;
use dive_model::analysis::Exact;
use dive_model::analysis::exact::{Cause, ReclaimableFile};
use dive_model::layer::LayerIndex;
use dive_model::tree::{PathOrder, Tree};

use super::scroll::Scroll;

/// The sort order of the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WasteOrder {
    /// Largest first.
    Size,
    /// By path.
    Path,
    /// By cause, the one with most bytes first; then by both layers; then largest first.
    Cause,
    /// By the layer that contains the bytes, then by the layer that hides them, then largest first.
    Layer,
}

impl WasteOrder {
    /// All orders, in the sequence that the key cycles through.
    pub const ALL: [Self; 4] = [Self::Size, Self::Cause, Self::Layer, Self::Path];

    /// Name in the title.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Size => "size",
            Self::Path => "path",
            Self::Cause => "cause",
            Self::Layer => "layer",
        }
    }

    fn next(self) -> Self {
        let at = Self::ALL.iter().position(|order| *order == self).unwrap_or(0);
        Self::ALL[(at + 1) % Self::ALL.len()]
    }
}

/// Start columns of layer, cause, and the lines of the Dockerfile. The path follows.
pub const LAYER_AT: u16 = 10;
/// See [`LAYER_AT`].
pub const CAUSE_AT: u16 = 29;
/// See [`LAYER_AT`].
pub const LINES_AT: u16 = 52;

/// Title of the column of lines.
pub const LINES_TITLE: &str = "Dockerfile";

/// Maximum width of the column of lines, and minimum width that it leaves to paths.
const MAX_LINES_WIDTH: usize = 30;
const MIN_PATH_WIDTH: u16 = 24;

/// The width of the column of Dockerfile lines, with the space after it; 0 if no lines are known.
#[must_use]
pub fn lines_width(opened: &Opened) -> u16 {
    let files = opened.analysis.exact.files.iter();
    let pairs: HashSet<(LayerIndex, LayerIndex)> = files.map(|file| (file.layer, file.hidden_by)).collect();
    let lines = pairs.into_iter().filter_map(|(holds, hides)| dockerfile_lines_of_pair(opened, holds, hides));
    let longest = lines.map(|lines| lines.len().clamp(LINES_TITLE.len(), MAX_LINES_WIDTH)).max();
    longest.map_or(0, |width| width as u16 + 1)
}

/// The waste view.
#[derive(Debug)]
pub struct Waste {
    /// Indices into [`Exact::files`], in display order.
    rows: Vec<u32>,
    order: WasteOrder,
    lines_width: u16,
    by_cause: Vec<(Cause, u64, usize)>,
    /// Selection and viewport of the list.
    pub scroll: Scroll,
}

impl Waste {
    /// Lists all reclaimable files, largest first. `lines_width` is the width of the column of Dockerfile lines, as
    /// [`lines_width`] computes it.
    #[must_use]
    pub fn new(exact: &Exact, lines_width: u16) -> Self {
        let mut by_cause: Vec<_> = Cause::ALL
            .iter()
            .map(|cause| {
                let files = exact.files.iter().filter(|file| file.cause == *cause);
                (*cause, exact.bytes_by(*cause), files.count())
            })
            .filter(|(_, _, count)| *count > 0)
            .collect();
        by_cause.sort_by_key(|(_, bytes, _)| Reverse(*bytes));
        // Inode ids are 32 bits, so the index fits.
        let rows: Vec<u32> = (0..exact.files.len() as u32).collect();
        let mut scroll = Scroll::default();
        scroll.set_count(rows.len());
        Self { rows, order: WasteOrder::Size, lines_width, by_cause, scroll }
    }

    /// The width of the column of Dockerfile lines in a list of `width` columns; 0 if no lines are known, or if it would
    /// leave paths too little room.
    #[must_use]
    pub const fn lines_width(&self, width: u16) -> u16 {
        if width < LINES_AT + self.lines_width + MIN_PATH_WIDTH { 0 } else { self.lines_width }
    }

    /// The order for a click on the header at `column` in a list of `width` columns.
    #[must_use]
    pub const fn order_at(&self, column: u16, width: u16) -> WasteOrder {
        match column {
            0..LAYER_AT => WasteOrder::Size,
            LAYER_AT..CAUSE_AT => WasteOrder::Layer,
            CAUSE_AT..LINES_AT => WasteOrder::Cause,
            // The lines are those of the layers.
            _ if column < LINES_AT + self.lines_width(width) => WasteOrder::Layer,
            _ => WasteOrder::Path,
        }
    }

    /// The file of a row.
    #[must_use]
    pub fn file<'a>(&self, exact: &'a Exact, row: usize) -> Option<&'a ReclaimableFile> {
        exact.files.get(*self.rows.get(row)? as usize)
    }

    /// The selected file.
    #[must_use]
    pub fn selected<'a>(&self, exact: &'a Exact) -> Option<&'a ReclaimableFile> {
        self.file(exact, self.scroll.selected())
    }

    /// The current sort order.
    #[must_use]
    pub fn order(&self) -> WasteOrder {
        self.order
    }

    /// Bytes and number of files per cause, most bytes first. Causes without files are missing.
    #[must_use]
    pub fn by_cause(&self) -> &[(Cause, u64, usize)] {
        &self.by_cause
    }

    /// Sorts by the next order.
    pub fn sort_next(&mut self, tree: &Tree, exact: &Exact) {
        self.sort(tree, exact, self.order.next());
    }

    /// Sorts the list. The selected file stays selected.
    pub fn sort(&mut self, tree: &Tree, exact: &Exact, order: WasteOrder) {
        let selected = self.rows.get(self.scroll.selected()).copied();
        let file = |row: &u32| &exact.files[*row as usize];
        let layers = |row: &u32| -> (LayerIndex, LayerIndex) { (file(row).layer, file(row).hidden_by) };
        let rank = |cause: Cause| self.by_cause.iter().position(|(each, ..)| *each == cause);
        // `exact.files` is sorted by size, so the index is the order by size.
        match order {
            WasteOrder::Size => self.rows.sort_unstable(),
            WasteOrder::Path => {
                let paths = PathOrder::of(tree, exact.files.iter().map(|file| file.node));
                self.rows.sort_unstable_by_key(|row| (paths.rank(file(row).node), *row));
            }
            WasteOrder::Cause => self.rows.sort_by_key(|row| (rank(file(row).cause), layers(row), *row)),
            WasteOrder::Layer => self.rows.sort_by_key(|row| (layers(row), *row)),
        }
        self.order = order;
        let row = selected.and_then(|selected| self.rows.iter().position(|row| *row == selected));
        self.scroll.select(row.unwrap_or(0));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(waste: &Waste, tree: &Tree, exact: &Exact) -> String {
        let files = (0..waste.scroll.count()).filter_map(|row| waste.file(exact, row));
        files.map(|file| String::from_utf8(tree.path(file.node)).unwrap()).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn sorting_the_waste_view_keeps_the_selected_file() {
        let tree = Tree::of_files(&["a", "b", "c", "d"]);
        let file = |path: &str, size_bytes, layer, hidden_by, cause| {
            let index = |number| LayerIndex::new(number).unwrap();
            let node = tree.find(path.as_bytes()).unwrap();
            ReclaimableFile { node, size_bytes, layer: index(layer), hidden_by: index(hidden_by), cause }
        };
        let files = vec![
            file("/c", 50, 1, 3, Cause::Deleted),
            file("/b", 40, 0, 1, Cause::MetadataOnly),
            file("/a", 30, 0, 2, Cause::MetadataOnly),
            file("/d", 20, 0, 1, Cause::MetadataOnly),
        ];
        let exact = Exact { total_bytes: 200, visible_bytes: 60, files };
        let mut waste = Waste::new(&exact, 0);
        assert_eq!(drawn(&waste, &tree, &exact), "/c /b /a /d");
        waste.scroll.select(2);
        waste.sort_next(&tree, &exact);
        assert_eq!((drawn(&waste, &tree, &exact).as_str(), waste.order().name()), ("/b /d /a /c", "cause"));
        waste.sort_next(&tree, &exact);
        assert_eq!((drawn(&waste, &tree, &exact).as_str(), waste.order().name()), ("/b /d /a /c", "layer"));
        waste.sort_next(&tree, &exact);
        assert_eq!((drawn(&waste, &tree, &exact).as_str(), waste.order().name()), ("/a /b /c /d", "path"));
        assert_eq!(tree.path(waste.selected(&exact).unwrap().node), b"/a");
        waste.sort_next(&tree, &exact);
        assert_eq!(waste.order(), WasteOrder::Size);
        assert_eq!(waste.by_cause(), [(Cause::MetadataOnly, 90, 3), (Cause::Deleted, 50, 1)]);
    }

    #[test]
    fn a_click_on_a_header_sorts_by_its_column() {
        let exact = Exact { total_bytes: 0, visible_bytes: 0, files: Vec::new() };
        let orders = |lines: u16, width: u16| {
            let waste = Waste::new(&exact, lines);
            [9, 10, 29, 52, 64, 65].map(|column| waste.order_at(column, width).name())
        };
        assert_eq!(orders(0, 120), ["size", "layer", "cause", "path", "path", "path"]);
        assert_eq!(orders(13, 120), ["size", "layer", "cause", "layer", "layer", "path"]);
        assert_eq!(orders(13, 88), orders(0, 120), "a narrow list has no column of lines");
    }
}
