//! Text of the waste view: its columns, and what the selected group means.

use crate::report::instruction;
use crate::tui::state::Explorer;
use crate::tui::state::waste::{Waste, WasteOrder};
use crate::tui::text::{cut, printable, start_of, wrap};
use dive_model::analysis::WasteGroup;
use dive_model::analysis::exact::Cause;
use dive_model::image::{Base, BuildInstruction, ImagePart, Keyword};
use dive_model::layer::LayerIndex;

/// Where the columns of the list begin. Size, files and layers are always shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::tui) struct WasteColumns {
    /// The part of the image, if the base is known.
    pub(in crate::tui) part: Option<usize>,
    /// The cause, if there is room.
    pub(in crate::tui) cause: Option<usize>,
    /// The path.
    pub(in crate::tui) path: usize,
}

/// Where the number of files begins.
pub(in crate::tui) const FILES_AT: usize = 10;
/// Where the layers begin.
pub(in crate::tui) const LAYERS_AT: usize = 18;
const PART_AT: usize = 29;
const PART_WIDTH: usize = 6;
const CAUSE_WIDTH: usize = 23;
/// From this width on, the list has the cause.
const WITH_CAUSE_WIDTH: usize = 96;
const SORTED_BY_CAUSE_WIDTH: usize = 72;

impl WasteColumns {
    /// The columns of a list of this width.
    pub(in crate::tui) fn of(explorer: &Explorer, width: usize, order: WasteOrder) -> Self {
        let part = explorer.base.as_ref().and_then(Base::layers).map(|_| PART_AT);
        let after = PART_AT + if part.is_some() { PART_WIDTH } else { 0 };
        // A list that is sorted by the cause must show it.
        let least = if order == WasteOrder::Cause { SORTED_BY_CAUSE_WIDTH } else { WITH_CAUSE_WIDTH };
        let cause = (width >= least).then_some(after);
        Self { part, cause, path: after + if cause.is_some() { CAUSE_WIDTH } else { 0 } }
    }

    /// The order for a click on the header.
    pub(in crate::tui) fn order_at(self, column: usize) -> WasteOrder {
        match column {
            0..LAYERS_AT => WasteOrder::Size,
            _ if column >= self.path => WasteOrder::Path,
            _ if self.cause.is_some_and(|cause| column >= cause) => WasteOrder::Cause,
            _ => WasteOrder::Layer,
        }
    }
}

/// The part of the image that a layer belongs to. `None` if the base is unknown.
pub(in crate::tui) fn part(explorer: &Explorer, layer: LayerIndex) -> Option<ImagePart> {
    explorer.base.as_ref()?.part_of(layer)
}

/// Rows for the explanation, with the line above it. On a narrow terminal, two sentences take two lines each.
const DETAILS_HEIGHT: usize = 5;
const NARROW_DETAILS_HEIGHT: usize = 7;
/// Below this width of the terminal, sentences are wrapped.
const UNWRAPPED_WIDTH: u16 = 110;
/// From this height of the terminal on, the list has a line per cause above it.
const WITH_CAUSES_HEIGHT: u16 = 30;
/// Below this height of the terminal, there is only the remedy.
const WITH_DETAILS_HEIGHT: u16 = 20;
/// Rows for the remedy alone, with the line above it.
pub(super) const REMEDY_HEIGHT: usize = 3;

/// Number of lines above the list: the sum, maybe a line per cause and an empty one, the column header.
pub(in crate::tui) fn head_height(waste: &Waste, terminal_height: u16) -> usize {
    2 + if shows_causes(terminal_height) { waste.by_cause().len() + 1 } else { 0 }
}

/// True if there is room for a line per cause.
pub(in crate::tui) const fn shows_causes(terminal_height: u16) -> bool {
    terminal_height >= WITH_CAUSES_HEIGHT
}

/// Number of lines below the list, on a terminal of this size.
pub(in crate::tui) const fn foot_height((width, height): (u16, u16)) -> usize {
    // On a high terminal, long instructions have a second line.
    let more = if height >= WITH_CAUSES_HEIGHT { 2 } else { 0 };
    match (height >= WITH_DETAILS_HEIGHT, width >= UNWRAPPED_WIDTH) {
        (true, true) => DETAILS_HEIGHT + more,
        (true, false) => NARROW_DETAILS_HEIGHT + more,
        (false, _) => REMEDY_HEIGHT,
    }
}

/// The explanation of a group: the two instructions, the cause and the remedy. The instructions take the lines of
/// `height` that the other texts leave, at least one each. On a low terminal, there is room for the remedy only.
pub(in crate::tui) fn details(explorer: &Explorer, group: &WasteGroup, width: usize, height: usize) -> Vec<String> {
    let line = |verb: &str, layer: LayerIndex| instruction_line(explorer, verb, layer, width * height);
    let instructions = [line("Added by", group.layer), line(verb(group.cause), group.hidden_by)];
    let remedy = wrap(&format!("Remedy: {}.", remedy(explorer, group)), width);
    if height < REMEDY_HEIGHT {
        return first_lines(&remedy, height, width);
    }
    let mut rest = wrap(&explanation(group), width);
    rest.extend(remedy);
    let free = height.saturating_sub(rest.len());
    let [put, hidden] = instructions.map(|line| wrap(&line, width));
    let rows = free.saturating_sub(hidden.len()).max(free / 2).max(1);
    let mut text = first_lines(&put, rows, width);
    text.extend(first_lines(&hidden, free.saturating_sub(text.len()).max(1), width));
    text.extend(rest);
    text
}

/// The instruction that made a layer, `Added by layer 3: RUN make`, with at most `most` characters of it.
pub(super) fn instruction_line(explorer: &Explorer, verb: &str, layer: LayerIndex, most: usize) -> String {
    let made_by = explorer.opened.image.layers.get(layer.get());
    let lines = made_by
        .and_then(|made_by| made_by.lines.as_ref())
        .map_or_else(String::new, |lines| format!(" ({})", lines.in_words()));
    let command = start_of(made_by.map_or("", |made_by| &made_by.created_by), most);
    printable(&format!("{verb} layer {layer}{lines}: {}", instruction::line(command)))
}

/// The first `rows` lines of a wrapped text. If there are more, the last one ends with an ellipsis.
pub(super) fn first_lines(lines: &[String], rows: usize, width: usize) -> Vec<String> {
    if lines.len() <= rows {
        return lines.to_vec();
    }
    let (first, rest) = lines.split_at(rows.saturating_sub(1));
    first.iter().cloned().chain([cut(&rest.join(" "), width)]).collect()
}

/// What the hiding layer did.
pub(in crate::tui) const fn verb(cause: Cause) -> &'static str {
    match cause {
        Cause::Overwritten => "Overwritten by",
        Cause::MetadataOnly => "Stored again by",
        Cause::Deleted | Cause::DeletedWithDirectory => "Deleted by",
        Cause::HiddenByOpaque => "Emptied by",
        Cause::Replaced => "Replaced by",
    }
}

fn explanation(group: &WasteGroup) -> String {
    let WasteGroup { layer: stores, hidden_by: hides, .. } = group;
    if stores == hides {
        return "The tar of the layer has the path twice. The image shows only the last one.".to_owned();
    }
    let (files, them) = if group.files == 1 { ("file", "it") } else { ("files", "them") };
    match group.cause {
        Cause::Overwritten => "The image stores both versions and shows the later one.".to_owned(),
        Cause::MetadataOnly => {
            format!("Layer {hides} changes only mode, owner or times, but stores the content a second time.")
        }
        Cause::Deleted => format!("Layer {hides} deletes the {files}, but layer {stores} still stores {them}."),
        Cause::DeletedWithDirectory => {
            format!("Layer {hides} deletes the directory, but layer {stores} still stores its files.")
        }
        Cause::HiddenByOpaque => {
            format!(
                "Layer {hides} deletes the directory and creates it again, but layer {stores} still stores the old files."
            )
        }
        Cause::Replaced => format!("Layer {hides} replaces the {files}, but layer {stores} still stores {them}."),
    }
}

/// What to write instead. The tab of advice has a sentence on this image, but only once it is computed.
fn remedy(explorer: &Explorer, group: &WasteGroup) -> String {
    let layer = group.layer;
    match (part(explorer, layer), part(explorer, group.hidden_by)) {
        (Some(ImagePart::Base), Some(ImagePart::Ours)) => {
            return "the base image contains it. Keep it, or choose a smaller base".to_owned();
        }
        (Some(ImagePart::Base), _) => return "only another version of the base image can change this".to_owned(),
        (Some(ImagePart::Ours) | None, _) => {}
    }
    if layer == group.hidden_by {
        return "write each path once; the layer stores it twice".to_owned();
    }
    let created_by = explorer.opened.image.layers.get(layer.get()).map_or("", |layer| &layer.created_by);
    let (them, they_are) = if group.files == 1 { ("it", "it is") } else { ("them", "they are") };
    match (group.cause, BuildInstruction::of(created_by).keyword) {
        (Cause::Replaced, _) => format!("create the final file or link in layer {layer}"),
        (Cause::Overwritten, _) => format!("write the final content in layer {layer}"),
        (Cause::MetadataOnly, Keyword::Copy | Keyword::Add) => {
            format!("set mode and owner in layer {layer} (`--chmod=`, `--chown=`)")
        }
        (Cause::MetadataOnly, _) => format!("set mode and owner in layer {layer}, which creates {them}"),
        (Cause::Deleted | Cause::DeletedWithDirectory | Cause::HiddenByOpaque, keyword) => match keyword {
            Keyword::Copy => format!(
                "leave {them} out of the COPY (.dockerignore), or delete {them} in the stage {they_are} copied from"
            ),
            Keyword::Add => {
                format!("leave {them} out of the ADD: name {them} in .dockerignore, or pack the archive without {them}")
            }
            Keyword::Run | Keyword::Other(_) | Keyword::Unknown => {
                let step = if keyword == Keyword::Run { "RUN" } else { "step" };
                format!("delete {them} in the {step} that creates {them}, or build in an earlier stage")
            }
        },
    }
}
