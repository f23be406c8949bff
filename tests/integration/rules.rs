//! A restaurant's rules can require a higher role for an action, over every transport.

use crate::restaurant::TestRestaurant;
use reqwest::Method;
use serde_json::{Value, json};
use support::client::{Answer, text};
use support::{Client, new_id};

const RULES: &str = "/api/v1/restaurants/demo/rules";

fn reason(answer: &Answer) -> Value {
    answer.problem(403, "forbidden")["reason"].clone()
}

async fn require(manager: &Client, roles: Value) -> Value {
    manager.put(RULES, &json!({"minimum_roles": roles})).await.expect(200)
}

#[tokio::test]
async fn an_action_that_needs_a_manager_is_refused_to_staff_on_every_transport_until_the_rule_is_removed() {
    let mut restaurant = TestRestaurant::open(&[]).await;
    let manager = restaurant.server.manager().await;
    let order = restaurant.server.diner("7").await.place(&restaurant.menu.basket()).await;
    let id = &order["id"];
    restaurant.staff.act(id, "accept").await;
    let rules = require(&manager, json!({"cancel": "manager", "set_availability": "manager", "move": "manager"})).await;
    assert_eq!(rules["minimum_roles"]["cancel"], "manager");
    assert_eq!(restaurant.staff.get(RULES).await.expect(200), rules);

    let why = json!({"id": new_id(), "reason": "too_busy"});
    let refused = restaurant.staff.command(id, "cancel", why.clone()).await;
    assert_eq!(reason(&refused), "manager_required");
    let frame = restaurant.floor.command(id, "cancel", why.clone()).await;
    assert_eq!((&frame["code"], &frame["reason"]), (&json!("forbidden"), &json!("manager_required")), "{frame}");
    let visit = restaurant.staff.get("/api/v1/restaurants/demo/visits").await.expect(200)["visits"][0]["id"].clone();
    let to = json!({"id": new_id(), "action": "move", "visit": visit, "table": "2"});
    assert_eq!(reason(&restaurant.staff.post("/api/v1/restaurants/demo/commands", &to).await), "manager_required");
    let dish = text(&restaurant.menu.dish("Firni")["id"]).to_owned();
    let path = format!("/api/v1/restaurants/demo/menu/items/{dish}/availability");
    assert_eq!(reason(&restaurant.staff.put(&path, &json!({"available": false})).await), "manager_required");
    manager.put(&path, &json!({"available": false})).await.expect(200);
    restaurant.staff.act(id, "ready").await;

    // A refusal for a missing role is not remembered.
    require(&manager, json!({})).await;
    restaurant.staff.command(id, "cancel", why).await.expect(200);
    let told = manager.get("/api/v1/restaurants/demo/audit").await.expect(200);
    let outcomes = |action: &str| {
        let of = told["audit"].as_array().unwrap().iter().filter(|entry| entry["action"] == action);
        of.map(|entry| text(&entry["outcome"]).to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(outcomes("cancel"), ["done", "forbidden", "forbidden"]);
    assert_eq!(outcomes("set_rules"), ["done", "done"]);
}

#[tokio::test]
async fn rules_apply_to_kitchens_and_people_but_not_to_guests_and_services() {
    let restaurant = TestRestaurant::open(&[]).await;
    let manager = restaurant.server.manager().await;
    let roles = json!({"start": "staff", "ready": "manager", "cancel": "manager", "accept": "manager"});
    require(&manager, roles).await;
    let diner = restaurant.server.diner("7").await;
    let service = restaurant.server.client(&["service"]).await;
    let (one, two) = (diner.place(&restaurant.menu.basket()).await, diner.place(&restaurant.menu.noted("second")).await);
    diner.command(&two["id"], "cancel", json!({"reason": "customer_request"})).await.expect(200);
    assert_eq!(reason(&restaurant.staff.command(&one["id"], "accept", json!({})).await), "manager_required");
    service.command(&one["id"], "accept", json!({})).await.expect(200);
    let kitchen = restaurant.server.kitchen("hot").await;
    assert_eq!(reason(&kitchen.command(&one["id"], "start", json!({})).await), "staff_required");
    assert_eq!(reason(&kitchen.command(&one["id"], "ready", json!({})).await), "manager_required");
    restaurant.staff.command(&one["id"], "start", json!({})).await.expect(200);
    assert_eq!(reason(&restaurant.staff.command(&one["id"], "ready", json!({})).await), "manager_required");
    manager.command(&one["id"], "ready", json!({})).await.expect(200);
    kitchen.get(RULES).await.expect(200);
    diner.get(RULES).await.problem(403, "forbidden");
}

#[tokio::test]
async fn only_managers_set_rules_and_two_managers_do_not_overwrite_each_other() {
    let restaurant = TestRestaurant::open(&[]).await;
    let manager = restaurant.server.manager().await;
    restaurant.staff.put(RULES, &json!({})).await.problem(403, "forbidden");
    for wrong in
        [json!({"cancel": "kitchen"}), json!({"call_waiter": "staff"}), json!({"cancel": null}), json!({"place": "manager"})]
    {
        manager.put(RULES, &json!({"minimum_roles": wrong})).await.problem(422, "invalid");
    }
    let read = manager.get(RULES).await;
    assert_eq!(read.expect(200)["minimum_roles"], json!({}));
    let version = read.header("etag").to_owned();
    let set = async |role: &str| {
        let body = json!({"minimum_roles": {"cancel": role}});
        Client::send(manager.request(Method::PUT, RULES).header("If-Match", &version).json(&body)).await
    };
    assert_ne!(set("manager").await.header("etag"), version);
    set("staff").await.problem(412, "stale");
    assert_eq!(manager.get(RULES).await.expect(200)["minimum_roles"]["cancel"], "manager");
}
