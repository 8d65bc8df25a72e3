//! Draws the status line: the image and its figures, and the selected layer; of a list of images, how many are read.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::pane;
use crate::tui::content;
use crate::tui::state::ScreenState;
use crate::tui::text::{columns, cut, cut_start, printable, start_of};
use dive_model::units::Bytes;

/// Minimum width of the image's name.
const MIN_NAME_WIDTH: usize = 12;

pub(super) fn draw(state: &ScreenState, frame: &mut Frame<'_>, area: Rect) {
    let theme = &state.settings.theme;
    let width = usize::from(area.width);
    if let Some(list) = state.list.as_ref().filter(|_| state.is_choosing()) {
        return pane::draw_lines([Line::styled(cut(&content::images::status(list), width), theme.title)], frame, area);
    }
    let Some(image) = state.image() else { return };
    let mut facts = facts(state);
    // The last facts go first, so that the name stays recognisable.
    while facts.len() > 1 && columns(&facts.join(SEPARATOR)) + columns(SEPARATOR) + MIN_NAME_WIDTH > width {
        facts.remove(facts.len() - 2);
    }
    let facts = facts.join(SEPARATOR);
    let room = width.saturating_sub(columns(&facts) + columns(SEPARATOR));
    // Names end in what tells them apart.
    let name = cut_start(&printable(start_of(&image.name, MAX_NAME)), room);
    let separator = if facts.is_empty() { "" } else { SEPARATOR };
    let line =
        Line::from(vec![Span::styled(name, theme.label), Span::styled(format!("{separator}{facts}"), theme.title)]);
    pane::draw_lines([line], frame, area);
}

const SEPARATOR: &str = " · ";

/// Bytes of a name that are read.
const MAX_NAME: usize = 512;

/// Size, reclaimable bytes with their share, dive's efficiency, the platform if there are several, and the layer.
fn facts(state: &ScreenState) -> Vec<String> {
    let mut facts = Vec::new();
    if let Some(explorer) = state.explorer() {
        let analysis = &explorer.opened.analysis;
        facts.push(Bytes(analysis.classic.size_bytes()).to_string());
        let reclaimable = Bytes(analysis.exact.reclaimable_bytes());
        // The rest of 100 % after the exact efficiency, which is truncated: an image with little waste has not 0 %.
        let share = 100.0 - (analysis.exact.efficiency() * 100.0).floor();
        let share = if reclaimable.0 == 0 { String::new() } else { format!(" ({share:.0} %)") };
        facts.push(format!("{reclaimable} reclaimable{share}"));
        facts.push(format!("dive's efficiency {:.0} %", (analysis.classic.efficiency * 100.0).floor()));
    }
    if let Some(platform) =
        state.image().filter(|image| !image.other_platforms.is_empty()).and_then(|image| image.platform.as_ref())
    {
        facts.push(printable(&platform.to_string()));
    }
    if let (Some(layer), Some(image)) = (state.layer(), state.image()) {
        // Layers are numbered from 0: the last one of seven is layer 6.
        let last = image.layers.len().saturating_sub(1);
        facts.push(if last == 0 { format!("layer {layer}") } else { format!("layer {layer} of 0–{last}") });
    }
    facts
}
