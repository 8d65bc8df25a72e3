//! Finds versions of a path with equal content.
//!
//! Contents of different size differ. For the others, scans of compressed layers provide hashes, and files of plain
//! layers are compared in place once all layers are applied.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::io;

use rayon::prelude::*;

use super::content_hashes::ContentHashes;
use super::span::Cause;
use super::{SpanId, SpanKind, Tree};
use crate::layer::content::{Bodies, Body, BodyForm, BodyLocation, ContentFact, ContentHash};

/// Maximum number of older versions to search for one of equal size. Docker stops at 127 layers; a hostile image with
/// thousands of versions of a path must not cost quadratic time.
const MAX_LOOK_BACK: usize = 256;

/// Memory of a pair and its classes, in bytes: two slots in each of two maps, which are up to half empty, and one in each of
/// three lists.
const PAIR_COST: usize = 128;

/// Collects contents to compare while layers are applied.
#[derive(Debug, Default)]
pub(super) struct Contents {
    hashes: ContentHashes,
    /// Hashes of the current layer, from `first_coming` on.
    coming: Vec<Option<ContentHash>>,
    first_coming: u32,
    /// Number of hash slots in all packed layers.
    packed: usize,
    /// Pairs of inodes of equal size at one path: older, newer.
    pairs: Vec<(SpanId, SpanId)>,
    /// For each layer, what contents say of files.
    facts: Vec<Vec<(u64, ContentFact)>>,
}

impl Contents {
    /// Memory of the collection and of the comparison, in bytes.
    pub(super) const fn memory(&self) -> usize {
        self.pairs.len() * PAIR_COST + (self.packed + self.coming.len()) * size_of::<Option<ContentHash>>()
    }

    /// Records the hash of a newly opened span, and the older version it may equal.
    pub(super) fn opened(&mut self, tree: &Tree, id: SpanId, hash: Option<ContentHash>) {
        if let Some(hash) = hash {
            if self.coming.is_empty() {
                self.first_coming = id.raw();
            }
            self.coming.resize((id.raw() - self.first_coming) as usize, None);
            self.coming.push(Some(hash));
        }
        let inode = tree.inode(id);
        let size = tree.span(inode).size;
        // The stored bytes of a sparse file are not its content: take two versions as different.
        if size == 0 || tree.span(inode).kind != SpanKind::File {
            return;
        }
        let older = std::iter::successors(tree.span(id).previous(), |older| tree.span(*older).previous())
            .take(MAX_LOOK_BACK)
            .map(|older| tree.inode(older))
            .find(|older| tree.span(*older).kind == SpanKind::File && tree.span(*older).size == size);
        if let Some(older) = older.filter(|older| *older != inode) {
            self.pairs.push((older, inode));
        }
    }

    /// Packs the hashes of the current layer, and takes its facts.
    pub(super) fn end_layer(&mut self, facts: Vec<(u64, ContentFact)>) {
        self.facts.push(facts);
        let end = self.first_coming + self.coming.len() as u32;
        if !self.coming.is_empty() {
            self.packed += self.coming.len();
            self.hashes.push(self.first_coming..end, std::mem::take(&mut self.coming));
        }
    }

    /// The hash of a file in a decoded layer.
    pub(super) fn hash(&self, id: SpanId) -> Option<ContentHash> {
        self.hashes.get(id.raw())
    }

    /// What the contents of decoded layers say of files.
    pub(super) fn take_facts(&mut self) -> Vec<Vec<(u64, ContentFact)>> {
        std::mem::take(&mut self.facts)
    }

    /// The hashes, for later comparisons with another image.
    pub(super) fn into_hashes(self) -> ContentHashes {
        self.hashes
    }

    /// Joins the pairs into groups of inodes that may be equal (union-find), each in the order of layers. Inodes with
    /// the same location are in one group, so that no two groups read the same bytes.
    fn groups(&self, tree: &Tree, bodies: &dyn Bodies) -> Vec<Vec<SpanId>> {
        let mut leader: HashMap<SpanId, SpanId> = HashMap::with_capacity(self.pairs.len());
        let find = |leader: &mut HashMap<SpanId, SpanId>, mut id: SpanId| {
            while let Some(up) = leader.get(&id).copied().filter(|up| *up != id) {
                // Path halving keeps later lookups short.
                let above = leader.get(&up).copied().unwrap_or(up);
                leader.insert(id, above);
                id = above;
            }
            id
        };
        let join = |leader: &mut HashMap<SpanId, SpanId>, one, other| {
            let (a, b) = (find(leader, one), find(leader, other));
            leader.insert(a.max(b), a.min(b));
            leader.entry(a.min(b)).or_insert(a.min(b));
        };
        for (older, newer) in &self.pairs {
            join(&mut leader, *older, *newer);
        }
        if bodies.has_shared_layers() {
            let mut first_at: HashMap<BodyLocation, SpanId> = HashMap::new();
            for id in self.pairs.iter().flat_map(|(older, newer)| [*older, *newer]) {
                if let Some(location) = bodies.location(tree.body(id)) {
                    join(&mut leader, *first_at.entry(location).or_insert(id), id);
                }
            }
        }
        let mut members: Vec<SpanId> = leader.keys().copied().collect();
        members.sort_unstable();
        let mut groups: HashMap<SpanId, Vec<SpanId>> = HashMap::new();
        for id in members {
            let top = find(&mut leader, id);
            groups.entry(top).or_default().push(id);
        }
        let mut groups: Vec<_> = groups.into_values().collect();
        // Sort by layer, so that reads of the disk are mostly sequential.
        groups.sort_unstable();
        groups
    }
}

impl Tree {
    /// Compares the collected contents. Sets [`Span::content`](super::Span) for [`Tree::same_content`], and then
    /// separates [`Cause::MetadataOnly`] from [`Cause::Overwritten`].
    pub(super) fn compare(&mut self, contents: &Contents, bodies: &dyn Bodies) -> io::Result<()> {
        let classes: Vec<Vec<(SpanId, SpanId)>> = contents
            .groups(self, bodies)
            .par_iter()
            .map(|group| self.classes(group, contents, bodies))
            .collect::<io::Result<_>>()?;
        for (id, class) in classes.into_iter().flatten() {
            self.spans[id.index()].content = class.raw();
        }
        self.mark_metadata_only();
        Ok(())
    }

    /// Pairs of an inode and the first one in the group with the same content.
    fn classes(&self, group: &[SpanId], contents: &Contents, bodies: &dyn Bodies) -> io::Result<Vec<(SpanId, SpanId)>> {
        if let [left, right] = group
            && contents.hash(*left).is_none()
            && contents.hash(*right).is_none()
        {
            let same = bodies.same(self.body(*left), self.body(*right))?;
            return Ok(if same { vec![(*right, *left)] } else { Vec::new() });
        }
        let mut first: HashMap<ContentHash, SpanId> = HashMap::new();
        let mut classes: Vec<(SpanId, SpanId)> = Vec::new();
        // Hash each location once, even if an image lists its layer a thousand times.
        let mut hashed: HashMap<BodyLocation, Option<ContentHash>> = HashMap::new();
        for id in group {
            let body = self.body(*id);
            let hash = match contents.hash(*id) {
                Some(hash) => Some(hash),
                None => match bodies.location(body) {
                    None => None,
                    Some(location) => match hashed.entry(location) {
                        Entry::Occupied(known) => *known.get(),
                        Entry::Vacant(place) => *place.insert(bodies.hash(body)?),
                    },
                },
            };
            let Some(hash) = hash else { continue };
            let class = *first.entry(hash).or_insert(*id);
            if class != *id {
                classes.push((*id, class));
            }
        }
        Ok(classes)
    }

    /// Location of an inode's content. A hard link has none: ask for its [`Tree::inode`].
    #[must_use]
    pub fn body(&self, id: SpanId) -> Body {
        let span = self.span(id);
        let form = if span.kind == SpanKind::SparseFile { BodyForm::Sparse } else { BodyForm::Whole };
        Body { layer: span.from(), at: span.body, len: span.size, form }
    }

    fn mark_metadata_only(&mut self) {
        for node in self.nodes() {
            let mut next = None;
            let mut id = SpanId::from_link(self.nodes[node.index()].newest);
            while let Some(here) = id {
                id = self.span(here).previous();
                let same = next.is_some_and(|next| self.same_content(here, next));
                if same && self.span(here).cause == Some(Cause::Overwritten) {
                    self.spans[here.index()].cause = Some(Cause::MetadataOnly);
                }
                next = Some(here);
            }
        }
    }
}
