use super::*;
use crate::auth::tests::fixtures::{API_KEY, PASSWORD};

fn send(path: &str, body: Value) -> TestRequest {
    post(path).set_json(body)
}

async fn ok(app: &TestApp, request: TestRequest) -> Value {
    let answer = app.call(request).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(answer.header("cache-control"), "no-store");
    answer.json()
}

async fn seat(app: &TestApp) -> Value {
    ok(app, send("/api/v1/diner-sessions", json!({"table_key": "ladle-table-7"}))).await
}

fn bearer(answer: &Value) -> (&'static str, String) {
    ("authorization", format!("Bearer {}", answer["access_token"].as_str().unwrap()))
}

#[actix_web::test]
async fn staff_and_a_pos_sign_in() {
    let app = TestApp::open().await;
    let body = json!({"restaurant": "ladle", "username": "manager", "password": PASSWORD});
    let answer = ok(&app, send("/api/v1/sessions", body)).await;
    assert_eq!(
        (&answer["token_type"], &answer["expires_in"], &answer["role"]),
        (&json!("Bearer"), &json!(900), &json!("manager"))
    );
    assert_eq!(answer["restaurant"], json!({"id": LADLE, "slug": "ladle", "name": "ladle", "currency": "BDT"}));
    assert!(answer["refresh_token"].as_str().unwrap().len() >= 43);
    let answer = ok(&app, send("/api/v1/sessions", json!({"api_key": API_KEY}))).await;
    assert_eq!(answer["role"], "service");
}

#[actix_web::test]
async fn a_node_without_a_signing_key_issues_no_token_and_verifies_those_of_others() {
    let mut app = TestApp::open().await;
    let refresh_token = seat(&app).await["refresh_token"].clone();
    app.state.sessions = None;
    for (path, body) in [
        ("/api/v1/sessions", json!({"api_key": API_KEY})),
        ("/api/v1/sessions/refresh", json!({"refresh_token": refresh_token})),
        ("/api/v1/diner-sessions", json!({"table_key": "ladle-table-7"})),
    ] {
        app.call(send(path, body)).await.problem(404, "not_found");
    }
    assert_eq!(app.get("/api/v1/restaurants/ladle/orders", &insider(Role::Staff)).await.status, 200);
}

#[actix_web::test]
async fn a_failed_sign_in_does_not_reveal_which_part_was_right() {
    let app = TestApp::open().await;
    let wrong = [json!({"restaurant": "ladle", "username": "staff", "password": "the-wrong-one"}), json!({"api_key": "no key"})];
    for body in wrong {
        let detail = app.call(send("/api/v1/sessions", body)).await.problem(401, "unauthorized");
        assert!(!detail.contains("the-wrong-one"));
    }
    app.call(send("/api/v1/sessions", json!({"restaurant": "ladle", "username": "staff"}))).await.problem(422, "invalid");
}

#[actix_web::test]
async fn a_guest_sits_down_and_finds_their_visit_again() {
    let app = TestApp::open().await;
    let seated = seat(&app).await;
    assert_eq!((&seated["table"], &seated["restaurant"]["slug"]), (&json!("7"), &json!("ladle")));
    let request = place("ladle").insert_header(bearer(&seated)).insert_header(new_key()).set_json(basket());
    let order = app.call(request).await.json();
    assert_eq!((&order["table"], &order["diner"]), (&json!("7"), &seated["diner"]));
    let visit = ok(&app, TestRequest::get().uri("/api/v1/diner-sessions/current").insert_header(bearer(&seated))).await;
    assert_eq!((&visit["table"], &visit["diner"], &visit["orders"]), (&json!("7"), &seated["diner"], &json!([order])));
    let neighbour = seat(&app).await;
    let visit = ok(&app, TestRequest::get().uri("/api/v1/diner-sessions/current").insert_header(bearer(&neighbour))).await;
    assert_eq!(visit["orders"], json!([]));
    app.get("/api/v1/diner-sessions/current", &insider(Role::Staff)).await.problem(403, "forbidden");
}

#[actix_web::test]
async fn tokens_are_renewed_and_a_session_is_ended() {
    let app = TestApp::open().await;
    let seated = seat(&app).await;
    let renewed = ok(&app, send("/api/v1/sessions/refresh", json!({"refresh_token": seated["refresh_token"]}))).await;
    assert_ne!(renewed["access_token"], seated["access_token"]);
    let end = TestRequest::delete().uri("/api/v1/sessions/current").insert_header(bearer(&renewed));
    assert_eq!(app.call(end).await.status, 204);
    for token in [&seated, &renewed] {
        let request = TestRequest::get().uri("/api/v1/diner-sessions/current").insert_header(bearer(token));
        app.call(request).await.problem(401, "unauthorized");
    }
    let spent = send("/api/v1/sessions/refresh", json!({"refresh_token": renewed["refresh_token"]}));
    app.call(spent).await.problem(401, "unauthorized");
}

#[actix_web::test]
async fn a_screen_is_paired_as_rfc_8628_says() {
    let app = TestApp::open().await;
    let pairing = ok(&app, TestRequest::post().uri("/api/v1/devices/pairings")).await;
    assert_eq!((&pairing["interval"], &pairing["expires_in"]), (&json!(5), &json!(600)));
    let poll = || app.call(send("/api/v1/devices/token", json!({"device_code": pairing["device_code"]})));
    let waiting = poll().await;
    waiting.problem(400, "authorization_pending");
    assert_eq!(waiting.json()["error"], "authorization_pending");
    assert_eq!(poll().await.json()["error"], "slow_down");
    let path = format!("/api/v1/devices/pairings/{}/approval", pairing["user_code"].as_str().unwrap());
    let approve = |who: Principal| {
        let request = TestRequest::post().uri(&path);
        let app = &app;
        async move { app.send(request, &who, json!({"name": "Grill", "station": "hot"})).await }
    };
    approve(insider(Role::Diner)).await.problem(403, "forbidden");
    let device = approve(insider(Role::Staff)).await.json();
    assert_eq!((&device["name"], &device["station"]), (&json!("Grill"), &json!("hot")));
    approve(insider(Role::Staff)).await.problem(404, "not_found");
    tokio::time::sleep(Duration::from_millis(4600)).await;
    let paired = poll().await;
    assert_eq!(paired.status, 200, "{paired:?}");
    assert_eq!((&paired.json()["role"], &paired.json()["station"]), (&json!("kitchen"), &json!("hot")));
    assert_eq!(poll().await.json()["error"], "slow_down", "the screen has its answer, or asks again after the interval");
    ok(&app, send("/api/v1/sessions/refresh", json!({"refresh_token": paired.json()["refresh_token"]}))).await;
    tokio::time::sleep(Duration::from_millis(4600)).await;
    assert_eq!(poll().await.json()["error"], "invalid_grant", "refused once the screen has used its session");
}
