//! The body of the response to a stream: the bounded [`SendQueue`] of its actor, read from the other end.

use super::encoding;
use crate::connection::abandoned::AbandonGuard;
use crate::connection::send_queue::{SendQueue, TooSlow};
use crate::domain::values::position::Position;
use crate::protocol::{CloseCode, Frame, Snapshot};
use bytes::{Bytes, BytesMut};
use futures_util::Stream;
use std::cell::{Cell, RefCell};
use std::convert::Infallible;
use std::fmt::Display;
use std::io::IoSlice;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use tokio::sync::oneshot;

/// The bytes of one piece of a body: the most that are copied before the reader takes them.
const PIECE: usize = 16 * 1024;

/// The queue between an actor and its response, both on one thread. The actor fills it, however slowly the body is read.
#[derive(Default)]
pub struct BodyQueue {
    send_queue: SendQueue,
    reader: RefCell<Option<Waker>>,
    /// Whether something was read since the last call of [`Self::is_stalled`].
    moved: Cell<bool>,
    /// The cursor of the reader when it has read the queue. The reader of several rooms keeps their cursors itself.
    cursor: Cell<Option<Position>>,
}

impl BodyQueue {
    /// Returns the queue of a reader of one room, at its cursor.
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
    /// `TooSlow` when more than `most` bytes would be queued.
    pub fn push(&self, frame: &Frame, epoch: impl Display, most: usize) -> Result<(), TooSlow> {
        let cursor = self.cursor.get().map(|before| encoding::cursor_after(frame, before));
        self.send_queue.push_event(frame, encoding::message(frame, epoch, cursor), most)?;
        self.cursor.set(cursor);
        self.wake();
        Ok(())
    }

    /// Queues a whole snapshot as one event.
    pub fn push_whole(&self, snapshot: &Snapshot, epoch: impl Display) {
        self.send_queue.push_whole(encoding::whole(snapshot, epoch));
        self.cursor.set(Some(snapshot.position()));
        self.wake();
    }

    /// Queues a field or a comment.
    ///
    /// # Errors
    /// As [`Self::push`].
    pub fn push_line(&self, line: Bytes, most: usize) -> Result<(), TooSlow> {
        self.send_queue.push_line(line, most)?;
        self.wake();
        Ok(())
    }

    /// Ends the body after the queued bytes, which are dropped for a slow reader.
    pub fn end(&self, code: CloseCode) {
        self.send_queue.end(code, Bytes::new());
        self.wake();
    }

    /// Returns the code that the body was ended with.
    #[must_use]
    pub fn ending(&self) -> Option<CloseCode> {
        self.send_queue.ending()
    }

    /// Whether some of a snapshot is in the queue.
    #[must_use]
    pub fn holds_snapshot(&self) -> bool {
        self.send_queue.holds_snapshot()
    }

    /// Resolves when most of the queue was read, or when the body ends.
    pub fn drained(&self) -> oneshot::Receiver<()> {
        self.send_queue.drained()
    }

    /// Whether something is queued and nothing was read since the last call.
    #[must_use]
    pub fn is_stalled(&self) -> bool {
        !self.moved.replace(false) && !self.send_queue.is_empty()
    }

    fn poll_read(&self, cx: &Context<'_>) -> Poll<Option<Bytes>> {
        let mut piece = BytesMut::with_capacity(self.send_queue.waiting().min(PIECE));
        // Copying does not fail.
        let _ = self.send_queue.write(|queued| Ok(copy(queued, &mut piece)));
        if !piece.is_empty() {
            self.moved.set(true);
            return Poll::Ready(Some(piece.freeze()));
        }
        if self.send_queue.ending().is_some() {
            return Poll::Ready(None);
        }
        self.reader.replace(Some(cx.waker().clone()));
        Poll::Pending
    }
}

/// Fills a piece. Returns its size.
fn copy(queued: &[IoSlice<'_>], piece: &mut BytesMut) -> usize {
    for part in queued {
        let space = PIECE - piece.len();
        piece.extend_from_slice(&part[..part.len().min(space)]);
    }
    piece.len()
}

/// The body of a response: what its actor queues, until the actor ends it. Dropping it stops the actor.
pub struct Body {
    queue: Rc<BodyQueue>,
    _guard: AbandonGuard,
}

impl Body {
    /// Returns the body of a queue, which the actor behind the guard fills.
    #[must_use]
    pub const fn new(queue: Rc<BodyQueue>, guard: AbandonGuard) -> Self {
        Self { queue, _guard: guard }
    }
}

impl Stream for Body {
    type Item = Result<Bytes, Infallible>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.queue.poll_read(cx).map(|piece| piece.map(Ok))
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

    fn read(queue: &BodyQueue) -> Poll<Option<Bytes>> {
        queue.poll_read(&Context::from_waker(&noop_waker()))
    }

    #[test]
    fn a_body_is_read_in_pieces_and_ends_after_its_queue() {
        let queue = BodyQueue::default();
        assert!(read(&queue).is_pending());
        let big = Frame::new(FrameKind::Snapshot, Position::ZERO, &vec![b'x'; 3 * PIECE]);
        queue.push(&big, "e", MOST).unwrap();
        queue.push_line(encoding::HEARTBEAT, MOST).unwrap();
        queue.end(CloseCode::TokenExpired);
        let mut whole = Vec::new();
        while let Poll::Ready(Some(piece)) = read(&queue) {
            assert!(piece.len() <= PIECE);
            whole.extend_from_slice(&piece);
        }
        let expected: Vec<u8> = encoding::message(&big, "e", None).into_iter().flatten().chain(encoding::HEARTBEAT).collect();
        assert!(whole == expected && read(&queue) == Poll::Ready(None));
    }

    #[test]
    fn a_reader_that_takes_nothing_is_stalled_and_ended_without_its_queue() {
        let queue = BodyQueue::default();
        queue.push(&event(400), "e", MOST).unwrap();
        assert!(read(&queue).is_ready() && !queue.is_stalled() && !queue.is_stalled(), "it takes all there is");
        queue.push(&event(400), "e", MOST).unwrap();
        queue.push(&event(400), "e", MOST).unwrap();
        assert!(queue.is_stalled());
        assert_eq!(queue.push(&event(400), "e", MOST), Err(TooSlow));
        queue.end(CloseCode::TooSlow);
        assert_eq!((read(&queue), queue.ending()), (Poll::Ready(None), Some(CloseCode::TooSlow)));
    }
}
