//! The entries of a layer's tar in dive's order: siblings in byte order, children before parents, whiteouts under their
//! `.wh.` name, without opaque markers and implicit directories.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::ops::Range;

use hashbrown::HashSet;
use serde::Serialize;
use serde::ser::{SerializeSeq, Serializer};

use dive_model::layer::{LayerIndex, entry::file_type, path::WHITEOUT_PREFIX};
use dive_model::tree::{Marker, NodeId, SpanId, SpanKind, Tree};

/// The `fileList` of a layer.
pub(super) struct FileList<'a> {
    pub(super) tree: &'a Tree,
    pub(super) layer: LayerIndex,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ListedFile<'a> {
    path: Cow<'a, str>,
    type_flag: u8,
    link_name: Cow<'a, str>,
    size: u64,
    file_mode: u32,
    uid: u32,
    gid: u32,
    is_dir: bool,
}

impl Serialize for FileList<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut list = serializer.serialize_seq(None)?;
        EntriesByDirectory::of(self.tree, self.layer)
            .visit(|path, content| self.listed(path, content).map_or(Ok(()), |file| list.serialize_element(&file)))?;
        list.end()
    }
}

impl FileList<'_> {
    fn listed<'b>(&'b self, path: &'b [u8], content: ListedItem<'b>) -> Option<ListedFile<'b>> {
        // Only for listed entries: a path of 16 KiB may have thousands of implicit parents.
        let lossy = || String::from_utf8_lossy(path);
        match content {
            ListedItem::Path(id) => {
                let span = self.tree.span(id);
                Some(ListedFile {
                    path: lossy(),
                    type_flag: type_flag(span.kind, span.mode),
                    link_name: String::from_utf8_lossy(self.tree.link(id)),
                    size: span.size,
                    file_mode: go_file_mode(span.mode),
                    uid: span.uid,
                    gid: span.gid,
                    is_dir: span.kind.is_directory(),
                })
            }
            ListedItem::Whiteout(marker) => Some(ListedFile {
                path: lossy(),
                type_flag: type_flag(SpanKind::File, marker.mode),
                link_name: String::from_utf8_lossy(self.tree.marker_link(marker)),
                size: marker.size,
                file_mode: go_file_mode(marker.mode),
                uid: marker.uid,
                gid: marker.gid,
                is_dir: marker.mode & file_type::MASK == file_type::DIRECTORY,
            }),
            ListedItem::Unnamed => None,
        }
    }
}

/// The entries of a layer by directory, so that a walk holds only one path in memory: all paths together may take gigabytes.
struct EntriesByDirectory<'a> {
    tree: &'a Tree,
    /// By directory, then by the listed name.
    items: Vec<Item<'a>>,
    /// The directories that have items.
    directories: HashSet<NodeId>,
}

#[derive(Clone, Copy)]
struct Item<'a> {
    parent: NodeId,
    node: NodeId,
    content: ListedItem<'a>,
}

#[derive(Clone, Copy)]
enum ListedItem<'a> {
    Path(SpanId),
    Whiteout(&'a Marker),
    /// A directory without an entry.
    Unnamed,
}

impl<'a> EntriesByDirectory<'a> {
    fn of(tree: &'a Tree, layer: LayerIndex) -> Self {
        let mut items = Vec::new();
        let mut seen = HashSet::new();
        let item = |node, content| tree.parent(node).map(|parent| Item { parent, node, content });
        // Of several entries with one path, the last wins.
        for id in tree.layer_spans(layer).rev() {
            let span = tree.span(id);
            let node = tree.listed_node(id);
            if span.kind != SpanKind::ImplicitDirectory && seen.insert(node) {
                items.extend(item(node, ListedItem::Path(id)));
            }
        }
        let mut removed = HashSet::new();
        for marker in tree.layer_whiteouts(layer).rev() {
            if removed.insert(marker.node) {
                items.extend(item(marker.node, ListedItem::Whiteout(marker)));
            }
        }
        let mut directories = HashSet::new();
        let mut at = 0;
        while let Some(Item { parent, .. }) = items.get(at).copied() {
            if directories.insert(parent) && seen.insert(parent) {
                items.extend(item(parent, ListedItem::Unnamed));
            }
            at += 1;
        }
        items.sort_unstable_by(|left, right| left.compare(right, tree));
        Self { tree, items, directories }
    }

    fn below(&self, directory: NodeId) -> Range<usize> {
        let start = self.items.partition_point(|item| item.parent < directory);
        let count = self.items[start..].partition_point(|item| item.parent == directory);
        start..start + count
    }

    /// Calls `visit` with each path in order, without a leading slash. The first error of `visit` ends the walk.
    fn visit<E>(&self, mut visit: impl FnMut(&[u8], ListedItem<'a>) -> Result<(), E>) -> Result<(), E> {
        let mut path = Vec::new();
        // A stack of open directories: the remaining entries, the length of the path, and the directory itself.
        let mut open = vec![(self.below(NodeId::ROOT), 0, ListedItem::Unnamed)];
        while let Some((rest, len, content)) = open.last_mut() {
            path.truncate(*len);
            let Some(item) = rest.next().and_then(|at| self.items.get(at)) else {
                visit(&path, *content)?;
                open.pop();
                continue;
            };
            // dive skips every path with such a component.
            if self.tree.name(item.node).starts_with(b".wh..wh.") {
                continue;
            }
            if !path.is_empty() {
                path.push(b'/');
            }
            path.extend_from_slice(item.prefix());
            path.extend_from_slice(self.tree.name(item.node));
            if !item.is_whiteout() && self.directories.contains(&item.node) {
                open.push((self.below(item.node), path.len(), item.content));
            } else {
                visit(&path, item.content)?;
            }
        }
        Ok(())
    }
}

impl Item<'_> {
    const fn is_whiteout(&self) -> bool {
        matches!(self.content, ListedItem::Whiteout(_))
    }

    const fn prefix(&self) -> &'static [u8] {
        if self.is_whiteout() { WHITEOUT_PREFIX.as_bytes() } else { b"" }
    }

    fn compare(&self, other: &Self, tree: &Tree) -> Ordering {
        let by_name = || match (self.is_whiteout(), other.is_whiteout()) {
            (false, false) | (true, true) => tree.name(self.node).cmp(tree.name(other.node)),
            _ => {
                let name = |item: &Self| item.prefix().iter().chain(tree.name(item.node)).copied();
                // A directory may have the name of a whiteout: its children precede both.
                name(self).cmp(name(other)).then(self.is_whiteout().cmp(&other.is_whiteout()))
            }
        };
        self.parent.cmp(&other.parent).then_with(by_name)
    }
}

/// The type flag of a tar header (POSIX.1-2001, `ustar`).
const fn type_flag(kind: SpanKind, mode: u16) -> u8 {
    match kind {
        SpanKind::HardLink => b'1',
        SpanKind::SparseFile => b'S',
        _ => match mode & file_type::MASK {
            file_type::SYMLINK => b'2',
            file_type::CHAR_DEVICE => b'3',
            file_type::BLOCK_DEVICE => b'4',
            file_type::DIRECTORY => b'5',
            file_type::FIFO => b'6',
            _ => b'0',
        },
    }
}

/// A mode in the format of Go's `os.FileMode` (`io/fs`): POSIX permissions, other bits in other places.
fn go_file_mode(mode: u16) -> u32 {
    let type_bits = match mode & file_type::MASK {
        file_type::DIRECTORY => 1 << 31,
        file_type::SYMLINK => 1 << 27,
        file_type::BLOCK_DEVICE => 1 << 26,
        file_type::CHAR_DEVICE => 1 << 26 | 1 << 21,
        file_type::FIFO => 1 << 25,
        _ => 0,
    };
    let bit = |posix: u16, go: u32| if mode & posix == 0 { 0 } else { 1 << go };
    type_bits | bit(0o4000, 23) | bit(0o2000, 22) | bit(0o1000, 20) | u32::from(mode & 0o777)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modes_equal_those_of_go() {
        assert_eq!(go_file_mode(file_type::DIRECTORY | 0o755), 2_147_484_141);
        assert_eq!(go_file_mode(file_type::SYMLINK | 0o777), 134_218_239);
        assert_eq!(go_file_mode(file_type::FILE | 0o4755), 8_389_101);
        assert_eq!(go_file_mode(file_type::CHAR_DEVICE | 0o666), 69_206_454);
    }

    #[test]
    fn children_precede_parents_and_siblings_are_in_byte_order() {
        let paths = ["d", "d/sub/x", "d/sub", "d-e", "d/.wh.gone", "c", "d/a", "dd", "implied/y", "z/.wh..wh.plnk/x"];
        let odd = [".wh.w", ".wh.w/in", "a/.wh..wh..opq"];
        let tree = Tree::of_files(&[&paths[..], &odd].concat());
        let mut listed = Vec::new();
        let list = EntriesByDirectory::of(&tree, LayerIndex::BASE).visit(|path, content| {
            if !matches!(content, ListedItem::Unnamed) {
                listed.push(String::from_utf8(path.to_vec())?);
            }
            Ok::<_, std::string::FromUtf8Error>(())
        });
        list.unwrap();
        let expected =
            [".wh.w/in", ".wh.w", "c", "d/.wh.gone", "d/a", "d/sub/x", "d/sub", "d", "d-e", "dd", "implied/y"];
        assert_eq!(listed, expected);
    }
}
