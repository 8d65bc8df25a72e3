//! Archives of Docker up to 1.9, from before there were configurations: `repositories` names the last layer of each image,
//! and each layer's `ID/json` its parent and the command that made it. Docker still loads them.

use std::collections::{HashMap, HashSet};

use super::config::ImageConfig;
use super::document::{self, DocumentKind};
use super::error::ImageError;
use super::history::{HistoryEntry, HistoryStep};
use super::layers::Found;
use super::plan::{Wanted, why_missing};
use super::platform::Platform;
use super::selection::{ImageName, ImageSelector, Selection, find, hint_for, listed};
use super::{Image, ImageLayer};
use crate::json::{Decode, Key, LIST_LIMIT, List, Map, Object, Text};
use crate::remark::{OnDamage, Remark};
use crate::store::Store;

pub(super) const REPOSITORIES: &str = "repositories";

/// The `json` of a layer; in a schema 1 manifest, `v1Compatibility`.
#[derive(Debug, Default)]
pub(super) struct LayerDocument {
    id: String,
    parent: String,
    created: Text,
    comment: Text,
    os: Text,
    architecture: Text,
    container_config: ContainerConfig,
    throwaway: bool,
}

impl Object for LayerDocument {
    fn field(&mut self, key: &Key<'_>) -> Option<&mut dyn Decode> {
        Some(match key {
            _ if key.is("id") => &mut self.id,
            _ if key.is("parent") => &mut self.parent,
            _ if key.is("created") => &mut self.created,
            _ if key.is("comment") => &mut self.comment,
            _ if key.is("os") => &mut self.os,
            _ if key.is("architecture") => &mut self.architecture,
            _ if key.is("container_config") => &mut self.container_config,
            _ if key.is("throwaway") => &mut self.throwaway,
            _ => return None,
        })
    }
}

impl LayerDocument {
    /// The id of the layer, once.
    pub(super) fn take_id(&mut self) -> Option<String> {
        Some(std::mem::take(&mut self.id)).filter(|id| !id.is_empty())
    }

    /// The step changed no file.
    pub(super) const fn is_throwaway(&self) -> bool {
        self.throwaway
    }
}

impl From<LayerDocument> for HistoryEntry {
    fn from(document: LayerDocument) -> Self {
        Self {
            created: document.created,
            created_by: Text(Some(document.container_config.cmd.0.join(" "))),
            comment: document.comment,
            empty_layer: document.throwaway,
        }
    }
}

/// The container that a layer was made in.
#[derive(Debug, Default)]
struct ContainerConfig {
    cmd: List<String>,
}

impl Object for ContainerConfig {
    fn field(&mut self, key: &Key<'_>) -> Option<&mut dyn Decode> {
        key.is("Cmd").then_some(&mut self.cmd)
    }
}

/// The image that `selection` names.
pub(super) fn open(
    store: &dyn Store,
    selection: &Selection,
    on_damage: OnDamage,
    mut remarks: Vec<Remark>,
) -> Result<Image, ImageError> {
    let archive = || store.name().to_owned();
    let mut names = names(store, &mut remarks)?;
    if names.is_empty() {
        return Err(ImageError::NoImage { archive: archive(), document: REPOSITORIES });
    }
    let Some(chosen) = find(&names, selection.image.as_ref()) else {
        let wanted = selection.image.clone().unwrap_or(ImageSelector::Index(0));
        let hint = hint_for(&wanted, names.iter().filter_map(|name| name.id.as_deref()));
        return Err(ImageError::UnknownImage { archive: archive(), wanted, hint, available: listed(&names) });
    };
    let name = names.remove(chosen);
    let chain = chain(store, name.id.clone().unwrap_or_default(), &mut remarks)?;
    let top = chain.last().map(|(_, document)| document);
    let platform = top.and_then(|top| Some(Platform::new(top.os.as_deref()?, top.architecture.as_deref()?, None)));
    if let (Some(wanted), Some(found)) = (&selection.platform, &platform)
        && found.fit(wanted).is_none()
    {
        return Err(ImageError::no_platform(store.name(), selection.image.as_ref(), wanted, found.to_string()));
    }
    let created = top.and_then(|top| top.created.0.clone());
    let wanted = chain.iter().map(|(id, _)| Wanted::at(format!("{id}/layer.tar"), None)).collect();
    let history: Vec<HistoryStep> = (0..)
        .zip(chain)
        .map(|(layer, (_, document))| HistoryStep {
            created: document.created.0,
            created_by: document.container_config.cmd.0.join(" "),
            comment: document.comment.0.unwrap_or_default(),
            layer: Some(layer),
        })
        .collect();
    let found = Found::in_store(store, wanted, on_damage, &mut remarks)?;
    let layers: Vec<ImageLayer> = found.described(store, &ImageConfig::default(), &history);
    Ok(Image {
        name: name.shown_tag(selection.image.as_ref()).cloned().unwrap_or_else(archive),
        tags: name.tags,
        id: name.id,
        platform,
        created,
        layers,
        history,
        other_images: names,
        other_entries: Vec::new(),
        remarks,
    })
}

/// The images that `repositories` names, each with its tags.
fn names(store: &dyn Store, remarks: &mut Vec<Remark>) -> Result<Vec<ImageName>, ImageError> {
    let Map(repositories): Map<Map<String>> =
        document::read(store, &store.blob(REPOSITORIES)?, DocumentKind::DockerManifest, remarks)?;
    let (mut names, mut by_id) = (Vec::<ImageName>::new(), HashMap::new());
    for (repository, Map(tags)) in repositories {
        for (tag, id) in tags {
            let tag = format!("{repository}:{tag}");
            let index = *by_id.entry(id.clone()).or_insert(names.len());
            if index == LIST_LIMIT {
                return Err(ImageError::Manifest {
                    archive: store.name().to_owned(),
                    document: REPOSITORIES.to_owned(),
                    problem: "names more images than any archive has",
                });
            }
            match names.get_mut(index) {
                Some(name) => name.tags.push(tag),
                None => names.push(ImageName { index, tags: vec![tag], id: Some(id), shares_tags: false }),
            }
        }
    }
    Ok(names)
}

/// The layers that end with `top`, base first, each with its document.
fn chain(
    store: &dyn Store,
    top: String,
    remarks: &mut Vec<Remark>,
) -> Result<Vec<(String, LayerDocument)>, ImageError> {
    let problem =
        |document: String, problem| ImageError::Manifest { archive: store.name().to_owned(), document, problem };
    let mut chain = Vec::new();
    let mut seen = HashSet::new();
    let mut next = top;
    while !next.is_empty() {
        let path = format!("{next}/json");
        if next.contains('/') || next.starts_with('.') {
            return Err(problem(path, "has an id that is not valid"));
        }
        if chain.len() == LIST_LIMIT || !seen.insert(next.clone()) {
            return Err(problem(path, "has more layers below it than any image has, or itself"));
        }
        let blob = match store.blob(&path) {
            Err(error) if error.is_absence() => {
                let (archive, hint) = (store.name().to_owned(), why_missing(store));
                return Err(ImageError::MissingDocument { archive, what: "layer document", path, hint });
            }
            blob => blob?,
        };
        let mut document: LayerDocument = document::read(store, &blob, DocumentKind::DockerConfig, remarks)?;
        let parent = std::mem::take(&mut document.parent);
        chain.push((std::mem::replace(&mut next, parent), document));
    }
    chain.reverse();
    Ok(chain)
}
