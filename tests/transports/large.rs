//! Large snapshots, beyond the old limit of a connection: they arrive over each transport, on slow
//! links, in parts and as one message, while events continue.

use crate::follower::Follower;
use crate::links::Events;
use crate::server::{Server, eventually};
use crate::slow_link::SlowLink;
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{Connection, SqliteConnection};
use std::time::{Duration, Instant};
use support::long::factor;
use tokio::net::{TcpSocket, TcpStream};
use tokio::sync::watch;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::handshake::client::Request;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

/// The time between two events while readers read.
const PACE: Duration = Duration::from_millis(100);
/// The old limit on the bytes of one connection.
const ONCE: u64 = 16 << 20;
/// The factor by which a reader may exceed the time that its link needs, since the machine is
/// shared.
const SLACK: u32 = 6;

/// The ways to read a room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    Socket { paged: bool },
    Stream { paged: bool },
    Poll,
}

const WAYS: [Way; 5] = [
    Way::Socket { paged: true },
    Way::Socket { paged: false },
    Way::Stream { paged: true },
    Way::Stream { paged: false },
    Way::Poll,
];

/// Places many open orders of many lines. Returns the size of one.
async fn fill(server: &Server, token: &str, orders: usize, lines: usize) -> usize {
    let first = server.place(token, lines).await;
    let options = SqliteConnectOptions::new().filename(server.database()).busy_timeout(Duration::from_secs(20));
    let mut connection = SqliteConnection::connect_with(&options).await.unwrap();
    let copies = "WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < $1) \
        INSERT INTO orders (restaurant, id, number, status, is_open, document) \
        SELECT restaurant, unhex(printf('01930000000070008000%012x', n)), 100000 + n, status, 1, \
        json_set(document, '$.id', printf('01930000-0000-7000-8000-%012x', n), '$.number', 100000 + n) FROM orders, n";
    let made = sqlx::query(copies).bind(orders as i64 - 1).execute(&mut connection).await.unwrap();
    assert_eq!(made.rows_affected(), orders as u64 - 1);
    connection.close().await.unwrap();
    first.to_string().len()
}

/// A reader of a room, which checks the received frames.
struct Reader {
    follower: Follower,
    documents: usize,
    parts: Vec<Value>,
}

impl Reader {
    fn new() -> Self {
        Self { follower: Follower::default(), documents: 0, parts: Vec::new() }
    }

    /// Applies a frame. A snapshot in parts counts after its last part.
    fn take(&mut self, mut frame: Value) {
        if frame["type"] == "snapshot" {
            if frame.get("part").is_some() {
                assert_eq!(frame["part"], self.parts.len(), "parts come in order");
                assert!(self.parts.iter().all(|part| part["position"] == frame["position"]), "all parts have one position");
                assert!(frame.to_string().len() <= 66_000, "a part is bounded");
                self.parts.push(frame.clone());
                if frame["more"] == true {
                    return;
                }
                let documents = self.parts.iter().flat_map(|part| part["documents"].as_array().unwrap()).cloned();
                frame["documents"] = documents.collect();
            }
            self.documents = frame["documents"].as_array().unwrap().len();
        }
        self.follower.take(&frame).unwrap_or_else(|stray| panic!("{stray:?} at {}", frame["type"]));
    }

    fn cursor(&self) -> u64 {
        self.follower.cursor.unwrap_or(0)
    }
}

/// Reads a room up to the last position, which is known once the events end.
async fn read(server: &Server, link: &SlowLink, token: &str, room: &str, way: Way, mut last: watch::Receiver<u64>) -> Reader {
    let mut reader = Reader::new();
    let is_done = |reader: &Reader, last: &mut watch::Receiver<u64>| {
        let last = *last.borrow_and_update();
        last > 0 && reader.cursor() >= last
    };
    match way {
        Way::Socket { paged } => {
            let mut socket = socket(link, token).await;
            let subscribe = json!({"type": "subscribe", "room": room, "paged": paged});
            socket.send(Message::text(subscribe.to_string())).await.unwrap();
            while !is_done(&reader, &mut last) {
                match socket.next().await {
                    Some(Ok(Message::Text(text))) => reader.take(serde_json::from_str(&text).unwrap()),
                    Some(Ok(Message::Ping(_))) => {}
                    other => panic!("{way:?}: {other:?} at {}", reader.cursor()),
                }
            }
        }
        Way::Stream { paged } => {
            let mut events = Events::reading(ask(server, link, token, &format!("{room}/stream"), paged).await);
            while !is_done(&reader, &mut last) {
                let event = events.next().await.unwrap_or_else(|| panic!("{way:?}: the stream ended at {}", reader.cursor()));
                reader.take(event.data);
            }
        }
        Way::Poll => {
            while !is_done(&reader, &mut last) {
                let since = crate::links::since(&reader.follower);
                let answer = ask(server, link, token, &format!("{room}/events?wait=1{since}"), true).await;
                let answer: Value = answer.json().await.unwrap();
                reader.follower.epoch = answer["epoch"].as_str().unwrap().to_owned();
                answer["frames"].as_array().unwrap().iter().for_each(|frame| reader.take(frame.clone()));
                reader.follower.cursor = answer["position"].as_u64();
            }
        }
    }
    reader
}

async fn socket(link: &SlowLink, token: &str) -> WebSocketStream<MaybeTlsStream<TcpStream>> {
    connect_async(handshake(&link.address.to_string(), token)).await.unwrap().0
}

fn handshake(address: &str, token: &str) -> Request {
    let mut request = format!("ws://{address}/ws").into_client_request().unwrap();
    let protocols = format!("orderbell.v1, bearer.{token}");
    request.headers_mut().insert("sec-websocket-protocol", protocols.parse().unwrap());
    request
}

async fn ask(server: &Server, link: &SlowLink, token: &str, path: &str, paged: bool) -> reqwest::Response {
    let mut call = server.http.get(format!("http://{}/api/v1/rooms/{path}", link.address)).bearer_auth(token);
    if paged {
        call = call.header("orderbell-snapshot", "paged");
    }
    let answer = call.send().await.unwrap();
    assert_eq!(answer.status(), 200, "{path}");
    answer
}

/// Reads a large room in all ways at once over links of a rate, during events.
async fn every_way(orders: usize, lines: usize, bytes_per_second: usize) {
    let server = Server::start(&[]).await;
    let (staff, service) = (server.token("staff", "1h").await, server.token("service", "1h").await);
    let size = fill(&server, &staff, orders, lines).await;
    let bytes = (orders * size) as u64;
    let room = server.room("kitchen");
    let busy = server.place(&staff, 1).await["id"].as_str().unwrap().to_owned();
    let link = SlowLink::to(server.address(), bytes_per_second).await;
    let before = server.resident_kib();
    let (told, last) = watch::channel(0);
    let begun = Instant::now();
    let deadline = Duration::from_secs_f64(bytes as f64 / bytes_per_second as f64) * SLACK + Duration::from_secs(20);
    let readers = async {
        let reads = WAYS.iter().map(|way| read(&server, &link, &service, &room, *way, last.clone()));
        tokio::time::timeout(deadline, futures_util::future::join_all(reads)).await.expect("everything arrives in time")
    };
    // Events continue until the slowest link has delivered the snapshot.
    let events = async {
        let until = Duration::from_secs_f64(bytes as f64 / bytes_per_second as f64);
        let (mut rush, mut position, mut peak, mut held) = (false, 0, 0, 0);
        while begun.elapsed() < until {
            rush = !rush;
            position = server.rush(&staff, &busy, rush).await;
            peak = peak.max(server.resident_kib());
            held = held.max(server.metric("orderbell_snapshots_bytes ").await);
            tokio::time::sleep(PACE).await;
        }
        told.send_replace(position);
        (position, peak, held)
    };
    let (read, (position, peak, held)) = tokio::join!(readers, events);
    for (way, reader) in WAYS.iter().zip(&read) {
        assert_eq!((reader.documents, reader.follower.snapshots), (orders + 1, 1), "{way:?}");
        let positions = reader.follower.positions();
        assert!(positions.last() == Some(&position) && positions.len() > 10, "{way:?}: {positions:?}");
        // Each event is in this room, so that positions have no gaps.
        assert!(positions.windows(2).all(|two| two[1] == two[0] + 1), "{way:?}: {positions:?}");
        assert_eq!(
            reader.parts.is_empty(),
            matches!(way, Way::Socket { paged: false } | Way::Stream { paged: false }),
            "{way:?}"
        );
    }
    assert_eq!(server.metric("orderbell_evictions_total ").await, 0);
    assert_eq!(server.metric("orderbell_closes_total{code=\"4409\"}").await, 0);
    let grown = peak.saturating_sub(before) * 1024;
    println!(
        "{orders} orders of {size} bytes at {bytes_per_second} B/s, five ways at once: {:.1} s, {position} events, \
        snapshots held {held} bytes, memory grew by {grown} of {bytes} bytes",
        begun.elapsed().as_secs_f64()
    );
    assert!(held <= 3 * (bytes + bytes / 8), "three snapshots of a room at most: {held} bytes");
    assert!(grown < 4 * bytes + (64 << 20), "{grown} bytes");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_open_orders_arrive_over_every_transport_at_200_kilobytes_a_second() {
    // The long form places all 2,000 orders.
    every_way((400 * factor()).min(2000), 12, 200_000).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn snapshots_that_were_once_too_large_arrive_on_every_transport_at_a_megabyte_a_second() {
    every_way(500, 100, 1_000_000).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn readers_of_one_snapshot_share_its_memory() {
    const READERS: usize = 24;
    let server = Server::start(&["--connections-per-principal", "100"]).await;
    let (staff, service) = (server.token("staff", "1h").await, server.token("service", "1h").await);
    let size = fill(&server, &staff, 500, 100).await;
    let bytes = (500 * size) as u64;
    assert!(bytes > ONCE, "the control: more than the old limit, which closed a connection with 4409");
    let room = server.room("floor");
    let link = SlowLink::to(server.address(), 50_000).await;
    // Read once first, so that the memory for database reads is already allocated.
    assert_eq!(ask(&server, &link, &service, &format!("{room}/stream"), true).await.status(), 200);
    let before = server.resident_kib();
    let mut sockets = Vec::new();
    for number in 0..READERS {
        let mut socket = socket(&link, &service).await;
        let subscribe = json!({"type": "subscribe", "room": room, "paged": number % 2 == 0});
        socket.send(Message::text(subscribe.to_string())).await.unwrap();
        // Read only `welcome`, until the link is full.
        socket.next().await.unwrap().unwrap();
        sockets.push(socket);
    }
    eventually("all joined", || async { server.metric("orderbell_members{kind=\"floor\"} ").await >= READERS as u64 }).await;
    let grown = server.resident_kib().saturating_sub(before) * 1024;
    println!("{READERS} readers of a snapshot of {bytes} bytes: memory grew by {grown} bytes");
    assert!(grown < 3 * bytes, "{grown} bytes, for {READERS} times {bytes}");
    drop(link);
    drop(sockets);
    eventually("no reader is left", || async { server.metric("orderbell_members{kind=\"floor\"} ").await == 0 }).await;
    eventually("the memory is free", || async { server.metric("orderbell_snapshots_bytes ").await == 0 }).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn beyond_the_memory_budget_a_room_waits_and_nobody_is_evicted() {
    // The budget is a megabyte, which the first snapshot uses up.
    let server = Server::start(&["--snapshot-bytes", "1048576"]).await;
    let (staff, service) = (server.token("staff", "1h").await, server.token("service", "1h").await);
    fill(&server, &staff, 500, 100).await;
    let link = SlowLink::to(server.address(), 100_000).await;
    let (_told, last) = watch::channel(0);
    let (kitchen, floor) = (server.room("kitchen"), server.room("floor"));
    let slow = read(&server, &link, &service, &kitchen, Way::Socket { paged: true }, last);
    let others = async {
        eventually("the first is on its way", || async { server.metric("orderbell_snapshots_bytes ").await > 1 << 20 }).await;
        // Further members of the same room share it.
        let fast = SlowLink::to(server.address(), usize::MAX).await;
        let mut second = Events::reading(ask(&server, &fast, &service, &format!("{kitchen}/stream"), true).await);
        while second.next().await.unwrap().event != "live" {}
        // Another room's snapshot waits and is then unavailable; its members stay connected.
        let answer = server.get(&format!("/api/v1/rooms/{floor}/events"), &service).await;
        assert_eq!((answer.status().as_u16(), answer.headers()["retry-after"].to_str().unwrap()), (503, "1"));
        assert!(server.metric("orderbell_limit_hits_total{limit=\"snapshot_bytes\"} ").await >= 1);
        assert_eq!(server.metric("orderbell_evictions_total ").await, 0);
    };
    tokio::select! {
        reader = slow => panic!("the snapshot cannot have arrived so soon: {}", reader.documents),
        () = others => {}
    }
    drop(link);
    // The end of the reader frees its snapshot, and the other room is available.
    eventually("the other room", || async {
        server.get(&format!("/api/v1/rooms/{floor}/events"), &service).await.status() == 200
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reader_that_reads_nothing_of_a_snapshot_is_disconnected() {
    let server = Server::start(&[]).await;
    let (staff, service) = (server.token("staff", "1h").await, server.token("service", "1h").await);
    fill(&server, &staff, 500, 100).await;
    let mut stalled = Vec::new();
    for paged in [true, false] {
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_recv_buffer_size(4096).unwrap();
        let stream = socket.connect(server.address().parse().unwrap()).await.unwrap();
        let (mut socket, _) = tokio_tungstenite::client_async(handshake(server.address(), &service), stream).await.unwrap();
        let subscribe = json!({"type": "subscribe", "room": server.room("kitchen"), "paged": paged});
        socket.send(Message::text(subscribe.to_string())).await.unwrap();
        stalled.push(socket);
    }
    eventually("both joined", || async { server.metric("orderbell_members{kind=\"kitchen\"} ").await == 2 }).await;
    let begun = Instant::now();
    while server.connections("service").await > 0 {
        assert!(begun.elapsed() < Duration::from_secs(60), "the connection is still open");
        tokio::time::sleep(PACE).await;
    }
    assert!(begun.elapsed() > Duration::from_secs(10), "the connection stays open until the write deadline");
    assert_eq!(server.metric("orderbell_evictions_total ").await, 0, "the socket's deadline closed it, not an eviction");
    drop(stalled);
}

/// During a snapshot in one message, frames of other rooms wait, or the connection reads them again later. More of them than
/// the backlog holds must not close the connection.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_frame_is_lost_when_other_rooms_send_more_than_a_backlog_during_a_snapshot_in_one_message() {
    const BANQUETS: usize = 40;
    let server = Server::start(&[]).await;
    let (staff, service) = (server.token("staff", "1h").await, server.token("service", "1h").await);
    let link = SlowLink::to(server.address(), 3_000_000).await;
    let (kitchen, floor) = (server.room("kitchen"), server.room("floor"));
    let mut socket = socket(&link, &service).await;
    let mut readers = [(&kitchen, Reader::new()), (&floor, Reader::new())];
    socket.send(Message::text(json!({"type": "subscribe", "room": kitchen}).to_string())).await.unwrap();
    eventually("the kitchen", || async { server.metric("orderbell_members{kind=\"kitchen\"} ").await == 1 }).await;
    fill(&server, &staff, 400, 100).await;
    socket.send(Message::text(json!({"type": "subscribe", "room": floor}).to_string())).await.unwrap();
    let place = async {
        eventually("the snapshot", || async { server.metric("orderbell_snapshots_bytes ").await > ONCE / 2 }).await;
        let mut last = 0;
        for _ in 0..BANQUETS {
            last = server.place(&staff, 100).await["position"].as_u64().unwrap();
        }
        last
    };
    let (told, mut last) = watch::channel(0);
    let read = async {
        while *last.borrow_and_update() == 0 || readers.iter().any(|(_, reader)| reader.cursor() < *last.borrow()) {
            let frame: Value = match socket.next().await {
                Some(Ok(Message::Text(text))) => serde_json::from_str(&text).unwrap(),
                Some(Ok(Message::Ping(_))) => continue,
                other => panic!("{other:?}"),
            };
            if let Some((_, reader)) = readers.iter_mut().find(|(room, _)| frame["room"] == room.as_str()) {
                reader.take(frame);
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(120), async { tokio::join!(read, async { told.send_replace(place.await) }) })
        .await
        .expect("everything arrives in time");
    let [(_, kitchen), (_, floor)] = &readers;
    let positions = kitchen.follower.positions();
    assert!(positions.len() > BANQUETS && positions.windows(2).all(|two| two[1] == two[0] + 1), "{positions:?}");
    assert_eq!((kitchen.follower.snapshots, floor.follower.snapshots), (1, 1));
    assert_eq!(server.metric("orderbell_evictions_total ").await, 0);
}
