//! Orders with agreed prices, declared allergies, and the void of part of a line, as clients see them.

use serde_json::{Value, json};
use support::{Client, Menu, TestServer, client::text, menu, new_id};

async fn reprice(server: &TestServer, dish: &str, amount: i64) {
    menu::reprice(&server.client(&["manager"]).await, dish, amount).await;
}

fn agreed(menu: &Menu, amount: i64) -> Value {
    let items = [menu.line("Cucumber raita", 2), menu.line("Firni", 1)];
    json!({"service": "dine_in", "items": items, "expected_total": {"amount": amount, "currency": "BDT"}})
}

#[tokio::test]
async fn an_order_that_would_cost_more_than_agreed_is_refused_with_both_totals() {
    let server = TestServer::start(&[]).await;
    let guest = server.diner("7").await;
    let menu = Menu::read(&guest).await;
    let price = |dish: &str| menu.dish(dish)["price"]["amount"].as_i64().unwrap();
    let (raita, firni) = (price("Cucumber raita"), price("Firni"));
    let before = 2 * raita + firni;
    assert_eq!(guest.place(&agreed(&menu, before)).await["total"]["amount"], before);

    reprice(&server, "Cucumber raita", raita + 1000).await;
    let id = new_id();
    let refused = Client::send(guest.placing(&id, &agreed(&menu, before))).await.problem(409, "price_changed");
    let quote = json!({"total": {"amount": before + 2000, "currency": "BDT"},
        "prices": [{"amount": raita + 1000, "currency": "BDT"}, {"amount": firni, "currency": "BDT"}]});
    assert_eq!(refused["document"], quote);
    let mut phone = guest.screen().await;
    let told = phone.ask(json!({"type": "place", "order": agreed(&menu, before)})).await;
    assert_eq!((&told["code"], &told["document"]), (&json!("price_changed"), &quote), "{told}");
    let again = Client::send(guest.placing(&id, &agreed(&menu, before))).await.problem(409, "price_changed");
    assert_eq!(again["document"], quote, "the same answer for the same id");

    let ack = phone.ask(json!({"type": "place", "order": agreed(&menu, before + 2000)})).await;
    assert_eq!(ack["document"]["total"]["amount"], before + 2000, "{ack}");
    reprice(&server, "Cucumber raita", raita - 500).await;
    assert_eq!(guest.place(&agreed(&menu, before)).await["total"]["amount"], before - 1000, "a lower total needs no agreement");
    let mut no_total = agreed(&menu, before);
    no_total.as_object_mut().unwrap().remove("expected_total");
    reprice(&server, "Cucumber raita", raita + 9000).await;
    guest.place(&no_total).await;
    let dollars = json!({"service": "dine_in", "items": [menu.line("Firni", 1)], "expected_total": {"amount": 9_000_000, "currency": "USD"}});
    Client::send(guest.placing(&new_id(), &dollars)).await.problem(422, "invalid");
}

#[tokio::test]
async fn a_declared_allergy_reaches_the_kitchen_as_a_field() {
    let server = TestServer::start(&[]).await;
    let (guest, cook) = (server.diner("7").await, server.kitchen("hot").await);
    let menu = Menu::read(&guest).await;
    let mut kitchen = cook.screen().await;
    kitchen.join(&menu.kitchen()).await;
    let mut line = menu.line("Beef rezala", 1);
    line["note"] = "walnuts".into();
    line["allergy"] = true.into();
    let basket = json!({"service": "dine_in", "items": [line, menu.line("Firni", 1)], "note": "no bell", "allergy": true});
    let order = guest.place(&basket).await;
    let position = order["position"].as_u64().unwrap();
    let seen = kitchen.see(&menu.kitchen(), position).await.documents[text(&order["id"])].clone();
    assert_eq!(seen["allergy"], true);
    let flags: Vec<_> = seen["items"].as_object().unwrap().values().map(|item| item.get("allergy").cloned()).collect();
    assert_eq!(flags, [Some(json!(true)), None]);

    let mut silent = menu.line("Firni", 1);
    silent["allergy"] = true.into();
    let refused = Client::send(guest.placing(&new_id(), &json!({"service": "dine_in", "items": [silent]}))).await;
    assert!(text(&refused.problem(422, "invalid")["detail"]).contains("allergy"));
}

/// The name for the pickup is in the document of every room, trimmed. Over both transports an invalid name is refused.
#[tokio::test]
async fn a_name_for_the_pickup_reaches_every_screen() {
    let server = TestServer::start(&[]).await;
    let (guest, staff, cook) = (server.diner("7").await, server.staff().await, server.kitchen("hot").await);
    let menu = Menu::read(&guest).await;
    let basket = |name: Value| json!({"service": "takeaway", "items": [menu.line("Beef rezala", 1)], "guest_name": name});
    let rooms = [(&cook, menu.kitchen()), (&staff, menu.floor())];
    let mut screens = Vec::new();
    for (client, room) in &rooms {
        let mut screen = client.screen().await;
        screen.join(room).await;
        screens.push(screen);
    }
    let order = staff.place(&basket(" Anna K. ".into())).await;
    assert_eq!((&order["guest_name"], order.get("table")), (&json!("Anna K."), None));
    let position = order["position"].as_u64().unwrap();
    for ((_, room), screen) in rooms.iter().zip(&mut screens) {
        assert_eq!(screen.see(room, position).await.documents[text(&order["id"])]["guest_name"], "Anna K.", "{room}");
    }
    assert_eq!(guest.place(&basket(" ".into())).await.get("guest_name"), None);
    let mut phone = guest.screen().await;
    for wrong in [json!("x".repeat(41)), json!("a\nb"), json!(7)] {
        let refused = Client::send(guest.placing(&new_id(), &basket(wrong.clone()))).await;
        assert!(text(&refused.problem(422, "invalid")["detail"]).contains("guest_name"), "{wrong}");
        let refused = phone.ask(json!({"type": "place", "order": basket(wrong)})).await;
        assert_eq!(refused["code"], "invalid", "{refused}");
    }
}

#[tokio::test]
async fn one_of_four_portions_is_voided_over_http_and_websocket_and_recorded() {
    let server = TestServer::start(&[]).await;
    let (guest, staff) = (server.diner("7").await, server.staff().await);
    let menu = Menu::read(&guest).await;
    let order = guest.place(&json!({"service": "dine_in", "items": [menu.line("Beef rezala", 4)]})).await;
    let (id, total) = (&order["id"], order["total"]["amount"].as_i64().unwrap());
    let line = order["items"].as_object().unwrap().keys().next().unwrap().clone();
    let mut phone = guest.screen().await;
    let room = format!("order:{}", text(id));
    phone.join(&room).await;

    let fields = json!({"item": line, "reason": "out_of_stock", "quantity": 1});
    let ack = staff.command(id, "void_item", fields).await.expect(200);
    let items = ack["document"]["items"].as_object().unwrap();
    let split = items.keys().find(|key| **key != line).unwrap();
    assert_eq!((&items[&line]["quantity"], &items[&line]["status"]), (&json!(3), &json!("queued")));
    let of_split = &items[split];
    assert_eq!(
        (&of_split["quantity"], &of_split["status"], &of_split["reason"]),
        (&json!(1), &json!("voided"), &json!("out_of_stock"))
    );
    assert_eq!(ack["document"]["total"]["amount"], total / 4 * 3);
    let followed = phone.see(&room, ack["position"].as_u64().unwrap()).await;
    assert_eq!(followed.documents[text(id)], ack["document"], "the folded patches keep the old line");

    let mut desk = staff.screen().await;
    let more = json!({"item": line, "reason": "other", "quantity": 5});
    assert_eq!(desk.command(id, "void_item", more).await["code"], "invalid");
    let two = json!({"item": line, "reason": "other", "quantity": 2});
    let ack = desk.command(id, "void_item", two).await;
    assert_eq!(ack["document"]["items"].as_object().unwrap().len(), 3);
    assert_eq!(ack["document"]["items"][&line]["quantity"], 1);

    let manager = server.client(&["manager"]).await;
    let audit = manager.get("/api/v1/restaurants/demo/audit?kind=orders").await.expect(200);
    let entries = audit["audit"].as_array().unwrap().iter().filter(|entry| entry["action"] == "void_item");
    let told: Vec<_> = entries.map(|entry| (entry["value"].clone(), entry["outcome"].clone())).collect();
    assert!(told.contains(&(json!("1"), json!("done"))) && told.contains(&(json!("2"), json!("done"))), "{audit}");
}
