//! Reading one request at a time. The HTTP dispatcher decodes whatever a client has sent ahead, and
//! each request that waits for the answer before it costs 6 KiB: here the rest stays in the kernel.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::task::{Context, Waker};

/// The most bytes of a request's head.
pub const HEAD: usize = 16 * 1024;
/// The most bytes of a body that its handler has not asked for.
const AHEAD: usize = 16 * 1024;

/// What a connection waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Head,
    Body,
    Answer,
    /// The rest of a body that nobody reads. The dispatcher discards it for a moment, then closes.
    Discard,
}

/// What a socket may read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Allowance {
    /// At most so many bytes of a head.
    Head(usize),
    /// At most so many bytes of a body.
    Body(usize),
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
    reader: RefCell<Option<Waker>>,
}

impl Default for Intake {
    fn default() -> Self {
        Self { phase: Cell::new(Phase::Head), left: Cell::new(HEAD), reader: RefCell::default() }
    }
}

impl Intake {
    /// Begins a request, which ends when the returned guard is dropped.
    #[must_use]
    pub fn begin(self: &Rc<Self>, has_body: bool) -> Exchange {
        if has_body {
            self.enter(Phase::Body, AHEAD)
        } else {
            self.enter(Phase::Answer, 0)
        }
        Exchange(self.clone())
    }

    /// Returns what may be read. If it is nothing, the task is woken when that changes.
    pub fn allowance(&self, cx: &Context<'_>) -> Allowance {
        match (self.phase.get(), self.left.get()) {
            (Phase::Discard, _) => Allowance::All,
            (Phase::Head, 0) => Allowance::Refused,
            (Phase::Body | Phase::Answer, 0) => {
                *self.reader.borrow_mut() = Some(cx.waker().clone());
                Allowance::Nothing
            }
            (Phase::Head, left) => Allowance::Head(left),
            (Phase::Body | Phase::Answer, left) => Allowance::Body(left),
        }
    }

    /// Counts bytes that were read.
    pub fn take(&self, bytes: usize) {
        self.left.set(self.left.get().saturating_sub(bytes));
    }

    fn enter(&self, phase: Phase, left: usize) {
        self.phase.set(phase);
        self.left.set(left);
        if left > 0
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
        if self.0.phase.get() == Phase::Body {
            self.0.enter(Phase::Body, AHEAD);
        }
    }

    /// Records that the body was read to its end.
    pub fn end_body(&self) {
        if self.0.phase.get() == Phase::Body {
            self.0.enter(Phase::Answer, 0);
        }
    }
}

impl Drop for Exchange {
    fn drop(&mut self) {
        let next = if self.0.phase.get() == Phase::Body { Phase::Discard } else { Phase::Head };
        self.0.enter(next, HEAD);
    }
}

/// Returns how many of these bytes a dispatcher may decode at once: those up to the first empty
/// line, which ends the head of a request. Skips empty lines before the head, and the first `least`
/// bytes.
pub fn one_head(bytes: &[u8], least: usize) -> usize {
    let is_line_end = |byte: &u8| matches!(byte, b'\r' | b'\n');
    let begin = bytes.iter().position(|byte| !is_line_end(byte)).unwrap_or(bytes.len());
    let mut is_empty_line = false;
    for (at, byte) in bytes.iter().enumerate().skip(begin.max(least)) {
        match byte {
            b'\n' if is_empty_line => return at + 1,
            b'\n' => is_empty_line = true,
            b'\r' => {}
            _ => is_empty_line = false,
        }
    }
    bytes.len()
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::task::{noop_waker_ref, waker};
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    fn allowance(intake: &Intake) -> Allowance {
        intake.allowance(&Context::from_waker(noop_waker_ref()))
    }

    #[test]
    fn nothing_is_read_ahead_of_an_answer() {
        let intake = Rc::<Intake>::default();
        assert_eq!(allowance(&intake), Allowance::Head(HEAD));
        intake.take(100);
        let exchange = intake.begin(false);
        assert_eq!(allowance(&intake), Allowance::Nothing);
        drop(exchange);
        assert_eq!(allowance(&intake), Allowance::Head(HEAD));
        intake.take(HEAD + 1);
        assert_eq!(allowance(&intake), Allowance::Refused);
    }

    #[test]
    fn a_body_is_read_as_its_handler_asks_for_it() {
        let intake = Rc::<Intake>::default();
        let exchange = intake.begin(true);
        intake.take(AHEAD);
        assert_eq!(allowance(&intake), Allowance::Nothing);
        exchange.want_body();
        assert_eq!(allowance(&intake), Allowance::Body(AHEAD));
        exchange.end_body();
        exchange.want_body();
        assert_eq!(allowance(&intake), Allowance::Nothing, "the body is over");
        drop(exchange);
        assert_eq!(allowance(&intake), Allowance::Head(HEAD));
        drop(intake.begin(true));
        assert_eq!(allowance(&intake), Allowance::All, "the dispatcher discards the rest");
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
        let exchange = intake.begin(false);
        assert_eq!(intake.allowance(&Context::from_waker(&waker)), Allowance::Nothing);
        drop(exchange);
        drop(intake.begin(false));
        assert_eq!(count.0.load(Ordering::Relaxed), 1, "once");
    }

    #[test]
    fn heads_are_decoded_one_by_one() {
        for (bytes, head) in [
            ("GET / HTTP/1.1\r\n\r\nGET", 18),
            ("GET / HTTP/1.1\n\nGET", 16),
            ("GET / HTTP/1.1\r\n\nGET", 17),
            ("\r\n\r\nGET / HTTP/1.1\r\n\r\nGET", 22),
            ("\r\n\r\n", 4),
            ("GET / HTTP/1.1\r\nHost: x\r\n", 25),
            ("", 0),
        ] {
            assert_eq!(one_head(bytes.as_bytes(), 0), head, "{bytes:?}");
        }
        let body = "\n".repeat(1000) + "a\n\nb";
        assert_eq!(one_head(body.as_bytes(), 512), 1003);
    }
}
