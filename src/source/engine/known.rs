//! An image that is known from before: its documents are here, its layers are in the engine until somebody looks into a file.
//! Then the image is exported once, for all of them.

use std::collections::HashMap;
use std::io;
use std::sync::Arc;

use super::export::Export;
use super::record::{self, MANIFEST, Record};
use crate::cache::{Cache, Kind};
use crate::remark::OnDamage;
use crate::source::archive::Archive;
use crate::source::blob::Blob;
use crate::source::remote::{Fetch, Fetched, Watch};
use crate::source::spool::{SpoolProgress, SpoolStep};

/// An image that was not exported.
#[derive(Debug)]
pub(super) struct KnownImage {
    blobs: HashMap<String, Blob>,
    links: Vec<(String, String)>,
}

impl KnownImage {
    /// The image of `record`, under these tags.
    pub(super) fn new(record: Record, export: Export, kept: (Cache, String), tags: &[String]) -> Option<Self> {
        let late = Arc::new(Late { export, kept, archive: Fetched::default() });
        let mut blobs: HashMap<String, Blob> = HashMap::new();
        for (number, (path, len)) in record.layers()?.into_iter().enumerate() {
            let layer = LateLayer { late: Arc::clone(&late), number, len };
            blobs.insert(path.clone(), Blob::remote(layer, len, path));
        }
        let (path, config) = record.config()?;
        blobs.insert(path.clone(), Blob::in_memory(config, path));
        blobs.insert(MANIFEST.to_owned(), Blob::in_memory(record.manifest(tags)?, MANIFEST));
        Some(Self { blobs, links: record.links })
    }

    /// The bytes of that name, written in the one way.
    pub(super) fn blob(&self, name: &str) -> Option<&Blob> {
        self.blobs.get(name)
    }

    /// The archive's links, as [`Archive::links`] has them.
    pub(super) fn links(&self) -> impl Iterator<Item = (&str, &str)> {
        self.links.iter().map(|(name, target)| (name.as_str(), target.as_str()))
    }
}

/// Before the engine has said how large the image is.
const START: SpoolProgress = SpoolProgress { step: SpoolStep::Export, read: 0, total: None };

/// The export that was not needed yet.
#[derive(Debug)]
struct Late {
    export: Export,
    /// Where what is known of it is kept, and under which key.
    kept: (Cache, String),
    archive: Fetched<Arc<Archive>>,
}

impl Late {
    fn archive(&self, progress: Watch<'_>) -> io::Result<Arc<Archive>> {
        self.archive.get(START, progress, |progress| {
            let (archive, _) = self.export.run(OnDamage::Fail, progress).map_err(io::Error::other)?;
            Ok(Arc::new(archive))
        })
    }
}

/// One layer of it, by its number: an engine may write other names by now.
#[derive(Debug)]
struct LateLayer {
    late: Arc<Late>,
    number: usize,
    len: u64,
}

impl Fetch for LateLayer {
    fn start(&self) -> SpoolProgress {
        START
    }

    fn fetch(&self, progress: Watch<'_>) -> io::Result<Blob> {
        let layer = record::layer(&*self.late.archive(progress)?, self.number);
        layer.filter(|layer| layer.len() == self.len).ok_or_else(|| {
            let (cache, key) = &self.late.kept;
            cache.remove(Kind::Image, key);
            let text = format!(
                "the engine stores layer {} in another way than when dive read it; what was kept of the image is forgotten: \
                 open it again",
                self.number
            );
            io::Error::new(io::ErrorKind::InvalidData, text)
        })
    }
}
