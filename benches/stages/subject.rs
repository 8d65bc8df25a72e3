//! An image with the inputs of all stages.

use std::sync::Arc;

use dive_model::Opened;
use dive_model::budget::Budget;
use dive_model::image::Image;
use dive_model::layer::LayerBlob;
use dive_model::layer::ReadOptions;
use dive_model::layer::content::PlainLayers;
use dive_model::layer::{Scan, scan};
use dive_model::observer::Silent;
use dive_model::remark::OnDamage;
use dive_model::tree::{self, Comparison, Scope};
use tempfile::NamedTempFile;

use crate::heap::{self, HeapUse};
use crate::images::{self, Codec, Shape};
use crate::screen::Screen;

/// A saved and opened image.
pub(crate) struct Saved {
    /// Keeps the file while the image is read.
    _file: NamedTempFile,
    pub(crate) image: Arc<Image>,
}

impl Saved {
    fn new(file: NamedTempFile) -> Self {
        let image = images::open(file.path());
        Self { _file: file, image }
    }

    pub(crate) fn blobs(&self) -> impl Iterator<Item = &LayerBlob> {
        self.image.layers.iter().map(|layer| layer.blob.as_ref().unwrap())
    }

    /// Runs the headless analysis and measures its heap use.
    fn load(&self) -> (Opened, HeapUse) {
        heap::watch(|| {
            let loaded = tree::load(&self.image, "made", ReadOptions::within(&Budget::unlimited()), &Silent).unwrap();
            Opened::new(Arc::clone(&self.image), loaded)
        })
    }
}

/// One image in three compressions, and the inputs of the stages.
pub(crate) struct Subject {
    pub(crate) entries: u64,
    pub(crate) plain: Saved,
    pub(crate) gzip: Saved,
    pub(crate) zstd: Saved,
    /// Scans of the uncompressed layers.
    pub(crate) scans: Vec<Scan>,
    pub(crate) opened: Opened,
    pub(crate) comparison: Comparison,
    pub(crate) screen: Screen,
    /// Heap use of loading plain and zstd layers; zstd also keeps content hashes.
    pub(crate) plain_heap: HeapUse,
    pub(crate) zstd_heap: HeapUse,
    /// Counts runs of stages that alternate between inputs.
    pub(crate) turns: u64,
}

impl Subject {
    pub(crate) fn made(shape: Shape) -> Self {
        eprintln!("\nmaking {shape:?}");
        let file = shape.archive(Codec::Plain);
        let screen = Screen::of(file.path());
        let plain = Saved::new(file);
        let zstd = Saved::new(shape.archive(Codec::Zstd));
        let (_, zstd_heap) = zstd.load();
        let (opened, plain_heap) = plain.load();
        let scans: Vec<_> = plain.blobs().map(|blob| scan::scan(&**blob, OnDamage::Fail, &|| false).unwrap()).collect();
        let entries: usize = scans.iter().map(|scan| scan.entry_count).sum();
        assert_eq!(entries as u64, shape.entries, "the image has the requested size");
        assert!(opened.layer_remarks.is_empty(), "the image has no warnings: {:?}", opened.layer_remarks);
        let last = opened.tree.layers().last().unwrap();
        Self {
            entries: shape.entries,
            comparison: Comparison::between(&opened.tree, Scope::states(None, last)),
            gzip: Saved::new(shape.archive(Codec::Gzip)),
            plain,
            zstd,
            scans,
            opened,
            screen,
            plain_heap,
            zstd_heap,
            turns: 0,
        }
    }

    pub(crate) fn plain_layers(&self) -> PlainLayers {
        PlainLayers::new(self.plain.blobs().cloned().map(Some).collect())
    }

    pub(crate) fn turn(&mut self) -> u64 {
        self.turns += 1;
        self.turns
    }
}
