//! The list of the images of a run, filled as a worker reads them. It keeps the figures of each image and what they have in
//! common, but no tree.

mod check;
mod order;
mod row;

use std::cmp::Ordering;
use std::collections::HashMap;

pub use check::RuleCheck;
pub use order::{ImageOrder, SortDirection};
pub(in crate::tui) use row::{ListedRow, RowFigures};
pub use row::{ReadProgress, RowReason};

use super::files::Filter;
use super::scroll::Scroll;
use crate::ci::{self, RuleOutcome, Rules, RunFigures};
use crate::many::{BaseUsage, ImageSet, MemberFigures, MemberId, MemberRow, SetBytes};
use crate::tui::text::{columns, printable};
use row::compare;

/// Identifies an image of the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ListedId(pub usize);

/// An image of the list.
#[derive(Debug)]
pub struct ImageEntry {
    /// Its name.
    pub name: String,
    state: ListedState,
    /// The rules that it broke, or why they could not be checked.
    pub(in crate::tui) rule_lines: Vec<String>,
}

impl ImageEntry {
    const fn waiting(name: String) -> Self {
        Self { name, state: ListedState::Waiting, rule_lines: Vec::new() }
    }
}

#[derive(Debug)]
enum ListedState {
    Waiting,
    Reading(Option<ReadProgress>),
    Read(MemberId),
    Unread(String),
}

/// What a worker found in an image.
#[derive(Debug)]
pub(in crate::tui) struct ReadReport {
    pub(in crate::tui) name: String,
    pub(in crate::tui) figures: Box<MemberFigures>,
    pub(in crate::tui) remarks: Vec<String>,
    pub(in crate::tui) check: RuleCheck,
}

/// Whether the images are checked against rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum RuleChecks {
    On,
    Off,
}

/// The bytes of all images that were read.
#[derive(Debug, Clone, Copy, Default)]
pub(in crate::tui) struct ListSums {
    /// If none shared a layer.
    pub(in crate::tui) separate: SetBytes,
    /// Each layer once.
    pub(in crate::tui) shared: SetBytes,
}

/// The number of images by their state.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(in crate::tui) struct ListCounts {
    pub(in crate::tui) read: usize,
    pub(in crate::tui) unread: usize,
    pub(in crate::tui) broken: usize,
}

/// Remarks that are kept of all images: those of thousands would fill the memory.
const MOST_REMARKS: usize = 1_000;

/// The list of images.
#[derive(Debug)]
pub struct ImageList {
    images: HashMap<ListedId, ImageEntry>,
    /// All images, in the order named.
    named: Vec<ListedId>,
    /// The images that the filter accepts, in the current order.
    rows: Vec<ListedId>,
    set: ImageSet,
    sums: ListSums,
    counts: ListCounts,
    order: ImageOrder,
    direction: SortDirection,
    rule_checks: RuleChecks,
    /// The rules for the whole run.
    over_all: Option<Rules>,
    /// Those that the images read so far break together.
    over_all_lines: Vec<String>,
    filter: Filter,
    /// True if the rows do not show the last changes.
    is_stale: bool,
    /// Names of images that were named before.
    repeated: Vec<String>,
    remarks: Vec<String>,
    remarks_left_out: usize,
    /// Columns of the longest name.
    longest_name: usize,
    /// The image that was opened last.
    pub(super) opened: Option<ListedId>,
    /// Selection and viewport.
    pub scroll: Scroll,
}

impl ImageList {
    /// A list of these images, which have the ids from 0 on. `repeated` has the names of images that were named again.
    #[must_use]
    pub fn new(names: impl IntoIterator<Item = String>, repeated: Vec<String>) -> Self {
        let mut list = Self {
            images: HashMap::new(),
            named: Vec::new(),
            rows: Vec::new(),
            set: ImageSet::default(),
            sums: ListSums::default(),
            counts: ListCounts::default(),
            order: ImageOrder::default(),
            direction: SortDirection::default(),
            rule_checks: RuleChecks::Off,
            over_all: None,
            over_all_lines: Vec::new(),
            filter: Filter::none(),
            is_stale: true,
            repeated,
            remarks: Vec::new(),
            remarks_left_out: 0,
            longest_name: 0,
            opened: None,
            scroll: Scroll::default(),
        };
        for (at, name) in names.into_iter().enumerate() {
            list.named.push(ListedId(at));
            list.widen(&name);
            list.images.insert(ListedId(at), ImageEntry::waiting(name));
        }
        list.refresh();
        list
    }

    /// Shows whether the images keep their rules.
    #[must_use]
    pub const fn with_verdicts(mut self) -> Self {
        self.rule_checks = RuleChecks::On;
        self
    }

    /// Checks the rules for the whole run, too.
    pub(crate) fn with_rules_over_all(mut self, rules: Rules) -> Self {
        self.over_all = Some(rules);
        self
    }

    /// True if the images are checked against rules.
    pub(in crate::tui) fn has_verdicts(&self) -> bool {
        self.rule_checks == RuleChecks::On
    }

    /// The rules for the whole run that the images read so far break.
    pub(in crate::tui) fn broken_over_all(&self) -> &[String] {
        &self.over_all_lines
    }

    /// Replaces a file by its images.
    pub(in crate::tui) fn replace(&mut self, file: ListedId, images: Vec<(ListedId, String)>) {
        let Some(at) = self.named.iter().position(|id| *id == file) else { return };
        let is_selected = self.selected() == Some(file);
        let first = images.first().map(|(id, _)| *id);
        self.named.splice(at..=at, images.iter().map(|(id, _)| *id));
        self.images.remove(&file);
        for (_, name) in &images {
            self.widen(name);
        }
        self.images.extend(images.into_iter().map(|(id, name)| (id, ImageEntry::waiting(name))));
        if let (true, Some(first), Some(row)) = (is_selected, first, self.rows.get_mut(self.scroll.selected())) {
            *row = first;
        }
        self.is_stale = true;
    }

    /// An image is being read.
    pub(in crate::tui) fn reading(&mut self, id: ListedId, progress: Option<ReadProgress>) {
        if let Some(image) = self.images.get_mut(&id)
            && matches!(image.state, ListedState::Waiting | ListedState::Reading(_))
        {
            image.state = ListedState::Reading(progress);
        }
    }

    /// An image was read.
    pub(in crate::tui) fn read(&mut self, id: ListedId, ReadReport { name, figures, remarks, check }: ReadReport) {
        self.widen(&name);
        let Some(image) = self.images.get_mut(&id) else { return };
        if let ListedState::Read(_) = image.state {
            return;
        }
        image.state = ListedState::Read(self.set.add(name.clone(), *figures, check.verdict));
        image.rule_lines = check.lines;
        let room = MOST_REMARKS.saturating_sub(self.remarks.len());
        self.remarks_left_out += remarks.len().saturating_sub(room);
        self.remarks.extend(remarks.into_iter().take(room).map(|remark| format!("{name}: {remark}")));
        image.name = name;
        self.is_stale = true;
    }

    /// An image could not be read. One that was read before keeps its figures.
    pub(in crate::tui) fn unread(&mut self, id: ListedId, reason: String) {
        if let Some(image) = self.images.get_mut(&id)
            && !matches!(image.state, ListedState::Read(_))
        {
            image.state = ListedState::Unread(reason);
            self.is_stale = true;
        }
    }

    /// Shows the last changes in the rows. The selected image stays selected. Once per frame, however many images were read.
    pub(in crate::tui) fn refresh(&mut self) {
        if !std::mem::take(&mut self.is_stale) {
            return;
        }
        self.sums = ListSums { separate: self.set.separate_bytes(), shared: self.set.shared_bytes() };
        self.check_over_all();
        let selected = self.selected();
        // Only some orders and filters need them of all images.
        let all = if matches!(self.order, ImageOrder::Named | ImageOrder::Name) && !self.filter.has_sizes() {
            &[]
        } else {
            self.named.as_slice()
        };
        let facts: HashMap<ListedId, Option<RowFigures>> =
            all.iter().map(|id| (*id, self.images.get(id).and_then(|image| self.figures(image)))).collect();
        let figures = |id: &ListedId| facts.get(id).copied().flatten();
        let state = |id: &ListedId| self.images.get(id).map(|image| &image.state);
        self.counts = ListCounts {
            read: self.named.iter().filter(|id| matches!(state(id), Some(ListedState::Read(_)))).count(),
            unread: self.named.iter().filter(|id| matches!(state(id), Some(ListedState::Unread(_)))).count(),
            broken: self.set.broken(),
        };
        let name = |id: &ListedId| self.images.get(id).map_or("", |image| image.name.as_str());
        let accepts = |id: &ListedId| {
            let bytes = figures(id).map_or(0, |figures| figures.unpacked);
            self.filter.is_empty() || self.filter.accepts(name(id).as_bytes(), bytes)
        };
        let mut rows: Vec<ListedId> = self.named.iter().copied().filter(accepts).collect();
        match self.order {
            ImageOrder::Named if self.direction == SortDirection::Descending => rows.reverse(),
            ImageOrder::Named => {}
            ImageOrder::Name => rows.sort_by(|one, other| self.directed(name(one).cmp(name(other)))),
            // Images without figures are last in both directions.
            order => rows.sort_by(|one, other| match (figures(one), figures(other)) {
                (Some(one), Some(other)) => self.directed(compare(order, &one, &other)),
                (one, other) => other.is_some().cmp(&one.is_some()),
            }),
        }
        self.rows = rows;
        self.scroll.set_count(self.rows.len());
        let row = selected.and_then(|selected| self.rows.iter().position(|id| *id == selected));
        self.scroll.select(row.unwrap_or(0));
    }

    fn check_over_all(&mut self) {
        let Some(rules) = &self.over_all else { return };
        let bases = self.set.bases();
        let figures = RunFigures {
            total_bytes: self.sums.shared.unpacked,
            base_versions: bases.first().map(|base| (base.name, base.versions)),
        };
        let outcomes = ci::evaluate_over_all(rules, figures);
        self.over_all_lines = outcomes.iter().filter(|outcome| outcome.is_broken()).map(RuleOutcome::line).collect();
    }

    fn directed(&self, ordering: Ordering) -> Ordering {
        match self.direction {
            SortDirection::Ascending => ordering,
            SortDirection::Descending => ordering.reverse(),
        }
    }

    fn figures(&self, image: &ImageEntry) -> Option<RowFigures> {
        let ListedState::Read(member) = image.state else { return None };
        match self.set.row(member)? {
            MemberRow::Read { sums, own_bytes, verdict } => Some(RowFigures {
                stored: sums.stored_bytes,
                unpacked: sums.unpacked_bytes,
                own: own_bytes,
                reclaimable: sums.reclaimable_bytes,
                kept: sums.exact_efficiency,
                verdict,
            }),
            MemberRow::Unread(_) => None,
        }
    }

    /// What the row of an image says.
    pub(in crate::tui) fn row<'a>(&self, image: &'a ImageEntry) -> ListedRow<'a> {
        match &image.state {
            ListedState::Waiting => ListedRow::Waiting,
            ListedState::Reading(progress) => ListedRow::Reading(*progress),
            ListedState::Read(_) => self.figures(image).map_or(ListedRow::Waiting, ListedRow::Read),
            ListedState::Unread(reason) => ListedRow::Unread(reason),
        }
    }

    /// An image.
    #[must_use]
    pub fn image(&self, id: ListedId) -> Option<&ImageEntry> {
        self.images.get(&id)
    }

    /// The image of a row.
    #[must_use]
    pub fn image_at(&self, row: usize) -> Option<&ImageEntry> {
        self.rows.get(row).and_then(|id| self.images.get(id))
    }

    /// The selected image. `None` if the filter accepts none.
    #[must_use]
    pub fn selected(&self) -> Option<ListedId> {
        self.rows.get(self.scroll.selected()).copied()
    }

    /// The selected image, and what its row says.
    pub(in crate::tui) fn selected_row(&self) -> Option<(&ImageEntry, ListedRow<'_>)> {
        let image = self.image_at(self.scroll.selected())?;
        Some((image, self.row(image)))
    }

    /// The names of the images that are being read.
    pub(in crate::tui) fn being_read(&self) -> impl Iterator<Item = &str> {
        let images = self.named.iter().filter_map(|id| self.images.get(id));
        images.filter(|image| matches!(image.state, ListedState::Reading(_))).map(|image| image.name.as_str())
    }

    /// Number of images, also of those that the filter hides.
    #[must_use]
    pub fn len(&self) -> usize {
        self.named.len()
    }

    /// True without images.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.named.is_empty()
    }

    /// Makes room for a name.
    fn widen(&mut self, name: &str) {
        self.longest_name = self.longest_name.max(columns(&printable(name)));
    }

    /// Columns of the longest name.
    pub(in crate::tui) const fn longest_name(&self) -> usize {
        self.longest_name
    }

    pub(in crate::tui) const fn sums(&self) -> ListSums {
        self.sums
    }

    pub(in crate::tui) const fn counts(&self) -> ListCounts {
        self.counts
    }

    /// The base images, the one with the most versions first.
    pub(in crate::tui) fn bases(&self) -> Vec<BaseUsage<'_>> {
        self.set.bases()
    }

    /// Names of images that were named before.
    pub(in crate::tui) fn repeated(&self) -> &[String] {
        &self.repeated
    }

    /// The remarks on the images, and the number of those that were left out.
    pub(in crate::tui) fn remarks(&self) -> (&[String], usize) {
        (&self.remarks, self.remarks_left_out)
    }

    /// The current sort order.
    #[must_use]
    pub const fn order(&self) -> (ImageOrder, SortDirection) {
        (self.order, self.direction)
    }

    /// Sorts by the next column.
    pub(in crate::tui) fn sort_next(&mut self) {
        let next = self.order.next();
        self.sort(if next == ImageOrder::Rules && !self.has_verdicts() { next.next() } else { next });
    }

    /// Sorts by a column. The selected image stays selected.
    pub(in crate::tui) fn sort(&mut self, order: ImageOrder) {
        (self.order, self.direction) = (order, order.direction());
        self.is_stale = true;
    }

    /// Reverses the order.
    pub(in crate::tui) fn reverse(&mut self) {
        self.direction = self.direction.reversed();
        self.is_stale = true;
    }

    /// The active filter, or an empty one.
    #[must_use]
    pub const fn filter(&self) -> &Filter {
        &self.filter
    }

    /// Lists only images that the filter accepts.
    pub(in crate::tui) fn set_filter(&mut self, filter: Filter) {
        self.filter = filter;
        self.is_stale = true;
    }
}
