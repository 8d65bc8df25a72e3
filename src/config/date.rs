//! A calendar day in UTC, for exceptions that end.

use std::fmt;
use std::str::FromStr;
use std::time::{SystemTime, UNIX_EPOCH};

use super::value::shortened;

/// A day in UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Date {
    year: u16,
    month: u8,
    day: u8,
}

impl Date {
    /// The day of a time. A time before 1970 counts as 1970-01-01.
    ///
    /// The algorithm is Howard Hinnant's `civil_from_days`, in which years begin in March.
    #[must_use]
    pub fn of(time: SystemTime) -> Self {
        const DAYS_PER_ERA: u64 = 146_097;
        let days = time.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs() / 86_400);
        // Days since 0000-03-01.
        let days = days + 719_468;
        let (era, day_of_era) = (days / DAYS_PER_ERA, days % DAYS_PER_ERA);
        let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let month_from_march = (5 * day_of_year + 2) / 153;
        let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
        let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
        let year = era * 400 + year_of_era + u64::from(month <= 2);
        Self { year: year as u16, month: month as u8, day: day as u8 }
    }
}

impl FromStr for Date {
    type Err = String;

    /// Parses `2026-12-31`.
    fn from_str(text: &str) -> Result<Self, String> {
        let invalid = || format!("`{}` is not a date: write YYYY-MM-DD, such as 2026-12-31", shortened(text));
        let parts: Vec<&str> = text.trim().split('-').collect();
        let [year, month, day] = parts[..] else { return Err(invalid()) };
        let is_number = |text: &str, length| text.len() == length && text.bytes().all(|byte| byte.is_ascii_digit());
        if !(is_number(year, 4) && is_number(month, 2) && is_number(day, 2)) {
            return Err(invalid());
        }
        let number = |text: &str| text.parse::<u16>().map_err(|_| invalid());
        let (year, month, day) = (number(year)?, number(month)?, number(day)?);
        let is_leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
        let last = match month {
            4 | 6 | 9 | 11 => 30,
            2 => 28 + u16::from(is_leap),
            _ => 31,
        };
        if !(1..=12).contains(&month) || !(1..=last).contains(&day) {
            return Err(invalid());
        }
        Ok(Self { year, month: month as u8, day: day as u8 })
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_time_is_on_its_day_in_utc() {
        for (seconds, date) in [
            (0, "1970-01-01"),
            (951_782_399, "2000-02-28"),
            (951_782_400, "2000-02-29"),
            (1_798_761_599, "2026-12-31"),
            (1_798_761_600, "2027-01-01"),
            (4_107_542_400, "2100-03-01"),
        ] {
            assert_eq!(Date::of(UNIX_EPOCH + Duration::from_secs(seconds)).to_string(), date, "{seconds}");
        }
    }

    #[test]
    fn only_days_of_the_calendar_are_dates() {
        for text in ["2026-12-31", " 2028-02-29 ", "0001-01-01"] {
            assert_eq!(text.parse::<Date>().unwrap().to_string(), text.trim());
        }
        for text in
            ["31.12.2026", "2026-13-01", "2026-02-29", "2026-04-31", "2026-1-1", "2026-12-00", "soon", "", "+026-01-01"]
        {
            let message = text.parse::<Date>().unwrap_err();
            assert!(message.ends_with("is not a date: write YYYY-MM-DD, such as 2026-12-31"), "{message}");
        }
        assert!("2026-12-31".parse::<Date>().unwrap() < "2027-01-01".parse().unwrap());
    }
}
