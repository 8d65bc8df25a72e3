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
