//! The waste view: every reclaimable file with its layers and cause, in a selectable order.

use std::cmp::Reverse;

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

/// Start columns of layer, cause and path.
pub const LAYER_AT: u16 = 10;
/// See [`LAYER_AT`].
pub const CAUSE_AT: u16 = 29;
/// See [`LAYER_AT`].
pub const PATH_AT: u16 = 52;

impl WasteOrder {
    /// The order for a click on the column header.
    #[must_use]
    pub const fn at(column: u16) -> Self {
        match column {
            0..LAYER_AT => Self::Size,
            LAYER_AT..CAUSE_AT => Self::Layer,
            CAUSE_AT..PATH_AT => Self::Cause,
            _ => Self::Path,
        }
    }
}

/// The waste view.
#[derive(Debug)]
pub struct Waste {
    /// Indices into [`Exact::files`], in display order.
    rows: Vec<u32>,
    order: WasteOrder,
    by_cause: Vec<(Cause, u64, usize)>,
    /// Selection and viewport of the list.
    pub scroll: Scroll,
}

impl Waste {
    /// Lists all reclaimable files, largest first.
    #[must_use]
    pub fn new(exact: &Exact) -> Self {
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
        Self { rows, order: WasteOrder::Size, by_cause, scroll }
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
        let mut waste = Waste::new(&exact);
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
}
