//! The `keybinding:` section as a whole: no key may lead to two actions in one place, and a key that a user takes for
//! something is taken from the actions that dive does not know.

use super::action::{Action, Bindings, Bound, keys_of_ours};
use super::keys::{Binding, KeyPress};
use super::origin::Origin;
use super::problem::{ConfigError, Warning};

/// The keys of each action.
pub type Keybinding = Bindings;

impl Bound<'_> {
    /// Whether there is a place where both can be asked for.
    fn meets(&self, other: &Self) -> bool {
        self.contexts.iter().any(|context| other.contexts.contains(context))
    }

    fn is_default(&self) -> bool {
        self.setting.origin == Origin::Default
    }
}

impl Keybinding {
    /// Makes the bindings ready for use: keys that dive does not have by default give way to what somebody set, so that
    /// a file written for dive works; says which action is left without a key.
    ///
    /// # Errors
    /// When a key leads to two actions in one place.
    pub(super) fn settle(&mut self) -> Result<Vec<Warning>, ConfigError> {
        let warnings = self.give_way();
        self.check()?;
        Ok(warnings)
    }

    fn give_way(&mut self) -> Vec<Warning> {
        let mut taken: Vec<(Action, KeyPress, &'static str, Origin)> = Vec::new();
        let all = self.all();
        for ours in all.iter().filter(|bound| bound.is_default()) {
            let keys = keys_of_ours(ours.action).parse::<Binding>();
            for key in keys.iter().flat_map(Binding::keys) {
                let by = all.iter().find(|set| !set.is_default() && set.meets(ours) && set.setting.value.has(*key));
                if let Some(by) = by {
                    taken.push((ours.action, *key, by.path, by.setting.origin.clone()));
                }
            }
        }
        let mut warnings = Vec::new();
        for (action, key, by, origin) in taken {
            let binding = &mut self.of_mut(action).value;
            binding.remove(key);
            if binding.keys().is_empty() {
                let path = self.all().into_iter().find(|bound| bound.action == action).map_or("", |bound| bound.path);
                warnings.push(Warning::NoKeyLeft { origin, by, key: key.to_string(), path });
            }
        }
        warnings
    }

    /// Refuses a key that leads to two actions in one place. Named is the one of the two that somebody set, the later one
    /// if both were.
    fn check(&self) -> Result<(), ConfigError> {
        let all = self.all();
        for (at, left) in all.iter().enumerate() {
            for right in all[at + 1..].iter().filter(|right| left.meets(right)) {
                let Some(key) = left.setting.value.shared_with(&right.setting.value) else { continue };
                let (set, other) = if line(left) > line(right) { (left, right) } else { (right, left) };
                return Err(ConfigError::BadValue {
                    origin: set.setting.origin.clone(),
                    key: set.path.to_owned(),
                    reason: format!("`{key}` leads to {} as well: take another key for one of the two", other.path),
                });
            }
        }
        Ok(())
    }
}

/// Sorts who set a binding: a default, then lines of a file, then variables.
fn line(bound: &Bound<'_>) -> (u8, Option<usize>) {
    match &bound.setting.origin {
        Origin::Default => (0, None),
        Origin::File { line, .. } => (1, *line),
        Origin::Variable(_) | Origin::Flag(_) => (2, None),
    }
}

#[cfg(test)]
mod tests {
    use super::super::action::Context;
    use super::super::keys::Key;
    use super::super::origin::Setting;
    use super::*;

    fn set(keys: &mut Keybinding, action: Action, text: &str) {
        let origin = Origin::File { path: "d.yaml".into(), line: Some(1) };
        *keys.of_mut(action) = Setting { value: text.parse().unwrap(), origin };
    }

    #[test]
    fn the_defaults_are_keys_and_none_leads_to_two_actions_in_one_place() {
        assert_eq!(Keybinding::default().settle().unwrap(), []);
    }

    /// screen owns ctrl+a, tmux ctrl+b, docker's client ctrl+p, and most terminals send Enter for ctrl+m.
    #[test]
    fn every_action_has_a_key_that_reaches_it_in_any_terminal() {
        for bound in Keybinding::default().all() {
            // The shell's own key, and in every program the same.
            if bound.action == Action::Suspend {
                continue;
            }
            let plain = |key: &KeyPress| !key.modifiers.ctrl && !key.modifiers.alt;
            assert!(bound.setting.value.keys().iter().any(plain), "{}", bound.path);
        }
    }

    /// Where text is typed, a character is text.
    #[test]
    fn every_action_of_a_text_line_has_a_key_that_types_nothing() {
        for bound in Keybinding::default().all().iter().filter(|bound| bound.contexts.contains(&Context::TextLine)) {
            let types = |key: &KeyPress| matches!(key.key, Key::Char(_)) && !key.modifiers.ctrl && !key.modifiers.alt;
            assert!(bound.setting.value.keys().iter().any(|key| !types(key)), "{}", bound.path);
        }
    }

    #[test]
    fn one_key_may_do_different_things_in_the_layers_and_in_the_tree() {
        let mut keys = Keybinding::default();
        set(&mut keys, Action::CompareAll, "f5");
        set(&mut keys, Action::ExtractFile, "f5");
        assert!(keys.check().is_ok());
        set(&mut keys, Action::Up, "f5");
        assert!(keys.check().is_err());
    }

    /// `Filter` is the layers', the tree's and the viewer's: what meets it in the last of them alone meets it as well, or
    /// one of the two would silently have no key there.
    #[test]
    fn two_actions_that_meet_in_one_of_many_places_only_cannot_share_a_key() {
        for other in [Action::CompareAll, Action::ExtractFile, Action::ToggleHex] {
            let mut keys = Keybinding::default();
            set(&mut keys, Action::FilterFiles, "f5");
            set(&mut keys, other, "f5");
            assert!(keys.check().is_err(), "{other:?}");
        }
    }

    #[test]
    fn a_key_of_ours_gives_way_to_a_file_written_for_dive() {
        let mut keys = Keybinding::default();
        set(&mut keys, Action::ToggleWrap, "w");
        set(&mut keys, Action::ToggleSortOrder, "n");
        let left = Warning::NoKeyLeft {
            origin: Origin::File { path: "d.yaml".into(), line: Some(1) },
            by: "keybinding.toggle-sort-order",
            key: "n".to_owned(),
            path: "keybinding.next-match",
        };
        assert_eq!(keys.settle().unwrap(), [left]);
        assert_eq!(keys.waste_view.value.to_string(), "f2");
        assert_eq!(keys.next_match.value.keys(), []);
    }

    #[test]
    fn a_key_of_dives_does_not_give_way() {
        let mut keys = Keybinding::default();
        set(&mut keys, Action::ExtractFile, "space");
        assert!(keys.settle().unwrap_err().to_string().contains("`space` leads to keybinding.toggle-collapse-dir"));
    }
}
