//! Mouse input.

use super::keys::Mouse;
use super::{USUAL, open};

#[test]
fn click_selects_layer_pane_and_file() {
    let mut dive = open(USUAL);
    let (column, row) = dive.place_of("COPY dir:");
    dive.clicks((column, row + 2));
    dive.waits_until("the layer", |screen| screen.has("Contents · layer 3") && screen.has("Contents · layer 3"));
    dive.press("tab g tab");
    let at = dive.place_of("chmod ->");
    dive.clicks(at);
    dive.waits_until("the file", |screen| screen.selects("chmod ->") && screen.has("┏ Current Layer Contents"));
    let at = dive.place_of("Image Details");
    dive.clicks(at);
    dive.waits_for("┏ Image Details");
    let at = dive.place_of("bin ");
    dive.clicks(at).clicks(at);
    dive.waits_until("a directory to be collapsed by the second click", |screen| screen.selects("├─⊕ bin"));
}

#[test]
fn wheel_scrolls_the_pane_under_the_pointer() {
    let mut dive = open(USUAL);
    dive.press("G tab g tab");
    dive.waits_until("the first rows of the last layer", |screen| {
        screen.has("Contents · layer 6") && screen.has("├── busybox")
    });
    let tree = dive.place_of("busybox");
    dive.mouse(Mouse::WheelDown, tree);
    dive.waits_until("the tree scrolled by three rows", |screen| !screen.has("├── busybox") && screen.has("chmod ->"));
    dive.mouse(Mouse::WheelUp, tree);
    dive.waits_for("├── busybox");
    let layers = dive.place_of("COPY dir:");
    dive.mouse(Mouse::WheelUp, layers);
    dive.waits_for("Contents · layer 5");
    dive.press("w");
    dive.waits_for("Waste ·");
    dive.mouse(Mouse::WheelDown, layers);
    dive.waits_until("the list", |screen| !screen.selects("▸ /var/cache/build") && screen.has("Waste ·"));
}

#[test]
fn pane_border_can_be_dragged() {
    let mut dive = open(USUAL);
    let (column, row) = (60, 20);
    dive.mouse(Mouse::Press, (column, row)).mouse(Mouse::Drag, (70, row)).mouse(Mouse::Drag, (80, row));
    dive.mouse(Mouse::Release, (80, row));
    dive.waits_until("a narrower tree", |screen| screen.place_of("Layer 0 ·").is_some_and(|(at, _)| at == 82));
    // Dragging without a pressed button has no effect.
    dive.mouse(Mouse::Drag, (40, row)).press("down");
    dive.waits_until("the border at its former place", |screen| {
        screen.place_of("Layer 1 ·").is_some_and(|(at, _)| at == 82)
    });
}

#[test]
fn click_on_column_titles_sorts() {
    let mut dive = open(USUAL);
    let at = dive.place_of("Filetree ▲");
    dive.clicks(at);
    dive.waits_for("▼ Size");
    dive.press("w");
    let at = dive.place_of("Cause ");
    dive.clicks(at);
    dive.waits_for("sorted by cause");
    let at = dive.place_of("Path");
    dive.clicks(at);
    dive.waits_for("sorted by path");
    let at = dive.place_of("/srv/shop/data/sessions.db");
    dive.clicks(at);
    dive.waits_until("the file", |screen| screen.selects("/srv/shop/data/sessions.db"));
    dive.clicks(at);
    dive.waits_until("the file in its layer", |screen| {
        screen.has("Contents · layer 2") && screen.selects("sessions.db")
    });
}
