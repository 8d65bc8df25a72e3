//! Digests of the compressed layers of a file, computed from their bytes. A file states digests, too, but nobody has compared them
//! with the bytes: a layer found under a stated digest could be another one.

use std::collections::HashMap;
use std::io::Read;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use rayon::prelude::*;
use sha2::{Digest, Sha256};

use crate::blob::{Blob, BlobLocation, Identity};
use crate::compression::Compression;
use crate::digest::hex;
use crate::image::ImageLayer;
use crate::layer::{LayerBlob, sniff_at};

/// The digests of the layers of one store, each computed once. Images of the store may have layers in common.
#[derive(Debug, Default)]
pub struct StoredDigests(Mutex<HashMap<BlobLocation, Arc<ComputedDigest>>>);

/// A digest, once it is computed; `None` for a layer that needs none.
type ComputedDigest = OnceLock<Option<Arc<str>>>;

impl StoredDigests {
    /// Gives compressed local layers their digest as [`Identity`]. Plain layers are faster to scan than to hash, and those of
    /// engines and registries have an identity.
    pub(crate) fn identify(&self, layers: &mut [ImageLayer]) {
        layers.par_iter_mut().filter_map(|layer| layer.blob.as_mut().ok()).for_each(|blob| {
            let digest = if blob.identity().is_some() || blob.needs_fetch() { None } else { self.digest(blob) };
            if let Some(digest) = digest {
                let bytes: &Blob = blob;
                *blob = LayerBlob::from(bytes.clone().identified(Identity::Stored(digest.to_string())));
            }
        });
    }

    fn digest(&self, blob: &Blob) -> Option<Arc<str>> {
        // Several threads may need the same digest: one computes it, and the lock is free meanwhile.
        let known =
            Arc::clone(self.0.lock().unwrap_or_else(PoisonError::into_inner).entry(blob.location()).or_default());
        known.get_or_init(|| computed(blob)).clone()
    }
}

/// The digest of a compressed blob; `None` for a plain or unreadable one.
fn computed(blob: &Blob) -> Option<Arc<str>> {
    if sniff_at(blob).ok()? == Compression::None {
        return None;
    }
    let (mut reader, mut hasher, mut piece) = (blob.reader(), Sha256::new(), vec![0; 256 << 10]);
    let mut left = blob.len();
    while left > 0 {
        match reader.read(&mut piece) {
            // Truncated: reading the layer reports it.
            Ok(0) => return None,
            Ok(count) => {
                hasher.update(&piece[..count]);
                left = left.saturating_sub(count as u64);
            }
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(_) => return None,
        }
    }
    Some(format!("sha256:{}", hex(&hasher.finalize())).into())
}
