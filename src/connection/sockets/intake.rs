//! Reads one request at a time. The HTTP dispatcher would decode all requests that a client has sent
//! ahead, and each waiting one costs 6 KiB. With this intake, they wait in the kernel.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::task::{Context, Waker};

/// The most bytes of a request's head.
pub const HEAD: usize = 16 * 1024;
/// The most bytes of a body that its handler has not asked for.
const AHEAD: usize = 16 * 1024;

/// The way in which a request shows where its body ends (RFC 9112, "Message Body Length").
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Body {
    /// There is no body.
    None,
    /// The body ends after this number of bytes.
    Length(u64),
    /// The body ends with its last chunk.
    Chunks,
}

/// The phase of a connection: what it reads next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Head,
    /// The rest of a body, in bytes.
    Length(u64),
    Chunks,
    Answer,
    /// The rest of a body that nobody reads. The dispatcher discards it for a moment, and then
    /// closes.
    Discard,
}

impl Phase {
    const fn is_body(self) -> bool {
        matches!(self, Self::Length(_) | Self::Chunks)
    }

    /// Returns how many bytes may be read ahead.
    fn bound(self) -> usize {
        match self {
            Self::Head => HEAD,
            Self::Length(rest) => usize::try_from(rest).map_or(AHEAD, |rest| rest.min(AHEAD)),
            Self::Chunks => AHEAD,
            Self::Answer => 0,
            Self::Discard => usize::MAX,
        }
    }
}

/// The amount that a socket may read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Allowance {
    /// At most this number of bytes, and none after the end of the head, or of a body in chunks.
    Part(usize),
    /// At most this number of bytes.
    Bytes(usize),
    /// Everything.
    All,
    /// Nothing until the waker is called.
    Nothing,
    /// The head is too long.
    Refused,
}

/// The reading side of a connection, which its socket and its request share.
///
/// Bound: one request and [`AHEAD`] bytes of its body. Overflow: the rest waits in the kernel; a head
/// of over [`HEAD`] bytes is refused.
#[derive(Debug)]
pub struct Intake {
    phase: Cell<Phase>,
    left: Cell<usize>,
    scanner: Cell<Scanner>,
    /// No request has come yet.
    is_new: Cell<bool>,
    reader: RefCell<Option<Waker>>,
}

impl Default for Intake {
    fn default() -> Self {
        let phase = Phase::Head;
        let (left, scanner) = (Cell::new(phase.bound()), Cell::new(Scanner::HEAD));
        Self { phase: Cell::new(phase), left, scanner, is_new: Cell::new(true), reader: RefCell::default() }
    }
}

impl Intake {
    /// Begins a request, which ends when the returned guard is dropped.
    #[must_use]
    pub fn begin(self: &Rc<Self>, body: Body) -> Exchange {
        self.is_new.set(false);
        self.enter(match body {
            Body::None => Phase::Answer,
            Body::Length(length) => Phase::Length(length),
            Body::Chunks => Phase::Chunks,
        });
        Exchange(self.clone())
    }

    /// Returns how much may be read. If it is nothing, wakes the task when that changes.
    pub fn allowance(&self, cx: &Context<'_>) -> Allowance {
        match (self.phase.get(), self.left.get()) {
            (Phase::Discard, _) => Allowance::All,
            (Phase::Head, 0) => Allowance::Refused,
            (_, 0) => {
                *self.reader.borrow_mut() = Some(cx.waker().clone());
                Allowance::Nothing
            }
            (Phase::Head | Phase::Chunks, left) => Allowance::Part(left),
            (Phase::Length(_) | Phase::Answer, left) => Allowance::Bytes(left),
        }
    }

    /// Returns whether a head is due: the first one, or one that has begun.
    pub fn is_head_due(&self) -> bool {
        self.phase.get() == Phase::Head && (self.is_new.get() || self.has_begun_head())
    }

    /// Returns whether part of a head has been read.
    pub fn has_begun_head(&self) -> bool {
        self.phase.get() == Phase::Head && self.left.get() < HEAD
    }

    /// Returns how many of the next bytes belong to the head or to the body in chunks, and whether it ends with them.
    pub fn part(&self, bytes: &[u8]) -> (usize, bool) {
        let end = self.scanner.get().read(bytes);
        (end.unwrap_or(bytes.len()), end.is_some())
    }

    /// Counts bytes that were read.
    pub fn take(&self, bytes: &[u8]) {
        self.left.set(self.left.get().saturating_sub(bytes.len()));
        match self.phase.get() {
            Phase::Length(rest) => self.phase.set(Phase::Length(rest.saturating_sub(bytes.len() as u64))),
            Phase::Head | Phase::Chunks => {
                let mut scanner = self.scanner.get();
                let end = scanner.read(bytes);
                self.scanner.set(scanner);
                if end.is_some() && self.phase.get() == Phase::Chunks {
                    // Its handler may not have begun to read it yet.
                    self.phase.set(Phase::Length(0));
                    self.left.set(0);
                }
            }
            Phase::Answer | Phase::Discard => {}
        }
    }

    fn enter(&self, phase: Phase) {
        self.phase.set(phase);
        self.scanner.set(if phase == Phase::Chunks { Scanner::CHUNKS } else { Scanner::HEAD });
        self.allow();
    }

    /// Permits to read all bytes of the phase.
    fn allow(&self) {
        self.left.set(self.phase.get().bound());
        if self.left.get() > 0
            && let Some(reader) = self.reader.take()
        {
            reader.wake();
        }
    }
}

/// A request until its answer has been written. After that, the next request may be read.
#[derive(Debug)]
pub struct Exchange(Rc<Intake>);

impl Exchange {
    /// Permits to read more of the body, since its reader has consumed the previous bytes.
    pub fn want_body(&self) {
        if self.0.phase.get().is_body() {
            self.0.allow();
        }
    }

    /// Records that the body was read to its end.
    pub fn end_body(&self) {
        if self.0.phase.get().is_body() {
            self.0.enter(Phase::Answer);
        }
    }
}

impl Drop for Exchange {
    fn drop(&mut self) {
        self.0.enter(if self.0.phase.get().is_body() { Phase::Discard } else { Phase::Head });
    }
}

/// Finds the last byte of a head, or of a body in chunks (RFC 9112, sections 2.2 and 7.1).
///
/// It agrees with the dispatcher's decoder. A malformed head or body may end anywhere, since the decoder refuses it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Scanner {
    /// A head, which ends with an empty line that is not its first.
    Head { is_begun: bool, is_empty_line: bool },
    /// The line with the size of a chunk.
    Size { size: u64, is_read: bool },
    /// The remaining bytes of a chunk, with the end of its line.
    Data(u64),
    /// The part after the size of the last chunk, with the number of bytes of [`TRAILER_END`] that were read last.
    Trailer(usize),
}

/// The end of a body in chunks: the end of a line, and an empty line.
const TRAILER_END: &[u8] = b"\r\n\r\n";

impl Scanner {
    const HEAD: Self = Self::Head { is_begun: false, is_empty_line: true };
    const CHUNKS: Self = Self::Size { size: 0, is_read: false };

    /// Reads bytes, up to the end. Returns how many, if the end is among them.
    fn read(&mut self, bytes: &[u8]) -> Option<usize> {
        let mut at = 0;
        while let Some(byte) = bytes.get(at) {
            if let Self::Data(rest) = *self {
                at += self.skip(rest, bytes.len() - at);
            } else if self.ends(*byte) {
                return Some(at + 1);
            } else {
                at += 1;
            }
        }
        None
    }

    /// Skips the bytes of a chunk. Returns how many.
    fn skip(&mut self, rest: u64, present: usize) -> usize {
        let count = usize::try_from(rest).map_or(present, |rest| rest.min(present));
        *self = match rest - count as u64 {
            0 => Self::CHUNKS,
            rest => Self::Data(rest),
        };
        count
    }

    /// Reads a byte outside a chunk. Returns whether it is the last byte.
    fn ends(&mut self, byte: u8) -> bool {
        *self = match (*self, byte) {
            (Self::Head { is_begun: true, is_empty_line: true }, b'\n') => return true,
            (Self::Head { is_begun, .. }, b'\n') => Self::Head { is_begun, is_empty_line: true },
            (head @ Self::Head { .. }, b'\r') => head,
            (Self::Head { .. }, _) => Self::Head { is_begun: true, is_empty_line: false },
            (Self::Size { size: 0, .. }, b'\n') => Self::Trailer(2),
            (Self::Size { size, .. }, b'\n') => Self::Data(size.saturating_add(2)),
            (Self::Size { size, is_read: false }, _) => match char::from(byte).to_digit(16) {
                Some(digit) => Self::Size { size: size.saturating_mul(16).saturating_add(digit.into()), is_read: false },
                None => Self::Size { size, is_read: true },
            },
            (Self::Trailer(count), _) if TRAILER_END.get(count) == Some(&byte) => Self::Trailer(count + 1),
            (Self::Trailer(_), _) => Self::Trailer(usize::from(byte == b'\r')),
            (same @ (Self::Size { .. } | Self::Data(_)), _) => same,
        };
        *self == Self::Trailer(TRAILER_END.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::task::{noop_waker_ref, waker};
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    const SOME: [u8; 100] = [b'a'; 100];
    static ALL: [u8; HEAD + 1] = [b'a'; HEAD + 1];

    fn allowance(intake: &Intake) -> Allowance {
        intake.allowance(&Context::from_waker(noop_waker_ref()))
    }

    #[test]
    fn nothing_is_read_ahead_of_an_answer() {
        let intake = Rc::<Intake>::default();
        assert_eq!(allowance(&intake), Allowance::Part(HEAD));
        intake.take(&SOME);
        assert_eq!(allowance(&intake), Allowance::Part(HEAD - 100));
        let exchange = intake.begin(Body::None);
        assert_eq!(allowance(&intake), Allowance::Nothing);
        drop(exchange);
        assert_eq!(allowance(&intake), Allowance::Part(HEAD));
        intake.take(&ALL);
        assert_eq!(allowance(&intake), Allowance::Refused);
    }

    #[test]
    fn the_deadline_of_a_head_counts_from_the_start_and_later_from_its_first_byte() {
        let intake = Rc::<Intake>::default();
        assert!(intake.is_head_due() && !intake.has_begun_head());
        intake.take(&SOME);
        assert!(intake.is_head_due() && intake.has_begun_head());
        let exchange = intake.begin(Body::None);
        assert!(!intake.is_head_due());
        drop(exchange);
        assert!(!intake.is_head_due(), "an idle connection");
        intake.take(&SOME[..1]);
        assert!(intake.is_head_due() && intake.has_begun_head());
    }

    #[test]
    fn a_body_is_read_when_its_handler_asks_for_it() {
        let intake = Rc::<Intake>::default();
        let exchange = intake.begin(Body::Chunks);
        assert_eq!(allowance(&intake), Allowance::Part(AHEAD));
        intake.take(&ALL);
        assert_eq!(allowance(&intake), Allowance::Nothing);
        exchange.want_body();
        assert_eq!(allowance(&intake), Allowance::Part(AHEAD));
        exchange.end_body();
        exchange.want_body();
        assert_eq!(allowance(&intake), Allowance::Nothing, "the body is over");
        drop(exchange);
        assert_eq!(allowance(&intake), Allowance::Part(HEAD));
        drop(intake.begin(Body::Chunks));
        assert_eq!(allowance(&intake), Allowance::All, "the dispatcher discards the rest");
    }

    #[test]
    fn a_body_with_a_length_is_read_to_its_last_byte() {
        let intake = Rc::<Intake>::default();
        let exchange = intake.begin(Body::Length(AHEAD as u64 + 200));
        assert_eq!(allowance(&intake), Allowance::Bytes(AHEAD));
        intake.take(&SOME);
        exchange.want_body();
        assert_eq!(allowance(&intake), Allowance::Bytes(AHEAD));
        intake.take(&SOME);
        intake.take(&ALL[..AHEAD - 7]);
        exchange.want_body();
        assert_eq!(allowance(&intake), Allowance::Bytes(7));
        intake.take(&SOME[..7]);
        exchange.want_body();
        assert_eq!(allowance(&intake), Allowance::Nothing, "what follows is the next request");
    }

    #[test]
    fn a_reader_that_waits_is_woken() {
        struct Count(AtomicUsize);
        impl futures_util::task::ArcWake for Count {
            fn wake_by_ref(count: &Arc<Self>) {
                count.0.fetch_add(1, Ordering::Relaxed);
            }
        }
        let (count, intake) = (Arc::new(Count(AtomicUsize::new(0))), Rc::<Intake>::default());
        let waker = waker(count.clone());
        let exchange = intake.begin(Body::None);
        assert_eq!(intake.allowance(&Context::from_waker(&waker)), Allowance::Nothing);
        drop(exchange);
        drop(intake.begin(Body::None));
        assert_eq!(count.0.load(Ordering::Relaxed), 1, "once");
    }

    /// The length of the first part of these bytes, which come in pieces.
    fn length(mut scanner: Scanner, bytes: &str, piece: usize) -> Option<usize> {
        let mut whole = 0;
        for piece in bytes.as_bytes().chunks(piece) {
            match scanner.read(piece) {
                Some(count) => return Some(whole + count),
                None => whole += piece.len(),
            }
        }
        None
    }

    #[test]
    fn a_part_ends_at_the_same_byte_for_pieces_of_any_size() {
        for (part, bytes, end) in [
            (Scanner::HEAD, "GET / HTTP/1.1\r\n\r\nGET", Some(18)),
            (Scanner::HEAD, "GET / HTTP/1.1\n\nGET", Some(16)),
            (Scanner::HEAD, "GET / HTTP/1.1\r\n\nGET", Some(17)),
            (Scanner::HEAD, "\r\n\r\nGET / HTTP/1.1\r\n\r\nGET", Some(22)),
            (Scanner::HEAD, "\r\n\r\n", None),
            (Scanner::HEAD, "GET / HTTP/1.1\r\nHost: x\r\n", None),
            (Scanner::HEAD, "", None),
            (Scanner::CHUNKS, "1\r\na\r\n0\r\n\r\nGET", Some(11)),
            (Scanner::CHUNKS, "0\r\n\r\nGET", Some(5)),
            (Scanner::CHUNKS, "00;a=b\r\n\r\nGET", Some(10)),
            (Scanner::CHUNKS, "4\r\n\r\n\r\n\r\n0\r\n\r\nGET", Some(14)),
            (Scanner::CHUNKS, "A \r\n0\r\n\r\n0\r\n\r\n\r\n0\r\n\r\nGET", Some(21)),
            (Scanner::CHUNKS, "010;0=0\r\n0123456789abcdef\r\n0\r\n\r\n", Some(32)),
            (Scanner::CHUNKS, "0\r\nA: b\r\n0: 0\r\n\r\nGET", Some(17)),
            (Scanner::CHUNKS, "0\r\nA: b\r\n\r\nGET", Some(11)),
            (Scanner::CHUNKS, "0\r\nA: b\r\n", None),
            (Scanner::CHUNKS, "10\r\n0123456789abcdef\r\n", None),
            (Scanner::CHUNKS, "fffffffffffffffffffff\r\n0\r\n\r\n", None),
        ] {
            for piece in 1..=bytes.len().max(1) {
                assert_eq!(length(part, bytes, piece), end, "{part:?} {bytes:?} in pieces of {piece}");
            }
        }
    }

    #[test]
    fn nothing_is_read_after_a_chunked_body_that_its_handler_did_not_read() {
        let intake = Rc::<Intake>::default();
        let exchange = intake.begin(Body::Chunks);
        let bytes = b"1\r\n0\r\n0\r\nA: b\r\n\r\nGET / HTTP/1.1\r\n";
        let (count, ends) = intake.part(bytes);
        assert!(ends && &bytes[count..] == b"GET / HTTP/1.1\r\n");
        intake.take(&bytes[..count]);
        assert_eq!(allowance(&intake), Allowance::Nothing);
        exchange.want_body();
        assert_eq!(allowance(&intake), Allowance::Nothing);
        exchange.end_body();
        drop(exchange);
        assert_eq!(allowance(&intake), Allowance::Part(HEAD));
    }
}
