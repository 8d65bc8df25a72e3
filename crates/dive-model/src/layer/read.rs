//! All layers of an image, read side by side and handed on in order, so that the tree grows while layers are still being
//! read and none has to wait in memory for longer than the one before it takes.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError, mpsc};

use sha2::{Digest, Sha256};
use tracing::debug;

use super::LayerIndex;
use super::blob::{LayerBlob, first_with_same_blob};
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
    /// The archive or layout.
    pub archive: String,
    /// Which layer.
    pub layer: LayerIndex,
    /// The layer's name in the archive.
    pub blob: String,
    /// What is wrong.
    pub problem: ScanError,
}

/// What helps where the other layers may be sound.
const fn advice(problem: &ScanError) -> &'static str {
    if matches!(problem, ScanError::NotATar { .. }) { "; --ignore-errors shows the other layers" } else { "" }
}

/// How layers are read.
#[derive(Debug, Clone, Copy)]
pub struct ReadOptions<'a> {
    /// What is done about damage.
    pub on_damage: OnDamage,
    /// Knows layers, and keeps others.
    pub cache: Option<&'a Cache>,
    /// Learns the digests of the layers.
    pub verifier: Option<&'a Verifier>,
    /// Is charged for what reading takes.
    pub budget: &'a Budget,
}

impl<'a> ReadOptions<'a> {
    /// Damage is an error, and nothing is cached or verified.
    #[must_use]
    pub const fn within(budget: &'a Budget) -> Self {
        Self { on_damage: OnDamage::Fail, cache: None, verifier: None, budget }
    }
}

/// Receives the number of stored bytes read or skipped since the last call. Called from several threads.
pub type OnBytes<'a> = &'a (dyn Fn(u64) + Sync);

/// Reads the layers that lie in `blobs`, base first; a layer whose blob is missing is empty. Those that `cache` knows are
/// taken from there, the others are kept there. With a verifier, all are read whole, and it learns their digests. `deliver`
/// gets each of them in order, on the calling thread; one whose blob is a later layer, too, is only lent.
///
/// # Errors
/// The first layer that cannot be read, or the first error of `deliver`. Layers that are still being read are given up.
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
    let turn = Turn::default();
    let first_uses = first_with_same_blob(blobs);
    let (sender, receiver) = mpsc::channel();
    // First in, first out: layers start in the order in which they are delivered, so the next one to be delivered is always
    // running or finished, and `Turn::wait` cannot block all threads.
    rayon::in_place_scope_fifo(|scope| {
        for (layer, blob) in (0..).map_while(LayerIndex::new).zip(blobs) {
            // A blob that is several layers is read for the first of them.
            if first_uses[layer.get()] != layer.get() {
                continue;
            }
            let (sender, turn) = (sender.clone(), &turn);
            let verified = options.verifier.map(|verifier| SameBytes::new(verifier, &first_uses, layer.get()));
            let hashed = verified.clone().zip(blob.as_ref());
            scope.spawn_fifo(move |_| {
                if turn.wait(layer.get()) == Go::Stop {
                    return;
                }
                debug!("layer {layer} ({}) is opened", blob.as_ref().map_or("missing", |blob| blob.name()));
                let scanned = read_one(blob.as_ref(), options, verified.as_ref(), on_bytes, &turn.stop);
                turn.hold(scanned.as_ref().map_or(0, Scan::memory));
                // The other end is only gone when nobody wants to know any more.
                let _ = sender.send((layer.get(), scanned));
            });
            if let Some((verified, blob)) = hashed {
                scope.spawn_fifo(move |_| verified.hash_stored(blob));
            }
        }
        // With the last task its sender is gone too, and `recv` fails instead of waiting forever.
        drop(sender);
        let mut waiting = HashMap::new();
        // How many layers each blob still has to be.
        let mut uses = vec![0usize; blobs.len()];
        for first in &first_uses {
            uses[*first] += 1;
        }
        let outcome = (0..).map_while(LayerIndex::new).zip(blobs).try_for_each(|(layer, blob)| {
            // Before `recv`: the layer may be held back because it was not the next one yet.
            turn.advance(layer.get());
            let first = first_uses[layer.get()];
            while !waiting.contains_key(&first) {
                let Ok((read, scanned)) = receiver.recv() else { return Ok(()) };
                waiting.insert(read, scanned);
            }
            // The last use takes the scan, and frees its memory piece by piece.
            uses[first] -= 1;
            let scanned = match waiting.get(&first) {
                Some(Ok(scan)) if uses[first] > 0 => return deliver(layer, Cow::Borrowed(scan)),
                _ => waiting.remove(&first).unwrap_or_else(|| Ok(Scan::default())).inspect(|scan| turn.let_go(scan)),
            };
            let scanned = scanned.map_err(|problem| LayerError {
                archive: archive.to_owned(),
                layer,
                blob: blob.as_ref().map_or_else(String::new, |blob| blob.name().to_owned()),
                problem,
            })?;
            deliver(layer, Cow::Owned(scanned))
        });
        // The scope waits for its tasks: after an error, those still running must stop.
        turn.end();
        outcome
    })
}

/// What layers that wait for one before them may take in memory, in bytes. With more, no further layer is begun but the
/// one that is waited for.
const MOST_WAITING: usize = 4 << 20;

/// Who may begin: keeps layers that are read quickly from piling up behind a slow one.
#[derive(Default)]
struct Turn {
    stop: AtomicBool,
    state: Mutex<TurnState>,
    changed: Condvar,
}

#[derive(Default)]
struct TurnState {
    /// The layer that is to be delivered next.
    next: usize,
    /// Memory of layers that are read and not delivered.
    held: usize,
}

#[derive(PartialEq, Eq)]
enum Go {
    On,
    Stop,
}

impl Turn {
    /// Waits until `layer` may be read. Layers are begun in order, so the one that all wait for is never kept waiting.
    fn wait(&self, layer: usize) -> Go {
        let mut state = self.state();
        while state.held > MOST_WAITING && layer > state.next && !self.stop.load(Ordering::Relaxed) {
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        if self.stop.load(Ordering::Relaxed) { Go::Stop } else { Go::On }
    }

    fn hold(&self, memory: usize) {
        self.state().held += memory;
    }

    fn let_go(&self, scan: &Scan) {
        let mut state = self.state();
        state.held = state.held.saturating_sub(scan.memory());
        self.changed.notify_all();
    }

    fn advance(&self, layer: usize) {
        self.state().next = layer;
        self.changed.notify_all();
    }

    fn end(&self) {
        self.stop.store(true, Ordering::Relaxed);
        // Under the lock, so that nobody misses it between looking and waiting.
        drop(self.state());
        self.changed.notify_all();
    }

    /// Nothing that holds the lock can panic halfway; what a panic elsewhere left is still whole.
    fn state(&self) -> MutexGuard<'_, TurnState> {
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
    let ReadOptions { on_damage, cache, budget, .. } = options;
    let Some(blob) = blob else { return Ok(Scan::default()) };
    if let Some(verified) = verified {
        let counted = Counted { blob, on_bytes, behind: AtomicU64::new(0) };
        let scanned = verified.scan(&counted, on_damage, budget, &|| stop.load(Ordering::Relaxed));
        on_bytes(blob.len().saturating_sub(counted.behind.into_inner()));
        return scanned;
    }
    if let Some(toc) = blob.toc() {
        on_bytes(blob.len());
        return listed::scan(toc, on_damage, budget);
    }
    // After the table, which needs no cache; before the bytes, so that a known layer is never fetched.
    let kept = cache.zip(blob.identity());
    if let Some(mut scan) = kept.and_then(|(cache, identity)| record::load(cache, identity)) {
        // One layer may be stored in several ways: the record is of its entries.
        if !blob.is_elsewhere() {
            scan.compression = Some(sniff_at(&**blob)?);
        }
        on_bytes(blob.len());
        scan.charge(budget).map_err(|problem| ScanError::OverBudget { entry: None, offset: 0, problem })?;
        return Ok(scan);
    }
    let counted = Counted { blob, on_bytes, behind: AtomicU64::new(0) };
    let stopped = || stop.load(Ordering::Relaxed);
    let scanned = match kept {
        None => scan_within(&counted, on_damage, budget, &stopped),
        Some((cache, identity)) => scan_and_keep(&counted, identity, on_damage, cache, budget, &stopped),
    };
    on_bytes(blob.len().saturating_sub(counted.behind.into_inner()));
    scanned
}

/// Reads a layer and keeps its entries, if they are all there and the bytes are those that the identity means.
fn scan_and_keep(
    bytes: &Counted<'_>,
    identity: &Identity,
    on_damage: OnDamage,
    cache: &Cache,
    budget: &Budget,
    stopped: &dyn Fn() -> bool,
) -> Result<Scan, ScanError> {
    let mut digest = match identity {
        Identity::Stored(_) => None,
        Identity::Unpacked(digest) if digest.starts_with("sha256:") => Some(Sha256::new()),
        // Of another algorithm, which no engine uses: what cannot be compared is not kept.
        Identity::Unpacked(_) => return scan_within(bytes, on_damage, budget, stopped),
    };
    let mut scan = scan_through(bytes, on_damage, budget, stopped, &mut |piece| {
        if let Some(digest) = &mut digest {
            digest.update(piece);
        }
    })?;
    // A stopped scan has seen part of the bytes: neither its entries nor its digest may be kept.
    if stopped() {
        return Ok(scan);
    }
    let found = digest.map(|digest| format!("sha256:{}", hex(&digest.finalize())));
    match found.filter(|found| found != identity.digest()) {
        None if !scan.damaged => record::store(cache, identity, &scan),
        None => {}
        Some(found) => scan.remarks.add(|| {
            format!("its unpacked bytes have the digest {found}, and the image calls them {}", identity.digest())
        }),
    }
    Ok(scan)
}

/// Tells how far into a blob reading has come. Bodies that are jumped over count when the next read is behind them.
struct Counted<'a> {
    blob: &'a LayerBlob,
    on_bytes: OnBytes<'a>,
    behind: AtomicU64,
}

impl ReadAt for Counted<'_> {
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
