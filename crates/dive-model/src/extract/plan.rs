//! What is to be extracted: which version of which paths becomes what below the folder. A value of its own, taken from the
//! tree and independent of it, so that it can be asked about, shown, and carried to the thread that writes.

use std::collections::HashMap;

use super::names::{self, HERE};
use super::report::Reason;
use crate::layer::content::Body;
use crate::layer::{LayerIndex, Text};
use crate::tree::{NodeId, SpanId, SpanKind, Tree};

/// What is to be written below a folder: directories before what stands in them, names of a directory in byte order.
#[derive(Debug, Clone, Default)]
pub struct Plan {
    items: Vec<Item>,
    /// Names and link targets.
    text: Vec<u8>,
    /// What files hold; hard links share one.
    contents: Vec<Body>,
}

/// An item of a [`Plan`], counted from 0.
pub(super) type ItemIndex = u32;

/// One path.
#[derive(Debug, Clone)]
pub(super) struct Item {
    /// The item that it stands in; none directly in the folder.
    pub(super) parent: Option<ItemIndex>,
    name: Text,
    pub(super) kind: ItemKind,
    /// Permission bits with setuid, setgid and sticky, as the image has them.
    pub(super) mode: u16,
}

/// What becomes of a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum ItemKind {
    Directory,
    /// Its place in [`Plan::contents`].
    File(u32),
    Symlink(Text),
    LeftOut(Reason),
}

/// The bits of a mode that [`super::SpecialBits`] is about, and those of permissions.
const MODE: u16 = 0o7777;

impl Plan {
    /// The path `node` with all below it, as `layer` shows them; only those nodes that `shown` lets in. What it does not
    /// let in takes all below it along.
    #[must_use]
    pub fn of_layer(tree: &Tree, node: NodeId, layer: LayerIndex, shown: &dyn Fn(NodeId) -> bool) -> Self {
        Self::of(tree, node, &|node| tree.visible(node, layer).filter(|_| shown(node)))
    }

    /// One version of a path alone, be it deleted or overwritten since.
    #[must_use]
    pub fn of_version(tree: &Tree, version: SpanId) -> Self {
        let node = tree.span(version).node();
        Self::of(tree, node, &|other| (other == node).then_some(version))
    }

    /// The path `node` with all below it, each path in the version that `version` names: what removed paths were before,
    /// for one. A path without a version takes all below it along.
    ///
    /// The path keeps its name: of `/etc/ssl`, `ssl/certs` comes below the folder. The root has none, so what stands in
    /// it comes directly below the folder.
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
            // The last one is taken first.
            ahead[before..].sort_unstable_by(|(left, _), (right, _)| tree.name(*right).cmp(tree.name(*left)));
        }
        planner.plan
    }

    /// How many files, directories and links it has, those that cannot be written among them.
    #[must_use]
    pub fn len(&self) -> usize {
        self.items.len()
    }

    /// Whether there is nothing to extract.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// What its files take on disk, in bytes, hard links once.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.contents.iter().fold(0, |sum: u64, body| sum.saturating_add(body.len))
    }

    pub(super) fn items(&self) -> impl Iterator<Item = (ItemIndex, &Item)> {
        (0..).zip(&self.items)
    }

    pub(super) fn item(&self, item: ItemIndex) -> &Item {
        &self.items[item as usize]
    }

    pub(super) fn content(&self, content: u32) -> Body {
        self.contents[content as usize]
    }

    pub(super) fn name(&self, item: ItemIndex) -> &[u8] {
        self.text(self.item(item).name)
    }

    pub(super) fn text(&self, text: Text) -> &[u8] {
        text.of(&self.text)
    }

    /// An item and what it stands in, innermost first.
    pub(super) fn lineage(&self, item: ItemIndex) -> impl Iterator<Item = ItemIndex> {
        std::iter::successors(Some(item), |item| self.item(*item).parent)
    }

    /// The path of an item below the folder.
    pub(super) fn path(&self, item: ItemIndex) -> Vec<u8> {
        let mut names: Vec<&[u8]> = self.lineage(item).map(|item| self.name(item)).collect();
        names.reverse();
        names.join(&b'/')
    }
}

struct Planner<'a> {
    tree: &'a Tree,
    plan: Plan,
    /// What was made of inodes: the names of one are one file, and the text of a link is kept once.
    inodes: HashMap<SpanId, ItemKind>,
}

impl Planner<'_> {
    fn add(&mut self, node: NodeId, version: SpanId, parent: Option<ItemIndex>) -> ItemIndex {
        let inode = self.tree.inode(version);
        let name = self.tree.name(node);
        let stands = parent.is_none_or(|parent| self.plan.item(parent).kind == ItemKind::Directory);
        let kind = if !stands {
            ItemKind::LeftOut(Reason::NoDirectory)
        } else if let Some(why) = names::refused(name, HERE) {
            ItemKind::LeftOut(Reason::Name(why))
        } else {
            self.kind(inode)
        };
        let name = self.keep(name);
        let item = self.plan.items.len() as ItemIndex;
        self.plan.items.push(Item { parent, name, kind, mode: self.tree.span(inode).mode & MODE });
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
            // Its own inode: nothing was there for it to be a name of.
            SpanKind::HardLink => ItemKind::LeftOut(Reason::LinkToNothing),
        };
        self.inodes.insert(inode, kind.clone());
        kind
    }

    fn keep(&mut self, text: &[u8]) -> Text {
        let at = self.plan.text.len() as u32;
        self.plan.text.extend_from_slice(text);
        Text { at, len: text.len() as u32 }
    }
}
