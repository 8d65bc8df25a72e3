//! An image opened from its cached record. Its documents come from the cache; the first read of a file exports the image once,
//! for all layers.

use std::collections::HashMap;
use std::fmt::Debug;
use std::io::{self, Read};
use std::sync::Arc;

use sha2::{Digest, Sha256};

use super::record::{self, KnownLayer, MANIFEST, Record};
use crate::error::SourceError;
use dive_model::blob::Blob;
use dive_model::blob::{Fetch, FetchOnce, Watch};
use dive_model::blob::{TransferProgress, TransferStep};
use dive_model::cache::{Cache, RecordKind};
use dive_model::compression::Decoder;
use dive_model::digest::hex;
use dive_model::remark::{OnDamage, Remark};
use dive_model::store::Archive;

/// An export that may run later, or never.
pub(in super::super) trait ExportLater: Debug + Send + Sync {
    /// Exports the image. If `progress` breaks, the export is cancelled and returns an error.
    fn run(&self, on_damage: OnDamage, progress: Watch<'_>) -> Result<(Archive, Vec<Remark>), SourceError>;
}

/// An image whose record is cached and which is not exported yet.
#[derive(Debug)]
pub(super) struct KnownImage {
    blobs: HashMap<String, Blob>,
    links: Vec<(String, String)>,
}

impl KnownImage {
    /// The image of `record`, with these tags if given.
    pub(super) fn new(
        record: Record,
        export: Arc<dyn ExportLater>,
        kept: (Cache, String),
        tags: Option<&[String]>,
    ) -> Option<Self> {
        let deferred = Arc::new(DeferredExport { export, kept, archive: FetchOnce::default() });
        let mut blobs: HashMap<String, Blob> = HashMap::new();
        for (number, known) in record.layers()?.into_iter().enumerate() {
            let (path, len) = (known.path.clone(), known.len);
            let layer = DeferredLayer { deferred: Arc::clone(&deferred), number, known };
            blobs.insert(path.clone(), Blob::remote(layer, len, path));
        }
        for (path, document) in &record.index {
            blobs.insert(path.clone(), Blob::in_memory(document.clone(), path.as_str()));
        }
        let (path, config) = record.config()?;
        blobs.insert(path.clone(), Blob::in_memory(config, path));
        blobs.insert(MANIFEST.to_owned(), Blob::in_memory(record.manifest(tags)?, MANIFEST));
        Some(Self { blobs, links: record.links })
    }

    /// The blob at this normalized path.
    pub(super) fn blob(&self, name: &str) -> Option<&Blob> {
        self.blobs.get(name)
    }

    /// The archive's links, as in [`Archive::links`].
    pub(super) fn links(&self) -> impl Iterator<Item = (&str, &str)> {
        self.links.iter().map(|(name, target)| (name.as_str(), target.as_str()))
    }
}

/// The progress before the engine has reported a size.
const START: TransferProgress = TransferProgress { step: TransferStep::Export, read: 0, total: None };

/// An export that runs at the first read.
#[derive(Debug)]
struct DeferredExport {
    export: Arc<dyn ExportLater>,
    /// The cache and the key of the record.
    kept: (Cache, String),
    archive: FetchOnce<Arc<Archive>>,
}

impl DeferredExport {
    fn archive(&self, progress: Watch<'_>) -> io::Result<Arc<Archive>> {
        self.archive.get(START, progress, |progress| {
            let (archive, _) = self.export.run(OnDamage::Fail, progress).map_err(io::Error::other)?;
            Ok(Arc::new(archive))
        })
    }
}

/// A layer of the export, by its number: the engine may have renamed its file since.
#[derive(Debug)]
struct DeferredLayer {
    deferred: Arc<DeferredExport>,
    number: usize,
    known: KnownLayer,
}

/// True if the layer has the expected digest. Cached entries must not be combined with the contents of another layer.
fn is_known(known: &KnownLayer, layer: &Blob) -> io::Result<bool> {
    if layer.len() != known.len {
        return Ok(false);
    }
    let mut stored = layer.reader();
    let (_, mut unpacked) = Decoder::sniffing(&mut stored as &mut dyn Read)?;
    let (mut digest, mut piece) = (Sha256::new(), vec![0; 256 << 10]);
    loop {
        match unpacked.read(&mut piece)? {
            0 => return Ok(format!("sha256:{}", hex(&digest.finalize())) == known.diff_id),
            read => digest.update(&piece[..read]),
        }
    }
}

impl Fetch for DeferredLayer {
    fn start(&self) -> TransferProgress {
        START
    }

    fn fetch(&self, progress: Watch<'_>) -> io::Result<Blob> {
        if let Some(layer) = record::layer(&*self.deferred.archive(progress)?, self.number)
            && is_known(&self.known, &layer)?
        {
            return Ok(layer);
        }
        let (cache, key) = &self.deferred.kept;
        cache.remove(RecordKind::Image, key);
        let text = format!(
            "the engine now stores layer {} differently; dive deleted its cached copy of the image: open the image again",
            self.number
        );
        Err(io::Error::new(io::ErrorKind::InvalidData, text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Otherwise a file could show bytes of another layer that has the same length.
    #[test]
    fn a_file_is_not_shown_from_another_layer() {
        let diff_id = format!("sha256:{}", hex(&Sha256::digest(b"the layer")));
        let is = |bytes: &[u8]| {
            let known = KnownLayer { path: "l".to_owned(), len: bytes.len() as u64, diff_id: diff_id.clone() };
            is_known(&known, &Blob::in_memory(bytes, "l")).unwrap()
        };
        assert!(is(b"the layer"));
        assert!(is(&zstd::encode_all(&b"the layer"[..], 1).unwrap()), "however it is packed");
        assert!(!is(b"the lager"));
        let longer = KnownLayer { path: "l".to_owned(), len: 10, diff_id: diff_id.clone() };
        assert!(!is_known(&longer, &Blob::in_memory(*b"the layer", "l")).unwrap());
    }
}
