//! The registry of the feeds on this node.

use super::feed::{Feed, Retire};
use super::messages::{EventCommitted, FeedLife, Head, JoinRoom, LeaveRoom};
use crate::domain::model::room_id::RoomId;
use crate::domain::values::ids::RestaurantId;
use crate::domain::values::position::Position;
use crate::room::{Histories, HistoryRewritten, Join, Leave, MemberId, Resources, SnapshotBudget, budget};
use crate::store::SharedStore;
use crate::telemetry::Metrics;
use actix::dev::SendError;
use actix::{Addr, Recipient};
use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::Duration;

/// The longest wait of an announcement for space in a feed's mailbox. After that it is dropped, and
/// the feed repairs itself.
const ANNOUNCE_DEADLINE: Duration = Duration::from_secs(5);

struct Entry {
    feed: Addr<Feed>,
    /// Joins sent to the feed. A feed that has handled fewer is not idle.
    joins: AtomicU64,
}

struct Inner {
    feeds: RwLock<HashMap<RestaurantId, Entry>>,
    relays: RwLock<Vec<Recipient<EventCommitted>>>,
    watchers: RwLock<Vec<Recipient<FeedLife>>>,
    store: SharedStore,
    metrics: Metrics,
    snapshots: Arc<SnapshotBudget>,
    histories: Histories,
}

/// The feeds of this node by restaurant. Cheap to clone.
///
/// Ordering: a join is sent under the map's read lock and a feed is retired under its write lock,
/// so no join reaches a feed that is about to end.
#[derive(Clone)]
pub struct FeedRegistry(Arc<Inner>);

impl FeedRegistry {
    /// Makes an empty registry over a store.
    #[must_use]
    pub fn new(store: SharedStore, metrics: Metrics) -> Self {
        Self::with_budget(store, metrics, budget::DEFAULT_BYTES)
    }

    /// Makes an empty registry over a store, whose rooms may hold `snapshot_bytes` of snapshots
    /// together.
    #[must_use]
    pub fn with_budget(store: SharedStore, metrics: Metrics, snapshot_bytes: usize) -> Self {
        let snapshots = SnapshotBudget::new(snapshot_bytes, metrics.snapshot_bytes.clone());
        let (feeds, relays, watchers) = (RwLock::default(), RwLock::default(), RwLock::default());
        let histories = Histories::new(store.clone(), metrics.clone());
        Self(Arc::new(Inner { feeds, relays, watchers, store, metrics, snapshots, histories }))
    }

    /// Returns the store that feeds and rooms read.
    #[must_use]
    pub fn store(&self) -> &SharedStore {
        &self.0.store
    }

    /// Returns the node's metrics.
    #[must_use]
    pub fn metrics(&self) -> &Metrics {
        &self.0.metrics
    }

    /// Returns what this node knows of feeds.
    #[must_use]
    pub fn histories(&self) -> &Histories {
        &self.0.histories
    }

    fn resources(&self) -> Resources {
        let Inner { store, metrics, snapshots, histories, .. } = &*self.0;
        let (store, metrics) = (store.clone(), metrics.clone());
        Resources { store, metrics, snapshots: snapshots.clone(), histories: histories.clone() }
    }

    /// Returns the function with which a feed without rooms retires itself.
    fn retirement(&self) -> Retire {
        let registry = self.clone();
        Box::new(move |restaurant, joins| registry.retire(restaurant, joins))
    }

    fn read(&self) -> RwLockReadGuard<'_, HashMap<RestaurantId, Entry>> {
        self.0.feeds.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, HashMap<RestaurantId, Entry>> {
        self.0.feeds.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a relay, which receives each commit of this node (the publisher to other nodes).
    ///
    /// Loss: what the relay's bounded queue cannot take is dropped and counted.
    pub fn add_relay(&self, relay: Recipient<EventCommitted>) {
        self.0.relays.write().unwrap_or_else(PoisonError::into_inner).push(relay);
    }

    /// Adds a watcher of feeds (the subscriber to other nodes).
    ///
    /// Ordering: it receives the feeds that exist already, then each change in order.
    pub fn add_watcher(&self, watcher: Recipient<FeedLife>) {
        let feeds = self.write();
        feeds.keys().for_each(|restaurant| watcher.do_send(FeedLife::Launched(*restaurant)));
        self.0.watchers.write().unwrap_or_else(PoisonError::into_inner).push(watcher);
    }

    /// Notifies the watchers. Called under the map's write lock, so that messages are in order.
    fn notify_watchers(&self, life: FeedLife) {
        for watcher in self.0.watchers.read().unwrap_or_else(PoisonError::into_inner).iter() {
            // `do_send`: two messages in a feed's life, and losing one would leave a node
            // unsubscribed.
            watcher.do_send(life);
        }
    }

    /// Sends a join to the room's feed. Launches the feed on this thread if it does not exist. Returns false if the feed's mailbox
    /// is full.
    #[must_use]
    pub fn join(&self, restaurant: RestaurantId, room: RoomId, join: Join) -> bool {
        let message = JoinRoom { room, join };
        let message = match self.read().get(&restaurant) {
            Some(entry) => return send_join(entry, message),
            None => message,
        };
        let mut feeds = self.write();
        let entry = feeds.entry(restaurant).or_insert_with(|| {
            self.0.metrics.feeds.inc();
            self.notify_watchers(FeedLife::Launched(restaurant));
            Entry { feed: Feed::launch(restaurant, self.resources(), self.retirement()), joins: AtomicU64::new(0) }
        });
        send_join(entry, message)
    }

    /// Sends a leave to the room's feed, past a full mailbox: it is one message a membership.
    pub fn leave(&self, restaurant: RestaurantId, room: RoomId, member: MemberId) {
        if let Some(entry) = self.read().get(&restaurant) {
            entry.feed.do_send(LeaveRoom { room, leave: Leave { member } });
        }
    }

    /// Retires a feed without rooms that has handled `joins` joins. A feed that was sent more joins
    /// stays.
    pub fn retire(&self, restaurant: RestaurantId, joins: u64) {
        let mut feeds = self.write();
        if feeds.get(&restaurant).is_some_and(|entry| entry.joins.load(Ordering::Relaxed) == joins) {
            feeds.remove(&restaurant);
            self.0.metrics.feeds.dec();
            self.notify_watchers(FeedLife::Retired(restaurant));
        }
    }

    /// Ends a feed whose history was rewritten, with its rooms and the connections in them. The next
    /// join launches another.
    pub fn end(&self, restaurant: RestaurantId) {
        let mut feeds = self.write();
        if let Some(entry) = feeds.remove(&restaurant) {
            // `do_send`: one message in a feed's life, and losing it would leave a stale feed.
            entry.feed.do_send(HistoryRewritten);
            self.0.metrics.feeds.dec();
            self.notify_watchers(FeedLife::Retired(restaurant));
        }
    }

    /// Announces a commit of this node to the relays and to the feed on this node, if it exists.
    /// Waits for space in a full mailbox up to a deadline.
    pub async fn announce(&self, committed: EventCommitted) {
        for relay in self.0.relays.read().unwrap_or_else(PoisonError::into_inner).iter() {
            if relay.try_send(committed.clone()).is_err() {
                self.0.metrics.announcements_dropped.inc();
            }
        }
        self.deliver(committed).await;
    }

    /// Delivers events to their feed on this node, if it exists. Waits for space in a full mailbox
    /// up to a deadline.
    pub async fn deliver(&self, committed: EventCommitted) {
        let Some(feed) = self.read().get(&committed.restaurant).map(|entry| entry.feed.clone()) else { return };
        let Err(SendError::Full(committed)) = feed.try_send(committed) else { return };
        if !matches!(tokio::time::timeout(ANNOUNCE_DEADLINE, feed.send(committed)).await, Ok(Ok(()))) {
            self.0.metrics.announcements_dropped.inc();
        }
    }

    /// Delivers events to their feed on this node, if it exists, without waiting. Returns false if
    /// its mailbox is full: the events are dropped and counted, and the caller has to request a
    /// comparison of heads.
    #[must_use]
    pub fn offer(&self, committed: EventCommitted) -> bool {
        let feeds = self.read();
        let Some(entry) = feeds.get(&committed.restaurant) else { return true };
        let is_full = matches!(entry.feed.try_send(committed), Err(SendError::Full(_)));
        if is_full {
            self.0.metrics.announcements_dropped.inc();
        }
        !is_full
    }

    /// Returns the restaurants with a feed on this node.
    #[must_use]
    pub fn restaurants(&self) -> Vec<RestaurantId> {
        self.read().keys().copied().collect()
    }

    /// Reports the log's head to a feed.
    pub fn report_head(&self, restaurant: RestaurantId, head: Position) {
        if let Some(entry) = self.read().get(&restaurant) {
            // A full mailbox may lose it: the next comparison repeats it.
            let _ = entry.feed.try_send(Head(head));
        }
    }
}

fn send_join(entry: &Entry, message: JoinRoom) -> bool {
    let is_sent = entry.feed.try_send(message).is_ok();
    if is_sent {
        entry.joins.fetch_add(1, Ordering::Relaxed);
    }
    is_sent
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock;
    use crate::domain::model::history::Point;
    use crate::domain::model::menu::Menu;
    use crate::domain::values::text::Slug;
    use crate::room::ToMember;
    use crate::room::messages::Page;
    use crate::store::accounts::Restaurant;
    use crate::store::open::open;
    use crate::store::options::{Mode, Settings};
    use actix::prelude::*;

    /// A member that counts its frames.
    #[derive(Default)]
    struct Phone {
        welcomed: Arc<AtomicU64>,
    }

    impl Actor for Phone {
        type Context = Context<Self>;
    }

    impl Handler<ToMember> for Phone {
        type Result = ();
        fn handle(&mut self, message: ToMember, _: &mut Context<Self>) {
            if matches!(message, ToMember::Frames(_)) {
                self.welcomed.fetch_add(1, Ordering::Relaxed);
            }
        }
    }

    impl Handler<Page> for Phone {
        type Result = ();
        fn handle(&mut self, _: Page, _: &mut Context<Self>) {}
    }

    async fn restaurant(store: &SharedStore) -> RestaurantId {
        let (id, currency) = (RestaurantId::from_uuid(clock::new_id()), "BDT".parse().unwrap());
        let slug: Slug = "rezala".parse().unwrap();
        let row = Restaurant { id, slug, name: "Rezala".parse().unwrap(), currency, default_minutes: 20 };
        let menu = Menu::new(id, currency);
        store.add_restaurant(&row, &menu, clock::now()).await.unwrap();
        id
    }

    /// After a node's restart, all phones of a restaurant join at once, before the feed has read
    /// its head.
    #[actix::test]
    async fn a_new_feed_accepts_a_burst_of_joins() {
        const PHONES: u64 = 500;
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}", folder.path().join("burst.db").display());
        let store = open(&url, Settings::new(Mode::Serve)).await.unwrap();
        let (restaurant, registry) = (restaurant(&store).await, FeedRegistry::new(store, Metrics::new()));
        let (room, welcomed) = (RoomId::Menu(restaurant), Arc::new(AtomicU64::new(0)));
        for number in 0..PHONES {
            let phone = Phone { welcomed: welcomed.clone() }.start();
            let (mailbox, pages) = (phone.clone().recipient(), phone.recipient());
            let join = Join {
                number: 1,
                member: MemberId(number),
                since: None,
                has_event: None,
                head: Point::default(),
                generation: None,
                only_owner: None,
                paged: false,
                mailbox,
                pages,
            };
            assert!(registry.join(restaurant, room, join), "phone {number} was refused");
        }
        let all = async {
            while welcomed.load(Ordering::Relaxed) < PHONES {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        let in_time = tokio::time::timeout(Duration::from_secs(10), all).await;
        assert!(in_time.is_ok(), "{welcomed:?} of {PHONES} joined");
    }
}
