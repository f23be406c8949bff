//! What Redis pushes, on its way to an actor: a queue with bounds in messages and bytes, which drops what is over them
//! and says so.

use super::signature::MAX_MESSAGE;
use futures_util::{Stream, StreamExt};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;

/// The most pushes that wait.
const MESSAGES: usize = 8192;
/// The most bytes that wait.
const BYTES: usize = 32 * MAX_MESSAGE;

/// A push.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Incoming {
    /// A message of a channel, as it was published.
    Message(Vec<u8>),
    /// A message with too many bytes, or none.
    Oversized,
    /// A channel is not subscribed any more, by our wish or not.
    Unsubscribed(String),
    /// The connection, or one of the connections to a cluster, has ended.
    Lost,
}

impl Incoming {
    const fn bytes(&self) -> usize {
        match self {
            Self::Message(payload) => payload.len(),
            Self::Unsubscribed(channel) => channel.len(),
            Self::Oversized | Self::Lost => 0,
        }
    }
}

#[derive(Debug, Default)]
struct Gauges {
    bytes: AtomicUsize,
    overflowed: AtomicBool,
    lost: AtomicBool,
}

/// The end that is written to, by whoever reads the socket.
#[derive(Debug, Clone)]
pub struct PushQueue {
    sender: mpsc::Sender<Incoming>,
    gauges: Arc<Gauges>,
}

/// What did not fit.
#[derive(Debug, Clone, Default)]
pub struct Overflow(Arc<Gauges>);

/// A queue: its ends, and what tells of what did not fit.
pub fn inlet() -> (PushQueue, impl Stream<Item = Incoming> + use<>, Overflow) {
    let (sender, receiver) = mpsc::channel(MESSAGES);
    let gauges = Arc::new(Gauges::default());
    let (inlet, spill, read) = (PushQueue { sender, gauges: gauges.clone() }, Overflow(gauges.clone()), gauges);
    let stream = ReceiverStream::new(receiver).inspect(move |incoming| {
        read.bytes.fetch_sub(incoming.bytes(), Ordering::Relaxed);
    });
    (inlet, stream, spill)
}

impl PushQueue {
    /// Puts a push into the queue without waiting; false when it is full.
    pub fn put(&self, incoming: Incoming) -> bool {
        let (is_lost, bytes) = (incoming == Incoming::Lost, incoming.bytes());
        let waiting = self.gauges.bytes.fetch_add(bytes, Ordering::Relaxed);
        let is_taken = waiting + bytes <= BYTES && self.sender.try_send(incoming).is_ok();
        if !is_taken {
            self.gauges.bytes.fetch_sub(bytes, Ordering::Relaxed);
            self.gauges.overflowed.store(true, Ordering::Relaxed);
        }
        self.gauges.lost.fetch_or(is_lost, Ordering::Relaxed);
        is_taken
    }
}

impl Overflow {
    /// Whether something did not fit since this was last asked.
    #[must_use]
    pub fn take_overflow(&self) -> bool {
        self.0.overflowed.swap(false, Ordering::Relaxed)
    }

    /// Whether a connection has ended, even if that did not fit.
    #[must_use]
    pub fn is_lost(&self) -> bool {
        self.0.lost.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[actix_rt::test]
    async fn what_is_over_the_bounds_is_dropped_and_told() {
        let (inlet, mut stream, spill) = inlet();
        let largest = Incoming::Message(vec![0; MAX_MESSAGE]);
        let taken = (0..40).filter(|_| inlet.put(largest.clone())).count();
        assert_eq!(taken, 32, "bytes are bounded");
        assert!(spill.take_overflow() && !spill.take_overflow());
        assert_eq!(stream.next().await.map(|incoming| incoming.bytes()), Some(MAX_MESSAGE));
        assert!(inlet.put(largest) && !spill.take_overflow(), "what was read makes space");
    }

    #[actix_rt::test]
    async fn messages_are_bounded_and_a_lost_connection_is_told_all_the_same() {
        let (inlet, stream, spill) = inlet();
        let taken = (0..MESSAGES + 9).filter(|_| inlet.put(Incoming::Message(vec![1]))).count();
        assert_eq!(taken, MESSAGES);
        assert!(!spill.is_lost() && !inlet.put(Incoming::Lost) && spill.is_lost());
        drop(inlet);
        assert_eq!(stream.count().await, MESSAGES, "the end of the writer is the end of the queue, after what is in it");
    }
}
