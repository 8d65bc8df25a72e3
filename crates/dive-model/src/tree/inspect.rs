//! What advice needs to know of contents: the facts of files, and which files are copies of one another.
//!
//! Layers that were decoded have facts and hashes. Files of plain layers are read in place: the start of each large file, and
//! the whole of files that have the size and some bytes of another one.

use std::collections::HashMap;
use std::io;

use rayon::prelude::*;

use super::contents::Contents;
use super::{SpanId, SpanKind, Tree};
use crate::layer::content::{Bodies, BodyLocation, ContentFact, ContentHash, MIN_INSPECTED};

impl Tree {
    /// What the content of a file says of it; `None` if that is nothing, or contents were not inspected.
    #[must_use]
    pub fn content_fact(&self, inode: SpanId) -> Option<ContentFact> {
        let span = self.span(inode);
        let facts = self.inspected.facts.get(span.from().get()).filter(|_| span.kind == SpanKind::File)?;
        let at = facts.binary_search_by_key(&span.body, |(at, _)| *at).ok()?;
        facts.get(at).map(|(_, fact)| *fact)
    }

    /// True if contents were inspected: then advice has the kinds that paths do not show.
    #[must_use]
    pub const fn has_inspected_contents(&self) -> bool {
        !self.inspected.facts.is_empty()
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
        let plain: Vec<SpanId> = files.iter().copied().filter(|id| !is_decoded(id)).collect();
        let facts = self.of_locations(&plain, bodies, &|id| bodies.fact(self.body(id)))?;
        for (id, fact) in plain.iter().zip(facts) {
            let (layer, at) = (self.span(*id).from().get(), self.span(*id).body);
            let Some(fact) = fact else { continue };
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
        let sample = |id: SpanId| bodies.sample(self.body(id));
        let alike = self.grouped(&plain.concat(), bodies, &sample)?.concat();
        let hash = |id: SpanId| match contents.hash(id) {
            Some(hash) => Ok(Some(hash)),
            None => bodies.hash(self.body(id)),
        };
        self.grouped(&[mixed.concat(), alike].concat(), bodies, &hash)
    }

    /// What `read` says of each file. It reads each location once, even if an image lists its layer a thousand times.
    fn of_locations<T: Copy + Send + Sync>(
        &self,
        files: &[SpanId],
        bodies: &dyn Bodies,
        read: &(dyn Fn(SpanId) -> io::Result<T> + Sync),
    ) -> io::Result<Vec<T>> {
        if !bodies.has_shared_layers() {
            return files.par_iter().map(|id| read(*id)).collect();
        }
        let mut numbers: HashMap<BodyLocation, usize> = HashMap::new();
        let mut first: Vec<SpanId> = Vec::new();
        let mut number_of = |id: SpanId| {
            let mut add = || {
                first.push(id);
                first.len().saturating_sub(1)
            };
            match bodies.location(self.body(id)) {
                Some(location) => *numbers.entry(location).or_insert_with(add),
                None => add(),
            }
        };
        let numbered: Vec<usize> = files.iter().map(|id| number_of(*id)).collect();
        let found: Vec<T> = first.par_iter().map(|id| read(*id)).collect::<io::Result<_>>()?;
        Ok(numbered.into_iter().filter_map(|number| found.get(number).copied()).collect())
    }

    /// The groups of two or more files of the same size and hash, in the order of layers.
    fn grouped(
        &self,
        files: &[SpanId],
        bodies: &dyn Bodies,
        hash: &(dyn Fn(SpanId) -> io::Result<Option<ContentHash>> + Sync),
    ) -> io::Result<Vec<Vec<SpanId>>> {
        let hashes = self.of_locations(files, bodies, hash)?;
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

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;
    use crate::blob::Blob;
    use crate::layer::LayerBlob;
    use crate::layer::content::PlainLayers;
    use crate::remark::OnDamage;
    use crate::tree::Builder;

    /// A small archive that lists one layer a thousand times must not cost a thousand reads of it.
    #[test]
    fn each_location_is_read_once() {
        let mut tar = tar::Builder::new(Vec::new());
        let mut header = tar::Header::new_ustar();
        header.set_size(5);
        header.set_mode(0o644);
        tar.append_data(&mut header, "x", &b"bytes"[..]).unwrap();
        let bytes = tar.into_inner().unwrap();
        let mut builder = Builder::new();
        for _ in 0..3 {
            builder.apply(crate::layer::scan::scan(&bytes[..], OnDamage::Fail, &|| false).unwrap()).unwrap();
        }
        let blob = LayerBlob::from(Blob::in_memory(bytes, "layer"));
        let bodies = PlainLayers::new(vec![Some(blob); 3]);
        let tree = builder.finish(&bodies).unwrap();
        let files: Vec<SpanId> = tree.all_spans().filter(|id| tree.span(*id).kind == SpanKind::File).collect();
        let reads = AtomicUsize::new(0);
        let read = |id| {
            reads.fetch_add(1, Ordering::Relaxed);
            bodies.hash(tree.body(id))
        };
        let hashes = tree.of_locations(&files, &bodies, &read).unwrap();
        assert_eq!((hashes.len(), reads.into_inner()), (3, 1));
        assert!(hashes.iter().all(|hash| hash.is_some() && *hash == hashes[0]));
    }
}
