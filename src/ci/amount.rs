//! A number of an image in the unit of a rule, and its comparison with a limit.

use std::cmp::Ordering;
use std::fmt;

use crate::config::{Ban, Fails, Limit};
use dive_model::units::{Bytes, go_float};

/// A number in the unit of a rule.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Amount {
    /// From 0; may exceed 1.
    Ratio(f64),
    /// A size.
    Bytes(Bytes),
    /// A number of things.
    Count(u64),
    /// Whether a forbidden property is present.
    Presence(Presence),
}

/// Whether the image has something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Presence {
    /// The image does not have it.
    Absent,
    /// The image has it.
    Present,
}

impl Amount {
    /// A size.
    pub(super) const fn of_bytes(bytes: u64) -> Self {
        Self::Bytes(Bytes(bytes))
    }

    /// The number of a limit; `None` if the rule is off.
    pub(super) fn of(limit: &Limit) -> Option<Self> {
        match limit {
            Limit::Ratio(Some(ratio)) => Some(Self::Ratio(ratio.get())),
            Limit::Bytes(Some(bytes)) => Some(Self::Bytes(*bytes)),
            Limit::Count(Some(count)) => Some(Self::Count(*count)),
            Limit::Ban(Some(Ban)) => Some(Self::Presence(Presence::Present)),
            // None of them may be broken.
            Limit::Paths(rules) if !rules.is_empty() => Some(Self::Count(0)),
            // Of several limits, `measure` chooses one.
            Limit::Advice(Some(limit)) => Some(Self::Bytes(limit.lowest())),
            Limit::Paths(_)
            | Limit::Ratio(None)
            | Limit::Bytes(None)
            | Limit::Count(None)
            | Limit::Ban(None)
            | Limit::Advice(None) => None,
        }
    }

    /// The comparison of the number with a limit that it breaks; `None` if it meets the limit.
    pub(super) fn breaks(self, limit: Self, fails: Fails) -> Option<Ordering> {
        let order = match (self, limit) {
            (Self::Ratio(number), Self::Ratio(limit)) => number.partial_cmp(&limit),
            (Self::Bytes(number), Self::Bytes(limit)) => Some(number.cmp(&limit)),
            (Self::Count(number), Self::Count(limit)) => Some(number.cmp(&limit)),
            (Self::Presence(number), Self::Presence(limit)) => Some(number.cmp(&limit)),
            (Self::Ratio(_) | Self::Bytes(_) | Self::Count(_) | Self::Presence(_), _) => None,
        };
        // Unreachable: a test checks that each rule's number has the unit of its limit. A gate never passes by default.
        let Some(order) = order else {
            return Some(match fails {
                Fails::Below => Ordering::Less,
                Fails::AtOrAbove | Fails::Above => Ordering::Greater,
            });
        };
        let is_broken = match fails {
            Fails::Below => order.is_lt(),
            Fails::AtOrAbove => order.is_ge(),
            Fails::Above => order.is_gt(),
        };
        is_broken.then_some(order)
    }

    /// The rounded number in this program's part of the report.
    #[must_use]
    pub(crate) fn rounded(self) -> String {
        match self {
            Self::Ratio(share) => format!("{share:.4}"),
            Self::Bytes(bytes) => bytes.to_string(),
            Self::Count(count) => count.to_string(),
            Self::Presence(Presence::Absent) => "no".to_owned(),
            Self::Presence(Presence::Present) => "yes".to_owned(),
        }
    }
}

/// The number as dive prints it.
impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ratio(share) => f.write_str(&go_float(*share)),
            Self::Bytes(bytes) => bytes.0.fmt(f),
            Self::Count(count) => count.fmt(f),
            Self::Presence(presence) => (*presence == Presence::Present).fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_that_cannot_be_compared_breaks_its_limit() {
        for fails in [Fails::Below, Fails::AtOrAbove, Fails::Above] {
            assert!(Amount::Count(1).breaks(Amount::of_bytes(1), fails).is_some(), "another unit, {fails:?}");
            assert!(Amount::Ratio(f64::NAN).breaks(Amount::Ratio(0.5), fails).is_some(), "not a number, {fails:?}");
        }
    }
}
