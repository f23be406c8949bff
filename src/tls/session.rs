//! A TLS connection after its handshake, on one thread. Its calls are those of tokio's `TcpStream`, and do not wait either.

use rustls::ServerConnection;
use std::cell::RefCell;
use std::io::{self, BufRead as _, ErrorKind, IoSlice, Read, Write};
use std::net::Shutdown;
use std::task::{Context, Poll, ready};
use tokio::io::ReadBuf;
use tokio::net::TcpStream;

/// A TLS connection. Bound: what the kernel has not taken of one write, and one record of the client.
pub struct Session {
    io: TcpStream,
    tls: RefCell<ServerConnection>,
}

impl Session {
    pub(super) const fn new(io: TcpStream, tls: ServerConnection) -> Self {
        Self { io, tls: RefCell::new(tls) }
    }

    /// Returns the socket below, for its options and its end.
    #[must_use]
    pub const fn io(&self) -> &TcpStream {
        &self.io
    }

    /// Decrypts what one read of the kernel has, unless decrypted bytes are there or the client has ended. One read, so that a
    /// client that sends empty records does not keep the thread.
    fn fill(&self) -> io::Result<()> {
        let tls = &mut *self.tls.borrow_mut();
        if has_plaintext_or_end(tls) {
            return Ok(());
        }
        tls.read_tls(&mut Kernel(&self.io))?;
        if let Err(error) = tls.process_new_packets() {
            // The alert that names the fault. Best effort: the connection ends.
            let _ = tls.write_tls(&mut Kernel(&self.io));
            return Err(io::Error::new(ErrorKind::InvalidData, error));
        }
        if has_plaintext_or_end(tls) { Ok(()) } else { Err(ErrorKind::WouldBlock.into()) }
    }

    /// Waits until there may be something to read.
    pub fn poll_read_ready(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if has_plaintext_or_end(&mut self.tls.borrow_mut()) {
            return Poll::Ready(Ok(()));
        }
        self.io.poll_read_ready(cx)
    }

    /// Reads decrypted bytes. A client that ends without saying so in TLS has ended: HTTP and WebSockets have an end of their
    /// own.
    ///
    /// # Errors
    /// `WouldBlock` if there are none yet, and an error of the connection.
    pub fn try_read(&self, buf: &mut [u8]) -> io::Result<usize> {
        self.fill()?;
        match self.tls.borrow_mut().reader().read(buf) {
            Err(error) if error.kind() == ErrorKind::UnexpectedEof => Ok(0),
            read => read,
        }
    }

    /// Waits for decrypted bytes, and copies them without taking them. Returns 0 if the client has ended.
    pub fn poll_peek(&self, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<usize>> {
        loop {
            match self.fill() {
                Ok(()) => break,
                Err(error) if error.kind() == ErrorKind::WouldBlock => ready!(self.io.poll_read_ready(cx))?,
                Err(error) => return Poll::Ready(Err(error)),
            }
        }
        let mut tls = self.tls.borrow_mut();
        let mut reader = tls.reader();
        let bytes = reader.fill_buf().unwrap_or_default();
        let count = bytes.len().min(buf.remaining());
        buf.put_slice(bytes.get(..count).unwrap_or_default());
        Poll::Ready(Ok(count))
    }

    /// Whether there are decrypted bytes.
    #[must_use]
    pub fn has_plaintext(&self) -> bool {
        self.tls.borrow_mut().reader().fill_buf().is_ok_and(|bytes| !bytes.is_empty())
    }

    /// Waits until the kernel may take bytes.
    pub fn poll_write_ready(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.io.poll_write_ready(cx)
    }

    /// Encrypts bytes, and hands them to the kernel. What it does not take is held for [`Self::try_flush`], and nothing more is
    /// encrypted until then.
    ///
    /// # Errors
    /// `WouldBlock` while encrypted bytes are held, and an error of the connection.
    pub fn try_write_vectored(&self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        while self.try_flush()? > 0 {}
        let taken = self.tls.borrow_mut().writer().write_vectored(slices)?;
        match self.try_flush() {
            Err(error) if error.kind() != ErrorKind::WouldBlock => Err(error),
            _ => Ok(taken),
        }
    }

    /// Whether encrypted bytes are held.
    #[must_use]
    pub fn holds_bytes(&self) -> bool {
        self.tls.borrow().wants_write()
    }

    /// Hands held bytes to the kernel, in one write. Returns how many it took: 0 if none are held.
    ///
    /// # Errors
    /// `WouldBlock` if the kernel takes none, and an error of the connection.
    pub fn try_flush(&self) -> io::Result<usize> {
        let tls = &mut *self.tls.borrow_mut();
        if tls.wants_write() { tls.write_tls(&mut Kernel(&self.io)) } else { Ok(0) }
    }

    /// Ends this side, with TLS's own mark of the end.
    ///
    /// # Errors
    /// An error if the connection has ended already.
    pub fn end(&self) -> io::Result<()> {
        self.tls.borrow_mut().send_close_notify();
        // Best effort: without the mark, clients see only the end of the connection.
        let _ = self.try_flush();
        socket2::SockRef::from(&self.io).shutdown(Shutdown::Write)
    }
}

/// Whether a read would return at once.
fn has_plaintext_or_end(tls: &mut ServerConnection) -> bool {
    !tls.reader().fill_buf().is_err_and(|error| error.kind() == ErrorKind::WouldBlock)
}

/// The socket, as TLS reads and writes it.
struct Kernel<'a>(&'a TcpStream);

impl Read for Kernel<'_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        self.0.try_read(buf)
    }
}

impl Write for Kernel<'_> {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        self.0.try_write(buf)
    }

    fn write_vectored(&mut self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        self.0.try_write_vectored(slices)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
