//! Random keys on screens of random sizes, down to those that show nothing but a notice. A failure means that a key or a drawing panics.

use crossterm::event::Event;
use proptest::prelude::*;
use proptest::sample::select;

use super::{Screen, Size};

/// A key, or a terminal that gets another size.
#[derive(Debug, Clone)]
enum Step {
    Keys(&'static str),
    Resize(Size),
}

const KEYS: [&str; 34] = [
    "tab",
    "shift+tab",
    "up",
    "down",
    "left",
    "right",
    "h",
    "l",
    "l l G",
    "l l g",
    "pgup",
    "pgdn",
    "home",
    "end",
    "g",
    "G",
    "enter",
    "esc",
    "space",
    "w",
    "w tab",
    "o",
    "O",
    "c",
    "a",
    "n",
    "?",
    "U",
    "F",
    "slash a enter",
    "slash",
    "s",
    "v",
    "ctrl+f",
];

fn steps() -> impl Strategy<Value = Step> {
    prop_oneof![
        5 => select(KEYS.to_vec()).prop_map(Step::Keys),
        1 => (0..130_u16, 0..40_u16).prop_map(Step::Resize),
        1 => (0..70_u16, 0..20_u16).prop_map(Step::Resize),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_key_panics_on_a_screen_of_any_size(first in (0..70_u16, 0..20_u16), steps in prop::collection::vec(steps(), 1..60)) {
        for mut screen in [Screen::of_sample(first), Screen::of_several(first)] {
            for step in &steps {
                match step {
                    Step::Keys(keys) => {
                        screen.presses(keys);
                    }
                    Step::Resize((width, height)) => screen.handles(Event::Resize(*width, *height)),
                }
                screen.runs_jobs().cells();
            }
        }
    }
}
