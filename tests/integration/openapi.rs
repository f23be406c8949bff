//! Real answers against the OpenAPI document: each operation, and each status that can be provoked. The support crate
//! checks every answer of every test against the document. This file makes the requests that no other test makes, and
//! asserts that no operation and no status is missing.

use reqwest::Method;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use support::client::{Answer, text};
use support::push_service::Browser;
use support::{Client, Menu, TestServer, contract, new_id};

const BASE: &str = "/api/v1/restaurants/demo";
const ME: &str = "/api/v1/people/me";
/// The statuses that are provoked here, for each operation that lists them.
const BASIC: [u16; 4] = [400, 401, 413, 415];

/// The demo's people, signed in.
struct TestRestaurant {
    server: TestServer,
    manager: Client,
    staff: Client,
    diner: Client,
    menu: Menu,
}

impl TestRestaurant {
    async fn open() -> Self {
        let key = vapid_key().await;
        let flags = ["--vapid-key", &key, "--vapid-subject", "mailto:ops@example.com", "--body-bytes", "4096"];
        let server = TestServer::start(&flags).await;
        let (manager, staff) = (server.manager().await, server.staff().await);
        let seat = server.anybody().post("/api/v1/diner-sessions", &json!({"table_key": "demo-table-4"})).await.expect(200);
        let diner = Client::new(&server.base, text(&seat["access_token"]));
        let menu = Menu::read(&manager).await;
        Self { server, manager, staff, diner, menu }
    }

    fn anybody(&self) -> Client {
        self.server.anybody()
    }
}

async fn vapid_key() -> String {
    let printed = TestServer::start(&[]).await.tool(&["vapid"]).await;
    printed.lines().next().unwrap().strip_prefix("ORDERBELL_VAPID_KEY=").unwrap().to_owned()
}

async fn patch(client: &Client, path: &str, body: Value) -> Answer {
    Client::send(client.request(Method::PATCH, path).json(&body)).await
}

#[tokio::test]
async fn every_operation_answers_as_the_document_says() {
    let restaurant = TestRestaurant::open().await;
    orders(&restaurant).await;
    rooms(&restaurant).await;
    menu(&restaurant).await;
    tables_and_visits(&restaurant).await;
    people_and_keys(&restaurant).await;
    webhooks(&restaurant).await;
    screens(&restaurant).await;
    reports_and_guests(&restaurant).await;
    shifts(&restaurant).await;
    push(&restaurant).await;
    pages(&restaurant).await;
    account(&restaurant).await;
    let seen = contract::seen();
    let went_well = |id: &String| seen.iter().any(|(other, status)| other == id && (101..300).contains(status));
    let missing: Vec<_> = contract::operations().into_keys().filter(|id| id != "connect" && !went_well(id)).collect();
    assert!(missing.is_empty(), "never answered: {missing:?}");
}

async fn orders(TestRestaurant { manager, staff, diner, menu, .. }: &TestRestaurant) {
    let order = diner.place(&menu.basket()).await;
    let address = format!("/api/v1/orders/{}", text(&order["id"]));
    diner.get(&address).await.expect(200);
    diner.get(&format!("{address}/receipt")).await.expect(200);
    diner.post(&format!("{address}/share"), &json!({})).await.expect(200);
    staff.act(&order["id"], "accept").await;
    staff.command(&order["id"], "serve", json!({})).await.problem(409, "invalid_transition");
    manager.get(&format!("{address}/story")).await.expect(200);
    diner.get(&format!("{address}/story")).await.problem(403, "forbidden");
    let delivery = json!({"service": "delivery", "items": [menu.line("Firni", 1)]});
    let address = format!("/api/v1/orders/{}/delivery", text(&staff.place(&delivery).await["id"]));
    assert_eq!(staff.put(&address, &json!({"name": "Anna", "phone": "01700", "address": "Road 7"})).await.status, 204);
    staff.get(&address).await.expect(200);
    assert_eq!(staff.delete(&address).await.status, 204);
    staff.get(&format!("{BASE}/orders?status=all&limit=1")).await.expect(200);
    staff.get(&format!("{BASE}/orders?sort=newest&limit=1")).await.expect(200);
    staff.get(&format!("{BASE}/orders?updated_since=2026-11-24T10:00:00Z")).await.expect(200);
    staff.get(&format!("{BASE}/orders?limit=0")).await.problem(422, "invalid");
    let call = json!({"id": new_id(), "action": "call_waiter", "reason": "bill"});
    diner.post(&format!("{BASE}/commands"), &call).await.expect(200);
    diner.get("/api/v1/diner-sessions/current/calls").await.expect(200);
    diner.get("/api/v1/diner-sessions/current").await.expect(200);
    manager.get(&format!("{BASE}/diner-sessions")).await.expect(200);
    staff.get(&format!("{BASE}/visits")).await.expect(200);
}

async fn shifts(TestRestaurant { manager, server, .. }: &TestRestaurant) {
    let me = text(&manager.get("/api/v1/people/me").await.expect(200)["id"]).to_owned();
    assert_eq!(manager.put("/api/v1/people/me/pin", &json!({"pin": "4711"})).await.status, 204);
    assert_eq!(manager.delete("/api/v1/people/me/pin").await.status, 204);
    let pin = format!("{BASE}/people/{me}/pin");
    assert_eq!(manager.put(&pin, &json!({"pin": "4711"})).await.status, 204);
    let pairing = server.anybody().post("/api/v1/devices/pairings", &json!({})).await.expect(200);
    let approval = format!("/api/v1/devices/pairings/{}/approval", text(&pairing["user_code"]));
    manager.post(&approval, &json!({"name": "Bar", "role": "staff"})).await.expect(200);
    let code = json!({"device_code": pairing["device_code"]});
    let paired = server.anybody().post("/api/v1/devices/token", &code).await.expect(200);
    let device = Client::new(&server.base, text(&paired["access_token"]));
    device.get("/api/v1/devices/current/people").await.expect(200);
    let shift = json!({"id": new_id(), "person": me, "pin": "4711"});
    device.post("/api/v1/devices/current/shifts", &shift).await.expect(200);
    assert_eq!(manager.delete(&pin).await.status, 204);
}

async fn rooms(TestRestaurant { staff, menu, .. }: &TestRestaurant) {
    let (floor, room) = (menu.floor(), menu.menu());
    staff.get(&format!("/api/v1/rooms/{floor}/events?wait=0")).await.expect(200);
    staff.get(&format!("/api/v1/rooms/{floor},{room}/events?wait=0")).await.expect(200);
    assert_eq!(staff.post(&format!("/api/v1/rooms/{floor}/seen"), &json!({"position": 0})).await.status, 204);
    staff.get("/ws").await.problem(426, "bad_frame");
    let path = format!("/api/v1/rooms/{floor}/stream");
    let mut stream = staff.request(Method::GET, &path).send().await.unwrap();
    let first = stream.chunk().await.unwrap().unwrap_or_default();
    let (status, headers) = (stream.status().as_u16(), stream.headers().clone());
    contract::check_answer("GET", &path, &Answer { status, headers, text: String::from_utf8(first.to_vec()).unwrap() });
}

async fn menu(TestRestaurant { manager, staff, menu, server, .. }: &TestRestaurant) {
    server.anybody().get(BASE).await.expect(200);
    let dish = text(&menu.dish("Firni")["id"]);
    let availability = format!("{BASE}/menu/items/{dish}/availability");
    staff.put(&availability, &json!({"available": false})).await.expect(200);
    staff.put(&availability, &json!({"available": true})).await.expect(200);
    let outdated = staff.request(Method::PUT, &availability).header("If-Match", "\"other\"").json(&json!({"available": false}));
    Client::send(outdated).await.problem(412, "stale");
    staff.put(&format!("{BASE}/pause"), &json!({"paused": true})).await.expect(200);
    staff.put(&format!("{BASE}/pause"), &json!({"paused": false})).await.expect(200);
    staff.put(&format!("{BASE}/guest-rounds"), &json!({"allowed": true})).await.expect(200);
    manager.put(&format!("{BASE}/menu/names"), &json!({"required": false})).await.expect(200);
    staff.put(&format!("{BASE}/firing"), &json!({"firing": "together"})).await.expect(200);
    let category = new_id();
    let price = json!({"amount": 100, "currency": "BDT"});
    let item = json!({"name": "Tea", "category": category, "price": price, "station": "bar", "sort": 1});
    let other = json!({"categories": {category.clone(): {"name": "Drinks", "sort": 1}}, "items": {new_id(): item}});
    manager.put(&format!("{BASE}/menu"), &other).await.expect(200);
    let hours = json!([{"days": ["sat", "sun"], "from": "18:00", "until": "02:00"}]);
    let body = json!({"time_zone": "Asia/Dhaka", "hours": hours, "categories": {category: hours}});
    manager.put(&format!("{BASE}/hours"), &body).await.expect(200);
    // Remove the hours again, so that guests of later calls can order at any time.
    manager.put(&format!("{BASE}/hours"), &json!({"time_zone": "UTC"})).await.expect(200);
    manager.get(&format!("{BASE}/rules")).await.expect(200);
    manager.put(&format!("{BASE}/rules"), &json!({"minimum_roles": {"void_item": "manager"}})).await.expect(200);
    manager.put(&format!("{BASE}/rules"), &json!({})).await.expect(200);
    let csv = manager.get(&format!("{BASE}/menu/export?format=csv")).await.text;
    manager.get(&format!("{BASE}/menu/export?format=json")).await.expect(200);
    for path in ["preview", "import"] {
        let file =
            manager.request(Method::POST, &format!("{BASE}/menu/{path}")).header("content-type", "text/csv").body(csv.clone());
        Client::send(file).await.expect(200);
    }
    let photo = super::pictures::photo(40, 40, image::ImageFormat::Png);
    let picture = Client::send(manager.request(Method::POST, &format!("{BASE}/pictures")).body(photo)).await.expect(201);
    assert_eq!(server.anybody().get(&format!("{BASE}/pictures/{}/40", text(&picture["id"]))).await.status, 200);
}

async fn tables_and_visits(TestRestaurant { manager, staff, server, .. }: &TestRestaurant) {
    let tables = format!("{BASE}/tables");
    let table = manager.post(&tables, &json!({"label": "T12"})).await.expect(201);
    manager.post(&tables, &json!({"label": "T12"})).await.problem(409, "conflict");
    manager.get(&tables).await.expect(200);
    let address = format!("{tables}/{}", text(&table["id"]));
    assert_eq!(manager.get(&format!("{address}/qr.svg")).await.status, 200);
    manager.post(&format!("{address}/key"), &json!({"end_sessions": true})).await.expect(200);
    assert_eq!(manager.delete(&address).await.status, 204);
    manager.delete(&address).await.problem(404, "not_found");
    // Serve the order of a guest, so that the visit can end.
    let seat = server.anybody().post("/api/v1/diner-sessions", &json!({"table_key": "demo-table-2"})).await.expect(200);
    let guest = Client::new(&server.base, text(&seat["access_token"]));
    let menu = server.anybody().get(&format!("{BASE}/menu")).await.expect(200);
    let dish = menu["items"].as_object().unwrap().keys().next().unwrap();
    let order = guest.place(&json!({"service": "dine_in", "items": [{"menu_item": dish, "quantity": 1}]})).await;
    let visits = staff.get(&format!("{BASE}/visits")).await.expect(200)["visits"].clone();
    let visit = visits.as_array().unwrap().iter().find(|visit| visit["table"] == "2").unwrap();
    let end = format!("{BASE}/visits/{}/end", text(&visit["id"]));
    staff.post(&end, &json!({})).await.problem(409, "conflict");
    staff.command(&order["id"], "cancel", json!({"reason": "customer_request"})).await.expect(200);
    assert_eq!(staff.post(&end, &json!({})).await.status, 204);
    let sessions = staff.get(&format!("{BASE}/diner-sessions?table=4")).await.expect(200)["sessions"].clone();
    assert!(!sessions.as_array().unwrap().is_empty());
    let seat = server.anybody().post("/api/v1/diner-sessions", &json!({"table_key": "demo-table-3"})).await.expect(200);
    assert!(seat["refresh_token"].is_string());
    let sessions = staff.get(&format!("{BASE}/diner-sessions?table=3")).await.expect(200)["sessions"].clone();
    assert_eq!(staff.delete(&format!("{BASE}/diner-sessions/{}", text(&sessions[0]["id"]))).await.status, 204);
}

async fn people_and_keys(TestRestaurant { manager, server, .. }: &TestRestaurant) {
    let people = format!("{BASE}/people");
    let body = json!({"username": "mina", "password": "copper kettle lane", "role": "staff"});
    let person = manager.post(&people, &body).await.expect(201);
    manager.post(&people, &body).await.problem(409, "conflict");
    manager.get(&people).await.expect(200);
    let address = format!("{people}/{}", text(&person["id"]));
    patch(manager, &address, json!({"role": "manager"})).await.expect(200);
    // A second factor of the new person, which the manager resets.
    let form = json!({"restaurant": "demo", "username": "mina", "password": "copper kettle lane"});
    let tokens = server.anybody().post("/api/v1/sessions", &form).await.expect(200);
    let mina = Client::new(&server.base, text(&tokens["access_token"]));
    second_factor(&mina, "copper kettle lane").await;
    assert_eq!(manager.delete(&format!("{address}/totp")).await.status, 204);
    manager.delete(&format!("{address}/totp")).await.problem(404, "not_found");
    assert_eq!(manager.delete(&address).await.status, 204);
    let keys = format!("{BASE}/api-keys");
    let key = manager.post(&keys, &json!({"name": "POS"})).await.expect(201);
    manager.get(&keys).await.expect(200);
    server.anybody().post("/api/v1/sessions", &json!({"api_key": key["api_key"]})).await.expect(200);
    assert_eq!(manager.delete(&format!("{keys}/{}", text(&key["id"]))).await.status, 204);
}

async fn webhooks(TestRestaurant { manager, .. }: &TestRestaurant) {
    let webhooks = format!("{BASE}/webhooks");
    let webhook = manager.post(&webhooks, &json!({"url": "https://localhost.invalid/hook"})).await.expect(201);
    manager.get(&webhooks).await.expect(200);
    let address = format!("{webhooks}/{}", text(&webhook["id"]));
    manager.get(&address).await.expect(200);
    for (action, body) in [("pause", json!({})), ("replay", json!({"after": 0})), ("secret", json!({})), ("resume", json!({}))] {
        manager.post(&format!("{address}/{action}"), &body).await.expect(200);
    }
    let pinged = manager.post(&format!("{address}/ping"), &json!({})).await.expect(200);
    assert_eq!(pinged, json!({"delivered": false, "fault": {"code": "unreachable"}}), "no such host");
    assert_eq!(manager.delete(&address).await.status, 204);
    manager.get(&address).await.problem(404, "not_found");
}

/// Returns the person as a client in the session that an answer has begun.
fn in_session(person: &Client, answer: &Value) -> Client {
    Client::new(&person.base, text(&answer["access_token"]))
}

/// Sets up a second factor. Returns the person as a client in the session that this begins, and a recovery code.
async fn second_factor(person: &Client, password: &str) -> (Client, String) {
    let begun = person.post(&format!("{ME}/totp"), &json!({"password": password})).await.expect(200);
    let code = crate::accounts::code_of(text(&begun["secret"]));
    let confirmed = person.post(&format!("{ME}/totp/confirmation"), &json!({"code": code})).await.expect(200);
    (in_session(person, &confirmed), text(&confirmed["recovery_codes"][0]).to_owned())
}

async fn screens(TestRestaurant { manager, staff, server, .. }: &TestRestaurant) {
    let begun = server.anybody().post("/api/v1/devices/pairings", &json!({})).await.expect(200);
    let approval = format!("/api/v1/devices/pairings/{}/approval", text(&begun["user_code"]));
    let device = staff.post(&approval, &json!({"name": "Pass"})).await.expect(200);
    let poll = json!({"device_code": begun["device_code"]});
    server.anybody().post("/api/v1/devices/token", &poll).await.expect(200);
    server.anybody().post("/api/v1/devices/token", &json!({"device_code": "none"})).await.problem(400, "invalid_grant");
    manager.get(&format!("{BASE}/devices")).await.expect(200);
    let address = format!("{BASE}/devices/{}", text(&device["id"]));
    patch(manager, &address, json!({"station": "bar"})).await.expect(200);
    patch(manager, &address, json!({"station": null})).await.expect(200);
    assert_eq!(manager.delete(&address).await.status, 204);
}

async fn reports_and_guests(TestRestaurant { manager, staff, diner, .. }: &TestRestaurant) {
    let today = &orderbell::clock::now().to_string()[..10];
    manager.get(&format!("{BASE}/reports/day?date={today}&offset=360")).await.expect(200);
    manager.get(&format!("{BASE}/reports/day?date=yesterday")).await.problem(422, "invalid");
    manager.get(&format!("{BASE}/audit?limit=500")).await.expect(200);
    manager.get(&format!("{BASE}/limited")).await.expect(200);
    let visit = diner.get("/api/v1/diner-sessions/current").await.expect(200);
    let order = &visit["orders"][0];
    let guest = manager.get(&format!("{BASE}/guests?order={}", order["number"])).await.expect(200);
    let address = format!("{BASE}/guests/{}", text(&guest["diner"]));
    manager.get(&address).await.expect(200);
    manager.delete(&address).await.problem(409, "conflict");
    staff.command(&order["id"], "cancel", json!({"reason": "customer_request"})).await.expect(200);
    manager.delete(&address).await.expect(200);
}

async fn push(TestRestaurant { server, .. }: &TestRestaurant) {
    server.anybody().get("/api/v1/push/key").await.expect(200);
    let seat = server.anybody().post("/api/v1/diner-sessions", &json!({"table_key": "demo-table-1"})).await.expect(200);
    let guest = Client::new(&server.base, text(&seat["access_token"]));
    let path = "/api/v1/push/subscription";
    let browser = Browser::subscribed_at("https://fcm.googleapis.com/fcm/send/x".to_owned());
    assert_eq!(guest.put(path, &browser.subscription()).await.status, 204);
    let gone = guest.request(Method::DELETE, path).json(&json!({"endpoint": "https://fcm.googleapis.com/fcm/send/x"}));
    assert_eq!(Client::send(gone).await.status, 204);
}

async fn pages(restaurant: &TestRestaurant) {
    let anybody = restaurant.anybody();
    let pages =
        ["/", "/t/demo-table-1", "/orders/0193a5f0-7c1e-7000-8000-00000000002a", "/kitchen", "/staff", "/manage", "/demo"];
    let others =
        ["/healthz", "/readyz", "/metrics", "/problems/invalid", "/api/v1/openapi.json", "/api/v1/asyncapi.json", "/api/v1/demo"];
    for path in pages.into_iter().chain(others).chain(["/api/v1/demo/qr.svg", "/manifest.webmanifest"]) {
        assert_eq!(anybody.get(path).await.status, 200, "{path}");
    }
    let other = anybody.request(Method::POST, "/healthz");
    Client::send(other).await.problem(405, "bad_frame");
}

async fn account(restaurant: &TestRestaurant) {
    let TestRestaurant { manager, staff, .. } = restaurant;
    manager.get(ME).await.expect(200);
    manager.post(&format!("{ME}/confirmation"), &json!({"password": "not this"})).await.problem(403, "forbidden");
    let confirmed = manager.post(&format!("{ME}/confirmation"), &json!({"password": "manager-demo"})).await.expect(200);
    let manager = in_session(manager, &confirmed);
    restaurant.server.manager().await;
    let sessions = manager.get(&format!("{ME}/sessions")).await.expect(200)["sessions"].clone();
    let ended = sessions.as_array().unwrap().iter().find(|session| session["current"] == false).unwrap();
    assert_eq!(manager.delete(&format!("{ME}/sessions/{}", text(&ended["id"]))).await.status, 204);
    assert_eq!(manager.delete(&format!("{ME}/sessions")).await.status, 204);
    let (manager, code) = second_factor(&manager, "manager-demo").await;
    let removal = json!({"password": "manager-demo", "code": code});
    let removed = manager.post(&format!("{ME}/totp/removal"), &removal).await.expect(200);
    let manager = in_session(&manager, &removed);
    manager.post(&format!("{ME}/totp/removal"), &removal).await.problem(404, "not_found");
    let change = json!({"current": "manager-demo", "new": "copper kettle lane"});
    manager.put(&format!("{ME}/password"), &change).await.expect(200);
    staff.get(ME).await.problem(403, "forbidden");
    let form = json!({"restaurant": "demo", "username": "staff", "password": "staff-demo"});
    let tokens = restaurant.anybody().post("/api/v1/sessions", &form).await.expect(200);
    let renewed = restaurant.anybody().post("/api/v1/sessions/refresh", &json!({"refresh_token": tokens["refresh_token"]})).await;
    let signed_in = Client::new(&restaurant.server.base, text(&renewed.expect(200)["access_token"]));
    assert_eq!(signed_in.delete("/api/v1/sessions/current").await.status, 204);
}

/// An operation of the document.
struct Asked {
    id: String,
    method: Method,
    address: String,
    takes_token: bool,
    takes_body: bool,
    /// Whether the operation takes a file. `menu_files` and `pictures` try the refusals of files.
    takes_file: bool,
    statuses: BTreeSet<u16>,
}

impl Asked {
    fn request(&self, who: &Client) -> reqwest::RequestBuilder {
        who.request(self.method.clone(), &self.address).header("Idempotency-Key", new_id())
    }
}

/// Returns every operation, with an address that can be requested.
async fn asked(restaurant: &TestRestaurant) -> Vec<Asked> {
    let document = restaurant.anybody().get("/api/v1/openapi.json").await.expect(200);
    let table = restaurant.manager.get(&format!("{BASE}/tables")).await.expect(200)["tables"][0]["id"].clone();
    let known = BTreeMap::from([("{slug}", "demo".to_owned()), ("{room}", restaurant.menu.floor())]);
    let mut found = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let id = if path.contains("/tables/") { text(&table).to_owned() } else { new_id() };
            let address = known.iter().fold(path.clone(), |path, (name, value)| path.replace(name, value));
            let statuses = operation["responses"].as_object().unwrap().keys().map(|status| status.parse().unwrap());
            found.push(Asked {
                id: text(&operation["operationId"]).to_owned(),
                method: method.to_uppercase().parse().unwrap(),
                address: ["{id}", "{item}"].iter().fold(address, |path, name| path.replace(name, &id)).replace(['{', '}'], ""),
                takes_token: operation["security"] != json!([]),
                // Files are sent as they are: a menu's as JSON or CSV, a picture's as an image.
                takes_body: operation["requestBody"]["content"]
                    .as_object()
                    .is_some_and(|content| content.keys().eq(["application/json"])),
                takes_file: operation["requestBody"]["content"]
                    .as_object()
                    .is_some_and(|content| !content.keys().eq(["application/json"])),
                statuses: statuses.collect(),
            });
        }
    }
    found
}

#[tokio::test]
async fn each_refusal_is_in_the_document_and_each_documented_refusal_occurs() {
    let restaurant = TestRestaurant::open().await;
    let operations = asked(&restaurant).await;
    assert!(operations.len() > 60);
    let anybody = restaurant.anybody();
    for asked in operations.iter().filter(|asked| asked.takes_token && asked.id != "connect") {
        Client::send(asked.request(&anybody)).await.problem(401, "unauthorized");
    }
    let wrong = json!({"restaurant": "demo", "username": "manager", "password": "not this"});
    anybody.post("/api/v1/sessions", &wrong).await.problem(401, "unauthorized");
    anybody.post("/api/v1/sessions/refresh", &json!({"refresh_token": "none"})).await.problem(401, "unauthorized");
    for asked in operations.iter().filter(|asked| asked.takes_body) {
        let who = if asked.takes_token { &restaurant.manager } else { &anybody };
        let send = |kind: &str, body: String| Client::send(asked.request(who).header("Content-Type", kind).body(body));
        send("text/plain", "{}".to_owned()).await.problem(415, "bad_frame");
        send("application/json", "{".to_owned()).await.problem(400, "bad_frame");
        send("application/json", r#"{"no such field":1}"#.to_owned()).await.problem(422, "invalid");
        // A menu may be larger than other bodies.
        let large = if asked.id == "replaceMenu" { 2 << 20 } else { 4096 };
        send("application/json", format!(r#"{{"a":"{}"}}"#, "a".repeat(large))).await.problem(413, "too_large");
    }
    // The support crate checks every answer against the document, so a request in each role is enough.
    for who in [&restaurant.manager, &restaurant.staff, &restaurant.diner, &restaurant.server.kitchen("hot").await] {
        for asked in operations.iter().filter(|asked| !asked.takes_body && asked.method == Method::GET && asked.takes_token) {
            if asked.id != "streamRoom" {
                Client::send(asked.request(who)).await;
            }
        }
    }
    let of_files: BTreeSet<&String> = operations.iter().filter(|asked| asked.takes_file).map(|asked| &asked.id).collect();
    let (listed, seen) = (operations.iter().map(|asked| (&asked.id, &asked.statuses)), contract::seen());
    let missing = listed.filter(|(id, _)| *id != "connect");
    let basic = |status: &&u16| BASIC.contains(status);
    let missing = missing.flat_map(|(id, statuses)| statuses.iter().filter(basic).map(move |status| (id.clone(), *status)));
    let missing = missing.filter(|(id, status)| *status == 401 || !of_files.contains(id));
    let missing: Vec<_> = missing.filter(|status| !seen.contains(status)).collect();
    assert!(missing.is_empty(), "listed, but never seen: {missing:?}");
}

/// Each example of a body or an answer must fit its schema.
#[tokio::test]
async fn the_examples_fit_their_schemas() {
    assert_eq!(contract::check_examples(), Vec::<String>::new());
}
