//! The life of an order on several screens at once.

use serde_json::{Value, json};
use support::{Client, Followed, Menu, Screen, TestServer, client::text, followed::Fault, shape};

/// All followed rooms, each with the screen that follows it.
struct Watch {
    screens: Vec<(String, Screen)>,
}

impl Watch {
    /// Reads every screen up to a position.
    async fn see(&mut self, position: u64) {
        for (room, screen) in &mut self.screens {
            screen.see(room, position).await;
        }
    }

    fn rooms(&self) -> impl Iterator<Item = &Followed> {
        self.screens.iter().map(|(room, screen)| screen.room(room))
    }
}

/// A guest, two kitchen stations and the staff, with the menu.
struct TestRestaurant {
    server: TestServer,
    menu: Menu,
    diner: Client,
    staff: Client,
    hot: Client,
    cold: Client,
}

impl TestRestaurant {
    async fn open() -> Self {
        let server = TestServer::start(&[]).await;
        let (diner, staff) = (server.diner("7").await, server.staff().await);
        let (hot, cold) = (server.kitchen("hot").await, server.kitchen("cold").await);
        Self { menu: Menu::read(&staff).await, server, diner, staff, hot, cold }
    }

    /// Opens screens in the rooms that exist without an order; the guest's phone joins its order's room later.
    async fn watch(&self) -> Watch {
        let mut screens = Vec::new();
        for (client, room) in
            [(&self.hot, self.menu.kitchen()), (&self.cold, self.menu.kitchen()), (&self.staff, self.menu.floor())]
        {
            let mut screen = client.screen().await;
            screen.join(&room).await;
            screens.push((room, screen));
        }
        Watch { screens }
    }

    /// Places the basket over the guest's WebSocket; then the guest and a waiter follow the order.
    async fn place(&self, watch: &mut Watch) -> Value {
        let mut phone = self.diner.screen().await;
        let ack = phone.ask(json!({"type": "place", "order": self.menu.basket()})).await;
        assert_eq!((&ack["type"], &ack["changed"]), (&json!("ack"), &json!(true)), "{ack}");
        let order = ack["document"].clone();
        let room = format!("order:{}", text(&order["id"]));
        for mut screen in [phone, self.staff.screen().await] {
            screen.join(&room).await;
            watch.screens.push((room.clone(), screen));
        }
        order
    }
}

fn item(order: &Value, name: &str) -> Value {
    let items = order["items"].as_object().unwrap();
    items.iter().find(|(_, item)| item["name"] == name).unwrap().0.as_str().into()
}

/// Takes the order from accepted to served with a recall, half over WebSocket and half over HTTP. Returns the events that
/// must follow, and the position of the last one.
async fn serve_it(restaurant: &TestRestaurant, order: &Value) -> (Vec<(&'static str, &'static str)>, u64) {
    let id = &order["id"];
    let (beef, chicken, firni) = (item(order, "Beef rezala"), item(order, "Chicken roast"), item(order, "Firni"));
    let (mut staff, mut hot) = (restaurant.staff.screen().await, restaurant.hot.screen().await);
    let mut last = Vec::new();
    last.push(staff.command(id, "accept", json!({"minutes": 15})).await);
    last.push(hot.command(id, "start", json!({})).await);
    last.push(restaurant.cold.command(id, "start_item", json!({"item": firni})).await.expect(200));
    last.push(hot.command(id, "finish_item", json!({"item": beef})).await);
    last.push(restaurant.hot.command(id, "finish_item", json!({"item": chicken})).await.expect(200));
    last.push(restaurant.cold.act(id, "ready").await);
    last.push(hot.command(id, "recall_item", json!({"item": beef})).await);
    last.push(hot.command(id, "ready", json!({})).await);
    last.push(restaurant.staff.act(id, "serve").await);
    for ack in &last {
        assert_eq!((&ack["type"], &ack["changed"]), (&json!("ack"), &json!(true)), "{ack}");
    }
    let events = [
        ("order.accepted", "staff"),
        ("order.started", "kitchen"),
        ("item.started", "kitchen"),
        ("item.finished", "kitchen"),
        ("item.finished", "kitchen"),
        ("order.ready", "kitchen"),
        ("item.recalled", "kitchen"),
        ("order.recalled", "kitchen"),
        ("order.ready", "kitchen"),
        ("order.served", "staff"),
    ];
    (events.to_vec(), last.last().unwrap()["position"].as_u64().unwrap())
}

/// Returns the events of a room without those of kitchen screens, which connect during the test.
fn besides_screens(room: &Followed) -> impl DoubleEndedIterator<Item = &Value> {
    let events = room.events.iter().map(|frame| &frame["event"]);
    events.filter(|event| !text(&event["kind"]).starts_with("display."))
}

#[tokio::test]
async fn every_screen_sees_each_transition_once_in_order_and_has_the_document_that_get_returns() {
    let restaurant = TestRestaurant::open().await;
    let mut watch = restaurant.watch().await;
    let order = restaurant.place(&mut watch).await;
    let (events, last) = serve_it(&restaurant, &order).await;
    watch.see(last).await;

    let document = restaurant.staff.order(&order["id"]).await;
    shape::order(&document);
    assert_eq!((&document["status"], document["position"].as_u64()), (&json!("served"), Some(last)));
    assert_eq!(document, restaurant.diner.order(&order["id"]).await, "the guest's own GET");
    for room in watch.rooms() {
        assert_eq!(room.document(&order["id"]), &document);
        assert_eq!(room.repeats, 0);
        let seen: Vec<_> = besides_screens(room).collect();
        // These rooms were open when the order was placed.
        let after_placing = &seen[seen.len() - events.len()..];
        let told: Vec<_> = after_placing.iter().map(|event| (text(&event["kind"]), text(&event["by"]["role"]))).collect();
        assert_eq!(told, events);
        assert!(seen.len() == events.len() || (seen.len() == events.len() + 1 && seen[0]["kind"] == "order.placed"));
    }
    let mut ids: Vec<Vec<&str>> = watch
        .rooms()
        .map(|room| besides_screens(room).rev().take(events.len()).map(|event| text(&event["id"])).collect())
        .collect();
    ids.dedup();
    assert_eq!(ids.len(), 1, "one event has one id on every screen");
    assert!(restaurant.server.metric("orderbell_commit_to_delivery_seconds_count").await > 0.0);
}

#[tokio::test]
async fn the_checks_detect_a_frame_that_is_lost_or_swapped() {
    let restaurant = TestRestaurant::open().await;
    let mut watch = restaurant.watch().await;
    let order = restaurant.place(&mut watch).await;
    let (_, last) = serve_it(&restaurant, &order).await;
    watch.see(last).await;
    let frames = watch.rooms().next().unwrap().frames.clone();
    assert!(Followed::of(&frames).is_ok());

    let events: Vec<_> = (0..frames.len()).filter(|at| frames[*at]["type"] == "event").collect();
    for at in &events[..events.len() - 1] {
        let mut lost = frames.clone();
        lost.remove(*at);
        assert!(matches!(Followed::of(&lost), Err(Fault::Hole { .. })), "{at} lost");
        let mut swapped = frames.clone();
        swapped.swap(*at, at + 1);
        assert!(matches!(Followed::of(&swapped), Err(Fault::Hole { .. })), "{at} swapped");
    }
    let mut doubled = frames.clone();
    doubled.insert(events[0], frames[events[0]].clone());
    assert_eq!(Followed::of(&doubled).map(|followed| followed.repeats), Ok(1));
    let mut altered = frames;
    altered[events[1]]["event"]["patch"]["status"] = "served".into();
    altered[events[2]]["event"]["patch"].as_object_mut().unwrap().remove("position");
    let altered = Followed::of(&altered).unwrap();
    assert_eq!(altered.document(&order["id"])["status"], "served");
    assert_eq!(altered.repeats, 0);
}

#[tokio::test]
async fn a_guest_sees_no_names_of_staff_and_no_other_table_and_the_floor_sees_calls() {
    let restaurant = TestRestaurant::open().await;
    let mut floor = restaurant.staff.screen().await;
    floor.join(&restaurant.menu.floor()).await;
    let mut phone = restaurant.diner.screen().await;
    let mut kitchen = restaurant.hot.screen().await;
    kitchen.join(&restaurant.menu.kitchen()).await;
    let call = phone.ask(json!({"type": "command", "action": "call_waiter", "reason": "water"})).await;
    assert_eq!(call["changed"], true, "{call}");
    let raised = call["document"]["id"].clone();
    floor.see(&restaurant.menu.floor(), call["position"].as_u64().unwrap()).await;
    assert_eq!(floor.room(&restaurant.menu.floor()).calls[text(&raised)], call["document"]);
    assert_eq!((&call["document"]["table"], &call["document"]["reason"]), (&json!("7"), &json!("water")));

    let answer = floor.ask(json!({"type": "command", "action": "answer_call", "call": raised})).await;
    floor.see(&restaurant.menu.floor(), answer["position"].as_u64().unwrap()).await;
    let kinds: Vec<_> = besides_screens(floor.room(&restaurant.menu.floor())).map(|event| text(&event["kind"])).collect();
    assert_eq!(kinds, ["call.raised", "call.answered"]);
    assert_eq!(floor.room(&restaurant.menu.floor()).calls, json!({}));

    let other = restaurant.server.diner("8").await.place(&restaurant.menu.basket()).await;
    let own = phone.ask(json!({"type": "place", "order": restaurant.menu.basket()})).await["document"].clone();
    phone.join(&format!("order:{}", text(&own["id"]))).await;
    let ack = restaurant.staff.act(&own["id"], "accept").await;
    phone.see(&format!("order:{}", text(&own["id"])), ack["position"].as_u64().unwrap()).await;
    let room = phone.room(&format!("order:{}", text(&own["id"])));
    let told = json!([room.frames, phone.others]).to_string();
    assert!(!told.contains(text(&other["id"])) && !told.contains("call.raised"), "{told}");
    assert_eq!(room.events[0]["event"]["by"], json!({"role": "staff"}), "only the role");
    kitchen.see(&restaurant.menu.kitchen(), ack["position"].as_u64().unwrap()).await;
    assert!(kitchen.room(&restaurant.menu.kitchen()).kinds().iter().all(|kind| !kind.starts_with("call.")));
}
