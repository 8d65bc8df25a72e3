//! Extraction on the screen, from keys to files.

use std::path::Path;
use std::sync::atomic::AtomicBool;

use dive::tui::state::Overlay;
use dive::tui::update::Effect;
use dive::tui::worker::{Job, JobId};

use super::Screen;

impl Screen {
    /// Extracts the selected path to a folder.
    fn extracts_to(&mut self, folder: &Path) -> &mut Self {
        self.presses("x").types(folder.to_str().unwrap()).presses("enter")
    }
}

/// The dialog names the version, because a path has several.
#[test]
fn extraction_names_the_version() {
    let mut screen = Screen::of_sample((120, 40));
    screen.finds("G", "prices.csv$").presses("x").shows(&["1 path, 13 kB, as in layer 6"]);
    screen.presses("esc H g x").shows(&["1 path, 11 kB, from layer 2"]);
    let mut screen = Screen::of_sample((120, 40));
    screen.finds("down down down down", "vendor.txt$").presses("x").shows(&["1 path, 14 kB, as before layer 4"]);
}

/// Closing the dialog cancels the extraction, and the result must still be shown.
#[test]
fn cancelled_extraction_dialog_shows_its_result() {
    let folder = tempfile::tempdir().unwrap();
    let mut screen = Screen::of_sample((120, 40));
    screen.finds("G", "prices.csv$").extracts_to(folder.path());
    let look = screen.next_job().unwrap();
    screen.runs_job(*look, &AtomicBool::new(false));
    let write = screen.next_job().unwrap();
    screen.shows(&["Writing to"]);
    let Job::Extract { overlay_id, .. } = *write else { panic!("{write:?}") };

    screen.presses("esc").shows(&["Writing to"]);
    assert!(
        matches!(screen.effects[..], [Effect::Cancel(JobId::Extract(of))] if of == overlay_id),
        "{:?}",
        screen.effects
    );

    screen.runs_job(*write, &AtomicBool::new(true));
    screen.shows(&["Cancelled. Complete files were written", "0 files"]);
    screen.presses("esc").lacks(&["Cancelled."]);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn removed_file_can_be_extracted() {
    let folder = tempfile::tempdir().unwrap();
    let mut screen = Screen::of_sample((120, 40));
    screen.finds("down down down down", "vendor.txt$").extracts_to(folder.path()).runs_jobs();
    screen.shows(&["Done. Written in", "1 file, "]);
    let written = std::fs::read_to_string(folder.path().join("vendor.txt")).unwrap();
    assert!(written.starts_with("download;00001;"), "{}", &written[..40]);
}

/// The aggregated view has paths that neither the base layer nor the selected one has.
#[test]
fn temporary_files_can_be_extracted_and_viewed() {
    let folder = tempfile::tempdir().unwrap();
    let mut screen = Screen::of_sample((120, 40));
    screen.finds("a G", "build/obj").presses("left").shows(&["- drwxr-xr-x"]);
    screen.extracts_to(folder.path()).runs_jobs().shows(&["Done. Written in", "2 files, 35 kB"]);
    assert_eq!(folder.path().join("obj/a.o").metadata().unwrap().len(), 20_300);
    screen.presses("esc slash").types("/b.o$").presses("enter v").runs_jobs().shows(&["/var/cache/build/obj/b.o"]);
}

/// An open dialog without an input line could not be closed.
#[test]
fn leaving_the_folder_line_closes_the_dialog() {
    for key in ["esc", "ctrl+c"] {
        let mut screen = Screen::of_sample((120, 40));
        screen.finds("G", "prices.csv$").presses("x");
        assert!(matches!(screen.state.overlays[..], [Overlay::Extraction(_)]));
        screen.presses(key);
        assert!(screen.state.overlays.is_empty() && screen.state.prompt.is_none(), "{key}");
        assert!(screen.effects.is_empty(), "{key}: {:?}", screen.effects);
    }
}

/// A prefilled line would come before the path that the user types.
#[test]
fn the_folder_of_the_last_extraction_is_the_default() {
    let (one, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let mut screen = Screen::of_sample((120, 40));
    screen.finds("G", "prices.csv$").extracts_to(one.path()).runs_jobs().presses("esc x");
    screen.shows(&[&format!("Extract to directory: {} if empty", one.path().display())]);
    screen.presses("enter").runs_jobs().shows(&["already in", "Overwrite existing files"]);
    screen.presses("esc").extracts_to(other.path()).runs_jobs().shows(&["Done. Written in"]);
    assert!(other.path().join("prices.csv").exists());
}

/// As in a shell, tab completes the directory; the dialog shows which one is meant.
#[test]
fn folder_is_completed_and_shown_in_full() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("target-of-extraction")).unwrap();
    let mut screen = Screen::of_sample((120, 40));
    screen.finds("G", "prices.csv$").presses("x").shows(&["Writes to /work "]);
    screen.shows(&["Extract to directory: /work if empty"]);
    screen.types("out1").shows(&["Writes to /work/out1 "]);
    screen.presses("ctrl+u").types(&format!("{}/targ", folder.path().display()));
    screen.presses("tab").runs_jobs().shows(&["/target-of-extraction/"]);
    let Some(prompt) = &screen.state.prompt else { panic!("no prompt") };
    assert_eq!(prompt.text(), format!("{}/target-of-extraction/", folder.path().display()));
    // A completion of another text is too late.
    screen.presses("tab").types("x").runs_jobs();
    assert!(screen.state.prompt.as_ref().is_some_and(|prompt| prompt.text().ends_with("extraction/x")));
    screen.presses("esc");
    assert!(screen.state.overlays.is_empty());
}
