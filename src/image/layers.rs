//! The layers of a plan as blobs: each is looked up, and one that cannot be had is damage of its own, so that the
//! others can still be shown. Also where a layer gets the id that dive's users know it by.

use std::collections::HashMap;

use super::ImageLayer;
use super::config::ImageConfig;
use super::error::{ImageError, LayerLoss};
use super::history::{HistoryStep, command};
use super::manifest::{LayerKind, layer_kind};
use super::plan::{Wanted, why_missing};
use crate::compression::{Compression, SNIFF_LEN, sniff};
use crate::remark::{OnDamage, Remark};
use crate::source::{Blob, Source, SourceError};
use crate::tarfile;

/// Opens all layers, with what the configuration and the history tell of them.
pub(super) fn open(
    source: &Source,
    wanted: Vec<Wanted>,
    config: &ImageConfig,
    history: &[HistoryStep],
    on_damage: OnDamage,
    remarks: &mut Vec<Remark>,
) -> Result<Vec<ImageLayer>, ImageError> {
    let count = wanted.len() as u32;
    let mut legacy_ids = LegacyIds::of(source);
    let mut layers = Vec::new();
    for (layer, wanted) in (0..count).zip(wanted) {
        let place = || format!("{}: layer {layer}", source.name());
        let diff_id = config.diff_ids().get(layer as usize).cloned();
        let blob = open_layer(source, &wanted, &place, remarks).map(|blob| {
            match source.identity(wanted.digest.as_deref(), diff_id.as_deref()) {
                Some(identity) => blob.identified(identity),
                None => blob,
            }
        });
        if let Err(loss) = &blob {
            let error = ImageError::Layer { archive: source.name().to_owned(), layer, count, loss: loss.clone() };
            if on_damage == OnDamage::Fail {
                return Err(error);
            }
            remarks.push(Remark::survived(&place(), loss, "the layer is left out"));
        }
        let step = history.iter().find(|step| step.layer == Some(layer));
        let created_by = step.map(|step| step.created_by.clone()).unwrap_or_default();
        layers.push(ImageLayer {
            id: legacy_ids.id(&wanted),
            size: blob.as_ref().map(Blob::len).ok().or(wanted.size),
            digest: wanted.digest,
            diff_id,
            media_type: wanted.media_type,
            command: command(&created_by).to_owned(),
            created_by,
            comment: step.map(|step| step.comment.clone()).unwrap_or_default(),
            blob,
        });
    }
    Ok(layers)
}

fn open_layer(
    source: &Source,
    wanted: &Wanted,
    place: &dyn Fn() -> String,
    remarks: &mut Vec<Remark>,
) -> Result<Blob, LayerLoss> {
    let path = wanted.path.as_ref().map_err(|cause| LayerLoss::Digest(cause.clone()))?;
    let blob = match source.blob(path) {
        Ok(blob) => blob,
        Err(SourceError::Missing { .. }) if !wanted.urls.is_empty() => {
            return Err(LayerLoss::Foreign { path: path.clone(), urls: wanted.urls.clone() });
        }
        Err(error @ SourceError::DanglingLink { .. }) => return Err(unreadable(source, &error)),
        Err(error) if error.is_absence() => {
            return Err(LayerLoss::Missing { path: path.clone(), hint: why_missing(source) });
        }
        Err(error) => return Err(unreadable(source, &error)),
    };
    if let Some(size) = wanted.size.filter(|size| *size != blob.len()) {
        let text = format!("the manifest gives its size as {size} bytes, and {} are there; they are read", blob.len());
        remarks.push(Remark::new(place(), text));
    }
    let media_type = wanted.media_type.as_deref();
    match (layer_kind(media_type), media_type) {
        (LayerKind::Encrypted, Some(media_type)) => {
            let first = blob.first_bytes(SNIFF_LEN).map_err(|error| LayerLoss::Unreadable(error.to_string()))?;
            if sniff(&first) == Compression::None && !tarfile::is_header(&first) {
                return Err(LayerLoss::Encrypted { path: path.clone(), media_type: media_type.to_owned() });
            }
            // Podman goes by the bytes too.
            let text = format!("is called encrypted ({media_type}) and is not; it is read as what it is");
            remarks.push(Remark::new(place(), text));
        }
        (LayerKind::Unknown, Some(media_type)) => {
            let text = format!("has the media type {media_type}, which no layer has; it is read as what it is");
            remarks.push(Remark::new(place(), text));
        }
        _ => {}
    }
    Ok(blob)
}

/// The error without the archive's name, which the message about the layer has already.
fn unreadable(source: &Source, error: &SourceError) -> LayerLoss {
    let text = error.to_string();
    let own = text.strip_prefix(source.name()).map_or(text.as_str(), |rest| rest.trim_start_matches(": "));
    LayerLoss::Unreadable(own.to_owned())
}

/// The ids from before layers were named by digest. Docker up to 24 keeps them in the path (`ID/layer.tar`); podman
/// and skopeo write links of that name to the layers.
struct LegacyIds {
    /// For each layer's path the ids of the links to it, the next to use last.
    links: HashMap<String, Vec<String>>,
}

impl LegacyIds {
    fn of(source: &Source) -> Self {
        let mut links: HashMap<String, Vec<String>> = HashMap::new();
        for (name, target) in source.links() {
            if let Some(id) = legacy_id(name) {
                links.entry(target.to_owned()).or_default().push(id.to_owned());
            }
        }
        // A layer that is there twice has two links, which stand in the order of the layers.
        for ids in links.values_mut() {
            ids.reverse();
        }
        Self { links }
    }

    fn id(&mut self, wanted: &Wanted) -> String {
        let Ok(path) = &wanted.path else { return wanted.digest.clone().unwrap_or_default() };
        let plain = path.trim_start_matches("./");
        if let Some(id) = legacy_id(plain) {
            return id.to_owned();
        }
        let linked = self.links.get_mut(plain).and_then(Vec::pop);
        // Without either, the name of the blob is all that tells it from others; dive shows it too.
        linked.or_else(|| wanted.digest.clone()).unwrap_or_else(|| plain.to_owned())
    }
}

fn legacy_id(path: &str) -> Option<&str> {
    path.strip_suffix("/layer.tar").filter(|id| !id.is_empty() && !id.contains('/'))
}
