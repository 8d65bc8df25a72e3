//! Bars in eighths of a cell: the size of a layer with its waste, and the share of a file in its directory.

use ratatui::style::Style;
use ratatui::text::Span;

use crate::tui::theme::Theme;

/// Width of a bar in cells.
pub(in crate::tui) const BAR_WIDTH: usize = 8;

/// Cells that are filled from the left, by eighths.
const PARTS: [&str; 9] = [" ", "▏", "▎", "▍", "▌", "▋", "▊", "▉", "█"];

/// What tells waste from the rest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::tui) enum WasteMark {
    /// Its colour.
    Colour,
    /// A shade, where cells have no colours of their own.
    Shade,
}

/// Draws a share of `whole` in `cells` cells. Any share but 0 is visible.
pub(in crate::tui) fn share_bar(part: u64, whole: u64, cells: usize) -> String {
    let end = eighths(part, whole, cells);
    let end = if part == 0 { 0 } else { end.max(1) };
    (0..cells).map(|cell| PARTS[end.saturating_sub(cell * 8).min(8)]).collect()
}

/// A share of `whole` in eighths of `cells` cells.
fn eighths(part: u64, whole: u64, cells: usize) -> usize {
    if whole == 0 {
        return 0;
    }
    let share = (part as f64 / whole as f64 * (cells * 8) as f64).round();
    // Not negative, and limited below.
    #[allow(clippy::cast_sign_loss, reason = "sizes are not negative")]
    let share = share as usize;
    share.min(cells * 8)
}

/// Draws the size of a layer relative to the largest one; its waste is at the end. Any size but 0 is visible. Waste is
/// as wide as it is, and invisible below half an eighth of a cell.
pub(in crate::tui) fn bar<'a>(size: u64, waste: u64, largest: u64, mark: WasteMark, theme: &Theme) -> Vec<Span<'a>> {
    let all = if size == 0 { 0 } else { eighths(size, largest, BAR_WIDTH).max(1) };
    let kept = match all {
        // One eighth stands for all bytes: its colour is that of the larger part.
        1 => usize::from(waste <= size / 2),
        all => all - eighths(waste, largest, BAR_WIDTH).min(all),
    };
    (0..BAR_WIDTH)
        .map(|cell| {
            let before = |eighths: usize| eighths.saturating_sub(cell * 8).min(8);
            part(before(kept), before(all), mark, theme)
        })
        .collect()
}

/// A cell with `end` of its eighths filled, of which the first `kept` are not waste.
fn part<'a>(kept: usize, end: usize, mark: WasteMark, theme: &Theme) -> Span<'a> {
    let wasted = end - kept;
    let (glyph, style) = match mark {
        _ if wasted == 0 => (PARTS[end], theme.bar),
        WasteMark::Colour if kept == 0 => (PARTS[end], theme.waste),
        // Two colours in one cell: that of the waste is its background.
        WasteMark::Colour if end == 8 => (PARTS[kept], theme.bar.patch(background(theme.waste))),
        WasteMark::Colour => (PARTS[end], if kept < wasted { theme.waste } else { theme.bar }),
        WasteMark::Shade if wasted >= 4 => ("▒", theme.waste),
        // No shade is as narrow as an eighth; a light one tells that nothing of the cell is kept.
        WasteMark::Shade if kept == 0 => ("░", theme.waste),
        WasteMark::Shade => (PARTS[end], theme.bar),
    };
    Span::styled(glyph, style)
}

/// The foreground of a style as background.
fn background(style: Style) -> Style {
    style.fg.map_or_else(Style::new, |colour| Style::new().bg(colour))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::ThemeName;

    fn drawn(size: u64, waste: u64, largest: u64) -> String {
        let theme = Theme::named(ThemeName::Mono, None);
        bar(size, waste, largest, WasteMark::Shade, &theme).iter().map(|span| span.content.as_ref()).collect()
    }

    #[test]
    fn a_bar_shows_the_share_of_the_largest_layer_and_its_waste() {
        assert_eq!(drawn(100, 0, 100), "████████");
        assert_eq!(drawn(100, 50, 100), "████▒▒▒▒");
        assert_eq!(drawn(100, 100, 100), "▒▒▒▒▒▒▒▒");
        assert_eq!(drawn(50, 0, 80), "█████   ");
        assert_eq!(drawn(55, 0, 80), "█████▌  ");
        assert_eq!(drawn(1, 0, 1_000_000), "▏       ", "any size is visible");
        assert_eq!(drawn(0, 0, 100), "        ");
        assert_eq!(drawn(u64::MAX, 1, u64::MAX), "████████", "waste is as wide as it is");
        assert_eq!(drawn(90_000, 232, 2_000_000), "▍       ");
        assert_eq!(drawn(90_000, 90_000, 2_000_000), "░       ", "a thin bar shows its waste, too");
        assert_eq!(drawn(1, 1, 1_000_000), "░       ");
    }

    #[test]
    fn a_share_is_drawn_in_eighths() {
        assert_eq!(share_bar(1, 2, 4), "██  ");
        assert_eq!(share_bar(0, 2, 4), "    ");
        assert_eq!(share_bar(1, 1_000, 4), "▏   ");
        assert_eq!(share_bar(9, 3, 2), "██", "a part is not larger than its whole");
        assert_eq!(share_bar(1, 0, 2), "▏ ");
    }

    #[test]
    fn the_border_between_kept_and_wasted_bytes_may_be_inside_a_cell() {
        let theme = Theme::named(ThemeName::Dark, None);
        let cells = bar(64, 60, 64, WasteMark::Colour, &theme);
        assert_eq!(cells[0].content, "▌");
        assert_eq!((cells[0].style.fg, cells[0].style.bg), (theme.bar.fg, theme.waste.fg));
        let smallest = |waste| bar(10, waste, 1_000_000, WasteMark::Colour, &theme)[0].clone();
        assert_eq!((smallest(6).content.as_ref(), smallest(6).style), ("▏", theme.waste));
        assert_eq!(smallest(5).style, theme.bar);
        assert!(cells[1..].iter().all(|cell| cell.content == "█" && cell.style == theme.waste));
    }
}
