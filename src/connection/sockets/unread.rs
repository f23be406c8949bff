//! Unread answers over HTTP, and unfinished TLS handshakes. Counts their bytes, and picks the client to close when there are too
//! many.
//!
//! Bound: the bytes passed to [`Unread::new`]. Overflow: cuts the reader that has waited longest, at the address with the most
//! waiting readers. So a crowd that reads nothing loses only its own connections.

use crate::domain::values::time::Timestamp;
use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// The memory of a connection whose reader takes nothing, besides large answers: the dispatcher's buffers, the request, and its
/// handler. A TLS handshake takes less.
const BUFFER: usize = 32 * 1024;
/// The time up to which a reader that takes nothing counts only as slow.
const SLOW: Duration = Duration::from_secs(1);

/// Readers that take nothing, by the time at which they stopped, each with a way to close its connection.
type Queue<N> = BTreeMap<(Timestamp, u64), N>;

struct Inner<N> {
    bytes: AtomicUsize,
    most: usize,
    readers: Mutex<HashMap<IpAddr, Queue<N>>>,
}

/// The unread answers of a node. `N` is what closes the connection of a reader. Cheap to clone.
pub struct Unread<N>(Arc<Inner<N>>);

impl<N> Clone for Unread<N> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<N: Clone> Unread<N> {
    /// Returns a counter without answers, with a bound of `most` bytes.
    #[must_use]
    pub fn new(most: usize) -> Self {
        Self(Arc::new(Inner { bytes: AtomicUsize::new(0), most, readers: Mutex::default() }))
    }

    /// Counts bytes of an answer until the returned guard is dropped.
    #[must_use]
    pub fn hold(&self, bytes: usize) -> Held<N> {
        self.0.bytes.fetch_add(bytes, Ordering::Relaxed);
        Held { unread: self.clone(), bytes }
    }

    /// Counts a reader that has taken nothing since `since`, until the returned guard is dropped. `id` is unique among
    /// connections.
    #[must_use]
    pub fn wait(&self, address: IpAddr, id: u64, since: Timestamp, cut: N) -> Waiting<N> {
        self.readers().entry(address).or_default().insert((since, id), cut);
        Waiting { address, key: (since, id), held: self.hold(BUFFER) }
    }

    /// Returns the reader to cut when the bytes are too many, and no longer counts it among the waiting.
    #[must_use]
    pub fn overflow(&self, now: Timestamp) -> Option<N> {
        if self.0.bytes.load(Ordering::Relaxed) <= self.0.most {
            return None;
        }
        let mut readers = self.readers();
        let queue = readers.values_mut().max_by_key(|queue| queue.len())?;
        let first = queue.first_entry()?;
        (now.since(first.key().0) >= SLOW).then(|| first.remove())
    }

    fn readers(&self) -> MutexGuard<'_, HashMap<IpAddr, Queue<N>>> {
        self.0.readers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Bytes that wait for their reader.
pub struct Held<N> {
    unread: Unread<N>,
    bytes: usize,
}

impl<N> Drop for Held<N> {
    fn drop(&mut self) {
        self.unread.0.bytes.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

/// A reader that takes nothing.
pub struct Waiting<N> {
    address: IpAddr,
    key: (Timestamp, u64),
    held: Held<N>,
}

impl<N> Drop for Waiting<N> {
    fn drop(&mut self) {
        let mut readers = self.held.unread.0.readers.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(queue) = readers.get_mut(&self.address) {
            queue.remove(&self.key);
            if queue.is_empty() {
                readers.remove(&self.address);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: u64) -> Timestamp {
        Timestamp::from_millis(0).plus(Duration::from_secs(second))
    }

    fn address(number: u8) -> IpAddr {
        [192, 0, 2, number].into()
    }

    #[test]
    fn the_longest_waiting_reader_of_the_largest_crowd_is_cut_first() {
        let unread = Unread::new(3 * BUFFER);
        let kitchen = unread.wait(address(1), 1, at(0), "kitchen");
        let crowd: Vec<_> = (2..4).map(|id| unread.wait(address(2), id, at(id), "crowd")).collect();
        assert_eq!(unread.overflow(at(10)), None, "within the bound");
        let answer = unread.hold(1);
        assert_eq!(unread.overflow(at(10)), Some("crowd"));
        drop(answer);
        assert_eq!(unread.overflow(at(10)), None);
        drop((kitchen, crowd));
        assert!(unread.readers().is_empty());
        assert_eq!(unread.0.bytes.load(Ordering::Relaxed), 0);
    }

    #[test]
    fn a_reader_that_is_only_slow_is_not_cut() {
        let unread = Unread::new(1);
        let _reader = unread.wait(address(1), 1, at(5), "slow");
        assert_eq!(unread.overflow(at(5)), None);
        assert_eq!(unread.overflow(at(6)), Some("slow"));
        assert_eq!(unread.overflow(at(6)), None, "nobody is left to cut");
    }
}
