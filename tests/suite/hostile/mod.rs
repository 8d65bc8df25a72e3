//! Small hostile images that demand time, memory, disk or output. A failure means that looking at a stranger's image
//! can take down a machine.
//!
//! The kernel enforces the limits: private memory (`RLIMIT_DATA`, which on Linux counts all anonymous mappings) and CPU
//! time.

mod advice;
mod comparing;
mod listing;
mod memory;
mod merging;
mod names;
mod settings;
mod unpacking;

use std::path::{Path, PathBuf};

use serde_json::json;
use tempfile::TempDir;

use crate::build::Layer;
use crate::user::{DIVE, Ran, User};

/// Memory limit for an image below 1 MB, in KiB.
const MEMORY: u64 = 512 << 10;

/// CPU limit of such a run, in seconds. A debug build takes up to ten times as long as a release build.
const CPU: u64 = if cfg!(debug_assertions) { 100 } else { 10 };

/// The commands without a screen.
const MODES: [&[&str]; 4] = [&[], &["tree"], &["--json", "-"], &["--ci"]];

/// An image that can list a layer many times.
struct Hostile {
    folder: TempDir,
}

impl Hostile {
    /// A docker-archive with these members, which lists them in this order.
    fn listing<'a>(layers: &[(&str, Vec<u8>)], listed: impl IntoIterator<Item = &'a str>) -> Self {
        Self::built_by("", layers, listed)
    }

    /// Like [`Self::listing`]. This instruction made each layer.
    fn built_by<'a>(command: &str, layers: &[(&str, Vec<u8>)], listed: impl IntoIterator<Item = &'a str>) -> Self {
        let listed: Vec<&str> = listed.into_iter().collect();
        let diff_ids: Vec<String> = (0..listed.len()).map(|layer| format!("sha256:{layer:064x}")).collect();
        let step = json!({ "created_by": command });
        let config = json!({
            "architecture": "amd64", "os": "linux", "rootfs": { "type": "layers", "diff_ids": diff_ids },
            "history": vec![step; if command.is_empty() { 0 } else { listed.len() }],
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

    /// Runs `dive tree` with these limits: private memory in KiB, CPU time in seconds. Discards its output and returns
    /// that of the shell code `after`.
    fn listed_within(&self, memory: u64, cpu: u64, after: &str) -> Ran {
        let script = format!("ulimit -d {memory} && ulimit -t {cpu} && \"$0\" \"$@\" >/dev/null && {after}");
        User::new().runs_program("sh", &["-c", &script, DIVE, "tree", self.path().to_str().unwrap()])
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("hostile.tar")
    }

    /// Runs dive in each of the [`MODES`] with the limits of a small image.
    fn in_each_mode(&self, check: impl Fn(&Ran)) {
        for mode in MODES {
            check(&self.runs(mode));
        }
    }

    /// Runs dive on the image with the limits of a small image.
    fn runs(&self, arguments: &[&str]) -> Ran {
        runs_within(&User::new(), arguments, &self.path())
    }
}

fn runs_within(user: &User, arguments: &[&str], image: &Path) -> Ran {
    let script = format!("ulimit -d {MEMORY} && ulimit -t {CPU} && exec \"$0\" \"$@\"");
    let arguments = [&["-c", &script, DIVE][..], arguments, &[image.to_str().unwrap()]].concat();
    user.runs_program("sh", &arguments)
}
