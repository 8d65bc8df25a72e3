//! Compares layers with the digests in the image's documents.
//!
//! A separate task hashes the stored bytes. The unpacked bytes of a compressed layer are hashed on a second thread,
//! while they are decoded. For a plain layer, both are the same bytes.

use std::collections::BTreeMap;
use std::io::{self, Read};
use std::mem::discriminant;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use super::blob::{LayerBlob, first_with_same_blob};
use super::content::ContentPolicy;
use super::scan::{Scan, ScanError, scan_through, scan_within, sniff_at};
use crate::budget::Budget;
use crate::compression::Compression;
use crate::digest::{Digest, Hasher, Mismatch};
use crate::remark::OnDamage;
use crate::tarfile::{ReadAt, SequentialReader};

/// Expected digests of a layer.
#[derive(Debug, Clone, Default)]
pub struct Claims {
    /// Digest of the stored bytes.
    pub stored: Option<Digest>,
    /// Digest of the uncompressed bytes: the `diff_id`.
    pub unpacked: Option<Digest>,
}

/// Collects the actual digests of layers, and compares them with the expected ones.
#[derive(Debug)]
pub struct Verifier {
    claims: Vec<Claims>,
    /// Actual digests, by the first layer with the same blob.
    found: Mutex<BTreeMap<usize, ActualDigests>>,
}

#[derive(Debug, Default)]
struct ActualDigests {
    stored: Option<Vec<Digest>>,
    unpacked: Option<Vec<Digest>>,
}

impl Verifier {
    /// A verifier of layers with `claims`, base first.
    #[must_use]
    pub const fn new(claims: Vec<Claims>) -> Self {
        Self { claims, found: Mutex::new(BTreeMap::new()) }
    }

    /// Layers with a wrong or uncheckable digest, by index.
    #[must_use]
    pub fn mismatches(&self, blobs: &[Option<LayerBlob>]) -> Vec<(usize, Mismatch)> {
        let first_of = first_with_same_blob(blobs);
        let found = self.found();
        let nothing = ActualDigests::default();
        let mut mismatches = Vec::new();
        for (layer, claims) in self.claims.iter().enumerate().filter(|(layer, _)| blobs[*layer].is_some()) {
            let found = found.get(&first_of[layer]).unwrap_or(&nothing);
            for (claimed, found) in [(&claims.stored, &found.stored), (&claims.unpacked, &found.unpacked)] {
                let Some(claimed) = claimed else { continue };
                let mismatch = Mismatch::between(claimed, found.as_deref());
                mismatches.extend(mismatch.map(|mismatch| (layer, mismatch)));
            }
        }
        mismatches
    }

    /// Ignores poisoning: no critical section can panic halfway.
    fn found(&self) -> MutexGuard<'_, BTreeMap<usize, ActualDigests>> {
        self.found.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Layers with the same blob, which is read once. Their expected digests may differ.
#[derive(Clone)]
pub(super) struct SameBytes<'a> {
    verifier: &'a Verifier,
    first: usize,
    claims: Vec<&'a Claims>,
}

impl<'a> SameBytes<'a> {
    /// Groups the layers whose entry in `first_uses` is `first`.
    pub(super) fn new(verifier: &'a Verifier, first_uses: &[usize], first: usize) -> Self {
        let uses = first_uses.iter().zip(&verifier.claims).skip(first).filter(|(of, _)| **of == first);
        Self { verifier, first, claims: uses.map(|(_, claims)| claims).collect() }
    }

    /// Creates one hasher per algorithm among the claims.
    fn hashers<'c>(&'c self, claims: impl Fn(&'c Claims) -> Vec<&'c Digest>) -> Hashers {
        let mut hashers: Hashers = Vec::new();
        for digest in self.claims.iter().flat_map(|of_layer| claims(of_layer)) {
            let hasher = digest.hasher();
            if hashers.iter().all(|known| discriminant(known) != discriminant(&hasher)) {
                hashers.push(hasher);
            }
        }
        hashers
    }

    /// Hashes the stored bytes. Those of a plain layer also count as unpacked.
    pub(super) fn hash_stored(&self, blob: &LayerBlob) {
        let is_plain = is_plain(&**blob);
        let mut hashers = if is_plain {
            self.hashers(|claims| claims.stored.iter().chain(&claims.unpacked).collect())
        } else {
            self.hashers(|claims| claims.stored.iter().collect())
        };
        // Unreadable bytes leave no digest, which is reported as a mismatch.
        if hashers.is_empty() || hash_all(&**blob, &mut hashers).is_err() {
            return;
        }
        let digests: Vec<Digest> = hashers.into_iter().map(Hasher::finish).collect();
        self.note(|found| {
            if is_plain {
                found.unpacked = Some(digests.clone());
            }
            found.stored = Some(digests);
        });
    }

    /// Scans a layer and hashes its uncompressed bytes. [`Self::hash_stored`] hashes a plain layer, so its bodies are
    /// skipped here.
    pub(super) fn scan<R: ReadAt>(
        &self,
        bytes: &R,
        on_damage: OnDamage,
        contents: ContentPolicy,
        budget: &Budget,
        stopped: &dyn Fn() -> bool,
    ) -> Result<Scan, ScanError> {
        if is_plain(bytes) {
            return scan_within(bytes, on_damage, contents, budget, stopped);
        }
        let mut hashing = HashThread::new(self.hashers(|claims| claims.unpacked.iter().collect()));
        let mut update = |piece: &[u8]| hashing.update(piece);
        let scan = scan_through(bytes, on_damage, contents, budget, stopped, &mut update)?;
        if !scan.damaged && !stopped() {
            let digests = hashing.finish();
            self.note(|found| found.unpacked = Some(digests));
        }
        Ok(scan)
    }

    fn note(&self, note: impl FnOnce(&mut ActualDigests)) {
        note(self.verifier.found().entry(self.first).or_default());
    }
}

fn is_plain<R: ReadAt>(bytes: &R) -> bool {
    sniff_at(bytes).is_ok_and(|compression| compression == Compression::None)
}

type Hashers = Vec<Hasher>;

/// Bytes per piece: about the output of one decoder call, and small enough for the processor's cache.
const PIECE: usize = 256 << 10;
const PIECES_AHEAD: usize = 4;

fn update_all(hashers: &mut [Hasher], bytes: &[u8]) {
    for hasher in hashers {
        hasher.update(bytes);
    }
}

fn hash_all<R: ReadAt>(bytes: &R, hashers: &mut [Hasher]) -> io::Result<()> {
    let mut reader = SequentialReader::new(bytes);
    let mut piece = vec![0; PIECE];
    let mut left = bytes.len();
    while left > 0 {
        match reader.read(&mut piece) {
            Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(count) => {
                update_all(hashers, &piece[..count]);
                left = left.saturating_sub(count as u64);
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Hashes bytes on a separate thread, so that decoding does not wait for hashing.
struct HashThread {
    /// Bytes not yet hashed.
    piece: Vec<u8>,
    /// The calling thread hashes if no other thread can be started.
    mode: HashMode,
}

enum HashMode {
    Inline(Hashers),
    Thread { full: SyncSender<Vec<u8>>, empty: Receiver<Vec<u8>>, thread: JoinHandle<Hashers> },
}

impl HashThread {
    fn new(hashers: Hashers) -> Self {
        Self { piece: Vec::new(), mode: HashMode::Inline(hashers) }
    }

    fn update(&mut self, bytes: &[u8]) {
        match &mut self.mode {
            HashMode::Inline(hashers) if hashers.is_empty() => return,
            _ => self.piece.extend_from_slice(bytes),
        }
        if self.piece.len() >= PIECE {
            self.flush();
        }
    }

    fn flush(&mut self) {
        // Start the thread at the second piece: most layers have only one.
        if let HashMode::Inline(hashers) = &mut self.mode {
            update_all(hashers, &self.piece);
            self.piece.clear();
            self.mode = start(std::mem::take(hashers));
            return;
        }
        let HashMode::Thread { full, empty, .. } = &self.mode else { return };
        let next = empty.try_recv().unwrap_or_default();
        // The thread receives until this sender is dropped.
        let _ = full.send(std::mem::replace(&mut self.piece, next));
        self.piece.clear();
    }

    fn finish(mut self) -> Vec<Digest> {
        let hashers = match self.mode {
            HashMode::Inline(hashers) => Some(hashers),
            HashMode::Thread { full, thread, .. } => {
                drop(full);
                thread.join().ok()
            }
        };
        let Some(mut hashers) = hashers else { return Vec::new() };
        update_all(&mut hashers, &self.piece);
        self.piece.clear();
        hashers.into_iter().map(Hasher::finish).collect()
    }
}

fn start(hashers: Hashers) -> HashMode {
    let (full, received) = sync_channel::<Vec<u8>>(PIECES_AHEAD);
    let (back, empty) = sync_channel(PIECES_AHEAD);
    let mut own = hashers.clone();
    let hash = move || {
        for piece in received {
            update_all(&mut own, &piece);
            // Return the buffer for reuse, or drop it if enough are waiting.
            let _ = back.try_send(piece);
        }
        own
    };
    match std::thread::Builder::new().name("hash".to_owned()).spawn(hash) {
        Ok(thread) => HashMode::Thread { full, empty, thread },
        // No thread available: hash inline.
        Err(_) => HashMode::Inline(hashers),
    }
}
