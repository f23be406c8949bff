//! A course that waits for its time, on nodes that die.

use crate::test_cluster::{TestCluster, node};
use serde_json::{Value, json};
use sqlx::{Connection, PgConnection, query};
use support::client::text;
use support::{Menu, PATIENCE, eventually};

const MENU: &str = "/api/v1/restaurants/demo/menu";

/// Makes the categories of two dishes courses, of which the second fires a minute after the first was served.
async fn with_courses(cluster: &TestCluster) -> Menu {
    let manager = cluster.nodes[0].manager().await;
    let menu = manager.get(MENU).await.expect(200);
    let mut draft = json!({"categories": menu["categories"], "items": menu["items"]});
    for item in draft["items"].as_object_mut().unwrap().values_mut() {
        item.as_object_mut().unwrap().retain(|name, _| name != "available" && name != "until");
    }
    for (dish, number) in [("Beef rezala", 1), ("Firni", 2)] {
        let category = text(&cluster.menu.dish(dish)["category"]);
        draft["categories"][category]["course"] = json!({"number": number, "name": dish});
    }
    manager.put(MENU, &draft).await.expect(200);
    let rule = json!({"firing": "after_served", "minutes": 1});
    manager.put("/api/v1/restaurants/demo/firing", &rule).await.expect(200);
    Menu::read(&cluster.staff).await
}

/// A second node serves the first course and dies. The first one fires the next when its time comes, and nobody does it again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_course_fires_once_although_the_node_that_served_the_one_before_is_dead() {
    let mut cluster = TestCluster::open(2, None, &[]).await;
    let menu = with_courses(&cluster).await;
    let other = cluster.at(&cluster.staff, 1);
    let lines = json!([menu.line("Beef rezala", 1), menu.line("Firni", 1)]);
    let order = other.place(&json!({"service": "takeaway", "items": lines})).await["id"].clone();
    for action in ["accept", "ready"] {
        other.act(&order, action).await;
    }
    let served = other.command(&order, "serve", json!({"course": 1})).await.expect(200)["document"].clone();
    assert!(served["fires_at"].is_string(), "{served}");
    cluster.nodes[1].kill().await;

    // Lets the minute pass.
    let mut database = PgConnection::connect(&cluster.database).await.unwrap();
    let pass = "UPDATE orders SET fires_at = fires_at - 60000000, \
        document = jsonb_set(document::jsonb, '{fires_at}', '\"2026-01-01T00:00:00.000Z\"')::text WHERE fires_at IS NOT NULL";
    assert_eq!(query(pass).execute(&mut database).await.unwrap().rows_affected(), 1);
    let is_held = |order: &Value| order["items"].as_object().unwrap().values().any(|item| item["held"] == true);
    let fired = || async { Some(cluster.staff.order(&order).await).filter(|order| !is_held(order)) };
    let after = eventually("the course", PATIENCE, fired).await;
    assert_eq!(after["fires_at"], Value::Null);
    cluster.add(node(&cluster.database, None, &[]).await);
    let story = cluster.staff.get(&format!("/api/v1/orders/{}/story", text(&order))).await.expect(200);
    let events = story["events"].as_array().unwrap().iter().filter(|event| event["kind"] == "item.fired");
    let by: Vec<_> = events.map(|event| event["by"].clone()).collect();
    assert_eq!(by, [json!({"role": "service", "rule": "firing"})]);
}
