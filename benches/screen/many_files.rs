//! An image of 500,000 files as `docker save` writes it: a system, one directory of 100,000 files, an application, a layer
//! that writes 10,000 files again, one that removes 10,000, and one that adds the rest.

use std::io::Read;

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::json;
use tar::{Builder, EntryType, Header};
use tempfile::NamedTempFile;

const STEMS: [&str; 16] = [
    "config",
    "index",
    "libcrypto",
    "README",
    "messages",
    "util",
    "package",
    "test_io",
    "zoneinfo",
    "schema",
    "main",
    "parser",
    "locale",
    "handler",
    "types",
    "LICENSE",
];
const ENDINGS: [&str; 8] = [".json", ".js", ".so.3", ".md", ".mo", ".py", "", ".d.ts"];

/// The archive, in a temporary file that goes with the value.
pub(crate) fn archive() -> NamedTempFile {
    let layers = [
        layer(|l| (0..250_000).for_each(|at| l.file(&system(at), at))),
        layer(|l| (0..100_000).for_each(|at| l.file(&format!("data/objects/{:016x}", mixed(at)), at))),
        layer(|l| (0..120_000).for_each(|at| l.file(&application(at), at))),
        layer(|l| (0..250_000).step_by(25).for_each(|at| l.file(&system(at), at + 1))),
        layer(|l| {
            for at in (0..120_000).step_by(12) {
                let path = application(at);
                let (folder, name) = path.rsplit_once('/').unwrap();
                l.put(&format!("{folder}/.wh.{name}"), 0);
            }
        }),
        layer(|l| (0..30_000).for_each(|at| l.file(&format!("var/{}", system(at)), at))),
    ];
    let digests: Vec<_> = (0..layers.len()).map(|at| format!("sha256:{:064x}", at + 1)).collect();
    let history: Vec<_> = (0..layers.len()).map(|at| json!({ "created_by": format!("RUN step {at}") })).collect();
    let config = json!({
        "architecture": "amd64", "os": "linux", "config": {},
        "rootfs": { "type": "layers", "diff_ids": digests }, "history": history,
    });
    let names: Vec<_> = (0..layers.len()).map(|at| format!("{:064x}/layer.tar", at + 1)).collect();
    let manifest = json!([{ "Config": "config.json", "RepoTags": ["many-files:latest"], "Layers": names }]);

    let file = tempfile::Builder::new().suffix(".tar").tempfile().unwrap();
    let mut archive = Builder::new(file);
    for (name, bytes) in names.iter().zip(&layers) {
        put(&mut archive, EntryType::Regular, name, bytes.as_slice(), bytes.len());
    }
    for (name, document) in [("config.json", config), ("manifest.json", manifest)] {
        let bytes = document.to_string();
        put(&mut archive, EntryType::Regular, name, bytes.as_bytes(), bytes.len());
    }
    archive.into_inner().unwrap()
}

/// `usr/share/PACKAGE/FOLDER/FILE`: 50 files a folder, 10 folders a package.
fn system(at: u64) -> String {
    format!("usr/share/{}-{}/{}/{}", word(at / 500), at / 500, word(at / 50 + 3), file_name(at))
}

/// As [`system`], 6 files a folder, 5 folders a package.
fn application(at: u64) -> String {
    format!("srv/node_modules/{}-{}/{}{}/{}", word(at / 30), at / 30, word(at / 6), at / 6 % 5, file_name(at))
}

fn file_name(at: u64) -> String {
    format!("{}_{}{}", word(at), at % 500, ENDINGS[(mixed(at) >> 50) as usize % ENDINGS.len()])
}

fn word(at: u64) -> &'static str {
    STEMS[(mixed(at) >> 40) as usize % STEMS.len()]
}

/// Numbers that look like chance and are the same every time.
const fn mixed(at: u64) -> u64 {
    (at + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

/// A layer in the making, compressed as it grows: plain, all of them would take half a gigabyte.
struct Layer {
    tar: Builder<GzEncoder<Vec<u8>>>,
    folder: String,
}

fn layer(fill: impl FnOnce(&mut Layer)) -> Vec<u8> {
    let tar = Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
    let mut layer = Layer { tar, folder: String::new() };
    fill(&mut layer);
    layer.tar.into_inner().unwrap().finish().unwrap()
}

impl Layer {
    /// A file of some bytes.
    fn file(&mut self, path: &str, seed: u64) {
        self.put(path, mixed(seed) as usize % 500);
    }

    /// A file, after its directory where that is another than the last one's.
    fn put(&mut self, path: &str, size: usize) {
        let (folder, _) = path.rsplit_once('/').unwrap();
        if folder != self.folder {
            put(&mut self.tar, EntryType::Directory, folder, std::io::empty(), 0);
            folder.clone_into(&mut self.folder);
        }
        put(&mut self.tar, EntryType::Regular, path, std::io::repeat(b'x').take(size as u64), size);
    }
}

fn put<W: std::io::Write>(tar: &mut Builder<W>, kind: EntryType, path: &str, bytes: impl Read, size: usize) {
    let mut header = Header::new_gnu();
    header.set_entry_type(kind);
    header.set_mode(if kind == EntryType::Directory { 0o755 } else { 0o644 });
    header.set_size(size as u64);
    tar.append_data(&mut header, path, bytes).unwrap();
}
