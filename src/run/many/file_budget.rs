//! Limits the work and the output for the images of one file. A small archive may list ten thousand images that all have the same
//! large layers, or a configuration of megabytes.

use std::collections::HashSet;

use anyhow::bail;

use crate::run::opening::ReadImage;
use dive_model::blob::BlobLocation;
use dive_model::budget::Limits;
use dive_model::units::{Bytes, Total};

/// Entries that the images of any file may have in all.
const FREE_ENTRIES: u64 = 2_000_000;

/// Stored bytes that allow one entry more.
const BYTES_PER_ENTRY: u64 = 16;

/// Layer bytes that allow entries, for each stored byte: real layers compress to a third or more.
const LAYER_RATIO: u64 = 4;

/// Cost of one listed image, in entries: 15 µs, for a manifest in an index. To open an image reads the whole list.
const ENTRIES_PER_LISTED: u64 = 8;

/// Bytes of reports, documents and warnings that are written about the images of any file.
const FREE_OUTPUT: u64 = 64 << 20;

/// Bytes of output that each stored byte allows more. An entry takes about 200 bytes of a document, twice that if it is wasted, so
/// a file of ordinary paths reaches the limit of entries first.
const OUTPUT_PER_BYTE: u64 = 32;

/// How often the images of a file may take what one of them may unpack. `--verify` unpacks shared layers for each image.
const WORK_SHARES: u64 = 4;

/// What the images of a file may still have, take and print.
#[derive(Debug)]
pub(super) struct FileBudget {
    /// The number of images in the file.
    images: u64,
    /// The stored bytes of the file; `None` for a directory.
    stored: Option<u64>,
    limits: Limits,
    /// The stored layers that were counted.
    layers: HashSet<BlobLocation>,
    layer_bytes: Total,
    /// The images that were read, or could not be.
    read: u64,
    entries: u64,
    output: u64,
}

impl FileBudget {
    /// The budget of a file with this number of images. `stored` is its size, if it is not a directory; `limits` are those of an
    /// image.
    pub(super) fn new(images: usize, stored: Option<u64>, limits: Limits) -> Self {
        Self {
            images: images as u64,
            stored,
            limits,
            layers: HashSet::new(),
            layer_bytes: Total::default(),
            read: 0,
            entries: 0,
            output: 0,
        }
    }

    /// Charges the entries of an image and one reading of the list, and credits its new layers.
    pub(super) fn count_image(&mut self, read: &ReadImage) {
        let blobs = read.image.layers.iter().filter_map(|layer| layer.blob.as_ref().ok());
        let new = blobs.filter(|blob| self.layers.insert(blob.location())).map(|blob| blob.len()).sum::<Total>();
        self.charge(read.loaded.tree.node_count() as u64, new.get());
    }

    /// Counts an image that cannot be read: the list of all images is read for it, too.
    pub(super) fn count_unread(&mut self) {
        self.charge(0, 0);
    }

    /// Counts what was written about an image, in bytes.
    pub(super) const fn count_output(&mut self, bytes: u64) {
        self.output = self.output.saturating_add(bytes);
    }

    fn charge(&mut self, entries: u64, new_bytes: u64) {
        let listed = self.images.saturating_mul(ENTRIES_PER_LISTED);
        self.read = self.read.saturating_add(1);
        self.entries = self.entries.saturating_add(entries).saturating_add(listed);
        self.layer_bytes += new_bytes;
    }

    /// Refuses the next image if those before it have spent the budget. `work` is [what they took](crate::run::opening::OpenSource::work).
    pub(super) fn check(&self, work: u64) -> anyhow::Result<()> {
        let Self { images, read, .. } = self;
        let layer_bytes = self.layer_bytes.get();
        let stored = self.stored.unwrap_or(layer_bytes);
        // A file that is compressed as a whole has larger layers, but zeros allow nothing.
        let allowing = layer_bytes.min(stored.saturating_mul(LAYER_RATIO));
        if self.entries > FREE_ENTRIES.saturating_add(allowing / BYTES_PER_ENTRY) {
            bail!(
                "the first {read} of its {images} images have more entries than dive reads of a file of this size; read the others \
                 one by one, with --image"
            );
        }
        let most = self.limits.unpacked_bytes(stored, 1).saturating_mul(WORK_SHARES);
        if work > most {
            bail!(
                "the first {read} of its {images} images take as long as unpacking {}, more than the limit of {} for a file of this \
                 size; read the others one by one, with --image, or raise the limit with --max-unpacked SIZE",
                Bytes(work),
                Bytes(most)
            );
        }
        let limit = FREE_OUTPUT.saturating_add(stored.saturating_mul(OUTPUT_PER_BYTE));
        if self.output > limit {
            bail!(
                "the first {read} of its {images} images take {} of output, more than the limit of {} for a file of this size; read \
                 the others one by one, with --image",
                Bytes(self.output),
                Bytes(limit)
            );
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Images of a file that have layers of their own, beside those that all have.
    struct Bundle {
        images: usize,
        shared_bytes: u64,
        own_bytes: u64,
        /// The entries of each image, and the bytes of its document for each of them.
        entries: u64,
        document_bytes_per_entry: u64,
    }

    impl Bundle {
        /// The number of images that are read.
        fn read(&self) -> usize {
            self.read_of(Some(self.own_bytes * self.images as u64 + self.shared_bytes))
        }

        /// As [`Self::read`], of a file that stores this many bytes.
        fn read_of(&self, stored: Option<u64>) -> usize {
            let mut budget = FileBudget::new(self.images, stored, Limits::default());
            let is_allowed = |read: &usize| {
                let is_allowed = budget.check(0).is_ok();
                budget.charge(self.entries, self.own_bytes + if *read == 0 { self.shared_bytes } else { 0 });
                // Beside its entries, a document has a few kB.
                budget.count_output(self.entries * self.document_bytes_per_entry + 4_000);
                is_allowed
            };
            (0..self.images).take_while(is_allowed).count()
        }
    }

    #[test]
    fn bundles_are_read_whole_and_hostile_ones_in_part() {
        let with_own_layers = Bundle {
            images: 300,
            shared_bytes: 0,
            own_bytes: 5_000_000,
            entries: 50_000,
            document_bytes_per_entry: 400,
        };
        assert_eq!(with_own_layers.read(), 300);
        let on_a_large_base =
            Bundle { images: 100, shared_bytes: 200_000_000, own_bytes: 100_000, entries: 100_000, ..with_own_layers };
        assert_eq!(on_a_large_base.read(), 100);
        let as_a_whole = Bundle { document_bytes_per_entry: 200, ..on_a_large_base };
        assert_eq!(as_a_whole.read_of(Some(70_000_000)), 100);
        let small = Bundle { images: 1_000, own_bytes: 200_000, entries: 1_000, ..with_own_layers };
        assert_eq!(small.read(), 1_000);
        // One small layer of 20,000 names.
        let of_names = Bundle {
            images: 9_000,
            shared_bytes: 10_000,
            own_bytes: 0,
            entries: 20_000,
            document_bytes_per_entry: 150,
        };
        assert_eq!(of_names.read(), 22);
        assert_eq!(Bundle { document_bytes_per_entry: 0, ..of_names }.read(), 22);
        // 1,000 manifests of one small layer: each image reads all of them.
        let of_manifests = Bundle { images: 1_000, entries: 1, document_bytes_per_entry: 400, ..of_names };
        assert_eq!(of_manifests.read(), 251);
        // Few names in a layer of zeros, which only the archive compresses.
        let of_zeros = Bundle { images: 3_000, shared_bytes: 900_000_000, document_bytes_per_entry: 0, ..of_names };
        assert_eq!(of_zeros.read_of(Some(1_000_000)), 52);
        // 20,000 images, none of which can be read.
        let mut unreadable = FileBudget::new(20_000, Some(2_000_000), Limits::default());
        let is_allowed = |_: &usize| {
            unreadable.count_unread();
            unreadable.check(0).is_ok()
        };
        assert_eq!((0..20_000).take_while(is_allowed).count(), 12);
        // Few entries, but a configuration of megabytes.
        let of_commands = Bundle { images: 100, entries: 1, document_bytes_per_entry: 8_000_000, ..of_names };
        assert_eq!(of_commands.read(), 9);
    }

    #[test]
    fn images_share_what_one_may_take() {
        const GIB: u64 = 1 << 30;
        let is_allowed =
            |stored: u64, work: u64| FileBudget::new(9, Some(stored), Limits::default()).check(work).is_ok();
        assert!(is_allowed(500_000, 4 * GIB) && !is_allowed(500_000, 4 * GIB + 1));
        // 300 images verified on a base of 50 MB, stored in 15 MB.
        assert!(is_allowed(20_000_000, 300 * 50_000_000));
        let raised = Limits { unpacked: Some(Bytes(2 * GIB)), ..Limits::default() };
        assert!(FileBudget::new(9, Some(500_000), raised).check(8 * GIB).is_ok());
    }
}
