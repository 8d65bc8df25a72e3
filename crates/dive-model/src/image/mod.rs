//! Reads the metadata of an image: names, layers from the base up, history.
//!
//! The input is a [`Store`], the output an [`Image`]. Layers are located but not read. `docker_archive` and `index`
//! each turn their documents into a plan, and the rest is common.

mod base;
mod base_candidates;
mod beside;
mod config;
mod container_places;
mod description;
mod docker_archive;
mod dockerfile;
mod dockerfile_base;
mod dockerfile_lines;
mod document;
mod error;
mod expansion;
mod here_documents;
mod history;
mod index;
mod instruction;
mod labels;
mod layer_kind;
mod layers;
mod legacy;
mod line_breaks;
mod listing;
pub mod manifest;
mod named_image;
mod other_entry;
mod plan;
mod platform;
mod provenance;
mod repository;
mod root_file_system;
mod schema1;
mod selection;
mod verify;

pub use base::{Base, BaseGiver, BaseSource, Boundary, GivenBase, ImagePart, WrongBase};
pub use base_candidates::{BaseCandidates, BaseScope, BaseSearch, BaseSearchError, PrefixImage, PrefixSearch};
pub use container_places::ContainerPlaces;
pub(crate) use description::is_root;
pub use description::{Image, ImageLayer};
pub use dockerfile::DockerfileError;
pub use dockerfile_lines::{Certainty, Dockerfile, DockerfileLines, LineRange};
pub use error::{ImageError, LayerLoss};
pub(crate) use expansion::PatternLiterals;
pub use history::HistoryStep;
pub(crate) use instruction::exec_form;
pub use instruction::{BuildInstruction, Keyword};
pub use labels::OciLabels;
pub use layer_kind::OtherContent;
pub use listing::names;
pub use manifest::InvalidDigest;
pub use named_image::NamedImage;
pub use other_entry::OtherEntry;
pub use platform::{Platform, PlatformError};
pub use provenance::{Provenance, StatedBase};
pub use repository::{engine_repository, repository};
pub use selection::{ImageName, ImageSelector, Selection};
pub use verify::{DocumentCheck, NamedMismatch, WatchedStore};

use std::borrow::Cow;

use crate::remark::{OnDamage, Remark};
use crate::store::Store;
use beside::CombinedImages;
use config::ImageConfig;
use docker_archive::DockerArchive;
use manifest::{ConfigKind, config_kind};
use plan::{ConfigDocument, ImagePlan, PlannedConfig, why_missing, why_no_manifest};

/// Reads the metadata of the image in `store` that `selection` chooses.
///
/// # Errors
/// There is no such image or platform, or a document is missing or damaged; with [`OnDamage::Fail`], also if a layer is
/// missing, or manifest and configuration disagree.
pub fn open(store: &dyn Store, selection: &Selection, on_damage: OnDamage) -> Result<Image, ImageError> {
    let mut remarks = store.remarks().to_vec();
    if let Some(tar) = store.root_file_system() {
        // Files in it may have the names of the documents below.
        return Ok(root_file_system::image(store, tar, remarks));
    }
    let has_index = store.contains(index::INDEX);
    let mut not_in_manifest = None;
    let mut in_index = Cow::Borrowed(selection);
    let mut beside = CombinedImages::default();
    if store.contains(docker_archive::MANIFEST) {
        let archive = DockerArchive::read(store, &mut remarks)?;
        if has_index {
            beside = CombinedImages::of(store, &archive.names);
        }
        if let Some(place) = beside.place_in_index(selection.image.as_ref()) {
            in_index.to_mut().image = Some(ImageSelector::Index(place));
        } else if !archive.names.is_empty() || !has_index {
            let plan = docker_archive::plan(store, archive, selection, beside.only_in_index());
            let tag = plan.as_ref().ok().and_then(|plan| plan.name.tags.first().cloned());
            let opened = plan.and_then(|plan| load_plan(store, plan, selection, on_damage, &mut remarks));
            let error = match opened {
                Err(error) if has_index => error,
                opened => return opened,
            };
            let Some(selection) = retry_in_index(&error, selection, tag) else { return Err(error) };
            in_index = Cow::Owned(selection);
            not_in_manifest = Some(error);
        }
        remarks = store.remarks().to_vec();
    }
    if !has_index && (store.contains(legacy::REPOSITORIES) || legacy::has_only_layers(store)) {
        return legacy::open(store, selection, on_damage, remarks);
    }
    if !has_index {
        let archive = store.name().to_owned();
        return Err(ImageError::NoManifest { archive, hint: why_no_manifest(store) });
    }
    let mut plan = index::plan(store, &in_index, &mut remarks).map_err(|error| match error {
        // Neither document lists it. Notices show the list of manifest.json, and so does the error.
        ImageError::UnknownImage { .. } | ImageError::NoImage { .. } => not_in_manifest.unwrap_or(error),
        error => error,
    })?;
    if let Some(others) = beside.others(&plan.name) {
        plan.others = others;
    }
    load_plan(store, plan, &in_index, on_damage, &mut remarks)
}

/// The selection to look up in the index after `error` in `manifest.json`; `None` if that cannot help. `manifest.json`
/// lists the images that Docker loads, each for one platform; the index lists all.
fn retry_in_index(error: &ImageError, selection: &Selection, tag: Option<String>) -> Option<Selection> {
    match (error, &selection.image) {
        // Numbers refer to manifest.json, so look up the tag in the index.
        (ImageError::OtherPlatform { .. }, Some(ImageSelector::Index(_))) => {
            Some(Selection { image: Some(ImageSelector::Reference(tag?)), platform: selection.platform.clone() })
        }
        (ImageError::OtherPlatform { .. } | ImageError::UnknownImage { .. }, Some(ImageSelector::Reference(_)))
        | (ImageError::NoPlatform { .. }, None | Some(ImageSelector::Reference(_))) => Some(selection.clone()),
        _ => None,
    }
}

fn load_plan(
    store: &dyn Store,
    plan: ImagePlan,
    selection: &Selection,
    on_damage: OnDamage,
    remarks: &mut Vec<Remark>,
) -> Result<Image, ImageError> {
    // A configuration in the manifest has no diff ids to count.
    let (mut config, counted_by) = match plan.config {
        PlannedConfig::InManifest(config) => (*config, None),
        PlannedConfig::Document(document) => match read_config(store, &document, remarks) {
            Ok(config) => (config, Some(document.kind)),
            Err(error @ ImageError::Artifact { .. }) => return Err(error),
            Err(error) if on_damage == OnDamage::Fail => return Err(error),
            Err(error) => {
                remarks.push(Remark::tolerated(store.name(), &error, "dive shows the layers without commands"));
                (ImageConfig::default(), None)
            }
        },
    };
    let (configured, listed) = (config.platform(), plan.platform.as_ref());
    if let (Some(configured), Some(listed)) = (&configured, listed)
        && !configured.same_os_and_architecture(listed)
    {
        let text = format!("the index gives the platform {listed}, but the configuration gives {configured}");
        remarks.push(Remark::new(store.name(), text));
    }
    let platform = configured.map(|it| it.completed(listed)).or_else(|| plan.platform.clone());
    // Engines use the platform in the index, if it has one.
    let is_listed = |wanted: &Platform| listed.is_some_and(|listed| listed.fit(wanted).is_some());
    // An unknown platform may be the right one, and cannot be suggested instead.
    if let (Some(wanted), Some(found)) = (&selection.platform, &platform)
        && found.is_known()
        && found.fit(wanted).is_none()
        && !is_listed(wanted)
    {
        return Err(ImageError::no_platform(store.name(), selection.image.as_ref(), wanted, found.to_string()));
    }
    // With an index, the choice of the manifest was already remarked on.
    if let (Some(found), None) = (platform.as_ref().filter(|platform| platform.is_known()), listed) {
        let host = Platform::host();
        let (wanted, fit) = match &selection.platform {
            Some(wanted) => (wanted, found.fit(wanted)),
            None => (&host, found.fit_host(&host)),
        };
        if wanted.is_substitute(fit) {
            let consequence = fit.map_or_else(String::new, |fit| fit.runs_on_clause(wanted));
            remarks.push(Remark::new(store.name(), format!("dive shows the image for {found}{consequence}")));
        }
    }
    let mut layers = layers::FoundLayers::in_store(store, plan.layers, on_damage, remarks)?;
    layers.match_diff_ids(store, config.diff_ids().len(), on_damage, remarks)?;
    let entries = std::mem::take(&mut config.history);
    let described = layers.described_by(history::layer_count(&entries));
    let history = history::steps(entries, &described, store.name(), remarks);
    // After looking up the layers: a foreign layer is a better error than different counts.
    let described = layers.described_by(config.diff_ids().len());
    if let Some(kind) = counted_by
        && config.diff_ids().len() != described.len()
    {
        let error = |advice| ImageError::LayerCount {
            archive: store.name().to_owned(),
            layers: layers.count(),
            diff_ids: config.diff_ids().len(),
            engines: kind.on_layer_count(),
            hint: layers.describe_mislabelled() + advice,
        };
        if on_damage == OnDamage::Fail {
            return Err(error("; --ignore-errors shows the layers of the manifest"));
        }
        let error = error("");
        remarks.push(Remark::tolerated(store.name(), &error, "dive shows the layers of the manifest"));
    }
    layers.refuse_stubs(store, config.diff_ids(), on_damage, remarks)?;
    let mut layers = layers.described(store, &config, &history);
    let digests: Vec<Option<&str>> = layers.iter().map(|layer| layer.digest.as_deref()).collect();
    let provenance = provenance::read(store, &plan.attestations, &digests, remarks);
    let lines = provenance.as_ref().map_or(&[][..], |provenance| &provenance.lines);
    for (layer, lines) in layers.iter_mut().zip(lines) {
        layer.lines.clone_from(lines);
    }
    let base = Base::from_statements(&base::Statements {
        provenance: provenance.as_ref(),
        annotated: plan.base.as_ref(),
        labelled: config.base().as_ref(),
        history: &history,
        layers: layers.len(),
    });
    Ok(Image {
        name: plan.name.shown_tag(selection.image.as_ref()).cloned().unwrap_or_else(|| store.name().to_owned()),
        tags: plan.name.tags.to_vec(),
        id: plan.name.id,
        platform,
        created: config.created.0.take(),
        user: std::mem::take(&mut config.container.user.0),
        start_command: config.container.start_command(),
        places: config.container.places(),
        labels: config.container.labels(),
        layers,
        history,
        base,
        provenance,
        other_images: plan.others,
        other_platforms: plan.other_platforms,
        other_entries: plan.other_entries,
        remarks: std::mem::take(remarks),
    })
}

fn read_config(
    store: &dyn Store,
    document: &ConfigDocument,
    remarks: &mut Vec<Remark>,
) -> Result<ImageConfig, ImageError> {
    let ConfigDocument { reference, kind: document_kind, manifest, artifact_type } = document;
    let artifact = || ImageError::Artifact {
        archive: store.name().to_owned(),
        document: manifest.clone(),
        kind: artifact_type.clone().or_else(|| reference.media_type.clone()),
    };
    let kind = config_kind(reference.media_type.as_deref());
    if kind == ConfigKind::Artifact {
        return Err(artifact());
    }
    let path = reference.path.as_ref().map_err(|cause| ImageError::Digest {
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
            path: store.file_name(path).into_owned(),
            hint: why_missing(store),
        }
    })?;
    // A configuration with another media type is an image's if it has fields that only images have.
    match document::read::<ImageConfig>(store, &blob, *document_kind, remarks) {
        Ok(config) if config.rootfs.is_none() && kind == ConfigKind::Unknown && reference.media_type.is_some() => {
            Err(artifact())
        }
        Err(ImageError::Document { .. }) if kind == ConfigKind::Unknown && reference.media_type.is_some() => {
            Err(artifact())
        }
        answer => answer,
    }
}

#[cfg(test)]
mod tests;
