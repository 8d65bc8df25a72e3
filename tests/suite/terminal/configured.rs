//! Every key of `.dive.yaml` has its documented effect on the screen.

use super::{SMALL, USUAL, open_as, open_with};
use crate::user::User;

fn with(yaml: &str) -> super::Session {
    open_as(User::new().keeps(".dive.yaml", yaml), USUAL)
}

#[test]
fn custom_keys_work_and_appear_in_hints_and_help() {
    let mut dive = with("keybinding:\n  quit: f5\n  down: x\n  extract-file: X\n  waste-view: ctrl+w\n");
    dive.waits_until("the hints", |screen| screen.footer().contains("f5 Quit") && screen.footer().contains("^W Waste"));
    dive.press("x x");
    dive.waits_for("Contents · layer 2");
    dive.press("q j w ?");
    dive.waits_until("the help", |screen| {
        screen.has_row(&["f5 ", "Quit"]) && screen.has_row(&["up k / x ", "Up, down"])
    });
    dive.press("f5");
    dive.waits_until("the layers, with the old keys unbound", |screen| {
        screen.has("Contents · layer 2") && !screen.has("Keys ·")
    });
    dive.press("ctrl+w");
    dive.waits_for("Waste ·");
    dive.press("f5 f5").ends_with(0).is_restored();
}

/// The keys of a cloned repository could extract a file over `.git/config`, and leave no key to quit.
#[test]
fn keys_of_the_working_directory_have_no_effect() {
    let keys =
        "keybinding:\n  extract-file: down\n  accept: down\n  overwrite-files: down\n  quit: f10\n  close-view: f12\n";
    let mut dive = open_as(User::new().writes(".dive.yaml", keys), USUAL);
    dive.waits_until("the usual hints", |screen| screen.footer().contains("^C Quit"));
    dive.press("down down");
    dive.waits_for("Contents · layer 2");
    dive.press("q").ends_with(0).is_restored();
    assert!(dive.contents().contains(".dive.yaml:2: keybinding.extract-file has no effect"), "{}", dive.contents());
}

#[test]
fn diff_hide_applies_from_the_start() {
    let mut dive = with("diff:\n  hide: [unmodified, removed]\n");
    dive.press("G");
    dive.waits_until("only changed files", |screen| {
        screen.has("hidden: removed, unmodified") && screen.has("payment.csv") && !screen.has("busybox")
    });
    dive.press("tab U g");
    dive.waits_until("all files, changed or not", |screen| screen.has("busybox") && screen.has("hidden: removed"));
}

#[test]
fn pane_width_sets_the_width_of_the_tree() {
    for (share, column) in [("0.25", 90), ("0.5", 60), ("0.7", 36)] {
        let dive = with(&format!("filetree:\n  pane-width: {share}\n"));
        dive.waits_until(share, |screen| {
            screen.rows()[0].chars().position(|letter| letter == '┌') == Some(column)
                && ["Current Layer", "Layer 0 ·"]
                    .iter()
                    .any(|title| screen.place_of(title).is_some_and(|(at, _)| usize::from(at) == column + 2))
        });
    }
}

#[test]
fn collapse_dir_applies_from_the_start() {
    with("filetree:\n  collapse-dir: true\n")
        .waits_until("collapsed directories", |screen| screen.has("├─⊕ bin") && !screen.has("wget"));
}

#[test]
fn show_attributes_false_hides_attributes() {
    let mut dive = with("filetree:\n  show-attributes: false\n");
    dive.waits_until("the name column only", |screen| {
        screen.has("busybox") && !screen.has("drwxr-xr-x") && !screen.has("Permission")
    });
    dive.press("tab ctrl+b");
    dive.waits_until("the attributes column", |screen| screen.has("drwxr-xr-x") && screen.has("Permission"));
}

#[test]
fn show_aggregated_changes_applies_from_the_start() {
    with("layer:\n  show-aggregated-changes: true\n").waits_for("Aggregated Layer Contents");
}

#[test]
fn themes_have_colours_except_mono() {
    with("theme: dark\n").waits_until("coloured output", |screen| screen.has("Filetree") && screen.has_colour());
    with("theme: ansi\n").waits_until("coloured output", |screen| screen.has("Filetree") && screen.has_colour());
    let mut dive = with("theme: mono\n");
    dive.press("G tab slash").types("csv").press("enter");
    dive.waits_until("no colour", |screen| screen.has("Filter: csv") && !screen.has_colour());
    assert!(!super::written::has_colours(&dive.bytes()), "colours in the output");
}

/// <https://no-color.org>
#[test]
fn no_color_variable_disables_colours() {
    let mut dive = open_as(User::new().sets("NO_COLOR", "1"), USUAL);
    dive.press("G tab o w");
    dive.waits_until("the wasted space", |screen| screen.has("Waste ·"));
    assert!(!super::written::has_colours(&dive.bytes()));
}

#[test]
fn variable_overrides_config_flag_overrides_found_file() {
    let user = || {
        User::new().keeps(".dive.yaml", "keybinding:\n  quit: f2\n").writes("mine.yaml", "keybinding:\n  quit: f5\n")
    };
    open_as(user(), USUAL)
        .waits_until("the key of the configuration file found", |screen| screen.footer().contains("f2 Quit"));
    open_with(user(), USUAL, &["-c", "mine.yaml"])
        .waits_until("the key of the configuration file named with -c", |screen| screen.footer().contains("f5 Quit"));
    let user = user().sets("DIVE_KEYBINDING_QUIT", "Q").sets("DIVE_FILETREE_SHOW_ATTRIBUTES", "false");
    open_with(user, SMALL, &["-c", "mine.yaml"])
        .waits_until("the variables", |screen| screen.footer().contains("Q Quit") && !screen.has("Size  Filetree"));
}

#[test]
fn configuration_error_opens_no_screen() {
    let user = User::new().writes(".dive.yaml", "rules:\n  lowest-efficiency: most\n");
    let dive = super::Session::dive(user, USUAL, &[&crate::place::sample()]);
    dive.ends_with(2).is_restored();
    assert!(dive.contents().contains(".dive.yaml:2: lowest-efficiency: `most`"), "{}", dive.contents());
    assert!(!super::session::contains(&dive.bytes(), b"\x1b[?1049h"));
}

/// dive accepts these configurations.
#[test]
fn key_bound_twice_triggers_the_later_action() {
    let mut dive = with("keybinding:\n  up: x\n  down: x\n  page-up: hyper+x\n");
    dive.waits_for("Contents · layer 0");
    dive.press("x x");
    dive.waits_for("Contents · layer 2");
    dive.press("pgup");
    dive.waits_for("Contents · layer 0");
}
