//! Hours of the week, in local time.

use super::as_text::serde_as_text;
use super::day::{Day, Weekday};
use super::schema::{self, wire_schema};
use super::time::Timestamp;
use super::time_zone::{TimeZone, WallTime};
use serde::{Deserialize, Deserializer, Serialize};
use std::fmt;
use std::str::FromStr;
use utoipa::ToSchema;
use utoipa::openapi::Ref;
use utoipa::openapi::schema::{Array, ArrayBuilder};

/// The most spans of one week.
pub const MAX_SPANS: usize = 20;
/// The days in which to search for the next change of hours: more than two weeks, since a change of the clock may skip the
/// first span.
const HORIZON_DAYS: usize = 17;

/// The text is not a local time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be a time from 00:00 to 23:59, like 09:30")]
pub struct InvalidClockTime;

/// A local time; on the wire `09:30`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ClockTime(u16);

impl FromStr for ClockTime {
    type Err = InvalidClockTime;
    fn from_str(text: &str) -> Result<Self, InvalidClockTime> {
        let [a, b, b':', c, d] = *text.as_bytes() else { return Err(InvalidClockTime) };
        let two = |tens: u8, ones: u8| {
            let is_number = tens.is_ascii_digit() && ones.is_ascii_digit();
            is_number.then(|| u16::from(tens - b'0') * 10 + u16::from(ones - b'0'))
        };
        match (two(a, b), two(c, d)) {
            (Some(hour @ ..=23), Some(minute @ ..=59)) => Ok(Self(hour * 60 + minute)),
            _ => Err(InvalidClockTime),
        }
    }
}

impl fmt::Display for ClockTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}:{:02}", self.0 / 60, self.0 % 60)
    }
}

serde_as_text!(ClockTime);
wire_schema!(
    ClockTime,
    "ClockTime",
    schema::text("^([01][0-9]|2[0-3]):[0-5][0-9]$").description(Some("A local time.")).examples(["09:30"])
);

/// The same span of several days.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Span {
    /// The days on which it begins.
    #[schema(schema_with = days_schema)]
    pub days: Vec<Weekday>,
    /// When it begins.
    pub from: ClockTime,
    /// When it ends: on the next day, unless this is later than `from`.
    pub until: ClockTime,
}

fn days_schema() -> Array {
    let days = ArrayBuilder::new().items(Ref::from_schema_name(Weekday::name()));
    days.min_items(Some(1)).max_items(Some(7)).description(Some("The days on which it begins.")).build()
}

impl Span {
    /// Whether a local time is in the span.
    fn has(&self, wall: WallTime) -> bool {
        let begins_on = |day: Day| self.days.contains(&day.weekday());
        let (from, until) = (self.from.0, self.until.0);
        if from < until {
            return (from..until).contains(&wall.minute) && begins_on(wall.day);
        }
        (wall.minute >= from && begins_on(wall.day)) || (wall.minute < until && begins_on(wall.day.previous()))
    }
}

/// The hours of a week. Without a span they never begin.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Hours(Vec<Span>);

wire_schema!(
    Hours,
    "Hours",
    ArrayBuilder::new()
        .items(Ref::from_schema_name(Span::name()))
        .max_items(Some(MAX_SPANS))
        .description(Some("The hours of a week, in the restaurant's time zone. An empty list: never."))
);

impl<'de> Deserialize<'de> for Hours {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let spans = Vec::<Span>::deserialize(deserializer)?;
        let is_valid = spans.len() <= MAX_SPANS && spans.iter().all(|span| (1..=7).contains(&span.days.len()));
        let message = format!("must be at most {MAX_SPANS} spans, each of one day at least");
        is_valid.then_some(Self(spans)).ok_or_else(|| serde::de::Error::custom(message))
    }
}

impl Hours {
    /// Whether a moment is in the hours.
    #[must_use]
    pub fn has(&self, zone: &TimeZone, at: Timestamp) -> bool {
        let wall = zone.wall(at);
        self.0.iter().any(|span| span.has(wall))
    }

    /// Returns the first moment after `at` at which the hours begin or end; `None` if there is no such moment.
    #[must_use]
    pub fn next_change(&self, zone: &TimeZone, at: Timestamp) -> Option<Timestamp> {
        let is_in = self.has(zone, at);
        let differs = |moment: &Timestamp| *moment > at && self.has(zone, *moment) != is_in;
        let (mut day, mut left, mut found) = (zone.day(at).previous(), HORIZON_DAYS, None::<Timestamp>);
        while left > 0 {
            let ends = self.ends_on(zone, day).filter(differs);
            let first = ends.chain(found).min();
            // The end of a span may be a minute that the clock skips. Its moment is then on the previous day, so the next day
            // counts too.
            left = if found.is_none() && first.is_some() { 1 } else { left - 1 };
            (found, day) = (first, day.next());
        }
        // A change of the clock may leave or enter a span.
        let until = found.unwrap_or_else(|| zone.local_day(day).end());
        zone.changes(at, until).find(differs).into_iter().chain(found).min()
    }

    /// Returns the moments of a day at which spans begin or end.
    fn ends_on(&self, zone: &TimeZone, day: Day) -> impl Iterator<Item = Timestamp> {
        let minutes = self.0.iter().flat_map(|span| [span.from.0, span.until.0]);
        minutes.flat_map(move |minute| zone.moments(WallTime { day, minute }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn hours(spans: serde_json::Value) -> Hours {
        serde_json::from_value(spans).unwrap()
    }

    fn moment(text: &str) -> Timestamp {
        serde_json::from_value(text.into()).unwrap()
    }

    fn zone(name: &str) -> TimeZone {
        name.parse().unwrap()
    }

    fn change(hours: &Hours, name: &str, at: &str) -> Option<String> {
        hours.next_change(&zone(name), moment(at)).map(|at| at.to_string())
    }

    #[test]
    fn hours_begin_and_end_in_local_time() {
        // 2026-11-24 is a Tuesday.
        let lunch = hours(json!([{"days": ["tue", "wed"], "from": "11:30", "until": "15:00"}]));
        let dhaka = zone("Asia/Dhaka");
        for (at, is_in) in [("05:29:59", false), ("05:30:00", true), ("08:59:59", true), ("09:00:00", false)] {
            assert_eq!(lunch.has(&dhaka, moment(&format!("2026-11-24T{at}Z"))), is_in, "{at}");
        }
        assert_eq!(change(&lunch, "Asia/Dhaka", "2026-11-24T05:30:00Z").unwrap(), "2026-11-24T09:00:00.000Z");
        assert_eq!(change(&lunch, "Asia/Dhaka", "2026-11-25T09:00:00Z").unwrap(), "2026-12-01T05:30:00.000Z", "next week");
    }

    #[test]
    fn a_span_may_end_on_the_next_day_and_may_last_a_whole_one() {
        let late = hours(json!([{"days": ["fri"], "from": "18:00", "until": "02:00"}]));
        let utc = TimeZone::default();
        assert!(late.has(&utc, moment("2026-11-28T01:59:00Z")) && !late.has(&utc, moment("2026-11-27T01:59:00Z")));
        let whole = hours(json!([{"days": ["sat"], "from": "00:00", "until": "00:00"}]));
        assert_eq!(change(&whole, "UTC", "2026-11-28T00:00:00Z").unwrap(), "2026-11-29T00:00:00.000Z");
        let always = hours(json!([{"days": ["mon","tue","wed","thu","fri","sat","sun"], "from": "00:00", "until": "00:00"}]));
        assert_eq!(
            (change(&always, "UTC", "2026-11-28T00:00:00Z"), change(&hours(json!([])), "UTC", "2026-11-28T00:00:00Z")),
            (None, None)
        );
    }

    #[test]
    fn a_change_of_the_clock_may_begin_a_span_or_repeat_it() {
        let at_night = hours(json!([{"days": ["sun"], "from": "02:15", "until": "04:00"}]));
        let skipped = change(&at_night, "Europe/Berlin", "2026-03-29T00:30:00Z");
        assert_eq!(skipped.unwrap(), "2026-03-29T01:00:00.000Z", "the clock goes from 02:00 to 03:00");
        let short = hours(json!([{"days": ["sun"], "from": "02:15", "until": "02:45"}]));
        assert_eq!(change(&short, "Europe/Berlin", "2026-03-29T00:30:00Z").unwrap(), "2026-04-05T00:15:00.000Z", "a week later");
        let mut ends = Vec::new();
        let mut at = moment("2026-10-24T22:00:00Z");
        for _ in 0..4 {
            at = short.next_change(&zone("Europe/Berlin"), at).unwrap();
            ends.push(at.to_string());
        }
        let hour = |minutes: &str| format!("2026-10-25T{minutes}:00.000Z");
        assert_eq!(ends, ["00:15", "00:45", "01:15", "01:45"].map(hour), "it comes twice");
    }

    #[test]
    fn other_texts_are_refused() {
        for wrong in ["24:00", "9:30", "09:60", "09.30", "0930", "09:3", "", "09:30:00", "ab:cd"] {
            assert_eq!(wrong.parse::<ClockTime>(), Err(InvalidClockTime), "{wrong}");
        }
        let spans = vec![json!({"days": ["mon"], "from": "01:00", "until": "02:00"}); MAX_SPANS + 1];
        assert!(serde_json::from_value::<Hours>(json!(spans)).is_err());
        assert!(serde_json::from_value::<Hours>(json!([{"days": [], "from": "01:00", "until": "02:00"}])).is_err());
    }

    fn any_hours() -> impl Strategy<Value = Hours> {
        let time =
            (0..24_u16, prop::sample::select(vec![0_u16, 15, 30, 45])).prop_map(|(hour, minute)| ClockTime(hour * 60 + minute));
        let days = prop::sample::subsequence(Weekday::ALL.to_vec(), 1..=7);
        let span = (days, time.clone(), time).prop_map(|(days, from, until)| Span { days, from, until });
        prop::collection::vec(span, 0..4).prop_map(Hours)
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 60, ..ProptestConfig::default() })]

        /// Steps through the quarters of an hour, across changes of the clock too. The first one with another answer is the
        /// next change.
        #[test]
        fn the_next_change_is_the_first_quarter_of_an_hour_that_differs(
            hours in any_hours(),
            name in prop::sample::select(vec!["UTC", "Asia/Dhaka", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe"]),
            day in prop::sample::select(vec!["2026-03-07", "2026-03-28", "2026-04-04", "2026-10-03", "2026-10-24", "2026-10-31"]),
            quarter in 0..200_i64,
        ) {
            let zone = zone(name);
            let step = 15 * 60 * 1000;
            let begin = day.parse::<Day>().unwrap().begin();
            let at = |steps: i64| Timestamp::from_millis(begin.millis() + (quarter + steps) * step);
            let is_in = hours.has(&zone, at(0));
            let expected = (1..9 * 96).map(at).find(|moment| hours.has(&zone, *moment) != is_in);
            let found = hours.next_change(&zone, at(0));
            prop_assert_eq!(expected, found.filter(|moment| *moment < at(9 * 96)));
        }
    }
}
