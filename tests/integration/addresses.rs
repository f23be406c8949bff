//! Which client's limit a request counts against, with and without a proxy.

use reqwest::Method;
use serde_json::json;
use support::raw::Handshake;
use support::{Client, TestServer};

const BEHIND: [&str; 3] = ["--trust-forwarded-for", "--logins-per-minute", "5"];

/// Returns the statuses of `count` failed sign-ins, each with the headers that `lines` returns for it.
async fn tries(server: &TestServer, count: u32, lines: impl Fn(u32) -> Vec<(&'static str, String)>) -> Vec<u16> {
    let mut statuses = Vec::new();
    for at in 0..count {
        let wrong = json!({"api_key": format!("wrong-{at}")});
        let request = server.anybody().request(Method::POST, "/api/v1/sessions").json(&wrong);
        let request = lines(at).into_iter().fold(request, |request, (name, value)| request.header(name, value));
        statuses.push(Client::send(request).await.status);
    }
    statuses
}

fn refused(statuses: &[u16]) -> usize {
    assert!(statuses.iter().all(|status| matches!(status, 401 | 429)), "{statuses:?}");
    statuses.iter().filter(|status| **status == 429).count()
}

#[tokio::test]
async fn a_forwarding_header_added_by_the_client_does_not_evade_a_limit() {
    let server = TestServer::start(&BEHIND).await;
    let proxy = "203.0.113.7".to_owned();
    let evil = |at: u32| format!("198.51.{}.{}", at / 250, at % 250 + 1);
    // The client's line comes first, unchanged, and then the proxy's own.
    let two_lines = |at| vec![("X-Forwarded-For", evil(at)), ("X-Forwarded-For", proxy.clone())];
    assert!(refused(&tries(&server, 300, two_lines).await) > 250);
    let one_line = |at| vec![("X-Forwarded-For", format!("{}, {proxy}", evil(at)))];
    assert_eq!(refused(&tries(&server, 3, one_line).await), 3, "the same client");
    let other = |_| vec![("X-Forwarded-For", format!("{proxy}, 192.0.2.9"))];
    assert_eq!(refused(&tries(&server, 3, other).await), 0, "another client");
}

/// A header name, and the value for the client with a given number.
type Form = (&'static str, fn(u32) -> String);

#[tokio::test]
async fn every_usual_form_of_forwarding_header_gives_each_client_its_own_limit() {
    let server = TestServer::start(&BEHIND).await;
    let forms: [Form; 5] = [
        ("X-Forwarded-For", |at| format!("203.0.113.{at}:4711")),
        ("X-Forwarded-For", |at| format!("[2001:db8:0:{at:x}::1]:4711")),
        ("X-Forwarded-For", |at| format!("2001:db8:1:{at:x}::1")),
        ("Forwarded", |at| format!("for=\"[2001:db8:2:{at:x}::1]:4711\";proto=https")),
        ("Forwarded", |at| format!("for=unknown, FOR=198.51.100.{at};by=10.0.0.1")),
    ];
    for (name, form) in forms {
        assert_eq!(refused(&tries(&server, 20, |at| vec![(name, form(at))]).await), 0, "{name}: {}", form(1));
        assert!(refused(&tries(&server, 20, |_| vec![(name, form(99))]).await) > 10, "{name}: {}", form(99));
    }
}

#[tokio::test]
async fn clients_without_a_usable_address_share_a_limit_and_the_log_notes_it_once() {
    let server = TestServer::start(&BEHIND).await;
    let unreadable = |at| vec![("X-Forwarded-For", format!("client-{at}"))];
    assert!(refused(&tries(&server, 20, unreadable).await) > 10);
    // The client wrote the elements before the last one, which is empty.
    let emptied = |at| vec![("X-Forwarded-For", format!("203.0.113.{at}, "))];
    assert!(refused(&tries(&server, 20, emptied).await) > 10);
    assert_eq!(server.metric("orderbell_forwarding_ignored_total{reason=\"unreadable\"}").await, 40.0);
    assert_eq!(server.log().matches("no client address from the proxy in front").count(), 1);
    let doubtful = |at| vec![("X-Forwarded-For", format!("203.0.113.{at}")), ("Forwarded", "for=192.0.2.1".to_owned())];
    assert!(refused(&tries(&server, 20, doubtful).await) > 10, "the client wrote one of the two");
    assert_eq!(server.metric("orderbell_forwarding_ignored_total{reason=\"contradictory\"}").await, 20.0);
}

#[tokio::test]
async fn the_header_of_an_untrusted_sender_is_ignored() {
    for flags in [&["--logins-per-minute", "5"][..], &[&BEHIND[..], &["--trusted-proxies", "10.0.0.0/8,192.0.2.1"]].concat()] {
        let server = TestServer::start(flags).await;
        let evil = |at| vec![("X-Forwarded-For", format!("203.0.113.{at}"))];
        assert!(refused(&tries(&server, 20, evil).await) > 10, "{flags:?}");
    }
}

#[tokio::test]
async fn handshakes_count_against_the_same_address_as_requests() {
    let server = TestServer::start(&["--trust-forwarded-for", "--handshakes-per-second", "1", "--handshake-burst", "3"]).await;
    let nonsense = || Handshake::new("nonsense");
    let mut statuses = Vec::new();
    for at in 0..20 {
        let mut handshake = nonsense().with("X-Forwarded-For", &format!("198.51.100.{at}"));
        handshake.headers.push(("X-Forwarded-For", "[2001:db8::1]:4711".into()));
        statuses.push(handshake.send(&server.base, None).await.0.status);
    }
    assert!(refused(&statuses) > 10, "{statuses:?}");
    for at in 0..10 {
        let neighbour = nonsense().with("X-Forwarded-For", &format!("203.0.113.{at}:80"));
        assert_eq!(neighbour.send(&server.base, None).await.0.status, 401, "{at}");
    }
}

#[tokio::test]
async fn bad_tokens_count_against_their_address_on_every_route_and_good_ones_pass() {
    let server = TestServer::start(&["--handshakes-per-second", "1", "--handshake-burst", "5"]).await;
    let staff = server.staff().await;
    let room = support::Menu::read(&staff).await.kitchen();
    let expiring = server.client(&["staff", "--expires", "1s"]).await;
    let places = [
        (Method::GET, format!("/api/v1/rooms/{room}/events?wait=0")),
        (Method::GET, format!("/api/v1/rooms/{room}/stream")),
        (Method::GET, "/api/v1/restaurants/demo/orders".into()),
        (Method::POST, "/api/v1/restaurants/demo/orders".into()),
        (Method::GET, "/api/v1/people/me".into()),
    ];
    let mut bad = staff.clone();
    for (method, path) in &places {
        let mut statuses = Vec::new();
        for at in 0..20 {
            bad.token = format!("nonsense-{at}");
            let request = bad.request(method.clone(), path).json(&json!({}));
            statuses.push(Client::send(request).await.status);
        }
        assert!(refused(&statuses) > 10, "{method} {path}: {statuses:?}");
        staff.get("/api/v1/restaurants/demo/orders").await.expect(200);
    }
    let hits = server.metric("orderbell_limit_hits_total{limit=\"failed_handshakes\"}").await;
    assert!(hits > 50.0, "{hits}");
    // Each request uses an attempt that has become free, and the holder of the expired token is still told to get another.
    let ended = || async { (expiring.get("/api/v1/restaurants/demo/orders").await.status == 401).then_some(()) };
    support::eventually("an expired token", support::PATIENCE, ended).await;
    for _ in 0..20 {
        expiring.get("/api/v1/restaurants/demo/orders").await.problem(401, "unauthorized");
    }
    // A request without a token is not a guess.
    for _ in 0..20 {
        server.anybody().get("/api/v1/restaurants/demo/orders").await.problem(401, "unauthorized");
    }
}
