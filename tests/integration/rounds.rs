//! Rounds and corrections of an open order, as clients see them on every transport.

use serde_json::{Value, json};
use support::{Client, Menu, TestServer, client::text, new_id};

fn lines(document: &Value) -> Vec<Value> {
    document["items"].as_object().unwrap().values().cloned().collect()
}

#[tokio::test]
async fn a_round_reaches_every_screen_and_reopens_the_order_for_the_kitchen() {
    let server = TestServer::start(&[]).await;
    let (guest, cook, staff) = (server.diner("7").await, server.client(&["kitchen"]).await, server.staff().await);
    let menu = Menu::read(&guest).await;
    let order = guest.place(&menu.basket()).await;
    for action in ["accept", "ready"] {
        staff.act(&order["id"], action).await;
    }
    let [mut phone, mut kitchen, mut floor] = [guest.screen().await, cook.screen().await, staff.screen().await];
    let room = format!("order:{}", text(&order["id"]));
    phone.join(&room).await;
    kitchen.join(&menu.kitchen()).await;
    floor.join(&menu.floor()).await;

    let items = json!([menu.line("Masala cha", 2), menu.line("Firni", 1)]);
    let ack = phone.command(&order["id"], "add_items", json!({"items": items})).await;
    let document = &ack["document"];
    assert_eq!(
        (&ack["changed"], &document["status"], document.get("ready_at")),
        (&json!(true), &json!("preparing"), None),
        "{ack}"
    );
    let added: Vec<_> = lines(document).into_iter().filter(|line| line["round"] == 2).collect();
    assert_eq!(added.len(), 2);
    assert!(added.iter().all(|line| line["status"] == "queued" && line["added_at"].is_string()));
    let price = |name: &str, count: i64| menu.dish(name)["price"]["amount"].as_i64().unwrap() * count;
    let more = price("Masala cha", 2) + price("Firni", 1);
    assert_eq!(document["total"]["amount"], order["total"]["amount"].as_i64().unwrap() + more);
    let position = ack["position"].as_u64().unwrap();
    for (screen, room) in [(&mut phone, room), (&mut kitchen, menu.kitchen()), (&mut floor, menu.floor())] {
        assert_eq!(&screen.see(&room, position).await.documents[text(&order["id"])], document, "{room}");
    }
    assert_eq!(&staff.order(&order["id"]).await, document);

    // The same id adds nothing more, on another transport too.
    let command = json!({"id": ack["id"], "action": "add_items", "items": items});
    let path = format!("/api/v1/orders/{}/commands", text(&order["id"]));
    assert_eq!(guest.post(&path, &command).await.expect(200)["position"], ack["position"]);
    assert_eq!(&staff.order(&order["id"]).await, document);
    let stale = json!({"items": items, "expected_position": order["position"]});
    assert_eq!(staff.command(&order["id"], "add_items", stale).await.problem(409, "stale")["document"], *document);
}

#[tokio::test]
async fn the_restaurant_decides_whether_guests_add_rounds() {
    let server = TestServer::start(&[]).await;
    let (guest, other, staff) = (server.diner("7").await, server.diner("7").await, server.staff().await);
    let menu = Menu::read(&guest).await;
    let order = guest.place(&menu.basket()).await;
    let round = || json!({"items": [menu.line("Firni", 1)]});
    guest.command(&order["id"], "add_items", round()).await.expect(200);
    other.command(&order["id"], "add_items", round()).await.problem(404, "not_found");
    server.client(&["kitchen"]).await.command(&order["id"], "add_items", round()).await.problem(403, "forbidden");

    let path = "/api/v1/restaurants/demo/guest-rounds";
    guest.put(path, &json!({"allowed": false})).await.problem(403, "forbidden");
    let changed = staff.put(path, &json!({"allowed": false})).await.expect(200);
    assert_eq!(changed["document"]["guest_rounds"], false);
    let id = new_id();
    let refused = json!({"id": id, "action": "add_items", "items": [menu.line("Firni", 1)]});
    let commands = format!("/api/v1/orders/{}/commands", text(&order["id"]));
    guest.post(&commands, &refused).await.problem(403, "forbidden");
    staff.command(&order["id"], "add_items", round()).await.expect(200);
    let allowed = staff.put(path, &json!({"allowed": true})).await.expect(200);
    assert_eq!(allowed["document"].get("guest_rounds"), None, "the field is absent while guests may add rounds");
    guest.post(&commands, &refused).await.expect(200);
    staff.act(&order["id"], "accept").await;
    staff.act(&order["id"], "ready").await;
    staff.act(&order["id"], "serve").await;
    guest.command(&order["id"], "add_items", round()).await.problem(409, "invalid_transition");
}

#[tokio::test]
async fn a_round_obeys_the_rules_of_placing_an_order() {
    let server = TestServer::start(&["--order-portions", "20"]).await;
    let (guest, staff) = (server.diner("7").await, server.staff().await);
    let menu = Menu::read(&guest).await;
    let order = guest.place(&menu.basket()).await;
    let add = |client: Client, fields: Value| {
        let id = order["id"].clone();
        async move { client.command(&id, "add_items", fields).await }
    };
    let firni = || json!([menu.line("Firni", 1)]);
    let price = menu.dish("Firni")["price"]["amount"].as_i64().unwrap();
    let agreed = |amount| json!({"items": firni(), "expected_total": {"amount": amount, "currency": "BDT"}});
    let quote = add(guest.clone(), agreed(price - 1)).await.problem(409, "price_changed");
    assert_eq!(quote["document"]["total"]["amount"], price);
    add(guest.clone(), agreed(price)).await.expect(200);
    add(guest.clone(), json!({"items": [menu.line("Firni", 17)]})).await.problem(422, "invalid");
    add(guest.clone(), json!({"items": []})).await.problem(422, "invalid");
    add(guest.clone(), json!({"items": firni(), "note": "fast"})).await.problem(422, "invalid");
    let sold_out = format!("/api/v1/restaurants/demo/menu/items/{}/availability", text(&menu.dish("Firni")["id"]));
    staff.put(&sold_out, &json!({"available": false})).await.expect(200);
    add(staff.clone(), json!({"items": firni()})).await.problem(422, "invalid");
    staff.put("/api/v1/restaurants/demo/pause", &json!({"paused": true})).await.expect(200);
    add(guest, json!({"items": [menu.line("Masala cha", 1)]})).await.problem(409, "paused");
}

#[tokio::test]
async fn a_line_can_be_corrected_before_it_is_cooked() {
    let server = TestServer::start(&[]).await;
    let (guest, staff) = (server.diner("7").await, server.staff().await);
    let menu = Menu::read(&guest).await;
    let order = guest.place(&json!({"service": "dine_in", "items": [menu.line("Firni", 2)]})).await;
    let item = order["items"].as_object().unwrap().keys().next().unwrap().clone();
    let mut line = menu.line("Firni", 3);
    line["note"] = "no nuts".into();
    line["allergy"] = true.into();
    let fields = json!({"item": item, "line": line});
    let ack = guest.command(&order["id"], "change_item", fields.clone()).await.expect(200);
    let changed = &ack["document"]["items"][&item];
    assert_eq!((&changed["quantity"], &changed["note"], &changed["allergy"]), (&json!(3), &json!("no nuts"), &json!(true)));
    assert_eq!(ack["document"]["total"]["amount"], order["total"]["amount"].as_i64().unwrap() / 2 * 3);
    assert_eq!(guest.command(&order["id"], "change_item", fields.clone()).await.expect(200)["changed"], false);
    staff.act(&order["id"], "accept").await;
    let fewer = json!({"item": item, "line": menu.line("Firni", 1)});
    guest.command(&order["id"], "change_item", fewer.clone()).await.problem(409, "invalid_transition");
    let other = json!({"item": item, "line": menu.line("Masala cha", 1)});
    staff.command(&order["id"], "change_item", other).await.problem(422, "invalid");
    let ack = staff.command(&order["id"], "change_item", fewer).await.expect(200);
    assert_eq!(ack["document"]["items"][&item].get("note"), None, "the line has exactly the fields that were sent");
    staff.act(&order["id"], "start").await;
    staff.command(&order["id"], "change_item", fields).await.problem(409, "invalid_transition");
}
