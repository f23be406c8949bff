//! HTTP answers that nobody reads: the server cuts their connections in time, and they cost little until then.

use serde_json::{Value, json};
use std::time::{Duration, Instant};
use support::screen::connect;
use support::wait::soon;
use support::{Client, Menu, PATIENCE, TestServer, eventually, new_id};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const MIB: u64 = 1024 * 1024;
const CUT: &str = "orderbell_limit_hits_total{limit=\"unread_answers\"}";
const OPEN: &str = "orderbell_plain_connections";
/// A short write deadline, and one that no test reaches.
const SOON: [&str; 2] = ["--write-timeout-ms", "2000"];
const NEVER: [&str; 2] = ["--write-timeout-ms", "600000"];

/// Stores a menu of almost 2 MiB.
async fn large_menu(server: &TestServer) -> Client {
    menu_of(server, 1900).await
}

/// Stores a menu with 1 KB for each dish.
async fn menu_of(server: &TestServer, dishes: usize) -> Client {
    let manager = server.client(&["manager"]).await;
    let category = new_id();
    let dish = |number: usize| {
        let dish = json!({"name": format!("Dish {number}"), "description": "x".repeat(190), "category": category,
            "price": {"amount": 100, "currency": "BDT"}, "station": "hot", "sort": number, "photo": format!("/{}", "y".repeat(490))});
        (new_id(), dish)
    };
    let items: serde_json::Map<String, Value> = (0..dishes).map(dish).collect();
    let menu = json!({"categories": {category: {"name": "All", "sort": 1}}, "items": items});
    manager.put("/api/v1/restaurants/demo/menu", &menu).await.expect(200);
    manager
}

/// The number of readers: a debug build can encode this many menus in some seconds.
const READERS: usize = 6;
/// The number of requests of each reader: kernels buffer some answers of 2 MiB.
const TIMES: usize = 8;

/// A small receive buffer, for a client that takes little of an answer.
const SMALL: Option<usize> = Some(4096);

/// Sends requests and reads nothing.
async fn ask(client: &Client, requests: &[u8]) -> TcpStream {
    let authority = client.base.trim_start_matches("http://");
    let mut stream = connect(authority, SMALL).await.unwrap();
    let _ = soon("space in the socket", stream.write_all(requests)).await;
    stream
}

fn request(client: &Client, method: &str, path: &str, headers: &str) -> Vec<u8> {
    let token = &client.token;
    format!("{method} {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n{headers}\r\n").into_bytes()
}

/// Waits until less than `bound` is resident. It keeps sending requests: the allocator returns pages as its threads use it,
/// and an idle node keeps them.
async fn memory_is_back(server: &TestServer, bound: u64) {
    eventually("memory is back", PATIENCE, async || {
        server.metric(OPEN).await;
        (server.resident() < bound).then_some(())
    })
    .await;
}

/// Sends requests from `count` clients that do not read. Returns the largest growth of memory.
async fn unread(server: &TestServer, client: &Client, count: usize, bytes: &[u8]) -> (u64, Vec<TcpStream>) {
    let before = server.resident();
    // Wait for all of them: a connection that is not cut yet would continue as soon as it is read.
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
async fn menus_that_nobody_reads_are_held_in_memory_once_and_dropped_in_time() {
    let server = TestServer::start(&SOON).await;
    let manager = large_menu(&server).await;
    let bytes = request(&manager, "GET", "/api/v1/restaurants/demo/menu", "").repeat(TIMES);
    // Warm up, so that the database's caches are filled.
    let warm = unread(&server, &manager, 1, &bytes).await;
    let before = server.resident();
    drop(warm);
    let (grown, mut streams) = unread(&server, &manager, READERS, &bytes).await;
    println!("{READERS} menus of almost 2 MiB that nobody reads: {} MiB at most", grown / MIB);
    memory_is_back(&server, before + 16 * MIB).await;
    assert!(server.metric(OPEN).await < 5.0);
    let mut rest = Vec::new();
    let _ = soon("the end", streams[0].read_to_end(&mut rest)).await;
    assert!(rest.len() < TIMES * MIB as usize, "it was not cut: {}", rest.len());
}

#[tokio::test]
async fn idle_connections_stay_open_and_slow_readers_get_the_whole_answer() {
    let many = request(&Client::new("", ""), "GET", "/api/v1/openapi.json", "").repeat(80);
    let server = TestServer::start(&SOON).await;
    let anybody = server.anybody();
    // Warm up: the first compression takes a debug build seconds.
    anybody.get("/api/v1/openapi.json").await.expect(200);
    let (_, streams) = unread(&server, &anybody, READERS, &many).await;
    assert!(server.metric(OPEN).await < 5.0);
    drop(streams);
    let server = TestServer::start(&NEVER).await;
    let anybody = server.anybody();
    anybody.get("/api/v1/openapi.json").await.expect(200);
    let mut streams = Vec::new();
    for _ in 0..READERS {
        streams.push(ask(&anybody, &many).await);
    }
    tokio::time::sleep(Duration::from_secs(6)).await;
    let (open, cut) = (server.metric(OPEN).await, server.metric(CUT).await);
    assert!(open >= READERS as f64 && cut == 0.0, "the control: {open} open, {cut} cut");

    let server = TestServer::start(&SOON).await;
    let manager = large_menu(&server).await;
    let bytes = request(&manager, "GET", "/api/v1/restaurants/demo/menu", "Connection: close\r\n");
    let mut stream = ask(&manager, &bytes).await;
    let mut whole = 0;
    // At some 600 KB a second the whole answer takes longer than the deadline, but no pause between two reads does.
    let mut piece = vec![0; 60_000];
    loop {
        match soon("a piece", stream.read(&mut piece)).await.unwrap() {
            0 => break,
            count => whole += count,
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert!(whole as u64 > MIB + MIB / 2, "{whole}");
    assert_eq!(server.metric(CUT).await, 0.0);
}

#[tokio::test]
async fn a_hundred_polls_that_nobody_reads_are_dropped_in_time() {
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
async fn requests_sent_ahead_by_a_client_that_does_not_read_are_not_answered() {
    let server = TestServer::start(&SOON).await;
    let anybody = server.anybody();
    for (method, path, headers) in [("HEAD", "/healthz", ""), ("GET", "/healthz", "")] {
        let many = format!("{method} {path} HTTP/1.1\r\nHost: x\r\n{headers}\r\n").repeat(300_000);
        let (before, cut) = (server.resident(), server.metric(CUT).await);
        let authority = server.authority();
        let mut stream = connect(authority, SMALL).await.unwrap();
        let flood = async {
            // Ends with an error when the connection is cut.
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

/// Opens connections that send the same bytes and read nothing. Returns the growth of memory for each.
async fn cost(server: &TestServer, count: usize, bytes: &[u8], window: Option<usize>) -> (u64, Vec<TcpStream>) {
    let open = async |bytes: &[u8]| {
        let mut streams = Vec::new();
        for _ in 0..count {
            let mut stream = connect(server.authority(), window).await.unwrap();
            let _ = tokio::time::timeout(Duration::from_millis(100), stream.write_all(bytes)).await;
            streams.push(stream);
        }
        eventually("open", PATIENCE, async || (server.metric(OPEN).await >= count as f64).then_some(())).await;
        streams
    };
    // Warm up with a small request, so that reused buffers exist already. After a warm-up with these bytes, the allocator would
    // still hold their memory, and nothing would grow.
    drop(open(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n").await);
    eventually("closed", PATIENCE, async || (server.metric(OPEN).await < 5.0).then_some(())).await;
    let before = server.resident();
    let (peak, streams) = server.peak_during(open(bytes)).await;
    (peak.saturating_sub(before) / count as u64, streams)
}

#[tokio::test]
async fn requests_sent_ahead_of_an_answer_cost_nothing() {
    let server = TestServer::start(&NEVER).await;
    let guest = server.diner("1").await;
    let room = Menu::read(&guest).await.menu();
    let get = |path: &str| request(&guest, "GET", path, "");
    let tiny = |count: usize| b"GET /healthz HTTP/1.1\r\nHost:\r\n\r\n".repeat(count);
    let poll = get(&format!("/api/v1/rooms/{room}/events?wait=30&since=999999999"));
    for (what, bytes) in [
        ("answers that nobody reads", tiny(500)),
        ("requests behind a poll", [poll.clone(), tiny(500)].concat()),
        ("more than a dispatcher reads", [poll, tiny(20_000)].concat()),
    ] {
        let (each, streams) = cost(&server, 50, &bytes, SMALL).await;
        println!("{what}: {} KiB each", each / 1024);
        assert!(each < 64 * 1024, "{what}: {} KiB each", each / 1024);
        drop(streams);
        eventually("closed", PATIENCE, async || (server.metric(OPEN).await < 5.0).then_some(())).await;
    }
}

#[tokio::test]
async fn a_connection_that_had_a_large_answer_costs_as_little_as_another() {
    let server = TestServer::start(&NEVER).await;
    let manager = menu_of(&server, 60).await;
    let get = |path: &str| request(&manager, "GET", path, "");
    let (small, streams) = cost(&server, 400, &get("/healthz"), None).await;
    drop(streams);
    eventually("closed", PATIENCE, async || (server.metric(OPEN).await < 5.0).then_some(())).await;
    let (large, _streams) = cost(&server, 400, &get("/api/v1/restaurants/demo/menu"), None).await;
    println!("idle after a small answer {} KiB, after a large one {} KiB", small / 1024, large / 1024);
    assert!(large < small + 40 * 1024, "{} KiB, and {} KiB after a small answer", large / 1024, small / 1024);
}

/// Sends bytes in pieces, and returns everything that arrives until the server closes.
async fn exchange(server: &TestServer, bytes: &[u8], piece: usize) -> String {
    let mut stream = connect(server.authority(), None).await.unwrap();
    let (mut reader, mut writer) = stream.split();
    let send = async {
        for piece in bytes.chunks(piece) {
            // Ends with an error when the server refuses the rest.
            if writer.write_all(piece).await.is_err() {
                break;
            }
            tokio::task::yield_now().await;
        }
    };
    let mut answers = Vec::new();
    let (_, read) = tokio::join!(send, soon("the end", reader.read_to_end(&mut answers)));
    let _ = read;
    String::from_utf8_lossy(&answers).into_owned()
}

#[tokio::test]
async fn pipelined_requests_with_bodies_are_answered_in_turn() {
    let server = TestServer::start(&[]).await;
    let get = |path: &str| format!("GET {path} HTTP/1.1\r\nHost: x\r\n\r\n");
    let body = format!("{{\"table_key\":{}\"nobody has this key\"}}", " \r\n\r\n".repeat(800));
    let post = "POST /api/v1/diner-sessions HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n";
    let whole = format!("{post}Content-Length: {}\r\n\r\n{body}", body.len());
    // Each byte of the body takes 6 bytes on the wire: more than the server reads before it asks for the body.
    let chunks: String = body.chars().map(|byte| format!("1\r\n{byte}\r\n")).collect();
    let chunked = format!("{post}Transfer-Encoding: chunked\r\n\r\n{chunks}0\r\n\r\n");
    let trailing = format!("{post}Transfer-Encoding: chunked\r\n\r\n1;a=0\r\n0\r\n000\r\nX: y\r\n0: 0\r\n\r\n");
    let last = "GET /healthz HTTP/1.1\nHost: x\nConnection: close\n\n".to_owned();
    let all = [
        get("/healthz"),
        get("/api/v1/demo"),
        whole,
        "\r\n\r\n".to_owned(),
        get("/nowhere"),
        chunked,
        get("/healthz"),
        trailing,
        get("/nowhere"),
        last,
    ]
    .concat();
    for piece in [all.len(), 1000, 7] {
        let answers = exchange(&server, all.as_bytes(), piece).await;
        let statuses: Vec<_> = answers.match_indices("HTTP/1.1 ").map(|(at, _)| &answers[at + 9..at + 12]).collect();
        assert_eq!(statuses, ["200", "200", "404", "404", "404", "200", "422", "404", "200"], "in pieces of {piece}");
    }
}

#[tokio::test]
async fn a_client_of_http_1_0_gets_no_chunks() {
    let server = TestServer::start(&[]).await;
    let guest = server.diner("1").await;
    let menu = request(&guest, "GET", "/api/v1/restaurants/demo/menu", "Accept-Encoding: gzip\r\nConnection: keep-alive\r\n");
    let room = Menu::read(&guest).await.menu();
    let poll = request(&guest, "GET", &format!("/api/v1/rooms/{room}/events"), "Orderbell-Snapshot: paged\r\n");
    for (request, begin) in [(menu, "\u{1f}"), (poll, "{")] {
        let request = String::from_utf8(request).unwrap().replace("HTTP/1.1", "HTTP/1.0");
        let answer = exchange(&server, request.as_bytes(), request.len()).await;
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        assert!(head.starts_with("HTTP/1.0 200 ") && !head.contains("transfer-encoding"), "{head}");
        assert!(body.starts_with(begin), "{body:.40?}");
    }
}

#[tokio::test]
async fn the_size_of_a_request_head_is_limited() {
    let server = TestServer::start(&[]).await;
    let head =
        |length: usize| format!("GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\nX: {}\r\n\r\n", "a".repeat(length));
    assert!(exchange(&server, head(15_000).as_bytes(), 1000).await.starts_with("HTTP/1.1 200 "));
    let endless = head(17_000);
    // Send it without its end, so that the server reads all of it before it refuses.
    assert!(exchange(&server, &endless.as_bytes()[..16 * 1024], 1000).await.starts_with("HTTP/1.1 431 "));
    // The refusal does not cut off the previous answer, which the reader has not read yet.
    let manager = large_menu(&server).await;
    let menu = request(&manager, "GET", "/api/v1/restaurants/demo/menu", "");
    let mut stream = ask(&manager, &[menu, head(60_000).into_bytes()].concat()).await;
    let mut answers = Vec::new();
    soon("the end", stream.read_to_end(&mut answers)).await.unwrap();
    let answers = String::from_utf8(answers).unwrap();
    assert!(answers.len() as u64 > MIB + MIB / 2 && answers.contains("}HTTP/1.1 431 "), "{} bytes", answers.len());
}

/// Sends bytes on a new connection, and returns what arrives until the server closes it.
async fn until_close(server: &TestServer, bytes: &str) -> String {
    let mut stream = connect(server.authority(), None).await.unwrap();
    stream.write_all(bytes.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    soon("the end", stream.read_to_end(&mut answer)).await.unwrap();
    String::from_utf8(answer).unwrap()
}

#[tokio::test]
async fn a_request_head_has_a_deadline_that_does_not_count_a_stall_of_the_node() {
    let head_timeout = Duration::from_millis(1500);
    let server = TestServer::start(&["--head-timeout-ms", "1500"]).await;
    let slow = async || server.metric("orderbell_limit_hits_total{limit=\"head_time\"}").await;
    let get = "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n";
    assert_eq!(until_close(&server, "").await, "", "an answer would be taken for that of the browser's next request");
    assert_eq!(slow().await, 0.0);
    assert!(until_close(&server, &get[..30]).await.starts_with("HTTP/1.1 408 "));
    let second = until_close(&server, &[get, &get[..1]].concat()).await;
    assert!(second.starts_with("HTTP/1.1 200 ") && second.contains("HTTP/1.1 408 "), "{second}");
    assert_eq!(slow().await, 2.0);

    let mut waiting = Vec::new();
    for begun in [0, 30] {
        let mut stream = connect(server.authority(), None).await.unwrap();
        stream.write_all(&get.as_bytes()[..begun]).await.unwrap();
        waiting.push((stream, &get[begun..]));
    }
    // This request is later than the connections, so the server has read their bytes.
    server.metric(OPEN).await;
    server.signal("STOP");
    for (stream, rest) in &mut waiting {
        stream.write_all(rest.as_bytes()).await.unwrap();
    }
    tokio::time::sleep(2 * head_timeout).await;
    server.signal("CONT");
    for (mut stream, _) in waiting {
        let mut status = [0; 13];
        soon("the answer", stream.read_exact(&mut status)).await.unwrap();
        assert_eq!(&status, b"HTTP/1.1 200 ");
        // The deadline does not apply to an idle connection.
        tokio::time::sleep(head_timeout * 3 / 2).await;
        stream.write_all(get.as_bytes()).await.unwrap();
        let mut rest = [0; 600];
        let count = soon("the second answer", stream.read(&mut rest)).await.unwrap();
        assert!(count > 0, "it was closed");
    }
}

#[tokio::test]
async fn a_large_answer_is_sent_without_waiting_for_acknowledgements() {
    let server = TestServer::start(&[]).await;
    let manager = menu_of(&server, 60).await;
    let bytes = request(&manager, "GET", "/api/v1/restaurants/demo/menu", "");
    let mut stream = connect(server.authority(), None).await.unwrap();
    let mut piece = vec![0; 200_000];
    let mut fastest = Duration::MAX;
    // A new connection acknowledges at once; an older one delays its acknowledgement by 40 ms.
    for number in 0..60 {
        let asked = Instant::now();
        stream.write_all(&bytes).await.unwrap();
        let mut answer = Vec::new();
        while !is_whole(&answer) {
            let count = soon("the answer", stream.read(&mut piece)).await.unwrap();
            assert!(count > 0, "it was closed");
            answer.extend_from_slice(&piece[..count]);
        }
        if number > 40 {
            fastest = fastest.min(asked.elapsed());
        }
    }
    println!("an answer of 60 KB took {fastest:?}");
    assert!(fastest < Duration::from_millis(35), "{fastest:?}");
}

/// Returns whether an answer has as many bytes as its head announces.
fn is_whole(answer: &[u8]) -> bool {
    let Some(end) = answer.windows(4).position(|bytes| bytes == b"\r\n\r\n") else { return false };
    let head = String::from_utf8_lossy(&answer[..end]).to_lowercase();
    let length = head.split("content-length: ").nth(1).and_then(|rest| rest.lines().next()).expect("a length");
    answer.len() >= end + 4 + length.parse::<usize>().unwrap()
}
