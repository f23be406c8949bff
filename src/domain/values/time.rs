//! Points in time in the wire's form. Nothing here reads a clock; the current time is an argument.

use super::schema::wire_schema;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::ops::Range;
use std::time::Duration;
use time::format_description::well_known::Rfc3339;
use time::{OffsetDateTime, UtcOffset};
use utoipa::openapi::schema::{KnownFormat, ObjectBuilder, SchemaFormat, SchemaType, Type};

/// A point in time in UTC, to the millisecond. On the wire it is RFC 3339 with exactly three
/// decimals (`2026-11-24T10:00:00.123Z`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

impl Timestamp {
    /// Converts from milliseconds since the Unix epoch, clamped to the years of RFC 3339.
    #[must_use]
    pub const fn from_millis(millis: i64) -> Self {
        const LAST: i64 = 253_402_300_799_999; // 9999-12-31T23:59:59.999Z
        Self(if millis < 0 {
            0
        } else if millis > LAST {
            LAST
        } else {
            millis
        })
    }

    /// Converts from microseconds since the Unix epoch (as in the databases), truncated to
    /// milliseconds.
    #[must_use]
    pub const fn from_micros(micros: i64) -> Self {
        Self::from_millis(micros.div_euclid(1000))
    }

    /// Returns the milliseconds since the Unix epoch.
    #[must_use]
    pub const fn millis(self) -> i64 {
        self.0
    }

    /// Returns the microseconds since the Unix epoch.
    #[must_use]
    pub const fn micros(self) -> i64 {
        self.0 * 1000
    }

    /// Returns the whole seconds since the Unix epoch.
    #[must_use]
    pub const fn seconds(self) -> i64 {
        self.0.div_euclid(1000)
    }

    /// Returns the time `span` earlier.
    #[must_use]
    pub fn minus(self, span: Duration) -> Self {
        Self::from_millis(self.millis().saturating_sub(i64::try_from(span.as_millis()).unwrap_or(i64::MAX)))
    }

    /// Returns the time `span` later.
    #[must_use]
    pub fn plus(self, span: Duration) -> Self {
        Self::from_millis(self.0.saturating_add(i64::try_from(span.as_millis()).unwrap_or(i64::MAX)))
    }

    /// Returns the time `minutes` later.
    #[must_use]
    pub fn plus_minutes(self, minutes: u16) -> Self {
        self.plus(Duration::from_secs(u64::from(minutes) * 60))
    }

    /// Returns the time elapsed since `earlier`, or zero if that is not earlier.
    #[must_use]
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }
}

impl fmt::Display for Timestamp {
    /// Writes the digits itself: a command writes a dozen of times, and a description of the format
    /// costs several times as much.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at = OffsetDateTime::from_unix_timestamp(self.seconds()).map_err(|_| fmt::Error)?;
        let (year, month, day) = at.to_calendar_date();
        let (hour, minute, second) = at.to_hms();
        let mut text = *b"0000-00-00T00:00:00.000Z";
        let mut put = |place: Range<usize>, mut number: u32| {
            for digit in text[place].iter_mut().rev() {
                *digit += (number % 10) as u8;
                number /= 10;
            }
        };
        put(0..4, year.unsigned_abs());
        put(5..7, u8::from(month).into());
        put(8..10, day.into());
        put(11..13, hour.into());
        put(14..16, minute.into());
        put(17..19, second.into());
        put(20..23, self.0.rem_euclid(1000) as u32);
        f.write_str(std::str::from_utf8(&text).map_err(|_| fmt::Error)?)
    }
}

impl Serialize for Timestamp {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        let at = OffsetDateTime::parse(&text, &Rfc3339)
            .map_err(|_| serde::de::Error::custom("must be an RFC 3339 time, like 2026-11-24T10:00:00.123Z"))?;
        let millis = at.to_offset(UtcOffset::UTC).unix_timestamp_nanos() / 1_000_000;
        i64::try_from(millis).map(Self::from_millis).map_err(|_| serde::de::Error::custom("must be a time that a calendar has"))
    }
}

wire_schema!(
    Timestamp,
    "Time",
    ObjectBuilder::new()
        .schema_type(SchemaType::Type(Type::String))
        .format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime)))
        .description(Some("RFC 3339; in answers in UTC with three decimals."))
        .examples(["2026-11-24T10:00:00.123Z"])
);

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use time::macros::format_description;

    #[test]
    fn the_wire_form_has_three_decimals_and_round_trips() {
        let at = Timestamp::from_millis(1_795_514_400_007);
        let text = serde_json::to_string(&at).unwrap();
        assert_eq!(text, "\"2026-11-24T10:00:00.007Z\"");
        assert_eq!(serde_json::from_str::<Timestamp>(&text).unwrap(), at);
        assert_eq!(serde_json::from_str::<Timestamp>("\"2026-11-24T16:00:00.007+06:00\"").unwrap(), at);
        assert!(serde_json::from_str::<Timestamp>("\"yesterday\"").is_err());
    }

    proptest! {
        /// The text is the one that the library writes for the same format.
        #[test]
        fn a_time_is_formatted_as_the_library_formats_it(millis in 0..=253_402_300_799_999_i64) {
            for millis in [millis, millis / 1_000_000, 0, 951_782_400_000, 253_402_300_799_999] {
                let format = format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:3]Z");
                let at = OffsetDateTime::from_unix_timestamp_nanos(i128::from(millis) * 1_000_000).unwrap();
                let timestamp = Timestamp::from_millis(millis);
                prop_assert_eq!(timestamp.to_string(), at.format(&format).unwrap());
                let text = serde_json::to_string(&timestamp).unwrap();
                prop_assert_eq!(serde_json::from_str::<Timestamp>(&text).unwrap(), timestamp);
            }
        }
    }
}
