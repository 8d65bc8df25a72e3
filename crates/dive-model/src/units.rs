//! Parses and formats quantities: [`Bytes`], printed like dive's sizes, and [`Ratio`], from 0 to 1.
//!
//! Files, flags and variables parse all thresholds here, so they accept the same spellings and have the same errors.

use std::fmt;
use std::iter::Sum;
use std::ops::AddAssign;
use std::str::FromStr;

use bytesize::Unit;

/// A number of bytes.
///
/// Printed like dive: powers of 1000, with one decimal below ten (`6.4 kB`) and none above (`32 kB`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Bytes(pub u64);

/// A saturating sum of sizes: those in a crafted image may exceed 64 bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Total(u64);

impl Total {
    /// The sum in bytes.
    #[must_use]
    pub const fn get(self) -> u64 {
        self.0
    }
}

impl AddAssign<u64> for Total {
    fn add_assign(&mut self, bytes: u64) {
        self.0 = self.0.saturating_add(bytes);
    }
}

impl Sum<u64> for Total {
    fn sum<I: Iterator<Item = u64>>(sizes: I) -> Self {
        Self(sizes.fold(0, u64::saturating_add))
    }
}

/// A number of things, as `1 file` or `2 files`.
#[must_use]
pub fn count_of(count: u64, thing: &str) -> String {
    counted(count, thing, &format!("{thing}s"))
}

/// A number of things with an irregular plural, as `1 match` or `2 matches`.
#[must_use]
pub fn counted(count: u64, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}

/// A text that is not a size.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BytesError {
    /// Not a number with a known unit.
    #[error("`{0}` is not a size: write a number and a unit, such as 20MB, 1.5 GB or 20MiB")]
    Malformed(String),
    /// A fraction without a unit, probably a ratio.
    #[error("`{0}` is less than one byte: write a number and a unit, such as 20MB")]
    Fraction(String),
    /// More than 64 bits.
    #[error("`{0}` is too large: the maximum is 18EB; write a size such as 20MB")]
    TooLarge(String),
}

impl fmt::Display for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const UNITS: [&str; 7] = ["B", "kB", "MB", "GB", "TB", "PB", "EB"];
        if self.0 < 10 {
            return write!(f, "{} B", self.0);
        }
        let (mut scale, mut unit) = (1_u64, 0);
        while self.0 / scale >= 1000 {
            scale *= 1000;
            unit += 1;
        }
        // Like Go's humanize, round to a tenth first, then to a whole number: 999,999 bytes are `1000 kB`.
        let tenths = (self.0 as f64 / scale as f64 * 10.0 + 0.5).floor() / 10.0;
        // Always found: the largest u64 is 18 * 1000^6.
        let name = UNITS.get(unit).copied().unwrap_or("EB");
        if tenths < 10.0 && unit > 0 { write!(f, "{tenths:.1} {name}") } else { write!(f, "{tenths:.0} {name}") }
    }
}

impl FromStr for Bytes {
    type Err = BytesError;

    /// Parses `20MB`, `19Mb`, `20 MB`, `20000000` and `20,000,000` in powers of 1000, and `20MiB` in powers of 1024, in
    /// any case.
    ///
    /// Only the units are bytesize's. Its arithmetic uses `f64`, where `1.001kB` is 1000 bytes, and saturates for too
    /// large sizes.
    fn from_str(text: &str) -> Result<Self, BytesError> {
        let malformed = || BytesError::Malformed(start(text));
        let trimmed = text.trim();
        let end = trimmed
            .find(|c: char| !c.is_ascii_digit() && c != '.' && !SEPARATORS.contains(&c))
            .unwrap_or(trimmed.len());
        let (number, unit) = trimmed.split_at(end);
        let unit = match unit.trim_start() {
            "" => Unit::Byte,
            name => name.parse().map_err(|_| malformed())?,
        };
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        let whole = without_separators(whole).ok_or_else(malformed)?;
        if whole.len() + fraction.len() == 0 || !fraction.bytes().all(|digit| digit.is_ascii_digit()) {
            return Err(malformed());
        }
        if unit == Unit::Byte && fraction.bytes().any(|digit| digit != b'0') {
            return Err(BytesError::Fraction(start(text)));
        }
        scaled(&whole, fraction, 1_u64 * unit).map(Self).ok_or_else(|| BytesError::TooLarge(start(text)))
    }
}

/// The start of a text, for messages.
fn start(text: &str) -> String {
    const SHOWN: usize = 40;
    let mut letters = text.chars();
    let start: String = letters.by_ref().take(SHOWN).collect();
    if letters.next().is_none() { start } else { start + "…" }
}

/// Separators of groups of three digits: the comma in dive's sizes, the underscore in YAML's numbers.
const SEPARATORS: [char; 2] = [',', '_'];

/// Removes separators; `None` unless they separate groups of three digits. dive ignores commas anywhere: `1,5MB` is 15
/// MB.
fn without_separators(digits: &str) -> Option<String> {
    let mut groups = digits.split(SEPARATORS);
    let first = groups.next()?;
    let rest: Vec<&str> = groups.collect();
    let grouped = (1..=3).contains(&first.len()) && rest.iter().all(|group| group.len() == 3);
    (rest.is_empty() || grouped).then(|| first.to_owned() + &rest.concat())
}

/// The integer part of `whole.fraction * factor`; `None` on overflow.
fn scaled(whole: &str, fraction: &str, factor: u64) -> Option<u64> {
    // The largest unit is 10^18 bytes, so further digits are fractions of a byte.
    let fraction = fraction.get(..18).unwrap_or(fraction);
    let whole = if whole.is_empty() { "0" } else { whole };
    let whole = u128::from(whole.parse::<u64>().ok()?).checked_mul(u128::from(factor))?;
    let part = match fraction {
        "" => 0,
        digits => {
            let scale = 10_u128.pow(u32::try_from(digits.len()).ok()?);
            u128::from(digits.parse::<u64>().ok()?) * u128::from(factor) / scale
        }
    };
    u64::try_from(whole.checked_add(part)?).ok()
}

/// A ratio from 0 to 1, inclusive; above 1 only from [`Ratio::parse_share`].
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
pub struct Ratio(f64);

/// A text that is not a ratio.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum RatioError {
    /// Not a number.
    #[error("`{0}` is not a ratio: write a number from 0 to 1, such as 0.9")]
    Malformed(String),
    /// A percentage: a number from 2 to 100, or one with a percent sign.
    #[error(
        "`{text}` is {}: write a number from 0 to 1, such as {ratio} for {} %",
        if text.contains('%') { "not a ratio" } else { "outside the range of a ratio" },
        percent_number(text)
    )]
    Percentage {
        /// The text.
        text: String,
        /// The ratio that it means.
        ratio: f64,
    },
    /// A number below 0 or above 1.
    #[error("`{0}` is outside the range of a ratio: write a number from 0 to 1, such as 0.9")]
    OutOfRange(String),
    /// Not a share that may exceed 1.
    #[error("`{}` is not a ratio: write 0 or more, such as {}", .0, share_example(.0))]
    NotAShare(String),
}

impl Ratio {
    /// A ratio from hundredths; more than 100 count as 100.
    #[must_use]
    pub const fn percent(hundredths: u8) -> Self {
        let hundredths = if hundredths > 100 { 100 } else { hundredths };
        Self(hundredths as f64 / 100.0)
    }

    /// Parses a share that may exceed 1, such as growth: 1.5 is 150 %.
    ///
    /// # Errors
    /// If the text is not a number, or the number is negative.
    pub fn parse_share(text: &str) -> Result<Self, RatioError> {
        match text.trim().parse::<f64>() {
            Ok(share) if share >= 0.0 && share.is_finite() => Ok(Self(share + 0.0)),
            _ => Err(RatioError::NotAShare(start(text))),
        }
    }

    /// The ratio.
    #[must_use]
    pub const fn get(self) -> f64 {
        self.0
    }
}

impl fmt::Display for Ratio {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for Ratio {
    type Err = RatioError;

    fn from_str(text: &str) -> Result<Self, RatioError> {
        if let Some(ratio) = percentage(text) {
            return Err(RatioError::Percentage { text: start(text), ratio });
        }
        match text.trim().parse::<f64>() {
            // Adding zero turns -0 into 0.
            Ok(share) if (0.0..=1.0).contains(&share) => Ok(Self(share + 0.0)),
            Ok(share) if !share.is_nan() => Err(RatioError::OutOfRange(start(text))),
            _ => Err(RatioError::Malformed(start(text))),
        }
    }
}

/// A percentage without its sign.
fn percent_number(text: &str) -> &str {
    text.trim().trim_end_matches('%').trim_end()
}

/// A share for messages: the one that `text` means, if it has a percent sign.
fn share_example(text: &str) -> String {
    let number = percent_number(text);
    let hundredths = number.parse::<f64>().ok().filter(|it| *it >= 0.0 && it.is_finite() && text.contains('%'));
    hundredths.map_or_else(
        || "0.05 for 5 % or 1.5 for 150 %".to_owned(),
        |hundredths| format!("{} for {number} %", (hundredths * 1e8).round() / 1e10),
    )
}

/// The ratio that a percentage means. A number just above 1 may as well be a ratio that is too large.
fn percentage(text: &str) -> Option<f64> {
    let hundredths: f64 = percent_number(text).parse().ok()?;
    let has_sign = text.trim().ends_with('%');
    let is_meant = (0.0..=100.0).contains(&hundredths) && (has_sign || hundredths >= 2.0);
    // Ten decimals: 2.3 / 100 is 0.022999999999999996.
    is_meant.then(|| (hundredths * 1e8).round() / 1e10)
}

/// Formats a number like Go's `%v`, for lines that must equal dive's: the shortest digits that parse to the same
/// number, with an exponent of at least two digits below 1e-4 and from 1e21 on (Go, package strconv, `FormatFloat` with
/// `'g'` and precision -1).
#[must_use]
pub fn go_float(value: f64) -> String {
    let scientific = format!("{value:e}");
    let Some((digits, exponent)) = scientific.split_once('e') else { return scientific };
    match exponent.parse::<i32>() {
        Ok(exponent) if value != 0.0 && !(-4..21).contains(&exponent) => {
            let sign = if exponent < 0 { '-' } else { '+' };
            format!("{digits}e{sign}{:02}", exponent.abs())
        }
        _ => value.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_of_claimed_sizes_do_not_overflow() {
        let claimed = [u64::MAX, 1, 5];
        assert_eq!(claimed.into_iter().sum::<Total>().get(), u64::MAX);
        let mut total = [2, 3].into_iter().sum::<Total>();
        total += 5;
        assert_eq!(total.get(), 10);
        total += u64::MAX;
        assert_eq!(total.get(), u64::MAX);
    }

    #[test]
    fn sizes_print_as_dive_prints_them() {
        let cases = [
            (0, "0 B"),
            (9, "9 B"),
            (10, "10 B"),
            (999, "999 B"),
            (1000, "1.0 kB"),
            (6400, "6.4 kB"),
            (9949, "9.9 kB"),
            (9950, "10 kB"),
            (12_800, "13 kB"),
            (32_025, "32 kB"),
            (999_999, "1000 kB"),
            (1_000_000, "1.0 MB"),
            (1_220_000, "1.2 MB"),
            (374_000_000, "374 MB"),
            (1_000_000_000, "1.0 GB"),
            (2_100_000_000, "2.1 GB"),
            (5_000_000_000_000, "5.0 TB"),
            (7_000_000_000_000_000, "7.0 PB"),
            (u64::MAX, "18 EB"),
        ];
        for (bytes, printed) in cases {
            assert_eq!(Bytes(bytes).to_string(), printed, "{bytes}");
        }
    }

    #[test]
    fn sizes_parse_in_all_common_spellings() {
        let cases = [
            ("0", 0),
            ("20MB", 20_000_000),
            ("19Mb", 19_000_000),
            ("20 MB", 20_000_000),
            (" 20\tmb ", 20_000_000),
            ("20000000", 20_000_000),
            ("20000000B", 20_000_000),
            ("20MiB", 20_971_520),
            ("20mib", 20_971_520),
            ("1.5GB", 1_500_000_000),
            ("1.5 KiB", 1536),
            ("2M", 2_000_000),
            ("18EB", 18_000_000_000_000_000_000),
            ("1,000", 1000),
            ("20,000,000 B", 20_000_000),
            ("1,005.5 kB", 1_005_500),
            ("20_000_000", 20_000_000),
            (".5MB", 500_000),
            ("5.MB", 5_000_000),
            // bytesize returns 1000.
            ("1.001kB", 1001),
            ("9007199254740993", 9_007_199_254_740_993),
        ];
        for (text, bytes) in cases {
            assert_eq!(text.parse(), Ok(Bytes(bytes)), "{text}");
        }
    }

    #[test]
    fn an_invalid_size_is_refused_with_the_value_and_an_example() {
        let refused = [
            "",
            "abc",
            "MB",
            "-5MB",
            "-1",
            "+5",
            "NaN",
            "inf",
            "1e3",
            "5 quarts",
            "1.2.3MB",
            ".MB",
            "1,5MB",
            "1,0000",
            ",000",
            "1.000,5MB",
            "0.1",
            "1 000",
            "20EB",
            "18446744073709551616",
            "99999999999999999999999999999999999999999GB",
            "20МB",
            "disabled",
        ];
        for text in refused {
            let message = text.parse::<Bytes>().unwrap_err().to_string();
            // A long one is cut.
            let start: String = text.chars().take(40).collect();
            assert!(message.contains(&format!("`{start}")) && message.contains("20MB"), "{message}");
        }
    }

    #[test]
    fn ratios_outside_0_to_1_are_refused() {
        assert_eq!("0.9".parse(), Ok(Ratio::percent(90)));
        assert_eq!(" 1 ".parse(), Ok(Ratio::percent(100)));
        assert_eq!("-0".parse::<Ratio>().unwrap().to_string(), "0");
        assert_eq!(Ratio::percent(10).get().to_bits(), 0.1_f64.to_bits());
        for (text, means) in [("90", "0.9 for 90 %"), (" 2.3 % ", "0.023 for 2.3 %"), ("0.5%", "0.005 for 0.5 %")] {
            let message = text.parse::<Ratio>().unwrap_err().to_string();
            assert!(
                message.ends_with(&format!("such as {means}")) && message.contains(&format!("`{text}`")),
                "{message}"
            );
        }
        for (text, means) in
            [("150%", "1.5 for 150 %"), ("20 %", "0.2 for 20 %"), ("-3", "0.05 for 5 % or 1.5 for 150 %")]
        {
            let message = Ratio::parse_share(text).unwrap_err().to_string();
            assert!(message.ends_with(&format!("such as {means}")), "{message}");
        }
        for text in ["1.5", "-0.1", "inf", "NaN", "abc", "", "90%"] {
            let message = text.parse::<Ratio>().unwrap_err().to_string();
            assert!(message.contains(&format!("`{text}`")) && message.contains("0.9"), "{message}");
        }
    }

    #[test]
    fn one_thing_is_singular() {
        let counts = [0, 1, 2].map(|count| count_of(count, "file"));
        assert_eq!(counts, ["0 files", "1 file", "2 files"]);
        assert_eq!([0, 1, 2].map(|count| counted(count, "match", "matches")), ["0 matches", "1 match", "2 matches"]);
    }

    #[test]
    fn floats_are_printed_as_go_prints_them() {
        for (value, text) in [
            (0.0, "0"),
            (1.0, "1"),
            (0.1, "0.1"),
            (0.483_491_100_140_404_9, "0.4834911001404049"),
            (0.000_1, "0.0001"),
            (0.000_09, "9e-05"),
            (1.25e-10, "1.25e-10"),
            (1e20, "100000000000000000000"),
            (1e21, "1e+21"),
            (12_345_678.0, "12345678"),
        ] {
            assert_eq!(go_float(value), text);
        }
    }
}
