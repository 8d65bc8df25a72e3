//! Lists the file system as of a layer, or its changes: one path per line, in byte order.

use std::io::{self, Write};

use dive_model::escape::Escaped;
use dive_model::layer::LayerIndex;
use dive_model::tree::{Change, Comparison, NodeId, Scope, SpanId, SpanKind, Tree};
use dive_model::units::Bytes;

/// The format of a listing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// For people: permissions, owner, size, path.
    Text,
    /// For programs: path, type, size, mode, uid:gid and link target, separated by tabs.
    Tsv,
}

/// Bytes that the paths of implicit directories may take in any listing.
const IMPLIED_TEXT: u64 = 32 << 20;

/// Limit of the paths of implicit directories, as a multiple of the paths with entries.
const IMPLIED_RATIO: u64 = 16;

/// Implicit directories would make the listing much longer than the image: a single path of 16 KiB can have 8,000 parent
/// directories without entries.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the listing would be too long: {} for {count} directories without an entry, {} for all entries; `--json -` omits such \
     directories",
    Bytes(*implied),
    Bytes(*named)
)]
pub struct ImpliedTooLong {
    count: u64,
    implied: u64,
    named: u64,
}

/// Checks that a listing as of `layer` is at most a fixed multiple of the image's paths.
///
/// # Errors
/// If implicit directories exceed the limit.
pub fn check_length(tree: &Tree, layer: LayerIndex) -> Result<(), ImpliedTooLong> {
    let mut lengths = vec![0u64; tree.node_count()];
    let (mut count, mut implied, mut named) = (0, 0u64, 0u64);
    // Parents precede their children.
    for node in tree.nodes() {
        let above = tree.parent(node).map_or(0, |parent| lengths[parent.index()] + 1);
        let length = above + tree.name(node).len() as u64;
        lengths[node.index()] = length;
        match tree.visible(node, layer).map(|span| tree.span(span).kind) {
            // The root has no name.
            Some(SpanKind::ImplicitDirectory) => {
                count += u64::from(length > 0);
                implied = implied.saturating_add(length);
            }
            Some(_) => named = named.saturating_add(length),
            None => {}
        }
    }
    if implied > named.saturating_mul(IMPLIED_RATIO).max(IMPLIED_TEXT) {
        return Err(ImpliedTooLong { count, implied, named });
    }
    Ok(())
}

/// Lists the files as of `layer`.
///
/// # Errors
/// When writing fails.
pub fn files(tree: &Tree, layer: LayerIndex, format: Format, out: &mut dyn Write) -> io::Result<()> {
    let sizes = (format == Format::Text).then(|| Comparison::between(tree, Scope::states(None, layer)));
    let keep = |node: NodeId| tree.visible(node, layer).is_some();
    tree.walk(keep, |path, node| {
        let Some(span) = tree.visible(node, layer) else { return Ok(()) };
        match &sizes {
            Some(sizes) => text_row(tree, path, span, sizes.size_bytes(node), out),
            None => tsv_row(tree, path, span, out),
        }
    })
}

fn tsv_row(tree: &Tree, path: &[u8], name: SpanId, out: &mut dyn Write) -> io::Result<()> {
    let inode = tree.inode(name);
    let span = tree.span(inode);
    let size = if span.kind.is_file() { span.size } else { 0 };
    let (kind, mode) = (type_letter(span.kind), mode(span.kind, span.mode));
    let link = Escaped(symlink_target(tree, inode));
    writeln!(out, "{}\t{kind}\t{size}\t{mode:o}\t{}:{}\t{link}", Escaped(path), span.uid, span.gid)
}

fn text_row(tree: &Tree, path: &[u8], name: SpanId, size: u64, out: &mut dyn Write) -> io::Result<()> {
    let inode = tree.inode(name);
    let span = tree.span(inode);
    let size = if span.kind.is_file() { span.size } else { size };
    let owner = format!("{}:{}", span.uid, span.gid);
    write!(out, "{} {owner:>9} {:>8} {}", permissions(span.kind, span.mode), Bytes(size).to_string(), Escaped(path))?;
    match span.kind {
        SpanKind::Symlink => writeln!(out, " -> {}", Escaped(symlink_target(tree, inode))),
        kind if kind.is_directory() => writeln!(out, "/"),
        _ => writeln!(out),
    }
}

/// Lists the changes from `base` to `target` as `docker diff` does: `A` for added paths, `C` for changed ones and their
/// directories, `D` for removed ones (not below a removed directory). Without a base, everything is added.
///
/// # Errors
/// When writing fails.
pub fn changes(tree: &Tree, base: Option<LayerIndex>, target: LayerIndex, out: &mut dyn Write) -> io::Result<()> {
    let comparison = Comparison::between(tree, Scope::states(base, target));
    let is_removed = |node: NodeId| comparison.change(node) == Some(Change::Removed);
    let keep = |node: NodeId| {
        let below_removed = is_removed(node) && tree.parent(node).is_some_and(is_removed);
        !below_removed && comparison.change(node).is_some_and(|change| change != Change::Unmodified)
    };
    tree.walk(keep, |path, node| {
        let letter = match comparison.change(node) {
            Some(Change::Added) => 'A',
            Some(Change::Removed) => 'D',
            Some(Change::Modified | Change::Unmodified) | None => 'C',
        };
        writeln!(out, "{letter} /{}", Escaped(path))
    })
}

/// Lists what `layer` stores: `A` for paths that the layer below does not show, `C` for those that it shows, `D` for whiteouts.
/// Of a container's layer, that is the output of `docker diff`: unlike in [`changes`], a path counts that the container wrote and
/// did not change.
///
/// # Errors
/// When writing fails.
pub fn stored(tree: &Tree, layer: LayerIndex, out: &mut dyn Write) -> io::Result<()> {
    let below = layer.get().checked_sub(1).and_then(LayerIndex::new);
    let mut letters: Vec<Option<char>> = vec![None; tree.node_count()];
    let mut leads_to = vec![false; tree.node_count()];
    for span in tree.layer_spans(layer).filter(|span| tree.span(*span).kind != SpanKind::ImplicitDirectory) {
        let node = tree.listed_node(span);
        let was_there = below.is_some_and(|below| tree.visible(node, below).is_some());
        letters[node.index()] = Some(if was_there { 'C' } else { 'A' });
    }
    // A directory that was removed and made again is listed as removed, with what is in it now.
    for marker in tree.layer_whiteouts(layer) {
        letters[marker.node.index()] = Some('D');
    }
    for node in tree.nodes().rev() {
        if letters[node.index()].is_some() || leads_to[node.index()] {
            leads_to[node.index()] = true;
            if let Some(parent) = tree.parent(node) {
                leads_to[parent.index()] = true;
            }
        }
    }
    tree.walk(
        |node| leads_to[node.index()],
        |path, node| match letters[node.index()] {
            Some(letter) => writeln!(out, "{letter} /{}", Escaped(path)),
            None => Ok(()),
        },
    )
}

fn symlink_target(tree: &Tree, inode: SpanId) -> &[u8] {
    if tree.span(inode).kind == SpanKind::Symlink { tree.link(inode) } else { b"" }
}

/// Permission bits as in `lstat`: on Linux a symbolic link has all of them, whatever its header says.
const fn mode(kind: SpanKind, mode: u16) -> u16 {
    if matches!(kind, SpanKind::Symlink) { 0o777 } else { mode & 0o7777 }
}

/// The type as in `find -printf %y`. A hard link without a target is an empty file.
const fn type_letter(kind: SpanKind) -> char {
    match kind {
        SpanKind::File | SpanKind::SparseFile | SpanKind::HardLink => 'f',
        SpanKind::Directory | SpanKind::ImplicitDirectory => 'd',
        SpanKind::Symlink => 'l',
        SpanKind::CharDevice => 'c',
        SpanKind::BlockDevice => 'b',
        SpanKind::Fifo => 'p',
    }
}

/// Type and permissions as in `ls -l`: `drwxr-xr-x`, `-rwsr-xr-x`.
#[must_use]
pub fn permissions(kind: SpanKind, header_mode: u16) -> String {
    let mode = mode(kind, header_mode);
    let type_letter = match type_letter(kind) {
        'f' => '-',
        letter => letter,
    };
    let class = |shift: u16, special: bool, letters: [char; 2]| {
        let bits = mode >> shift;
        let flag = |bit: u16, letter| if bits & bit == 0 { '-' } else { letter };
        let execute = match (special, bits & 1 != 0) {
            (true, true) => letters[0],
            (true, false) => letters[1],
            (false, true) => 'x',
            (false, false) => '-',
        };
        [flag(4, 'r'), flag(2, 'w'), execute]
    };
    std::iter::once(type_letter)
        .chain(class(6, mode & 0o4000 != 0, ['s', 'S']))
        .chain(class(3, mode & 0o2000 != 0, ['s', 'S']))
        .chain(class(0, mode & 0o1000 != 0, ['t', 'T']))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn permissions_look_like_those_of_ls() {
        assert_eq!(permissions(SpanKind::Directory, 0o1777), "drwxrwxrwt");
        assert_eq!(permissions(SpanKind::File, 0o4755), "-rwsr-xr-x");
        assert_eq!(permissions(SpanKind::File, 0o2644), "-rw-r-Sr--");
        assert_eq!(permissions(SpanKind::Symlink, 0o777), "lrwxrwxrwx");
        assert_eq!(permissions(SpanKind::CharDevice, 0o000), "c---------");
    }
}
