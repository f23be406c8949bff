//! Nodes that end at a failpoint: between commit and announcement, or between announcement and
//! answer. Only debug builds have failpoints (`src/failpoint.rs`).

use crate::test_cluster::{TestCluster, node_with, until_redis_is};
use crate::watcher::spread;
use futures_util::future::join_all;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::os::unix::process::ExitStatusExt;
use std::time::{Duration, Instant};
use support::log::{Believed, faults, orders_by_note};
use support::long::{progress, rounds};
use support::redis_server::Redis;
use support::{Client, PATIENCE, Screen, TestServer, Wish, new_id};
use tokio::sync::oneshot;

/// The number of nodes that end in one round.
const NODES: usize = 10;
/// The longest delay of a dead node's commits on a living node's screen.
const LATE: Duration = Duration::from_secs(3);
/// The time between two checks for completion.
const LOOK: Duration = Duration::from_millis(50);
/// The signal of `abort`.
const ABORTED: i32 = 6;

/// Starts a node that ends at a failpoint.
async fn doomed(cluster: &TestCluster, redis: Option<&str>, point: &str) -> TestServer {
    let node = node_with(&cluster.database, redis, &[], &[("ORDERBELL_FAILPOINT".into(), point.into())]).await;
    if redis.is_some() {
        until_redis_is(&node, "healthy").await;
    }
    node
}

/// A command that a node committed and did not answer.
struct Unanswered {
    wish: Wish,
    /// When the node had ended.
    since: Instant,
}

/// Sends a command over HTTP or a WebSocket, and waits until the node ends at its failpoint without
/// an answer.
async fn ask(cluster: &TestCluster, node: &mut TestServer, note: String, is_frame: bool) -> Unanswered {
    let (staff, wish) = (cluster.staff.at(&node.base), Wish::Place { id: new_id(), note: note.clone() });
    if is_frame {
        let mut screen = staff.screen().await;
        screen.send(&json!({"type": "place", "id": wish.id(), "order": cluster.menu.noted(&note)})).await;
        while let Ok(frame) = screen.next().await {
            assert_ne!(frame["id"], wish.id(), "the command was answered: {frame}");
        }
    } else {
        let answer = Client::attempt(wish.request(&staff, &cluster.menu)).await;
        assert!(answer.is_err(), "the command was answered: {answer:?}");
    }
    assert_eq!(node.exit().await.signal(), Some(ABORTED), "the node ended at its failpoint");
    Unanswered { wish, since: Instant::now() }
}

/// Reads a room up to a position that is set later. Returns the time of arrival of each command's
/// event.
async fn read(mut screen: Screen, room: String, mut last: oneshot::Receiver<u64>) -> (Screen, HashMap<String, Instant>) {
    let (mut arrived, mut until) = (HashMap::new(), None);
    loop {
        until = until.or_else(|| last.try_recv().ok());
        if until.is_some() && screen.room(&room).cursor >= until {
            return (screen, arrived);
        }
        if let Some(frame) = screen.next_within(LOOK).await
            && let Some(command) = frame.expect("the living node keeps its screens")["event"]["command"].as_str()
        {
            arrived.entry(command.to_owned()).or_insert_with(Instant::now);
        }
    }
}

/// Repeats the command on the living node, twice. Returns the one answer.
async fn ask_again(cluster: &TestCluster, wish: &Wish) -> Value {
    let again = Client::send(wish.request(&cluster.at(&cluster.staff, 0), &cluster.menu)).await.expect(201);
    assert_eq!(Client::send(wish.request(&cluster.at(&cluster.staff, 0), &cluster.menu)).await.expect(201), again);
    again
}

/// Ends many nodes at a failpoint, each after a commit. Returns each commit's delay on a living
/// node's screen.
async fn end_at(point: &str) -> Vec<Duration> {
    let redis = Redis::start();
    let url = redis.url();
    let mut cluster = TestCluster::open(1, Some(&url), &[]).await;
    let (room, store) = (cluster.menu.kitchen(), cluster.store().await);
    let mut screen = cluster.staff.screen().await;
    screen.join(&room).await;
    let (mut late, mut believed) = (Vec::new(), Vec::new());
    let rounds = rounds(2);
    for round in 0..rounds {
        progress(point, round * NODES, rounds * NODES);
        // The living node is new each time, so that it knows no silent node and compares heads at
        // its usual period.
        cluster.nodes[0].kill().await;
        cluster.restart(0).await;
        cluster.wait_for_redis("healthy").await;
        screen = screen.resume_on(&cluster.at(&cluster.staff, 0)).await;
        let nodes = join_all((0..NODES).map(|_| doomed(&cluster, Some(&url), point))).await;
        let (told, last) = oneshot::channel();
        let (reading, mut unanswered) = (tokio::spawn(read(screen, room.clone(), last)), Vec::new());
        for (at, mut node) in nodes.into_iter().enumerate() {
            unanswered.push(ask(&cluster, &mut node, format!("round {round}, {at}"), at % 2 == 1).await);
        }
        let committed = cluster.head(&store).await;
        for Unanswered { wish, .. } in &unanswered {
            let position = ask_again(&cluster, wish).await["position"].as_u64().unwrap();
            assert!(position <= committed, "the command was committed when its node ended");
            believed.push(Believed { id: wish.id().into(), position });
        }
        told.send(committed).unwrap();
        let arrived;
        (screen, arrived) = tokio::time::timeout(PATIENCE, reading).await.expect("the screen receives everything").unwrap();
        late.extend(unanswered.iter().map(|it| arrived[it.wish.id()].saturating_duration_since(it.since)));
    }
    let feed = cluster.feed().await;
    assert_eq!(faults(&feed, &believed, &feed.events), [""; 0]);
    assert_eq!(screen.room(&room).positions(), feed.positions(), "each event arrives once, in order");
    assert_eq!(feed.events.len(), believed.len(), "one effect each");
    assert_eq!(orders_by_note(&feed).into_iter().find(|(_, count)| *count != 1), None);
    late
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_comparison_of_heads_delivers_events_of_a_node_killed_before_their_announcement() {
    let late = end_at("committed").await;
    let (kills, (median, worst)) = (late.len(), spread(late));
    println!(
        "{kills} × a node ends between commit and announcement: each event on a screen of another, {median:.1?} after its \
         node's end in the median, {worst:.1?} at worst; asked again elsewhere each has one answer and one effect"
    );
    assert!(worst <= LATE, "{worst:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_kill_between_announcement_and_answer_leaves_one_effect_and_one_answer() {
    let late = end_at("announced").await;
    let (kills, (median, worst)) = (late.len(), spread(late));
    println!(
        "{kills} × a node ends between announcement and answer: asked again elsewhere each has one answer and one effect; on a \
         screen of another {median:.1?} after its node's end in the median, {worst:.1?} at worst"
    );
    assert!(worst <= LATE, "{worst:?}");
}

/// Returns whether a screen receives an event within a time.
async fn is_shown(screen: &mut Screen, within: Duration) -> bool {
    let until = Instant::now() + within;
    while let Some(left) = until.checked_duration_since(Instant::now()) {
        if screen.next_within(left).await.is_some_and(|frame| frame.unwrap()["type"] == "event") {
            return true;
        }
    }
    false
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_the_comparison_of_heads_commits_of_a_dead_node_wait_for_the_next_event() {
    let cluster = TestCluster::open(1, None, &["--head-comparison-s", "3600"]).await;
    let room = cluster.menu.kitchen();
    let mut screen = cluster.staff.screen().await;
    screen.join(&room).await;
    let mut node = doomed(&cluster, None, "committed").await;
    ask(&cluster, &mut node, "of a dead node".into(), false).await;
    assert!(!is_shown(&mut screen, LATE + Duration::from_secs(2)).await, "only the comparison of heads delivers the event");
    let next = cluster.staff.place(&cluster.menu.basket()).await;
    let followed = screen.see(&room, next["position"].as_u64().unwrap()).await;
    assert_eq!(followed.positions(), [1, 2], "the next event shows the gap");
}
