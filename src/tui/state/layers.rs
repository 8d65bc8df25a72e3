//! The list of layers: what is selected, which states are compared, and whether build steps without a layer are shown.

use dive_model::image::{HistoryStep, Image};
use dive_model::layer::LayerIndex;
use dive_model::tree::Scope;

use super::scroll::Scroll;

/// What a row of the list is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LayerRow {
    /// A layer.
    Layer(LayerIndex),
    /// A step of the build that made no layer, by its place in the history.
    Step(usize),
    /// The base image seems to end here.
    BaseEnd,
}

/// Which states are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CompareMode {
    /// The selected layer with the one below it.
    Layer,
    /// The selected layer with the base layer, and all that came and went between the two.
    Aggregated,
    /// The selected layer with one that was marked.
    Marked(LayerIndex),
}

/// How a layer takes part in the comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CompareMark {
    /// It is part of what is compared with.
    Base,
    /// Its changes are shown.
    Shown,
    /// Neither.
    None,
}

/// Whether build steps without a layer are listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EmptySteps {
    /// Layers alone.
    Hidden,
    /// All steps, and where the base image seems to end.
    Shown,
}

/// The list of layers.
#[derive(Debug)]
pub struct LayerList {
    rows: Vec<LayerRow>,
    /// Which states are compared.
    pub mode: CompareMode,
    /// Which ones were before a layer was marked.
    unmarked: CompareMode,
    steps: EmptySteps,
    /// The selected row and what is seen.
    pub scroll: Scroll,
}

impl LayerList {
    /// The layers of an image, the base selected.
    #[must_use]
    pub fn new(image: &Image, mode: CompareMode) -> Self {
        let mut layers =
            Self { rows: Vec::new(), mode, unmarked: mode, steps: EmptySteps::Hidden, scroll: Scroll::default() };
        layers.list(image);
        layers
    }

    fn list(&mut self, image: &Image) {
        let all = || (0..image.layers.len()).filter_map(LayerIndex::new);
        self.rows = match self.steps {
            EmptySteps::Hidden => all().map(LayerRow::Layer).collect(),
            EmptySteps::Shown => with_steps(&image.history, all()),
        };
        self.scroll.set_count(self.rows.len());
    }

    /// All rows, the base first.
    #[must_use]
    pub fn rows(&self) -> &[LayerRow] {
        &self.rows
    }

    /// The selected row, if there is one.
    #[must_use]
    pub fn selected(&self) -> Option<LayerRow> {
        self.rows.get(self.scroll.selected()).copied()
    }

    /// The layer whose state the selected row stands for: its own, or that of the last layer before it.
    #[must_use]
    pub fn layer(&self) -> Option<LayerIndex> {
        let before = self.rows.iter().take(self.scroll.selected() + 1).rev();
        let mut layers = before.chain(&self.rows).filter_map(|row| match row {
            LayerRow::Layer(layer) => Some(*layer),
            _ => None,
        });
        layers.next()
    }

    /// Selects a layer.
    pub fn select(&mut self, layer: LayerIndex) {
        if let Some(row) = self.rows.iter().position(|row| *row == LayerRow::Layer(layer)) {
            self.scroll.select(row);
        }
    }

    /// The states to compare; none of an image without layers.
    #[must_use]
    pub fn scope(&self) -> Option<Scope> {
        let target = self.layer()?;
        Some(match self.mode {
            CompareMode::Layer => Scope::states(target.get().checked_sub(1).and_then(LayerIndex::new), target),
            CompareMode::Aggregated => Scope::history(LayerIndex::BASE, target),
            CompareMode::Marked(base) => Scope::states(Some(base), target),
        })
    }

    /// What a layer is to the comparison.
    #[must_use]
    pub fn mark(&self, layer: LayerIndex) -> CompareMark {
        let Some(Scope { base, target, .. }) = self.scope() else { return CompareMark::None };
        match base {
            Some(base) if layer <= base.min(target) => CompareMark::Base,
            _ if layer <= base.map_or(target, |base| base.max(target)) => CompareMark::Shown,
            _ => CompareMark::None,
        }
    }

    /// Takes the selected layer as what is compared with; a second time, compares as usual again.
    pub fn mark_base(&mut self) {
        let Some(layer) = self.layer() else { return };
        if self.mode == CompareMode::Marked(layer) {
            self.mode = self.unmarked;
            return;
        }
        if !matches!(self.mode, CompareMode::Marked(_)) {
            self.unmarked = self.mode;
        }
        self.mode = CompareMode::Marked(layer);
    }

    /// Shows or hides steps without a layer.
    pub fn toggle_steps(&mut self, image: &Image) {
        let layer = self.layer();
        self.steps = match self.steps {
            EmptySteps::Hidden => EmptySteps::Shown,
            EmptySteps::Shown => EmptySteps::Hidden,
        };
        self.list(image);
        if let Some(layer) = layer {
            self.select(layer);
        }
    }

    /// Whether steps without a layer are listed.
    #[must_use]
    pub fn steps(&self) -> EmptySteps {
        self.steps
    }
}

/// All steps in their order; layers that the history does not tell of come last.
fn with_steps(history: &[HistoryStep], layers: impl Iterator<Item = LayerIndex>) -> Vec<LayerRow> {
    let base_end = base_end(history);
    let mut layers = layers.peekable();
    let mut rows = Vec::new();
    for (place, step) in history.iter().enumerate() {
        match step.layer {
            None => rows.push(LayerRow::Step(place)),
            Some(number) => {
                while let Some(layer) = layers.next_if(|layer| layer.get() <= number as usize) {
                    rows.push(LayerRow::Layer(layer));
                }
            }
        }
        if base_end == Some(place) {
            rows.push(LayerRow::BaseEnd);
        }
    }
    rows.extend(layers.map(LayerRow::Layer));
    rows
}

/// The step that a base image seems to end with. No image says so; base images end with the command they run, and what is
/// built on them begins with layers of its own.
fn base_end(history: &[HistoryStep]) -> Option<usize> {
    let runs = |step: &HistoryStep| {
        let line = super::instruction::line(&step.created_by);
        step.layer.is_none() && (line.starts_with("CMD") || line.starts_with("ENTRYPOINT"))
    };
    let last_layer = history.iter().rposition(|step| step.layer.is_some())?;
    history[..last_layer].iter().rposition(runs)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn step(created_by: &str, layer: Option<u32>) -> HistoryStep {
        HistoryStep { created: None, created_by: created_by.to_owned(), comment: String::new(), layer }
    }

    fn layers(count: usize) -> LayerList {
        let rows: Vec<_> = (0..count).filter_map(LayerIndex::new).map(LayerRow::Layer).collect();
        let mut scroll = Scroll::default();
        scroll.set_count(rows.len());
        LayerList { rows, mode: CompareMode::Layer, unmarked: CompareMode::Layer, steps: EmptySteps::Hidden, scroll }
    }

    fn drawn(layers: &LayerList) -> String {
        let mark = |row: &LayerRow| match row {
            LayerRow::Layer(layer) => match layers.mark(*layer) {
                CompareMark::Base => 'b',
                CompareMark::Shown => 's',
                CompareMark::None => '.',
            },
            _ => '?',
        };
        layers.rows.iter().map(mark).collect()
    }

    #[test]
    fn marks_show_what_is_compared_with_what() {
        let mut list = layers(5);
        assert_eq!(drawn(&list), "s....", "the base layer is compared with nothing");
        list.scroll.select(3);
        assert_eq!(drawn(&list), "bbbs.");
        list.mode = CompareMode::Aggregated;
        assert_eq!(drawn(&list), "bsss.");
        list.scroll.select(1);
        list.mark_base();
        list.scroll.select(4);
        assert_eq!(drawn(&list), "bbsss");
        list.scroll.select(0);
        assert_eq!(list.scope(), Some(Scope::states(LayerIndex::new(1), LayerIndex::BASE)), "backwards");
        assert_eq!(drawn(&list), "bs...");
        list.scroll.select(1);
        list.mark_base();
        assert_eq!(list.mode, CompareMode::Aggregated, "as before");
    }

    #[test]
    fn the_base_image_ends_with_its_command() {
        let history = [
            step("/bin/sh -c #(nop) ADD file:1 in / ", Some(0)),
            step("/bin/sh -c #(nop)  CMD [\"sh\"]", None),
            step("RUN make # buildkit", Some(1)),
            step("CMD [\"app\"]", None),
        ];
        let all = (0..3).filter_map(LayerIndex::new);
        let (zero, one, two) = (LayerIndex::BASE, LayerIndex::new(1).unwrap(), LayerIndex::new(2).unwrap());
        assert_eq!(
            with_steps(&history, all),
            [
                LayerRow::Layer(zero),
                LayerRow::Step(1),
                LayerRow::BaseEnd,
                LayerRow::Layer(one),
                LayerRow::Step(3),
                LayerRow::Layer(two),
            ]
        );
    }

    #[test]
    fn an_image_without_layers_compares_nothing() {
        assert_eq!(layers(0).scope(), None);
    }
}
