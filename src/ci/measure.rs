//! The numbers that rules compare with their limits, one function per rule. A new row of `config::rule` does not compile without
//! its number in [`measure`].

use std::cmp::Ordering;
use std::fmt;

use super::rules::Rule;
use crate::config::{Fails, Limit};
use dive_model::analysis::Analysis;
use dive_model::units::{Bytes, go_float};

/// A number in the unit of a rule.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Amount {
    /// From 0; may exceed 1.
    Ratio(f64),
    /// A size.
    Bytes(Bytes),
}

/// The numbers of an image for one rule. `None` is a number that breaks no limit.
#[derive(Debug, Clone, Copy)]
pub(super) struct Measured {
    /// The number to show, even if it cannot break a limit.
    pub(super) value: Amount,
    /// The number that decides.
    pub(super) deciding: Option<Amount>,
    /// For a rule on one of dive's numbers: the exact number.
    pub(super) exact: Option<Amount>,
}

/// Computes the numbers of `rule`.
pub(super) fn measure(rule: Rule, analysis: &Analysis) -> Measured {
    match rule {
        Rule::LowestEfficiency => efficiency(analysis),
        Rule::HighestWastedBytes => wasted_bytes(analysis),
        Rule::HighestUserWastedPercent => user_wasted_share(analysis),
    }
}

fn efficiency(analysis: &Analysis) -> Measured {
    waste(analysis, Amount::Ratio(analysis.classic.efficiency), Amount::Ratio(analysis.exact.efficiency()))
}

fn wasted_bytes(analysis: &Analysis) -> Measured {
    let bytes = |bytes| Amount::Bytes(Bytes(bytes));
    waste(analysis, bytes(analysis.classic.wasted_bytes), bytes(analysis.exact.reclaimable_bytes()))
}

fn user_wasted_share(analysis: &Analysis) -> Measured {
    let exact = match analysis.classic.user_size_bytes() {
        0 => 0.0,
        user => analysis.exact.reclaimable_bytes() as f64 / user as f64,
    };
    waste(analysis, Amount::Ratio(analysis.classic.user_wasted_percent), Amount::Ratio(exact))
}

/// dive's number and the exact one for a rule about waste. An image without waste breaks no limit, not even 0 bytes.
fn waste(analysis: &Analysis, classic: Amount, exact: Amount) -> Measured {
    Measured {
        value: classic,
        deciding: (analysis.classic.wasted_bytes > 0).then_some(classic),
        exact: (analysis.exact.reclaimable_bytes() > 0).then_some(exact),
    }
}

impl Amount {
    /// The number of a limit; `None` if the rule is off.
    pub(super) const fn of(limit: &Limit) -> Option<Self> {
        match limit {
            Limit::Ratio(Some(ratio)) => Some(Self::Ratio(ratio.get())),
            Limit::Bytes(Some(bytes)) => Some(Self::Bytes(*bytes)),
            Limit::Ratio(None) | Limit::Bytes(None) => None,
        }
    }

    /// The comparison of the number with a limit that it breaks; `None` if it meets the limit.
    pub(super) fn breaks(self, limit: Self, fails: Fails) -> Option<Ordering> {
        let order = match (self, limit) {
            (Self::Ratio(number), Self::Ratio(limit)) => number.partial_cmp(&limit)?,
            (Self::Bytes(number), Self::Bytes(limit)) => number.cmp(&limit),
            // Unreachable: a test checks that each rule's number has the unit of its limit.
            (Self::Ratio(_), Self::Bytes(_)) | (Self::Bytes(_), Self::Ratio(_)) => return None,
        };
        let is_broken = match fails {
            Fails::Below => order.is_lt(),
            Fails::AtOrAbove => order.is_ge(),
        };
        is_broken.then_some(order)
    }

    /// The rounded number in this program's part of the report.
    #[must_use]
    pub(crate) fn rounded(self) -> String {
        match self {
            Self::Ratio(share) => format!("{share:.4}"),
            Self::Bytes(bytes) => bytes.to_string(),
        }
    }
}

/// The number as dive prints it.
impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ratio(share) => f.write_str(&go_float(*share)),
            Self::Bytes(bytes) => bytes.0.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use dive_model::analysis::classic::Classic;
    use dive_model::analysis::exact::Exact;

    /// A limit in another unit would never fail an image.
    #[test]
    fn every_rule_is_measured_in_the_unit_of_its_limit() {
        let analysis = Analysis {
            classic: Classic {
                layer_sizes: vec![1, 1],
                efficiency: 0.5,
                wasted_bytes: 1,
                user_wasted_percent: 0.5,
                inefficient_files: Vec::new(),
            },
            exact: Exact { total_bytes: 2, visible_bytes: 1, files: Vec::new() },
        };
        for rule in Rule::ALL {
            let one = Amount::of(&rule.row().default.parse("1").unwrap()).unwrap();
            let measured = measure(rule, &analysis);
            for amount in [measured.deciding, measured.exact].into_iter().flatten() {
                assert_eq!(std::mem::discriminant(&amount), std::mem::discriminant(&one), "{rule}");
            }
            assert!(measured.deciding.is_some(), "{rule}");
        }
    }
}
