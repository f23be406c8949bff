//! Visits that move and merge on a node that exits right after the commit: guests, kitchen and floor on other nodes see the
//! change, and the command has one effect.

use crate::test_cluster::{TestCluster, node_with, until_redis_is};
use serde_json::{Value, json};
use support::redis_server::Redis;
use support::{Client, Screen, client::text, new_id};

const COMMANDS: &str = "/api/v1/restaurants/demo/commands";

async fn scan(node: &str, table: u32) -> Client {
    let body = json!({"table_key": format!("demo-table-{table}")});
    let seat = Client::new(node, "").post("/api/v1/diner-sessions", &body).await.expect(200);
    Client::new(node, text(&seat["access_token"]))
}

async fn visit_at(staff: &Client, table: &str) -> Value {
    let visits = staff.get("/api/v1/restaurants/demo/visits").await.expect(200);
    visits["visits"].as_array().unwrap().iter().find(|visit| visit["table"] == table).cloned().unwrap_or_default()
}

/// Sends a command to a node that ends at a failpoint, and then twice to another one. Returns the one answer.
async fn send(cluster: &TestCluster, redis: &str, point: &str, command: &Value) -> Value {
    let mut doomed = node_with(&cluster.database, Some(redis), &[], &[("ORDERBELL_FAILPOINT".into(), point.into())]).await;
    until_redis_is(&doomed, "healthy").await;
    let staff = cluster.staff.at(&doomed.base);
    let request = staff.request(reqwest::Method::POST, COMMANDS).json(command);
    assert!(Client::attempt(request).await.is_err(), "the command was answered");
    doomed.exit().await;
    let other = cluster.at(&cluster.staff, 1);
    let answer = other.post(COMMANDS, command).await.expect(200);
    assert_eq!(other.post(COMMANDS, command).await.expect(200), answer);
    answer
}

/// Waits until screens show the documents of the server.
async fn check(cluster: &TestCluster, orders: &[Value], screens: &mut [(Screen, String)], table: &str) {
    for order in orders {
        let document = cluster.staff.order(&order["id"]).await;
        assert_eq!(document["table"], table);
        for (screen, room) in
            screens.iter_mut().filter(|(_, room)| !room.starts_with("order:") || room.ends_with(text(&order["id"])))
        {
            let seen = screen.see(room, document["position"].as_u64().unwrap()).await;
            assert_eq!(seen.documents[text(&order["id"])], document, "{room}");
        }
    }
}

#[tokio::test]
async fn a_visit_moved_by_a_node_that_exits_after_the_commit_moves_once_and_on_every_node() {
    let redis = Redis::start();
    let url = redis.url();
    let cluster = TestCluster::open(2, Some(&url), &[]).await;
    for node in &cluster.nodes {
        until_redis_is(node, "healthy").await;
    }
    let phone = scan(&cluster.addresses.of(0), 3).await;
    let host = scan(&cluster.addresses.of(1), 5).await;
    let orders = [phone.place(&cluster.menu.basket()).await, phone.place(&cluster.menu.basket()).await];
    let own = host.place(&cluster.menu.basket()).await;
    let room = format!("order:{}", text(&orders[0]["id"]));
    let mut screens = Vec::new();
    for (client, room) in [
        (cluster.staff.clone(), cluster.menu.kitchen()),
        (cluster.at(&cluster.staff, 1), cluster.menu.floor()),
        (phone.clone(), room.clone()),
        (cluster.at(&phone, 1), room),
    ] {
        let mut screen = client.screen().await;
        screen.join(&room).await;
        screens.push((screen, room));
    }
    let visit = visit_at(&cluster.staff, "3").await;
    let moving = json!({"id": new_id(), "action": "move", "visit": visit["id"], "table": "8"});
    let moved = send(&cluster, &url, "committed", &moving).await;
    check(&cluster, &orders, &mut screens, "8").await;
    let at_other = cluster.at(&phone, 1).get("/api/v1/diner-sessions/current").await.expect(200);
    assert_eq!((&at_other["table"], &at_other["visit"]["id"]), (&json!("8"), &visit["id"]));
    let undoing = json!({"id": new_id(), "action": "undo", "change": moved["document"]["last_change"]["id"]});
    send(&cluster, &url, "announced", &undoing).await;
    check(&cluster, &orders, &mut screens, "3").await;
    let into = visit_at(&cluster.staff, "5").await;
    let merging = json!({"id": new_id(), "action": "merge", "visit": visit["id"], "into": into["id"]});
    let merged = send(&cluster, &url, "committed", &merging).await;
    check(&cluster, &orders, &mut screens, "5").await;
    assert_eq!(merged["document"]["orders"].as_array().unwrap().len(), 3);
    let kinds = screens[1].0.room(&screens[1].1).kinds();
    assert_eq!(kinds, ["order.moved"; 6], "two orders move three times, and each event arrives once");
    assert_eq!(cluster.staff.order(&own["id"]).await, own, "the host's order stays as it was");
    // Applying the patches of the feed gives the documents.
    let feed = cluster.feed().await;
    for order in &orders {
        assert_eq!(feed.documents[text(&order["id"])], cluster.staff.order(&order["id"]).await);
    }
}
