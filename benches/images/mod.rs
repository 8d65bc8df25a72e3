//! Generated images that all benchmarks measure: of any size, shaped like real ones, and byte for byte reproducible.
//!
//! ```text
//! layer 0   a system in usr/share, half of all entries: 50 files a folder, 10 folders a package
//! layer 1   besides what every later layer has: the crowd, in data/objects, and the deep path, in srv/deep
//! layer 1.. an application in srv/node_modules: 6 files a folder, 5 folders a package; a 50th of all entries are
//!           files of the system that are written again, half of them with the same bytes; and the whiteouts,
//!           of files of the system and, one in 20, of a whole folder
//! ```
//!
//! Each directory precedes its contents in the tar, as engines write it. One file in three has content, up to 500
//! bytes: two million entries take 1.3 GB uncompressed.

mod layer;
mod paths;

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;
use std::sync::Arc;

use dive_model::image::{self, Image, Selection};
use dive_model::observer::Silent;
use dive_model::remark::OnDamage;
use dive_sources::{Reference, Source};
use flate2::write::GzEncoder;
use serde_json::json;
use sha2::{Digest, Sha256};
use tar::{Builder, Header};
use tempfile::NamedTempFile;

use layer::Layer;

/// Opens an image archive.
pub(crate) fn open(archive: &Path) -> Arc<Image> {
    let source = Source::open(&Reference::from(archive.to_owned()), &OnDamage::Fail.into(), &Silent).unwrap();
    Arc::new(image::open(source.store(), &Selection::default(), OnDamage::Fail).unwrap())
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Codec {
    Plain,
    Gzip,
    Zstd,
}

/// Size and shape of a generated image.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Shape {
    /// Tar members of all layers, including directories and whiteouts.
    pub(crate) entries: u64,
    /// At least two.
    pub(crate) layers: u64,
    /// At most one in 20 entries.
    pub(crate) whiteouts: u64,
    /// Files in one single directory.
    pub(crate) crowd: u64,
    /// Nesting depth of directories. 5,000 levels make a path of 15 KiB; the limit is 16 KiB.
    pub(crate) depth: u64,
}

/// A layer of several images.
pub(crate) struct MadeLayer {
    diff_id: String,
    blob: Vec<u8>,
}

/// Writes an image of these layers as `docker save` does.
pub(crate) fn write_archive(path: &Path, layers: &[MadeLayer]) {
    let names: Vec<_> = (0..layers.len()).map(|at| format!("{at}/layer.tar")).collect();
    let config = json!({
        "architecture": "amd64", "os": "linux", "config": {},
        "rootfs": { "type": "layers", "diff_ids": layers.iter().map(|layer| &layer.diff_id).collect::<Vec<_>>() },
    });
    let manifest = json!([{ "Config": "config.json", "RepoTags": ["made:latest"], "Layers": names }]);
    let documents = [("config.json", config.to_string()), ("manifest.json", manifest.to_string())];
    let layers = names.iter().zip(layers).map(|(name, layer)| (name.as_str(), layer.blob.as_slice()));
    let mut archive = Builder::new(File::create(path).unwrap());
    for (name, bytes) in layers.chain(documents.iter().map(|(name, text)| (*name, text.as_bytes()))) {
        let mut header = header();
        header.set_size(bytes.len() as u64);
        archive.append_data(&mut header, name, bytes).unwrap();
    }
    archive.finish().unwrap();
}

impl Shape {
    /// An ordinary image: 10 layers, and as many whiteouts as overwritten files.
    pub(crate) const fn usual(entries: u64) -> Self {
        Self { entries, layers: 10, whiteouts: entries / 50, crowd: 0, depth: 0 }
    }

    /// A gzip layer with its true digest, for images that share layers. Layers after the last one have paths of their own, too.
    pub(crate) fn gzip_layer(&self, index: u64) -> MadeLayer {
        let tar = self.fill_layer(index, Vec::new());
        let diff_id =
            Sha256::digest(&tar).iter().fold("sha256:".to_owned(), |text, byte| text + &format!("{byte:02x}"));
        let mut encoder = GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(&tar).unwrap();
        MadeLayer { diff_id, blob: encoder.finish().unwrap() }
    }

    /// Writes the image as `docker save` does, to a temporary file.
    pub(crate) fn archive(&self, codec: Codec) -> NamedTempFile {
        let file = tempfile::Builder::new().suffix(".tar").tempfile().unwrap();
        let mut archive = Builder::new(file);
        let names: Vec<_> = (1..=self.layers).map(|at| format!("{at:064x}/layer.tar")).collect();
        for (index, name) in (0..).zip(&names) {
            let mut header = header();
            let mut member = archive.append_writer(&mut header, name).unwrap();
            self.write_layer(index, codec, BufWriter::with_capacity(1 << 16, &mut member));
            member.finish().unwrap();
        }
        let digests: Vec<_> = (1..=self.layers).map(|at| format!("sha256:{at:064x}")).collect();
        let history: Vec<_> = (0..self.layers).map(|at| json!({ "created_by": format!("RUN step {at}") })).collect();
        let config = json!({
            "architecture": "amd64", "os": "linux", "config": {},
            "rootfs": { "type": "layers", "diff_ids": digests }, "history": history,
        });
        let manifest = json!([{ "Config": "config.json", "RepoTags": ["made:latest"], "Layers": names }]);
        for (name, document) in [("config.json", config), ("manifest.json", manifest)] {
            let bytes = document.to_string();
            let mut header = header();
            header.set_size(bytes.len() as u64);
            archive.append_data(&mut header, name, bytes.as_bytes()).unwrap();
        }
        archive.into_inner().unwrap()
    }

    fn write_layer(&self, index: u64, codec: Codec, mut out: impl Write) {
        match codec {
            Codec::Plain => drop(self.fill_layer(index, &mut out)),
            Codec::Gzip => {
                let encoder = GzEncoder::new(&mut out, flate2::Compression::fast());
                self.fill_layer(index, encoder).finish().unwrap();
            }
            Codec::Zstd => {
                let encoder = zstd::Encoder::new(&mut out, 1).unwrap();
                self.fill_layer(index, encoder).finish().unwrap();
            }
        }
        out.flush().unwrap();
    }

    fn fill_layer<W: Write>(&self, index: u64, out: W) -> W {
        let mut layer = Layer::new(self.entries_of(index), out);
        if index == 0 {
            layer.fill(|layer, at| layer.usual(paths::system, at));
            return layer.finish();
        }
        if index == 1 {
            self.add_crowd_and_depth(&mut layer);
        }
        for at in self.part(self.entries / 50, index) {
            let file = 6 * at;
            layer.file(&paths::system(file), if at % 2 == 0 { file } else { file + 1 });
        }
        for at in self.part(self.whiteouts, index) {
            // Files that no later layer overwrites, then whole folders beyond them.
            let removed = if at % 20 == 19 {
                paths::folder(&paths::system(self.entries * 3 / 10 + at / 20 * 50)).to_owned()
            } else {
                paths::system(6 * at + 3)
            };
            layer.whiteout(&removed);
        }
        assert!(layer.has_room(), "layer {index} is too small for its fixed entries: {self:?}");
        // Each layer adds paths of its own.
        layer.fill(|layer, at| layer.usual(paths::application, at + (index << 22)));
        layer.finish()
    }

    fn add_crowd_and_depth<W: Write>(&self, layer: &mut Layer<W>) {
        for at in 0..self.crowd {
            layer.file(&paths::object(at), at);
        }
        let mut path = "srv/deep".to_owned();
        for level in 0..self.depth {
            path.push('/');
            path.push_str(&paths::level(level));
        }
        if self.depth > 0 {
            layer.file(&(path + "/f"), 0);
        }
    }

    /// Number of tar members of a layer.
    fn entries_of(&self, index: u64) -> u64 {
        let base = self.entries / 2;
        let odd = self.crowd + self.depth;
        let shared = self.entries - base - odd;
        match index {
            0 => base,
            1 => odd + range_of(shared, 0, self.layers - 1).count() as u64,
            _ => range_of(shared, index - 1, self.layers - 1).count() as u64,
        }
    }

    /// The share of layer `index` in `count` items that all layers except the first divide among them.
    fn part(&self, count: u64, index: u64) -> std::ops::Range<u64> {
        range_of(count, index - 1, self.layers - 1)
    }
}

/// The range at `index` when `count` items are divided into `parts` equal ranges.
fn range_of(count: u64, index: u64, parts: u64) -> std::ops::Range<u64> {
    count * index / parts..count * (index + 1) / parts
}

/// Header of a regular file of root with mode 0644.
fn header() -> Header {
    let mut header = Header::new_gnu();
    header.set_mode(0o644);
    header.set_uid(0);
    header.set_gid(0);
    header.set_mtime(1_700_000_000);
    header.set_size(0);
    header
}
