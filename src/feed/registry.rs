//! Which feeds live on this node, for everybody who has something for one.

use super::feed::{Feed, Retire};
use super::messages::{EventCommitted, FeedLife, Head, JoinRoom, LeaveRoom};
use crate::domain::model::room_id::RoomId;
use crate::domain::values::ids::RestaurantId;
use crate::domain::values::position::Position;
use crate::room::{Budget, Join, Leave, MemberId, Parts, budget};
use crate::store::SharedStore;
use crate::telemetry::Metrics;
use actix::dev::SendError;
use actix::{Addr, Recipient};
use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::Duration;

/// How long an announcement waits for space in a feed's mailbox before it is dropped (and the feed repairs itself).
const ANNOUNCE_DEADLINE: Duration = Duration::from_secs(5);

struct Entry {
    feed: Addr<Feed>,
    /// Joins sent to the feed: a feed that has handled fewer is not idle, whatever it believes.
    joins: AtomicU64,
}

struct Inner {
    feeds: RwLock<HashMap<RestaurantId, Entry>>,
    relays: RwLock<Vec<Recipient<EventCommitted>>>,
    watchers: RwLock<Vec<Recipient<FeedLife>>>,
    store: SharedStore,
    metrics: Metrics,
    snapshots: Arc<Budget>,
}

/// The feeds of this node by restaurant. Cheap to clone. A join is sent while the map is held for reading and a feed is
/// retired while it is held for writing, so no join is ever sent to a feed that is on its way out.
#[derive(Clone)]
pub struct FeedRegistry(Arc<Inner>);

impl FeedRegistry {
    /// An empty directory over a store.
    #[must_use]
    pub fn new(store: SharedStore, metrics: Metrics) -> Self {
        Self::with_budget(store, metrics, budget::DEFAULT_BYTES)
    }

    /// An empty directory over a store, whose rooms may hold so many bytes of snapshots together.
    #[must_use]
    pub fn with_budget(store: SharedStore, metrics: Metrics, snapshot_bytes: usize) -> Self {
        let snapshots = Budget::new(snapshot_bytes, metrics.snapshot_bytes.clone());
        let (feeds, relays, watchers) = (RwLock::default(), RwLock::default(), RwLock::default());
        Self(Arc::new(Inner { feeds, relays, watchers, store, metrics, snapshots }))
    }

    /// The store that feeds and rooms read.
    #[must_use]
    pub fn store(&self) -> &SharedStore {
        &self.0.store
    }

    /// The node's metrics.
    #[must_use]
    pub fn metrics(&self) -> &Metrics {
        &self.0.metrics
    }

    fn parts(&self) -> Parts {
        Parts { store: self.0.store.clone(), metrics: self.0.metrics.clone(), snapshots: self.0.snapshots.clone() }
    }

    /// What a feed asks for when it has stayed without rooms.
    fn retirement(&self) -> Retire {
        let directory = self.clone();
        Box::new(move |restaurant, joins| directory.retire(restaurant, joins))
    }

    fn read(&self) -> RwLockReadGuard<'_, HashMap<RestaurantId, Entry>> {
        self.0.feeds.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, HashMap<RestaurantId, Entry>> {
        self.0.feeds.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds somebody who hears of every commit of this node (the publisher to other nodes). Its queue is bounded; what
    /// it cannot take is dropped and counted.
    pub fn add_relay(&self, relay: Recipient<EventCommitted>) {
        self.0.relays.write().unwrap_or_else(PoisonError::into_inner).push(relay);
    }

    /// Adds somebody who hears which feeds live here (the subscriber to other nodes): those that do already, then every
    /// change, in order.
    pub fn add_watcher(&self, watcher: Recipient<FeedLife>) {
        let feeds = self.write();
        feeds.keys().for_each(|restaurant| watcher.do_send(FeedLife::Launched(*restaurant)));
        self.0.watchers.write().unwrap_or_else(PoisonError::into_inner).push(watcher);
    }

    /// Tells the watchers, with the map held for writing, so that what they hear is in order.
    fn tell_watchers(&self, life: FeedLife) {
        for watcher in self.0.watchers.read().unwrap_or_else(PoisonError::into_inner).iter() {
            // Not fan-out: two messages in a feed's life, and one that is lost would leave a node deaf to it.
            watcher.do_send(life);
        }
    }

    /// Sends a join to the room's feed, which is started on this thread when there is none.
    ///
    /// # Errors
    /// Gives the join back when the feed's mailbox is full.
    pub fn join(&self, restaurant: RestaurantId, room: RoomId, join: Join) -> Result<(), Join> {
        let message = JoinRoom { room, join };
        let message = match self.read().get(&restaurant) {
            Some(entry) => return send_join(entry, message),
            None => message,
        };
        let mut feeds = self.write();
        let entry = feeds.entry(restaurant).or_insert_with(|| {
            self.0.metrics.feeds.inc();
            self.tell_watchers(FeedLife::Launched(restaurant));
            Entry { feed: Feed::launch(restaurant, self.parts(), self.retirement()), joins: AtomicU64::new(0) }
        });
        send_join(entry, message)
    }

    /// Tells the room's feed that a member leaves. Not fan-out: one message a membership.
    pub fn leave(&self, restaurant: RestaurantId, room: RoomId, member: MemberId) {
        if let Some(entry) = self.read().get(&restaurant) {
            entry.feed.do_send(LeaveRoom { room, leave: Leave { member } });
        }
    }

    /// Retires a feed that has handled `joins` joins and has no rooms; a feed that was sent more stays.
    pub fn retire(&self, restaurant: RestaurantId, joins: u64) {
        let mut feeds = self.write();
        if feeds.get(&restaurant).is_some_and(|entry| entry.joins.load(Ordering::Relaxed) == joins) {
            feeds.remove(&restaurant);
            self.0.metrics.feeds.dec();
            self.tell_watchers(FeedLife::Retired(restaurant));
        }
    }

    /// Announces a commit of this node: to its feed here, if there is one, and to the relays. A feed whose mailbox is
    /// full is waited for, up to a deadline; nothing depends on an announcement arriving.
    pub async fn announce(&self, committed: EventCommitted) {
        for relay in self.0.relays.read().unwrap_or_else(PoisonError::into_inner).iter() {
            if relay.try_send(committed.clone()).is_err() {
                self.0.metrics.announcements_dropped.inc();
            }
        }
        self.deliver(committed).await;
    }

    /// Hands events to their feed here, if there is one.
    pub async fn deliver(&self, committed: EventCommitted) {
        let Some(feed) = self.read().get(&committed.restaurant).map(|entry| entry.feed.clone()) else { return };
        let Err(SendError::Full(committed)) = feed.try_send(committed) else { return };
        if !matches!(tokio::time::timeout(ANNOUNCE_DEADLINE, feed.send(committed)).await, Ok(Ok(()))) {
            self.0.metrics.announcements_dropped.inc();
        }
    }

    /// Hands events to their feed here, if there is one, without waiting. False when its mailbox is full: the events
    /// are dropped and counted, and its position has to be compared with the log's.
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

    /// The restaurants whose feeds live here.
    #[must_use]
    pub fn restaurants(&self) -> Vec<RestaurantId> {
        self.read().keys().copied().collect()
    }

    /// Tells a feed how far the log reaches. A full mailbox misses it; the next comparison comes.
    pub fn tell_head(&self, restaurant: RestaurantId, head: Position) {
        if let Some(entry) = self.read().get(&restaurant) {
            // Full is fine: a feed that busy will be compared again.
            let _ = entry.feed.try_send(Head(head));
        }
    }
}

fn send_join(entry: &Entry, message: JoinRoom) -> Result<(), Join> {
    match entry.feed.try_send(message) {
        Ok(()) => {
            entry.joins.fetch_add(1, Ordering::Relaxed);
            Ok(())
        }
        Err(SendError::Full(message) | SendError::Closed(message)) => Err(message.join),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock;
    use crate::domain::model::menu::Menu;
    use crate::domain::values::text::Slug;
    use crate::room::ToMember;
    use crate::room::messages::Page;
    use crate::store::accounts::Restaurant;
    use crate::store::open::open;
    use crate::store::options::{Mode, Settings};
    use actix::prelude::*;

    /// Counts what it is told.
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
        let menu = Menu {
            restaurant: id,
            position: Position::ZERO,
            currency,
            paused: false,
            paused_until: None,
            categories: Default::default(),
            items: Default::default(),
        };
        store.add_restaurant(&row, &menu, clock::now()).await.unwrap();
        id
    }

    /// A node that comes back has all of a restaurant's phones at once, before the feed has read where the log stands.
    #[actix::test]
    async fn a_burst_of_joins_is_taken_by_a_feed_that_has_just_begun() {
        const PHONES: u64 = 500;
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}", folder.path().join("burst.db").display());
        let store = open(&url, Settings::new(Mode::Serve)).await.unwrap();
        let (restaurant, directory) = (restaurant(&store).await, FeedRegistry::new(store, Metrics::new()));
        let (room, welcomed) = (RoomId::Menu(restaurant), Arc::new(AtomicU64::new(0)));
        for number in 0..PHONES {
            let phone = Phone { welcomed: welcomed.clone() }.start();
            let (mailbox, pages) = (phone.clone().recipient(), phone.recipient());
            let join = Join {
                member: MemberId(number),
                since: None,
                head: Position::ZERO,
                only_owner: None,
                paged: false,
                mailbox,
                pages,
            };
            assert!(directory.join(restaurant, room, join).is_ok(), "phone {number} was refused");
        }
        let all = async {
            while welcomed.load(Ordering::Relaxed) < PHONES {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        let in_time = tokio::time::timeout(Duration::from_secs(10), all).await;
        assert!(in_time.is_ok(), "{welcomed:?} of {PHONES} were let in");
    }
}
