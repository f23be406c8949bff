//! The stream of bytes below a connection: plain or TLS, with the calls of tokio's `TcpStream`.

use crate::tls::Session;
use actix_rt::net::TcpStream;
use socket2::SockRef;
use std::io::{self, IoSlice};
use std::mem::MaybeUninit;
use std::net::Shutdown;
use std::task::{Context, Poll};
use tokio::io::ReadBuf;

/// A stream that is plain or TLS. A plain one costs nothing more than its socket.
pub enum Stream {
    /// Plain TCP.
    Plain(TcpStream),
    /// TLS, after the handshake.
    Tls(Box<Session>),
}

impl Stream {
    /// Returns the socket, for its options and its end.
    #[must_use]
    pub fn socket(&self) -> SockRef<'_> {
        match self {
            Self::Plain(io) => SockRef::from(io),
            Self::Tls(session) => SockRef::from(session.io()),
        }
    }

    /// Waits until there may be something to read.
    pub fn poll_read_ready(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self {
            Self::Plain(io) => io.poll_read_ready(cx),
            Self::Tls(session) => session.poll_read_ready(cx),
        }
    }

    /// Reads what has arrived. Returns 0 if the other side has ended.
    ///
    /// # Errors
    /// `WouldBlock` if nothing has, and an error of the connection.
    pub fn try_read(&self, buf: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Plain(io) => io.try_read(buf),
            Self::Tls(session) => session.try_read(buf),
        }
    }

    /// Waits for bytes, and copies them without taking them. Returns 0 if the other side has ended.
    pub fn poll_peek(&self, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<usize>> {
        match self {
            Self::Plain(io) => io.poll_peek(cx, buf),
            Self::Tls(session) => session.poll_peek(cx, buf),
        }
    }

    /// Returns whether bytes have arrived that were not read.
    #[must_use]
    pub fn has_bytes(&self) -> bool {
        let is_decrypted = matches!(self, Self::Tls(session) if session.has_plaintext());
        is_decrypted || self.socket().peek(&mut [MaybeUninit::uninit()]).is_ok_and(|count| count > 0)
    }

    /// Waits until bytes may be written.
    pub fn poll_write_ready(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self {
            Self::Plain(io) => io.poll_write_ready(cx),
            Self::Tls(session) => session.poll_write_ready(cx),
        }
    }

    /// Writes as much as is taken now.
    ///
    /// # Errors
    /// `WouldBlock` if nothing is, and an error of the connection.
    pub fn try_write(&self, buf: &[u8]) -> io::Result<usize> {
        match self {
            Self::Plain(io) => io.try_write(buf),
            Self::Tls(session) => session.try_write_vectored(&[IoSlice::new(buf)]),
        }
    }

    /// Writes as much of several pieces as is taken now.
    ///
    /// # Errors
    /// As [`Self::try_write`].
    pub fn try_write_vectored(&self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        match self {
            Self::Plain(io) => io.try_write_vectored(slices),
            Self::Tls(session) => session.try_write_vectored(slices),
        }
    }

    /// Whether bytes that were taken are held in encrypted form.
    #[must_use]
    pub fn holds_bytes(&self) -> bool {
        matches!(self, Self::Tls(session) if session.holds_bytes())
    }

    /// Hands bytes that were taken, but are held in encrypted form, to the kernel. Returns how many bytes left: 0 if none are
    /// held.
    ///
    /// # Errors
    /// As [`Self::try_write`].
    pub fn try_flush(&self) -> io::Result<usize> {
        match self {
            Self::Plain(_) => Ok(0),
            Self::Tls(session) => session.try_flush(),
        }
    }

    /// Ends this side, after everything that was written.
    ///
    /// # Errors
    /// An error if the connection has ended already.
    pub fn end(&self) -> io::Result<()> {
        match self {
            Self::Plain(io) => SockRef::from(io).shutdown(Shutdown::Write),
            Self::Tls(session) => session.end(),
        }
    }
}
