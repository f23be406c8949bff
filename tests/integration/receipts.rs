//! Receipts that guests read: an order or a call counts as seen only once a floor page has reported it.

use serde_json::{Value, json};
use support::{Client, Menu, PATIENCE, TestServer, client::text, eventually, new_id};

struct Table {
    server: TestServer,
    staff: Client,
    guest: Client,
    menu: Menu,
}

impl Table {
    async fn set() -> Self {
        let server = TestServer::start(&[]).await;
        let (staff, guest) = (server.staff().await, server.diner("4").await);
        let menu = Menu::read(&guest).await;
        Self { server, staff, guest, menu }
    }

    async fn call(&self, reason: &str) -> Value {
        let body = json!({"id": new_id(), "action": "call_waiter", "reason": reason});
        self.guest.post("/api/v1/restaurants/demo/commands", &body).await.expect(200)
    }

    async fn calls(&self) -> Value {
        self.guest.get("/api/v1/diner-sessions/current/calls").await.expect(200)["calls"].clone()
    }

    async fn becomes_seen(&self, order: &Value) {
        eventually("the order seen", PATIENCE, || async { is_seen(&self.guest, order).await.then_some(()) }).await;
    }
}

fn receipt(order: &Value) -> String {
    format!("/api/v1/orders/{}/receipt", text(&order["id"]))
}

async fn is_seen(client: &Client, order: &Value) -> bool {
    client.get(&receipt(order)).await.expect(200)["floor_seen"].as_bool().unwrap()
}

#[tokio::test]
async fn an_order_is_seen_once_a_page_of_the_floor_has_drawn_it() {
    let table = Table::set().await;
    let first = table.guest.place(&table.menu.basket()).await;
    let mut floor = table.staff.screen().await;
    floor.join(&table.menu.floor()).await;
    let mut report = async |room: String, position: u64| {
        floor.send(&json!({"type": "seen", "room": room, "position": position})).await;
        floor.send(&json!({"type": "ping"})).await;
        floor.until("the pong", |frame| frame["type"] == "pong").await;
    };
    assert!(!is_seen(&table.guest, &first).await, "following the room does not count as showing the order");
    report(table.menu.floor(), first["position"].as_u64().unwrap()).await;
    table.becomes_seen(&first).await;
    let second = table.guest.place(&table.menu.basket()).await;
    assert!(!is_seen(&table.guest, &second).await);
    report(table.menu.floor(), second["position"].as_u64().unwrap()).await;
    table.becomes_seen(&second).await;

    let third = table.guest.place(&table.menu.basket()).await;
    assert!(!is_seen(&table.guest, &third).await);
    let body = json!({"position": third["position"]});
    let path = |room: String| format!("/api/v1/rooms/{room}/seen");
    table.guest.post(&path(table.menu.floor()), &body).await.problem(403, "forbidden");
    assert_eq!(table.guest.post(&path(format!("order:{}", text(&third["id"]))), &body).await.status, 204);
    assert!(!is_seen(&table.guest, &third).await, "a guest's report says nothing about the floor");
    assert_eq!(table.staff.post(&path(table.menu.floor()), &body).await.status, 204);
    table.becomes_seen(&third).await;
}

#[tokio::test]
async fn everyone_who_may_see_an_order_gets_its_receipt_even_by_a_link() {
    let table = Table::set().await;
    let order = table.guest.place(&table.menu.basket()).await;
    let link = table.guest.post(&format!("/api/v1/orders/{}/share", text(&order["id"])), &json!({})).await.expect(200);
    let friend = Client::new(&table.server.base, text(&link["token"]));
    assert!(!is_seen(&friend, &order).await);
    let stranger = table.server.diner("4").await;
    stranger.get(&receipt(&order)).await.problem(404, "not_found");
    friend.get("/api/v1/diner-sessions/current/calls").await.problem(403, "forbidden");
    table.staff.get("/api/v1/diner-sessions/current/calls").await.problem(403, "forbidden");
}

#[tokio::test]
async fn a_call_is_listed_until_the_staff_close_it_and_says_whether_it_was_seen() {
    let table = Table::set().await;
    assert_eq!(table.calls().await, json!([]));
    let raised = table.call("bill").await;
    let id = raised["document"]["id"].clone();
    let at = raised["document"]["raised_at"].clone();
    assert_eq!(table.calls().await, json!([{"id": id, "reason": "bill", "raised_at": at, "floor_seen": false}]));
    let body = json!({"position": raised["position"]});
    let path = format!("/api/v1/rooms/{}/seen", table.menu.floor());
    assert_eq!(table.staff.post(&path, &body).await.status, 204);
    eventually("the call seen", PATIENCE, || async { (table.calls().await[0]["floor_seen"] == true).then_some(()) }).await;
    let other = table.server.diner("5").await.get("/api/v1/diner-sessions/current/calls").await.expect(200);
    assert_eq!(other, json!({"calls": []}), "a guest gets only the calls of their own table");
    let answer = json!({"id": new_id(), "action": "answer_call", "call": id});
    table.staff.post("/api/v1/restaurants/demo/commands", &answer).await.expect(200);
    assert_eq!(table.calls().await, json!([]));
}
