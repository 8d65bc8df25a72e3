//! The table of key actions: name in `keybinding:`, contexts, help text, footer hint and default keys. Bindings, their checks,
//! hints, help and docs/keys.md read its rows.

use super::file::Config;
use super::keys::Binding;
use super::origin::Setting;
use super::table::{Alias, KeyRow, Trust, key};

/// The part of the screen that receives keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Context {
    /// The list of images.
    Images,
    /// The list of layers, and the details below it.
    Layers,
    /// The file tree.
    FileTree,
    /// A line for text input: keys that type a character insert it and trigger no action.
    TextLine,
    /// The list of reclaimable files.
    Waste,
    /// The results of a search in all layers.
    Found,
    /// What layers did to one path.
    History,
    /// The content of a file.
    Viewer,
    /// The extraction dialog.
    Extraction,
    /// The list of keys.
    Help,
}

impl Context {
    /// All contexts, in the order of documents.
    pub const ALL: [Self; 10] = [
        Self::Images,
        Self::Layers,
        Self::FileTree,
        Self::TextLine,
        Self::Waste,
        Self::Found,
        Self::History,
        Self::Viewer,
        Self::Extraction,
        Self::Help,
    ];

    /// The name in the help and in docs/keys.md.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::Images => "Images",
            Self::Layers => "Layers",
            Self::FileTree => "File tree",
            Self::TextLine => "Input lines",
            Self::Waste => "Waste",
            Self::Found => "Search in all layers",
            Self::History => "History of a path",
            Self::Viewer => "File content",
            Self::Extraction => "Extraction",
            Self::Help => "Help",
        }
    }
}

use Context::{Extraction, FileTree, Found, Help, History, Images, Layers, TextLine, Viewer, Waste};

const ANYWHERE: &[Context] = &Context::ALL;
/// All contexts without text input.
const READING: &[Context] = &[Images, Layers, FileTree, Waste, Found, History, Viewer, Extraction, Help];
const PANES: &[Context] = &[Layers, FileTree];
/// The dialogs over the panes.
const OVERLAYS: &[Context] = &[Waste, Found, History, Viewer, Extraction, Help];

/// An action's row of the table, with its effective keys.
#[derive(Debug, Clone, Copy)]
pub struct Bound<'a> {
    /// The action.
    pub action: Action,
    /// The key in the configuration: `keybinding.quit`.
    pub path: &'static str,
    /// The contexts in which it is available.
    pub contexts: &'static [Context],
    /// The task that it serves.
    pub task: Task,
    /// Its place among the hints of the last line, lowest first. `None` without a hint there.
    pub rank: Option<u16>,
    /// A sentence for the help.
    pub does: &'static str,
    /// A word or two for the footer.
    pub hint: &'static str,
    /// The effective keys.
    pub setting: &'a Setting<Binding>,
}

/// A task that actions serve. The help groups by it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Task {
    /// See what changed.
    Compare,
    /// Find files.
    Find,
    /// Arrange the view.
    Arrange,
    /// Use a file.
    Open,
    /// Inspect the image.
    Inspect,
    /// Move in lists and between panes.
    Move,
    /// Use the program.
    Program,
}

impl Task {
    /// All tasks, in the order of the help.
    pub const ALL: [Self; 7] =
        [Self::Compare, Self::Find, Self::Arrange, Self::Open, Self::Inspect, Self::Move, Self::Program];

    /// The heading in the help.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::Compare => "See what changed",
            Self::Find => "Find",
            Self::Arrange => "Arrange the view",
            Self::Open => "Use a file",
            Self::Inspect => "Inspect the image",
            Self::Move => "Move",
            Self::Program => "Program",
        }
    }
}

/// A place among the hints.
macro_rules! rank {
    (_) => {
        None
    };
    ($rank:literal) => {
        Some($rank)
    };
}

/// Generates the actions from the rows.
macro_rules! actions {
    ($($field:ident $action:ident $path:literal $contexts:ident $task:ident $rank:tt $hint:literal $does:literal $keys:literal
        $ours:literal $([formerly $old:literal])?)+) => {
        /// An action that a key triggers.
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
                Self { $($field: Setting::by_default($keys.parse().expect($path)),)+ }
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
                    task: Task::$task,
                    rank: rank!($rank),
                    does: $does,
                    hint: $hint,
                    setting: &self.$field,
                },)+]
            }

            /// The keys of `action`.
            pub(super) fn of_mut(&mut self, action: Action) -> &mut Setting<Binding> {
                match action {
                    $(Action::$action => &mut self.$field,)+
                }
            }
        }

        /// The default keys of an action that dive does not bind: a file written for dive may use them for other actions.
        pub(super) const fn added_keys(action: Action) -> &'static str {
            match action {
                $(Action::$action => $ours,)+
            }
        }

        /// The rows of the section in the table of keys.
        pub(super) const KEYS: &[KeyRow<Config>] = &[$(
            key!(
                concat!("keybinding.", $path),
                // Keys extract and overwrite files, and a user must be able to leave.
                Trust::User,
                keybinding.$field
                $(, Alias::Old(concat!("keybinding.", $old)))?
            ),
        )+];
    };
}

// Field, action, key in the file, context, task, place among the hints (`_`: none); hint; help; the default keys, the hint
// first; those that dive does not bind; the name in older files.
//
// Each ctrl key has a plain alternative. The plain key is the hint where the ctrl key may not arrive: GNU screen keeps ctrl+a,
// tmux ctrl+b, Docker's client ctrl+p, and most terminals send Enter for ctrl+m. Actions side by side in the footer have hints
// of one kind, so `c` and `R` are the hints beside `a` and `A`.
actions! {
    quit Quit "quit" ANYWHERE Program 30 "Quit" "Close the overlay, or quit." "ctrl+c,q" ""
    help Help "help" READING Program 40 "Help" "Show the keys." "?,f1" "?,f1"
    command_palette CommandPalette "command-palette" LISTS Program 195 "Actions" "Find an action by its words and run it." ":" ":"
    suspend Suspend "suspend" ANYWHERE Program _ "Suspend" "Suspend dive; `fg` resumes it." "ctrl+z" "ctrl+z"
    toggle_view ToggleView "toggle-view" PANES_AND_WASTE Move 50 "Switch view" "Switch between layers and files, or between waste and advice." "tab,shift+tab" "shift+tab"
    close_view CloseView "close-view" OVERLAYS Program 140 "Close" "Close the overlay." "esc" "esc"
    up Up "up" ANYWHERE Move _ "Up" "Go up a row." "up,k" ""
    down Down "down" ANYWHERE Move _ "Down" "Go down a row." "down,j" ""
    left Left "left" SIDEWAYS Move _ "Left" "Go to the parent directory, the pane or the columns on the left." "left,h" ""
    right Right "right" SIDEWAYS Move _ "Right" "Expand and go in, or go to the pane or the columns on the right." "right,l" ""
    page_up PageUp "page-up" ANYWHERE Move _ "Page up" "Go up a page." "pgup,u" ""
    page_down PageDown "page-down" ANYWHERE Move _ "Page down" "Go down a page." "pgdn,d" ""
    first_row FirstRow "first-row" READING Move _ "Top" "Go to the first row." "g,home" "g,home"
    last_row LastRow "last-row" READING Move _ "End" "Go to the last row." "G,end" "G,end"
    filter_files FilterFiles "filter-files" FILTERED Find 150 "Filter" "Open the filter line, or search the content of a file." "ctrl+f, ctrl+slash,slash" "slash"
    close_filter_files CloseFilterFiles "close-filter-files" FILTER Find 160 "Clear filter" "Remove the filter, or return to the list of images." "esc" ""
    accept Accept "accept" TEXT Program 60 "Keep" "Accept the input." "enter" "enter"
    next_match NextMatch "next-match" SEARCHED Find 170 "Next match" "Go to the next match." "n" "n"
    previous_match PreviousMatch "previous-match" SEARCHED Find _ "Previous match" "Go to the previous match." "N" "N"
    search_all SearchAll "search-all-layers" SEARCHING Find 205 "Search layers" "Find paths in all layers, including deleted ones." "F" "F"
    waste_view WasteView "waste-view" PANES_AND_WASTE Inspect 180 "Waste" "List what is reclaimable, or close the list." "w,f2" "w,f2"
    show_warnings ShowWarnings "show-warnings" WARNED Inspect 10 "Warnings" "List the warnings of the configuration and of the image." "!,f3" "!,f3"
    show_images ShowImages "show-images" PANES Inspect 20 "Images" "Choose another image of the file." "i" "i"
    compare_all CompareAll "compare-all" LAYERS Compare 184 "All" "Show all changes since the base layer." "a,ctrl+a" "a"
    compare_layer CompareLayer "compare-layer" LAYERS Compare 182 "Layer" "Show what the selected layer changed." "c,ctrl+l" "c"
    mark_base MarkBase "mark-base" LAYERS Compare 250 "Compare from here" "Compare with the selected layer, or stop comparing." "b" "b"
    toggle_empty_steps ToggleEmptySteps "toggle-empty-steps" LAYERS Inspect 260 "Empty steps" "Show or hide steps without a layer, and where the base ends." "e" "e"
    toggle_collapse_dir ToggleCollapseDir "toggle-collapse-dir" TREE Arrange 290 "Collapse dir" "Collapse or expand a directory." "space" ""
    toggle_collapse_all_dir ToggleCollapseAllDir "toggle-collapse-all-dir" TREE Arrange 300 "Collapse all dir" "Collapse or expand all directories." "ctrl+space,c" "c"
    toggle_unchanged_dirs ToggleUnchangedDirs "toggle-unchanged-dirs" TREE Compare 310 "Unchanged dirs" "Collapse or expand unchanged and wholly changed directories." "z" "z"
    toggle_added_files ToggleAddedFiles "toggle-added-files" TREE Compare 196 "Added" "Show or hide added files." "A,ctrl+a" "A"
    toggle_removed_files ToggleRemovedFiles "toggle-removed-files" TREE Compare 197 "Removed" "Show or hide removed files." "R,ctrl+r" "R"
    toggle_modified_files ToggleModifiedFiles "toggle-modified-files" TREE Compare 198 "Modified" "Show or hide modified files." "M,ctrl+m" "M"
    toggle_unmodified_files ToggleUnmodifiedFiles "toggle-unmodified-files" TREE Compare 199 "Unmodified" "Show or hide unmodified files." "U,ctrl+u" "U" [formerly "toggle-unchanged-files"]
    toggle_filetree_attributes ToggleAttributes "toggle-filetree-attributes" TREE Arrange _ "Attributes" "Show or hide permissions, owners and sizes." "b,ctrl+b" "b"
    toggle_sort_order ToggleSortOrder "toggle-sort-order" SORTED Arrange 270 "Sort" "Sort by the next column." "ctrl+o,s" "s"
    reverse_sort_order ReverseSortOrder "reverse-sort-order" IMAGES Arrange 275 "Reverse" "Reverse the order." "r" "r"
    open_image OpenImage "open-image" IMAGES Inspect 105 "Open" "Open the image, or show why it could not be read." "enter" "enter"
    show_rules ShowRules "show-rules" IMAGES Inspect 106 "Rules" "Show which rules the image broke." "v" "v"
    toggle_wrap_tree ToggleWrap "toggle-wrap-tree" WRAPPED Arrange _ "Wrap" "Wrap or truncate long lines." "p,ctrl+p" "p"
    next_change NextChange "next-change" PANES Compare 181 "Next change" "Go to the next changed file." "o" "o"
    previous_change PreviousChange "previous-change" PANES Compare _ "Previous change" "Go to the previous changed file." "O" "O"
    view_file ViewFile "view-file" VIEWED Open 120 "View" "View the file." "enter,v" "enter,v"
    go_to_file GoToFile "go-to-file" LISTED_OR_LAYERS Open 110 "Go to file" "Open the group, or go to the file in its layer." "enter" "enter"
    view_version ViewVersion "view-version" LISTED Open 130 "View" "View this version of the file." "v" "v"
    file_history FileHistory "file-history" HISTORIED Open 210 "History" "Show what each layer did to the path." "H" "H"
    show_diff ShowDiff "show-diff" DIFFED Open 193 "Diff" "Compare the file with its previous version." "D" "D"
    extract_file ExtractFile "extract-file" EXTRACTED Open 280 "Extract" "Extract the file or directory to disk." "ctrl+e,x" "x"
    copy_path CopyPath "copy-path" COPIED Open 370 "Copy path" "Copy the path to the clipboard." "y" "y"
    toggle_hex ToggleHex "toggle-hex" VIEWER Arrange 380 "Text or hex" "Show the content as text or as bytes." "t" "t"
    go_to_line GoToLine "go-to-line" VIEWER Find 390 "Go to line" "Go to a line, or among bytes to an offset in hexadecimal." ":" ":"
    keep_special_bits KeepSpecialBits "keep-special-bits" TEXT Open 100 "Keep setuid bits" "Keep or remove setuid, setgid and sticky bits." "shift+tab" "shift+tab"
    complete_folder CompleteFolder "complete-folder" TEXT Open 90 "Complete" "Complete the name of the directory." "tab" "tab"
    overwrite_files OverwriteFiles "overwrite-files" EXTRACTION Open 70 "Overwrite" "Overwrite existing files." "o" "o"
    skip_files SkipFiles "skip-files" EXTRACTION Open 80 "Skip" "Skip existing files." "s" "s"
}

const SEARCHING: &[Context] = &[Layers, FileTree, Found];
const LISTS: &[Context] = &[Images, Layers, FileTree, Waste, Found, History];
const SIDEWAYS: &[Context] = &[Layers, FileTree, TextLine, Viewer];
const LAYERS: &[Context] = &[Layers];
const TREE: &[Context] = &[FileTree];
const TEXT: &[Context] = &[TextLine];
const LISTED_OR_LAYERS: &[Context] = &[Layers, Waste, Found];
const LISTED: &[Context] = &[Waste, Found];
const VIEWER: &[Context] = &[Viewer];
const FILTERED: &[Context] = &[Images, Layers, FileTree, Waste, Found, Viewer];
const FILTER: &[Context] = &[Images, Layers, FileTree, TextLine];
const SEARCHED: &[Context] = &[Layers, FileTree, Viewer];
const SORTED: &[Context] = &[Images, FileTree, Waste];
const IMAGES: &[Context] = &[Images];
const WARNED: &[Context] = &[Images, Layers, FileTree];
const WRAPPED: &[Context] = &[FileTree, Viewer];
const VIEWED: &[Context] = &[FileTree, History];
const DIFFED: &[Context] = &[FileTree, Found, History];
const EXTRACTED: &[Context] = &[FileTree, Waste, Found, History, Viewer];
const PANES_AND_WASTE: &[Context] = &[Layers, FileTree, Waste];
const HISTORIED: &[Context] = &[FileTree, Waste, Found];
const COPIED: &[Context] = &[FileTree, Waste, Found, History, Viewer];
const EXTRACTION: &[Context] = &[Extraction];

#[cfg(test)]
mod tests {
    use super::*;

    /// Users of dive know its keys.
    #[test]
    fn every_key_of_dive_is_bound_by_default() {
        for (path, dives) in [
            ("quit", "ctrl+c,q"),
            ("toggle-view", "tab"),
            ("filter-files", "ctrl+f,ctrl+slash"),
            ("close-filter-files", "esc"),
            ("up", "up,k"),
            ("down", "down,j"),
            ("left", "left,h"),
            ("right", "right,l"),
            ("page-up", "pgup,u"),
            ("page-down", "pgdn,d"),
            ("compare-all", "ctrl+a"),
            ("compare-layer", "ctrl+l"),
            ("toggle-collapse-dir", "space"),
            ("toggle-collapse-all-dir", "ctrl+space"),
            ("toggle-added-files", "ctrl+a"),
            ("toggle-removed-files", "ctrl+r"),
            ("toggle-modified-files", "ctrl+m"),
            ("toggle-unmodified-files", "ctrl+u"),
            ("toggle-filetree-attributes", "ctrl+b"),
            ("toggle-sort-order", "ctrl+o"),
            ("toggle-wrap-tree", "ctrl+p"),
            ("extract-file", "ctrl+e"),
        ] {
            let path = format!("keybinding.{path}");
            let defaults = Bindings::default();
            let bound = defaults.all().into_iter().find(|bound| bound.path == path).unwrap();
            let ours = added_keys(bound.action).parse::<Binding>();
            for key in dives.parse::<Binding>().unwrap().keys() {
                assert!(bound.setting.value.has(*key), "{path}: {key}");
                assert!(ours.iter().all(|ours| !ours.has(*key)), "{path}: {key} is dive's");
            }
        }
    }

    #[test]
    fn keys_that_dive_lacks_are_among_the_defaults() {
        for bound in Bindings::default().all() {
            let ours = added_keys(bound.action).parse::<Binding>();
            let keys = ours.iter().flat_map(Binding::keys);
            assert!(keys.clone().all(|key| bound.setting.value.has(*key)), "{}", bound.path);
        }
    }

    #[test]
    fn each_hint_has_its_own_place() {
        let defaults = Bindings::default();
        let mut ranks: Vec<_> = defaults.all().iter().filter_map(|bound| bound.rank).collect();
        let count = ranks.len();
        ranks.sort_unstable();
        ranks.dedup();
        assert_eq!(ranks.len(), count);
    }

    /// GNU screen, tmux, Docker's client and terminals intercept some keys.
    #[test]
    fn no_hint_shows_a_key_that_may_not_arrive() {
        for bound in Bindings::default().all() {
            let hint = bound.setting.value.keys()[0].to_string();
            assert!(!["ctrl+a", "ctrl+b", "ctrl+m", "ctrl+p"].contains(&hint.as_str()), "{}: {hint}", bound.path);
        }
    }
}
