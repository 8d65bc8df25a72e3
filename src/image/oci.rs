//! `index.json` to one manifest: images told apart by name, indexes inside indexes, one platform of several. Shapes
//! differ by writer: containerd nests an index for each image, skopeo gives each tag an entry of its own, others list
//! the platforms of one image at the top.

use std::collections::{HashMap, HashSet};

use super::document::{self, DocumentKind};
use super::error::ImageError;
use super::manifest::{Descriptor, OciDocument};
use super::plan::{Plan, Wanted, why_missing};
use super::platform::Platform;
use super::selection::{ImageName, ImageSelector, Selection, find, listed};
use crate::json::List;
use crate::remark::Remark;
use crate::source::{Source, SourceError};

pub(super) const INDEX: &str = "index.json";

/// Documents that are read in search of a manifest. Real indexes have some ten entries; a file can claim any number.
const DOCUMENT_COUNT: usize = 1_000;

/// Entries that all those documents together may list.
const LISTED_COUNT: usize = 10_000;

/// The plan for the image and the platform that `selection` names.
pub(super) fn plan(source: &Source, selection: &Selection, remarks: &mut Vec<Remark>) -> Result<Plan, ImageError> {
    let archive = || source.name().to_owned();
    let index: OciDocument = document::read(source, &source.blob(INDEX)?, DocumentKind::Index, remarks)?;
    let mut groups = group(index.manifests.unwrap_or_default());
    if groups.is_empty() {
        return Err(ImageError::NoImage { archive: archive(), document: INDEX });
    }
    let mut names: Vec<ImageName> = groups
        .iter_mut()
        .enumerate()
        .map(|(index, group)| ImageName {
            index,
            tags: std::mem::take(&mut group.tags),
            id: group.entries.first().map(|entry| entry.digest.clone()),
        })
        .collect();
    let Some(chosen) = find(&names, selection.image.as_ref()) else {
        let wanted = selection.image.clone().unwrap_or(ImageSelector::Index(0));
        return Err(ImageError::UnknownImage { archive: archive(), wanted, available: listed(&names) });
    };
    let name = names.remove(chosen);
    let leaves = leaves(source, groups.swap_remove(chosen).entries)?;
    let leaf = choose(source, leaves, selection.platform.as_ref(), remarks)?;
    from_manifest(source, leaf, name, names, remarks)
}

/// The media types of the layers that the manifests of `source` name, by digest. What cannot be read tells of none: it is
/// only asked where something else says which layers there are.
pub(super) fn media_types(source: &Source) -> HashMap<String, String> {
    let read = |path: &str| -> Option<OciDocument> {
        document::read(source, &source.blob(path).ok()?, DocumentKind::OciDocument, &mut Vec::new()).ok()
    };
    let entries = read(INDEX).and_then(|index| index.manifests).unwrap_or_default().0;
    let leaves = leaves(source, entries).unwrap_or_default();
    let here = leaves.iter().filter(|leaf| leaf.presence == Presence::Here);
    let layers = here.filter_map(|leaf| read(&leaf.path)).flat_map(|manifest| manifest.layers.0);
    layers.filter_map(|layer| Some((layer.digest.clone(), layer.media_type()?.to_owned()))).collect()
}

/// Entries of an index that are one image.
#[derive(Debug, Default)]
struct Group {
    tags: Vec<String>,
    entries: Vec<Descriptor>,
}

/// Entries of one digest are one image with several tags; entries of one tag, and entries with a platform and without
/// a tag, are one image for several platforms.
fn group(List(entries): List<Descriptor>) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    // Which group has a tag, a digest, and entries with a platform and no tag: lists may be long.
    let (mut by_tag, mut by_digest) = (HashMap::new(), HashMap::new());
    let mut of_platforms = None;
    for entry in entries {
        if entry.is_attestation() {
            continue;
        }
        let tag = entry.image_name().map(str::to_owned);
        let for_platform = entry.platform().is_some();
        let known = tag.as_ref().and_then(|tag| by_tag.get(tag)).or_else(|| by_digest.get(&entry.digest)).copied();
        let known = known.or(of_platforms.filter(|_| tag.is_none() && for_platform));
        let at = known.unwrap_or(groups.len());
        if known.is_none() {
            groups.push(Group::default());
            if tag.is_none() && for_platform {
                of_platforms.get_or_insert(at);
            }
        }
        let Some(group) = groups.get_mut(at) else { continue };
        if let Some(tag) = tag
            && by_tag.insert(tag.clone(), at).is_none()
        {
            group.tags.push(tag);
        }
        if by_digest.insert(entry.digest.clone(), at).is_none() {
            group.entries.push(entry);
        }
    }
    groups
}

/// A manifest that could be the one.
#[derive(Debug)]
struct Leaf {
    descriptor: Descriptor,
    path: String,
    platform: Option<Platform>,
    presence: Presence,
    /// Why it is not known what it is.
    lost: Option<SourceError>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Presence {
    Here,
    /// The index names it and the source does not hold it: indexes list platforms nobody pulled.
    Absent,
}

/// All manifests below `entries`, in the order of the indexes.
fn leaves(source: &Source, entries: Vec<Descriptor>) -> Result<Vec<Leaf>, ImageError> {
    let too_many = || ImageError::Manifest {
        archive: source.name().to_owned(),
        document: INDEX.to_owned(),
        problem: "names more manifests below one image than any image has",
    };
    let mut leaves = Vec::new();
    let mut seen = HashSet::new();
    let mut listed = 0;
    // The next entry is the last one.
    let mut ahead: Vec<Descriptor> = entries.into_iter().rev().collect();
    while let Some(descriptor) = ahead.pop() {
        if descriptor.is_attestation() || !seen.insert(descriptor.digest.clone()) {
            continue;
        }
        if seen.len() > DOCUMENT_COUNT {
            return Err(too_many());
        }
        let path = descriptor.path().map_err(|cause| ImageError::Digest {
            archive: source.name().to_owned(),
            what: "manifest",
            cause,
        })?;
        let platform = descriptor.platform();
        if !source.contains(&path) {
            leaves.push(Leaf { descriptor, path, platform, presence: Presence::Absent, lost: None });
            continue;
        }
        // All that matters is told: in a registry, each document that is not read is a question that is not asked.
        if platform.is_some() && descriptor.is_manifest() {
            leaves.push(Leaf { descriptor, path, platform, presence: Presence::Here, lost: None });
            continue;
        }
        // A manifest that is not to be had, or turns out unreadable, is an error only if it is the chosen one.
        let blob = match source.blob(&path) {
            Ok(blob) => blob,
            Err(error) => {
                leaves.push(Leaf { descriptor, path, platform, presence: Presence::Here, lost: Some(error) });
                continue;
            }
        };
        let document: Result<OciDocument, _> =
            document::read(source, &blob, DocumentKind::OciDocument, &mut Vec::new());
        match document {
            Ok(OciDocument { manifests: Some(List(inner)), .. }) => {
                listed += inner.len();
                if listed > LISTED_COUNT {
                    return Err(too_many());
                }
                ahead.extend(inner.into_iter().rev());
            }
            Ok(OciDocument { config: Some(config), .. }) if platform.is_none() => {
                let platform = config_platform(source, &config);
                leaves.push(Leaf { descriptor, path, platform, presence: Presence::Here, lost: None });
            }
            _ => leaves.push(Leaf { descriptor, path, platform, presence: Presence::Here, lost: None }),
        }
    }
    Ok(leaves)
}

/// The platform that a configuration names, if it can be read.
fn config_platform(source: &Source, config: &Descriptor) -> Option<Platform> {
    let blob = source.blob(&config.path().ok()?).ok()?;
    document::read::<super::config::ImageConfig>(source, &blob, DocumentKind::OciDocument, &mut Vec::new())
        .ok()?
        .platform()
}

/// The manifest for the platform that is wanted; where only the host's was, the only one that is here will do.
fn choose(
    source: &Source,
    mut leaves: Vec<Leaf>,
    asked: Option<&Platform>,
    remarks: &mut Vec<Remark>,
) -> Result<Leaf, ImageError> {
    let wanted = asked.cloned().unwrap_or_else(Platform::host);
    let fitting = leaves
        .iter()
        .enumerate()
        .filter_map(|(at, leaf)| Some((leaf.platform.as_ref()?.fit(&wanted)?, at, leaf.presence)))
        // The best fit; of equals the first.
        .max_by_key(|(fit, at, _)| (*fit, usize::MAX - at));
    let here: Vec<usize> = (0..leaves.len()).filter(|at| leaves[*at].presence == Presence::Here).collect();
    let chosen = match (fitting, &here[..]) {
        (Some((_, at, Presence::Here)), _) => at,
        (None, _) if leaves.len() == 1 && (asked.is_none() || leaves[0].platform.is_none()) => 0,
        (_, [only]) if asked.is_none() => *only,
        (Some((_, at, Presence::Absent)), _) => at,
        (None, _) => {
            // It may be what was wanted.
            if let Some(error) = leaves.iter_mut().find_map(|leaf| leaf.lost.take()) {
                return Err(error.into());
            }
            let available: Vec<String> = leaves
                .iter()
                .map(|leaf| leaf.platform.as_ref().map_or_else(|| leaf.descriptor.digest.clone(), ToString::to_string))
                .collect();
            return Err(ImageError::NoPlatform {
                archive: source.name().to_owned(),
                wanted,
                available: if available.is_empty() { "no platform".to_owned() } else { available.join(", ") },
            });
        }
    };
    let leaf = leaves.swap_remove(chosen);
    if let Some(platform) = leaf.platform.as_ref().filter(|platform| platform.fit(&wanted).is_none()) {
        remarks.push(Remark::new(
            source.name(),
            format!("the image is not there for {wanted}; the only one there is, for {platform}, is shown"),
        ));
    }
    Ok(leaf)
}

fn from_manifest(
    source: &Source,
    leaf: Leaf,
    mut name: ImageName,
    others: Vec<ImageName>,
    remarks: &mut Vec<Remark>,
) -> Result<Plan, ImageError> {
    let archive = || source.name().to_owned();
    if let Some(error) = leaf.lost {
        return Err(error.into());
    }
    if leaf.presence == Presence::Absent {
        return Err(ImageError::MissingDocument {
            archive: archive(),
            what: "manifest",
            path: leaf.path.clone(),
            hint: why_missing(source),
        });
    }
    let manifest: OciDocument = document::read(source, &source.blob(&leaf.path)?, DocumentKind::OciDocument, remarks)?;
    let problem = |problem| ImageError::Manifest { archive: archive(), document: leaf.path.clone(), problem };
    if manifest.fs_layers.is_some() {
        return Err(problem(
            "is a Docker schema 1 manifest, which engines no longer read; pull and save the image again",
        ));
    }
    let Some(config) = &manifest.config else {
        return Err(problem("is no image manifest: it names no configuration"));
    };
    name.id = Some(config.digest.clone());
    Ok(Plan {
        name,
        others,
        document: leaf.path.clone(),
        artifact_type: manifest.artifact_type.as_deref().map(str::to_owned),
        platform: leaf.platform.clone(),
        config: Wanted::from(config),
        config_kind: DocumentKind::OciDocument,
        layers: manifest.layers.0.iter().map(Wanted::from).collect(),
    })
}
