//! A room's reads of the store: its opening state, snapshots, and pages of missed events.

use super::budget::{Full, SnapshotBudget};
use super::histories::Histories;
use crate::domain::model::event::Event;
use crate::domain::model::history::{Mark, Point, Standing};
use crate::domain::model::room_id::{RoomId, RoomKind};
use crate::domain::values::ids::{Generation, RestaurantId};
use crate::domain::values::position::Position;
use crate::domain::values::text::Key;
use crate::protocol::snapshot::{Contents, Document};
use crate::protocol::{Frame, ServerFrame, Snapshot};
use crate::store::log::{Changes, Snapshot as State};
use crate::store::{Result, SharedStore, StoreError};
use bytes::Bytes;
use serde::Deserialize;
use serde_json::value::RawValue;
use std::sync::Arc;

/// The most feed positions that a replay goes back. An older cursor gets a snapshot, which is
/// shorter.
const REACH: u64 = 5000;

/// The knowledge of this node about feeds, and the generation of a room. Reads of the room are valid only in that generation.
pub type History = (Histories, Option<Generation>);

/// The opening state of a room.
pub struct Opened {
    /// The position of the room's last event, up to the head that the caller asked for.
    pub last: Position,
    /// The head at the time of the read.
    pub asked: Position,
    /// In an order room: the diner who placed the order.
    pub owner: Option<Key>,
    /// The snapshot of an order or a menu, which shows that the room exists.
    pub snapshot: Option<Snapshot>,
}

/// The fields of an order's document that opening its room needs.
#[derive(Default, Deserialize)]
struct OrderFields {
    diner: Option<Key>,
    /// The position of the order's last event.
    position: Option<Position>,
}

impl OrderFields {
    fn of(room: RoomId, documents: &[Box<RawValue>]) -> Self {
        let document = documents.first().filter(|_| room.kind() == RoomKind::Order);
        document.and_then(|document| serde_json::from_str(document.get()).ok()).unwrap_or_default()
    }
}

/// Reads the opening state of a room that receives events after `head`. `None` if the room does not
/// exist. Reads no snapshot of a kitchen or a floor, since members with a cursor need none.
///
/// # Errors
/// An error of the store.
pub async fn open(
    store: SharedStore,
    (histories, generation): History,
    restaurant: RestaurantId,
    room: RoomId,
    head: Position,
) -> Result<Option<Opened>> {
    let (fields, snapshot) = match room {
        RoomId::Kitchen(id) | RoomId::Floor(id) if id != restaurant => return Ok(None),
        RoomId::Kitchen(_) | RoomId::Floor(_) => (OrderFields::default(), None),
        RoomId::Order(_) | RoomId::Menu(_) => {
            let Some(state) = store.snapshot(restaurant, room).await? else { return Ok(None) };
            histories.note(restaurant, Standing { generation, last: state.last });
            (OrderFields::of(room, &state.documents), Some(encode_state(room, state, Bytes::from)))
        }
    };
    // The document of an order names its last event. If that event came after `head`, the log has the last event up to `head`.
    let last = match fields.position.filter(|position| *position <= head) {
        Some(last) => last,
        None => store.last_in_room(restaurant, room, head).await?,
    };
    // All this must belong to the known history, since events of that history follow it.
    histories.head(restaurant, generation, None).await?.ok_or(StoreError::Unavailable)?;
    Ok(Some(Opened { last, asked: head, owner: fields.diner, snapshot }))
}

/// Why a snapshot could not be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SnapshotError {
    /// The store failed, the room no longer exists, or the history was rewritten.
    Unavailable,
    /// The node's memory for snapshots is full.
    Full,
}

/// Reads the state of a room in the history that this node knows. For a kitchen or a floor, reads
/// only the changes since `last`, its last snapshot, if they are few.
///
/// # Errors
/// See [`SnapshotError`].
pub async fn read(
    store: SharedStore,
    (histories, generation): History,
    restaurant: RestaurantId,
    room: RoomId,
    last: Option<Snapshot>,
    budget: Arc<SnapshotBudget>,
) -> std::result::Result<Snapshot, SnapshotError> {
    let (snapshot, last) = read_any(store, restaurant, room, last, budget).await?;
    histories.note(restaurant, Standing { generation, last });
    // The snapshot must belong to the known history, since events of that history follow it.
    match histories.head(restaurant, generation, None).await {
        Ok(Some(_)) => Ok(snapshot),
        Ok(None) | Err(_) => Err(SnapshotError::Unavailable),
    }
}

async fn read_any(
    store: SharedStore,
    restaurant: RestaurantId,
    room: RoomId,
    last: Option<Snapshot>,
    budget: Arc<SnapshotBudget>,
) -> std::result::Result<(Snapshot, Mark), SnapshotError> {
    let state = async || match store.snapshot(restaurant, room).await {
        Ok(Some(state)) => Ok(state),
        Ok(None) | Err(_) => Err(SnapshotError::Unavailable),
    };
    match room {
        RoomId::Order(_) | RoomId::Menu(_) => {
            let state = state().await?;
            let newest = state.last;
            Ok((encode_state(room, state, Bytes::from), newest))
        }
        RoomId::Kitchen(_) | RoomId::Floor(_) => {
            let _permit = budget.acquire().await.map_err(|Full| SnapshotError::Full)?;
            let share = |bytes| budget.share(bytes);
            if let Some(last) = last
                && let Some(changes) =
                    store.changes(restaurant, room, last.position()).await.map_err(|_| SnapshotError::Unavailable)?
            {
                let Changes { last: newest, orders, calls, displays } = changes;
                return Ok((last.renewed(newest, orders, calls, displays, share), newest));
            }
            let state = state().await?;
            let newest = state.last;
            Ok((encode_state(room, state, share), newest))
        }
    }
}

fn encode_state(room: RoomId, state: State, share: impl FnMut(Vec<u8>) -> Bytes) -> Snapshot {
    let State { last, documents, orders, calls, displays } = state;
    let documents = match room {
        RoomId::Order(_) | RoomId::Menu(_) => documents.into_iter().map(Document::from).collect(),
        RoomId::Kitchen(_) | RoomId::Floor(_) => {
            orders.into_iter().zip(documents).map(|(id, document)| Document::of_order(id, document)).collect()
        }
    };
    Snapshot::encode(room, last, Contents { documents, calls, displays }, share)
}

/// A page of the events that a member missed.
pub enum Replay {
    /// All of the room's events up to `through`.
    Events {
        /// The encoded events.
        frames: Vec<Frame>,
        /// The head of the log, or the last event of a full page.
        through: Point,
    },
    /// The cursor is ahead of the log, too old, or before events from which guests' words were
    /// erased.
    Unusable,
    /// The cursor names an event that the log does not have.
    Rewritten,
}

/// Reads at most `limit` events after `sent`. Checks first whether a member's own cursor
/// (`is_first`) is usable.
///
/// # Errors
/// An error of the store; `Unavailable` if the history was rewritten.
pub async fn replay(
    store: SharedStore,
    (histories, generation): History,
    restaurant: RestaurantId,
    room: RoomId,
    sent: Point,
    is_first: bool,
    limit: u32,
) -> Result<Replay> {
    let head = histories.head(restaurant, generation, Some(sent.position)).await?.ok_or(StoreError::Unavailable)?;
    if is_first && !head.has(sent) {
        return Ok(Replay::Rewritten);
    }
    let (sent, last) = (sent.position, head.last);
    let head = last.position;
    if is_first && (sent > head || head.number() - sent.number() > REACH) {
        return Ok(Replay::Unusable);
    }
    // The reader's state may contain words that the log has erased since.
    if is_first && sent < store.kept_from(restaurant).await? {
        return Ok(Replay::Unusable);
    }
    let events = store.events(restaurant, Some(room), sent, head, limit).await?;
    // If the database was replaced after the head was read, these events, or their absence, are of another history.
    histories.head(restaurant, generation, None).await?.ok_or(StoreError::Unavailable)?;
    let is_full = events.len() >= limit as usize;
    let frames = encode(room, sent, &events);
    let through = frames.last().map(Frame::point).filter(|_| is_full).unwrap_or_else(|| last.into());
    Ok(Replay::Events { frames, through })
}

/// Whether events after a cursor may be sent from memory: true if the log has erased no words from
/// them.
///
/// # Errors
/// An error of the store.
pub async fn is_kept(store: SharedStore, restaurant: RestaurantId, since: Position) -> Result<bool> {
    Ok(since >= store.kept_from(restaurant).await?)
}

/// Encodes events of a room in order. The `prev` of each frame is the position of the event before. The `prev` of the first
/// frame is the cursor.
fn encode(room: RoomId, cursor: Position, events: &[Event]) -> Vec<Frame> {
    let mut prev = cursor;
    let encode = |event: &Event| {
        let frame = ServerFrame::event(room, prev, event).encode();
        prev = event.position;
        frame
    };
    events.iter().map(encode).collect()
}
