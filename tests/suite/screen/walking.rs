//! Effects of keys and mouse on the state.

use std::cell::Cell;
use std::sync::atomic::{AtomicBool, Ordering};

use crossterm::event::{MouseButton, MouseEventKind};
use dive::tui::state::Overlay;
use dive::tui::update::Effect;
use dive::tui::worker::JobId;

use super::Screen;
use crate::build::{Format, Packing, image};

#[test]
fn quit_closes_dialogs_first() {
    let mut screen = Screen::of_sample((120, 40));
    screen.presses("w ? q");
    screen.shows(&["Waste ·"]).lacks(&["Keys ·"]);
    screen.presses("q").shows(&["Layers ("]);
    assert!(screen.effects.is_empty());
    screen.presses("q");
    assert!(matches!(screen.effects[..], [Effect::Quit]));
}

/// crossterm reports esc and a fast key as alt and the key.
#[test]
fn unbound_alt_key_is_esc_and_the_key() {
    let mut screen = Screen::of_sample((120, 40));
    screen.presses("w alt+?").shows(&["Keys ·"]).lacks(&["Waste ·"]);
    screen.presses("alt+slash").types("stock").shows(&["Filter: stock"]).lacks(&["Keys ·"]);
    // In the filter line, alt edits words; only other combinations are esc.
    screen.types(" price").presses("alt+backspace").shows(&["Filter: stock "]);
    screen.presses("alt+b").types("x").shows(&["Filter: xstock"]);
    screen.presses("alt+enter").lacks(&["Filter: "]);

    let mut screen = Screen::configured((120, 40), "keybinding: { quit: alt+w }");
    screen.presses("alt+w");
    assert!(matches!(screen.effects[..], [Effect::Quit]));
}

#[test]
fn click_on_a_column_title_sorts_by_it() {
    let mut screen = Screen::of_sample((120, 40));
    screen.presses("w");
    for (column, order) in
        [("Path", "path"), ("Cause", "cause"), ("Layers", "layer"), ("Files", "size"), ("Size", "size")]
    {
        screen.clicks(&format!("{column} ")).shows(&[&format!("sorted by {order}")]);
    }
}

/// dive shows 81 % for 81.9 %. Rounding would show an image with little waste as perfect.
#[test]
fn percentages_are_truncated_as_in_dive() {
    let wasteful = image()
        .layer(|l| l.file("kept", "k".repeat(638)).file("twice", "t".repeat(181)))
        .layer(|l| l.file("twice", "t".repeat(181)).mode(0o600));
    let nearly = image()
        .layer(|l| l.file("kept", "k".repeat(9990)).file("twice", "1234567890"))
        .layer(|l| l.file("twice", "0987654321"));
    for (image, classic, exact) in [(wasteful, 81, 81), (nearly, 99, 99)] {
        let archive = image.save(Format::DockerArchive);
        let mut screen = Screen::showing(archive.path().to_str().unwrap(), (120, 40), &[]);
        screen.presses("right right");
        screen.shows(&[&format!("Image efficiency score: {classic} %"), &format!("Exact efficiency: {exact} %")]);
    }
}

/// A too small screen ignores actions and restores the view when it grows.
#[test]
fn too_small_screen_keeps_its_state() {
    use crossterm::event::Event;
    let mut screen = Screen::of_sample((120, 40));
    screen.presses("G tab down down");
    let before = screen.drawn();
    screen.handles(Event::Resize(40, 12));
    screen.shows(&["needs at least 60x16"]);
    screen.handles(Event::Resize(120, 40));
    assert_eq!(screen.drawn(), before);
}

/// No terminal size, key or click may cause a panic.
#[test]
fn no_size_or_click_causes_a_panic() {
    use crossterm::event::{Event, KeyModifiers, MouseButton, MouseEvent, MouseEventKind};
    let mut screen = Screen::of_sample((120, 40));
    for width in [0, 1, 59, 60, 99, 100, 300] {
        for height in [0, 1, 15, 16, 29, 30, 100] {
            screen.handles(Event::Resize(width, height));
            for keys in ["G", "right", "tab pgdn", "p G", "slash", "esc w", "?", "q q tab"] {
                screen.presses(keys);
                for kind in [MouseEventKind::Down(MouseButton::Left), MouseEventKind::ScrollDown] {
                    let (column, row) = (width.saturating_sub(3), height / 2);
                    screen.handles(Event::Mouse(MouseEvent { kind, column, row, modifiers: KeyModifiers::NONE }));
                }
                screen.drawn();
            }
        }
    }
}

/// Otherwise a large file would be decoded and searched to its end.
#[test]
fn closed_viewer_cancels_its_jobs() {
    let mut screen = Screen::of_sample((120, 40));
    screen.finds("G", "stock.csv$").presses("v").runs_jobs();
    let Some(Overlay::Viewer(viewer, _)) = screen.state.overlays.last() else { panic!("no viewer") };
    let overlay_id = viewer.overlay_id();
    screen.presses("esc");
    let is_called_off = |id| screen.effects.iter().any(|effect| matches!(effect, Effect::Cancel(of) if *of == id));
    assert!(is_called_off(JobId::Fetch(overlay_id)), "{:?}", screen.effects);
    assert!(is_called_off(JobId::Search(overlay_id)), "{:?}", screen.effects);
}

/// Closing a large file at its first page must not read all of it.
#[test]
fn cancelled_fetch_stops_reading() {
    let content = "a line of text\n".repeat(2 << 20);
    for packing in [Packing::Plain, Packing::Gzip] {
        let archive = image().layer(|l| l.file("large", &content).packed(packing)).save(Format::DockerArchive);
        let mut screen = Screen::showing(archive.path().to_str().unwrap(), (120, 40), &[]);
        // Counts the job's messages; the job is cancelled after `most` of them.
        let mut messages_until = |most: usize| {
            screen.presses("tab v");
            let job = screen.next_job().unwrap();
            screen.presses("esc tab");
            let (cancel, count) = (AtomicBool::new(false), Cell::new(0));
            job.run(&cancel, &|_| {
                count.set(count.get() + 1);
                cancel.store(count.get() >= most, Ordering::Relaxed);
            });
            count.get()
        };
        assert!(messages_until(usize::MAX) > 4, "{packing:?}");
        for most in 1..4 {
            // One chunk may be in progress.
            assert!((most..=most + 1).contains(&messages_until(most)), "{packing:?}");
        }
    }
}

/// The waste list names files that the tree may hide.
#[test]
fn jump_from_waste_shows_a_hidden_file() {
    let waste = "/var/cache/build/obj/a.o";
    for (keys, filter, then) in
        [("tab A R M U", "", ""), ("slash", "nowhere", "enter"), ("tab A slash", "csv$", "enter")]
    {
        let mut screen = Screen::of_sample((120, 40));
        screen.presses(keys).types(filter).presses(then).lacks(&["── a.o", waste]);
        screen.presses("w enter down").shows(&[waste]);
        screen.presses("enter").shows(&["── a.o"]);
        assert_eq!(screen.selected(), waste, "{keys} {filter}");
        assert!(screen.state.overlays.is_empty());
    }
}

#[test]
fn path_is_copied_from_every_view() {
    for (file, keys, path) in [
        ("etc/plugins$", "y", "/srv/shop/etc/plugins"),
        ("etc/plugins$", "H y", "/srv/shop/etc/plugins"),
        ("stock.csv$", "v y", "/srv/shop/data/stock.csv"),
        ("stock.csv$", "w y", "/var/cache/build"),
        ("stock.csv$", "w enter down y", "/var/cache/build/obj/a.o"),
        ("stock.csv$", "F c s v $ enter y", "/srv/shop/data/catalogue.csv"),
    ] {
        let mut screen = Screen::of_sample((120, 40));
        screen.finds("G", file).presses(keys);
        let copied = screen.effects.iter().filter_map(|effect| match effect {
            Effect::Copy(text) => Some(text.as_str()),
            _ => None,
        });
        assert_eq!(copied.collect::<Vec<_>>(), [path], "{keys}");
        screen.shows(&[&format!("Copied: {path}")]);
    }
}

/// An invalid filter stays open for correction.
#[test]
fn invalid_filter_keeps_its_line_open() {
    let mut screen = Screen::of_sample((120, 40));
    screen.presses("G slash").types("(").presses("enter");
    assert!(screen.state.prompt.as_ref().is_some_and(|line| line.text() == "(" && line.error.is_some()));
    screen.presses("backspace").types("csv").presses("enter");
    assert!(screen.state.prompt.is_none());
    screen.shows(&["Filter: csv"]);
}

#[test]
fn ctrl_c_closes_only_the_input_line() {
    let mut screen = Screen::of_sample((120, 40));
    screen.presses("G slash").types("csv").presses("ctrl+c");
    assert!(screen.state.prompt.is_none() && screen.effects.is_empty(), "{:?}", screen.effects);
    screen.lacks(&["Filter: "]);
    screen.finds("G", "stock.csv$").presses("v").runs_jobs().presses("slash").types("9").presses("ctrl+c");
    assert!(screen.state.prompt.is_none() && screen.effects.is_empty(), "{:?}", screen.effects);
    assert!(matches!(screen.state.overlays[..], [Overlay::Viewer(..)]));
}

/// Clicks outside a dialog must not reach the view behind it.
#[test]
fn click_outside_a_dialog_does_nothing() {
    let mut screen = Screen::of_sample((120, 40));
    let layer = (3, 5);
    screen.presses("?");
    let before = screen.drawn();
    screen.clicks_at(layer).mouse(MouseEventKind::ScrollDown, layer);
    assert_eq!(screen.drawn(), before);
    assert_eq!(screen.state.layer().unwrap().get(), 0);
    screen.presses("esc").clicks_at(layer);
    assert_ne!(screen.state.layer().unwrap().get(), 0, "the click without a dialog");
}

#[test]
fn pane_border_is_draggable_at_both_columns() {
    let button = MouseButton::Left;
    for (column, moves) in [(58, false), (59, true), (60, true), (61, false)] {
        let mut screen = Screen::of_sample((120, 40));
        assert_eq!(screen.state.layout.files.x, 60);
        screen.mouse(MouseEventKind::Down(button), (column, 20)).mouse(MouseEventKind::Drag(button), (80, 20));
        screen.mouse(MouseEventKind::Up(button), (80, 20));
        assert_eq!(screen.state.layout.files.x == 80, moves, "{column}");
    }
}

/// With rows of several lines, the cursor must stay visible, and a click must select the row under it.
#[test]
fn wrapped_names_are_navigated_as_rows() {
    // Short names come first, then long ones of which fewer fit.
    let name = |at: usize| format!("f{at:02}-{}", "x".repeat(if at < 40 { 0 } else { 100 }));
    let archive = image().layer(|l| (0..80).fold(l, |l, at| l.file(name(at), ""))).save(Format::DockerArchive);
    let mut screen = Screen::showing(archive.path().to_str().unwrap(), (120, 40), &[]);
    screen.presses("tab p G").shows(&["f79-"]);
    assert_eq!(screen.selected(), format!("/{}", name(79)));
    screen.presses("g").shows(&["f00-"]);
    for at in 0..80 {
        assert_eq!(screen.selected(), format!("/{}", name(at)));
        screen.shows(&[&format!("f{at:02}-")]);
        screen.presses("down");
    }
    let (column, row) = screen.place_of("f75-");
    screen.clicks_at((column, row + 1));
    assert_eq!(screen.selected(), format!("/{}", name(75)));
    let (_, next) = screen.place_of("f76-");
    assert!(next > row + 1, "no name is wrapped");
}
