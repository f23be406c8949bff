//! Reading one request at a time. The HTTP dispatcher decodes whatever a client has sent ahead, and
//! each request that waits for the answer before it costs 6 KiB: here the rest stays in the kernel.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::task::{Context, Waker};

/// The most bytes of a request's head.
pub const HEAD: usize = 16 * 1024;
/// The most bytes of a body that its handler has not asked for.
const AHEAD: usize = 16 * 1024;

/// How a request says where its body ends (RFC 9112, section 6.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Body {
    /// It has none.
    None,
    /// After so many bytes.
    Length(u64),
    /// With its last chunk.
    Chunks,
}

/// What a connection waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Head,
    /// The rest of a body, in bytes.
    Length(u64),
    Chunks,
    Answer,
    /// The rest of a body that nobody reads. The dispatcher discards it for a moment, then closes.
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

/// What a socket may read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Allowance {
    /// At most so many bytes, and none after the end of the part.
    Part(Part, usize),
    /// At most so many bytes.
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
    lines: Cell<Lines>,
    reader: RefCell<Option<Waker>>,
}

impl Default for Intake {
    fn default() -> Self {
        let phase = Phase::Head;
        Self { phase: Cell::new(phase), left: Cell::new(phase.bound()), lines: Cell::default(), reader: RefCell::default() }
    }
}

impl Intake {
    /// Begins a request, which ends when the returned guard is dropped.
    #[must_use]
    pub fn begin(self: &Rc<Self>, body: Body) -> Exchange {
        self.enter(match body {
            Body::None => Phase::Answer,
            Body::Length(length) => Phase::Length(length),
            Body::Chunks => Phase::Chunks,
        });
        Exchange(self.clone())
    }

    /// Returns what may be read. If it is nothing, the task is woken when that changes.
    pub fn allowance(&self, cx: &Context<'_>) -> Allowance {
        match (self.phase.get(), self.left.get()) {
            (Phase::Discard, _) => Allowance::All,
            (Phase::Head, 0) => Allowance::Refused,
            (_, 0) => {
                *self.reader.borrow_mut() = Some(cx.waker().clone());
                Allowance::Nothing
            }
            (Phase::Head, left) => Allowance::Part(Part::Head, left),
            (Phase::Chunks, left) => Allowance::Part(Part::Chunks, left),
            (Phase::Length(_) | Phase::Answer, left) => Allowance::Bytes(left),
        }
    }

    /// Returns how many of the next bytes belong to a part, and whether it ends with them.
    pub fn part(&self, part: Part, bytes: &[u8]) -> (usize, bool) {
        let mut lines = self.lines.get();
        match bytes.iter().position(|byte| lines.ends(part, *byte)) {
            Some(last) => (last + 1, true),
            None => (bytes.len(), false),
        }
    }

    /// Counts bytes that were read.
    pub fn take(&self, bytes: &[u8]) {
        self.left.set(self.left.get().saturating_sub(bytes.len()));
        match self.phase.get() {
            Phase::Length(rest) => self.phase.set(Phase::Length(rest.saturating_sub(bytes.len() as u64))),
            Phase::Head | Phase::Chunks => {
                let mut lines = self.lines.get();
                bytes.iter().for_each(|byte| lines.read(*byte));
                self.lines.set(lines);
            }
            Phase::Answer | Phase::Discard => {}
        }
    }

    fn enter(&self, phase: Phase) {
        self.phase.set(phase);
        self.lines.take();
        self.allow();
    }

    /// Lets as much be read as the phase has.
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
    /// Lets more of the body be read: its reader has consumed all that was.
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

/// A part of a request whose end is found by its lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// Ends with an empty line, which is not its first.
    Head,
    /// End with an empty line after one that begins with `0`: the last chunk. Data of a chunk may look the
    /// same; then it is read in more turns.
    Chunks,
}

/// The beginning of a line.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Line {
    #[default]
    Empty,
    Zero,
    Other,
}

/// What was read of a part: the line it is in, and the one before.
#[derive(Debug, Clone, Copy, Default)]
struct Lines {
    before: Line,
    line: Line,
}

impl Lines {
    fn read(&mut self, byte: u8) {
        match (byte, self.line) {
            (b'\n', line) => *self = Self { before: line, line: Line::Empty },
            (b'0', Line::Empty) => self.line = Line::Zero,
            (b'\r', _) | (_, Line::Zero | Line::Other) => {}
            (_, Line::Empty) => self.line = Line::Other,
        }
    }

    /// Reads a byte, and returns whether a part ends with it.
    fn ends(&mut self, part: Part, byte: u8) -> bool {
        let is_empty_line = byte == b'\n' && self.line == Line::Empty;
        let ends = match part {
            Part::Head => is_empty_line && self.before != Line::Empty,
            Part::Chunks => is_empty_line && self.before == Line::Zero,
        };
        self.read(byte);
        ends
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
        assert_eq!(allowance(&intake), Allowance::Part(Part::Head, HEAD));
        intake.take(&SOME);
        assert_eq!(allowance(&intake), Allowance::Part(Part::Head, HEAD - 100));
        let exchange = intake.begin(Body::None);
        assert_eq!(allowance(&intake), Allowance::Nothing);
        drop(exchange);
        assert_eq!(allowance(&intake), Allowance::Part(Part::Head, HEAD));
        intake.take(&ALL);
        assert_eq!(allowance(&intake), Allowance::Refused);
    }

    #[test]
    fn a_body_is_read_as_its_handler_asks_for_it() {
        let intake = Rc::<Intake>::default();
        let exchange = intake.begin(Body::Chunks);
        assert_eq!(allowance(&intake), Allowance::Part(Part::Chunks, AHEAD));
        intake.take(&ALL);
        assert_eq!(allowance(&intake), Allowance::Nothing);
        exchange.want_body();
        assert_eq!(allowance(&intake), Allowance::Part(Part::Chunks, AHEAD));
        exchange.end_body();
        exchange.want_body();
        assert_eq!(allowance(&intake), Allowance::Nothing, "the body is over");
        drop(exchange);
        assert_eq!(allowance(&intake), Allowance::Part(Part::Head, HEAD));
        drop(intake.begin(Body::Chunks));
        assert_eq!(allowance(&intake), Allowance::All, "the dispatcher discards the rest");
    }

    #[test]
    fn a_body_of_a_length_is_read_to_its_last_byte() {
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
    fn length(part: Part, bytes: &str, piece: usize) -> Option<usize> {
        let intake = Rc::<Intake>::default();
        let _exchange = (part == Part::Chunks).then(|| intake.begin(Body::Chunks));
        let mut whole = 0;
        for piece in bytes.as_bytes().chunks(piece) {
            let (count, ends) = intake.part(part, piece);
            intake.take(&piece[..count]);
            whole += count;
            if ends {
                return Some(whole);
            }
        }
        None
    }

    #[test]
    fn a_part_ends_at_the_same_byte_in_pieces_of_any_size() {
        for (part, bytes, end) in [
            (Part::Head, "GET / HTTP/1.1\r\n\r\nGET", Some(18)),
            (Part::Head, "GET / HTTP/1.1\n\nGET", Some(16)),
            (Part::Head, "GET / HTTP/1.1\r\n\nGET", Some(17)),
            (Part::Head, "\r\n\r\nGET / HTTP/1.1\r\n\r\nGET", Some(22)),
            (Part::Head, "\r\n\r\n", None),
            (Part::Head, "GET / HTTP/1.1\r\nHost: x\r\n", None),
            (Part::Head, "", None),
            (Part::Chunks, "1\r\na\r\n0\r\n\r\nGET", Some(11)),
            (Part::Chunks, "0\r\n\r\nGET", Some(5)),
            (Part::Chunks, "00;a=b\r\n\r\nGET", Some(10)),
            (Part::Chunks, "4\r\n\r\n\r\n\r\n0\r\n\r\nGET", Some(14)),
            (Part::Chunks, "10\r\n0123456789abcdef\r\n", None),
        ] {
            for piece in 1..=bytes.len().max(1) {
                assert_eq!(length(part, bytes, piece), end, "{part:?} {bytes:?} in pieces of {piece}");
            }
        }
    }
}
