//! Files and links of an extraction before they get their name. A complete new file takes a free name only; a
//! replacement is renamed over the old file.

use std::fs::File;
use std::io;

use crate::dir::Dir;
use crate::unfinished::{self, FilePurpose, Readers, Unfinished};

/// State of the name of a file to write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NameState {
    /// Free. A file that appears meanwhile is kept.
    Free,
    /// Taken by a file to replace.
    Taken,
}

/// A file being written.
pub(super) struct Pending {
    file: Unfinished,
    name: Vec<u8>,
    target: NameState,
}

impl Pending {
    /// Starts a file that will get `name`.
    pub(super) fn start(dir: &Dir, name: &[u8], target: NameState) -> io::Result<Self> {
        // Check now: otherwise a large file would be written before its name turns out to be taken.
        if target == NameState::Free && dir.kind_of(name)?.is_some() {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        let file = Unfinished::create(dir, FilePurpose::Extraction, Readers::Owner)?;
        Ok(Self { file, name: name.to_vec(), target })
    }

    pub(super) const fn file(&mut self) -> &mut File {
        self.file.file()
    }

    pub(super) fn finish(self) -> io::Result<File> {
        match self.target {
            NameState::Free => self.file.take_free(&self.name),
            NameState::Taken => self.file.replace(&self.name),
        }
    }
}

/// Creates a link at `name` with `make`. Only a replacement needs a temporary name, since links are complete at once.
pub(super) fn place_link(
    dir: &Dir,
    name: &[u8],
    target: NameState,
    make: &mut dyn FnMut(&[u8]) -> io::Result<()>,
) -> io::Result<()> {
    match target {
        NameState::Free => make(name),
        NameState::Taken => unfinished::replace_by_link(dir, FilePurpose::Extraction, name, make),
    }
}
