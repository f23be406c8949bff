//! Readers that stop reading are evicted, at no cost to the node or to other clients, and lose nothing.

use serde_json::{Value, json};
use support::{Client, Close, Followed, Menu, PATIENCE, Raw, Screen, TestServer, eventually};

const STALLED: usize = 20;
const MIB: u64 = 1024 * 1024;
/// Orders of some 45 KB: more than the kernel's buffers and a connection's backlog hold together.
const ORDERS: usize = 90;
/// One event for the placing and one for the rejection of each order.
const EVENTS: u64 = 2 * ORDERS as u64;

/// Opens raw sockets in the kitchen's room that stop reading as soon as they are live.
async fn stalled(client: &Client, room: &str) -> Vec<Raw> {
    let mut readers = Vec::new();
    for _ in 0..STALLED {
        let mut reader = Raw::open_with(client, Some(4096)).await;
        reader.send(support::raw::TEXT, format!(r#"{{"type":"subscribe","room":"{room}"}}"#).as_bytes()).await;
        while !reader.frame().await.unwrap().1.starts_with(br#"{"type":"live""#) {}
        readers.push(reader);
    }
    readers
}

/// Places large orders and rejects them at once, so that snapshots stay small. Returns the position of the last of
/// [`EVENTS`].
pub async fn place_banquets(client: &Client, menu: &Menu) -> u64 {
    let mut last = 0;
    for _ in 0..ORDERS {
        let order = client.place(&menu.banquet()).await["id"].clone();
        let ack = client.command(&order, "reject", json!({"reason": "too_busy"})).await.expect(200);
        last = ack["position"].as_u64().unwrap();
    }
    last
}

/// Reads the rest of a stalled connection: whole frames up to the eviction, and the close.
pub async fn read_rest(reader: &mut Raw) -> (Vec<Value>, Close) {
    let mut frames = Vec::new();
    loop {
        match reader.frame().await {
            Some((support::raw::TEXT, payload)) => frames.push(serde_json::from_slice(&payload).unwrap()),
            Some((0x88, payload)) => return (frames, Close::Code(u16::from_be_bytes([payload[0], payload[1]]))),
            Some(_) => {}
            None => return (frames, Close::Cut),
        }
    }
}

#[tokio::test]
async fn twenty_stalled_readers_cost_no_memory_and_lose_no_event() {
    let server = TestServer::start(&["--connections-per-principal", "100"]).await;
    // Do not use kitchen screens, since each connection of one makes an event in the feed.
    let (pos, staff) = (server.client(&["service"]).await, server.staff().await);
    let menu = Menu::read(&staff).await;
    let room = menu.kitchen();
    let mut neighbour = staff.screen().await;
    neighbour.join(&room).await;
    // Warm up without stalled readers: this fills the database's caches and the room's tail, which stay.
    let (warm, _) = tokio::join!(place_banquets(&staff, &menu), neighbour.see(&room, EVENTS));
    let start = neighbour.room(&room).clone();
    let mut readers = stalled(&pos, &room).await;
    let before = server.resident();
    let storm = async { tokio::join!(place_banquets(&staff, &menu), neighbour.see(&room, warm + EVENTS)).0 };
    let (peak, last) = server.peak_during(storm).await;
    let grown = peak.saturating_sub(before) / STALLED as u64;
    println!("resident memory grew by {grown} bytes for each of {STALLED} readers that do not read");
    assert!(grown < MIB, "{grown} bytes each");

    assert_eq!(neighbour.room(&room).cursor, Some(last));
    assert_eq!(neighbour.room(&room).repeats, 0);
    assert_eq!(neighbour.room(&room).positions(), (start.positions()[0]..=last).collect::<Vec<_>>());
    eventually("the end of every stalled connection", PATIENCE, || async {
        (server.metric("orderbell_connections{role=\"service\"}").await == 0.0).then_some(())
    })
    .await;
    assert!(server.metric("orderbell_evictions_total").await >= STALLED as f64);

    for reader in &mut readers {
        let (frames, close) = read_rest(reader).await;
        assert!(matches!(close, Close::Code(4409) | Close::Cut), "{close:?}");
        let mut cut = Followed::since(start.cursor.unwrap());
        frames.iter().for_each(|frame| cut.take(frame).unwrap());
        assert!(cut.cursor < Some(last), "the control: it was evicted before it had everything");
        assert_resumes(&pos, &room, cut, start.cursor.unwrap(), last).await;
    }
}

/// Asserts that a client that reconnects with its cursor has seen every event once in the end.
async fn assert_resumes(client: &Client, room: &str, cut: Followed, since: u64, last: u64) {
    let mut back = Screen::open(client).await;
    let followed = back.resume(room, cut).await;
    assert_eq!(followed.positions(), (since + 1..=last).collect::<Vec<_>>());
    assert_eq!(followed.repeats, 0);
}

#[tokio::test]
async fn a_reader_that_stops_during_a_replay_is_closed_and_can_resume_there() {
    let server = TestServer::start(&[]).await;
    let (cook, staff) = (server.client(&["kitchen"]).await, server.staff().await);
    let menu = Menu::read(&staff).await;
    let last = place_banquets(&staff, &menu).await;
    let mut reader = Raw::open_with(&cook, Some(4096)).await;
    let epoch = staff.screen().await.epoch().clone();
    let subscribe = json!({"type": "subscribe", "room": menu.kitchen(), "since": 0, "epoch": epoch});
    reader.send(support::raw::TEXT, subscribe.to_string().as_bytes()).await;
    let work = eventually("its end", PATIENCE, || async {
        (server.metric("orderbell_connections{role=\"kitchen\"}").await == 0.0).then_some(())
    });
    let before = server.resident();
    let (peak, ()) = server.peak_during(work).await;
    let grown = peak.saturating_sub(before);
    println!("resident memory grew by {grown} bytes for a reader that stopped during a replay");
    assert!(grown < 16 * MIB, "{grown} bytes: it holds pages of the log, not all of it");
    let (frames, _) = read_rest(&mut reader).await;
    let mut cut = Followed::since(0);
    frames.iter().for_each(|frame| cut.take(frame).unwrap());
    assert!((1..last).contains(&cut.cursor.unwrap()), "the control: it received some events, but not all: {:?}", cut.cursor);
    assert_resumes(&cook, &menu.kitchen(), cut, 0, last).await;
}

#[tokio::test]
async fn the_bound_of_the_backlog_closes_slow_readers() {
    let server = TestServer::start(&["--connections-per-principal", "100", "--backlog-bytes", "16777216"]).await;
    let (cook, staff) = (server.client(&["kitchen"]).await, server.staff().await);
    let menu = Menu::read(&staff).await;
    let readers = stalled(&cook, &menu.kitchen()).await;
    place_banquets(&staff, &menu).await;
    assert_eq!(server.metric("orderbell_evictions_total").await, 0.0);
    assert_eq!(server.metric("orderbell_connections{role=\"kitchen\"}").await, readers.len() as f64);
}

#[tokio::test]
async fn an_evicted_reader_may_reconnect_at_once() {
    let server = TestServer::start(&["--connections-per-principal", "1"]).await;
    let (cook, staff) = (server.client(&["kitchen"]).await, server.staff().await);
    let menu = Menu::read(&staff).await;
    let mut reader = Raw::open_with(&cook, Some(4096)).await;
    reader.send(support::raw::TEXT, format!(r#"{{"type":"subscribe","room":"{}"}}"#, menu.kitchen()).as_bytes()).await;
    place_banquets(&staff, &menu).await;
    eventually("an eviction", PATIENCE, || async { (server.metric("orderbell_evictions_total").await > 0.0).then_some(()) })
        .await;
    // Its slot is free although its last bytes are unsent, since nobody reads them.
    let back = eventually("a place", std::time::Duration::from_secs(1), || async {
        let (reply, stream) = support::raw::Handshake::new(&cook.token).send(&cook.base, None).await;
        (reply.status == 101).then_some(stream)
    })
    .await;
    drop(back);
}
