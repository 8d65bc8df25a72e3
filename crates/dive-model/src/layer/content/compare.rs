//! Comparing bodies where they lie in plain layers, so that a file which was written twice is told from one that changed.

use std::io;
use std::num::NonZeroU64;

use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::Xxh3;

use super::Body;
use crate::blob::Blob;
use crate::layer::LayerBlob;
use crate::layer::blob::first_with_same_blob;

/// XXH3 over a file's bytes. Two files of one size and one hash are taken as the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ContentHash(NonZeroU64);

impl ContentHash {
    /// Of an XXH3 digest; the one digest that is zero becomes another, so that "no hash" costs no byte.
    #[must_use]
    pub(in crate::layer) fn of(digest: u64) -> Self {
        Self(NonZeroU64::new(digest).unwrap_or(NonZeroU64::MAX))
    }
}

/// Compares bodies that no hash is known of.
pub trait Bodies: Sync {
    /// Whether two bodies of the same length hold the same bytes. What cannot be read again is like nothing else.
    ///
    /// # Errors
    /// When reading one of them fails.
    fn same(&self, left: Body, right: Body) -> io::Result<bool>;

    /// Whether layers share their bytes, so that bodies of two layers may be one.
    fn has_shared_layers(&self) -> bool;

    /// Where the bytes of a body are stored; `None` if they cannot be read again. Bodies of layers that are one blob have the
    /// same location.
    fn location(&self, body: Body) -> Option<BodyLocation>;

    /// The hash of a body; none if it cannot be read again.
    ///
    /// # Errors
    /// When reading it fails.
    fn hash(&self, body: Body) -> io::Result<Option<ContentHash>>;
}

/// Where the bytes of a body are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct BodyLocation {
    /// The first layer that is this blob.
    layer: usize,
    /// As [`Body::at`].
    at: u64,
}

/// The layers of an image that lie plain in a file, by their index; none for those that do not.
#[derive(Debug, Default)]
pub struct PlainLayers {
    blobs: Vec<Option<LayerBlob>>,
    /// For each layer the first one with the same blob.
    first: Vec<usize>,
}

/// Large enough that system calls do not show beside the comparing, small enough to stay in the processor's cache.
const PIECE: u64 = 64 * 1024;

impl PlainLayers {
    /// The plain ones among an image's layers; `None` in the place of the others.
    #[must_use]
    pub fn new(blobs: Vec<Option<LayerBlob>>) -> Self {
        let first = first_with_same_blob(&blobs);
        Self { blobs, first }
    }

    fn blob(&self, body: Body) -> Option<&LayerBlob> {
        self.blobs.get(body.layer.get())?.as_ref()
    }
}

impl Bodies for PlainLayers {
    fn has_shared_layers(&self) -> bool {
        self.first.iter().enumerate().any(|(layer, first)| layer != *first)
    }

    fn location(&self, body: Body) -> Option<BodyLocation> {
        self.blob(body)?;
        Some(BodyLocation { layer: *self.first.get(body.layer.get())?, at: body.at })
    }

    fn same(&self, left: Body, right: Body) -> io::Result<bool> {
        let (Some(left_blob), Some(right_blob)) = (self.blob(left), self.blob(right)) else { return Ok(false) };
        if self.location(left) == self.location(right) {
            return Ok(true);
        }
        let (mut left_piece, mut right_piece) = (piece_for(left), piece_for(left));
        let mut done = 0;
        while done < left.len {
            let want = (left.len - done).min(PIECE) as usize;
            let (left_piece, right_piece) = (&mut left_piece[..want], &mut right_piece[..want]);
            if !fill(left_blob, left_piece, left.at + done)? || !fill(right_blob, right_piece, right.at + done)? {
                return Ok(false);
            }
            if left_piece != right_piece {
                return Ok(false);
            }
            done += want as u64;
        }
        Ok(true)
    }

    fn hash(&self, body: Body) -> io::Result<Option<ContentHash>> {
        let Some(blob) = self.blob(body) else { return Ok(None) };
        let mut state = Xxh3::new();
        let mut piece = piece_for(body);
        let mut done = 0;
        while done < body.len {
            let want = (body.len - done).min(PIECE) as usize;
            if !fill(blob, &mut piece[..want], body.at + done)? {
                return Ok(None);
            }
            state.update(&piece[..want]);
            done += want as u64;
        }
        Ok(Some(ContentHash::of(state.digest())))
    }
}

/// A buffer of [`PIECE`] bytes, or fewer where the body is small: most are, and clearing one costs more than reading it.
fn piece_for(body: Body) -> Vec<u8> {
    vec![0; body.len.min(PIECE) as usize]
}

/// Fills `buf` with the bytes at `at`; false if they are cut off.
fn fill(blob: &Blob, buf: &mut [u8], at: u64) -> io::Result<bool> {
    let mut filled = 0;
    while filled < buf.len() {
        match blob.read_at(&mut buf[filled..], at.saturating_add(filled as u64))? {
            0 => return Ok(false),
            count => filled += count,
        }
    }
    Ok(true)
}
