//! Chooses a manifest from `index.json`, and makes a plan of it.

mod choice;
mod images;
mod walk;

use std::collections::HashMap;

use super::document::{self, DocumentKind};
use super::error::ImageError;
use super::manifest::{ManifestKind, OciDocument};
use super::plan::{Attestation, BlobReference, ConfigDocument, ImagePlan, PlannedConfig};
use super::platform::Platform;
use super::schema1::Schema1;
use super::selection::{ImageName, Selection, find_tagged};
use crate::remark::Remark;
use crate::store::Store;
use choice::Chooser;
use images::IndexImages;
use walk::{IndexWalker, ManifestLeaf, no_configuration};

pub(super) use walk::INDEX;

/// The images of the index.
pub(super) fn names(store: &dyn Store) -> Result<Vec<ImageName>, ImageError> {
    let document: OciDocument = document::read(store, &store.blob(INDEX)?, DocumentKind::Index, &mut Vec::new())?;
    Ok(IndexImages::of(&mut IndexWalker::new(store), document.manifests.unwrap_or_default())?.names)
}

/// The plan of the image and platform that `selection` chooses.
pub(super) fn plan(
    store: &dyn Store,
    selection: &Selection,
    remarks: &mut Vec<Remark>,
) -> Result<ImagePlan, ImageError> {
    let document: OciDocument = document::read(store, &store.blob(INDEX)?, DocumentKind::Index, remarks)?;
    let mut walker = IndexWalker::new(store);
    let mut index = IndexImages::of(&mut walker, document.manifests.unwrap_or_default())?;
    remarks.append(&mut walker.remarks);
    let choice = loop {
        let mut choice_remarks = Vec::new();
        let chooser = Chooser { archive: store.name(), document: &store.file_name(INDEX), index: &index, selection };
        let choice = chooser.choose(&mut |leaf| walker.id_of(leaf), &mut choice_remarks)?;
        if index.confirm(&mut walker, choice.image, choice.leaf)? {
            remarks.append(&mut choice_remarks);
            break choice;
        }
    };
    // Without `--image`, a remark lists unreadable images.
    let is_unreadable = |name: &ImageName| index.images[name.index].leaves.iter().all(|leaf| leaf.error.is_some());
    let others =
        index.names.iter().filter(|name| name.index != choice.image && !is_unreadable(name)).cloned().collect();
    let beside = index.images[choice.image].leaves.iter().enumerate().filter(|(at, _)| *at != choice.leaf);
    let known = beside.filter(|(_, leaf)| leaf.error.is_none()).filter_map(|(_, leaf)| leaf.platform.clone());
    let other_platforms = known.filter(Platform::is_known).collect();
    let name = index.names.swap_remove(choice.image);
    let leaf = index.images.swap_remove(choice.image).leaves.swap_remove(choice.leaf);
    let mut attestations = index.statements;
    attestations.retain(|attestation| attestation.of == leaf.descriptor.digest);
    let plan = from_manifest(store, leaf, name, others, remarks)?;
    Ok(ImagePlan { other_platforms, other_entries: index.others, attestations, ..plan })
}

/// Attestations of the image with this configuration, from the index beside `manifest.json`. Unreadable documents are
/// skipped.
pub(super) fn attestations(store: &dyn Store, config: &str) -> Vec<Attestation> {
    let index = store.blob(INDEX).ok().and_then(|blob| -> Option<OciDocument> {
        document::read(store, &blob, DocumentKind::Index, &mut Vec::new()).ok()
    });
    let entries = index.and_then(|index| index.manifests).unwrap_or_default().0;
    let mut walker = IndexWalker::new(store);
    let leaves: Vec<_> = entries.into_iter().flat_map(|entry| walker.leaves(entry).unwrap_or_default()).collect();
    let mut attestations: Vec<Attestation> = leaves.iter().filter_map(ManifestLeaf::attestation).collect();
    // Manifests are read only if one of them may be the image's.
    let mut attested = leaves.iter().filter(|leaf| attestations.iter().any(|it| it.of == leaf.descriptor.digest));
    let is_image = |leaf: &&ManifestLeaf| walker.id_of(leaf).ok().flatten().is_some_and(|id| id == config);
    let image = attested.find(is_image).map(|leaf| leaf.descriptor.digest.clone());
    attestations.retain(|attestation| Some(&attestation.of) == image.as_ref());
    attestations
}

/// Images of the index that are not in `known`, a list from another document: neither by tag nor by id. Empty if the
/// index is unreadable.
pub(super) fn images_beside(store: &dyn Store, known: &[ImageName]) -> Vec<ImageName> {
    let read = |blob| document::read(store, &blob, DocumentKind::Index, &mut Vec::new());
    let index: Option<OciDocument> = store.blob(INDEX).ok().and_then(|blob| read(blob).ok());
    let entries = index.and_then(|index| index.manifests).unwrap_or_default();
    let mut walker = IndexWalker::new(store);
    let Ok(IndexImages { images, names, .. }) = IndexImages::of(&mut walker, entries) else { return Vec::new() };
    let is_known = |id: &str| known.iter().any(|name| name.id.as_deref() == Some(id));
    let mut is_beside = |name: &ImageName, leaves: &[ManifestLeaf]| {
        let has_known_tag = name.tags.iter().any(|tag| !find_tagged(known, tag).is_empty());
        let mut here = leaves.iter().filter(|leaf| leaf.error.is_none()).peekable();
        !has_known_tag
            && here.peek().is_some()
            && !here.any(|leaf| {
                let id = leaf.config_digest.clone().or_else(|| walker.id_of(leaf).ok().flatten());
                id.is_some_and(|id| is_known(&id))
            })
    };
    names
        .into_iter()
        .zip(&images)
        .filter(|(name, image)| is_beside(name, &image.leaves))
        .map(|(name, _)| name)
        .collect()
}

/// Media types of all layers in the manifests of `store`, by digest. Ignores unreadable manifests: another document
/// lists the layers.
pub(super) fn media_types(store: &dyn Store) -> HashMap<String, String> {
    let read = |path: &str, kind: DocumentKind| -> Option<OciDocument> {
        document::read(store, &store.blob(path).ok()?, kind, &mut Vec::new()).ok()
    };
    let entries = read(INDEX, DocumentKind::Index).and_then(|index| index.manifests).unwrap_or_default().0;
    let mut walker = IndexWalker::new(store);
    let leaves = entries.into_iter().flat_map(|entry| walker.leaves(entry).unwrap_or_default());
    let here: Vec<ManifestLeaf> = leaves.filter(|leaf| leaf.error.is_none()).collect();
    let manifests = here.iter().filter_map(|leaf| read(&leaf.path, DocumentKind::OciDocument));
    let layers = manifests.flat_map(|manifest| manifest.layers.0);
    layers.filter_map(|layer| Some((layer.digest.clone(), layer.media_type()?.to_owned()))).collect()
}

fn from_manifest(
    store: &dyn Store,
    leaf: ManifestLeaf,
    mut name: ImageName,
    others: Vec<ImageName>,
    remarks: &mut Vec<Remark>,
) -> Result<ImagePlan, ImageError> {
    if let Some(error) = leaf.error {
        return Err(error);
    }
    let blob = store.blob(&leaf.path)?;
    let manifest: OciDocument = document::read(store, &blob, DocumentKind::OciDocument, remarks)?;
    if manifest.kind() == Some(ManifestKind::Schema1) {
        let Schema1 { config, layers } = Schema1::read(store, &blob, remarks)?;
        // The id would be the digest of the configuration, which does not exist.
        name.id = None;
        return Ok(ImagePlan {
            name,
            others,
            other_platforms: Vec::new(),
            other_entries: Vec::new(),
            platform: leaf.platform,
            config: PlannedConfig::InManifest(Box::new(config)),
            layers,
            attestations: Vec::new(),
            base: None,
        });
    }
    let Some(config) = &manifest.config else { return Err(no_configuration(store, &leaf.path)) };
    name.id = Some(config.digest.clone());
    Ok(ImagePlan {
        name,
        others,
        other_platforms: Vec::new(),
        other_entries: Vec::new(),
        platform: leaf.platform,
        config: PlannedConfig::Document(ConfigDocument {
            reference: BlobReference::from(config),
            kind: DocumentKind::OciDocument,
            manifest: store.file_name(&leaf.path).into_owned(),
            artifact_type: manifest.artifact_type.as_deref().map(str::to_owned),
        }),
        layers: manifest.layers.0.iter().map(BlobReference::from).collect(),
        attestations: Vec::new(),
        base: manifest.base(),
    })
}
