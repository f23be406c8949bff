//! Edits that name the version on which they are based.

use super::*;
use crate::domain::values::ids::DeviceId;
use crate::store::devices::{Device, Pairing};

const MAINS: &str = "00000000-0000-7000-8000-0000000000ca";

fn menu_with(name: &str) -> Value {
    let price = json!({"amount": 900, "currency": "BDT"});
    let rezala = json!({"name": name, "category": MAINS, "price": price, "station": "hot", "sort": 1});
    json!({"categories": {MAINS: {"name": "Mains", "sort": 1}}, "items": {REZALA: rezala}})
}

/// Adds the version on which an edit is based.
fn based_on(request: TestRequest, version: &str) -> TestRequest {
    request.insert_header(("if-match", version))
}

fn put(path: &str) -> TestRequest {
    TestRequest::put().uri(&ladle(path))
}

#[actix_web::test]
async fn the_second_of_two_edits_of_one_menu_is_refused_with_the_state_after_the_first() {
    let app = TestApp::open().await;
    let manager = insider(Role::Manager);
    let read = app.call(TestRequest::get().uri(&ladle("/menu"))).await;
    let (tag, position) = (read.header("etag"), format!("\"{}\"", read.json()["position"]));
    let first = app.send(based_on(put("/menu"), tag), &manager, menu_with("First")).await;
    assert_eq!(first.status, 200, "{first:?}");
    for stale in [tag, &position, "\"nothing\""] {
        let second = app.send(based_on(put("/menu"), stale), &manager, menu_with("Second")).await;
        second.problem(412, "stale");
        assert_eq!(second.json()["document"], first.json()["document"], "{stale}");
    }
    let now = app.call(TestRequest::get().uri(&ladle("/menu"))).await;
    assert_eq!(now.json()["items"][REZALA]["name"], "First");
    assert_eq!(now.header("etag"), first.header("etag"), "an answer names the new version");
    let again = app.send(based_on(put("/menu"), tag), &manager, menu_with("First")).await.json();
    assert_eq!(again["changed"], false, "repeating an edit is not a conflict: its answer may have been lost");
    let second = app.send(based_on(put("/menu"), first.header("etag")), &manager, menu_with("Second")).await.json();
    assert_eq!(second["changed"], true);
    let position = format!("W/\"0\", \"{}\"", second["position"]);
    assert_eq!(app.send(based_on(put("/menu"), &position), &manager, menu_with("Third")).await.status, 200);
    for any in [put("/menu"), based_on(put("/menu"), "*")] {
        assert_eq!(app.send(any, &manager, menu_with("Fourth")).await.status, 200, "version 1 of the protocol names no version");
    }
    app.send(based_on(put("/menu"), "nonsense"), &manager, menu_with("Fifth")).await.problem(412, "stale");
}

#[actix_web::test]
async fn a_pause_and_a_dish_that_is_sold_out_are_edits_of_the_menu() {
    let app = TestApp::open().await;
    let staff = insider(Role::Staff);
    let sold_out = format!("/menu/items/{REZALA}/availability");
    let position = |answer: &Answer| format!("\"{}\"", answer.json()["position"]);
    let paused = app.send(based_on(put("/pause"), "\"0\""), &staff, json!({"paused": true})).await;
    assert_eq!(paused.status, 200, "{paused:?}");
    let until = json!({"paused": true, "until": "2999-01-01T00:00:00.000Z"});
    let late = app.send(based_on(put("/pause"), "\"0\""), &staff, until.clone()).await;
    late.problem(412, "stale");
    assert_eq!(late.json()["document"]["paused"], true);
    app.send(based_on(put(&sold_out), "\"0\""), &staff, json!({"available": false})).await.problem(412, "stale");
    let done = app.send(based_on(put(&sold_out), &position(&paused)), &staff, json!({"available": false})).await;
    assert_eq!(done.status, 200, "{done:?}");
    assert_eq!(app.send(based_on(put("/pause"), &position(&done)), &staff, until).await.status, 200);
}

/// Returns the path of a list's last entry, and its version in the form of the header.
async fn entry(app: &TestApp, what: &str, member: &str) -> (String, String) {
    let list = app.get(&ladle(what), &insider(Role::Manager)).await.json();
    let entry = list[member].as_array().unwrap().last().unwrap().clone();
    (format!("{what}/{}", entry["id"].as_str().unwrap()), format!("\"{}\"", entry["version"].as_str().unwrap()))
}

#[actix_web::test]
async fn a_person_who_was_changed_meanwhile_is_not_changed_back() {
    let app = TestApp::open().await;
    let manager = insider(Role::Manager);
    let body = json!({"username": "zia", "password": "a good long password", "role": "staff"});
    assert_eq!(app.send(post(&ladle("/people")), &manager, body).await.status, 201);
    let (path, version) = entry(&app, "/people", "people").await;
    let promoted = app.send(based_on(patch(&ladle(&path)), &version), &manager, json!({"role": "manager"})).await;
    assert_eq!(promoted.status, 200, "{promoted:?}");
    let password = json!({"password": "another good password"});
    app.send(based_on(patch(&ladle(&path)), &version), &manager, password.clone()).await.problem(412, "stale");
    let remove = based_on(TestRequest::delete().uri(&ladle(&path)), &version).insert_header(app.bearer(&manager));
    app.call(remove).await.problem(412, "stale");
    let renewed = app.send(based_on(patch(&ladle(&path)), promoted.header("etag")), &manager, password).await;
    assert_eq!(renewed.json()["role"], "manager");
    assert_ne!(renewed.header("etag"), promoted.header("etag"), "a new password is a new version");
}

#[actix_web::test]
async fn a_table_whose_code_was_changed_meanwhile_keeps_the_new_code() {
    let app = TestApp::open().await;
    let manager = insider(Role::Manager);
    let (path, version) = entry(&app, "/tables", "tables").await;
    let key = format!("{path}/key");
    let first = app.send(based_on(post(&ladle(&key)), &version), &manager, json!({})).await;
    assert_eq!(first.status, 200, "{first:?}");
    app.send(based_on(post(&ladle(&key)), &version), &manager, json!({})).await.problem(412, "stale");
    let gone = |version: String| {
        app.call(based_on(TestRequest::delete().uri(&ladle(&path)), &version).insert_header(app.bearer(&manager)))
    };
    gone(version).await.problem(412, "stale");
    assert_eq!(first.json()["key"], app.get(&ladle("/tables"), &manager).await.json()["tables"][0]["key"]);
    assert_eq!(gone(first.header("etag").to_owned()).await.status, 204);
}

#[actix_web::test]
async fn a_screen_that_was_moved_meanwhile_stays_where_it_is() {
    let app = TestApp::open().await;
    let manager = insider(Role::Manager);
    let pairing = Pairing {
        device_code_hash: [7; 32],
        user_code: "BCDFGHJK".parse().unwrap(),
        expires_at: clock::now().plus(Duration::from_secs(60)),
    };
    app.state.node.store.add_pairing(&pairing, clock::now()).await.unwrap();
    let id = DeviceId::from_uuid(clock::new_id());
    let screen = Device { id, restaurant: LADLE, name: "Grill".parse().unwrap(), station: None, role: Role::Kitchen };
    app.state.node.store.approve_pairing(&pairing.user_code, &screen, None, clock::now()).await.unwrap();
    let (path, version) = entry(&app, "/devices", "devices").await;
    let moved = app.send(based_on(patch(&ladle(&path)), &version), &manager, json!({"station": "hot"})).await;
    assert_eq!(moved.status, 200, "{moved:?}");
    app.send(based_on(patch(&ladle(&path)), &version), &manager, json!({"name": "Left"})).await.problem(412, "stale");
    let revoke = based_on(TestRequest::delete().uri(&ladle(&path)), &version).insert_header(app.bearer(&manager));
    app.call(revoke).await.problem(412, "stale");
    let renamed = app.send(based_on(patch(&ladle(&path)), moved.header("etag")), &manager, json!({"name": "Left"})).await;
    assert_eq!((&renamed.json()["name"], &renamed.json()["station"]), (&json!("Left"), &json!("hot")));
}
