//! Commands: one answer and one effect for each id, on every transport.

use serde_json::{Value, json};
use support::{Client, Menu, TestServer, client::text, new_id, server::TALKATIVE};

struct TestRestaurant {
    server: TestServer,
    menu: Menu,
    staff: Client,
    diner: Client,
}

impl TestRestaurant {
    async fn open() -> Self {
        let server = TestServer::start(&TALKATIVE).await;
        let (staff, diner) = (server.staff().await, server.diner("3").await);
        Self { menu: Menu::read(&staff).await, server, staff, diner }
    }

    /// Returns the id of an order that was just placed.
    async fn order(&self) -> Value {
        self.diner.place(&self.menu.basket()).await["id"].clone()
    }

    /// Returns the position of the feed's last event about orders.
    async fn head(&self) -> u64 {
        let mut screen = self.staff.screen().await;
        screen.join(&self.menu.kitchen()).await.cursor.unwrap()
    }
}

fn path(order: &Value) -> String {
    format!("/api/v1/orders/{}/commands", text(order))
}

#[tokio::test]
async fn the_same_id_gets_the_first_answer_and_no_second_effect() {
    let restaurant = TestRestaurant::open().await;
    let order = restaurant.order().await;
    let mut screen = restaurant.staff.screen().await;
    let accept = json!({"type": "command", "id": new_id(), "order": order, "action": "accept", "minutes": 9});
    let first = screen.ask(accept.clone()).await;
    assert_eq!(first["type"], "ack", "{first}");
    let started = screen.command(&order, "start", json!({})).await;
    let head = restaurant.head().await;
    assert_eq!(screen.ask(accept.clone()).await, first, "the first answer, although the order has changed since");
    let mut body = accept.clone();
    body.as_object_mut().unwrap().remove("type");
    assert_eq!(restaurant.staff.post(&path(&order), &body).await.expect(200), first, "over HTTP too");
    body.as_object_mut().unwrap().remove("order");
    assert_eq!(restaurant.staff.post(&path(&order), &body).await.expect(200), first);
    assert_eq!(restaurant.head().await, head, "no second effect");

    // The control: a command with another id is refused, because of the order's new state.
    let again = screen.command(&order, "accept", json!({"minutes": 9})).await;
    assert_ne!(again["position"], first["position"], "{again}");
    assert_eq!(started["position"], head);
}

#[tokio::test]
async fn the_same_id_gets_the_same_refusal_after_its_reason_has_passed() {
    let restaurant = TestRestaurant::open().await;
    let order = restaurant.order().await;
    let mut screen = restaurant.staff.screen().await;
    let serve = json!({"type": "command", "id": new_id(), "order": order, "action": "serve"});
    let refused = screen.ask(serve.clone()).await;
    assert_eq!((&refused["type"], &refused["code"]), (&json!("error"), &json!("invalid_transition")));
    for action in ["accept", "start", "ready"] {
        assert_eq!(screen.command(&order, action, json!({})).await["type"], "ack");
    }
    assert_eq!(screen.ask(serve).await, refused);
    assert_eq!(screen.command(&order, "serve", json!({})).await["changed"], true, "a new id is a new command");
}

#[tokio::test]
async fn placing_twice_under_one_key_makes_one_order_over_http_and_websocket() {
    let restaurant = TestRestaurant::open().await;
    let id = new_id();
    let basket = restaurant.menu.basket();
    let first = Client::send(restaurant.diner.placing(&id, &basket)).await;
    let document = first.expect(201);
    assert_eq!(first.header("location"), format!("/api/v1/orders/{}", text(&document["id"])));
    assert_eq!(Client::send(restaurant.diner.placing(&id, &basket)).await.expect(201), document);
    let mut phone = restaurant.diner.screen().await;
    let ack = phone.ask(json!({"type": "place", "id": id, "order": basket})).await;
    assert_eq!((&ack["document"], &ack["changed"]), (&document, &json!(true)), "the first answer again");
    let visit = restaurant.diner.get("/api/v1/diner-sessions/current").await.expect(200);
    assert_eq!(visit["orders"].as_array().unwrap().len(), 1);
    Client::send(restaurant.diner.placing(&new_id(), &basket)).await.expect(201);
    let visit = restaurant.diner.get("/api/v1/diner-sessions/current").await.expect(200);
    assert_eq!(visit["orders"].as_array().unwrap().len(), 2, "the control: another key makes another order");
}

#[tokio::test]
async fn the_same_id_with_another_body_is_a_conflict() {
    let restaurant = TestRestaurant::open().await;
    let order = restaurant.order().await;
    let mut screen = restaurant.staff.screen().await;
    let accept = json!({"type": "command", "id": new_id(), "order": order, "action": "accept", "minutes": 9});
    assert_eq!(screen.ask(accept.clone()).await["type"], "ack");
    for (field, value) in [("minutes", json!(10)), ("expected_position", json!(1)), ("order", restaurant.order().await)] {
        let mut other = accept.clone();
        other[field] = value;
        let answer = screen.ask(other).await;
        assert_eq!((&answer["type"], &answer["code"]), (&json!("error"), &json!("conflict")), "{field}: {answer}");
    }
    let id = text(&accept["id"]).to_owned();
    Client::send(restaurant.staff.placing(&id, &restaurant.menu.basket())).await.problem(409, "conflict");
    let key = new_id();
    Client::send(restaurant.diner.placing(&key, &restaurant.menu.basket())).await.expect(201);
    Client::send(restaurant.diner.placing(&key, &restaurant.menu.noted("other"))).await.problem(409, "conflict");
    assert_eq!(restaurant.staff.order(&order).await["status"], "accepted");
}

#[tokio::test]
async fn two_principals_can_use_the_same_command_id() {
    let restaurant = TestRestaurant::open().await;
    let other = restaurant.server.diner("4").await;
    let id = new_id();
    let mine = Client::send(restaurant.diner.placing(&id, &restaurant.menu.basket())).await.expect(201);
    let theirs = Client::send(other.placing(&id, &restaurant.menu.basket())).await.expect(201);
    assert_ne!(mine["id"], theirs["id"]);
    let accept = json!({"id": new_id(), "action": "accept"});
    let first = restaurant.staff.post(&path(&mine["id"]), &accept).await.expect(200);
    let colleague = restaurant.server.staff().await;
    let second = colleague.post(&path(&mine["id"]), &accept).await.expect(200);
    assert_eq!((&first["changed"], &second["changed"]), (&json!(true), &json!(false)));
}

#[tokio::test]
async fn a_command_on_an_order_that_has_changed_is_stale_and_gets_its_document() {
    let restaurant = TestRestaurant::open().await;
    let order = restaurant.order().await;
    let placed = restaurant.staff.order(&order).await["position"].clone();
    let accepted = restaurant.staff.command(&order, "accept", json!({"expected_position": placed})).await.expect(200);
    let mut screen = restaurant.staff.screen().await;
    let stale = screen.command(&order, "start", json!({"expected_position": placed})).await;
    assert_eq!((&stale["code"], &stale["document"]), (&json!("stale"), &accepted["document"]));
    let stale = restaurant.staff.command(&order, "start", json!({"expected_position": placed})).await.problem(409, "stale");
    assert_eq!(stale["document"], accepted["document"]);
    let fresh = json!({"expected_position": accepted["position"]});
    assert_eq!(screen.command(&order, "start", fresh).await["changed"], true);
}

#[tokio::test]
async fn a_command_that_asks_for_the_present_state_changes_nothing() {
    let restaurant = TestRestaurant::open().await;
    let order = restaurant.order().await;
    let first = restaurant.staff.act(&order, "accept").await;
    let head = restaurant.head().await;
    let again = restaurant.staff.act(&order, "accept").await;
    assert_eq!(again["changed"], false);
    assert_eq!((&again["document"], &again["position"]), (&first["document"], &first["position"]));
    assert_eq!(restaurant.head().await, head);
}

#[tokio::test]
async fn a_forbidden_action_is_refused_with_its_name() {
    let restaurant = TestRestaurant::open().await;
    let order = restaurant.order().await;
    let (hot, cold) = (restaurant.server.kitchen("hot").await, restaurant.server.kitchen("cold").await);
    hot.command(&order, "accept", json!({})).await.problem(403, "forbidden");
    restaurant.diner.command(&order, "serve", json!({})).await.problem(403, "forbidden");
    let stranger = restaurant.server.diner("9").await;
    let reason = json!({"reason": "other"});
    stranger.command(&order, "cancel", reason.clone()).await.problem(404, "not_found");
    restaurant.staff.command(&new_id().into(), "accept", json!({})).await.problem(404, "not_found");
    let accepted = restaurant.staff.act(&order, "accept").await;
    let items = accepted["document"]["items"].as_object().unwrap();
    let firni = items.iter().find(|(_, item)| item["name"] == "Firni").unwrap().0;
    hot.command(&order, "start_item", json!({"item": firni})).await.problem(403, "forbidden");
    cold.command(&order, "start_item", json!({"item": firni})).await.expect(200);
    restaurant.diner.command(&order, "cancel", reason).await.problem(409, "invalid_transition");
    restaurant.staff.command(&order, "promise", json!({"minutes": 481})).await.problem(422, "invalid");
}

#[tokio::test]
async fn fifty_simultaneous_commands_on_one_order_take_effect_one_after_another() {
    let restaurant = TestRestaurant::open().await;
    let order = restaurant.order().await;
    restaurant.staff.act(&order, "accept").await;
    let mut watcher = restaurant.staff.screen().await;
    watcher.join(&restaurant.menu.kitchen()).await;
    let promises = (1..=50).map(|minutes| {
        let (staff, order) = (restaurant.staff.clone(), order.clone());
        tokio::spawn(async move { staff.command(&order, "promise", json!({"minutes": minutes})).await.expect(200) })
    });
    let mut acks = Vec::new();
    for promise in promises.collect::<Vec<_>>() {
        acks.push(promise.await.unwrap());
    }
    acks.sort_by_key(|ack| ack["position"].as_u64());
    let first = acks[0]["position"].as_u64().unwrap();
    let positions: Vec<_> = acks.iter().map(|ack| ack["position"].as_u64().unwrap()).collect();
    assert_eq!(positions, (first..first + 50).collect::<Vec<_>>(), "each has its own position, without a gap");
    let room = watcher.see(&restaurant.menu.kitchen(), first + 49).await;
    let told: Vec<_> = room.events.iter().map(|frame| frame["event"]["command"].clone()).collect();
    assert_eq!(told, acks.iter().map(|ack| ack["id"].clone()).collect::<Vec<_>>(), "delivered in the order of their positions");
    assert_eq!(room.document(&order), &acks[49]["document"]);
}

#[tokio::test]
async fn commands_of_one_connection_run_in_the_order_they_were_sent() {
    let restaurant = TestRestaurant::open().await;
    let order = restaurant.order().await;
    let mut screen = restaurant.staff.screen().await;
    let ids: Vec<_> = ["accept", "start", "ready", "serve"].map(|action| (action, new_id())).into();
    for (action, id) in &ids {
        screen.send(&json!({"type": "command", "id": id, "order": order, "action": action})).await;
    }
    for (action, id) in &ids {
        let answer = screen.until("an answer", |frame| frame["type"] == "ack" || frame["type"] == "error").await;
        assert_eq!((&answer["id"], &answer["changed"]), (&json!(id), &json!(true)), "{action}: {answer}");
    }
}
