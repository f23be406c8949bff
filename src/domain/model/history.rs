//! The history of a feed. A database that comes back with less than it had (from a backup, or as a
//! standby that missed the last commits) begins another history of the same feed. A node notices by
//! comparing its own last event with the database's at that position.

use crate::domain::values::ids::{EventId, Generation};
use crate::domain::values::position::Position;
use serde::{Deserialize, Serialize};
use std::fmt;
use uuid::Uuid;

impl Generation {
    /// Makes a generation from a new UUIDv7. It comes after `latest` even if that was made by a
    /// node whose clock was ahead.
    #[must_use]
    pub fn after(latest: Option<Self>, fresh: Uuid) -> Self {
        let Some(latest) = latest.map(Self::uuid).filter(|latest| *latest >= fresh) else { return Self::from_uuid(fresh) };
        let millis = (latest.as_u128() >> 80) + 1;
        Self::from_uuid(Uuid::from_u128(millis << 80 | fresh.as_u128() & ((1 << 80) - 1)))
    }
}

/// A point in a history: a position and the event there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Mark {
    /// The position.
    pub position: Position,
    /// The event at it; `None` before the first.
    pub event: Option<EventId>,
}

/// The end of an event's id, by which a cursor names the event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Tag(u64);

impl Tag {
    /// Hexadecimal digits.
    const DIGITS: usize = 12;

    /// Returns the tag of an event.
    #[must_use]
    pub fn of(event: EventId) -> Self {
        Self(event.uuid().as_u128() as u64 & ((1 << (4 * Self::DIGITS)) - 1))
    }
}

impl fmt::Display for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:0digits$x}", self.0, digits = Self::DIGITS)
    }
}

impl Serialize for Tag {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// A position, and the tag of the event there if it is known: the cursor of a client.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Point {
    /// The position.
    pub position: Position,
    /// The tag of the event at it.
    pub tag: Option<Tag>,
}

impl Point {
    /// Returns the later of two points; of two at one position, the one with a tag.
    #[must_use]
    pub fn or_later(self, other: Self) -> Self {
        let rank = |point: Self| (point.position, point.tag.is_some());
        if rank(other) > rank(self) { other } else { self }
    }
}

impl From<Position> for Point {
    fn from(position: Position) -> Self {
        Self { position, tag: None }
    }
}

impl From<Mark> for Point {
    fn from(Mark { position, event }: Mark) -> Self {
        Self { position, tag: event.map(Tag::of) }
    }
}

/// The point of a history that the events of a commit continue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Link {
    /// The generation of the feed at the commit.
    pub generation: Option<Generation>,
    /// The last event before them.
    pub after: Mark,
}

/// The state of a feed: its generation and its last event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// The generation.
    pub generation: Option<Generation>,
    /// The last event.
    pub last: Mark,
}

/// The most events beyond the delivered one that a node remembers of a feed.
const AHEAD: usize = 32;

/// A node's knowledge of a feed's history.
///
/// Bound: [`AHEAD`] events beyond the delivered one; of more it keeps the latest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Known {
    /// The generation.
    pub generation: Option<Generation>,
    /// The furthest event that the node has delivered, or has found in a comparison.
    pub mark: Mark,
    /// Events that the node has not delivered, but may have shown in a snapshot or among missed events.
    pub ahead: Vec<Mark>,
}

/// A feed as the database has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// The generation.
    pub generation: Option<Generation>,
    /// The last event.
    pub last: Mark,
    /// The events of the log at the requested positions.
    pub asked: Vec<Mark>,
}

impl Head {
    /// Whether the log has the event of a point, if it was asked for its position.
    #[must_use]
    pub fn has(&self, point: Point) -> bool {
        point.tag.is_none() || self.asked.iter().any(|mark| Point::from(*mark) == point)
    }
}

/// How a feed in the database compares with what a node knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Comparison {
    /// The database continues the history that the node knows.
    Same,
    /// Another node has found that the history was rewritten.
    Renewed,
    /// The database lost events that the node knows, or has others in their place.
    Rewritten,
}

impl Known {
    /// Knows a feed up to an event.
    #[must_use]
    pub const fn new(generation: Option<Generation>, mark: Mark) -> Self {
        Self { generation, mark, ahead: Vec::new() }
    }

    /// Returns the positions to ask the database for.
    pub fn positions(&self) -> impl Iterator<Item = Position> {
        self.marks().map(|mark| mark.position)
    }

    /// Records a delivered event. Returns false if it must not be delivered: another event at its position may have been shown,
    /// or the generation is another one.
    #[must_use]
    pub fn deliver(&mut self, Standing { generation, last }: Standing) -> bool {
        let is_other = |mark: Mark| mark.position == last.position && mark.event != last.event;
        if self.generation != generation || self.marks().any(is_other) {
            return false;
        }
        if self.mark.position < last.position {
            self.mark = last;
        }
        self.ahead.retain(|mark| mark.position > last.position);
        true
    }

    /// Makes the last delivered event the furthest one. Events beyond it may have been shown.
    pub fn doubt(&mut self, Standing { generation, last }: Standing) {
        if self.generation == generation {
            let further = std::mem::replace(&mut self.mark, last);
            self.add(further);
        }
    }

    /// Records that everything up to an event may have been shown. The event stays known until it is delivered.
    pub fn show(&mut self, Standing { generation, last }: Standing) {
        if self.generation == generation {
            self.add(last);
        }
    }

    /// Begins a later generation, without known events. Returns false if `was` does not belong to the known generation.
    pub fn renew(&mut self, was: &Self, to: Generation) -> bool {
        let is_next = self.generation == was.generation && self.generation < Some(to);
        if is_next {
            *self = Self::new(Some(to), Mark::default());
        }
        is_next
    }

    /// Adds an event beyond the furthest, unless it is known.
    fn add(&mut self, mark: Mark) {
        if self.marks().any(|known| known == mark) {
            return;
        }
        self.ahead.push(mark);
        self.ahead.sort_by_key(|mark| mark.position);
        if self.ahead.len() > AHEAD {
            self.ahead.remove(0);
        }
    }

    fn marks(&self) -> impl Iterator<Item = Mark> {
        std::iter::once(self.mark).chain(self.ahead.iter().copied())
    }

    /// Compares with a head that was read together with the events at [`Self::positions`]. An earlier
    /// generation means that the database went back to it.
    #[must_use]
    pub fn compare(&self, head: &Head) -> Comparison {
        let continues = self.marks().all(|mark| mark.position <= head.last.position && head.asked.contains(&mark));
        match head.generation.cmp(&self.generation) {
            std::cmp::Ordering::Greater => Comparison::Renewed,
            std::cmp::Ordering::Equal if continues => Comparison::Same,
            std::cmp::Ordering::Equal | std::cmp::Ordering::Less => Comparison::Rewritten,
        }
    }
}

/// The epoch of a feed's cursors on the wire: the database's, and the feed's generation.
#[derive(Debug, Clone, Copy)]
pub struct Epoch<'a> {
    /// The epoch of the database.
    pub database: &'a str,
    /// The generation.
    pub generation: Option<Generation>,
}

impl fmt::Display for Epoch<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.generation {
            None => f.write_str(self.database),
            Some(generation) => write!(f, "{}-{}", self.database, generation.uuid().simple()),
        }
    }
}

/// Separates an epoch from a tag.
const TAGGED: char = '~';

/// Reads the epoch of a cursor, and the tag of its event if the client knows it.
#[must_use]
pub fn without_tag(text: &str) -> (&str, Option<Tag>) {
    let is_tag = |tag: &&str| tag.len() == Tag::DIGITS && tag.bytes().all(|byte| byte.is_ascii_hexdigit());
    let tag = text.rsplit_once(TAGGED).filter(|(_, tag)| is_tag(tag));
    let read = tag.and_then(|(epoch, tag)| Some((epoch, Some(Tag(u64::from_str_radix(tag, 16).ok()?)))));
    read.unwrap_or((text, None))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A log: the ids of its events, from position 1 on.
    type Log = Vec<u128>;

    fn mark(log: &Log, number: usize) -> Mark {
        let event = number.checked_sub(1).and_then(|index| log.get(index)).map(|id| EventId::from_uuid(Uuid::from_u128(*id)));
        Mark { position: Position::new(number as u64).unwrap(), event }
    }

    fn head(log: &Log, generation: Option<Generation>, known: &Known) -> Head {
        let asked = known.positions().map(|position| mark(log, usize::try_from(position.number()).unwrap())).collect();
        Head { generation, last: mark(log, log.len()), asked }
    }

    proptest! {
        #[test]
        fn a_lost_event_that_a_node_knows_is_noticed_wherever_the_new_head_is(
            kept in 0_usize..30,
            lost in 0_usize..30,
            added in 0_usize..60,
            known in 0.0_f64..=1.0,
            shown in prop::collection::vec(0.0_f64..=1.0, 0..3),
        ) {
            let before: Log = (1..=(kept + lost) as u128).collect();
            let after: Log = before[..kept].iter().copied().chain((0..added as u128).map(|number| 1000 + number)).collect();
            let at = |share: f64| (before.len() as f64 * share) as usize;
            let ahead = shown.iter().map(|share| mark(&before, at(*share))).collect();
            let node = Known { ahead, ..Known::new(None, mark(&before, at(known))) };
            let furthest = shown.iter().copied().map(at).fold(at(known), usize::max);
            let found = node.compare(&head(&after, None, &node));
            prop_assert_eq!(found, if furthest > kept { Comparison::Rewritten } else { Comparison::Same });
        }

        #[test]
        fn generations_ascend_with_any_clocks(ids in prop::collection::vec(any::<u128>(), 1..20)) {
            let mut latest = None;
            for id in ids {
                // Below the last millisecond of the format.
                let next = Generation::after(latest, Uuid::from_u128(id >> 1));
                prop_assert!(Some(next) > latest);
                latest = Some(next);
            }
        }
    }

    proptest! {
        #[test]
        fn an_epoch_is_read_as_it_was_written_with_its_tag(epoch in "[a-f0-9.-]{1,60}", id in any::<u128>(), other in "[~.a-z0-9-]{0,30}") {
            let event = EventId::from_uuid(Uuid::from_u128(id));
            let (tag, text) = (Tag::of(event), event.to_string());
            prop_assert_eq!(tag.to_string(), &text[text.len() - Tag::DIGITS..]);
            let tagged = format!("{epoch}~{tag}");
            prop_assert_eq!(without_tag(&tagged), (epoch.as_str(), Some(tag)));
            prop_assert_eq!(without_tag(&epoch), (epoch.as_str(), None));
            let (before, tag) = without_tag(&other);
            prop_assert_eq!(tag.map_or_else(|| before.to_owned(), |tag| format!("{before}~{tag}")), other);
        }
    }

    #[test]
    fn a_cursor_counts_where_the_log_has_its_event() {
        let (log, other): (Log, Log) = (vec![1, 2, 3], vec![1, 7]);
        let [same, lost, beyond] = [mark(&log, 1), mark(&log, 2), mark(&log, 3)].map(Point::from);
        let asked = (0..4).map(|number| mark(&other, number)).collect();
        let head = Head { generation: None, last: mark(&other, 2), asked };
        assert!(head.has(same) && !head.has(lost) && !head.has(beyond));
        assert!(head.has(lost.position.into()), "a client of an older version names no event");
        assert_eq!(lost.or_later(same), lost);
        assert_eq!(Point::from(lost.position).or_later(lost), lost);
    }

    #[test]
    fn no_event_is_delivered_in_the_place_of_one_that_may_have_been_shown() {
        let (shown, other): (Log, Log) = (vec![1, 2, 3], vec![1, 7, 8]);
        let at = |log, number| Standing { generation: None, last: mark(log, number) };
        let mut known = Known::new(None, mark(&shown, 1));
        known.show(at(&shown, 3));
        let mut lucky = known.clone();
        assert!(known.deliver(at(&other, 2)), "nothing is known of this position");
        assert!(!known.deliver(at(&other, 3)));
        known.doubt(at(&other, 2));
        assert_eq!(known.compare(&head(&other, None, &known)), Comparison::Rewritten);
        assert!(lucky.deliver(at(&shown, 2)) && lucky.deliver(at(&shown, 3)) && lucky.ahead.is_empty());
    }

    #[test]
    fn a_later_generation_is_adopted_and_an_earlier_one_is_a_history_that_came_back() {
        let [first, second] = [1, 2].map(|id| Some(Generation::from_uuid(Uuid::from_u128(id))));
        let log: Log = vec![7, 8];
        let at = |generation| Known::new(generation, mark(&log, 2));
        let compare = |known: Known, generation| known.compare(&head(&log, generation, &known));
        assert_eq!(compare(at(first), first), Comparison::Same);
        assert_eq!(compare(at(first), second), Comparison::Renewed);
        assert_eq!(compare(at(None), first), Comparison::Renewed);
        assert_eq!(compare(at(second), first), Comparison::Rewritten);
        assert_eq!(compare(at(first), None), Comparison::Rewritten);
    }

    #[test]
    fn the_epoch_of_a_feed_that_was_never_rewritten_is_the_databases() {
        let generation = Some(Generation::from_uuid(Uuid::from_u128(0xabc)));
        assert_eq!(Epoch { database: "e1", generation: None }.to_string(), "e1");
        let renewed = Epoch { database: "e1", generation }.to_string();
        assert_eq!(renewed, "e1-00000000000000000000000000000abc");
    }
}
