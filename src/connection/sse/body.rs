//! The way from an actor to the body of its HTTP response: the bounded [`SendQueue`], read from its other end.

use super::encoding;
use crate::connection::abandoned::AbandonGuard;
use crate::connection::send_queue::{SendQueue, TooSlow};
use crate::domain::values::position::Position;
use crate::protocol::{CloseCode, Frame, Snapshot};
use bytes::{Bytes, BytesMut};
use futures_util::Stream;
use std::cell::{Cell, RefCell};
use std::convert::Infallible;
use std::io::IoSlice;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use tokio::sync::oneshot;

/// Bytes of one piece of a body: all that is copied for a reader before it takes it.
const PIECE: usize = 16 * 1024;

/// What waits between an actor and its response, both on one thread. The actor fills it however slowly the body is read.
#[derive(Default)]
pub struct BodyQueue {
    wire: SendQueue,
    reader: RefCell<Option<Waker>>,
    /// Whether something was read since [`Self::is_stalled`] was last asked.
    moved: Cell<bool>,
    /// Where the reader will be when it has read what waits. Of several rooms the reader keeps the cursors.
    cursor: Cell<Option<Position>>,
}

impl BodyQueue {
    /// For a reader of one room that comes with this cursor.
    #[must_use]
    pub fn at(cursor: Position) -> Self {
        Self { cursor: Cell::new(Some(cursor)), ..Self::default() }
    }

    fn wake(&self) {
        if let Some(reader) = self.reader.take() {
            reader.wake();
        }
    }

    /// Queues a frame as an event.
    ///
    /// # Errors
    /// `TooSlow` when more than `most` bytes would wait.
    pub fn push(&self, frame: &Frame, epoch: &str, most: usize) -> Result<(), TooSlow> {
        let cursor = self.cursor.get().map(|before| encoding::cursor_after(frame, before));
        self.wire.push_event(frame, encoding::message(frame, epoch, cursor), most)?;
        self.cursor.set(cursor);
        self.wake();
        Ok(())
    }

    /// Queues a whole snapshot as one event.
    pub fn push_whole(&self, snapshot: &Snapshot, epoch: &str) {
        self.wire.push_whole(encoding::whole(snapshot, epoch));
        self.cursor.set(Some(snapshot.position()));
        self.wake();
    }

    /// Queues a field or a comment.
    ///
    /// # Errors
    /// As [`Self::push`].
    pub fn push_line(&self, line: Bytes, most: usize) -> Result<(), TooSlow> {
        self.wire.push_line(line, most)?;
        self.wake();
        Ok(())
    }

    /// Ends the body after what waits; for a slow reader that is dropped.
    pub fn end(&self, code: CloseCode) {
        self.wire.end(code, Bytes::new());
        self.wake();
    }

    /// The code it ended with.
    #[must_use]
    pub fn ending(&self) -> Option<CloseCode> {
        self.wire.ending()
    }

    /// Whether a snapshot, or a part of one, has yet to be read.
    #[must_use]
    pub fn holds_snapshot(&self) -> bool {
        self.wire.holds_snapshot()
    }

    /// Resolves when most of what waits was read, or when the body ends.
    pub fn drained(&self) -> oneshot::Receiver<()> {
        self.wire.drained()
    }

    /// Whether something waits and nothing was read since this was last asked.
    #[must_use]
    pub fn is_stalled(&self) -> bool {
        !self.moved.replace(false) && !self.wire.is_empty()
    }

    fn poll_read(&self, cx: &Context<'_>) -> Poll<Option<Bytes>> {
        let mut piece = BytesMut::with_capacity(self.wire.waiting().min(PIECE));
        // Copying does not fail.
        let _ = self.wire.write(|waiting| Ok(copy(waiting, &mut piece)));
        if !piece.is_empty() {
            self.moved.set(true);
            return Poll::Ready(Some(piece.freeze()));
        }
        if self.wire.ending().is_some() {
            return Poll::Ready(None);
        }
        self.reader.replace(Some(cx.waker().clone()));
        Poll::Pending
    }
}

/// Fills a piece; says with how many bytes.
fn copy(waiting: &[IoSlice<'_>], piece: &mut BytesMut) -> usize {
    for part in waiting {
        let space = PIECE - piece.len();
        piece.extend_from_slice(&part[..part.len().min(space)]);
    }
    piece.len()
}

/// The body of a response: what its actor queues, until the actor ends it.
pub struct Body {
    outlet: Rc<BodyQueue>,
    _leash: AbandonGuard,
}

impl Body {
    /// Reads from an outlet that the leash's actor fills.
    #[must_use]
    pub const fn new(outlet: Rc<BodyQueue>, leash: AbandonGuard) -> Self {
        Self { outlet, _leash: leash }
    }
}

impl Stream for Body {
    type Item = Result<Bytes, Infallible>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.outlet.poll_read(cx).map(|piece| piece.map(Ok))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::FrameKind;
    use futures_util::task::noop_waker;

    const MOST: usize = 1000;

    fn event(bytes: usize) -> Frame {
        Frame::new(FrameKind::Event, Position::ZERO, &vec![b'x'; bytes])
    }

    fn read(outlet: &BodyQueue) -> Poll<Option<Bytes>> {
        outlet.poll_read(&Context::from_waker(&noop_waker()))
    }

    #[test]
    fn a_body_is_read_in_pieces_and_ends_after_what_waits() {
        let outlet = BodyQueue::default();
        assert!(read(&outlet).is_pending());
        let big = Frame::new(FrameKind::Snapshot, Position::ZERO, &vec![b'x'; 3 * PIECE]);
        outlet.push(&big, "e", MOST).unwrap();
        outlet.push_line(encoding::HEARTBEAT, MOST).unwrap();
        outlet.end(CloseCode::TokenExpired);
        let mut whole = Vec::new();
        while let Poll::Ready(Some(piece)) = read(&outlet) {
            assert!(piece.len() <= PIECE);
            whole.extend_from_slice(&piece);
        }
        let expected: Vec<u8> = encoding::message(&big, "e", None).into_iter().flatten().chain(encoding::HEARTBEAT).collect();
        assert!(whole == expected && read(&outlet) == Poll::Ready(None));
    }

    #[test]
    fn a_reader_that_takes_nothing_is_stalled_refused_more_and_ended_with_nothing() {
        let outlet = BodyQueue::default();
        outlet.push(&event(400), "e", MOST).unwrap();
        assert!(read(&outlet).is_ready() && !outlet.is_stalled() && !outlet.is_stalled(), "it takes all there is");
        outlet.push(&event(400), "e", MOST).unwrap();
        outlet.push(&event(400), "e", MOST).unwrap();
        assert!(outlet.is_stalled());
        assert_eq!(outlet.push(&event(400), "e", MOST), Err(TooSlow));
        outlet.end(CloseCode::TooSlow);
        assert_eq!((read(&outlet), outlet.ending()), (Poll::Ready(None), Some(CloseCode::TooSlow)));
    }
}
