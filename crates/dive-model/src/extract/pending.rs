//! Files and links of an extraction on their way to their name. All are whole when they get it; what is new takes a free name
//! only, and what replaces something is renamed over it.

use std::fs::File;
use std::io;

use crate::dir::Dir;
use crate::unfinished::{self, Purpose, Readers, Unfinished};

/// Whether something is to be replaced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// Nothing is there, and what comes to be there meanwhile stays.
    Free,
    /// Something is there that goes.
    Taken,
}

/// A file that is being written.
pub(super) struct Pending {
    file: Unfinished,
    name: Vec<u8>,
    place: Place,
}

impl Pending {
    /// Begins a file that is to be called `name`.
    pub(super) fn start(dir: &Dir, name: &[u8], place: Place) -> io::Result<Self> {
        // Before its bytes: a large file for a taken name would be written in vain.
        if place == Place::Free && dir.look(name)?.is_some() {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        let file = Unfinished::create(dir, Purpose::Extraction, Readers::Owner)?;
        Ok(Self { file, name: name.to_vec(), place })
    }

    pub(super) const fn file(&mut self) -> &mut File {
        self.file.file()
    }

    /// Gives the file its name.
    pub(super) fn finish(self) -> io::Result<File> {
        match self.place {
            Place::Free => self.file.take_free(&self.name),
            Place::Taken => self.file.replace(&self.name),
        }
    }
}

/// Has `make` make a link at `name`: whole from the start, it needs another name only to replace something.
pub(super) fn put(
    dir: &Dir,
    name: &[u8],
    place: Place,
    make: &mut dyn FnMut(&[u8]) -> io::Result<()>,
) -> io::Result<()> {
    match place {
        Place::Free => make(name),
        Place::Taken => unfinished::replace_by_link(dir, Purpose::Extraction, name, make),
    }
}
