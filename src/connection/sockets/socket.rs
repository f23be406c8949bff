//! The socket of an HTTP connection, with what the HTTP dispatcher lacks: a deadline for a reader that takes nothing, no
//! reading ahead while it waits, and a way to end the socket from outside.
//!
//! There is one type for the node, so that a socket with TLS would change no other file.

use super::registry::{Place, Waiting, Work};
use actix_rt::net::TcpStream;
use actix_rt::time::{Instant, Sleep, sleep};
use socket2::SockRef;
use std::future::Future;
use std::io::{self, ErrorKind};
use std::net::Shutdown;
use std::pin::Pin;
use std::rc::{Rc, Weak};
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// Bytes read between two turns of writing, so that a client that sends many requests at once is answered step by step.
const TURN: usize = 16 * 1024;
/// The interval at which a blocked write checks its deadline.
const LOOK: Duration = Duration::from_secs(1);

/// A write that waits for the reader.
struct Blocked {
    since: Instant,
    timer: Pin<Box<Sleep>>,
    /// The dispatcher has asked to read since.
    wants_read: bool,
    _work: Work,
    _waiting: Waiting,
}

/// The socket of an HTTP connection.
///
/// Bound: while the reader takes nothing, nothing is read from it, so that its requests make no more answers.
/// Deadline: a reader that takes nothing for the write timeout is cut, and sooner when too much waits for readers.
pub struct Socket {
    io: Rc<TcpStream>,
    place: Rc<Place>,
    blocked: Option<Blocked>,
    taken: usize,
}

impl Socket {
    /// Returns a socket with a place in the registry.
    #[must_use]
    pub fn new(io: TcpStream, place: Place) -> Self {
        Self { io: Rc::new(io), place: Rc::new(place), blocked: None, taken: 0 }
    }

    /// Returns the address of the other side.
    ///
    /// # Errors
    /// When the other side is gone.
    pub fn peer_addr(&self) -> io::Result<std::net::SocketAddr> {
        self.io.peer_addr()
    }

    /// Returns a way to end it without the dispatcher.
    #[must_use]
    pub fn handle(&self) -> Handle {
        Handle { io: Rc::downgrade(&self.io), place: self.place.clone() }
    }

    /// Turns it into the socket of a WebSocket, and its place.
    #[must_use]
    pub fn upgrade(self) -> (Rc<TcpStream>, Rc<Place>) {
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

    /// Makes the close reset the connection: what is in the kernel would stay there for minutes.
    fn reset(&self, kind: ErrorKind) -> io::Error {
        let _ = SockRef::from(&*self.io).set_linger(Some(Duration::ZERO));
        io::Error::new(kind, "the reader takes nothing of the answer")
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
            this.taken = 0;
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        loop {
            ready!(this.io.poll_read_ready(cx))?;
            match this.io.try_read_buf(buf) {
                Ok(count) => {
                    this.taken += count;
                    return Poll::Ready(Ok(()));
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                Err(error) => return Poll::Ready(Err(error)),
            }
        }
    }
}

impl AsyncWrite for Socket {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let this = &mut *self;
        loop {
            match this.io.poll_write_ready(cx) {
                Poll::Pending => return this.poll_blocked(cx),
                Poll::Ready(ready) => ready?,
            }
            match this.io.try_write(buf) {
                Ok(count) => {
                    this.unblock(cx);
                    return Poll::Ready(Ok(count));
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                Err(error) => return Poll::Ready(Err(error)),
            }
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.taken = 0;
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(SockRef::from(&*self.io).shutdown(Shutdown::Write))
    }
}

/// A way to end a socket without the dispatcher that owns it, on the same thread. It does not keep the socket open.
pub struct Handle {
    io: Weak<TcpStream>,
    place: Rc<Place>,
}

impl Handle {
    /// Returns its place in the registry.
    #[must_use]
    pub const fn place(&self) -> &Rc<Place> {
        &self.place
    }

    /// Calls a function with the socket, if it is open.
    pub fn with(&self, act: impl FnOnce(SockRef<'_>)) {
        if let Some(io) = self.io.upgrade() {
            act(SockRef::from(&*io));
        }
    }
}
