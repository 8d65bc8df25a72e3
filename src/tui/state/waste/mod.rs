//! The waste view: reclaimable files in groups by layers, cause and directory, each of which opens to its files.

mod order;

use std::cmp::Reverse;
use std::collections::HashSet;

pub use order::WasteOrder;

use super::files::Filter;
use super::scroll::Scroll;
use dive_model::analysis::exact::{Cause, ReclaimableFile};
use dive_model::analysis::{Exact, WasteGroup};
use dive_model::tree::{NodeId, PathOrder, SpanId, Tree};

/// A row of the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum WasteRow {
    /// A group of several files, by its index.
    Group(usize),
    /// A file: alone, or of the open group above it.
    File {
        /// Its index in [`Exact::files`].
        file: usize,
        /// The index of its group.
        group: usize,
    },
}

/// A group with its files.
#[derive(Debug)]
struct GroupFiles {
    /// The group, with the number and bytes of the files that the filter accepts.
    group: WasteGroup,
    /// All files: indices into [`Exact::files`], largest first.
    all: Vec<usize>,
    /// The files that the filter accepts.
    files: Vec<usize>,
}

/// The waste view.
#[derive(Debug)]
pub struct Waste {
    /// All groups, largest first. A filter may leave some without files.
    groups: Vec<GroupFiles>,
    /// Open groups, by their index.
    open: HashSet<usize>,
    order: WasteOrder,
    filter: Filter,
    rows: Vec<WasteRow>,
    by_cause: Vec<(Cause, u64, usize)>,
    /// Number and bytes of the files that the filter accepts.
    accepted: (u64, u64),
    /// Selection and viewport of the list.
    pub scroll: Scroll,
}

impl Waste {
    /// Lists all groups, largest first.
    #[must_use]
    pub fn new(tree: &Tree, exact: &Exact) -> Self {
        let mut by_cause: Vec<_> = Cause::ALL
            .iter()
            .map(|cause| {
                let files = exact.files.iter().filter(|file| file.cause == *cause);
                (*cause, exact.bytes_by(*cause), files.count())
            })
            .filter(|(_, _, count)| *count > 0)
            .collect();
        by_cause.sort_by_key(|(_, bytes, _)| Reverse(*bytes));
        let mut waste = Self {
            groups: grouped(tree, exact),
            open: HashSet::new(),
            order: WasteOrder::Size,
            filter: Filter::none(),
            rows: Vec::new(),
            by_cause,
            accepted: (0, 0),
            scroll: Scroll::default(),
        };
        waste.apply_filter(tree, exact);
        waste
    }

    /// Keeps the files that the filter accepts.
    fn apply_filter(&mut self, tree: &Tree, exact: &Exact) {
        let Self { groups, filter, accepted, .. } = self;
        let accepts = |file: &usize| {
            let file = &exact.files[*file];
            filter.is_empty() || filter.accepts(&tree.path(file.node), file.size_bytes)
        };
        *accepted = (0, 0);
        for GroupFiles { group, all, files } in groups {
            *files = all.iter().copied().filter(accepts).collect();
            group.files = files.len() as u64;
            group.size_bytes =
                files.iter().fold(0, |bytes: u64, file| bytes.saturating_add(exact.files[*file].size_bytes));
            *accepted = (accepted.0 + group.files, accepted.1.saturating_add(group.size_bytes));
        }
        self.list(tree, exact);
    }

    /// Lists the rows in the current order. The selected row stays selected.
    fn list(&mut self, tree: &Tree, exact: &Exact) {
        let selected = self.selected();
        let rank = |cause: Cause| self.by_cause.iter().position(|(each, ..)| *each == cause);
        let mut groups: Vec<usize> = (0..self.groups.len()).filter(|at| !self.groups[*at].files.is_empty()).collect();
        let group = |at: &usize| &self.groups[*at].group;
        let layers = |at: &usize| (group(at).layer, group(at).hidden_by);
        let size = |at: &usize| Reverse(group(at).size_bytes);
        match self.order {
            WasteOrder::Size => groups.sort_by_key(size),
            WasteOrder::Path => {
                let paths = PathOrder::of(tree, self.groups.iter().map(|members| members.group.place));
                groups.sort_by_key(|at| (paths.rank(group(at).place), layers(at)));
            }
            WasteOrder::Cause => groups.sort_by_key(|at| (rank(group(at).cause), size(at))),
            WasteOrder::Layer => groups.sort_by_key(|at| (layers(at), size(at))),
        }
        let mut rows = Vec::new();
        for at in groups {
            let files = &self.groups[at].files;
            let row = |file| WasteRow::File { file, group: at };
            if let [file] = files.as_slice() {
                rows.push(row(*file));
                continue;
            }
            rows.push(WasteRow::Group(at));
            if self.open.contains(&at) {
                let mut files = files.clone();
                if self.order == WasteOrder::Path {
                    let paths = PathOrder::of(tree, files.iter().map(|file| exact.files[*file].node));
                    files.sort_by_key(|file| paths.rank(exact.files[*file].node));
                }
                rows.extend(files.into_iter().map(row));
            }
        }
        self.rows = rows;
        self.scroll.set_count(self.rows.len());
        let row = selected.and_then(|selected| self.rows.iter().position(|row| *row == selected));
        self.scroll.select(row.unwrap_or(0));
    }

    /// A row of the list.
    #[must_use]
    pub fn row(&self, row: usize) -> Option<WasteRow> {
        self.rows.get(row).copied()
    }

    /// The selected row.
    #[must_use]
    pub fn selected(&self) -> Option<WasteRow> {
        self.row(self.scroll.selected())
    }

    /// A group, with the files and bytes that the filter accepts.
    #[must_use]
    pub fn group_at(&self, at: usize) -> Option<&WasteGroup> {
        self.groups.get(at).map(|members| &members.group)
    }

    /// The largest file of a group that the filter accepts, as an index into [`Exact::files`], and the number of the others.
    #[must_use]
    pub fn largest_of(&self, group: usize) -> (Option<usize>, usize) {
        let files = self.groups.get(group).map_or(&[][..], |members| &members.files);
        (files.first().copied(), files.len().saturating_sub(1))
    }

    /// True if the files of a group have rows.
    #[must_use]
    pub fn is_open(&self, group: usize) -> bool {
        self.open.contains(&group)
    }

    /// True on the row of an open group.
    #[must_use]
    pub fn is_selected_open(&self) -> bool {
        matches!(self.selected(), Some(WasteRow::Group(group)) if self.is_open(group))
    }

    /// True if the row belongs to the open group above it.
    #[must_use]
    pub fn is_member(&self, row: WasteRow) -> bool {
        match row {
            WasteRow::Group(_) => false,
            WasteRow::File { group, .. } => self.groups.get(group).is_some_and(|members| members.files.len() > 1),
        }
    }

    /// The group of the selected row.
    #[must_use]
    pub fn selected_group(&self) -> Option<&WasteGroup> {
        let (WasteRow::Group(group) | WasteRow::File { group, .. }) = self.selected()?;
        self.group_at(group)
    }

    /// The selected file. `None` on a group.
    #[must_use]
    pub fn selected_file<'a>(&self, exact: &'a Exact) -> Option<&'a ReclaimableFile> {
        match self.selected()? {
            WasteRow::Group(_) => None,
            WasteRow::File { file, .. } => exact.files.get(file),
        }
    }

    /// The path of the selected row: of a group its directory.
    #[must_use]
    pub fn selected_node(&self, exact: &Exact) -> Option<NodeId> {
        self.selected_file(exact).map(|file| file.node).or_else(|| self.selected_group().map(|group| group.place))
    }

    /// The number of groups with the place of the selected one, and their bytes: a path that several layers rewrite has a
    /// group for each pair of layers.
    #[must_use]
    pub fn same_place(&self) -> (usize, u64) {
        let Some(place) = self.selected_group().map(|group| group.place) else { return (0, 0) };
        let groups = self.groups.iter().filter(|members| members.group.place == place && !members.files.is_empty());
        groups.fold((0, 0), |(count, bytes), members| (count + 1, bytes.saturating_add(members.group.size_bytes)))
    }

    /// Opens the selected group, or closes the one that the selected row belongs to.
    pub fn toggle(&mut self, tree: &Tree, exact: &Exact) {
        let group = match self.selected() {
            Some(WasteRow::Group(group)) => group,
            Some(row @ WasteRow::File { group, .. }) if self.is_member(row) => group,
            _ => return,
        };
        if !self.open.remove(&group) {
            self.open.insert(group);
        }
        self.list(tree, exact);
        if let Some(row) = self.rows.iter().position(|row| *row == WasteRow::Group(group)) {
            self.scroll.select(row);
        }
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

    /// The active filter, or an empty one.
    #[must_use]
    pub fn filter(&self) -> &Filter {
        &self.filter
    }

    /// Shows only files that the filter accepts.
    pub fn set_filter(&mut self, tree: &Tree, exact: &Exact, filter: Filter) {
        self.filter = filter;
        self.scroll.select(0);
        self.rows.clear();
        self.apply_filter(tree, exact);
    }

    /// Number and bytes of the files that the filter accepts.
    #[must_use]
    pub const fn accepted(&self) -> (u64, u64) {
        self.accepted
    }

    /// Sorts by the next order.
    pub fn sort_next(&mut self, tree: &Tree, exact: &Exact) {
        self.sort(tree, exact, self.order.next());
    }

    /// Sorts the list. The selected row stays selected.
    pub fn sort(&mut self, tree: &Tree, exact: &Exact, order: WasteOrder) {
        self.order = order;
        self.list(tree, exact);
    }
}

/// All groups with their files.
fn grouped(tree: &Tree, exact: &Exact) -> Vec<GroupFiles> {
    let groups = WasteGroup::of(tree, exact);
    let files = WasteGroup::files_of(&groups, tree, exact);
    groups.into_iter().zip(files).map(|(group, all)| GroupFiles { group, all, files: Vec::new() }).collect()
}

/// The version of a file that a layer hid.
#[must_use]
pub fn hidden_version(tree: &Tree, file: &ReclaimableFile) -> Option<SpanId> {
    tree.spans(file.node).find(|span| tree.span(*span).end() == Some((file.hidden_by, file.cause)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use dive_model::layer::LayerIndex;

    /// The rows: groups as `PATH xFILES`, their files indented.
    fn drawn(waste: &Waste, tree: &Tree, exact: &Exact) -> String {
        let path = |node| String::from_utf8(tree.path(node)).unwrap();
        let rows = (0..waste.scroll.count()).filter_map(|row| waste.row(row)).map(|row| match row {
            WasteRow::Group(at) => {
                let group = waste.group_at(at).unwrap();
                format!("{} x{}", path(group.place), group.files)
            }
            WasteRow::File { file, .. } => {
                let indent = if waste.is_member(row) { "  " } else { "" };
                format!("{indent}{}", path(exact.files[file].node))
            }
        });
        rows.collect::<Vec<_>>().join("\n")
    }

    fn wasted(tree: &Tree, files: &[(&str, u64, usize, usize, Cause)]) -> Exact {
        let index = |number| LayerIndex::new(number).unwrap();
        let files = files.iter().map(|(path, size_bytes, layer, hidden_by, cause)| ReclaimableFile {
            node: tree.find(path.as_bytes()).unwrap(),
            size_bytes: *size_bytes,
            layer: index(*layer),
            hidden_by: index(*hidden_by),
            cause: *cause,
        });
        Exact { total_bytes: 1000, visible_bytes: 60, files: files.collect() }
    }

    #[test]
    fn groups_open_to_their_files() {
        let tree = Tree::of_files(&["root/.npm/a", "root/.npm/b", "root/.npm/c", "etc/x"]);
        let exact = wasted(
            &tree,
            &[
                ("/root/.npm/b", 300, 3, 4, Cause::Deleted),
                ("/root/.npm/a", 200, 3, 4, Cause::Deleted),
                ("/etc/x", 150, 0, 1, Cause::MetadataOnly),
                ("/root/.npm/c", 100, 3, 4, Cause::Deleted),
            ],
        );
        let mut waste = Waste::new(&tree, &exact);
        assert_eq!(drawn(&waste, &tree, &exact), "/root/.npm x3\n/etc/x");
        assert_eq!(waste.accepted(), (4, 750));
        waste.toggle(&tree, &exact);
        assert_eq!(
            drawn(&waste, &tree, &exact),
            "/root/.npm x3\n  /root/.npm/b\n  /root/.npm/a\n  /root/.npm/c\n/etc/x"
        );
        waste.sort(&tree, &exact, WasteOrder::Path);
        assert_eq!(
            drawn(&waste, &tree, &exact),
            "/etc/x\n/root/.npm x3\n  /root/.npm/a\n  /root/.npm/b\n  /root/.npm/c"
        );
        assert_eq!(waste.selected(), waste.row(1), "the selected row stays selected");
        waste.scroll.select(3);
        waste.toggle(&tree, &exact);
        assert_eq!(drawn(&waste, &tree, &exact), "/etc/x\n/root/.npm x3");
        assert_eq!(waste.selected_group().unwrap().files, 3, "a closed group is selected");
        waste.scroll.select(0);
        waste.toggle(&tree, &exact);
        assert_eq!(waste.scroll.count(), 2, "a file alone has nothing to open");
    }

    #[test]
    fn a_filter_applies_to_files_and_sums() {
        let tree = Tree::of_files(&["a/one", "a/two", "b/one"]);
        let exact = wasted(
            &tree,
            &[
                ("/a/one", 30, 0, 1, Cause::Deleted),
                ("/a/two", 20, 0, 1, Cause::Deleted),
                ("/b/one", 10, 0, 2, Cause::Overwritten),
            ],
        );
        let mut waste = Waste::new(&tree, &exact);
        waste.set_filter(&tree, &exact, Filter::parse("one").unwrap());
        assert_eq!((drawn(&waste, &tree, &exact).as_str(), waste.accepted()), ("/a/one\n/b/one", (2, 40)));
        waste.set_filter(&tree, &exact, Filter::parse("one >20").unwrap());
        assert_eq!(drawn(&waste, &tree, &exact), "/a/one");
        waste.set_filter(&tree, &exact, Filter::parse("nowhere").unwrap());
        assert_eq!((waste.scroll.count(), waste.selected()), (0, None));
        waste.set_filter(&tree, &exact, Filter::none());
        assert_eq!(waste.accepted(), (3, 60));
    }

    #[test]
    fn a_path_that_several_layers_rewrite_has_a_sum() {
        let tree = Tree::of_files(&["db", "x"]);
        let rewritten = |layer| ("/db", 40, layer, layer + 1, Cause::Overwritten);
        let exact = wasted(&tree, &[rewritten(0), rewritten(1), rewritten(2), ("/x", 7, 0, 1, Cause::Deleted)]);
        let mut waste = Waste::new(&tree, &exact);
        assert_eq!((waste.scroll.count(), waste.same_place()), (4, (3, 120)));
        waste.scroll.select(3);
        assert_eq!(waste.same_place(), (1, 7));
        waste.set_filter(&tree, &exact, Filter::parse("nowhere").unwrap());
        assert_eq!(waste.same_place(), (0, 0));
    }

    #[test]
    fn sorting_keeps_the_selected_row() {
        let tree = Tree::of_files(&["a", "b", "c", "d"]);
        let exact = wasted(
            &tree,
            &[
                ("/c", 50, 1, 3, Cause::Deleted),
                ("/b", 40, 0, 1, Cause::MetadataOnly),
                ("/a", 30, 0, 2, Cause::MetadataOnly),
                ("/d", 20, 0, 4, Cause::MetadataOnly),
            ],
        );
        let mut waste = Waste::new(&tree, &exact);
        let flat = |waste: &Waste| drawn(waste, &tree, &exact).replace('\n', " ");
        assert_eq!(flat(&waste), "/c /b /a /d");
        waste.scroll.select(2);
        waste.sort_next(&tree, &exact);
        assert_eq!((flat(&waste).as_str(), waste.order().name()), ("/b /a /d /c", "cause"));
        waste.sort_next(&tree, &exact);
        assert_eq!((flat(&waste).as_str(), waste.order().name()), ("/b /a /d /c", "layer"));
        waste.sort_next(&tree, &exact);
        assert_eq!((flat(&waste).as_str(), waste.order().name()), ("/a /b /c /d", "path"));
        assert_eq!(tree.path(waste.selected_node(&exact).unwrap()), b"/a");
        waste.sort_next(&tree, &exact);
        assert_eq!(waste.order(), WasteOrder::Size);
        assert_eq!(waste.by_cause(), [(Cause::MetadataOnly, 90, 3), (Cause::Deleted, 50, 1)]);
    }
}
