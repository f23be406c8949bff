//! Time zones, and local times in them. The rules of the zones are part of the program, so all nodes have the same ones. Only
//! this file uses the crate that contains them.

use super::as_text::serde_as_text;
use super::day::{Day, LocalDay};
use super::schema::{self, wire_schema};
use super::time::Timestamp;
use jiff::civil::DateTime;
use jiff::tz;
use std::fmt;
use std::str::FromStr;

/// The text is not the name of a time zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be the name of a time zone, like Asia/Dhaka or Europe/Berlin")]
pub struct InvalidTimeZone;

/// A time zone of the IANA database; on the wire `Asia/Dhaka`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TimeZone(tz::TimeZone);

/// A local time: what the clock of a time zone shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WallTime {
    /// The date.
    pub day: Day,
    /// The minute of the day, 0 to 1439.
    pub minute: u16,
}

impl TimeZone {
    /// The longest name, in bytes.
    const MAX_NAME: usize = 64;

    fn name(&self) -> &str {
        self.0.iana_name().unwrap_or("UTC")
    }

    /// Whether it is UTC, the zone of a restaurant that has set none.
    #[must_use]
    pub fn is_utc(&self) -> bool {
        *self == Self::default()
    }

    fn civil(&self, at: Timestamp) -> DateTime {
        self.0.to_datetime(jiff::Timestamp::from_millisecond(at.millis()).unwrap_or_default())
    }

    /// Returns the local time at a moment.
    #[must_use]
    pub fn wall(&self, at: Timestamp) -> WallTime {
        let civil = self.civil(at);
        let minute = u16::from(civil.hour().unsigned_abs()) * 60 + u16::from(civil.minute().unsigned_abs());
        WallTime { day: Day::of(civil.date().year(), civil.month(), civil.day()), minute }
    }

    /// Returns the day of a moment.
    #[must_use]
    pub fn day(&self, at: Timestamp) -> Day {
        self.wall(at).day
    }

    /// Returns the first and the last moment of a local time. They differ for a time that the clock repeats when it is set
    /// back. For a time that it skips, they are before and after the change of the clock.
    #[must_use]
    pub fn moments(&self, wall: WallTime) -> [Timestamp; 2] {
        let (year, month, day) = wall.day.parts();
        let (hour, minute) = ((wall.minute / 60).cast_signed(), (wall.minute % 60).cast_signed());
        let civil = DateTime::new(year, month, day, hour as i8, minute as i8, 0, 0).unwrap_or_default();
        let moment = |ambiguous: tz::AmbiguousTimestamp, is_later| {
            let moment = if is_later { ambiguous.later() } else { ambiguous.earlier() };
            Timestamp::from_millis(moment.unwrap_or_default().as_millisecond())
        };
        [false, true].map(|is_later| moment(self.0.to_ambiguous_timestamp(civil), is_later))
    }

    /// Returns the moments after `after`, up to `until`, at which the clock is set.
    pub fn changes(&self, after: Timestamp, until: Timestamp) -> impl Iterator<Item = Timestamp> {
        let begin = jiff::Timestamp::from_millisecond(after.millis()).unwrap_or_default();
        let times = self.0.following(begin).map(|change| Timestamp::from_millis(change.timestamp().as_millisecond()));
        times.take_while(move |change| *change <= until)
    }

    /// Returns a day from its first moment to that of the next.
    #[must_use]
    pub fn local_day(&self, day: Day) -> LocalDay {
        LocalDay::between(day, self.first_moment(day), self.first_moment(day.next()))
    }

    /// Returns the first moment of a day, which is later than midnight if the clock skips midnight.
    fn first_moment(&self, day: Day) -> Timestamp {
        let [earlier, later] = self.moments(WallTime { day, minute: 0 });
        if self.day(earlier) == day {
            return earlier;
        }
        self.changes(earlier, later).last().unwrap_or(later)
    }
}

impl Default for TimeZone {
    fn default() -> Self {
        Self(tz::TimeZone::UTC)
    }
}

/// The zone of a clock that nobody has set, which browsers do not know.
const FACTORY: &str = "Factory";

impl FromStr for TimeZone {
    type Err = InvalidTimeZone;
    fn from_str(text: &str) -> Result<Self, InvalidTimeZone> {
        let zone = tz::TimeZone::get(text).ok().filter(|_| text.len() <= Self::MAX_NAME && !text.eq_ignore_ascii_case(FACTORY));
        zone.filter(|zone| zone.iana_name().is_some()).map(Self).ok_or(InvalidTimeZone)
    }
}

impl fmt::Display for TimeZone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

serde_as_text!(TimeZone);
wire_schema!(
    TimeZone,
    "TimeZone",
    schema::text("^[A-Za-z][A-Za-z0-9_+/-]{1,63}$")
        .description(Some("The name of a time zone of the IANA database."))
        .examples(["Asia/Dhaka"])
);

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::time::Duration;

    const ZONES: [&str; 8] = [
        "UTC",
        "Asia/Dhaka",
        "Europe/Berlin",
        "America/New_York",
        "America/Sao_Paulo",   // set its clock at midnight
        "Australia/Lord_Howe", // sets its clock by half an hour
        "Africa/Cairo",
        "Pacific/Apia", // left out a day
    ];

    fn zone(name: &str) -> TimeZone {
        name.parse().unwrap()
    }

    fn moment(text: &str) -> Timestamp {
        serde_json::from_value(text.into()).unwrap()
    }

    #[test]
    fn names_are_those_of_the_database() {
        assert_eq!(zone("asia/dhaka").to_string(), "Asia/Dhaka", "spelt as the database spells it");
        assert!(zone("UTC").is_utc() && !zone("Europe/London").is_utc());
        for wrong in ["", "Dhaka", "Mars/Olympus", "Factory", "+06:00", "UTC-6", "../etc/passwd", "Asia/Dhaka\n"] {
            assert_eq!(wrong.parse::<TimeZone>(), Err(InvalidTimeZone), "{wrong:?}");
        }
    }

    #[test]
    fn a_day_begins_at_its_first_local_time() {
        let first = |name: &str, day: &str| zone(name).local_day(day.parse().unwrap()).begin().to_string();
        assert_eq!(first("Asia/Dhaka", "2026-11-24"), "2026-11-23T18:00:00.000Z");
        assert_eq!(first("America/Sao_Paulo", "2018-11-04"), "2018-11-04T03:00:00.000Z", "midnight was skipped");
        let length = |name: &str, day: &str| {
            let day = zone(name).local_day(day.parse().unwrap());
            day.end().since(day.begin()).as_secs() / 3600
        };
        assert_eq!((length("Europe/Berlin", "2026-03-29"), length("Europe/Berlin", "2026-10-25")), (23, 25));
        assert_eq!(length("America/Sao_Paulo", "2018-11-04"), 23);
    }

    #[test]
    fn a_clock_that_is_set_back_shows_a_minute_twice() {
        let berlin = zone("Europe/Berlin");
        let wall = WallTime { day: "2026-10-25".parse().unwrap(), minute: 150 };
        let [one, two] = berlin.moments(wall);
        assert_eq!((one.to_string(), two.since(one)), ("2026-10-25T00:30:00.000Z".into(), Duration::from_secs(3600)));
        assert_eq!([one, two].map(|at| berlin.wall(at)), [wall, wall]);
        let changes: Vec<_> = berlin.changes(moment("2026-10-25T00:00:00Z"), moment("2026-10-26T00:00:00Z")).collect();
        assert_eq!(changes, [moment("2026-10-25T01:00:00Z")]);
    }

    proptest! {
        #[test]
        fn each_moment_is_in_its_day_and_in_no_other(name in prop::sample::select(&ZONES[..]), hours in 400_000_i64..1_400_000) {
            let (zone, at) = (zone(name), Timestamp::from_millis(hours * 1_800_000));
            let day = zone.day(at);
            let local = zone.local_day(day);
            prop_assert!(local.contains(at), "{at} in {day}: {local:?}");
            prop_assert!(!zone.local_day(day.next()).contains(at));
            prop_assert_eq!(zone.local_day(day.next()).begin(), local.end());
            prop_assert!(zone.moments(zone.wall(at)).contains(&at));
        }
    }
}
