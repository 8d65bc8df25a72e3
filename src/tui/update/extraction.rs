//! Extraction: plans it, resolves the folder, and applies the reports of workers.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::tui::state::completion;
use crate::tui::state::extraction::{Extent, ExtractionDialog, ExtractionStage};
use crate::tui::state::prompt::PromptKind;
use crate::tui::state::{Explorer, Overlay, OverlayId, ScreenState, Stage};
use crate::tui::worker::Job;
use dive_model::escape::Escaped;
use dive_model::extract::{Conflicts, LayerBlobs, OnConflict, Options, Plan, Progress, Report};
use dive_model::tree::{NodeId, SpanId};

use super::Effect;

/// Opens the dialog to extract a path and its descendants as the screen shows them: removed files in their last
/// version, and under a filter only the files that match.
pub(super) fn ask_for_node(state: &mut ScreenState, node: NodeId) {
    let Stage::Open(explorer) = &state.stage else { return };
    let Some(files) = &explorer.files else { return };
    let tree = &explorer.opened.tree;
    let comparison = files.comparison();
    let target = comparison.scope().target;
    let (plan, version) = if tree.visible(node, target).is_some() {
        (Plan::of_layer(tree, node, target, &|node| files.passes_filter(node)), format!("as in layer {target}"))
    } else {
        let last = |node| comparison.span(tree, node).filter(|_| files.passes_filter(node));
        (Plan::of(tree, node, &last), format!("as before layer {target}"))
    };
    let extent = if files.filter().is_some() { Extent::Filtered } else { Extent::Whole };
    let path = Escaped(&tree.path(node)).to_string();
    open_dialog(state, (path, version), plan, extent);
}

/// Opens the dialog to extract one version of a file.
pub(super) fn ask_for_version(state: &mut ScreenState, version: SpanId) {
    let Stage::Open(explorer) = &state.stage else { return };
    let tree = &explorer.opened.tree;
    let path = Escaped(&tree.path(tree.span(version).node())).to_string();
    let from = format!("from layer {}", tree.span(version).from());
    let plan = Plan::of_version(tree, version);
    open_dialog(state, (path, from), plan, Extent::Whole);
}

/// Opens the dialog for a path and its version.
fn open_dialog(state: &mut ScreenState, path: (String, String), plan: Plan, extent: Extent) {
    let extraction = ExtractionDialog::new(state.next_overlay_id(), path, plan, extent);
    state.overlays.push(Overlay::Extraction(Box::new(extraction)));
    // The line is empty: a prefilled folder would come before an absolute path that the user types.
    state.open_prompt(PromptKind::Folder, "");
    show_target(state, "");
}

/// Shows the folder that a typed text means.
pub(super) fn show_target(state: &mut ScreenState, text: &str) {
    let folder = target(state, text);
    if let Some(Overlay::Extraction(extraction)) = state.overlays.last_mut() {
        extraction.folder = folder;
    }
}

/// Starts to complete the typed folder.
pub(super) fn complete(state: &mut ScreenState, effects: &mut Vec<Effect>) {
    let (Some(Overlay::Extraction(extraction)), Some(prompt)) = (state.overlays.last(), &state.prompt) else { return };
    let typed = prompt.text().to_owned();
    let (before, _) = completion::split(&typed);
    // A tilde is the home folder, alone or before a slash.
    let parent = folder(before, &state.settings.working_dir, state.settings.home.as_deref());
    let overlay_id = extraction.overlay_id;
    effects.push(Effect::Start(Box::new(Job::CompleteFolder { overlay_id, typed, parent })));
}

/// Takes a completion of the typed folder, unless the text has changed since.
pub(super) fn folder_completed(state: &mut ScreenState, overlay_id: OverlayId, typed: &str, completed: &str) {
    if dialog_of(&mut state.overlays, overlay_id).is_none() {
        return;
    }
    if let Some(prompt) =
        state.prompt.as_mut().filter(|prompt| prompt.kind == PromptKind::Folder && prompt.text() == typed)
    {
        prompt.set_text(completed);
        show_target(state, completed);
    }
}

/// Starts the conflict check for the typed folder.
pub(super) fn accept(state: &mut ScreenState, text: &str, effects: &mut Vec<Effect>) {
    let folder = target(state, text);
    state.last_folder.clone_from(&folder);
    let Some(Overlay::Extraction(extraction)) = state.overlays.last_mut() else { return };
    extraction.folder = folder;
    extraction.stage = ExtractionStage::Checking;
    let (overlay_id, plan, folder) = (extraction.overlay_id, Arc::clone(&extraction.plan), extraction.folder.clone());
    effects.push(Effect::Start(Box::new(Job::CheckConflicts { overlay_id, plan, folder })));
}

/// The folder that a typed text means.
fn target(state: &ScreenState, text: &str) -> PathBuf {
    match text.trim() {
        "" => state.last_folder.clone(),
        text => folder(text, &state.settings.working_dir, state.settings.home.as_deref()),
    }
}

/// Resolves a typed folder as a shell would.
fn folder(text: &str, working_dir: &Path, home: Option<&Path>) -> PathBuf {
    match (text, text.strip_prefix("~/"), home) {
        ("" | ".", ..) => working_dir.to_owned(),
        ("~", _, Some(home)) => home.to_owned(),
        (_, Some(below), Some(home)) => home.join(below),
        _ => working_dir.join(text),
    }
}

/// Applies the conflict check. Starts writing if there are no conflicts.
pub(super) fn conflicts_checked(
    state: &mut ScreenState,
    overlay_id: OverlayId,
    conflicts: Result<Conflicts, String>,
    effects: &mut Vec<Effect>,
) {
    let Stage::Open(explorer) = &state.stage else { return };
    let Some(extraction) = dialog_of(&mut state.overlays, overlay_id) else { return };
    if !matches!(extraction.stage, ExtractionStage::Checking) {
        return;
    }
    match conflicts {
        Ok(conflicts) if conflicts.is_empty() => {
            effects.push(write(explorer, extraction, OnConflict::Fail));
        }
        Ok(conflicts) => extraction.stage = ExtractionStage::Conflict(conflicts),
        Err(error) => extraction.stage = ExtractionStage::Done(Err(error)),
    }
}

pub(super) fn progressed(state: &mut ScreenState, overlay_id: OverlayId, progress: Progress) {
    if let Some(extraction) = dialog_of(&mut state.overlays, overlay_id)
        && matches!(extraction.stage, ExtractionStage::Writing(_))
    {
        extraction.stage = ExtractionStage::Writing(progress);
    }
}

pub(super) fn ended(state: &mut ScreenState, overlay_id: OverlayId, report: Result<Report, String>) {
    if let Some(extraction) = dialog_of(&mut state.overlays, overlay_id) {
        extraction.stage = ExtractionStage::Done(report);
    }
}

/// Reports that a thread could not be started. Only the extraction dialog waits for one; elsewhere a message is enough.
pub(super) fn not_started(state: &mut ScreenState, why: String) {
    match state.overlays.last_mut() {
        Some(Overlay::Extraction(extraction)) => extraction.stage = ExtractionStage::Done(Err(why)),
        _ => state.message = Some(why),
    }
}

/// Starts writing.
pub(super) fn write(explorer: &Explorer, dialog: &mut ExtractionDialog, on_conflict: OnConflict) -> Effect {
    dialog.stage = ExtractionStage::Writing(dive_model::extract::Progress::default());
    Effect::Start(Box::new(Job::Extract {
        overlay_id: dialog.overlay_id,
        plan: Arc::clone(&dialog.plan),
        layers: LayerBlobs::of(&explorer.opened.image, &explorer.opened.damaged_layers),
        folder: dialog.folder.clone(),
        options: Options { on_conflict, special_bits: dialog.special_bits },
    }))
}

/// The extraction dialog with this id. `None` if it is closed.
fn dialog_of(overlays: &mut [Overlay], overlay_id: OverlayId) -> Option<&mut ExtractionDialog> {
    overlays.iter_mut().rev().find_map(|overlay| match overlay {
        Overlay::Extraction(extraction) if extraction.overlay_id == overlay_id => Some(extraction.as_mut()),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_extraction_folder_resolves_as_in_a_shell() {
        let (here, home) = (Path::new("/work"), Some(Path::new("/home/ann")));
        for (text, path) in [
            ("", "/work"),
            (".", "/work"),
            ("out/x", "/work/out/x"),
            ("/tmp/x", "/tmp/x"),
            ("~", "/home/ann"),
            ("~/out", "/home/ann/out"),
            ("~bob", "/work/~bob"),
        ] {
            assert_eq!(folder(text, here, home), Path::new(path), "{text}");
        }
        assert_eq!(folder("~/out", here, None), Path::new("/work/~/out"));
    }
}
