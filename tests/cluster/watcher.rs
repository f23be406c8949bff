//! An unattended screen: it follows a room by the contract's cursor rule, and when its connection
//! ends it resumes at the next node. A gap fails the test.

use crate::load::Work;
use crate::test_cluster::{Addresses, TestCluster, of_the_log};
use serde_json::json;
use std::collections::HashMap;
use std::time::{Duration, Instant};
use support::log::{faults, orders_by_note};
use support::{Client, Followed, PATIENCE, Screen};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// The delay between two attempts to connect.
const PAUSE: Duration = Duration::from_millis(20);
/// The time between two checks for the end.
const LOOK: Duration = Duration::from_millis(50);

/// The result of a screen.
#[derive(Default)]
pub struct Seen {
    pub room: Followed,
    /// The time of arrival of each command's first event.
    pub arrived: HashMap<String, Instant>,
    /// The time of each change of nodes, from the end of one connection to `live` on the next.
    pub moves: Vec<Duration>,
}

impl Seen {
    /// Returns the delay of each command's event from its answer.
    pub fn lateness(&self, work: &Work) -> Vec<Duration> {
        let late = |done: &crate::load::Done| Some(self.arrived.get(&done.believed.id)?.saturating_duration_since(done.at));
        let mut late: Vec<_> = work.done.iter().filter_map(late).collect();
        late.sort_unstable();
        late
    }
}

/// A running screen.
pub struct Watcher {
    until: watch::Sender<Option<u64>>,
    task: JoinHandle<Seen>,
}

struct Eye {
    client: Client,
    nodes: Addresses,
    at: usize,
    room: String,
    until: watch::Receiver<Option<u64>>,
    seen: Seen,
    /// When the last connection ended.
    cut: Option<Instant>,
}

impl Watcher {
    /// Opens the screen on a node, and returns when it is live.
    pub async fn open(cluster: &TestCluster, at: usize, room: &str) -> Self {
        let (until, ends) = watch::channel(None);
        let (live, is_live) = tokio::sync::oneshot::channel();
        let (client, nodes) = (cluster.staff.clone(), cluster.addresses.clone());
        let eye = Eye { client, nodes, at, room: room.into(), until: ends, seen: Seen::default(), cut: None };
        let task = tokio::spawn(eye.watch(live));
        is_live.await.expect("the screen becomes live");
        Self { until, task }
    }

    /// Lets the screen read up to a position.
    pub async fn close(self, position: u64) -> Seen {
        self.until.send_replace(Some(position));
        tokio::time::timeout(PATIENCE, self.task).await.expect("the screen reaches the last position").unwrap()
    }
}

impl Eye {
    async fn watch(mut self, live: tokio::sync::oneshot::Sender<()>) -> Seen {
        let mut live = Some(live);
        loop {
            let mut screen = self.connect().await;
            let mut subscribe = json!({"type": "subscribe", "room": self.room});
            if let Some(cursor) = self.seen.room.cursor {
                subscribe["since"] = cursor.into();
                subscribe["epoch"] = screen.epoch().clone();
            }
            screen.rooms.insert(self.room.clone(), std::mem::take(&mut self.seen.room));
            screen.send(&subscribe).await;
            let is_done = self.follow(&mut screen, &mut live).await;
            self.seen.room = screen.rooms.remove(&self.room).unwrap();
            if is_done {
                return self.seen;
            }
            self.cut.get_or_insert_with(Instant::now);
            self.at += 1;
        }
    }

    async fn connect(&mut self) -> Screen {
        let until = Instant::now() + PATIENCE;
        loop {
            match Screen::attempt(&self.client.at(&self.nodes.of(self.at)), None).await {
                Ok(screen) => return screen,
                Err(why) => assert!(Instant::now() < until, "no node accepts the screen: {why}"),
            }
            self.at += 1;
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// Reads until the connection ends or everything is read. Returns whether everything is read.
    async fn follow(&mut self, screen: &mut Screen, live: &mut Option<tokio::sync::oneshot::Sender<()>>) -> bool {
        loop {
            if self.until.borrow().is_some_and(|last| screen.room(&self.room).cursor >= Some(last)) {
                return true;
            }
            match screen.next_within(LOOK).await {
                None => {}
                Some(Err(_)) => return false,
                Some(Ok(frame)) if frame["type"] == "event" => {
                    if let Some(command) = frame["event"]["command"].as_str() {
                        self.seen.arrived.entry(command.into()).or_insert_with(Instant::now);
                    }
                }
                Some(Ok(frame)) if frame["type"] == "live" => {
                    self.seen.moves.extend(self.cut.take().map(|cut| cut.elapsed()));
                    live.take().map(|live| live.send(()));
                }
                // While the database is away, the room cannot be opened: the screen comes back.
                Some(Ok(frame)) if frame["code"] == "unavailable" => return false,
                Some(Ok(frame)) => assert_ne!(frame["type"], "error", "{frame}"),
            }
        }
    }
}

/// Opens a screen of the kitchen room on each node.
pub async fn on_each_node(cluster: &TestCluster) -> Vec<Watcher> {
    let mut watchers = Vec::new();
    for at in 0..cluster.nodes.len() {
        watchers.push(Watcher::open(cluster, at, &cluster.menu.kitchen()).await);
    }
    watchers
}

/// Lets all screens read everything, and checks them and the feed against the guarantees.
pub async fn settle(cluster: &TestCluster, work: &Work, watchers: Vec<Watcher>) -> Vec<Seen> {
    let mut all = Vec::new();
    for watcher in watchers {
        all.push(watcher.close(work.last()).await);
    }
    let feed = cluster.feed().await;
    for seen in &all {
        hold(&feed, work, &seen.room);
        assert_eq!(seen.room.repeats, 0, "no frame is sent twice");
    }
    assert_eq!(orders_by_note(&feed).into_iter().find(|(_, count)| *count != 1), None, "no order is placed twice");
    let head = feed.events.len() as u64;
    for at in 0..cluster.nodes.len() {
        let mut newcomer = cluster.at(&cluster.staff, at).screen().await;
        assert_eq!(newcomer.join(&cluster.menu.kitchen()).await.cursor, Some(head), "node {at} sends a new screen everything");
    }
    all
}

/// Asserts that the feed has each acknowledged command once, without gaps, and that a screen received exactly the events of
/// the feed.
pub fn hold(feed: &Followed, work: &Work, room: &Followed) {
    let seen: Vec<_> = room.events.iter().map(of_the_log).collect();
    assert_eq!(faults(feed, &work.believed(), &seen), [""; 0]);
    assert_eq!(room.documents, feed.documents);
}

/// Returns the median and the maximum of some times.
pub fn spread(mut times: Vec<Duration>) -> (Duration, Duration) {
    times.sort_unstable();
    assert!(!times.is_empty(), "at least one time was measured");
    (times[times.len() / 2], times[times.len() - 1])
}

/// Returns the median and the maximum delay over several screens.
pub fn lateness(seen: &[Seen], work: &Work) -> (Duration, Duration) {
    spread(seen.iter().flat_map(|seen| seen.lateness(work)).collect())
}
