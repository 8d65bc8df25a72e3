//! The files of a Compose project.

use std::fs;

use dive::compose::{Profiles, images};
use dive_sources::Environment;

use crate::store::SEPARATOR;

/// The files of a project, in the order of the pieces of an input.
const FILES: [&str; 4] = ["compose.yaml", "compose.override.yaml", "other.yaml", ".env"];

/// Takes the pieces of an input as the files of a project.
pub(crate) fn run(input: &[u8]) {
    // The fuzzer may not wait for a terminal, nor read this machine.
    if input.windows(2).any(|bytes| bytes == b"/d" || bytes == b"/p" || bytes == b"..") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    for (name, piece) in FILES.iter().zip(input.split(|byte| *byte == SEPARATOR)) {
        if !piece.is_empty() {
            fs::write(folder.path().join(name), piece).unwrap();
        }
    }
    let environment = Environment::new(folder.path().to_owned(), None, []);
    let find = |profiles: &[&str]| {
        let profiles = Profiles::new(profiles.iter().map(|name| (*name).to_owned()).collect());
        images(&[folder.path().to_owned()], &profiles, &environment)
    };
    match find(&[]) {
        Ok(found) => {
            assert!(found.images.iter().all(|image| !image.name.is_empty()), "{found:?}");
            // A profile adds services, of which one may be wrong, and takes none.
            if let Ok(all) = find(&["*"]) {
                assert!(all.images.len() >= found.images.len() && all.disabled.is_empty(), "{all:?}");
            }
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}
