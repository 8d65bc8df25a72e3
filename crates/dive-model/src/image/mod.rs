//! What an image says of itself: its names, its layers from the base up, its history. A [`Store`] in, an [`Image`]
//! out; no layer is read, only found. `docker_archive` and `oci` each turn their documents into a plan, and what
//! follows is one way for both.

mod config;
mod content;
mod description;
mod docker_archive;
mod document;
mod error;
mod history;
mod index;
mod layers;
mod legacy;
mod manifest;
mod oci;
mod plan;
mod platform;
mod root_file_system;
mod schema1;
mod selection;

pub use content::OtherContent;
pub use description::{Image, ImageLayer};
pub use error::{ImageError, LayerLoss};
pub use history::HistoryStep;
pub use manifest::InvalidDigest;
pub use platform::{Platform, PlatformError};
pub use selection::{ImageName, ImageSelector, OtherEntry, Selection};

use crate::remark::{OnDamage, Remark};
use crate::store::Store;
use config::ImageConfig;
use manifest::{ConfigKind, config_kind};
use plan::{ConfigDocument, Plan, PlannedConfig, why_missing, why_no_manifest};

/// Reads what `store` says of the image that `selection` names.
///
/// # Errors
/// When there is no such image or platform, or a document is missing or damaged; with [`OnDamage::Fail`] also when a
/// layer is missing, or manifest and configuration disagree.
pub fn open(store: &dyn Store, selection: &Selection, on_damage: OnDamage) -> Result<Image, ImageError> {
    let mut remarks = store.remarks().to_vec();
    let mut not_in_manifest = None;
    if store.contains(docker_archive::MANIFEST) {
        let opened = docker_archive::plan(store, selection, &mut remarks)
            .and_then(|plan| carry_out(store, plan, selection, on_damage, &mut remarks));
        match opened {
            // manifest.json lists the images that Docker loads, each for one platform; the index beside it lists
            // everything. A number given with --image counts the images of manifest.json.
            Err(
                error @ (ImageError::NoPlatform { .. }
                | ImageError::UnknownImage { wanted: ImageSelector::Reference(_), .. }),
            ) if store.contains(oci::INDEX) => not_in_manifest = Some(error),
            opened => return opened,
        }
        remarks = store.remarks().to_vec();
    }
    if !store.contains(oci::INDEX) && store.contains(legacy::REPOSITORIES) {
        return legacy::open(store, selection, on_damage, remarks);
    }
    if let Some(tar) = store.root_file_system() {
        return Ok(root_file_system::image(store, tar, remarks));
    }
    if !store.contains(oci::INDEX) {
        let archive = store.name().to_owned();
        return Err(ImageError::NoManifest { archive, hint: why_no_manifest(store) });
    }
    let plan = oci::plan(store, selection, &mut remarks).map_err(|error| match error {
        // Neither lists it. Notices show the list of manifest.json, so the error does too.
        ImageError::UnknownImage { .. } | ImageError::NoImage { .. } => not_in_manifest.unwrap_or(error),
        error => error,
    })?;
    carry_out(store, plan, selection, on_damage, &mut remarks)
}

fn carry_out(
    store: &dyn Store,
    plan: Plan,
    selection: &Selection,
    on_damage: OnDamage,
    remarks: &mut Vec<Remark>,
) -> Result<Image, ImageError> {
    // A configuration in the manifest has no diff ids that could be counted.
    let (mut config, counted_by) = match plan.config {
        PlannedConfig::InManifest(config) => (*config, None),
        PlannedConfig::Document(document) => match read_config(store, &document, remarks) {
            Ok(config) => (config, Some(document.kind)),
            Err(error @ ImageError::Artifact { .. }) => return Err(error),
            Err(error) if on_damage == OnDamage::Fail => return Err(error),
            Err(error) => {
                remarks.push(Remark::survived(store.name(), &error, "the layers are shown without commands"));
                (ImageConfig::default(), None)
            }
        },
    };
    let platform = config.platform();
    let platform = platform.map(|it| it.completed(plan.platform.as_ref())).or_else(|| plan.platform.clone());
    if let (Some(wanted), Some(found)) = (&selection.platform, &platform)
        && found.fit(wanted).is_none()
    {
        return Err(ImageError::NoPlatform {
            archive: store.name().to_owned(),
            wanted: Box::new(wanted.clone()),
            available: found.to_string(),
        });
    }
    let layers = layers::Found::in_store(store, plan.layers, on_damage, remarks)?;
    let entries = std::mem::take(&mut config.history);
    let described = layers.described_by(history::made(&entries));
    let history = history::steps(entries, &described, store.name(), remarks);
    // After the layers: that one of them is foreign says more than that the counts differ.
    let described = layers.described_by(config.diff_ids().len());
    if let Some(kind) = counted_by
        && config.diff_ids().len() != described.len()
    {
        let error = ImageError::LayerCount {
            archive: store.name().to_owned(),
            layers: layers.count(),
            diff_ids: config.diff_ids().len(),
            engines: kind.on_layer_count(),
        };
        if on_damage == OnDamage::Fail {
            return Err(error);
        }
        remarks.push(Remark::survived(store.name(), &error, "the manifest's layers are shown"));
    }
    Ok(Image {
        name: plan.name.tags.first().cloned().unwrap_or_else(|| store.name().to_owned()),
        tags: plan.name.tags,
        id: plan.name.id,
        platform,
        created: config.created.0.take(),
        layers: layers.described(store, &config, &history),
        history,
        other_images: plan.others,
        other_entries: plan.other_entries,
        remarks: std::mem::take(remarks),
    })
}

fn read_config(
    store: &dyn Store,
    document: &ConfigDocument,
    remarks: &mut Vec<Remark>,
) -> Result<ImageConfig, ImageError> {
    let ConfigDocument { wanted, kind: document_kind, manifest, artifact_type } = document;
    let artifact = || ImageError::Artifact {
        archive: store.name().to_owned(),
        document: manifest.clone(),
        kind: artifact_type.clone().or_else(|| wanted.media_type.clone()),
    };
    let kind = config_kind(wanted.media_type.as_deref());
    if kind == ConfigKind::Artifact {
        return Err(artifact());
    }
    let path = wanted.path.as_ref().map_err(|cause| ImageError::Digest {
        archive: store.name().to_owned(),
        what: "configuration",
        cause: cause.clone(),
    })?;
    let blob = store.blob(path).map_err(|error| {
        if !error.is_absence() {
            return ImageError::Store(error);
        }
        ImageError::MissingDocument {
            archive: store.name().to_owned(),
            what: "configuration",
            path: path.clone(),
            hint: why_missing(store),
        }
    })?;
    // A configuration that calls itself something else is an image's if it has what only images have.
    match document::read::<ImageConfig>(store, &blob, *document_kind, remarks) {
        Ok(config) if config.rootfs.is_none() && kind == ConfigKind::Unknown && wanted.media_type.is_some() => {
            Err(artifact())
        }
        Err(ImageError::Document { .. }) if kind == ConfigKind::Unknown && wanted.media_type.is_some() => {
            Err(artifact())
        }
        answer => answer,
    }
}

#[cfg(test)]
mod tests;
