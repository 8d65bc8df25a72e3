//! Colour themes. No information is in colour alone: marks, words and shapes repeat it, as the `mono` theme shows.

use ratatui::style::{Color, Modifier, Style};

use super::background::Background;
use crate::config::ThemeName;
use dive_model::tree::Change;

/// How the selected row of the focused pane is filled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SelectionFill {
    /// Its background is tinted, and the cells keep their colours.
    Tinted,
    /// All cells have one style. Colours of single cells are unreadable once they are reversed.
    Uniform,
}

/// The styles of the screen. Green, yellow and red are for changes and errors, one accent for everything else that must
/// be seen.
#[derive(Debug, Clone, Copy)]
pub(super) struct Theme {
    /// How the selected row is filled.
    pub selection: SelectionFill,
    /// Border and title of the focused pane.
    pub focused: Style,
    /// Border of an unfocused pane.
    pub border: Style,
    /// Title of an unfocused pane.
    pub title: Style,
    /// Selected row of the focused pane.
    pub selected: Style,
    /// Selected row of an unfocused pane.
    pub selected_unfocused: Style,
    /// Secondary text.
    pub dim: Style,
    /// Label before a value.
    pub label: Style,
    /// Key in a hint.
    pub key: Style,
    /// Hint of the active mode.
    pub active: Style,
    /// Match of a filter or a search.
    pub found: Style,
    /// The match that a search is at.
    pub found_current: Style,
    /// Reclaimable bytes.
    pub waste: Style,
    /// Size and progress bars.
    pub bar: Style,
    /// Errors and warnings.
    pub error: Style,
    added: Style,
    modified: Style,
    removed: Style,
}

impl Theme {
    /// False for a monochrome theme.
    #[must_use]
    pub(super) fn has_colours(&self) -> bool {
        self.added.fg.is_some()
    }

    /// Returns a theme by name. `auto` chooses by the background, and is dark if that is unknown.
    #[must_use]
    pub(super) fn named(name: ThemeName, background: Option<Background>) -> Self {
        match (name, background) {
            (ThemeName::Auto, Some(Background::Light)) | (ThemeName::Light, _) => Self::light(),
            (ThemeName::Auto | ThemeName::Dark, _) => Self::dark(),
            (ThemeName::Ansi, _) => Self::ansi(),
            (ThemeName::Mono, _) => Self::mono(),
        }
    }

    /// Style of a path with this change.
    #[must_use]
    pub(super) const fn change(&self, change: Change) -> Style {
        match change {
            Change::Added => self.added,
            Change::Modified => self.modified,
            Change::Removed => self.removed,
            Change::Unmodified => Style::new(),
        }
    }

    const fn dark() -> Self {
        let accent = Color::Indexed(75);
        Self {
            selection: SelectionFill::Tinted,
            focused: fg(accent).add_modifier(Modifier::BOLD),
            border: fg(Color::Indexed(240)),
            title: fg(Color::Indexed(250)),
            selected: Style::new().bg(Color::Indexed(238)).add_modifier(Modifier::BOLD),
            selected_unfocused: Style::new().bg(Color::Indexed(236)),
            dim: fg(Color::Indexed(244)),
            label: fg(Color::Indexed(250)).add_modifier(Modifier::BOLD),
            key: fg(accent).add_modifier(Modifier::BOLD),
            active: fg(Color::Indexed(16)).bg(accent),
            found: fg(accent).add_modifier(Modifier::UNDERLINED),
            found_current: fg(Color::Indexed(16)).bg(accent).add_modifier(Modifier::BOLD),
            waste: fg(accent),
            bar: fg(Color::Indexed(243)),
            error: fg(Color::Indexed(210)).add_modifier(Modifier::BOLD),
            added: fg(Color::Indexed(114)),
            modified: fg(Color::Indexed(180)),
            removed: fg(Color::Indexed(174)),
        }
    }

    const fn light() -> Self {
        let accent = Color::Indexed(25);
        Self {
            selection: SelectionFill::Tinted,
            focused: fg(accent).add_modifier(Modifier::BOLD),
            border: fg(Color::Indexed(248)),
            title: fg(Color::Indexed(238)),
            selected: Style::new().bg(Color::Indexed(252)).add_modifier(Modifier::BOLD),
            selected_unfocused: Style::new().bg(Color::Indexed(254)),
            dim: fg(Color::Indexed(243)),
            label: fg(Color::Indexed(236)).add_modifier(Modifier::BOLD),
            key: fg(accent).add_modifier(Modifier::BOLD),
            active: fg(Color::Indexed(231)).bg(accent),
            found: fg(accent).add_modifier(Modifier::UNDERLINED),
            found_current: fg(Color::Indexed(231)).bg(accent).add_modifier(Modifier::BOLD),
            waste: fg(accent),
            bar: fg(Color::Indexed(246)),
            error: fg(Color::Indexed(124)).add_modifier(Modifier::BOLD),
            added: fg(Color::Indexed(22)),
            modified: fg(Color::Indexed(94)),
            removed: fg(Color::Indexed(124)),
        }
    }

    const fn ansi() -> Self {
        let accent = Color::Cyan;
        Self {
            selection: SelectionFill::Uniform,
            focused: fg(accent).add_modifier(Modifier::BOLD),
            border: Style::new(),
            title: Style::new(),
            selected: Style::new().add_modifier(Modifier::REVERSED),
            selected_unfocused: Style::new().add_modifier(Modifier::UNDERLINED),
            dim: Style::new().add_modifier(Modifier::DIM),
            label: Style::new().add_modifier(Modifier::BOLD),
            key: fg(accent).add_modifier(Modifier::BOLD),
            active: fg(accent).add_modifier(Modifier::REVERSED),
            found: fg(accent).add_modifier(Modifier::UNDERLINED),
            found_current: fg(Color::Black).bg(accent).add_modifier(Modifier::BOLD),
            waste: fg(accent),
            bar: Style::new().add_modifier(Modifier::DIM),
            error: fg(Color::Red).add_modifier(Modifier::BOLD),
            added: fg(Color::Green),
            modified: fg(Color::Yellow),
            removed: fg(Color::Red),
        }
    }

    const fn mono() -> Self {
        let plain = Style::new();
        Self {
            selection: SelectionFill::Uniform,
            focused: plain.add_modifier(Modifier::BOLD),
            border: plain,
            title: plain,
            selected: plain.add_modifier(Modifier::REVERSED),
            selected_unfocused: plain.add_modifier(Modifier::UNDERLINED),
            dim: plain,
            label: plain.add_modifier(Modifier::BOLD),
            key: plain.add_modifier(Modifier::BOLD),
            active: plain.add_modifier(Modifier::REVERSED),
            found: plain.add_modifier(Modifier::UNDERLINED),
            found_current: plain.add_modifier(Modifier::REVERSED).add_modifier(Modifier::BOLD),
            waste: plain,
            bar: plain,
            error: plain.add_modifier(Modifier::BOLD),
            added: plain,
            modified: plain,
            removed: plain,
        }
    }
}

const fn fg(color: Color) -> Style {
    Style::new().fg(color)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_auto_theme_follows_the_background() {
        let added = |background| Theme::named(ThemeName::Auto, background).added;
        assert_eq!(added(Some(Background::Dark)), Theme::dark().added);
        assert_eq!(added(Some(Background::Light)), Theme::light().added);
        assert_eq!(added(None), Theme::dark().added);
    }

    /// A search goes from match to match: the eye must find the current one first.
    #[test]
    fn the_current_match_differs_from_the_others_by_its_background() {
        for theme in [Theme::dark(), Theme::light(), Theme::ansi(), Theme::mono()] {
            let is_filled = |style: Style| style.bg.is_some() || style.add_modifier.contains(Modifier::REVERSED);
            assert!(is_filled(theme.found_current) && !is_filled(theme.found), "{theme:?}");
        }
    }

    #[test]
    fn the_mono_theme_has_no_colour_and_shows_the_selection() {
        let mono = Theme::named(ThemeName::Mono, None);
        let styles = [mono.selected, mono.selected_unfocused, mono.found, mono.waste, mono.error, mono.added, mono.key];
        assert!(styles.iter().all(|style| style.fg.is_none() && style.bg.is_none()));
        assert_ne!(mono.selected, Style::new());
    }
}
