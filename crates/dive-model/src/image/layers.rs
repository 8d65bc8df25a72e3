//! Looks up the layers of a plan as blobs. A missing layer is damage of that layer alone, so that the others can be
//! shown. Also determines the layer ids of dive's JSON.

use std::borrow::Cow;
use std::collections::HashMap;

use super::ImageLayer;
use super::config::ImageConfig;
use super::error::{ImageError, LayerLoss};
use super::history::{HistoryStep, command};
use super::layer_kind::{LayerKind, OtherContent, sniff};
use super::plan::{BlobReference, why_missing};
use crate::blob::Blob;
use crate::layer::LayerBlob;
use crate::remark::{OnDamage, Remark, Shown};
use crate::store::{Store, StoreError};

/// The located layers of an image, not yet matched to the configuration.
pub(super) struct FoundLayers {
    layers: Vec<(BlobReference, Result<Blob, LayerLoss>)>,
}

impl FoundLayers {
    /// Looks up all layers. A missing or damaged one is an error, or a remark with [`OnDamage::Remark`].
    pub(super) fn in_store(
        store: &dyn Store,
        reference: Vec<BlobReference>,
        on_damage: OnDamage,
        remarks: &mut Vec<Remark>,
    ) -> Result<Self, ImageError> {
        let count = reference.len() as u32;
        let mut layers = Vec::new();
        for (layer, reference) in (0..count).zip(reference) {
            let place = || format!("{}: layer {layer}", store.name());
            let blob = open_layer(store, &reference, &place, remarks);
            match &blob {
                Ok(_) | Err(LayerLoss::NotATar { .. }) => {}
                Err(loss) if on_damage == OnDamage::Fail => {
                    let (archive, loss) = (store.name().to_owned(), loss.clone());
                    return Err(ImageError::Layer { archive, layer, count, loss });
                }
                Err(loss) => remarks.push(Remark::tolerated(&place(), loss, "dive skips the layer")),
            }
            layers.push((reference, blob));
        }
        let found = Self { layers };
        found.refuse_without_tar(store)?;
        found.warn_of_file_systems(store, remarks);
        Ok(found)
    }

    /// Fails if no layer is a tar.
    fn refuse_without_tar(&self, store: &dyn Store) -> Result<(), ImageError> {
        let others: Option<Vec<String>> = self
            .layers
            .iter()
            .enumerate()
            .map(|(layer, (reference, blob))| {
                let content = other_content(blob)?;
                let media_type =
                    reference.media_type.as_ref().map_or_else(String::new, |text| format!(" ({})", Shown(text)));
                Some(format!("layer {layer} is {}{media_type}", content.name))
            })
            .collect();
        match others {
            Some(others) if !others.is_empty() => {
                let more = others.len().saturating_sub(MAX_LISTED);
                let rest = (more > 0).then(|| format!("and {more} more"));
                let found = others.into_iter().take(MAX_LISTED).chain(rest).collect::<Vec<_>>().join("; ");
                Err(ImageError::NoTarLayer { archive: store.name().to_owned(), found })
            }
            _ => Ok(()),
        }
    }

    fn warn_of_file_systems(&self, store: &dyn Store, remarks: &mut Vec<Remark>) {
        for (layer, (_, blob)) in self.layers.iter().enumerate() {
            if let Some(content) = other_content(blob).filter(|it| it.is_file_system) {
                let text = format!("it is {}; dive does not show its files", content.name);
                remarks.push(Remark::new(format!("{}: layer {layer}", store.name()), text));
            }
        }
    }

    pub(super) const fn count(&self) -> usize {
        self.layers.len()
    }

    /// The layers that `count` entries of the configuration describe: all; or those that are part of the file system,
    /// or that are tars, if their number is `count`.
    pub(super) fn described_by(&self, count: usize) -> Vec<u32> {
        let every: Vec<u32> = self.places(|_, _| true);
        let choices = [
            every.clone(),
            self.places(|_, blob| !is_data(blob)),
            self.places(|_, blob| other_content(blob).is_none()),
        ];
        choices.into_iter().find(|layers| layers.len() == count).unwrap_or(every)
    }

    fn places(&self, matches: impl Fn(&BlobReference, &Result<Blob, LayerLoss>) -> bool) -> Vec<u32> {
        let matching = (0..).zip(&self.layers).filter(|(_, (reference, blob))| matches(reference, blob));
        matching.map(|(layer, _)| layer).collect()
    }

    /// Decides which layers the `diff_ids` describe, if there are fewer. containerd leaves out layers of unknown media
    /// types; for others, the bytes show whether they are tars.
    pub(super) fn match_diff_ids(
        &mut self,
        store: &dyn Store,
        diff_ids: usize,
        on_damage: OnDamage,
        remarks: &mut Vec<Remark>,
    ) -> Result<(), ImageError> {
        if diff_ids > 0 && self.described_by(diff_ids).len() != diff_ids {
            let is_unknown = |reference: &BlobReference| reference.kind == LayerKind::Unknown;
            let choices = [
                self.places(|reference, blob| !is_unknown(reference) && !is_data(blob)),
                self.places(|reference, blob| !is_unknown(reference) && other_content(blob).is_none()),
            ];
            if let Some(described) = choices.into_iter().find(|layers| layers.len() == diff_ids) {
                self.leave_out(|layer, reference| {
                    (is_unknown(reference) && !described.contains(&layer)).then_some(UNKNOWN_LAYER)
                });
                self.refuse_without_tar(store)?;
            }
        }
        if diff_ids > 0 && self.described_by(diff_ids).len() != diff_ids && on_damage == OnDamage::Remark {
            let others = self.mislabelled();
            if self.places(|_, blob| other_content(blob).is_none()).len() == diff_ids + others.len() {
                self.leave_out(|layer, _| others.iter().find(|(at, _)| *at == layer).map(|(_, content)| *content));
                self.refuse_without_tar(store)?;
                self.warn_of_file_systems(store, remarks);
            }
        }
        for (layer, (reference, blob)) in self.layers.iter().enumerate() {
            if let (LayerKind::Unknown, Some(media_type), Ok(_)) = (reference.kind, &reference.media_type, blob) {
                let text = format!("has the unknown media type {media_type}; dive reads it by its content");
                remarks.push(Remark::new(format!("{}: layer {layer}", store.name()), text));
            }
        }
        Ok(())
    }

    /// Refuses empty blobs of layers whose diff id is another: some builders write one for a layer that they do not have.
    pub(super) fn refuse_stubs(
        &mut self,
        store: &dyn Store,
        diff_ids: &[String],
        on_damage: OnDamage,
        remarks: &mut Vec<Remark>,
    ) -> Result<(), ImageError> {
        let count = self.count() as u32;
        for (layer, diff_id) in self.described_by(diff_ids.len()).into_iter().zip(diff_ids) {
            let Some((reference, blob)) = self.layers.get_mut(layer as usize) else { continue };
            if !blob.as_ref().is_ok_and(Blob::is_empty) || !is_of_content(diff_id) {
                continue;
            }
            let path = reference.path.as_ref().map_or(Cow::Borrowed(""), |path| store.file_name(path));
            let loss = LayerLoss::Empty { path: path.into_owned() };
            if on_damage == OnDamage::Fail {
                return Err(ImageError::Layer { archive: store.name().to_owned(), layer, count, loss });
            }
            remarks.push(Remark::tolerated(&format!("{}: layer {layer}", store.name()), &loss, "dive skips the layer"));
            *blob = Err(loss);
        }
        Ok(())
    }

    /// Replaces the blobs of layers with other content by a loss.
    fn leave_out(&mut self, content_of: impl Fn(u32, &BlobReference) -> Option<OtherContent>) {
        for (layer, (reference, blob)) in (0..).zip(&mut self.layers) {
            let Ok(found) = &blob else { continue };
            if let Some(content) = content_of(layer, reference) {
                let (media_type, size) = (reference.media_type.clone(), Some(found.len()));
                *blob = Err(LayerLoss::NotATar { content, media_type, size });
            }
        }
    }

    /// Layers with the media type of a tar, or none, but other content.
    fn mislabelled(&self) -> Vec<(u32, OtherContent)> {
        let blobs = (0..).zip(&self.layers).filter_map(|(layer, (_, blob))| Some((layer, blob.as_ref().ok()?)));
        blobs.filter_map(|(layer, blob)| Some((layer, sniff(blob).ok()??))).collect()
    }

    /// Lists mislabelled layers, as the end of a message; empty if there are none.
    pub(super) fn describe_mislabelled(&self) -> String {
        let others: Vec<_> =
            self.mislabelled().iter().map(|(layer, content)| format!("; layer {layer} is {}", content.name)).collect();
        let more = others.len().saturating_sub(MAX_LISTED);
        let rest = match more {
            0 => String::new(),
            1 => "; 1 more layer is not a tar".to_owned(),
            more => format!("; {more} more layers are not tars"),
        };
        others.into_iter().take(MAX_LISTED).collect::<String>() + &rest
    }

    /// Adds the information of configuration and history to the layers.
    pub(super) fn described(self, store: &dyn Store, config: &ImageConfig, history: &[HistoryStep]) -> Vec<ImageLayer> {
        let described = self.described_by(config.diff_ids().len());
        let mut diff_ids: HashMap<u32, &String> = described.into_iter().zip(config.diff_ids()).collect();
        let mut legacy_ids = LegacyIds::of(store);
        let layers = (0..).zip(self.layers);
        layers
            .map(|(layer, (reference, blob))| {
                let diff_id = diff_ids.remove(&layer).cloned();
                let step = history.iter().find(|step| step.layer == Some(layer));
                of_layer(store, reference, blob, diff_id, step, &mut legacy_ids)
            })
            .collect()
    }
}

/// Content of a layer of unknown type that the configuration does not describe.
const UNKNOWN_LAYER: OtherContent = OtherContent { name: "a layer of an unknown type", is_file_system: false };

/// True for the SHA-256 digest of at least one byte.
fn is_of_content(digest: &str) -> bool {
    const OF_NOTHING: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    let hex = digest.strip_prefix("sha256:").filter(|hex| hex.len() == OF_NOTHING.len());
    hex.is_some_and(|hex| hex.bytes().all(|byte| byte.is_ascii_hexdigit()) && !hex.eq_ignore_ascii_case(OF_NOTHING))
}

fn other_content(blob: &Result<Blob, LayerLoss>) -> Option<OtherContent> {
    blob.as_ref().err().and_then(LayerLoss::other_content)
}

fn is_data(blob: &Result<Blob, LayerLoss>) -> bool {
    blob.as_ref().is_err_and(|loss| !loss.is_damage())
}

/// Maximum number of layers to list in an error.
const MAX_LISTED: usize = 5;

fn of_layer(
    store: &dyn Store,
    reference: BlobReference,
    blob: Result<Blob, LayerLoss>,
    diff_id: Option<String>,
    step: Option<&HistoryStep>,
    legacy_ids: &mut LegacyIds,
) -> ImageLayer {
    let blob = blob.map(|blob| match store.identity(reference.digest.as_deref(), diff_id.as_deref()) {
        Some(identity) => LayerBlob::from(blob.identified(identity)),
        None => blob.into(),
    });
    // Tables of layers show the command. For a layer that is not a tar, they show its content.
    let other = blob.as_ref().err().filter(|loss| loss.other_content().is_some()).map(ToString::to_string);
    let created_by = other.or_else(|| step.map(|step| step.created_by.clone())).unwrap_or_default();
    ImageLayer {
        id: legacy_ids.id(&reference),
        size: blob.as_ref().map(|blob| blob.len()).ok().or(reference.size),
        digest: reference.digest,
        diff_id,
        media_type: reference.media_type,
        command: command(&created_by).to_owned(),
        created_by,
        comment: step.map(|step| step.comment.clone()).unwrap_or_default(),
        lines: None,
        blob,
    }
}

fn open_layer(
    store: &dyn Store,
    reference: &BlobReference,
    place: &dyn Fn() -> String,
    remarks: &mut Vec<Remark>,
) -> Result<Blob, LayerLoss> {
    let (kind, media_type) = (reference.kind, reference.media_type.as_deref());
    let not_a_tar = |content, size| LayerLoss::NotATar { content, media_type: reference.media_type.clone(), size };
    if let LayerKind::Other(content) = kind
        && !content.is_file_system
    {
        // The bytes are not needed.
        return Err(not_a_tar(content, reference.size));
    }
    let blob = find_blob(store, reference)?;
    if let Some(size) = reference.size.filter(|size| *size != blob.len()) {
        let text =
            format!("the manifest gives its size as {size} bytes, but it has {}; dive reads all of them", blob.len());
        remarks.push(Remark::new(place(), text));
    }
    let sniffed = || sniff(&blob).map_err(|error| LayerLoss::Unreadable(error.to_string()));
    match (kind, media_type) {
        // Podman reads layers that are labelled encrypted but are not.
        (LayerKind::Other(_), Some(media_type)) if media_type.ends_with("+encrypted") && sniffed()?.is_none() => {
            let text =
                format!("has the media type of an encrypted layer ({media_type}) but is not encrypted; dive reads it");
            remarks.push(Remark::new(place(), text));
        }
        (LayerKind::Other(content), _) => return Err(not_a_tar(content, Some(blob.len()))),
        (LayerKind::Unknown, _) => {
            if let Some(content) = sniffed()? {
                return Err(not_a_tar(content, Some(blob.len())));
            }
        }
        _ => {}
    }
    Ok(blob)
}

fn find_blob(store: &dyn Store, reference: &BlobReference) -> Result<Blob, LayerLoss> {
    let path = reference.path.as_ref().map_err(|cause| LayerLoss::Digest(cause.clone()))?;
    if path.is_empty() {
        return Err(LayerLoss::Unnamed);
    }
    match store.blob(path) {
        Ok(blob) => Ok(blob),
        Err(StoreError::Missing { .. }) if !reference.urls.is_empty() => {
            Err(LayerLoss::Foreign { path: store.file_name(path).into_owned(), urls: reference.urls.clone() })
        }
        Err(error) if error.is_absence() => {
            Err(LayerLoss::Missing { path: store.file_name(path).into_owned(), hint: why_missing(store) })
        }
        Err(error) => Err(unreadable(store, &error)),
    }
}

/// Strips the archive's name from the error, because the message about the layer already has it.
fn unreadable(store: &dyn Store, error: &StoreError) -> LayerLoss {
    let text = error.to_string();
    let own = text.strip_prefix(store.name()).map_or(text.as_str(), |rest| rest.trim_start_matches(": "));
    LayerLoss::Unreadable(own.to_owned())
}

/// Layer ids from before layers were named by digest. Docker up to 24 has them in the path (`ID/layer.tar`); podman and
/// skopeo write links of that name to the layers.
struct LegacyIds {
    /// For each layer path, the ids of links to it, next one last.
    links: HashMap<String, Vec<String>>,
}

impl LegacyIds {
    fn of(store: &dyn Store) -> Self {
        let mut links: HashMap<String, Vec<String>> = HashMap::new();
        for (name, target) in store.links() {
            if let Some(id) = legacy_id(name) {
                links.entry(target.to_owned()).or_default().push(id.to_owned());
            }
        }
        // A repeated layer has several links, in the order of the layers.
        for ids in links.values_mut() {
            ids.reverse();
        }
        Self { links }
    }

    fn id(&mut self, reference: &BlobReference) -> String {
        let Ok(path) = &reference.path else { return reference.digest.clone().unwrap_or_default() };
        let plain = path.trim_start_matches("./");
        if let Some(id) = legacy_id(plain) {
            return id.to_owned();
        }
        let linked = self.links.get_mut(plain).and_then(Vec::pop);
        // Otherwise use the name of the blob, as dive does.
        linked.or_else(|| reference.digest.clone()).unwrap_or_else(|| plain.to_owned())
    }
}

fn legacy_id(path: &str) -> Option<&str> {
    path.strip_suffix("/layer.tar").filter(|id| !id.is_empty() && !id.contains('/'))
}
