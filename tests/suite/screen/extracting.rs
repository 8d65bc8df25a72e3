//! Writing files to a folder, from the keys to the bytes on the disk.

use std::path::Path;
use std::sync::atomic::AtomicBool;

use dive::tui::state::Overlay;
use dive::tui::update::Effect;
use dive::tui::worker::{Job, JobId};

use super::Screen;

impl Screen {
    /// Asks for what the cursor is on to be written to a folder.
    fn extracts_to(&mut self, folder: &Path) -> &mut Self {
        self.presses("x backspace").types(folder.to_str().unwrap()).presses("enter")
    }
}

/// Whoever closes the box while files are written asks for the end, and must still learn what was written until then.
#[test]
fn a_box_that_is_closed_while_it_writes_stays_until_it_can_tell() {
    let folder = tempfile::tempdir().unwrap();
    let mut screen = Screen::of_sample((120, 40));
    screen.finds("G", "prices.csv$").extracts_to(folder.path());
    let look = screen.next_job().unwrap();
    screen.does_job(*look, &AtomicBool::new(false));
    let write = screen.next_job().unwrap();
    screen.shows(&["Writing to"]);
    let Job::Extract { ticket, .. } = *write else { panic!("{write:?}") };

    screen.presses("esc").shows(&["Writing to"]);
    assert!(matches!(screen.effects[..], [Effect::Cancel(JobId::Extract(of))] if of == ticket), "{:?}", screen.effects);

    screen.does_job(*write, &AtomicBool::new(true));
    screen.shows(&["Cancelled. Complete files were written", "0 files"]);
    screen.presses("esc").lacks(&["Cancelled."]);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn what_a_layer_removed_can_be_written_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let mut screen = Screen::of_sample((120, 40));
    screen.finds("down down down down", "vendor.txt$").extracts_to(folder.path()).works();
    screen.shows(&["Done. Written in", "1 file, "]);
    let written = std::fs::read_to_string(folder.path().join("vendor.txt")).unwrap();
    assert!(written.starts_with("download;00001;"), "{}", &written[..40]);
}

/// The aggregated view shows paths that neither the base layer nor the selected one has.
#[test]
fn what_came_and_went_can_be_written_and_read_as_it_was_last() {
    let folder = tempfile::tempdir().unwrap();
    let mut screen = Screen::of_sample((120, 40));
    screen.finds("a G", "build/obj").presses("left").shows(&["- drwxr-xr-x"]);
    screen.extracts_to(folder.path()).works().shows(&["Done. Written in", "2 files, 35 kB"]);
    assert_eq!(folder.path().join("obj/a.o").metadata().unwrap().len(), 20_300);
    screen.presses("esc slash").types("/b.o$").presses("enter v").works().shows(&["/var/cache/build/obj/b.o"]);
}

/// A box that is left without a folder would wait for one for ever.
#[test]
fn who_asks_for_no_folder_closes_the_box_as_well() {
    for key in ["esc", "ctrl+c"] {
        let mut screen = Screen::of_sample((120, 40));
        screen.finds("G", "prices.csv$").presses("x");
        assert!(matches!(screen.state.overlays[..], [Overlay::Extraction(_)]));
        screen.presses(key);
        assert!(screen.state.overlays.is_empty() && screen.state.line.is_none(), "{key}");
        assert!(screen.effects.is_empty(), "{key}: {:?}", screen.effects);
    }
}
