//! Snapshots of every view at every size, after the given keys.

use std::fmt::Write;
use std::sync::Arc;

use dive::tui::event::WorkerEvent;
use dive::tui::state::viewer::FetchReport;
use dive::tui::state::{Overlay, OverlayId};
use dive_model::DockerfileFit::Required;
use dive_model::Opener;
use dive_model::blob::{TransferProgress, TransferStep};
use dive_model::extract::{Conflicts, End, PathList, Progress, Reason, Report, Skipped, Skips};
use dive_model::image::{Base, BaseSource, Boundary, Dockerfile, GivenBase, NamedImage};

use super::{SIZES, Screen, Size};
use crate::build::{Format, image};
use crate::library;
use crate::place::sample;

/// Compares the frames of a view at each size with its snapshot.
pub(super) fn picture(name: &str, draw: impl Fn(Size) -> Screen) {
    let mut frames = String::new();
    for (width, height) in SIZES {
        writeln!(frames, "{width}x{height}\n{}", draw((width, height)).drawn()).unwrap();
    }
    insta::with_settings!({ snapshot_path => "../snapshots", prepend_module_to_snapshot => false, omit_expression => true }, {
        insta::assert_snapshot!(name, frames);
    });
}

/// Snapshot of the sample after these keys.
fn after(name: &str, keys: &str) {
    picture(name, |size| {
        let mut screen = Screen::of_sample(size);
        screen.presses(keys);
        screen
    });
}

#[test]
fn layers_view() {
    after("layers", "");
    after("layers_last", "G");
}

#[test]
fn layers_view_with_empty_steps() {
    after("empty_steps", "e G");
}

#[test]
fn file_tree_view() {
    after("files", "G tab");
    after("files_walked", "down down down down tab down down down");
}

#[test]
fn file_tree_view_collapsed_and_sorted_by_size() {
    after("files_collapsed", "G tab b c s");
}

#[test]
fn file_tree_view_without_unmodified_files() {
    after("files_changed", "4 down down down down tab U");
}

#[test]
fn layer_details_view() {
    after("layer_details", "down down down right");
}

#[test]
fn image_details_view() {
    after("image_details", "right right");
}

#[test]
fn aggregated_view() {
    after("aggregated", "a G");
}

/// dive 0.13.1 shows the same rows and marks for this image, except `static/img`, since it ignores opaque markers.
#[test]
fn aggregated_view_with_temporary_files() {
    picture("aggregated_removed", |size| {
        let mut screen = Screen::of_sample(size);
        screen.presses("a G slash").types("^/(tmp|var)|img").presses("enter tab tab");
        screen
    });
}

#[test]
fn comparison_with_a_marked_base() {
    after("marked_base", "down down b down down down tab U");
}

#[test]
fn filter_line_in_every_state() {
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
fn waste_view_in_every_order() {
    after("waste_by_size", "w");
    after("waste_by_cause", "w s down down");
    after("waste_by_layer", "w s s");
    after("waste_by_path", "w s s s");
}

#[test]
fn advice_view() {
    picture("advice", |size| {
        let mut screen = Screen::of_sample(size);
        screen.presses("w tab").runs_jobs().presses("down");
        screen
    });
}

/// An image on a base that is given, built from a Dockerfile that is given.
fn built(size: Size) -> Screen {
    const DOCKERFILE: &str = "FROM debian:13\nCOPY app /app\nRUN rm -r /app/cache \\\n && chmod +x /app/start\n";
    let base = || image().layer(|layer| layer.created_by("ADD rootfs /").file("bin/sh", "s".repeat(4000)));
    let app = base()
        .layer(|layer| {
            let layer = layer.created_by("COPY app /app # buildkit").file("app/start", "a".repeat(900));
            layer.file("app/cache/objects", "o".repeat(2500))
        })
        .layer(|layer| {
            let run = "RUN /bin/sh -c rm -r /app/cache  && chmod +x /app/start # buildkit";
            layer.created_by(run).whiteout("app/cache").file("app/start", "a".repeat(900)).mode(0o755)
        });
    let base = base().save(Format::DockerArchive);
    let base = GivenBase::of("debian:13", &library::open(base.path().to_str().unwrap()).image);
    let dockerfile = Arc::new(Dockerfile::new("Dockerfile".to_owned(), DOCKERFILE.to_owned()));
    let archive = app.save(Format::DockerArchive);
    let opener = Opener::new().base(Some(&base)).dockerfile(Some((&dockerfile, Required)));
    let mut screen = Screen::loading(size, &[]);
    screen.opens(opener.open(archive.path()).unwrap());
    screen
}

#[test]
fn line_between_the_base_and_the_own_layers() {
    picture("layers_base", built);
    picture("layers_base_line", |size| {
        let mut screen = built(size);
        screen.presses("down");
        screen
    });
    picture("layer_details_dockerfile", |size| {
        let mut screen = built(size);
        screen.presses("G right");
        screen
    });
}

/// The engine's images are compared in the background.
#[test]
fn base_found_later_divides_the_layers_and_keeps_the_selection() {
    let image = image().layer(|l| l.file("os", "os")).layer(|l| l.file("app", "app")).save(Format::DockerArchive);
    let opened = Arc::new(library::open(image.path().to_str().unwrap()));
    let mut screen = Screen::loading((120, 40), &[]);
    screen.receives(WorkerEvent::opened(Arc::clone(&opened)));
    screen.presses("G").lacks(&["end of the base"]);
    let debian = NamedImage { name: "debian:13".to_owned(), digest: None };
    let base = Base {
        image: Some((debian, BaseSource::Engine)),
        boundary: Some(Boundary { layers: 1, by: BaseSource::DiffIds }),
    };
    let layer = screen.state.layer();
    screen.receives(WorkerEvent::base_found(&opened, base));
    assert_eq!(screen.state.layer(), layer);
    screen.shows(&["── end of the base debian:13 ──", "In the base: 2 B in 1 file,", "In your layers: 3 B in 1 file,"]);
}

#[test]
fn waste_view_with_dockerfile_lines() {
    picture("waste_lines", |size| {
        let mut screen = built(size);
        screen.presses("w down");
        screen
    });
}

#[test]
fn help_of_every_view() {
    after("help_layers", "?");
    after("help_files", "tab ?");
    after("help_waste", "w ?");
    at("help_viewer", "G", "bin/start", "v ?");
    at("help_history", "G", "bin/start", "H ?");
}

/// Snapshot with the last match of a filter selected, after these keys.
fn at(name: &str, layer: &str, file: &str, keys: &str) {
    picture(name, |size| {
        let mut screen = Screen::of_sample(size);
        screen.finds(layer, file);
        for key in keys.split_whitespace() {
            screen.presses(key).runs_jobs();
        }
        screen
    });
}

#[test]
fn viewer_of_every_kind() {
    at("viewer_text", "G", "bin/start", "v");
    at("viewer_search", "G", "stock.csv", "v slash 1 2 enter n");
    at("viewer_deleted", "down down down down", "vendor", "v");
    at("viewer_link", "G", "locale.csv", "v");
    at("viewer_hex", "G", "bin/busybox$", "v");
}

/// A layer of an engine is still being transferred when its file is viewed.
#[test]
fn content_transfer_in_progress() {
    let coming = TransferProgress { step: TransferStep::Export, read: 434_000, total: Some(3_000_000) };
    picture("viewer_bringing", |size| {
        let mut screen = Screen::of_sample(size);
        screen.finds("G", "bin/start").presses("v");
        let Some(Overlay::Viewer(viewer, _)) = screen.state.overlays.last() else { panic!("no viewer") };
        let fetching = FetchReport::transferring(viewer.overlay_id(), coming);
        screen.receives(WorkerEvent::Fetch(fetching));
        screen
    });
    picture("extract_bringing", |size| {
        let mut screen = Screen::of_sample(size);
        screen.finds("G", "data$").presses("x enter");
        let Some(Overlay::Extraction(extraction)) = screen.state.overlays.last() else {
            panic!("nothing is extracted")
        };
        let overlay_id = extraction.overlay_id;
        screen.receives(WorkerEvent::ConflictsChecked(overlay_id, Ok(Conflicts::default())));
        let progress = Progress { items: 2, of_items: 11, fetching: Some(coming), ..Progress::default() };
        screen.receives(WorkerEvent::ExtractionProgress(overlay_id, progress));
        screen
    });
    extracting("extract_nothing", "", |overlay_id| {
        let reason = Reason::Unreadable("docker broke off after 434000 bytes; try again".to_owned());
        let skipped = Skips { kept: vec![Skipped { path: b"data/stock.csv".to_vec(), reason }], more: 0 };
        WorkerEvent::ExtractionEnded(overlay_id, Ok(Report { skipped, ..Report::default() }))
    });
}

#[test]
fn history_view() {
    at("history", "G", "etc/plugins$", "H");
    at("history_implicit", "G", "^/usr$", "H");
}

#[test]
fn extraction_folder_prompt() {
    at("extract_asking", "G", "data$", "x");
}

/// Snapshot of an extraction after a message of its thread.
fn extracting(name: &str, keys: &str, say: impl Fn(OverlayId) -> WorkerEvent) {
    picture(name, |size| {
        let mut screen = Screen::of_sample(size);
        screen.finds("G", "data$").presses("x enter");
        let Some(Overlay::Extraction(extraction)) = screen.state.overlays.last() else {
            panic!("nothing is extracted")
        };
        let overlay_id = extraction.overlay_id;
        screen.receives(say(overlay_id));
        screen.presses(keys);
        screen
    });
}

#[test]
fn extraction_conflicts() {
    let conflicts = || Conflicts {
        existing: PathList { first: (1..=10).map(|at| format!("data/{at}.csv").into_bytes()).collect(), count: 12 },
        obstacles: PathList { first: vec![b"data/old".to_vec()], count: 1 },
    };
    extracting("extract_conflict", "", |overlay_id| WorkerEvent::ConflictsChecked(overlay_id, Ok(conflicts())));
    extracting("help_extraction", "?", |overlay_id| WorkerEvent::ConflictsChecked(overlay_id, Ok(conflicts())));
}

#[test]
fn extraction_results() {
    let report = |end| {
        let left_out = |path: &[u8], reason| Skipped { path: path.to_vec(), reason };
        let kept = vec![left_out(b"data/tty", Reason::Device), left_out(b"data/pipe\x1b[2J", Reason::Fifo)];
        let skipped = Skips { kept, more: 3 };
        let counts =
            Report { files: 7, directories: 2, symlinks: 1, hard_links: 1, bytes: 123_456, ..Report::default() };
        Report { stripped: 1, modes_not_set: 2, skipped, end, ..counts }
    };
    extracting("extract_done", "", |overlay_id| WorkerEvent::ExtractionEnded(overlay_id, Ok(report(End::Complete))));
    extracting("extract_stopped", "", |overlay_id| {
        WorkerEvent::ExtractionEnded(
            overlay_id,
            Ok(Report { end: End::Cancelled, files: 1, bytes: 10, ..Report::default() }),
        )
    });
    extracting("extract_failed", "", |overlay_id| {
        WorkerEvent::ExtractionEnded(overlay_id, Err("/work: permission denied".to_owned()))
    });
}

#[test]
fn action_messages() {
    after("message", "tab down y");
    after("message_no_filter", "tab n");
}

#[test]
fn loading_screens() {
    picture("loading_finding", |size| Screen::loading(size, &[]));
    picture("loading_unpacking", |size| {
        let mut screen = Screen::loading(size, &[]);
        screen.receives(WorkerEvent::Transferred(TransferProgress {
            step: TransferStep::Unpack,
            read: 1_200_000,
            total: Some(3_052_544),
        }));
        screen
    });
    picture("loading_receiving", |size| {
        let mut screen = Screen::loading(size, &[]);
        screen.receives(WorkerEvent::Transferred(TransferProgress {
            step: TransferStep::Receive,
            read: 1_200_000,
            total: None,
        }));
        screen
    });
    picture("loading_reading", |size| {
        let mut screen = Screen::loading(size, &[]);
        screen.receives(WorkerEvent::ImageFound(library::open(&sample()).image));
        screen.receives(WorkerEvent::BytesRead(2_000_000));
        screen.receives(WorkerEvent::LayerRead { layer: dive_model::layer::LayerIndex::BASE, size_bytes: 1_983_406 });
        screen.presses("down");
        screen
    });
}

#[test]
fn image_without_layers_view() {
    let archive = image().save(Format::DockerArchive);
    let path = archive.path().to_str().unwrap();
    picture("no_layers", |size| Screen::showing(path, size, &[]));
}

#[test]
fn image_without_waste_view() {
    let archive = image().layer(|l| l.file("etc/passwd", "root")).save(Format::DockerArchive);
    let path = archive.path().to_str().unwrap();
    picture("no_waste", |size| {
        let mut screen = Screen::showing(path, size, &[]);
        screen.presses("w");
        screen
    });
}
