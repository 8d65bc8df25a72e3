//! Text of the list of images: its columns, what a row says of an image without figures, and the lines below the list.

use super::progress::capitalised;
use super::waste::first_lines;
use crate::many::SetBytes;
use crate::report::many::versions_of;
use crate::tui::state::images::{ImageList, ImageOrder, ListedRow, ReadProgress, RowFigures, RowReason};
use crate::tui::text::{columns, cut_start, printable, wrap};
use dive_model::units::{Bytes, count_of};

/// The columns of the list: the name, then figures.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::tui) struct ImageColumns {
    /// Width of the names.
    pub(in crate::tui) name: usize,
    /// The figures that have a column, from left to right.
    pub(in crate::tui) figures: Vec<ImageOrder>,
}

/// All figures, in the order of the report's table.
const FIGURES: [ImageOrder; 7] = [
    ImageOrder::Stored,
    ImageOrder::Unpacked,
    ImageOrder::Own,
    ImageOrder::Shared,
    ImageOrder::Reclaimable,
    ImageOrder::Kept,
    ImageOrder::Rules,
];
/// The figures that a narrow list leaves out, the first one first.
const OPTIONAL: [ImageOrder; 4] = [ImageOrder::Stored, ImageOrder::Shared, ImageOrder::Kept, ImageOrder::Own];
/// Blanks between two columns.
const GAP: usize = 2;
/// The title of the names.
const NAME_TITLE: &str = "Image";

impl ImageColumns {
    /// The columns of a list of this width. Long names keep two fifths of it, and a list shows what it is sorted by.
    pub(in crate::tui) fn of(list: &ImageList, width: usize) -> Self {
        let (order, _) = list.order();
        let mut figures = FIGURES.to_vec();
        figures.retain(|figure| *figure != ImageOrder::Rules || list.has_verdicts());
        let longest = list.longest_name().max(title_width(NAME_TITLE));
        let names = longest.min(width * 2 / 5);
        let taken = |figures: &[ImageOrder]| figures.iter().map(|figure| GAP + figure_width(*figure)).sum::<usize>();
        for optional in OPTIONAL {
            if taken(&figures) + names > width && optional != order {
                figures.retain(|figure| *figure != optional);
            }
        }
        // The figures stand beside the names on a wide screen, too.
        Self { name: width.saturating_sub(taken(&figures)).min(longest), figures }
    }

    /// The order for a click on the header. `None` right of all columns.
    pub(in crate::tui) fn order_at(&self, column: usize) -> Option<ImageOrder> {
        let mut end = self.name;
        if column < end {
            return Some(ImageOrder::Name);
        }
        self.figures.iter().copied().find(|figure| {
            end += GAP + figure_width(*figure);
            column < end
        })
    }

    /// The titles, with a mark beside that of the order.
    pub(in crate::tui) fn head(&self, list: &ImageList) -> String {
        let (order, direction) = list.order();
        let title = |column: ImageOrder, text: &str| {
            if column == order { format!("{text} {}", direction.mark()) } else { text.to_owned() }
        };
        let name = title(ImageOrder::Name, NAME_TITLE);
        let gap = self.name.saturating_sub(columns(&name));
        let mut head = name + &" ".repeat(gap);
        for figure in &self.figures {
            head.push_str(&cell(&title(*figure, figure_title(*figure)), *figure));
        }
        head
    }

    /// The figures of an image, right of its name.
    pub(in crate::tui) fn cells(&self, figures: &RowFigures) -> impl Iterator<Item = (ImageOrder, String)> {
        self.figures.iter().map(|figure| (*figure, cell(&figure_text(*figure, figures), *figure)))
    }
}

/// A right-aligned cell with the gap before it.
fn cell(text: &str, figure: ImageOrder) -> String {
    let width = GAP + figure_width(figure);
    format!("{}{text}", " ".repeat(width.saturating_sub(columns(text))))
}

/// Room for the title with its mark, and for any size.
fn figure_width(figure: ImageOrder) -> usize {
    title_width(figure_title(figure)).max("1023 MiB".len())
}

fn title_width(title: &str) -> usize {
    columns(title) + " ▼".chars().count()
}

const fn figure_title(figure: ImageOrder) -> &'static str {
    match figure {
        ImageOrder::Named | ImageOrder::Name => NAME_TITLE,
        ImageOrder::Stored => "Stored",
        ImageOrder::Unpacked => "Unpacked",
        ImageOrder::Own => "Own",
        ImageOrder::Shared => "Shared",
        ImageOrder::Reclaimable => "Reclaimable",
        ImageOrder::Kept => "Kept",
        ImageOrder::Rules => "Rules",
    }
}

fn figure_text(figure: ImageOrder, figures: &RowFigures) -> String {
    match figure {
        ImageOrder::Stored => Bytes(figures.stored).to_string(),
        ImageOrder::Unpacked | ImageOrder::Named | ImageOrder::Name => Bytes(figures.unpacked).to_string(),
        ImageOrder::Own => Bytes(figures.own).to_string(),
        ImageOrder::Shared => Bytes(figures.shared()).to_string(),
        ImageOrder::Reclaimable => Bytes(figures.reclaimable).to_string(),
        // Rounded down: 100 % means all.
        ImageOrder::Kept => format!("{:.1} %", (figures.kept * 1000.0).floor() / 10.0),
        ImageOrder::Rules => figures.verdict.word().to_owned(),
    }
}

/// A name in `width` columns. Names end in what tells them apart, so the first directories are left out.
pub(in crate::tui) fn short_name(name: &str, width: usize) -> String {
    let name = printable(name);
    if columns(&name) <= width {
        return name;
    }
    let ends = name.match_indices('/').map(|(at, _)| format!("…{}", &name[at..]));
    ends.into_iter().find(|end| columns(end) <= width).unwrap_or_else(|| cut_start(&name, width))
}

/// What the row of an image says in place of figures.
pub(in crate::tui) fn state_text(name: &str, row: ListedRow<'_>) -> String {
    match row {
        ListedRow::Waiting => "waiting".to_owned(),
        ListedRow::Reading(None) => "reading".to_owned(),
        ListedRow::Reading(Some(ReadProgress::Layers { percent })) => format!("reading, {percent} %"),
        ListedRow::Reading(Some(ReadProgress::Transfer(progress))) => match progress.total {
            Some(total) => format!("{}, {} of {}", progress.step, Bytes(progress.read), Bytes(total)),
            None => format!("{}, {}", progress.step, Bytes(progress.read)),
        },
        ListedRow::Read(_) => String::new(),
        // Most errors name the image themselves.
        ListedRow::Unread(reason) => {
            let brief = reason.strip_prefix(name).and_then(|rest| rest.strip_prefix(": ")).unwrap_or(reason);
            format!("unread: {}", printable(brief))
        }
    }
}

/// The line above the hints: how many images are read.
pub(in crate::tui) fn status(list: &ImageList) -> String {
    let counts = list.counts();
    let images = count_of(list.len() as u64, "image");
    let mut parts = vec![match counts.read {
        read if read == list.len() => format!("{images} read"),
        read => format!("{read} of {images} read"),
    }];
    if counts.unread > 0 {
        parts.push(format!("{} unread", counts.unread));
    }
    if counts.broken > 0 {
        parts.push(format!("{} with broken rules", counts.broken));
    }
    parts.extend(list.being_read().map(|name| format!("reading {}", printable(name))));
    parts.join(" · ")
}

/// Lines below the list, with the rule above them.
const FOOT_HEIGHT: usize = 6;
/// Below this height of the terminal, there are only the most important lines.
const WITH_FOOT_HEIGHT: u16 = 20;
const LOW_FOOT_HEIGHT: usize = 3;

/// Number of lines below the list, on a terminal of this size.
pub(in crate::tui) const fn foot_height((_, height): (u16, u16)) -> usize {
    if height >= WITH_FOOT_HEIGHT { FOOT_HEIGHT } else { LOW_FOOT_HEIGHT }
}

/// Bases and names that are listed.
const LISTED: usize = 5;

/// What the selected image shares, then what all images do.
pub(in crate::tui) fn foot(list: &ImageList, width: usize, height: usize) -> Vec<String> {
    let mut texts = Vec::new();
    if let Some((image, row)) = list.selected_row() {
        texts.push(of_selected(&image.name, row));
        texts.extend(in_one(&image.rule_lines).map(|text| capitalised(&text)));
    }
    texts.extend(in_one(list.broken_over_all()).map(|text| format!("Whole run: {text}")));
    texts.extend(of_all(list, width));
    let mut lines = Vec::new();
    for (at, text) in texts.iter().enumerate() {
        // Each text that follows keeps a line. The reason why an image could not be read may be long.
        let room = height.saturating_sub(lines.len() + texts.len() - at - 1).max(1);
        lines.extend(first_lines(&wrap(text, width), room, width));
    }
    lines
}

fn of_selected(name: &str, row: ListedRow<'_>) -> String {
    match row {
        ListedRow::Read(figures) => {
            let (own, shared) = (Bytes(figures.own), Bytes(figures.shared()));
            match (figures.own, figures.shared()) {
                (_, 0) => format!("Deleting this image frees {own}: no other image has its layers."),
                (0, _) => format!("Deleting this image frees nothing: other images have all its layers ({shared})."),
                _ => format!("Deleting this image frees {own}; {shared} are in layers of other images."),
            }
        }
        ListedRow::Unread(reason) => format!("Unread: {}", printable(reason)),
        ListedRow::Waiting => "Waiting for the images before it.".to_owned(),
        row @ ListedRow::Reading(_) => capitalised(&state_text(name, row)),
    }
}

/// The lines about rules in one text.
fn in_one(lines: &[String]) -> Option<String> {
    let texts: Vec<String> = lines.iter().map(|line| printable(line)).collect();
    (!texts.is_empty()).then(|| texts.join("; "))
}

/// The rules that the selected image broke, and those that the whole run breaks.
pub(in crate::tui) fn rule_lines(list: &ImageList) -> Vec<String> {
    let own = list.selected_row().map_or(&[][..], |(image, _)| &image.rule_lines);
    let over_all = list.broken_over_all().iter().map(|line| format!("whole run: {line}"));
    own.iter().cloned().chain(over_all).collect()
}

/// The wrapped lines of a reason.
pub(in crate::tui) fn reason_lines(reason: &RowReason, width: usize) -> Vec<String> {
    reason.lines.iter().flat_map(|line| wrap(&printable(line), width)).collect()
}

fn of_all(list: &ImageList, width: usize) -> Vec<String> {
    let mut lines = Vec::new();
    let sums = list.sums();
    if list.counts().read > 0 {
        let SetBytes { unpacked, stored } = sums.shared;
        let alone = sums.separate;
        let (unpacked, stored) = (Bytes(unpacked), Bytes(stored));
        let images = match list.counts().read {
            read if read == list.len() => "All images".to_owned(),
            1 => "The image read".to_owned(),
            read => format!("The {} read", count_of(read as u64, "image")),
        };
        let short = format!("{images} on one host: {unpacked} unpacked ({} without sharing)", Bytes(alone.unpacked));
        let long = format!("{short}; in a registry: {stored} ({} without sharing)", Bytes(alone.stored));
        lines.push(if columns(&long) <= width { long } else { short });
    }
    let bases = list.bases();
    if !bases.is_empty() {
        let named = bases.iter().take(LISTED).map(|base| format!("{}: {}", printable(base.name), versions_of(base)));
        let more = bases.len().saturating_sub(LISTED);
        let more = (more > 0).then(|| format!("{more} more"));
        lines.push(format!("Base images: {}", named.chain(more).collect::<Vec<_>>().join("; ")));
    }
    if !list.repeated().is_empty() {
        let names = list.repeated().iter().take(LISTED).map(|name| printable(name));
        let more = list.repeated().len().saturating_sub(LISTED);
        let more = (more > 0).then(|| format!("and {more} more"));
        lines.push(format!("Duplicates, read once: {}", names.chain(more).collect::<Vec<_>>().join(", ")));
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_loses_its_first_directories() {
        let name = "registry.example/team/shop/web:3.1";
        assert_eq!(short_name(name, 40), name);
        assert_eq!(short_name(name, 20), "…/team/shop/web:3.1");
        assert_eq!(short_name(name, 18), "…/shop/web:3.1");
        assert_eq!(short_name(name, 9), "…/web:3.1");
        assert_eq!(short_name(name, 6), "…b:3.1");
        assert_eq!(short_name("a\u{1b}[2J", 20), "a\\u{1b}[2J");
    }

    #[test]
    fn a_list_shows_what_it_is_sorted_by() {
        let names = || (0..3).map(|at| format!("registry.example/team/shop/service-{at}:3.1"));
        let mut list = ImageList::new(names(), Vec::new()).with_verdicts();
        let narrow = ImageColumns::of(&list, 78).figures;
        assert_eq!(narrow, [ImageOrder::Unpacked, ImageOrder::Own, ImageOrder::Reclaimable, ImageOrder::Rules]);
        for order in FIGURES {
            list.sort(order);
            for width in [58, 78, 98, 118] {
                let columns = ImageColumns::of(&list, width);
                assert!(columns.figures.contains(&order), "{order:?} {width}");
                let taken =
                    columns.name + columns.figures.iter().map(|figure| GAP + figure_width(*figure)).sum::<usize>();
                assert!(columns.name >= 11 && taken <= width, "{columns:?} {width}");
                assert!(columns.head(&list).contains(" ▼") || columns.head(&list).contains(" ▲"));
            }
        }
        assert_eq!(ImageColumns::of(&list, 118).figures, FIGURES);
    }

    #[test]
    fn a_click_on_a_title_sorts_by_its_column() {
        let list = ImageList::new(["web:1".to_owned()], Vec::new()).with_verdicts();
        let columns = ImageColumns::of(&list, 100);
        let head = columns.head(&list);
        for figure in FIGURES {
            let at = head.find(figure_title(figure)).unwrap();
            assert_eq!(columns.order_at(at), Some(figure));
        }
        assert_eq!((columns.order_at(0), columns.order_at(99)), (Some(ImageOrder::Name), None));
    }
}
