//! Nodes that share a database and, if a test needs it, a Redis.

use orderbell::auth::keyring::Keyring;
use orderbell::auth::token::Issuer;
use orderbell::clock;
use orderbell::domain::model::principal::{Principal, Role};
use orderbell::domain::values::position::Position;
use orderbell::domain::values::time::Timestamp;
use orderbell::store::{Mode, Settings, SharedStore, open};
use secrecy::ExposeSecret;
use serde_json::{Value, json};
#[cfg(feature = "long-tests")]
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use support::followed::{Followed, merge};
use support::postgres;
use support::server::TALKATIVE;
use support::{Client, Menu, PATIENCE, TestServer, eventually};

/// The shared keyring of all nodes.
pub const KEYS: &str = "k1:a-secret-of-these-tests-and-of-nobody-else";

/// The current addresses of nodes. A restarted node has another address.
#[derive(Clone, Default)]
pub struct Addresses(Arc<Mutex<Vec<String>>>);

impl Addresses {
    /// Returns the address of a node by number, modulo their count.
    pub fn of(&self, number: usize) -> String {
        let bases = self.0.lock().unwrap();
        bases[number % bases.len()].clone()
    }

    fn set(&self, number: usize, base: &str) {
        let mut bases = self.0.lock().unwrap();
        if number == bases.len() { bases.push(base.into()) } else { bases[number] = base.into() }
    }
}

/// The nodes of a cluster.
pub struct TestCluster {
    /// The URL of the database.
    pub database: String,
    pub nodes: Vec<TestServer>,
    pub addresses: Addresses,
    /// A client of a waiter.
    pub staff: Client,
    pub menu: Arc<Menu>,
}

impl TestCluster {
    /// Starts nodes on a new database of the usual PostgreSQL. `redis` is a URL, if any.
    pub async fn open(count: usize, redis: Option<&str>, flags: &[&str]) -> Self {
        Self::open_on(&postgres::database().await, count, redis, flags).await
    }

    /// Starts nodes on a given database.
    pub async fn open_on(database: &str, count: usize, redis: Option<&str>, flags: &[&str]) -> Self {
        let mut cluster = Self::of(database, node(database, redis, flags).await).await;
        for _ in 1..count {
            cluster.add(node(database, redis, flags).await);
        }
        cluster
    }

    /// Returns a cluster of one node, which was already started on a database.
    pub async fn of(database: &str, first: TestServer) -> Self {
        let staff = first.staff().await;
        let menu = Arc::new(Menu::read(&staff).await);
        let mut cluster = Self { database: database.into(), nodes: Vec::new(), addresses: Addresses::default(), staff, menu };
        cluster.add(first);
        cluster
    }

    /// Adds a node that was started on the same database.
    pub fn add(&mut self, node: TestServer) {
        self.addresses.set(self.nodes.len(), &node.base);
        self.nodes.push(node);
    }

    /// Returns a client of a principal at a node.
    pub fn at(&self, client: &Client, number: usize) -> Client {
        client.at(&self.addresses.of(number))
    }

    /// Returns a client at the first node with an older token, valid for twelve hours from its
    /// issue.
    pub fn somebody(&self, role: Role, sub: &str, ago: Duration) -> Client {
        let (restaurant, session) = (self.menu.restaurant.parse().unwrap(), sub.parse().unwrap());
        let table = (role == Role::Diner).then(|| "7".parse().unwrap());
        let who = Principal {
            sub: sub.parse().unwrap(),
            role,
            restaurant,
            session,
            station: None,
            table,
            device: None,
            share: None,
            name: None,
        };
        let issued = Timestamp::from_millis(clock::now().millis() - i64::try_from(ago.as_millis()).unwrap());
        let issuer = Issuer::of(&Keyring::parse(KEYS).unwrap()).unwrap();
        let token = issuer.issue(&who, Duration::from_secs(12 * 3600), issued).unwrap();
        Client::new(&self.addresses.of(0), token.expose_secret())
    }

    /// Opens the nodes' database beside them.
    pub async fn store(&self) -> SharedStore {
        open(&self.database, Settings::new(Mode::Tool)).await.unwrap()
    }

    /// Returns all events about orders of the restaurant in the database, and the documents that their fold
    /// yields.
    pub async fn feed(&self) -> Followed {
        let restaurant = self.menu.restaurant.parse().unwrap();
        // A database that has just come back may be slow.
        let events = eventually("the log", PATIENCE, || async {
            let store = open(&self.database, Settings::new(Mode::Tool)).await.ok()?;
            let head = store.head(restaurant).await.ok()?;
            store.events(restaurant, None, Position::ZERO, head, 1_000_000).await.ok()
        });
        let mut feed = Followed::default();
        for event in events.await {
            let Some(order) = event.order.map(|id| id.to_string()) else { continue };
            let patch: Value = serde_json::from_str(event.patch.get()).unwrap();
            merge(feed.documents.entry(order.clone()).or_default(), &patch);
            let (id, command) = (event.id.to_string(), event.command.map(|id| id.to_string()));
            let told = json!({"id": id, "order": order, "command": command, "patch": patch});
            feed.events.push(json!({"position": event.position.number(), "event": told}));
        }
        feed
    }

    /// Restarts a node that has ended.
    pub async fn restart(&mut self, number: usize) {
        self.nodes[number].restart().await;
        self.addresses.set(number, &self.nodes[number].base);
    }

    /// Returns the last position of the restaurant's feed.
    pub async fn head(&self, store: &SharedStore) -> u64 {
        store.head(self.menu.restaurant.parse().unwrap()).await.unwrap().number()
    }

    /// Waits until each node reports an expected state of Redis: `healthy` or `degraded`. Returns
    /// the time that it took.
    pub async fn wait_for_redis(&self, wanted: &str) -> Duration {
        let begun = std::time::Instant::now();
        for node in &self.nodes {
            until_redis_is(node, wanted).await;
        }
        begun.elapsed()
    }

    /// Returns the sum of a metric over all nodes.
    pub async fn metric(&self, name: &str) -> f64 {
        let mut sum = 0.0;
        for node in &self.nodes {
            sum += node.metric(name).await;
        }
        sum
    }
}

/// Returns the fields of an event frame that the database also has.
pub fn of_the_log(frame: &Value) -> Value {
    let event = &frame["event"];
    let told = json!({"id": event["id"], "order": event["order"], "command": event["command"], "patch": event["patch"]});
    json!({"position": frame["position"], "event": told})
}

/// Waits until a node reports an expected state of Redis: `healthy` or `degraded`.
pub async fn until_redis_is(node: &TestServer, wanted: &str) {
    let anybody = node.anybody();
    let says = || async { (anybody.get("/readyz").await.expect(200)["redis"] == wanted).then_some(()) };
    eventually(wanted, PATIENCE, says).await;
}

/// Starts a node on a database.
pub async fn node(database: &str, redis: Option<&str>, flags: &[&str]) -> TestServer {
    node_with(database, redis, flags, &[]).await
}

/// Starts a node with further environment variables.
pub async fn node_with(database: &str, redis: Option<&str>, flags: &[&str], environment: &[(String, String)]) -> TestServer {
    start(database, KEYS, redis, flags, environment).await
}

/// Starts a node with another keyring.
pub async fn node_under(database: &str, keys: &str, redis: Option<&str>, flags: &[&str]) -> TestServer {
    start(database, keys, redis, flags, &[]).await
}

/// Starts a node with another binary. `leading` are its first arguments.
#[cfg(feature = "long-tests")]
pub async fn node_of(
    program: &Path,
    leading: &[&str],
    database: &str,
    redis: Option<&str>,
    flags: &[&str],
    environment: &[(String, String)],
) -> TestServer {
    let common = [leading, &["--database-url", database, "--jwt-keys", KEYS]].concat();
    TestServer::of(program, &common, &serving(redis, flags), environment).await
}

async fn start(database: &str, keys: &str, redis: Option<&str>, flags: &[&str], environment: &[(String, String)]) -> TestServer {
    let common = ["--database-url", database, "--jwt-keys", keys];
    TestServer::joining(&common, &serving(redis, flags), environment).await
}

/// Returns the flags that every node gets, together with the given ones.
fn serving<'a>(redis: Option<&'a str>, flags: &[&'a str]) -> Vec<&'a str> {
    let redis: Vec<_> = redis.into_iter().flat_map(|url| ["--redis-url", url]).collect();
    let many = ["--connections-per-principal", "1000"];
    // Loads leave orders that no kitchen screen draws, so the alarm is off unless a test needs it.
    let quiet: &[&str] = if flags.contains(&"--display-alarm-s") { &[] } else { &["--display-alarm-s", "0"] };
    [flags, &redis, &TALKATIVE, &many, quiet].concat()
}
