//! The database is replaced by a copy without its last commits, as in a failover to a standby that missed them.

use crate::test_cluster::{TestCluster, node};
use futures_util::StreamExt as _;
use futures_util::future::join_all;
use futures_util::stream;
use reqwest::{Method, Response};
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection, query_scalar};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};
use support::client::Answer;
use support::long::{factor, progress};
use support::redis_server::Redis;
use support::{Client, Followed, PATIENCE, Screen, eventually, new_id};
use tokio::task::JoinHandle;

/// The pause of a reader whose connection has ended.
const PAUSE: Duration = Duration::from_millis(50);
/// The events of an order that [`append`] places.
const EVENTS: usize = 5;
/// The number of orders that [`append`] works on at a time.
const AT_A_TIME: usize = 8;
/// So many lost events take long.
const MANY: usize = 500;
/// The longest time until all screens show the restored database, on an otherwise idle machine.
const RECOVERY: Duration = Duration::from_secs(5);

/// A way to follow a room.
#[derive(Debug, Clone, Copy)]
pub enum Way {
    Socket,
    Stream,
    Poll,
}

const WAYS: [Way; 3] = [Way::Socket, Way::Stream, Way::Poll];

/// A version of an order, as returned by [`version`].
pub type Version = String;

/// The orders that a screen shows, and those that it showed before.
#[derive(Default)]
struct Shown {
    epoch: String,
    room: Followed,
    /// The end of the id of the event at its cursor.
    tag: Option<String>,
    /// The number of frames so far, and of the snapshots among them.
    frames: usize,
    snapshots: usize,
    /// The versions that it shows, by order, each with the frame that brought it.
    open: BTreeMap<String, (Version, usize)>,
    /// The versions that it showed before, with their frames.
    past: Vec<(Version, Range<usize>)>,
}

impl Shown {
    fn take(&mut self, frame: &Value) {
        self.frames += 1;
        match frame["type"].as_str().unwrap() {
            "welcome" if self.epoch != frame["epoch"] => {
                frame["epoch"].as_str().unwrap().clone_into(&mut self.epoch);
                self.room.cursor = None;
            }
            kind @ ("snapshot" | "event" | "sync" | "live") => {
                self.room.take(frame).unwrap_or_else(|fault| panic!("{fault:?} at {frame}"));
                self.tag = self.room.frames.drain(..).next_back().map_or(self.tag.take(), |frame| tag_of(&frame));
                self.room.events.clear();
                match (kind, frame["event"]["order"].as_str()) {
                    ("snapshot", _) => {
                        self.snapshots += 1;
                        let ids: BTreeSet<_> = self.open.keys().chain(self.room.documents.keys()).cloned().collect();
                        ids.iter().for_each(|id| self.look(id));
                    }
                    (_, Some(order)) => self.look(order),
                    _ => {}
                }
            }
            _ => {}
        }
    }

    /// Records the version of an order that it shows now.
    fn look(&mut self, id: &str) {
        let now = self.room.documents.get(id).map(version);
        let before = self.open.get(id).map(|(version, _)| version.clone());
        if now != before {
            let last = match now {
                Some(version) => self.open.insert(id.to_owned(), (version, self.frames)),
                None => self.open.remove(id),
            };
            self.past.extend(last.map(|(version, since)| (version, since..self.frames)));
        }
    }

    fn since(&self) -> Option<(u64, String)> {
        let tag = self.tag.as_ref().map(|tag| format!("~{tag}")).unwrap_or_default();
        Some((self.room.cursor?, format!("{}{tag}", self.epoch)))
    }

    /// Returns the versions that it ever showed, with their frames.
    fn ever(&self) -> impl Iterator<Item = (&Version, Range<usize>)> {
        let open = self.open.values().map(|(version, since)| (version, *since..usize::MAX));
        self.past.iter().map(|(version, frames)| (version, frames.clone())).chain(open)
    }
}

/// Returns the end of the id of the event at a frame's position.
fn tag_of(frame: &Value) -> Option<String> {
    let id = frame["event"]["id"].as_str().map(|id| &id[id.len() - 12..]);
    id.or_else(|| frame["tag"].as_str()).map(ToOwned::to_owned)
}

/// Returns the name of an order's version.
pub fn version(order: &Value) -> Version {
    format!("{} {}", order["id"], order["position"])
}

/// A screen that follows the kitchen's room of a node until it is stopped.
pub struct Reader {
    pub name: String,
    client: Client,
    /// The number of its node.
    at: usize,
    way: Way,
    room: String,
    shown: Arc<Mutex<Shown>>,
    task: Option<JoinHandle<()>>,
}

impl Reader {
    async fn open(name: &str, cluster: &TestCluster, at: usize, way: Way) -> Self {
        let (client, room, shown) = (cluster.at(&cluster.staff, at), cluster.menu.kitchen(), Arc::default());
        let mut reader = Self { name: format!("{name} {way:?}"), client, at, way, room, shown, task: None };
        reader.go_on();
        eventually("a first snapshot", PATIENCE, || async { reader.shown().room.cursor }).await;
        reader
    }

    fn shown(&self) -> MutexGuard<'_, Shown> {
        self.shown.lock().unwrap()
    }

    /// Returns all that the screen ever showed.
    #[cfg(feature = "long-tests")]
    pub fn ever(&self) -> BTreeSet<Version> {
        self.shown().ever().map(|(version, _)| version.clone()).collect()
    }

    pub fn stop(&mut self) {
        if let Some(task) = self.task.take() {
            task.abort();
        }
    }

    /// Moves to another node.
    fn move_to(&mut self, cluster: &TestCluster, at: usize) {
        self.at = at;
        self.follow_node(cluster);
        self.go_on();
    }

    /// Follows its node to the current address.
    pub fn follow_node(&mut self, cluster: &TestCluster) {
        self.client = cluster.at(&self.client, self.at);
    }

    pub fn go_on(&mut self) {
        let (client, way, room, shown) = (self.client.clone(), self.way, self.room.clone(), self.shown.clone());
        self.task = Some(tokio::spawn(async move {
            loop {
                match way {
                    Way::Socket => by_socket(&client, &room, &shown).await,
                    Way::Stream => by_stream(&client, &room, &shown).await,
                    Way::Poll => by_poll(&client, &room, &shown).await,
                }
                tokio::time::sleep(PAUSE).await;
            }
        }));
    }

    /// Returns whether the screen shows exactly these orders. A panic of its task fails the test.
    fn shows(&self, open: &BTreeSet<Version>) -> bool {
        assert!(self.task.as_ref().is_some_and(|task| !task.is_finished()), "{}", self.name);
        let shown = self.shown();
        shown.open.len() == open.len() && shown.open.values().all(|(version, _)| open.contains(version))
    }
}

async fn by_socket(client: &Client, room: &str, shown: &Mutex<Shown>) {
    let Ok(mut screen) = Screen::attempt(client, None).await else { return };
    shown.lock().unwrap().take(&screen.welcome);
    let mut subscribe = json!({"type": "subscribe", "room": room});
    if let Some((since, epoch)) = shown.lock().unwrap().since() {
        (subscribe["since"], subscribe["epoch"]) = (json!(since), json!(epoch));
    }
    screen.send(&subscribe).await;
    while let Ok(frame) = screen.next().await {
        if frame["type"] == "error" {
            return; // the room is unavailable for a moment
        }
        shown.lock().unwrap().take(&frame);
    }
}

async fn ask(client: &Client, path: &str, query: &str, last_id: &str) -> Option<Response> {
    let request = client.request(Method::GET, &format!("{path}{query}")).header("last-event-id", last_id);
    request.send().await.ok().filter(|response| response.status() == 200)
}

async fn by_stream(client: &Client, room: &str, shown: &Mutex<Shown>) {
    let last_id = shown.lock().unwrap().since().map(|(since, epoch)| format!("{epoch}.{since}")).unwrap_or_default();
    let Some(mut response) = ask(client, &format!("/api/v1/rooms/{room}/stream"), "", &last_id).await else { return };
    let mut text = String::new();
    while let Ok(Some(chunk)) = response.chunk().await {
        text.push_str(std::str::from_utf8(&chunk).unwrap());
        while let Some((message, rest)) = text.split_once("\n\n") {
            let data: Vec<_> = message.lines().filter_map(|line| line.strip_prefix("data: ")).collect();
            if !data.is_empty() {
                let frame: Value = serde_json::from_str(&data.concat()).unwrap();
                if frame["type"] == "error" {
                    return;
                }
                shown.lock().unwrap().take(&frame);
            }
            text = rest.to_owned();
        }
    }
}

async fn by_poll(client: &Client, room: &str, shown: &Mutex<Shown>) {
    let since = shown.lock().unwrap().since().map(|(since, epoch)| format!("&since={since}&epoch={epoch}"));
    let query = format!("?wait=10{}", since.unwrap_or_default());
    let Some(answer) = ask(client, &format!("/api/v1/rooms/{room}/events"), &query, "").await else { return };
    let Ok(answer) = answer.json::<Value>().await else { return };
    let mut shown = shown.lock().unwrap();
    shown.take(&json!({"type": "welcome", "epoch": answer["epoch"]}));
    answer["frames"].as_array().unwrap().iter().for_each(|frame| shown.take(frame));
    shown.take(&json!({"type": "live", "position": answer["position"], "tag": answer["tag"]}));
}

/// A database and its copy, in one server.
struct Databases {
    admin: PgConnection,
    name: String,
    copy: String,
}

impl Databases {
    /// Copies the nodes' database, from which they are disconnected for a moment.
    async fn copy(cluster: &TestCluster) -> Self {
        let (server, name) = cluster.database.rsplit_once('/').unwrap();
        let admin = PgConnection::connect(&format!("{server}/postgres")).await.unwrap();
        let mut databases = Self { admin, name: name.into(), copy: format!("{name}_copy") };
        databases.close(&databases.name.clone()).await;
        let (name, copy) = (&databases.name, &databases.copy);
        let copying =
            [format!("CREATE DATABASE {copy} TEMPLATE {name}"), format!("ALTER DATABASE {name} ALLOW_CONNECTIONS true")];
        databases.run(copying).await;
        databases
    }

    /// Replaces the database by the copy.
    async fn promote(&mut self) {
        for name in [self.name.clone(), self.copy.clone()] {
            self.close(&name).await;
        }
        let (name, copy) = (&self.name, &self.copy);
        let promoting = [
            format!("DROP DATABASE {name}"),
            format!("ALTER DATABASE {copy} RENAME TO {name}"),
            format!("ALTER DATABASE {name} ALLOW_CONNECTIONS true"),
        ];
        self.run(promoting).await;
    }

    async fn close(&mut self, name: &str) {
        self.run([format!("ALTER DATABASE {name} ALLOW_CONNECTIONS false")]).await;
        let ended = format!("SELECT count(pg_terminate_backend(pid, 5000)) FROM pg_stat_activity WHERE datname = '{name}'");
        let _: i64 = query_scalar(AssertSqlSafe(ended)).fetch_one(&mut self.admin).await.unwrap();
    }

    async fn run<const N: usize>(&mut self, statements: [String; N]) {
        for statement in statements {
            self.admin.execute(AssertSqlSafe(statement.as_str())).await.unwrap_or_else(|error| panic!("{statement}: {error}"));
        }
    }
}

/// Sends a command until it is accepted: right after the database was away, or on a slow machine, some are not answered.
async fn answered(send: impl AsyncFn() -> Answer) -> Value {
    eventually("an answer", PATIENCE, || async {
        let answer = send().await;
        (answer.status != 503).then(|| answer.expect(if answer.status == 201 { 201 } else { 200 }))
    })
    .await
}

/// Appends a number of events: orders, and changes of them.
pub async fn append(staff: &Client, basket: &Value, count: usize) {
    let order = async |events: usize| {
        let id = new_id();
        let order = answered(async || Client::send(staff.placing(&id, basket)).await).await["id"].clone();
        for number in 1..events {
            answered(async || staff.command(&order, "rush", json!({"rush": number % 2 == 1})).await).await;
        }
    };
    let orders = (0..count).step_by(EVENTS).map(|before| order(EVENTS.min(count - before)));
    stream::iter(orders).buffer_unordered(AT_A_TIME).collect::<()>().await;
}

/// Returns the open orders of the database.
pub async fn open_orders(cluster: &TestCluster) -> BTreeSet<Version> {
    cluster.feed().await.documents.values().map(version).collect()
}

/// Waits until all screens show exactly the open orders of the database. Returns how long that took.
pub async fn converge(cluster: &TestCluster, readers: &[Reader]) -> Duration {
    let (begun, open) = (Instant::now(), open_orders(cluster).await);
    for reader in readers {
        let what = format!("{} to show the {} orders of the database", reader.name, open.len());
        eventually(&what, PATIENCE, || async { reader.shows(&open).then_some(()) }).await;
    }
    begun.elapsed()
}

/// The head of the copy when it replaces the database.
#[derive(Debug, Clone, Copy)]
enum Head {
    Below,
    At,
    Past,
}

/// The fate of the nodes while the database is replaced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Nodes {
    Run,
    /// The second is killed and started again.
    RestartOne,
    Restart,
}

impl Nodes {
    const ALL: [Self; 3] = [Self::Run, Self::RestartOne, Self::Restart];

    /// Returns the numbers of the restarted nodes.
    fn restarted(self) -> Range<usize> {
        match self {
            Self::Run => 2..2,
            Self::RestartOne => 1..2,
            Self::Restart => 0..2,
        }
    }
}

/// Starts two nodes, which have some orders.
async fn two_nodes() -> (Redis, TestCluster) {
    let redis = Redis::start();
    // Make periodic comparisons so rare that they do not help.
    let cluster = TestCluster::open(2, Some(&redis.url()), &["--head-comparison-s", "300"]).await;
    cluster.wait_for_redis("healthy").await;
    append(&cluster.at(&cluster.staff, 0), &cluster.menu.basket(), 7).await;
    (redis, cluster)
}

/// Copies the database of the nodes.
async fn copied(cluster: &TestCluster) -> Databases {
    let databases = Databases::copy(cluster).await;
    ready(cluster).await;
    databases
}

pub async fn ready(cluster: &TestCluster) {
    for node in &cluster.nodes {
        let anybody = node.anybody();
        eventually("/readyz", PATIENCE, || async { (anybody.get("/readyz").await.status == 200).then_some(()) }).await;
    }
}

/// Opens a screen of each way on each node.
pub async fn on_each_node(name: &str, cluster: &TestCluster) -> Vec<Reader> {
    join_all(WAYS.iter().flat_map(|way| [0, 1].map(|at| Reader::open(name, cluster, at, *way)))).await
}

/// Kills nodes, replaces the database by the copy, if there is one, and restarts the nodes with their readers. Returns the
/// time at which that was done.
async fn restart(
    cluster: &mut TestCluster,
    nodes: Range<usize>,
    databases: Option<&mut Databases>,
    readers: &mut [Reader],
) -> Instant {
    let is_concerned = |reader: &&mut Reader| nodes.contains(&reader.at);
    readers.iter_mut().filter(is_concerned).for_each(Reader::stop);
    for at in nodes.clone() {
        cluster.nodes[at].kill().await;
    }
    if let Some(databases) = databases {
        databases.promote().await;
    }
    for at in nodes.clone() {
        cluster.restart(at).await;
    }
    let done = Instant::now();
    for reader in readers.iter_mut().filter(is_concerned) {
        reader.follow_node(cluster);
        reader.go_on();
    }
    done
}

/// Asserts that no screen showed a lost version again after it had first shown one of the new history.
pub fn assert_no_mixture(readers: &[Reader], before: &BTreeSet<Version>, now: &BTreeSet<Version>) {
    for reader in readers {
        let shown = reader.shown();
        let frames = |of: &BTreeSet<Version>, not: &BTreeSet<Version>| -> Vec<_> {
            shown
                .ever()
                .filter(|(version, _)| of.contains(*version) && !not.contains(*version))
                .map(|(_, frames)| frames)
                .collect()
        };
        let gone = frames(before, now).iter().map(|frames| frames.end).max();
        let new = frames(now, before).iter().map(|frames| frames.start).min();
        assert!(gone.is_none() || new.is_none() || gone <= new, "{} shows two histories: {gone:?}, {new:?}", reader.name);
    }
}

/// Replaces the database by a copy without its last events, and asserts that open, reloaded, returning and new screens show
/// the orders of the copy.
async fn lose(cluster: &mut TestCluster, lost: usize, head: Head, nodes: Nodes) -> Duration {
    let mut databases = copied(cluster).await;
    let basket = cluster.menu.basket();
    let mut readers = on_each_node("live", cluster).await;
    let live = readers.len();
    readers.extend(on_each_node("reloaded", cluster).await);
    let mut returning = on_each_node("returning", cluster).await;
    append(&cluster.at(&cluster.staff, 0), &basket, lost).await;
    let kept = open_orders(cluster).await;
    converge(cluster, &readers).await;
    converge(cluster, &returning).await;
    returning.iter_mut().for_each(Reader::stop);

    // These return after another node has detected the copy.
    let (server, _) = cluster.database.rsplit_once('/').unwrap();
    let other = node(&format!("{server}/{}", databases.copy), None, &[]).await;
    let written = match head {
        Head::Below => lost / 2,
        Head::At => lost,
        Head::Past => lost + 10,
    };
    append(&cluster.staff.at(&other.base), &basket, written).await;
    drop(other);
    let back = restart(cluster, nodes.restarted(), Some(&mut databases), &mut readers).await;
    converge(cluster, &readers).await;
    let took = back.elapsed();
    for reader in &mut readers[live..] {
        reader.stop();
        reader.go_on();
    }
    for reader in &mut returning {
        reader.follow_node(cluster);
        reader.go_on();
    }
    readers.extend(returning);
    readers.extend(on_each_node("new", cluster).await);
    // Append events past the old head.
    for (at, count) in [lost.saturating_sub(written).max(10), 10].into_iter().enumerate() {
        append(&cluster.at(&cluster.staff, at), &basket, count).await;
    }
    converge(cluster, &readers).await;
    assert_no_mixture(&readers, &kept, &open_orders(cluster).await);
    took
}

/// Every combination of the number of lost events, the head of the restored database, and the fate of the nodes.
fn each_loss() -> impl Iterator<Item = (usize, Head, Nodes)> {
    let heads = |lost| [Head::Below, Head::At, Head::Past].map(|head| (lost, head));
    [1, 22, MANY].into_iter().flat_map(heads).flat_map(|(lost, head)| Nodes::ALL.map(|nodes| (lost, head, nodes)))
}

/// A selection of [`each_loss`] that covers each pair of values. Of the losses of many events, it has only a few, since they take
/// long.
fn some_losses() -> impl Iterator<Item = (usize, Head, Nodes)> {
    let pairs = each_loss().enumerate().filter(|(at, _)| (at / 9 + at / 3 + at).is_multiple_of(3));
    pairs.map(|(_, loss)| loss).filter(|(lost, head, _)| *lost < MANY || matches!(head, Head::Past))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn screens_show_the_orders_of_a_database_that_was_restored_without_its_last_events() {
    let losses: Vec<_> = if factor() == 1 { some_losses().collect() } else { each_loss().collect() };
    let (count, mut slowest) = (losses.len(), Duration::ZERO);
    let (mut _redis, mut cluster) = two_nodes().await;
    for (number, (lost, head, nodes)) in losses.into_iter().enumerate() {
        progress("losses", number, count);
        if lost >= MANY {
            // All screens read all orders again and again, so those of the cases before would only slow this one down.
            (_redis, cluster) = two_nodes().await;
        }
        let took = lose(&mut cluster, lost, head, nodes).await;
        println!(
            "{lost} events lost, the head {head:?} the old one, nodes {nodes:?}: all screens show the database after {took:.1?}"
        );
        slowest = slowest.max(took);
    }
    // Times hold only on an otherwise idle machine.
    assert!(factor() == 1 || slowest < RECOVERY, "{slowest:?}");
}

/// The node that had the lost events ends with their database. The other one has not served the restaurant before.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_screen_that_moves_to_a_node_that_never_had_a_lost_event_shows_no_mixture() {
    let mut cluster = TestCluster::open(2, None, &["--head-comparison-s", "300"]).await;
    let basket = cluster.menu.basket();
    append(&cluster.at(&cluster.staff, 0), &basket, 7).await;
    let mut databases = copied(&cluster).await;
    let mut moving = join_all(WAYS.iter().map(|way| Reader::open("screen", &cluster, 0, *way))).await;
    append(&cluster.at(&cluster.staff, 0), &basket, 12).await;
    converge(&cluster, &moving).await;
    let kept = open_orders(&cluster).await;
    moving.iter_mut().for_each(Reader::stop);
    cluster.nodes[0].kill().await;
    databases.promote().await;
    append(&cluster.at(&cluster.staff, 1), &basket, 20).await;
    moving.iter_mut().for_each(|reader| reader.move_to(&cluster, 1));
    append(&cluster.at(&cluster.staff, 1), &basket, 7).await;
    converge(&cluster, &moving).await;
    assert_no_mixture(&moving, &kept, &open_orders(&cluster).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_complete_copy_of_the_database_or_a_restart_changes_nothing() {
    let (_redis, mut cluster) = two_nodes().await;
    let mut databases = copied(&cluster).await;
    let mut readers = on_each_node("live", &cluster).await;
    let epoch = readers[0].shown().epoch.clone();
    databases.promote().await;
    ready(&cluster).await;
    append(&cluster.at(&cluster.staff, 1), &cluster.menu.basket(), 7).await;
    converge(&cluster, &readers).await;
    restart(&mut cluster, 0..2, None, &mut readers).await;
    append(&cluster.at(&cluster.staff, 0), &cluster.menu.basket(), 7).await;
    converge(&cluster, &readers).await;
    for reader in readers {
        let shown = reader.shown();
        assert_eq!((&shown.epoch, shown.snapshots), (&epoch, 1), "{}", reader.name);
    }
}
