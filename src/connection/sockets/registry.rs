//! The registry of sockets. It knows the addresses of plain HTTP connections and which of them wait for a request, and evicts
//! one when places get scarce. A WebSocket keeps its place and no longer counts for its address: the registry of connections
//! has limits for it.

use super::unread::{self, Unread};
use crate::clock;
use crate::connection::client_address::rate_limit_key;
use crate::domain::values::time::Timestamp;
use crate::telemetry::Metrics;
use futures_util::task::AtomicWaker;
use std::collections::{BTreeSet, HashMap};
use std::net::IpAddr;
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Context;
use std::time::Duration;

/// The longest wait of a connection for its next request. It is longer than the keep-alive of the HTTP dispatcher, which ends
/// with the first byte of a request. Without this limit, half a request would keep a place forever.
const IDLE: Duration = Duration::from_secs(80);
/// The longest wait while most places are taken, or for an address that has more than a quarter of them.
const IDLE_UNDER_PRESSURE: Duration = Duration::from_secs(5);

/// The memory of all TLS handshakes in flight, a thousand of them.
const HANDSHAKE_BYTES: usize = 32 * 1024 * 1024;

/// Bounds of the registry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// Sockets of the node, WebSockets among them.
    pub total: usize,
    /// Plain connections of one address; more are only for kitchen and staff. `None` behind a proxy, whose address all share.
    pub per_address: Option<usize>,
    /// Bytes of answers that wait for their readers.
    pub unread_bytes: usize,
    /// The longest time that a reader may take nothing of an answer.
    pub write_timeout: Duration,
    /// The longest time for a client to send the head of a request.
    pub head_timeout: Duration,
}

/// Notifies a connection, on any thread, that its place was given to another one.
#[derive(Debug, Default)]
pub struct Notice {
    is_evicted: AtomicBool,
    waker: AtomicWaker,
}

#[derive(Debug)]
struct Entry {
    /// `None` for a WebSocket.
    address: Option<IpAddr>,
    /// Requests in progress, and writes that wait for the reader.
    busy: u32,
    idle_since: Timestamp,
    notice: Arc<Notice>,
}

#[derive(Debug, Default)]
struct Connections {
    count: usize,
    /// The connections that wait for a request, by the start of their wait.
    idle: BTreeSet<(Timestamp, u64)>,
}

/// The registry itself, pure.
#[derive(Debug, Default)]
struct Book {
    last_id: u64,
    entries: HashMap<u64, Entry>,
    by_address: HashMap<IpAddr, Connections>,
    idle: BTreeSet<(Timestamp, u64)>,
    websockets: usize,
}

/// A connection that was admitted.
#[derive(Debug)]
struct Entered {
    id: u64,
    notice: Arc<Notice>,
    /// Whether its address has more than its share, all of them busy.
    is_over: bool,
    evicted: Vec<Arc<Notice>>,
}

impl Book {
    /// Admits a connection. If there is no place, evicts the connection of the same address that has waited longest, then
    /// the one that has waited longest of all. Returns `None` when no connection waits.
    fn enter(&mut self, address: IpAddr, now: Timestamp, bounds: &Bounds) -> Option<Entered> {
        let mut evicted = Vec::new();
        let is_full = |book: &Self| {
            let theirs = book.by_address.get(&address).map_or(0, |connections| connections.count);
            bounds.per_address.is_some_and(|most| theirs >= most)
        };
        if is_full(self)
            && let Some(&(_, id)) = self.by_address.get(&address).and_then(|connections| connections.idle.first())
        {
            evicted.extend(self.remove(id));
        }
        if self.entries.len() >= bounds.total {
            let &(_, id) = self.idle.first()?;
            evicted.extend(self.remove(id));
        }
        let is_over = is_full(self);
        self.last_id += 1;
        let (id, notice) = (self.last_id, Arc::<Notice>::default());
        self.entries.insert(id, Entry { address: Some(address), busy: 0, idle_since: now, notice: notice.clone() });
        let connections = self.by_address.entry(address).or_default();
        connections.count += 1;
        connections.idle.insert((now, id));
        self.idle.insert((now, id));
        Some(Entered { id, notice, is_over, evicted })
    }

    fn remove(&mut self, id: u64) -> Option<Arc<Notice>> {
        let entry = self.entries.remove(&id)?;
        self.forget_idle(entry.address, (entry.idle_since, id));
        match entry.address {
            Some(address) => self.leave_address(address),
            None => self.websockets -= 1,
        }
        Some(entry.notice)
    }

    fn forget_idle(&mut self, address: Option<IpAddr>, key: (Timestamp, u64)) {
        self.idle.remove(&key);
        if let Some(connections) = address.and_then(|address| self.by_address.get_mut(&address)) {
            connections.idle.remove(&key);
        }
    }

    fn leave_address(&mut self, address: IpAddr) {
        if let Some(connections) = self.by_address.get_mut(&address) {
            connections.count -= 1;
            if connections.count == 0 {
                self.by_address.remove(&address);
            }
        }
    }

    fn begin(&mut self, id: u64) {
        let Some(entry) = self.entries.get_mut(&id) else { return };
        entry.busy += 1;
        if entry.busy == 1 {
            let (address, key) = (entry.address, (entry.idle_since, id));
            self.forget_idle(address, key);
        }
    }

    fn end(&mut self, id: u64, now: Timestamp) {
        let Some(entry) = self.entries.get_mut(&id) else { return };
        entry.busy = entry.busy.saturating_sub(1);
        if entry.busy == 0
            && let Some(connections) = entry.address.and_then(|address| self.by_address.get_mut(&address))
        {
            self.idle.remove(&(entry.idle_since, id));
            connections.idle.remove(&(entry.idle_since, id));
            entry.idle_since = now;
            self.idle.insert((now, id));
            connections.idle.insert((now, id));
        }
    }

    /// Records that a connection has become a WebSocket, which is never idle.
    fn upgrade(&mut self, id: u64) {
        self.begin(id);
        if let Some(address) = self.entries.get_mut(&id).and_then(|entry| entry.address.take()) {
            self.leave_address(address);
            self.websockets += 1;
        }
    }

    /// Removes connections that have waited too long. The time is shorter while more than three quarters of the places are
    /// taken, and for an address that has more than a quarter of them.
    fn sweep(&mut self, now: Timestamp, total: usize) -> Vec<Arc<Notice>> {
        let is_scarce = self.entries.len() > total / 4 * 3;
        let patience = if is_scarce { IDLE_UNDER_PRESSURE } else { IDLE };
        let is_late = |since: Timestamp| now.since(since) >= IDLE_UNDER_PRESSURE;
        let mut late = Vec::new();
        for connections in self.by_address.values().filter(|connections| connections.count > total / 4) {
            late.extend(connections.idle.iter().take_while(|(since, _)| is_late(*since)).map(|(_, id)| *id));
        }
        let mut evicted: Vec<_> = late.into_iter().filter_map(|id| self.remove(id)).collect();
        while let Some(&(since, id)) = self.idle.first()
            && now.since(since) >= patience
        {
            evicted.extend(self.remove(id));
        }
        evicted
    }
}

struct Inner {
    book: Mutex<Book>,
    bounds: Bounds,
    unread: Unread<Arc<Notice>>,
    /// The clients in a TLS handshake.
    handshakes: Unread<Arc<Notice>>,
    metrics: Metrics,
}

/// The plain connections of a node. Cheap to clone.
#[derive(Clone)]
pub struct Plain(Arc<Inner>);

impl Plain {
    /// Returns an empty registry.
    #[must_use]
    pub fn new(bounds: Bounds, metrics: Metrics) -> Self {
        let (unread, handshakes) = (Unread::new(bounds.unread_bytes), Unread::new(HANDSHAKE_BYTES));
        Self(Arc::new(Inner { book: Mutex::default(), bounds, unread, handshakes, metrics }))
    }

    /// Returns its bounds.
    #[must_use]
    pub fn bounds(&self) -> &Bounds {
        &self.0.bounds
    }

    fn book(&self) -> MutexGuard<'_, Book> {
        self.0.book.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a place for a connection of an address. Returns `None` when all are taken and busy.
    #[must_use]
    pub fn enter(&self, address: IpAddr) -> Option<Place> {
        let entered = self.book().enter(rate_limit_key(address), clock::uptime(), &self.0.bounds);
        self.count();
        let Some(Entered { id, notice, is_over, evicted }) = entered else {
            self.0.metrics.hit("plain_connections");
            return None;
        };
        self.evict(evicted, "idle_connections");
        Some(Place { plain: self.clone(), id, address: rate_limit_key(address), notice, is_over })
    }

    /// Ends connections that have waited too long for a request. Must be called every few seconds.
    pub fn sweep(&self) {
        let evicted = self.book().sweep(clock::uptime(), self.0.bounds.total);
        self.count();
        self.evict(evicted, "idle_connections");
    }

    /// Notifies evicted connections. Must not be called under the lock, since waking may run code of a task.
    fn evict(&self, evicted: Vec<Arc<Notice>>, limit: &'static str) {
        for notice in evicted {
            self.0.metrics.hit(limit);
            notice.is_evicted.store(true, Ordering::Release);
            notice.waker.wake();
        }
    }

    fn count(&self) {
        let book = self.book();
        let count = book.entries.len() - book.websockets;
        drop(book);
        self.0.metrics.plain_connections.set(i64::try_from(count).unwrap_or(i64::MAX));
    }

    /// Counts a reader that has taken nothing of its answer for too long.
    pub fn count_unread(&self) {
        self.0.metrics.hit("unread_answers");
    }

    /// Counts a client that has sent part of a head for too long.
    pub fn count_slow_head(&self) {
        self.0.metrics.hit("head_time");
    }

    /// Counts the outcome of a TLS handshake.
    pub fn count_tls_handshake(&self, outcome: &'static str) {
        self.0.metrics.tls_handshake(outcome);
    }

    /// Counts a request on a connection beyond the share of its address.
    pub fn count_over(&self) {
        self.0.metrics.hit("connections_per_address");
    }

    /// Counts unread bytes of an answer until the returned guard is dropped. If there are too many, closes the connection of
    /// the reader that has waited longest, at the address with the most waiting readers.
    #[must_use]
    pub fn hold(&self, bytes: usize) -> Held {
        let held = self.0.unread.hold(bytes);
        self.relieve();
        held
    }

    fn relieve(&self) {
        self.evict(self.0.unread.overflow(clock::uptime()).into_iter().collect(), "unread_answers");
    }
}

/// Bytes that wait for their reader.
pub type Held = unread::Held<Arc<Notice>>;
/// A reader that takes nothing.
pub type Waiting = unread::Waiting<Arc<Notice>>;

/// A place in the registry of sockets. Dropping it frees the place.
pub struct Place {
    plain: Plain,
    id: u64,
    address: IpAddr,
    notice: Arc<Notice>,
    is_over: bool,
}

impl Place {
    /// Returns the registry.
    #[must_use]
    pub const fn plain(&self) -> &Plain {
        &self.plain
    }

    /// Whether its address has more than its share: then only kitchen and staff may use it.
    #[must_use]
    pub const fn is_over(&self) -> bool {
        self.is_over
    }

    /// Keeps the place for a WebSocket, which is never evicted.
    pub fn upgrade(&self) {
        self.plain.book().upgrade(self.id);
        // A waker keeps the memory of its task. Here that is the HTTP dispatcher, which has ended.
        drop(self.notice.waker.take());
        self.plain.count();
    }

    /// Counts its reader as one that takes nothing, until the returned guard is dropped.
    #[must_use]
    pub fn wait(&self) -> Waiting {
        let Self { plain, id, address, notice, .. } = self;
        let waiting = plain.0.unread.wait(*address, *id, clock::uptime(), notice.clone());
        plain.relieve();
        waiting
    }

    /// Counts its client as one in a TLS handshake, until the returned guard is dropped. If there are too many, closes the
    /// connection that has waited longest, at the address with the most of them.
    #[must_use]
    pub fn shake_hands(&self) -> Waiting {
        self.shake_hands_at(clock::uptime())
    }

    fn shake_hands_at(&self, now: Timestamp) -> Waiting {
        let Self { plain, id, address, notice, .. } = self;
        let waiting = plain.0.handshakes.wait(*address, *id, now, notice.clone());
        plain.evict(plain.0.handshakes.overflow(now).into_iter().collect(), "tls_handshakes");
        waiting
    }

    /// Whether its place was given to another one. If not, wakes the task when it is.
    #[must_use]
    pub fn is_evicted(&self, cx: &Context<'_>) -> bool {
        self.notice.waker.register(cx.waker());
        self.notice.is_evicted.load(Ordering::Acquire)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.plain.book().remove(self.id);
        self.plain.count();
    }
}

/// A request or a write in progress: the connection is busy until it is dropped.
pub struct Work(Rc<Place>);

impl Work {
    /// Marks the connection of a place as busy.
    #[must_use]
    pub fn begin(place: Rc<Place>) -> Self {
        place.plain.book().begin(place.id);
        Self(place)
    }
}

impl Drop for Work {
    fn drop(&mut self) {
        self.0.plain.book().end(self.0.id, clock::uptime());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const BOUNDS: Bounds = Bounds {
        total: 4,
        per_address: Some(2),
        unread_bytes: 100,
        write_timeout: Duration::from_secs(20),
        head_timeout: Duration::from_secs(20),
    };

    fn at(second: u64) -> Timestamp {
        Timestamp::from_millis(0).plus(Duration::from_secs(second))
    }

    fn address(number: u8) -> IpAddr {
        [192, 0, 2, number].into()
    }

    #[test]
    fn a_new_connection_of_an_address_evicts_its_longest_waiting_one() {
        let mut book = Book::default();
        let first = book.enter(address(1), at(1), &BOUNDS).unwrap();
        let other = book.enter(address(2), at(0), &BOUNDS).unwrap();
        book.enter(address(1), at(2), &BOUNDS).unwrap();
        let third = book.enter(address(1), at(3), &BOUNDS).unwrap();
        assert!(!third.is_over && Arc::ptr_eq(&third.evicted[0], &first.notice) && third.evicted.len() == 1);
        assert!(book.entries.contains_key(&other.id) && !book.entries.contains_key(&first.id));
    }

    #[test]
    fn busy_connections_stay_and_new_ones_are_marked_and_then_refused_at_the_bound() {
        let mut book = Book::default();
        for number in [1, 1, 2] {
            let id = book.enter(address(number), at(1), &BOUNDS).unwrap().id;
            book.begin(id);
        }
        let over = book.enter(address(1), at(2), &BOUNDS).unwrap();
        assert!(over.is_over && over.evicted.is_empty());
        let next = book.enter(address(1), at(3), &BOUNDS).unwrap();
        assert!(
            next.is_over && Arc::ptr_eq(&next.evicted[0], &over.notice),
            "the one beyond the share that waits is evicted first"
        );
        book.begin(next.id);
        assert!(book.enter(address(3), at(4), &BOUNDS).is_none());
        book.end(next.id, at(5));
        assert!(!book.enter(address(3), at(6), &BOUNDS).unwrap().is_over);
    }

    #[test]
    fn half_a_request_does_not_keep_a_place_and_has_less_time_when_places_are_scarce() {
        let mut book = Book::default();
        let free = Bounds { per_address: None, ..BOUNDS };
        for second in 0..3 {
            book.enter(address(1), at(second), &free).unwrap();
        }
        assert!(book.sweep(at(79), 12).is_empty());
        assert_eq!(book.sweep(at(81), 12).len(), 2);
        for second in 100..103 {
            book.enter(address(1), at(second), &free).unwrap();
        }
        assert_eq!(book.sweep(at(106), 4).len(), 3, "four of four are taken");
    }

    #[test]
    fn only_an_address_with_more_than_a_quarter_of_the_places_waits_a_short_time() {
        let mut book = Book::default();
        let bounds = Bounds { total: 8, per_address: None, ..BOUNDS };
        for number in [1, 1, 1, 2] {
            book.enter(address(number), at(0), &bounds).unwrap();
        }
        assert!(book.sweep(at(4), 8).is_empty());
        assert_eq!((book.sweep(at(6), 8).len(), book.by_address.len()), (3, 1));
    }

    #[test]
    fn a_websocket_keeps_its_place_and_does_not_count_for_an_address() {
        let mut book = Book::default();
        for second in 0..4 {
            let entered = book.enter(address(1), at(second), &BOUNDS).unwrap();
            assert!(!entered.is_over && entered.evicted.is_empty());
            book.upgrade(entered.id);
        }
        assert!(book.websockets == 4 && book.enter(address(2), at(9), &BOUNDS).is_none());
        book.remove(1);
        assert!(book.websockets == 3 && book.enter(address(2), at(9), &BOUNDS).is_some());
    }

    #[test]
    fn the_place_of_a_websocket_does_not_hold_the_task_of_its_handshake() {
        let task = Arc::new(Task);
        let place = Plain::new(BOUNDS, Metrics::default()).enter(address(1)).unwrap();
        assert!(!place.is_evicted(&Context::from_waker(&task.clone().into())));
        assert_eq!(Arc::strong_count(&task), 2);
        place.upgrade();
        assert_eq!(Arc::strong_count(&task), 1);
    }

    #[test]
    fn beyond_a_thousand_handshakes_the_longest_waiting_one_of_the_crowd_is_evicted() {
        let bounds = Bounds { total: 100_000, per_address: None, ..BOUNDS };
        let plain = Plain::new(bounds, Metrics::default());
        let shake_hands = |number, second| {
            let place = plain.enter(address(number)).unwrap();
            let counted = place.shake_hands_at(at(second));
            (place, counted)
        };
        let cx = Context::from_waker(std::task::Waker::noop());
        let crowd: Vec<_> = (0..1024).map(|_| shake_hands(1, 0)).collect();
        let early = shake_hands(1, 0);
        assert!(!crowd[0].0.is_evicted(&cx), "none that came within a second");
        drop(early);
        let neighbour = shake_hands(2, 1);
        assert!(crowd[0].0.is_evicted(&cx));
        assert!(!neighbour.0.is_evicted(&cx) && !crowd[1].0.is_evicted(&cx), "only one");
    }

    struct Task;

    impl std::task::Wake for Task {
        fn wake(self: Arc<Self>) {}
    }

    proptest! {
        #[test]
        fn counts_are_right_after_any_sequence_of_connections(steps in prop::collection::vec((0_u8..6, 0_u8..3, 0_usize..8), 0..200)) {
            let mut book = Book::default();
            let mut ids: Vec<u64> = Vec::new();
            for (now, (what, number, which)) in steps.into_iter().enumerate() {
                let (now, id) = (at(now as u64), ids.get(which).copied());
                match (what, id) {
                    (0, Some(id)) => book.begin(id),
                    (1, Some(id)) => book.end(id, now),
                    (2, Some(id)) => drop(book.remove(id)),
                    (3, Some(id)) => book.upgrade(id),
                    (4, _) => drop(book.sweep(now, BOUNDS.total)),
                    _ => ids.extend(book.enter(address(number), now, &BOUNDS).map(|entered| entered.id)),
                }
                let idle = book.entries.values().filter(|entry| entry.busy == 0 && entry.address.is_some()).count();
                prop_assert!(book.entries.len() <= BOUNDS.total && book.idle.len() == idle);
                let (count, waiting) = book.by_address.values().fold((0, 0), |sum, connections| {
                    (sum.0 + connections.count, sum.1 + connections.idle.len())
                });
                prop_assert_eq!((count, waiting), (book.entries.len() - book.websockets, idle));
            }
        }
    }
}
