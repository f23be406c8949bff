//! How the server keeps an idle connection open, and how it closes one whose token has expired.

use orderbell::auth::keyring::Keyring;
use orderbell::auth::token::Issuer;
use orderbell::domain::model::principal::{Principal, Role};
use secrecy::ExposeSecret;
use serde_json::json;
use std::time::{Duration, Instant};
use support::client::text;
use support::raw::PING;
use support::{Client, Close, Menu, PATIENCE, Raw, TestServer, eventually};

const QUICK: [&str; 2] = ["--heartbeat-ms", "300"];

#[tokio::test]
async fn a_silent_client_is_pinged_and_then_disconnected() {
    let server = TestServer::start(&QUICK).await;
    let staff = server.staff().await;
    let begun = Instant::now();
    let mut silent = Raw::open(&staff).await;
    assert_eq!(silent.frame().await, Some((PING, Vec::new())), "a ping after one period of silence");
    assert_eq!(silent.until_close().await, Close::Code(4408), "closed after two periods");
    assert!(begun.elapsed() >= Duration::from_millis(600), "closed too early: {:?}", begun.elapsed());
    eventually("the count of it", PATIENCE, || async {
        (server.metric("orderbell_closes_total{code=\"4408\"}").await == 1.0).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_client_that_answers_pings_stays_connected() {
    // With this period a busy machine has a second for each answer.
    let server = TestServer::start(&["--heartbeat-ms", "1000"]).await;
    let mut screen = server.staff().await.screen().await;
    let begun = Instant::now();
    while screen.pings < 3 {
        let ended = screen.next_within(Duration::from_millis(100)).await;
        assert!(ended.is_none(), "{ended:?}");
        assert!(begun.elapsed() < PATIENCE, "{} pings", screen.pings);
    }
    screen.alive().await;
}

/// A keyring that the test shares with the server.
const KEYS: &str = "test:0123456789abcdef0123456789abcdef";

/// Returns a token of one waiter, for a named session, valid for `seconds`.
fn token_of_one_waiter(restaurant: &str, session: &str, seconds: u64) -> String {
    let principal = Principal {
        sub: "the-waiter".parse().unwrap(),
        role: Role::Staff,
        restaurant: restaurant.parse().unwrap(),
        session: session.parse().unwrap(),
        station: None,
        table: None,
        device: None,
        share: None,
        name: None,
    };
    let issuer = Issuer::of(&Keyring::parse(KEYS).unwrap()).unwrap();
    let life = Duration::from_secs(seconds);
    issuer.issue(&principal, life, orderbell::clock::now()).unwrap().expose_secret().to_owned()
}

#[tokio::test]
async fn an_expired_token_closes_the_connection_and_only_a_token_of_the_same_principal_replaces_it() {
    let server = TestServer::start(&["--heartbeat-ms", "300", "--jwt-keys", KEYS]).await;
    let restaurant = Menu::read(&server.anybody()).await.restaurant;
    let somebody = server.client(&["staff"]).await.token;
    // Issue the token last, so that even on a busy machine every refusal comes before it expires.
    let short = Client::new(&server.base, &token_of_one_waiter(&restaurant, "first", 4));
    let mut screen = short.screen().await;
    for token in [somebody.as_str(), "nonsense"] {
        screen.send(&json!({"type": "refresh", "token": token})).await;
        let refused = screen.until("a refusal", |frame| frame["type"] == "error").await;
        assert_eq!(refused["code"], "unauthorized");
    }
    assert_eq!(screen.until_close().await, Close::Code(4401));
    short.get("/api/v1/restaurants/demo/orders").await.problem(401, "unauthorized");
}

#[tokio::test]
async fn a_refreshed_token_keeps_the_connection_open_and_an_expired_one_closes_it() {
    let server = TestServer::start(&["--jwt-keys", KEYS]).await;
    let restaurant = Menu::read(&server.anybody()).await.restaurant;
    let short = Client::new(&server.base, &token_of_one_waiter(&restaurant, "first", 8));
    let (mut goes_on, mut ends) = (short.screen().await, short.screen().await);
    goes_on.send(&json!({"type": "refresh", "token": token_of_one_waiter(&restaurant, "second", 600)})).await;
    goes_on.alive().await;
    assert!(goes_on.others.iter().all(|frame| frame["type"] != "error"), "{:?}", goes_on.others);
    assert_eq!(ends.until_close().await, Close::Code(4401));
    goes_on.alive().await;
    short.get("/api/v1/restaurants/demo/orders").await.problem(401, "unauthorized");
}

#[tokio::test]
async fn ending_a_session_closes_its_connections_and_no_others_within_two_seconds() {
    let server = TestServer::start(&[]).await;
    let seat = |table: &'static str| {
        let anybody = server.anybody();
        async move {
            let seat = anybody.post("/api/v1/diner-sessions", &json!({"table_key": table})).await.expect(200);
            (Client::new(&anybody.base, text(&seat["access_token"])), seat["refresh_token"].clone())
        }
    };
    let ((leaves, refresh), (stays, _)) = (seat("demo-table-1").await, seat("demo-table-1").await);
    let (mut one, mut two, mut neighbour) = (leaves.screen().await, leaves.screen().await, stays.screen().await);
    let begun = Instant::now();
    assert_eq!(leaves.delete("/api/v1/sessions/current").await.status, 204);
    assert_eq!((one.until_close().await, two.until_close().await), (Close::Code(4401), Close::Code(4401)));
    assert!(begun.elapsed() < Duration::from_secs(2), "{:?}", begun.elapsed());
    neighbour.alive().await;
    leaves.get("/api/v1/diner-sessions/current").await.problem(401, "unauthorized");
    leaves.post("/api/v1/sessions/refresh", &json!({"refresh_token": refresh})).await.problem(401, "unauthorized");
    stays.get("/api/v1/diner-sessions/current").await.expect(200);
}

#[tokio::test]
async fn reusing_a_refresh_token_after_its_successor_ends_the_session_and_its_connections() {
    let server = TestServer::start(&[]).await;
    let seat = server.anybody().post("/api/v1/diner-sessions", &json!({"table_key": "demo-table-2"})).await.expect(200);
    let diner = Client::new(&server.base, text(&seat["access_token"]));
    let mut screen = diner.screen().await;
    let spent = json!({"refresh_token": seat["refresh_token"]});
    let fresh = diner.post("/api/v1/sessions/refresh", &spent).await.expect(200);
    let again = diner.post("/api/v1/sessions/refresh", &spent).await.expect(200);
    assert_eq!(again["refresh_token"], fresh["refresh_token"], "a repeat returns the same renewal");
    screen.alive().await;
    let fresh = json!({"refresh_token": fresh["refresh_token"]});
    let last = diner.post("/api/v1/sessions/refresh", &fresh).await.expect(200);
    screen.alive().await;
    diner.post("/api/v1/sessions/refresh", &spent).await.problem(401, "unauthorized");
    assert_eq!(screen.until_close().await, Close::Code(4401));
    for token in [&fresh["refresh_token"], &last["refresh_token"]] {
        diner.post("/api/v1/sessions/refresh", &json!({"refresh_token": token})).await.problem(401, "unauthorized");
    }
}
