//! Paths of test data: fixtures in the repository, the corpus in `DIVE_CORPUS`.

use std::path::{Path, PathBuf};

use crate::skipped;

/// A path in the repository.
pub(crate) fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// The path of a fixture, as a user would type it.
pub(crate) fn fixture(name: &str) -> String {
    typed(&repository("tests/fixtures").join(name))
}

/// The sample image.
pub(crate) fn sample() -> String {
    fixture("sample.tar")
}

/// The corpus, if this machine has it.
#[derive(Debug, Clone)]
pub(crate) struct Corpus(PathBuf);

impl Corpus {
    /// The corpus. Skips the test, with a note, if it is missing.
    pub(crate) fn here() -> Option<Self> {
        let Some(folder) = std::env::var_os("DIVE_CORPUS").filter(|value| !value.is_empty()) else {
            skipped::note("corpus", "DIVE_CORPUS is not set");
            return None;
        };
        // Relative to the package's root, where `cargo test` runs.
        let folder = repository("").join(folder);
        assert!(folder.join("README.md").is_file(), "DIVE_CORPUS={} is not a corpus", folder.display());
        Some(Self(folder))
    }

    /// The path of an existing file.
    pub(crate) fn path(&self, name: &str) -> String {
        let path = self.0.join(name);
        assert!(path.exists(), "the corpus has no {name}");
        typed(&path)
    }

    /// The text of a file.
    pub(crate) fn text(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    /// The names in a folder, in byte order.
    pub(crate) fn names(&self, folder: &str) -> Vec<String> {
        let entries = std::fs::read_dir(self.path(folder)).expect("a folder of the corpus");
        let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }
}

fn typed(path: &Path) -> String {
    path.to_str().expect("a path that is text").to_owned()
}
