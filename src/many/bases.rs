//! The versions of base images: the same name with other layers.

use std::collections::{BTreeMap, BTreeSet};

use super::chains::{ChainLink, ImageChain};
use super::figures::MemberBase;

/// The base images by name.
#[derive(Debug, Default)]
pub(super) struct BaseVersions(BTreeMap<String, BaseMembers>);

/// The images on one base.
#[derive(Debug, Default)]
struct BaseMembers {
    /// The versions, by platform: those of one version have other layers on each.
    versions: BTreeMap<String, Versions>,
    /// The number of images.
    images: usize,
    /// Those whose version is unknown.
    unknown: usize,
}

/// The versions of a base for one platform.
#[derive(Debug, Default)]
struct Versions {
    /// The last layer of the base, where it is known.
    layers: BTreeSet<ChainLink>,
    /// The digests that images state whose layer is known. The index of a base has a new digest when it is built for another platform
    /// again, so one layer may have several.
    digests_of_layers: BTreeSet<String>,
    /// The digests that the other images state.
    digests: BTreeSet<String>,
}

impl Versions {
    /// The lowest number of versions: a base that one image knows by its layer and another by digest may be the same.
    fn count(&self) -> usize {
        self.layers.len().max(self.digests.difference(&self.digests_of_layers).count())
    }
}

impl BaseMembers {
    fn count(&self) -> usize {
        self.versions.values().map(Versions::count).max().unwrap_or(0)
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
    pub(super) fn add(&mut self, base: &MemberBase, platform: &str, chain: &ImageChain) {
        let members = self.0.entry(base.name.clone()).or_default();
        members.images = members.images.saturating_add(1);
        let versions = members.versions.entry(platform.to_owned()).or_default();
        match (base.last_layer.and_then(|layer| chain.layer(layer)), &base.digest) {
            (Some(layer), digest) => {
                versions.layers.insert(layer);
                versions.digests_of_layers.extend(digest.clone());
            }
            (None, Some(digest)) => {
                versions.digests.insert(digest.clone());
            }
            (None, None) => members.unknown = members.unknown.saturating_add(1),
        }
    }

    /// The base images, the one with the most versions first.
    pub(super) fn usage(&self) -> Vec<BaseUsage<'_>> {
        let mut bases: Vec<BaseUsage<'_>> = self
            .0
            .iter()
            .map(|(name, members)| BaseUsage {
                name,
                versions: members.count(),
                images: members.images,
                unknown: members.unknown,
            })
            .collect();
        // Stable: bases with equal numbers stay in the order of their names.
        bases.sort_by_key(|base| std::cmp::Reverse((base.versions, base.images)));
        bases
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::many::chains::SharedLayers;
    use crate::many::figures::{MemberFigures, MemberLayer};

    /// The versions of a base under images, each with a platform, and a diff id and a digest of its base if they are known.
    fn versions(images: &[(&str, Option<&str>, Option<&str>)]) -> (usize, usize) {
        let (mut bases, mut layers) = (BaseVersions::default(), SharedLayers::default());
        for (platform, diff_id, digest) in images {
            let layer = MemberLayer { diff_id: diff_id.map(Into::into), unpacked_bytes: 1 };
            let figures = MemberFigures { layers: vec![layer], ..MemberFigures::default() };
            let base = MemberBase {
                name: "debian:12".to_owned(),
                digest: digest.map(ToOwned::to_owned),
                last_layer: diff_id.map(|_| 0),
            };
            bases.add(&base, platform, &layers.add(&figures).0);
        }
        let usage = bases.usage();
        (usage[0].versions, usage[0].unknown)
    }

    #[test]
    fn versions_differ_by_layer_then_by_digest() {
        let (amd, arm) = ("linux/amd64", "linux/arm64");
        let (one, two) = (Some("sha256:1"), Some("sha256:2"));
        for (images, expected) in [
            (&[(amd, one, None), (amd, one, None), (amd, two, None)][..], (2, 0)),
            // One layer under two digests: the index was built again.
            (&[(amd, one, one), (amd, one, two)], (1, 0)),
            (&[(amd, None, one), (amd, None, two), (amd, None, two)], (2, 0)),
            // A digest may be that of the known layer.
            (&[(amd, one, None), (amd, None, two)], (1, 0)),
            (&[(amd, one, one), (amd, two, None), (amd, None, one)], (2, 0)),
            // One version has other layers on each platform.
            (&[(amd, one, None), (arm, two, None)], (1, 0)),
            (&[(amd, None, None), (amd, one, None)], (1, 1)),
            (&[(amd, None, None)], (0, 1)),
        ] {
            assert_eq!(versions(images), expected, "{images:?}");
        }
    }
}
