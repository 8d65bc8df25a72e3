//! Scans all layers of an image in parallel and delivers them in order.
//!
//! The tree grows while later layers are still being scanned. Finished layers that wait for an earlier one are limited
//! by memory.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError, mpsc};

use sha2::{Digest, Sha256};
use tracing::debug;

use super::LayerIndex;
use super::blob::{LayerBlob, first_with_same_blob};
use super::content::ContentPolicy;
use super::listed;
use super::record;
use super::scan::{Scan, ScanError, scan_through, scan_within, sniff_at};
use super::verify::{SameBytes, Verifier};
use crate::blob::Identity;
use crate::budget::Budget;
use crate::cache::Cache;
use crate::digest::hex;
use crate::remark::{OnDamage, Shown};
use crate::tarfile::ReadAt;

/// A layer that cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("{archive}: layer {layer} ({}): {problem}{}", Shown(blob), advice(problem))]
pub struct LayerError {
    /// Path or name of the archive or layout.
    pub archive: String,
    /// Index of the layer.
    pub layer: LayerIndex,
    /// Name of the layer's blob in the archive.
    pub blob: String,
    /// Reason.
    pub problem: ScanError,
}

/// Suggests to continue if the other layers may be intact.
const fn advice(problem: &ScanError) -> &'static str {
    if matches!(problem, ScanError::NotATar { .. }) { "; --ignore-errors shows the other layers" } else { "" }
}

/// Options of [`read()`].
#[derive(Debug, Clone, Copy)]
pub struct ReadOptions<'a> {
    /// Whether damage is an error or a remark.
    pub on_damage: OnDamage,
    /// Cache of scanned layers.
    pub cache: Option<&'a Cache>,
    /// Receives the digests of the layers.
    pub verifier: Option<&'a Verifier>,
    /// Budget for memory and unpacked bytes.
    pub budget: &'a Budget,
    /// What to learn of contents.
    pub contents: ContentOptions,
}

/// What to learn of the contents of files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ContentOptions {
    /// Whether to keep the hashes of contents.
    pub hashes: HashPolicy,
    /// Whether to inspect contents, for advice.
    pub inspection: ContentPolicy,
}

/// Whether a tree keeps the hashes of contents: 8 bytes for each entry of a compressed layer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum HashPolicy {
    /// Only until the layers are merged.
    #[default]
    Drop,
    /// For a comparison with another image.
    Keep,
}

impl ContentOptions {
    const NONE: Self = Self { hashes: HashPolicy::Drop, inspection: ContentPolicy::Skip };
}

impl<'a> ReadOptions<'a> {
    /// Options without cache and verification; damage is an error.
    #[must_use]
    pub const fn within(budget: &'a Budget) -> Self {
        Self { on_damage: OnDamage::Fail, cache: None, verifier: None, budget, contents: ContentOptions::NONE }
    }
}

/// Receives the number of stored bytes read or skipped since the last call. Called from several threads.
pub type OnBytes<'a> = &'a (dyn Fn(u64) + Sync);

/// Scans the layers in `blobs`, base first, and passes them to `deliver` in order, on the calling thread.
///
/// A layer without a blob is empty. A layer found in `cache` is not scanned; others are added to the cache. With a
/// verifier, every layer is read in full, and the verifier receives its digests. A scan that a later layer shares is
/// delivered as borrowed.
///
/// # Errors
/// The first layer that cannot be read, or the first error of `deliver`. Scans still running are cancelled.
pub fn read<E>(
    archive: &str,
    blobs: &[Option<LayerBlob>],
    options: ReadOptions<'_>,
    on_bytes: OnBytes<'_>,
    mut deliver: impl FnMut(LayerIndex, Cow<'_, Scan>) -> Result<(), E>,
) -> Result<(), E>
where
    E: From<LayerError>,
{
    let backpressure = Backpressure::default();
    let first_uses = first_with_same_blob(blobs);
    let (sender, receiver) = mpsc::channel();
    // FIFO: layers start in the order of delivery. The next layer to deliver is therefore always running or finished,
    // and `Backpressure::wait` cannot block all threads.
    rayon::in_place_scope_fifo(|scope| {
        for (layer, blob) in (0..).map_while(LayerIndex::new).zip(blobs) {
            // Several layers with the same blob are scanned once, as the first of them.
            if first_uses[layer.get()] != layer.get() {
                continue;
            }
            let (sender, backpressure) = (sender.clone(), &backpressure);
            let verified = options.verifier.map(|verifier| SameBytes::new(verifier, &first_uses, layer.get()));
            let hashed = verified.clone().zip(blob.as_ref());
            scope.spawn_fifo(move |_| {
                if backpressure.wait(layer.get()) == Start::Cancelled {
                    return;
                }
                debug!("opening layer {layer} ({})", blob.as_ref().map_or("missing", |blob| blob.name()));
                let scanned = read_one(blob.as_ref(), options, verified.as_ref(), on_bytes, &backpressure.stop);
                backpressure.add_waiting(scanned.as_ref().map_or(0, Scan::memory));
                // The receiver is dropped only after an error.
                let _ = sender.send((layer.get(), scanned));
            });
            if let Some((verified, blob)) = hashed {
                scope.spawn_fifo(move |_| verified.hash_stored(blob));
            }
        }
        // Drop the original sender: once the last task ends, `recv` must fail instead of blocking forever.
        drop(sender);
        let mut waiting = HashMap::new();
        // For each blob, the number of layers still to deliver.
        let mut uses = vec![0usize; blobs.len()];
        for first in &first_uses {
            uses[*first] += 1;
        }
        let outcome = (0..).map_while(LayerIndex::new).zip(blobs).try_for_each(|(layer, blob)| {
            // Advance before `recv`: this layer may be waiting for its backpressure.
            backpressure.advance(layer.get());
            let first = first_uses[layer.get()];
            while !waiting.contains_key(&first) {
                let Ok((read, scanned)) = receiver.recv() else { return Ok(()) };
                waiting.insert(read, scanned);
            }
            // The last layer of a blob takes ownership, so that the builder can free the scan chunk by chunk.
            uses[first] -= 1;
            let scanned = match waiting.get(&first) {
                Some(Ok(scan)) if uses[first] > 0 => return deliver(layer, Cow::Borrowed(scan)),
                _ => waiting
                    .remove(&first)
                    .unwrap_or_else(|| Ok(Scan::default()))
                    .inspect(|scan| backpressure.remove_waiting(scan)),
            };
            let scanned = scanned.map_err(|problem| LayerError {
                archive: archive.to_owned(),
                layer,
                blob: blob.as_ref().map_or_else(String::new, |blob| blob.name().to_owned()),
                problem,
            })?;
            deliver(layer, Cow::Owned(scanned))
        });
        // The scope joins its tasks: after an error, those still running must stop.
        backpressure.cancel();
        outcome
    })
}

/// Memory limit of scanned layers that wait for delivery, in bytes. Above it, only the next layer to deliver may start.
const MAX_WAITING: usize = 4 << 20;

/// Delays the start of layers while too many scanned ones wait for a slow one.
#[derive(Default)]
struct Backpressure {
    stop: AtomicBool,
    state: Mutex<BackpressureState>,
    changed: Condvar,
}

#[derive(Default)]
struct BackpressureState {
    /// Index of the next layer to deliver.
    next: usize,
    /// Memory of scanned layers that are not delivered, in bytes.
    waiting: usize,
}

#[derive(PartialEq, Eq)]
enum Start {
    Now,
    Cancelled,
}

impl Backpressure {
    /// Blocks until `layer` may start. Layers start in order, so the next one to deliver never blocks.
    fn wait(&self, layer: usize) -> Start {
        let mut state = self.state();
        while state.waiting > MAX_WAITING && layer > state.next && !self.stop.load(Ordering::Relaxed) {
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        if self.stop.load(Ordering::Relaxed) { Start::Cancelled } else { Start::Now }
    }

    fn add_waiting(&self, memory: usize) {
        self.state().waiting += memory;
    }

    fn remove_waiting(&self, scan: &Scan) {
        let mut state = self.state();
        state.waiting = state.waiting.saturating_sub(scan.memory());
        self.changed.notify_all();
    }

    fn advance(&self, layer: usize) {
        self.state().next = layer;
        self.changed.notify_all();
    }

    fn cancel(&self) {
        self.stop.store(true, Ordering::Relaxed);
        // Take the lock: a thread between its check and its wait would miss the notification.
        drop(self.state());
        self.changed.notify_all();
    }

    /// Ignores poisoning: no critical section can panic halfway.
    fn state(&self) -> MutexGuard<'_, BackpressureState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn read_one(
    blob: Option<&LayerBlob>,
    options: ReadOptions<'_>,
    verified: Option<&SameBytes<'_>>,
    on_bytes: OnBytes<'_>,
    stop: &AtomicBool,
) -> Result<Scan, ScanError> {
    let ReadOptions { on_damage, cache, budget, contents: ContentOptions { inspection, .. }, .. } = options;
    let Some(blob) = blob else { return Ok(Scan::default()) };
    if let Some(verified) = verified {
        let counted = ProgressReader { blob, on_bytes, behind: AtomicU64::new(0) };
        let scanned = verified.scan(&counted, on_damage, inspection, budget, &|| stop.load(Ordering::Relaxed));
        on_bytes(blob.len().saturating_sub(counted.behind.into_inner()));
        return scanned;
    }
    if let Some(toc) = blob.toc() {
        on_bytes(blob.len());
        return listed::scan(toc, on_damage, budget);
    }
    // Check the cache after the table of contents, which is faster, and before reading any byte: a cached layer is
    // never fetched.
    let kept = cache.zip(blob.identity());
    let cached = kept.map_or(Ok(None), |(cache, identity)| record::load(cache, identity, budget));
    let cached = cached.map_err(|problem| ScanError::OverBudget { entry: None, offset: 0, problem })?;
    if let Some(mut scan) = cached {
        // The cached record describes the entries. The same layer may be stored with another compression.
        if !blob.needs_fetch() {
            scan.compression = Some(sniff_at(&**blob)?);
        }
        on_bytes(blob.len());
        return Ok(scan);
    }
    let counted = ProgressReader { blob, on_bytes, behind: AtomicU64::new(0) };
    let stopped = || stop.load(Ordering::Relaxed);
    let scanned = match kept {
        None => scan_within(&counted, on_damage, inspection, budget, &stopped),
        Some((cache, identity)) => scan_and_cache(&counted, identity, options, cache, &stopped),
    };
    on_bytes(blob.len().saturating_sub(counted.behind.into_inner()));
    scanned
}

/// Scans a layer and caches its entries if they are complete and the digest matches `identity`.
fn scan_and_cache(
    bytes: &ProgressReader<'_>,
    identity: &Identity,
    options: ReadOptions<'_>,
    cache: &Cache,
    stopped: &dyn Fn() -> bool,
) -> Result<Scan, ScanError> {
    let ReadOptions { on_damage, budget, contents: ContentOptions { inspection, .. }, .. } = options;
    let mut digest = match identity {
        Identity::Stored(_) => None,
        Identity::Unpacked(digest) if digest.starts_with("sha256:") => Some(Sha256::new()),
        // Another algorithm, which no engine uses: do not cache a layer whose digest cannot be checked.
        Identity::Unpacked(_) => return scan_within(bytes, on_damage, inspection, budget, stopped),
    };
    // The record serves later runs, which may need the facts. They cost a few reads of memory in each file.
    let mut scan = scan_through(bytes, on_damage, ContentPolicy::Inspect, budget, stopped, &mut |piece| {
        if let Some(digest) = &mut digest {
            digest.update(piece);
        }
    })?;
    // A stopped scan is partial: do not cache its entries, do not compare its digest.
    if stopped() {
        return Ok(scan);
    }
    let found = digest.map(|digest| format!("sha256:{}", hex(&digest.finalize())));
    match found.filter(|found| found != identity.digest()) {
        None if !scan.damaged => record::store(cache, identity, &scan, budget),
        None => {}
        Some(found) => {
            scan.remarks.add(|| format!("its unpacked bytes have the digest {found}, not {}", identity.digest()));
        }
    }
    Ok(scan)
}

/// Reports reading progress. A skipped body counts at the next read after it.
struct ProgressReader<'a> {
    blob: &'a LayerBlob,
    on_bytes: OnBytes<'a>,
    behind: AtomicU64,
}

impl ReadAt for ProgressReader<'_> {
    fn read_at(&self, buf: &mut [u8], at: u64) -> std::io::Result<usize> {
        let count = self.blob.read_at(buf, at)?;
        let end = at + count as u64;
        let before = self.behind.fetch_max(end, Ordering::Relaxed);
        if end > before {
            (self.on_bytes)(end - before);
        }
        Ok(count)
    }

    fn len(&self) -> u64 {
        self.blob.len()
    }
}
