//! The documents of a run over several images: JSON Lines, a document an image. A file gets its name when it is complete, or when
//! a signal ends the run; then it has the documents of all images that were finished.

use std::ffi::OsString;
use std::io::{self, Seek, Write};
use std::sync::{Mutex, PoisonError};

use anyhow::{Context, bail};

use super::output::{JsonTarget, OpenTarget, OutputStream, render_to};
use dive_model::unfinished::Unfinished;

/// The files of `--json` and `--summary`.
#[derive(Debug, Default)]
pub(super) struct LineDocuments {
    /// `--json`.
    json: Option<LineFile>,
    /// `--summary`.
    summary: Option<LineFile>,
}

/// A destination of documents.
#[derive(Debug)]
struct LineFile {
    /// The start of an error about it.
    failure: String,
    lines: LineSink,
}

#[derive(Debug)]
enum LineSink {
    /// Standard output, a device or a pipe.
    Stream(Mutex<OutputStream>),
    /// A file; `None` once it has its name.
    Unfinished(Mutex<Option<NewFile>>),
}

/// A file with a temporary name.
#[derive(Debug)]
struct NewFile {
    file: Unfinished,
    name: OsString,
    documents: usize,
    /// Bytes of whole documents: the start of a failed one is cut off.
    whole_bytes: u64,
}

impl LineDocuments {
    /// Creates the temporary files, so that a target that cannot be written is reported before any image is read.
    pub(super) fn create(json: Option<&JsonTarget>, summary: Option<&JsonTarget>) -> anyhow::Result<Self> {
        let create = |target: Option<&JsonTarget>| target.map(LineFile::create).transpose();
        Ok(Self { json: create(json)?, summary: create(summary)? })
    }

    /// Adds a document to the file of `--json`, if there is one.
    pub(super) fn add_json(&self, render: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> anyhow::Result<()> {
        self.json.as_ref().map_or(Ok(()), |file| file.add(render))
    }

    /// Adds a document to the file of `--summary`, if there is one.
    pub(super) fn add_summary(&self, render: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> anyhow::Result<()> {
        self.summary.as_ref().map_or(Ok(()), |file| file.add(render))
    }

    /// Gives the files their names, and returns the number of images in them. Without a document, a file of an earlier run stays.
    pub(super) fn finish(&self) -> anyhow::Result<usize> {
        // Both are finished, even if one fails.
        let [json, summary] = [&self.json, &self.summary].map(|file| file.as_ref().map_or(Ok(0), LineFile::finish));
        Ok(json?.max(summary?))
    }
}

impl LineFile {
    fn create(target: &JsonTarget) -> anyhow::Result<Self> {
        let (failure, opened) = (target.failure(), target.open()?);
        Ok(match opened {
            OpenTarget::Unfinished { file, name } => {
                let open = Mutex::new(Some(NewFile { file, name, documents: 0, whole_bytes: 0 }));
                Self { failure, lines: LineSink::Unfinished(open) }
            }
            OpenTarget::Direct(stream) => Self { failure, lines: LineSink::Stream(Mutex::new(stream)) },
        })
    }

    fn add(&self, render: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> anyhow::Result<()> {
        match &self.lines {
            LineSink::Stream(stream) => {
                let written = stream.lock().unwrap_or_else(PoisonError::into_inner).write(render);
                written.with_context(|| self.failure.clone())
            }
            // Locked while the document is written: a signal waits for its end.
            LineSink::Unfinished(open) => match open.lock().unwrap_or_else(PoisonError::into_inner).as_mut() {
                Some(file) => file.add(render).with_context(|| self.failure.clone()),
                None => bail!("{}: a signal ended the run before this image", self.failure),
            },
        }
    }

    fn finish(&self) -> anyhow::Result<usize> {
        // A stream has every document already, and its lock may be held by a write that waits for a reader.
        let LineSink::Unfinished(open) = &self.lines else { return Ok(0) };
        match open.lock().unwrap_or_else(PoisonError::into_inner).take() {
            Some(file) => file.finish().with_context(|| self.failure.clone()),
            None => Ok(0),
        }
    }
}

impl NewFile {
    fn add(&mut self, render: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
        render_to(&mut self.file, render)?;
        self.whole_bytes = self.file.file().stream_position()?;
        self.documents = self.documents.saturating_add(1);
        Ok(())
    }

    fn finish(mut self) -> io::Result<usize> {
        if self.documents == 0 {
            return Ok(0);
        }
        self.file.file().set_len(self.whole_bytes)?;
        self.file.replace(self.name.as_encoded_bytes())?;
        Ok(self.documents)
    }
}
