//! Several people on one device: a PIN names the person who acts, on every transport, even if the command arrives late.

use reqwest::Method;
use serde_json::{Value, json};
use support::client::{Answer, text};
use support::{Client, Menu, TestServer, new_id};

const PASSWORD: &str = "four words, two spoons";

struct Shared {
    server: TestServer,
    manager: Client,
    device: Client,
    menu: Menu,
}

impl Shared {
    /// Starts a server with a shared device of the floor that nobody uses yet.
    async fn open() -> Self {
        let server = TestServer::start(&[]).await;
        let manager = server.manager().await;
        let pairing = server.anybody().post("/api/v1/devices/pairings", &json!({})).await.expect(200);
        let approval = format!("/api/v1/devices/pairings/{}/approval", text(&pairing["user_code"]));
        let approved = manager.post(&approval, &json!({"name": "Bar tablet", "role": "staff"})).await.expect(200);
        assert_eq!(approved["role"], "staff");
        let code = json!({"device_code": pairing["device_code"]});
        let paired = server.anybody().post("/api/v1/devices/token", &code).await.expect(200);
        assert_eq!(paired["role"], "staff");
        let device = Client::new(&server.base, text(&paired["access_token"]));
        let menu = Menu::read(&device).await;
        Self { server, manager, device, menu }
    }

    /// Adds a person with a PIN, and returns their id.
    async fn person(&self, name: &str, pin: &str) -> Value {
        let add = ["user", "add", "--restaurant", "demo", "--username", name];
        assert!(self.server.tool_told(&add, PASSWORD).await.0);
        let people = self.manager.get("/api/v1/restaurants/demo/people").await.expect(200);
        let known = people["people"].as_array().unwrap();
        let id = known.iter().find(|one| one["username"] == name).unwrap()["id"].clone();
        assert_eq!(self.set_pin(&id, pin).await.status, 204);
        id
    }

    async fn set_pin(&self, person: &Value, pin: &str) -> Answer {
        self.manager.put(&format!("/api/v1/restaurants/demo/people/{}/pin", text(person)), &json!({"pin": pin})).await
    }

    async fn try_shift(&self, person: &Value, pin: &str) -> (String, Answer) {
        let id = new_id();
        let body = json!({"id": id, "person": person, "pin": pin});
        (id, self.device.post("/api/v1/devices/current/shifts", &body).await)
    }

    async fn shift(&self, person: &Value, pin: &str) -> String {
        let (id, answer) = self.try_shift(person, pin).await;
        assert_eq!(answer.expect(200)["id"], id.as_str());
        id
    }
}

#[tokio::test]
async fn a_pin_names_the_person_over_every_transport_and_delayed_commands_keep_their_person() {
    let shared = Shared::open().await;
    let Shared { device, menu, .. } = &shared;
    let (mina, omar) = (shared.person("mina", "4711").await, shared.person("omar", "80293").await);
    let people = device.get("/api/v1/devices/current/people").await.expect(200);
    let names: Vec<_> = people["people"].as_array().unwrap().iter().map(|one| text(&one["name"])).collect();
    assert_eq!(names, ["mina", "omar"]);
    let mut floor = device.screen().await;
    floor.join(&menu.floor()).await;
    let (first, second) = (shared.shift(&mina, "4711").await, shared.shift(&omar, "80293").await);

    // Mina's commands arrive after the change to Omar.
    let placed = floor.ask(json!({"type": "place", "order": menu.basket(), "shift": first})).await;
    let order = &placed["document"]["id"];
    let accepted = device.command(order, "accept", json!({"shift": first})).await.expect(200);
    let ready = floor.command(order, "ready", json!({"shift": second})).await;
    let by_mina = json!({"role": "staff", "person": {"id": mina, "name": "mina"}});
    let by_omar = json!({"role": "staff", "person": {"id": omar, "name": "omar"}});
    let seen = floor.see(&menu.floor(), ready["position"].as_u64().unwrap()).await.events.clone();
    let by: Vec<_> = seen.iter().map(|frame| &frame["event"]["by"]).collect();
    assert_eq!(by, [&by_mina, &by_mina, &by_omar]);
    let again = device.command(order, "accept", json!({"id": accepted["id"], "shift": first})).await.expect(200);
    assert_eq!(again["position"], accepted["position"], "the answer to the same id");
    let story = device.get(&format!("/api/v1/orders/{}/story", text(order))).await.expect(200);
    assert_eq!(story["events"][0]["by"]["screen"]["name"], "Bar tablet");

    let dish = text(&menu.dish("Firni")["id"]).to_owned();
    let path = format!("/api/v1/restaurants/demo/menu/items/{dish}/availability");
    let sell = |shift: Option<&str>| {
        let call = device.request(Method::PUT, &path).json(&json!({"available": false}));
        Client::send(match shift {
            Some(shift) => call.header("Orderbell-Shift", shift),
            None => call,
        })
    };
    assert_eq!(sell(None).await.problem(403, "forbidden")["reason"], "person_required");
    sell(Some("mina")).await.problem(422, "invalid");
    sell(Some(&first)).await.expect(200);
    Client::send(device.placing(&new_id(), &menu.noted("to go")).header("Orderbell-Shift", &second)).await.expect(201);
    let audit = shared.manager.get("/api/v1/restaurants/demo/audit").await.expect(200);
    let told = audit["audit"].as_array().unwrap();
    let sold = told.iter().find(|entry| entry["action"] == "set_availability").unwrap();
    assert_eq!((&sold["name"], &sold["outcome"]), (&json!("mina"), &json!("done")));
}

#[tokio::test]
async fn without_a_valid_pin_a_shared_device_can_read_but_not_change_anything() {
    let shared = Shared::open().await;
    let Shared { device, menu, server, manager } = &shared;
    let mina = shared.person("mina", "4711").await;
    let order = server.diner("7").await.place(&menu.basket()).await;
    let id = &order["id"];
    let reason = |answer: Answer| answer.problem(403, "forbidden")["reason"].clone();
    assert_eq!(reason(device.command(id, "accept", json!({})).await), "person_required");
    assert_eq!(reason(Client::send(device.placing(&new_id(), &menu.basket())).await), "person_required");
    assert_eq!(reason(device.command(id, "accept", json!({"shift": new_id()})).await), "shift_over");
    let mut floor = device.screen().await;
    let refused = floor.command(id, "accept", json!({"shift": new_id()})).await;
    assert_eq!((&refused["code"], &refused["reason"]), (&json!("forbidden"), &json!("shift_over")), "{refused}");
    device.get("/api/v1/restaurants/demo/visits").await.expect(200);
    let pairing = server.anybody().post("/api/v1/devices/pairings", &json!({})).await.expect(200);
    let approval = format!("/api/v1/devices/pairings/{}/approval", text(&pairing["user_code"]));
    device.post(&approval, &json!({"name": "another"})).await.problem(403, "forbidden");

    assert_eq!(reason(shared.try_shift(&mina, "4712").await.1), "wrong_pin");
    let shift = shared.shift(&mina, "4711").await;
    device.command(id, "accept", json!({"shift": shift})).await.expect(200);
    // A PIN allows the actions of the floor, but no change of people, keys or rights.
    for path in ["/api/v1/people/me", "/api/v1/restaurants/demo/people", "/api/v1/restaurants/demo/audit"] {
        let call = device.request(Method::GET, path).header("Orderbell-Shift", &shift);
        Client::send(call).await.problem(403, "forbidden");
    }
    let own = server.client(&["staff"]).await;
    own.command(id, "ready", json!({"shift": shift})).await.problem(422, "invalid");
    own.get("/api/v1/devices/current/people").await.problem(403, "forbidden");
    for weak in ["1234", "1111", "471", "4711233"] {
        shared.set_pin(&mina, weak).await.problem(422, "invalid");
    }
    assert_eq!(shared.set_pin(&mina, "80293").await.status, 204);
    assert_eq!(reason(device.command(id, "ready", json!({"shift": shift})).await), "shift_over");
    let people = manager.get("/api/v1/restaurants/demo/people").await.expect(200);
    assert!(people["people"].as_array().unwrap().iter().any(|one| one["id"] == mina && one["pin"] == true));

    for _ in 0..4 {
        assert_eq!(reason(shared.try_shift(&mina, "0815").await.1), "wrong_pin");
    }
    shared.try_shift(&mina, "80293").await.1.problem(429, "rate_limited");
    let told = manager.get("/api/v1/restaurants/demo/audit?kind=sessions").await.expect(200);
    let wrong = told["audit"].as_array().unwrap().iter().filter(|entry| entry["outcome"] == "wrong_pin").count();
    assert_eq!(wrong, 5);
}

/// What a rider needs is changed by a person, as all else.
#[tokio::test]
async fn without_a_person_a_shared_device_does_not_change_what_a_rider_needs() {
    let shared = Shared::open().await;
    let Shared { device, menu, server, .. } = &shared;
    let staff = server.staff().await;
    let rider = |address: &str| json!({"name": "Anwara", "phone": "1", "address": address});
    let basket = json!({"service": "delivery", "items": [menu.line("Firni", 1)], "delivery": rider("Road 7")});
    let order = staff.place(&basket).await;
    let address = format!("/api/v1/orders/{}/delivery", text(&order["id"]));
    assert_eq!(device.put(&address, &rider("Road 8")).await.problem(403, "forbidden")["reason"], "person_required");
    assert_eq!(device.delete(&address).await.problem(403, "forbidden")["reason"], "person_required");
    assert_eq!(device.get(&address).await.expect(200), rider("Road 7"), "it reads what staff read");
    let shift = shared.shift(&shared.person("mina", "4711").await, "4711").await;
    let call = |method: Method| device.request(method, &address).header("Orderbell-Shift", &shift);
    assert_eq!(Client::send(call(Method::PUT).json(&rider("Road 9"))).await.status, 204);
    assert_eq!(device.get(&address).await.expect(200), rider("Road 9"));
    assert_eq!(Client::send(call(Method::DELETE)).await.status, 204);
}

#[tokio::test]
async fn people_set_their_own_pin_and_remove_it() {
    let shared = Shared::open().await;
    assert!(shared.server.tool_told(&["user", "add", "--restaurant", "demo", "--username", "mina"], PASSWORD).await.0);
    let form = json!({"restaurant": "demo", "username": "mina", "password": PASSWORD});
    let tokens = shared.server.anybody().post("/api/v1/sessions", &form).await.expect(200);
    let mina = Client::new(&shared.server.base, text(&tokens["access_token"]));
    let me = mina.get("/api/v1/people/me").await.expect(200);
    assert_eq!(me["pin"], false);
    mina.put("/api/v1/people/me/pin", &json!({"pin": "4321"})).await.problem(422, "invalid");
    assert_eq!(mina.put("/api/v1/people/me/pin", &json!({"pin": "4711"})).await.status, 204);
    assert_eq!(mina.get("/api/v1/people/me").await.expect(200)["pin"], true);
    shared.shift(&me["id"], "4711").await;
    assert_eq!(mina.delete("/api/v1/people/me/pin").await.status, 204);
    mina.delete("/api/v1/people/me/pin").await.problem(404, "not_found");
    assert_eq!(shared.try_shift(&me["id"], "4711").await.1.problem(403, "forbidden")["reason"], "wrong_pin");
    shared.device.put("/api/v1/people/me/pin", &json!({"pin": "4711"})).await.problem(403, "forbidden");
}
