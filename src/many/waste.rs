//! The largest groups of waste over all images. A group in layers that several images share is one group.

use super::chains::{ChainLink, ImageChain};
use super::figures::{KEPT_GROUPS, MemberWaste};
use dive_model::analysis::exact::Cause;

/// The largest groups so far.
#[derive(Debug, Default)]
pub(super) struct LargestWaste(Vec<SharedGroup>);

/// A group of waste, and the images that have it.
#[derive(Debug)]
pub(crate) struct SharedGroup {
    /// The directory or the file.
    pub(crate) path: Vec<u8>,
    /// How it was hidden.
    pub(crate) cause: Cause,
    /// Its bytes in one image.
    pub(crate) size_bytes: u64,
    /// The number of its files in one image.
    pub(crate) files: u64,
    /// The first image that has it.
    pub(crate) first_image: String,
    /// The number of images that have it.
    pub(crate) images: usize,
    /// The layer that holds the bytes, and the one that hides them.
    layers: (Option<ChainLink>, Option<ChainLink>),
}

impl LargestWaste {
    /// Adds the groups of an image.
    pub(super) fn add(&mut self, name: &str, groups: Vec<MemberWaste>, chain: &ImageChain) {
        for MemberWaste { path, cause, size_bytes, files, layers: (layer, hidden_by) } in groups {
            let layers = (chain.layer(layer), chain.layer(hidden_by));
            let known =
                self.0.iter_mut().find(|known| known.layers == layers && known.cause == cause && known.path == path);
            match known {
                Some(known) => known.images = known.images.saturating_add(1),
                None => self.0.push(SharedGroup {
                    path,
                    cause,
                    size_bytes,
                    files,
                    first_image: name.to_owned(),
                    images: 1,
                    layers,
                }),
            }
        }
        // Stable: of equal groups, those of earlier images stay. A group that falls out cannot come back, since it has the same
        // size in every image.
        self.0.sort_by_key(|group| std::cmp::Reverse(group.size_bytes));
        self.0.truncate(KEPT_GROUPS);
    }

    pub(super) fn groups(&self) -> &[SharedGroup] {
        &self.0
    }
}
