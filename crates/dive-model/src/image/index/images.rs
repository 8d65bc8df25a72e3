//! Groups the manifests of an index into images, each for several platforms. Writers differ: containerd nests an index
//! for each image, skopeo has an entry for each tag, others list the platforms of one image at the top level, and crane
//! lists images of one platform there.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use super::super::error::ImageError;
use super::super::manifest::Descriptor;
use super::super::other_entry::OtherEntry;
use super::super::plan::Attestation;
use super::super::platform::Platform;
use super::super::selection::{ImageName, is_id, note_shared_tags};
use super::walk::{INDEX, IndexWalker, ManifestContent, ManifestLeaf};
use crate::json::List;

/// Tags, which many manifests may share.
type TagList = Arc<[String]>;

/// One image: its manifests, each for another platform.
#[derive(Debug, Default)]
pub(super) struct IndexedImage {
    tags: TagList,
    /// Digests of its entries in `index.json`.
    pub(super) digests: Vec<String>,
    pub(super) leaves: Vec<ManifestLeaf>,
}

impl IndexedImage {
    /// Digest of its own index, or of its first manifest.
    fn id(&self) -> Option<&str> {
        match &self.digests[..] {
            [digest] => Some(digest),
            _ => self.leaves.first().map(|leaf| leaf.descriptor.digest.as_str()),
        }
    }

    /// The known platforms of the manifests that are present.
    fn platforms(&self) -> Vec<Platform> {
        let present = self.leaves.iter().filter(|leaf| leaf.error.is_none());
        present.filter_map(|leaf| leaf.platform.clone()).collect()
    }
}

/// The images of an index, and its other entries.
#[derive(Debug, Default)]
pub(super) struct IndexImages {
    pub(super) images: Vec<IndexedImage>,
    /// Names of `images`.
    pub(super) names: Vec<ImageName>,
    /// Entries that are not images.
    pub(super) others: Vec<OtherEntry>,
    /// Attestations of images, which every build adds.
    pub(super) attestations: Vec<OtherEntry>,
    /// For each nested index, by digest, the digests of its entries.
    nested: HashMap<String, Vec<String>>,
    /// Attestations with provenance of the images.
    pub(super) statements: Vec<Attestation>,
}

impl IndexImages {
    pub(super) fn of(walker: &mut IndexWalker<'_>, entries: List<Descriptor>) -> Result<Self, ImageError> {
        let mut contents = Self::default();
        for group in groups(walker, entries)? {
            let mut leaves = group.leaves;
            inspect_twins(walker, &mut leaves)?;
            let (images, others): (Vec<ManifestLeaf>, Vec<ManifestLeaf>) =
                leaves.into_iter().partition(ManifestLeaf::may_be_image);
            let mut digests = group.digests;
            digests.retain(|digest| others.iter().all(|other| other.descriptor.digest != *digest));
            contents.statements.extend(others.iter().filter_map(ManifestLeaf::attestation));
            let has_images = !images.is_empty();
            for leaf in others {
                let is_of_image = has_images && leaf.content == ManifestContent::Attestation;
                let tag = leaf.tags.first().filter(|_| !has_images).cloned();
                let other = OtherEntry::from(leaf);
                let entries = if is_of_image { &mut contents.attestations } else { &mut contents.others };
                entries.push(OtherEntry { tag: other.tag.or(tag), ..other });
            }
            let group = IndexedImage { tags: group.tags, digests, leaves: Vec::new() };
            contents.images.extend(split(group, images));
        }
        contents.nested = std::mem::take(&mut walker.nested);
        contents.name_all();
        Ok(contents)
    }

    /// Digests of everything below the index with digest `wanted`.
    pub(super) fn below(&self, wanted: &str) -> Option<HashSet<&str>> {
        let index = self.nested.keys().find(|digest| is_id(digest, wanted))?;
        let mut below = HashSet::new();
        let mut ahead = vec![index];
        while let Some(digest) = ahead.pop() {
            let entries = self.nested.get(digest).into_iter().flatten();
            ahead.extend(entries.filter(|entry| below.insert(entry.as_str())));
        }
        Some(below)
    }

    /// Reads the manifest at these positions if it is unread. False if `self` changed: choose again.
    pub(super) fn confirm(
        &mut self,
        walker: &mut IndexWalker<'_>,
        image: usize,
        leaf: usize,
    ) -> Result<bool, ImageError> {
        let leaves = &mut self.images[image].leaves;
        let chosen = &mut leaves[leaf];
        if chosen.content != ManifestContent::Unread || chosen.error.is_some() {
            return Ok(true);
        }
        walker.inspect_chosen(chosen)?;
        if chosen.may_be_image() {
            // A failed request may succeed when repeated: an error, not a damaged manifest.
            return Ok(!matches!(
                chosen.error,
                Some(ImageError::Document { .. } | ImageError::Limit { .. } | ImageError::Manifest { .. })
            ));
        }
        let other = OtherEntry::from(leaves.remove(leaf));
        if leaves.is_empty() {
            self.images.remove(image);
        } else {
            self.images[image].digests.retain(|digest| *digest != other.digest);
        }
        self.others.push(other);
        self.name_all();
        Ok(false)
    }

    fn name_all(&mut self) {
        let named = self.images.iter().enumerate().map(|(index, group)| ImageName {
            index,
            tags: Arc::clone(&group.tags),
            id: group.id().map(str::to_owned),
            shares_tags: false,
            platforms: group.platforms(),
        });
        self.names = named.collect();
        note_shared_tags(&mut self.names);
    }
}

impl From<ManifestLeaf> for OtherEntry {
    fn from(leaf: ManifestLeaf) -> Self {
        let artifact_type = match leaf.content {
            ManifestContent::Artifact(artifact_type) => Some(artifact_type),
            ManifestContent::Attestation | ManifestContent::Image | ManifestContent::Unread => None,
        };
        Self {
            tag: leaf.descriptor.image_names().into_iter().next(),
            digest: leaf.descriptor.digest,
            is_attestation: artifact_type.is_none(),
            artifact_type: artifact_type.flatten(),
        }
    }
}

/// Entries of `index.json` with one digest.
#[derive(Debug)]
struct IndexEntry {
    digest: String,
    tags: Vec<String>,
    leaves: Vec<ManifestLeaf>,
}

/// Groups the entries of an index into images. Entries with one digest are one image with several tags. Entries with
/// one tag, and manifests with a platform and without a tag, are one image for several platforms.
fn groups(walker: &mut IndexWalker<'_>, entries: List<Descriptor>) -> Result<Vec<IndexedImage>, ImageError> {
    let mut listed: Vec<IndexEntry> = Vec::new();
    let mut images = DisjointSets::default();
    // Maps from tag and digest to the first such entry: a scan per entry would be quadratic.
    let (mut by_tag, mut by_digest) = (HashMap::new(), HashMap::new());
    let mut of_platforms = None;
    let mut seen_tags = HashSet::new();
    for entry in walker.with_digest(INDEX, entries) {
        let (digest, tags) = (entry.digest.clone(), entry.image_names());
        let at = if let Some(at) = by_digest.get(&digest) {
            *at
        } else {
            let at = images.add();
            let leaves = walker.leaves(entry)?;
            let for_platform = tags.is_empty()
                && matches!(&leaves[..], [leaf] if leaf.may_be_image() && leaf.descriptor.digest == digest
                        && (leaf.platform.is_some() || leaf.is_of_unknown_platform()));
            if for_platform {
                images.unite(at, *of_platforms.get_or_insert(at));
            }
            by_digest.insert(digest.clone(), at);
            listed.push(IndexEntry { digest, tags: Vec::new(), leaves });
            at
        };
        // Entries that are not images are not merged.
        let may_be_image = listed[at].leaves.iter().any(ManifestLeaf::may_be_image);
        for tag in tags {
            if !seen_tags.insert((at, tag.clone())) {
                continue;
            }
            if may_be_image {
                images.unite(at, *by_tag.entry(tag.clone()).or_insert(at));
            }
            listed[at].tags.push(tag);
        }
    }
    let mut groups: BTreeMap<usize, (IndexedImage, Vec<TagList>)> = BTreeMap::new();
    for (at, IndexEntry { digest, tags, mut leaves }) in listed.into_iter().enumerate() {
        let (group, lists) = groups.entry(images.first_of(at)).or_default();
        let tags: TagList = tags.into();
        for leaf in &mut leaves {
            leaf.tags = Arc::clone(&tags);
        }
        lists.push(tags);
        group.digests.push(digest);
        group.leaves.append(&mut leaves);
    }
    Ok(groups.into_values().map(|(group, lists)| IndexedImage { tags: merged(&lists), ..group }).collect())
}

/// All tags of `lists`, each once. A single list is shared, and others are copied only once: an index may have thousands
/// of both.
fn merged(lists: &[TagList]) -> TagList {
    let mut filled = lists.iter().filter(|list| !list.is_empty());
    match (filled.next(), filled.next()) {
        (None, _) => Arc::default(),
        (Some(only), None) => Arc::clone(only),
        _ => {
            let mut seen = HashSet::new();
            lists.iter().flat_map(|list| &**list).filter(|tag| seen.insert(tag.as_str())).cloned().collect()
        }
    }
}

/// Disjoint sets of numbers from 0, each represented by its first member (union-find).
#[derive(Debug, Default)]
struct DisjointSets {
    /// For each number, an earlier member of its set, or itself.
    earlier: Vec<usize>,
}

impl DisjointSets {
    /// Adds the next number as a new set.
    fn add(&mut self) -> usize {
        self.earlier.push(self.earlier.len());
        self.earlier.len() - 1
    }

    fn first_of(&mut self, mut member: usize) -> usize {
        while self.earlier[member] != member {
            // Path halving keeps later lookups short.
            self.earlier[member] = self.earlier[self.earlier[member]];
            member = self.earlier[member];
        }
        member
    }

    fn unite(&mut self, one: usize, other: usize) {
        let (one, other) = (self.first_of(one), self.first_of(other));
        self.earlier[one.max(other)] = one.min(other);
    }
}

/// Reads manifests for the same platform: each is an image, or an artifact listed like one.
fn inspect_twins(walker: &mut IndexWalker<'_>, leaves: &mut [ManifestLeaf]) -> Result<(), ImageError> {
    let platform = |leaf: &ManifestLeaf| leaf.platform.as_ref().map(ToString::to_string);
    let mut counts: HashMap<String, usize> = HashMap::new();
    leaves.iter().filter_map(platform).for_each(|platform| *counts.entry(platform).or_default() += 1);
    for leaf in leaves {
        if platform(leaf).is_some_and(|platform| counts.get(&platform).is_some_and(|count| *count > 1)) {
            walker.inspect(leaf)?;
        }
    }
    Ok(())
}

/// Splits a group into images. Manifests for different platforms are one image. A further manifest for the same
/// platform, or one without a known platform beside others, is a separate image.
fn split(group: IndexedImage, leaves: Vec<ManifestLeaf>) -> Vec<IndexedImage> {
    let (mut image, mut apart) = (Vec::<ManifestLeaf>::new(), Vec::new());
    let mut digests = HashSet::new();
    let leaves = leaves.into_iter().filter(|leaf| digests.insert(leaf.descriptor.digest.clone()));
    // Unknown platforms last: one of them is the image only if there is no other.
    let (unknown, others): (Vec<ManifestLeaf>, Vec<ManifestLeaf>) =
        leaves.partition(ManifestLeaf::is_listed_as_unknown);
    let (of_platforms, without_platform): (Vec<ManifestLeaf>, Vec<ManifestLeaf>) =
        others.into_iter().chain(unknown).partition(|leaf| leaf.platform.is_some());
    let mut seen = HashSet::new();
    for leaf in of_platforms {
        if seen.insert(leaf.platform.clone()) { image.push(leaf) } else { apart.push(leaf) }
    }
    for leaf in without_platform {
        // An unreadable manifest may be for any platform.
        if image.is_empty() || leaf.error.is_some() {
            image.push(leaf);
        } else {
            apart.push(leaf);
        }
    }
    let mut tags = group.tags;
    if !apart.is_empty() {
        // Drop tags that only separate images have.
        let lists: HashMap<*const String, &[String]> =
            image.iter().map(|leaf| (leaf.tags.as_ptr(), &*leaf.tags)).collect();
        let own: HashSet<&String> = lists.into_values().flatten().collect();
        if !tags.iter().all(|tag| own.contains(tag)) {
            tags = tags.iter().filter(|tag| own.contains(tag)).cloned().collect();
        }
    }
    let apart = apart.into_iter().map(|leaf| IndexedImage {
        tags: Arc::clone(&leaf.tags),
        digests: Vec::new(),
        leaves: vec![leaf],
    });
    let first = (!image.is_empty()).then_some(IndexedImage { tags, leaves: image, ..group });
    first.into_iter().chain(apart).collect()
}
