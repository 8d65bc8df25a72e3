//! Colours. Nothing is said by colour alone: marks, words and shapes say the same, and `mono` shows it.

use ratatui::style::{Color, Modifier, Style};

use crate::config::ThemeName;
use dive_model::tree::Change;

/// How things look.
#[derive(Debug, Clone, Copy)]
pub(super) struct Theme {
    /// Borders and titles of what has the keys.
    pub focused: Style,
    /// Borders of what has not.
    pub border: Style,
    /// Titles of what has not the keys.
    pub title: Style,
    /// The selected row of what has the keys.
    pub selected: Style,
    /// The selected row of what has not.
    pub selected_unfocused: Style,
    /// What matters less.
    pub dim: Style,
    /// Names of what is told.
    pub label: Style,
    /// A key in a hint.
    pub key: Style,
    /// What a filter or a search found.
    pub found: Style,
    /// Waste.
    pub waste: Style,
    /// Size.
    pub bar: Style,
    /// What went wrong.
    pub error: Style,
    added: Style,
    modified: Style,
    removed: Style,
}

impl Theme {
    /// Whether it has colours at all.
    #[must_use]
    pub(super) fn has_colours(&self) -> bool {
        self.added.fg.is_some()
    }

    /// The theme of that name. `auto` takes what `COLORFGBG` says of the background; where nothing is said, the terminal's
    /// own sixteen colours, which its user can read on any.
    #[must_use]
    pub(super) fn named(name: ThemeName, background: Option<&str>) -> Self {
        match name {
            ThemeName::Auto => match background.and_then(|told| told.rsplit(';').next()?.parse::<u8>().ok()) {
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

    /// How a path looks that changed so.
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
    fn auto_takes_the_terminals_word_for_its_background() {
        let added = |told| Theme::named(ThemeName::Auto, told).added;
        assert_eq!(added(Some("15;0")), Theme::dark().added);
        assert_eq!(added(Some("0;default;15")), Theme::light().added);
        assert_eq!(added(Some("0;7")), Theme::light().added);
        assert_eq!(added(Some("0;8")), Theme::dark().added);
        assert_eq!(added(Some("default")), Theme::ansi().added);
        assert_eq!(added(None), Theme::ansi().added);
    }

    #[test]
    fn mono_has_no_colour_and_shows_what_is_selected() {
        let mono = Theme::named(ThemeName::Mono, None);
        let styles = [mono.selected, mono.selected_unfocused, mono.found, mono.waste, mono.error, mono.added, mono.key];
        assert!(styles.iter().all(|style| style.fg.is_none() && style.bg.is_none()));
        assert_ne!(mono.selected, Style::new());
    }
}
