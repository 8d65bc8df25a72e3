//! The rows of the list: what they say of an image, and how they are compared.

use std::cmp::Ordering;

use super::order::ImageOrder;
use crate::many::MemberVerdict;
use crate::tui::state::scroll::TextScroll;
use dive_model::blob::TransferProgress;

/// How far an image is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReadProgress {
    /// An archive is received or unpacked.
    Transfer(TransferProgress),
    /// Layers are read, to this share of their bytes.
    Layers {
        /// In percent.
        percent: u8,
    },
}

/// What a row of the list says of its image.
#[derive(Debug, Clone, Copy)]
pub(in crate::tui) enum ListedRow<'a> {
    /// It waits for the images before it.
    Waiting,
    /// It is being read.
    Reading(Option<ReadProgress>),
    /// It was read.
    Read(RowFigures),
    /// It could not be read, for this reason.
    Unread(&'a str),
}

/// The figures of an image that was read.
#[derive(Debug, Clone, Copy)]
pub(in crate::tui) struct RowFigures {
    pub(in crate::tui) stored: u64,
    pub(in crate::tui) unpacked: u64,
    pub(in crate::tui) own: u64,
    pub(in crate::tui) reclaimable: u64,
    /// The share of its bytes that the image shows.
    pub(in crate::tui) kept: f64,
    /// Whether it kept its rules.
    pub(in crate::tui) verdict: MemberVerdict,
}

impl RowFigures {
    /// Bytes in layers that another image has.
    pub(in crate::tui) const fn shared(&self) -> u64 {
        self.unpacked.saturating_sub(self.own)
    }
}

/// Why an image of the list could not be read, or which rules it broke, in a dialog box.
#[derive(Debug)]
pub struct RowReason {
    /// The subject.
    pub title: &'static str,
    /// The image.
    pub name: String,
    /// The reasons.
    pub lines: Vec<String>,
    /// Scroll position.
    pub scroll: TextScroll,
}

impl RowReason {
    /// Why the image could not be read.
    pub(in crate::tui) fn unread(name: String, reason: String) -> Self {
        Self { title: "Unread", name, lines: vec![reason], scroll: TextScroll::default() }
    }

    /// The rules that the image broke.
    pub(in crate::tui) fn rules(name: String, lines: Vec<String>) -> Self {
        Self { title: "Rules", name, lines, scroll: TextScroll::default() }
    }
}

/// Compares two images by a column of figures.
pub(super) fn compare(order: ImageOrder, one: &RowFigures, other: &RowFigures) -> Ordering {
    let bytes = |figures: &RowFigures| match order {
        ImageOrder::Stored => figures.stored,
        ImageOrder::Own => figures.own,
        ImageOrder::Shared => figures.shared(),
        ImageOrder::Reclaimable => figures.reclaimable,
        ImageOrder::Unpacked | ImageOrder::Named | ImageOrder::Name | ImageOrder::Kept | ImageOrder::Rules => {
            figures.unpacked
        }
    };
    match order {
        ImageOrder::Kept => one.kept.total_cmp(&other.kept),
        ImageOrder::Rules => urgency(one.verdict).cmp(&urgency(other.verdict)),
        _ => bytes(one).cmp(&bytes(other)),
    }
}

/// The place of a verdict in the order of rules: what needs work is first.
const fn urgency(verdict: MemberVerdict) -> u8 {
    match verdict {
        MemberVerdict::Broken => 0,
        MemberVerdict::Unchecked => 1,
        MemberVerdict::Kept => 2,
    }
}
