//! Trees as text that a reader checks by eye:
//!
//! ```text
//! / ── etc/            0700
//!   │  ├─ mtab -> ../proc/mounts
//!   │  └─ passwd      12 B   1:2
//!   └─ usr/bin/busybox   3 B
//! ```
//!
//! A directory with a single child shares that child's line if it has nothing to show: in a state, if it is implicit;
//! in a comparison, if it changed in the same way as the child.

use std::fmt::Write;

use dive_model::analysis::Exact;
use dive_model::layer::LayerIndex;
use dive_model::tree::testing::Changes;
use dive_model::tree::{Change, NodeId, SpanId, SpanKind, Tree};

/// One row of a drawing.
struct Row {
    name: String,
    columns: Vec<String>,
    is_directory: bool,
    children: Vec<Row>,
}

/// The file system at a layer. Unusual permissions and owners are shown.
pub(super) fn state(tree: &Tree, layer: LayerIndex) -> String {
    let row = |node| {
        let span = tree.visible(node, layer)?;
        Some((decorated_name(tree, span), facts(tree, span)))
    };
    let mut root = rows(tree, NodeId::ROOT, &row).expect("a root is always there");
    root.columns.retain(|column| column != IMPLICIT);
    fold(&mut root.children, &|row, _| row.columns == [IMPLICIT]);
    drawn(&root)
}

/// Changes of all paths of both states. A `base` of `None` is the empty file system.
pub(super) fn changes(tree: &Tree, base: Option<LayerIndex>, target: LayerIndex) -> String {
    let changes = Changes::between(tree, base, target);
    let row = |node| {
        let change = changes.of(node)?;
        let span = tree.visible(node, target).or_else(|| tree.visible(node, base?))?;
        let mut columns = vec![format!("{change:?}").to_lowercase()];
        if matches!(change, Change::Added | Change::Modified) {
            columns.extend(size(tree, span));
        }
        Some((decorated_name(tree, span), columns))
    };
    let mut root = rows(tree, NodeId::ROOT, &row).expect("a root is always there");
    root.columns.clear();
    fold(&mut root.children, &|row, child| row.columns[0] == child.columns[0]);
    drawn(&root)
}

/// Every reclaimable inode, largest first: path, size, layer, cause.
pub(super) fn waste(tree: &Tree, exact: &Exact) -> String {
    let rows = exact.files.iter().map(|file| {
        let path = String::from_utf8_lossy(&tree.path(file.node)).into_owned();
        let hidden = format!("{} by layer {}", file.cause.name(), file.hidden_by);
        vec![path, format!("{} B", file.size_bytes), format!("layer {}", file.layer), hidden]
    });
    aligned(&rows.collect::<Vec<_>>())
}

const IMPLICIT: &str = "implicit";

fn decorated_name(tree: &Tree, span: SpanId) -> String {
    let name = String::from_utf8_lossy(tree.name(tree.span(span).node())).into_owned();
    let lossy = String::from_utf8_lossy;
    match tree.span(span).kind {
        SpanKind::Directory | SpanKind::ImplicitDirectory => name + "/",
        SpanKind::Symlink => format!("{name} -> {}", lossy(tree.link(span))),
        SpanKind::HardLink if tree.inode(span) == span => format!("{name} => nothing"),
        SpanKind::HardLink => format!("{name} => {}", lossy(&tree.path(tree.span(tree.inode(span)).node()))),
        SpanKind::CharDevice | SpanKind::BlockDevice => {
            let (major, minor) = tree.extra(span).device;
            format!("{name} (device {major}:{minor})")
        }
        SpanKind::Fifo => format!("{name} (pipe)"),
        SpanKind::File | SpanKind::SparseFile => name,
    }
}

/// Attributes of a path, through its inode as with `lstat`.
fn facts(tree: &Tree, name: SpanId) -> Vec<String> {
    let inode = tree.inode(name);
    let span = tree.span(inode);
    let mut facts: Vec<String> = size(tree, name).into_iter().collect();
    let usual = match span.kind {
        SpanKind::Directory | SpanKind::ImplicitDirectory => 0o755,
        SpanKind::Symlink => 0o777,
        _ => 0o644,
    };
    if span.kind == SpanKind::ImplicitDirectory {
        facts.push(IMPLICIT.to_owned());
    }
    if span.mode & 0o7777 != usual {
        facts.push(format!("{:04o}", span.mode & 0o7777));
    }
    if (span.uid, span.gid) != (0, 0) {
        facts.push(format!("{}:{}", span.uid, span.gid));
    }
    if tree.extra(inode).xattrs != 0 {
        facts.push("xattrs".to_owned());
    }
    facts
}

fn size(tree: &Tree, name: SpanId) -> Option<String> {
    let span = tree.span(tree.inode(name));
    span.kind.is_file().then(|| format!("{} B", span.size))
}

/// The rows of a node and its descendants, siblings in byte order.
fn rows(tree: &Tree, node: NodeId, row: &dyn Fn(NodeId) -> Option<(String, Vec<String>)>) -> Option<Row> {
    let (name, columns) = row(node)?;
    let mut below: Vec<NodeId> = tree.children(node).collect();
    below.sort_by_key(|child| tree.name(*child));
    let children = below.into_iter().filter_map(|child| rows(tree, child, row)).collect();
    let is_directory = name.ends_with('/');
    Some(Row { name, columns, is_directory, children })
}

fn fold(rows: &mut [Row], silent: &dyn Fn(&Row, &Row) -> bool) {
    for row in rows {
        fold(&mut row.children, silent);
        if let [only] = &mut row.children[..]
            && row.is_directory
        {
            let mut only = std::mem::replace(
                only,
                Row { name: String::new(), columns: Vec::new(), is_directory: false, children: Vec::new() },
            );
            if silent(row, &only) {
                only.name.insert_str(0, &row.name);
                *row = only;
            } else {
                row.children = vec![only];
            }
        }
    }
}

fn drawn(root: &Row) -> String {
    let mut lines = Vec::new();
    if !root.columns.is_empty() || root.children.is_empty() {
        lines.push(line("/".to_owned(), &root.columns));
    }
    draw_below(&root.children, "  ", &mut lines);
    if let Some(first) = lines.first_mut().filter(|line| !line[0].starts_with('/')) {
        let name = first[0].chars().skip("  ├─ ".chars().count()).collect::<String>();
        first[0] = format!("/ ── {name}");
    }
    aligned(&lines)
}

fn draw_below(rows: &[Row], indent: &str, lines: &mut Vec<Vec<String>>) {
    for (at, row) in rows.iter().enumerate() {
        let (branch, below) = if at + 1 == rows.len() { ("└─", "   ") } else { ("├─", "│  ") };
        lines.push(line(format!("{indent}{branch} {}", row.name), &row.columns));
        draw_below(&row.children, &format!("{indent}{below}"), lines);
    }
}

fn line(name: String, columns: &[String]) -> Vec<String> {
    std::iter::once(name).chain(columns.iter().cloned()).collect()
}

/// Aligns cells in columns, separated by three spaces.
pub(crate) fn aligned(lines: &[Vec<String>]) -> String {
    let mut text = String::new();
    for line in lines {
        let mut padded = String::new();
        for (at, cell) in line.iter().enumerate() {
            let widest = lines.iter().filter_map(|line| line.get(at)).map(|cell| cell.chars().count()).max();
            write!(padded, "{cell:width$}   ", width = widest.unwrap_or(0)).unwrap();
        }
        text.push_str(padded.trim_end());
        text.push('\n');
    }
    text
}
