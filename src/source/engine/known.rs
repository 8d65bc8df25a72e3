//! An image that is known from before: its documents are here, its layers are in the engine until somebody looks into a file.
//! Then the image is exported once, for all of them.

use std::collections::HashMap;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use super::export::Export;
use super::record::{MANIFEST, Record};
use crate::remark::OnDamage;
use crate::source::archive::Archive;
use crate::source::blob::Blob;
use crate::source::remote::Fetch;

/// An image that was not exported.
#[derive(Debug)]
pub(super) struct KnownImage {
    blobs: HashMap<String, Blob>,
    links: Vec<(String, String)>,
}

impl KnownImage {
    /// The image of `record`, under these tags.
    pub(super) fn new(record: Record, export: Export, tags: &[String]) -> Option<Self> {
        let late = Arc::new(Late { export, archive: Mutex::default() });
        let mut blobs: HashMap<String, Blob> = HashMap::new();
        for (path, len) in record.layers()? {
            let layer = LateLayer { late: Arc::clone(&late), path: path.clone(), len };
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

/// The export that was not needed yet.
#[derive(Debug)]
struct Late {
    export: Export,
    archive: Mutex<Option<Arc<Archive>>>,
}

impl Late {
    fn archive(&self) -> io::Result<Arc<Archive>> {
        let mut here = self.archive.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(archive) = &*here {
            return Ok(Arc::clone(archive));
        }
        let (archive, _) = self.export.run(OnDamage::Fail, &mut |_| ()).map_err(io::Error::other)?;
        let archive = Arc::new(archive);
        *here = Some(Arc::clone(&archive));
        Ok(archive)
    }
}

/// One layer of it.
#[derive(Debug)]
struct LateLayer {
    late: Arc<Late>,
    path: String,
    len: u64,
}

impl Fetch for LateLayer {
    fn fetch(&self) -> io::Result<Blob> {
        let blob = self.late.archive()?.open(&self.path).map_err(io::Error::other)?;
        if blob.len() == self.len {
            return Ok(blob);
        }
        let text = format!(
            "{} has {} bytes and had {} when it was last exported: the engine stores it in another way now; start dive \
             with --no-cache",
            self.path,
            blob.len(),
            self.len
        );
        Err(io::Error::new(io::ErrorKind::InvalidData, text))
    }
}
