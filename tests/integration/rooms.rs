//! Rooms: who may join, what members receive, and how a join fits into a running stream of events.

use serde_json::{Value, json};
use std::collections::BTreeSet;
use support::{Client, Menu, Screen, TestServer, client::text, new_id, server::TALKATIVE};

/// The roles of the contract, with two guests: the one who placed the order, and another.
const ROLES: [&str; 6] = ["diner", "other diner", "kitchen", "staff", "manager", "service"];

/// Which of [`ROLES`] may join each room.
const MAY: [(&str, [bool; 6]); 4] = [
    ("order", [true, false, true, true, true, true]),
    ("kitchen", [false, false, true, true, true, true]),
    ("floor", [false, false, false, true, true, true]),
    ("menu", [true, true, true, true, true, true]),
];

async fn principals(server: &TestServer) -> Vec<Client> {
    let mut clients = Vec::new();
    for role in ROLES {
        clients.push(match role {
            "diner" | "other diner" => server.diner("5").await,
            role => server.client(&[role]).await,
        });
    }
    clients
}

#[tokio::test]
async fn every_role_joins_only_its_rooms_and_a_missing_room_looks_like_a_forbidden_one() {
    let server = TestServer::start(&TALKATIVE).await;
    server.tool(&["restaurant", "add", "--slug", "next-door", "--name", "Next door", "--currency", "BDT"]).await;
    let clients = principals(&server).await;
    let menu = Menu::read(&clients[0]).await;
    let order = clients[0].place(&menu.basket()).await["id"].clone();
    let next_door = server.anybody().get("/api/v1/restaurants/next-door").await.expect(200)["id"].clone();
    for (at, client) in clients.iter().enumerate() {
        let mut screen = client.screen().await;
        for (kind, may) in MAY {
            let id = if kind == "order" { text(&order) } else { &menu.restaurant };
            let room = format!("{kind}:{id}");
            if may[at] {
                screen.join(&room).await;
            } else {
                forbidden(&mut screen, &room).await;
            }
            // Rooms of another restaurant, and rooms that do not exist.
            for id in [text(&next_door), &new_id(), "x", ""] {
                forbidden(&mut screen, &format!("{kind}:{id}")).await;
            }
        }
        for room in ["cellar:1", "kitchen", ""] {
            forbidden(&mut screen, room).await;
        }
        screen.alive().await;
    }
}

/// Asserts the refusal of a room that may not be joined: the same for every reason.
async fn forbidden(screen: &mut Screen, room: &str) {
    let answer = screen.refused(room).await;
    assert_eq!(answer, json!({"type": "error", "room": room, "code": "forbidden", "message": "room not found or not allowed"}));
}

#[tokio::test]
async fn a_snapshot_has_the_open_orders_and_is_followed_by_live() {
    let server = TestServer::start(&[]).await;
    let (staff, diner) = (server.staff().await, server.diner("2").await);
    let menu = Menu::read(&staff).await;
    let (open, closed) = (diner.place(&menu.basket()).await, diner.place(&menu.basket()).await);
    let reason = json!({"reason": "duplicate"});
    staff.command(&closed["id"], "reject", reason).await.expect(200);
    let mut screen = staff.screen().await;
    for room in [menu.kitchen(), menu.floor()] {
        let followed = screen.join(&room).await;
        assert_eq!(followed.types(), ["snapshot", "live"], "{room}");
        assert_eq!(followed.frames[0]["documents"], json!([staff.order(&open["id"]).await]), "{room}");
        assert_eq!(followed.frames[0]["position"], followed.frames[1]["position"]);
    }
    let room = format!("order:{}", text(&closed["id"]));
    assert_eq!(screen.join(&room).await.frames[0]["documents"][0]["status"], "rejected", "a closed order has a room too");
    let menus = screen.join(&menu.menu()).await;
    let document = staff.get("/api/v1/restaurants/demo/menu").await.expect(200);
    assert_eq!(menus.frames[0]["documents"], json!([document]));
}

#[tokio::test]
async fn a_menu_room_carries_only_availability_and_pauses() {
    let server = TestServer::start(&[]).await;
    let (staff, diner) = (server.staff().await, server.diner("2").await);
    let menu = Menu::read(&staff).await;
    let mut phone = diner.screen().await;
    phone.join(&menu.menu()).await;
    let dish = menu.dish("Fuchka")["id"].clone();
    let base = "/api/v1/restaurants/demo";
    staff.put(&format!("{base}/menu/items/{}/availability", text(&dish)), &json!({"available": false})).await.expect(200);
    diner.place(&menu.basket()).await;
    staff.put(&format!("{base}/pause"), &json!({"paused": true})).await.expect(200);
    let last = staff.put(&format!("{base}/pause"), &json!({"paused": false})).await.expect(200);
    let followed = phone.see(&menu.menu(), last["position"].as_u64().unwrap()).await;
    assert_eq!(followed.kinds(), ["menu.availability", "menu.paused", "menu.resumed"]);
    let document = diner.get(&format!("{base}/menu")).await.expect(200);
    assert_eq!(followed.documents[&menu.restaurant], document);
    assert_eq!(document["items"][text(&dish)]["available"], false);
    assert!(followed.events[0]["event"].get("order").is_none());
}

#[tokio::test]
async fn subscribing_twice_makes_one_membership_and_unsubscribing_ends_its_events() {
    let server = TestServer::start(&TALKATIVE).await;
    let staff = server.staff().await;
    let menu = Menu::read(&staff).await;
    let mut screen = staff.screen().await;
    screen.join(&menu.kitchen()).await;
    screen.join(&menu.kitchen()).await;
    assert_eq!(server.metric("orderbell_members{kind=\"kitchen\"}").await, 1.0);
    let order = staff.place(&menu.basket()).await;
    screen.see(&menu.kitchen(), order["position"].as_u64().unwrap()).await;
    screen.alive().await;
    assert_eq!(screen.room(&menu.kitchen()).frames.iter().filter(|frame| frame["type"] == "event").count(), 1);

    screen.join(&menu.floor()).await;
    screen.send(&json!({"type": "unsubscribe", "room": menu.kitchen()})).await;
    screen.alive().await;
    let ack = staff.act(&order["id"], "accept").await;
    // The floor receives the event, which proves that it was sent.
    screen.see(&menu.floor(), ack["position"].as_u64().unwrap()).await;
    screen.alive().await;
    assert_eq!(screen.room(&menu.kitchen()).kinds(), ["order.placed"]);
    screen.send(&json!({"type": "unsubscribe", "room": menu.kitchen()})).await;
    screen.alive().await;
    let resumed = screen.rooms[&menu.kitchen()].clone();
    assert_eq!(screen.resume(&menu.kitchen(), resumed).await.kinds(), ["order.placed", "order.accepted"]);
}

#[tokio::test]
async fn a_screen_sends_receipts_only_for_its_own_rooms() {
    let server = TestServer::start(&[]).await;
    let cook = server.kitchen("hot").await;
    let menu = Menu::read(&cook).await;
    let mut screen = cook.screen().await;
    let cursor = screen.join(&menu.kitchen()).await.cursor;
    screen.send(&json!({"type": "seen", "room": menu.kitchen(), "position": cursor})).await;
    support::eventually("the receipt", support::PATIENCE, || async {
        (server.metric("orderbell_seen_total").await == 1.0).then_some(())
    })
    .await;
    screen.send(&json!({"type": "seen", "room": menu.menu(), "position": cursor})).await;
    let answer = screen.until("an error", |frame| frame["type"] == "error").await;
    assert_eq!((&answer["code"], &answer["room"]), (&json!("forbidden"), &json!(menu.menu())));
}

/// Toggles the rush of an order until stopped. Returns the number of events.
async fn storm(staff: Client, order: Value, mut stop: tokio::sync::oneshot::Receiver<()>) -> u64 {
    let mut made = 0;
    while stop.try_recv().is_err() {
        let rush = json!({"rush": made % 2 == 0});
        staff.command(&order, "rush", rush).await.expect(200);
        made += 1;
    }
    made
}

#[tokio::test]
async fn a_hundred_joins_during_a_storm_of_events_see_no_gap_and_no_repeat() {
    let server = TestServer::start(&TALKATIVE).await;
    let staff = server.staff().await;
    let menu = Menu::read(&staff).await;
    let order = staff.place(&menu.basket()).await["id"].clone();
    let (stop, stopped) = tokio::sync::oneshot::channel();
    let storm = tokio::spawn(storm(staff.clone(), order.clone(), stopped));
    let mut screens = Vec::new();
    let room = menu.kitchen();
    for at in 0..100 {
        let mut screen = if at % 10 == 0 { server.client(&["kitchen"]).await.screen().await } else { screens.pop().unwrap() };
        // Every second join has a cursor from a little before, as after a short network loss.
        match screen.rooms.get(&room).cloned().filter(|_| at % 2 == 0) {
            Some(followed) => {
                screen.send(&json!({"type": "unsubscribe", "room": room})).await;
                screen.alive().await;
                screen.resume(&room, followed).await;
            }
            None => drop(screen.join(&room).await),
        }
        let cursor = screen.room(&room).cursor.unwrap();
        // Continue into the live events.
        screen.see(&room, cursor + 3).await;
        screens.push(screen);
    }
    stop.send(()).unwrap();
    assert!(storm.await.unwrap() > 100);
    let document = staff.order(&order).await;
    for screen in &mut screens {
        let followed = screen.see(&room, document["position"].as_u64().unwrap()).await;
        assert_eq!((followed.document(&order), followed.repeats), (&document, 0));
        let positions = followed.positions();
        assert_eq!(positions.iter().collect::<BTreeSet<_>>().len(), positions.len());
    }
}
