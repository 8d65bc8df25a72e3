//! A digest of the entries of a layer without their times, to tell a rebuilt layer with the same files from one with others. The
//! order of the entries does not count, as it may change from build to build.

use std::fmt;
use std::io;

use xxhash_rust::xxh3::Xxh3;

use super::{SpanId, SpanKind, Tree};
use crate::layer::content::Bodies;
use crate::layer::{LayerIndex, MarkerKind};

/// The sum of the XXH3 hashes of all entries. It is no cryptographic hash: entries can be made to have
/// equal digests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EntriesDigest(u128);

/// `xxh3:` and 32 digits.
impl fmt::Display for EntriesDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "xxh3:{:032x}", self.0)
    }
}

impl Tree {
    /// The digest of the entries of a layer, with the contents in `bodies` where no hash is known. `None` if a content cannot
    /// be read again.
    ///
    /// # Errors
    /// A body cannot be read.
    pub fn entries_digest(&self, layer: LayerIndex, bodies: &dyn Bodies) -> io::Result<Option<EntriesDigest>> {
        let mut sum = 0_u128;
        let paths = self.layer_spans(layer).filter(|id| self.span(*id).kind != SpanKind::ImplicitDirectory);
        for id in paths {
            let Some(hash) = self.entry_hash(id, bodies)? else { return Ok(None) };
            sum = sum.wrapping_add(hash);
        }
        for marker in self.layer_markers(layer) {
            let kind = match marker.kind {
                MarkerKind::Whiteout => b'w',
                MarkerKind::Opaque => b'o',
                MarkerKind::Bookkeeping => b'b',
            };
            let mut hash = Xxh3::new();
            hash.update(&[kind]);
            let path = self.path(marker.node);
            sum = sum.wrapping_add(with_attributes(
                hash,
                &path,
                [u64::from(marker.mode), marker.uid.into(), marker.gid.into()],
            ));
        }
        Ok(Some(EntriesDigest(sum)))
    }

    fn entry_hash(&self, id: SpanId, bodies: &dyn Bodies) -> io::Result<Option<u128>> {
        let span = self.span(id);
        let (kind, has_content) = match span.kind {
            SpanKind::File => (b'f', span.size > 0),
            SpanKind::SparseFile => (b's', span.size > 0),
            SpanKind::HardLink => (b'h', false),
            SpanKind::Symlink => (b'l', false),
            SpanKind::CharDevice => (b'c', false),
            SpanKind::BlockDevice => (b'k', false),
            SpanKind::Directory | SpanKind::ImplicitDirectory => (b'd', false),
            SpanKind::Fifo => (b'p', false),
        };
        let mut hash = Xxh3::new();
        hash.update(&[kind]);
        if has_content {
            let content = match (self.content_hashes.get(id.raw()), span.kind) {
                (Some(content), _) => Some(content),
                // The stored bytes of a sparse file are not its content.
                (None, SpanKind::SparseFile) => None,
                (None, _) => bodies.hash(self.body(id))?,
            };
            let Some(content) = content else { return Ok(None) };
            hash.update(&content.get().to_le_bytes());
            hash.update(&span.size.to_le_bytes());
        }
        let extra = self.extra(id);
        let device = [extra.device.0, extra.device.1].map(u64::from);
        hash.update(&extra.xattrs.to_le_bytes());
        hash.update(self.link(id));
        let path = self.path(self.listed_node(id));
        let attributes = [u64::from(span.mode), span.uid.into(), span.gid.into(), device[0], device[1]];
        Ok(Some(with_attributes(hash, &path, attributes)))
    }
}

/// Completes the hash of an entry with numbers of fixed length, and its path, which no other text follows.
fn with_attributes<const COUNT: usize>(mut hash: Xxh3, path: &[u8], attributes: [u64; COUNT]) -> u128 {
    for attribute in attributes {
        hash.update(&attribute.to_le_bytes());
    }
    // A link could end with what begins a path.
    hash.update(&(path.len() as u64).to_le_bytes());
    hash.update(path);
    hash.digest128()
}
