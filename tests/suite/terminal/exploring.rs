//! The main uses of the explorer.

use super::session::{Session, contains};
use super::{SMALL, USUAL, open};
use crate::place::sample;
use crate::user::User;

#[test]
fn largest_waste_is_reached_with_few_keys() {
    let mut dive = open(USUAL);
    dive.press("w");
    dive.waits_until("the largest group first", |screen| {
        screen.has("133 kB of 3.0 MB") && screen.selects("▸ /var/cache/build")
    });
    dive.press("enter down");
    dive.waits_until("its largest file", |screen| screen.selects("/obj/a.o"));
    dive.press("enter");
    dive.waits_until("the file in its layer", |screen| {
        screen.has("Current Layer Contents · layer 3") && screen.selects("a.o") && screen.has("Contents · layer 3")
    });
    dive.press("q").ends_with(0).is_restored();
}

#[test]
fn filter_shows_matches_while_it_is_typed() {
    let mut dive = open(USUAL);
    dive.press("G tab slash").types("etc/.*csv");
    dive.waits_until("the matching files in their directories", |screen| {
        screen.has("Filter: etc/.*csv  1 of 3")
            && screen.has_all(&["payment.csv", "locales", "shop"])
            && !screen.has("busybox")
    });
    dive.waits_until("the cursor on the first match", |screen| screen.selects("locale.csv"));
    dive.press("down left");
    dive.waits_until("the directory above", |screen| screen.selects("etc"));
    dive.press("backspace backspace backspace").types("(");
    dive.waits_until("the filter's error and the previous matches", |screen| {
        screen.has("unclosed group") && screen.has("payment.csv")
    });
    dive.press("backspace").types("en\\.");
    dive.waits_until("the next match", |screen| screen.has("1 of 1") && !screen.has("payment.csv"));
    dive.press("enter");
    dive.waits_until("the filter to be kept", |screen| {
        screen.footer().contains("Clear filter") && screen.has("Filter: ")
    });
    dive.press("n");
    dive.waits_until("the match", |screen| screen.selects("en.csv"));
    dive.press("esc");
    dive.waits_until("all files listed", |screen| screen.has("stock.csv") && !screen.has("Filter:"));
}

#[test]
fn size_filter_finds_large_files() {
    let mut dive = open(USUAL);
    dive.press("G ctrl+f").types(">=200kB csv$");
    dive.waits_until("two matching files", |screen| {
        screen.has_all(&["1 of 2", "─ catalogue.csv", "─ stock.csv"]) && !screen.has("─ prices.csv")
    });
    dive.press("esc g");
    dive.waits_until("all files listed", |screen| screen.has("busybox") && !screen.has("Filter:"));
}

#[test]
fn layer_compares_with_previous_base_and_marked_layer() {
    let mut dive = open(USUAL);
    dive.press("G");
    dive.waits_until("the last layer", |screen| screen.has("Current Layer Contents · layer 6"));
    dive.press("ctrl+a");
    dive.waits_for("Aggregated Layer Contents · ");
    dive.press("ctrl+l");
    dive.waits_for("Current Layer Contents · layer 6");
    dive.press("up up b down");
    dive.waits_until("changes since layer 4", |screen| {
        screen.has("Changes from layer 4 to layer 5") && screen.has_row(&["◆", " 4"])
    });
    dive.press("up up");
    dive.waits_for("Changes from layer 4 to layer 3");
    dive.press("down b");
    dive.waits_for("Current Layer Contents · layer 4");
}

#[test]
fn directories_collapse_singly_and_all_at_once() {
    let mut dive = open(USUAL);
    dive.press("tab space");
    dive.waits_until("bin to be collapsed", |screen| {
        screen.selects("├─⊕ bin") && !screen.has("wget") && screen.has("passwd")
    });
    dive.press("space");
    dive.waits_until("bin to be expanded", |screen| screen.has_all(&["├── bin", "wget"]));
    dive.press("ctrl+space");
    dive.waits_until("all directories collapsed", |screen| screen.has("⊕ etc") && !screen.has("passwd"));
    dive.press("ctrl+space");
    dive.waits_until("all directories expanded", |screen| screen.has_all(&["wget", "passwd"]) && !screen.has("⊕"));
}

#[test]
fn change_kinds_are_hidden_and_shown_again() {
    let mut dive = open(USUAL);
    dive.press("G tab");
    dive.waits_for("Current Layer Contents · layer 6");
    for (key, hidden) in [
        ("ctrl+a", " hidden: added"),
        ("ctrl+r", " hidden: added, removed"),
        ("M", " hidden: added, removed, modified"),
        ("ctrl+u", " hidden: added, removed, modified, unmodified"),
    ] {
        dive.press(key);
        dive.waits_for(hidden);
    }
    dive.waits_for("In this pane, A shows added, R removed, M modified and U ");
    dive.press("A R M");
    dive.waits_until("only changed files", |screen| {
        screen.has("┗ hidden: unmodified") && screen.has("~ ") && !screen.has("busybox")
    });
    dive.press("U g");
    dive.waits_until("every file listed", |screen| !screen.has("hidden:") && screen.has("busybox"));
}

/// Other terminals send Enter for ctrl+m.
#[test]
fn kitty_protocol_distinguishes_ctrl_m_from_enter() {
    let mut dive = open(USUAL);
    dive.waits_for_bytes(b"\x1b[>1u");
    dive.press("tab").types("\x1b[109;5u");
    dive.waits_for("hidden: modified");
}

#[test]
fn sort_order_stays_across_layers() {
    let mut dive = open(USUAL);
    dive.press("tab s tab down down");
    dive.waits_until("the order in another layer", |screen| screen.has("▼ Size") && screen.has("Contents · layer 2"));
    dive.press("tab s");
    dive.waits_for("Filetree ▲");
}

#[test]
fn one_key_selects_the_next_changed_file() {
    let mut dive = open(USUAL);
    dive.press("G tab");
    dive.waits_until("the first change", |screen| screen.selects("locale.csv"));
    dive.press("o");
    dive.waits_until("another change", |screen| !screen.selects("locale.csv") && !screen.selects("bin"));
    dive.press("O O");
    dive.waits_until("the last change and its message", |screen| screen.footer().contains("wrapped to the last"));
}

#[test]
fn path_is_copied_to_the_clipboard() {
    let mut dive = open(USUAL);
    dive.press("tab down y");
    dive.waits_for("Copied: /bin/busybox");
    dive.waits_for_bytes(b"\x1b]52;c;L2Jpbi9idXN5Ym94\x1b\\");
}

#[test]
fn help_lists_the_keys_of_each_view() {
    let mut dive = open(SMALL);
    dive.press("?");
    dive.waits_until("the layer pane's keys", |screen| {
        screen.has_all(&["Keys · Layers", "See what changed", "ctrl+c q", "Compare from here"])
    });
    dive.press("? tab ?");
    dive.waits_for("Keys · File tree");
    dive.press("esc");
    dive.waits_without("Keys ·");
    dive.press("w ?");
    dive.waits_for("Keys · Waste");
    dive.press("q");
    dive.waits_until("the wasted space below it", |screen| screen.has("Waste ·") && !screen.has("Keys ·"));
    dive.press("q q").ends_with(0).is_restored();
}

#[test]
fn screen_adapts_to_window_sizes() {
    let mut dive = open(USUAL);
    dive.press("G tab g down down");
    dive.waits_for("Contents · layer 6");
    dive.resizes(SMALL);
    dive.waits_until("only the tree pane", |screen| {
        let rows = screen.rows();
        !screen.has("Layers (")
            && rows[0].starts_with('┏')
            && rows[0].ends_with('┓')
            && rows[21].ends_with('┛')
            && screen.footer().contains("Quit")
            && screen.selects("cat")
    });
    dive.resizes((40, 12));
    dive.waits_until("the minimum size message", |screen| {
        screen.has_all(&["It is 40x12", "needs at least 60x16"]) && !screen.has("Filetree")
    });
    // Keys on a too small screen have no effect.
    dive.press("down G g tab tab");
    dive.resizes(USUAL);
    dive.waits_until("both columns", |screen| {
        screen.has_all(&["Contents · layer 6", "Image Details"])
            && screen.selects("bin")
            && screen.rows()[37].ends_with('┛')
    });
    dive.resizes((300, 100));
    dive.waits_until("the screen at its largest size", |screen| {
        screen.rows()[97].ends_with('┛') && screen.has("copyright")
    });
    dive.press("q").ends_with(0).is_restored();
}

/// crossterm loses a resize that arrives together with keys.
#[test]
fn resize_during_typing_is_not_lost() {
    let mut dive = open(USUAL);
    for (columns, rows) in [SMALL, USUAL, (100, 30), (61, 17), (130, 45)].repeat(20) {
        dive.press("down up down up down up").resizes((columns, rows)).press("down up");
        dive.waits_until(&format!("{columns}x{rows}"), |screen| {
            let corner = screen.cell((columns - 1, rows - 3));
            ["┘", "┛"].contains(&corner) && screen.footer().contains("Quit")
        });
    }
}

#[test]
fn piped_image_opens_in_the_explorer() {
    let user = User::new();
    let mut dive = Session::program(user, USUAL, "sh", &["-c", r#"cat "$0" | "$1" -"#, &sample(), crate::user::DIVE]);
    dive.waits_for("Filetree");
    dive.press("w");
    dive.waits_for("Waste ·");
    dive.press("q q").ends_with(0).is_restored();
    assert!(contains(&dive.bytes(), b"dive-sample"));
}

/// Terminals send alt+x as esc and x. Over a slow connection, esc and the next key arrive together, and both must
/// count.
#[test]
fn esc_and_key_arriving_together_are_two_keys() {
    let mut dive = open(USUAL);
    dive.press("G slash").types("stock").press("enter");
    dive.waits_until("the filter", |screen| screen.has("Filter: stock") && screen.has("stock.csv"));
    dive.types("\x1b/").types("prices");
    dive.waits_until("the new filter text", |screen| screen.has("Filter: prices") && screen.has("prices.csv"));
    // esc closes the line; q quits.
    dive.types("\x1bq").ends_with(0).is_restored();
}
