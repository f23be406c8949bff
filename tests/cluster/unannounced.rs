//! Thousands of unannounced events between two comparisons of heads: more than a feed, a room and a
//! connection hold.

use crate::test_cluster::TestCluster;
use crate::watcher::Watcher;
use sqlx::{Connection, PgConnection, query};
use std::time::Instant;

/// Numbers of events within and beyond the reach of a replay.
const SOME: u64 = 3_000;
const MANY: u64 = 10_000;

/// Appends events to the feed in one commit, past all nodes.
async fn append(cluster: &TestCluster, count: u64) -> u64 {
    let (mut database, id) = (PgConnection::connect(&cluster.database).await.unwrap(), &cluster.menu.restaurant);
    let mut transaction = database.begin().await.unwrap();
    let append = "INSERT INTO events (restaurant, position, id, kind, topic, at, by_role, patch) \
        SELECT restaurant, head + number, gen_random_uuid(), 'menu.paused', 4, 0, 'service', '{}' \
        FROM feeds, generate_series(1, $2) AS number WHERE restaurant = $1::uuid";
    let advance = "UPDATE feeds SET head = head + $2 WHERE restaurant = $1::uuid";
    for statement in [append, advance] {
        query(statement).bind(id).bind(count as i64).execute(&mut *transaction).await.unwrap();
    }
    transaction.commit().await.unwrap();
    cluster.head(&cluster.store().await).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn thousands_of_events_between_two_comparisons_arrive_without_repeated_evictions() {
    let cluster = TestCluster::open(1, None, &["--head-comparison-s", "2"]).await;
    let room = cluster.menu.menu();
    let (mut some, mut many) = (Vec::new(), Vec::new());
    for screens in [&mut some, &mut many] {
        for _ in 0..3 {
            screens.push(Watcher::open(&cluster, 0, &room).await);
        }
    }
    let begun = Instant::now();
    let first = append(&cluster, SOME).await;
    for screen in some {
        let seen = screen.close(first).await;
        assert_eq!(seen.room.positions(), (first - SOME + 1..=first).collect::<Vec<_>>(), "each event arrives once, in order");
        assert!(seen.moves.len() <= 2, "cut {} times", seen.moves.len());
    }
    let (took, last) = (begun.elapsed(), append(&cluster, MANY).await);
    let mut moves = 0;
    for screen in many {
        let seen = screen.close(last).await;
        assert_eq!(seen.room.cursor, Some(last));
        moves = moves.max(seen.moves.len());
    }
    println!(
        "{SOME} events that nobody announced, between two looks: on every screen within {took:.1?}, each once, in order; {MANY} more: \
         a screen was cut {moves} times at most, and received the last event"
    );
    assert!(moves <= 6, "{moves}");
}
