//! Nodes that are killed during events.

use crate::load::Load;
use crate::test_cluster::TestCluster;
use crate::watcher::{lateness, on_each_node, settle, spread};
use std::time::Duration;
use support::long::{progress, rounds};
use support::redis_server::Redis;

/// The events between two kills.
const EVENTS: usize = 100;
/// The time between two counts of events.
const LOOK: Duration = Duration::from_millis(10);

/// In the long form twenty kills during twenty thousand events; in the short form fewer of both.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nodes_killed_during_events_lose_nothing_and_their_screens_continue_elsewhere() {
    let redis = Redis::start();
    let mut cluster = TestCluster::open(3, Some(&redis.url()), &[]).await;
    cluster.wait_for_redis("healthy").await;
    let watchers = on_each_node(&cluster).await;
    let load = Load::start(&cluster, 12, Duration::from_millis(5));
    let (store, kills, apart) = (cluster.store().await, rounds(6).min(20), rounds(EVENTS));
    for at in 0..kills {
        // Kill at a different moment each time.
        while cluster.head(&store).await < (apart * at + apart / 2 + 7 * at) as u64 {
            tokio::time::sleep(LOOK).await;
        }
        progress("kills of a node", at, kills);
        cluster.nodes[at % 3].kill().await;
        tokio::time::sleep(Duration::from_millis(300)).await;
        cluster.restart(at % 3).await;
    }
    while cluster.head(&store).await < (apart * kills) as u64 {
        tokio::time::sleep(LOOK).await;
    }
    let work = load.stop().await;
    let seen = settle(&cluster, &work, watchers).await;
    let moves: Vec<_> = seen.iter().flat_map(|seen| seen.moves.clone()).collect();
    let (changes, (_, slowest)) = (moves.len(), spread(moves));
    let (median, worst) = lateness(&seen, &work);
    println!(
        "{kills} × kill -9 of a node: {} events on 3 screens, {} sent again, 0 lost, 0 gaps, 0 doubled; {changes} moves of screens, \
         {slowest:.1?} at worst; late by {median:.1?} in the median and {worst:.1?} at worst",
        work.done.len(),
        work.unanswered
    );
    assert!(changes >= kills, "each kill disconnects a screen: {changes}");
    assert!(work.unanswered >= kills, "the kills came during the work: {}", work.unanswered);
    assert!(worst < Duration::from_secs(5), "{worst:?}");
}
