//! Answers over plain HTTP that nobody reads: their readers are cut in time, and until then they cost little.

use serde_json::{Value, json};
use support::screen::connect;
use support::wait::soon;
use support::{Client, Menu, PATIENCE, TestServer, eventually, new_id};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const MIB: u64 = 1024 * 1024;
const CUT: &str = "orderbell_limit_hits_total{limit=\"unread_answers\"}";
const OPEN: &str = "orderbell_plain_connections";
/// A short deadline, and one that no test lives to see.
const SOON: [&str; 2] = ["--write-timeout-ms", "2000"];
const NEVER: [&str; 2] = ["--write-timeout-ms", "600000"];

/// A menu of almost 2 MiB.
async fn large_menu(server: &TestServer) -> Client {
    let manager = server.client(&["manager"]).await;
    let category = new_id();
    let dish = |number: usize| {
        let dish = json!({"name": format!("Dish {number}"), "description": "x".repeat(190), "category": category,
            "price": {"amount": 100, "currency": "BDT"}, "station": "hot", "sort": number, "photo": format!("/{}", "y".repeat(490))});
        (new_id(), dish)
    };
    let items: serde_json::Map<String, Value> = (0..1900).map(dish).collect();
    let menu = json!({"categories": {category: {"name": "All", "sort": 1}}, "items": items});
    manager.put("/api/v1/restaurants/demo/menu", &menu).await.expect(200);
    manager
}

/// As many as a debug build encodes menus for in some seconds.
const READERS: usize = 6;
/// How often each asks: kernels hold some answers of 2 MiB.
const TIMES: usize = 8;

/// Sends requests and reads nothing.
async fn ask(client: &Client, requests: &[u8]) -> TcpStream {
    let authority = client.base.trim_start_matches("http://");
    let mut stream = connect(authority, Some(4096)).await.unwrap();
    let _ = soon("space in the socket", stream.write_all(requests)).await;
    stream
}

fn request(client: &Client, method: &str, path: &str, headers: &str) -> Vec<u8> {
    let token = &client.token;
    format!("{method} {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n{headers}\r\n").into_bytes()
}

/// Waits until less than `bound` is resident. It goes on asking: the allocator returns pages as its threads use it, and an
/// idle node keeps them.
async fn memory_is_back(server: &TestServer, bound: u64) {
    eventually("memory is back", PATIENCE, async || {
        server.metric(OPEN).await;
        (server.resident() < bound).then_some(())
    })
    .await;
}

/// Many clients ask and do not read. Gives by how much memory grew at most.
async fn unread(server: &TestServer, client: &Client, count: usize, bytes: &[u8]) -> (u64, Vec<TcpStream>) {
    let before = server.resident();
    // Each of them: one that is not cut yet would go on as soon as it is read.
    let cut = server.metric(CUT).await + count as f64;
    let asking = async {
        let mut streams = Vec::new();
        for _ in 0..count {
            streams.push(ask(client, bytes).await);
        }
        eventually("cut", 3 * PATIENCE, async || (server.metric(CUT).await >= cut).then_some(())).await;
        streams
    };
    let (peak, streams) = server.peak_during(asking).await;
    (peak.saturating_sub(before), streams)
}

#[tokio::test]
async fn menus_that_nobody_reads_are_there_once_and_gone_in_time() {
    let server = TestServer::start(&SOON).await;
    let manager = large_menu(&server).await;
    let bytes = request(&manager, "GET", "/api/v1/restaurants/demo/menu", "").repeat(TIMES);
    // Once around, so that what the database keeps is there.
    let warm = unread(&server, &manager, 1, &bytes).await;
    let before = server.resident();
    drop(warm);
    let (grown, mut streams) = unread(&server, &manager, READERS, &bytes).await;
    println!("{READERS} menus of almost 2 MiB that nobody reads: {} MiB at most", grown / MIB);
    memory_is_back(&server, before + 16 * MIB).await;
    assert!(server.metric(OPEN).await < 5.0);
    let mut rest = Vec::new();
    let _ = soon("the end", streams[0].read_to_end(&mut rest)).await;
    assert!(rest.len() < TIMES * MIB as usize, "it was cut: {}", rest.len());
}

#[tokio::test]
async fn where_nothing_is_cut_they_stay_and_who_reads_slowly_gets_all() {
    let many = request(&Client::new("", ""), "GET", "/api/v1/openapi.json", "").repeat(80);
    let server = TestServer::start(&SOON).await;
    let anybody = server.anybody();
    let (_, streams) = unread(&server, &anybody, READERS, &many).await;
    assert!(server.metric(OPEN).await < 5.0);
    drop(streams);
    let server = TestServer::start(&NEVER).await;
    let anybody = server.anybody();
    let mut streams = Vec::new();
    for _ in 0..READERS {
        streams.push(ask(&anybody, &many).await);
    }
    tokio::time::sleep(std::time::Duration::from_secs(6)).await;
    let (open, cut) = (server.metric(OPEN).await, server.metric(CUT).await);
    assert!(open >= READERS as f64 && cut == 0.0, "the control: {open} open, {cut} cut");

    let server = TestServer::start(&SOON).await;
    let manager = large_menu(&server).await;
    let bytes = request(&manager, "GET", "/api/v1/restaurants/demo/menu", "Connection: close\r\n");
    let mut stream = ask(&manager, &bytes).await;
    let mut whole = 0;
    // Some 600 KB a second: longer than the deadline in all, and never as long between two reads.
    let mut piece = vec![0; 60_000];
    loop {
        match soon("a piece", stream.read(&mut piece)).await.unwrap() {
            0 => break,
            count => whole += count,
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    assert!(whole as u64 > MIB + MIB / 2, "{whole}");
    assert_eq!(server.metric(CUT).await, 0.0);
}

#[tokio::test]
async fn a_hundred_polls_that_nobody_reads_are_gone_in_time() {
    let server = TestServer::start(&SOON).await;
    let manager = large_menu(&server).await;
    let room = Menu::read(&manager).await.menu();
    let bytes = request(&manager, "GET", &format!("/api/v1/rooms/{room}/events"), "").repeat(TIMES);
    let warm = unread(&server, &manager, 1, &bytes).await;
    let before = server.resident();
    drop(warm);
    let (grown, _streams) = unread(&server, &manager, 100, &bytes).await;
    println!("100 polls of almost 2 MiB that nobody reads: {} MiB at most", grown / MIB);
    memory_is_back(&server, before + 24 * MIB).await;
    assert!(server.metric(OPEN).await < 5.0);
}

#[tokio::test]
async fn requests_sent_ahead_by_who_reads_nothing_make_no_answers() {
    let server = TestServer::start(&SOON).await;
    let anybody = server.anybody();
    for (method, path, headers) in [("HEAD", "/healthz", ""), ("GET", "/healthz", "")] {
        let many = format!("{method} {path} HTTP/1.1\r\nHost: x\r\n{headers}\r\n").repeat(300_000);
        let (before, cut) = (server.resident(), server.metric(CUT).await);
        let authority = server.authority();
        let mut stream = connect(authority, Some(4096)).await.unwrap();
        let flood = async {
            // Ends with an error when it is cut.
            let _ = tokio::time::timeout(PATIENCE, stream.write_all(many.as_bytes())).await;
            eventually("cut", PATIENCE, async || (server.metric(CUT).await > cut).then_some(())).await;
        };
        let (peak, ()) = server.peak_during(flood).await;
        let grown = peak.saturating_sub(before);
        println!("{method} {path} {headers:?}: {} KiB", grown / 1024);
        assert!(grown < 64 * MIB, "{method}: {} MiB", grown / MIB);
        assert_eq!(anybody.get("/healthz").await.status, 200);
    }
}
