//! What keys can ask for, in one table: each action's name in `keybinding:`, where it can be asked for, what the footer and
//! the help call it, and the keys that lead to it unless somebody says otherwise. Bindings, their check, the hints, the
//! help and docs/keys.md all come from its rows.

use super::file::Config;
use super::keys::Binding;
use super::origin::Setting;
use super::table::{Alias, Key, Trust, key};

/// What has the keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Context {
    /// The list of layers, and the details below it.
    Layers,
    /// The file tree.
    FileTree,
    /// A line that text is typed into: keys that type a character belong to it, and lead to no action.
    TextLine,
    /// The list of reclaimable files.
    Waste,
    /// What layers did to one path.
    History,
    /// The content of a file.
    Viewer,
    /// Writing files to a folder.
    Extraction,
    /// The list of keys.
    Help,
}

impl Context {
    /// All of them, in the order documents list them.
    pub const ALL: [Self; 8] = [
        Self::Layers,
        Self::FileTree,
        Self::TextLine,
        Self::Waste,
        Self::History,
        Self::Viewer,
        Self::Extraction,
        Self::Help,
    ];

    /// What the help and docs/keys.md call it.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::Layers => "Layers",
            Self::FileTree => "File tree",
            Self::TextLine => "Filter and other lines",
            Self::Waste => "Waste",
            Self::History => "History of a path",
            Self::Viewer => "File content",
            Self::Extraction => "Extraction",
            Self::Help => "Help",
        }
    }
}

use Context::{Extraction, FileTree, Help, History, Layers, TextLine, Viewer, Waste};

const ANYWHERE: &[Context] = &Context::ALL;
/// Where no text is typed.
const READING: &[Context] = &[Layers, FileTree, Waste, History, Viewer, Extraction, Help];
const PANES: &[Context] = &[Layers, FileTree];
/// What opens over the panes.
const OVERLAYS: &[Context] = &[Waste, History, Viewer, Extraction, Help];

/// An action with its row of the table and the keys that lead to it.
#[derive(Debug, Clone, Copy)]
pub struct Bound<'a> {
    /// What is asked for.
    pub action: Action,
    /// The key in the configuration: `keybinding.quit`.
    pub path: &'static str,
    /// Where it can be asked for.
    pub contexts: &'static [Context],
    /// A sentence for the help.
    pub does: &'static str,
    /// A word or two for the footer.
    pub hint: &'static str,
    /// The keys.
    pub setting: &'a Setting<Binding>,
}

/// From one row an action.
macro_rules! actions {
    ($($field:ident $action:ident $path:literal $contexts:ident $hint:literal $does:literal $dives:literal $ours:literal
        $([formerly $old:literal])?)+) => {
        /// What a key can ask for.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Action {
            $(
                #[doc = $does]
                $action,
            )+
        }

        /// The keys of each action.
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub struct Bindings {
            $(
                #[doc = $does]
                pub $field: Setting<Binding>,
            )+
        }

        impl Default for Bindings {
            #[allow(clippy::expect_used, reason = "the defaults stand below, and a test parses each")]
            fn default() -> Self {
                Self { $($field: Setting::by_default(default_binding($dives, $ours).expect($path)),)+ }
            }
        }

        impl Bindings {
            /// All rows, in the order of the table.
            #[must_use]
            pub fn all(&self) -> Vec<Bound<'_>> {
                vec![$(Bound {
                    action: Action::$action,
                    path: concat!("keybinding.", $path),
                    contexts: $contexts,
                    does: $does,
                    hint: $hint,
                    setting: &self.$field,
                },)+]
            }

            /// The keys of one action.
            pub(super) fn of_mut(&mut self, action: Action) -> &mut Setting<Binding> {
                match action {
                    $(Action::$action => &mut self.$field,)+
                }
            }
        }

        /// The keys that dive does not bind to an action by default, so that a file written for dive may have other uses
        /// for them.
        pub(super) const fn keys_of_ours(action: Action) -> &'static str {
            match action {
                $(Action::$action => $ours,)+
            }
        }

        /// The rows of the section in the table of keys.
        pub(super) const KEYS: &[Key<Config>] = &[$(
            key!(
                concat!("keybinding.", $path),
                Trust::Anyone,
                keybinding.$field
                $(, Alias::Old(concat!("keybinding.", $old)))?
            ),
        )+];
    };
}

/// dive's keys, then ours.
fn default_binding(dives: &str, ours: &str) -> Result<Binding, String> {
    let parts = [dives, ours];
    parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(",").parse()
}

// Field, action, key in the file, where; hint; help; dive's keys, ours; the name in older files. Each ctrl key has a plain one beside it: screen and
// tmux own ctrl+a and ctrl+b, docker's client ctrl+p, and ctrl+m is Enter in most terminals.
actions! {
    quit Quit "quit" ANYWHERE "Quit" "Close what is open over the panes, or leave the program." "ctrl+c,q" ""
    help Help "help" READING "Help" "Show the keys." "" "?,f1"
    suspend Suspend "suspend" ANYWHERE "Suspend" "Go to the background, until `fg`." "" "ctrl+z"
    toggle_view ToggleView "toggle-view" PANES "Switch view" "Go between the layers and the file tree." "tab" "shift+tab"
    close_view CloseView "close-view" OVERLAYS "Close" "Close what is open over the panes." "" "esc"
    up Up "up" ANYWHERE "Up" "Go up a row." "up,k" ""
    down Down "down" ANYWHERE "Down" "Go down a row." "down,j" ""
    left Left "left" SIDEWAYS "Left" "Go to the parent directory, the pane or the columns on the left." "left,h" ""
    right Right "right" SIDEWAYS "Right" "Expand and go in, or go to the pane or the columns on the right." "right,l" ""
    page_up PageUp "page-up" ANYWHERE "Page up" "Go up a page." "pgup,u" ""
    page_down PageDown "page-down" ANYWHERE "Page down" "Go down a page." "pgdn,d" ""
    first_row FirstRow "first-row" READING "Top" "Go to the first row." "" "g,home"
    last_row LastRow "last-row" READING "End" "Go to the last row." "" "G,end"
    filter_files FilterFiles "filter-files" FILTERED "Filter" "Open the filter line, or search the content of a file." "ctrl+f, ctrl+slash" "slash"
    close_filter_files CloseFilterFiles "close-filter-files" FILTER "Clear filter" "Close the filter line, and show all files again." "esc" ""
    accept Accept "accept" TEXT "Keep" "Take what the line says." "" "enter"
    next_match NextMatch "next-match" SEARCHED "Next match" "Go to the next match." "" "n"
    previous_match PreviousMatch "previous-match" SEARCHED "Previous match" "Go to the previous match." "" "N"
    waste_view WasteView "waste-view" PANES "Waste" "List what is reclaimable, by cause." "" "w,f2"
    compare_all CompareAll "compare-all" LAYERS "Show aggregated changes" "Show all changes since the base layer." "ctrl+a" "a"
    compare_layer CompareLayer "compare-layer" LAYERS "Show layer changes" "Show what the selected layer changed." "ctrl+l" "c"
    mark_base MarkBase "mark-base" LAYERS "Mark as base" "Compare with the selected layer from now on, or no longer." "" "b"
    toggle_empty_steps ToggleEmptySteps "toggle-empty-steps" LAYERS "Empty steps" "Show or hide build steps without a layer, and where the base image ends." "" "e"
    toggle_collapse_dir ToggleCollapseDir "toggle-collapse-dir" TREE "Collapse dir" "Collapse or expand a directory." "space" ""
    toggle_collapse_all_dir ToggleCollapseAllDir "toggle-collapse-all-dir" TREE "Collapse all dir" "Collapse or expand all directories." "ctrl+space" "c"
    toggle_added_files ToggleAddedFiles "toggle-added-files" TREE "Added" "Show or hide added files." "ctrl+a" "A"
    toggle_removed_files ToggleRemovedFiles "toggle-removed-files" TREE "Removed" "Show or hide removed files." "ctrl+r" "R"
    toggle_modified_files ToggleModifiedFiles "toggle-modified-files" TREE "Modified" "Show or hide modified files." "ctrl+m" "M"
    toggle_unmodified_files ToggleUnmodifiedFiles "toggle-unmodified-files" TREE "Unmodified" "Show or hide unmodified files." "ctrl+u" "U" [formerly "toggle-unchanged-files"]
    toggle_filetree_attributes ToggleAttributes "toggle-filetree-attributes" TREE "Attributes" "Show or hide permissions, owners and sizes." "ctrl+b" "b"
    toggle_sort_order ToggleSortOrder "toggle-sort-order" SORTED "Sort" "Sort by the next column: name or size, or cause and layer in the waste view." "ctrl+o" "s"
    toggle_wrap_tree ToggleWrap "toggle-wrap-tree" WRAPPED "Wrap" "Wrap long lines or cut them." "ctrl+p" "p"
    next_change NextChange "next-change" TREE "Next change" "Go to the next changed file." "" "o"
    previous_change PreviousChange "previous-change" TREE "Previous change" "Go to the previous changed file." "" "O"
    view_file ViewFile "view-file" VIEWED "View" "Look into the file." "" "enter,v"
    go_to_file GoToFile "go-to-file" WASTE "Go to file" "Go to the file in its layer." "" "enter"
    file_history FileHistory "file-history" TREE "History" "List what layers did to the path." "" "H"
    extract_file ExtractFile "extract-file" EXTRACTED "Extract" "Write the file or the directory to a folder." "ctrl+e" "x"
    copy_path CopyPath "copy-path" COPIED "Copy path" "Copy the path to the clipboard." "" "y"
    toggle_hex ToggleHex "toggle-hex" VIEWER "Text or hex" "Show the content as text or as bytes." "" "t"
    go_to_line GoToLine "go-to-line" VIEWER "Go to line" "Go to a line by its number; among bytes, to a hexadecimal offset." "" ":"
    keep_special_bits KeepSpecialBits "keep-special-bits" TEXT "Keep setuid bits" "Extract setuid, setgid and sticky bits, or leave them out." "" "tab"
    overwrite_files OverwriteFiles "overwrite-files" EXTRACTION "Overwrite" "Put the image's files in the place of those that are there." "" "o"
    skip_files SkipFiles "skip-files" EXTRACTION "Skip" "Leave the files alone that are there." "" "s"
}

const SIDEWAYS: &[Context] = &[Layers, FileTree, TextLine, Viewer];
const LAYERS: &[Context] = &[Layers];
const TREE: &[Context] = &[FileTree];
const TEXT: &[Context] = &[TextLine];
const WASTE: &[Context] = &[Waste];
const VIEWER: &[Context] = &[Viewer];
const FILTERED: &[Context] = &[Layers, FileTree, Viewer];
const FILTER: &[Context] = &[Layers, FileTree, TextLine];
const SEARCHED: &[Context] = &[FileTree, Viewer];
const SORTED: &[Context] = &[FileTree, Waste];
const WRAPPED: &[Context] = &[FileTree, Viewer];
const VIEWED: &[Context] = &[FileTree, History];
const EXTRACTED: &[Context] = &[FileTree, History, Viewer];
const COPIED: &[Context] = &[FileTree, Waste, History, Viewer];
const EXTRACTION: &[Context] = &[Extraction];
