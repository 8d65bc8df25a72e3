//! The limit of a rule: a value in the rule's unit, or off.

use std::cmp::Ordering;
use std::fmt;

use super::advice_limit::AdviceLimit;
use super::path_rule::{self, PathRule};
use super::value::{BOOLEANS, one_of, shortened};
use dive_model::units::{Bytes, BytesError, Ratio};

/// The limit of a rule. The variant is the rule's unit; `None` turns the rule off.
#[derive(Debug, Clone, PartialEq)]
pub enum Limit {
    /// A share, from 0 to 1.
    Ratio(Option<Ratio>),
    /// A size.
    Bytes(Option<Bytes>),
    /// A number of things.
    Count(Option<u64>),
    /// A rule without a number.
    Ban(Option<Ban>),
    /// Rules about paths. Without any, the rule is off.
    Paths(Vec<PathRule>),
    /// Bytes of advice.
    Advice(Option<AdviceLimit>),
}

/// The limit of a rule that forbids something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ban;

/// Which side of its limit a rule fails on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fails {
    /// A number below the limit fails.
    Below,
    /// A number at the limit or above fails.
    AtOrAbove,
    /// A number above the limit fails.
    Above,
}

impl Limit {
    /// True for the words that turn a rule off.
    pub(super) fn is_word_for_off(text: &str) -> bool {
        ["disabled", "off", "false", ""].iter().any(|word| text.trim().eq_ignore_ascii_case(word))
    }

    /// Parses a limit in the unit of this one.
    ///
    /// # Errors
    /// The reason, which quotes `text` and says what to write instead.
    pub fn parse(&self, text: &str) -> Result<Self, String> {
        let text = (!Self::is_word_for_off(text)).then_some(text);
        match self {
            Self::Ratio(_) => text.map(str::parse).transpose().map(Self::Ratio).map_err(|error| error.to_string()),
            Self::Bytes(_) => text.map(str::parse).transpose().map(Self::Bytes).map_err(|error| error.to_string()),
            Self::Count(_) => text.map(count).transpose().map(Self::Count),
            Self::Ban(_) => text.map_or(Ok(None), ban).map(Self::Ban),
            Self::Advice(_) => {
                let limit: Option<Bytes> =
                    text.map(str::parse).transpose().map_err(|error: BytesError| error.to_string())?;
                Ok(Self::Advice(limit.map(AdviceLimit::All)))
            }
            Self::Paths(_) if text.is_none() => Ok(Self::Paths(Vec::new())),
            Self::Paths(_) => Err("expected a list; write `- { path: .git, forbid: true }`".to_owned()),
        }
    }

    /// True if the rule is off.
    #[must_use]
    pub const fn is_off(&self) -> bool {
        match self {
            Self::Ratio(limit) => limit.is_none(),
            Self::Bytes(limit) => limit.is_none(),
            Self::Count(limit) => limit.is_none(),
            Self::Ban(limit) => limit.is_none(),
            Self::Paths(rules) => rules.is_empty(),
            Self::Advice(limit) => limit.is_none(),
        }
    }

    /// The placeholder for a value in help and documents.
    #[must_use]
    pub const fn placeholder(&self) -> &'static str {
        match self {
            Self::Ratio(_) => "RATIO",
            Self::Bytes(_) | Self::Advice(_) => "SIZE",
            Self::Count(_) => "NUMBER",
            Self::Ban(_) => "BOOL",
            Self::Paths(_) => "LIST",
        }
    }

    /// True if every image that fails at `other` fails at this limit too.
    pub(super) fn is_as_strict_as(&self, other: &Self, fails: Fails) -> bool {
        let order = match (self, other) {
            (Self::Ratio(Some(own)), Self::Ratio(Some(other))) => own.partial_cmp(other),
            (Self::Bytes(Some(own)), Self::Bytes(Some(other))) => Some(own.cmp(other)),
            (Self::Count(Some(own)), Self::Count(Some(other))) => Some(own.cmp(other)),
            (Self::Ban(Some(Ban)), Self::Ban(Some(Ban))) => Some(Ordering::Equal),
            (Self::Paths(own), Self::Paths(others)) => return path_rule::are_as_strict_as(own, others),
            (Self::Advice(Some(own)), Self::Advice(Some(other))) => return own.is_as_strict_as(other),
            // Only a rule without a limit is less strict.
            (_, other) => return other.is_off(),
        };
        match fails {
            Fails::Below => order.is_some_and(Ordering::is_ge),
            Fails::AtOrAbove | Fails::Above => order.is_some_and(Ordering::is_le),
        }
    }
}

fn count(text: &str) -> Result<u64, String> {
    text.trim().parse().map_err(|_| {
        format!("`{}` is not a whole number from 0 to {}: write one, such as 20", shortened(text), u64::MAX)
    })
}

fn ban(text: &str) -> Result<Option<Ban>, String> {
    let is_on = one_of(text, &BOOLEANS).map_err(|_| format!("`{}` is not a boolean: write true", shortened(text)))?;
    Ok(is_on.then_some(Ban))
}

/// The syntax of files.
impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Paths(rules) if !rules.is_empty() => {
                let rules: Vec<String> = rules.iter().map(|rule| format!("{{ {rule} }}")).collect();
                write!(f, "[{}]", rules.join(", "))
            }
            Self::Ratio(Some(ratio)) => ratio.fmt(f),
            Self::Bytes(Some(bytes)) => bytes.fmt(f),
            Self::Count(Some(count)) => count.fmt(f),
            Self::Ban(Some(Ban)) => f.write_str("true"),
            Self::Advice(Some(limit)) => limit.fmt(f),
            Self::Paths(_)
            | Self::Ratio(None)
            | Self::Bytes(None)
            | Self::Count(None)
            | Self::Ban(None)
            | Self::Advice(None) => f.write_str("disabled"),
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
        assert_eq!(Limit::Count(None).parse(" 20 "), Ok(Limit::Count(Some(20))));
        assert_eq!(Limit::Ban(None).parse("Yes"), Ok(Limit::Ban(Some(Ban))));
        assert_eq!(Limit::Ban(Some(Ban)).parse("no"), Ok(Limit::Ban(None)));
        assert_eq!(Limit::Ban(None).parse("never").unwrap_err(), "`never` is not a boolean: write true");
        for text in ["-1", "1.5", "20MB", "many"] {
            assert!(Limit::Count(None).parse(text).unwrap_err().ends_with("write one, such as 20"), "{text}");
        }
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
            (Limit::Count(Some(4)), Limit::Count(Some(5)), Fails::Above, true),
            (Limit::Count(Some(6)), Limit::Count(Some(5)), Fails::Above, false),
            (Limit::Ban(Some(Ban)), Limit::Ban(None), Fails::AtOrAbove, true),
            (Limit::Ban(None), Limit::Ban(Some(Ban)), Fails::AtOrAbove, false),
        ] {
            assert_eq!(own.is_as_strict_as(&other, fails), expected, "{own} {other} {fails:?}");
        }
    }
}
