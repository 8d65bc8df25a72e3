//! A rule's limit as a file, a variable or a flag gives it: a value, or nothing at all. It is a file of its own because
//! all three parse it with the same `FromStr`, which clap takes as it is.

use std::fmt;
use std::str::FromStr;

/// What a rule measures against.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Limit<T> {
    /// The rule is turned off.
    Off,
    /// The rule holds the image to this.
    At(T),
}

impl<T: FromStr> FromStr for Limit<T> {
    type Err = T::Err;

    fn from_str(text: &str) -> Result<Self, T::Err> {
        match text.trim().to_ascii_lowercase().as_str() {
            "disabled" | "off" | "false" | "" => Ok(Self::Off),
            _ => text.parse().map(Self::At),
        }
    }
}

impl<T: fmt::Display> fmt::Display for Limit<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Off => f.write_str("disabled"),
            Self::At(value) => value.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use dive_model::units::{Bytes, Ratio};

    #[test]
    fn every_word_for_off_turns_a_rule_off() {
        for text in ["disabled", "Disabled", "off", "OFF", "false", "False", "", "  "] {
            assert_eq!(text.parse(), Ok(Limit::<Bytes>::Off), "{text}");
        }
    }

    #[test]
    fn anything_else_must_be_a_value() {
        assert_eq!("20MB".parse(), Ok(Limit::At(Bytes(20_000_000))));
        assert_eq!("0.9".parse(), Ok(Limit::At(Ratio::percent(90))));
        assert!("true".parse::<Limit<Ratio>>().is_err());
    }
}
