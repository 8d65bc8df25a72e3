//! Resolves conflicts in `keybinding:`: in each context a key triggers one action, the one that was set last.

use std::path::Path;

use super::action::{Action, Bindings, Bound, added_keys};
use super::keys::{Binding, KeyPress, joined};
use super::origin::Origin;
use super::problem::Warning;

/// The keys of each action.
pub type Keybinding = Bindings;

impl Bound<'_> {
    /// True if the two actions share a context.
    fn shares_context_with(&self, other: &Self) -> bool {
        self.contexts.iter().any(|context| other.contexts.contains(context))
    }

    fn is_default(&self) -> bool {
        self.setting.origin == Origin::Default
    }
}

impl Keybinding {
    /// Resolves conflicts, so that a file written for dive works: afterwards no key triggers two actions in one context.
    /// `files` are the files that were read, lowest precedence first.
    ///
    /// A default key that dive does not bind is dropped without a warning, unless it was the last key of its action. In any other
    /// conflict the action that was set later keeps the key.
    pub(super) fn resolve_conflicts(&mut self, files: &[&Path]) -> Vec<Warning> {
        let mut warnings = self.drop_added_keys();
        warnings.extend(self.drop_overridden_keys(files));
        warnings
    }

    fn drop_added_keys(&mut self) -> Vec<Warning> {
        let mut taken: Vec<(Action, KeyPress, &'static str, Origin)> = Vec::new();
        let all = self.all();
        for ours in all.iter().filter(|bound| bound.is_default()) {
            let keys = added_keys(ours.action).parse::<Binding>();
            for key in keys.iter().flat_map(Binding::keys) {
                let by = all
                    .iter()
                    .find(|set| !set.is_default() && set.shares_context_with(ours) && set.setting.value.has(*key));
                if let Some(by) = by {
                    taken.push((ours.action, *key, by.path, by.setting.origin.clone()));
                }
            }
        }
        let mut warnings = Vec::new();
        for (action, key, by, origin) in taken {
            self.of_mut(action).value.remove(key);
            let path =
                self.all().into_iter().find(|bound| bound.action == action && bound.setting.value.keys().is_empty());
            if let Some(path) = path.map(|bound| bound.path) {
                warnings.push(Warning::NoKeyLeft { origin, by, key: key.to_string(), path });
            }
        }
        warnings
    }

    /// Removes each key that triggers two actions in one context from the action that was set earlier.
    fn drop_overridden_keys(&mut self, files: &[&Path]) -> Vec<Warning> {
        let mut order: Vec<(Rank, Action)> =
            self.all().into_iter().enumerate().map(|(row, bound)| (rank(&bound, files, row), bound.action)).collect();
        order.sort_unstable();
        let mut warnings = Vec::new();
        // Defaults do not conflict with each other, so stop at the first.
        for (at, (_, later)) in order.iter().enumerate().rev().take_while(|(_, (rank, _))| rank.0 > 0) {
            warnings
                .extend(order[..at].iter().rev().filter_map(|(_, earlier)| self.drop_shared_keys(*later, *earlier)));
        }
        // Warnings in the order of the file.
        warnings.reverse();
        warnings
    }

    /// Removes from an action the keys of a later one in the same context.
    fn drop_shared_keys(&mut self, later: Action, earlier: Action) -> Option<Warning> {
        let all = self.all();
        let row = |action| all.iter().find(|bound| bound.action == action);
        let (by, from) = (row(later)?, row(earlier)?);
        let shared = by.setting.value.shared_with(&from.setting.value);
        if shared.is_empty() || !by.shares_context_with(from) {
            return None;
        }
        let (by, path, origin) = (by.path, from.path, by.setting.origin.clone());
        for key in &shared {
            self.of_mut(earlier).value.remove(*key);
        }
        let left = self.of_mut(earlier).value.to_string();
        Some(Warning::KeyTaken { origin, by, key: joined(&shared), path, left })
    }
}

/// When a binding was set: default, file and line, variable. The row in the table breaks ties.
type Rank = (u8, usize, usize, usize);

fn rank(bound: &Bound<'_>, files: &[&Path], row: usize) -> Rank {
    match &bound.setting.origin {
        Origin::Default => (0, 0, 0, row),
        Origin::File { path, line } => {
            let file = files.iter().position(|file| file == path).unwrap_or(files.len());
            (1, file, line.unwrap_or(0), row)
        }
        Origin::Variable(_) | Origin::Flag(_) => (2, 0, 0, row),
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
    fn the_defaults_have_no_conflicts() {
        let bindings = Keybinding::default();
        let all = bindings.all();
        for (at, left) in all.iter().enumerate() {
            for right in all[at + 1..].iter().filter(|right| left.shares_context_with(right)) {
                let shared = left.setting.value.shared_with(&right.setting.value);
                assert_eq!(shared, [], "{} and {}", left.path, right.path);
            }
        }
        assert_eq!(Keybinding::default().resolve_conflicts(&[]), []);
    }

    /// GNU screen keeps ctrl+a, tmux ctrl+b, Docker's client ctrl+p, and most terminals send Enter for ctrl+m.
    #[test]
    fn every_action_has_a_key_that_arrives_in_any_terminal() {
        for bound in Keybinding::default().all() {
            // The shell's own key, the same in every program.
            if bound.action == Action::Suspend {
                continue;
            }
            let plain = |key: &KeyPress| !key.modifiers.ctrl && !key.modifiers.alt;
            assert!(bound.setting.value.keys().iter().any(plain), "{}", bound.path);
        }
    }

    /// A character is text on a text line.
    #[test]
    fn every_action_of_a_text_line_has_a_key_that_types_nothing() {
        for bound in Keybinding::default().all().iter().filter(|bound| bound.contexts.contains(&Context::TextLine)) {
            let types = |key: &KeyPress| matches!(key.key, Key::Char(_)) && !key.modifiers.ctrl && !key.modifiers.alt;
            assert!(bound.setting.value.keys().iter().any(|key| !types(key)), "{}", bound.path);
        }
    }

    /// Resolves conflicts and returns the warnings.
    fn resolve(keys: &mut Keybinding) -> Vec<String> {
        keys.resolve_conflicts(&[Path::new("d.yaml")]).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn one_key_may_trigger_different_actions_in_two_panes() {
        let mut keys = Keybinding::default();
        set(&mut keys, Action::CompareAll, "f5");
        set(&mut keys, Action::ExtractFile, "f5");
        assert_eq!(resolve(&mut keys), [""; 0]);
        set(&mut keys, Action::Up, "f5");
        assert_eq!(resolve(&mut keys).len(), 1);
    }

    /// `Filter` belongs to the layers, the tree and the viewer. A conflict in the viewer alone still leaves one action
    /// without its key there.
    #[test]
    fn actions_that_share_one_of_several_contexts_conflict() {
        for other in [Action::CompareAll, Action::ExtractFile, Action::ToggleHex] {
            let mut keys = Keybinding::default();
            set(&mut keys, Action::FilterFiles, "f5");
            set(&mut keys, other, "f5");
            assert_eq!(resolve(&mut keys).len(), 1, "{other:?}");
        }
    }

    #[test]
    fn the_action_set_later_keeps_the_key() {
        let at = |line| Origin::File { path: "d.yaml".into(), line: Some(line) };
        let variable = Origin::Variable("DIVE_KEYBINDING_UP".to_owned());
        let mut keys = Keybinding {
            right: Setting { value: "f5,f6".parse().unwrap(), origin: at(2) },
            left: Setting { value: "f6,f5,f7".parse().unwrap(), origin: at(3) },
            up: Setting { value: "f7,j".parse().unwrap(), origin: variable },
            ..Keybinding::default()
        };
        assert_eq!(
            resolve(&mut keys),
            [
                "d.yaml:3: keybinding.left: `f6,f5` was bound to keybinding.right, which now has no key; bind another",
                "DIVE_KEYBINDING_UP: keybinding.up: `j` was bound to keybinding.down, which now keeps `down`",
                "DIVE_KEYBINDING_UP: keybinding.up: `f7` was bound to keybinding.left, which now keeps `f6,f5`",
            ]
        );
        assert_eq!((keys.left.value.to_string(), keys.right.value.to_string()), ("f6,f5".to_owned(), String::new()));
        assert_eq!((keys.up.value.to_string(), keys.down.value.to_string()), ("f7,j".to_owned(), "down".to_owned()));
    }

    #[test]
    fn a_key_that_dive_lacks_yields_to_a_file_for_dive() {
        let mut keys = Keybinding::default();
        set(&mut keys, Action::ToggleWrap, "w");
        set(&mut keys, Action::ToggleSortOrder, "n");
        let left = Warning::NoKeyLeft {
            origin: Origin::File { path: "d.yaml".into(), line: Some(1) },
            by: "keybinding.toggle-sort-order",
            key: "n".to_owned(),
            path: "keybinding.next-match",
        };
        assert_eq!(keys.resolve_conflicts(&[]), [left]);
        assert_eq!(keys.waste_view.value.to_string(), "f2");
        assert_eq!(keys.next_match.value.keys(), []);
    }

    #[test]
    fn a_key_that_dive_has_yields_with_a_warning() {
        let mut keys = Keybinding::default();
        set(&mut keys, Action::ExtractFile, "space");
        assert_eq!(
            resolve(&mut keys),
            [
                "d.yaml:1: keybinding.extract-file: `space` was bound to keybinding.toggle-collapse-dir, which now has no key; bind another"
            ]
        );
    }
}
