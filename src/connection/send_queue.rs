//! The send queue of a connection, between its actor and its socket.

use crate::protocol::{CloseCode, Frame, FrameKind, Snapshot, frame};
use bytes::{Buf, Bytes};
use std::cell::RefCell;
use std::collections::VecDeque;
use std::io::IoSlice;
use std::rc::Rc;
use tokio::sync::oneshot;

/// The most bytes that one frame counts against the backlog: the size of a page of a replay. A menu may be larger than the
/// whole backlog, and must arrive whatever else is queued.
const LARGE: usize = 64 * 1024;
/// The most pieces of one write.
const VECTOR: usize = 64;

/// The queue is full. The connection has to end, unless a snapshot is still in the queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TooSlow;

/// Bytes that leave in one piece, unless the socket takes a part of them.
#[derive(Debug)]
struct Piece {
    bytes: Bytes,
    /// Bytes that it counts against the backlog.
    weight: usize,
    is_snapshot: bool,
    /// Whether a frame begins with it: a control frame may be inserted before it.
    begins: bool,
    is_control: bool,
}

impl Piece {
    fn new(bytes: Bytes) -> Self {
        Self { bytes, weight: 0, is_snapshot: false, begins: true, is_control: false }
    }
}

#[derive(Debug, Default)]
struct Queue {
    pieces: VecDeque<Piece>,
    /// Bytes of all pieces.
    bytes: usize,
    /// Bytes that count against the backlog: all except those of snapshots. The members of a room share a snapshot, and a slow
    /// reader must get it whole.
    backlog: usize,
    /// Bytes of snapshots.
    snapshots: usize,
    /// Whether the first piece has partly left.
    is_cut: bool,
    ending: Option<CloseCode>,
    /// Waiters for when most of the queue has left: the rooms whose pages are in it.
    drained: Vec<oneshot::Sender<()>>,
    /// Whether the socket has accepted bytes again after it accepted none.
    has_yielded: bool,
}

/// "Most of the queue has left" means that no more than this is left.
const DRAINED: usize = 8 * 1024;

/// The queue between one actor and its socket, both on one thread.
///
/// Ordering: frames leave in the order of the calls, except that control frames overtake the rest of a snapshot.
///
/// Bound: in bytes, for everything except snapshots. When the queue is full, the actor closes with 4409 and drops the rest. But
/// while a snapshot is in the queue, it drops the frames of a room instead, and requests them from the room later. Snapshots
/// are shared, and a connection has at most one for each of its rooms.
#[derive(Debug, Clone, Default)]
pub struct SendQueue(Rc<RefCell<Queue>>);

impl SendQueue {
    /// Returns a queue with the answer to a handshake, which leaves before every frame.
    pub fn after(answer: Bytes) -> Self {
        let queue = Self::default();
        queue.0.borrow_mut().append(Piece { begins: false, ..Piece::new(answer) });
        queue
    }

    /// Queues a frame.
    ///
    /// # Errors
    /// `TooSlow` when more than `most` bytes would be queued. The frame is then not queued.
    pub fn push(&self, frame: &Frame, most: usize) -> Result<(), TooSlow> {
        self.push_frame(frame, [frame.wire()], most)
    }

    /// Queues a frame in the parts that another transport writes, all of them or none.
    ///
    /// # Errors
    /// As [`Self::push`].
    pub fn push_event(&self, frame: &Frame, parts: [Bytes; 3], most: usize) -> Result<(), TooSlow> {
        self.push_frame(frame, parts, most)
    }

    fn push_frame<const N: usize>(&self, frame: &Frame, parts: [Bytes; N], most: usize) -> Result<(), TooSlow> {
        let is_snapshot = frame.kind() == FrameKind::Snapshot;
        let length: usize = parts.iter().map(Bytes::len).sum();
        let weight = if is_snapshot { 0 } else { length.min(LARGE) };
        let mut queue = self.0.borrow_mut();
        queue.check_space(weight, most)?;
        for (number, bytes) in parts.into_iter().enumerate() {
            let weight = if number + 1 == N { weight } else { 0 };
            queue.append(Piece { weight, is_snapshot, begins: number == 0, ..Piece::new(bytes) });
        }
        Ok(())
    }

    /// Queues a snapshot as one WebSocket message: a fragment for each of its parts.
    pub fn push_fragments(&self, snapshot: &Snapshot) {
        let pieces = snapshot.whole();
        let count = pieces.len();
        let mut queue = self.0.borrow_mut();
        for (number, [glue, body]) in pieces.into_iter().enumerate() {
            let mut head = frame::fragment_header(number == 0, number + 1 == count, glue.len() + body.len());
            head.extend_from_slice(&glue);
            queue.append(Piece { is_snapshot: true, ..Piece::new(head.freeze()) });
            queue.append(Piece { is_snapshot: true, begins: false, ..Piece::new(body) });
        }
    }

    /// Queues a snapshot in the pieces that another transport writes.
    pub fn push_whole(&self, pieces: impl IntoIterator<Item = Bytes>) {
        let mut queue = self.0.borrow_mut();
        for (number, bytes) in pieces.into_iter().enumerate() {
            queue.append(Piece { is_snapshot: true, begins: number == 0, ..Piece::new(bytes) });
        }
    }

    /// Queues bytes that are not a frame.
    ///
    /// # Errors
    /// As [`Self::push`].
    pub fn push_line(&self, line: Bytes, most: usize) -> Result<(), TooSlow> {
        let mut queue = self.0.borrow_mut();
        queue.check_space(line.len(), most)?;
        queue.append(Piece { weight: line.len(), ..Piece::new(line) });
        Ok(())
    }

    /// Queues a control frame before the rest of a snapshot.
    ///
    /// # Errors
    /// As [`Self::push`].
    pub fn push_control(&self, control: Bytes, most: usize) -> Result<(), TooSlow> {
        let mut queue = self.0.borrow_mut();
        queue.check_space(control.len(), most)?;
        let piece = Piece { weight: control.len(), is_control: true, ..Piece::new(control) };
        match queue.next_gap() {
            Some(index) if queue.snapshots > 0 => queue.insert(index, piece),
            _ => queue.append(piece),
        }
        Ok(())
    }

    /// Ends a WebSocket: queues its close frame as the last one, and drops the rest of a snapshot.
    pub fn close(&self, code: CloseCode) {
        let is_amid_snapshot = self.holds_snapshot();
        self.finish(code, frame::close(code), is_amid_snapshot);
    }

    /// Ends a WebSocket whose client has sent a close frame: answers with the same code.
    pub fn close_echo(&self, code: Option<u16>) {
        let is_amid_snapshot = self.holds_snapshot();
        self.finish(CloseCode::Normal, frame::close_echo(code), is_amid_snapshot);
    }

    /// Ends the connection after these last bytes. For a slow reader, drops everything before them, except the rest of a frame
    /// that is partly sent.
    pub fn end(&self, code: CloseCode, last: Bytes) {
        self.finish(code, last, false);
    }

    fn finish(&self, code: CloseCode, last: Bytes, drops: bool) {
        let mut queue = self.0.borrow_mut();
        if queue.ending.is_some() {
            return;
        }
        queue.ending = Some(code);
        if drops || code == CloseCode::TooSlow {
            let kept = queue.next_frame().unwrap_or(queue.pieces.len());
            queue.pieces.truncate(kept);
            queue.bytes = queue.pieces.iter().map(|piece| piece.bytes.len()).sum();
        }
        if !last.is_empty() {
            queue.bytes += last.len();
            queue.pieces.push_back(Piece::new(last));
        }
    }

    /// Returns the code that the connection was ended with.
    #[must_use]
    pub fn ending(&self) -> Option<CloseCode> {
        self.0.borrow().ending
    }

    /// Resolves when most of the queue has left, or when the connection ends.
    pub fn drained(&self) -> oneshot::Receiver<()> {
        let (sender, receiver) = oneshot::channel();
        let mut queue = self.0.borrow_mut();
        if queue.bytes > DRAINED {
            queue.drained.push(sender);
        } else {
            // The receiver is in this function.
            let _ = sender.send(());
        }
        receiver
    }

    /// Records that the socket takes bytes again: the other side has received what was sent.
    pub fn yielded(&self) {
        self.0.borrow_mut().has_yielded = true;
    }

    /// Whether [`Self::yielded`] was called since the last call: the reader is alive, though it may send nothing.
    #[must_use]
    pub fn has_yielded(&self) -> bool {
        std::mem::take(&mut self.0.borrow_mut().has_yielded)
    }

    /// Whether nothing is queued.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.borrow().pieces.is_empty()
    }

    /// Returns how many bytes are queued.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.0.borrow().bytes
    }

    /// Returns how many bytes count against the backlog.
    #[must_use]
    pub fn backlog(&self) -> usize {
        self.0.borrow().backlog
    }

    /// Whether some of a snapshot is in the queue.
    #[must_use]
    pub fn holds_snapshot(&self) -> bool {
        self.0.borrow().snapshots > 0
    }

    /// Offers the queue to a vectored write, and removes as many bytes as it returns.
    ///
    /// # Errors
    /// Those of the write.
    pub fn write(&self, write: impl FnOnce(&[IoSlice<'_>]) -> std::io::Result<usize>) -> std::io::Result<usize> {
        let mut queue = self.0.borrow_mut();
        let written = {
            let mut slices = [IoSlice::new(&[]); VECTOR];
            let mut count = 0;
            for (slice, piece) in slices.iter_mut().zip(&queue.pieces) {
                *slice = IoSlice::new(&piece.bytes);
                count += 1;
            }
            write(&slices[..count])?
        };
        queue.take(written);
        if queue.bytes <= DRAINED {
            for drained in std::mem::take(&mut queue.drained) {
                // The receiver is gone when nothing waits any longer.
                let _ = drained.send(());
            }
        }
        Ok(written)
    }
}

impl Queue {
    /// Checks that the backlog has space. The first frame always fits.
    fn check_space(&self, weight: usize, most: usize) -> Result<(), TooSlow> {
        if self.ending.is_none() && weight > 0 && self.backlog > 0 && self.backlog + weight > most {
            return Err(TooSlow);
        }
        Ok(())
    }

    fn append(&mut self, piece: Piece) {
        self.insert(self.pieces.len(), piece);
    }

    fn insert(&mut self, index: usize, piece: Piece) {
        if self.ending.is_some() || piece.bytes.is_empty() {
            return;
        }
        self.bytes += piece.bytes.len();
        self.backlog += piece.weight;
        self.snapshots += if piece.is_snapshot { piece.bytes.len() } else { 0 };
        self.pieces.insert(index, piece);
    }

    /// Returns the first piece of the first frame of which nothing was sent.
    fn next_frame(&self) -> Option<usize> {
        self.pieces.iter().enumerate().position(|(index, piece)| piece.begins && !(index == 0 && self.is_cut))
    }

    /// Returns where the next control frame goes, behind those that are queued.
    fn next_gap(&self) -> Option<usize> {
        let first = self.next_frame()?;
        self.pieces.range(first..).position(|piece| !piece.is_control).map(|behind| first + behind)
    }

    fn take(&mut self, written: usize) {
        self.bytes = self.bytes.saturating_sub(written);
        let mut left = written;
        while left > 0 {
            let Some(first) = self.pieces.front_mut() else { break };
            let part = left.min(first.bytes.len());
            first.bytes.advance(part);
            left -= part;
            if first.is_snapshot {
                self.snapshots = self.snapshots.saturating_sub(part);
            }
            self.is_cut = !first.bytes.is_empty();
            if !self.is_cut {
                self.backlog = self.backlog.saturating_sub(first.weight);
                self.pieces.pop_front();
            }
        }
        self.backlog = self.backlog.min(self.bytes);
        if self.pieces.is_empty() {
            // An idle connection holds no memory for it.
            self.pieces = VecDeque::new();
        }
    }
}

#[cfg(test)]
#[path = "tests/send_queue.rs"]
mod tests;
