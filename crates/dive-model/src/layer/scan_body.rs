//! Reads the content of a file while its layer is decoded: its hash, and what its bytes say of it.

use xxhash_rust::xxh3::{Xxh3, xxh3_64};

use super::content::{ContentFact, ContentHash, ContentPolicy, ContentProbe};
use super::error::ScanError;
use crate::tarfile::{Input, Walker};

pub(super) struct BodyScanner {
    /// Reused for all files: creating the state costs more than hashing a small file.
    hash: Xxh3,
    contents: ContentPolicy,
}

impl BodyScanner {
    pub(super) const fn new(contents: ContentPolicy) -> Self {
        Self { hash: Xxh3::new(), contents }
    }

    /// Reads the body of the current member, which has `len` bytes.
    pub(super) fn read<I: Input>(
        &mut self,
        walker: &mut Walker<I>,
        len: u64,
    ) -> Result<(ContentHash, Option<ContentFact>), ScanError> {
        let mut whole = None;
        let mut probe = ContentProbe::new(len).filter(|_| self.contents == ContentPolicy::Inspect);
        let state = &mut self.hash;
        state.reset();
        walker.body(&mut |piece| {
            if let Some(probe) = &mut probe {
                probe.update(piece);
            }
            if piece.len() as u64 == len {
                whole = Some(xxh3_64(piece));
            } else {
                state.update(piece);
            }
        })?;
        let hash = ContentHash::of(whole.unwrap_or_else(|| self.hash.digest()));
        Ok((hash, probe.and_then(ContentProbe::finish)))
    }
}
