//! A node is killed between a commit and its answer: repeating the command under the same id on another node gets the
//! answer.

use crate::test_cluster::TestCluster;
use orderbell::store::SharedStore;
use serde_json::Value;
use std::time::{Duration, Instant};
use support::log::{Believed, faults, orders_by_note};
use support::long::{progress, rounds};
use support::{Client, Wish, new_id};

/// The commands in flight before each kill.
const WISHES: usize = 8;

/// Sends a command. Returns its answer, if any.
async fn send(wish: &Wish, staff: &Client, cluster: &TestCluster) -> Option<Value> {
    let answer = Client::attempt(wish.request(staff, &cluster.menu)).await.ok()?;
    assert_eq!(answer.status, 201, "{wish:?}: {}", answer.text);
    Some(answer.json())
}

#[derive(Default)]
struct Counts {
    answered: usize,
    /// Commands that the killed node committed and did not answer.
    committed: usize,
    believed: Vec<Believed>,
}

/// Repeats the commands of the killed node on the living one, twice.
async fn ask_again(cluster: &TestCluster, store: &SharedStore, wishes: &[(Wish, Option<Value>)], counts: &mut Counts) {
    let head = cluster.head(store).await;
    let other = cluster.at(&cluster.staff, 1);
    for (wish, first) in wishes {
        let again = send(wish, &other, cluster).await.expect("the other node answers");
        assert_eq!(send(wish, &other, cluster).await.as_ref(), Some(&again));
        let position = again["position"].as_u64().unwrap();
        match first {
            Some(first) => {
                counts.answered += 1;
                assert_eq!(first, &again, "the repeated command gets the answer of the killed node");
            }
            None => counts.committed += usize::from(position <= head),
        }
        counts.believed.push(Believed { id: wish.id().into(), position });
    }
}

/// Waits for the moment of a kill: in every other round until the first commit is in the database,
/// and otherwise for a random part of the time that the commands take.
async fn moment(round: usize, store: &SharedStore, cluster: &TestCluster, usual: Duration) {
    if round.is_multiple_of(2) {
        return tokio::time::sleep(usual.mul_f64(rand::random_range(0.0..WISHES as f64))).await;
    }
    let (before, begun) = (cluster.head(store).await, Instant::now());
    // On a busy machine, all commands may be committed before the first check.
    while cluster.head(store).await == before && begun.elapsed() < Duration::from_secs(1) {}
}

/// Warms up a new node with a few orders. Returns the time of one.
async fn warm_up(staff: &Client, cluster: &TestCluster, counts: &mut Counts) -> Duration {
    let mut took = Duration::ZERO;
    for _ in 0..3 {
        let (begun, id) = (Instant::now(), new_id());
        let wish = Wish::Place { note: id.clone(), id };
        let position = send(&wish, staff, cluster).await.expect("the node answers")["position"].as_u64().unwrap();
        took = begun.elapsed();
        counts.believed.push(Believed { id: wish.id().into(), position });
    }
    took
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_kill_between_commit_and_answer_leaves_one_effect_and_one_answer() {
    let mut cluster = TestCluster::open(2, None, &["--head-comparison-s", "1"]).await;
    let store = cluster.store().await;
    let mut counts = Counts::default();
    let (mut kills, usual) = (0, rounds(20));
    // Repeat until some kills have come between commit and answer, even on a busy machine.
    while kills < usual || (counts.committed == 0 && kills < 5 * usual) {
        progress("kills during commands", kills, usual);
        kills += 1;
        let staff = cluster.at(&cluster.staff, 0);
        let span = warm_up(&staff, &cluster, &mut counts).await;
        let wishes: Vec<_> = (0..WISHES).map(|at| Wish::Place { id: new_id(), note: format!("round {kills}, {at}") }).collect();
        let mut node = cluster.nodes.remove(0);
        let (answers, ()) =
            tokio::join!(futures_util::future::join_all(wishes.iter().map(|wish| send(wish, &staff, &cluster))), async {
                moment(kills, &store, &cluster, span).await;
                node.kill().await;
            });
        cluster.nodes.insert(0, node);
        let wishes: Vec<_> = wishes.into_iter().zip(answers).collect();
        ask_again(&cluster, &store, &wishes, &mut counts).await;
        cluster.restart(0).await;
    }
    let feed = cluster.feed().await;
    assert_eq!(faults(&feed, &counts.believed, &feed.events), [""; 0]);
    assert_eq!(orders_by_note(&feed).len(), counts.believed.len());
    assert_eq!(orders_by_note(&feed).into_iter().find(|(_, count)| *count != 1), None);
    println!(
        "{kills} × kill -9 during {WISHES} commands: {} answered, {} committed and not answered, {} not done; asked again elsewhere \
         under the same id, each has one answer and one effect",
        counts.answered,
        counts.committed,
        kills * WISHES - counts.answered - counts.committed
    );
    assert!(counts.committed > 0, "no kill came between commit and answer");
}
