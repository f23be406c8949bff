//! The details of a delivery: stored beside the order, and shown only to people who deliver it.

use serde_json::{Value, json};
use support::{Client, Menu, TestServer, client::text, new_id};

/// Words that may appear only in the answer of the call for delivery details.
const SECRET: [&str; 4] = ["Anwara", "01700-123456", "Road 7, House 12", "blue door"];

fn rider() -> Value {
    json!({"name": SECRET[0], "phone": SECRET[1], "address": SECRET[2], "note": SECRET[3]})
}

fn basket(menu: &Menu) -> Value {
    json!({"service": "delivery", "items": [menu.line("Firni", 1)], "delivery": rider()})
}

fn address(order: &Value) -> String {
    format!("/api/v1/orders/{}/delivery", text(&order["id"]))
}

#[tokio::test]
async fn delivery_details_are_in_no_document_or_event_and_readable_by_people_who_deliver() {
    let server = TestServer::start(&[]).await;
    let (service, staff, manager) = (server.client(&["service"]).await, server.staff().await, server.manager().await);
    let (guest, cook) = (server.diner("7").await, server.client(&["kitchen"]).await);
    let menu = Menu::read(&staff).await;
    let key = new_id();
    let order = Client::send(service.placing(&key, &basket(&menu))).await.expect(201);
    staff.act(&order["id"], "accept").await;
    let mut texts = vec![order.to_string(), Client::send(service.placing(&key, &basket(&menu))).await.expect(201).to_string()];
    for path in [
        format!("/api/v1/orders/{}", text(&order["id"])),
        format!("/api/v1/orders/{}/story", text(&order["id"])),
        "/api/v1/restaurants/demo/orders?status=all".to_owned(),
        format!("/api/v1/rooms/{}/events?since=0&wait=0", menu.floor()),
        format!("/api/v1/rooms/{}/events?since=0&wait=0", menu.kitchen()),
    ] {
        texts.push(staff.get(&path).await.expect(200).to_string());
    }
    texts.push(manager.get("/api/v1/restaurants/demo/audit").await.expect(200).to_string());
    for text in &texts {
        assert!(SECRET.iter().all(|word| !text.contains(word)), "{text}");
    }
    for client in [&service, &staff, &manager] {
        assert_eq!(client.get(&address(&order)).await.expect(200), rider());
    }
    for client in [&cook, &guest] {
        client.get(&address(&order)).await.problem(403, "forbidden");
        client.put(&address(&order), &rider()).await.problem(403, "forbidden");
        client.delete(&address(&order)).await.problem(403, "forbidden");
    }
    let moved = json!({"name": SECRET[0], "phone": SECRET[1], "address": "Road 9"});
    assert_eq!(staff.put(&address(&order), &moved).await.status, 204);
    assert_eq!(staff.get(&address(&order)).await.expect(200), moved);
    assert_eq!(staff.delete(&address(&order)).await.status, 204);
    staff.get(&address(&order)).await.problem(404, "not_found");
    staff.delete(&address(&order)).await.problem(404, "not_found");
    let audit = manager.get("/api/v1/restaurants/demo/audit?kind=orders&limit=3").await.expect(200);
    let entries = audit["audit"].as_array().unwrap().iter().map(|entry| {
        assert_eq!(entry["subject"], order["id"]);
        assert!(SECRET.iter().all(|word| !entry.to_string().contains(word)), "{entry}");
        [&entry["action"], &entry["outcome"], &entry["role"]].map(text)
    });
    let expected = [("erase_delivery", "not_found"), ("erase_delivery", "done"), ("set_delivery", "done")];
    assert_eq!(entries.collect::<Vec<_>>(), expected.map(|(action, outcome)| [action, outcome, "staff"]));
    let eaten_here = guest.place(&menu.basket()).await;
    staff.put(&address(&eaten_here), &moved).await.problem(404, "not_found");
}

#[tokio::test]
async fn delivery_details_are_not_compared_in_a_retry_and_only_a_delivery_has_them() {
    let server = TestServer::start(&[]).await;
    let (service, guest) = (server.client(&["service"]).await, server.diner("7").await);
    let menu = Menu::read(&service).await;
    let mut order = basket(&menu);
    order["external_id"] = json!("pos-1");
    let first = Client::send(service.placing(&new_id(), &order)).await.expect(201);
    order["delivery"]["address"] = json!("Road 9");
    let again = Client::send(service.placing(&new_id(), &order)).await.expect(200);
    assert_eq!(again["id"], first["id"], "a hash of an address would be kept for good");
    assert_eq!(service.get(&address(&first)).await.expect(200)["address"], SECRET[2]);
    Client::send(guest.placing(&new_id(), &basket(&menu))).await.problem(422, "invalid");
    let mut takeaway = basket(&menu);
    takeaway["service"] = json!("takeaway");
    Client::send(service.placing(&new_id(), &takeaway)).await.problem(422, "invalid");
    let mut long = basket(&menu);
    long["delivery"]["phone"] = json!("1".repeat(41));
    let refused = Client::send(service.placing(&new_id(), &long)).await.problem(422, "invalid");
    assert!(!refused.to_string().contains("1111"), "{refused}");
}

/// Lines, rounds and corrections can name a seat. A correction without one keeps the seat of the line.
#[tokio::test]
async fn a_line_keeps_its_seat() {
    let server = TestServer::start(&[]).await;
    let staff = server.staff().await;
    let menu = Menu::read(&staff).await;
    let line = |name: &str, seat: u16| {
        let mut line = menu.line(name, 1);
        line["seat"] = json!(seat);
        line
    };
    let order = staff.place(&json!({"service": "dine_in", "table": "7", "items": [line("Firni", 2)]})).await;
    let seats =
        |document: &Value| document["items"].as_object().unwrap().values().map(|item| item["seat"].clone()).collect::<Vec<_>>();
    assert_eq!(seats(&order), [json!(2)]);
    let ack = staff.command(&order["id"], "add_items", json!({"items": [line("Masala cha", 99)]})).await.expect(200);
    assert_eq!(seats(&ack["document"]), [json!(2), json!(99)]);
    let item = order["items"].as_object().unwrap().keys().next().unwrap();
    let change = |line: Value| json!({"item": item, "line": line});
    let ack = staff.command(&order["id"], "change_item", change(menu.line("Firni", 3))).await.expect(200);
    assert_eq!(seats(&ack["document"])[0], 2);
    let ack = staff.command(&order["id"], "change_item", change(line("Firni", 4))).await.expect(200);
    assert_eq!(seats(&ack["document"])[0], 4);
    for wrong in [0, 100] {
        let body = json!({"service": "dine_in", "table": "7", "items": [line("Firni", wrong)]});
        Client::send(staff.placing(&new_id(), &body)).await.problem(422, "invalid");
    }
}
