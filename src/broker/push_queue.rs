//! The queue of Redis's pushes to an actor.
//!
//! Bound: messages and bytes. Overflow: the push is dropped, and [`Overflow`] records it.

use super::signature::MAX_MESSAGE;
use futures_util::{Stream, StreamExt};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;

/// The most queued pushes.
const MESSAGES: usize = 8192;
/// The most queued bytes.
const BYTES: usize = 32 * MAX_MESSAGE;

/// A push of Redis.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Incoming {
    /// A message of a channel, as published.
    Message(Vec<u8>),
    /// A message with too many bytes or none.
    Oversized,
    /// A channel is no longer subscribed, on this node's request or not.
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

/// The sending end, for the reader of the socket.
#[derive(Debug, Clone)]
pub struct PushQueue {
    sender: mpsc::Sender<Incoming>,
    gauges: Arc<Gauges>,
}

/// The record of overflow and of the connection's end.
#[derive(Debug, Clone, Default)]
pub struct Overflow(Arc<Gauges>);

/// Makes a queue: its two ends, and the record of its overflow.
pub fn push_queue() -> (PushQueue, impl Stream<Item = Incoming> + use<>, Overflow) {
    let (sender, receiver) = mpsc::channel(MESSAGES);
    let gauges = Arc::new(Gauges::default());
    let (queue, overflow, read) = (PushQueue { sender, gauges: gauges.clone() }, Overflow(gauges.clone()), gauges);
    let stream = ReceiverStream::new(receiver).inspect(move |incoming| {
        read.bytes.fetch_sub(incoming.bytes(), Ordering::Relaxed);
    });
    (queue, stream, overflow)
}

impl PushQueue {
    /// Queues a push without waiting. Returns false if the queue is full.
    pub fn put(&self, incoming: Incoming) -> bool {
        let (is_lost, bytes) = (incoming == Incoming::Lost, incoming.bytes());
        let waiting = self.gauges.bytes.fetch_add(bytes, Ordering::Relaxed);
        let is_accepted = waiting + bytes <= BYTES && self.sender.try_send(incoming).is_ok();
        if !is_accepted {
            self.gauges.bytes.fetch_sub(bytes, Ordering::Relaxed);
            self.gauges.overflowed.store(true, Ordering::Relaxed);
        }
        self.gauges.lost.fetch_or(is_lost, Ordering::Relaxed);
        is_accepted
    }
}

impl Overflow {
    /// Whether a push was dropped since the last call.
    #[must_use]
    pub fn take_overflow(&self) -> bool {
        self.0.overflowed.swap(false, Ordering::Relaxed)
    }

    /// Whether a connection has ended, even if that push was dropped.
    #[must_use]
    pub fn is_lost(&self) -> bool {
        self.0.lost.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[actix_rt::test]
    async fn overflow_is_dropped_and_recorded() {
        let (queue, mut stream, overflow) = push_queue();
        let largest = Incoming::Message(vec![0; MAX_MESSAGE]);
        let accepted = (0..40).filter(|_| queue.put(largest.clone())).count();
        assert_eq!(accepted, 32, "bytes are bounded");
        assert!(overflow.take_overflow() && !overflow.take_overflow());
        assert_eq!(stream.next().await.map(|incoming| incoming.bytes()), Some(MAX_MESSAGE));
        assert!(queue.put(largest) && !overflow.take_overflow(), "reading makes space");
    }

    #[actix_rt::test]
    async fn messages_are_bounded_and_a_lost_connection_is_recorded_on_overflow() {
        let (queue, stream, overflow) = push_queue();
        let accepted = (0..MESSAGES + 9).filter(|_| queue.put(Incoming::Message(vec![1]))).count();
        assert_eq!(accepted, MESSAGES);
        assert!(!overflow.is_lost() && !queue.put(Incoming::Lost) && overflow.is_lost());
        drop(queue);
        assert_eq!(stream.count().await, MESSAGES, "the stream ends after the queued pushes");
    }
}
