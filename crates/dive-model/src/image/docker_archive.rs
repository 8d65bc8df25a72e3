//! `manifest.json`, wherever in the archive it lies: what `docker save`, `podman save` and `skopeo copy
//! docker-archive:` write.

use std::collections::HashMap;

use super::document::{self, DocumentKind};
use super::error::ImageError;
use super::manifest::{DockerImage, digest_of_path};
use super::oci;
use super::plan::{ConfigDocument, Plan, PlannedConfig, Wanted};
use super::selection::{ImageName, Selection, find, listed};
use crate::json::List;
use crate::remark::Remark;
use crate::store::Store;

pub(super) const MANIFEST: &str = "manifest.json";

/// The plan for the image that `selection` names.
pub(super) fn plan(store: &dyn Store, selection: &Selection, remarks: &mut Vec<Remark>) -> Result<Plan, ImageError> {
    let archive = || store.name().to_owned();
    let List(mut images): List<DockerImage> =
        document::read(store, &store.blob(MANIFEST)?, DocumentKind::DockerManifest, remarks)?;
    if images.is_empty() {
        return Err(ImageError::NoImage { archive: archive(), document: MANIFEST });
    }
    let mut names: Vec<ImageName> = images
        .iter_mut()
        .enumerate()
        .map(|(index, image)| ImageName {
            index,
            // `null` is an empty tag to Go.
            tags: std::mem::take(&mut image.tags.0).into_iter().filter(|tag| !tag.is_empty()).collect(),
            id: digest_of_path(&image.config),
            shares_tags: false,
        })
        .collect();
    let Some(chosen) = find(&names, selection.image.as_ref()) else {
        let available = listed(&names);
        let wanted = selection.image.clone().unwrap_or(super::ImageSelector::Index(0));
        return Err(ImageError::UnknownImage { archive: archive(), wanted, available });
    };
    let image = images.swap_remove(chosen);
    let name = names.remove(chosen);
    if image.config.is_empty() {
        return Err(ImageError::Manifest {
            archive: archive(),
            document: MANIFEST.to_owned(),
            problem: "names no configuration for the image; save the image again",
        });
    }
    // Archives of the containerd image store tell of their layers only in the index that lies beside.
    let sources = image.sources.map(|sources| {
        sources.0.into_iter().filter_map(|(digest, layer)| Some((digest, layer.media_type()?.to_owned()))).collect()
    });
    let media_types: HashMap<String, String> = sources.unwrap_or_else(|| oci::media_types(store));
    let wanted = |path: String| {
        let digest = digest_of_path(&path);
        let media_type = digest.as_ref().and_then(|digest| media_types.get(digest).cloned());
        Wanted { media_type, ..Wanted::at(path, digest) }
    };
    let layers = image.layers.0.into_iter().map(wanted).collect();
    Ok(Plan {
        config: PlannedConfig::Document(ConfigDocument {
            wanted: Wanted::at(image.config, name.id.clone()),
            kind: DocumentKind::DockerConfig,
            manifest: MANIFEST.to_owned(),
            artifact_type: None,
        }),
        name,
        others: names,
        other_entries: Vec::new(),
        platform: None,
        layers,
    })
}
