//! The settings of the screen, from configuration and environment.

use std::path::PathBuf;

use super::files::Folding;
use super::layers::CompareMode;
use crate::config::{Config, DiffType, Origin, Setting, ThemeName, forbids_colour};
use crate::tui::background::Background;
use crate::tui::keymap::Keymap;
use crate::tui::theme::Theme;
use dive_model::tree::Change;
use dive_sources::Environment;

/// The settings of the screen, from configuration and environment.
#[derive(Debug)]
pub struct ScreenSettings {
    /// Key bindings.
    pub keymap: Keymap,
    pub(in crate::tui) theme: Theme,
    theme_choice: ThemeChoice,
    hide: Setting<Vec<DiffType>>,
    pub(super) warnings: Vec<String>,
    pub(super) folding: Folding,
    pub(super) tree_share: f64,
    pub(super) attributes: Attributes,
    pub(super) mode: CompareMode,
    /// Base of relative folders that the user types.
    pub working_dir: PathBuf,
    /// Home folder, for `~` in folders that the user types.
    pub home: Option<PathBuf>,
}

/// Who chooses the theme.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ThemeChoice {
    /// The configuration, or `NO_COLOR`.
    Named,
    /// The background of the terminal.
    ByBackground,
}

/// Whether the file tree shows permissions, owners and sizes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Attributes {
    /// All columns that fit.
    Shown,
    /// Only names.
    Hidden,
}

impl ScreenSettings {
    /// Builds the settings from the configuration and two environment variables: `NO_COLOR` (if not empty), and
    /// `COLORFGBG`, which tells a light background from a dark one.
    #[must_use]
    pub fn new(config: &Config, environment: &Environment) -> Self {
        let theme = match config.theme.value {
            // An explicitly named theme overrides NO_COLOR.
            ThemeName::Auto if forbids_colour(environment) => ThemeName::Mono,
            named => named,
        };
        let background = environment.text("COLORFGBG").and_then(Background::of_variable);
        let by_background = theme == ThemeName::Auto;
        Self {
            keymap: Keymap::new(&config.keybinding),
            theme: Theme::named(theme, background),
            theme_choice: if by_background { ThemeChoice::ByBackground } else { ThemeChoice::Named },
            hide: config.diff.hide.clone(),
            warnings: config.warnings.iter().map(ToString::to_string).collect(),
            folding: match (config.filetree.collapse_dir.value, config.filetree.fold_unchanged.value) {
                (true, _) => Folding::Collapsed,
                (false, true) => Folding::Changed,
                (false, false) => Folding::Expanded,
            },
            tree_share: config.filetree.pane_width.value.get(),
            attributes: if config.filetree.show_attributes.value { Attributes::Shown } else { Attributes::Hidden },
            mode: if config.layer.show_aggregated_changes.value { CompareMode::Aggregated } else { CompareMode::Layer },
            working_dir: environment.working_dir.clone(),
            home: environment.home.clone(),
        }
    }
}

impl ScreenSettings {
    /// Adds warnings that were printed before the screen opened.
    pub fn warn(&mut self, warnings: impl IntoIterator<Item = String>) {
        self.warnings.extend(warnings);
    }

    /// True if the background of the terminal chooses the theme.
    pub(in crate::tui) fn follows_background(&self) -> bool {
        self.theme_choice == ThemeChoice::ByBackground
    }

    /// Takes the theme for a background, unless another theme is named.
    pub(in crate::tui) fn follow(&mut self, background: Background) {
        if self.follows_background() {
            self.theme = Theme::named(ThemeName::Auto, Some(background));
        }
    }

    /// The kinds of change that `diff.hide` hides.
    pub(super) fn hidden(&self) -> impl Iterator<Item = Change> {
        self.hide.value.iter().map(|hidden| change_of(*hidden))
    }

    /// The origin of `diff.hide` if it hides all of these kinds, else `None`.
    pub(in crate::tui) fn hides_all(&self, mut kinds: impl Iterator<Item = Change>) -> Option<&Origin> {
        let hides = |kind| self.hide.value.iter().any(|hidden| change_of(*hidden) == kind);
        kinds.all(hides).then_some(&self.hide.origin)
    }
}

const fn change_of(hidden: DiffType) -> Change {
    match hidden {
        DiffType::Added => Change::Added,
        DiffType::Removed => Change::Removed,
        DiffType::Modified => Change::Modified,
        DiffType::Unmodified => Change::Unmodified,
    }
}
