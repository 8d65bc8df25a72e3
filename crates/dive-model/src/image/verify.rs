//! Counts the documents that are read, and compares documents and layers with their digests. Documents are compared whenever they are
//! read. Mismatches are collected, so that one run reports all.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::description::{Image, ImageLayer};
use super::manifest::digest_of_path;
use crate::blob::TransferProgress;
use crate::blob::{Blob, Identity};
use crate::digest::{Digest, Mismatch};
use crate::layer::toc::Toc;
use crate::layer::{Claims, LayerBlob, Verifier};
use crate::remark::Remark;
use crate::store::{Ending, Store, StoreError};

/// A mismatch with the name of the document or layer.
pub type NamedMismatch = (String, Mismatch);

/// Whether to compare documents with their digests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DocumentCheck {
    /// Only count their bytes.
    Off,
    /// Compare them.
    Digests,
}

/// A store that counts the bytes of the documents read from it, and may compare them with their digests.
#[derive(Debug)]
pub struct WatchedStore<'a> {
    store: &'a dyn Store,
    check: DocumentCheck,
    document_bytes: AtomicU64,
    documents: Mutex<VerifiedDocuments>,
}

#[derive(Debug, Default)]
struct VerifiedDocuments {
    /// Expected digests of opened blobs, by the name of the blob.
    claimed: HashMap<String, Digest>,
    mismatches: Vec<NamedMismatch>,
}

impl<'a> WatchedStore<'a> {
    /// Watches the documents read from `store`.
    #[must_use]
    pub fn new(store: &'a dyn Store, check: DocumentCheck) -> Self {
        Self { store, check, document_bytes: AtomicU64::new(0), documents: Mutex::default() }
    }

    /// Bytes of the documents read so far. One that is read twice counts twice.
    #[must_use]
    pub fn document_bytes(&self) -> u64 {
        self.document_bytes.load(Ordering::Relaxed)
    }

    /// Mismatches of the documents read so far.
    #[must_use]
    pub fn mismatches(&self) -> Vec<NamedMismatch> {
        self.documents().mismatches.clone()
    }

    /// Ignores poisoning: no critical section can panic halfway.
    fn documents(&self) -> MutexGuard<'_, VerifiedDocuments> {
        self.documents.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Store for WatchedStore<'_> {
    fn name(&self) -> &str {
        self.store.name()
    }

    fn remarks(&self) -> &[Remark] {
        self.store.remarks()
    }

    fn blob(&self, member: &str) -> Result<Blob, StoreError> {
        let blob = self.store.blob(member)?;
        if self.check == DocumentCheck::Off {
            return Ok(blob);
        }
        let digest = digest_of_path(member).filter(|_| !self.store.is_verified());
        if let Some(digest) = digest.and_then(|digest| digest.parse().ok()) {
            self.documents().claimed.insert(blob.name().to_owned(), digest);
        }
        Ok(blob)
    }

    fn read_document(&self, blob: &Blob, bytes: &[u8]) {
        self.document_bytes.fetch_add(bytes.len() as u64, Ordering::Relaxed);
        let mut documents = self.documents();
        let Some(digest) = documents.claimed.get(blob.name()) else { return };
        let found = digest.mismatch(bytes).map(|found| Mismatch::Other { claimed: digest.clone(), found });
        let known = |mismatch: &Mismatch| {
            documents.mismatches.iter().any(|(name, known)| name == blob.name() && known == mismatch)
        };
        // Some documents are read several times.
        if let Some(mismatch) = found.filter(|mismatch| !known(mismatch)) {
            documents.mismatches.push((blob.name().to_owned(), mismatch));
        }
    }

    fn contains(&self, member: &str) -> bool {
        self.store.contains(member)
    }

    fn file_name<'a>(&self, member: &'a str) -> Cow<'a, str> {
        self.store.file_name(member)
    }

    fn is_skopeo_dir(&self) -> bool {
        self.store.is_skopeo_dir()
    }

    fn links(&self) -> Vec<(&str, &str)> {
        self.store.links()
    }

    fn member_names(&self) -> Vec<&str> {
        self.store.member_names()
    }

    fn is_directory(&self) -> bool {
        self.store.is_directory()
    }

    fn is_verified(&self) -> bool {
        self.store.is_verified()
    }

    fn root_file_system(&self) -> Option<Blob> {
        self.store.root_file_system()
    }

    fn stored_bytes(&self) -> Option<u64> {
        self.store.stored_bytes()
    }

    fn ending(&self) -> Ending {
        self.store.ending()
    }

    fn identity(&self, digest: Option<&str>, diff_id: Option<&str>) -> Option<Identity> {
        self.store.identity(digest, diff_id)
    }

    fn fetch(&self, members: &[&str], progress: &mut dyn FnMut(TransferProgress)) -> Result<(), StoreError> {
        self.store.fetch(members, progress)
    }

    fn tables_of_contents(&self, members: &[&str]) -> Option<Vec<Toc>> {
        self.store.tables_of_contents(members)
    }
}

impl Image {
    /// A verifier of the layers, and mismatches known before reading them. Omits digests of stored bytes that `store`
    /// verifies itself.
    #[must_use]
    pub fn verifier(&self, store: &dyn Store) -> (Verifier, Vec<NamedMismatch>) {
        let mut mismatches = Vec::new();
        let mut claims = Vec::new();
        for (number, layer) in self.layers.iter().enumerate() {
            let stored = layer.digest.as_deref().filter(|_| !store.is_verified());
            let mut parse = |text: Option<&str>| match text.map(str::parse::<Digest>) {
                None => None,
                Some(Ok(digest)) => Some(digest),
                Some(Err(_)) => {
                    let claimed = text.unwrap_or_default().to_owned();
                    mismatches.push((layer_name(number, layer), Mismatch::Unknown { claimed }));
                    None
                }
            };
            let claim = Claims { stored: parse(stored), unpacked: parse(layer.diff_id.as_deref()) };
            match &layer.blob {
                Ok(_) if layer.digest.is_none() && layer.diff_id.is_none() => {
                    mismatches.push((layer_name(number, layer), Mismatch::Unnamed));
                }
                Ok(_) => {}
                // Compare other content as stored. If it is missing, there is nothing to compare.
                Err(_) => mismatches.extend(other_content(store, &claim).map(|it| (layer_name(number, layer), it))),
            }
            claims.push(claim);
        }
        (Verifier::new(claims), mismatches)
    }

    /// Mismatches of the layers that `verifier` found.
    #[must_use]
    pub fn mismatches(&self, verifier: &Verifier) -> Vec<NamedMismatch> {
        let blobs: Vec<Option<LayerBlob>> = self.layers.iter().map(|layer| layer.blob.as_ref().ok().cloned()).collect();
        let named = |(number, mismatch): (usize, Mismatch)| (layer_name(number, &self.layers[number]), mismatch);
        verifier.mismatches(&blobs).into_iter().map(named).collect()
    }
}

fn layer_name(number: usize, layer: &ImageLayer) -> String {
    match &layer.blob {
        Ok(blob) => format!("layer {number} ({})", blob.name()),
        Err(_) => format!("layer {number}"),
    }
}

/// Compares a layer that is not a tar, if it is present.
fn other_content(store: &dyn Store, claims: &Claims) -> Option<Mismatch> {
    let claimed = claims.stored.as_ref()?;
    let blob = store.contains(&claimed.member()).then(|| store.blob(&claimed.member()).ok()).flatten()?;
    let found = claimed.of_reader(blob.reader()).ok().map(|found| vec![found]);
    Mismatch::between(claimed, found.as_deref())
}
