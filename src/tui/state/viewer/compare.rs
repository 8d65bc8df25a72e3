//! Compares two versions of a file on a worker thread. The viewer shows their difference as a text.

use std::io::{self, Read};
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, Ordering};

use super::content::Content;
use super::diff::unified;
use super::fetch::{FetchEvent, FetchReport, FirstBytes, LineCount, SNIFF_BYTES, detect_form};
use super::lines::LineCounter;
use super::source::find_source;
use super::{Form, Phase, Viewer};
use crate::tui::state::overlay_id::OverlayId;
use dive_model::image::ImageLayer;
use dive_model::layer::LayerBlob;
use dive_model::layer::content::{Body, open_file_while};
use dive_model::tarfile::UnixTime;
use dive_model::tree::{Cause, Facts, SpanId, Tree};

/// Maximum size of a version that is compared, in bytes.
const MAX_COMPARED: u64 = 4_000_000;

/// Maximum number of lines of a version that is compared. A line takes more memory than its bytes.
const MAX_LINES: usize = 500_000;

/// A file in a layer. `None` for an empty one whose layer is missing.
type StoredFile = Option<(LayerBlob, Body)>;

/// A request to [`compare`] two versions of a file.
#[derive(Debug, Clone)]
pub struct CompareRequest {
    /// Viewer that receives the reports.
    pub overlay_id: OverlayId,
    before: StoredFile,
    after: StoredFile,
    /// A line for each attribute that differs.
    attributes: String,
    content: KnownContent,
}

/// What the tree knows of the content of both versions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum KnownContent {
    /// It is the same, so neither version is read.
    Same,
    /// It may differ.
    Unknown,
}

impl Viewer {
    /// Opens the comparison of a version of a file with an older one. Reports to this viewer carry `overlay_id`, as with
    /// [`Viewer::open`].
    ///
    /// # Errors
    /// A message if one of them is not a file, or its content is missing.
    pub fn compare(
        overlay_id: OverlayId,
        tree: &Tree,
        layers: &[ImageLayer],
        (before, after): (SpanId, SpanId),
    ) -> Result<(Self, CompareRequest), String> {
        let stored = |version: SpanId| -> Result<StoredFile, String> {
            let from = tree.span(version).from();
            let Some(size) = tree.facts(version).size else {
                return Err(format!("cannot compare: not a file in layer {from}"));
            };
            let source = find_source(tree, layers, version, from);
            if source.content.is_none() && size > 0 {
                return Err(source.notes.join("; "));
            }
            // An empty file has a time, too.
            let body = tree.body(tree.inode(version));
            let blob = || layers.get(body.layer.get()).and_then(|layer| layer.blob.as_ref().ok());
            Ok(source.content.or_else(|| Some((blob()?.clone(), body))))
        };
        let is_same = tree.span(before).end() == Some((tree.span(after).from(), Cause::MetadataOnly));
        let request = CompareRequest {
            overlay_id,
            before: stored(before)?,
            after: stored(after)?,
            attributes: attributes(tree.facts(before), tree.facts(after)),
            content: if is_same { KnownContent::Same } else { KnownContent::Unknown },
        };
        let mut viewer = Self::new(overlay_id, tree.path(tree.span(after).node()), Phase::Reading);
        viewer.compared = Some((tree.span(before).from(), tree.span(after).from()));
        viewer.refresh();
        Ok((viewer, request))
    }
}

/// The changes of mode and owner: `mode 0644 -> 0600`. The tree has no times, which would take memory for each entry.
fn attributes(before: Facts<'_>, after: Facts<'_>) -> String {
    let mode = |facts: Facts<'_>| format!("{:04o}", facts.mode & 0o7777);
    let owner = |facts: Facts<'_>| format!("{}:{}", facts.uid, facts.gid);
    let pairs = [("mode", mode(before), mode(after)), ("owner", owner(before), owner(after))];
    let changed = pairs.into_iter().filter(|(_, before, after)| before != after);
    changed.map(|(what, before, after)| format!("{what} {before} -> {after}\n")).collect::<Vec<_>>().concat()
}

/// Compares both versions until the difference is complete or `cancel` is set.
pub fn compare(request: &CompareRequest, cancel: &AtomicBool, report: &mut dyn FnMut(FetchReport)) {
    let mut send = |event| report(FetchReport { overlay_id: request.overlay_id, event });
    if let Err(error) = difference(request, cancel, &mut send) {
        send(FetchEvent::Failed(error.to_string()));
    }
}

fn difference(request: &CompareRequest, cancel: &AtomicBool, send: &mut dyn FnMut(FetchEvent)) -> io::Result<()> {
    let CompareRequest { before, after, attributes, content, .. } = request;
    if *content == KnownContent::Same {
        let times = times(modified(before, cancel), modified(after, cancel));
        if !cancel.load(Ordering::Relaxed) {
            show(same(attributes, &times), send);
        }
        return Ok(());
    }
    let largest = before.iter().chain(after).map(|(_, body)| body.len).max().unwrap_or(0);
    if largest > MAX_COMPARED {
        let text = "the file is too large to compare (limit 4,000,000 bytes)";
        return Err(io::Error::new(io::ErrorKind::InvalidData, text));
    }
    let (Some(before), Some(after)) = (read(before, cancel, send)?, read(after, cancel, send)?) else { return Ok(()) };
    let times = times(before.modified, after.modified);
    let (before, after) = (before.bytes, after.bytes);
    if before == after {
        show(same(attributes, &times), send);
        return Ok(());
    }
    let is_text = |bytes: &[u8]| detect_form(&bytes[..bytes.len().min(SNIFF_BYTES)]) == Form::Text;
    if !is_text(&before) || !is_text(&after) {
        let text = "the versions differ, but are not text; view or extract them";
        return Err(io::Error::new(io::ErrorKind::InvalidData, text));
    }
    for bytes in [&before, &after] {
        let count = bytes.split_inclusive(|byte| *byte == b'\n').count();
        if count > MAX_LINES {
            let text = format!("dive compares files of up to {MAX_LINES} lines; this one has {count}");
            return Err(io::Error::new(io::ErrorKind::InvalidData, text));
        }
    }
    let mut text = [attributes, times.line()].concat().into_bytes();
    text.extend(unified(&before, &after));
    show(text, send);
    Ok(())
}

/// The modification times of two versions, which only the headers in the layers have.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Times {
    /// One of them is unknown.
    Unknown,
    Same,
    /// The line that shows them.
    Changed(String),
}

impl Times {
    fn line(&self) -> &str {
        match self {
            Self::Changed(line) => line,
            Self::Unknown | Self::Same => "",
        }
    }
}

fn times(before: Option<UnixTime>, after: Option<UnixTime>) -> Times {
    match (before, after) {
        (Some(before), Some(after)) if before == after => Times::Same,
        (Some(before), Some(after)) => Times::Changed(format!("modified {before} -> {after}\n")),
        _ => Times::Unknown,
    }
}

/// The text for two versions with the same content.
fn same(attributes: &str, times: &Times) -> Vec<u8> {
    let content = match times {
        _ if !attributes.is_empty() => "The content is the same.\n",
        Times::Changed(_) => "The content is the same.\n",
        Times::Same => {
            "The content, the mode, the owner and the time are the same.\nExtended attributes are not compared.\n"
        }
        Times::Unknown => {
            "The content, the mode and the owner are the same.\nTimes and extended attributes are not compared.\n"
        }
    };
    [attributes, times.line(), content].concat().into_bytes()
}

/// Sends a complete text to the viewer.
fn show(text: Vec<u8>, send: &mut dyn FnMut(FetchEvent)) {
    let mut counter = LineCounter::new();
    counter.push(&text);
    counter.finish();
    let (marks, counted) = counter.take();
    let available = text.len() as u64;
    let content = Content::new(FirstBytes { bytes: text, len: available });
    send(FetchEvent::Opened { content, form: Form::Text, available });
    send(FetchEvent::Progress { available, marks, counted });
    send(FetchEvent::Complete(LineCount::Known));
}

/// A version of a file.
struct FileVersion {
    bytes: Vec<u8>,
    modified: Option<UnixTime>,
}

/// The modification time of a file that need not be read. `None` if it is unknown, or its layer would have to be
/// transferred.
fn modified(file: &StoredFile, cancel: &AtomicBool) -> Option<UnixTime> {
    let (blob, body) = file.as_ref().filter(|(blob, _)| !blob.needs_fetch())?;
    open_file_while(blob, *body, &mut |_| go_on(cancel)).ok()??.1
}

/// Reads a file. `None` if the job is cancelled.
fn read(file: &StoredFile, cancel: &AtomicBool, send: &mut dyn FnMut(FetchEvent)) -> io::Result<Option<FileVersion>> {
    let Some((blob, body)) = file.as_ref().filter(|(_, body)| body.len > 0) else {
        return Ok(Some(FileVersion { bytes: Vec::new(), modified: modified(file, cancel) }));
    };
    let mut reported = None;
    let transferred = blob.fetch(&mut |progress| {
        if reported.replace(progress) != Some(progress) {
            send(FetchEvent::Transferring(progress));
        }
        go_on(cancel)
    });
    if cancel.load(Ordering::Relaxed) {
        return Ok(None);
    }
    transferred?;
    let Some((reader, modified)) = open_file_while(blob, *body, &mut |_| go_on(cancel))? else { return Ok(None) };
    let mut bytes = Vec::new();
    reader.take(MAX_COMPARED).read_to_end(&mut bytes)?;
    Ok(Some(FileVersion { bytes, modified }))
}

fn go_on(cancel: &AtomicBool) -> ControlFlow<()> {
    if cancel.load(Ordering::Relaxed) { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
}
