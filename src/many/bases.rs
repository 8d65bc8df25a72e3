//! The versions of base images: the same name with other layers.

use std::collections::{BTreeMap, BTreeSet};

use super::chains::{ChainLink, ImageChain};
use dive_model::image::{Base, BaseSource, Image};

/// The base images by name.
#[derive(Debug, Default)]
pub(super) struct BaseVersions(BTreeMap<String, Versions>);

#[derive(Debug, Default)]
struct Versions {
    known: BTreeSet<BaseVersion>,
    /// The number of images on it.
    images: usize,
    /// Those whose version is unknown.
    unknown: usize,
}

/// What distinguishes two versions.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum BaseVersion {
    /// The last layer of the base.
    Layer(ChainLink),
    /// The digest that the image states.
    Digest(String),
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
    pub(super) fn add(&mut self, image: &Image, chain: &ImageChain) {
        let Some(base) = &image.base else { return };
        let Some(name) = base.name() else { return };
        let name = name.split_once('@').map_or(name, |(name, _)| name);
        let versions = self.0.entry(name.to_owned()).or_default();
        versions.images = versions.images.saturating_add(1);
        match version(base, chain) {
            Some(version) => {
                versions.known.insert(version);
            }
            None => versions.unknown = versions.unknown.saturating_add(1),
        }
    }

    /// The base images, the one with the most versions first.
    pub(super) fn usage(&self) -> Vec<BaseUsage<'_>> {
        let mut bases: Vec<BaseUsage<'_>> = self
            .0
            .iter()
            .map(|(name, Versions { known, images, unknown })| BaseUsage {
                name,
                versions: known.len(),
                images: *images,
                unknown: *unknown,
            })
            .collect();
        // Stable: bases with equal numbers stay in the order of their names.
        bases.sort_by_key(|base| std::cmp::Reverse((base.versions, base.images)));
        bases
    }
}

/// The version of a base. Its layers are surer than the digest that the image states, unless their number is a guess.
fn version(base: &Base, chain: &ImageChain) -> Option<BaseVersion> {
    let boundary = base.boundary.filter(|boundary| boundary.by != BaseSource::History);
    let last = boundary.and_then(|boundary| chain.layer(boundary.layers.checked_sub(1)?));
    let digest = || base.image.as_ref()?.0.digest.clone();
    last.map(BaseVersion::Layer).or_else(|| digest().map(BaseVersion::Digest))
}
