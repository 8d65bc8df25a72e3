//! Compares an image with its baseline: bytes, layers, and places.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::ops::Range;

use super::baseline::{Baseline, BaselineLayer};
use super::measure::unpacked_bytes;
use super::own_layers::OwnLayers;
use crate::config::{LayerChoice, Origin};
use dive_model::Opened;
use dive_model::analysis::VisiblePlace;
use dive_model::image::ImageLayer;
use dive_model::layer::LayerIndex;
use dive_model::tree::NodeId;
use dive_model::units::Total;

/// Number of places to report.
const PLACES: usize = 5;

/// Number of the largest directories to compare with those of the baseline.
const COMPARED: usize = 1000;

/// How an image differs from its baseline.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Growth {
    /// What names the baseline.
    pub origin: Origin,
    /// All layers.
    pub all: Difference,
    /// The layers of the base, or the first layer.
    pub base: Difference,
    /// The image's own layers.
    pub ours: Difference,
    /// The layers that `ours` counts.
    pub own_layers: OwnLayers,
    /// Layers that are new, rebuilt or gone, those that grew most first.
    pub layers: Vec<LayerGrowth>,
    /// Directories that grew, those that grew most first.
    pub places: Vec<PlaceGrowth>,
}

/// Two sizes in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Difference {
    /// In the baseline.
    pub before: u64,
    /// In the image.
    pub after: u64,
}

/// A layer that is not in both images.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LayerGrowth {
    /// How it changed.
    pub change: LayerChange,
    /// Its sizes; 0 where it is not.
    pub size: Difference,
}

/// How a layer changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum LayerChange {
    /// Only the image has it.
    Added(LayerIndex),
    /// The same instruction made other content.
    Rebuilt(LayerIndex),
    /// The same instruction made the same content at another time.
    Retimed(LayerIndex),
    /// Only the baseline has it; its instruction.
    Gone(String),
}

/// A directory that grew.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PlaceGrowth {
    /// The directory.
    pub node: NodeId,
    /// Its visible bytes. The baseline's are an upper bound.
    pub size: Difference,
}

impl Difference {
    /// Bytes added; 0 if it shrank.
    pub(crate) const fn grown(self) -> u64 {
        self.after.saturating_sub(self.before)
    }

    /// [`Self::grown`] as a share of the baseline; `None` for a baseline of 0 bytes.
    pub(crate) fn grown_share(self) -> Option<f64> {
        (self.before > 0).then(|| self.grown() as f64 / self.before as f64)
    }

    /// [`Self::change`] as a share of the baseline; `None` for a baseline of 0 bytes.
    pub(crate) fn share(self) -> Option<f64> {
        (self.before > 0).then(|| self.change() as f64 / self.before as f64)
    }

    /// The change in bytes.
    pub(crate) fn change(self) -> i128 {
        i128::from(self.after) - i128::from(self.before)
    }
}

impl Growth {
    /// The difference that a rule looks at.
    pub(super) const fn of_choice(&self, choice: LayerChoice) -> Difference {
        match choice {
            LayerChoice::All => self.all,
            LayerChoice::Ours => self.ours,
        }
    }

    /// Compares `opened` with `baseline`.
    pub(super) fn between(baseline: &Baseline, opened: &Opened, own: &OwnLayers) -> Self {
        let sum = |range: Range<usize>| unpacked_bytes(opened, range);
        let count = opened.image.layers.len();
        // Parts are only comparable if the base of both is known; otherwise the first layer stands for it.
        let base_before = match baseline.matched_base() {
            Some(before) if own.are_matched() => Some(before),
            None if own.are_matched() && begins_with_base(baseline, opened, own) => Some(own.range.start),
            _ => None,
        };
        let own_layers = match base_before {
            Some(_) => own.clone(),
            None => OwnLayers::all_but_first(count),
        };
        let (base_before, base_after) = (base_before.unwrap_or(1), own_layers.range.start);
        let before = |range: Range<usize>| {
            let layers = baseline.layers().iter().take(range.end).skip(range.start);
            layers.map(|layer| layer.unpacked_bytes).sum::<Total>().get()
        };
        Self {
            origin: baseline.origin.clone(),
            all: Difference { before: baseline.unpacked_bytes(), after: sum(0..count) },
            base: Difference { before: before(0..base_before), after: sum(0..base_after) },
            ours: Difference { before: before(base_before..usize::MAX), after: sum(base_after..count) },
            own_layers,
            layers: layers(baseline, opened),
            places: places(baseline, opened),
        }
    }
}

/// True if the baseline has the layers of the image's base, too.
fn begins_with_base(baseline: &Baseline, opened: &Opened, own: &OwnLayers) -> bool {
    let before = baseline.layers().iter().map(BaselineLayer::identity);
    let base = opened.image.layers.iter().take(own.range.start);
    let after = base.map(ImageLayer::identity);
    baseline.layers().len() >= own.range.start
        && before.zip(after).all(|(before, after)| before.is_some() && before == after)
}

fn layers(baseline: &Baseline, opened: &Opened) -> Vec<LayerGrowth> {
    let mut left: Vec<Option<&BaselineLayer>> = baseline.layers().iter().map(Some).collect();
    let mut take = |wanted: &dyn Fn(&BaselineLayer) -> bool| {
        let found = left.iter_mut().find(|layer| layer.is_some_and(wanted));
        found.and_then(Option::take)
    };
    let layers = opened.tree.layers().zip(&opened.image.layers);
    let changed: Vec<_> = layers
        .filter(|(_, layer)| {
            layer.identity().is_none_or(|identity| take(&|before| before.identity() == Some(identity)).is_none())
        })
        .collect();
    let mut changes: Vec<LayerGrowth> = Vec::new();
    // Layers with as many bytes as before, and the digest of the entries that they had.
    let mut maybe_equal: Vec<(LayerIndex, &str)> = Vec::new();
    for (index, layer) in changed {
        let after = opened.tree.layer_size_bytes(index);
        let rebuilt = take(&|before| !layer.command.is_empty() && before.is_made_by(&layer.command));
        changes.push(match rebuilt {
            Some(before) => {
                let digest = before.entries_digest.as_deref().filter(|_| before.unpacked_bytes == after);
                maybe_equal.extend(digest.map(|digest| (index, digest)));
                LayerGrowth {
                    change: LayerChange::Rebuilt(index),
                    size: Difference { before: before.unpacked_bytes, after },
                }
            }
            None => LayerGrowth { change: LayerChange::Added(index), size: Difference { before: 0, after } },
        });
    }
    let indexes: Vec<LayerIndex> = maybe_equal.iter().map(|(index, _)| *index).collect();
    for ((index, before), after) in maybe_equal.iter().zip(opened.entries_digests(&indexes)) {
        if after.is_some_and(|after| after.to_string() == *before)
            && let Some(growth) = changes.iter_mut().find(|growth| growth.change == LayerChange::Rebuilt(*index))
        {
            growth.change = LayerChange::Retimed(*index);
        }
    }
    changes.extend(left.into_iter().flatten().map(|layer| LayerGrowth {
        change: LayerChange::Gone(layer.instruction.clone()),
        size: Difference { before: layer.unpacked_bytes, after: 0 },
    }));
    // Stable: layers that grew equally stay in their order.
    changes.sort_by_key(|growth| Reverse(growth.size.change()));
    changes
}

fn places(baseline: &Baseline, opened: &Opened) -> Vec<PlaceGrowth> {
    let before = baseline.places();
    let Some(smallest) = before.last() else { return Vec::new() };
    // A directory that is not listed had at most the bytes of the smallest one that is.
    let unlisted = if before.len() < VisiblePlace::LISTED { 0 } else { smallest.size_bytes };
    // A baseline of a stranger may list many places.
    let mut sizes: HashMap<&str, u64> = HashMap::new();
    for place in before {
        sizes.entry(&place.path).or_insert(place.size_bytes);
    }
    let grown = |place: &VisiblePlace| {
        let path = opened.tree.path(place.node);
        let path = String::from_utf8_lossy(&path);
        let before = sizes.get(&*path).copied().unwrap_or(unlisted);
        let size = Difference { before, after: place.size_bytes };
        (size.grown() > 0).then_some(PlaceGrowth { node: place.node, size })
    };
    let mut grown: Vec<PlaceGrowth> = VisiblePlace::of(&opened.tree).iter().take(COMPARED).filter_map(grown).collect();
    grown.sort_by_key(|growth| Reverse(growth.size.grown()));
    grown.truncate(PLACES);
    grown
}
