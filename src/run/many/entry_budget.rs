//! Limits the work for the images of one file. A small archive may list ten thousand images that all have the same large layers.

use std::collections::HashSet;

use anyhow::bail;

use crate::run::opening::ReadImage;
use dive_model::blob::BlobLocation;

/// Entries that the images of any file may have in all.
const FREE: u64 = 2_000_000;

/// Stored bytes that allow one entry more.
const BYTES_PER_ENTRY: u64 = 16;

/// The entries that the images of a file may still have.
#[derive(Debug)]
pub(super) struct EntryBudget {
    /// The number of images in the file.
    images: u64,
    left: u64,
    /// The stored layers that were counted.
    layers: HashSet<BlobLocation>,
    is_spent: bool,
}

impl EntryBudget {
    /// The budget of a file with this number of images.
    pub(super) fn new(images: usize) -> Self {
        Self { images: images as u64, left: FREE, layers: HashSet::new(), is_spent: false }
    }

    /// Counts an image: its entries and the list of all images, which is read for each; and what its layers allow.
    pub(super) fn count(&mut self, read: &ReadImage) {
        let blobs = read.image.layers.iter().filter_map(|layer| layer.blob.as_ref().ok());
        let new: u64 =
            blobs.filter(|blob| self.layers.insert(blob.location())).map(|blob| blob.len() / BYTES_PER_ENTRY).sum();
        self.charge(read.loaded.tree.node_count() as u64, new);
    }

    fn charge(&mut self, entries: u64, allowed: u64) {
        match self.left.saturating_add(allowed).checked_sub(entries.saturating_add(self.images)) {
            Some(left) => self.left = left,
            None => self.is_spent = true,
        }
    }

    /// Refuses the next image if the first `read` have spent the budget.
    pub(super) fn check(&self, read: usize) -> anyhow::Result<()> {
        if self.is_spent {
            bail!(
                "the first {read} of its {} images have more entries than dive reads of a file of this size; read the others one by \
                 one, with --image",
                self.images
            );
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The number of images that are read of a file with this many, each with these entries and bytes of new layers.
    fn read(images: usize, entries: u64, new_bytes: u64) -> usize {
        let mut budget = EntryBudget::new(images);
        let is_allowed = |read: &usize| {
            let is_allowed = budget.check(*read).is_ok();
            budget.charge(entries, new_bytes / BYTES_PER_ENTRY);
            is_allowed
        };
        (0..images).take_while(is_allowed).count()
    }

    #[test]
    fn bundles_are_read_whole_and_hostile_ones_in_part() {
        // A bundle of 300 images with 5 MB of layers of their own each, and a list of tiny images.
        assert_eq!(read(300, 50_000, 5_000_000), 300);
        assert_eq!(read(1_000, 100, 2_000), 1_000);
        // 9,000 images on one small layer of 20,000 names.
        assert_eq!(read(9_000, 20_000, 0), 69);
    }
}
