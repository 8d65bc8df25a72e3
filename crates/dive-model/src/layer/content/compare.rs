//! Compares bodies of plain layers in place, to find files that were written twice without a change.

use std::io;
use std::num::NonZeroU64;

use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::Xxh3;

use super::fact::read_fact;
use super::{Body, ContentFact};
use crate::blob::Blob;
use crate::layer::LayerBlob;
use crate::layer::blob::first_with_same_blob;

/// XXH3 of a file's content. Files of equal size and hash are taken as equal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ContentHash(NonZeroU64);

impl ContentHash {
    /// Wraps an XXH3 digest. Zero is mapped to another value, so that `Option<ContentHash>` needs no extra byte.
    #[must_use]
    pub(in crate::layer) fn of(digest: u64) -> Self {
        Self(NonZeroU64::new(digest).unwrap_or(NonZeroU64::MAX))
    }

    /// The hash.
    #[must_use]
    pub const fn get(self) -> u64 {
        self.0.get()
    }
}

/// Compares bodies without a hash.
pub trait Bodies: Sync {
    /// True if two bodies of equal length are equal. False if one cannot be read again.
    ///
    /// # Errors
    /// Reading failed.
    fn same(&self, left: Body, right: Body) -> io::Result<bool>;

    /// True if several layers have the same blob.
    fn has_shared_layers(&self) -> bool;

    /// Location of a body; `None` if it cannot be read again. Equal for layers with the same blob.
    fn location(&self, body: Body) -> Option<BodyLocation>;

    /// Hash of a body; `None` if it cannot be read again.
    ///
    /// # Errors
    /// Reading failed.
    fn hash(&self, body: Body) -> io::Result<Option<ContentHash>>;

    /// Hash of some bytes from the middle of a body, which copies have in common; `None` if it cannot be read again.
    ///
    /// # Errors
    /// Reading failed.
    fn sample(&self, body: Body) -> io::Result<Option<ContentHash>>;

    /// What the bytes of a body say of it; `None` if that is nothing, or it cannot be read again.
    ///
    /// # Errors
    /// Reading failed.
    fn fact(&self, body: Body) -> io::Result<Option<ContentFact>>;
}

/// Location of a body in the image.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct BodyLocation {
    /// First layer with the blob.
    layer: usize,
    /// As [`Body::at`].
    at: u64,
}

/// The uncompressed layers of an image, by index; `None` for the others.
#[derive(Debug, Default)]
pub struct PlainLayers {
    blobs: Vec<Option<LayerBlob>>,
    /// For each layer, the first one with the same blob.
    first: Vec<usize>,
}

/// Bytes to compare at once: large enough to hide the system calls, small enough for the processor's cache.
const PIECE: u64 = 64 * 1024;

impl PlainLayers {
    /// Takes the uncompressed layers of an image by index, and `None` for the others.
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

    fn sample(&self, body: Body) -> io::Result<Option<ContentHash>> {
        const SAMPLE: u64 = 4096;
        let len = body.len.min(SAMPLE);
        self.hash(Body { at: body.at.saturating_add((body.len - len) / 2), len, ..body })
    }

    fn fact(&self, body: Body) -> io::Result<Option<ContentFact>> {
        let Some(blob) = self.blob(body) else { return Ok(None) };
        read_fact(body.len, &mut |buf, at| fill(blob, buf, body.at.saturating_add(at)))
    }
}

/// A buffer of at most [`PIECE`] bytes. Most bodies are smaller, and clearing a full buffer costs more than reading
/// them.
fn piece_for(body: Body) -> Vec<u8> {
    vec![0; body.len.min(PIECE) as usize]
}

/// Fills `buf` with the bytes at `at`; false if the blob ends before.
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
