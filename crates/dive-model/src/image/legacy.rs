//! Opens archives of Docker up to 1.9, which have no configurations: `repositories` names the last layer of each image,
//! and each layer's `ID/json` gives its parent and command. Docker still loads them.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::config::{ImageConfig, RunConfig};
use super::document::{self, DocumentKind};
use super::error::ImageError;
use super::history::{HistoryEntry, HistoryStep};
use super::layers::FoundLayers;
use super::plan::{BlobReference, why_missing};
use super::platform::{Platform, of_platform};
use super::selection::{ImageName, ImageSelector, Selection, find, hint_for, listed};
use super::{Image, ImageLayer};
use crate::json::{Decode, JsonError, JsonKey, JsonReader, JsonText, JsonType, LIST_LIMIT, List, Map, Object};
use crate::remark::{OnDamage, Quoted, Remark};
use crate::store::{Ending, Store};

pub(super) const REPOSITORIES: &str = "repositories";

/// The `json` of a layer; in a schema 1 manifest, `v1Compatibility`.
#[derive(Debug, Default)]
pub(super) struct LayerDocument {
    id: String,
    parent: String,
    created: JsonText,
    comment: JsonText,
    os: JsonText,
    architecture: JsonText,
    container_config: LegacyContainerConfig,
    /// Settings of containers from the image.
    config: RunConfig,
    throwaway: bool,
}

impl Object for LayerDocument {
    fn field(&mut self, key: &JsonKey<'_>) -> Option<&mut dyn Decode> {
        Some(match key {
            _ if key.is("id") => &mut self.id,
            _ if key.is("parent") => &mut self.parent,
            _ if key.is("created") => &mut self.created,
            _ if key.is("comment") => &mut self.comment,
            _ if key.is("os") => &mut self.os,
            _ if key.is("architecture") => &mut self.architecture,
            _ if key.is("container_config") => &mut self.container_config,
            _ if key.is("config") => &mut self.config,
            _ if key.is("throwaway") => &mut self.throwaway,
            _ => return None,
        })
    }
}

impl LayerDocument {
    /// Takes the id of the layer, if it has one.
    pub(super) fn take_id(&mut self) -> Option<String> {
        Some(std::mem::take(&mut self.id)).filter(|id| !id.is_empty())
    }

    fn platform(&self) -> Option<Platform> {
        Some(Platform::new(self.os.as_deref()?, self.architecture.as_deref()?, None)).filter(Platform::is_known)
    }

    /// True if the step changed no file.
    pub(super) const fn is_throwaway(&self) -> bool {
        self.throwaway
    }
}

impl From<LayerDocument> for HistoryEntry {
    fn from(document: LayerDocument) -> Self {
        Self {
            created: document.created,
            created_by: JsonText(Some(document.container_config.cmd.0.0.join(" "))),
            comment: document.comment,
            empty_layer: document.throwaway,
        }
    }
}

/// The container of the build step.
#[derive(Debug, Default)]
struct LegacyContainerConfig {
    cmd: CommandWords,
}

impl Object for LegacyContainerConfig {
    fn field(&mut self, key: &JsonKey<'_>) -> Option<&mut dyn Decode> {
        key.is("Cmd").then_some(&mut self.cmd)
    }
}

/// A command as a list of words. Docker also accepts a string.
#[derive(Debug, Default)]
struct CommandWords(List<String>);

impl Decode for CommandWords {
    fn decode(&mut self, json: &mut JsonReader<'_>) -> Result<(), JsonError> {
        if json.next_type()? == JsonType::String {
            self.0.0 = vec![json.text()?.into_owned()];
            return Ok(());
        }
        self.0.decode(json)
    }
}

/// Platform of the image with the last layer `top`.
fn platform_of(store: &dyn Store, top: &str) -> Option<Platform> {
    let blob = store.blob(&format!("{top}/json")).ok()?;
    let document = document::read::<LayerDocument>(store, &blob, DocumentKind::DockerConfig, &mut Vec::new()).ok()?;
    document.platform()
}

/// The images by tag, or without tags by their last layer.
pub(super) fn all_names(store: &dyn Store, remarks: &mut Vec<Remark>) -> Result<Vec<ImageName>, ImageError> {
    let tagged = names(store, remarks)?;
    if tagged.is_empty() { untagged(store) } else { Ok(tagged) }
}

/// Opens the image that `selection` chooses.
pub(super) fn open(
    store: &dyn Store,
    selection: &Selection,
    on_damage: OnDamage,
    mut remarks: Vec<Remark>,
) -> Result<Image, ImageError> {
    let archive = || store.name().to_owned();
    let mut names = all_names(store, &mut remarks)?;
    if names.is_empty() {
        return Err(ImageError::NoImage { archive: archive(), document: REPOSITORIES.to_owned() });
    }
    let chosen = match (&selection.image, &selection.platform) {
        (None, Some(wanted)) => {
            let all: Vec<usize> = (0..names.len()).collect();
            let platform = |at: usize| platform_of(store, names[at].id.as_deref()?);
            Some(
                of_platform(&all, platform, &|found| found.fit(wanted))
                    .map_err(|found| ImageError::no_platform(store.name(), None, wanted, found.join(", ")))?,
            )
        }
        (image, _) => find(&names, image.as_ref()),
    };
    let Some(chosen) = chosen else {
        let wanted = selection.image.clone().unwrap_or(ImageSelector::Index(0));
        let hint = hint_for(&wanted, names.iter().filter_map(|name| name.id.as_deref()));
        return Err(ImageError::UnknownImage { archive: archive(), wanted, hint, available: listed(&names) });
    };
    let name = names.remove(chosen);
    let chain = chain(store, name.id.clone().unwrap_or_default(), &mut remarks)?;
    let top = chain.last().map(|(_, document)| document);
    let platform = top.and_then(LayerDocument::platform);
    if let (Some(wanted), Some(found)) = (&selection.platform, &platform)
        && found.fit(wanted).is_none()
    {
        return Err(ImageError::no_platform(store.name(), selection.image.as_ref(), wanted, found.to_string()));
    }
    let created = top.and_then(|top| top.created.0.clone());
    let user = top.map(|top| top.config.user.0.clone()).unwrap_or_default();
    let start_command = top.map(|top| top.config.start_command()).unwrap_or_default();
    let labels = top.map(|top| top.config.labels()).unwrap_or_default();
    let places = top.map(|top| top.config.places()).unwrap_or_default();
    let wanted = chain.iter().map(|(id, _)| BlobReference::at(format!("{id}/layer.tar"), None)).collect();
    let history: Vec<HistoryStep> = (0..)
        .zip(chain)
        .map(|(layer, (_, document))| HistoryStep {
            created: document.created.0,
            created_by: document.container_config.cmd.0.0.join(" "),
            comment: document.comment.0.unwrap_or_default(),
            layer: Some(layer),
        })
        .collect();
    let found = FoundLayers::in_store(store, wanted, on_damage, &mut remarks)?;
    let layers: Vec<ImageLayer> = found.described(store, &ImageConfig::default(), &history);
    Ok(Image {
        name: name.shown_tag(selection.image.as_ref()).cloned().unwrap_or_else(archive),
        tags: name.tags.to_vec(),
        id: name.id,
        platform,
        created,
        user,
        start_command,
        places,
        labels,
        layers,
        history,
        base: None,
        provenance: None,
        other_images: names,
        other_platforms: Vec::new(),
        other_entries: Vec::new(),
        remarks,
    })
}

/// True if `store` has layers with documents, and nothing that names them: `docker save ID` wrote no `repositories`.
/// False for a later archive that may be cut off before `manifest.json`.
pub(super) fn has_only_layers(store: &dyn Store) -> bool {
    let is_config = |name: &str| name.strip_suffix(".json").is_some_and(|hex| hex.len() == 64 && is_hex(hex));
    store.ending() != Ending::Unmarked
        && layer_ids(store).next().is_some()
        && !store.member_names().into_iter().any(is_config)
}

/// Ids of all layers with a document.
fn layer_ids(store: &dyn Store) -> impl Iterator<Item = &str> {
    let ids = store.member_names().into_iter().filter_map(|name| name.strip_suffix("/json"));
    ids.filter(|id| id.len() == 64 && is_hex(id) && store.contains(&format!("{id}/layer.tar")))
}

fn is_hex(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// Images without a tag: layers that are not the parent of another.
fn untagged(store: &dyn Store) -> Result<Vec<ImageName>, ImageError> {
    let mut ids: Vec<&str> = layer_ids(store).take(LIST_LIMIT).collect();
    // Sort, so that image numbers are the same in each run.
    ids.sort_unstable();
    let mut parents = HashSet::new();
    for id in &ids {
        let blob = store.blob(&format!("{id}/json"))?;
        let document: LayerDocument = document::read(store, &blob, DocumentKind::DockerConfig, &mut Vec::new())?;
        parents.insert(document.parent);
    }
    let last = ids.into_iter().filter(|id| !parents.contains(*id));
    let name = |(index, id): (usize, &str)| ImageName {
        index,
        tags: Arc::default(),
        id: Some(id.to_owned()),
        shares_tags: false,
        platforms: Vec::new(),
    };
    Ok(last.enumerate().map(name).collect())
}

/// Images in `repositories`, with their tags.
fn names(store: &dyn Store, remarks: &mut Vec<Remark>) -> Result<Vec<ImageName>, ImageError> {
    if !store.contains(REPOSITORIES) {
        return Ok(Vec::new());
    }
    let Map(repositories): Map<Map<String>> =
        document::read(store, &store.blob(REPOSITORIES)?, DocumentKind::DockerManifest, remarks)?;
    let (mut found, mut by_id) = (Vec::<(String, Vec<String>)>::new(), HashMap::new());
    for (repository, Map(tags)) in repositories {
        for (tag, id) in tags {
            let tag = format!("{repository}:{tag}");
            // `null` is an empty id to Go, and names no layer.
            if id.is_empty() {
                let text = format!("gives no layer for {}; dive skips it", Quoted(&tag));
                remarks.push(Remark::new(format!("{}: {REPOSITORIES}", store.name()), text));
                continue;
            }
            let index = *by_id.entry(id.clone()).or_insert(found.len());
            if index == LIST_LIMIT {
                return Err(ImageError::Manifest {
                    archive: store.name().to_owned(),
                    document: REPOSITORIES.to_owned(),
                    problem: "lists more than 10,000 images (dive's limit)",
                });
            }
            match found.get_mut(index) {
                Some((_, tags)) => tags.push(tag),
                None => found.push((id, vec![tag])),
            }
        }
    }
    let name = |(index, (id, tags)): (usize, (String, Vec<String>))| ImageName {
        index,
        tags: tags.into(),
        id: Some(id),
        shares_tags: false,
        platforms: Vec::new(),
    };
    Ok(found.into_iter().enumerate().map(name).collect())
}

/// The layers from the base to `top`, with their documents.
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
            return Err(problem(path, "has an invalid id; save the image again"));
        }
        if !seen.insert(next.clone()) {
            return Err(problem(path, "is its own ancestor; save the image again"));
        }
        if chain.len() == LIST_LIMIT {
            return Err(problem(path, "exceeds dive's limit of 10,000 layers"));
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
