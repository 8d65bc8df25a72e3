//! The plan of an extraction: which version of each path becomes which file below the folder.
//!
//! A plan is independent of the tree, so it can be queried, shown and sent to the writing thread.

use std::collections::HashMap;

use super::names::{self, HERE};
use super::report::Reason;
use crate::layer::content::Body;
use crate::layer::{LayerIndex, TextRange};
use crate::tree::{NodeId, SpanId, SpanKind, Tree};
use crate::units::Total;

/// Items to write below a folder. Directories precede their content; names in a directory are in byte order.
#[derive(Debug, Clone, Default)]
pub struct Plan {
    items: Vec<PlanItem>,
    /// Names and link targets.
    text: Vec<u8>,
    /// Contents of files. Hard links share one.
    contents: Vec<Body>,
}

/// Index of an item in a [`Plan`].
pub(super) type ItemIndex = u32;

/// One path of a plan.
#[derive(Debug, Clone)]
pub(super) struct PlanItem {
    /// The parent directory; `None` for items directly in the folder.
    pub(super) parent: Option<ItemIndex>,
    name: TextRange,
    pub(super) kind: ItemKind,
    /// Permission bits with setuid, setgid and sticky, as in the image.
    pub(super) mode: u16,
}

/// Kind of an item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum ItemKind {
    Directory,
    /// A file, as an index into [`Plan::contents`].
    File(u32),
    Symlink(TextRange),
    LeftOut(Reason),
}

/// Permission bits and those of [`super::SpecialBits`].
const MODE: u16 = 0o7777;

impl Plan {
    /// Plans `node` and everything below it, as visible in `layer`. Skips nodes that `shown` rejects, and everything
    /// below them.
    #[must_use]
    pub fn of_layer(tree: &Tree, node: NodeId, layer: LayerIndex, shown: &dyn Fn(NodeId) -> bool) -> Self {
        Self::of(tree, node, &|node| tree.visible(node, layer).filter(|_| shown(node)))
    }

    /// Plans one version of a path, even a deleted or overwritten one.
    #[must_use]
    pub fn of_version(tree: &Tree, version: SpanId) -> Self {
        let node = tree.span(version).node();
        Self::of(tree, node, &|other| (other == node).then_some(version))
    }

    /// Plans `node` and everything below it, each path in the given version. Skips paths without a version, and
    /// everything below them.
    ///
    /// The path keeps its name: for `/etc/ssl`, `ssl/certs` is written below the folder. For the root, its content is
    /// written directly below the folder.
    #[must_use]
    pub fn of(tree: &Tree, node: NodeId, version: &dyn Fn(NodeId) -> Option<SpanId>) -> Self {
        let mut planner = Planner { tree, plan: Self::default(), inodes: HashMap::new() };
        let mut ahead = vec![(node, None)];
        while let Some((node, parent)) = ahead.pop() {
            let parent = if node == NodeId::ROOT {
                None
            } else {
                let Some(version) = version(node) else { continue };
                Some(planner.add(node, version, parent))
            };
            let before = ahead.len();
            ahead.extend(tree.children(node).map(|child| (child, parent)));
            // In reverse order: the last one is popped first.
            ahead[before..].sort_unstable_by(|(left, _), (right, _)| tree.name(*right).cmp(tree.name(*left)));
        }
        planner.plan
    }

    /// Number of files, directories and links, including those that cannot be written.
    #[must_use]
    pub fn len(&self) -> usize {
        self.items.len()
    }

    /// True if there is nothing to extract.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// Size of all files on disk, in bytes. Hard links count once.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.contents.iter().map(|body| body.len).sum::<Total>().get()
    }

    pub(super) fn items(&self) -> impl Iterator<Item = (ItemIndex, &PlanItem)> {
        (0..).zip(&self.items)
    }

    pub(super) fn item(&self, item: ItemIndex) -> &PlanItem {
        &self.items[item as usize]
    }

    pub(super) fn content(&self, content: u32) -> Body {
        self.contents[content as usize]
    }

    pub(super) fn name(&self, item: ItemIndex) -> &[u8] {
        self.text(self.item(item).name)
    }

    pub(super) fn text(&self, text: TextRange) -> &[u8] {
        text.of(&self.text)
    }

    /// An item and its parents, innermost first.
    pub(super) fn lineage(&self, item: ItemIndex) -> impl Iterator<Item = ItemIndex> {
        std::iter::successors(Some(item), |item| self.item(*item).parent)
    }

    /// Path of an item below the folder.
    pub(super) fn path(&self, item: ItemIndex) -> Vec<u8> {
        let mut names: Vec<&[u8]> = self.lineage(item).map(|item| self.name(item)).collect();
        names.reverse();
        names.join(&b'/')
    }
}

struct Planner<'a> {
    tree: &'a Tree,
    plan: Plan,
    /// Planned inodes: hard links become one file, and a link target is stored once.
    inodes: HashMap<SpanId, ItemKind>,
}

impl Planner<'_> {
    fn add(&mut self, node: NodeId, version: SpanId, parent: Option<ItemIndex>) -> ItemIndex {
        let inode = self.tree.inode(version);
        let name = self.tree.name(node);
        let has_directory = parent.is_none_or(|parent| self.plan.item(parent).kind == ItemKind::Directory);
        let kind = if !has_directory {
            ItemKind::LeftOut(Reason::NoDirectory)
        } else if let Some(why) = names::refusal_reason(name, HERE) {
            ItemKind::LeftOut(Reason::Name(why))
        } else {
            self.kind(inode)
        };
        let name = self.keep(name);
        let item = self.plan.items.len() as ItemIndex;
        self.plan.items.push(PlanItem { parent, name, kind, mode: self.tree.span(inode).mode & MODE });
        item
    }

    fn kind(&mut self, inode: SpanId) -> ItemKind {
        if let Some(kind) = self.inodes.get(&inode) {
            return kind.clone();
        }
        let span = self.tree.span(inode);
        let kind = match span.kind {
            SpanKind::Directory | SpanKind::ImplicitDirectory => return ItemKind::Directory,
            SpanKind::File => {
                self.plan.contents.push(self.tree.body(inode));
                ItemKind::File(self.plan.contents.len() as u32 - 1)
            }
            SpanKind::Symlink => ItemKind::Symlink(self.keep(self.tree.link(inode))),
            SpanKind::SparseFile => ItemKind::LeftOut(Reason::SparseFile),
            SpanKind::CharDevice | SpanKind::BlockDevice => ItemKind::LeftOut(Reason::Device),
            SpanKind::Fifo => ItemKind::LeftOut(Reason::Fifo),
            // A hard link that is its own inode has no target.
            SpanKind::HardLink => ItemKind::LeftOut(Reason::LinkToNothing),
        };
        self.inodes.insert(inode, kind.clone());
        kind
    }

    fn keep(&mut self, text: &[u8]) -> TextRange {
        let at = self.plan.text.len() as u32;
        self.plan.text.extend_from_slice(text);
        TextRange { at, len: text.len() as u32 }
    }
}
