//! What a room reads from the store, away from its event path: its opening state, and pages of what somebody missed.

use super::budget::{Budget, Full};
use crate::domain::model::event::Event;
use crate::domain::model::room_id::RoomId;
use crate::domain::values::ids::RestaurantId;
use crate::domain::values::position::Position;
use crate::domain::values::text::Key;
use crate::protocol::snapshot::Contents;
use crate::protocol::{Frame, ServerFrame, Snapshot};
use crate::store::log::Snapshot as State;
use crate::store::{Result, SharedStore};
use bytes::Bytes;
use serde::Deserialize;
use serde_json::value::RawValue;
use std::sync::Arc;

/// How far back in the feed a replay goes; an older cursor gets a snapshot, which is then the shorter way.
const REACH: u64 = 5000;

/// What a room knows when it has opened.
pub struct Opened {
    /// The last event of the room up to `asked`.
    pub last: Position,
    /// The head that `last` was asked for.
    pub asked: Position,
    /// In an order room, the diner who placed it.
    pub owner: Option<Key>,
    /// The snapshot of an order or a menu, which says whether there is such a room.
    pub snapshot: Option<Snapshot>,
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

/// Reads what a room that listens since `head` has to know. `None` when there is no such room. Of a kitchen or a floor no
/// snapshot is read: who joins with a cursor needs none.
///
/// # Errors
/// Those of the store.
pub async fn open(store: SharedStore, restaurant: RestaurantId, room: RoomId, head: Position) -> Result<Option<Opened>> {
    let (owner, snapshot) = match room {
        RoomId::Kitchen(id) | RoomId::Floor(id) if id != restaurant => return Ok(None),
        RoomId::Kitchen(_) | RoomId::Floor(_) => (None, None),
        RoomId::Order(_) | RoomId::Menu(_) => {
            let Some(state) = store.snapshot(restaurant, room).await? else { return Ok(None) };
            (owner_of(room, &state.documents), Some(encode_state(room, state, Bytes::from)))
        }
    };
    let last = store.last_in_room(restaurant, room, head).await?;
    Ok(Some(Opened { last, asked: head, owner, snapshot }))
}

/// Why there is no snapshot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unread {
    /// The store does not answer, or there is nothing to read any more.
    Unavailable,
    /// The node's memory for snapshots is used.
    Full,
}

/// Reads the state of a room.
///
/// # Errors
/// See [`Unread`].
pub async fn read(
    store: SharedStore,
    restaurant: RestaurantId,
    room: RoomId,
    budget: Arc<Budget>,
) -> std::result::Result<Snapshot, Unread> {
    let state = async || match store.snapshot(restaurant, room).await {
        Ok(Some(state)) => Ok(state),
        Ok(None) | Err(_) => Err(Unread::Unavailable),
    };
    match room {
        RoomId::Order(_) | RoomId::Menu(_) => Ok(encode_state(room, state().await?, Bytes::from)),
        RoomId::Kitchen(_) | RoomId::Floor(_) => {
            let _turn = budget.enter().await.map_err(|Full| Unread::Full)?;
            Ok(encode_state(room, state().await?, |bytes| budget.keep(bytes)))
        }
    }
}

fn encode_state(room: RoomId, state: State, keep: impl FnMut(Vec<u8>) -> Bytes) -> Snapshot {
    let State { position, documents, calls, displays } = state;
    Snapshot::encode(room, position, Contents { documents, calls, displays }, keep)
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
    /// The cursor is ahead of the log, too old, or before what guests' words were taken out of.
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
    // What a reader of before has kept may have words in it that are gone from the log.
    if is_first && sent < store.kept_from(restaurant).await? {
        return Ok(Replay::Unusable);
    }
    let events = store.events(restaurant, Some(room), sent, head, limit).await?;
    let is_full = events.len() >= limit as usize;
    let frames = encode(room, sent, &events);
    let through = frames.last().map(Frame::position).filter(|_| is_full).unwrap_or(head);
    Ok(Replay::Events { frames, through })
}

/// Whether events that follow a cursor may be sent from memory: none of them has lost words in the log since.
///
/// # Errors
/// Those of the store.
pub async fn is_kept(store: SharedStore, restaurant: RestaurantId, since: Position) -> Result<bool> {
    Ok(since >= store.kept_from(restaurant).await?)
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
