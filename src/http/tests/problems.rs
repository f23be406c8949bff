use super::*;
use crate::auth::tests::fixtures::NEXT_DOOR;
use actix_web::http::Method;

#[actix_web::test]
async fn unknown_addresses_and_wrong_methods_are_problems() {
    let app = TestApp::open().await;
    for path in
        ["/api/v1/nothing", "/nothing", "/css/nothing.css", "/api/v1/restaurants/nowhere", "/api/v1/restaurants/No%20Slug/menu"]
    {
        app.call(TestRequest::get().uri(path)).await.problem(404, "not_found");
    }
    app.call(TestRequest::post().uri("/nothing").set_json(json!({}))).await.problem(404, "not_found");
    for (method, path, allow) in [
        (Method::DELETE, "/healthz", "GET, HEAD"),
        (Method::GET, "/api/v1/sessions", "POST"),
        (Method::PUT, "/api/v1/restaurants/ladle/orders", "GET, HEAD, POST"),
        (Method::POST, "/kitchen", "GET, HEAD"),
    ] {
        let answer = app.call(TestRequest::with_uri(path).method(method)).await;
        answer.problem(405, "bad_frame");
        assert_eq!(answer.header("allow"), allow, "{path}");
    }
}

#[actix_web::test]
async fn the_fault_of_a_body_is_reported() {
    let app = TestApp::open().await;
    let raw = |content_type: &'static str, body: &str| {
        let request = TestRequest::post().uri("/api/v1/diner-sessions").insert_header(("content-type", content_type));
        app.call(request.set_payload(body.to_owned()))
    };
    let json = "application/json";
    for body in ["", "{", "nonsense", "[1,", "{\"table_key\":\"a\"} {}"] {
        raw(json, body).await.problem(400, "bad_frame");
    }
    for (body, names) in [
        ("{}", "table_key"),
        ("{\"table_key\":7}", "string"),
        ("[\"a\"]", "object"),
        ("7", "object"),
        ("{\"table_key\":\"a\",\"x\":1}", "`x`"),
    ] {
        let detail = raw(json, body).await.problem(422, "invalid");
        assert!(detail.contains(names), "{body}: {detail}");
    }
    raw("text/plain", "{}").await.problem(415, "bad_frame");
    raw("application/x-www-form-urlencoded", "table_key=a").await.problem(415, "bad_frame");
    let unnamed = |body: &str| app.call(TestRequest::post().uri("/api/v1/diner-sessions").set_payload(body.to_owned()));
    unnamed("").await.problem(400, "bad_frame");
    unnamed("{\"table_key\":\"a\"}").await.problem(404, "not_found");
    let large = format!("{{\"table_key\":\"{}\"}}", "x".repeat(16 * 1024));
    assert!(raw(json, &large).await.problem(413, "too_large").contains("16384"));
    raw("application/json; charset=utf-8", "{\"table_key\":\"a\"}").await.problem(404, "not_found");
}

#[actix_web::test]
async fn a_call_without_a_good_token_is_unauthorized() {
    let app = TestApp::open().await;
    let uri = "/api/v1/restaurants/ladle/orders";
    let staff = insider(Role::Staff);
    let (_, good) = app.bearer(&staff);
    let expired =
        app.issuer.issue(&staff, Duration::from_secs(1), crate::domain::values::time::Timestamp::from_millis(0)).unwrap();
    let expired = format!("Bearer {}", expired.expose_secret());
    for header in [
        None,
        Some("Basic c3RhZmY6c3RhZmY="),
        Some("Bearer"),
        Some("Bearer x.y.z"),
        Some(&good[..good.len() - 2]),
        Some(&expired),
    ] {
        let request = TestRequest::get().uri(uri);
        let request = match header {
            Some(header) => request.insert_header(("authorization", header)),
            None => request,
        };
        let answer = app.call(request).await;
        answer.problem(401, "unauthorized");
        assert_eq!(answer.header("www-authenticate"), "Bearer");
    }
    let lower = good.replace("Bearer", "bearer");
    assert_eq!(app.call(TestRequest::get().uri(uri).insert_header(("authorization", lower))).await.status, 200);
    app.state.node.ended.insert(staff.session.clone(), clock::now());
    assert!(app.get(uri, &staff).await.problem(401, "unauthorized").contains("ended"));
}

#[actix_web::test]
async fn another_restaurants_token_is_forbidden_everywhere_in_this_one() {
    let app = TestApp::open().await;
    let manager = outsider(Role::Manager, NEXT_DOOR);
    app.get("/api/v1/restaurants/ladle/orders", &manager).await.problem(403, "forbidden");
    app.send(place("ladle").insert_header(new_key()), &manager, basket()).await.problem(403, "forbidden");
    let pause = TestRequest::put().uri("/api/v1/restaurants/ladle/pause");
    app.send(pause, &manager, json!({"paused": true})).await.problem(403, "forbidden");
    let call = TestRequest::post().uri("/api/v1/restaurants/ladle/commands");
    app.send(call, &manager, command("answer_call")).await.problem(403, "forbidden");
    let order = app.place(&insider(Role::Staff)).await["id"].as_str().unwrap().to_owned();
    app.get(&format!("/api/v1/orders/{order}"), &manager).await.problem(404, "not_found");
}

#[actix_web::test]
async fn the_websockets_address_wants_an_upgrade() {
    let app = TestApp::open().await;
    let answer = app.call(TestRequest::get().uri("/ws")).await;
    answer.problem(426, "bad_frame");
    assert_eq!(answer.header("upgrade"), "websocket");
}

#[actix_web::test]
async fn too_many_sign_ins_from_one_address_wait() {
    let app = TestApp::open().await;
    let sign_in = || {
        // A sign-in counts before its body is read, so an incomplete body is enough. A password check would take so long
        // that another attempt is allowed meanwhile.
        let body = json!({"restaurant": "ladle"});
        app.call(TestRequest::post().uri("/api/v1/sessions").peer_addr("203.0.113.1:1".parse().unwrap()).set_json(body))
    };
    for _ in 0..3 {
        sign_in().await.problem(422, "invalid");
    }
    let answer = sign_in().await;
    answer.problem(429, "rate_limited");
    assert_eq!(answer.header("retry-after"), "1");
    assert!((1..=1000).contains(&answer.json()["retry_after_ms"].as_u64().unwrap()), "{answer:?}");
}

#[actix_web::test]
async fn a_node_that_goes_down_is_alive_but_not_ready() {
    let app = TestApp::open().await;
    assert_eq!(app.call(TestRequest::get().uri("/readyz")).await.status, 200);
    app.state.node.connections.drain(|| 0);
    let answer = app.call(TestRequest::get().uri("/readyz")).await;
    answer.problem(503, "unavailable");
    assert_eq!(answer.header("retry-after"), "2");
    assert_eq!(app.call(TestRequest::get().uri("/healthz")).await.status, 200);
}

#[actix_web::test]
async fn a_scrape_counts_commands_and_refusals() {
    let app = TestApp::open().await;
    app.place(&insider(Role::Diner)).await;
    for (accept, is_open_metrics) in [("*/*", false), ("application/openmetrics-text; version=1.0.0", true)] {
        let scrape = TestRequest::get().uri("/metrics").insert_header(("accept", accept));
        let text = String::from_utf8(app.call(scrape).await.body.to_vec()).unwrap();
        assert!(text.contains("orderbell_commands_total{action=\"place\",outcome=\"changed\"} 1"), "{text}");
        assert_eq!(text.ends_with("# EOF\n"), is_open_metrics, "{accept}");
    }
}
