//! Styles of cells, in a theme with colours and in one without.

use std::fmt::Write;

use ratatui::style::Style;

use super::{Screen, lines};
use crate::place::sample;

/// The frame, then a letter per cell for its style, then the styles.
fn styled(screen: &Screen) -> String {
    let cells = screen.cells();
    let mut styles: Vec<Style> = Vec::new();
    let mut letters = String::new();
    for row in 0..cells.area.height {
        for column in 0..cells.area.width {
            let style = cells[(column, row)].style();
            let at = styles.iter().position(|known| *known == style).unwrap_or_else(|| {
                styles.push(style);
                styles.len() - 1
            });
            letters.push(char::from(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"[at]));
        }
        letters.push('\n');
    }
    let mut out = String::new();
    for line in lines(&cells) {
        writeln!(out, "{}", line.trim_end()).unwrap();
    }
    writeln!(out, "\n{letters}").unwrap();
    for (style, letter) in styles.iter().zip('a'..) {
        let colour = |colour: Option<ratatui::style::Color>| colour.map_or("-".to_owned(), |colour| colour.to_string());
        writeln!(out, "{letter}: {} on {} {:?}", colour(style.fg), colour(style.bg), style.add_modifier).unwrap();
    }
    out
}

fn picture(name: &str, theme: &str) {
    let mut screen = Screen::showing(&sample(), (100, 24), &[("DIVE_THEME", theme)]);
    screen.presses("down down down down tab slash").types("csv|404").presses("enter");
    insta::with_settings!({ snapshot_path => "../snapshots", prepend_module_to_snapshot => false, omit_expression => true }, {
        insta::assert_snapshot!(name, styled(&screen));
    });
}

#[test]
fn dark_theme() {
    picture("theme_dark", "dark");
}

#[test]
fn light_theme() {
    picture("theme_light", "light");
}

/// One style over all cells of the selected row, whatever their own colours are.
#[test]
fn ansi_theme() {
    picture("theme_ansi", "ansi");
    for theme in ["ansi", "mono"] {
        let mut screen = Screen::showing(&sample(), (140, 40), &[("DIVE_THEME", theme)]);
        for keys in ["", "G", "tab U", "w"] {
            screen.presses(keys);
            let cells = screen.cells();
            let is_reversed =
                |cell: &&ratatui::buffer::Cell| cell.modifier.contains(ratatui::style::Modifier::REVERSED);
            let footer = usize::from(cells.area.width) * usize::from(screen.state.layout.footer.y);
            let selected: Vec<_> = cells.content[..footer].iter().filter(is_reversed).collect();
            assert!(selected.len() > 30, "{theme} {keys}: {}", selected.len());
            assert!(
                selected.iter().all(|cell| (cell.fg, cell.bg) == (selected[0].fg, selected[0].bg)),
                "{theme} {keys}"
            );
        }
    }
}

/// Everything in the base layer is added: coloured names would say nothing.
#[test]
fn the_base_layer_has_no_coloured_names() {
    let added = ratatui::style::Color::Indexed(114);
    let count = |screen: &Screen| screen.cells().content.iter().filter(|cell| cell.fg == added).count();
    let mut screen = Screen::showing(&sample(), (140, 40), &[("DIVE_THEME", "dark")]);
    let rows = screen.state.explorer().unwrap().files.as_ref().unwrap().row_count();
    assert!(count(&screen) <= 2 * rows, "only the marks: {}", count(&screen));
    screen.presses("G tab U");
    assert!(count(&screen) > 2 * rows, "{}", count(&screen));
}

#[test]
fn mono_theme() {
    picture("theme_mono", "mono");
}

/// Without colours the selection must still be visible.
#[test]
fn no_color_variable_removes_colours() {
    let mut screen = Screen::showing(&sample(), (120, 40), &[("NO_COLOR", "1")]);
    for keys in ["", "G tab", "slash", "esc w", "esc ?"] {
        screen.presses(keys);
        let cells = screen.cells();
        for cell in &cells.content {
            let style = cell.style();
            let plain = [Some(ratatui::style::Color::Reset), None];
            assert!(plain.contains(&style.fg) && plain.contains(&style.bg), "{keys}: {style:?}");
        }
        let is_marked = |cell: &ratatui::buffer::Cell| cell.modifier.contains(ratatui::style::Modifier::REVERSED);
        assert!(keys.ends_with('?') || cells.content.iter().any(is_marked), "{keys}: no visible selection");
    }
}

/// An explicit theme overrides `NO_COLOR`.
#[test]
fn named_theme_overrides_no_color() {
    let colours = |variables: &[(&str, &str)]| {
        let screen = Screen::showing(&sample(), (120, 40), variables);
        let cells = screen.cells();
        cells.content.iter().any(|cell| matches!(cell.fg, ratatui::style::Color::Indexed(_)))
    };
    assert!(colours(&[("DIVE_THEME", "dark"), ("NO_COLOR", "1")]));
    assert!(!colours(&[("NO_COLOR", "1")]));
    // By its own specification, an empty `NO_COLOR` has no effect.
    let named = Screen::showing(&sample(), (120, 40), &[("NO_COLOR", "")]);
    assert!(named.cells().content.iter().any(|cell| cell.fg != ratatui::style::Color::Reset));
}

/// The history has the colours of the search in all layers.
#[test]
fn changes_in_a_history_are_coloured() {
    let mut screen = Screen::showing(&sample(), (120, 30), &[("DIVE_THEME", "dark")]);
    screen.finds("G", "prices.csv$").presses("H");
    let colour = |text| {
        let (column, row) = screen.place_of(text);
        screen.cells()[(column, row)].style().fg
    };
    let (added, overwritten) = (colour("added  "), colour("overwritten  "));
    assert!(added != overwritten && added != colour("Command of"), "{added:?} {overwritten:?}");
}
