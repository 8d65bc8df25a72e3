//! Every view at every size, to be looked at: what a user sees who pressed these keys.

use std::fmt::Write;

use dive::tui::event::Work;
use dive::tui::state::viewer::Fetched;
use dive::tui::state::{Overlay, Ticket};
use dive_model::blob::{TransferProgress, TransferStep};
use dive_model::extract::{Conflicts, End, Listed, Progress, Reason, Report, Skipped, Skips};

use super::{SIZES, Screen, Size};
use crate::build::{Format, image};
use crate::library;
use crate::place::sample;

/// Holds the frames of one view, drawn at each size by `draw`.
fn picture(name: &str, draw: impl Fn(Size) -> Screen) {
    let mut frames = String::new();
    for (width, height) in SIZES {
        writeln!(frames, "{width}x{height}\n{}", draw((width, height)).drawn()).unwrap();
    }
    insta::with_settings!({ snapshot_path => "../snapshots", prepend_module_to_snapshot => false, omit_expression => true }, {
        insta::assert_snapshot!(name, frames);
    });
}

/// The sample after these keys.
fn after(name: &str, keys: &str) {
    picture(name, |size| {
        let mut screen = Screen::of_sample(size);
        screen.presses(keys);
        screen
    });
}

#[test]
fn the_layers() {
    after("layers", "");
    after("layers_last", "G");
}

#[test]
fn the_layers_with_their_empty_steps() {
    after("empty_steps", "e G");
}

#[test]
fn the_file_tree() {
    after("files", "G tab");
    after("files_walked", "down down down down tab down down down");
}

#[test]
fn the_file_tree_without_attributes_collapsed_and_sorted_by_size() {
    after("files_collapsed", "G tab b c s");
}

#[test]
fn the_file_tree_without_what_did_not_change() {
    after("files_changed", "4 down down down down tab U");
}

#[test]
fn the_layer_details() {
    after("layer_details", "down down down right");
}

#[test]
fn the_image_details() {
    after("image_details", "right right");
}

#[test]
fn all_changes_since_the_base_layer() {
    after("aggregated", "a G");
}

/// dive 0.13.1 shows the same rows and marks for this image, but for `static/img`: it ignores opaque markers.
#[test]
fn what_came_and_went_since_the_base_layer() {
    picture("aggregated_removed", |size| {
        let mut screen = Screen::of_sample(size);
        screen.presses("a G slash").types("^/(tmp|var)|img").presses("enter tab tab");
        screen
    });
}

#[test]
fn two_states_that_are_no_neighbours() {
    after("marked_base", "down down b down down down tab U");
}

#[test]
fn the_filter_being_typed_with_an_error_and_on() {
    for (name, text, then) in [
        ("filter_typed", "csv|svg", ""),
        ("filter_error", "csv(", ""),
        ("filter_nothing", "nowhere", ""),
        ("filter_on", "csv|svg", "enter down"),
    ] {
        picture(name, |size| {
            let mut screen = Screen::of_sample(size);
            screen.presses("G slash").types(text).presses(then);
            screen
        });
    }
}

#[test]
fn the_waste_in_every_order() {
    after("waste_by_size", "w");
    after("waste_by_cause", "w s down down");
    after("waste_by_layer", "w s s");
    after("waste_by_path", "w s s s");
}

#[test]
fn the_keys_of_every_place() {
    after("help_layers", "?");
    after("help_files", "tab ?");
    after("help_waste", "w ?");
    at("help_viewer", "G", "bin/start", "v ?");
    at("help_history", "G", "bin/start", "H ?");
}

/// The sample with the cursor on what a filter finds last, in a layer, after these keys.
fn at(name: &str, layer: &str, file: &str, keys: &str) {
    picture(name, |size| {
        let mut screen = Screen::of_sample(size);
        screen.finds(layer, file);
        for key in keys.split_whitespace() {
            screen.presses(key).works();
        }
        screen
    });
}

#[test]
fn the_content_of_files() {
    at("viewer_text", "G", "bin/start", "v");
    at("viewer_search", "G", "stock.csv", "v slash 1 2 enter n");
    at("viewer_deleted", "down down down down", "vendor", "v");
    at("viewer_link", "G", "locale.csv", "v");
    at("viewer_hex", "G", "bin/busybox$", "v");
}

/// A layer that lies in an engine is on its way when somebody looks into one of its files.
#[test]
fn content_that_is_on_its_way() {
    let coming = TransferProgress { step: TransferStep::Export, read: 434_000, total: Some(3_000_000) };
    picture("viewer_bringing", |size| {
        let mut screen = Screen::of_sample(size);
        screen.finds("G", "bin/start").presses("v");
        let Some(Overlay::Viewer(viewer, _)) = screen.state.overlays.last() else { panic!("no viewer") };
        let bringing = Fetched::bringing(viewer.ticket(), coming);
        screen.hears(Work::Fetched(bringing));
        screen
    });
    picture("extract_bringing", |size| {
        let mut screen = Screen::of_sample(size);
        screen.finds("G", "data$").presses("x enter");
        let Some(Overlay::Extraction(extraction)) = screen.state.overlays.last() else {
            panic!("nothing is extracted")
        };
        let ticket = extraction.ticket;
        screen.hears(Work::Looked(ticket, Ok(Conflicts::default())));
        let progress = Progress { items: 2, of_items: 11, bringing: Some(coming), ..Progress::default() };
        screen.hears(Work::Extracting(ticket, progress));
        screen
    });
    extracting("extract_nothing", "", |ticket| {
        let reason = Reason::Unreadable("docker broke off after 434000 bytes; try again".to_owned());
        let skipped = Skips { kept: vec![Skipped { path: b"data/stock.csv".to_vec(), reason }], more: 0 };
        Work::Extracted(ticket, Ok(Report { skipped, ..Report::default() }))
    });
}

#[test]
fn the_history_of_a_path() {
    at("history", "G", "etc/plugins$", "H");
    at("history_implicit", "G", "^/usr$", "H");
}

#[test]
fn the_folder_that_files_are_written_to() {
    at("extract_asking", "G", "data$", "x");
}

/// The sample's data on its way to a folder, when a thread says this.
fn extracting(name: &str, keys: &str, say: impl Fn(Ticket) -> Work) {
    picture(name, |size| {
        let mut screen = Screen::of_sample(size);
        screen.finds("G", "data$").presses("x enter");
        let Some(Overlay::Extraction(extraction)) = screen.state.overlays.last() else {
            panic!("nothing is extracted")
        };
        let ticket = extraction.ticket;
        screen.hears(say(ticket));
        screen.presses(keys);
        screen
    });
}

#[test]
fn what_stands_in_the_way_of_an_extraction() {
    let conflicts = || Conflicts {
        existing: Listed { first: (1..=10).map(|at| format!("data/{at}.csv").into_bytes()).collect(), count: 12 },
        obstacles: Listed { first: vec![b"data/old".to_vec()], count: 1 },
    };
    extracting("extract_conflict", "", |ticket| Work::Looked(ticket, Ok(conflicts())));
    extracting("help_extraction", "?", |ticket| Work::Looked(ticket, Ok(conflicts())));
}

#[test]
fn what_came_of_an_extraction() {
    let report = |end| {
        let left_out = |path: &[u8], reason| Skipped { path: path.to_vec(), reason };
        let kept = vec![left_out(b"data/tty", Reason::Device), left_out(b"data/pipe\x1b[2J", Reason::Fifo)];
        let skipped = Skips { kept, more: 3 };
        let counts =
            Report { files: 7, directories: 2, symlinks: 1, hard_links: 1, bytes: 123_456, ..Report::default() };
        Report { stripped: 1, modes_not_set: 2, skipped, end, ..counts }
    };
    extracting("extract_done", "", |ticket| Work::Extracted(ticket, Ok(report(End::Complete))));
    extracting("extract_stopped", "", |ticket| {
        Work::Extracted(ticket, Ok(Report { end: End::Cancelled, files: 1, bytes: 10, ..Report::default() }))
    });
    extracting("extract_failed", "", |ticket| Work::Extracted(ticket, Err("/work: permission denied".to_owned())));
}

#[test]
fn what_came_of_an_action() {
    after("message", "tab down y");
    after("message_no_filter", "tab n");
}

#[test]
fn an_image_that_is_being_found_and_read() {
    picture("loading_finding", |size| Screen::looking(size, &[]));
    picture("loading_unpacking", |size| {
        let mut screen = Screen::looking(size, &[]);
        screen.hears(Work::Spooled(TransferProgress {
            step: TransferStep::Unpack,
            read: 1_200_000,
            total: Some(3_052_544),
        }));
        screen
    });
    picture("loading_receiving", |size| {
        let mut screen = Screen::looking(size, &[]);
        screen.hears(Work::Spooled(TransferProgress { step: TransferStep::Receive, read: 1_200_000, total: None }));
        screen
    });
    picture("loading_reading", |size| {
        let mut screen = Screen::looking(size, &[]);
        screen.hears(Work::Image(library::open(&sample()).image));
        screen.hears(Work::Read(2_000_000));
        screen.hears(Work::Layer { layer: dive_model::layer::LayerIndex::BASE, size_bytes: 1_983_406 });
        screen.presses("down");
        screen
    });
}

#[test]
fn an_image_without_layers() {
    let archive = image().save(Format::DockerArchive);
    let path = archive.path().to_str().unwrap();
    picture("no_layers", |size| Screen::showing(path, size, &[]));
}

#[test]
fn an_image_that_wastes_nothing() {
    let archive = image().layer(|l| l.file("etc/passwd", "root")).save(Format::DockerArchive);
    let path = archive.path().to_str().unwrap();
    picture("no_waste", |size| {
        let mut screen = Screen::showing(path, size, &[]);
        screen.presses("w");
        screen
    });
}
