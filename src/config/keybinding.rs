//! The `keybinding:` section: which actions can be bound, where they can be asked for, and which keys lead to them unless
//! somebody says otherwise. No key may lead to two actions in one place.

use super::file::Config;
use super::keys::Binding;
use super::layering::{Key, key};
use super::origin::{Origin, Setting};
use super::problem::ConfigError;

/// Where an action can be asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// Anywhere.
    Anywhere,
    /// In the layers and in the file tree.
    Panes,
    /// In the layers.
    Layers,
    /// In the file tree.
    FileTree,
    /// In the filter line, where all other keys are text.
    FilterLine,
}

impl Place {
    fn overlaps(self, other: Self) -> bool {
        let within = |inner, outer| match outer {
            Self::Anywhere => true,
            Self::Panes => matches!(inner, Self::Panes | Self::Layers | Self::FileTree),
            _ => inner == outer,
        };
        within(self, other) || within(other, self)
    }
}

/// One action's binding, for comparing it with others.
struct Bound<'a> {
    path: &'static str,
    place: Place,
    setting: &'a Setting<Binding>,
}

/// From one row an action: the field, its key's path, what it does, its default.
macro_rules! actions {
    ($($field:ident $path:literal $place:ident $does:literal $default:literal)+) => {
        /// The keys of each action.
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub struct Keybinding {
            $(
                #[doc = $does]
                pub $field: Setting<Binding>,
            )+
        }

        impl Default for Keybinding {
            #[allow(clippy::expect_used, reason = "the defaults stand below, and a test parses each")]
            fn default() -> Self {
                Self { $($field: Setting::by_default($default.parse().expect($default)),)+ }
            }
        }

        impl Keybinding {
            fn all(&self) -> Vec<Bound<'_>> {
                vec![$(Bound {
                    path: concat!("keybinding.", $path),
                    place: Place::$place,
                    setting: &self.$field,
                },)+]
            }
        }

        /// The rows of the section in the table of keys.
        pub(super) const KEYS: &[Key<Config>] = &[$(key!(concat!("keybinding.", $path), keybinding.$field),)+];
    };
}

impl Keybinding {
    /// Refuses a key that leads to two actions in one place. Named is the one of the two that somebody set, the later one
    /// if both were.
    pub(super) fn check(&self) -> Result<(), ConfigError> {
        let all = self.all();
        for (at, left) in all.iter().enumerate() {
            for right in all[at + 1..].iter().filter(|right| left.place.overlaps(right.place)) {
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

actions! {
    quit "quit" Anywhere "Leave the program." "ctrl+c,q"
    toggle_view "toggle-view" Panes "Go between the layers and the file tree." "tab"
    filter_files "filter-files" Panes "Open the filter line." "ctrl+f, ctrl+slash"
    close_filter_files "close-filter-files" FilterLine "Close the filter line." "esc"
    up "up" Panes "Go up a row." "up,k"
    down "down" Panes "Go down a row." "down,j"
    left "left" Panes "Go left, or collapse." "left,h"
    right "right" Panes "Go right, or expand." "right,l"
    page_up "page-up" Panes "Go up a page." "pgup,u"
    page_down "page-down" Panes "Go down a page." "pgdn,d"
    compare_all "compare-all" Layers "Show all changes since the base layer." "ctrl+a"
    compare_layer "compare-layer" Layers "Show what the selected layer changed." "ctrl+l"
    toggle_collapse_dir "toggle-collapse-dir" FileTree "Collapse or expand a directory." "space"
    toggle_collapse_all_dir "toggle-collapse-all-dir" FileTree "Collapse or expand all directories." "ctrl+space"
    toggle_added_files "toggle-added-files" FileTree "Show or hide added files." "ctrl+a"
    toggle_removed_files "toggle-removed-files" FileTree "Show or hide removed files." "ctrl+r"
    toggle_modified_files "toggle-modified-files" FileTree "Show or hide modified files." "ctrl+m"
    toggle_unmodified_files "toggle-unmodified-files" FileTree "Show or hide unmodified files." "ctrl+u"
    toggle_filetree_attributes "toggle-filetree-attributes" FileTree "Show or hide permissions, owners and sizes." "ctrl+b"
    toggle_sort_order "toggle-sort-order" FileTree "Sort by name or by size." "ctrl+o"
    toggle_wrap_tree "toggle-wrap-tree" FileTree "Wrap long lines or cut them." "ctrl+p"
    extract_file "extract-file" FileTree "Write the selected file to the working directory." "ctrl+e"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_are_keys_and_none_leads_to_two_actions_in_one_place() {
        assert!(Keybinding::default().check().is_ok());
    }

    #[test]
    fn one_key_may_do_different_things_in_the_layers_and_in_the_tree() {
        let mut keys = Keybinding::default();
        keys.compare_all.value = "x".parse().unwrap();
        keys.extract_file.value = "x".parse().unwrap();
        assert!(keys.check().is_ok());
        keys.up.value = "x".parse().unwrap();
        assert!(keys.check().is_err());
    }
}
