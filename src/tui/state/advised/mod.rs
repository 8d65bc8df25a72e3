//! The advice tab of the waste view: findings, each of which opens to the directories of its files.

mod order;

use std::collections::HashSet;
use std::sync::Arc;

pub use order::AdviceOrder;

use super::files::Filter;
use super::scroll::Scroll;
use dive_model::advice::{Advice, AdviceGroup, Finding};
use dive_model::tree::{NodeId, PathOrder, SpanId, Tree};
use dive_model::units::Total;

/// A row of the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AdviceViewRow {
    /// A finding, by its index.
    Finding(usize),
    /// A directory of the open finding above it.
    Group {
        /// The index of the finding.
        finding: usize,
        /// The index of the directory.
        group: usize,
    },
}

/// A finding that the filter accepts.
#[derive(Debug)]
struct AcceptedFinding {
    /// Its index in the advice.
    finding: usize,
    /// The indices of the directories that the filter accepts; all if it accepts the kind.
    groups: Vec<usize>,
}

/// The advice tab.
#[derive(Debug)]
pub struct Advised {
    /// The advice; `None` until it is computed.
    advice: Option<Arc<Advice>>,
    filter: Filter,
    /// What the filter accepts, in the order of the advice.
    accepted: Vec<AcceptedFinding>,
    /// Open findings, by their index.
    open: HashSet<usize>,
    order: AdviceOrder,
    rows: Vec<AdviceViewRow>,
    /// Selection and viewport of the list.
    pub scroll: Scroll,
}

impl Default for Advised {
    fn default() -> Self {
        Self {
            advice: None,
            filter: Filter::none(),
            accepted: Vec::new(),
            open: HashSet::new(),
            order: AdviceOrder::default(),
            rows: Vec::new(),
            scroll: Scroll::default(),
        }
    }
}

impl Advised {
    /// Lists the advice. All findings are closed; the filter and the order stay.
    pub fn set(&mut self, tree: &Tree, advice: Arc<Advice>) {
        self.advice = Some(advice);
        self.open.clear();
        self.rows.clear();
        self.apply_filter(tree);
    }

    /// Shows only findings that the filter accepts: by their kind or the path of a directory, and by their bytes.
    pub fn set_filter(&mut self, tree: &Tree, filter: Filter) {
        self.filter = filter;
        self.rows.clear();
        self.apply_filter(tree);
    }

    /// The active filter, or an empty one.
    #[must_use]
    pub fn filter(&self) -> &Filter {
        &self.filter
    }

    fn apply_filter(&mut self, tree: &Tree) {
        let Self { advice, filter, .. } = self;
        let findings = advice.as_deref().map_or(&[][..], |advice| &advice.findings);
        let accept = |(at, finding): (usize, &Finding)| {
            let Finding { kind, groups, size_bytes, .. } = finding;
            let accepts = |text: &[u8]| filter.accepts(text, *size_bytes);
            if filter.is_empty() || accepts(kind.id().as_bytes()) {
                return Some(AcceptedFinding { finding: at, groups: (0..groups.len()).collect() });
            }
            let paths = groups.iter().map(|group| tree.path(group.place)).enumerate();
            let groups: Vec<usize> = paths.filter(|(_, path)| accepts(path)).map(|(group, _)| group).collect();
            (!groups.is_empty()).then_some(AcceptedFinding { finding: at, groups })
        };
        self.accepted = findings.iter().enumerate().filter_map(accept).collect();
        self.list(tree);
    }

    /// The current sort order.
    #[must_use]
    pub const fn order(&self) -> AdviceOrder {
        self.order
    }

    /// Sorts by the next order.
    pub fn sort_next(&mut self, tree: &Tree) {
        self.sort(tree, self.order.next());
    }

    /// Sorts the list. The selected row stays selected.
    pub fn sort(&mut self, tree: &Tree, order: AdviceOrder) {
        self.order = order;
        self.list(tree);
    }

    /// Number and bytes of the findings that the filter accepts.
    #[must_use]
    pub fn accepted(&self) -> (u64, u64) {
        let findings = || self.accepted.iter().filter_map(|accepted| self.finding(accepted.finding));
        let count = findings().map(Finding::count).sum::<Total>().get();
        (count, findings().map(|finding| finding.size_bytes).sum::<Total>().get())
    }

    /// The advice; `None` until it is computed.
    #[must_use]
    pub fn advice(&self) -> Option<&Advice> {
        self.advice.as_deref()
    }

    /// Lists the rows in the current order. The selected row stays selected.
    fn list(&mut self, tree: &Tree) {
        let selected = self.selected_row();
        let mut sorted: Vec<&AcceptedFinding> = self.accepted.iter().collect();
        let finding = |accepted: &AcceptedFinding| self.finding(accepted.finding);
        let place = |accepted: &AcceptedFinding| {
            let group = *accepted.groups.first()?;
            finding(accepted)?.groups.get(group).map(|group| group.place)
        };
        // Stable: equal findings keep the order of the advice.
        match self.order {
            AdviceOrder::Size => {}
            AdviceOrder::Kind => sorted.sort_by_key(|accepted| finding(accepted).map(|finding| finding.kind.id())),
            AdviceOrder::Layer => sorted.sort_by_key(|accepted| {
                let layers = finding(accepted).and_then(|finding| Some((finding.layer?, finding.hidden_by)));
                (layers.is_none(), layers)
            }),
            AdviceOrder::Path => {
                let paths = PathOrder::of(tree, sorted.iter().filter_map(|accepted| place(accepted)));
                sorted.sort_by_key(|accepted| {
                    let place = place(accepted);
                    (place.is_none(), place.map(|place| paths.rank(place)))
                });
            }
        }
        let mut rows = Vec::new();
        for AcceptedFinding { finding, groups } in sorted {
            rows.push(AdviceViewRow::Finding(*finding));
            // One directory is in the row of the finding.
            if self.open.contains(finding) && groups.len() > 1 {
                rows.extend(groups.iter().map(|group| AdviceViewRow::Group { finding: *finding, group: *group }));
            }
        }
        self.rows = rows;
        self.scroll.set_count(self.rows.len());
        let row = selected.and_then(|selected| self.rows.iter().position(|row| *row == selected));
        self.scroll.select(row.unwrap_or(0));
    }

    /// The directories of a listed finding that the filter accepts.
    pub fn listed_groups(&self, finding: usize) -> impl Iterator<Item = &AdviceGroup> {
        let at = self.accepted.binary_search_by_key(&finding, |accepted| accepted.finding).ok();
        let listed = at.and_then(|at| self.accepted.get(at)).map_or(&[][..], |accepted| &accepted.groups);
        listed.iter().filter_map(move |group| self.finding(finding)?.groups.get(*group))
    }

    /// True if there is advice.
    #[must_use]
    pub fn has_findings(&self) -> bool {
        self.advice().is_some_and(|advice| !advice.findings.is_empty())
    }

    /// A row of the list.
    #[must_use]
    pub fn row(&self, at: usize) -> Option<AdviceViewRow> {
        self.rows.get(at).copied()
    }

    /// A finding.
    #[must_use]
    pub fn finding(&self, at: usize) -> Option<&Finding> {
        self.advice()?.findings.get(at)
    }

    /// A directory of a finding.
    #[must_use]
    pub fn group(&self, row: AdviceViewRow) -> Option<&AdviceGroup> {
        match row {
            AdviceViewRow::Finding(_) => None,
            AdviceViewRow::Group { finding, group } => self.finding(finding)?.groups.get(group),
        }
    }

    /// The finding of the selected row.
    #[must_use]
    pub fn selected(&self) -> Option<&Finding> {
        let (AdviceViewRow::Finding(at) | AdviceViewRow::Group { finding: at, .. }) = self.selected_row()?;
        self.finding(at)
    }

    /// The selected row.
    #[must_use]
    pub fn selected_row(&self) -> Option<AdviceViewRow> {
        self.row(self.scroll.selected())
    }

    /// True if the directories of a finding have rows.
    #[must_use]
    pub fn is_open(&self, finding: usize) -> bool {
        self.open.contains(&finding)
    }

    /// True if the selected row opens to several directories.
    #[must_use]
    pub fn opens(&self) -> bool {
        let Some(AdviceViewRow::Finding(at)) = self.selected_row() else { return false };
        self.listed_groups(at).nth(1).is_some()
    }

    /// The path of the selected row: of a finding, its largest directory. `None` for one about the configuration.
    #[must_use]
    pub fn selected_node(&self) -> Option<NodeId> {
        let group = match self.selected_row()? {
            AdviceViewRow::Finding(at) => self.listed_groups(at).next(),
            row @ AdviceViewRow::Group { .. } => self.group(row),
        };
        group.map(|group| group.place)
    }

    /// The version of the selected file in the layer that stores it. `None` for a directory.
    #[must_use]
    pub fn version(&self, tree: &Tree) -> Option<SpanId> {
        let (node, layer) = (self.selected_node()?, self.selected()?.layer?);
        tree.spans(node).find(|span| tree.span(*span).from() == layer && tree.span(*span).kind.is_file())
    }

    /// Opens or closes the selected finding.
    pub fn toggle(&mut self, tree: &Tree) {
        let Some(AdviceViewRow::Finding(at)) = self.selected_row() else { return };
        if !self.open.remove(&at) {
            self.open.insert(at);
        }
        self.list(tree);
    }
}
