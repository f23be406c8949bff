//! Networks of few bytes a second: a client that keeps reading receives everything and is not evicted for being slow.

use serde_json::{Map, Value, json};
use std::time::{Duration, Instant};
use support::{Client, Close, Followed, Menu, PATIENCE, Raw, Screen, TestServer, new_id, raw};

/// The receive buffer of the reader's kernel, in bytes.
const BUFFER: usize = 32 * 1024;
/// The number of orders of some 45 KB. In two rooms they exceed the kernel's buffers and a connection's queue.
const BANQUETS: usize = 90;
/// The pause between two large frames.
const REST: Duration = Duration::from_millis(20);
/// The size of a large frame, in bytes.
const LARGE: usize = 10_000;
/// The number of dishes in a menu of more than half a megabyte. Changing all of them exceeds the backlog.
const DISHES: usize = 1800;
/// The most bytes that a connection queues for its reader.
const BACKLOG: usize = 256 * 1024;
/// The heartbeat period. A connection that is silent for two of them is closed.
const PERIOD: Duration = Duration::from_secs(1);
/// The number of equal readings of the sent bytes after which nothing is moving.
const STILL: usize = 25;
/// How often a reader requests such a menu before it reads: far more than kernels buffer.
const SNAPSHOTS: usize = 14;

/// Returns a heading's id and as many dishes' ids as a chain may have.
fn ids() -> (String, Vec<String>) {
    (new_id(), (0..DISHES).map(|_| new_id()).collect())
}

/// Puts all dishes on the menu, each with a description of 200 times one letter. Returns the position of the change.
async fn describe(manager: &Client, (heading, dishes): &(String, Vec<String>), letter: &str) -> u64 {
    let dish = |id: &String| {
        let price = json!({"amount": 900, "currency": "BDT"});
        let dish = json!({"name": "Dish", "description": letter.repeat(200), "category": heading, "price": price,
            "station": "hot", "sort": 1});
        (id.clone(), dish)
    };
    let items: Map<String, Value> = dishes.iter().map(dish).collect();
    let menu = json!({"categories": {heading: {"name": "Mains", "sort": 1}}, "items": items});
    let changed = manager.put("/api/v1/restaurants/demo/menu", &menu).await.expect(200);
    changed["position"].as_u64().unwrap()
}

async fn ask_often(mut send: impl AsyncFnMut(String), room: &str) {
    for _ in 0..SNAPSHOTS {
        send(json!({"type": "unsubscribe", "room": room}).to_string()).await;
        send(json!({"type": "subscribe", "room": room}).to_string()).await;
    }
}

/// Requests a room again and again and reads nothing, until the buffers are full and nothing more is sent.
async fn ask_again_and_again(server: &TestServer, send: impl AsyncFnMut(String), room: &str) {
    ask_often(send, room).await;
    let mut sent = Vec::new();
    let begun = Instant::now();
    while sent.iter().rev().take_while(|bytes| Some(*bytes) == sent.last()).count() < STILL {
        assert!(begun.elapsed() < PATIENCE, "the buffers do not fill up: {sent:?}");
        tokio::time::sleep(REST).await;
        sent.push(server.metric("orderbell_delivered_bytes_total").await);
    }
    assert!(sent.last().is_some_and(|bytes| *bytes > (2 * BACKLOG) as f64), "snapshots were sent: {sent:?}");
}

#[tokio::test]
async fn a_menu_larger_than_the_backlog_arrives_among_other_events() {
    let server = TestServer::start(&[]).await;
    let (staff, manager, dishes) = (server.staff().await, server.manager().await, ids());
    let menu = Menu::read(&staff).await;
    describe(&manager, &dishes, "a").await;
    let mut screen = Screen::open_with(&staff, Some(BUFFER)).await;
    for room in [menu.kitchen(), menu.menu()] {
        screen.join(&room).await;
    }
    // Snapshots do not count against a reader. They fill the buffers, so that later frames wait.
    ask_again_and_again(&server, async |frame| screen.send_text(&frame).await, &menu.menu()).await;
    // Describing the menu has replaced its dishes, so the basket has a dish of the new menu.
    let basket = json!({"service": "takeaway", "items": [{"menu_item": dishes.1[0], "quantity": 1}]});
    staff.place(&basket).await;
    let changed = describe(&manager, &dishes, "b").await;
    let last = staff.place(&basket).await["position"].as_u64().unwrap();
    screen.see(&menu.menu(), changed).await;
    screen.see(&menu.kitchen(), last).await;
    let frames = &screen.room(&menu.menu()).events;
    assert!(frames.iter().any(|frame| frame.to_string().len() > BACKLOG), "the menu is larger than the backlog");
    assert_eq!(screen.room(&menu.kitchen()).positions().last(), Some(&last));
    assert_eq!(server.metric("orderbell_evictions_total").await, 0.0, "nobody was evicted");
}

#[tokio::test]
async fn rooms_resumed_together_over_a_slow_network_become_live_without_an_eviction() {
    let server = TestServer::start(&[]).await;
    let (pos, staff) = (server.client(&["service"]).await, server.staff().await);
    let menu = Menu::read(&staff).await;
    for _ in 0..BANQUETS {
        staff.place(&menu.banquet()).await;
    }
    let mut screen = Screen::open_with(&pos, Some(BUFFER)).await;
    let rooms = [menu.kitchen(), menu.floor()];
    for room in &rooms {
        screen.rooms.insert(room.clone(), Followed::since(0));
        screen.send(&json!({"type": "subscribe", "room": room, "since": 0, "epoch": screen.epoch()})).await;
    }
    let is_live = |screen: &Screen, room: &String| screen.room(room).types().last() == Some(&"live");
    while !rooms.iter().all(|room| is_live(&screen, room)) {
        let frame = screen.next().await.expect("a client that reads is not evicted");
        if frame.to_string().len() > LARGE {
            tokio::time::sleep(REST).await;
        }
    }
    for room in &rooms {
        assert_eq!(screen.room(room).positions(), (1..=BANQUETS as u64).collect::<Vec<_>>());
    }
    assert_eq!(server.metric("orderbell_evictions_total").await, 0.0);
}

#[tokio::test]
async fn a_slow_reader_whose_pongs_are_late_stays_connected() {
    let server = TestServer::start(&["--heartbeat-ms", "1000"]).await;
    let (staff, manager) = (server.staff().await, server.manager().await);
    let room = Menu::read(&staff).await.menu();
    describe(&manager, &ids(), "a").await;
    let mut reader = Raw::open_with(&staff, Some(BUFFER)).await;
    reader.send(raw::TEXT, json!({"type": "subscribe", "room": room}).to_string().as_bytes()).await;
    while !reader.frame().await.unwrap().1.starts_with(br#"{"type":"live""#) {}
    // Read at once: on a busy machine the reader would otherwise count as silent before the measurement begins.
    ask_often(async |frame| reader.send(raw::TEXT, frame.as_bytes()).await, &room).await;
    let begun = Instant::now();
    while begun.elapsed() < 3 * PERIOD {
        let (_, payload) = reader.frame().await.expect("a client that reads is not evicted");
        if payload.len() > BACKLOG {
            tokio::time::sleep(40 * REST).await;
        }
    }
    assert_eq!(server.metric("orderbell_connections{role=\"staff\"}").await, 1.0, "still connected");
    assert_eq!(reader.until_close().await, Close::Code(4408), "closed once nothing is left to read");
}
