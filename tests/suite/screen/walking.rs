//! What keys and the mouse do to the state.

use dive::tui::update::Effect;

use super::Screen;

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
