//! The list of layers: selection, compare mode, and whether build steps without a layer are listed.

use dive_model::image::{BaseSource, Boundary, HistoryStep, Image};
use dive_model::layer::LayerIndex;
use dive_model::tree::Scope;

use super::scroll::Scroll;

/// A row of the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LayerRow {
    /// A layer.
    Layer(LayerIndex),
    /// A build step without a layer, by its index in the history.
    Step(usize),
    /// The end of the base image, known or presumed.
    BaseEnd,
}

/// Which states of the image are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CompareMode {
    /// The selected layer and the one below it.
    Layer,
    /// The selected layer and the base layer, including files added and removed in between.
    Aggregated,
    /// The selected layer and a marked one.
    Marked(LayerIndex),
}

/// The role of a layer in the comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CompareMark {
    /// Part of the state to compare with.
    Base,
    /// Its changes are shown.
    Shown,
    /// Not part of the comparison.
    None,
}

/// Whether build steps without a layer are listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EmptySteps {
    /// Only layers are listed, and the end of the base image if it is known.
    Hidden,
    /// All steps are listed, and the presumed end of the base image.
    Shown,
}

/// The list of layers.
#[derive(Debug)]
pub struct LayerList {
    rows: Vec<LayerRow>,
    /// Which states are compared.
    pub mode: CompareMode,
    /// The mode to return to when the mark is removed.
    unmarked: CompareMode,
    steps: EmptySteps,
    /// The boundary between the layers of the base and the others, if known.
    boundary: Option<Boundary>,
    /// Selection and viewport of the list.
    pub scroll: Scroll,
}

impl LayerList {
    /// Lists the layers of an image. Selects the base layer.
    #[must_use]
    pub fn new(image: &Image, mode: CompareMode) -> Self {
        let boundary = image.base.as_ref().and_then(|base| base.boundary);
        let (steps, scroll) = (EmptySteps::Hidden, Scroll::default());
        let mut layers = Self { rows: Vec::new(), mode, unmarked: mode, steps, boundary, scroll };
        layers.list(image);
        layers
    }

    /// Sets the boundary of a base that was found later. The selected layer stays selected.
    pub fn set_boundary(&mut self, image: &Image, boundary: Option<Boundary>) {
        let layer = self.layer();
        self.boundary = boundary;
        self.list(image);
        if let Some(layer) = layer {
            self.select(layer);
        }
    }

    fn list(&mut self, image: &Image) {
        let all = || (0..image.layers.len()).filter_map(LayerIndex::new);
        self.rows = match self.steps {
            EmptySteps::Hidden => with_base_end(all(), self.stated_base_layers()),
            EmptySteps::Shown => with_steps(&image.history, all(), self.boundary.map(|boundary| boundary.layers)),
        };
        self.scroll.set_count(self.rows.len());
    }

    /// The number of base layers. `None` if it is only a guess, which is not worth a line in the list.
    fn stated_base_layers(&self) -> Option<usize> {
        let stated = self.boundary.filter(|boundary| boundary.by != BaseSource::History);
        stated.map(|boundary| boundary.layers)
    }

    /// All rows, the base layer first.
    #[must_use]
    pub fn rows(&self) -> &[LayerRow] {
        &self.rows
    }

    /// The selected row. `None` if the list is empty.
    #[must_use]
    pub fn selected(&self) -> Option<LayerRow> {
        self.rows.get(self.scroll.selected()).copied()
    }

    /// The layer of the selected row: its own or, for a build step, the last layer before it.
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

    /// The states to compare. `None` if the image has no layers.
    #[must_use]
    pub fn scope(&self) -> Option<Scope> {
        let target = self.layer()?;
        Some(match self.mode {
            CompareMode::Layer => Scope::states(target.get().checked_sub(1).and_then(LayerIndex::new), target),
            CompareMode::Aggregated => Scope::history(LayerIndex::BASE, target),
            CompareMode::Marked(base) => Scope::states(Some(base), target),
        })
    }

    /// The role of a layer in the comparison.
    #[must_use]
    pub fn mark(&self, layer: LayerIndex) -> CompareMark {
        let Some(Scope { base, target, .. }) = self.scope() else { return CompareMark::None };
        match base {
            Some(base) if layer <= base.min(target) => CompareMark::Base,
            _ if layer <= base.map_or(target, |base| base.max(target)) => CompareMark::Shown,
            _ => CompareMark::None,
        }
    }

    /// Marks the selected layer as the one to compare with. Removes the mark if it is marked already.
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

    /// Toggles the listing of build steps without a layer.
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

    /// Whether build steps without a layer are listed.
    #[must_use]
    pub fn steps(&self) -> EmptySteps {
        self.steps
    }
}

/// Rows of all layers, with a line after those of the base unless they are all or none.
fn with_base_end(layers: impl Iterator<Item = LayerIndex>, base_layers: Option<usize>) -> Vec<LayerRow> {
    let mut rows: Vec<LayerRow> = layers.map(LayerRow::Layer).collect();
    if let Some(end) = base_layers.filter(|end| (1..rows.len()).contains(end)) {
        rows.insert(end, LayerRow::BaseEnd);
    }
    rows
}

/// Rows of all steps in history order. Layers missing in the history come last.
fn with_steps(
    history: &[HistoryStep],
    layers: impl Iterator<Item = LayerIndex>,
    base_layers: Option<usize>,
) -> Vec<LayerRow> {
    let base_end = base_layers.and_then(|layers| base_end(history, layers));
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

/// The last step of a base image with so many layers: the `CMD` or `ENTRYPOINT` after its last layer, else that layer. `None`
/// if no layer follows.
fn base_end(history: &[HistoryStep], layers: usize) -> Option<usize> {
    let runs = |step: &HistoryStep| {
        let line = crate::report::instruction::line(&step.created_by);
        line.starts_with("CMD") || line.starts_with("ENTRYPOINT")
    };
    let last = layers.checked_sub(1)?;
    let end = history.iter().position(|step| step.layer.is_some_and(|layer| layer as usize == last))?;
    let next = history.iter().skip(end + 1).position(|step| step.layer.is_some())? + end + 1;
    let command = history[end + 1..next].iter().rposition(runs);
    Some(command.map_or(end, |command| end + 1 + command))
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
        let (mode, steps) = (CompareMode::Layer, EmptySteps::Hidden);
        LayerList { rows, mode, unmarked: mode, steps, boundary: None, scroll }
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
    fn marks_show_which_layers_are_compared() {
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
            with_steps(&history, all, Some(1)),
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
    fn a_line_divides_the_base_from_the_images_own_layers() {
        let all = || (0..3).filter_map(LayerIndex::new);
        let shown = |base| with_base_end(all(), base).iter().position(|row| *row == LayerRow::BaseEnd);
        assert_eq!(shown(Some(2)), Some(2));
        for nothing_divided in [None, Some(0), Some(3), Some(9)] {
            assert_eq!(shown(nothing_divided), None);
        }
        let history = [step("ADD rootfs /", Some(0)), step("LABEL a=b", None), step("COPY a /", Some(1))];
        let rows = with_steps(&history, all(), Some(1));
        assert_eq!(rows[1..3], [LayerRow::BaseEnd, LayerRow::Step(1)], "a label is not the end of an image");
    }

    #[test]
    fn an_image_without_layers_compares_nothing() {
        assert_eq!(layers(0).scope(), None);
    }
}
