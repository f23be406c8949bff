//! Kitchen screens that move between nodes, and nodes that die while holding a screen.

use crate::test_cluster::TestCluster;
use serde_json::Value;
use std::time::{Duration, Instant};
use support::{Client, Screen};

const LEASE: Duration = Duration::from_secs(2);
const FLAGS: [&str; 6] = ["--display-lease-ms", "2000", "--display-grace-ms", "1000", "--head-comparison-s", "1"];

/// Connects a kitchen screen to a node.
async fn kitchen(cluster: &TestCluster, cook: &Client, number: usize) -> Screen {
    let mut screen = cluster.at(cook, number).screen().await;
    screen.join(&cluster.menu.kitchen()).await;
    screen
}

/// Reads the floor for a while. Returns the kinds of all events of screens.
async fn listen(floor: &mut Screen, room: &str, span: Duration) -> Vec<String> {
    let until = Instant::now() + span;
    while let Some(left) = until.checked_duration_since(Instant::now()) {
        if let Some(frame) = floor.next_within(left).await {
            frame.expect("the floor stays open");
        }
    }
    floor.room(room).kinds().into_iter().map(str::to_owned).collect()
}

/// Reads the floor until some events of screens have arrived.
async fn heard(floor: &mut Screen, room: &str, count: usize) -> Value {
    while floor.room(room).events.len() < count {
        floor.next().await.expect("the floor stays open");
    }
    floor.room(room).events.last().unwrap()["event"].clone()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_screen_that_moves_is_not_lost_and_each_screen_of_a_dead_node_is_reported_lost_once() {
    let mut cluster = TestCluster::open(3, None, &FLAGS).await;
    let (hot, cold) = (cluster.nodes[0].kitchen("hot").await, cluster.nodes[0].kitchen("cold").await);
    let room = cluster.menu.floor();
    let mut floor = cluster.at(&cluster.staff, 1).screen().await;
    floor.join(&room).await;

    let moving = kitchen(&cluster, &hot, 0).await;
    let stays = kitchen(&cluster, &cold, 0).await;
    heard(&mut floor, &room, 2).await;
    let moved = kitchen(&cluster, &hot, 2).await;
    drop(moving);
    let kinds = listen(&mut floor, &room, LEASE * 3).await;
    assert_eq!(kinds, ["display.connected"; 2], "one screen moved, the other stayed");

    let killed = Instant::now();
    cluster.nodes[0].kill().await;
    let lost = heard(&mut floor, &room, 3).await;
    let took = killed.elapsed();
    println!("a screen is lost {took:.1?} after its node was killed, with a lease of {LEASE:?}");
    assert_eq!((&lost["kind"], &lost["by"]["role"]), (&"display.lost".into(), &"service".into()));
    let (_, entry) = lost["patch"].as_object().unwrap().iter().next().unwrap();
    assert_eq!(entry["station"], "cold", "the entry is that of the remaining screen");
    // Both remaining nodes have checked several times.
    let kinds = listen(&mut floor, &room, LEASE * 3).await;
    assert_eq!(kinds, ["display.connected", "display.connected", "display.lost"], "lost is reported once");
    assert!(took < LEASE * 5, "{took:?}");

    // The other node's snapshot is the fold of the events.
    let mut other = cluster.at(&cluster.staff, 2).screen().await;
    assert_eq!(other.join(&room).await.displays, floor.room(&room).displays);
    drop(moved);
    heard(&mut floor, &room, 4).await;
    assert!(floor.room(&room).displays.as_object().unwrap().values().all(|display| display["connected"] == false));
    drop(stays);
}
