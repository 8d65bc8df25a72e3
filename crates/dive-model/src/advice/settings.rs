//! Instructions that change how the RUNs behind them run.

use crate::image::{BuildInstruction, Image, Keyword};
use crate::layer::LayerIndex;

/// The instructions.
const NAMES: [&str; 5] = ["WORKDIR", "USER", "ENV", "ARG", "SHELL"];

/// For each layer, how many of each were before it in the history.
pub(super) struct SettingChanges {
    before: Vec<[u32; NAMES.len()]>,
}

impl SettingChanges {
    pub(super) fn of(image: &Image) -> Self {
        let (mut counts, mut before) = ([0_u32; NAMES.len()], vec![[0; NAMES.len()]; image.layers.len()]);
        for step in &image.history {
            if let Keyword::Other(keyword) = BuildInstruction::of(&step.created_by).keyword
                && let Some((_, count)) = NAMES.iter().zip(&mut counts).find(|(name, _)| **name == keyword)
            {
                *count = count.saturating_add(1);
            }
            if let Some(before) = step.layer.and_then(|layer| before.get_mut(layer as usize)) {
                *before = counts;
            }
        }
        Self { before }
    }

    /// What changes between two layers, for a sentence about one RUN that does the work of both: ` (WORKDIR and USER change between
    /// them)`.
    pub(super) fn between(&self, first: LayerIndex, last: LayerIndex) -> String {
        let before = |layer: LayerIndex| self.before.get(layer.get()).copied().unwrap_or_default();
        let (first, last) = (before(first), before(last));
        let counts = first.iter().zip(&last);
        let changed: Vec<&str> =
            NAMES.iter().zip(counts).filter(|(_, (first, last))| first < last).map(|(name, _)| *name).collect();
        match changed.split_last() {
            None => String::new(),
            Some((name, [])) => format!(" ({name} changes between them)"),
            Some((name, others)) => format!(" ({} and {name} change between them)", others.join(", ")),
        }
    }
}
