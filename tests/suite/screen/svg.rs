//! Renders a frame as SVG: a `text` element per run of one style, a `rect` per background. Each run has an explicit
//! width, so that columns align in any monospaced font.

use std::fmt::Write;

use ratatui::buffer::{Buffer, Cell};
use ratatui::style::{Color, Modifier};

/// Size of a cell in pixels.
const WIDTH: f32 = 8.43;
const HEIGHT: f32 = 16.3;
/// Margin around the screen.
const MARGIN: f32 = 12.0;

/// The default colours of a terminal.
#[derive(Debug, Clone, Copy)]
pub(super) struct Paper {
    background: &'static str,
    foreground: &'static str,
}

impl Paper {
    /// A dark terminal.
    pub(super) const DARK: Self = Self { background: "#16181d", foreground: "#d0d3da" };
    /// A light terminal.
    pub(super) const LIGHT: Self = Self { background: "#fbfbfa", foreground: "#24262b" };
}

/// Renders the frame, with a title for screen readers.
pub(super) fn svg(cells: &Buffer, title: &str, paper: Paper) -> String {
    let Paper { background, foreground } = paper;
    let (columns, rows) = (f32::from(cells.area.width), f32::from(cells.area.height));
    let (width, height) = (columns * WIDTH + 2.0 * MARGIN, rows * HEIGHT + 2.0 * MARGIN);
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width:.0}\" height=\"{height:.0}\" viewBox=\"0 0 {width:.1} {height:.1}\" role=\"img\">\n\
         <title>{title}</title>\n\
         <rect width=\"100%\" height=\"100%\" rx=\"8\" fill=\"{background}\"/>\n\
         <g font-family=\"ui-monospace, 'DejaVu Sans Mono', Menlo, Consolas, monospace\" font-size=\"14\" fill=\"{foreground}\" xml:space=\"preserve\">\n"
    );
    for row in 0..cells.area.height {
        let line: Vec<&Cell> = (0..cells.area.width).map(|column| &cells[(column, row)]).collect();
        let mut column = 0;
        for run in line.chunk_by(|one, other| one.style() == other.style()) {
            draw(&mut out, run, f32::from(column), f32::from(row), paper);
            column += run.len() as u16;
        }
    }
    out + "</g>\n</svg>\n"
}

/// Renders a run without leading and trailing blanks.
fn draw(out: &mut String, run: &[&Cell], column: f32, row: f32, paper: Paper) {
    let (x, y) = (MARGIN + column * WIDTH, MARGIN + row * HEIGHT);
    let style = run[0];
    let reversed = style.modifier.contains(Modifier::REVERSED);
    let (mut front, mut back) = (colour(style.fg), colour(style.bg));
    if reversed {
        (front, back) = (back.or(Some(paper.background.to_owned())), front.or(Some(paper.foreground.to_owned())));
    }
    if let Some(back) = back {
        let width = run.len() as f32 * WIDTH;
        writeln!(out, "<rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{HEIGHT}\" fill=\"{back}\"/>")
            .unwrap();
    }
    let text: String = run.iter().map(|cell| cell.symbol()).collect();
    let letters = text.trim_end();
    let count = letters.chars().count();
    let letters = letters.trim_start();
    let blanks = count - letters.chars().count();
    if letters.is_empty() {
        return;
    }
    let (start, length) = (x + blanks as f32 * WIDTH, (count - blanks) as f32 * WIDTH);
    let fill = front.map_or(String::new(), |front| format!(" fill=\"{front}\""));
    let weight = if style.modifier.contains(Modifier::BOLD) { " font-weight=\"bold\"" } else { "" };
    let line = if style.modifier.contains(Modifier::UNDERLINED) { " text-decoration=\"underline\"" } else { "" };
    let line = if style.modifier.contains(Modifier::DIM) { format!("{line} opacity=\"0.6\"") } else { line.to_owned() };
    let letters = letters.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let base = y + 13.0;
    writeln!(
        out,
        "<text x=\"{start:.1}\" y=\"{base:.1}\" textLength=\"{length:.1}\" lengthAdjust=\"spacingAndGlyphs\"{fill}{weight}{line}>{letters}</text>"
    )
    .unwrap();
}

/// A colour of xterm's palette; `None` for the default.
fn colour(colour: Color) -> Option<String> {
    let (red, green, blue) = match colour {
        Color::Reset => return None,
        Color::Indexed(index @ 16..=231) => {
            let level = |step: u8| if step == 0 { 0 } else { 55 + 40 * step };
            let cube = index - 16;
            (level(cube / 36), level(cube / 6 % 6), level(cube % 6))
        }
        Color::Indexed(index @ 232..) => (8 + 10 * (index - 232), 8 + 10 * (index - 232), 8 + 10 * (index - 232)),
        // The sixteen colours differ by terminal; these are common ones.
        Color::Black => (0x10, 0x10, 0x14),
        Color::Red => (0xd0, 0x4b, 0x4b),
        Color::Green => (0x3f, 0xa3, 0x4d),
        Color::Yellow => (0xb0, 0x8a, 0x1c),
        Color::Cyan => (0x1f, 0x9a, 0xad),
        other => panic!("no theme has the colour {other}"),
    };
    Some(format!("#{red:02x}{green:02x}{blue:02x}"))
}
