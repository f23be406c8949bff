//! Three hosts in network namespaces: two with a node, one with PostgreSQL and Redis. The tests partition each pair in both
//! directions or in one, and make links lose packets, while waiters and screens use both nodes. They need root and iproute2.
//! `scripts/partitions` runs them.

use crate::bad_way::{rate, silence};
use crate::load::{Load, Work};
use crate::test_cluster::{TestCluster, node_of, until_redis_is};
use crate::watcher::{Seen, Watcher, settle};
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};
use support::long::factor;
use support::postgres::Cluster;
use support::redis_server::Redis;
use support::{PATIENCE, TestServer, eventually, program};
use tokio::task::block_in_place;

/// The addresses in `scripts/lib/switch.py`: of the hosts with nodes, of the host with the servers, and of the network.
const NODES: [&str; 2] = ["10.77.0.1", "10.77.0.2"];
const SERVERS: &str = "10.77.0.3";
const NETWORK: &str = "10.77.0.0/24";
/// The longest time for which the whole cluster may acknowledge nothing.
const SILENCE: Duration = Duration::from_secs(3);
/// The longest time from the end of a fault until all screens have everything.
const RECOVERY: Duration = Duration::from_secs(15);

/// The faults, as commands for the switch. The first entry is a time without a fault.
const FAULTS: [(&str, &[&str]); 13] = [
    ("none", &[]),
    ("one | two", &["cut one two", "cut two one"]),
    ("one > two", &["cut one two"]),
    ("two > one", &["cut two one"]),
    ("one | three", &["cut one three", "cut three one"]),
    ("one > three", &["cut one three"]),
    ("three > one", &["cut three one"]),
    ("two | three", &["cut two three", "cut three two"]),
    ("two > three", &["cut two three"]),
    ("three > two", &["cut three two"]),
    ("one ~ two", &["lossy one two 30 200"]),
    ("one ~ three", &["lossy one three 30 200"]),
    ("two ~ three", &["lossy two three 30 200"]),
];

/// The process that acts as the switch between the hosts.
struct Switch {
    child: Child,
    answers: BufReader<ChildStdout>,
}

impl Switch {
    /// Creates the hosts.
    fn start() -> Self {
        let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("scripts/lib/switch.py");
        let mut command = Command::new("python3");
        let command = command.arg(path).args(NODES.map(namespace)).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().expect("python3 must run");
        let answers = BufReader::new(child.stdout.take().unwrap());
        let mut switch = Self { child, answers };
        switch.confirm("the hosts");
        switch
    }

    fn tell(&mut self, command: &str) {
        writeln!(self.child.stdin.as_mut().unwrap(), "{command}").expect("the switch must run");
        self.confirm(command);
    }

    fn confirm(&mut self, what: &str) {
        let mut answer = String::new();
        self.answers.read_line(&mut answer).unwrap();
        assert_eq!(answer, "ok\n", "{what}");
    }
}

impl Drop for Switch {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        let _ = self.child.wait();
    }
}

/// Returns the name of a host's network namespace.
fn namespace(address: &str) -> String {
    format!("orderbell-{}", address.replace('.', "-"))
}

/// Starts a node on a host.
async fn node_on(address: &str, database: &str, redis: &str) -> TestServer {
    let (inside, binary) = (namespace(address), program());
    let leading = ["netns", "exec", &inside, binary.to_str().unwrap()];
    let bind = [("ORDERBELL_BIND", format!("{address}:0")), ("ORDERBELL_BEHIND_PROXY", "true".to_owned())];
    let bind = bind.map(|(name, value)| (name.to_owned(), value));
    node_of(Path::new("ip"), &leading, database, Some(redis), &[], &bind).await
}

/// The effects of a fault.
struct Span {
    name: &'static str,
    begun: Instant,
    healed: Instant,
    /// The time after which both nodes were ready.
    ready: Duration,
    work: Work,
}

async fn suffer(switch: &mut Switch, cluster: &TestCluster, name: &'static str, commands: &[&str]) -> Span {
    let load = Load::start(cluster, 4, Duration::from_millis(50));
    tokio::time::sleep(Duration::from_secs(1)).await;
    let begun = Instant::now();
    commands.iter().for_each(|command| block_in_place(|| switch.tell(command)));
    tokio::time::sleep(Duration::from_secs(if factor() > 1 { 60 } else { 8 })).await;
    let healed = Instant::now();
    block_in_place(|| switch.tell("fine"));
    for node in &cluster.nodes {
        let anybody = node.anybody();
        eventually("/readyz", PATIENCE, || async { (anybody.get("/readyz").await.status == 200).then_some(()) }).await;
    }
    let ready = healed.elapsed();
    Span { name, begun, healed, ready, work: load.stop().await }
}

/// Returns the time from the end of a fault until screens have every event committed during it.
fn complete(span: &Span, seen: &[Seen]) -> Duration {
    let before = span.work.done.iter().filter(|done| done.at < span.healed);
    let arrivals = before.flat_map(|done| seen.iter().filter_map(|seen| seen.arrived.get(&done.believed.id)));
    arrivals.map(|at| at.saturating_duration_since(span.healed)).max().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn partitioned_hosts_lose_nothing_and_recover_by_themselves() {
    let mut switch = block_in_place(Switch::start);
    let postgres = block_in_place(|| Cluster::start_at(SERVERS, Some(NETWORK)));
    let database = postgres.database().await;
    let mut redis = Redis::prepare(&["--bind", SERVERS, "127.0.0.1", "--protected-mode", "no"]);
    block_in_place(|| redis.restart());
    let redis_url = format!("redis://{SERVERS}:{}", redis.address().port());
    let mut cluster = TestCluster::of(&database, node_on(NODES[0], &database, &redis_url).await).await;
    cluster.add(node_on(NODES[1], &database, &redis_url).await);
    for node in &cluster.nodes {
        until_redis_is(node, "healthy").await;
    }
    let mut watchers = Vec::new();
    for at in 0..4 {
        watchers.push(Watcher::open(&cluster, at, &cluster.menu.kitchen()).await);
    }
    let mut spans = Vec::new();
    for (name, commands) in FAULTS {
        spans.push(suffer(&mut switch, &cluster, name, commands).await);
        eprintln!("… {name}");
    }
    let all = Work { done: spans.iter().flat_map(|span| span.work.done.clone()).collect(), ..Work::default() };
    let seen = settle(&cluster, &all, watchers).await;
    for span in &spans {
        let (quiet, late) = (silence(&span.work, span.begun, span.healed), complete(span, &seen));
        println!(
            "{}: {:.0} acknowledged a minute, {} × 503, {} unanswered, none for {quiet:.1?} at most; ready {:.1?} and all screens complete {late:.1?} after it",
            span.name,
            rate(&span.work, span.begun, span.healed) * 60.0,
            span.work.unavailable,
            span.work.unanswered,
            span.ready
        );
        assert!(quiet <= SILENCE && late <= RECOVERY, "{}", span.name);
    }
    println!("{} commands acknowledged, 0 lost, 0 doubled, 0 gaps on {} screens", all.done.len(), seen.len());
}
