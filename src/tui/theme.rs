//! Colour themes. No information is in colour alone: marks, words and shapes repeat it, as the `mono` theme shows.

use ratatui::style::{Color, Modifier, Style};

use crate::config::ThemeName;
use dive_model::tree::Change;

/// The styles of the screen.
#[derive(Debug, Clone, Copy)]
pub(super) struct Theme {
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
    /// Match of a filter or a search.
    pub found: Style,
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

    /// Returns a theme by name. `auto` chooses by the background in `COLORFGBG`; without it, the terminal's own sixteen
    /// colours, which are readable on any background.
    #[must_use]
    pub(super) fn named(name: ThemeName, background: Option<&str>) -> Self {
        match name {
            ThemeName::Auto => match background.and_then(|colours| colours.rsplit(';').next()?.parse::<u8>().ok()) {
                Some(7 | 9..) => Self::light(),
                Some(_) => Self::dark(),
                None => Self::ansi(),
            },
            ThemeName::Dark => Self::dark(),
            ThemeName::Light => Self::light(),
            ThemeName::Ansi => Self::ansi(),
            ThemeName::Mono => Self::mono(),
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
        Self {
            focused: fg(Color::Indexed(75)).add_modifier(Modifier::BOLD),
            border: fg(Color::Indexed(240)),
            title: fg(Color::Indexed(250)),
            selected: Style::new().bg(Color::Indexed(238)).add_modifier(Modifier::BOLD),
            selected_unfocused: Style::new().bg(Color::Indexed(235)),
            dim: fg(Color::Indexed(244)),
            label: fg(Color::Indexed(250)).add_modifier(Modifier::BOLD),
            key: fg(Color::Indexed(75)).add_modifier(Modifier::BOLD),
            found: fg(Color::Indexed(16)).bg(Color::Indexed(179)),
            waste: fg(Color::Indexed(174)),
            bar: fg(Color::Indexed(67)),
            error: fg(Color::Indexed(210)).add_modifier(Modifier::BOLD),
            added: fg(Color::Indexed(114)),
            modified: fg(Color::Indexed(180)),
            removed: fg(Color::Indexed(174)),
        }
    }

    const fn light() -> Self {
        Self {
            focused: fg(Color::Indexed(25)).add_modifier(Modifier::BOLD),
            border: fg(Color::Indexed(248)),
            title: fg(Color::Indexed(238)),
            selected: Style::new().bg(Color::Indexed(252)).add_modifier(Modifier::BOLD),
            selected_unfocused: Style::new().bg(Color::Indexed(254)),
            dim: fg(Color::Indexed(243)),
            label: fg(Color::Indexed(236)).add_modifier(Modifier::BOLD),
            key: fg(Color::Indexed(25)).add_modifier(Modifier::BOLD),
            found: fg(Color::Indexed(16)).bg(Color::Indexed(222)),
            waste: fg(Color::Indexed(124)),
            bar: fg(Color::Indexed(67)),
            error: fg(Color::Indexed(124)).add_modifier(Modifier::BOLD),
            added: fg(Color::Indexed(22)),
            modified: fg(Color::Indexed(94)),
            removed: fg(Color::Indexed(124)),
        }
    }

    const fn ansi() -> Self {
        Self {
            focused: fg(Color::Cyan).add_modifier(Modifier::BOLD),
            border: Style::new(),
            title: Style::new(),
            selected: Style::new().add_modifier(Modifier::REVERSED),
            selected_unfocused: Style::new().add_modifier(Modifier::UNDERLINED),
            dim: Style::new().add_modifier(Modifier::DIM),
            label: Style::new().add_modifier(Modifier::BOLD),
            key: fg(Color::Cyan).add_modifier(Modifier::BOLD),
            found: fg(Color::Black).bg(Color::Yellow),
            waste: fg(Color::Red),
            bar: fg(Color::Blue),
            error: fg(Color::Red).add_modifier(Modifier::BOLD),
            added: fg(Color::Green),
            modified: fg(Color::Yellow),
            removed: fg(Color::Red),
        }
    }

    const fn mono() -> Self {
        let plain = Style::new();
        Self {
            focused: plain.add_modifier(Modifier::BOLD),
            border: plain,
            title: plain,
            selected: plain.add_modifier(Modifier::REVERSED),
            selected_unfocused: plain.add_modifier(Modifier::UNDERLINED),
            dim: plain,
            label: plain.add_modifier(Modifier::BOLD),
            key: plain.add_modifier(Modifier::BOLD),
            found: plain.add_modifier(Modifier::UNDERLINED).add_modifier(Modifier::BOLD),
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
    fn the_auto_theme_follows_the_background_in_colorfgbg() {
        let added = |background| Theme::named(ThemeName::Auto, background).added;
        assert_eq!(added(Some("15;0")), Theme::dark().added);
        assert_eq!(added(Some("0;default;15")), Theme::light().added);
        assert_eq!(added(Some("0;7")), Theme::light().added);
        assert_eq!(added(Some("0;8")), Theme::dark().added);
        assert_eq!(added(Some("default")), Theme::ansi().added);
        assert_eq!(added(None), Theme::ansi().added);
    }

    #[test]
    fn the_mono_theme_has_no_colour_and_shows_the_selection() {
        let mono = Theme::named(ThemeName::Mono, None);
        let styles = [mono.selected, mono.selected_unfocused, mono.found, mono.waste, mono.error, mono.added, mono.key];
        assert!(styles.iter().all(|style| style.fg.is_none() && style.bg.is_none()));
        assert_ne!(mono.selected, Style::new());
    }
}
