//! All layers of an image, read side by side and handed on in order, so that the tree grows while layers are still being
//! read and none has to wait in memory for longer than the one before it takes.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc;

use super::LayerIndex;
use super::scan::{Scan, ScanError, scan};
use crate::remark::{OnDamage, Shown};
use crate::source::Blob;
use crate::tarfile::ReadAt;

/// A layer that cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("{archive}: layer {layer} ({}): {problem}", Shown(blob))]
pub struct LayerError {
    /// The archive or layout.
    pub archive: String,
    /// Which layer.
    pub layer: LayerIndex,
    /// The layer's name in the archive.
    pub blob: String,
    /// What is wrong.
    pub problem: ScanError,
}

/// Hears how far reading has come. Called from several threads.
pub trait Progress: Sync {
    /// So many bytes more of the blobs are behind us.
    fn bytes(&self, count: u64);
    /// One more layer is read.
    fn layer(&self);
}

/// Says nothing.
#[derive(Debug, Clone, Copy)]
pub struct Silent;

impl Progress for Silent {
    fn bytes(&self, _count: u64) {}
    fn layer(&self) {}
}

/// Reads the layers that lie in `blobs`, base first; a layer whose blob is missing is empty. `deliver` gets each of them
/// in order, on the calling thread.
///
/// # Errors
/// The first layer that cannot be read, or the first error of `deliver`. Layers that are still being read are given up.
pub fn read<E>(
    archive: &str,
    blobs: &[Option<Blob>],
    on_damage: OnDamage,
    progress: &dyn Progress,
    mut deliver: impl FnMut(LayerIndex, Scan) -> Result<(), E>,
) -> Result<(), E>
where
    E: From<LayerError>,
{
    let stop = AtomicBool::new(false);
    let (sender, receiver) = mpsc::channel();
    rayon::in_place_scope_fifo(|scope| {
        for (layer, blob) in (0..).map_while(LayerIndex::new).zip(blobs) {
            let (sender, stop) = (sender.clone(), &stop);
            scope.spawn_fifo(move |_| {
                if stop.load(Ordering::Relaxed) {
                    return;
                }
                let scanned = read_one(blob.as_ref(), on_damage, progress, stop);
                // The other end is only gone when nobody wants to know any more.
                let _ = sender.send((layer, scanned));
            });
        }
        drop(sender);
        let mut waiting = BTreeMap::new();
        let mut next = 0;
        let outcome = receiver.iter().try_for_each(|(layer, scanned)| {
            waiting.insert(layer, scanned);
            while let Some((layer, scanned)) = LayerIndex::new(next).and_then(|next| waiting.remove_entry(&next)) {
                let blob = || blobs[layer.get()].as_ref().map_or_else(String::new, |blob| blob.name().to_owned());
                let scanned = scanned.map_err(|problem| LayerError {
                    archive: archive.to_owned(),
                    layer,
                    blob: blob(),
                    problem,
                })?;
                deliver(layer, scanned)?;
                next += 1;
            }
            Ok(())
        });
        stop.store(true, Ordering::Relaxed);
        outcome
    })
}

fn read_one(
    blob: Option<&Blob>,
    on_damage: OnDamage,
    progress: &dyn Progress,
    stop: &AtomicBool,
) -> Result<Scan, ScanError> {
    let Some(blob) = blob else { return Ok(Scan::default()) };
    let counted = Counted { blob, progress, behind: AtomicU64::new(0) };
    let scanned = scan(&counted, on_damage, &|| stop.load(Ordering::Relaxed));
    progress.bytes(blob.len().saturating_sub(counted.behind.into_inner()));
    progress.layer();
    scanned
}

/// Tells how far into a blob reading has come. Bodies that are jumped over count when the next read is behind them.
struct Counted<'a> {
    blob: &'a Blob,
    progress: &'a dyn Progress,
    behind: AtomicU64,
}

impl ReadAt for Counted<'_> {
    fn read_at(&self, buf: &mut [u8], at: u64) -> std::io::Result<usize> {
        let count = self.blob.read_at(buf, at)?;
        let end = at + count as u64;
        let before = self.behind.fetch_max(end, Ordering::Relaxed);
        if end > before {
            self.progress.bytes(end - before);
        }
        Ok(count)
    }

    fn len(&self) -> u64 {
        self.blob.len()
    }
}
