//! Random keys in the filter line. The screen keeps the searches of earlier letters; the result must be that of the text
//! alone.

use crossterm::event::Event;
use dive::tui::state::files::{FileTreePane, Filter, Folding};
use dive_model::tree::Tree;
use proptest::prelude::*;
use proptest::sample::select;

use super::Screen;
use crate::build::Format;
use crate::model::random::{RandomImage, images_of};

/// An edit of the text.
#[derive(Debug, Clone)]
enum Edit {
    Letter(char),
    Key(&'static str),
    Paste(&'static str),
}

/// Letters of the names, upper case, and what a regular expression or a glob takes for itself.
fn edits() -> impl Strategy<Value = Edit> {
    let letters: Vec<char> = "aaaabbbbABk-. /".chars().collect();
    let signs: Vec<char> = r"*?+^$|()[]{}\<>5".chars().collect();
    let keys = vec![
        "delete", "left", "left", "right", "home", "end", "ctrl+w", "ctrl+u", "alt+b", "alt+f", "alt+d", "up", "down",
        "enter", "esc",
    ];
    let texts = vec!["ab", "a/b", "A", "*.a", "a*", "^/a", r"\.", "a|b", "[ab]", "ab\nb", "\u{212a}", " >=5 ", ""];
    prop_oneof![
        12 => select(letters).prop_map(Edit::Letter),
        2 => select(signs).prop_map(Edit::Letter),
        4 => Just(Edit::Key("backspace")),
        4 => select(keys).prop_map(Edit::Key),
        1 => select(texts).prop_map(Edit::Paste),
    ]
}

/// Images whose names differ by case, share letters and contain signs. The last one is a k to Unicode, ignoring case.
fn images() -> impl Strategy<Value = RandomImage> {
    let names = vec!["a", "A", "ab", "aB", "a-b", "b.a", "k", "b[", "*", "\u{212a}"];
    images_of(&prop::collection::vec(select(names), 1..=4).prop_map(|names| names.join("/")).boxed())
}

/// The numbers of matches and of accepted paths, and all paths that the filter shows, with whether they match.
fn result(tree: &Tree, files: &FileTreePane) -> (usize, usize, Vec<(usize, bool)>) {
    let visible = tree.nodes().filter(|node| files.passes_filter(*node));
    (files.matches(), files.accepted(), visible.map(|node| (node.index(), files.is_match(node))).collect())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_typed_filter_finds_what_a_pasted_one_finds(
        random in images(),
        edits in prop::collection::vec(edits(), 1..40),
    ) {
        let archive = random.build().save(Format::DockerArchive);
        let mut screen = Screen::showing(&archive.path().to_string_lossy(), (100, 30), &[]);
        for edit in edits {
            if screen.state.prompt.is_none() {
                screen.presses("slash");
            }
            match edit {
                Edit::Letter(letter) => screen.types(&letter.to_string()),
                Edit::Key(key) => screen.presses(key),
                Edit::Paste(text) => {
                    screen.handles(Event::Paste(text.to_owned()));
                    &mut screen
                }
            };
            let explorer = screen.state.explorer().unwrap();
            let (tree, files) = (&explorer.opened.tree, explorer.files.as_ref().unwrap());
            let text = files.filter().map_or("", Filter::text);
            if let Some(prompt) = &screen.state.prompt && prompt.error.is_none() {
                prop_assert_eq!(text.trim(), prompt.text().trim());
            }
            let mut fresh = FileTreePane::new(tree, files.comparison().scope(), Folding::Expanded);
            fresh.set_filter(tree, Filter::parse(text).unwrap());
            prop_assert_eq!(result(tree, files), result(tree, &fresh), "{:?}", text);
        }
    }
}
