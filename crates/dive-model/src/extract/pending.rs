//! Things on their way to their name: what is new is made where nothing is, what replaces something is made beside it and
//! renamed over it when it is whole. What does not become whole is removed, however the work on it ends.

use std::fs::File;
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};

use super::dir::Dir;

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
    // Before its name, so that it is closed when that is removed: Windows insists.
    file: File,
    partial: Partial,
    name: Vec<u8>,
}

/// A name that goes when the value does.
struct Partial {
    dir: Dir,
    name: Vec<u8>,
    fate: PartialFate,
}

#[derive(PartialEq, Eq)]
enum PartialFate {
    Remove,
    Keep,
}

impl Drop for Partial {
    fn drop(&mut self) {
        if self.fate == PartialFate::Remove {
            // Nobody is left to tell; the error that led here is told.
            let _ = self.dir.remove(&self.name);
        }
    }
}

impl Pending {
    /// Begins a file that is to be called `name`.
    pub(super) fn start(dir: Dir, name: &[u8], place: Place) -> io::Result<Self> {
        let (written_as, file) = match place {
            Place::Free => (name.to_vec(), dir.create(name)?),
            Place::Taken => beside(&mut |temporary| dir.create(temporary))?,
        };
        let partial = Partial { dir, name: written_as, fate: PartialFate::Remove };
        Ok(Self { file, partial, name: name.to_vec() })
    }

    pub(super) const fn file(&mut self) -> &mut File {
        &mut self.file
    }

    /// Gives the file its name.
    pub(super) fn finish(self) -> io::Result<File> {
        let Self { file, mut partial, name } = self;
        if partial.name != name {
            partial.dir.rename(&partial.name, &name)?;
        }
        partial.fate = PartialFate::Keep;
        Ok(file)
    }
}

/// Has `make` make something that needs no writing at `name`.
pub(super) fn put(
    dir: &Dir,
    name: &[u8],
    place: Place,
    make: &mut dyn FnMut(&[u8]) -> io::Result<()>,
) -> io::Result<()> {
    if place == Place::Free {
        return make(name);
    }
    let (temporary, ()) = beside(make)?;
    // In any case: a rename to another name of the same file leaves both (POSIX `rename`).
    let temporary = Partial { dir: dir.clone(), name: temporary, fate: PartialFate::Remove };
    dir.rename(&temporary.name, name)
}

/// Has `make` make something under a name that nothing has.
fn beside<T>(make: &mut dyn FnMut(&[u8]) -> io::Result<T>) -> io::Result<(Vec<u8>, T)> {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    const ATTEMPTS: u32 = 1000;
    let mut attempt = 0;
    loop {
        attempt += 1;
        let name = format!(".dive-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed)).into_bytes();
        match make(&name) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists && attempt < ATTEMPTS => {}
            outcome => return outcome.map(|made| (name, made)),
        }
    }
}
