//! Lines of the file tree, with the change of each path in the selected comparison.

use ratatui::style::{Modifier, Style};
use ratatui::text::{Line, Span};

use super::bar::share_bar;
use crate::report::listing::permissions;
use crate::tui::state::files::{FileRow, FileTreePane, Fold, Order};
use crate::tui::state::{Attributes, Explorer, LongLines};
use crate::tui::text::{columns, cut, name, right, wrap};
use crate::tui::theme::Theme;
use dive_model::tree::{Change, SpanKind, Tree};
use dive_model::units::{Bytes, count_of};

/// The columns that fit the width of the pane.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Columns {
    /// Permissions, owner, size.
    All,
    /// Permissions and size.
    NoOwner,
    /// Size.
    Size,
    /// Names only.
    None,
}

/// Minimum widths for all attributes, and for all but the owner.
const ALL_COLUMNS_WIDTH: usize = 62;
const NO_OWNER_WIDTH: usize = 48;
/// Width of the bar with the share of a row in its directory, with the blank before it.
const SHARE_WIDTH: usize = 6;
/// Minimum width of a name. Deep trees have a narrow indentation to keep it, and skip levels.
const MIN_NAME_WIDTH: usize = 12;
/// Maximum width of a wrapped name.
const MAX_WRAPPED_NAME: usize = 1024;
/// Indentation per level, and in a narrow pane, where levels are worth more than their looks.
const INDENT: usize = 4;
const NARROW_INDENT: usize = 2;
const WIDE_INDENT_WIDTH: usize = 56;

/// The row of each visible line of the pane. With wrapped names, a row takes several lines.
pub(in crate::tui) fn line_rows(
    theme: &Theme,
    explorer: &Explorer,
    files: &FileTreePane,
    width: usize,
    height: usize,
) -> Vec<usize> {
    let table = FileTable::new(theme, explorer, files, width);
    let first = files.first_row();
    let rows = files.rows(table.tree, first, height);
    let indentation = table.indentation(&rows);
    let lines = rows.iter().zip(first..).flat_map(|(row, at)| vec![at; table.row(row, indentation).len()]);
    lines.take(height).collect()
}

/// The first row to show so that the selected row is visible, with wrapped names.
pub(in crate::tui) fn first_row(
    theme: &Theme,
    explorer: &Explorer,
    files: &FileTreePane,
    width: usize,
    height: usize,
) -> usize {
    let table = FileTable::new(theme, explorer, files, width);
    let first = files.first_row();
    // A row takes at least one line, so at most `height` rows fit.
    let start = first.max((files.selected_row() + 1).saturating_sub(height));
    let rows = files.rows(table.tree, start, (files.selected_row() + 1).saturating_sub(start));
    let indentation = table.indentation(&rows);
    let mut room = height;
    let fitting = rows.iter().rev().take_while(|row| {
        let lines = table.row(row, indentation).len();
        let fits = lines <= room;
        room = room.saturating_sub(lines);
        fits
    });
    let fitting = fitting.count().max(1);
    start + rows.len().saturating_sub(fitting)
}

/// The indentation of the visible rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::tui) struct Indentation {
    /// Columns per level.
    level: usize,
    /// Levels that are left out.
    skipped: usize,
    /// Levels that leave room for a name. Deeper rows are all drawn on the last one.
    most: usize,
}

/// Builds the lines of rows.
pub(in crate::tui) struct FileTable<'a> {
    theme: &'a Theme,
    tree: &'a Tree,
    files: &'a FileTreePane,
    explorer: &'a Explorer,
    width: usize,
}

impl<'a> FileTable<'a> {
    pub(in crate::tui) fn new(theme: &'a Theme, explorer: &'a Explorer, files: &'a FileTreePane, width: usize) -> Self {
        Self { theme, tree: &explorer.opened.tree, files, explorer, width }
    }

    fn columns(&self) -> Columns {
        match self.explorer.attributes {
            Attributes::Hidden => Columns::None,
            Attributes::Shown if self.width >= ALL_COLUMNS_WIDTH => Columns::All,
            Attributes::Shown if self.width >= NO_OWNER_WIDTH => Columns::NoOwner,
            Attributes::Shown => Columns::Size,
        }
    }

    /// The column header. The sort column is marked; sizes are called "Shown" if they exclude hidden files.
    pub(in crate::tui) fn head(&self) -> String {
        let (size, files) = match (self.files.order(), self.files.is_partial()) {
            (Order::Name, false) => ("Size", "Filetree ▲"),
            (Order::Name, true) => ("Shown", "Filetree ▲"),
            (Order::Size, false) => ("▼ Size", "Filetree"),
            (Order::Size, true) => ("▼ Shown", "Filetree"),
        };
        let share = " ".repeat(self.share_width());
        let files = format!("{share}{files}");
        match self.columns() {
            Columns::All => format!("  {:<10} {:>9} {size:>8}  {files}", "Permission", "UID:GID"),
            Columns::NoOwner => format!("  {:<10} {size:>8}  {files}", "Permission"),
            Columns::Size => format!("  {size:>8}  {files}"),
            Columns::None => format!("  {}", files.trim_start()),
        }
    }

    /// The width of the bar with the share of a row in its directory. Only the order by size has it.
    fn share_width(&self) -> usize {
        if self.files.order() == Order::Size && self.width >= NO_OWNER_WIDTH { SHARE_WIDTH } else { 0 }
    }

    /// The bar with the share of a row, and the blanks before the name.
    fn share(&self, row: &FileRow) -> String {
        let width = self.share_width();
        let parent = self.tree.parent(row.node).map_or(0, |parent| self.files.size_bytes(parent));
        match self.columns() {
            Columns::None => String::new(),
            _ if width == 0 => "  ".to_owned(),
            _ => format!(" {}  ", share_bar(row.size_bytes, parent, width - 1)),
        }
    }

    /// The columns before the bar.
    fn attributes(&self, row: &FileRow) -> String {
        let size = right(&Bytes(row.size_bytes).to_string(), 8);
        let version = self.files.comparison().span(self.tree, row.node);
        let facts = version.map(|version| self.tree.facts(version));
        let permissions = facts.map(|facts| permissions(facts.kind, facts.mode)).unwrap_or_default();
        match self.columns() {
            Columns::None => String::new(),
            Columns::Size => size,
            Columns::NoOwner => format!("{permissions:<10} {size}"),
            Columns::All => {
                let owner = facts.map(|facts| format!("{}:{}", facts.uid, facts.gid)).unwrap_or_default();
                format!("{permissions:<10} {owner:>9} {size}")
            }
        }
    }

    /// The indentation of the visible rows: narrow if the wide one does not leave the deepest of them room for its name. If
    /// the row under the cursor has no room then, the first levels are left out. The other rows follow it, so that a deep
    /// path somewhere in view does not take the indentation from all others.
    pub(in crate::tui) fn indentation(&self, rows: &[FileRow]) -> Indentation {
        let deepest = rows.iter().map(|row| row.last.len()).max().unwrap_or(0);
        let width = |row| columns(&self.attributes(row)) + columns(&self.share(row));
        let before = CHANGE_MARK_WIDTH + rows.first().map_or(0, width);
        let room = self.width.saturating_sub(before + MIN_NAME_WIDTH);
        let level = if self.width >= WIDE_INDENT_WIDTH && deepest * INDENT <= room { INDENT } else { NARROW_INDENT };
        let most = (room / level).max(1);
        let parents = std::iter::successors(self.files.selected(), |node| self.tree.parent(*node));
        // Without the root, which has no row.
        let depth = parents.count().saturating_sub(1);
        Indentation { level, skipped: depth.saturating_sub(most), most }
    }

    /// The lines of a row: one, or several for a wrapped name.
    pub(in crate::tui) fn row<'b>(&self, row: &FileRow, indentation: Indentation) -> Vec<Line<'b>> {
        let marked = self.theme.change(row.change);
        // Everything in the base layer is added: the marks say so, and colours would say nothing.
        let is_first = self.files.comparison().scope().base.is_none();
        let style = if is_first { Style::new() } else { marked };
        let mark = match row.change {
            Change::Added => "+ ",
            Change::Modified => "~ ",
            Change::Removed => "- ",
            Change::Unmodified => "  ",
        };
        let (attributes, share) = (self.attributes(row), self.share(row));
        let branch = branch(row, indentation);
        let indent = CHANGE_MARK_WIDTH + columns(&attributes) + columns(&share) + columns(&branch);
        let room = self.width.saturating_sub(indent);
        let named = if row.is_match { style.patch(self.theme.found) } else { style };
        let named = if row.fold == Fold::Leaf { named } else { named.add_modifier(Modifier::BOLD) };
        let (first, rest) = match self.explorer.long_lines {
            LongLines::Cut => (cut(&self.label(row, room), room), Vec::new()),
            LongLines::Wrapped => {
                let mut parts = wrap(&self.label(row, MAX_WRAPPED_NAME), room);
                (parts.remove(0), parts)
            }
        };
        let own = Line::from(vec![
            Span::styled(mark, marked),
            Span::styled(attributes, style),
            Span::styled(share, self.theme.bar),
            Span::styled(branch, self.theme.dim),
            Span::styled(first, named),
        ]);
        let below = |part| Line::from(vec![Span::raw(" ".repeat(indent)), Span::styled(part, named)]);
        std::iter::once(own).chain(rest.into_iter().map(below)).collect()
    }

    /// The name of a row, with its target if it is a link, or the number of its files if it is one change.
    fn label(&self, row: &FileRow, room: usize) -> String {
        let own = name(self.tree.name(row.node), room);
        if let Some(files) = self.files.folded_files(row.node).filter(|_| row.fold == Fold::Collapsed) {
            return format!("{own} ({})", count_of(files.into(), "file"));
        }
        let Some(version) = self.files.comparison().span(self.tree, row.node) else { return own };
        match (self.tree.span(version).kind, self.tree.facts(version)) {
            (_, facts) if facts.kind == SpanKind::Symlink => format!("{own} -> {}", name(facts.target, room)),
            (SpanKind::HardLink, _) => {
                let target = name(self.tree.link(version), room);
                format!("{own} -> /{}", target.trim_start_matches('/'))
            }
            _ => own,
        }
    }
}

/// Width of the change mark.
const CHANGE_MARK_WIDTH: usize = 2;

/// Draws the branch of a row.
fn branch(row: &FileRow, Indentation { level, skipped, most }: Indentation) -> String {
    let depth = row.last.len();
    if skipped > 0 && depth <= skipped {
        return if row.fold == Fold::Collapsed { "⊕ " } else { "⋯ " }.to_owned();
    }
    let mut out = String::new();
    let is_narrow = level < INDENT;
    let own_skipped = depth.saturating_sub(most).max(skipped);
    for (at, last) in row.last.iter().enumerate().skip(own_skipped) {
        if own_skipped > skipped && at == own_skipped && at + 1 < depth {
            out.push_str(if is_narrow { "⋯ " } else { "⋯   " });
            continue;
        }
        out.push_str(match (at + 1 == depth, *last) {
            (false, true) if is_narrow => "  ",
            (false, false) if is_narrow => "│ ",
            (true, true) if is_narrow && row.fold == Fold::Collapsed => "└⊕",
            (true, false) if is_narrow && row.fold == Fold::Collapsed => "├⊕",
            (true, true) if is_narrow => "└─",
            (true, false) if is_narrow => "├─",
            (false, true) => "    ",
            (false, false) => "│   ",
            (true, true) if row.fold == Fold::Collapsed => "└─⊕ ",
            (true, false) if row.fold == Fold::Collapsed => "├─⊕ ",
            (true, true) => "└── ",
            (true, false) => "├── ",
        });
    }
    out
}
