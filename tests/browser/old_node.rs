//! The pages against a node of an older version, as during a rolling upgrade: they send nothing that it refuses, and what they
//! offer works.

use crate::restaurant::TestRestaurant;
use serde_json::json;
use std::collections::BTreeSet;
use support::client::text;

/// Returns the actions that the server refused as `invalid` or `forbidden`, and those it carried out.
async fn commands(restaurant: &TestRestaurant) -> (Vec<String>, BTreeSet<String>) {
    let metrics = restaurant.server.anybody().get("/metrics").await.text;
    let counted = metrics.lines().filter(|line| line.starts_with("orderbell_commands_total{"));
    let is_refused = |line: &&str| line.contains("\"invalid\"") || line.contains("\"forbidden\"");
    let action = |line: &str| line.split("action=\"").nth(1).and_then(|rest| rest.split('"').next()).unwrap().to_owned();
    (counted.clone().filter(is_refused).map(str::to_owned).collect(), counted.map(action).collect())
}

async fn serve_an_evening(level: &str) {
    let restaurant = TestRestaurant::open(4, &["--feature-level", level]).await;
    let (phone, hot, expo, floor) = restaurant.four_pages().await;
    phone.add(restaurant.menu.dish("Beef rezala")).await;
    phone.add(restaurant.menu.dish("Firni")).await;
    phone.place().await;
    let order = phone.only_order().await;
    floor.act(&order, "accept").await;
    hot.act(&order, "ready").await;
    let rezala = restaurant.item(&order, "Beef rezala").await;
    expo.shows_item(&order, &rezala, "done").await;
    expo.act(&order, "ready").await;
    phone.shows(&order, "ready").await;
    expo.act(&order, "recall").await;
    phone.shows(&order, "preparing").await;
    expo.act(&order, "ready").await;
    floor.act(&order, "serve").await;
    phone.shows(&order, "served").await;

    floor.tap("[data-do='new-order']").await;
    floor.tap("[data-place-table='4']").await;
    for dish in ["Kacchi biryani", "Lemon soda"] {
        floor.tap(&format!("[data-dish='{}']", text(&restaurant.menu.dish(dish)["id"]))).await;
    }
    floor.tap(".entry__line[data-open] [data-option]").await;
    floor.tap("[data-do='entry-send']").await;
    let entered = support::eventually("the entered order", support::PATIENCE, || async {
        restaurant.orders().await.into_iter().find(|order| order["status"] == "accepted")
    })
    .await;
    let id = text(&entered["id"]);
    assert_eq!((&entered["table"], entered["items"].as_object().unwrap().len()), (&json!("4"), 2));
    floor.act(id, "rush").await;
    let rushed = || async { (restaurant.order(id).await["rush"] == true).then_some(()) };
    support::eventually("the rush", support::PATIENCE, rushed).await;
    floor.act(id, "cancel").await;
    floor.tap("dialog[open] [data-reason]").await;
    let closed = || async { (restaurant.order(id).await["status"] == "cancelled").then_some(()) };
    support::eventually("the end of the order", support::PATIENCE, closed).await;
    let profile = restaurant.staff.get("/api/v1/restaurants/demo").await.expect(200);
    assert_eq!(profile["feature_level"].to_string(), level, "the control");
    let (refused, seen) = commands(&restaurant).await;
    assert_eq!(refused, Vec::<String>::new());
    for action in ["accept", "ready", "recall", "serve", "rush", "cancel"] {
        assert!(seen.contains(action), "the control: {action} of {seen:?}");
    }
    for screen in [&phone, &hot, &expo, &floor] {
        screen.has_no_complaint().await;
    }
}

#[tokio::test]
async fn the_pages_serve_an_evening_on_a_node_of_the_first_version() {
    serve_an_evening("0").await;
}

#[tokio::test]
async fn the_pages_serve_an_evening_on_a_node_of_feature_level_1() {
    serve_an_evening("1").await;
}
