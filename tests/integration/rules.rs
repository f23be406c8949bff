//! A restaurant's rules can require a higher role for an action, over every transport.

use crate::restaurant::TestRestaurant;
use orderbell::domain::values::time::Timestamp;
use reqwest::Method;
use serde_json::{Value, json};
use support::client::{Answer, text};
use support::{Client, Followed, new_id};

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

/// Two kinds of readers of one order: those of the floor, and its guest.
fn is_accepted(frame: &Value) -> bool {
    frame["event"]["kind"] == "order.accepted"
}

#[tokio::test]
async fn an_order_that_fits_the_rule_is_accepted_by_it_and_the_floor_alone_reads_that() {
    let mut restaurant = TestRestaurant::open(&[]).await;
    let manager = restaurant.server.manager().await;
    let roles = json!({"cancel": "manager"});
    let body = json!({"minimum_roles": roles, "auto_accept": {"minutes": 35, "tables": ["7"], "most_portions": 9}});
    assert_eq!(manager.put(RULES, &body).await.expect(200)["auto_accept"], body["auto_accept"]);
    let (fits, other) = (restaurant.server.diner("7").await, restaurant.server.diner("3").await);

    let left = other.place(&restaurant.menu.basket()).await;
    assert_eq!((&left["status"], &left["auto_accepted"]), (&json!("placed"), &Value::Null), "not at this table");
    let order = fits.place(&restaurant.menu.basket()).await;
    assert_eq!((&order["status"], &order["auto_accepted"]), (&json!("accepted"), &json!(true)));
    let minutes = |of: &str| serde_json::from_value::<Timestamp>(order[of].clone()).unwrap().millis() / 60_000;
    assert_eq!(minutes("promised_at") - minutes("placed_at"), 35);
    assert_eq!(order["accepted_at"], order["placed_at"], "one commit");
    let heard = restaurant.floor.until("the acceptance", is_accepted).await;
    assert_eq!(heard["event"]["by"], json!({"role": "service", "rule": "auto_accept"}));
    assert_eq!(heard["position"], order["position"]);
    let mut guest = fits.screen().await;
    let room = format!("order:{}", text(&order["id"]));
    guest.rooms.insert(room.clone(), Followed::since(0));
    guest.send(&json!({"type": "subscribe", "room": room, "since": 0, "epoch": guest.epoch()})).await;
    let told = guest.until("the acceptance", is_accepted).await;
    assert_eq!(told["event"]["by"], json!({"role": "service"}));
    let story = restaurant.staff.get(&format!("/api/v1/orders/{}/story", text(&order["id"]))).await.expect(200);
    let by: Vec<_> = story["events"].as_array().unwrap().iter().map(|event| event["by"].clone()).collect();
    assert_eq!(by, [json!({"role": "diner"}), json!({"role": "service", "rule": "auto_accept"})]);
    let again = restaurant.staff.command(&order["id"], "accept", json!({"minutes": 5})).await.expect(200);
    assert_eq!(again["changed"], false);

    // Rules without this one end it, from the next order on.
    manager.put(RULES, &json!({"minimum_roles": roles})).await.expect(200);
    assert_eq!(fits.place(&restaurant.menu.noted("later")).await["status"], "placed");
}

#[tokio::test]
async fn no_rule_accepts_while_orders_are_paused_or_the_restaurant_is_closed_nor_what_has_a_note() {
    let restaurant = TestRestaurant::open(&[]).await;
    let manager = restaurant.server.manager().await;
    let set = async |rule: Value| manager.put(RULES, &json!({"auto_accept": rule})).await.expect(200);
    let status = async |basket: Value| restaurant.staff.place(&basket).await["status"].clone();
    let (basket, allergy) = (restaurant.menu.basket(), {
        let mut basket = restaurant.menu.noted("nuts");
        (basket["note"], basket["allergy"]) = (json!("nuts"), json!(true));
        basket
    });
    set(json!({"minutes": 20})).await;
    assert_eq!(status(basket.clone()).await, "accepted");
    let noted = restaurant.menu.noted("I cannot have peanuts");
    for basket in [&allergy, &noted] {
        assert_eq!(status(basket.clone()).await, "placed");
    }
    set(json!({"minutes": 20, "notes": true})).await;
    for basket in [allergy, noted] {
        assert_eq!(status(basket).await, "accepted");
    }

    let pause = "/api/v1/restaurants/demo/pause";
    restaurant.staff.put(pause, &json!({"paused": true})).await.expect(200);
    let diner = restaurant.server.diner("7").await;
    for who in [&restaurant.staff, &diner] {
        Client::send(who.placing(&new_id(), &basket)).await.problem(409, "paused");
    }
    restaurant.staff.put(pause, &json!({"paused": false})).await.expect(200);
    manager.put("/api/v1/restaurants/demo/hours", &json!({"time_zone": "UTC", "hours": []})).await.expect(200);
    Client::send(diner.placing(&new_id(), &basket)).await.problem(409, "paused");
    assert_eq!(status(basket).await, "placed", "what staff enter while it is closed");
    for wrong in [json!({}), json!({"minutes": 0}), json!({"minutes": 20, "tables": null}), json!({"minutes": 20, "who": "me"})] {
        manager.put(RULES, &json!({"auto_accept": wrong})).await.problem(422, "invalid");
    }
}

#[tokio::test]
async fn below_its_feature_level_there_is_no_rule() {
    let restaurant = TestRestaurant::open(&["--feature-level", "1"]).await;
    let manager = restaurant.server.manager().await;
    manager.put(RULES, &json!({"auto_accept": {"minutes": 20}})).await.problem(422, "invalid");
    let order = restaurant.server.diner("7").await.place(&restaurant.menu.basket()).await;
    assert_eq!(order["status"], "placed");
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
