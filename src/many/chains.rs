//! The layers of all images as a forest. Engines store an unpacked layer under its diff id and those of all layers below it, so two
//! images share a layer if they are equal from the base up to it. Stored layers are shared by digest alone.

use std::collections::{HashMap, HashSet};

use super::figures::MemberFigures;
use dive_model::units::Total;

/// The layers of all images, each once.
#[derive(Debug, Default)]
pub(super) struct SharedLayers {
    layers: Vec<SharedLayer>,
    /// By the layer below, the diff id and the size. An archive may state any diff id; with the size, a large layer cannot pass for a
    /// small one of another image.
    known: HashMap<(Option<ChainLink>, Box<str>, u64), ChainLink>,
    /// The digest and size of each stored layer.
    stored: HashSet<(Box<str>, u64)>,
    /// Stored bytes of layers without a digest, which may be any layer.
    stored_unknown: u64,
    /// The images, by the digest of their configuration, with their last layers.
    images: HashSet<(Box<str>, Option<ChainLink>)>,
}

/// A layer, on those below it.
#[derive(Debug)]
struct SharedLayer {
    below: Option<ChainLink>,
    unpacked_bytes: u64,
    /// The number of images that have it.
    images: u32,
}

/// The number of a layer in the forest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct ChainLink(u32);

/// The layers of an image in the forest, base first.
#[derive(Debug)]
pub(super) struct ImageChain(Vec<ChainLink>);

/// The last layer of an image in the forest; `None` for an image without layers.
#[derive(Debug, Clone, Copy)]
pub(super) struct ChainEnd(Option<ChainLink>);

impl ImageChain {
    /// The layer with this index.
    pub(super) fn layer(&self, index: usize) -> Option<ChainLink> {
        self.0.get(index).copied()
    }

    pub(super) fn end(&self) -> ChainEnd {
        ChainEnd(self.0.last().copied())
    }
}

impl SharedLayers {
    /// Adds the layers of an image. True if it was added before: its layers are not shared with itself.
    pub(super) fn add(&mut self, figures: &MemberFigures) -> (ImageChain, bool) {
        let mut chain = Vec::with_capacity(figures.layers.len());
        let mut below = None;
        for layer in &figures.layers {
            let link = self.link(below, layer.diff_id.as_deref(), layer.unpacked_bytes);
            chain.push(link);
            below = Some(link);
        }
        let is_repeated = figures.id.clone().is_some_and(|id| !self.images.insert((id, below)));
        if is_repeated {
            return (ImageChain(chain), true);
        }
        for link in &chain {
            if let Some(layer) = self.layers.get_mut(link.0 as usize) {
                layer.images = layer.images.saturating_add(1);
            }
        }
        self.stored.extend(figures.stored.iter().cloned());
        self.stored_unknown = self.stored_unknown.saturating_add(figures.stored_unknown);
        (ImageChain(chain), false)
    }

    /// The layer with this diff id on the one `below`.
    fn link(&mut self, below: Option<ChainLink>, diff_id: Option<&str>, unpacked_bytes: u64) -> ChainLink {
        let next = ChainLink(u32::try_from(self.layers.len()).unwrap_or(u32::MAX));
        let link = match diff_id {
            Some(diff_id) => *self.known.entry((below, diff_id.into(), unpacked_bytes)).or_insert(next),
            // Without a diff id, a layer is never shared.
            None => next,
        };
        if link == next {
            self.layers.push(SharedLayer { below, unpacked_bytes, images: 0 });
        }
        link
    }

    /// Unpacked bytes of the layers of an image that no other image has.
    pub(super) fn own_bytes(&self, end: ChainEnd) -> u64 {
        let layer = |link: ChainLink| self.layers.get(link.0 as usize);
        let above_shared = std::iter::successors(end.0.and_then(layer), |above| above.below.and_then(layer));
        above_shared.take_while(|layer| layer.images <= 1).map(|layer| layer.unpacked_bytes).sum::<Total>().get()
    }

    /// Unpacked bytes of all layers.
    pub(super) fn unpacked_bytes(&self) -> u64 {
        self.layers.iter().map(|layer| layer.unpacked_bytes).sum::<Total>().get()
    }

    /// Stored bytes of all layers.
    pub(super) fn stored_bytes(&self) -> u64 {
        self.stored.iter().map(|(_, bytes)| *bytes).chain([self.stored_unknown]).sum::<Total>().get()
    }
}
