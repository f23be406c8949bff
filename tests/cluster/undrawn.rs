//! Accepted orders that no kitchen screen shows, on several nodes: the receipts of one node's
//! screen count on all nodes. The death of the node that held the screen loses no receipts, and the
//! floor still gets one report.

use crate::test_cluster::TestCluster;
use serde_json::{Value, json};
use std::time::{Duration, Instant};
use support::Screen;

const ALARM: Duration = Duration::from_secs(2);
const FLAGS: [&str; 8] =
    ["--display-alarm-s", "2", "--display-lease-ms", "2000", "--display-grace-ms", "1000", "--head-comparison-s", "1"];

/// Places and accepts an order of a hot dish at a node. Returns its document.
async fn accepted(cluster: &TestCluster, number: usize) -> Value {
    let staff = cluster.at(&cluster.staff, number);
    let basket = json!({"service": "takeaway", "items": [cluster.menu.line("Beef rezala", 1)]});
    let order = staff.place(&basket).await;
    staff.act(&order["id"], "accept").await["document"].clone()
}

/// Connects a screen of the hot station to a node, and draws its room up to a position.
async fn drawn(cluster: &TestCluster, cook: &support::Client, number: usize, position: &Value) -> Screen {
    let mut screen = cluster.at(cook, number).screen().await;
    screen.join(&cluster.menu.kitchen()).await;
    screen.send(&json!({"type": "seen", "room": cluster.menu.kitchen(), "position": position})).await;
    screen
}

/// Returns the floor's events about undrawn orders of the hot station, as kind and entry.
fn told(floor: &Screen, room: &str) -> Vec<(String, Value)> {
    let events = floor.room(room).events.iter().map(|frame| &frame["event"]);
    let of_hot =
        events.filter_map(|event| Some((event["kind"].as_str()?.to_owned(), event["patch"].get("station:hot")?.clone())));
    of_hot.collect()
}

/// Reads the floor for a while.
async fn listen(floor: &mut Screen, span: Duration) {
    let until = Instant::now() + span;
    while let Some(left) = until.checked_duration_since(Instant::now()) {
        if let Some(frame) = floor.next_within(left).await {
            frame.expect("the floor stays open");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_floor_is_notified_once_of_an_order_that_no_screen_shows_even_if_the_screens_node_is_killed() {
    let mut cluster = TestCluster::open(3, None, &FLAGS).await;
    let (room, hot) = (cluster.menu.floor(), cluster.nodes[0].kitchen("hot").await);
    let mut floor = cluster.at(&cluster.staff, 1).screen().await;
    floor.join(&room).await;
    let first = accepted(&cluster, 1).await;
    let screen = drawn(&cluster, &hot, 0, &first["position"]).await;
    listen(&mut floor, ALARM * 3).await;
    assert_eq!(told(&floor, &room), [], "one node's screen has shown what another node accepted");

    cluster.nodes[0].kill().await;
    drop(screen);
    let (second, at) = (accepted(&cluster, 2).await, Instant::now());
    while told(&floor, &room).is_empty() {
        floor.next().await.expect("the floor stays open");
    }
    println!(
        "the floor is notified {:.1?} after an order was accepted that no screen shows, with an alarm after {ALARM:?}",
        at.elapsed()
    );
    // Both remaining nodes have checked several times.
    listen(&mut floor, ALARM * 3).await;
    let undrawn = json!({second["id"].as_str().unwrap(): second["number"]});
    let entry = json!({"id": "station:hot", "station": "hot", "connected": false, "undrawn": undrawn});
    let lost = ("display.lost".to_owned(), entry.clone());
    assert_eq!(told(&floor, &room), std::slice::from_ref(&lost), "reported once, without the shown orders");
    let mut other = cluster.at(&cluster.staff, 2).screen().await;
    assert_eq!(other.join(&room).await.displays["station:hot"], entry);

    let _screen = drawn(&cluster, &hot, 2, &second["position"]).await;
    while told(&floor, &room).len() < 2 {
        floor.next().await.expect("the floor stays open");
    }
    listen(&mut floor, ALARM * 2).await;
    assert_eq!(told(&floor, &room), [lost, ("display.connected".into(), Value::Null)]);
}

/// The control: without the alarm, the same order is not reported.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_the_alarm_the_floor_is_not_notified_of_an_order_that_no_screen_shows() {
    let cluster = TestCluster::open(2, None, &["--display-alarm-s", "0", "--head-comparison-s", "1"]).await;
    let mut floor = cluster.at(&cluster.staff, 1).screen().await;
    floor.join(&cluster.menu.floor()).await;
    accepted(&cluster, 0).await;
    listen(&mut floor, ALARM * 3).await;
    assert_eq!(told(&floor, &cluster.menu.floor()), []);
    assert_eq!(floor.room(&cluster.menu.floor()).kinds(), ["order.placed", "order.accepted"]);
}
