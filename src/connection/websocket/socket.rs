//! The socket of a connection, after the handshake: guarded reads in, bounded vectored writes out.
//!
//! The actor is polled whatever the socket does, so its timers and its mailbox never freeze. Data that the reader has not taken
//! stays in the [`SendQueue`], with a bound and a deadline.

use super::frame_guard::{self, Guard, Violation};
use crate::connection::send_queue::{SendQueue, TooSlow};
use crate::connection::sockets::stream::Stream;
use crate::protocol::{CloseCode, Frame};
use actix_http::error::PayloadError;
use bytes::{Buf, Bytes, BytesMut};
use std::cell::{Cell, RefCell};
use std::future::{Future, poll_fn};
use std::io::{self, ErrorKind};
use std::ops::Deref;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::Duration;

/// The bytes of one read, into one buffer for each thread.
const READ: usize = 16 * 1024;
/// The time for the last bytes, with the close frame, to leave.
const LINGER: Duration = Duration::from_secs(2);
/// The most bytes that are read and dropped after the close frame. Unread bytes would reset the connection before the client
/// has read the frame.
const DRAIN: usize = 1024 * 1024;

thread_local! {
    static SCRATCH: RefCell<Box<[u8]>> = RefCell::new(vec![0; READ].into_boxed_slice());
}

/// The violation that the frame guard found, for the actor when its stream ends.
pub type Fault = Rc<Cell<Option<Violation>>>;

/// The client's whole frames, one at a time. The header of each is checked before its payload is
/// kept.
///
/// Bound: one read and one frame.
pub struct Incoming {
    io: Rc<Stream>,
    guard: Guard,
    held: BytesMut,
    most: u64,
    fault: Fault,
    /// Whether a frame was passed on that the actor has yet to handle. The next one is read after that.
    rest: bool,
}

impl Incoming {
    /// Returns the frames of a socket. `first` has the bytes that came after the handshake.
    pub fn new(io: Rc<Stream>, first: &[u8], most: u32, fault: Fault) -> Self {
        Self { io, guard: Guard::default(), held: BytesMut::from(first), most: u64::from(most), fault, rest: false }
    }

    /// Takes a whole frame from the buffer.
    fn next_frame(&mut self) -> Result<Option<Bytes>, Violation> {
        match self.guard.first(&self.held, self.most)? {
            Some(length) if length <= self.held.len() => {
                frame_guard::check_close(&self.held[..length])?;
                self.guard.pass(&self.held);
                let frame = Bytes::copy_from_slice(&self.held[..length]);
                self.held.advance(length);
                if self.held.is_empty() {
                    // An idle connection holds no memory for it.
                    self.held = BytesMut::new();
                }
                Ok(Some(frame))
            }
            _ => Ok(None),
        }
    }

    fn poll_read(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        loop {
            match self.io.poll_read_ready(cx) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(ready) => ready?,
            }
            let read: io::Result<usize> = SCRATCH.with_borrow_mut(|scratch| {
                let count = self.io.try_read(scratch)?;
                self.held.extend_from_slice(&scratch[..count]);
                Ok(count)
            });
            match read {
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                read => return Poll::Ready(read),
            }
        }
    }
}

impl futures_util::Stream for Incoming {
    type Item = Result<Bytes, PayloadError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        if std::mem::take(&mut this.rest) {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        loop {
            match this.next_frame() {
                Ok(Some(frame)) => {
                    this.rest = true;
                    return Poll::Ready(Some(Ok(frame)));
                }
                Ok(None) => {}
                Err(violation) => {
                    this.fault.set(Some(violation));
                    return Poll::Ready(None);
                }
            }
            match this.poll_read(cx) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(Ok(count)) if count > 0 => {}
                Poll::Ready(_) => return Poll::Ready(None),
            }
        }
    }
}

/// The send queue of a connection, with its socket.
pub struct Outgoing {
    send_queue: SendQueue,
    io: Rc<Stream>,
}

impl Outgoing {
    /// Returns a queue that [`drive`] writes to the same socket.
    #[must_use]
    pub const fn new(send_queue: SendQueue, io: Rc<Stream>) -> Self {
        Self { send_queue, io }
    }

    /// Queues a frame. If the queue is full, first writes as much of it as the socket accepts: during a burst the socket had no
    /// turn to write, and a reader counts as too slow only if it does not read.
    ///
    /// # Errors
    /// As [`SendQueue::push`].
    pub fn push(&self, frame: &Frame, most: usize) -> Result<(), TooSlow> {
        self.send_queue.push(frame, most).or_else(|TooSlow| {
            // An error occurs again in the next turn of the socket.
            while !self.send_queue.is_empty() && self.send_queue.write(|slices| self.io.try_write_vectored(slices)).is_ok() {}
            self.send_queue.push(frame, most)
        })
    }
}

impl Deref for Outgoing {
    type Target = SendQueue;
    fn deref(&self) -> &SendQueue {
        &self.send_queue
    }
}

/// Runs a connection to its end: polls the actor, and writes the queue. It ends when the actor has ended and its last bytes are
/// sent, when the socket breaks, or when the reader takes nothing for `patience`. The kernel reports free space only when a
/// third of its buffer is free, which takes a while on a slow network. So `patience` should be well above ten seconds.
pub async fn drive(
    io: Rc<Stream>,
    queue: SendQueue,
    mut actor: Pin<Box<impl futures_util::Stream<Item = Result<Bytes, actix_web::Error>>>>,
    patience: Duration,
) {
    let mut stall: Option<Pin<Box<tokio::time::Sleep>>> = None;
    let ended = poll_fn(|cx| {
        loop {
            // The actor writes to the queue, and nothing to its context.
            while let Poll::Ready(output) = actor.as_mut().poll_next(cx) {
                if output.is_none() {
                    return Poll::Ready(true);
                }
            }
            let flushed = flush(&io, &queue, cx);
            if matches!(flushed, Flush::Done | Flush::Progress) && stall.take().is_some() {
                queue.yielded();
            }
            match flushed {
                Flush::Done => return Poll::Pending,
                Flush::Progress => {}
                Flush::Blocked => {
                    let timer = stall.get_or_insert_with(|| Box::pin(tokio::time::sleep(patience)));
                    return timer.as_mut().poll(cx).map(|()| false);
                }
                Flush::Broken => return Poll::Ready(false),
            }
        }
    })
    .await;
    // The actor is dropped first, so that its slot and its rooms are free while the last bytes leave.
    drop(actor);
    if ended {
        // Boxed, since otherwise every open connection would reserve memory for it.
        let _ = tokio::time::timeout(LINGER, Box::pin(finish(&io, &queue))).await;
    }
}

enum Flush {
    Done,
    Progress,
    Blocked,
    Broken,
}

fn flush(io: &Stream, queue: &SendQueue, cx: &mut Context<'_>) -> Flush {
    if queue.is_empty() && !io.holds_bytes() {
        return Flush::Done;
    }
    match write(io, queue) {
        Ok(_) => Flush::Progress,
        Err(error) if error.kind() == ErrorKind::WouldBlock => match io.poll_write_ready(cx) {
            Poll::Pending => Flush::Blocked,
            Poll::Ready(Ok(())) => Flush::Progress,
            Poll::Ready(Err(_)) => Flush::Broken,
        },
        Err(_) => Flush::Broken,
    }
}

/// Writes what the stream holds, or else the queue.
fn write(io: &Stream, queue: &SendQueue) -> io::Result<usize> {
    if io.holds_bytes() { io.try_flush() } else { queue.write(|slices| io.try_write_vectored(slices)) }
}

/// Sends the last bytes, ends this side of the connection, and waits for the other side to end.
async fn finish(io: &Stream, queue: &SendQueue) {
    while !queue.is_empty() || io.holds_bytes() {
        match write(io, queue) {
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                if poll_fn(|cx| io.poll_write_ready(cx)).await.is_err() {
                    return;
                }
            }
            Err(_) => return,
        }
    }
    if io.end().is_err() || queue.ending() == Some(CloseCode::TooSlow) {
        return;
    }
    let mut left = DRAIN;
    while left > 0 && poll_fn(|cx| io.poll_read_ready(cx)).await.is_ok() {
        match SCRATCH.with_borrow_mut(|scratch| io.try_read(scratch)) {
            Ok(0) => return,
            Ok(count) => left = left.saturating_sub(count),
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            Err(_) => return,
        }
    }
}
