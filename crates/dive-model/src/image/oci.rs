//! `index.json` to one manifest: images told apart by name and platform, one of them chosen. Shapes differ by writer:
//! containerd nests an index for each image, skopeo gives each tag an entry of its own, others list the platforms of one
//! image at the top, crane lists images of one platform there.

use std::collections::HashMap;

use super::document::{self, DocumentKind};
use super::error::ImageError;
use super::index::{Content, Follower, Leaf, Presence};
use super::manifest::{Descriptor, OciDocument};
use super::plan::{ConfigDocument, Plan, PlannedConfig, Wanted, why_missing};
use super::platform::Platform;
use super::schema1::Schema1;
use super::selection::{ImageName, ImageSelector, OtherEntry, Selection, find, is_id, listed};
use crate::json::List;
use crate::remark::Remark;
use crate::store::Store;

pub(super) use super::index::INDEX;

/// The plan for the image and the platform that `selection` names.
pub(super) fn plan(store: &dyn Store, selection: &Selection, remarks: &mut Vec<Remark>) -> Result<Plan, ImageError> {
    let archive = || store.name().to_owned();
    let index: OciDocument = document::read(store, &store.blob(INDEX)?, DocumentKind::Index, remarks)?;
    let mut contents = Contents::of(store, index.manifests.unwrap_or_default())?;
    contents.name_all();
    let Some((chosen, leaf)) = contents.find(selection) else {
        let first = contents.others.first().filter(|_| contents.images.is_empty());
        let other = contents.named_other(selection.image.as_ref()).or(first);
        let available = (!contents.names.is_empty()).then(|| listed(&contents.names));
        return Err(match (other, available) {
            (Some(other), available) => {
                ImageError::NotAnImage { archive: archive(), entry: Box::new(other.clone()), available }
            }
            (None, None) => ImageError::NoImage { archive: archive(), document: INDEX },
            (None, Some(available)) => {
                let wanted = selection.image.clone().unwrap_or(ImageSelector::Index(0));
                ImageError::UnknownImage { archive: archive(), wanted, available }
            }
        });
    };
    let name = contents.names.remove(chosen);
    let mut leaves = contents.images.swap_remove(chosen).leaves;
    let leaf = match leaf {
        Some(leaf) => leaves.swap_remove(leaf),
        None => choose(store, leaves, selection.platform.as_ref(), remarks)?,
    };
    let plan = from_manifest(store, leaf, name, contents.names, remarks)?;
    Ok(Plan { other_entries: contents.others, ..plan })
}

/// The media types of the layers that the manifests of `store` name, by digest. What cannot be read tells of none: it is
/// only asked where something else says which layers there are.
pub(super) fn media_types(store: &dyn Store) -> HashMap<String, String> {
    let read = |path: &str, kind: DocumentKind| -> Option<OciDocument> {
        document::read(store, &store.blob(path).ok()?, kind, &mut Vec::new()).ok()
    };
    let entries = read(INDEX, DocumentKind::Index).and_then(|index| index.manifests).unwrap_or_default().0;
    let mut follower = Follower::new(store);
    let leaves = entries.into_iter().flat_map(|entry| follower.leaves(entry).unwrap_or_default());
    let here: Vec<Leaf> = leaves.filter(|leaf| leaf.presence == Presence::Here).collect();
    let manifests = here.iter().filter_map(|leaf| read(&leaf.path, DocumentKind::OciDocument));
    let layers = manifests.flat_map(|manifest| manifest.layers.0);
    layers.filter_map(|layer| Some((layer.digest.clone(), layer.media_type()?.to_owned()))).collect()
}

/// Manifests that are one image, each for another platform.
#[derive(Debug, Default)]
struct Group {
    tags: Vec<String>,
    /// Digests of the entries in `index.json`.
    digests: Vec<String>,
    leaves: Vec<Leaf>,
}

/// What an index holds.
#[derive(Debug, Default)]
struct Contents {
    images: Vec<Group>,
    /// What `images` are called.
    names: Vec<ImageName>,
    /// Entries that are no images.
    others: Vec<OtherEntry>,
}

impl Contents {
    fn of(store: &dyn Store, entries: List<Descriptor>) -> Result<Self, ImageError> {
        let mut contents = Self::default();
        for group in groups(store, entries)? {
            let (images, others): (Vec<Leaf>, Vec<Leaf>) =
                group.leaves.into_iter().partition(|leaf| leaf.content == Content::Image);
            // Beside an image in its own index, attestations are what every build adds.
            let is_beside = !images.is_empty();
            contents.others.extend(others.into_iter().filter(|_| !is_beside).map(OtherEntry::from));
            let group = Group { tags: group.tags, digests: group.digests, leaves: Vec::new() };
            contents.images.extend(split(group, images));
        }
        Ok(contents)
    }

    fn name_all(&mut self) {
        let named = self.images.iter_mut().enumerate().map(|(index, group)| ImageName {
            index,
            tags: std::mem::take(&mut group.tags),
            id: group.digests.first().or_else(|| group.leaves.first().map(|leaf| &leaf.descriptor.digest)).cloned(),
            shares_tags: false,
        });
        self.names = named.collect();
        let mut uses: HashMap<String, usize> = HashMap::new();
        self.names.iter().flat_map(|name| &name.tags).for_each(|tag| *uses.entry(tag.clone()).or_default() += 1);
        for name in &mut self.names {
            name.shares_tags = name.tags.iter().any(|tag| uses.get(tag).is_some_and(|count| *count > 1));
        }
    }

    /// The image that is meant, and which of its manifests, if that is named by its own digest.
    fn find(&self, selection: &Selection) -> Option<(usize, Option<usize>)> {
        match (&selection.image, &selection.platform) {
            (None, Some(wanted)) => {
                // The first that has the platform; of none, the first tells which platforms there are.
                let fits = |group: &Group| group.leaves.iter().any(|leaf| fit(leaf, wanted).is_some());
                let first = (!self.images.is_empty()).then_some(0);
                self.images.iter().position(fits).or(first).map(|image| (image, None))
            }
            (Some(ImageSelector::Reference(wanted)), _) => {
                let named = find(&self.names, selection.image.as_ref());
                let by_tag = named.filter(|at| !self.names[*at].id.as_ref().is_some_and(|id| is_id(id, wanted)));
                by_tag.map(|image| (image, None)).or_else(|| self.by_digest(wanted, selection.platform.as_ref()))
            }
            _ => find(&self.names, selection.image.as_ref()).map(|image| (image, None)),
        }
    }

    /// The manifest with that digest or image id, unless it is for another platform than the one that is asked for; all
    /// manifests of an image whose index has that digest.
    fn by_digest(&self, wanted: &str, platform: Option<&Platform>) -> Option<(usize, Option<usize>)> {
        let is_leaf = |leaf: &Leaf| {
            is_id(&leaf.descriptor.digest, wanted) || leaf.config_digest.as_ref().is_some_and(|id| is_id(id, wanted))
        };
        let leaves = self.images.iter().enumerate();
        let leaf = leaves.clone().find_map(|(at, group)| {
            let leaf = group.leaves.iter().position(is_leaf)?;
            let fits =
                platform.is_none_or(|platform| group.leaves.len() == 1 || fit(&group.leaves[leaf], platform).is_some());
            Some((at, fits.then_some(leaf)))
        });
        let index = || leaves.clone().find(|(_, group)| group.digests.iter().any(|digest| is_id(digest, wanted)));
        leaf.or_else(|| index().map(|(at, _)| (at, None)))
    }

    /// The entry that is meant and is no image.
    fn named_other(&self, selector: Option<&ImageSelector>) -> Option<&OtherEntry> {
        let Some(ImageSelector::Reference(wanted)) = selector else { return None };
        self.others.iter().find(|other| other.tag.as_ref() == Some(wanted) || is_id(&other.digest, wanted))
    }
}

impl From<Leaf> for OtherEntry {
    fn from(leaf: Leaf) -> Self {
        let artifact_type = match leaf.content {
            Content::Artifact(artifact_type) => Some(artifact_type),
            Content::Attestation | Content::Image => None,
        };
        Self {
            tag: leaf.descriptor.image_name().map(str::to_owned),
            digest: leaf.descriptor.digest,
            is_attestation: artifact_type.is_none(),
            artifact_type: artifact_type.flatten(),
        }
    }
}

/// The entries of an index by the images they seem to be: entries of one digest are one image with several tags; entries
/// of one tag, and manifests with a platform and without a tag, are one image for several platforms.
fn groups(store: &dyn Store, List(entries): List<Descriptor>) -> Result<Vec<Group>, ImageError> {
    let mut follower = Follower::new(store);
    let mut groups: Vec<Group> = Vec::new();
    // Which group has a tag, a digest, and entries with a platform and no tag: lists may be long.
    let (mut by_tag, mut by_digest) = (HashMap::new(), HashMap::new());
    let mut of_platforms = None;
    for entry in entries {
        let (digest, tag) = (entry.digest.clone(), entry.image_name().map(str::to_owned));
        let is_new = !by_digest.contains_key(&digest);
        let leaves = if is_new { follower.leaves(entry)? } else { Vec::new() };
        // What is no image stands for itself.
        let is_image = leaves.iter().any(|leaf| leaf.content == Content::Image);
        let for_platform = tag.is_none()
            && is_image
            && matches!(&leaves[..], [leaf] if leaf.descriptor.digest == digest && leaf.descriptor.platform().is_some());
        let known =
            by_digest.get(&digest).or_else(|| tag.as_ref().filter(|_| is_image).and_then(|tag| by_tag.get(tag)));
        let known = known.copied().or(of_platforms.filter(|_| for_platform));
        let at = known.unwrap_or(groups.len());
        if known.is_none() {
            groups.push(Group::default());
            if for_platform {
                of_platforms.get_or_insert(at);
            }
        }
        let Some(group) = groups.get_mut(at) else { continue };
        group.leaves.extend(leaves);
        if let Some(tag) = tag
            && !group.tags.contains(&tag)
        {
            if is_image {
                by_tag.entry(tag.clone()).or_insert(at);
            }
            group.tags.push(tag);
        }
        if is_new {
            by_digest.insert(digest.clone(), at);
            group.digests.push(digest);
        }
    }
    Ok(groups)
}

/// A group as the images that it holds. Manifests for different platforms are one image; one more for the same platform,
/// and one without a platform beside others, is an image of its own.
fn split(group: Group, leaves: Vec<Leaf>) -> Vec<Group> {
    let (mut image, mut apart) = (Vec::<Leaf>::new(), Vec::new());
    let (of_platforms, others): (Vec<Leaf>, Vec<Leaf>) = leaves.into_iter().partition(|leaf| leaf.platform.is_some());
    let mut seen = Vec::new();
    for leaf in of_platforms {
        if seen.contains(&leaf.platform) {
            apart.push(leaf);
        } else {
            seen.push(leaf.platform.clone());
            image.push(leaf);
        }
    }
    for leaf in others {
        // It cannot be told what it is.
        let is_lost = leaf.lost.is_some() || leaf.presence == Presence::Absent;
        if image.is_empty() || is_lost {
            image.push(leaf);
        } else {
            apart.push(leaf);
        }
    }
    let tags = group.tags.clone();
    let apart = apart.into_iter().map(|leaf| Group { tags: tags.clone(), digests: Vec::new(), leaves: vec![leaf] });
    let first = (!image.is_empty()).then_some(Group { leaves: image, ..group });
    first.into_iter().chain(apart).collect()
}

fn fit(leaf: &Leaf, wanted: &Platform) -> Option<u8> {
    leaf.platform.as_ref()?.fit(wanted)
}

/// The manifest for the platform that is wanted; where only the host's was, the only one that is here will do.
fn choose(
    store: &dyn Store,
    mut leaves: Vec<Leaf>,
    asked: Option<&Platform>,
    remarks: &mut Vec<Remark>,
) -> Result<Leaf, ImageError> {
    let wanted = asked.cloned().unwrap_or_else(Platform::host);
    let fitting = leaves
        .iter()
        .enumerate()
        .filter_map(|(at, leaf)| Some((fit(leaf, &wanted)?, at, leaf.presence)))
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
            let available: Vec<String> =
                leaves.iter().filter_map(|leaf| leaf.platform.as_ref()).map(ToString::to_string).collect();
            return Err(ImageError::NoPlatform {
                archive: store.name().to_owned(),
                wanted: Box::new(wanted),
                available: available.join(", "),
            });
        }
    };
    let leaf = leaves.swap_remove(chosen);
    let Some(platform) = &leaf.platform else { return Ok(leaf) };
    if platform.fit(&wanted).is_none() {
        remarks.push(Remark::new(store.name(), format!("no image for {wanted}; showing the only one, for {platform}")));
    }
    let twins = leaves.iter().filter_map(|leaf| leaf.platform.as_ref());
    let twins: Vec<String> = twins
        .filter(|twin| twin.is_twin(platform) && twin.fit(&wanted) == platform.fit(&wanted))
        .map(ToString::to_string)
        .collect();
    if !twins.is_empty() {
        let text = format!("{platform} is shown; --platform takes another version: {}", twins.join(", "));
        remarks.push(Remark::new(store.name(), text));
    }
    Ok(leaf)
}

fn from_manifest(
    store: &dyn Store,
    leaf: Leaf,
    mut name: ImageName,
    others: Vec<ImageName>,
    remarks: &mut Vec<Remark>,
) -> Result<Plan, ImageError> {
    let archive = || store.name().to_owned();
    if let Some(error) = leaf.lost {
        return Err(error.into());
    }
    if leaf.presence == Presence::Absent {
        return Err(ImageError::MissingDocument {
            archive: archive(),
            what: "manifest",
            path: leaf.path.clone(),
            hint: why_missing(store),
        });
    }
    let blob = store.blob(&leaf.path)?;
    let manifest: OciDocument = document::read(store, &blob, DocumentKind::OciDocument, remarks)?;
    if manifest.fs_layers.is_some() {
        let Schema1 { config, layers } = Schema1::read(store, &blob, remarks)?;
        // The digest of a configuration would be the image's id.
        name.id = None;
        return Ok(Plan {
            name,
            others,
            other_entries: Vec::new(),
            platform: leaf.platform,
            config: PlannedConfig::InManifest(Box::new(config)),
            layers,
        });
    }
    let Some(config) = &manifest.config else {
        return Err(ImageError::Manifest {
            archive: archive(),
            document: leaf.path,
            problem: "is no image manifest: it names no configuration",
        });
    };
    name.id = Some(config.digest.clone());
    Ok(Plan {
        name,
        others,
        other_entries: Vec::new(),
        platform: leaf.platform,
        config: PlannedConfig::Document(ConfigDocument {
            wanted: Wanted::from(config),
            kind: DocumentKind::OciDocument,
            manifest: leaf.path,
            artifact_type: manifest.artifact_type.as_deref().map(str::to_owned),
        }),
        layers: manifest.layers.0.iter().map(Wanted::from).collect(),
    })
}
