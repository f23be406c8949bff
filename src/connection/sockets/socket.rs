//! The socket of an HTTP connection. It adds what the HTTP dispatcher lacks: deadlines for a reader that takes nothing and for
//! each head, no reading ahead of the answer, and a way to end the socket from outside.

use super::intake::{Allowance, Intake};
use super::registry::{Place, Waiting, Work};
use super::stream::Stream;
use actix_rt::time::{Instant, Sleep, sleep};
use socket2::SockRef;
use std::future::Future;
use std::io::{self, ErrorKind};
use std::pin::Pin;
use std::rc::{Rc, Weak};
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// The most bytes read between two turns of writing.
const TURN: usize = 16 * 1024;
/// The answer to a head that is too long.
const TOO_LONG: &[u8] = b"HTTP/1.1 431 Request Header Fields Too Large\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";
/// The answer to a head that is not complete in time.
const TOO_SLOW: &[u8] = b"HTTP/1.1 408 Request Timeout\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";
/// The longest time for a client to read such an answer. The server discards what it sends in that time,
/// since an immediate close would destroy the answer.
const LINGER: Duration = Duration::from_secs(1);
/// The interval at which a blocked write checks its deadline.
const LOOK: Duration = Duration::from_secs(1);

/// A write that waits for the reader.
struct Blocked {
    since: Instant,
    timer: Pin<Box<Sleep>>,
    /// Whether the dispatcher has tried to read since.
    wants_read: bool,
    _work: Work,
    _waiting: Waiting,
}

/// The socket of an HTTP connection.
///
/// Bound: one request is read at a time ([`Intake`]), and none while the reader takes nothing. Deadlines: a late head is
/// refused, but only after all data that has arrived was read, so that a stall of the node refuses nobody. The connection of a
/// reader that takes nothing is closed after the write timeout, and earlier if there are too many unread bytes.
pub struct Socket {
    io: Rc<Stream>,
    place: Rc<Place>,
    intake: Rc<Intake>,
    blocked: Option<Blocked>,
    taken: usize,
    /// The deadline of the head that is due.
    head: Option<Pin<Box<Sleep>>>,
    /// Present after the refusal of a head: ends the connection.
    refused: Option<Pin<Box<Sleep>>>,
}

impl Socket {
    /// Returns a socket with a place in the registry.
    #[must_use]
    pub fn new(io: Stream, place: Rc<Place>) -> Self {
        // An answer is several writes. The kernel would hold the second until the reader has acknowledged
        // the first, for 40 ms. Best effort: without it, answers are only slower.
        let _ = io.socket().set_tcp_nodelay(true);
        Self { io: Rc::new(io), place, intake: Rc::default(), blocked: None, taken: 0, head: None, refused: None }
    }

    /// Returns a way to end it without the dispatcher.
    #[must_use]
    pub fn handle(&self) -> Handle {
        Handle { io: Rc::downgrade(&self.io), place: self.place.clone(), intake: self.intake.clone() }
    }

    /// Turns it into the socket of a WebSocket, and its place.
    #[must_use]
    pub fn upgrade(self) -> (Rc<Stream>, Rc<Place>) {
        self.place.upgrade();
        (self.io, self.place)
    }

    /// Waits for the reader. Fails at the deadline.
    fn poll_blocked(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        let patience = self.place.plain().bounds().write_timeout;
        if self.place.is_evicted(cx) {
            return Poll::Ready(Err(self.reset(ErrorKind::ConnectionAborted)));
        }
        let place = &self.place;
        let blocked = self.blocked.get_or_insert_with(|| Blocked {
            since: Instant::now(),
            timer: Box::pin(sleep(patience.min(LOOK))),
            wants_read: false,
            _work: Work::begin(place.clone()),
            _waiting: place.wait(),
        });
        while blocked.timer.as_mut().poll(cx).is_ready() {
            let waited = blocked.since.elapsed();
            if waited >= patience {
                self.place.plain().count_unread();
                return Poll::Ready(Err(self.reset(ErrorKind::TimedOut)));
            }
            blocked.timer.as_mut().reset(Instant::now() + LOOK.min(patience - waited));
        }
        Poll::Pending
    }

    /// Reads at most `most` bytes of a head, or of a body in chunks. Stops at its end, so that the dispatcher decodes it before
    /// anything else is read.
    fn poll_part(&mut self, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>, most: usize) -> Poll<io::Result<()>> {
        let begin = buf.filled().len();
        ready!(self.io.poll_peek(cx, buf))?;
        let bytes = buf.filled().get(begin..).unwrap_or_default();
        let (count, ends) = self.intake.part(bytes.get(..most).unwrap_or(bytes));
        buf.set_filled(begin);
        if ends {
            self.taken = TURN;
        }
        self.poll_take(cx, buf, count)
    }

    /// Reads at most `most` bytes.
    fn poll_take(&mut self, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>, most: usize) -> Poll<io::Result<()>> {
        loop {
            ready!(self.io.poll_read_ready(cx))?;
            let most = most.min(buf.remaining());
            match self.io.try_read(buf.initialize_unfilled_to(most)) {
                Ok(count) => {
                    let begin = buf.filled().len();
                    buf.advance(count);
                    self.taken += count;
                    self.intake.take(buf.filled().get(begin..).unwrap_or_default());
                    return Poll::Ready(Ok(()));
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                Err(error) => return Poll::Ready(Err(error)),
            }
        }
    }

    /// Waits until the other side has sent everything, without reading it.
    fn poll_end(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut byte = [0];
        match ready!(self.io.poll_peek(cx, &mut ReadBuf::new(&mut byte)))? {
            0 => Poll::Ready(Ok(())),
            _ => Poll::Pending,
        }
    }

    /// Waits for the deadline of a head. Closes the connection of a client that has sent nothing without an answer: the client
    /// could take it for the answer to its next request.
    fn poll_head_deadline(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if !self.intake.is_head_due() {
            return Poll::Pending;
        }
        let time = self.place.plain().bounds().head_timeout;
        let timer = self.head.get_or_insert_with(|| Box::pin(sleep(time)));
        ready!(timer.as_mut().poll(cx));
        if self.has_bytes() {
            // After a stall, a timer may fire before the event that data has arrived. That event follows, and the data is read.
            return Poll::Pending;
        }
        if self.intake.has_begun_head() {
            self.place.plain().count_slow_head();
            self.poll_refuse(cx, TOO_SLOW)
        } else {
            Poll::Ready(Ok(()))
        }
    }

    /// Returns whether the kernel has bytes to read.
    fn has_bytes(&self) -> bool {
        self.io.has_bytes()
    }

    /// Refuses a head, and discards further data for a moment.
    fn poll_refuse(&mut self, cx: &mut Context<'_>, answer: &[u8]) -> Poll<io::Result<()>> {
        // Best effort: nothing else waits to be written between two requests.
        let _ = self.io.try_write(answer);
        let _ = self.io.end();
        self.refused = Some(Box::pin(sleep(LINGER)));
        self.poll_refused(cx)
    }

    /// Discards data after a refusal.
    fn poll_refused(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut rest = [0; 4096];
        while self.refused.as_mut().is_some_and(|timer| timer.as_mut().poll(cx).is_pending()) {
            ready!(self.io.poll_read_ready(cx))?;
            match self.io.try_read(&mut rest) {
                Ok(0) => break,
                Ok(_) => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                Err(error) => return Poll::Ready(Err(error)),
            }
        }
        Poll::Ready(Err(ErrorKind::InvalidData.into()))
    }

    /// Waits until the reader takes something of a write.
    fn poll_give(&mut self, cx: &mut Context<'_>, write: impl Fn(&Stream) -> io::Result<usize>) -> Poll<io::Result<usize>> {
        loop {
            match self.io.poll_write_ready(cx) {
                Poll::Pending => return self.poll_blocked(cx),
                Poll::Ready(ready) => ready?,
            }
            match write(&self.io) {
                Ok(count) => {
                    self.unblock(cx);
                    return Poll::Ready(Ok(count));
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                Err(error) => return Poll::Ready(Err(error)),
            }
        }
    }

    /// Waits until the reader has taken the bytes that TLS holds.
    fn poll_held(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while self.io.holds_bytes() {
            ready!(self.poll_give(cx, Stream::try_flush))?;
        }
        Poll::Ready(Ok(()))
    }

    /// Makes the close reset the connection, since unsent data would stay in the kernel for
    /// minutes.
    fn reset(&self, kind: ErrorKind) -> io::Error {
        let _ = self.io.socket().set_linger(Some(Duration::ZERO));
        io::Error::new(kind, "the reader does not read the answer")
    }

    /// Ends the wait for the reader.
    fn unblock(&mut self, cx: &Context<'_>) {
        if self.blocked.take().is_some_and(|blocked| blocked.wants_read) {
            cx.waker().wake_by_ref();
        }
    }
}

impl AsyncRead for Socket {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        if this.place.is_evicted(cx) {
            return Poll::Ready(Err(ErrorKind::ConnectionAborted.into()));
        }
        if let Some(blocked) = &mut this.blocked {
            blocked.wants_read = true;
            return Poll::Pending;
        }
        if this.taken >= TURN {
            ready!(this.io.poll_read_ready(cx))?;
            this.taken = 0;
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        if this.refused.is_some() {
            return this.poll_refused(cx);
        }
        if !this.intake.is_head_due() {
            this.head = None;
        }
        match this.intake.allowance(cx) {
            Allowance::All => this.poll_take(cx, buf, usize::MAX),
            Allowance::Part(most) => match this.poll_part(cx, buf, most) {
                Poll::Pending => this.poll_head_deadline(cx),
                read => read,
            },
            Allowance::Bytes(most) => this.poll_take(cx, buf, most),
            Allowance::Nothing => this.poll_end(cx),
            Allowance::Refused => this.poll_refuse(cx, TOO_LONG),
        }
    }
}

impl AsyncWrite for Socket {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let this = &mut *self;
        ready!(this.poll_held(cx))?;
        this.poll_give(cx, |io| io.try_write(buf))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.taken = 0;
        self.poll_held(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_held(cx))?;
        Poll::Ready(self.io.end())
    }
}

/// A way to end a socket without the dispatcher that owns it, on the same thread. It does not keep the socket open.
pub struct Handle {
    io: Weak<Stream>,
    place: Rc<Place>,
    intake: Rc<Intake>,
}

impl Handle {
    /// Returns its place in the registry.
    #[must_use]
    pub const fn place(&self) -> &Rc<Place> {
        &self.place
    }

    /// Returns its reading side.
    #[must_use]
    pub const fn intake(&self) -> &Rc<Intake> {
        &self.intake
    }

    /// Calls a function with the socket, if it is open.
    pub fn with(&self, act: impl FnOnce(SockRef<'_>)) {
        if let Some(io) = self.io.upgrade() {
            act(io.socket());
        }
    }
}
