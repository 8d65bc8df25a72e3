//! What advice needs to know of contents: the facts of files, and which files are copies of one another.
//!
//! Layers that were decoded have facts and hashes. Files of plain layers are read in place: the start of each large file, and
//! the whole of files that have the size and some bytes of another one.

use std::collections::HashMap;
use std::io;

use rayon::prelude::*;

use super::contents::Contents;
use super::{SpanId, SpanKind, Tree};
use crate::layer::content::{Bodies, ContentFact, ContentHash, MIN_INSPECTED};

impl Tree {
    /// What the content of a file says of it; `None` if that is nothing, or contents were not inspected.
    #[must_use]
    pub fn content_fact(&self, inode: SpanId) -> Option<ContentFact> {
        let span = self.span(inode);
        let facts = self.inspected.facts.get(span.from().get()).filter(|_| span.kind == SpanKind::File)?;
        let at = facts.binary_search_by_key(&span.body, |(at, _)| *at).ok()?;
        facts.get(at).map(|(_, fact)| *fact)
    }

    /// Groups of two or more visible inodes with the same content, of at least [`MIN_INSPECTED`] bytes; none if contents were not
    /// inspected.
    #[must_use]
    pub fn copies(&self) -> impl ExactSizeIterator<Item = impl Iterator<Item = SpanId> + Clone> + Clone {
        self.inspected.copies.iter().map(|group| group.iter().copied().map(SpanId::new))
    }

    /// Inspects the visible files. `facts` has those of decoded layers.
    pub(super) fn inspect(
        &mut self,
        contents: &Contents,
        facts: Vec<Vec<(u64, ContentFact)>>,
        bodies: &dyn Bodies,
    ) -> io::Result<()> {
        self.inspected.facts = facts;
        self.inspected.facts.resize(self.layer_count(), Vec::new());
        let files = self.visible_large_files();
        let is_decoded = |id: &SpanId| contents.hash(*id).is_some();
        let fact = |id: &SpanId| Ok(bodies.fact(self.body(*id))?.map(|fact| (*id, fact)));
        let found: Vec<_> = files.par_iter().filter(|id| !is_decoded(id)).map(fact).collect::<io::Result<_>>()?;
        for (id, fact) in found.into_iter().flatten() {
            let (layer, at) = (self.span(id).from().get(), self.span(id).body);
            if let Some(of_layer) = self.inspected.facts.get_mut(layer) {
                of_layer.push((at, fact));
            }
        }
        for of_layer in &mut self.inspected.facts {
            of_layer.sort_unstable_by_key(|(at, _)| *at);
            of_layer.dedup_by_key(|(at, _)| *at);
        }
        let copies = self.equal_files(&files, contents, bodies)?;
        self.inspected.copies = copies.iter().map(|group| group.iter().map(|id| id.raw()).collect()).collect();
        Ok(())
    }

    /// The inodes of at least [`MIN_INSPECTED`] bytes with a visible name, in the order of layers.
    fn visible_large_files(&self) -> Vec<SpanId> {
        let names = self.all_spans().filter(|id| self.span(*id).end().is_none());
        let is_large = |id: &SpanId| {
            let span = self.span(*id);
            span.kind == SpanKind::File && span.size >= MIN_INSPECTED
        };
        let mut files: Vec<SpanId> = names.map(|name| self.inode(name)).filter(is_large).collect();
        files.sort_unstable();
        files.dedup();
        files
    }

    fn equal_files(&self, files: &[SpanId], contents: &Contents, bodies: &dyn Bodies) -> io::Result<Vec<Vec<SpanId>>> {
        let mut by_size = files.to_vec();
        by_size.sort_unstable_by_key(|id| (self.span(*id).size, *id));
        let is_decoded = |id: &SpanId| contents.hash(*id).is_some();
        let of_size = by_size.chunk_by(|left, right| self.span(*left).size == self.span(*right).size);
        // A decoded file has no sample to compare with.
        let (mixed, plain): (Vec<&[SpanId]>, Vec<&[SpanId]>) =
            of_size.filter(|group| group.len() > 1).partition(|group| group.iter().any(is_decoded));
        let sample = |id: &SpanId| bodies.sample(self.body(*id));
        let alike = self.grouped(&plain.concat(), &sample)?.concat();
        let hash = |id: &SpanId| match contents.hash(*id) {
            Some(hash) => Ok(Some(hash)),
            None => bodies.hash(self.body(*id)),
        };
        self.grouped(&[mixed.concat(), alike].concat(), &hash)
    }

    /// The groups of two or more files of the same size and hash, in the order of layers.
    fn grouped(
        &self,
        files: &[SpanId],
        hash: &(dyn Fn(&SpanId) -> io::Result<Option<ContentHash>> + Sync),
    ) -> io::Result<Vec<Vec<SpanId>>> {
        let hashes: Vec<_> = files.par_iter().map(hash).collect::<io::Result<_>>()?;
        let mut groups: HashMap<(u64, ContentHash), Vec<SpanId>> = HashMap::new();
        for (id, hash) in files.iter().zip(hashes) {
            // A body that cannot be read again has no hash.
            if let Some(hash) = hash {
                groups.entry((self.span(*id).size, hash)).or_default().push(*id);
            }
        }
        let mut groups: Vec<Vec<SpanId>> = groups.into_values().filter(|group| group.len() > 1).collect();
        for group in &mut groups {
            group.sort_unstable();
        }
        groups.sort_unstable();
        Ok(groups)
    }
}
