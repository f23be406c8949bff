//! Resuming: a cursor gets every missed event in order and once, or a snapshot. Never a silent gap.

use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::time::Duration;
use support::{Client, Followed, Menu, Screen, TestServer, client::text, server::TALKATIVE, template};
use tokio::sync::OnceCell;

/// More events than a replay covers.
const LONG: u64 = 5100;
/// Commands that run at once while the long log is created.
const WRITERS: u64 = 32;

static LONG_LOG: OnceCell<(PathBuf, String)> = OnceCell::const_new();

/// Returns a database with at least [`LONG`] events, and the order they are about.
pub async fn long_log() -> (&'static Path, Value) {
    let (folder, order) = LONG_LOG
        .get_or_init(|| async {
            let folder = template::fresh("long");
            template::copy(template::demo().await, &folder);
            let mut server = TestServer::run(folder.clone(), &[]).await;
            let staff = server.staff().await;
            let order = staff.place(&Menu::read(&staff).await.basket()).await["id"].clone();
            staff.act(&order, "accept").await;
            // Begun, so that no event reports an order that no screen shows.
            staff.act(&order, "start").await;
            let writers = (0..WRITERS).map(|at| tokio::spawn(promise(staff.clone(), order.clone(), at)));
            for writer in writers.collect::<Vec<_>>() {
                writer.await.unwrap();
            }
            server.stop().await;
            (folder, text(&order).to_owned())
        })
        .await;
    (folder, order.as_str().into())
}

/// Sends one promise after another for the order. Each changes the time, and so makes an event.
async fn promise(staff: Client, order: Value, at: u64) {
    for round in 0..LONG.div_ceil(WRITERS) {
        staff.command(&order, "promise", json!({"minutes": 1 + (at + round) % 400})).await.expect(200);
    }
}

/// Asserts that a room was replayed completely: every position after a cursor, in order, once.
fn assert_whole(followed: &Followed, since: u64, head: u64) {
    assert_eq!(followed.positions(), (since + 1..=head).collect::<Vec<_>>());
    assert_eq!((followed.repeats, followed.cursor), (0, Some(head)));
}

async fn head(staff: &Client, order: &Value) -> u64 {
    staff.order(order).await["position"].as_u64().unwrap()
}

#[tokio::test]
async fn after_a_short_absence_missed_events_come_from_memory() {
    let server = TestServer::start(&TALKATIVE).await;
    let staff = server.staff().await;
    let menu = Menu::read(&staff).await;
    let mut stays = staff.screen().await;
    stays.join(&menu.kitchen()).await;
    let mut goes = staff.screen().await;
    goes.join(&menu.kitchen()).await;
    let since = goes.room(&menu.kitchen()).cursor.unwrap();
    let cut = goes.rooms.remove(&menu.kitchen()).unwrap();
    drop(goes);
    for _ in 0..20 {
        staff.place(&menu.noted("missed")).await;
    }
    let mut back = staff.screen().await;
    let followed = back.resume(&menu.kitchen(), cut).await;
    assert_eq!(followed.types()[..2], ["snapshot", "live"], "the frames of the first join");
    assert!(!followed.types()[2..].contains(&"snapshot"));
    assert_whole(followed, since, since + 20);
    assert_eq!(server.metric("orderbell_resumes_total{outcome=\"tail\"}").await, 1.0);

    // The control: with another screen's cursor it misses the events in between.
    let mut other = staff.screen().await;
    let positions = other.resume(&menu.kitchen(), Followed::since(since + 5)).await.positions();
    assert_eq!(positions, (since + 6..=since + 20).collect::<Vec<_>>());
}

#[tokio::test]
async fn after_a_restart_missed_events_come_from_the_log() {
    let mut server = TestServer::start(&[]).await;
    let staff = server.staff().await;
    let menu = Menu::read(&staff).await;
    let mut screen = staff.screen().await;
    let since = screen.join(&menu.floor()).await.cursor.unwrap();
    let epoch = screen.epoch().clone();
    let left = screen.rooms[&menu.floor()].clone();
    server.kill().await;
    assert!(screen.next().await.is_err());
    server.restart().await;
    let staff = staff.at(&server.base);
    for _ in 0..3 {
        staff.place(&menu.noted("missed")).await;
    }
    let mut back = staff.screen().await;
    assert_eq!(back.epoch(), &epoch);
    assert_whole(back.resume(&menu.floor(), left).await, since, since + 3);
    assert_eq!(server.metric("orderbell_resumes_total{outcome=\"log\"}").await, 1.0);
}

#[tokio::test]
async fn many_pages_of_the_log_come_in_order_in_the_kitchen_room_and_the_order_room() {
    let (log, order) = long_log().await;
    let server = TestServer::on_copy(log, &[]).await;
    let staff = server.staff().await;
    let menu = Menu::read(&staff).await;
    let head = head(&staff, &order).await;
    let mut screen = staff.screen().await;
    let mut before = None;
    for room in [menu.kitchen(), format!("order:{}", text(&order))] {
        let followed = screen.resume(&room, Followed::since(head - 700)).await;
        assert_whole(followed, head - 700, head);
        let events = json!(followed.events.iter().map(|frame| &frame["event"]).collect::<Vec<_>>());
        assert_eq!(*before.get_or_insert_with(|| events.clone()), events);
    }
}

#[tokio::test]
async fn a_slow_but_steady_reader_gets_four_thousand_events_without_an_eviction() {
    let (log, order) = long_log().await;
    let server = TestServer::on_copy(log, &[]).await;
    let staff = server.staff().await;
    let menu = Menu::read(&staff).await;
    let head = head(&staff, &order).await;
    let mut slow = Screen::open_with(&staff, Some(4096)).await;
    let room = menu.kitchen();
    slow.rooms.insert(room.clone(), Followed::since(head - 4000));
    slow.send(&json!({"type": "subscribe", "room": room, "since": head - 4000, "epoch": slow.epoch()})).await;
    // Pauses after every hundred frames.
    let mut last = Value::Null;
    while last["type"] != "live" {
        last = slow.next().await.unwrap_or_else(|close| panic!("{close:?} at {:?} of {head}", slow.room(&room).cursor));
        if slow.room(&room).frames.len() % 100 == 0 {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
    assert_whole(slow.room(&room), head - 4000, head);
    // Then it receives live events like any other member.
    let ack = staff.command(&order, "promise", json!({"minutes": 33})).await.expect(200);
    slow.see(&room, ack["position"].as_u64().unwrap()).await;
    assert_eq!(server.metric("orderbell_evictions_total").await, 0.0);
}

#[tokio::test]
async fn an_unusable_cursor_is_answered_with_a_snapshot() {
    let (log, order) = long_log().await;
    let server = TestServer::on_copy(log, &TALKATIVE).await;
    let staff = server.staff().await;
    let menu = Menu::read(&staff).await;
    let head = head(&staff, &order).await;
    let mut screen = staff.screen().await;
    let epoch = screen.epoch().clone();
    let unusable = [
        ("too old", json!({"since": 3, "epoch": epoch})),
        ("of another epoch", json!({"since": head - 1, "epoch": "another"})),
        ("from the future", json!({"since": head + 1000, "epoch": epoch})),
        ("absent, an epoch alone", json!({"epoch": epoch})),
    ];
    for (what, mut frame) in unusable {
        frame.as_object_mut().unwrap().extend([("type".into(), "subscribe".into()), ("room".into(), menu.kitchen().into())]);
        screen.rooms.insert(menu.kitchen(), Followed::default());
        screen.send(&frame).await;
        screen.until("live", |frame| frame["type"] == "live").await;
        let followed = screen.room(&menu.kitchen());
        assert_eq!(followed.types(), ["snapshot", "live"], "a cursor {what}");
        assert_eq!((followed.cursor, followed.documents.len()), (Some(head), 1), "a cursor {what}");
    }
    // The control: a valid cursor gets no snapshot.
    let followed = screen.resume(&menu.kitchen(), Followed::since(head - 1)).await;
    assert_eq!(followed.types(), ["event", "live"]);
    let followed = screen.resume(&menu.kitchen(), Followed::since(head)).await;
    assert_eq!(followed.types(), ["live"]);
}
