//! Getting a file's bytes to where the viewer can read them at any place, for a thread of its own. Those of a plain layer are
//! there at once; those of a compressed one are decoded into a temporary file without a name, and the first screen is shown
//! as soon as its bytes are out. Lines are counted on the way.

use std::fs::File;
use std::io::{self, Read};
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::Form;
use super::content::Content;
use super::lines::{Counter, Place};
use dive_model::blob::{Blob, TransferProgress};
use dive_model::compression::{Compression, SNIFF_LEN, sniff};
use dive_model::layer::LayerBlob;
use dive_model::layer::content::{Body, BodyForm, SkipProgress, open_body_while};
use dive_model::store::leave_room;

/// What text and other bytes are told apart by: the first bytes of a file.
const FIRST: usize = 8 * 1024;

/// Bytes read at a time.
const PIECE: usize = 256 * 1024;

/// Bytes between two looks at the free space of the disk.
const ROOM_CHECK: u64 = 64 << 20;

/// The fewest bytes between two words on how far it is; each draws the screen anew.
const REPORT: u64 = 8 << 20;

/// Whose lines are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Counting {
    /// Those of a text, and of what has to be read through anyway.
    OfText,
    /// Those of anything.
    Always,
}

/// A file that a thread is to fetch, with [`fetch`].
#[derive(Debug, Clone)]
pub struct FetchRequest {
    /// The viewer that asks.
    pub ticket: u64,
    pub(super) blob: LayerBlob,
    pub(super) body: Body,
    pub(super) counting: Counting,
}

/// What the fetching has to say to its viewer.
#[derive(Debug, Clone)]
pub struct Fetched {
    /// The viewer that asked.
    pub ticket: u64,
    pub(super) news: FetchNews,
}

impl Fetched {
    /// The layer is on its way here from where it lies, and so far.
    #[must_use]
    pub const fn bringing(ticket: u64, progress: TransferProgress) -> Self {
        Self { ticket, news: FetchNews::Bringing(progress) }
    }
}

#[derive(Debug, Clone)]
pub(super) enum FetchNews {
    /// The layer lies in an engine or a registry, and is on its way here.
    Bringing(TransferProgress),
    /// What stands before the file in its layer is being decoded.
    Skipped(SkipProgress),
    /// The first bytes are there.
    Opened { content: Content, form: Form, available: u64 },
    /// More is there, and counted.
    Progress { available: u64, marks: Vec<Place>, counted: Place },
    /// All is there.
    Complete(Lines),
    /// What is there is all there will be.
    Failed(String),
}

/// Whether the lines of what was fetched are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Lines {
    Counted,
    Uncounted,
}

/// Fetches a file until it is there or `cancel` is set.
pub fn fetch(request: &FetchRequest, cancel: &AtomicBool, report: &mut dyn FnMut(Fetched)) {
    let mut say = |news| report(Fetched { ticket: request.ticket, news });
    let fetched = Fetch { request, cancel, say: &mut say, counter: Counter::new(), told: None }.run();
    if let Err(error) = fetched {
        say(FetchNews::Failed(error.to_string()));
    }
}

struct Fetch<'a> {
    request: &'a FetchRequest,
    cancel: &'a AtomicBool,
    say: &'a mut dyn FnMut(FetchNews),
    counter: Counter,
    /// Bytes that were behind when it last said how far it is.
    told: Option<u64>,
}

impl Fetch<'_> {
    fn run(mut self) -> io::Result<()> {
        let FetchRequest { blob, body, .. } = self.request;
        let mut told = None;
        let brought = blob.fetch(&mut |progress| {
            // Where nothing comes, there is nothing new to draw.
            if told.replace(progress) != Some(progress) {
                (self.say)(FetchNews::Bringing(progress));
            }
            if self.cancel.load(Ordering::Relaxed) { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
        match brought {
            Err(_) if self.is_called_off() => return Ok(()),
            brought => brought?,
        }
        let compression = sniff(&blob.first_bytes(SNIFF_LEN)?);
        if compression == Compression::None && body.form == BodyForm::Whole { self.plain() } else { self.decoded() }
    }

    /// Bytes that lie in a file already.
    fn plain(&mut self) -> io::Result<()> {
        let Body { at, len, layer, .. } = self.request.body;
        let bytes = self.request.blob.slice(at, len);
        let (content, available) = (Content::new(bytes.clone()), bytes.len());
        let form = tell(&content.read(0, available.min(FIRST as u64))?);
        (self.say)(FetchNews::Opened { content: content.clone(), form, available });
        let lines = match (form, self.request.counting) {
            (Form::Text, _) | (_, Counting::Always) => Lines::Counted,
            (Form::Hex, Counting::OfText) => Lines::Uncounted,
        };
        let mut done = 0;
        while lines == Lines::Counted && done < available {
            if self.is_called_off() {
                return Ok(());
            }
            let piece = content.read(done, available.min(done + PIECE as u64))?;
            if piece.is_empty() {
                return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the archive became shorter"));
            }
            done += piece.len() as u64;
            self.counter.push(&piece);
            if is_worth_telling(&mut self.told, done, available) {
                self.tell_progress(available);
            }
        }
        if lines == Lines::Counted {
            self.counter.finish();
            self.tell_progress(available);
        }
        if available < len {
            let name = self.request.blob.name();
            let text = format!("layer {layer} ({name}) is cut off: {available} of {len} bytes of the file are there");
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, text));
        }
        (self.say)(FetchNews::Complete(lines));
        Ok(())
    }

    /// Bytes that have to be decoded.
    fn decoded(&mut self) -> io::Result<()> {
        let FetchRequest { blob, body, .. } = self.request;
        let cancel = self.cancel;
        let say = &mut *self.say;
        let mut told = None;
        let opened = open_body_while(blob, *body, &mut |skipped| {
            if is_worth_telling(&mut told, skipped.done, skipped.total) {
                say(FetchNews::Skipped(skipped));
            }
            if cancel.load(Ordering::Relaxed) { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        })?;
        let Some(mut reader) = opened else { return Ok(()) };
        let file = Arc::new(tempfile::tempfile().map_err(|error| on_disk(&error))?);
        let content = Content::new(Blob::new(Arc::clone(&file), 0, body.len, blob.name()));
        let mut piece = vec![0; PIECE];
        // What tells the form of the file, until that is told.
        let mut first = Some(Vec::new());
        let mut written = 0;
        loop {
            let read = match reader.read(&mut piece) {
                Ok(read) => read,
                Err(error) => {
                    // What is there is shown.
                    self.open(&content, &mut first, written);
                    self.counter.finish();
                    self.tell_progress(written);
                    return Err(error);
                }
            };
            if self.is_called_off() {
                return Ok(());
            }
            if written % ROOM_CHECK + read as u64 >= ROOM_CHECK {
                leave_room(&file, written).map_err(|error| on_disk(&error))?;
            }
            write_at(&file, &piece[..read], written).map_err(|error| on_disk(&error))?;
            written += read as u64;
            self.counter.push(&piece[..read]);
            if let Some(bytes) = &mut first {
                bytes.extend_from_slice(&piece[..read.min(FIRST - bytes.len())]);
                if bytes.len() == FIRST || read == 0 {
                    self.open(&content, &mut first, written);
                }
            }
            if read == 0 {
                break;
            }
            if first.is_none() && is_worth_telling(&mut self.told, written, body.len) {
                self.tell_progress(written);
            }
        }
        self.counter.finish();
        self.tell_progress(written);
        (self.say)(FetchNews::Complete(Lines::Counted));
        Ok(())
    }

    /// Shows what is there, unless it is shown already.
    fn open(&mut self, content: &Content, first: &mut Option<Vec<u8>>, available: u64) {
        if let Some(first) = first.take() {
            (self.say)(FetchNews::Opened { content: content.clone(), form: tell(&first), available });
        }
    }

    fn tell_progress(&mut self, available: u64) {
        let (marks, counted) = self.counter.take();
        (self.say)(FetchNews::Progress { available, marks, counted });
    }

    fn is_called_off(&self) -> bool {
        self.cancel.load(Ordering::Relaxed)
    }
}

/// Whether one is to hear that `done` of `total` bytes are behind: at once, for who waits for the first screen, then in
/// steps of 1 %, none of them smaller than [`REPORT`].
fn is_worth_telling(told: &mut Option<u64>, done: u64, total: u64) -> bool {
    let is_step = told.is_none_or(|told| done.saturating_sub(told) >= REPORT.max(total / 100));
    if is_step {
        *told = Some(done);
    }
    is_step
}

fn on_disk(error: &io::Error) -> io::Error {
    let folder = std::env::temp_dir();
    let text = format!("unpacking the file into a temporary one in {} failed: {error}", folder.display());
    io::Error::new(error.kind(), text)
}

/// At the place, since the viewer reads the same file meanwhile.
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

/// Whether the first bytes of a file are those of a text: no NUL, and three in four letters or what texts have between them.
fn tell(first: &[u8]) -> Form {
    if first.contains(&0) {
        return Form::Hex;
    }
    let mut odd = 0;
    for chunk in first.utf8_chunks() {
        odd += chunk.invalid().len();
        odd += chunk
            .valid()
            .bytes()
            .filter(|byte| byte.is_ascii_control() && !b"\t\n\r\x0c\x08\x1b".contains(byte))
            .count();
    }
    if odd * 4 > first.len() { Form::Hex } else { Form::Text }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each word draws the screen anew, which takes longer than unpacking a piece.
    #[test]
    fn unpacking_a_layer_of_gigabytes_is_told_in_a_hundred_words() {
        let told = |total: u64| {
            let mut told = None;
            (0..total).step_by(PIECE).filter(|done| is_worth_telling(&mut told, *done, total)).count()
        };
        assert_eq!(told(1), 1, "the first at once");
        assert_eq!(told(80 << 20), 10);
        assert!((90..=101).contains(&told(20 << 30)));
    }

    #[test]
    fn text_is_told_from_other_bytes() {
        assert_eq!(tell("naïve\r\n\ttext \x1b[1m".as_bytes()), Form::Text);
        assert_eq!(tell(b"caf\xe9 au lait, Latin-1"), Form::Text);
        assert_eq!(tell(b""), Form::Text);
        assert_eq!(tell(b"\x7fELF\x00"), Form::Hex);
        assert_eq!(tell(b"\xff\xfea\x00b\x00"), Form::Hex, "UTF-16");
        assert_eq!(tell(&(128..=255).collect::<Vec<u8>>()), Form::Hex);
        let cut = "日本語".repeat(3000);
        assert_eq!(tell(&cut.as_bytes()[..FIRST]), Form::Text, "cut through a letter");
    }
}
