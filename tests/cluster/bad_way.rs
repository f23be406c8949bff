//! Two nodes serve one restaurant, one with a bad network to PostgreSQL and one with a good network. The second keeps working.

use crate::load::{Load, Work};
use crate::postgres_silent::behind_a_proxy;
use crate::test_cluster::{TestCluster, node};
use crate::watcher::{Watcher, settle};
use reqwest::Method;
use sqlx::{Connection, PgConnection, query_scalar};
use std::time::{Duration, Instant};
use support::long::{factor, progress, rounds};
use support::proxy::{Network, Proxy};
use support::{Client, PATIENCE, Wish, eventually, new_id, postgres};
use tokio::task::JoinSet;

/// The longest time for which the good node may acknowledge nothing.
const SILENCE: Duration = Duration::from_secs(3);
/// The pause of the good node's waiters between two commands.
const REST: Duration = Duration::from_millis(200);
/// The waiters at each node.
const WAITERS: usize = 4;
/// The delay of the bad network in each direction.
const DELAY: Duration = Duration::from_millis(200);
/// Counts the transactions in which a node holds a feed while others wait for it.
const HOLDING: &str = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() \
    AND state = 'idle in transaction' AND application_name = 'orderbell' AND query LIKE 'UPDATE feeds f%' \
    AND backend_xid IS NOT NULL";

/// Two nodes, of which the second reaches PostgreSQL through a proxy.
struct Pair {
    cluster: TestCluster,
    proxy: Proxy,
    /// A connection to the database beside the nodes.
    beside: PgConnection,
}

impl Pair {
    async fn open() -> Self {
        let database = postgres::database().await;
        let (proxy, through) = behind_a_proxy(&database).await;
        let mut cluster = TestCluster::open_on(&database, 1, None, &["--head-comparison-s", "1"]).await;
        cluster.add(node(&through, None, &["--head-comparison-s", "1"]).await);
        let beside = PgConnection::connect(&database).await.unwrap();
        Self { cluster, proxy, beside }
    }

    /// Waits until the second node holds the feed of the restaurant.
    async fn until_held(&mut self) {
        let begun = Instant::now();
        while query_scalar::<_, i64>(HOLDING).fetch_one(&mut self.beside).await.unwrap() == 0 {
            assert!(begun.elapsed() < PATIENCE, "no transaction holds the feed");
        }
    }

    async fn until_ready(&self, number: usize, status: u16) {
        let anybody = self.cluster.nodes[number].anybody();
        let says = || async { (anybody.get("/readyz").await.status == status).then_some(()) };
        eventually("/readyz", PATIENCE, says).await;
    }
}

/// Clients of the second node who ignore its answers.
struct Rivals(JoinSet<()>);

impl Rivals {
    /// Starts clients who place orders.
    fn placing(cluster: &TestCluster, count: usize) -> Self {
        let mut rivals = JoinSet::new();
        for _ in 0..count {
            let (staff, menu) = (cluster.at(&cluster.staff, 1), cluster.menu.clone());
            rivals.spawn(async move {
                loop {
                    let wish = Wish::Place { id: new_id(), note: format!("of a rival, {}", new_id()) };
                    let _ = Client::attempt(wish.request(&staff, &menu)).await;
                    tokio::time::sleep(REST).await;
                }
            });
        }
        Self(rivals)
    }

    /// Starts a client whose calls hold the feed for some round trips, and change nothing.
    async fn holding(cluster: &TestCluster) -> Self {
        let (manager, mut rivals) = (cluster.at(&cluster.nodes[0].manager().await, 1), JoinSet::new());
        let tables = manager.at(&cluster.addresses.of(0)).get("/api/v1/restaurants/demo/tables").await.expect(200);
        let table = format!("/api/v1/restaurants/demo/tables/{}", tables["tables"][0]["id"].as_str().unwrap());
        rivals.spawn(async move {
            loop {
                let outdated = manager.request(Method::DELETE, &table).header("If-Match", "\"other\"");
                let _ = Client::attempt(outdated).await;
            }
        });
        Self(rivals)
    }

    async fn stop(mut self) {
        self.0.shutdown().await;
    }
}

/// Returns the longest time without an acknowledgement between two times.
pub fn silence(work: &Work, from: Instant, to: Instant) -> Duration {
    let mut times: Vec<_> = work.done.iter().map(|done| done.at).filter(|at| (from..to).contains(at)).collect();
    times.extend([from, to]);
    times.sort_unstable();
    times.windows(2).map(|pair| pair[1] - pair[0]).max().unwrap()
}

/// Returns the number of acknowledgements in a second between two times.
pub fn rate(work: &Work, from: Instant, to: Instant) -> f64 {
    let count = work.done.iter().filter(|done| (from..to).contains(&done.at)).count();
    count as f64 / (to - from).as_secs_f64()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_cut_off_inside_a_transaction_delays_the_others_for_at_most_seconds() {
    let mut pair = Pair::open().await;
    let watcher = Watcher::open(&pair.cluster, 0, &pair.cluster.menu.kitchen()).await;
    let load = Load::start_on_first(&pair.cluster, WAITERS, Duration::from_millis(20));
    let (cuts, mut spans) = (rounds(1), Vec::new());
    for cut in 0..cuts {
        progress("cuts inside a transaction", cut, cuts);
        pair.until_ready(1, 200).await;
        pair.proxy.set(Network::Delay(Duration::from_millis(100)));
        let rivals = Rivals::holding(&pair.cluster).await;
        pair.until_held().await;
        pair.proxy.set(Network::HalfOpen);
        let begun = Instant::now();
        tokio::time::sleep(Duration::from_secs(5)).await;
        spans.push((begun, Instant::now()));
        rivals.stop().await;
        // End the connections over which nothing arrives.
        pair.proxy.set(Network::Cut);
        tokio::time::sleep(Duration::from_millis(50)).await;
        pair.proxy.set(Network::Fine);
    }
    pair.until_ready(1, 200).await;
    let work = load.stop().await;
    settle(&pair.cluster, &work, vec![watcher]).await;
    let silences: Vec<_> = spans.iter().map(|(from, to)| silence(&work, *from, *to)).collect();
    let longest = silences.iter().max().unwrap();
    println!(
        "{cuts} × a node is cut off while it holds the feed: the other acknowledged {} commands, {} × 503, and none for {longest:.1?} \
         at most, 0 lost, 0 doubled",
        work.done.len(),
        work.unavailable
    );
    assert!(*longest <= SILENCE, "{silences:?}");
}

/// Counts how often a node changes between ready and not.
async fn turns(client: Client, span: Duration) -> (usize, u16) {
    let (until, mut turns, mut last) = (Instant::now() + span, 0, 200);
    while Instant::now() < until {
        let status = client.get("/readyz").await.status;
        turns += usize::from(status != last);
        last = status;
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    (turns, last)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_with_a_lossy_network_slows_no_other_node_and_becomes_unready_once() {
    let pair = Pair::open().await;
    let watcher = Watcher::open(&pair.cluster, 0, &pair.cluster.menu.kitchen()).await;
    let span = Duration::from_secs(if factor() > 1 { 60 } else { 12 });
    let load = Load::start_on_first(&pair.cluster, WAITERS, REST);
    let rivals = Rivals::placing(&pair.cluster, WAITERS);
    tokio::time::sleep(Duration::from_secs(1)).await;
    let begun = Instant::now();
    tokio::time::sleep(span / 3).await;
    pair.proxy.set(Network::Lossy(DELAY));
    let lossy = Instant::now();
    let (turns, last) = turns(pair.cluster.nodes[1].anybody(), span).await;
    let fine = Instant::now();
    pair.proxy.set(Network::Fine);
    rivals.stop().await;
    pair.until_ready(1, 200).await;
    let ready = fine.elapsed();
    let work = load.stop().await;
    settle(&pair.cluster, &work, vec![watcher]).await;
    let (before, beside, longest) = (rate(&work, begun, lossy), rate(&work, lossy, fine), silence(&work, lossy, fine));
    println!(
        "a way that loses three in ten segments, {DELAY:?} long, for {span:.0?}: the other node acknowledged {:.0} commands a minute before and {:.0} \
         beside it, {} × 503, none for {longest:.1?} at most; the node was ready and not {turns} times, and again {ready:.1?} after it; 0 lost, 0 doubled",
        before * 60.0,
        beside * 60.0,
        work.unavailable
    );
    assert!(longest <= SILENCE, "{longest:?}");
    assert_eq!(last, 503, "the node becomes unready");
    assert!(turns <= 3, "the node stays unready: {turns}");
    // The rate holds only on an otherwise idle machine.
    assert!(factor() == 1 || beside >= 0.7 * before, "{before} {beside}");
}
