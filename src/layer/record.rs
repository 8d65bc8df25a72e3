//! A layer's entries as a record of the cache. What comes back is looked at before it is believed: the folder belongs to
//! the user, but a tree is built and files are written by what stands in it.

use tracing::debug;

use super::entry::Chunk;
use super::path;
use super::scan::Scan;
use crate::cache::{Cache, Kind};
use crate::source::Identity;

/// The entries of the layer, if they are known from before.
pub(super) fn load(cache: &Cache, identity: &Identity) -> Option<Scan> {
    let key = identity.digest();
    let record = cache.read(Kind::Layer, key)?;
    let scan = postcard::from_bytes::<Scan>(&record).ok().filter(is_sound);
    if scan.is_none() {
        // Its bytes are whole and make no sense: another dive wrote them.
        cache.remove(Kind::Layer, key);
    }
    debug!("layer {key}: {}", if scan.is_some() { "known from before" } else { "not known" });
    scan
}

/// Keeps the entries of the layer for the next time.
pub(super) fn store(cache: &Cache, identity: &Identity, scan: &Scan) {
    cache.write(Kind::Layer, identity.digest(), |out| {
        postcard::to_io(scan, out).map(drop).map_err(std::io::Error::other)
    });
}

/// Whether the entries could have come from a layer: what the tree and the extraction rely on.
fn is_sound(scan: &Scan) -> bool {
    let extras = scan.extras.len();
    let entry_count = scan.chunks.iter().map(|chunk| chunk.entries().len()).sum::<usize>();
    entry_count == scan.entry_count
        && !scan.damaged
        && scan.chunks.iter().all(|chunk| {
            chunk.is_sound()
                && chunk.entries().iter().all(|entry| {
                    let names = chunk.names(entry);
                    entry.extra.is_none_or(|extra| extra.get() as usize <= extras)
                        && is_normal(names.directory)
                        && is_normal(names.name)
                        && !names.name.contains(&b'/')
                })
        })
}

/// Whether a path stays as it is when it is normalised.
fn is_normal(path: &[u8]) -> bool {
    if path.is_empty() || path::as_it_stands(path).is_some_and(|same| same.len() == path.len()) {
        return true;
    }
    let mut normal = Vec::with_capacity(path.len());
    path::normalise(path, &mut normal);
    normal == path
}

impl Chunk {
    /// Whether all its entries have their names inside its text.
    fn is_sound(&self) -> bool {
        self.entries().len() <= Self::CAPACITY && self.entries().iter().all(|entry| self.holds_names_of(entry))
    }
}
