//! The advice tab of the waste view: findings, each of which opens to the directories of its files.

use std::collections::HashSet;
use std::sync::Arc;

use super::scroll::Scroll;
use dive_model::advice::{Advice, AdviceGroup, Finding};
use dive_model::tree::{NodeId, SpanId, Tree};

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

/// The advice tab.
#[derive(Debug, Default)]
pub struct Advised {
    /// The advice; `None` until it is computed.
    advice: Option<Arc<Advice>>,
    /// Open findings, by their index.
    open: HashSet<usize>,
    rows: Vec<AdviceViewRow>,
    /// Selection and viewport of the list.
    pub scroll: Scroll,
}

impl Advised {
    /// Lists the advice. All findings are closed.
    pub fn set(&mut self, advice: Arc<Advice>) {
        self.advice = Some(advice);
        self.open.clear();
        self.list();
        self.scroll.select(0);
    }

    /// The advice; `None` until it is computed.
    #[must_use]
    pub fn advice(&self) -> Option<&Advice> {
        self.advice.as_deref()
    }

    fn list(&mut self) {
        let findings = self.advice.as_deref().map_or(&[][..], |advice| &advice.findings);
        let mut rows = Vec::new();
        for (at, finding) in findings.iter().enumerate() {
            rows.push(AdviceViewRow::Finding(at));
            if self.open.contains(&at) {
                rows.extend((0..finding.groups.len()).map(|group| AdviceViewRow::Group { finding: at, group }));
            }
        }
        self.rows = rows;
        self.scroll.set_count(self.rows.len());
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
        self.finding(at).is_some_and(|finding| finding.groups.len() > 1)
    }

    /// The path of the selected row: of a finding, its largest directory. `None` for one about the configuration.
    #[must_use]
    pub fn selected_node(&self) -> Option<NodeId> {
        let group = self.selected_row().and_then(|row| self.group(row));
        group.or_else(|| self.selected()?.groups.first()).map(|group| group.place)
    }

    /// The version of the selected file in the layer that stores it. `None` for a directory.
    #[must_use]
    pub fn version(&self, tree: &Tree) -> Option<SpanId> {
        let (node, layer) = (self.selected_node()?, self.selected()?.layer?);
        tree.spans(node).find(|span| tree.span(*span).from() == layer && tree.span(*span).kind.is_file())
    }

    /// Opens or closes the selected finding.
    pub fn toggle(&mut self) {
        let Some(AdviceViewRow::Finding(at)) = self.selected_row() else { return };
        if !self.open.remove(&at) {
            self.open.insert(at);
        }
        self.list();
    }
}
