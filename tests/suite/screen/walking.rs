//! What keys and the mouse do to the state.

use std::cell::Cell;
use std::sync::atomic::{AtomicBool, Ordering};

use crossterm::event::{MouseButton, MouseEventKind};
use dive::tui::state::Overlay;
use dive::tui::update::Effect;
use dive::tui::worker::JobId;

use super::Screen;
use crate::build::{Format, Packing, image};

#[test]
fn quitting_closes_what_is_open_before_it_leaves() {
    let mut screen = Screen::of_sample((120, 40));
    screen.presses("w ? q");
    screen.shows(&["Waste ·"]).lacks(&["Keys ·"]);
    screen.presses("q").shows(&["Layers ("]);
    assert!(screen.effects.is_empty());
    screen.presses("q");
    assert!(matches!(screen.effects[..], [Effect::Leave]));
}

/// crossterm reads esc and a quick key as alt and the key.
#[test]
fn alt_and_a_key_without_a_binding_is_esc_and_the_key() {
    let mut screen = Screen::of_sample((120, 40));
    screen.presses("w alt+?").shows(&["Keys ·"]).lacks(&["Waste ·"]);
    screen.presses("alt+slash").types("stock").shows(&["Filter: stock"]).lacks(&["Keys ·"]);
    // The filter line is open: alt edits words there, and only what edits nothing is esc.
    screen.types(" price").presses("alt+backspace").shows(&["Filter: stock "]);
    screen.presses("alt+b").types("x").shows(&["Filter: xstock"]);
    screen.presses("alt+enter").lacks(&["Filter: "]);

    let mut screen = Screen::configured((120, 40), "keybinding: { quit: alt+w }");
    screen.presses("alt+w");
    assert!(matches!(screen.effects[..], [Effect::Leave]));
}

#[test]
fn a_click_on_the_names_of_the_columns_sorts_by_the_one_that_was_clicked() {
    let mut screen = Screen::of_sample((120, 40));
    screen.presses("w");
    for (column, order) in
        [("Path", "path"), ("Cause", "cause"), ("Hidden by", "layer"), ("Layer", "layer"), ("Size", "size")]
    {
        screen.clicks(&format!("{column} ")).shows(&[&format!("sorted by {order}")]);
    }
}

/// dive shows 81 % for 81.9 %. A rounded figure would call an image that wastes a little perfect.
#[test]
fn percentages_are_cut_off_as_dive_cuts_them() {
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

/// Nothing is done to a screen that shows only that it is too small; what was there is there when it grows.
#[test]
fn a_screen_that_was_too_small_for_a_while_is_as_it_was() {
    use crossterm::event::Event;
    let mut screen = Screen::of_sample((120, 40));
    screen.presses("G tab down down");
    let before = screen.drawn();
    screen.meets(Event::Resize(40, 12));
    screen.shows(&["needs 60x16"]);
    screen.meets(Event::Resize(120, 40));
    assert_eq!(screen.drawn(), before);
}

/// No size of a terminal, no key and no click on any cell of it may end in a panic.
#[test]
fn no_size_and_no_click_breaks_the_screen() {
    use crossterm::event::{Event, KeyModifiers, MouseButton, MouseEvent, MouseEventKind};
    let mut screen = Screen::of_sample((120, 40));
    for width in [0, 1, 59, 60, 99, 100, 300] {
        for height in [0, 1, 15, 16, 29, 30, 100] {
            screen.meets(Event::Resize(width, height));
            for keys in ["G", "right", "tab pgdn", "p G", "slash", "esc w", "?", "q q tab"] {
                screen.presses(keys);
                for kind in [MouseEventKind::Down(MouseButton::Left), MouseEventKind::ScrollDown] {
                    let (column, row) = (width.saturating_sub(3), height / 2);
                    screen.meets(Event::Mouse(MouseEvent { kind, column, row, modifiers: KeyModifiers::NONE }));
                }
                screen.drawn();
            }
        }
    }
}

/// What nobody looks at any more must not go on: a large file would be decoded to the end, and searched.
#[test]
fn a_viewer_that_is_closed_calls_off_what_it_asked_for() {
    let mut screen = Screen::of_sample((120, 40));
    screen.finds("G", "stock.csv$").presses("v").works();
    let Some(Overlay::Viewer(viewer, _)) = screen.state.overlays.last() else { panic!("no viewer") };
    let ticket = viewer.ticket();
    screen.presses("esc");
    let is_called_off = |id| screen.effects.iter().any(|effect| matches!(effect, Effect::Cancel(of) if *of == id));
    assert!(is_called_off(JobId::Fetch(ticket)), "{:?}", screen.effects);
    assert!(is_called_off(JobId::Search(ticket)), "{:?}", screen.effects);
}

/// Whoever closes a large file at its first screen must not pay for all of it.
#[test]
fn a_fetch_that_is_called_off_reads_no_further() {
    let content = "a line of text\n".repeat(2 << 20);
    for packing in [Packing::Plain, Packing::Gzip] {
        let archive = image().layer(|l| l.file("large", &content).packed(packing)).save(Format::DockerArchive);
        let mut screen = Screen::showing(archive.path().to_str().unwrap(), (120, 40), &[]);
        // How many words it has to say, called off after so many of them.
        let mut words = |most: usize| {
            screen.presses("tab v");
            let job = screen.next_job().unwrap();
            screen.presses("esc tab");
            let (cancel, said) = (AtomicBool::new(false), Cell::new(0));
            job.run(&cancel, &|_| {
                said.set(said.get() + 1);
                cancel.store(said.get() >= most, Ordering::Relaxed);
            });
            said.get()
        };
        assert!(words(usize::MAX) > 4, "{packing:?}");
        for most in 1..4 {
            // The piece that is in hand may be told of.
            assert!((most..=most + 1).contains(&words(most)), "{packing:?}");
        }
    }
}

/// The list of what is reclaimable names files that the tree on the screen may hide.
#[test]
fn a_file_that_the_tree_hides_is_shown_when_the_waste_leads_to_it() {
    let waste = "/var/cache/build/obj/a.o";
    for (keys, filter, then) in
        [("tab A R M U", "", ""), ("slash", "nowhere", "enter"), ("tab A slash", "csv$", "enter")]
    {
        let mut screen = Screen::of_sample((120, 40));
        screen.presses(keys).types(filter).presses(then).lacks(&["── a.o", waste]);
        screen.presses("w").shows(&[waste]);
        screen.presses("enter").shows(&["── a.o"]);
        assert_eq!(screen.selected(), waste, "{keys} {filter}");
        assert!(screen.state.overlays.is_empty());
    }
}

#[test]
fn a_path_is_copied_from_wherever_it_is_read() {
    for (file, keys, path) in [
        ("etc/plugins$", "y", "/srv/shop/etc/plugins"),
        ("etc/plugins$", "H y", "/srv/shop/etc/plugins"),
        ("stock.csv$", "v y", "/srv/shop/data/stock.csv"),
        ("stock.csv$", "w y", "/var/cache/build/obj/a.o"),
    ] {
        let mut screen = Screen::of_sample((120, 40));
        screen.finds("G", file).presses(keys);
        let copied = screen.effects.iter().filter_map(|effect| match effect {
            Effect::Copy(text) => Some(text.as_str()),
            _ => None,
        });
        assert_eq!(copied.collect::<Vec<_>>(), [path], "{keys}");
        screen.shows(&[&format!("{path} was sent to the clipboard")]);
    }
}

/// A filter that is wrong is to be corrected, not to be taken for one that is on.
#[test]
fn a_wrong_filter_keeps_its_line_open() {
    let mut screen = Screen::of_sample((120, 40));
    screen.presses("G slash").types("(").presses("enter");
    assert!(screen.state.line.as_ref().is_some_and(|line| line.text() == "(" && line.error.is_some()));
    screen.presses("backspace").types("csv").presses("enter");
    assert!(screen.state.line.is_none());
    screen.shows(&["Filter: csv"]);
}

#[test]
fn ctrl_c_in_a_line_closes_the_line_alone() {
    let mut screen = Screen::of_sample((120, 40));
    screen.presses("G slash").types("csv").presses("ctrl+c");
    assert!(screen.state.line.is_none() && screen.effects.is_empty(), "{:?}", screen.effects);
    screen.lacks(&["Filter: "]);
    screen.finds("G", "stock.csv$").presses("v").works().presses("slash").types("9").presses("ctrl+c");
    assert!(screen.state.line.is_none() && screen.effects.is_empty(), "{:?}", screen.effects);
    assert!(matches!(screen.state.overlays[..], [Overlay::Viewer(..)]));
}

/// What is seen beside a box is not what has the mouse.
#[test]
fn a_click_beside_a_box_changes_nothing() {
    let mut screen = Screen::of_sample((120, 40));
    let layer = (3, 5);
    screen.presses("?");
    let before = screen.drawn();
    screen.clicks_at(layer).mouse(MouseEventKind::ScrollDown, layer);
    assert_eq!(screen.drawn(), before);
    assert_eq!(screen.state.layer().unwrap().get(), 0);
    screen.presses("esc").clicks_at(layer);
    assert_ne!(screen.state.layer().unwrap().get(), 0, "the click would have done nothing anyway");
}

#[test]
fn the_border_can_be_grabbed_at_both_of_its_columns_and_nowhere_else() {
    let button = MouseButton::Left;
    for (column, moves) in [(58, false), (59, true), (60, true), (61, false)] {
        let mut screen = Screen::of_sample((120, 40));
        assert_eq!(screen.state.layout.files.x, 60);
        screen.mouse(MouseEventKind::Down(button), (column, 20)).mouse(MouseEventKind::Drag(button), (80, 20));
        screen.mouse(MouseEventKind::Up(button), (80, 20));
        assert_eq!(screen.state.layout.files.x == 80, moves, "{column}");
    }
}

/// Rows of several lines: the cursor must not leave the screen, and a click means the row that it is on.
#[test]
fn names_that_are_wrapped_are_walked_and_clicked_as_rows() {
    // A screen of short names becomes one of long ones, of which fewer fit.
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
    assert!(next > row + 1, "no row takes two lines");
}
