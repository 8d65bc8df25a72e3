//! `manifest.json`, wherever in the archive it lies: what `docker save`, `podman save` and `skopeo copy
//! docker-archive:` write.

use std::collections::HashMap;

use super::config::ImageConfig;
use super::document::{self, DocumentKind};
use super::error::ImageError;
use super::index;
use super::manifest::{DockerImage, digest_of_path};
use super::plan::{ConfigDocument, Plan, PlannedConfig, Wanted};
use super::platform::Platform;
use super::selection::{ImageName, Selection, find, hint_for, listed};
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
    let chosen = match (&selection.image, &selection.platform) {
        (None, Some(wanted)) => of_platform(store, &images, wanted)?,
        (None, None) => 0,
        (Some(named), _) => find(&names, Some(named)).ok_or_else(|| ImageError::UnknownImage {
            archive: archive(),
            wanted: named.clone(),
            hint: hint_for(named, names.iter().filter_map(|name| name.id.as_deref())),
            available: listed(&names),
        })?,
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
    let media_types: HashMap<String, String> = sources.unwrap_or_else(|| index::media_types(store));
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

/// The place of the image that fits `wanted` best. The first if a configuration cannot be read: then it is not known
/// which one fits.
fn of_platform(store: &dyn Store, images: &[DockerImage], wanted: &Platform) -> Result<usize, ImageError> {
    let platform = |image: &DockerImage| {
        let blob = store.blob(&image.config).ok()?;
        let read = document::read(store, &blob, DocumentKind::DockerConfig, &mut Vec::new());
        ImageConfig::platform(&read.ok()?)
    };
    let platforms: Vec<Option<Platform>> = images.iter().map(platform).collect();
    let fits = platforms.iter().enumerate().filter_map(|(at, found)| Some((found.as_ref()?.fit(wanted)?, at)));
    if let Some((_, at)) = fits.max_by_key(|(fit, at)| (*fit, usize::MAX - at)) {
        return Ok(at);
    }
    let mut found: Vec<String> = Vec::new();
    for platform in &platforms {
        let Some(platform) = platform else { return Ok(0) };
        let platform = platform.to_string();
        if !found.contains(&platform) {
            found.push(platform);
        }
    }
    Err(ImageError::no_platform(store.name(), None, wanted, found.join(", ")))
}
