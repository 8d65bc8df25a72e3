//! The advice on an image, without what exceptions leave out.

use hashbrown::HashMap;

use super::own_layers::OwnLayers;
use super::path_match::Coverage;
use super::rules::{Rule, Rules};
use crate::config::{AdviceLimit, Date, Ignored, Limit, PathGlob};
use dive_model::Opened;
use dive_model::advice::{
    Advice, AdviceItem, AdviceKind, AdviceScope, CountedBytes, FindingState, KindSet, OwnBoundary,
};
use dive_model::tree::{NodeId, Tree};

/// The advice on an image, and what exceptions take from it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CountedAdvice {
    /// The advice. What exceptions leave out is among it, marked.
    pub(crate) advice: Advice,
    /// What each exception leaves out, by its number.
    pub(super) taken: Vec<TakenAdvice>,
}

/// What an exception takes from advice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct TakenAdvice {
    /// Files, and findings that are about no file.
    pub(crate) items: u64,
    /// Their bytes.
    pub(crate) size_bytes: u64,
    /// Reclaimable files that the exception takes out of the waste, too.
    pub(crate) waste_items: u64,
    /// Their bytes.
    pub(crate) waste_bytes: u64,
}

impl TakenAdvice {
    /// All that it takes, as if no rule counted waste.
    pub(crate) const fn with_waste(self) -> Self {
        let items = self.items.saturating_add(self.waste_items);
        Self { items, size_bytes: self.size_bytes.saturating_add(self.waste_bytes), waste_items: 0, waste_bytes: 0 }
    }
}

impl CountedAdvice {
    /// The advice with the base that the image states, if nobody else knows one.
    pub(crate) fn of(opened: &Opened, rules: &Rules, today: Date) -> Self {
        Self::within(opened, rules, today, KindSet::on(), None)
    }

    /// The advice that decides a rule. Floors apply to the base and to the image's own layers apart, so an image could pass by
    /// stating another base.
    pub(super) fn deciding(opened: &Opened, rules: &Rules, today: Date, known: &Self, own: &OwnLayers) -> Option<Self> {
        let kinds = match &rules.limits[Rule::HighestAdviceBytes].value.limit {
            Limit::Advice(Some(AdviceLimit::Kinds(limits))) => {
                limits.iter().fold(KindSet::on(), |kinds, (kind, _)| kinds.with(*kind))
            }
            Limit::Advice(Some(AdviceLimit::All(_))) => KindSet::on(),
            _ => return None,
        };
        if kinds == KindSet::on() && known.advice.own.layers() == own.range.start {
            return None;
        }
        Some(Self::within(opened, rules, today, kinds, Some(OwnBoundary::Base(own.range.start))))
    }

    fn within(opened: &Opened, rules: &Rules, today: Date, kinds: KindSet, own: Option<OwnBoundary>) -> Self {
        let mut exceptions = AdviceExceptions::of(&opened.tree, rules, today);
        let scope = AdviceScope { kinds, own, state_of: &mut |item: AdviceItem| exceptions.state_of(item) };
        let advice = opened.advice_on(scope);
        Self { advice, taken: exceptions.taken }
    }
}

/// The exceptions that count.
struct AdviceExceptions<'a> {
    tree: &'a Tree,
    /// The exceptions of whole kinds.
    kinds: HashMap<AdviceKind, usize>,
    /// The patterns of the others, with the numbers of their exceptions.
    patterns: Vec<(PatternScope, PathGlob, usize)>,
    /// The patterns for a kind, and their numbers.
    coverage: HashMap<AdviceKind, (Coverage<'a>, Vec<usize>)>,
    taken: Vec<TakenAdvice>,
}

/// The kinds that the pattern of an exception is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum PatternScope {
    /// One.
    Kind(AdviceKind),
    /// Those of reclaimable files.
    Waste,
    /// All.
    All,
}

impl PatternScope {
    fn contains(self, kind: AdviceKind) -> bool {
        match self {
            Self::Kind(only) => only == kind,
            Self::Waste => kind.row().counts == CountedBytes::Waste,
            Self::All => true,
        }
    }
}

impl<'a> AdviceExceptions<'a> {
    fn of(tree: &'a Tree, rules: &Rules, today: Date) -> Self {
        let (mut kinds, mut patterns) = (HashMap::new(), Vec::new());
        for (number, ignore) in rules.ignores.iter().enumerate().filter(|(_, ignore)| ignore.counts_on(today)) {
            match &ignore.what {
                Ignored::Advice { kind, path: None } => {
                    kinds.entry(*kind).or_insert(number);
                }
                Ignored::Advice { kind, path: Some(glob) } => {
                    patterns.push((PatternScope::Kind(*kind), glob.clone(), number));
                }
                Ignored::Path(glob) => patterns.push((PatternScope::All, glob.clone(), number)),
                Ignored::Class(class) => {
                    patterns.extend(class.globs().into_iter().map(|glob| (PatternScope::Waste, glob, number)));
                }
            }
        }
        let taken = vec![TakenAdvice::default(); rules.ignores.len()];
        Self { tree, kinds, patterns, coverage: HashMap::new(), taken }
    }

    fn state_of(&mut self, item: AdviceItem) -> FindingState {
        let of_kind = self.kinds.get(&item.kind).copied();
        let number = of_kind.or_else(|| item.node.and_then(|node| self.number_of(item.kind, node)));
        let Some(number) = number else { return FindingState::Open };
        // The exception counts reclaimable files on its own.
        let is_counted_as_waste = of_kind.is_none()
            && item.kind.row().counts == CountedBytes::Waste
            && self.patterns.iter().any(|(scope, _, at)| *at == number && !matches!(scope, PatternScope::Kind(_)));
        if let Some(taken) = self.taken.get_mut(number) {
            let (items, bytes) = if is_counted_as_waste {
                (&mut taken.waste_items, &mut taken.waste_bytes)
            } else {
                (&mut taken.items, &mut taken.size_bytes)
            };
            *items = items.saturating_add(1);
            *bytes = bytes.saturating_add(item.size_bytes);
        }
        FindingState::Ignored
    }

    /// The number of the first exception whose pattern covers a file of a kind.
    fn number_of(&mut self, kind: AdviceKind, node: NodeId) -> Option<usize> {
        let Self { tree, patterns, coverage, .. } = self;
        if patterns.is_empty() {
            return None;
        }
        let (coverage, numbers) = coverage.entry(kind).or_insert_with(|| {
            let of_kind = || patterns.iter().filter(|(scope, ..)| scope.contains(kind));
            let numbers = of_kind().map(|(.., number)| *number).collect();
            (Coverage::new(tree, of_kind().map(|(_, glob, _)| glob)), numbers)
        });
        numbers.get(coverage.of_file(node)? as usize).copied()
    }
}
