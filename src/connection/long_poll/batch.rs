//! The frames that answer a long poll, pure: frames in, one JSON document out.

use super::room_batch::RoomBatch;
use super::rooms_batch::RoomsBatch;
use crate::connection::subscription::Subscriptions;
use crate::domain::model::room_id::RoomId;
use crate::protocol::{Failure, Frame, Snapshot};
use bytes::Bytes;
use std::fmt::Display;

/// The frames of one room or of several, which have different answers in the contract.
#[derive(Debug)]
pub enum Batch {
    /// A request that names one room.
    Room(RoomBatch),
    /// A request that names several.
    Rooms(RoomsBatch),
}

impl Batch {
    /// Returns the empty batch of a request: at most `most` bytes, except that one frame always fits.
    #[must_use]
    pub fn new(subscriptions: &Subscriptions, most: usize) -> Self {
        match subscriptions.only() {
            Some(only) => Self::Room(RoomBatch::new(only.room, only.since.unwrap_or_default(), most)),
            None => Self::Rooms(RoomsBatch::new(&subscriptions.rooms(), most)),
        }
    }

    /// Takes the next frame of a room.
    pub fn take(&mut self, frame: &Frame) {
        match self {
            Self::Room(batch) => batch.take(frame),
            Self::Rooms(batch) => batch.take(frame),
        }
    }

    /// Takes a snapshot without parts, whatever its size. Only a request that names one room gets it.
    pub fn take_whole(&mut self, snapshot: Snapshot) {
        if let Self::Room(batch) = self {
            batch.take_whole(snapshot);
        }
    }

    /// Takes the failure of a room that cannot be followed, or of a name that is not a room.
    ///
    /// # Errors
    /// The failure, when it is the answer to the whole request.
    pub fn refuse(&mut self, room: Option<RoomId>, failure: Failure) -> Result<(), Failure> {
        match self {
            // The frames so far are the answer.
            Self::Room(batch) if batch.can_answer_early() => Ok(()),
            Self::Room(_) => Err(failure),
            Self::Rooms(batch) => {
                batch.refuse(room, failure.frame());
                Ok(())
            }
        }
    }

    /// Whether the poll can be answered now.
    #[must_use]
    pub fn is_ready(&self, is_time_over: bool) -> bool {
        match self {
            Self::Room(batch) => batch.is_ready(is_time_over),
            Self::Rooms(batch) => batch.is_ready(is_time_over),
        }
    }

    /// Whether these frames can be the answer although a room cannot continue.
    #[must_use]
    pub fn can_answer_early(&self) -> bool {
        match self {
            Self::Room(batch) => batch.can_answer_early(),
            Self::Rooms(batch) => batch.is_whole(),
        }
    }

    /// Whether this answer takes no more frames of a room.
    #[must_use]
    pub fn is_done_with(&self, room: Option<RoomId>) -> bool {
        match self {
            // One page, or one snapshot, is the answer.
            Self::Room(batch) => batch.is_whole(),
            Self::Rooms(batch) => batch.is_done_with(room),
        }
    }

    /// Returns the JSON of the answer, in pieces. The texts of its frames are shared with other transports.
    #[must_use]
    pub fn pieces(&self, epoch: impl Display, version: &str) -> Vec<Bytes> {
        match self {
            Self::Room(batch) => batch.pieces(epoch, version),
            Self::Rooms(batch) => batch.pieces(epoch, version),
        }
    }
}
