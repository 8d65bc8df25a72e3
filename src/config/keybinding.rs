//! The `keybinding:` section: which actions can be bound, and to which keys they are unless somebody says otherwise. The
//! keys are text here; the screen, which knows what a terminal can send, gives them their meaning.

use super::file::Config;
use super::layering::{Key, key};
use super::origin::Setting;

/// From one row an action: the field, its key's path, what it does, its default.
macro_rules! actions {
    ($($field:ident $path:literal $does:literal $default:literal)+) => {
        /// The keys of each action, as written: `ctrl+c,q`.
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub struct Keybinding {
            $(
                #[doc = $does]
                pub $field: Setting<String>,
            )+
        }

        impl Default for Keybinding {
            fn default() -> Self {
                Self { $($field: Setting::by_default($default.to_owned()),)+ }
            }
        }

        /// The rows of the section in the table of keys.
        pub(super) const KEYS: &[Key<Config>] = &[$(key!(concat!("keybinding.", $path), keybinding.$field),)+];
    };
}

actions! {
    quit "quit" "Leave the program." "ctrl+c,q"
    toggle_view "toggle-view" "Go between the layers and the file tree." "tab"
    filter_files "filter-files" "Open the filter line." "ctrl+f, ctrl+slash"
    close_filter_files "close-filter-files" "Close the filter line." "esc"
    up "up" "Go up a row." "up,k"
    down "down" "Go down a row." "down,j"
    left "left" "Go left, or collapse." "left,h"
    right "right" "Go right, or expand." "right,l"
    page_up "page-up" "Go up a page." "pgup,u"
    page_down "page-down" "Go down a page." "pgdn,d"
    compare_all "compare-all" "Show all changes since the base layer." "ctrl+a"
    compare_layer "compare-layer" "Show what the selected layer changed." "ctrl+l"
    toggle_collapse_dir "toggle-collapse-dir" "Collapse or expand a directory." "space"
    toggle_collapse_all_dir "toggle-collapse-all-dir" "Collapse or expand all directories." "ctrl+space"
    toggle_added_files "toggle-added-files" "Show or hide added files." "ctrl+a"
    toggle_removed_files "toggle-removed-files" "Show or hide removed files." "ctrl+r"
    toggle_modified_files "toggle-modified-files" "Show or hide modified files." "ctrl+m"
    toggle_unmodified_files "toggle-unmodified-files" "Show or hide unmodified files." "ctrl+u"
    toggle_filetree_attributes "toggle-filetree-attributes" "Show or hide permissions, owners and sizes." "ctrl+b"
    toggle_sort_order "toggle-sort-order" "Sort by name or by size." "ctrl+o"
    toggle_wrap_tree "toggle-wrap-tree" "Wrap long lines or cut them." "ctrl+p"
    extract_file "extract-file" "Write the selected file to the working directory." "ctrl+e"
}
