//! Images that say more than they are: small files that ask for time, memory, disk or screens of text. If one of these
//! fails, looking at a stranger's image takes a machine down.
//!
//! The kernel is the witness: the program runs under a limit on its private memory (`RLIMIT_DATA`, which on Linux counts
//! every anonymous mapping) and on its CPU time, and dies where it asks for more.

mod comparing;
mod listing;
mod memory;
mod merging;
mod unpacking;

use std::path::{Path, PathBuf};

use serde_json::json;
use tempfile::TempDir;

use crate::build::Layer;
use crate::user::{DIVE, Ran, User};

/// The memory of a run on an image below 1 MB, in KiB.
const MEMORY: u64 = 512 << 10;

/// The CPU time of such a run, in seconds. It holds for an optimised program; a debug build takes up to ten times as long.
const CPU: u64 = if cfg!(debug_assertions) { 100 } else { 10 };

/// The four ways to look at an image without a screen.
const MODES: [&[&str]; 4] = [&[], &["tree"], &["--json", "-"], &["--ci"]];

/// An image that lists its layers as often as it likes.
struct Hostile {
    folder: TempDir,
}

impl Hostile {
    /// A docker-archive with these members as layers, listed in this order.
    fn listing<'a>(layers: &[(&str, Vec<u8>)], listed: impl IntoIterator<Item = &'a str>) -> Self {
        let listed: Vec<&str> = listed.into_iter().collect();
        let diff_ids: Vec<String> = (0..listed.len()).map(|layer| format!("sha256:{layer:064x}")).collect();
        let config = json!({
            "architecture": "amd64", "os": "linux", "rootfs": { "type": "layers", "diff_ids": diff_ids },
        });
        let manifest = json!([{ "Config": "config.json", "RepoTags": ["hostile:1"], "Layers": listed }]);
        let mut archive = Layer::default();
        for (name, blob) in layers {
            archive = archive.file(name, blob);
        }
        Self::of(&archive.file("config.json", config.to_string()).file("manifest.json", manifest.to_string()).tar())
    }

    /// An archive of these bytes.
    fn of(archive: &[u8]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("hostile.tar"), archive).unwrap();
        Self { folder }
    }

    /// `dive tree` under these limits: of private memory in KiB, of CPU time in seconds. What the shell code `after` prints
    /// follows what the program prints, which is not kept.
    fn listed_within(&self, memory: u64, cpu: u64, after: &str) -> Ran {
        let script = format!("ulimit -d {memory} && ulimit -t {cpu} && \"$0\" \"$@\" >/dev/null && {after}");
        User::new().runs_program("sh", &["-c", &script, DIVE, "tree", self.path().to_str().unwrap()])
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("hostile.tar")
    }

    /// Runs dive in each of the [`MODES`] within the limits of a small image.
    fn in_each_mode(&self, check: impl Fn(&Ran)) {
        for mode in MODES {
            check(&self.runs(mode));
        }
    }

    /// Runs dive on the image with these arguments within the limits of a small image.
    fn runs(&self, arguments: &[&str]) -> Ran {
        runs_within(&User::new(), arguments, &self.path())
    }
}

fn runs_within(user: &User, arguments: &[&str], image: &Path) -> Ran {
    let script = format!("ulimit -d {MEMORY} && ulimit -t {CPU} && exec \"$0\" \"$@\"");
    let arguments = [&["-c", &script, DIVE][..], arguments, &[image.to_str().unwrap()]].concat();
    user.runs_program("sh", &arguments)
}
