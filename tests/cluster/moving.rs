//! A screen that moves between nodes.

use crate::load::Load;
use crate::test_cluster::TestCluster;
use crate::watcher::hold;
use std::time::Duration;
use support::long::{progress, rounds};
use support::redis_server::Redis;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_screen_that_moves_between_three_nodes_sees_one_stream() {
    let redis = Redis::start();
    let cluster = TestCluster::open(3, Some(&redis.url()), &[]).await;
    cluster.wait_for_redis("healthy").await;
    let room = cluster.menu.kitchen();
    let mut screen = cluster.staff.screen().await;
    screen.join(&room).await;
    let load = Load::start(&cluster, 3, Duration::from_millis(10));
    let moves = rounds(100);
    for at in 0..moves {
        progress("moves", at, moves);
        screen = screen.resume_on(&cluster.at(&cluster.staff, at)).await;
        // The screen leaves at any moment: immediately, or after some frames.
        for _ in 0..at % 4 {
            screen.next_within(Duration::from_millis(50)).await.map(Result::unwrap);
        }
    }
    let work = load.stop().await;
    screen.see(&room, work.last()).await;
    let followed = screen.room(&room);
    hold(&cluster.feed().await, &work, followed);
    println!(
        "a screen moves between three nodes {moves} times: {} events, each once, in order, without a gap; {} came again and were \
         passed over by their position",
        followed.events.len(),
        followed.repeats
    );
}
