//! Visits that move to another table, and visits that merge: the kitchen, the floor, guests and shared links follow on every
//! transport.

use serde_json::{Value, json};
use support::followed::Followed;
use support::{Client, Menu, Screen, TestServer, client::text, new_id};

const COMMANDS: &str = "/api/v1/restaurants/demo/commands";
const CURRENT: &str = "/api/v1/diner-sessions/current";

/// A phone that has scanned a table's code.
struct Phone {
    client: Client,
    refresh: String,
}

async fn scan(server: &TestServer, table: u32) -> Phone {
    let body = json!({"table_key": format!("demo-table-{table}")});
    let seat = server.anybody().post("/api/v1/diner-sessions", &body).await.expect(200);
    Phone { client: Client::new(&server.base, text(&seat["access_token"])), refresh: text(&seat["refresh_token"]).into() }
}

async fn visits(staff: &Client) -> Vec<Value> {
    staff.get("/api/v1/restaurants/demo/visits").await.expect(200)["visits"].as_array().unwrap().clone()
}

async fn visit_at(staff: &Client, table: &str) -> Value {
    visits(staff).await.into_iter().find(|visit| visit["table"] == table).unwrap_or_default()
}

fn moving(visit: &Value, table: &str) -> Value {
    json!({"id": new_id(), "action": "move", "visit": visit["id"], "table": table})
}

fn undoing(ack: &Value) -> Value {
    json!({"id": new_id(), "action": "undo", "change": ack["document"]["last_change"]["id"]})
}

fn merging(visit: &Value, into: &Value) -> Value {
    json!({"id": new_id(), "action": "merge", "visit": visit["id"], "into": into["id"]})
}

/// A room that somebody follows live, and the state in which a second client has left it.
struct Watch {
    name: &'static str,
    client: Client,
    room: String,
    live: Screen,
    left: Followed,
}

impl Watch {
    async fn new(name: &'static str, client: &Client, room: String) -> Self {
        let mut live = client.screen().await;
        let left = live.join(&room).await.clone();
        Self { name, client: client.clone(), room, live, left }
    }

    /// Asserts on every transport that the patches up to a position fold to the server's documents.
    async fn check(&mut self, position: u64, orders: &[Value], calls: Option<&Value>) {
        let own = text(&orders[0]["id"]).to_owned();
        let is_order = self.room.starts_with("order:");
        let position = if is_order { orders.iter().find(|order| self.room.ends_with(text(&order["id"]))) } else { None }
            .map_or(position, |order| order["position"].as_u64().unwrap());
        let epoch = text(self.live.epoch()).to_owned();
        let path = |way: &str| {
            let since = self.left.cursor.unwrap();
            format!("/api/v1/rooms/{}/{way}?since={since}&epoch={epoch}&wait=1", self.room)
        };
        let (poll, stream) = (path("events"), path("stream"));
        let mut resumed = self.client.screen().await;
        let mut states = vec![("live", self.live.see(&self.room, position).await.clone())];
        states.push(("resumed", resumed.resume(&self.room, self.left.clone()).await.clone()));
        states.push(("long poll", self.folded(&self.client.get(&poll).await.expect(200)["frames"])));
        states.push(("stream", self.folded(&self.streamed(&stream).await)));
        for (way, state) in &states {
            for order in orders {
                let id = text(&order["id"]);
                let known = state.documents.get(id);
                if is_order && !self.room.ends_with(id) {
                    assert_eq!(known, None, "{} {way}: nothing of other orders", self.name);
                } else if known.is_some() || order.get("closed_at").is_none() {
                    assert_eq!(known, Some(order), "{} {way} of {own}", self.name);
                }
            }
            if let Some(calls) = calls.filter(|_| self.room.starts_with("floor:")) {
                assert_eq!(&state.calls, calls, "{} {way}", self.name);
            }
        }
    }

    fn folded(&self, frames: &Value) -> Followed {
        let mut state = self.left.clone();
        frames.as_array().unwrap().iter().for_each(|frame| state.take(frame).unwrap());
        state
    }

    /// Returns the frames of a stream up to `live`.
    async fn streamed(&self, path: &str) -> Value {
        let mut stream = self.client.request(reqwest::Method::GET, path).send().await.unwrap();
        let mut read = String::new();
        while !read.contains("event: live") || !read.ends_with("\n\n") {
            read += std::str::from_utf8(&stream.chunk().await.unwrap().expect("the stream continues")).unwrap();
        }
        let data = read.lines().filter_map(|line| line.strip_prefix("data: "));
        data.map(|json| serde_json::from_str(json).unwrap()).filter(|frame: &Value| frame.get("room").is_some()).collect()
    }
}

/// A party of two at table 3 with three orders, one of them served, and a call.
struct Party {
    server: TestServer,
    staff: Client,
    menu: Menu,
    first: Phone,
    second: Phone,
    link: Client,
    orders: Vec<Value>,
}

impl Party {
    async fn open() -> Self {
        let server = TestServer::start(&[]).await;
        let staff = server.staff().await;
        let menu = Menu::read(&staff).await;
        let (first, second) = (scan(&server, 3).await, scan(&server, 3).await);
        let mut orders = Vec::new();
        for phone in [&first, &first, &second] {
            orders.push(phone.client.place(&menu.basket()).await["id"].clone());
        }
        for action in ["accept", "ready", "serve"] {
            staff.act(&orders[1], action).await;
        }
        staff.act(&orders[0], "accept").await;
        let share = first.client.post(&format!("/api/v1/orders/{}/share", text(&orders[0])), &json!({})).await.expect(200);
        let link = Client::new(&server.base, text(&share["token"]));
        Self { server, staff, menu, first, second, link, orders }
    }

    async fn call(&self, phone: &Phone, reason: &str) -> Value {
        let call = json!({"id": new_id(), "action": "call_waiter", "reason": reason});
        phone.client.post(COMMANDS, &call).await.expect(200)["document"].clone()
    }

    async fn documents(&self) -> Vec<Value> {
        let mut documents = Vec::new();
        for id in &self.orders {
            documents.push(self.staff.order(id).await);
        }
        documents
    }

    async fn open_calls(&self) -> Value {
        let mut floor = self.staff.screen().await;
        floor.join(&self.menu.floor()).await.calls.clone()
    }

    async fn watches(&self) -> Vec<Watch> {
        let room = |at: usize| format!("order:{}", text(&self.orders[at]));
        let cook = self.server.client(&["kitchen"]).await;
        vec![
            Watch::new("kitchen", &cook, self.menu.kitchen()).await,
            Watch::new("floor", &self.staff, self.menu.floor()).await,
            Watch::new("guest", &self.first.client, room(0)).await,
            Watch::new("guest of a served order", &self.first.client, room(1)).await,
            Watch::new("second guest", &self.second.client, room(2)).await,
            Watch::new("shared link", &self.link, room(0)).await,
        ]
    }

    async fn check(&self, watches: &mut [Watch], ack: &Value, table: &str) {
        let (orders, calls) = (self.documents().await, self.open_calls().await);
        assert!(orders.iter().all(|order| order["table"] == table), "{orders:?}");
        assert!(calls.as_object().unwrap().values().all(|call| call["table"] == table), "{calls}");
        for watch in watches {
            watch.check(ack["position"].as_u64().unwrap(), &orders, Some(&calls)).await;
        }
    }
}

#[tokio::test]
async fn everyone_follows_a_visit_that_moves_and_comes_back_on_every_transport() {
    let party = Party::open().await;
    party.call(&party.second, "bill").await;
    let mut watches = party.watches().await;
    let visit = visit_at(&party.staff, "3").await;
    let moved = party.staff.post(COMMANDS, &moving(&visit, "8")).await.expect(200);
    let there = visit_at(&party.staff, "8").await;
    assert_eq!(moved["document"], there, "the answer is the visit");
    let facts = |visit: &Value| [visit["id"].clone(), visit["opened_at"].clone(), visit["total"].clone()];
    assert_eq!(facts(&there), facts(&visit));
    assert_eq!(there["last_change"]["from"], "3");
    party.check(&mut watches, &moved, "8").await;
    let undone = party.staff.post(COMMANDS, &undoing(&moved)).await.expect(200);
    party.check(&mut watches, &undone, "3").await;
    let back = visit_at(&party.staff, "3").await;
    assert_eq!((facts(&back), back.get("last_change")), (facts(&visit), None));
}

#[tokio::test]
async fn a_guest_keeps_following_a_moved_visit_and_the_next_guests_see_nothing_of_it() {
    let party = Party::open().await;
    let Party { server, staff, menu, first, second, orders, .. } = &party;
    let early = party.call(second, "bill").await;
    let visit = visit_at(staff, "3").await;
    let moved = staff.post(COMMANDS, &moving(&visit, "8")).await.expect(200);

    // Their tokens still name table 3.
    let current = second.client.get(CURRENT).await.expect(200);
    assert_eq!((&current["table"], &current["visit"]["id"]), (&json!("8"), &visit["id"]));
    let calls = second.client.get(&format!("{CURRENT}/calls")).await.expect(200);
    assert_eq!(calls["calls"][0]["id"], early["id"]);
    let another = first.client.place(&menu.basket()).await;
    assert_eq!(another["table"], "8");
    assert_eq!(party.call(first, "water").await["table"], "8");
    assert_eq!(visit_at(staff, "8").await["orders"].as_array().unwrap().len(), 4);

    // The next guests of table 3.
    let next = scan(server, 3).await;
    let seen = next.client.get(CURRENT).await.expect(200);
    assert_eq!((&seen["table"], seen.get("visit"), &seen["orders"]), (&json!("3"), None, &json!([])));
    assert_eq!(next.client.get(&format!("{CURRENT}/calls")).await.expect(200)["calls"], json!([]));
    next.client.get(&format!("/api/v1/orders/{}", text(&orders[0]))).await.problem(404, "not_found");
    let own = next.client.place(&menu.basket()).await;
    assert_eq!(own["table"], "3");
    assert_ne!(visit_at(staff, "3").await["id"], visit["id"], "the next guests get their own visit");
    staff.post(COMMANDS, &undoing(&moved)).await.problem(409, "conflict");
    assert_eq!(staff.order(&orders[0]).await["table"], "8");

    // A new token names the new table, and the sessions end with the visit.
    let renewed = server.anybody().post("/api/v1/sessions/refresh", &json!({"refresh_token": second.refresh})).await.expect(200);
    let renewed = Client::new(&server.base, text(&renewed["access_token"]));
    assert_eq!(renewed.get(CURRENT).await.expect(200)["table"], "8");
    let guests = staff.get("/api/v1/restaurants/demo/diner-sessions?table=8").await.expect(200);
    assert_eq!(guests["sessions"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn a_phone_that_was_offline_sends_its_order_to_the_new_table() {
    let party = Party::open().await;
    let Party { server, staff, menu, first, orders, .. } = &party;
    let room = format!("order:{}", text(&orders[0]));
    let mut phone = first.client.screen().await;
    let left = phone.join(&room).await.clone();
    drop(phone);
    let visit = visit_at(staff, "3").await;
    staff.post(COMMANDS, &moving(&visit, "5")).await.expect(200);
    staff.post(COMMANDS, &moving(&visit, "8")).await.expect(200);
    let next = scan(server, 3).await;
    next.client.place(&menu.basket()).await;

    let mut phone = first.client.screen().await;
    let followed = phone.resume(&room, left).await;
    assert_eq!(followed.kinds(), ["order.moved", "order.moved"]);
    assert_eq!(followed.documents[text(&orders[0])]["table"], "8");
    let ack = phone.ask(json!({"type": "place", "order": menu.basket()})).await;
    assert_eq!((&ack["type"], &ack["document"]["table"]), (&json!("ack"), &json!("8")), "{ack}");
}

#[tokio::test]
async fn only_staff_move_a_visit_once_and_to_a_free_table() {
    let party = Party::open().await;
    let Party { server, staff, menu, first, link, .. } = &party;
    let visit = visit_at(staff, "3").await;
    let command = moving(&visit, "8");
    for nobody in [&first.client, link, &server.client(&["kitchen"]).await, &server.client(&["service"]).await] {
        nobody.post(COMMANDS, &command).await.problem(403, "forbidden");
    }
    let with = |fields: Value| {
        let mut body = moving(&visit, "8");
        body.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        body
    };
    staff.post(COMMANDS, &with(json!({"table": "none"}))).await.problem(422, "invalid");
    staff.post(COMMANDS, &with(json!({"visit": new_id()}))).await.problem(404, "not_found");
    staff.post(COMMANDS, &with(json!({"minutes": 5}))).await.problem(422, "invalid");
    let path = format!("/api/v1/orders/{}/commands", text(&party.orders[0]));
    staff.post(&path, &with(json!({}))).await.problem(422, "invalid");
    let position = visit["position"].as_u64().unwrap();
    let stale = staff.post(COMMANDS, &with(json!({"expected_position": position - 1}))).await.problem(409, "stale");
    assert_eq!(stale["document"], visit);
    let other = scan(server, 8).await;
    let call = party.call(&other, "help").await;
    staff.post(COMMANDS, &command).await.problem(409, "conflict");
    let answer = json!({"id": new_id(), "action": "answer_call", "call": call["id"]});
    staff.post(COMMANDS, &answer).await.expect(200);

    let command = with(json!({"expected_position": position}));
    let mut floor = staff.screen().await;
    floor.join(&menu.floor()).await;
    let mut frame = command.clone();
    frame["type"] = "command".into();
    let ack = floor.ask(frame).await;
    assert_eq!(ack["changed"], true, "{ack}");
    let again = staff.post(COMMANDS, &command).await.expect(200);
    assert_eq!((&again["position"], &again["document"]), (&ack["position"], &ack["document"]), "the same answer, and no event");
    assert_eq!(staff.post(COMMANDS, &moving(&visit, "8")).await.expect(200)["changed"], false);
    let followed = floor.see(&menu.floor(), ack["position"].as_u64().unwrap()).await;
    assert_eq!(followed.kinds(), ["order.moved"; 3]);
    assert!(followed.events.iter().all(|frame| frame["event"]["command"] == command["id"]));

    // The last change is undone first.
    let second = staff.post(COMMANDS, &moving(&visit, "9")).await.expect(200);
    staff.post(COMMANDS, &undoing(&ack)).await.problem(409, "invalid_transition");
    let back = staff.post(COMMANDS, &undoing(&second)).await.expect(200);
    assert_eq!((&back["document"]["table"], &back["document"]["last_change"]["from"]), (&json!("8"), &json!("3")));
    assert_eq!(staff.post(COMMANDS, &undoing(&second)).await.expect(200)["changed"], false);
    staff.post(COMMANDS, &undoing(&ack)).await.expect(200);
    assert_eq!(visit_at(staff, "3").await["id"], visit["id"]);
    staff.post(COMMANDS, &json!({"id": new_id(), "action": "undo", "change": new_id()})).await.problem(404, "not_found");
    let audit = server.manager().await.get("/api/v1/restaurants/demo/audit?kind=tables&limit=10").await.expect(200);
    let done: Vec<_> = audit["audit"].as_array().unwrap().iter().filter(|entry| entry["outcome"] == "done").collect();
    assert_eq!((&done[0]["action"], &done[1]["action"]), (&json!("undo"), &json!("undo")));
    let moves: Vec<_> = done.iter().filter(|entry| entry["action"] == "move").collect();
    assert_eq!((&moves[1]["label"], &moves[1]["value"]), (&json!("3"), &json!("8")));
}

#[tokio::test]
async fn everyone_follows_two_visits_that_merge_and_separate_on_every_transport() {
    let party = Party::open().await;
    party.call(&party.second, "bill").await;
    let host = scan(&party.server, 5).await;
    let own = host.client.place(&party.menu.basket()).await;
    let mut watches = party.watches().await;
    let mut of_host = Watch::new("host", &host.client, format!("order:{}", text(&own["id"]))).await;
    let (visit, into) = (visit_at(&party.staff, "3").await, visit_at(&party.staff, "5").await);
    let merged = party.staff.post(COMMANDS, &merging(&visit, &into)).await.expect(200);
    let both = visit_at(&party.staff, "5").await;
    assert_eq!((&merged["document"], &both["id"], visits(&party.staff).await.len()), (&both, &into["id"], 1));
    let amount = |visit: &Value| visit["total"]["amount"].as_i64().unwrap();
    assert_eq!(amount(&both), amount(&visit) + amount(&into), "the total is the sum of both");
    assert_eq!((&both["last_change"]["action"], &both["last_change"]["from"]), (&json!("merge"), &json!("3")));
    party.check(&mut watches, &merged, "5").await;
    of_host.check(0, &[party.staff.order(&own["id"]).await], None).await;
    let current = party.first.client.get(CURRENT).await.expect(200);
    assert_eq!((&current["table"], &current["visit"]["id"]), (&json!("5"), &into["id"]));
    assert_eq!(current["orders"].as_array().unwrap().len(), 2, "the guest does not see the orders of the other party");
    host.client.get(&format!("/api/v1/orders/{}", text(&party.orders[0]))).await.problem(404, "not_found");

    let undone = party.staff.post(COMMANDS, &undoing(&merged)).await.expect(200);
    party.check(&mut watches, &undone, "3").await;
    let facts = |visit: &Value| [visit["id"].clone(), visit["opened_at"].clone(), visit["total"].clone()];
    assert_eq!(facts(&visit_at(&party.staff, "3").await), facts(&visit));
    assert_eq!(facts(&visit_at(&party.staff, "5").await), facts(&into));
    assert_eq!(party.second.client.get(CURRENT).await.expect(200)["table"], "3");
    assert_eq!(host.client.get(CURRENT).await.expect(200)["table"], "5");
}

#[tokio::test]
async fn only_staff_merge_two_open_visits_and_once() {
    let party = Party::open().await;
    let Party { server, staff, menu, first, .. } = &party;
    let host = scan(server, 5).await;
    host.client.place(&menu.basket()).await;
    let (visit, into) = (visit_at(staff, "3").await, visit_at(staff, "5").await);
    let command = merging(&visit, &into);
    for nobody in [&first.client, &party.link, &server.client(&["kitchen"]).await, &server.client(&["service"]).await] {
        nobody.post(COMMANDS, &command).await.problem(403, "forbidden");
    }
    staff.post(COMMANDS, &merging(&visit, &visit)).await.problem(422, "invalid");
    staff.post(COMMANDS, &merging(&visit, &json!({"id": new_id()}))).await.problem(404, "not_found");
    staff.post(COMMANDS, &merging(&json!({"id": new_id()}), &into)).await.problem(404, "not_found");
    let mut stale = merging(&visit, &into);
    stale["expected_position"] = json!(1);
    assert_eq!(
        staff.post(COMMANDS, &stale).await.problem(409, "stale")["document"],
        visit,
        "the answer has the visit that would end"
    );
    stale["id"] = new_id().into();
    stale["expected_position"] = visit["position"].clone();
    let done = staff.post(COMMANDS, &stale).await.expect(200);
    assert_eq!(staff.post(COMMANDS, &stale).await.expect(200)["position"], done["position"], "the same answer");
    for expected in [&visit["position"], &into["position"]] {
        let mut again = merging(&visit, &into);
        again["expected_position"] = expected.clone();
        assert_eq!(staff.post(COMMANDS, &again).await.expect(200)["changed"], false, "from another device");
    }
    let audit = server.manager().await.get("/api/v1/restaurants/demo/audit?kind=tables&limit=20").await.expect(200);
    let listed = audit["audit"].as_array().unwrap().iter().filter(|entry| entry["action"] == "merge");
    let told: Vec<_> = listed.filter(|entry| ["done", "stale"].contains(&text(&entry["outcome"]))).collect();
    assert_eq!(told.len(), 2);
    for entry in told {
        assert_eq!((&entry["label"], &entry["value"]), (&json!("3"), &json!("5")), "the subject's table: {entry}");
    }
    let next = scan(server, 3).await;
    next.client.place(&menu.basket()).await;
    staff.post(COMMANDS, &undoing(&done)).await.problem(409, "conflict");
}
