//! The database comes back with less than it had, as after a failover to a standby that missed the
//! last commits: a copy of it takes its place.

use crate::test_cluster::{TestCluster, node};
use futures_util::future::join_all;
use reqwest::{Method, Response};
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection, query_scalar};
use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use support::long::rounds;
use support::redis_server::Redis;
use support::{Client, Followed, PATIENCE, Screen, eventually};
use tokio::task::JoinHandle;

/// The pause of a reader whose connection has ended.
const PAUSE: Duration = Duration::from_millis(50);

/// A way to follow a room.
#[derive(Debug, Clone, Copy)]
pub enum Way {
    Socket,
    Stream,
    Poll,
}

const WAYS: [Way; 3] = [Way::Socket, Way::Stream, Way::Poll];

/// What a screen has, and the orders that it showed after each frame.
#[derive(Default, Clone)]
pub struct Shown {
    epoch: String,
    room: Followed,
    pub past: Vec<BTreeSet<String>>,
}

impl Shown {
    fn take(&mut self, frame: &Value) {
        match frame["type"].as_str().unwrap() {
            "welcome" if self.epoch != frame["epoch"] => {
                frame["epoch"].as_str().unwrap().clone_into(&mut self.epoch);
                self.room.cursor = None;
            }
            "snapshot" | "event" | "sync" | "live" => {
                self.room.take(frame).unwrap_or_else(|fault| panic!("{fault:?} at {frame}"));
                self.past.push(self.open());
            }
            _ => {}
        }
    }

    fn since(&self) -> Option<(u64, &str)> {
        Some((self.room.cursor?, self.epoch.as_str()))
    }

    /// Returns the open orders with their positions, which name their versions.
    fn open(&self) -> BTreeSet<String> {
        self.room.documents.values().map(|order| format!("{} {}", order["id"], order["position"])).collect()
    }
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

    pub fn shown(&self) -> Shown {
        self.shown.lock().unwrap().clone()
    }

    pub fn stop(&mut self) {
        if let Some(task) = self.task.take() {
            task.abort();
        }
    }

    /// Follows its node to the present address.
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

    /// Whether the screen shows exactly these orders. A panic of its task fails the test.
    fn shows(&self, open: &BTreeSet<String>) -> bool {
        assert!(self.task.as_ref().is_some_and(|task| !task.is_finished()), "{}", self.name);
        self.shown().open() == *open
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
    shown.take(&json!({"type": "live", "position": answer["position"]}));
}

/// A database and its copy, in one server.
struct Databases {
    admin: PgConnection,
    name: String,
    copy: String,
}

impl Databases {
    /// Copies the nodes' database, which they lose for a moment.
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

    /// Puts the copy in the place of the database.
    async fn promote(&mut self) {
        for name in [self.name.clone(), self.copy.clone()] {
            self.close(&name).await;
        }
        let (name, copy) = (&self.name, &self.copy);
        let promoting = [
            format!("ALTER DATABASE {name} RENAME TO {name}_lost"),
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

/// Appends a number of events: orders, and changes of them.
pub async fn append(staff: &Client, basket: &Value, count: usize) {
    let mut order = Value::Null;
    for number in 0..count {
        if number % 5 == 0 {
            order = staff.place(basket).await["id"].clone();
        } else {
            staff.command(&order, "rush", json!({"rush": number % 2 == 1})).await.expect(200);
        }
    }
}

/// Returns the open orders of the database.
pub async fn open_orders(cluster: &TestCluster) -> BTreeSet<String> {
    let feed = cluster.feed().await;
    feed.documents.values().map(|order| format!("{} {}", order["id"], order["position"])).collect()
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

/// Where the head of the copy is when it takes the place of the database.
#[derive(Debug, Clone, Copy)]
enum Head {
    Below,
    At,
    Past,
}

/// What the nodes do while the database is replaced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Nodes {
    Run,
    /// The second is killed and started again.
    RestartOne,
    Restart,
}

impl Nodes {
    const ALL: [Self; 3] = [Self::Run, Self::RestartOne, Self::Restart];

    /// Returns the numbers of those that are restarted.
    fn restarted(self) -> Range<usize> {
        match self {
            Self::Run => 2..2,
            Self::RestartOne => 1..2,
            Self::Restart => 0..2,
        }
    }
}

/// Starts two nodes, and copies their database when it has some orders.
async fn copied() -> (Redis, TestCluster, Databases) {
    let redis = Redis::start();
    // Comparisons by the clock are of no help.
    let cluster = TestCluster::open(2, Some(&redis.url()), &["--head-comparison-s", "300"]).await;
    cluster.wait_for_redis("healthy").await;
    append(&cluster.at(&cluster.staff, 0), &cluster.menu.basket(), 7).await;
    let databases = Databases::copy(&cluster).await;
    ready(&cluster).await;
    (redis, cluster, databases)
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

/// Kills nodes, puts the copy in the place of the database, if there is one, and starts the nodes again with their readers.
async fn restart(cluster: &mut TestCluster, nodes: Range<usize>, databases: Option<&mut Databases>, readers: &mut [Reader]) {
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
    for reader in readers.iter_mut().filter(is_concerned) {
        reader.follow_node(cluster);
        reader.go_on();
    }
}

async fn lose(lost: usize, head: Head, nodes: Nodes) {
    let (_redis, mut cluster, mut databases) = copied().await;
    let basket = cluster.menu.basket();
    let mut readers = on_each_node("live", &cluster).await;
    let mut returning = on_each_node("returning", &cluster).await;
    append(&cluster.at(&cluster.staff, 0), &basket, lost).await;
    let kept = open_orders(&cluster).await;
    converge(&cluster, &readers).await;
    converge(&cluster, &returning).await;
    returning.iter_mut().for_each(Reader::stop);

    // Another node has found the copy before these.
    let (server, _) = cluster.database.rsplit_once('/').unwrap();
    let other = node(&format!("{server}/{}", databases.copy), None, &[]).await;
    let written = match head {
        Head::Below => lost / 2,
        Head::At => lost,
        Head::Past => lost + 10,
    };
    append(&cluster.staff.at(&other.base), &basket, written).await;
    drop(other);
    restart(&mut cluster, nodes.restarted(), Some(&mut databases), &mut readers).await;
    let took = converge(&cluster, &readers).await;
    println!(
        "{lost} events lost, the head {head:?} the old one, nodes {nodes:?}: all screens show the database after {took:.1?}"
    );
    for reader in &mut returning {
        reader.follow_node(&cluster);
        reader.go_on();
    }
    readers.extend(returning);
    readers.extend(on_each_node("new", &cluster).await);
    for at in 0..2 {
        append(&cluster.at(&cluster.staff, at), &basket, lost + 10).await;
    }
    converge(&cluster, &readers).await;
    let now = open_orders(&cluster).await;
    let (gone, new): (BTreeSet<_>, BTreeSet<_>) = (kept.difference(&now).collect(), now.difference(&kept).collect());
    for reader in &readers {
        for shown in &reader.shown().past {
            let is_mixed = shown.iter().any(|order| gone.contains(order)) && shown.iter().any(|order| new.contains(order));
            assert!(!is_mixed, "{} shows a mixture of two histories: {shown:?}", reader.name);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_comes_back_without_its_last_events_is_noticed_and_shown_as_it_is() {
    let heads = [Head::Past, Head::At, Head::Below];
    let few = Nodes::ALL.map(|nodes| (22, Head::Past, nodes));
    let each = |lost| heads.into_iter().flat_map(move |head| Nodes::ALL.map(|nodes| (lost, head, nodes)));
    for (lost, head, nodes) in if rounds(1) == 1 { few.to_vec() } else { [500, 22, 1].into_iter().flat_map(each).collect() } {
        lose(lost, head, nodes).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_comes_back_with_everything_and_a_restart_change_nothing() {
    let (_redis, mut cluster, mut databases) = copied().await;
    let mut readers = on_each_node("live", &cluster).await;
    let epoch = readers[0].shown().epoch;
    databases.promote().await;
    ready(&cluster).await;
    append(&cluster.at(&cluster.staff, 1), &cluster.menu.basket(), 7).await;
    converge(&cluster, &readers).await;
    restart(&mut cluster, 0..2, None, &mut readers).await;
    append(&cluster.at(&cluster.staff, 0), &cluster.menu.basket(), 7).await;
    converge(&cluster, &readers).await;
    for reader in readers {
        let shown = reader.shown();
        let snapshots = shown.room.types().into_iter().filter(|kind| *kind == "snapshot").count();
        assert_eq!((shown.epoch, snapshots), (epoch.clone(), 1), "{}", reader.name);
    }
}
