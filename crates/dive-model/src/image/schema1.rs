//! Docker schema 1 manifests, which have no configuration. `fsLayers` lists the layers and `history` the build steps,
//! both top first; a step is the JSON of a layer as in Docker 1.9, in a string. Diff ids are unknown.

use super::config::ImageConfig;
use super::document::{self, DocumentKind};
use super::error::ImageError;
use super::legacy::LayerDocument;
use super::manifest::FsLayer;
use super::plan::BlobReference;
use super::platform::Platform;
use crate::blob::Blob;
use crate::json::{Decode, JsonKey, List, Object};
use crate::remark::Remark;
use crate::store::Store;

/// Content of a schema 1 manifest.
#[derive(Debug)]
pub(super) struct Schema1 {
    /// The document of the top layer, with the history of all layers.
    pub(super) config: ImageConfig,
    /// Layers, base first.
    pub(super) layers: Vec<BlobReference>,
}

#[derive(Debug, Default)]
struct Manifest {
    fs_layers: List<FsLayer>,
    history: List<HistoryItem>,
}

impl Object for Manifest {
    fn field(&mut self, key: &JsonKey<'_>) -> Option<&mut dyn Decode> {
        Some(match key {
            _ if key.is("fsLayers") => &mut self.fs_layers,
            _ if key.is("history") => &mut self.history,
            _ => return None,
        })
    }
}

#[derive(Debug, Default)]
struct HistoryItem {
    v1_compatibility: String,
}

impl Object for HistoryItem {
    fn field(&mut self, key: &JsonKey<'_>) -> Option<&mut dyn Decode> {
        key.is("v1Compatibility").then_some(&mut self.v1_compatibility)
    }
}

impl HistoryItem {
    /// Decodes the JSON of step `at`, from 0 at the top.
    fn read<T: Decode + Default>(
        &self,
        at: usize,
        manifest: &Blob,
        store: &dyn Store,
        remarks: &mut Vec<Remark>,
    ) -> Result<T, ImageError> {
        let name = format!("{}: history[{at}].v1Compatibility", manifest.name());
        let blob = Blob::in_memory(self.v1_compatibility.as_bytes(), name);
        document::read(store, &blob, DocumentKind::OciDocument, remarks)
    }
}

impl Schema1 {
    /// Reads `manifest`.
    pub(super) fn read(store: &dyn Store, manifest: &Blob, remarks: &mut Vec<Remark>) -> Result<Self, ImageError> {
        let problem = |problem| ImageError::Manifest {
            archive: store.name().to_owned(),
            document: manifest.name().to_owned(),
            problem,
        };
        // The caller has already remarked on the bytes of the manifest.
        let Manifest { fs_layers, history } =
            document::read(store, manifest, DocumentKind::OciDocument, &mut Vec::new())?;
        if fs_layers.0.len() != history.0.len() {
            return Err(problem("has different numbers of layers (fsLayers) and build steps (history)"));
        }
        let Some(top) = history.0.first() else { return Err(problem("lists no layers")) };
        let mut config: ImageConfig = top.read(0, manifest, store, &mut Vec::new())?;
        config.rootfs = None;
        config.history.0.clear();
        let mut layers = Vec::new();
        let mut below: Option<String> = None;
        for (at, (layer, step)) in fs_layers.0.into_iter().zip(&history.0).enumerate().rev() {
            let mut document: LayerDocument = step.read(at, manifest, store, remarks)?;
            let id = document.take_id();
            // Old versions of Docker pushed some layers twice in a row; engines use the lower one.
            if id.is_some() && id == below {
                continue;
            }
            below = id;
            // The blob of a throwaway layer is an empty tar, for a step without a layer.
            if !document.is_throwaway() {
                layers.push(BlobReference::of_digest(layer.blob_sum));
            }
            config.history.0.push(document.into());
        }
        Ok(Self { config, layers })
    }

    /// Platform in `manifest`, if readable.
    pub(super) fn platform(store: &dyn Store, manifest: &Blob) -> Option<Platform> {
        Self::read(store, manifest, &mut Vec::new()).ok()?.config.platform()
    }
}
