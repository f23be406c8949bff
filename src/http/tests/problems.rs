use super::*;
use crate::auth::tests::fixtures::NEXT_DOOR;
use crate::http::api::problems::{EXPLANATIONS, explanation};
use crate::protocol::ErrorCode;
use crate::protocol::problem_body::GRANT_ERRORS;
use actix_web::http::Method;
use std::collections::BTreeSet;

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
async fn the_type_of_each_problem_is_the_address_of_an_explanation() {
    let app = TestApp::open().await;
    let protocol = include_str!("../../../docs/protocol.md");
    for code in ErrorCode::ALL {
        let text = explanation(code.as_str()).unwrap_or_else(|| panic!("{} is not explained", code.as_str()));
        assert!(text.contains(&format!("HTTP {}", code.http_status())) && text.contains("\n\nWhat to do: "), "{text}");
        assert!(protocol.contains(&format!("`{}`", code.as_str())), "{} is not in docs/protocol.md", code.as_str());
    }
    let known: BTreeSet<_> = ErrorCode::ALL.map(ErrorCode::as_str).into_iter().chain(GRANT_ERRORS).collect();
    let explained = EXPLANATIONS.split("\n## ").skip(1).map(|section| section.lines().next().unwrap());
    assert_eq!(explained.collect::<BTreeSet<_>>(), known);
    for code in known {
        let answer = app.call(TestRequest::get().uri(&format!("/problems/{code}"))).await;
        assert_eq!((answer.status.as_u16(), answer.header("content-type")), (200, "text/plain; charset=utf-8"), "{code}");
        assert!(answer.body.starts_with(code.as_bytes()), "{code}");
    }
    app.call(TestRequest::get().uri("/problems/surprise")).await.problem(404, "not_found");
}

#[actix_web::test]
async fn a_problem_points_to_the_field_that_is_wrong() {
    let app = TestApp::open().await;
    let staff = insider(Role::Staff);
    let order = app.place(&staff).await["id"].as_str().unwrap().to_owned();
    let (orders, commands) = (ladle("/orders"), format!("/api/v1/orders/{order}/commands"));
    let line = |changes: Value| {
        let mut line = json!({"menu_item": REZALA, "quantity": 1});
        crate::domain::values::merge_patch::apply(&mut line, &changes);
        json!({"service": "dine_in", "items": [{"menu_item": REZALA, "quantity": 1}, line]})
    };
    let with = |changes: Value| {
        let mut command = command("accept");
        crate::domain::values::merge_patch::apply(&mut command, &changes);
        command
    };
    let new_line = json!({"menu_item": clock::new_id().to_string(), "quantity": 1});
    for (path, body, pointer) in [
        (&orders, line(json!({"quantity": "2"})), "#/items/1/quantity"),
        (&orders, line(json!({"quantity": null})), "#/items/1/quantity"),
        (&orders, line(json!({"a b": 1})), "#/items/1/a%20b"),
        (&orders, line(json!({"allergy": true})), "#/items/1/allergy"),
        (&orders, line(json!({"menu_item": clock::new_id().to_string()})), "#/items/1/menu_item"),
        (&orders, line(json!({"options": ["gold leaf"]})), "#/items/1/options"),
        (&orders, json!({"service": "dine_in", "items": []}), "#/items"),
        (&commands, with(json!({"minutes": 0})), "#/minutes"),
        (&commands, with(json!({"item": REZALA})), "#/item"),
        (&commands, with(json!({"action": "explode"})), "#/action"),
        (&commands, with(json!({"action": "reject", "reason": "rain"})), "#/reason"),
        (&commands, with(json!({"action": "add_items", "items": [new_line]})), "#/items/0/menu_item"),
    ] {
        let answer = app.send(post(path).insert_header(new_key()), &staff, body.clone()).await;
        let detail = answer.problem(422, "invalid");
        let errors = &answer.json()["errors"];
        assert_eq!((&errors[0]["pointer"], errors.as_array().map(Vec::len)), (&json!(pointer), Some(1)), "{body}: {answer:?}");
        assert!(detail.ends_with(errors[0]["detail"].as_str().unwrap()), "{answer:?}");
    }
    let answer = app.get(&ladle("/orders?colour=red"), &staff).await;
    answer.problem(422, "invalid");
    assert!(answer.json().get("errors").is_none(), "a parameter is not in the body");
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
