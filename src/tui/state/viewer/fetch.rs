//! Fetches the content of a file for the viewer, on a worker thread. Content of an uncompressed layer is read in place;
//! content of a compressed one is decoded to memory if it is small, else to an unnamed temporary file. The first screen
//! appears as soon as its bytes are decoded. Lines are counted on the way.

use std::fs::File;
use std::io::{self, Read};
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::Form;
use super::content::Content;
use super::lines::{LineCounter, RowStart};
use crate::tui::state::overlay_id::OverlayId;
use dive_model::blob::{Blob, TransferProgress};
use dive_model::compression::{Compression, SNIFF_LEN, sniff};
use dive_model::layer::LayerBlob;
use dive_model::layer::content::{Body, BodyForm, SkipProgress, open_body_while};
use dive_model::store::check_free_space;
use dive_model::tarfile::ReadAt;
use dive_model::unfinished::unnamed;

/// Bytes at the start of a file that decide between text and hex.
pub(super) const SNIFF_BYTES: usize = 8 * 1024;

/// Bytes read at a time.
const CHUNK: usize = 256 * 1024;

/// Bytes between checks of free disk space.
const SPACE_CHECK_INTERVAL: u64 = 64 << 20;

/// Minimum bytes between progress reports. Each report draws a frame.
const MIN_REPORT_STEP: u64 = 8 << 20;

/// Whether lines are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum LineCounting {
    /// In text, and in content that must be decoded anyway.
    IfText,
    /// Always.
    Always,
}

/// A request to [`fetch`] a file.
#[derive(Debug, Clone)]
pub struct FetchRequest {
    /// Viewer that receives the reports.
    pub overlay_id: OverlayId,
    pub(super) blob: LayerBlob,
    pub(super) body: Body,
    pub(super) counting: LineCounting,
}

/// A progress report for a viewer.
#[derive(Debug, Clone)]
pub struct FetchReport {
    /// Viewer that requested the file.
    pub overlay_id: OverlayId,
    pub(super) event: FetchEvent,
}

impl FetchReport {
    /// Reports progress of transferring the layer from its engine or registry.
    #[must_use]
    pub const fn transferring(overlay_id: OverlayId, progress: TransferProgress) -> Self {
        Self { overlay_id, event: FetchEvent::Transferring(progress) }
    }
}

#[derive(Debug, Clone)]
pub(super) enum FetchEvent {
    /// The layer is being transferred from an engine or a registry.
    Transferring(TransferProgress),
    /// The part of the layer before the file is being decoded.
    Skipping(SkipProgress),
    /// The first bytes are available.
    Opened { content: Content, form: Form, available: u64 },
    /// More bytes are available and their lines counted.
    Progress { available: u64, marks: Vec<RowStart>, counted: RowStart },
    /// All bytes are available.
    Complete(LineCount),
    /// The fetch failed. The bytes available so far stay.
    Failed(String),
}

/// Whether the lines of the file were counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum LineCount {
    Known,
    Unknown,
}

/// Fetches a file until it is complete or `cancel` is set.
pub fn fetch(request: &FetchRequest, cancel: &AtomicBool, report: &mut dyn FnMut(FetchReport)) {
    let mut send = |event| report(FetchReport { overlay_id: request.overlay_id, event });
    let fetched = Fetcher { request, cancel, send: &mut send, counter: LineCounter::new(), reported: None }.run();
    if let Err(error) = fetched {
        send(FetchEvent::Failed(error.to_string()));
    }
}

struct Fetcher<'a> {
    request: &'a FetchRequest,
    cancel: &'a AtomicBool,
    send: &'a mut dyn FnMut(FetchEvent),
    counter: LineCounter,
    /// Bytes done at the last progress report.
    reported: Option<u64>,
}

impl Fetcher<'_> {
    fn run(mut self) -> io::Result<()> {
        let FetchRequest { blob, body, .. } = self.request;
        let mut reported = None;
        let transferred = blob.fetch(&mut |progress| {
            // Skip repeated reports: nothing new to draw.
            if reported.replace(progress) != Some(progress) {
                (self.send)(FetchEvent::Transferring(progress));
            }
            if self.cancel.load(Ordering::Relaxed) { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
        match transferred {
            Err(_) if self.is_cancelled() => return Ok(()),
            transferred => transferred?,
        }
        let compression = sniff(&blob.first_bytes(SNIFF_LEN)?);
        if compression == Compression::None && body.form == BodyForm::Whole {
            self.fetch_plain()
        } else {
            self.fetch_decoded()
        }
    }

    /// Reads content in place.
    fn fetch_plain(&mut self) -> io::Result<()> {
        let Body { at, len, layer, .. } = self.request.body;
        let bytes = self.request.blob.slice(at, len);
        let (content, available) = (Content::new(bytes.clone()), bytes.len());
        let form = detect_form(&content.read(0, available.min(SNIFF_BYTES as u64))?);
        (self.send)(FetchEvent::Opened { content: content.clone(), form, available });
        let lines = match (form, self.request.counting) {
            (Form::Text, _) | (_, LineCounting::Always) => LineCount::Known,
            (Form::Hex, LineCounting::IfText) => LineCount::Unknown,
        };
        let mut done = 0;
        while lines == LineCount::Known && done < available {
            if self.is_cancelled() {
                return Ok(());
            }
            let chunk = content.read(done, available.min(done + CHUNK as u64))?;
            if chunk.is_empty() {
                return Err(io::Error::new(
                    io::ErrorKind::UnexpectedEof,
                    "the archive was truncated while it was read",
                ));
            }
            done += chunk.len() as u64;
            self.counter.push(&chunk);
            if should_report(&mut self.reported, done, available) {
                self.report_progress(available);
            }
        }
        if lines == LineCount::Known {
            self.counter.finish();
            self.report_progress(available);
        }
        if available < len {
            let name = self.request.blob.name();
            let text = format!("layer {layer} ({name}) is truncated: it has {available} of {len} bytes of the file");
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, text));
        }
        (self.send)(FetchEvent::Complete(lines));
        Ok(())
    }

    /// Decodes content to a temporary file.
    fn fetch_decoded(&mut self) -> io::Result<()> {
        let FetchRequest { blob, body, .. } = self.request;
        let cancel = self.cancel;
        let send = &mut *self.send;
        let mut reported = None;
        let opened = open_body_while(blob, *body, &mut |skipped| {
            if should_report(&mut reported, skipped.done, skipped.total) {
                send(FetchEvent::Skipping(skipped));
            }
            if cancel.load(Ordering::Relaxed) { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        })?;
        let Some(mut reader) = opened else { return Ok(()) };
        let mut chunk = Vec::with_capacity(CHUNK);
        let mut ended = fill(&mut reader, &mut chunk);
        if self.is_cancelled() {
            return Ok(());
        }
        self.counter.push(&chunk);
        let form = detect_form(&chunk[..chunk.len().min(SNIFF_BYTES)]);
        if chunk.len() == CHUNK && ended.is_ok() {
            match store_first(&chunk) {
                Ok(file) => {
                    let content = Content::new(Blob::new(Arc::clone(&file), 0, body.len, blob.name()));
                    (self.send)(FetchEvent::Opened { content, form, available: CHUNK as u64 });
                    return self.decode_rest(&mut reader, &file, chunk);
                }
                Err(error) => ended = Err(on_disk(&error)),
            }
        }
        // A small file needs no temporary file, and a full disk does not hide the first bytes.
        let available = chunk.len() as u64;
        let content = Content::new(FirstBytes { bytes: chunk, len: body.len });
        (self.send)(FetchEvent::Opened { content, form, available });
        self.finish(available, ended)
    }

    /// Decodes the rest of the content to `file`.
    fn decode_rest(&mut self, reader: &mut dyn Read, file: &File, mut chunk: Vec<u8>) -> io::Result<()> {
        let mut written = CHUNK as u64;
        loop {
            let ended = fill(reader, &mut chunk);
            if self.is_cancelled() {
                return Ok(());
            }
            if let Err(error) = store(file, &chunk, written) {
                return self.finish(written, Err(on_disk(&error)));
            }
            written += chunk.len() as u64;
            self.counter.push(&chunk);
            if chunk.len() < CHUNK || ended.is_err() {
                return self.finish(written, ended);
            }
            if should_report(&mut self.reported, written, self.request.body.len) {
                self.report_progress(written);
            }
        }
    }

    /// Reports the last bytes, and the end of the content or the error.
    fn finish(&mut self, available: u64, ended: io::Result<()>) -> io::Result<()> {
        self.counter.finish();
        self.report_progress(available);
        ended?;
        (self.send)(FetchEvent::Complete(LineCount::Known));
        Ok(())
    }

    fn report_progress(&mut self, available: u64) {
        let (marks, counted) = self.counter.take();
        (self.send)(FetchEvent::Progress { available, marks, counted });
    }

    fn is_cancelled(&self) -> bool {
        self.cancel.load(Ordering::Relaxed)
    }
}

/// True if progress should be reported: the first time, then in steps of 1 % but at least [`MIN_REPORT_STEP`] bytes.
fn should_report(reported: &mut Option<u64>, done: u64, total: u64) -> bool {
    let is_step = reported.is_none_or(|reported| done.saturating_sub(reported) >= MIN_REPORT_STEP.max(total / 100));
    if is_step {
        *reported = Some(done);
    }
    is_step
}

/// The first bytes of a file, in memory.
pub(super) struct FirstBytes {
    pub(super) bytes: Vec<u8>,
    /// Length of the complete file in bytes.
    pub(super) len: u64,
}

impl ReadAt for FirstBytes {
    fn read_at(&self, buf: &mut [u8], at: u64) -> io::Result<usize> {
        self.bytes.as_slice().read_at(buf, at)
    }

    fn len(&self) -> u64 {
        self.len
    }
}

/// Reads the next [`CHUNK`] bytes, fewer only at the end of the content. On an error, `chunk` holds the bytes before it.
fn fill(reader: &mut dyn Read, chunk: &mut Vec<u8>) -> io::Result<()> {
    chunk.clear();
    reader.take(CHUNK as u64).read_to_end(chunk).map(drop)
}

/// Creates the temporary file with its first bytes.
fn store_first(bytes: &[u8]) -> io::Result<Arc<File>> {
    let file = unnamed(&std::env::temp_dir())?;
    store(&file, bytes, 0)?;
    Ok(Arc::new(file))
}

/// Appends to the temporary file at offset `at`, its length. Fails if the disk has too little space left.
fn store(file: &File, bytes: &[u8], at: u64) -> io::Result<()> {
    if at % SPACE_CHECK_INTERVAL + bytes.len() as u64 >= SPACE_CHECK_INTERVAL {
        check_free_space(file, at)?;
    }
    write_at(file, bytes, at)
}

fn on_disk(error: &io::Error) -> io::Error {
    let folder = std::env::temp_dir();
    let text = format!("cannot unpack the file to a temporary file in {}: {error}", folder.display());
    io::Error::new(error.kind(), text)
}

/// Writes at an offset without moving the file position, since the viewer reads the file concurrently.
fn write_at(file: &File, mut bytes: &[u8], mut at: u64) -> io::Result<()> {
    while !bytes.is_empty() {
        match write_file_at(file, bytes, at) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(count) => {
                bytes = &bytes[count..];
                at += count as u64;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

#[cfg(unix)]
fn write_file_at(file: &File, bytes: &[u8], at: u64) -> io::Result<usize> {
    std::os::unix::fs::FileExt::write_at(file, bytes, at)
}

#[cfg(windows)]
fn write_file_at(file: &File, bytes: &[u8], at: u64) -> io::Result<usize> {
    std::os::windows::fs::FileExt::seek_write(file, bytes, at)
}

/// Detects text by the first bytes: no NUL, and at most a quarter invalid UTF-8 or unusual control characters.
pub(super) fn detect_form(first: &[u8]) -> Form {
    if first.contains(&0) {
        return Form::Hex;
    }
    let mut unusual = 0;
    for chunk in first.utf8_chunks() {
        unusual += chunk.invalid().len();
        unusual += chunk
            .valid()
            .bytes()
            .filter(|byte| byte.is_ascii_control() && !b"\t\n\r\x0c\x08\x1b".contains(byte))
            .count();
    }
    if unusual * 4 > first.len() { Form::Hex } else { Form::Text }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each report draws a frame, which takes longer than decoding a chunk.
    #[test]
    fn a_large_layer_is_reported_in_about_a_hundred_steps() {
        let reported = |total: u64| {
            let mut reported = None;
            (0..total).step_by(CHUNK).filter(|done| should_report(&mut reported, *done, total)).count()
        };
        assert_eq!(reported(1), 1, "the first report is immediate");
        assert_eq!(reported(80 << 20), 10);
        assert!((90..=101).contains(&reported(20 << 30)));
    }

    #[test]
    fn binary_files_open_in_hex_and_text_files_as_text() {
        assert_eq!(detect_form("naïve\r\n\ttext \x1b[1m".as_bytes()), Form::Text);
        assert_eq!(detect_form(b"caf\xe9 au lait, Latin-1"), Form::Text);
        assert_eq!(detect_form(b""), Form::Text);
        assert_eq!(detect_form(b"\x7fELF\x00"), Form::Hex);
        assert_eq!(detect_form(b"\xff\xfea\x00b\x00"), Form::Hex, "UTF-16");
        assert_eq!(detect_form(&(128..=255).collect::<Vec<u8>>()), Form::Hex);
        let cut = "日本語".repeat(3000);
        assert_eq!(detect_form(&cut.as_bytes()[..SNIFF_BYTES]), Form::Text, "ends inside a character");
    }
}
