//! Digests of the compressed layers of a file, computed from their bytes. A file states digests, too, but nobody has compared them
//! with the bytes: a layer found under a stated digest could be another one.

use std::collections::HashMap;
use std::io::Read;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use rayon::prelude::*;
use sha2::{Digest, Sha256};

use crate::blob::{Blob, Identity, PlaceInStore};
use crate::compression::Compression;
use crate::digest::hex;
use crate::image::ImageLayer;
use crate::layer::{LayerBlob, sniff_at};

/// The digests of the layers of one store, each computed once. Images of the store may have layers in common.
///
/// Layers are known by name and range: the open file of an image that was read is closed, and another one may get its address.
#[derive(Debug, Default)]
pub struct StoredDigests(Mutex<HashMap<PlaceInStore, Arc<ComputedDigest>>>);

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
        let place = blob.place_in_store()?;
        let known = Arc::clone(self.0.lock().unwrap_or_else(PoisonError::into_inner).entry(place).or_default());
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::remark::OnDamage;
    use crate::store::{FileStore, Links, Store};

    /// The images of a layout are read one after another, and each closes its files.
    #[test]
    fn layers_of_equal_length_never_share_a_digest() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("oci-layout"), r#"{"imageLayoutVersion": "1.0.0"}"#).unwrap();
        std::fs::write(folder.path().join("index.json"), "{}").unwrap();
        let names: Vec<String> = (0..50).map(|number| format!("layer-{number:02}")).collect();
        for name in &names {
            // The magic of gzip, and as many bytes in each.
            std::fs::write(folder.path().join(name), [b"\x1f\x8b\x08", name.as_bytes()].concat()).unwrap();
        }
        let store = FileStore::open(folder.path(), Links::Inside, OnDamage::Fail, &mut |_| ()).unwrap();
        let digests = StoredDigests::default();
        let digest = |name: &String| digests.digest(&store.blob(name).unwrap()).unwrap();
        let first: Vec<_> = names.iter().map(digest).collect();
        let mut different = first.clone();
        different.sort();
        different.dedup();
        assert_eq!(different.len(), names.len());
        assert_eq!(names.iter().map(digest).collect::<Vec<_>>(), first);
    }
}
