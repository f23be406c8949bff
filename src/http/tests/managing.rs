use super::*;
use crate::auth::secret::random_secret;
use crate::auth::tests::fixtures::{API_KEY, NEXT_DOOR, PASSWORD};
use crate::domain::values::ids::{DeviceId, TableId};
use crate::store::accounts::Table;
use crate::store::devices::{Device, Pairing};
use actix_web::http::Method;

fn id(answer: &Value) -> &str {
    answer["id"].as_str().unwrap()
}

async fn list(app: &TestApp, what: &str, member: &str) -> Vec<Value> {
    app.get(&ladle(what), &insider(Role::Manager)).await.json()[member].as_array().unwrap().clone()
}

async fn sign_in(app: &TestApp, username: &str, password: &str) -> Answer {
    let body = json!({"restaurant": "ladle", "username": username, "password": password});
    app.call(post("/api/v1/sessions").set_json(body)).await
}

/// Returns whether the access token of an answer is still valid, and whether its refresh token is.
async fn goes_on(app: &TestApp, tokens: &Value) -> (bool, bool) {
    let bearer = ("authorization", format!("Bearer {}", tokens["access_token"].as_str().unwrap()));
    let call = app.call(TestRequest::get().uri(&ladle("/orders")).insert_header(bearer)).await;
    let refresh = post("/api/v1/sessions/refresh").set_json(json!({"refresh_token": tokens["refresh_token"]}));
    (call.status == 200, app.call(refresh).await.status == 200)
}

/// Returns every call that only managers may make.
fn calls() -> Vec<(Method, String)> {
    let some = "00000000-0000-7000-8000-0000000000ff";
    let calls: [(Method, &str); 21] = [
        (Method::PUT, "/menu"),
        (Method::PUT, "/hours"),
        (Method::GET, "/tables"),
        (Method::POST, "/tables"),
        (Method::DELETE, "/tables/ID"),
        (Method::POST, "/tables/ID/key"),
        (Method::GET, "/tables/ID/qr.svg"),
        (Method::GET, "/people"),
        (Method::POST, "/people"),
        (Method::PATCH, "/people/ID"),
        (Method::DELETE, "/people/ID"),
        (Method::DELETE, "/people/ID/totp"),
        (Method::GET, "/devices"),
        (Method::PATCH, "/devices/ID"),
        (Method::DELETE, "/devices/ID"),
        (Method::GET, "/limited"),
        (Method::GET, "/api-keys"),
        (Method::POST, "/api-keys"),
        (Method::DELETE, "/api-keys/ID"),
        (Method::GET, "/reports/day?date=2026-11-24"),
        (Method::GET, "/audit"),
    ];
    calls.into_iter().map(|(method, path)| (method, ladle(&path.replace("ID", some)))).collect()
}

/// Returns a valid body for a call.
fn body_of(path: &str) -> Value {
    match path {
        path if path.ends_with("/menu") => json!({"categories": {}, "items": {}}),
        path if path.ends_with("/hours") => json!({"time_zone": "UTC"}),
        path if path.ends_with("/tables") => json!({"label": "1"}),
        path if path.ends_with("/people") => json!({"username": "x", "password": "long enough", "role": "staff"}),
        path if path.contains("/people/") => json!({"role": "staff"}),
        _ => json!({"name": "x"}),
    }
}

#[actix_web::test]
async fn only_a_manager_of_this_restaurant_manages_it() {
    let app = TestApp::open().await;
    let others = [Role::Diner, Role::Kitchen, Role::Staff, Role::Service].map(insider).into_iter();
    let others: Vec<_> = others.chain([outsider(Role::Manager, NEXT_DOOR)]).collect();
    for (method, path) in calls() {
        let request = || TestRequest::with_uri(&path).method(method.clone()).set_json(body_of(&path));
        for who in &others {
            app.call(request().insert_header(app.bearer(who))).await.problem(403, "forbidden");
        }
        app.call(request()).await.problem(401, "unauthorized");
        let elsewhere = path.replace("/ladle/", "/nowhere/");
        let lost = TestRequest::with_uri(&elsewhere).method(method.clone()).set_json(body_of(&path));
        app.call(lost.insert_header(app.bearer(&insider(Role::Manager)))).await.problem(404, "not_found");
    }
}

#[actix_web::test]
async fn every_call_takes_the_restaurants_id_in_place_of_its_slug() {
    let app = TestApp::open().await;
    let manager = insider(Role::Manager);
    for path in ["", "/menu", "/orders", "/visits", "/tables", "/people", "/audit", "/reports/day?date=2026-11-24"] {
        let by_slug = app.get(&ladle(path), &manager).await;
        let by_id = app.get(&ladle(path).replace("/ladle", &format!("/{}", manager.restaurant)), &manager).await;
        assert_eq!((by_slug.status.as_u16(), by_id.status.as_u16()), (200, 200), "{path}");
    }
    let another = ladle("/menu").replace("/ladle", "/00000000-0000-7000-8000-0000000000ff");
    app.get(&another, &manager).await.problem(404, "not_found");
}

#[actix_web::test]
async fn missing_things_are_not_found_and_invalid_requests_are_explained() {
    let app = TestApp::open().await;
    let manager = insider(Role::Manager);
    for (method, path) in calls().into_iter().filter(|(_, path)| path.contains("0000000000ff")) {
        let request = TestRequest::with_uri(&path).method(method).set_json(body_of(&path));
        app.call(request.insert_header(app.bearer(&manager))).await.problem(404, "not_found");
    }
    for (path, body) in [
        ("/tables", json!({})),
        ("/tables", json!({"label": ""})),
        ("/tables", json!({"label": "x".repeat(21)})),
        ("/tables", json!({"label": "1", "key": "chosen"})),
        ("/people", json!({"username": "a b", "password": "long enough", "role": "staff"})),
        ("/people", json!({"username": "ab", "password": "short", "role": "staff"})),
        ("/people", json!({"username": "ab", "password": "12345678", "role": "staff"})),
        ("/people", json!({"username": "ab", "password": "        ", "role": "staff"})),
        ("/people", json!({"username": "ab", "password": "x".repeat(129), "role": "staff"})),
        ("/people", json!({"username": "ab", "password": "long enough", "role": "kitchen"})),
        ("/people", json!({"username": "ab", "password": "long enough", "role": "owner"})),
        ("/api-keys", json!({"name": " "})),
    ] {
        app.send(post(&ladle(path)), &manager, body).await.problem(422, "invalid");
    }
    for query in [
        "",
        "?date=",
        "?date=yesterday",
        "?date=2026-02-30",
        "?date=2026-11-24&colour=red",
        "?date=2026-11-24&offset=noon",
        "?date=2026-11-24&offset=2000",
        "?date=2026-11-24&offset=0&end_offset=600",
    ] {
        app.get(&ladle(&format!("/reports/day{query}")), &manager).await.problem(422, "invalid");
    }
    let answer = app.call(TestRequest::put().uri(&ladle("/tables"))).await;
    answer.problem(405, "bad_frame");
    assert_eq!(answer.header("allow"), "GET, HEAD, POST");
}

#[actix_web::test]
async fn a_table_is_added_gets_a_new_code_and_is_removed() {
    let mut app = TestApp::open().await;
    app.state.base = PublicUrl::new(Some("https://orders.example.com/"), behind(&[]));
    let manager = insider(Role::Manager);
    let made = app.send(post(&ladle("/tables")), &manager, json!({"label": "8"})).await;
    assert_eq!(made.status, 201, "{made:?}");
    let table = made.json();
    let key = table["key"].as_str().unwrap();
    assert_eq!((key.len(), &table["url"]), (43, &json!(format!("https://orders.example.com/t/{key}"))));
    app.send(post(&ladle("/tables")), &manager, json!({"label": "8"})).await.problem(409, "conflict");
    let labels: Vec<_> = list(&app, "/tables", "tables").await.iter().map(|table| table["label"].clone()).collect();
    assert_eq!(labels, ["7", "8"]);
    let sit_down = |key: Value| app.call(post("/api/v1/diner-sessions").set_json(json!({"table_key": key})));
    assert_eq!(sit_down(table["key"].clone()).await.json()["table"], "8");
    let path = ladle(&format!("/tables/{}", id(&table)));
    let renewed = app.send(post(&format!("{path}/key")), &manager, json!({})).await.json();
    assert_eq!((&renewed["id"], &renewed["label"]), (&table["id"], &table["label"]));
    sit_down(table["key"].clone()).await.problem(404, "not_found");
    assert_eq!(sit_down(renewed["key"].clone()).await.status, 200);
    assert_eq!(app.delete(&path, &manager).await.status, 204);
    sit_down(renewed["key"].clone()).await.problem(404, "not_found");
    app.delete(&path, &manager).await.problem(404, "not_found");
}

/// Returns proxies in these networks.
fn behind(networks: &[&str]) -> Arc<Proxies> {
    let networks = networks.iter().map(|network| network.parse().unwrap()).collect();
    Arc::new(Proxies::new(networks, connection::client_address::Source::Either, Metrics::new()))
}

#[actix_web::test]
async fn a_tables_code_carries_the_address_that_guests_reach() {
    let mut app = TestApp::open().await;
    let manager = insider(Role::Manager);
    let table = list(&app, "/tables", "tables").await.remove(0);
    assert_eq!(table["url"], "http://localhost:8080/t/ladle-table-7");
    let path = ladle(&format!("/tables/{}/qr.svg", id(&table)));
    let picture = app.get(&path, &manager).await;
    assert_eq!((picture.status.as_u16(), picture.header("content-type")), (200, "image/svg+xml"));
    assert!(picture.body.starts_with(b"<?xml") && picture.body.ends_with(b"</svg>"));
    app.state.base = PublicUrl::new(Some("https://orders.example.com/"), behind(&[]));
    assert_ne!(app.get(&path, &manager).await.body, picture.body, "another address makes another picture");
    app.state.base = PublicUrl::new(None, behind(&[]));
    let from = |host: &'static str, proto: &'static str| {
        let request = TestRequest::get().uri(&ladle("/tables")).insert_header(("host", host));
        app.call(request.insert_header(("x-forwarded-proto", proto)).insert_header(app.bearer(&manager)))
    };
    assert_eq!(from("a.example:81", "https").await.json()["tables"][0]["url"], "http://a.example:81/t/ladle-table-7");
    for bad in ["", "a b", "a.example/evil", "a.example?x="] {
        from(bad, "http").await.problem(422, "invalid");
    }
    app.state.base = PublicUrl::new(None, behind(&["10.0.0.0/8"]));
    for (peer, scheme) in [("10.0.0.1:9", "https"), ("192.0.2.1:9", "http")] {
        let request = TestRequest::get().uri(&ladle("/tables")).insert_header(("host", "a.example"));
        let request = request.peer_addr(peer.parse().unwrap()).insert_header(("x-forwarded-proto", "https"));
        let answer = app.call(request.insert_header(app.bearer(&manager))).await.json();
        assert_eq!(answer["tables"][0]["url"], format!("{scheme}://a.example/t/ladle-table-7"), "{peer}");
    }
}

#[actix_web::test]
async fn people_come_change_and_go_with_their_sessions() {
    let app = TestApp::open().await;
    let manager = insider(Role::Manager);
    let body = json!({"username": "zia", "password": "a-new-one", "role": "staff"});
    let made = app.send(post(&ladle("/people")), &manager, body.clone()).await;
    assert_eq!((made.status.as_u16(), made.json().as_object().unwrap().len()), (201, 4), "the answer has no password");
    app.send(post(&ladle("/people")), &manager, body).await.problem(409, "conflict");
    let names: Vec<_> = list(&app, "/people", "people").await.iter().map(|person| person["username"].clone()).collect();
    assert_eq!(names, ["manager", "staff", "zia"]);
    let person = ladle(&format!("/people/{}", id(&made.json())));
    let first = sign_in(&app, "zia", "a-new-one").await.json();
    let promoted = app.send(patch(&person), &manager, json!({"role": "manager"})).await;
    assert_eq!((promoted.status.as_u16(), &promoted.json()["role"]), (200, &json!("manager")));
    assert_eq!(goes_on(&app, &first).await, (false, false), "the token said staff");
    let second = sign_in(&app, "zia", "a-new-one").await.json();
    assert_eq!(second["role"], "manager");
    app.send(patch(&person), &manager, json!({})).await.problem(422, "invalid");
    app.send(patch(&person), &manager, json!({"role": "diner"})).await.problem(422, "invalid");
    app.send(patch(&person), &manager, json!({"password": "short"})).await.problem(422, "invalid");
    assert_eq!(app.send(patch(&person), &manager, json!({"password": "yet-another"})).await.status, 200);
    assert_eq!(goes_on(&app, &second).await, (false, false));
    assert_eq!(app.delete(&person, &manager).await.status, 204);
    app.delete(&person, &manager).await.problem(404, "not_found");
    assert_eq!(list(&app, "/people", "people").await.len(), 2);
    sign_in(&app, "zia", "yet-another").await.problem(401, "unauthorized");
}

#[actix_web::test]
async fn a_password_that_is_guessed_first_is_refused_with_its_reason_and_one_with_any_characters_is_accepted() {
    let app = TestApp::open().await;
    let manager = insider(Role::Manager);
    let body = |password: &str| json!({"username": "zia-karim", "password": password, "role": "staff"});
    for (weak, why) in
        [("12345678", "leaked"), ("        ", "repeats"), ("zia-karim1", "user name"), ("Ladle ladle-2", "restaurant's name")]
    {
        let detail = app.send(post(&ladle("/people")), &manager, body(weak)).await.problem(422, "invalid");
        assert!(detail.contains(why) && !detail.contains(weak.trim_end()) || weak.trim().is_empty(), "{detail}");
    }
    let typed = "cafe\u{301} 🍲 noir";
    let made = app.send(post(&ladle("/people")), &manager, body(typed)).await;
    assert_eq!(made.status, 201, "{made:?}");
    assert_eq!(sign_in(&app, "zia-karim", "caf\u{e9} 🍲 noir").await.status, 200, "as another keyboard composes it");
    let person = ladle(&format!("/people/{}", id(&made.json())));
    let detail = app.send(patch(&person), &manager, json!({"password": "zia-karim"})).await.problem(422, "invalid");
    assert!(detail.contains("user name"), "{detail}");
    assert_eq!(sign_in(&app, "zia-karim", typed).await.status, 200, "the old password is unchanged");
}

#[actix_web::test]
async fn the_last_manager_stays_manager() {
    let app = TestApp::open().await;
    let manager = insider(Role::Manager);
    let people = list(&app, "/people", "people").await;
    let last = people.iter().find(|person| person["role"] == "manager").unwrap();
    let path = ladle(&format!("/people/{}", id(last)));
    assert!(app.delete(&path, &manager).await.problem(409, "conflict").contains("last manager"));
    app.send(patch(&path), &manager, json!({"role": "staff"})).await.problem(409, "conflict");
    assert_eq!(app.send(patch(&path), &manager, json!({"role": "manager", "password": "another-one"})).await.status, 200);
    sign_in(&app, "manager", PASSWORD).await.problem(401, "unauthorized");
}

#[actix_web::test]
async fn a_screen_is_renamed_moved_and_revoked() {
    let app = TestApp::open().await;
    let manager = insider(Role::Manager);
    let (device, secret) = (DeviceId::from_uuid(clock::new_id()), random_secret());
    let pairing = Pairing {
        device_code_hash: crate::auth::secret::hash(&secret),
        user_code: "BCDFGHJK".parse().unwrap(),
        expires_at: clock::now().plus(Duration::from_secs(60)),
    };
    app.state.node.store.add_pairing(&pairing, clock::now()).await.unwrap();
    let (name, station) = ("Grill".parse().unwrap(), Some("hot".parse().unwrap()));
    let screen = Device { id: device, restaurant: LADLE, name, station, role: Role::Kitchen };
    app.state.node.store.approve_pairing(&pairing.user_code, &screen, None, clock::now()).await.unwrap();
    let poll = post("/api/v1/devices/token").set_json(json!({"device_code": secret.expose_secret()}));
    let paired = app.call(poll).await.json();
    let path = ladle(&format!("/devices/{device}"));
    let renamed = app.send(patch(&path), &manager, json!({"name": "Hot line"})).await.json();
    assert_eq!(
        renamed,
        json!({"id": device, "name": "Hot line", "station": "hot", "role": "kitchen", "version": renamed["version"]})
    );
    app.send(patch(&path), &manager, json!({"station": "cellar"})).await.problem(422, "invalid");
    app.send(patch(&path), &manager, json!({})).await.problem(422, "invalid");
    let freed = app.send(patch(&path), &manager, json!({"station": null})).await.json();
    assert_eq!(freed, json!({"id": device, "name": "Hot line", "role": "kitchen", "version": freed["version"]}));
    let listed = list(&app, "/devices", "devices").await;
    assert!(listed[0]["approved_at"].is_string(), "{listed:?}");
    let expected = json!({"id": device, "name": "Hot line", "role": "kitchen", "version": freed["version"], "approved_at": listed[0]["approved_at"]});
    assert_eq!(listed, [expected]);
    let refresh = post("/api/v1/sessions/refresh").set_json(json!({"refresh_token": paired["refresh_token"]}));
    let refreshed = app.call(refresh).await.json();
    let next = app.state.node.tokens.verify(&refreshed["access_token"].as_str().unwrap().into(), clock::now()).unwrap();
    assert_eq!((next.principal.device, next.principal.station), (Some(device), None), "the next token has no station");
    assert_eq!(app.delete(&path, &manager).await.status, 204);
    assert_eq!(goes_on(&app, &refreshed).await, (false, false));
    app.delete(&path, &manager).await.problem(404, "not_found");
    assert!(list(&app, "/devices", "devices").await.is_empty());
}

#[actix_web::test]
async fn a_page_of_a_list_has_five_hundred_entries_and_the_next_page_the_rest() {
    let app = TestApp::open().await;
    let manager = insider(Role::Manager);
    let before = list(&app, "/tables", "tables").await.len();
    for number in before..502 {
        let id = TableId::from_uuid(clock::new_id());
        let (label, key) = (format!("T{number}").parse().unwrap(), format!("table-key-{number}").parse().unwrap());
        app.state.node.store.add_table(&Table { id, restaurant: LADLE, label, key }).await.unwrap();
    }
    let first = app.get(&ladle("/tables"), &manager).await.json();
    let tables = first["tables"].as_array().unwrap();
    assert_eq!((tables.len(), &first["next"]), (500, &tables[499]["id"]));
    let path = ladle(&format!("/tables?after={}", first["next"].as_str().unwrap()));
    let rest = app.get(&path, &manager).await.json();
    assert_eq!((rest["tables"].as_array().unwrap().len(), rest.get("next")), (2, None));
    assert!(!tables.contains(&rest["tables"][0]));
    app.get(&ladle("/tables?after=nonsense"), &manager).await.problem(422, "invalid");
    let people = app.get(&ladle("/people"), &manager).await.json();
    let (all, last) = (people["people"].as_array().unwrap(), people["people"].as_array().unwrap().len() - 1);
    assert_eq!(people.get("next"), None);
    let after_first = app.get(&ladle(&format!("/people?after={}", all[0]["username"].as_str().unwrap())), &manager).await.json();
    assert_eq!(after_first["people"].as_array().unwrap().len(), last);
    for (what, member) in [("/devices", "devices"), ("/api-keys", "api_keys")] {
        let page = app.get(&ladle(what), &manager).await.json();
        assert_eq!((page[member].is_array(), page.get("next")), (true, None), "{what}");
    }
}

#[actix_web::test]
async fn a_screen_is_listed_with_who_approved_it() {
    let app = TestApp::open().await;
    let tokens = sign_in(&app, "staff", PASSWORD).await.json();
    let pairing = app.call(post("/api/v1/devices/pairings")).await.json();
    let path = format!("/api/v1/devices/pairings/{}/approval", pairing["user_code"].as_str().unwrap());
    let bearer = ("authorization", format!("Bearer {}", tokens["access_token"].as_str().unwrap()));
    let approved = app.call(post(&path).insert_header(bearer).set_json(json!({"name": "Grill"}))).await;
    assert_eq!(approved.status, 200, "{approved:?}");
    let listed = list(&app, "/devices", "devices").await;
    let people = list(&app, "/people", "people").await;
    let staff = people.iter().find(|person| person["username"] == "staff").unwrap();
    assert_eq!(listed[0]["approved_by"], json!({"id": staff["id"], "username": "staff"}));
}

#[actix_web::test]
async fn an_api_key_is_shown_once_and_revoked_with_its_sessions() {
    let app = TestApp::open().await;
    let manager = insider(Role::Manager);
    let made = app.send(post(&ladle("/api-keys")), &manager, json!({"name": "Till"})).await;
    assert_eq!(made.status, 201, "{made:?}");
    let key = made.json();
    let keys = list(&app, "/api-keys", "api_keys").await;
    assert_eq!(keys, [json!({"id": key["id"], "name": "Till"}), json!({"id": "pos-1", "name": "POS"})]);
    let begin = |secret: Value| app.call(post("/api/v1/sessions").set_json(json!({"api_key": secret})));
    let session = begin(key["api_key"].clone()).await.json();
    let path = ladle(&format!("/api-keys/{}", id(&key)));
    assert_eq!(app.delete(&path, &manager).await.status, 204);
    assert_eq!(goes_on(&app, &session).await, (false, false));
    begin(key["api_key"].clone()).await.problem(401, "unauthorized");
    assert_eq!(begin(json!(API_KEY)).await.status, 200, "another key still works");
    app.delete(&path, &manager).await.problem(404, "not_found");
}

#[actix_web::test]
async fn the_report_of_a_day_counts_its_orders() {
    let app = TestApp::open().await;
    let (staff, manager) = (insider(Role::Staff), insider(Role::Manager));
    let order = app.place(&staff).await;
    app.place(&insider(Role::Diner)).await;
    let commands = format!("/api/v1/orders/{}/commands", id(&order));
    for action in ["accept", "ready", "serve"] {
        assert_eq!(app.send(post(&commands), &staff, command(action)).await.status, 200);
    }
    let today = &order["placed_at"].as_str().unwrap()[..10];
    let report = app.get(&ladle(&format!("/reports/day?date={today}")), &manager).await.json();
    assert_eq!((&report["date"], &report["complete"], &report["orders"]), (&json!(today), &json!(true), &json!(2)));
    assert_eq!(report["statuses"], json!({"placed": 1, "served": 1}));
    assert_eq!(
        (&report["revenue"], &report["promised"], &report["late"]),
        (&json!({"amount": 1800, "currency": "BDT"}), &json!(1), &json!(0)),
        "an order that nobody accepted is not sold"
    );
    assert_eq!((&report["stations"], &report["items"][0]["quantity"]), (&json!({"hot": 2}), &json!(2)));
    for step in ["placed_to_accepted", "accepted_to_ready", "ready_to_served"] {
        assert_eq!(report["steps"][step]["count"], 1, "{step}");
        assert!(report["steps"][step]["p90_ms"].as_u64().unwrap() < 60_000, "{step}");
    }
    let tomorrow = app.get(&ladle(&format!("/reports/day?date={today}&offset=-720")), &manager).await.json();
    let yesterday = app.get(&ladle(&format!("/reports/day?date={today}&offset=720")), &manager).await.json();
    assert_eq!((&tomorrow["begins_at"], &yesterday["hours"][23].is_u64()), (&json!(format!("{today}T12:00:00.000Z")), &true));
    assert_eq!(
        tomorrow["orders"].as_u64().unwrap() + yesterday["orders"].as_u64().unwrap(),
        2,
        "a clock is either early or late"
    );
    let before = app.get(&ladle("/reports/day?date=2001-01-01"), &manager).await.json();
    assert_eq!((&before["orders"], &before["items"]), (&json!(0), &json!([])));
}
