//! The largest groups of waste over all images. A group in a layer that several images share is one group.

use super::chains::{ChainLink, ImageChain};
use super::figures::{KEPT_GROUPS, MemberWaste};
use dive_model::analysis::exact::Cause;

/// The groups that are kept while images are added: the same group may be larger in a later image.
const CANDIDATES: usize = 200;

/// The largest groups so far.
#[derive(Debug, Default)]
pub(super) struct LargestWaste(Vec<SharedGroup>);

/// A group of waste, and the images that have it.
#[derive(Debug)]
pub(crate) struct SharedGroup {
    /// The directory or the file.
    pub(crate) path: Vec<u8>,
    /// How most of its bytes were hidden in the image with the most bytes.
    pub(crate) cause: Cause,
    /// Its bytes, in the image with the most.
    pub(crate) size_bytes: u64,
    /// The number of its files there.
    pub(crate) files: u64,
    /// The first image that has it.
    pub(crate) first_image: String,
    /// The number of images that have it.
    pub(crate) images: usize,
    /// The layer that holds the bytes: a host stores them once, whichever layers hide them.
    layer: Option<ChainLink>,
}

impl LargestWaste {
    /// Adds the groups of an image.
    pub(super) fn add(&mut self, name: &str, groups: Vec<MemberWaste>, chain: &ImageChain) {
        for MemberWaste { path, cause, size_bytes, files, layer } in by_layer_and_path(groups) {
            let layer = chain.layer(layer);
            let Some(known) = self.0.iter_mut().find(|known| known.layer == layer && known.path == path) else {
                let first_image = name.to_owned();
                self.0.push(SharedGroup { path, cause, size_bytes, files, first_image, images: 1, layer });
                continue;
            };
            known.images = known.images.saturating_add(1);
            if size_bytes > known.size_bytes {
                (known.size_bytes, known.files, known.cause) = (size_bytes, files, cause);
            }
        }
        // Stable: of equal groups, those of earlier images stay.
        self.0.sort_by_key(|group| std::cmp::Reverse(group.size_bytes));
        self.0.truncate(CANDIDATES);
    }

    /// The largest groups, largest first.
    pub(super) fn groups(&self) -> &[SharedGroup] {
        self.0.get(..KEPT_GROUPS).unwrap_or(&self.0)
    }
}

/// The groups of an image, with those of one layer and path as one: several layers may have hidden parts of it.
fn by_layer_and_path(groups: Vec<MemberWaste>) -> Vec<MemberWaste> {
    let mut merged: Vec<MemberWaste> = Vec::with_capacity(groups.len());
    // The largest group is first, and its cause stays.
    for group in groups {
        match merged.iter_mut().find(|known| known.layer == group.layer && known.path == group.path) {
            Some(known) => {
                known.size_bytes = known.size_bytes.saturating_add(group.size_bytes);
                known.files = known.files.saturating_add(group.files);
            }
            None => merged.push(group),
        }
    }
    merged
}
