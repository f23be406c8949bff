//! What a room reads from the store, away from its event path: its opening state, and pages of what somebody missed.

use crate::domain::event::Event;
use crate::domain::ids::RestaurantId;
use crate::domain::position::Position;
use crate::domain::room_id::RoomId;
use crate::domain::text::Key;
use crate::protocol::{Frame, ServerFrame};
use crate::store::log::Snapshot;
use crate::store::{Result, SharedStore};
use serde::Deserialize;
use serde_json::value::RawValue;

/// How far back in the feed a replay goes; an older cursor gets a snapshot, which is then the shorter way.
const REACH: u64 = 5000;

/// What a room knows when it has opened.
pub struct Opened {
    /// The position of the snapshot.
    pub position: Position,
    /// The snapshot, encoded.
    pub frame: Frame,
    /// The last event of the room up to `asked`.
    pub last: Position,
    /// The head that `last` was asked for.
    pub asked: Position,
    /// In an order room, the diner who placed it.
    pub owner: Option<Key>,
}

#[derive(Deserialize)]
struct Owner {
    diner: Option<Key>,
}

fn owner_of(room: RoomId, documents: &[Box<RawValue>]) -> Option<Key> {
    let RoomId::Order(_) = room else { return None };
    let document = documents.first()?;
    serde_json::from_str::<Owner>(document.get()).ok()?.diner
}

/// Reads the state of a room that listens since `head`. `None` when there is no such order.
///
/// # Errors
/// Those of the store.
pub async fn open(store: SharedStore, restaurant: RestaurantId, room: RoomId, head: Position) -> Result<Option<Opened>> {
    let Some(snapshot) = store.snapshot(restaurant, room).await? else { return Ok(None) };
    let last = store.last_in_room(restaurant, room, head).await?;
    let Snapshot { position, documents, calls, displays } = snapshot;
    let frame =
        ServerFrame::Snapshot { room, position, documents: &documents, calls: calls.as_deref(), displays: displays.as_deref() };
    Ok(Some(Opened { position, frame: frame.encode(), last, asked: head, owner: owner_of(room, &documents) }))
}

/// A page of what a member missed.
pub enum Replay {
    /// All of the room's events up to `through`: the head of the log, or the last event of a full page.
    Events {
        /// The events.
        frames: Vec<Frame>,
        /// Up to where.
        through: Position,
    },
    /// The cursor is ahead of the log, or too old.
    Unusable,
}

/// Reads at most `limit` of the events after `sent`. A cursor that somebody brought (`is_first`) is looked at first.
///
/// # Errors
/// Those of the store.
pub async fn replay(
    store: SharedStore,
    restaurant: RestaurantId,
    room: RoomId,
    sent: Position,
    is_first: bool,
    limit: u32,
) -> Result<Replay> {
    let head = store.head(restaurant).await?;
    if is_first && (sent > head || head.number() - sent.number() > REACH) {
        return Ok(Replay::Unusable);
    }
    let events = store.events(restaurant, Some(room), sent, head, limit).await?;
    let is_full = events.len() >= limit as usize;
    let frames = encode(room, sent, &events);
    let through = frames.last().map(Frame::position).filter(|_| is_full).unwrap_or(head);
    Ok(Replay::Events { frames, through })
}

/// Events of a room in order, each naming the one before; the first names the cursor.
fn encode(room: RoomId, cursor: Position, events: &[Event]) -> Vec<Frame> {
    let mut prev = cursor;
    let encode = |event: &Event| {
        let frame = ServerFrame::Event { room, position: event.position, prev, event: event.into() }.encode();
        prev = event.position;
        frame
    };
    events.iter().map(encode).collect()
}
