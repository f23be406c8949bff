//! What a connection has yet to send, between its actor and the socket.

use crate::protocol::{CloseCode, Frame, FrameKind, frame};
use bytes::{Buf, Bytes};
use std::cell::RefCell;
use std::collections::VecDeque;
use std::io::IoSlice;
use std::rc::Rc;
use tokio::sync::oneshot;

/// Bytes a connection may hold altogether, snapshots included.
const MOST: usize = 16 * 1024 * 1024;
/// The most that one frame counts against the backlog: as much as a page of a replay. A menu may be larger than all of the
/// backlog, and has to arrive, amid whatever else there is to say.
const LARGE: usize = 64 * 1024;
/// Frames that leave in one write.
const VECTOR: usize = 64;

/// The reader takes less than it is sent: the connection has to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TooSlow;

#[derive(Debug, Default)]
struct Queue {
    frames: VecDeque<Bytes>,
    /// Bytes of all frames.
    bytes: usize,
    /// Bytes that count against the backlog: all but snapshots, which a room's members share, and which come whole or
    /// not at all however slow the reader is.
    backlog: usize,
    /// Whether the first frame has partly left.
    is_cut: bool,
    ending: Option<CloseCode>,
    /// Told when most of what waits has left: the rooms whose pages are among it.
    drained: Vec<oneshot::Sender<()>>,
    /// The reader has made place where there was none.
    has_yielded: bool,
}

/// "Most of it has left" is when no more than this waits.
const DRAINED: usize = 8 * 1024;

/// The queue between one actor and its socket, both on one thread. Bounded in bytes; when it is full the actor closes
/// with 4409 and what is left is dropped. Frames leave in order.
#[derive(Debug, Clone, Default)]
pub struct Wire(Rc<RefCell<Queue>>);

impl Wire {
    /// Queues a frame.
    ///
    /// # Errors
    /// `TooSlow` when more than `most` bytes would wait; the frame is not queued.
    pub fn push(&self, frame: &Frame, most: usize) -> Result<(), TooSlow> {
        self.push_parts([frame.wire()], counts(frame), most)
    }

    /// Queues a frame in the parts that another transport writes it in, all or none of them.
    ///
    /// # Errors
    /// As [`Self::push`].
    pub fn push_event(&self, frame: &Frame, parts: [Bytes; 3], most: usize) -> Result<(), TooSlow> {
        self.push_parts(parts, counts(frame), most)
    }

    /// Queues a control frame.
    ///
    /// # Errors
    /// As [`Self::push`].
    pub fn push_control(&self, control: Bytes, most: usize) -> Result<(), TooSlow> {
        self.push_parts([control], true, most)
    }

    fn push_parts<const N: usize>(&self, parts: [Bytes; N], counts: bool, most: usize) -> Result<(), TooSlow> {
        let mut queue = self.0.borrow_mut();
        if queue.ending.is_some() {
            return Ok(());
        }
        let length: usize = parts.iter().map(Bytes::len).sum();
        let backlog = if counts { queue.backlog + length.min(LARGE) } else { queue.backlog };
        // The first frame always has a place.
        if queue.backlog > 0 && backlog > most || queue.bytes + length > MOST {
            return Err(TooSlow);
        }
        queue.backlog = backlog;
        queue.bytes += length;
        queue.frames.extend(parts);
        Ok(())
    }

    /// Ends a WebSocket: its close frame is the last that is queued.
    pub fn close(&self, code: CloseCode) {
        self.end(code, frame::close(code));
    }

    /// Ends a WebSocket whose client has sent its close frame: the answer carries the same code.
    pub fn close_echo(&self, code: Option<u16>) {
        self.end(CloseCode::Normal, frame::close_echo(code));
    }

    /// Ends the connection: nothing is queued after these last bytes. For a slow reader what waits is dropped, so that
    /// they stand next in line.
    pub fn end(&self, code: CloseCode, last: Bytes) {
        let mut queue = self.0.borrow_mut();
        if queue.ending.is_some() {
            return;
        }
        queue.ending = Some(code);
        if code == CloseCode::TooSlow {
            let kept = usize::from(queue.is_cut);
            queue.frames.truncate(kept);
            queue.bytes = queue.frames.iter().map(Bytes::len).sum();
        }
        if !last.is_empty() {
            queue.bytes += last.len();
            queue.frames.push_back(last);
        }
    }

    /// The code it was closed with.
    #[must_use]
    pub fn ending(&self) -> Option<CloseCode> {
        self.0.borrow().ending
    }

    /// Resolves when most of what waits has left, or when the connection ends.
    pub fn drained(&self) -> oneshot::Receiver<()> {
        let (sender, receiver) = oneshot::channel();
        let mut queue = self.0.borrow_mut();
        if queue.bytes > DRAINED {
            queue.drained.push(sender);
        } else {
            // The receiver is here, so it is told.
            let _ = sender.send(());
        }
        receiver
    }

    /// The socket, which took no more, takes again: what was sent has been received at the other end.
    pub fn yielded(&self) {
        self.0.borrow_mut().has_yielded = true;
    }

    /// Whether [`Self::yielded`] was called since this was last asked: the reader lives, though it may say nothing.
    #[must_use]
    pub fn has_yielded(&self) -> bool {
        std::mem::take(&mut self.0.borrow_mut().has_yielded)
    }

    /// Whether nothing waits.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.borrow().frames.is_empty()
    }

    /// Bytes that wait.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.0.borrow().bytes
    }

    /// Offers what waits to a vectored write; takes out what it says was written.
    ///
    /// # Errors
    /// The write's.
    pub fn write(&self, write: impl FnOnce(&[IoSlice<'_>]) -> std::io::Result<usize>) -> std::io::Result<usize> {
        let mut queue = self.0.borrow_mut();
        let written = {
            let mut slices = [IoSlice::new(&[]); VECTOR];
            let mut count = 0;
            for (slice, frame) in slices.iter_mut().zip(&queue.frames) {
                *slice = IoSlice::new(frame);
                count += 1;
            }
            write(&slices[..count])?
        };
        queue.take(written);
        if queue.bytes <= DRAINED {
            for drained in std::mem::take(&mut queue.drained) {
                // Nobody waits any more: fine.
                let _ = drained.send(());
            }
        }
        Ok(written)
    }
}

/// Whether a frame counts against the backlog.
fn counts(frame: &Frame) -> bool {
    frame.kind() != FrameKind::Snapshot
}

impl Queue {
    fn take(&mut self, written: usize) {
        self.bytes = self.bytes.saturating_sub(written);
        let mut left = written;
        while left > 0 {
            let Some(first) = self.frames.front_mut() else { break };
            let part = left.min(first.len());
            first.advance(part);
            left -= part;
            self.is_cut = !first.is_empty();
            if !self.is_cut {
                self.frames.pop_front();
            }
        }
        self.backlog = self.backlog.min(self.bytes);
        if self.frames.is_empty() {
            // An idle connection keeps nothing.
            self.frames = VecDeque::new();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::position::Position;
    use proptest::prelude::*;
    use tokio::sync::oneshot::error::TryRecvError;

    fn event(bytes: usize) -> Frame {
        Frame::new(FrameKind::Event, Position::ZERO, &vec![b'x'; bytes])
    }

    proptest! {
        #[test]
        fn bytes_leave_whole_and_in_order_however_they_are_written(
            sizes in prop::collection::vec(0_usize..300, 0..40),
            writes in prop::collection::vec(0_usize..700, 0..200),
        ) {
            let wire = Wire::default();
            let (mut expected, mut out) = (Vec::new(), Vec::new());
            for size in &sizes {
                wire.push(&event(*size), 1 << 20).unwrap();
                expected.extend_from_slice(&event(*size).wire());
            }
            for most in writes.into_iter().chain(std::iter::repeat_n(10_000, 10)) {
                wire.write(|slices| {
                    let all: Vec<u8> = slices.iter().flat_map(|slice| slice.iter().copied()).collect();
                    let taken = most.min(all.len());
                    out.extend_from_slice(&all[..taken]);
                    Ok(taken)
                }).unwrap();
            }
            prop_assert!(wire.is_empty() && wire.waiting() == 0);
            prop_assert_eq!(out, expected);
        }
    }

    #[test]
    fn a_backlog_is_refused_and_its_close_frame_comes_next() {
        let wire = Wire::default();
        wire.push(&event(100), 250).unwrap();
        wire.push(&event(100), 250).unwrap();
        assert_eq!(wire.push(&event(100), 250), Err(TooSlow));
        wire.write(|_| Ok(1)).unwrap();
        wire.close(CloseCode::TooSlow);
        assert_eq!(wire.waiting(), 101 + frame::close(CloseCode::TooSlow).len());
        assert_eq!(wire.push(&event(100), 250), Ok(()));
        assert_eq!(wire.waiting(), 101 + frame::close(CloseCode::TooSlow).len());
    }

    #[test]
    fn a_snapshot_does_not_count_against_the_reader() {
        let wire = Wire::default();
        wire.push(&Frame::new(FrameKind::Snapshot, Position::ZERO, &vec![b'x'; 5000]), 250).unwrap();
        wire.push(&event(100), 250).unwrap();
        assert_eq!(wire.push(&event(200), 250), Err(TooSlow));
    }

    #[test]
    fn a_frame_larger_than_the_backlog_passes_among_others_and_counts_as_a_page() {
        let (wire, most) = (Wire::default(), 3 * LARGE);
        for size in [100, 10 * LARGE, 100, 10 * LARGE, 100] {
            wire.push(&event(size), most).unwrap();
        }
        assert_eq!(wire.push(&event(10 * LARGE), most), Err(TooSlow));
        wire.push(&event(100), most).unwrap();
    }

    #[test]
    fn who_waits_for_most_to_leave_is_told_when_it_has() {
        let wire = Wire::default();
        assert!(wire.drained().try_recv().is_ok(), "nothing waits");
        wire.push(&event(50_000), 1 << 20).unwrap();
        let is_empty = |receiver: &mut oneshot::Receiver<()>| receiver.try_recv() == Err(TryRecvError::Empty);
        let mut drained = wire.drained();
        wire.write(|_| Ok(20_000)).unwrap();
        let mut other = wire.drained();
        assert!(is_empty(&mut drained) && is_empty(&mut other));
        wire.write(|_| Ok(25_000)).unwrap();
        assert!(drained.try_recv().is_ok() && other.try_recv().is_ok(), "everybody who waits");
    }
}
