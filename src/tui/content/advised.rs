//! Text of the advice tab: its columns, the sum that following the advice saves, and what to write instead.

use super::waste::{REMEDY_HEIGHT, first_lines, instruction_line};
use crate::tui::state::Explorer;
use crate::tui::state::advised::{AdviceOrder, Advised};
use crate::tui::text::{columns, cut, printable, wrap};
use dive_model::advice::Finding;
use dive_model::image::ImagePart;
use dive_model::units::{Bytes, Total, count_of};

/// Where the columns of the list begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::tui) struct AdviceColumns {
    /// The number of files. `None` on a narrow screen, where the path is worth more.
    pub(in crate::tui) files: Option<usize>,
    pub(in crate::tui) layers: usize,
    /// The part of the image.
    pub(in crate::tui) part: usize,
    /// The kinds, and the paths of an open finding.
    pub(in crate::tui) kind: usize,
    /// The largest directory of a finding. `None` if there is no room.
    pub(in crate::tui) path: Option<usize>,
}

impl AdviceColumns {
    const WIDE: Self = Self { files: Some(10), layers: 18, part: 29, kind: 35, path: Some(69) };
    const NARROW: Self = Self { files: None, layers: 10, part: 20, kind: 25, path: Some(48) };

    pub(in crate::tui) const fn of(width: usize) -> Self {
        match width {
            89.. => Self::WIDE,
            60.. => Self::NARROW,
            _ => Self { path: None, ..Self::NARROW },
        }
    }

    /// The order for a click on the header. `None` on the part, by which no order sorts.
    pub(in crate::tui) fn order_at(self, column: usize) -> Option<AdviceOrder> {
        match column {
            _ if self.path.is_some_and(|path| column >= path) => Some(AdviceOrder::Path),
            _ if column >= self.kind => Some(AdviceOrder::Kind),
            _ if column >= self.part => None,
            _ if column >= self.layers => Some(AdviceOrder::Layer),
            _ => Some(AdviceOrder::Size),
        }
    }
}

/// The line above the list: the bytes that following the advice saves, or those of what the filter accepts.
pub(in crate::tui) fn sum(explorer: &Explorer, advised: &Advised, width: usize) -> String {
    let total = Bytes(explorer.opened.analysis.exact.total_bytes);
    let Some(advice) = advised.advice() else { return "Looking for advice…".to_owned() };
    if advice.findings.is_empty() {
        return "No advice: dive found nothing to write in another way".to_owned();
    }
    // The list has small findings, too.
    let of = |part| advice.open().filter(move |finding| finding.part == part);
    let bytes_of = |part| Bytes(of(part).map(|finding| finding.size_bytes).sum::<Total>().get());
    let ours = bytes_of(ImagePart::Ours);
    if !advised.filter().is_empty() {
        let (count, size) = advised.accepted();
        let (count, size) = (count_of(count, "finding"), Bytes(size));
        let long = format!("Advice could save {ours} of {total}; {count} of {size} match the filter");
        let short = format!("Advice could save {ours}; {count} of {size} match");
        return cut(if columns(&long) <= width { &long } else { &short }, width);
    }
    let of_base = bytes_of(ImagePart::Base);
    let findings = count_of(of(ImagePart::Ours).map(Finding::count).sum::<Total>().get(), "finding");
    let base = if of_base.0 == 0 { String::new() } else { format!("; {of_base} more in the base") };
    let long = format!("Advice could save {ours} of {total} ({findings} in your layers){base}");
    let short = format!("Advice could save {ours} of {total} ({findings}){base}");
    cut(if columns(&long) <= width { &long } else { &short }, width)
}

/// The explanation of a finding: the instructions, the kind and the remedy. The instructions take the lines of `height` that the
/// other texts leave. On a low terminal, there is room for the remedy only.
pub(in crate::tui) fn details(explorer: &Explorer, finding: &Finding, width: usize, height: usize) -> Vec<String> {
    let Finding { kind, layer, hidden_by, doubled_by, remedy, .. } = finding;
    let remedy = wrap(&printable(&format!("Remedy: {remedy}")), width);
    if height < REMEDY_HEIGHT {
        return first_lines(&remedy, height, width);
    }
    let row = kind.row();
    let mut rest = wrap(&format!("{}: {}", row.level.name(), row.what), width);
    rest.extend(remedy);
    let line = |verb: &str, layer| wrap(&instruction_line(explorer, verb, layer, width * height), width);
    let put = layer.map(|layer| line("Added by", layer));
    let hidden = hidden_by.filter(|hidden_by| Some(*hidden_by) != *layer).map(|layer| line("Hidden by", layer));
    let beside = doubled_by.map(|layer| line("Beside", layer));
    let instructions: Vec<Vec<String>> = [put, hidden, beside].into_iter().flatten().collect();
    let (mut free, mut left) = (height.saturating_sub(rest.len()), instructions.len());
    let mut text = Vec::new();
    for lines in instructions {
        let rows = (free / left.max(1)).max(1);
        let shown = first_lines(&lines, rows, width);
        free = free.saturating_sub(shown.len());
        left = left.saturating_sub(1);
        text.extend(shown);
    }
    text.extend(rest);
    text.truncate(height);
    text
}
