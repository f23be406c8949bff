//! A rolling restart under load.

use crate::load::Load;
use crate::test_cluster::TestCluster;
use crate::watcher::{Watcher, settle, spread};
use std::time::{Duration, Instant};
use support::long::{progress, rounds};
use support::redis_server::Redis;

const WINDOW: Duration = Duration::from_secs(3);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rolling_restart_loses_nothing_and_everybody_is_back_within_the_window() {
    let redis = Redis::start();
    let mut cluster = TestCluster::open(3, Some(&redis.url()), &["--drain-s", "3"]).await;
    cluster.wait_for_redis("healthy").await;
    let mut watchers = Vec::new();
    for at in 0..12 {
        watchers.push(Watcher::open(&cluster, at, &cluster.menu.kitchen()).await);
    }
    let load = Load::start(&cluster, 4, Duration::from_millis(25));
    let (times, mut longest) = (rounds(1).min(5), Duration::ZERO);
    for (restarts, at) in (0..3).cycle().take(3 * times).enumerate() {
        progress("restarts of a node", restarts, 3 * times);
        tokio::time::sleep(Duration::from_millis(300)).await;
        let begun = Instant::now();
        cluster.nodes[at].signal("TERM");
        assert_eq!(cluster.nodes[at].exit().await.code(), Some(0));
        longest = longest.max(begun.elapsed());
        cluster.restart(at).await;
    }
    let work = load.stop().await;
    let seen = settle(&cluster, &work, watchers).await;
    let moves: Vec<_> = seen.iter().flat_map(|seen| seen.moves.clone()).collect();
    let (changes, (median, worst)) = (moves.len(), spread(moves));
    println!(
        "{times} × a rolling restart of 3 nodes with 12 screens: {} commands acknowledged, {} sent again, 0 lost, 0 doubled; each node gone within \
         {longest:.1?} of a window of {WINDOW:?}; {changes} moves, back on another node within {median:.1?} in the median and {worst:.1?} \
         at worst",
        work.done.len(),
        work.unanswered + work.unavailable
    );
    assert!(changes >= 12 * times, "every screen had to move each time: {changes}");
    assert!(longest < WINDOW && worst < WINDOW, "{longest:?}, {worst:?}");
}
