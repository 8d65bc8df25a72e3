//! The figures of one image: plain values that a run over several images keeps when the tree of the image is gone.

use std::collections::HashMap;

use dive_model::Opened;
use dive_model::analysis::WasteGroup;
use dive_model::analysis::exact::Cause;
use dive_model::image::{BaseSource, Image};
use dive_model::units::Total;

/// The largest groups of waste that are kept of an image, and of all images.
pub(super) const KEPT_GROUPS: usize = 10;

/// Length of a digest or a platform that is kept, in bytes. Digests of SHA-512 have 135; an image may state one of megabytes.
const MAX_KEPT: usize = 200;

/// True unless a digest or a platform is too long for one: then it is unknown.
fn is_kept<T: AsRef<str>>(text: &T) -> bool {
    text.as_ref().len() <= MAX_KEPT
}

/// The sums of an image.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct MemberSums {
    /// Stored bytes, each blob once.
    pub(crate) stored_bytes: u64,
    /// Unpacked bytes of all layers.
    pub(crate) unpacked_bytes: u64,
    /// Bytes that the finished file system hides.
    pub(crate) reclaimable_bytes: u64,
    /// The share of the bytes that it does not hide, from 0 to 1.
    pub(crate) exact_efficiency: f64,
    /// False if a part of the image could not be read.
    pub(crate) is_complete: bool,
}

/// The figures of an image.
#[derive(Debug, Default)]
pub(crate) struct MemberFigures {
    pub(super) sums: MemberSums,
    /// The digest of its configuration, if the source gives it.
    pub(super) id: Option<Box<str>>,
    /// Its platform; empty if it states none.
    pub(super) platform: String,
    /// Its layers, base first.
    pub(super) layers: Vec<MemberLayer>,
    /// The digest and size of each stored layer.
    pub(super) stored: Vec<(Box<str>, u64)>,
    /// Stored bytes of layers without a digest.
    pub(super) stored_unknown: u64,
    pub(super) base: Option<MemberBase>,
    pub(super) waste: Vec<MemberWaste>,
}

/// A layer of an image.
#[derive(Debug)]
pub(super) struct MemberLayer {
    pub(super) diff_id: Option<Box<str>>,
    pub(super) unpacked_bytes: u64,
}

/// The base of an image, if it is known by name.
#[derive(Debug)]
pub(super) struct MemberBase {
    /// Its name, without a digest.
    pub(super) name: String,
    /// The digest that the image states.
    pub(super) digest: Option<String>,
    /// The index of its last layer, if it is known and not guessed.
    pub(super) last_layer: Option<usize>,
}

/// A group of waste in an image.
#[derive(Debug)]
pub(super) struct MemberWaste {
    pub(super) path: Vec<u8>,
    pub(super) cause: Cause,
    pub(super) size_bytes: u64,
    pub(super) files: u64,
    /// The index of the layer that holds the bytes.
    pub(super) layer: usize,
}

impl MemberFigures {
    /// The figures of an image that was read.
    pub(crate) fn of(opened: &Opened) -> Self {
        let (sizes, exact) = (opened.sizes(), &opened.analysis.exact);
        let sums = MemberSums {
            stored_bytes: sizes.stored_bytes,
            unpacked_bytes: sizes.unpacked_bytes,
            reclaimable_bytes: exact.reclaimable_bytes(),
            exact_efficiency: exact.efficiency(),
            is_complete: opened.damaged_layers.is_empty(),
        };
        let layers = opened.tree.layers().zip(&opened.image.layers).map(|(index, layer)| MemberLayer {
            diff_id: layer.diff_id.as_deref().filter(is_kept).map(Into::into),
            unpacked_bytes: opened.tree.layer_size_bytes(index),
        });
        let groups = WasteGroup::of(&opened.tree, exact);
        // A group that is not among the largest of its image is not among the largest of all.
        let waste = groups.iter().take(KEPT_GROUPS).map(|group| MemberWaste {
            path: opened.tree.path(group.place),
            cause: group.cause,
            size_bytes: group.size_bytes,
            files: group.files,
            layer: group.layer.get(),
        });
        let (stored, stored_unknown) = stored_layers(&opened.image);
        let (layers, waste) = (layers.collect(), waste.collect());
        let id = opened.image.id.as_deref().filter(is_kept).map(Into::into);
        let platform = opened.image.platform.as_ref().map(ToString::to_string).filter(is_kept).unwrap_or_default();
        let base = MemberBase::of(&opened.image);
        Self { sums, id, platform, layers, stored, stored_unknown, base, waste }
    }
}

impl MemberBase {
    fn of(image: &Image) -> Option<Self> {
        let base = image.base.as_ref()?;
        let name = base.name()?;
        let name = familiar(name.split_once('@').map_or(name, |(name, _)| name));
        // The number of layers may be a guess.
        let boundary = base.boundary.filter(|boundary| boundary.by != BaseSource::History);
        Some(Self {
            name,
            digest: base.image.as_ref().and_then(|image| image.0.digest.clone()).filter(is_kept),
            last_layer: boundary.and_then(|boundary| boundary.layers.checked_sub(1)),
        })
    }
}

/// The name as Docker shows it, with its tag: `debian:12` for `docker.io/library/debian:12`.
fn familiar(name: &str) -> String {
    let short = ["index.docker.io/", "docker.io/"].iter().find_map(|host| name.strip_prefix(host)).unwrap_or(name);
    let short = short.strip_prefix("library/").unwrap_or(short);
    let has_tag = short.rsplit('/').next().is_some_and(|last| last.contains(':'));
    if has_tag { short.to_owned() } else { format!("{short}:latest") }
}

/// The stored layers that have a digest, and the bytes of those that have none.
fn stored_layers(image: &Image) -> (Vec<(Box<str>, u64)>, u64) {
    let (mut stored, mut unknown) = (Vec::new(), HashMap::new());
    for layer in &image.layers {
        let Ok(blob) = &layer.blob else { continue };
        let digest = layer.digest.as_deref().or(layer.diff_id.as_deref()).filter(is_kept);
        match digest {
            Some(digest) => stored.push((digest.into(), blob.len())),
            None => {
                unknown.insert(blob.location(), blob.len());
            }
        }
    }
    (stored, unknown.into_values().sum::<Total>().get())
}

#[cfg(test)]
mod tests {
    use super::familiar;

    #[test]
    fn spellings_of_a_base_are_one_name() {
        for name in ["debian", "debian:latest", "docker.io/library/debian", "index.docker.io/library/debian:latest"] {
            assert_eq!(familiar(name), "debian:latest");
        }
        assert_eq!(familiar("docker.io/team/app:1"), "team/app:1");
        assert_eq!(familiar("r.example:5000/library/app"), "r.example:5000/library/app:latest");
    }
}
