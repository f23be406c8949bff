//! Failed attempts do not use up the limits of other people: an attacker behind a restaurant's address locks nobody out
//! there, and no stranger locks out a manager.

use reqwest::Method;
use serde_json::{Value, json};
use support::client::{Answer, text};
use support::raw::Handshake;
use support::{Client, TestServer};

/// Makes failing attempts of one kind, a hundred at a time, until the server refuses more.
async fn fail(server: &TestServer, path: &str, field: &str) {
    let anybody = server.anybody();
    for round in 0..50 {
        let guesses = (0..100).map(|guess| {
            let body = json!({field: format!("wrong-{round}-{guess}")});
            let anybody = &anybody;
            async move { anybody.post(path, &body).await.status }
        });
        let statuses = futures_util::future::join_all(guesses).await;
        assert!(statuses.iter().all(|status| matches!(status, 400 | 401 | 404 | 429)), "{path}: {statuses:?}");
        if statuses.contains(&429) {
            return;
        }
    }
    panic!("{path}: failures have a limit");
}

#[tokio::test]
async fn invalid_handshakes_from_the_same_address_do_not_keep_a_kitchen_screen_out() {
    let server = TestServer::start(&["--handshakes-per-second", "1", "--handshake-burst", "50"]).await;
    let cook = server.kitchen("hot").await;
    let open = async |token: &str| Handshake::new(token).send(&server.base, None).await;
    let mut statuses = Vec::new();
    for _ in 0..1000 {
        statuses.push(open("nonsense").await.0.status);
    }
    assert_eq!(statuses[..50], [401; 50]);
    assert!(statuses.iter().filter(|status| **status == 429).count() > 800, "failures have a limit");
    let mut screens = Vec::new();
    for at in 0..20 {
        let (reply, stream) = open(&cook.token).await;
        assert_eq!(reply.status, 101, "{at} of 20");
        screens.push(stream);
    }
    assert_eq!(open("nonsense").await.0.status, 429);
    assert!(server.metric("orderbell_limit_hits_total{limit=\"failed_handshakes\"}").await > 800.0);
    assert_eq!(server.metric("orderbell_limit_hits_total{limit=\"handshakes\"}").await, 0.0);
}

#[tokio::test]
async fn guests_at_one_table_share_a_limit_and_do_not_use_up_that_of_others() {
    let server = TestServer::start(&["--handshakes-per-second", "1", "--handshake-burst", "5"]).await;
    let mut last = 101;
    for _ in 0..12 {
        let phone = server.diner("1").await;
        last = Handshake::new(&phone.token).send(&server.base, None).await.0.status;
        if last == 429 {
            break;
        }
    }
    assert_eq!(last, 429, "anybody with the code of a table can begin sessions, so they are limited");
    for client in [server.diner("2").await, server.staff().await, server.kitchen("hot").await] {
        assert_eq!(Handshake::new(&client.token).send(&server.base, None).await.0.status, 101);
    }
}

#[tokio::test]
async fn guessed_keys_and_codes_do_not_block_valid_ones() {
    let server = TestServer::start(&["--diner-sessions-per-second", "1"]).await;
    let anybody = server.anybody();
    let seat = async || anybody.post("/api/v1/diner-sessions", &json!({"table_key": "demo-table-1"})).await;
    let seated = seat().await.expect(200);
    let pairing = anybody.post("/api/v1/devices/pairings", &Value::Null).await.expect(200);
    fail(&server, "/api/v1/diner-sessions", "table_key").await;
    fail(&server, "/api/v1/sessions/refresh", "refresh_token").await;
    fail(&server, "/api/v1/devices/token", "device_code").await;
    for guest in 0..9 {
        assert_eq!(seat().await.status, 200, "guest {guest}");
    }
    anybody.post("/api/v1/sessions/refresh", &json!({"refresh_token": seated["refresh_token"]})).await.expect(200);
    let poll = anybody.post("/api/v1/devices/token", &json!({"device_code": pairing["device_code"]})).await;
    assert_eq!(poll.expect(400)["code"], "authorization_pending");
    let path = format!("/api/v1/devices/pairings/{}/approval", text(&pairing["user_code"]));
    server.staff().await.post(&path, &json!({"name": "Grill"})).await.expect(200);
}

/// Signs in from an address, as reported by a proxy.
async fn sign_in(server: &TestServer, from: &str, username: &str, password: &str) -> Answer {
    let body = json!({"restaurant": "demo", "username": username, "password": password});
    let request = server.anybody().request(Method::POST, "/api/v1/sessions").json(&body);
    Client::send(request.header("X-Forwarded-For", from)).await
}

#[tokio::test]
async fn guesses_at_an_account_are_limited_and_its_owner_still_signs_in() {
    let server = TestServer::start(&["--trust-forwarded-for"]).await;
    let (right, home) = ("manager-demo", "203.0.113.1");
    sign_in(&server, home, "manager", right).await.expect(200);
    let mut wrong = 0;
    for at in 0..600 {
        let answer = sign_in(&server, &format!("198.51.{}.{}", at / 200, at % 200), "manager", &format!("guess-{at}")).await;
        wrong += u32::from(answer.status == 401);
        if answer.status != 401 {
            answer.problem(429, "rate_limited");
            assert!(answer.header("retry-after").parse::<u64>().unwrap() > 0);
        }
    }
    assert!((20..=22).contains(&wrong), "{wrong} passwords were checked");
    sign_in(&server, "192.0.2.77", "manager", right).await.problem(429, "rate_limited");
    sign_in(&server, home, "manager", right).await.expect(200);
    sign_in(&server, "192.0.2.77", "staff", "staff-demo").await.expect(200);
    sign_in(&server, "192.0.2.78", "staff", "wrong").await.problem(401, "unauthorized");
    assert!(server.metric("orderbell_limit_hits_total{limit=\"password_guesses\"}").await > 500.0);
}

#[tokio::test]
async fn an_attacker_at_the_managers_address_does_not_lock_the_manager_out() {
    let server = TestServer::start(&["--logins-per-minute", "5"]).await;
    let sign_in = async |username: &str, password: &str| sign_in(&server, "ignored", username, password).await;
    sign_in("manager", "manager-demo").await.expect(200);
    let mut last = 0;
    for at in 0..12 {
        last = sign_in(&format!("somebody-{at}"), "wrong").await.status;
    }
    assert_eq!(last, 429, "the address has no attempt left");
    for _ in 0..3 {
        sign_in("manager", "manager-demo").await.expect(200);
    }
}

/// Signs in on a browser that sends a cookie, if it has one. Returns the answer and the cookie that the browser sends from
/// then on.
async fn sign_in_on(server: &TestServer, from: &str, cookie: Option<&str>, password: &str) -> (Answer, Option<String>) {
    let body = json!({"restaurant": "demo", "username": "manager", "password": password});
    let mut request = server.anybody().request(Method::POST, "/api/v1/sessions").json(&body).header("X-Forwarded-For", from);
    if let Some(cookie) = cookie {
        request = request.header("Cookie", format!("theme=dark; {cookie}"));
    }
    let answer = Client::send(request).await;
    let set = answer.header("set-cookie").to_owned();
    let carried = set.split(';').next().filter(|cookie| !cookie.is_empty()).map(str::to_owned);
    (answer, carried)
}

/// Guesses the manager's password until the attempts of strangers are used up, from this address and from others.
async fn starve(server: &TestServer, from: &str) {
    for at in 0..60 {
        let (answer, _) = sign_in_on(server, from, None, &format!("guess-{at}")).await;
        if answer.status == 429 {
            return;
        }
    }
    panic!("strangers have a limit");
}

#[tokio::test]
async fn a_device_that_has_signed_in_before_is_not_locked_out_by_guesses_from_any_address() {
    let mut server = TestServer::start(&["--trust-forwarded-for"]).await;
    let (right, nat) = ("manager-demo", "203.0.113.1");
    let (first, cookie) = sign_in_on(&server, nat, None, right).await;
    let set = first.header("set-cookie").to_owned();
    first.expect(200);
    let cookie = cookie.expect("a device cookie");
    for part in ["HttpOnly", "SameSite=Strict", "Path=/api/v1/sessions", "Max-Age=15552000"] {
        assert!(set.contains(part), "{set}");
    }
    server.stop().await;
    server.restart().await;
    starve(&server, "198.51.100.1").await;
    sign_in_on(&server, "192.0.2.77", None, right).await.0.problem(429, "rate_limited");
    sign_in_on(&server, "192.0.2.77", Some("orderbell_device=AAAA.BBBB"), right).await.0.problem(429, "rate_limited");
    // A page of a sibling domain may have set another cookie, which the browser sends first.
    let shadowed = format!("orderbell_device=AAAA.BBBB; {cookie}");
    sign_in_on(&server, "192.0.2.81", Some(&shadowed), right).await.0.expect(200);
    let (answer, renewed) = sign_in_on(&server, "192.0.2.78", Some(&cookie), right).await;
    let tokens = answer.expect(200);
    // The attacker now shares the manager's address, and uses up its budget too.
    starve(&server, nat).await;
    sign_in_on(&server, nat, renewed.as_deref(), right).await.0.expect(200);

    let manager = Client::new(&server.base, text(&tokens["access_token"]));
    let change = json!({"current": right, "new": "four words two spoons"});
    let changed = manager.put("/api/v1/people/me/password", &change).await;
    let fresh = changed.header("set-cookie").split(';').next().unwrap().to_owned();
    assert_eq!(changed.status, 200);
    starve(&server, "198.51.100.2").await;
    let (old, _) = sign_in_on(&server, "192.0.2.79", Some(&cookie), "four words two spoons").await;
    old.problem(429, "rate_limited");
    sign_in_on(&server, "192.0.2.80", Some(&fresh), "four words two spoons").await.0.expect(200);
}

#[tokio::test]
async fn a_stolen_device_cookie_gives_no_access_and_only_a_few_attempts() {
    let server = TestServer::start(&["--trust-forwarded-for"]).await;
    let (_, cookie) = sign_in_on(&server, "203.0.113.1", None, "manager-demo").await;
    let cookie = cookie.unwrap();
    let thief = Client::send(server.anybody().request(Method::GET, "/api/v1/people/me").header("Cookie", &cookie)).await;
    thief.problem(401, "unauthorized");
    starve(&server, "198.51.100.1").await;
    let mut checked = 0;
    for at in 0..60 {
        let (answer, _) = sign_in_on(&server, "198.51.100.9", Some(&cookie), &format!("guess-{at}")).await;
        checked += u32::from(answer.status == 401);
    }
    assert!((20..=22).contains(&checked), "{checked}");
    let other = json!({"restaurant": "demo", "username": "staff", "password": "staff-demo"});
    let request = server.anybody().request(Method::POST, "/api/v1/sessions").json(&other);
    Client::send(request.header("Cookie", &cookie)).await.expect(200);
}
