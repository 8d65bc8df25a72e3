//! Draws the command palette.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::pane::{self, PaneFocus};
use crate::tui::state::ScreenState;
use crate::tui::state::palette::{Offer, OfferedImage, Palette, PaletteCommand};
use crate::tui::state::prompt::Prompt;
use crate::tui::text::{columns, cut, left, printable};

/// Width of the keys.
const KEYS_WIDTH: usize = 15;

pub(super) fn draw(state: &ScreenState, palette: &Palette, frame: &mut Frame<'_>, area: Rect) {
    let theme = &state.settings.theme;
    let (title, keys_width, nothing) = match palette.offer {
        Offer::Everything => ("Actions", KEYS_WIDTH, "No action matches."),
        Offer::Images => ("Images and platforms", 1, "No image matches."),
    };
    let inside = pane::draw(title, PaneFocus::Focused, theme, frame, area);
    let width = usize::from(inside.width);
    let words = state.prompt.as_ref().map_or("", Prompt::text);
    let mut lines = Vec::new();
    for at in palette.scroll.visible() {
        let Some(row) = palette.row(at) else { break };
        let room = width.saturating_sub(keys_width + 1);
        let (keys, text) = match row {
            PaletteCommand::Act(action) => (action.key_names(), row.text()),
            PaletteCommand::Shown(image) => ("●".to_owned(), listed(image, room)),
            PaletteCommand::SelectLayer(layer, instruction) => {
                let before = format!("Layer {layer}: ");
                let room = room.saturating_sub(before.len());
                (String::new(), before + &around(&printable(instruction), words, room))
            }
            // In a list of images, the verb says nothing.
            PaletteCommand::Open(image) if palette.offer == Offer::Images => {
                let mut image = OfferedImage::from(image);
                image.name = image.name.replacen(": ", "  ", 1);
                (String::new(), listed(&image, room))
            }
            PaletteCommand::OpenPlatform(platform) if palette.offer == Offer::Images => {
                (String::new(), printable(&format!("same image · {platform}")))
            }
            PaletteCommand::Open(_) | PaletteCommand::OpenPlatform(_) => (String::new(), printable(&row.text())),
        };
        let line = Line::from(vec![
            Span::styled(left(&keys, keys_width), theme.key),
            Span::raw(format!(" {}", left(&cut(&text, room), room))),
        ]);
        let is_selected = at == palette.scroll.selected();
        lines.push(if is_selected { pane::select(line, PaneFocus::Focused, theme) } else { line });
    }
    if palette.scroll.count() == 0 {
        let mut elsewhere = palette.not_available().peekable();
        if elsewhere.peek().is_none() {
            lines.push(Line::raw(nothing));
        }
        lines.extend(elsewhere.map(|row| Line::raw(cut(&format!("Not available here: {}", row.does), width))));
    }
    pane::draw_lines(lines, frame, inside);
    pane::scroll_marks(palette.scroll.hidden(), theme, frame, area);
}

/// An image in `room` columns. Of a long name, the end is left out: equal names differ in their platforms.
fn listed(image: &OfferedImage, room: usize) -> String {
    if image.platforms.is_empty() {
        return cut(&printable(&image.name), room);
    }
    let name = printable(&image.name);
    let beside = room.saturating_sub(columns(&name)).max(room / 2);
    let platforms = cut(&format!(" · {}", printable(&image.platforms)), beside);
    cut(&name, room.saturating_sub(columns(&platforms))) + &platforms
}

/// A text in `room` columns with the last of `words` in view: its start is left out if that would be cut.
fn around(text: &str, words: &str, room: usize) -> String {
    let lower = text.to_ascii_lowercase();
    let words = words.split_whitespace().map(str::to_ascii_lowercase);
    let end = words.filter_map(|word| Some(lower.find(&word)? + word.len())).max().unwrap_or(0);
    if columns(text) <= room || columns(&text[..text.floor_char_boundary(end)]) < room {
        return text.to_owned();
    }
    let start = text.floor_char_boundary(end.saturating_sub(room * 2 / 3));
    format!("…{}", &text[start..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_name_leaves_room_for_the_platforms() {
        let image =
            |name: &str, platforms: &str| OfferedImage { name: name.to_owned(), platforms: platforms.to_owned() };
        assert_eq!(listed(&image("shop:1", "linux/arm64"), 20), "shop:1 · linux/arm64");
        assert_eq!(listed(&image("registry.example/shop:1", "linux/arm64"), 30), "registry.exampl… · linux/arm64");
        assert_eq!(listed(&image("shop:1", ""), 4), "sho…");
        assert!(columns(&listed(&image("shop:1", "linux/arm64, linux/s390x"), 20)) <= 20);
    }

    #[test]
    fn a_word_that_is_found_is_visible() {
        let text = "RUN apt-get update && apt-get install -y curl && rm -rf /var/lib/apt/lists";
        assert_eq!(around(text, "update", 30), text, "cut at its end by the caller");
        let shown = around(text, "LISTS", 30);
        assert!(shown.starts_with('…') && shown.ends_with("lists") && columns(&shown) <= 30, "{shown}");
        assert!(around(&"ü".repeat(100), "ü", 10).starts_with('ü'));
        assert_eq!(around(text, "", 10), text);
    }
}
