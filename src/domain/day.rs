//! A day of the calendar, in UTC.

use super::as_text::serde_as_text;
use super::time::Timestamp;
use std::fmt;
use std::str::FromStr;
use std::time::Duration;
use time::Date;
use time::macros::format_description;

/// The text is not a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a day is YYYY-MM-DD, in 1970 or later")]
pub struct InvalidDay;

/// A day from midnight to midnight UTC; on the wire `2026-11-24`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Day(Date);

impl Day {
    /// Its first moment.
    #[must_use]
    pub fn begin(self) -> Timestamp {
        Timestamp::from_millis(self.0.midnight().assume_utc().unix_timestamp().saturating_mul(1000))
    }

    /// The first moment after it.
    #[must_use]
    pub fn end(self) -> Timestamp {
        self.begin().plus(Duration::from_secs(24 * 60 * 60))
    }

    /// Whether a moment lies in it.
    #[must_use]
    pub fn contains(self, at: Timestamp) -> bool {
        self.begin() <= at && at < self.end()
    }
}

impl FromStr for Day {
    type Err = InvalidDay;
    fn from_str(text: &str) -> Result<Self, InvalidDay> {
        let date = Date::parse(text, format_description!("[year]-[month]-[day]")).map_err(|_| InvalidDay)?;
        // A sign or a longer year would read too.
        if text.len() == 10 && date.year() >= 1970 { Ok(Self(date)) } else { Err(InvalidDay) }
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

serde_as_text!(Day);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_begins_at_midnight_and_ends_before_the_next() {
        let day: Day = "2026-11-24".parse().unwrap();
        assert_eq!((day.begin().to_string(), day.to_string()), ("2026-11-24T00:00:00.000Z".into(), "2026-11-24".into()));
        let at = |millis| Timestamp::from_millis(day.begin().millis() + millis);
        assert!(day.contains(at(0)) && day.contains(at(86_399_999)) && !day.contains(at(-1)) && !day.contains(at(86_400_000)));
        assert_eq!(day.end(), "2026-11-25".parse::<Day>().unwrap().begin());
    }

    #[test]
    fn only_days_of_the_calendar_are_read() {
        for bad in ["", "today", "2026-11-31", "2026-13-01", "2026-1-01", "26-11-24", "1969-12-31", "+2026-11-24", "2026-11-24T"]
        {
            assert_eq!(bad.parse::<Day>(), Err(InvalidDay), "{bad}");
        }
        assert!("2024-02-29".parse::<Day>().is_ok() && "1970-01-01".parse::<Day>().is_ok());
    }
}
