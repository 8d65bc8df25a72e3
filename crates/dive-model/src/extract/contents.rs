//! What files hold, out of their layers, layer by layer and in the order in which it lies there: a compressed layer can
//! only be read from its start, and is read once, whatever part of it is wanted.

use std::fs::File;
use std::io::{self, Read, Write};
use std::ops::ControlFlow;

use super::clock::{Cancelled, Clock};
use super::report::Reason;
use crate::compression::{Compression, SNIFF_LEN, sniff};
use crate::image::Image;
use crate::layer::LayerBlob;
use crate::layer::LayerIndex;
use crate::layer::content::{Body, BodyForm, BodyReader, Skipped, open_body_while};

/// The layers of an image, to read files from. A clone is another handle on the same bytes.
#[derive(Debug, Clone, Default)]
pub struct Layers {
    blobs: Vec<Option<LayerBlob>>,
    damaged: Vec<LayerIndex>,
}

impl Layers {
    /// The layers of `image`; those in `damaged` are incomplete.
    #[must_use]
    pub fn of(image: &Image, damaged: &[LayerIndex]) -> Self {
        let blobs = image.layers.iter().map(|layer| layer.blob.as_ref().ok().cloned()).collect();
        Self { blobs, damaged: damaged.to_vec() }
    }

    /// How `layer` will be read. It is brought here first if it lies elsewhere, which may take minutes.
    pub(super) fn reader(&self, layer: LayerIndex, clock: &Clock<'_>) -> Result<LayerReader, Cancelled> {
        let mut blob = self.blobs.get(layer.get()).cloned().flatten().ok_or(Reason::LostLayer);
        if let Ok(elsewhere) = &blob
            && elsewhere.is_elsewhere()
        {
            let brought = elsewhere.bring(&mut |progress| match clock.bring(Some(progress)) {
                Ok(()) => ControlFlow::Continue(()),
                Err(Cancelled) => ControlFlow::Break(()),
            });
            clock.bring(None)?;
            if let Err(error) = brought {
                blob = Err(Reason::Unreadable(error.to_string()));
            }
        }
        let is_listed = blob.as_ref().is_ok_and(|blob| blob.toc().is_some());
        let source = blob.and_then(|blob| match blob.first_bytes(SNIFF_LEN) {
            // Entered at each file, wherever that lies.
            Ok(_) if is_listed => Ok((blob, Passage::Jump)),
            Ok(first) if sniff(&first) == Compression::None => Ok((blob, Passage::Jump)),
            Ok(_) => Ok((blob, Passage::Stream)),
            Err(error) => Err(Reason::Unreadable(error.to_string())),
        });
        let state = if self.damaged.contains(&layer) && !is_listed { State::Damaged } else { State::Sound };
        Ok(LayerReader { source, state, reader: None, before: 0, piece: piece() })
    }
}

/// What it costs to come from one file of a layer to the next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Passage {
    /// Nothing: the layer lies plain in a file, or can be entered anywhere.
    Jump,
    /// Decoding what stands between them.
    Stream,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Sound,
    /// Its last file may be shorter than it should be, and its size in the tree then is that of what is left.
    Damaged,
}

/// Reads the files of one layer in the order in which they lie there.
pub(super) struct LayerReader {
    /// The layer, or why nothing (more) can be read from it.
    source: Result<(LayerBlob, Passage), Reason>,
    state: State,
    reader: Option<BodyReader>,
    /// Bytes to be read before this layer and, if it is jumped in, of it until now.
    before: u64,
    piece: Box<[u8]>,
}

/// What ended the copying of a file.
pub(super) enum Halt {
    /// It cannot be read.
    Source(Reason),
    /// It cannot be written.
    Target(io::Error),
    Cancelled,
}

impl From<Cancelled> for Halt {
    fn from(_: Cancelled) -> Self {
        Self::Cancelled
    }
}

impl LayerReader {
    /// Says that `before` bytes are to be read before this layer; gives back what they are with `bodies` of it.
    pub(super) fn start_after(&mut self, before: u64, bodies: impl Iterator<Item = Body>) -> u64 {
        self.before = before;
        let Ok((_, passage)) = self.source else { return before };
        let ends = |end: u64, body: Body| match passage {
            Passage::Jump => end.saturating_add(body.len),
            Passage::Stream => end.max(body.at.saturating_add(body.len)),
        };
        before.saturating_add(bodies.fold(0, ends))
    }

    /// Writes what `body` holds to `file`.
    pub(super) fn copy(&mut self, body: Body, file: &mut File, clock: &Clock<'_>) -> Result<(), Halt> {
        let (blob, passage) = self.source.as_ref().map_err(|reason| Halt::Source(reason.clone()))?;
        let (passage, before) = (*passage, self.before);
        let mut go_on = |skipped: Skipped| match clock.read_to(before.saturating_add(skipped.done)) {
            Ok(()) => ControlFlow::Continue(()),
            Err(Cancelled) => ControlFlow::Break(()),
        };
        let opened = match self.reader.take() {
            Some(reader) => reader.turn_to(body, &mut go_on),
            None => open_body_while(blob, body, &mut go_on),
        };
        let start = match passage {
            Passage::Jump => before,
            Passage::Stream => before.saturating_add(body.at),
        };
        let opened = opened.map_err(|error| unreadable(&error)).and_then(|reader| reader.ok_or(Halt::Cancelled));
        let copied = opened.and_then(|mut reader| {
            pour(&mut reader, file, &mut self.piece, &mut |done| clock.read_to(start.saturating_add(done)))?;
            match self.state {
                State::Sound => Ok(reader),
                State::Damaged => goes_on_behind(reader, body),
            }
        });
        match copied {
            Ok(reader) => self.reader = Some(reader),
            Err(halt) => {
                // What cannot be decoded here cannot be decoded behind it.
                if let (Halt::Source(reason), Passage::Stream) = (&halt, passage) {
                    self.source = Err(reason.clone());
                }
                return Err(halt);
            }
        }
        if passage == Passage::Jump {
            self.before = before.saturating_add(body.len);
        }
        Ok(())
    }
}

/// Makes sure that a layer which is damaged somewhere does not end with `body`: if it does, that is where it is cut.
fn goes_on_behind(reader: BodyReader, body: Body) -> Result<BodyReader, Halt> {
    let behind = Body { at: body.at.saturating_add(body.len), len: 1, form: BodyForm::Whole, ..body };
    let reader = reader.turn_to(behind, &mut |_| ControlFlow::Continue(()));
    let mut reader = reader.map_err(|error| unreadable(&error))?.ok_or(Halt::Cancelled)?;
    match reader.read(&mut [0]) {
        Ok(1..) => Ok(reader),
        Ok(0) => Err(Halt::Source(Reason::Cut)),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Err(Halt::Source(Reason::Cut)),
        Err(error) => Err(unreadable(&error)),
    }
}

fn unreadable(error: &io::Error) -> Halt {
    Halt::Source(Reason::Unreadable(error.to_string()))
}

/// A buffer for [`pour`]: large enough for system calls not to show, small enough for a cancelled copy to end at once.
pub(super) fn piece() -> Box<[u8]> {
    vec![0; 128 << 10].into_boxed_slice()
}

/// Copies all that `from` has; `done` hears how many bytes that are so far.
pub(super) fn pour(
    from: &mut dyn Read,
    to: &mut File,
    piece: &mut [u8],
    done: &mut dyn FnMut(u64) -> Result<(), Cancelled>,
) -> Result<(), Halt> {
    let mut count = 0;
    loop {
        let read = match from.read(piece) {
            Ok(0) => return Ok(()),
            Ok(read) => read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(unreadable(&error)),
        };
        to.write_all(&piece[..read]).map_err(Halt::Target)?;
        count += read as u64;
        done(count)?;
    }
}
