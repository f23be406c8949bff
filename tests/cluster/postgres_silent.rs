//! The network to PostgreSQL falls silent: no refusal, no reset, no data.

use crate::load::{Done, Load};
use crate::test_cluster::TestCluster;
use crate::watcher::{on_each_node, settle};
use std::time::{Duration, Instant};
use support::log::Believed;
use support::postgres;
use support::proxy::{Network, Proxy};
use support::redis_server::Redis;
use support::{Client, PATIENCE, Wish, eventually, new_id};
use tokio::task::JoinSet;

/// The duration of the silence: longer than a client may wait for an answer.
const SILENT: Duration = Duration::from_secs(17);
/// The longest time of an answer: the store's deadline of ten seconds, and some seconds for the
/// node.
const ANSWERED: Duration = Duration::from_secs(14);
/// The time in which answers from before the silence arrive.
const ON_ITS_WAY: Duration = Duration::from_secs(1);
/// The time between two commands of clients that do not wait for answers.
const OFTEN: Duration = Duration::from_millis(20);
/// The longest time until a command is acknowledged after the silence.
const RECOVERY: Duration = Duration::from_secs(25);
/// The most memory that a node may use for waiting commands.
const MEMORY: u64 = 64 << 20;

/// The URL of a database through a proxy.
pub async fn behind_a_proxy(url: &str) -> (Proxy, String) {
    let authority = url.split('/').nth(2).unwrap();
    let host = authority.rsplit('@').next().unwrap();
    let address = tokio::net::lookup_host(host).await.unwrap().next().unwrap();
    let proxy = Proxy::before(address).await;
    let through = url.replacen(host, &proxy.address().to_string(), 1);
    (proxy, through)
}

/// The results of clients that do not wait for answers.
#[derive(Default)]
struct Crowd {
    done: Vec<Done>,
    unavailable: usize,
    unanswered: usize,
    /// The longest time of an answer.
    slowest: Duration,
}

/// Places orders at both nodes for a time, without waiting for earlier answers.
async fn crowd(cluster: &TestCluster, span: Duration) -> Crowd {
    let (until, mut sent) = (Instant::now() + span, JoinSet::new());
    for number in 0.. {
        if Instant::now() >= until {
            break;
        }
        let wish = Wish::Place { id: new_id(), note: format!("of the crowd, {number}") };
        let request = wish.request(&cluster.at(&cluster.staff, number), &cluster.menu);
        let begun = Instant::now();
        sent.spawn(async move { (wish, Client::attempt(request).await, Instant::now(), begun.elapsed()) });
        tokio::time::sleep(OFTEN).await;
    }
    let mut crowd = Crowd::default();
    while let Some(answered) = sent.join_next().await {
        let (wish, answer, at, took) = answered.unwrap();
        crowd.slowest = crowd.slowest.max(took);
        match answer {
            Ok(answer) if answer.status == 201 => {
                let position = answer.json()["position"].as_u64().unwrap();
                crowd.done.push(Done { believed: Believed { id: wish.id().into(), position }, at });
            }
            Ok(answer) => {
                answer.problem(503, "unavailable");
                crowd.unavailable += 1;
            }
            Err(_) => crowd.unanswered += 1,
        }
    }
    crowd
}

/// Silences the network to PostgreSQL under load.
async fn silent(what: &str, network: Network) {
    let redis = Redis::start();
    let (proxy, url) = behind_a_proxy(&postgres::database().await).await;
    let cluster = TestCluster::open_on(&url, 2, Some(&redis.url()), &[]).await;
    cluster.wait_for_redis("healthy").await;
    let watchers = on_each_node(&cluster).await;
    let load = Load::start(&cluster, 20, Duration::from_millis(20));
    tokio::time::sleep(Duration::from_secs(1)).await;
    let before = [cluster.nodes[0].resident(), cluster.nodes[1].resident()];
    proxy.set(network);
    let begun = Instant::now();
    let silence = async {
        tokio::time::sleep(SILENT / 2).await;
        for node in &cluster.nodes {
            node.anybody().get("/readyz").await.problem(503, "unavailable");
        }
        tokio::time::sleep(SILENT.saturating_sub(begun.elapsed())).await;
        proxy.set(Network::Fine);
        Instant::now()
    };
    let (one, other) = (cluster.nodes[0].peak_during(crowd(&cluster, SILENT)), cluster.nodes[1].peak_during(silence));
    let ((peak, crowd), (other_peak, fine)) = tokio::join!(one, other);
    for node in &cluster.nodes {
        let anybody = node.anybody();
        eventually("/readyz", PATIENCE, || async { (anybody.get("/readyz").await.status == 200).then_some(()) }).await;
    }
    let ready = fine.elapsed();
    tokio::time::sleep(Duration::from_secs(1)).await;
    let mut work = load.stop().await;
    work.done.extend(crowd.done);
    let slowest = work.slowest.max(crowd.slowest);
    let seen = settle(&cluster, &work, watchers).await;
    let during = work.done.iter().filter(|done| done.at > begun + ON_ITS_WAY && done.at < fine).count();
    let again = work.done.iter().map(|done| done.at).filter(|at| *at > fine).min().expect("commands are acknowledged again");
    let moves: usize = seen.iter().map(|seen| seen.moves.len()).sum();
    let grown = peak.saturating_sub(before[0]).max(other_peak.saturating_sub(before[1]));
    println!(
        "the way to PostgreSQL {what} for {SILENT:?}: {} commands acknowledged, {during} of them meanwhile, {} × 503, {} unanswered, \
         each within {slowest:.1?}, 0 false acknowledgements, 0 lost, 0 doubled; ready {ready:.1?} after it, the next command \
         acknowledged {:.1?} after it; a node took {:.1} MB more at most; {moves} screens had to move",
        work.done.len(),
        work.unavailable + crowd.unavailable,
        work.unanswered + crowd.unanswered,
        again - fine,
        grown as f64 / f64::from(1 << 20),
    );
    assert_eq!(during, 0, "no acknowledgement is possible without the database");
    assert!(work.unavailable + crowd.unavailable > 0, "some commands met an unreachable database");
    assert_eq!(work.unanswered + crowd.unanswered, 0, "a node that does not know the outcome answers 503");
    assert!(slowest < ANSWERED, "the store's deadline limits every answer: {slowest:?}");
    assert!(again - fine < RECOVERY, "{:?}", again - fine);
    assert!(grown < MEMORY, "{grown} bytes");
    assert_eq!(moves, 0, "screens stay connected");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stalled_postgres_causes_no_false_acknowledgement_and_nodes_recover_by_themselves() {
    silent("stalls", Network::Stall).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_half_open_connection_to_postgres_causes_no_false_acknowledgement_and_nodes_recover_by_themselves() {
    silent("is half-open", Network::HalfOpen).await;
}
