//! Networks of few bytes a second: whoever reads gets everything in the end, and is not cut for being slow.

use serde_json::{Map, Value, json};
use std::time::{Duration, Instant};
use support::{Client, Close, Followed, Menu, PATIENCE, Raw, Screen, TestServer, new_id, raw};

/// The reader's kernel holds so many bytes.
const BUFFER: usize = 32 * 1024;
/// Orders of some 45 KB: in two rooms more than kernels and a connection hold.
const BANQUETS: usize = 90;
/// Between two large frames that are read.
const REST: Duration = Duration::from_millis(20);
/// What makes a frame large, in bytes.
const LARGE: usize = 10_000;
/// Dishes of a menu of more than half a megabyte; what is changed of it alone is more than the backlog.
const DISHES: usize = 1800;
/// What a connection may have in wait that its reader has not taken, in bytes.
const BACKLOG: usize = 256 * 1024;
/// After two of these of silence a connection is ended.
const PERIOD: Duration = Duration::from_secs(1);
/// So many looks at what was sent show the same when nothing moves.
const STILL: usize = 25;
/// How often a reader asks for such a menu before it reads: far more than kernels hold.
const SNAPSHOTS: usize = 14;

/// The ids of as many dishes as a chain may have, and of their heading.
fn ids() -> (String, Vec<String>) {
    (new_id(), (0..DISHES).map(|_| new_id()).collect())
}

/// Has them all on the menu, each described by a letter two hundred times; gives the position of that.
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

/// Asks for a room that is open again and again, and reads nothing, until the way is full: nothing more is sent.
async fn ask_again_and_again(server: &TestServer, send: impl AsyncFnMut(String), room: &str) {
    ask_often(send, room).await;
    let mut sent = Vec::new();
    let begun = Instant::now();
    while sent.iter().rev().take_while(|bytes| Some(*bytes) == sent.last()).count() < STILL {
        assert!(begun.elapsed() < PATIENCE, "the way does not fill: {sent:?}");
        tokio::time::sleep(REST).await;
        sent.push(server.metric("orderbell_delivered_bytes_total").await);
    }
    assert!(sent.last().is_some_and(|bytes| *bytes > (2 * BACKLOG) as f64), "snapshots are on their way: {sent:?}");
}

#[tokio::test]
async fn a_menu_larger_than_the_backlog_arrives_amid_other_events() {
    let server = TestServer::start(&[]).await;
    let (staff, manager, dishes) = (server.staff().await, server.manager().await, ids());
    let menu = Menu::read(&staff).await;
    describe(&manager, &dishes, "a").await;
    let mut screen = Screen::open_with(&staff, Some(BUFFER)).await;
    for room in [menu.kitchen(), menu.menu()] {
        screen.join(&room).await;
    }
    // Snapshots do not count against a reader: with them the way is full, and what follows waits.
    ask_again_and_again(&server, async |frame| screen.send_text(&frame).await, &menu.menu()).await;
    // Its heading and its dishes are others: the basket is of dishes that are there no more.
    let basket = json!({"service": "takeaway", "items": [{"menu_item": dishes.1[0], "quantity": 1}]});
    staff.place(&basket).await;
    let changed = describe(&manager, &dishes, "b").await;
    let last = staff.place(&basket).await["position"].as_u64().unwrap();
    screen.see(&menu.menu(), changed).await;
    screen.see(&menu.kitchen(), last).await;
    let frames = &screen.room(&menu.menu()).events;
    assert!(frames.iter().any(|frame| frame.to_string().len() > BACKLOG), "the menu is larger than the backlog");
    assert_eq!(screen.room(&menu.kitchen()).positions().last(), Some(&last));
    assert_eq!(server.metric("orderbell_evictions_total").await, 0.0, "it was never cut");
}

#[tokio::test]
async fn rooms_that_are_resumed_together_over_a_slow_network_come_live_without_a_cut() {
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
        let frame = screen.next().await.expect("a reader that reads is not cut");
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
async fn who_reads_slowly_and_cannot_be_heard_is_not_taken_for_gone() {
    let server = TestServer::start(&["--heartbeat-ms", "1000"]).await;
    let (staff, manager) = (server.staff().await, server.manager().await);
    let room = Menu::read(&staff).await.menu();
    describe(&manager, &ids(), "a").await;
    let mut reader = Raw::open_with(&staff, Some(BUFFER)).await;
    reader.send(raw::TEXT, json!({"type": "subscribe", "room": room}).to_string().as_bytes()).await;
    while !reader.frame().await.unwrap().1.starts_with(br#"{"type":"live""#) {}
    // It reads at once: a busy machine must not make it silent before it has begun.
    ask_often(async |frame| reader.send(raw::TEXT, frame.as_bytes()).await, &room).await;
    let begun = Instant::now();
    while begun.elapsed() < 3 * PERIOD {
        let (_, payload) = reader.frame().await.expect("a reader that reads is not cut");
        if payload.len() > BACKLOG {
            tokio::time::sleep(40 * REST).await;
        }
    }
    assert_eq!(server.metric("orderbell_connections{role=\"staff\"}").await, 1.0, "longer than silence is borne");
    assert_eq!(reader.until_close().await, Close::Code(4408), "when nothing is left to read");
}
