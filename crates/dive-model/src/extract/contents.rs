//! Reads file contents, layer by layer, in the order of their bytes. A compressed layer can only be decoded from its
//! start, so it is decoded once for all its files.

use std::fs::File;
use std::io::{self, Read, Write};
use std::ops::ControlFlow;

use super::monitor::{Cancelled, Monitor};
use super::report::Reason;
use crate::compression::{Compression, SNIFF_LEN, sniff};
use crate::image::Image;
use crate::layer::LayerBlob;
use crate::layer::LayerIndex;
use crate::layer::content::{Body, BodyForm, BodyReader, SkipProgress, open_body_while};

/// The layers of an image, to read files from. Clones share the same blobs.
#[derive(Debug, Clone, Default)]
pub struct LayerBlobs {
    blobs: Vec<Option<LayerBlob>>,
    damaged: Vec<LayerIndex>,
}

impl LayerBlobs {
    /// The layers of `image`. Those in `damaged` are incomplete.
    #[must_use]
    pub fn of(image: &Image, damaged: &[LayerIndex]) -> Self {
        let blobs = image.layers.iter().map(|layer| layer.blob.as_ref().ok().cloned()).collect();
        Self { blobs, damaged: damaged.to_vec() }
    }

    /// Prepares reading `layer`. Fetches it first if it is remote, which may take minutes.
    pub(super) fn reader(&self, layer: LayerIndex, monitor: &Monitor<'_>) -> Result<LayerReader, Cancelled> {
        let mut blob = self.blobs.get(layer.get()).cloned().flatten().ok_or(Reason::LostLayer);
        if let Ok(remote) = &blob
            && remote.needs_fetch()
        {
            let fetched = remote.fetch(&mut |progress| match monitor.fetch(Some(progress)) {
                Ok(()) => ControlFlow::Continue(()),
                Err(Cancelled) => ControlFlow::Break(()),
            });
            monitor.fetch(None)?;
            if let Err(error) = fetched {
                blob = Err(Reason::Unreadable(error.to_string()));
            }
        }
        let is_listed = blob.as_ref().is_ok_and(|blob| blob.toc().is_some());
        let source = blob.and_then(|blob| match blob.first_bytes(SNIFF_LEN) {
            // A table of contents gives the offset of each file.
            Ok(_) if is_listed => Ok((blob, BodyAccess::Direct)),
            Ok(first) if sniff(&first) == Compression::None => Ok((blob, BodyAccess::Direct)),
            Ok(_) => Ok((blob, BodyAccess::Stream)),
            Err(error) => Err(Reason::Unreadable(error.to_string())),
        });
        let state =
            if self.damaged.contains(&layer) && !is_listed { LayerCondition::Damaged } else { LayerCondition::Intact };
        Ok(LayerReader { source, state, reader: None, before: 0, piece: piece() })
    }
}

/// How to get from one file of a layer to the next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum BodyAccess {
    /// By its offset: the layer is plain or has a table of contents.
    Direct,
    /// By decoding the bytes between them.
    Stream,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum LayerCondition {
    Intact,
    /// The last file may be cut off. Its size in the tree is then that of the remaining bytes.
    Damaged,
}

/// Reads the files of one layer in the order of their bytes.
pub(super) struct LayerReader {
    /// The layer, or the reason why it cannot be read (further).
    source: Result<(LayerBlob, BodyAccess), Reason>,
    state: LayerCondition,
    reader: Option<BodyReader>,
    /// Bytes read before this layer; with [`BodyAccess::Direct`], also those of its files so far.
    before: u64,
    piece: Box<[u8]>,
}

/// Copying a file failed or was cancelled.
pub(super) enum CopyError {
    /// Reading failed.
    Source(Reason),
    /// Writing failed.
    Target(io::Error),
    Cancelled,
}

impl From<Cancelled> for CopyError {
    fn from(_: Cancelled) -> Self {
        Self::Cancelled
    }
}

impl LayerReader {
    /// Sets the number of bytes read `before` this layer. Returns it plus those of `bodies` in this layer.
    pub(super) fn start_after(&mut self, before: u64, bodies: impl Iterator<Item = Body>) -> u64 {
        self.before = before;
        let Ok((_, access)) = self.source else { return before };
        let ends = |end: u64, body: Body| match access {
            BodyAccess::Direct => end.saturating_add(body.len),
            BodyAccess::Stream => end.max(body.at.saturating_add(body.len)),
        };
        before.saturating_add(bodies.fold(0, ends))
    }

    /// Copies `body` to `file`.
    pub(super) fn copy(&mut self, body: Body, file: &mut File, monitor: &Monitor<'_>) -> Result<(), CopyError> {
        let (blob, access) = self.source.as_ref().map_err(|reason| CopyError::Source(reason.clone()))?;
        let (access, before) = (*access, self.before);
        let mut go_on = |skipped: SkipProgress| match monitor.read_to(before.saturating_add(skipped.done)) {
            Ok(()) => ControlFlow::Continue(()),
            Err(Cancelled) => ControlFlow::Break(()),
        };
        let opened = match self.reader.take() {
            Some(reader) => reader.move_to(body, &mut go_on),
            None => open_body_while(blob, body, &mut go_on),
        };
        let start = match access {
            BodyAccess::Direct => before,
            BodyAccess::Stream => before.saturating_add(body.at),
        };
        let opened = opened.map_err(|error| unreadable(&error)).and_then(|reader| reader.ok_or(CopyError::Cancelled));
        let copied = opened.and_then(|mut reader| {
            copy_all(&mut reader, file, &mut self.piece, &mut |done| monitor.read_to(start.saturating_add(done)))?;
            match self.state {
                LayerCondition::Intact => Ok(reader),
                LayerCondition::Damaged => check_not_last(reader, body),
            }
        });
        match copied {
            Ok(reader) => self.reader = Some(reader),
            Err(error) => {
                // Everything after a decoding error is unreadable, too.
                if let (CopyError::Source(reason), BodyAccess::Stream) = (&error, access) {
                    self.source = Err(reason.clone());
                }
                return Err(error);
            }
        }
        if access == BodyAccess::Direct {
            self.before = before.saturating_add(body.len);
        }
        Ok(())
    }
}

/// Checks that a byte follows `body`. Otherwise the damaged layer is cut off inside `body`.
fn check_not_last(reader: BodyReader, body: Body) -> Result<BodyReader, CopyError> {
    let behind = Body { at: body.at.saturating_add(body.len), len: 1, form: BodyForm::Whole, ..body };
    let reader = reader.move_to(behind, &mut |_| ControlFlow::Continue(()));
    let mut reader = reader.map_err(|error| unreadable(&error))?.ok_or(CopyError::Cancelled)?;
    match reader.read(&mut [0]) {
        Ok(1..) => Ok(reader),
        Ok(0) => Err(CopyError::Source(Reason::Cut)),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Err(CopyError::Source(Reason::Cut)),
        Err(error) => Err(unreadable(&error)),
    }
}

fn unreadable(error: &io::Error) -> CopyError {
    CopyError::Source(Reason::Unreadable(error.to_string()))
}

/// A buffer for [`copy_all`]: large enough to hide system calls, small enough to cancel quickly.
pub(super) fn piece() -> Box<[u8]> {
    vec![0; 128 << 10].into_boxed_slice()
}

/// Copies all bytes of `from`, and reports the count so far to `done`.
pub(super) fn copy_all(
    from: &mut dyn Read,
    to: &mut File,
    piece: &mut [u8],
    done: &mut dyn FnMut(u64) -> Result<(), Cancelled>,
) -> Result<(), CopyError> {
    let mut count = 0;
    loop {
        let read = match from.read(piece) {
            Ok(0) => return Ok(()),
            Ok(read) => read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(unreadable(&error)),
        };
        to.write_all(&piece[..read]).map_err(CopyError::Target)?;
        count += read as u64;
        done(count)?;
    }
}
