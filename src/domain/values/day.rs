//! Calendar days, in UTC and in a place's local time.

use super::as_text::{read_as_text, serde_as_text};
use super::schema::{self, wire_schema};
use super::time::Timestamp;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;
use std::time::Duration;
use time::macros::format_description;
use time::{Date, Month};
use utoipa::ToSchema;
use utoipa::openapi::schema::{KnownFormat, ObjectBuilder, SchemaFormat, SchemaType, Type};

/// The text is not a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a day is YYYY-MM-DD, in 1970 or later")]
pub struct InvalidDay;

/// A date; on the wire `2026-11-24`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Day(Date);

impl Day {
    /// Returns the first moment of the day in UTC.
    #[must_use]
    pub fn begin(self) -> Timestamp {
        Timestamp::from_millis(self.0.midnight().assume_utc().unix_timestamp().saturating_mul(1000))
    }

    /// Returns the first moment of the next day in UTC.
    #[must_use]
    pub fn end(self) -> Timestamp {
        self.begin().plus(Duration::from_secs(24 * 60 * 60))
    }

    /// Returns the next day; for the calendar's last day, that day.
    #[must_use]
    pub fn next(self) -> Self {
        Self(self.0.next_day().unwrap_or(self.0))
    }

    /// Returns the day before; for the calendar's first day, that day.
    #[must_use]
    pub fn previous(self) -> Self {
        Self(self.0.previous_day().unwrap_or(self.0))
    }

    /// Returns the day of the week.
    #[must_use]
    pub fn weekday(self) -> Weekday {
        Weekday::ALL[usize::from(self.0.weekday().number_days_from_monday())]
    }

    /// Returns a day of the calendar, or the calendar's first day if there is no such day.
    pub(super) fn of(year: i16, month: i8, day: i8) -> Self {
        let month = Month::try_from(month.unsigned_abs()).unwrap_or(Month::January);
        Self(Date::from_calendar_date(year.into(), month, day.unsigned_abs()).unwrap_or(Date::MIN))
    }

    /// Returns year, month and day.
    pub(super) fn parts(self) -> (i16, i8, i8) {
        let (year, month, day) = self.0.to_calendar_date();
        (year as i16, u8::from(month).cast_signed(), day.cast_signed())
    }
}

/// A day of the week; on the wire `mon`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[allow(missing_docs)] // their names say all
pub enum Weekday {
    Mon,
    Tue,
    Wed,
    Thu,
    Fri,
    Sat,
    Sun,
}

impl Weekday {
    /// All days, the first of a week first.
    pub const ALL: [Self; 7] = [Self::Mon, Self::Tue, Self::Wed, Self::Thu, Self::Fri, Self::Sat, Self::Sun];
}

/// The minutes by which a place's clock is ahead of UTC, -1080 to 1080.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Offset(i16);

/// The offset is out of range.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an offset is a whole number of minutes from -1080 to 1080, and a clock change at most 180")]
pub struct InvalidOffset;

impl Offset {
    const MOST: i16 = 18 * 60;
    const MOST_CHANGE: i16 = 3 * 60;

    /// Converts local time to UTC.
    fn in_utc(self, local: Timestamp) -> Timestamp {
        Timestamp::from_millis(local.millis() - i64::from(self.0) * 60 * 1000)
    }
}

impl TryFrom<i16> for Offset {
    type Error = InvalidOffset;
    fn try_from(minutes: i16) -> Result<Self, InvalidOffset> {
        if (-Self::MOST..=Self::MOST).contains(&minutes) { Ok(Self(minutes)) } else { Err(InvalidOffset) }
    }
}

/// A day from midnight to midnight in local time. A clock change makes it shorter or longer than 24
/// hours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LocalDay {
    date: Day,
    begin: Timestamp,
    end: Timestamp,
}

impl LocalDay {
    /// Returns the local day `date`, by the offsets at its two midnights.
    ///
    /// # Errors
    /// [`InvalidOffset`] if the offsets differ by more than a clock change.
    pub fn new(date: Day, begin: Offset, end: Offset) -> Result<Self, InvalidOffset> {
        if (end.0 - begin.0).abs() > Offset::MOST_CHANGE {
            return Err(InvalidOffset);
        }
        Ok(Self { date, begin: begin.in_utc(date.begin()), end: end.in_utc(date.end()) })
    }

    /// Returns a day by its first moment and that of the next.
    pub(super) const fn between(date: Day, begin: Timestamp, end: Timestamp) -> Self {
        Self { date, begin, end }
    }

    /// Returns the date.
    #[must_use]
    pub const fn date(self) -> Day {
        self.date
    }

    /// Returns the first moment of the day.
    #[must_use]
    pub const fn begin(self) -> Timestamp {
        self.begin
    }

    /// Returns the first moment of the next day.
    #[must_use]
    pub const fn end(self) -> Timestamp {
        self.end
    }

    /// Whether a moment is in the day.
    #[must_use]
    pub fn contains(self, at: Timestamp) -> bool {
        self.begin <= at && at < self.end
    }
}

impl FromStr for Day {
    type Err = InvalidDay;
    fn from_str(text: &str) -> Result<Self, InvalidDay> {
        let date = Date::parse(text, format_description!("[year]-[month]-[day]")).map_err(|_| InvalidDay)?;
        // The parser also accepts a sign and longer years.
        if text.len() == 10 && date.year() >= 1970 { Ok(Self(date)) } else { Err(InvalidDay) }
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for Offset {
    type Err = InvalidOffset;
    fn from_str(text: &str) -> Result<Self, InvalidOffset> {
        text.parse::<i16>().map_err(|_| InvalidOffset).and_then(Self::try_from)
    }
}

serde_as_text!(Day);
read_as_text!(Offset);
wire_schema!(
    Day,
    "Day",
    ObjectBuilder::new()
        .schema_type(SchemaType::Type(Type::String))
        .format(Some(SchemaFormat::KnownFormat(KnownFormat::Date)))
        .description(Some("A day of the calendar: `YYYY-MM-DD`, in 1970 or later."))
);
wire_schema!(Offset, "Offset", schema::integer(-Self::MOST, Self::MOST));

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_begins_at_midnight_and_ends_before_the_next() {
        let day: Day = "2026-11-24".parse().unwrap();
        assert_eq!((day.begin().to_string(), day.to_string()), ("2026-11-24T00:00:00.000Z".into(), "2026-11-24".into()));
        let at = |millis| Timestamp::from_millis(day.begin().millis() + millis);
        let utc = LocalDay::new(day, Offset::default(), Offset::default()).unwrap();
        assert!(utc.contains(at(0)) && utc.contains(at(86_399_999)) && !utc.contains(at(-1)) && !utc.contains(at(86_400_000)));
        assert_eq!(day.end(), "2026-11-25".parse::<Day>().unwrap().begin());
    }

    #[test]
    fn midnights_depend_on_the_time_zone_and_a_clock_change_alters_the_length_of_a_day() {
        let on = |date: &str, begin: i16, end: i16| {
            LocalDay::new(date.parse().unwrap(), begin.try_into().unwrap(), end.try_into().unwrap())
        };
        let dhaka = on("2026-11-24", 360, 360).unwrap();
        assert_eq!(dhaka.begin().to_string(), "2026-11-23T18:00:00.000Z");
        assert_eq!(dhaka.end().to_string(), "2026-11-24T18:00:00.000Z");
        let fall_back = on("2026-11-01", -240, -300).unwrap();
        assert_eq!(fall_back.end().since(fall_back.begin()), Duration::from_secs(25 * 3600), "New York, in autumn");
        assert_eq!(fall_back.end(), on("2026-11-02", -300, -300).unwrap().begin(), "the next begins where it ends");
        assert_eq!(on("2026-11-24", 360, -360), Err(InvalidOffset));
        assert_eq!(Offset::try_from(1081), Err(InvalidOffset));
    }

    #[test]
    fn only_calendar_days_parse() {
        for bad in ["", "today", "2026-11-31", "2026-13-01", "2026-1-01", "26-11-24", "1969-12-31", "+2026-11-24", "2026-11-24T"]
        {
            assert_eq!(bad.parse::<Day>(), Err(InvalidDay), "{bad}");
        }
        assert!("2024-02-29".parse::<Day>().is_ok() && "1970-01-01".parse::<Day>().is_ok());
    }
}
