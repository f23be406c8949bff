//! Visits that move to another table, that merge and that are split: the kitchen, the floor, guests and shared links follow on
//! every transport.

use serde_json::{Value, json};
use support::watch::Watch;
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

/// Some lines of an order, each with a number of portions, or all of it.
fn lines_of(order: &Value, quantities: &[Option<u16>]) -> Vec<Value> {
    let ids = order["items"].as_object().unwrap().keys().zip(quantities);
    let line = |item: &String, quantity: &Option<u16>| match quantity {
        Some(quantity) => json!({"order": order["id"], "item": item, "quantity": quantity}),
        None => json!({"order": order["id"], "item": item}),
    };
    ids.map(|(item, quantity)| line(item, quantity)).collect()
}

fn splitting(visit: &Value, lines: &[Value], to: Value) -> Value {
    let mut command = json!({"id": new_id(), "action": "split", "visit": visit["id"], "lines": lines});
    command.as_object_mut().unwrap().extend(to.as_object().unwrap().clone());
    command
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
async fn only_staff_move_a_visit_to_a_free_table_and_each_command_moves_it_once() {
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
    let (mut floor, ack) = send_twice(staff, menu, &command).await;
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
async fn only_staff_merge_two_open_visits_and_each_command_merges_them_once() {
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

/// Returns the order into which lines of another order were split.
async fn part_of(staff: &Client, order: &Value) -> Value {
    let all = staff.get("/api/v1/restaurants/demo/orders?status=all&sort=newest").await.expect(200);
    let is_part = |one: &&Value| one["split_from"]["order"] == *order;
    all["orders"].as_array().unwrap().iter().find(is_part).cloned().unwrap_or_default()
}

#[tokio::test]
async fn everyone_follows_lines_that_are_split_off_and_come_back_on_every_transport() {
    let mut party = Party::open().await;
    let Party { staff, menu, first, .. } = &party;
    // An order of two lines, of which one is of three portions.
    let (one, two) = (menu.basket()["items"][0].clone(), menu.basket()["items"][0]["menu_item"].clone());
    let basket = json!({"service": "dine_in", "items": [one, {"menu_item": two, "quantity": 3}]});
    let big = first.client.place(&basket).await;
    staff.act(&big["id"], "accept").await;
    party.orders.push(big["id"].clone());
    for order in &party.orders {
        if party.staff.order(order).await["status"] == "placed" {
            party.staff.act(order, "accept").await;
        }
    }
    let mut watches = party.watches().await;
    watches.push(Watch::new("guest of the split order", &party.first.client, format!("order:{}", text(&big["id"]))).await);
    let (visit, big) = (visit_at(&party.staff, "3").await, party.staff.order(&big["id"]).await);
    let (served, second) = (party.staff.order(&party.orders[1]).await, party.staff.order(&party.orders[2]).await);
    let whole = |order: &Value| lines_of(order, &vec![None; order["items"].as_object().unwrap().len()]);
    // All of a served order, all of the second guest's, and a part of the big one.
    let lines = [whole(&served), whole(&second), lines_of(&big, &[None, Some(2)])].concat();
    let split = party.staff.post(COMMANDS, &splitting(&visit, &lines, json!({"table": "8"}))).await.expect(200);
    let (there, here) = (visit_at(&party.staff, "8").await, visit_at(&party.staff, "3").await);
    assert_eq!((&split["document"], &here["id"]), (&here, &visit["id"]), "the answer is the visit that they left");
    let amount = |visit: &Value| visit["total"]["amount"].as_i64().unwrap();
    assert_eq!(amount(&here) + amount(&there), amount(&visit), "both are the sum");
    let change = &here["last_change"];
    assert_eq!((&change["action"], &change["from"], &change["to"]), (&json!("split"), &json!("3"), &json!("8")));
    let part = part_of(&party.staff, &big["id"]).await;
    assert_eq!((&part["split_from"]["table"], &part["table"], &part["diner"]), (&json!("3"), &json!("8"), &big["diner"]));
    let portions = |order: &Value| {
        order["items"].as_object().unwrap().values().map(|item| item["quantity"].as_u64().unwrap()).collect::<Vec<_>>()
    };
    assert_eq!((portions(&party.staff.order(&big["id"]).await), portions(&part)), (vec![1], vec![2, 2]));
    // Everybody has each order where it is now.
    let mut orders = party.documents().await;
    orders.push(part.clone());
    let position = split["position"].as_u64().unwrap();
    let calls = party.open_calls().await;
    for watch in &mut watches {
        watch.check(position, &orders, Some(&calls)).await;
    }
    let current = party.second.client.get(CURRENT).await.expect(200);
    assert_eq!((&current["table"], &current["visit"]["id"]), (&json!("8"), &there["id"]), "all of what they ordered is there");
    let current = party.first.client.get(CURRENT).await.expect(200);
    assert_eq!(
        (&current["table"], current["orders"].as_array().unwrap().len()),
        (&json!("3"), 4),
        "with the part of their order"
    );
    party.second.client.get(&format!("/api/v1/orders/{}", text(&part["id"]))).await.problem(404, "not_found");

    // Lines come back as they are.
    party.staff.act(&part["id"], "start").await;
    let undone = party.staff.post(COMMANDS, &undoing(&split)).await.expect(200);
    let back = visit_at(&party.staff, "3").await;
    assert_eq!((&undone["document"], &back["total"], visits(&party.staff).await.len()), (&back, &visit["total"], 1));
    let mut orders = party.documents().await;
    let big = party.staff.order(&big["id"]).await;
    assert_eq!((&big["status"], portions(&big)), (&json!("preparing"), vec![2, 1, 2]), "two of three have begun to cook");
    let emptied = party.staff.order(&part["id"]).await;
    assert_eq!((&emptied["status"], &emptied["items"], &emptied["total"]["amount"]), (&json!("served"), &json!({}), &json!(0)));
    orders.push(emptied);
    for watch in &mut watches {
        watch.check(undone["position"].as_u64().unwrap(), &orders, Some(&calls)).await;
    }
    assert_eq!(party.second.client.get(CURRENT).await.expect(200)["table"], "3");
}

#[tokio::test]
async fn a_bill_of_its_own_stays_at_the_table() {
    let party = Party::open().await;
    let Party { staff, menu, first, .. } = &party;
    let visit = visit_at(staff, "3").await;
    let order = staff.order(&party.orders[0]).await;
    let lines = lines_of(&order, &vec![None; order["items"].as_object().unwrap().len()]);
    let split = staff.post(COMMANDS, &splitting(&visit, &lines, json!({}))).await.expect(200);
    let bills = visits(staff).await;
    let bill = bills.iter().find(|one| one["bill"] == 2).unwrap();
    assert_eq!((bills.len(), &bill["table"], &bill["total"]), (2, &json!("3"), &order["total"]));
    assert_eq!(staff.order(&order["id"]).await["table"], "3");
    // What they order next is on the first bill of the table, and can be split off too.
    let next = first.client.place(&menu.basket()).await;
    let first_bill = visits(staff).await.into_iter().find(|one| one.get("bill").is_none()).unwrap();
    assert_eq!(first_bill["orders"].as_array().unwrap().last().unwrap()["id"], next["id"]);
    let lines = lines_of(&next, &vec![None; next["items"].as_object().unwrap().len()]);
    let again = staff.post(COMMANDS, &splitting(&first_bill, &lines, json!({"into": bill["id"]}))).await.expect(200);
    assert_eq!(visits(staff).await.iter().find(|one| one["bill"] == 2).unwrap()["orders"].as_array().unwrap().len(), 2);
    // The bill moves, and comes back beside the other one.
    let moved = staff.post(COMMANDS, &moving(bill, "9")).await.expect(200);
    assert_eq!((&moved["document"]["table"], moved["document"].get("bill")), (&json!("9"), None));
    let back = staff.post(COMMANDS, &undoing(&moved)).await.expect(200);
    assert_eq!((&back["document"]["table"], &back["document"]["bill"]), (&json!("3"), &json!(2)));
    // The first one moves away from it, and comes back.
    let moved = staff.post(COMMANDS, &moving(&visit, "9")).await.expect(200);
    let taken = splitting(&moved["document"], &lines_of(&staff.order(&party.orders[2]).await, &[None]), json!({"table": "3"}));
    staff.post(COMMANDS, &taken).await.problem(409, "conflict");
    staff.post(COMMANDS, &undoing(&moved)).await.expect(200);
    staff.post(COMMANDS, &undoing(&split)).await.problem(409, "invalid_transition");
    staff.post(COMMANDS, &undoing(&again)).await.expect(200);
    let undone = staff.post(COMMANDS, &undoing(&split)).await.expect(200);
    assert_eq!((undone["document"]["orders"].as_array().unwrap().len(), visits(staff).await.len()), (4, 1));
}

#[tokio::test]
async fn the_guests_of_a_table_stay_until_its_last_bill_is_paid() {
    let party = Party::open().await;
    let Party { staff, first, .. } = &party;
    let visit = visit_at(staff, "3").await;
    for order in [&party.orders[0], &party.orders[2]] {
        let (accept, id) = (staff.order(order).await["status"] == "placed", order);
        for action in accept.then_some("accept").into_iter().chain(["ready", "serve"]) {
            staff.act(id, action).await;
        }
    }
    let lines = lines_of(&staff.order(&party.orders[0]).await, &[None]);
    let split = staff.post(COMMANDS, &splitting(&visit, &lines, json!({}))).await.expect(200);
    let bill = visits(staff).await.into_iter().find(|one| one["bill"] == 2).unwrap();
    let end = |visit: &Value| format!("/api/v1/restaurants/demo/visits/{}/end", text(&visit["id"]));
    assert_eq!(staff.post(&end(&split["document"]), &json!({})).await.status, 204);
    first.client.get(CURRENT).await.expect(200);
    staff.post(COMMANDS, &undoing(&split)).await.problem(404, "not_found");
    assert_eq!(staff.post(&end(&bill), &json!({})).await.status, 204);
    first.client.get(CURRENT).await.problem(401, "unauthorized");
}

/// Sends a command over a WebSocket of the floor and again over HTTP. Returns the socket and the answer.
async fn send_twice(staff: &Client, menu: &Menu, command: &Value) -> (Screen, Value) {
    let mut floor = staff.screen().await;
    floor.join(&menu.floor()).await;
    let mut frame = command.clone();
    frame["type"] = "command".into();
    let ack = floor.ask(frame).await;
    assert_eq!(ack["changed"], true, "{ack}");
    let again = staff.post(COMMANDS, command).await.expect(200);
    assert_eq!((&again["position"], &again["document"]), (&ack["position"], &ack["document"]), "the same answer, and no event");
    (floor, ack)
}

#[tokio::test]
async fn only_staff_split_existing_lines_and_each_command_splits_them_once() {
    let party = Party::open().await;
    let Party { server, staff, menu, first, link, .. } = &party;
    let visit = visit_at(staff, "3").await;
    let lines = lines_of(&staff.order(&party.orders[0]).await, &[None]);
    let command = splitting(&visit, &lines, json!({"table": "8"}));
    for nobody in [&first.client, link, &server.client(&["kitchen"]).await, &server.client(&["service"]).await] {
        nobody.post(COMMANDS, &command).await.problem(403, "forbidden");
    }
    let with = |fields: Value| {
        let mut body = splitting(&visit, &lines, json!({"table": "8"}));
        body.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        body
    };
    staff.post(COMMANDS, &with(json!({"table": "none"}))).await.problem(422, "invalid");
    staff.post(COMMANDS, &with(json!({"visit": new_id()}))).await.problem(404, "not_found");
    staff.post(COMMANDS, &with(json!({"lines": [{"order": party.orders[0], "item": new_id()}]}))).await.problem(404, "not_found");
    staff.post(COMMANDS, &with(json!({"into": new_id()}))).await.problem(422, "invalid");
    let stale = staff.post(COMMANDS, &with(json!({"expected_position": 1}))).await.problem(409, "stale");
    assert_eq!(stale["document"], visit);
    let command = with(json!({"expected_position": visit["position"]}));
    let (_floor, ack) = send_twice(staff, menu, &command).await;
    assert_eq!(visits(staff).await.len(), 2);
    let next = party.call(&scan(server, 8).await, "help").await;
    staff.post(COMMANDS, &undoing(&ack)).await.expect(200);
    assert_eq!(staff.post(COMMANDS, &undoing(&ack)).await.expect(200)["changed"], false);
    staff.post(COMMANDS, &with(json!({"lines": lines}))).await.problem(409, "conflict");
    assert_eq!(next["table"], "8");
    let audit = server.manager().await.get("/api/v1/restaurants/demo/audit?kind=tables&limit=10").await.expect(200);
    let done = audit["audit"].as_array().unwrap().iter().find(|entry| entry["action"] == "split" && entry["outcome"] == "done");
    let done = done.unwrap();
    assert_eq!((&done["label"], &done["value"]), (&json!("3"), &json!("1")));
}
