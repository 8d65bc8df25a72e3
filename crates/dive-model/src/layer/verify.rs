//! Compares layers with the digests that the image's documents give them. The stored bytes are hashed by a task of their own;
//! the unpacked bytes of a compressed layer on a second thread, while they are decoded for the entries. Of a plain layer, both
//! are the same bytes.

use std::collections::BTreeMap;
use std::io::{self, Read};
use std::mem::discriminant;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use super::blob::{LayerBlob, first_with_same_blob};
use super::scan::{Scan, ScanError, scan_through, scan_within, sniff_at};
use crate::budget::Budget;
use crate::compression::Compression;
use crate::digest::{Digest, Hasher, Mismatch};
use crate::remark::OnDamage;
use crate::tarfile::{Cursor, ReadAt};

/// The digests that the documents give a layer.
#[derive(Debug, Clone, Default)]
pub struct Claims {
    /// Of its bytes as they are stored.
    pub stored: Option<Digest>,
    /// Of its bytes when they are unpacked.
    pub unpacked: Option<Digest>,
}

/// Collects the digests that the layers of an image have, beside the ones that they should have.
#[derive(Debug)]
pub struct Verifier {
    claims: Vec<Claims>,
    /// By the first layer with the same bytes.
    found: Mutex<BTreeMap<usize, Found>>,
}

#[derive(Debug, Default)]
struct Found {
    stored: Option<Vec<Digest>>,
    unpacked: Option<Vec<Digest>>,
}

impl Verifier {
    /// Compares layers with `claims`, base first.
    #[must_use]
    pub const fn new(claims: Vec<Claims>) -> Self {
        Self { claims, found: Mutex::new(BTreeMap::new()) }
    }

    /// The layers, by their place, that are not what they should be.
    #[must_use]
    pub fn mismatches(&self, blobs: &[Option<LayerBlob>]) -> Vec<(usize, Mismatch)> {
        let first_of = first_with_same_blob(blobs);
        let found = self.found();
        let nothing = Found::default();
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

    /// Nothing that holds the lock can panic halfway.
    fn found(&self) -> MutexGuard<'_, BTreeMap<usize, Found>> {
        self.found.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Layers that are the same bytes, which are read once. Their claims may differ.
#[derive(Clone)]
pub(super) struct SameBytes<'a> {
    verifier: &'a Verifier,
    first: usize,
    claims: Vec<&'a Claims>,
}

impl<'a> SameBytes<'a> {
    /// The layers whose first one, in `first_uses`, is `first`.
    pub(super) fn new(verifier: &'a Verifier, first_uses: &[usize], first: usize) -> Self {
        let uses = first_uses.iter().zip(&verifier.claims).skip(first).filter(|(of, _)| **of == first);
        Self { verifier, first, claims: uses.map(|(_, claims)| claims).collect() }
    }

    /// One hasher for each algorithm among the claims.
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

    /// Hashes the bytes as they are stored, which of a plain layer are also the unpacked ones.
    pub(super) fn hash_stored(&self, blob: &LayerBlob) {
        let is_plain = is_plain(&**blob);
        let mut hashers = if is_plain {
            self.hashers(|claims| claims.stored.iter().chain(&claims.unpacked).collect())
        } else {
            self.hashers(|claims| claims.stored.iter().collect())
        };
        // What cannot be read has no digest, which is a mismatch.
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

    /// Reads a layer and hashes its unpacked bytes. A plain layer is hashed as it is stored, and its bodies are passed over.
    pub(super) fn scan<R: ReadAt>(
        &self,
        bytes: &R,
        on_damage: OnDamage,
        budget: &Budget,
        stopped: &dyn Fn() -> bool,
    ) -> Result<Scan, ScanError> {
        if is_plain(bytes) {
            return scan_within(bytes, on_damage, budget, stopped);
        }
        let mut hashing = SideHashing::new(self.hashers(|claims| claims.unpacked.iter().collect()));
        let scan = scan_through(bytes, on_damage, budget, stopped, &mut |piece| hashing.update(piece))?;
        if !scan.damaged && !stopped() {
            let digests = hashing.finish();
            self.note(|found| found.unpacked = Some(digests));
        }
        Ok(scan)
    }

    fn note(&self, note: impl FnOnce(&mut Found)) {
        note(self.verifier.found().entry(self.first).or_default());
    }
}

fn is_plain<R: ReadAt>(bytes: &R) -> bool {
    sniff_at(bytes).is_ok_and(|compression| compression == Compression::None)
}

type Hashers = Vec<Hasher>;

/// As large as what decoders give at once, and few enough to stay in a cache of the processor.
const PIECE: usize = 256 << 10;
const PIECES_AHEAD: usize = 4;

fn update_all(hashers: &mut [Hasher], bytes: &[u8]) {
    for hasher in hashers {
        hasher.update(bytes);
    }
}

fn hash_all<R: ReadAt>(bytes: &R, hashers: &mut [Hasher]) -> io::Result<()> {
    let mut reader = Cursor::new(bytes);
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

/// Hashes bytes on a thread of its own, so that the one that decodes them need not wait.
struct SideHashing {
    /// Bytes that are not hashed yet.
    piece: Vec<u8>,
    /// Where it is hashed: here, if no thread can be started.
    place: HashPlace,
}

enum HashPlace {
    Here(Hashers),
    Thread { full: SyncSender<Vec<u8>>, empty: Receiver<Vec<u8>>, thread: JoinHandle<Hashers> },
}

impl SideHashing {
    fn new(hashers: Hashers) -> Self {
        Self { piece: Vec::new(), place: HashPlace::Here(hashers) }
    }

    fn update(&mut self, bytes: &[u8]) {
        match &mut self.place {
            HashPlace::Here(hashers) if hashers.is_empty() => return,
            _ => self.piece.extend_from_slice(bytes),
        }
        if self.piece.len() >= PIECE {
            self.pass_on();
        }
    }

    fn pass_on(&mut self) {
        // Only for a layer that has more than one piece: most are small.
        if let HashPlace::Here(hashers) = &mut self.place {
            update_all(hashers, &self.piece);
            self.piece.clear();
            self.place = start(std::mem::take(hashers));
            return;
        }
        let HashPlace::Thread { full, empty, .. } = &self.place else { return };
        let next = empty.try_recv().unwrap_or_default();
        // The other end is there until this one ends.
        let _ = full.send(std::mem::replace(&mut self.piece, next));
        self.piece.clear();
    }

    fn finish(mut self) -> Vec<Digest> {
        let hashers = match self.place {
            HashPlace::Here(hashers) => Some(hashers),
            HashPlace::Thread { full, thread, .. } => {
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

fn start(hashers: Hashers) -> HashPlace {
    let (full, heard) = sync_channel::<Vec<u8>>(PIECES_AHEAD);
    let (back, empty) = sync_channel(PIECES_AHEAD);
    let mut own = hashers.clone();
    let hash = move || {
        for piece in heard {
            update_all(&mut own, &piece);
            // To be filled again; dropped if there are enough.
            let _ = back.try_send(piece);
        }
        own
    };
    match std::thread::Builder::new().name("hash".to_owned()).spawn(hash) {
        Ok(thread) => HashPlace::Thread { full, empty, thread },
        // The system gives no more threads: more slowly, then.
        Err(_) => HashPlace::Here(hashers),
    }
}
