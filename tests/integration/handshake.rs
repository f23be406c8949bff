//! The handshake: every refusal that is possible before the upgrade comes before it.

use reqwest::Method;
use serde_json::{Value, json};
use std::time::{Duration, Instant};
use support::raw::Handshake;
use support::{Client, Menu, PATIENCE, Raw, Screen, TestServer, client::text, eventually};

async fn status(server: &TestServer, handshake: Handshake) -> u16 {
    handshake.send(&server.base, None).await.0.status
}

#[tokio::test]
async fn each_refusal_has_its_status_and_code() {
    let server = TestServer::start(&["--allowed-origin", "https://pages.example"]).await;
    let staff = server.staff().await;
    let expired = server.client(&["staff", "--expires", "1s"]).await;
    let good = || Handshake::new(&staff.token);
    // The token in its own header.
    let bearer =
        || good().with("Sec-WebSocket-Protocol", "orderbell.v1").with("Authorization", &format!("Bearer {}", staff.token));
    eventually("the end of a token", PATIENCE, || async {
        (status(&server, Handshake::new(&expired.token)).await != 101).then_some(())
    })
    .await;
    let refused = [
        ("no token", good().with("Sec-WebSocket-Protocol", "orderbell.v1"), 401, "unauthorized"),
        ("nonsense for a token", Handshake::new("nonsense"), 401, "unauthorized"),
        ("a token cut short", Handshake::new(&staff.token[..staff.token.len() - 1]), 401, "unauthorized"),
        ("an expired token", Handshake::new(&expired.token), 401, "unauthorized"),
        ("a foreign origin", good().with("Origin", "https://evil.example"), 403, "forbidden"),
        ("an unreadable origin", good().with("Origin", "null"), 403, "forbidden"),
        ("no subprotocol", bearer().with("Sec-WebSocket-Protocol", ""), 400, "bad_frame"),
        ("another subprotocol", bearer().with("Sec-WebSocket-Protocol", "graphql-ws"), 400, "bad_frame"),
        ("no version", good().with("Sec-WebSocket-Version", ""), 426, "bad_frame"),
        ("an old version", good().with("Sec-WebSocket-Version", "8"), 426, "bad_frame"),
        ("no key", good().with("Sec-WebSocket-Key", ""), 400, "bad_frame"),
    ];
    for (what, handshake, status, code) in refused {
        let (reply, _) = handshake.send(&server.base, None).await;
        assert_eq!((reply.status, reply.code().as_str()), (status, code), "{what}");
        assert_eq!(reply.header("www-authenticate") == "Bearer", status == 401, "{what}");
        assert_eq!(reply.header("sec-websocket-version") == "13", status == 426, "{what}");
        assert!(!reply.body.contains(&staff.token), "{what}: the answer repeats no secret");
    }
    let mut post = good();
    post.method = "POST";
    assert_eq!(status(&server, post).await, 400);
    // The controls: the same handshake without the fault is accepted.
    assert_eq!(status(&server, good()).await, 101);
    let own = format!("http://{}", server.authority());
    assert_eq!(status(&server, good().with("Origin", &own)).await, 101);
    assert_eq!(status(&server, good().with("Origin", "https://pages.example")).await, 101);
    assert_eq!(status(&server, bearer()).await, 101);
    let plain = good().with("Upgrade", "").with("Connection", "");
    assert!(matches!(status(&server, plain).await, 400 | 404 | 426), "no upgrade was requested");
}

#[tokio::test]
async fn a_connection_beyond_the_limit_of_a_principal_gets_429_until_another_closes() {
    let server = TestServer::start(&["--connections-per-principal", "2"]).await;
    let (staff, other) = (server.staff().await, server.staff().await);
    let (mut one, two) = (staff.screen().await, staff.screen().await);
    let (reply, _) = Handshake::new(&staff.token).send(&server.base, None).await;
    assert_eq!((reply.status, reply.code().as_str()), (429, "rate_limited"));
    assert!(reply.header("retry-after").parse::<u64>().unwrap() > 0);
    other.screen().await.alive().await;
    drop(two);
    eventually("a place", PATIENCE, || async { (status(&server, Handshake::new(&staff.token)).await == 101).then_some(()) })
        .await;
    one.alive().await;
    assert!(server.metric("orderbell_limit_hits_total{limit=\"connections_per_principal\"}").await >= 1.0);
}

#[tokio::test]
async fn a_full_node_answers_503_with_a_time_to_retry() {
    let server = TestServer::start(&["--connections", "2"]).await;
    let (staff, diner) = (server.staff().await, server.diner("1").await);
    let (mut one, two) = (staff.screen().await, diner.screen().await);
    let (reply, _) = Handshake::new(&diner.token).send(&server.base, None).await;
    assert_eq!((reply.status, reply.code().as_str()), (503, "unavailable"));
    assert!(reply.header("retry-after").parse::<u64>().unwrap() > 0);
    drop(two);
    eventually("a place", PATIENCE, || async { (status(&server, Handshake::new(&diner.token)).await == 101).then_some(()) })
        .await;
    one.alive().await;
    staff.get("/readyz").await.expect(200);
}

#[tokio::test]
async fn too_many_handshakes_of_one_address_get_429_and_open_connections_stay() {
    let server = TestServer::start(&["--handshakes-per-second", "1", "--handshake-burst", "3"]).await;
    let staff = server.staff().await;
    let mut inside = staff.screen().await;
    // At the same time: one after another they might stay below the rate.
    let handshakes = (0..12).map(|_| async { Handshake::new(&staff.token).send(&server.base, None).await.0 });
    let replies = futures_util::future::join_all(handshakes).await;
    let refused: Vec<_> = replies.iter().filter(|reply| reply.status != 101).collect();
    assert!(!refused.is_empty());
    for reply in refused {
        assert_eq!((reply.status, reply.code().as_str()), (429, "rate_limited"));
        let wait = reply.header("retry-after").parse::<u64>().unwrap();
        assert!((1..=3).contains(&wait));
        assert_eq!(
            serde_json::from_str::<Value>(&reply.body).unwrap()["retry_after_ms"],
            wait * 1000,
            "the body repeats the header's wait"
        );
    }
    inside.alive().await;
    assert!(server.metric("orderbell_limit_hits_total{limit=\"handshakes\"}").await >= 1.0);
    eventually("a turn", PATIENCE, || async { (status(&server, Handshake::new(&staff.token)).await == 101).then_some(()) }).await;
}

/// Sends a request, and retries after the wait named in the answers of a busy node, as a page does.
async fn insist(request: reqwest::RequestBuilder) -> Value {
    loop {
        let answer = Client::send(request.try_clone().unwrap()).await;
        if answer.status != 503 {
            return answer.expect(200);
        }
        let wait = answer.problem(503, "unavailable")["retry_after_ms"].as_u64().unwrap();
        tokio::time::sleep(Duration::from_millis(wait)).await;
    }
}

/// Begins a guest's session at a table, reads the menu and follows it.
async fn phone(base: String, table: u64) -> Screen {
    let body = json!({"table_key": format!("demo-table-{table}")});
    let anybody = Client::new(&base, "");
    let seat = insist(anybody.request(Method::POST, "/api/v1/diner-sessions").json(&body)).await;
    let diner = Client::new(&base, text(&seat["access_token"]));
    let menu = insist(diner.request(Method::GET, "/api/v1/restaurants/demo/menu")).await;
    let mut screen = diner.screen().await;
    screen.join(&format!("menu:{}", text(&menu["restaurant"]))).await;
    screen
}

#[tokio::test]
async fn five_hundred_phones_of_one_address_connect_within_seconds() {
    let server = TestServer::start(&[]).await;
    let begun = Instant::now();
    let phones = (0..500).map(|at| tokio::spawn(phone(server.base.clone(), 1 + at % 12)));
    let mut screens = Vec::new();
    for phone in phones.collect::<Vec<_>>() {
        screens.push(phone.await.unwrap());
    }
    let took = begun.elapsed();
    println!("500 phones of one address sat down, read the menu and followed it within {took:?}");
    assert!(took < PATIENCE, "{took:?}");
    assert_eq!(server.metric("orderbell_connections{role=\"diner\"}").await, 500.0);
    let staff = server.staff().await;
    let paused = staff.put("/api/v1/restaurants/demo/pause", &json!({"paused": true})).await.expect(200);
    let menu = Menu::read(&staff).await;
    for screen in &mut screens {
        screen.see(&menu.menu(), paused["position"].as_u64().unwrap()).await;
    }
}

#[tokio::test]
async fn the_limit_on_sign_ins_does_not_affect_open_sessions() {
    let server = TestServer::start(&["--logins-per-minute", "5"]).await;
    let mut inside = Raw::open(&server.staff().await).await;
    let wrong = json!({"restaurant": "demo", "username": "staff", "password": "wrong"});
    let mut refused = None;
    for _ in 0..8 {
        let answer = server.anybody().post("/api/v1/sessions", &wrong).await;
        if answer.status == 429 {
            refused = Some(answer);
            break;
        }
        answer.problem(401, "unauthorized");
    }
    let refused = refused.expect("the limit refuses one");
    refused.problem(429, "rate_limited");
    assert!(refused.header("retry-after").parse::<u64>().unwrap() > 0);
    inside.send(support::raw::TEXT, br#"{"type":"ping"}"#).await;
    assert!(inside.frame().await.unwrap().1.starts_with(br#"{"type":"pong""#));
}
