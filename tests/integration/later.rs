//! Orders for later, as clients see them: they wait, begin once by the server's clock, and never ring before.

use orderbell::clock;
use orderbell::domain::values::time::Timestamp;
use serde_json::{Value, json};
use std::time::Duration;
use support::{Client, Menu, TestServer, client::text, new_id};

const ORDERS: &str = "/api/v1/restaurants/demo/orders";

/// Returns the time a number of milliseconds from now, by the clock that the server uses.
fn due_in(millis: i64) -> Value {
    json!(Timestamp::from_millis(clock::now().millis() + millis))
}

/// The minutes that an order takes in the demonstration, in milliseconds.
async fn takes(client: &Client) -> i64 {
    client.get("/api/v1/restaurants/demo").await.expect(200)["default_minutes"].as_i64().unwrap() * 60_000
}

fn later(menu: &Menu, due: &Value) -> Value {
    json!({"service": "takeaway", "items": [menu.line("Firni", 1)], "guest_name": "Anna", "due_at": due})
}

#[tokio::test]
async fn an_order_for_later_waits_and_begins_once_by_the_servers_clock() {
    let server = TestServer::start(&[]).await;
    let (staff, cook) = (server.staff().await, server.client(&["kitchen"]).await);
    let menu = Menu::read(&staff).await;
    let due = due_in(takes(&staff).await + 3000);
    let mut kitchen = cook.screen().await;
    kitchen.join(&menu.kitchen()).await;
    let order = staff.place(&later(&menu, &due)).await;
    assert_eq!((&order["upcoming"], &order["due_at"]), (&json!(true), &due));
    let accepted = staff.act(&order["id"], "accept").await;
    assert_eq!(accepted["document"]["promised_at"], due, "the promise is the requested time");
    let listed = staff.get(&format!("{ORDERS}?status=upcoming")).await.expect(200);
    assert_eq!(listed["orders"][0]["id"], order["id"]);
    cook.command(&order["id"], "start", json!({})).await.problem(409, "invalid_transition");

    // The server looks every two seconds.
    let begun = loop {
        tokio::time::sleep(Duration::from_millis(100)).await;
        let order = staff.order(&order["id"]).await;
        if order.get("upcoming").is_none() {
            break order;
        }
    };
    assert!(text(&begun["starts_at"]) < text(&due));
    let position = begun["position"].as_u64().unwrap();
    let seen = kitchen.see(&menu.kitchen(), position).await;
    assert_eq!(seen.documents[text(&order["id"])], begun);
    let story = staff.get(&format!("/api/v1/orders/{}/story", text(&order["id"]))).await.expect(200);
    let kinds: Vec<_> = story["events"].as_array().unwrap().iter().map(|event| text(&event["kind"]).to_owned()).collect();
    assert_eq!(kinds, ["order.placed", "order.accepted", "order.due"]);
    assert_eq!(story["events"][2]["by"], json!({"role": "service"}));
    assert_eq!(staff.get(&format!("{ORDERS}?status=upcoming")).await.expect(200), json!({"orders": []}));
    cook.command(&order["id"], "start", json!({})).await.expect(200);
}

#[tokio::test]
async fn only_staff_begin_an_order_early_or_change_its_time_and_an_invalid_time_is_refused() {
    let server = TestServer::start(&[]).await;
    let (guest, staff, cook) = (server.diner("7").await, server.staff().await, server.client(&["kitchen"]).await);
    let menu = Menu::read(&staff).await;
    let due = due_in(5 * 3_600_000);
    let order = guest.place(&later(&menu, &due)).await;
    let other = due_in(6 * 3_600_000);
    for client in [&guest, &cook] {
        client.command(&order["id"], "start_now", json!({})).await.problem(403, "forbidden");
        client.command(&order["id"], "reschedule", json!({"due_at": other})).await.problem(403, "forbidden");
    }
    let moved = staff.command(&order["id"], "reschedule", json!({"due_at": other})).await.expect(200);
    assert_eq!((&moved["document"]["due_at"], &moved["document"]["upcoming"]), (&other, &json!(true)));
    let command = json!({"id": new_id(), "action": "start_now"});
    let path = format!("/api/v1/orders/{}/commands", text(&order["id"]));
    let first = staff.post(&path, &command).await.expect(200);
    assert_eq!((&first["changed"], first["document"].get("upcoming")), (&json!(true), None));
    assert_eq!(staff.post(&path, &command).await.expect(200)["position"], first["position"], "the same id begins once");
    assert_eq!(staff.act(&order["id"], "start_now").await["changed"], false);

    for wrong in [due_in(-1000), due_in(15 * 24 * 3_600_000), json!("soon")] {
        for client in [&guest, &staff] {
            let refused = Client::send(client.placing(&new_id(), &later(&menu, &wrong))).await;
            let detail = refused.problem(422, "invalid");
            assert!(text(&detail["detail"]).starts_with("due_at: "), "{detail}");
        }
    }
    let mut at_table = later(&menu, &due);
    at_table["service"] = json!("dine_in");
    Client::send(guest.placing(&new_id(), &at_table)).await.problem(422, "invalid");
    let for_now = guest.place(&menu.basket()).await;
    staff.command(&for_now["id"], "reschedule", json!({"due_at": due})).await.problem(409, "invalid_transition");
}

/// Nobody sees orders for later for days, so they fill only a part of what a guest or a table may order.
#[tokio::test]
async fn orders_for_later_leave_room_for_orders_for_now() {
    let server = TestServer::start(&["--diner-open-orders", "8", "--table-open-orders", "12"]).await;
    let menu = Menu::read(&server.staff().await).await;
    let basket = later(&menu, &due_in(36_000_000));
    let (one, two) = (server.diner("7").await, server.diner("7").await);
    let refused = async |client: &Client| {
        let answer = Client::send(client.placing(&new_id(), &basket)).await.problem(429, "rate_limited");
        text(&answer["reason"]).to_owned()
    };
    for _ in 0..2 {
        one.place(&basket).await;
    }
    assert_eq!(refused(&one).await, "open_orders_by_diner");
    two.place(&basket).await;
    assert_eq!(refused(&two).await, "open_orders_by_table");
    for guest in [&one, &two] {
        guest.place(&menu.noted("for now")).await;
    }
}
