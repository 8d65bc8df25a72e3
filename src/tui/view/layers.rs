//! Draws the list of layers: compare mark, size, waste and command of each.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::pane::{self, PaneFocus};
use crate::config::{Action, Context};
use crate::report::instruction;
use crate::tui::content::bar::{BAR_WIDTH, WasteMark, bar};
use crate::tui::state::layers::{CompareMark, CompareMode, EmptySteps, LayerList, LayerRow};
use crate::tui::state::{Focus, ScreenState, Stage};
use crate::tui::text::{columns, cut, left, printable, right, start_of};
use crate::tui::theme::SelectionFill;
use dive_model::image::{Base, BaseSource, Image, OtherEntry};
use dive_model::layer::LayerIndex;
use dive_model::units::{Bytes, count_of};

/// Width of the compare mark.
const MARK: usize = 2;

/// Width of the layer numbers.
fn digits(state: &ScreenState) -> usize {
    let last = state.image().map_or(0, |image| image.layers.len().saturating_sub(1));
    last.to_string().len().max(2)
}

/// Sizes and waste of the layers, in bytes.
struct LayerSizes {
    of: Vec<Option<u64>>,
    waste: Vec<u64>,
    largest: u64,
}

impl LayerSizes {
    fn known(state: &ScreenState) -> Self {
        let (of, waste) = match &state.stage {
            Stage::Choosing | Stage::Finding(_) => (Vec::new(), Vec::new()),
            Stage::Reading(reading) => (reading.sizes.clone(), Vec::new()),
            Stage::Open(explorer) => {
                let tree = &explorer.opened.tree;
                let sizes = tree.layers().map(|layer| Some(tree.layer_size_bytes(layer)));
                (sizes.collect(), explorer.totals.waste.clone())
            }
        };
        let largest = of.iter().flatten().copied().max().unwrap_or(0);
        Self { of, waste, largest }
    }

    fn size(&self, layer: LayerIndex) -> Option<u64> {
        self.of.get(layer.get()).copied().flatten()
    }

    fn waste(&self, layer: LayerIndex) -> u64 {
        self.waste.get(layer.get()).copied().unwrap_or(0)
    }
}

pub(super) fn draw(state: &ScreenState, frame: &mut Frame<'_>, area: Rect) {
    if area.is_empty() {
        return;
    }
    let theme = &state.settings.theme;
    let focus = if state.focus == Focus::Layers && state.overlays.is_empty() {
        PaneFocus::Focused
    } else {
        PaneFocus::Unfocused
    };
    let inside = pane::draw(&title(state, pane::title_width(area)), focus, theme, frame, area);
    let key = state.settings.keymap.hint(Context::Layers, Action::ShowImages).map(|key| key.label());
    if let Some(others) = state.image().and_then(|image| other_entries_note(image, key.as_deref())) {
        pane::bottom_title(&others, theme, frame, area);
    }
    let Some(layers) = state.layers() else { return };
    let sizes = LayerSizes::known(state);
    let width = usize::from(inside.width);
    let column = WasteColumn::for_width(width);
    let before = " ".repeat(MARK + digits(state));
    let head = match column {
        WasteColumn::Shown => format!("{before}{:>8} {:>8} {:BAR_WIDTH$} Command", "Size", "Waste", ""),
        WasteColumn::Hidden => format!("{before}{:>8} {:BAR_WIDTH$} Command", "Size", ""),
    };
    let mut lines = vec![Line::styled(cut(&head, width), theme.dim)];
    for row in layers.scroll.visible() {
        let Some(what) = layers.rows().get(row) else { break };
        let is_selected = row == layers.scroll.selected();
        let mark = match theme.selection {
            _ if !theme.has_colours() => WasteMark::Shade,
            SelectionFill::Uniform if is_selected && focus == PaneFocus::Focused => WasteMark::Shade,
            _ => WasteMark::Colour,
        };
        let spans = match what {
            LayerRow::Layer(layer) => layer_row(state, layers, &sizes, *layer, column, mark, width),
            LayerRow::Step(step) => step_row(state, *step, column, width),
            LayerRow::BaseEnd => vec![Span::styled(left(&base_end(state), width), theme.dim)],
        };
        let mut line = Line::from(spans);
        if is_selected {
            line = pane::select(line, focus, theme);
        }
        lines.push(line);
    }
    pane::draw_lines(lines, frame, inside);
    pane::scroll_marks(layers.scroll.hidden(), theme, frame, area);
}

/// The line between the layers of the base and those of the image.
fn base_end(state: &ScreenState) -> String {
    let base = state.base();
    let is_guessed = base.and_then(|base| base.boundary).is_none_or(|boundary| boundary.by == BaseSource::History);
    match base.and_then(Base::name) {
        _ if is_guessed => "── base image seems to end here ──".to_owned(),
        Some(name) => format!("── end of the base {} ──", printable(start_of(name, COMMAND))),
        None => "── end of the base image ──".to_owned(),
    }
}

/// Text about other images and artifacts in the file, short enough for the narrowest pane. Image Details names them.
fn other_entries_note(image: &Image, key: Option<&str>) -> Option<String> {
    let key = key.map_or_else(String::new, |key| format!("{key}: "));
    match image.other_images.len() {
        0 => artifact_note(&image.other_entries),
        others => Some(format!("{key}{}", count_of(others as u64, "more image"))),
    }
}

fn artifact_note(entries: &[OtherEntry]) -> Option<String> {
    // Attestations are artifacts, too.
    let kind = if entries.iter().all(|entry| entry.is_attestation) { "attestation" } else { "OCI artifact" };
    (!entries.is_empty()).then(|| format!("also here: {}", count_of(entries.len() as u64, kind)))
}

/// The number of layers, what they are compared with, and whether there are other steps: without room, in fewer words.
fn title(state: &ScreenState, width: usize) -> String {
    let Some(layers) = state.layers() else { return "Layers".to_owned() };
    let count = format!("Layers ({})", state.image().map_or(0, |image| image.layers.len()));
    let (long, short) = match layers.mode {
        CompareMode::Layer => (String::new(), String::new()),
        CompareMode::Aggregated => (" · all changes".to_owned(), " · all".to_owned()),
        CompareMode::Marked(base) => (format!(" · compared with {base}"), format!(" · from {base}")),
    };
    let steps = if layers.steps() == EmptySteps::Shown { " · all steps" } else { "" };
    let title = format!("{count}{long}{steps}");
    if columns(&title) <= width { title } else { format!("{count}{short}{steps}") }
}

fn layer_row<'a>(
    state: &ScreenState,
    layers: &LayerList,
    sizes: &LayerSizes,
    layer: LayerIndex,
    column: WasteColumn,
    mark: WasteMark,
    width: usize,
) -> Vec<Span<'a>> {
    let theme = &state.settings.theme;
    let (compared, style) = match layers.mark(layer) {
        CompareMark::Base => ("│", theme.dim),
        CompareMark::Shown => ("●", theme.key),
        CompareMark::None => (" ", theme.dim),
    };
    let base = if layers.mode == CompareMode::Marked(layer) { "◆" } else { compared };
    let damaged = state.explorer().is_some_and(|explorer| explorer.opened.damaged_layers.contains(&layer));
    let size = sizes.size(layer).map_or_else(|| "…".to_owned(), |size| Bytes(size).to_string());
    let mut spans = vec![
        Span::styled(base, style),
        Span::styled(if damaged { "!" } else { " " }, theme.error),
        Span::raw(right(&layer.to_string(), digits(state))),
        Span::raw(right(&size, 8)),
        Span::raw(" "),
    ];
    if column == WasteColumn::Shown {
        let waste = sizes.waste(layer);
        let shown = if waste == 0 { String::new() } else { Bytes(waste).to_string() };
        spans.push(Span::styled(right(&shown, 8), theme.waste));
        spans.push(Span::raw(" "));
    }
    spans.extend(bar(sizes.size(layer).unwrap_or(0), sizes.waste(layer), sizes.largest, mark, theme));
    let taken: usize = spans.iter().map(|span| columns(&span.content)).sum();
    let image_layer = state.image().and_then(|image| image.layers.get(layer.get()));
    let command = image_layer.map_or_else(String::new, |layer| {
        // An imported layer has no command; its comment names the source.
        let text = if layer.created_by.is_empty() { &layer.comment } else { &layer.created_by };
        instruction::line(start_of(text, COMMAND))
    });
    spans.push(Span::raw(format!(" {}", left(&printable(&command), width.saturating_sub(taken + 1)))));
    spans
}

/// Whether the list has a column with the waste of each layer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum WasteColumn {
    Shown,
    Hidden,
}

impl WasteColumn {
    /// Only a wide list has the column.
    const fn for_width(width: usize) -> Self {
        if width >= WITH_WASTE_WIDTH { Self::Shown } else { Self::Hidden }
    }
}

/// Minimum width of a list with the waste.
const WITH_WASTE_WIDTH: usize = 64;
/// Width of the waste column with the blank after it.
const WASTE_WIDTH: usize = 9;

/// Bytes of a command that are formatted for a row.
const COMMAND: usize = 600;

fn step_row<'a>(state: &ScreenState, step: usize, column: WasteColumn, width: usize) -> Vec<Span<'a>> {
    let step = state.image().and_then(|image| image.history.get(step));
    let text = step.map_or_else(String::new, |step| instruction::line(start_of(&step.created_by, COMMAND)));
    let before = " ".repeat(MARK + digits(state));
    let waste = if column == WasteColumn::Shown { WASTE_WIDTH } else { 0 };
    let text = format!("{before}{:>8} {:waste$}{:BAR_WIDTH$} {}", "-", "", "", printable(&text));
    vec![Span::styled(left(&text, width), state.settings.theme.dim)]
}
