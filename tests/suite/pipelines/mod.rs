//! dive in pipelines: the GitHub action and the templates of docs/ci.md, run as the CI service runs them, with a
//! release in a folder; and the release scripts. A failure means that a budget is not checked, or that a tampered
//! program runs.

mod action;
mod release;
mod runner;
mod templates;

use std::fs;
use std::path::Path;

use sha2::{Digest, Sha256};
use tempfile::TempDir;

use crate::build::{Format, image};
use crate::skipped;
use crate::user::{DIVE, User};

/// The version of the release.
const VERSION: &str = env!("CARGO_PKG_VERSION");

/// A release for this machine at `file://FOLDER`, instead of the project's address.
struct Release {
    folder: TempDir,
    archive: String,
    sha256: String,
}

impl Release {
    /// Creates the release. Skips the test if a required program is missing.
    fn here() -> Option<Self> {
        for program in ["bash", "curl", "sha256sum", "tar", "jq"] {
            if !is_program(program) {
                skipped::note(program, "a pipeline needs it");
                return None;
            }
        }
        let archive = format!("dive-{VERSION}-{}-unknown-linux-musl.tar.gz", std::env::consts::ARCH);
        let release = Self { folder: tempfile::tempdir().unwrap(), archive, sha256: String::new() };
        // A wrapper script: packing a debug build takes seconds.
        let bytes = packed(&format!("#!/bin/sh\nexec '{DIVE}' \"$@\"\n"));
        let sha256 = hex(&Sha256::digest(&bytes));
        fs::create_dir_all(release.place().parent().unwrap()).unwrap();
        fs::write(release.place(), bytes).unwrap();
        Some(Self { sha256, ..release })
    }

    /// Replaces the project's address.
    fn repository(&self) -> String {
        format!("file://{}", self.folder.path().display())
    }

    /// The path of the archive.
    fn place(&self) -> std::path::PathBuf {
        self.folder.path().join("releases/download").join(format!("v{VERSION}")).join(&self.archive)
    }

    /// Replaces the program in the archive.
    fn is_tampered_with(&self) {
        fs::write(self.place(), packed("#!/bin/sh\ntouch intruder\n")).unwrap();
    }
}

/// A release archive with this program.
fn packed(program: &str) -> Vec<u8> {
    let mut tar = tar::Builder::new(flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast()));
    let mut header = tar::Header::new_gnu();
    header.set_size(program.len() as u64);
    header.set_mode(0o755);
    tar.append_data(&mut header, "dive", program.as_bytes()).unwrap();
    tar.into_inner().unwrap().finish().unwrap()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"))
}

fn is_program(name: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|folder| folder.join(name).is_file())
}

/// A user with `wasteful.tar`, half of whose bytes are overwritten, and `lean.tar` in the working directory.
fn with_images(user: User) -> User {
    let lean = image().layer(|l| l.file("app", "0123456789"));
    let wasteful = lean.clone().layer(|l| l.file("app", "9876543210"));
    for (name, image) in [("lean.tar", lean), ("wasteful.tar", wasteful)] {
        fs::write(user.file(name), image.archive(Format::DockerArchive)).unwrap();
    }
    user
}

/// Reads a file as text.
fn text(path: impl AsRef<Path>) -> String {
    let path = path.as_ref();
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}
