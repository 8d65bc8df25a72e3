//! The key hints of the last row. `view` draws them, `input` finds the one under the mouse.

use std::borrow::Cow;

use crate::config::{Action, Context, KeyPress};
use crate::tui::keymap::ActionRow;
use crate::tui::state::extraction::ExtractionStage;
use crate::tui::state::files::{ChangeKinds, Fold};
use crate::tui::state::history::version_before;
use crate::tui::state::images::ListedRow;
use crate::tui::state::layers::{CompareMode, LayerList};
use crate::tui::state::palette::Offer;
use crate::tui::state::prompt::PromptKind;
use crate::tui::state::viewer::SearchState;
use crate::tui::state::waste::WasteRow;
use crate::tui::state::{Focus, Overlay, ScreenState};
use crate::tui::text::columns;
use dive_model::image::Image;
use dive_model::tree::history::HistoryEvent;
use dive_model::tree::{Change, SpanId};
use dive_model::units::count_of;

/// The look of a hint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::tui) enum HintLook {
    Plain,
    /// The mode that is on.
    Active,
    /// A kind of file that is hidden. dive marks those that are shown; here, that would be most of the line.
    Off,
    /// Something that the user should look at.
    Warning,
}

/// A key and the name of its action.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::tui) struct KeyHint {
    pub(in crate::tui) action: Action,
    pub(in crate::tui) key: String,
    pub(in crate::tui) text: Cow<'static, str>,
    pub(in crate::tui) look: HintLook,
}

/// Blanks after a hint.
pub(in crate::tui) const HINT_GAP: usize = 2;

impl KeyHint {
    /// Its width with the blanks after it, in columns.
    fn width(&self) -> usize {
        columns(&self.key) + 1 + if self.text.is_empty() { 0 } else { columns(&self.text) + HINT_GAP }
    }
}

/// The hints that fit `width`, from left to right.
pub(in crate::tui) fn hints(state: &ScreenState, width: usize) -> Vec<KeyHint> {
    let mut rows = state.settings.keymap.hinted(state.context());
    rows.sort_by_key(|row| place(state, row));
    let mut hints: Vec<KeyHint> = Vec::new();
    let mut taken = 0;
    for row in rows {
        let group = match KIND_TOGGLES.iter().position(|action| *action == row.action) {
            None => hint(state, row).into_iter().collect(),
            Some(0) => kinds(state),
            // Part of the group of the first one.
            Some(_) => continue,
        };
        let group_width: usize = group.iter().map(KeyHint::width).sum();
        // The last hint needs no blanks after it. Nothing after a hint without room, so that a wider screen never shows less.
        if taken + group_width > width + HINT_GAP {
            break;
        }
        taken += group_width;
        hints.extend(group);
    }
    hints
}

/// The place of a hint. What matters most in the current state comes first.
fn place(state: &ScreenState, row: &ActionRow) -> Option<u16> {
    match row.action {
        // Without a match here, the only way on.
        Action::NextMatch if matches_nothing(state) => Some(0),
        // In the tree, where the waste is not what the user looks for, after its own actions.
        Action::WasteView if state.context() == Context::FileTree => Some(LAST_OF_TREE),
        action if KIND_TOGGLES.contains(&action) && hides_a_kind(state) => Some(FIRST_OF_TREE),
        _ => row.rank,
    }
}

/// After the actions that every screen has a hint for.
const FIRST_OF_TREE: u16 = 115;
/// After the palette.
const LAST_OF_TREE: u16 = 196;

/// Toggles that stand side by side, or not at all.
const KIND_TOGGLES: [Action; 4] =
    [Action::ToggleAddedFiles, Action::ToggleRemovedFiles, Action::ToggleModifiedFiles, Action::ToggleUnmodifiedFiles];

/// The hint of an action. `None` if it has no key, is not available or another hint says the same.
fn hint(state: &ScreenState, row: &ActionRow) -> Option<KeyHint> {
    let action = row.action;
    let key = state.settings.keymap.hint(state.context(), action)?;
    let has_hint = is_available(state, action) && !is_double(state, action);
    has_hint.then(|| KeyHint { action, key: short(key), text: text(state, row), look: look(state, action) })
}

/// The hints of the toggles: their keys with one word after them, because four words would take half of the line.
fn kinds(state: &ScreenState) -> Vec<KeyHint> {
    let rows = state.settings.keymap.hinted(state.context());
    let toggles = KIND_TOGGLES.iter().filter_map(|action| rows.iter().find(|row| row.action == *action));
    let mut hints: Vec<KeyHint> = toggles.filter_map(|row| hint(state, row)).collect();
    let last = hints.len().saturating_sub(1);
    for (at, hint) in hints.iter_mut().enumerate() {
        hint.text = Cow::Borrowed(if at == last { "Kinds" } else { "" });
    }
    hints
}

/// True if the file tree hides a kind of change.
fn hides_a_kind(state: &ScreenState) -> bool {
    let files = state.explorer().and_then(|explorer| explorer.files.as_ref());
    files.is_some_and(|files| files.kinds() != ChangeKinds::ALL)
}

/// The action of the hint at a column.
pub(in crate::tui) fn hint_at(state: &ScreenState, width: usize, column: usize) -> Option<Action> {
    let mut end = 0;
    let hit = hints(state, width).into_iter().find(|hint| {
        end += hint.width();
        column < end
    });
    let gap = |hint: &KeyHint| if hint.text.is_empty() { 1 } else { HINT_GAP };
    hit.filter(|hint| column + gap(hint) < end).map(|hint| hint.action)
}

/// True if the action has an effect in the current state.
pub(in crate::tui) fn is_available(state: &ScreenState, action: Action) -> bool {
    let filtered = || state.pane_filter().is_some();
    let kind = state.prompt.as_ref().map(|prompt| &prompt.kind);
    match (action, state.overlays.last()) {
        (Action::Quit | Action::Help | Action::ToggleView | Action::CloseView | Action::ToggleEmptySteps, _) => true,
        (Action::ShowWarnings, _) => state.warning_count() > 0,
        (Action::ShowImages, _) => state.explorer().and(state.image()).is_some_and(Image::has_others),
        (Action::Accept, None) if state.is_choosing() => {
            state.prompt.as_ref().is_some_and(|prompt| prompt.error.is_none())
        }
        (Action::CloseFilterFiles, None) => kind.is_some() || filtered() || can_go_back(state),
        (Action::ShowRules, None) => {
            state.list.as_ref().is_some_and(|list| !super::images::rule_lines(list).is_empty())
        }
        (Action::OpenImage, None) => state.list.as_ref().is_some_and(|list| list.selected().is_some()),
        (Action::FilterFiles | Action::ToggleSortOrder | Action::ReverseSortOrder, None) if state.is_choosing() => true,
        _ if state.explorer().is_none() => false,
        (Action::Accept, Some(Overlay::Palette(palette))) => palette.selected().is_some(),
        (Action::Accept, _) => state.prompt.as_ref().is_some_and(|prompt| prompt.error.is_none()),
        (Action::CloseFilterFiles, _) => kind.is_some() || filtered(),
        (Action::KeepSpecialBits | Action::CompleteFolder, _) => kind == Some(&PromptKind::Folder),
        (Action::NextMatch | Action::PreviousMatch, Some(Overlay::Viewer(viewer, _))) => {
            viewer.status().search != SearchState::None
        }
        (Action::NextMatch | Action::PreviousMatch, _) => filtered(),
        // A difference is the content of no version.
        (Action::ToggleHex | Action::ExtractFile, Some(Overlay::Viewer(viewer, _))) if viewer.compared().is_some() => {
            false
        }
        (Action::ToggleHex | Action::GoToLine | Action::FilterFiles, Some(Overlay::Viewer(viewer, _))) => {
            viewer.has_content()
        }
        (Action::GoToFile, None) => state.focus == Focus::ImageDetails && state.inefficient_file.is_some(),
        (action, Some(Overlay::Waste(waste))) if needs_row(action) && waste.scroll.count() == 0 => false,
        (action, Some(Overlay::Found(found))) if needs_row(action) && found.selected().is_none() => false,
        (Action::ShowDiff, top) => has_version_before(state, top),
        (Action::ViewFile, None) if on_empty_directory(state) => false,
        (action, None) if needs_row(action) && state.focus == Focus::Files => fold(state).is_some(),
        (Action::ViewVersion | Action::ExtractFile, Some(Overlay::Waste(_))) => !on_group(state),
        (Action::WasteView, Some(Overlay::Waste(_) | Overlay::Advised(_))) => false,
        (Action::FilterFiles, Some(Overlay::Advised(advised))) => advised.has_findings(),
        (Action::GoToFile | Action::ToggleSortOrder, Some(Overlay::Advised(advised))) => advised.selected().is_some(),
        (action, Some(Overlay::Advised(advised))) if needs_row(action) && advised.selected_node().is_none() => false,
        (Action::ViewVersion | Action::ExtractFile, Some(Overlay::Advised(advised))) => {
            state.explorer().is_some_and(|explorer| advised.version(&explorer.opened.tree).is_some())
        }
        (Action::OverwriteFiles | Action::SkipFiles, Some(Overlay::Extraction(extraction))) => {
            matches!(extraction.stage, ExtractionStage::Conflict(_))
        }
        _ => true,
    }
}

/// True if an image of a list is open, and there is no filter to clear first.
fn can_go_back(state: &ScreenState) -> bool {
    state.list.is_some() && !state.is_choosing() && state.prompt.is_none() && state.pane_filter().is_none()
}

/// True if the selected row is a version of a file that replaced another one.
fn has_version_before(state: &ScreenState, top: Option<&Overlay>) -> bool {
    let Some(explorer) = state.explorer() else { return false };
    let tree = &explorer.opened.tree;
    let version = match top {
        None => explorer.selected_node().and_then(|node| {
            let comparison = explorer.files.as_ref()?.comparison();
            (comparison.change(node) == Some(Change::Modified)).then(|| comparison.span(tree, node))?
        }),
        Some(Overlay::History(history)) => history.selected().and_then(stored_version),
        Some(Overlay::Found(found)) => found.selected().and_then(|row| stored_version(&row.event)),
        Some(_) => None,
    };
    version.is_some_and(|version| tree.facts(version).kind.is_file() && version_before(tree, version).is_some())
}

/// The version that a layer stored. `None` if it removed the path.
fn stored_version(event: &HistoryEvent) -> Option<SpanId> {
    event.version.filter(|_| !event.action.removes())
}

/// True if the action applies to the row under the cursor.
const fn needs_row(action: Action) -> bool {
    matches!(
        action,
        Action::GoToFile
            | Action::ViewFile
            | Action::ViewVersion
            | Action::FileHistory
            | Action::ShowDiff
            | Action::ExtractFile
            | Action::CopyPath
            | Action::ToggleSortOrder
            | Action::ToggleCollapseDir
    )
}

/// True if the filter of the file tree, which is not below an overlay, matches nothing.
fn matches_nothing(state: &ScreenState) -> bool {
    let files = state.explorer().filter(|_| state.overlays.is_empty()).and_then(|explorer| explorer.files.as_ref());
    files.is_some_and(|files| files.filter().is_some() && files.matches() == 0)
}

/// True if another hint says the same.
fn is_double(state: &ScreenState, action: Action) -> bool {
    let is_hinted = |action| state.settings.keymap.hint(state.context(), action).is_some();
    match action {
        Action::SearchAll => !state.overlays.is_empty() && is_hinted(Action::FilterFiles),
        Action::Quit if state.prompt.is_some() => is_hinted(Action::CloseFilterFiles),
        Action::Quit if !state.overlays.is_empty() => is_hinted(Action::CloseView),
        Action::ToggleCollapseDir => is_hinted(Action::ViewFile) && fold(state).is_some_and(|fold| fold != Fold::Leaf),
        _ => false,
    }
}

fn look(state: &ScreenState, action: Action) -> HintLook {
    let mode = state.layers().map(|layers: &LayerList| layers.mode);
    let hides = |change| {
        let files = state.explorer().and_then(|explorer| explorer.files.as_ref());
        files.is_some_and(|files| !files.kinds().contain(change))
    };
    match (action, mode) {
        (Action::ShowWarnings, _) => HintLook::Warning,
        (Action::ToggleAddedFiles, _) if hides(Change::Added) => HintLook::Off,
        (Action::ToggleRemovedFiles, _) if hides(Change::Removed) => HintLook::Off,
        (Action::ToggleModifiedFiles, _) if hides(Change::Modified) => HintLook::Off,
        (Action::ToggleUnmodifiedFiles, _) if hides(Change::Unmodified) => HintLook::Off,
        (Action::CompareLayer, Some(CompareMode::Layer))
        | (Action::CompareAll, Some(CompareMode::Aggregated))
        | (Action::MarkBase, Some(CompareMode::Marked(_))) => HintLook::Active,
        _ => HintLook::Plain,
    }
}

/// True if the waste view is on a row that opens.
fn on_group(state: &ScreenState) -> bool {
    match state.overlays.last() {
        Some(Overlay::Waste(waste)) => matches!(waste.selected(), Some(WasteRow::Group(_))),
        Some(Overlay::Advised(advised)) => advised.opens(),
        _ => false,
    }
}

/// True if the selected image of the list could not be read.
fn on_unread(state: &ScreenState) -> bool {
    let row = state.list.as_ref().and_then(|list| list.selected_row());
    matches!(row, Some((_, ListedRow::Unread(_))))
}

/// The fold of the row under the cursor of the file tree.
fn fold(state: &ScreenState) -> Option<Fold> {
    let files = state.explorer()?.files.as_ref()?;
    Some(files.fold(files.selected()?))
}

/// True if the row under the cursor of the file tree is a directory that neither opens nor has content to view.
fn on_empty_directory(state: &ScreenState) -> bool {
    let Some(explorer) = state.explorer().filter(|_| state.focus == Focus::Files) else { return false };
    let (Some(files), tree) = (&explorer.files, &explorer.opened.tree) else { return false };
    let is_directory =
        |node| files.comparison().span(tree, node).is_none_or(|version| tree.span(version).kind.is_directory());
    files.selected().is_some_and(|node| files.fold(node) == Fold::Leaf && is_directory(node))
}

/// The name of an action in the current context.
fn text(state: &ScreenState, row: &ActionRow) -> Cow<'static, str> {
    let kind = state.prompt.as_ref().map(|prompt| &prompt.kind);
    let is_filter = kind.is_none_or(|kind| *kind == PromptKind::Filter);
    let is_search = is_filter && matches!(state.overlays.last(), Some(Overlay::Found(_)));
    let is_base = state.layers().is_some_and(|layers| layers.layer().map(CompareMode::Marked) == Some(layers.mode));
    let text = match (row.action, state.context()) {
        (Action::MarkBase, _) if is_base => "Stop comparing",
        (Action::CloseFilterFiles, _) if can_go_back(state) => "Back to list",
        (Action::OpenImage, _) if on_unread(state) => "Reason",
        (Action::ShowWarnings, _) => return Cow::Owned(count_of(state.warning_count() as u64, "warning")),
        (Action::FilterFiles, Context::Viewer) => "Search",
        (Action::Quit, _) if state.prompt.is_some() || !state.overlays.is_empty() => "Close",
        (Action::GoToFile, Context::Waste) if on_group(state) => match state.overlays.last() {
            Some(Overlay::Waste(waste)) if waste.is_selected_open() => "Collapse",
            _ => "Open",
        },
        (Action::CloseView, Context::Waste) if state.kept_filter().is_some() => "Clear filter",
        (Action::ToggleView, Context::Layers) => "Files",
        (Action::ToggleView, Context::FileTree) => "Layers",
        (Action::ToggleView, Context::Waste) => match state.overlays.last() {
            Some(Overlay::Waste(_)) => "Advice",
            _ => "Waste",
        },
        (Action::ViewFile, Context::FileTree) => match fold(state) {
            Some(Fold::Expanded) => "Collapse",
            Some(Fold::Collapsed) => "Expand",
            Some(Fold::Leaf) | None => row.hint,
        },
        (Action::Accept, _) if kind == Some(&PromptKind::Command) => match state.overlays.last() {
            Some(Overlay::Palette(palette)) if palette.offer == Offer::Images => "Open",
            _ => "Run",
        },
        (Action::Accept, _) if is_search => "Results",
        (Action::CloseFilterFiles, _) if is_search => "Close",
        (Action::Accept, _) if !is_filter => "OK",
        (Action::CloseFilterFiles, _) if !is_filter => "Cancel",
        _ => row.hint,
    };
    Cow::Borrowed(text)
}

/// Abbreviates a key for hints: `^A` for `ctrl+a`.
pub(in crate::tui) fn short(key: KeyPress) -> String {
    let name = key.label();
    match name.strip_prefix("ctrl+") {
        Some(rest) if rest.chars().count() == 1 => format!("^{}", rest.to_uppercase()),
        Some(rest) => format!("^{rest}"),
        None => name,
    }
}
