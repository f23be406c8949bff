//! The HTTP interface: problems with codes, paged lists, the menu's switches, and endpoints for machines.

use reqwest::Method;
use serde_json::{Value, json};
use std::time::Duration;
use support::{Client, Menu, PATIENCE, TestServer, client::text, eventually, new_id};

const BASE: &str = "/api/v1/restaurants/demo";

#[tokio::test]
async fn every_kind_of_error_is_answered_with_a_problem_and_its_code() {
    let server = TestServer::start(&["--body-bytes", "4096"]).await;
    let (staff, diner, anybody) = (server.staff().await, server.diner("1").await, server.anybody());
    let menu = Menu::read(&staff).await;
    anybody.get(&format!("{BASE}/orders")).await.problem(401, "unauthorized");
    anybody
        .post("/api/v1/sessions", &json!({"restaurant": "demo", "username": "staff", "password": "no"}))
        .await
        .problem(401, "unauthorized");
    diner.get(&format!("{BASE}/orders")).await.problem(403, "forbidden");
    diner.put(&format!("{BASE}/pause"), &json!({"paused": true})).await.problem(403, "forbidden");
    for path in
        ["/nowhere", "/api/v1/nowhere", "/api/v1/restaurants/none", "/api/v1/orders/x", &format!("/api/v1/orders/{}", new_id())]
    {
        staff.get(path).await.problem(404, "not_found");
    }
    anybody.post("/api/v1/diner-sessions", &json!({"table_key": "none"})).await.problem(404, "not_found");
    staff.post(&format!("{BASE}/orders"), &menu.basket()).await.problem(422, "invalid");
    let place = |body: &str| {
        let request = staff.request(Method::POST, &format!("{BASE}/orders")).header("Idempotency-Key", new_id());
        Client::send(request.header("Content-Type", "application/json").body(body.to_owned()))
    };
    place("{").await.problem(400, "bad_frame");
    place(&json!({"service": "dine_in", "items": []}).to_string()).await.problem(422, "invalid");
    place(&json!({"service": "dine_in", "items": [menu.line("Firni", 100)]}).to_string()).await.problem(422, "invalid");
    place(&json!({"service": "dine_in", "items": [menu.line("Firni", 1)], "price": 1}).to_string()).await.problem(422, "invalid");
    place(&format!("{{\"service\":\"dine_in\",\"items\":[],\"note\":\"{}\"}}", "x".repeat(5000))).await.problem(413, "too_large");
    let wrong = Client::send(staff.request(Method::PATCH, &format!("{BASE}/orders"))).await;
    wrong.problem(405, "bad_frame");
    assert!(wrong.header("allow").contains("POST"));
    let order = diner.place(&menu.basket()).await;
    staff.command(&order["id"], "serve", json!({})).await.problem(409, "invalid_transition");
    let stale = staff.command(&order["id"], "accept", json!({"expected_position": 0})).await.problem(409, "stale");
    assert_eq!(stale["document"], order);
}

#[tokio::test]
async fn prices_come_from_the_menu_and_an_order_has_exactly_the_requested_lines() {
    let server = TestServer::start(&[]).await;
    let diner = server.diner("6").await;
    let menu = Menu::read(&diner).await;
    let mut line = menu.line("Beef rezala", 2);
    line["options"] = json!(["extra gravy"]);
    line["note"] = "nut allergy".into();
    let order = diner.place(&json!({"service": "dine_in", "items": [line], "note": "no rush"})).await;
    support::shape::order(&order);
    let item = order["items"].as_object().unwrap().values().next().unwrap();
    assert_eq!(item["price"], json!({"amount": 51_000, "currency": "BDT"}), "450 taka and 60 for the gravy");
    assert_eq!(order["total"], json!({"amount": 102_000, "currency": "BDT"}));
    assert_eq!((text(&item["station"]), text(&item["note"]), &item["options"]), ("hot", "nut allergy", &json!(["extra gravy"])));
    assert_eq!((text(&order["table"]), text(&order["note"]), text(&order["status"])), ("6", "no rush", "placed"));
    let mut priced = menu.line("Beef rezala", 1);
    priced["price"] = json!({"amount": 1, "currency": "BDT"});
    let body = json!({"service": "dine_in", "items": [priced]});
    Client::send(diner.placing(&new_id(), &body)).await.problem(422, "invalid");
}

#[tokio::test]
async fn the_pages_of_a_list_omit_nothing_and_repeat_nothing() {
    let server = TestServer::start(&[]).await;
    let staff = server.staff().await;
    let menu = Menu::read(&staff).await;
    let mut placed = Vec::new();
    for at in 0..7 {
        placed.push(staff.place(&menu.noted(&format!("{at}"))).await["id"].clone());
    }
    staff.command(&placed[3], "reject", json!({"reason": "too_busy"})).await.expect(200);
    let list = |query: String| {
        let staff = staff.clone();
        async move { staff.get(&format!("{BASE}/orders?{query}")).await.expect(200) }
    };
    let (mut got, mut after) = (Vec::new(), String::new());
    let mut pages = 0;
    loop {
        let page = list(format!("status=all&limit=3{after}")).await;
        got.extend(page["orders"].as_array().unwrap().iter().map(|order| order["id"].clone()));
        pages += 1;
        match page.get("next") {
            Some(next) => after = format!("&after={}", text(next)),
            None => break,
        }
        // An order placed while paging comes after the rest and shifts nothing.
        if pages == 1 {
            placed.push(staff.place(&menu.noted("late")).await["id"].clone());
        }
    }
    assert_eq!((got, pages), (placed.clone(), 3));
    let count = |page: &Value| page["orders"].as_array().unwrap().len();
    assert_eq!(count(&list("status=open".into()).await), 7);
    assert_eq!(list("status=closed".into()).await["orders"][0]["id"], placed[3]);
    // A paired screen names its restaurant by the id in its token. For the id of another restaurant it gets no orders.
    let id = staff.get(BASE).await.expect(200)["id"].clone();
    let by_id = |id: &str| format!("/api/v1/restaurants/{id}/orders?status=closed");
    assert_eq!(staff.get(&by_id(text(&id))).await.expect(200), list("status=closed".into()).await);
    staff.get(&by_id(&new_id())).await.problem(404, "not_found");
    assert_eq!(count(&list("status=rejected".into()).await), 1);
    assert_eq!(count(&list(String::new()).await), 7, "open is the default");
    for query in ["limit=0", "limit=101", "status=burnt", "after=x", "colour=red"] {
        staff.get(&format!("{BASE}/orders?{query}")).await.problem(422, "invalid");
    }
}

/// Returns the time `millis` milliseconds from now, in the contract's format.
fn in_millis(millis: i64) -> String {
    let at = orderbell::domain::values::time::Timestamp::from_millis(orderbell::clock::now().millis() + millis);
    text(&serde_json::to_value(at).unwrap()).to_owned()
}

#[tokio::test]
async fn a_pause_refuses_orders_and_ends_by_itself_at_its_time() {
    let server = TestServer::start(&[]).await;
    let (staff, diner) = (server.staff().await, server.diner("1").await);
    let menu = Menu::read(&staff).await;
    let mut phone = diner.screen().await;
    phone.join(&menu.menu()).await;
    let pause = format!("{BASE}/pause");
    staff.put(&pause, &json!({"paused": true, "until": in_millis(-1000)})).await.problem(422, "invalid");
    staff.put(&pause, &json!({"paused": true, "until": in_millis(1500)})).await.expect(200);
    Client::send(diner.placing(&new_id(), &menu.basket())).await.problem(409, "paused");
    let profile = diner.get(BASE).await.expect(200);
    assert_eq!(profile["paused"], true);
    assert!(profile["paused_until"].is_string());
    let mut screen = diner.screen().await;
    assert_eq!(screen.ask(json!({"type": "place", "order": menu.basket()})).await["code"], "paused");
    let resumed = phone.until("the end of the pause", |frame| frame["event"]["kind"] == "menu.resumed").await;
    assert_eq!(resumed["event"]["by"], json!({"role": "service"}), "the pause ended by itself");
    diner.place(&menu.basket()).await;
    let profile = diner.get(BASE).await.expect(200);
    assert_eq!((&profile["paused"], profile.get("paused_until")), (&json!(false), None));
}

#[tokio::test]
async fn a_sold_out_dish_cannot_be_ordered_until_it_is_available_again() {
    let server = TestServer::start(&[]).await;
    let (staff, diner) = (server.staff().await, server.diner("1").await);
    let menu = Menu::read(&staff).await;
    let path = format!("{BASE}/menu/items/{}/availability", text(&menu.dish("Firni")["id"]));
    let first = staff.put(&path, &json!({"available": false, "until": in_millis(1500)})).await.expect(200);
    assert_eq!(
        (&first["changed"], &first["document"]["items"][text(&menu.dish("Firni")["id"])]["available"]),
        (&json!(true), &json!(false))
    );
    Client::send(diner.placing(&new_id(), &menu.basket())).await.problem(422, "invalid");
    eventually("firni", PATIENCE, || async { (Menu::read(&staff).await.dish("Firni")["available"] == true).then_some(()) }).await;
    diner.place(&menu.basket()).await;
    staff.put(&path, &json!({"available": false})).await.expect(200);
    let again = staff.put(&path, &json!({"available": false})).await.expect(200);
    assert_eq!(again["changed"], false);
    let back = staff.put(&path, &json!({"available": true})).await.expect(200);
    assert_eq!(back["changed"], true);
    diner.place(&menu.basket()).await;
    let none = format!("{BASE}/menu/items/{}/availability", new_id());
    staff.put(&none, &json!({"available": true})).await.problem(404, "not_found");
}

#[tokio::test]
async fn staff_sign_in_renew_their_session_and_end_it() {
    let server = TestServer::start(&[]).await;
    let right = json!({"restaurant": "demo", "username": "manager", "password": "manager-demo"});
    let signed_in = server.anybody().post("/api/v1/sessions", &right).await;
    assert_eq!(signed_in.header("cache-control"), "no-store");
    let signed_in = signed_in.expect(200);
    assert_eq!((text(&signed_in["token_type"]), text(&signed_in["role"])), ("Bearer", "manager"));
    assert_eq!(text(&signed_in["restaurant"]["slug"]), "demo");
    let manager = Client::new(&server.base, text(&signed_in["access_token"]));
    manager.get(&format!("{BASE}/orders")).await.expect(200);
    let renewed =
        manager.post("/api/v1/sessions/refresh", &json!({"refresh_token": signed_in["refresh_token"]})).await.expect(200);
    assert_ne!(renewed["refresh_token"], signed_in["refresh_token"]);
    let manager = Client::new(&server.base, text(&renewed["access_token"]));
    assert_eq!(manager.delete("/api/v1/sessions/current").await.status, 204);
    manager.get(&format!("{BASE}/orders")).await.problem(401, "unauthorized");
}

#[tokio::test]
async fn a_kitchen_screen_is_paired_by_a_code_that_staff_approve_once() {
    let server = TestServer::start(&[]).await;
    let (anybody, staff) = (server.anybody(), server.staff().await);
    let pairing = anybody.post("/api/v1/devices/pairings", &json!({})).await.expect(200);
    let poll = json!({"device_code": pairing["device_code"]});
    anybody.post("/api/v1/devices/token", &poll).await.problem(400, "authorization_pending");
    let approve = format!("/api/v1/devices/pairings/{}/approval", text(&pairing["user_code"]));
    let screen = json!({"name": "Pass", "station": "hot"});
    server.diner("1").await.post(&approve, &screen).await.problem(403, "forbidden");
    staff.post(&approve, &screen).await.expect(200);
    tokio::time::sleep(Duration::from_secs(pairing["interval"].as_u64().unwrap())).await;
    let paired = anybody.post("/api/v1/devices/token", &poll).await.expect(200);
    assert_eq!((text(&paired["role"]), text(&paired["station"])), ("kitchen", "hot"));
    let kitchen = Client::new(&server.base, text(&paired["access_token"]));
    let menu = Menu::read(&kitchen).await;
    kitchen.screen().await.join(&menu.kitchen()).await;
    anybody.post("/api/v1/devices/token", &poll).await.problem(400, "slow_down");
    // Ask again, as if the answer had been lost.
    tokio::time::sleep(Duration::from_secs(pairing["interval"].as_u64().unwrap())).await;
    let again = anybody.post("/api/v1/devices/token", &poll).await.expect(200);
    assert_eq!(again["refresh_token"], paired["refresh_token"]);
}

#[tokio::test]
async fn every_answer_has_the_headers_that_protect_a_page() {
    let server = TestServer::start(&[]).await;
    let anybody = server.anybody();
    for path in ["/", "/t/demo-table-1", "/kitchen", "/staff", "/orders/x", BASE, "/nowhere", "/healthz"] {
        let answer = anybody.get(path).await;
        let policy = answer.header("content-security-policy");
        for part in ["default-src 'none'", "script-src 'self'", "frame-ancestors 'none'", "base-uri 'none'"] {
            assert!(policy.contains(part), "{path}: {policy}");
        }
        assert!(!policy.contains("unsafe"), "{path}: {policy}");
        assert_eq!(
            (answer.header("x-content-type-options"), answer.header("referrer-policy")),
            ("nosniff", "no-referrer"),
            "{path}"
        );
    }
    for page in ["/", "/t/demo-table-1", "/kitchen", "/staff"] {
        let answer = anybody.get(page).await;
        assert_eq!((answer.status, answer.header("content-type")), (200, "text/html; charset=utf-8"), "{page}");
        assert!(!answer.text.contains("<script>") && !answer.text.contains(" onclick="), "{page} has no inline script");
    }
}

#[tokio::test]
async fn a_page_and_a_connection_of_one_node_name_the_same_version() {
    let server = TestServer::start(&[]).await;
    let screen = server.staff().await.screen().await;
    let version = text(&screen.welcome["version"]);
    assert!(version.starts_with(concat!(env!("CARGO_PKG_VERSION"), "+")), "{version}");
    for page in ["/", "/t/demo-table-1", "/orders/x", "/kitchen", "/staff", "/manage"] {
        let page = server.anybody().get(page).await;
        assert!(page.text.contains(&format!("<meta name=\"orderbell-version\" content=\"{version}\">")), "{}", page.text);
    }
}

#[tokio::test]
async fn health_checks_report_the_state_of_the_node() {
    let server = TestServer::start(&[]).await;
    let staff = server.staff().await;
    let menu = Menu::read(&staff).await;
    let mut screen = staff.screen().await;
    screen.join(&menu.kitchen()).await;
    let order = staff.place(&menu.basket()).await;
    let ack = staff.act(&order["id"], "accept").await;
    screen.see(&menu.kitchen(), ack["position"].as_u64().unwrap()).await;
    staff.get("/healthz").await.expect(200);
    staff.get("/readyz").await.expect(200);
    let metrics = staff.get("/metrics").await;
    assert!(metrics.header("content-type").starts_with("text/plain; version=0.0.4"), "{:?}", metrics.headers);
    for line in [
        "orderbell_connections{role=\"staff\"} 1",
        "orderbell_rooms{kind=\"kitchen\"} 1",
        "orderbell_members{kind=\"kitchen\"} 1",
        "orderbell_feeds 1",
        "orderbell_commit_to_delivery_seconds_count 2",
        "orderbell_commands_total{action=\"place\",outcome=\"changed\"} 1",
        "orderbell_commands_total{action=\"accept\",outcome=\"changed\"} 1",
        "orderbell_evictions_total 0",
        "orderbell_feed_repairs_total 0",
    ] {
        assert!(metrics.text.lines().any(|given| given == line), "{line} in {}", metrics.text);
    }
    drop(screen);
    eventually("nobody there", PATIENCE, || async {
        (server.metric("orderbell_members{kind=\"kitchen\"}").await == 0.0).then_some(())
    })
    .await;
}

#[tokio::test]
async fn the_log_holds_no_token_no_table_key_and_no_note() {
    let server = TestServer::start(&["--log", "debug"]).await;
    let seat = server.anybody().post("/api/v1/diner-sessions", &json!({"table_key": "demo-table-4"})).await.expect(200);
    let diner = Client::new(&server.base, text(&seat["access_token"]));
    let menu = Menu::read(&diner).await;
    server.anybody().get("/t/demo-table-4").await;
    diner.place(&menu.noted("allergic to walnuts")).await;
    diner.screen().await.join(&menu.menu()).await;
    let log = server.log();
    assert!(log.contains("route=/api/v1/diner-sessions"), "the control: this is the server's log: {log}");
    for secret in [text(&seat["access_token"]), text(&seat["refresh_token"]), "demo-table-4", "walnuts"] {
        assert!(!log.contains(secret), "{secret} in the log");
    }
}
