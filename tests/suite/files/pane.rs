//! A pane over an image, and its drawing:
//!
//! ```text
//!   ├─ etc/        modified   12 B
//! > │  └─ passwd   added      12 B   match
//!   └─ usr/ ...    unmodified  3 B
//! ```
//!
//! `>` is the cursor; `...` marks a collapsed directory.

use std::fmt::Write;

use dive::tui::state::Motion;
use dive::tui::state::files::{FileRow, FileTreePane, Filter, Fold, Folding, Jump, Order};
use dive_model::tree::{Change, NodeId, Scope, Tree};

use crate::build::{DrawnImage, Image, aligned, assert_drawn, layer};

pub(super) struct Pane {
    opened: DrawnImage,
    pub(super) files: FileTreePane,
}

impl Pane {
    /// The changes of the last layer, on a large screen.
    pub(super) fn of(image: &Image) -> Self {
        Self::folded(image, Folding::Expanded)
    }

    pub(super) fn folded(image: &Image, folding: Folding) -> Self {
        let opened = image.open();
        let last = opened.tree().last_layer().unwrap();
        let below = last.get().checked_sub(1).map(layer);
        let mut files = FileTreePane::new(opened.tree(), Scope::states(below, last), folding);
        files.set_height(100);
        Self { opened, files }
    }

    pub(super) const fn tree(&self) -> &Tree {
        self.opened.tree()
    }

    pub(super) fn height(&mut self, height: usize) -> &mut Self {
        self.files.set_height(height);
        self
    }

    pub(super) fn compare(&mut self, base: Option<usize>, target: usize) -> &mut Self {
        self.files.compare(self.opened.tree(), Scope::states(base.map(layer), layer(target)));
        self
    }

    /// All changes since the base layer.
    pub(super) fn aggregated(&mut self, target: usize) -> &mut Self {
        self.files.compare(self.opened.tree(), Scope::history(layer(0), layer(target)));
        self
    }

    pub(super) fn toggle(&mut self, change: Change) -> &mut Self {
        self.files.toggle_kind(self.opened.tree(), change);
        self
    }

    pub(super) fn sort(&mut self, order: Order) -> &mut Self {
        if self.files.order() != order {
            self.files.toggle_order(self.opened.tree());
        }
        self
    }

    pub(super) fn filter(&mut self, text: &str) -> &mut Self {
        self.files.set_filter(self.opened.tree(), Filter::parse(text).unwrap());
        self
    }

    pub(super) fn go(&mut self, motion: Motion) -> &mut Self {
        self.files.go(self.opened.tree(), motion);
        self
    }

    pub(super) fn scroll(&mut self, first: usize) -> &mut Self {
        self.files.scroll_to(self.opened.tree(), first);
        self
    }

    /// Moves the cursor to a path with a row.
    #[track_caller]
    pub(super) fn on(&mut self, path: &str) -> &mut Self {
        let row = self.files.row_of(self.tree(), self.node(path)).expect("a row");
        self.files.select_row(self.opened.tree(), row);
        self
    }

    pub(super) fn fold(&mut self) -> &mut Self {
        self.files.toggle_collapse(self.opened.tree());
        self
    }

    pub(super) fn fold_all(&mut self) -> &mut Self {
        self.files.toggle_collapse_all(self.opened.tree());
        self
    }

    /// Jumps, and returns the result and the selected path.
    pub(super) fn jump(&mut self, jump: fn(&mut FileTreePane, &Tree) -> Jump) -> (Jump, String) {
        (jump(&mut self.files, self.opened.tree()), self.selected())
    }

    pub(super) fn jump_to(&mut self, path: &str) -> (Jump, String) {
        let node = self.node(path);
        (self.files.jump_to(self.opened.tree(), node), self.selected())
    }

    pub(super) fn node(&self, path: &str) -> NodeId {
        self.tree().find(path.as_bytes()).expect("a path of the image")
    }

    /// The selected path.
    pub(super) fn selected(&self) -> String {
        let path = |node| String::from_utf8(self.tree().path(node)).unwrap();
        self.files.selected().map_or("nothing".to_owned(), path)
    }

    /// The paths of all rows.
    pub(super) fn paths(&self) -> Vec<String> {
        let rows = self.files.rows(self.tree(), 0, usize::MAX);
        rows.iter().map(|row| String::from_utf8(self.tree().path(row.node)).unwrap()).collect()
    }

    /// Asserts the rows on the screen.
    #[track_caller]
    pub(super) fn shows(&mut self, expected: &str) -> &mut Self {
        assert_drawn(&self.drawn(), expected);
        self
    }

    fn drawn(&self) -> String {
        let rows = self.files.rows(self.tree(), self.files.first_row(), self.files.height());
        let lines: Vec<Vec<String>> = rows.iter().map(|row| self.line(row)).collect();
        aligned(&lines)
    }

    fn line(&self, row: &FileRow) -> Vec<String> {
        let tree = self.tree();
        let span = self.files.comparison().span(tree, row.node).unwrap();
        let mut name = String::from(if self.files.selected() == Some(row.node) { "> " } else { "  " });
        let (last, above) = row.last.split_last().unwrap();
        for is_last in above {
            name.push_str(if *is_last { "   " } else { "│  " });
        }
        let slash = if tree.span(span).kind.is_directory() { "/" } else { "" };
        let dots = if row.fold == Fold::Collapsed { " ..." } else { "" };
        let own = String::from_utf8_lossy(tree.name(row.node));
        write!(name, "{} {own}{slash}{dots}", if *last { "└─" } else { "├─" }).unwrap();
        let mut line = vec![name, format!("{:?}", row.change).to_lowercase(), format!("{} B", row.size_bytes)];
        if row.is_match {
            line.push("match".to_owned());
        }
        line
    }
}
