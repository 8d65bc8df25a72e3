//! The versions of base images: the same name with other layers.

use std::collections::{BTreeMap, BTreeSet};

use super::chains::{ChainLink, ImageChain};
use super::figures::MemberBase;

/// The base images by name.
#[derive(Debug, Default)]
pub(super) struct BaseVersions(BTreeMap<String, Versions>);

#[derive(Debug, Default)]
struct Versions {
    /// The last layer of the base, where it is known.
    layers: BTreeSet<ChainLink>,
    /// The digests that the images state.
    digests: BTreeSet<String>,
    /// The number of images on it.
    images: usize,
    /// Those whose version is unknown.
    unknown: usize,
}

impl Versions {
    /// The number of versions that are certainly different: a base that one image knows by layers and another by digest may be the same.
    fn count(&self) -> usize {
        self.layers.len().max(self.digests.len())
    }
}

/// A base image and the images on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct BaseUsage<'a> {
    /// Its name, without a digest.
    pub(crate) name: &'a str,
    /// The number of its known versions.
    pub(crate) versions: usize,
    /// The number of images on it.
    pub(crate) images: usize,
    /// Those whose version is unknown.
    pub(crate) unknown: usize,
}

impl BaseVersions {
    /// Adds the base of an image.
    pub(super) fn add(&mut self, base: &MemberBase, chain: &ImageChain) {
        let versions = self.0.entry(base.name.clone()).or_default();
        versions.images = versions.images.saturating_add(1);
        let layer = base.last_layer.and_then(|layer| chain.layer(layer));
        if layer.is_none() && base.digest.is_none() {
            versions.unknown = versions.unknown.saturating_add(1);
        }
        versions.layers.extend(layer);
        versions.digests.extend(base.digest.clone());
    }

    /// The base images, the one with the most versions first.
    pub(super) fn usage(&self) -> Vec<BaseUsage<'_>> {
        let mut bases: Vec<BaseUsage<'_>> = self
            .0
            .iter()
            .map(|(name, versions)| BaseUsage {
                name,
                versions: versions.count(),
                images: versions.images,
                unknown: versions.unknown,
            })
            .collect();
        // Stable: bases with equal numbers stay in the order of their names.
        bases.sort_by_key(|base| std::cmp::Reverse((base.versions, base.images)));
        bases
    }
}
