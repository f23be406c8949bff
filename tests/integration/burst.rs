//! Bursts of events: a client that keeps reading must not be evicted as a slow one.

use serde_json::{Value, json};
use support::{Client, Followed, Menu, TestServer, client::text, new_id, server::TALKATIVE};

/// Places large orders at once and returns their documents.
async fn at_once(client: &Client, menu: &Menu, count: usize) -> Vec<Value> {
    let basket = menu.banquet();
    let requests = (0..count).map(|_| tokio::spawn(Client::send(client.placing(&new_id(), &basket))));
    let mut documents = Vec::new();
    for request in requests.collect::<Vec<_>>() {
        documents.push(request.await.unwrap().expect(201));
    }
    documents
}

#[tokio::test]
async fn a_rush_of_large_orders_reaches_every_client_that_keeps_reading() {
    let server = TestServer::start(&[]).await;
    let staff = server.staff().await;
    let menu = Menu::read(&staff).await;
    let mut readers = Vec::new();
    for _ in 0..3 {
        let mut screen = staff.screen().await;
        screen.join(&menu.kitchen()).await;
        readers.push(tokio::spawn({
            let room = menu.kitchen();
            async move { screen.see(&room, 120).await.positions() }
        }));
    }
    for _ in 0..2 {
        at_once(&staff, &menu, 60).await;
    }
    for reader in readers {
        assert_eq!(reader.await.unwrap(), (1..=120).collect::<Vec<_>>());
    }
    assert_eq!(server.metric("orderbell_evictions_total").await, 0.0);
}

#[tokio::test]
async fn many_rooms_resumed_at_once_are_replayed_completely() {
    let server = TestServer::start(&TALKATIVE).await;
    let pos = server.client(&["service"]).await;
    let menu = Menu::read(&pos).await;
    let orders = at_once(&pos, &menu, 40).await;
    let mut screen = pos.screen().await;
    let rooms: Vec<_> = orders.iter().map(|order| format!("order:{}", text(&order["id"]))).collect();
    for room in &rooms {
        screen.rooms.insert(room.clone(), Followed::since(0));
        let subscribe = json!({"type": "subscribe", "room": room, "since": 0, "epoch": screen.epoch()});
        screen.send(&subscribe).await;
    }
    for (room, order) in rooms.iter().zip(&orders) {
        let position = order["position"].as_u64().unwrap();
        let followed = screen.see(room, position).await;
        assert_eq!((followed.document(&order["id"]), followed.positions()), (order, vec![position]));
    }
}
