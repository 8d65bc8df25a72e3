//! The waste that this program's own rules count: all reclaimable files but those that an exception leaves out, and groups below
//! the floor. dive's numbers know neither.

use std::cell::OnceCell;
use std::ops::Range;

use super::advice::TakenAdvice;
use super::path_match::Coverage;
use super::rules::Rules;
use crate::config::{Date, Ignore, Ignored, Origin, PathGlob, Setting};
use dive_model::Opened;
use dive_model::analysis::{Exact, WasteGroup};
use dive_model::units::{Bytes, Total};

/// The waste of an image, as rules count it.
#[derive(Debug)]
pub(super) struct CountedWaste<'a> {
    opened: &'a Opened,
    exceptions: Exceptions,
    /// The files that exceptions leave; `None` if all are left.
    left: Option<Exact>,
    /// What is left, in groups; only computed when needed.
    groups: OnceCell<Vec<WasteGroup>>,
}

/// What exceptions and the floor leave out.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Exceptions {
    /// Every exception, in the order of the file.
    pub ignored: Vec<IgnoredWaste>,
    /// The floor, and what is below it.
    pub below_floor: Option<BelowFloor>,
}

/// An exception, and what it leaves out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct IgnoredWaste {
    /// The exception.
    pub ignore: Ignore,
    /// Whether it counts.
    pub state: ExceptionState,
    /// Reclaimable bytes that it leaves out.
    pub size_bytes: u64,
    /// Reclaimable files that it leaves out.
    pub files: u64,
    /// Files that it excepts from rules about paths.
    pub path_files: u64,
    /// What it leaves out of advice, except reclaimable files that it leaves out anyway.
    pub advice: TakenAdvice,
}

impl IgnoredWaste {
    /// True if it leaves out nothing.
    pub(crate) const fn is_unused(&self) -> bool {
        self.files == 0 && self.path_files == 0 && self.advice.items == 0
    }
}

/// Whether an exception counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ExceptionState {
    /// It counts.
    Active,
    /// Its last day is over.
    Expired(Date),
}

/// Groups of waste below the floor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct BelowFloor {
    /// The floor.
    pub floor: Bytes,
    /// Where it is written.
    pub origin: Origin,
    /// Their number.
    pub groups: usize,
    /// Their bytes.
    pub size_bytes: u64,
}

impl Exceptions {
    /// Applies the exceptions of `rules` that count on `today`. Also returns the files that are left, unless all are.
    fn of(opened: &Opened, rules: &Rules, today: Date) -> (Self, Option<Exact>) {
        if rules.ignores.is_empty() {
            return (Self::default(), None);
        }
        let exception = |ignore: &Ignore| IgnoredWaste {
            ignore: ignore.clone(),
            state: match ignore.until {
                Some(until) if !ignore.counts_on(today) => ExceptionState::Expired(until),
                _ => ExceptionState::Active,
            },
            size_bytes: 0,
            files: 0,
            path_files: 0,
            advice: TakenAdvice::default(),
        };
        let mut ignored: Vec<IgnoredWaste> = rules.ignores.iter().map(exception).collect();
        let mut patterns: Vec<(PathGlob, usize)> = Vec::new();
        for (number, exception) in ignored.iter().enumerate() {
            if exception.state == ExceptionState::Active {
                patterns.extend(globs(&exception.ignore.what).into_iter().map(|glob| (glob, number)));
            }
        }
        let mut coverage = Coverage::new(&opened.tree, patterns.iter().map(|(glob, _)| glob));
        let exact = &opened.analysis.exact;
        let mut left = Exact { files: Vec::new(), ..*exact };
        for file in &exact.files {
            let covered_by = coverage.of_file(file.node).and_then(|pattern| patterns.get(pattern as usize));
            match covered_by.and_then(|(_, number)| ignored.get_mut(*number)) {
                None => left.files.push(*file),
                Some(exception) => {
                    exception.size_bytes = exception.size_bytes.saturating_add(file.size_bytes);
                    exception.files = exception.files.saturating_add(1);
                }
            }
        }
        let left_bytes = left.files.iter().map(|file| file.size_bytes).sum::<Total>().get();
        left.visible_bytes = left.total_bytes.saturating_sub(left_bytes);
        (Self { ignored, below_floor: None }, Some(left))
    }

    /// The expired exceptions: each is a failed rule.
    pub(crate) fn expired(&self) -> impl Iterator<Item = (&Ignore, Date)> {
        self.ignored.iter().filter_map(|exception| match exception.state {
            ExceptionState::Active => None,
            ExceptionState::Expired(until) => Some((&exception.ignore, until)),
        })
    }
}

/// The patterns of an exception.
fn globs(what: &Ignored) -> Vec<PathGlob> {
    match what {
        Ignored::Path(glob) => vec![glob.clone()],
        Ignored::Class(class) => class.globs(),
        // Advice has exceptions of its own: its bytes stay reclaimable.
        Ignored::Advice { .. } => Vec::new(),
    }
}

impl<'a> CountedWaste<'a> {
    pub(super) fn of(opened: &'a Opened, rules: &Rules, today: Date) -> Self {
        let (exceptions, left) = Exceptions::of(opened, rules, today);
        let mut waste = Self { opened, exceptions, left, groups: OnceCell::new() };
        if let Some(Setting { value: floor, origin }) = rules.waste_floor.clone() {
            let all = WasteGroup::of(&opened.tree, waste.left());
            let (above, below): (Vec<_>, Vec<_>) = all.into_iter().partition(|group| group.size_bytes >= floor.0);
            let size_bytes = below.iter().map(|group| group.size_bytes).sum::<Total>().get();
            waste.exceptions.below_floor = Some(BelowFloor { floor, origin, groups: below.len(), size_bytes });
            waste.groups = above.into();
        }
        waste
    }

    /// The files that exceptions leave.
    fn left(&self) -> &Exact {
        self.left.as_ref().unwrap_or(&self.opened.analysis.exact)
    }

    /// The exceptions, with what they leave out.
    pub(super) fn into_exceptions(self) -> Exceptions {
        self.exceptions
    }

    /// Bytes of the waste that the layers in `range` store.
    pub(super) fn bytes_in(&self, range: &Range<usize>) -> u64 {
        let (files, groups) = match self.exceptions.below_floor {
            Some(_) => (&[][..], self.groups()),
            None => (&self.left().files[..], &[][..]),
        };
        let files = files.iter().filter(|file| range.contains(&file.layer.get())).map(|file| file.size_bytes);
        let groups = groups.iter().filter(|group| range.contains(&group.layer.get())).map(|group| group.size_bytes);
        files.chain(groups).sum::<Total>().get()
    }

    /// The groups of the waste, largest first.
    pub(super) fn groups(&self) -> &[WasteGroup] {
        self.groups.get_or_init(|| WasteGroup::of(&self.opened.tree, self.left()))
    }
}
