//! The limit of a rule: a value in the rule's unit, or off.

use std::cmp::Ordering;
use std::fmt;

use dive_model::units::{Bytes, Ratio};

/// The limit of a rule. The variant is the rule's unit; `None` turns the rule off.
#[derive(Debug, Clone, PartialEq)]
pub enum Limit {
    /// A share, from 0 to 1.
    Ratio(Option<Ratio>),
    /// A size.
    Bytes(Option<Bytes>),
}

/// Which side of its limit a rule fails on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fails {
    /// A number below the limit fails.
    Below,
    /// A number at the limit or above fails.
    AtOrAbove,
}

impl Limit {
    /// Parses a limit in the unit of this one.
    ///
    /// # Errors
    /// The reason, which quotes `text` and says what to write instead.
    pub fn parse(&self, text: &str) -> Result<Self, String> {
        let is_off = ["disabled", "off", "false", ""].iter().any(|word| text.trim().eq_ignore_ascii_case(word));
        let text = (!is_off).then_some(text);
        match self {
            Self::Ratio(_) => text.map(str::parse).transpose().map(Self::Ratio).map_err(|error| error.to_string()),
            Self::Bytes(_) => text.map(str::parse).transpose().map(Self::Bytes).map_err(|error| error.to_string()),
        }
    }

    /// True if the rule is off.
    #[must_use]
    pub const fn is_off(&self) -> bool {
        matches!(self, Self::Ratio(None) | Self::Bytes(None))
    }

    /// The placeholder for a value in help and documents.
    #[must_use]
    pub const fn placeholder(&self) -> &'static str {
        match self {
            Self::Ratio(_) => "RATIO",
            Self::Bytes(_) => "SIZE",
        }
    }

    /// True if every image that fails at `other` fails at this limit too.
    pub(super) fn is_as_strict_as(&self, other: &Self, fails: Fails) -> bool {
        let order = match (self, other) {
            (Self::Ratio(Some(own)), Self::Ratio(Some(other))) => own.partial_cmp(other),
            (Self::Bytes(Some(own)), Self::Bytes(Some(other))) => Some(own.cmp(other)),
            // Only a rule without a limit is less strict.
            (_, other) => return other.is_off(),
        };
        match fails {
            Fails::Below => order.is_some_and(Ordering::is_ge),
            Fails::AtOrAbove => order.is_some_and(Ordering::is_le),
        }
    }
}

/// The syntax of files.
impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ratio(Some(ratio)) => ratio.fmt(f),
            Self::Bytes(Some(bytes)) => bytes.fmt(f),
            Self::Ratio(None) | Self::Bytes(None) => f.write_str("disabled"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATIO: Limit = Limit::Ratio(None);
    const BYTES: Limit = Limit::Bytes(None);

    #[test]
    fn every_word_for_off_turns_a_rule_off() {
        for text in ["disabled", "Disabled", "off", "OFF", "false", "False", "", "  "] {
            assert_eq!(BYTES.parse(text), Ok(BYTES), "{text}");
            assert_eq!(Limit::Ratio(Some(Ratio::percent(90))).parse(text), Ok(RATIO), "{text}");
        }
    }

    #[test]
    fn a_limit_in_another_unit_is_refused() {
        assert_eq!(BYTES.parse("20MB"), Ok(Limit::Bytes(Some(Bytes(20_000_000)))));
        assert_eq!(RATIO.parse("0.9"), Ok(Limit::Ratio(Some(Ratio::percent(90)))));
        assert!(RATIO.parse("true").is_err());
        assert!(RATIO.parse("20MB").is_err());
    }

    /// A repository's `.dive.yaml` must not weaken the user's limit.
    #[test]
    fn a_limit_is_as_strict_as_one_that_it_fails_with() {
        let ratio = |percent| Limit::Ratio(Some(Ratio::percent(percent)));
        let bytes = |bytes| Limit::Bytes(Some(Bytes(bytes)));
        for (own, other, fails, expected) in [
            (ratio(90), ratio(90), Fails::Below, true),
            (ratio(91), ratio(90), Fails::Below, true),
            (ratio(89), ratio(90), Fails::Below, false),
            (bytes(5), bytes(5), Fails::AtOrAbove, true),
            (bytes(4), bytes(5), Fails::AtOrAbove, true),
            (bytes(6), bytes(5), Fails::AtOrAbove, false),
            (bytes(6), BYTES, Fails::AtOrAbove, true),
            (BYTES, bytes(6), Fails::AtOrAbove, false),
            (BYTES, BYTES, Fails::AtOrAbove, true),
            (RATIO, ratio(0), Fails::Below, false),
        ] {
            assert_eq!(own.is_as_strict_as(&other, fails), expected, "{own} {other} {fails:?}");
        }
    }
}
