use super::*;
use crate::auth::tests::fixtures::{API_KEY, PASSWORD};
use crate::domain::values::ids::UserId;
use crate::store::sessions::SessionRow;
use uuid::Uuid;

/// Returns the ladle's manager, with the id they sign in under.
fn boss() -> Principal {
    let id = UserId::from_uuid(Uuid::from_u128(LADLE.uuid().as_u128() + 3));
    Principal { sub: id.to_string().parse().unwrap(), ..insider(Role::Manager) }
}

async fn audit(app: &TestApp, query: &str) -> Value {
    let answer = app.get(&ladle(&format!("/audit{query}")), &boss()).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.json()
}

async fn newest(app: &TestApp) -> Value {
    audit(app, "?limit=1").await["audit"][0].clone()
}

fn from(request: TestRequest) -> TestRequest {
    request.peer_addr("203.0.113.9:4000".parse().unwrap())
}

/// Performs an action as the manager, and checks the newest entry. Returns the answer's document and the entry.
async fn does(app: &TestApp, request: TestRequest, body: Value, kind: &str, action: &str) -> (Value, Value) {
    let answer = app.send(from(request), &boss(), body).await;
    assert!(answer.status.is_success(), "{action}: {answer:?}");
    let entry = newest(app).await;
    assert_eq!((&entry["kind"], &entry["action"], &entry["outcome"]), (&json!(kind), &json!(action), &json!("done")), "{entry}");
    assert_eq!((&entry["name"], &entry["role"]), (&json!("manager"), &json!("manager")), "{entry}");
    assert_eq!(entry["address"], json!("203.0.113.9"), "{entry}");
    let document = if answer.body.is_empty() { Value::Null } else { answer.json() };
    (document, entry)
}

#[actix_web::test]
async fn everything_that_a_manager_changes_is_recorded_with_their_name_and_address() {
    let app = TestApp::open().await;
    let now = clock::now();
    let signed_in = SessionRow { principal: boss(), expires_at: now.plus(Duration::from_secs(60)) };
    app.state.node.store.add_session(&signed_in, [1; 32], now).await.unwrap();
    let (table, entry) = does(&app, post(&ladle("/tables")), json!({"label": "8"}), "tables", "add_table").await;
    assert_eq!((&entry["label"], &entry["subject"]), (&json!("8"), &table["id"]));
    let of_table = ladle(&format!("/tables/{}", table["id"].as_str().unwrap()));
    does(&app, post(&format!("{of_table}/key")), json!({}), "tables", "change_key").await;
    does(&app, TestRequest::delete().uri(&of_table), json!({}), "tables", "remove_table").await;

    let person = json!({"username": "karim", "password": "a long secret word", "role": "staff"});
    let (person, _) = does(&app, post(&ladle("/people")), person, "people", "add_person").await;
    let of_person = ladle(&format!("/people/{}", person["id"].as_str().unwrap()));
    let (_, entry) = does(&app, patch(&of_person), json!({"role": "manager"}), "people", "change_role").await;
    assert_eq!((&entry["label"], &entry["value"]), (&json!("karim"), &json!("manager")));
    does(&app, patch(&of_person), json!({"password": "another long secret word"}), "people", "change_password").await;
    let (_, entry) = does(&app, TestRequest::delete().uri(&of_person), json!({}), "people", "remove_person").await;
    assert_eq!(entry["label"], "karim", "the name is kept after the person is removed");

    let (key, _) = does(&app, post(&ladle("/api-keys")), json!({"name": "Till"}), "keys", "add_api_key").await;
    let of_key = ladle(&format!("/api-keys/{}", key["id"].as_str().unwrap()));
    let (_, entry) = does(&app, TestRequest::delete().uri(&of_key), json!({}), "keys", "revoke_api_key").await;
    assert_eq!(entry["label"], "Till");

    let pairing = app.call(post("/api/v1/devices/pairings")).await.json();
    let approval = post(&format!("/api/v1/devices/pairings/{}/approval", pairing["user_code"].as_str().unwrap()));
    let (device, _) = does(&app, approval, json!({"name": "Grill"}), "screens", "pair_screen").await;
    let of_device = ladle(&format!("/devices/{}", device["id"].as_str().unwrap()));
    let (_, entry) = does(&app, patch(&of_device), json!({"station": "hot"}), "screens", "change_screen").await;
    assert_eq!((&entry["label"], &entry["value"]), (&json!("Grill"), &json!("hot")));
    does(&app, TestRequest::delete().uri(&of_device), json!({}), "screens", "revoke_screen").await;

    let sold_out = TestRequest::put().uri(&ladle(&format!("/menu/items/{REZALA}/availability")));
    let (_, entry) = does(&app, sold_out, json!({"available": false}), "menu", "set_availability").await;
    assert_eq!((&entry["label"], &entry["value"]), (&json!("Beef rezala"), &json!("sold_out")));
    let pause = TestRequest::put().uri(&ladle("/pause"));
    does(&app, pause, json!({"paused": true}), "menu", "set_pause").await;
    let hours = TestRequest::put().uri(&ladle("/hours"));
    does(&app, hours, json!({"time_zone": "Asia/Dhaka"}), "menu", "set_hours").await;
    let menu = TestRequest::put().uri(&ladle("/menu"));
    let (_, entry) = does(&app, menu, json!({"categories": {}, "items": {}}), "menu", "replace_menu").await;
    assert_eq!(entry["value"], format!("0 added; 1 removed: {REZALA}; 0 changed; categories changed"));

    let all = audit(&app, "?limit=500").await.to_string();
    for secret in ["secret word", table["key"].as_str().unwrap(), key["api_key"].as_str().unwrap()] {
        assert!(!all.contains(secret), "{secret}");
    }
}

#[actix_web::test]
async fn sign_ins_are_recorded_without_the_texts_typed_into_failed_ones() {
    let app = TestApp::open().await;
    let sign_in = |name: &str, password: &str| {
        let body = json!({"restaurant": "ladle", "username": name, "password": password});
        from(post("/api/v1/sessions")).set_json(body)
    };
    let signed_in = app.call(sign_in("staff", PASSWORD)).await;
    let entry = newest(&app).await;
    assert_eq!((&entry["action"], &entry["name"], &entry["outcome"]), (&json!("sign_in"), &json!("staff"), &json!("done")));
    app.call(sign_in("staff", "not this one")).await.problem(401, "unauthorized");
    let entry = newest(&app).await;
    assert_eq!((&entry["outcome"], &entry["label"]), (&json!("bad_credentials"), &json!("staff")));
    assert_eq!((&entry["address"], entry.get("name")), (&json!("203.0.113.9"), None), "a failed sign-in names nobody");
    app.call(sign_in("my-password-by-mistake", "staff")).await.problem(401, "unauthorized");
    assert_eq!(newest(&app).await["label"], "unknown name");
    assert!(!audit(&app, "").await.to_string().contains("by-mistake"));

    let key = from(post("/api/v1/sessions").peer_addr("203.0.113.10:1".parse().unwrap()));
    app.call(key.peer_addr("203.0.113.10:1".parse().unwrap()).set_json(json!({"api_key": API_KEY}))).await.json();
    assert_eq!(newest(&app).await["name"], "POS");
    let bearer = ("authorization", format!("Bearer {}", signed_in.json()["access_token"].as_str().unwrap()));
    app.call(TestRequest::delete().uri("/api/v1/sessions/current").insert_header(bearer)).await;
    let entry = newest(&app).await;
    assert_eq!((&entry["action"], &entry["name"]), (&json!("sign_out"), &json!("staff")));
}

#[actix_web::test]
async fn commands_of_staff_are_recorded_and_those_of_guests_are_not() {
    let app = TestApp::open().await;
    let order = app.place(&insider(Role::Diner)).await;
    assert_eq!(audit(&app, "").await, json!({"audit": []}));
    let path = format!("/api/v1/orders/{}/commands", order["id"].as_str().unwrap());
    let send = async |who: &Principal, body: Value| app.send(from(post(&path)), who, body).await;
    let mut reject = command("reject");
    reject["reason"] = json!("too_busy");
    reject["detail"] = json!("the guest in red was rude");
    send(&insider(Role::Kitchen), command("cancel")).await;
    send(&insider(Role::Kitchen), command("serve")).await.problem(403, "forbidden");
    let entry = newest(&app).await;
    assert_eq!((&entry["action"], &entry["outcome"], &entry["role"]), (&json!("serve"), &json!("forbidden"), &json!("kitchen")));
    send(&boss(), reject).await;
    let entry = newest(&app).await;
    assert_eq!((&entry["action"], &entry["reason"], &entry["subject"]), (&json!("reject"), &json!("too_busy"), &order["id"]));
    assert_eq!((&entry["label"], &entry["name"]), (&json!("1 (A1)"), &json!("manager")));
    send(&insider(Role::Diner), command("call_waiter")).await;
    app.place(&insider(Role::Staff)).await;
    let entry = newest(&app).await;
    assert_eq!((&entry["action"], &entry["label"]), (&json!("place"), &json!("2 (A2)")));
    let all = audit(&app, "").await.to_string();
    assert!(!all.contains("rude") && !all.contains("nut allergy"), "{all}");
}

#[actix_web::test]
async fn the_audit_is_paged_and_an_invalid_query_is_explained() {
    let app = TestApp::open().await;
    for label in ["1", "2", "3"] {
        app.send(post(&ladle("/tables")), &boss(), json!({ "label": label })).await;
    }
    let first = audit(&app, "?limit=2&kind=tables").await;
    let labels = |page: &Value| page["audit"].as_array().unwrap().iter().map(|entry| entry["label"].clone()).collect::<Vec<_>>();
    assert_eq!(labels(&first), ["3", "2"]);
    let second = audit(&app, &format!("?limit=2&kind=tables&after={}", first["next"].as_str().unwrap())).await;
    assert_eq!((labels(&second), second.get("next")), (vec![json!("1")], None));
    assert_eq!(audit(&app, "?kind=orders").await, json!({"audit": []}));
    for query in ["?limit=0", "?limit=501", "?kind=weather", "?after=yesterday", "?colour=red"] {
        app.get(&ladle(&format!("/audit{query}")), &boss()).await.problem(422, "invalid");
    }
}

#[actix_web::test]
async fn refused_commands_do_not_fill_the_audit_and_accepted_ones_are_always_listed() {
    let app = TestApp::open().await;
    let waiter = insider(Role::Staff);
    let nowhere = format!("/api/v1/orders/{}/commands", clock::new_id());
    for _ in 0..100 {
        app.send(post(&nowhere), &waiter, command("accept")).await.problem(404, "not_found");
    }
    let refused = audit(&app, "?kind=orders&limit=500").await["audit"].as_array().unwrap().len();
    // A hundred refusals may straddle two minutes.
    assert!((60..=99).contains(&refused), "{refused}");
    assert!(app.state.node.metrics.scrape().contains("limit=\"audit_refusals\""));
    let order = app.place(&insider(Role::Diner)).await;
    let path = format!("/api/v1/orders/{}/commands", order["id"].as_str().unwrap());
    assert_eq!(app.send(post(&path), &waiter, command("accept")).await.status, 200);
    assert_eq!(newest(&app).await["outcome"], "done");
}
