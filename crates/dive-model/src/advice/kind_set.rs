//! A set of kinds of advice.

use super::kind::{AdviceKind, AdviceLevel};

/// A set of kinds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct KindSet(u64);

impl KindSet {
    /// All kinds.
    pub(super) const ALL: Self = Self(u64::MAX);

    /// The kinds that are on by default.
    #[must_use]
    pub fn on() -> Self {
        AdviceKind::ALL.iter().copied().filter(|kind| kind.row().level != AdviceLevel::Off).collect()
    }

    /// True if it contains `kind`.
    #[must_use]
    pub const fn contains(self, kind: AdviceKind) -> bool {
        self.0 & Self::bit(kind) != 0
    }

    /// This set and `kind`.
    #[must_use]
    pub const fn with(self, kind: AdviceKind) -> Self {
        Self(self.0 | Self::bit(kind))
    }

    /// This set without `kind`.
    #[must_use]
    pub const fn without(self, kind: AdviceKind) -> Self {
        Self(self.0 & !Self::bit(kind))
    }

    /// The kinds in both sets.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// The kinds that are not in `other`.
    #[must_use]
    pub const fn minus(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// The first kind of the set in the order of claims.
    #[must_use]
    pub fn first(self) -> Option<AdviceKind> {
        AdviceKind::ALL.get(self.0.trailing_zeros() as usize).copied()
    }

    /// The kinds in either set.
    #[must_use]
    pub const fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    const fn bit(kind: AdviceKind) -> u64 {
        1 << kind as u32
    }
}

impl FromIterator<AdviceKind> for KindSet {
    fn from_iter<I: IntoIterator<Item = AdviceKind>>(kinds: I) -> Self {
        kinds.into_iter().fold(Self::default(), Self::with)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_kind_of_a_set_is_the_first_of_the_table() {
        let set: KindSet = [AdviceKind::Logs, AdviceKind::AptLists].into_iter().collect();
        assert_eq!(set.first(), Some(AdviceKind::AptLists));
        assert_eq!(set.without(AdviceKind::AptLists).first(), Some(AdviceKind::Logs));
        assert_eq!(KindSet::default().first(), None);
        assert!(!KindSet::on().contains(AdviceKind::SourceMaps));
    }
}
