//! The command palette: finds an action, a layer by its instruction, or another image of the source, by its words.

use std::fmt;

use crate::config::{Action, Context};
use crate::tui::keymap::{ActionRow, Keymap};
use crate::tui::text::start_of;

use super::scroll::Scroll;
use crate::report::instruction;
use dive_model::image::{Image, ImageName, Platform};
use dive_model::layer::LayerIndex;

/// Something that the palette runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PaletteCommand {
    /// An action.
    Act(ActionRow),
    /// Selects a layer, with its instruction.
    SelectLayer(LayerIndex, String),
    /// The image that is shown.
    Shown(OfferedImage),
    /// Opens another image of the file.
    Open(ImageName),
    /// Opens the image for another platform.
    OpenPlatform(Platform),
}

impl PaletteCommand {
    /// What it does, in words.
    #[must_use]
    pub fn text(&self) -> String {
        match self {
            Self::Act(row) => row.does.to_owned(),
            Self::SelectLayer(layer, instruction) => format!("Layer {layer}: {instruction}"),
            Self::Shown(image) => image.to_string(),
            Self::Open(name) => format!("Open image {}", OfferedImage::from(name)),
            Self::OpenPlatform(platform) => format!("Open the image for the platform {platform}"),
        }
    }

    /// The words that it is found by.
    #[must_use]
    pub fn words(&self) -> String {
        match self {
            Self::Act(row) => words_of(row),
            Self::SelectLayer(..) | Self::Shown(_) | Self::Open(_) | Self::OpenPlatform(_) => self.text(),
        }
    }
}

/// What the palette offers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Offer {
    /// Actions and images.
    Everything,
    /// The images of the file and the platforms, with the image that is shown.
    Images,
}

/// The command palette.
#[derive(Debug)]
pub struct Palette {
    /// The context below the palette, which the action runs in.
    pub of: Context,
    /// What it offers.
    pub offer: Offer,
    rows: Vec<PaletteCommand>,
    /// Actions of other views, and those that have no effect now.
    elsewhere: Vec<ActionRow>,
    /// The words that are searched, in lower case.
    words: Vec<String>,
    /// Indices of the rows that match.
    matches: Vec<usize>,
    /// Selection and viewport of the matches.
    pub scroll: Scroll,
}

impl Palette {
    /// Lists the available actions of a context, for a pane also those of the other one; then the layers, and the other
    /// images of the source, if it is open.
    #[must_use]
    pub fn new(
        keymap: &Keymap,
        of: Context,
        offer: Offer,
        image: Option<&Image>,
        is_available: impl Fn(Action) -> bool,
    ) -> Self {
        let is_pane = |context| matches!(context, Context::Layers | Context::FileTree);
        let is_offered = |row: &&ActionRow| {
            let here = row.contexts.contains(&of);
            let beside = is_pane(of) && row.contexts.iter().any(|context| is_pane(*context));
            (here || beside) && is_available(row.action)
        };
        let all = keymap.all().iter().filter(|row| offer == Offer::Everything && !is_basic(row.action));
        let (mut actions, elsewhere): (Vec<ActionRow>, Vec<ActionRow>) = all.cloned().partition(|row| is_offered(&row));
        // The tasks in the order of the help; of each the important actions first.
        actions.sort_by_key(|row| (row.task, row.rank.unwrap_or(u16::MAX)));
        let actions = actions.into_iter().map(PaletteCommand::Act);
        let images = image.into_iter().flat_map(|image| image.other_images.iter().cloned().map(PaletteCommand::Open));
        let platforms =
            image.into_iter().flat_map(|image| image.other_platforms.iter().cloned().map(PaletteCommand::OpenPlatform));
        let layers = image.filter(|_| offer == Offer::Everything).into_iter().flat_map(layers);
        let shown = image.filter(|_| offer == Offer::Images).map(shown);
        let rows: Vec<PaletteCommand> = actions.chain(layers).chain(shown).chain(images).chain(platforms).collect();
        let (matches, words) = (Vec::new(), Vec::new());
        let mut palette = Self { of, offer, rows, elsewhere, words, matches, scroll: Scroll::default() };
        palette.search("");
        palette
    }

    /// Keeps the rows with all `words` in their description, in any case and order. Actions with the words in their name
    /// come first.
    pub fn search(&mut self, words: &str) {
        self.words = words.split_whitespace().map(str::to_lowercase).collect();
        let words = &self.words;
        let is_match = |row: &PaletteCommand| has_all(&row.words(), words);
        let is_name = |row: &PaletteCommand| match row {
            PaletteCommand::Act(action) => has_all(action.hint, words),
            _ => false,
        };
        self.matches = (0..self.rows.len()).filter(|at| is_match(&self.rows[*at])).collect();
        self.matches.sort_by_key(|at| !is_name(&self.rows[*at]));
        self.scroll.set_count(self.matches.len());
        // Opening the image that is shown has no effect.
        let is_other = |at: &usize| !matches!(self.row(*at), Some(PaletteCommand::Shown(_)));
        self.scroll.select((0..self.matches.len()).find(is_other).unwrap_or(0));
    }

    /// The actions with the words that have no effect here.
    pub fn not_available(&self) -> impl Iterator<Item = &ActionRow> {
        self.elsewhere.iter().filter(|row| has_all(&words_of(row), &self.words))
    }

    /// The row of a match.
    #[must_use]
    pub fn row(&self, at: usize) -> Option<&PaletteCommand> {
        self.matches.get(at).and_then(|row| self.rows.get(*row))
    }

    /// The selected row.
    #[must_use]
    pub fn selected(&self) -> Option<&PaletteCommand> {
        self.row(self.scroll.selected())
    }

    /// Number of actions, matching or not.
    #[must_use]
    pub fn count(&self) -> usize {
        self.rows.len()
    }
}

/// True if a text has all words, which are in lower case.
fn has_all(text: &str, words: &[String]) -> bool {
    let text = text.to_lowercase();
    words.iter().all(|word| text.contains(word))
}

/// The words that an action is found by: its name, its description, and other names for it.
fn words_of(row: &ActionRow) -> String {
    format!("{} {} {}", row.hint, row.does, other_names(row.action))
}

/// Words of the help, of the documentation and of other programs for an action.
const fn other_names(action: Action) -> &'static str {
    match action {
        Action::Quit => "exit leave",
        Action::Suspend => "background",
        Action::ToggleCollapseDir | Action::ToggleCollapseAllDir => "fold unfold open",
        Action::ToggleUnchangedDirs => "fold unfold unmodified dirs",
        Action::ToggleAttributes => "mode owner uid gid columns",
        Action::ToggleEmptySteps => "dockerfile instructions history",
        Action::ToggleSortOrder => "order size largest biggest name",
        Action::ToggleWrap => "fold names",
        Action::ToggleHex => "hexadecimal binary",
        Action::ExtractFile => "save write export download",
        Action::ViewFile | Action::ViewVersion => "open show read content cat",
        Action::FileHistory => "list versions whiteout",
        Action::ShowDiff => "difference changes",
        Action::FilterFiles | Action::SearchAll => "find search grep secret deleted whiteout",
        Action::WasteView => "wasted reclaimable hidden space advice remedy dockerfile",
        Action::ToggleAddedFiles
        | Action::ToggleRemovedFiles
        | Action::ToggleModifiedFiles
        | Action::ToggleUnmodifiedFiles => "hidden kinds",
        Action::ShowImages => "open tag platform architecture",
        Action::ShowWarnings => "errors problems",
        Action::MarkBase => "diff two layers",
        Action::ReverseSortOrder => "ascending descending direction",
        Action::OpenImage => "explore show reason error",
        Action::ShowRules => "verdict broken checks reason",
        Action::CloseFilterFiles => "back",
        Action::CopyPath => "yank",
        Action::Help => "keys bindings shortcuts",
        _ => "",
    }
}

/// An image of the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OfferedImage {
    /// Its names, with its number if it is not the one that is shown.
    pub name: String,
    /// Its platforms. Empty if they are not known.
    pub platforms: String,
}

impl From<&ImageName> for OfferedImage {
    fn from(image: &ImageName) -> Self {
        let platforms: Vec<_> = image.platforms.iter().map(ToString::to_string).collect();
        Self { name: image.to_string(), platforms: platforms.join(", ") }
    }
}

/// `1: shop:2 · linux/amd64, linux/arm64`.
impl fmt::Display for OfferedImage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, platforms } = self;
        let separator = if platforms.is_empty() { "" } else { " · " };
        write!(f, "{name}{separator}{platforms}")
    }
}

/// The tags of the image that is shown, or its name, and its platform.
fn shown(image: &Image) -> PaletteCommand {
    let names = if image.tags.is_empty() { image.name.clone() } else { image.tags.join(", ") };
    let platforms = image.platform.as_ref().map_or_else(String::new, ToString::to_string);
    PaletteCommand::Shown(OfferedImage { name: start_of(&names, MAX_INSTRUCTION).to_owned(), platforms })
}

/// The layers of an image, with their instructions.
fn layers(image: &Image) -> impl Iterator<Item = PaletteCommand> + '_ {
    image.layers.iter().enumerate().filter_map(|(at, layer)| {
        let instruction = instruction::line(start_of(&layer.created_by, MAX_INSTRUCTION));
        Some(PaletteCommand::SelectLayer(LayerIndex::new(at)?, instruction))
    })
}

/// Bytes of an instruction that are searched.
const MAX_INSTRUCTION: usize = 4096;

/// Actions that nobody looks for by name, or that need the line that the palette uses.
const fn is_basic(action: Action) -> bool {
    matches!(
        action,
        Action::Up
            | Action::Down
            | Action::Left
            | Action::Right
            | Action::PageUp
            | Action::PageDown
            | Action::Accept
            | Action::KeepSpecialBits
            | Action::CompleteFolder
            | Action::CommandPalette
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Keybinding;

    fn found(of: Context, words: &str) -> Vec<Action> {
        let keymap = Keymap::new(&Keybinding::default());
        let mut palette = Palette::new(&keymap, of, Offer::Everything, None, |action| action != Action::ShowImages);
        palette.search(words);
        let actions = (0..palette.scroll.count()).filter_map(|at| match palette.row(at) {
            Some(PaletteCommand::Act(row)) => Some(row.action),
            _ => None,
        });
        actions.collect()
    }

    #[test]
    fn useful_actions_come_first() {
        assert_eq!(found(Context::Layers, "")[..2], [Action::NextChange, Action::CompareLayer]);
        assert_eq!(found(Context::Layers, "").last(), Some(&Action::Suspend));
        assert_eq!(found(Context::FileTree, "view file")[0], Action::ViewFile);
        assert_eq!(
            found(Context::FileTree, "extract")[0],
            Action::ExtractFile,
            "its name is better than a description"
        );
    }

    /// On 80 columns, the keys and the border leave 62 for what an action does.
    #[test]
    fn descriptions_fit_a_small_terminal() {
        let keymap = Keymap::new(&Keybinding::default());
        for row in keymap.all().iter().filter(|row| !is_basic(row.action)) {
            assert!(row.does.len() <= 62, "{}", row.does);
        }
    }

    #[test]
    fn an_action_is_found_by_words_in_any_order() {
        assert_eq!(found(Context::FileTree, "clipboard COPY"), [Action::CopyPath]);
        assert_eq!(found(Context::Layers, "hide removed"), [Action::ToggleRemovedFiles], "the other pane's too");
        assert_eq!(found(Context::Waste, "hide removed"), []);
        for (words, action) in [
            ("fold", Action::ToggleCollapseDir),
            ("largest", Action::ToggleSortOrder),
            ("size", Action::ToggleSortOrder),
            ("exit", Action::Quit),
            ("quit", Action::Quit),
            ("save", Action::ExtractFile),
            ("hidden", Action::ToggleRemovedFiles),
            ("whiteout", Action::FileHistory),
            ("dockerfile", Action::ToggleEmptySteps),
        ] {
            assert!(found(Context::FileTree, words).contains(&action), "{words}");
        }
        assert!(found(Context::FileTree, "").len() > 20);
        assert_eq!(found(Context::FileTree, "no such words"), []);
        assert_eq!(found(Context::FileTree, "choose another image"), [], "not available");
    }
}
