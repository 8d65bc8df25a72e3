//! Pictures of the views in every theme and size, to look at: `DIVE_GALLERY=FOLDER cargo test --test suite gallery`.

use super::images::documented_list;
use super::svg::{Paper, svg};
use super::{Screen, Size, several};
use crate::library;
use crate::place::sample;

const SIZES: [Size; 4] = [(80, 24), (100, 30), (140, 40), (200, 60)];

const THEMES: [(&str, &str, Paper); 6] = [
    ("dark", "dark", Paper::DARK),
    ("light", "light", Paper::LIGHT),
    ("ansi-dark", "ansi", Paper::DARK),
    ("ansi-light", "ansi", Paper::LIGHT),
    ("mono-dark", "mono", Paper::DARK),
    ("mono-light", "mono", Paper::LIGHT),
];

/// The name of a view, the keys that lead to it, a text to type, and keys after it.
type View = (&'static str, &'static str, &'static str, &'static str);

const VIEWS: [View; 24] = [
    ("first", "", "", ""),
    ("layer", "down down down down", "", ""),
    ("tree", "down down down down tab", "", ""),
    ("aggregated", "a G tab", "", ""),
    ("image", "right right", "", ""),
    ("waste", "w", "", ""),
    ("advice", "w", "", "tab down"),
    ("filter", "G slash", "csv|svg", ""),
    ("found", "F", "csv", "enter down"),
    ("nowhere", "slash", "vendor", ""),
    ("palette", ":", "file", ""),
    ("help", "tab ?", "", ""),
    ("commands", ":", "", ""),
    ("history", "G slash", "prices.csv", "enter G H"),
    ("diff", "G slash", "prices.csv", "enter G H D"),
    ("viewer", "G slash", "bin/start", "enter G v"),
    ("details", "G right", "", ""),
    ("sizes", "G tab s", "", ""),
    ("search", "G slash", "stock.csv", "enter G v slash 1 2 enter n"),
    ("bytes", "G slash", "busybox", "enter v"),
    ("extract", "G slash", "bin/start", "enter G x"),
    ("nothing", "F", "no-such-file", "enter"),
    ("images", "i", "", ""),
    ("warnings", "!", "", ""),
];

/// The list of images: the name of a view, and the keys that lead to it.
const LISTS: [(&str, &str); 3] = [("list", "down"), ("list-sorted", "s s s s down down"), ("list-unread", "G enter")];

#[test]
fn gallery_of_views() {
    let Some(folder) = std::env::var_os("DIVE_GALLERY") else { return };
    let folder = std::path::PathBuf::from(folder);
    std::fs::create_dir_all(&folder).unwrap();
    for (theme, name, paper) in THEMES {
        for size in SIZES {
            let draw = |screen: &Screen, view: &str| {
                let file = folder.join(format!("{view}-{theme}-{}x{}.svg", size.0, size.1));
                std::fs::write(file, svg(&screen.cells(), view, paper)).unwrap();
            };
            for (view, keys, text, then) in VIEWS {
                let mut screen = Screen::loading(size, &[("DIVE_THEME", name)]);
                screen.opens(if matches!(view, "images" | "warnings") { several() } else { library::open(&sample()) });
                screen.presses(keys).types(text);
                for key in then.split_whitespace() {
                    screen.presses(key).runs_jobs();
                }
                draw(&screen, view);
            }
            for (view, keys) in LISTS {
                let mut screen = documented_list(size, &[("DIVE_THEME", name)]);
                screen.presses(keys);
                draw(&screen, view);
            }
        }
    }
}
