//! Reads the content of one file from its layer.
//!
//! A plain layer is read in place. A compressed layer is decoded from its start, in bounded memory; callers can watch
//! and cancel that.

use std::io::{self, Read};
use std::ops::ControlFlow;

use super::{Body, BodyForm, SeekPoint};
use crate::blob::Blob;
use crate::compression::{Compression, Decoder, SNIFF_LEN, sniff};
use crate::layer::LayerBlob;
use crate::tarfile::{BLOCK, SequentialReader, UnixTime, modified};

/// Bytes to decode between two calls of `go_on`.
const PIECE: usize = 128 << 10;

/// Progress of skipping to a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SkipProgress {
    /// Bytes of the uncompressed layer decoded so far.
    pub done: u64,
    /// Offset of the body in the uncompressed layer, in bytes.
    pub total: u64,
}

/// Reads a body: exactly [`Body::len`] bytes, or an error with the layer and offset.
pub struct BodyReader {
    body: Body,
    /// Bytes of the body read so far.
    read: u64,
    bytes: LayerBytes,
}

/// Opens `body` in the blob of its layer, and decodes the bytes before it. Calls `go_on` after each decoded piece, and
/// returns `None` if it breaks.
///
/// # Errors
/// The layer cannot be read or decoded up to the body. The message names the layer and offset.
/// [`io::ErrorKind::Unsupported`] for [`BodyForm::Sparse`].
pub fn open_body_while(
    blob: &LayerBlob,
    body: Body,
    go_on: &mut dyn FnMut(SkipProgress) -> ControlFlow<()>,
) -> io::Result<Option<BodyReader>> {
    let bytes = LayerBytes::open(blob).map_err(|error| in_layer(blob, body, &error))?;
    BodyReader { body, read: 0, bytes }.start(go_on)
}

/// Opens `body` like [`open_body_while`], with the modification time in the header before it. The time is `None` if the
/// layer is read by its table of contents, which leads past the header.
///
/// # Errors
/// As [`open_body_while`].
pub fn open_file_while(
    blob: &LayerBlob,
    body: Body,
    go_on: &mut dyn FnMut(SkipProgress) -> ControlFlow<()>,
) -> io::Result<Option<(BodyReader, Option<UnixTime>)>> {
    let header = body.at.checked_sub(BLOCK).map(|at| Body { at, len: BLOCK, ..body });
    let Some(header) = header.filter(|_| blob.toc().is_none()) else {
        return Ok(open_body_while(blob, body, go_on)?.map(|reader| (reader, None)));
    };
    let Some(mut reader) = open_body_while(blob, header, go_on)? else { return Ok(None) };
    let mut block = Vec::new();
    reader.read_to_end(&mut block)?;
    Ok(reader.move_to(body, go_on)?.map(|reader| (reader, modified(&block))))
}

impl BodyReader {
    /// Moves to another body of the same layer. Moving forward decodes no byte twice, so read the bodies of a layer in
    /// order of their offsets.
    ///
    /// # Errors
    /// As [`open_body_while`].
    pub fn move_to(
        self,
        body: Body,
        go_on: &mut dyn FnMut(SkipProgress) -> ControlFlow<()>,
    ) -> io::Result<Option<Self>> {
        let Self { mut bytes, .. } = self;
        if body.at < bytes.position && bytes.is_decoded() && !bytes.is_listed() {
            let blob = bytes.blob.clone();
            bytes = LayerBytes::open(&blob).map_err(|error| in_layer(&blob, body, &error))?;
        }
        Self { body, read: 0, bytes }.start(go_on)
    }

    fn start(mut self, go_on: &mut dyn FnMut(SkipProgress) -> ControlFlow<()>) -> io::Result<Option<Self>> {
        let body = self.body;
        if body.form == BodyForm::Sparse {
            let text = "is a sparse file, and dive cannot expand sparse files";
            let error = io::Error::new(io::ErrorKind::Unsupported, text);
            return Err(in_layer(&self.bytes.blob, body, &error));
        }
        let started = self.bytes.skip_to(body.at, go_on);
        match started.map_err(|error| in_layer(&self.bytes.blob, body, &error))? {
            ControlFlow::Continue(()) => Ok(Some(self)),
            ControlFlow::Break(()) => Ok(None),
        }
    }
}

impl Read for BodyReader {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let left = self.body.len - self.read;
        let want = usize::try_from(left).unwrap_or(usize::MAX).min(buf.len());
        if want == 0 {
            return Ok(0);
        }
        let read = self.bytes.read(&mut buf[..want]).and_then(|read| match read {
            0 => {
                let text = format!("is truncated: {} of {} bytes are present", self.read, self.body.len);
                Err(io::Error::new(io::ErrorKind::UnexpectedEof, text))
            }
            read => Ok(read),
        });
        let read = read.map_err(|error| in_layer(&self.bytes.blob, self.body, &error))?;
        self.read += read as u64;
        Ok(read)
    }
}

/// Adds the layer and offset to an error. The caller knows the name of the file.
fn in_layer(blob: &LayerBlob, body: Body, error: &io::Error) -> io::Error {
    let at = if blob.toc().is_some() { SeekPoint::of_body(body.at).stored_at() } else { body.at };
    let text = format!("layer {} ({}): the file at offset {at} {error}", body.layer, blob.name());
    io::Error::new(error.kind(), text)
}

/// A reader of the uncompressed bytes of a layer.
struct LayerBytes {
    blob: LayerBlob,
    /// Offset of the next byte.
    position: u64,
    decoder: Option<(Compression, Box<Decoder<SequentialReader<Blob>>>)>,
}

impl LayerBytes {
    fn open(blob: &LayerBlob) -> io::Result<Self> {
        Self::open_from(blob, 0)
    }

    /// Opens the layer at the gzip member or zstd frame that starts at `stored_at`.
    fn open_from(layer: &LayerBlob, stored_at: u64) -> io::Result<Self> {
        let blob = &layer.slice(stored_at, u64::MAX);
        let compression = blob.first_bytes(SNIFF_LEN).map(|first| sniff(&first)).map_err(|error| unreadable(&error))?;
        let decoder = match compression {
            Compression::None if layer.toc().is_some() => {
                let text = format!("cannot be read: its table of contents lists nothing at offset {stored_at}");
                return Err(io::Error::new(io::ErrorKind::InvalidData, text));
            }
            Compression::None => None,
            _ => Some((compression, Box::new(Decoder::new(compression, blob.reader())?))),
        };
        Ok(Self { blob: layer.clone(), position: 0, decoder })
    }

    const fn is_decoded(&self) -> bool {
        self.decoder.is_some()
    }

    /// True if the layer is read by its table of contents.
    fn is_listed(&self) -> bool {
        self.blob.toc().is_some()
    }

    /// Skips to `at`. Breaks if `go_on` does.
    fn skip_to(
        &mut self,
        at: u64,
        go_on: &mut dyn FnMut(SkipProgress) -> ControlFlow<()>,
    ) -> io::Result<ControlFlow<()>> {
        if self.is_listed() {
            let place = SeekPoint::of_body(at);
            *self = Self::open_from(&self.blob, place.stored_at())?;
            return self.decode_to(place.inner(), go_on);
        }
        self.decode_to(at, go_on)
    }

    fn decode_to(
        &mut self,
        at: u64,
        go_on: &mut dyn FnMut(SkipProgress) -> ControlFlow<()>,
    ) -> io::Result<ControlFlow<()>> {
        if !self.is_decoded() {
            self.position = at;
            return Ok(ControlFlow::Continue(()));
        }
        // Allocate no more than needed: in sequential reading, the gap is mostly one header.
        let mut piece = vec![0; usize::try_from(at.saturating_sub(self.position)).unwrap_or(usize::MAX).min(PIECE)];
        while self.position < at {
            let want = usize::try_from(at - self.position).unwrap_or(usize::MAX).min(PIECE);
            if self.read(&mut piece[..want])? == 0 {
                let text = format!("cannot be reached: the layer ends at offset {}", self.position);
                return Err(io::Error::new(io::ErrorKind::UnexpectedEof, text));
            }
            if go_on(SkipProgress { done: self.position, total: at }).is_break() {
                return Ok(ControlFlow::Break(()));
            }
        }
        Ok(ControlFlow::Continue(()))
    }

    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let read = match &mut self.decoder {
            None => self.blob.read_at(buf, self.position).map_err(|error| unreadable(&error))?,
            Some((compression, decoder)) => loop {
                match decoder.read(buf) {
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                    Err(error) => {
                        let near = decoder.consumed();
                        let text =
                            format!("cannot be read: {error} ({compression} data, near compressed offset {near})");
                        return Err(io::Error::new(error.kind(), text));
                    }
                    Ok(read) => break read,
                }
            },
        };
        self.position += read as u64;
        Ok(read)
    }
}

fn unreadable(error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("cannot be read: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layer::LayerIndex;
    use std::io::Write;
    use std::sync::Arc;

    /// A layer whose bytes depend on their offset.
    fn layer() -> Vec<u8> {
        (0..300_000u32).map(|at| (at % 251) as u8).collect()
    }

    fn blob(bytes: &[u8]) -> LayerBlob {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(bytes).unwrap();
        Blob::new(Arc::new(file), 0, bytes.len() as u64, "blobs/l").into()
    }

    fn open_body(blob: &LayerBlob, body: Body) -> io::Result<BodyReader> {
        open_body_while(blob, body, &mut |_| ControlFlow::Continue(())).map(Option::unwrap)
    }

    fn body(at: u64, len: u64) -> Body {
        Body { layer: LayerIndex::new(3).unwrap(), at, len, form: BodyForm::Whole }
    }

    fn packed() -> [(Compression, Vec<u8>); 5] {
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        gzip.write_all(&layer()).unwrap();
        let mut bzip2 = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::fast());
        bzip2.write_all(&layer()).unwrap();
        let mut xz = liblzma::write::XzEncoder::new(Vec::new(), 1);
        xz.write_all(&layer()).unwrap();
        [
            (Compression::None, layer()),
            (Compression::Gzip, gzip.finish().unwrap()),
            (Compression::Zstd, zstd::encode_all(&layer()[..], 1).unwrap()),
            (Compression::Bzip2, bzip2.finish().unwrap()),
            (Compression::Xz, xz.finish().unwrap()),
        ]
    }

    #[test]
    fn a_body_reads_the_same_with_every_compression() {
        for (compression, bytes) in packed() {
            let blob = blob(&bytes);
            for (at, len) in [(0, 10), (512, 200_000), (299_990, 10), (7, 0)] {
                let mut read = Vec::new();
                open_body(&blob, body(at, len)).unwrap().read_to_end(&mut read).unwrap();
                assert_eq!(read, layer()[at as usize..(at + len) as usize], "{compression} {at} {len}");
            }
        }
    }

    /// A compressed layer must not be decoded twice for it.
    #[test]
    fn a_file_is_opened_with_the_time_in_its_header() {
        let mut header = tar::Header::new_ustar();
        header.set_mtime(1_000_000_000);
        header.set_cksum();
        let bytes = [&layer()[..1024], header.as_bytes(), b"content"].concat();
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        gzip.write_all(&bytes).unwrap();
        for bytes in [bytes, gzip.finish().unwrap()] {
            let mut pieces = Vec::new();
            let opened = open_file_while(&blob(&bytes), body(1536, 7), &mut |skipped| {
                pieces.push(skipped.done);
                ControlFlow::Continue(())
            });
            let (mut reader, time) = opened.unwrap().unwrap();
            let mut content = String::new();
            reader.read_to_string(&mut content).unwrap();
            assert_eq!((&*content, time), ("content", Some(UnixTime(1_000_000_000))));
            assert!(pieces.is_sorted(), "{pieces:?}");
            let (_, time) =
                open_file_while(&blob(&bytes), body(1024, 1), &mut |_| ControlFlow::Continue(())).unwrap().unwrap();
            assert_eq!(time, None, "there is no header before it");
        }
    }

    #[test]
    fn one_reader_moves_forward_and_back_between_bodies() {
        for (compression, bytes) in packed() {
            let mut reader = open_body(&blob(&bytes), body(100_000, 5)).unwrap();
            for at in [200_000, 200_000, 30, 299_999] {
                reader = reader.move_to(body(at, 1), &mut |_| ControlFlow::Continue(())).unwrap().unwrap();
                let mut read = Vec::new();
                reader.read_to_end(&mut read).unwrap();
                assert_eq!(read, [layer()[at as usize]], "{compression} {at}");
            }
        }
    }

    #[test]
    fn a_cut_body_or_layer_is_an_error_with_layer_and_offset() {
        for (compression, bytes) in packed() {
            let whole = blob(&bytes);
            let mut read = Vec::new();
            let error = open_body(&whole, body(299_990, u64::MAX)).unwrap().read_to_end(&mut read).unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
            let message = "layer 3 (blobs/l): the file at offset 299990 is truncated: 10 of 18446744073709551615 bytes";
            assert!(error.to_string().starts_with(message), "{compression}: {error}");
            assert_eq!(read.len(), 10, "{compression}: what is there is handed out first");
            let cut = LayerBlob::from(whole.slice(0, whole.len() / 2));
            let answer = open_body(&cut, body(299_000, 1000)).and_then(|mut reader| reader.read_to_end(&mut read));
            let error = answer.unwrap_err().to_string();
            assert!(error.starts_with("layer 3 (blobs/l): the file at offset 299000 "), "{compression}: {error}");
        }
    }

    #[test]
    fn skipping_reports_progress_and_can_be_cancelled() {
        let blob = blob(&zstd::encode_all(&layer()[..], 1).unwrap());
        let mut seen = Vec::new();
        let answer = open_body_while(&blob, body(290_000, 10), &mut |skipped| {
            seen.push(skipped.done);
            assert_eq!(skipped.total, 290_000);
            if skipped.done > 150_000 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
        assert!(answer.unwrap().is_none());
        assert!(seen.len() > 1 && seen.is_sorted() && seen.last().unwrap() < &280_000, "{seen:?}");
    }
}
