//! People by name: the staff read the names of those who acted, and guests never do, on any transport.

use reqwest::Method;
use serde_json::{Value, json};
use support::client::text;
use support::{Client, Menu, TestServer};

const ADD: [&str; 6] = ["user", "add", "--restaurant", "demo", "--username", "mina"];
const PASSWORD: &str = "four words, two spoons";

/// Adds a waiter and returns her, signed in, with her id.
async fn mina(server: &TestServer) -> (Client, Value) {
    let (went_well, said) = server.tool_told(&ADD, PASSWORD).await;
    assert!(went_well, "{said}");
    let form = json!({"restaurant": "demo", "username": "mina", "password": PASSWORD});
    let tokens = server.anybody().post("/api/v1/sessions", &form).await.expect(200);
    let mina = Client::new(&server.base, text(&tokens["access_token"]));
    let id = mina.get("/api/v1/people/me").await.expect(200)["id"].clone();
    (mina, id)
}

/// Returns the first bytes of a stream, up to a frame of a type.
async fn stream(client: &Client, rooms: &str, since: &str, last: &str) -> String {
    let path = format!("/api/v1/rooms/{rooms}/stream?{since}");
    let mut response = client.request(Method::GET, &path).send().await.unwrap();
    let mut told = String::new();
    while told.matches(&format!("event: {last}")).count() < rooms.split(',').count() {
        told.push_str(std::str::from_utf8(&response.chunk().await.unwrap().expect("the stream continues")).unwrap());
    }
    told
}

async fn poll(client: &Client, rooms: &str, since: &str) -> String {
    client.get(&format!("/api/v1/rooms/{rooms}/events?{since}&wait=1")).await.expect(200).to_string()
}

#[tokio::test]
async fn guests_never_learn_the_names_of_the_staff_who_acted() {
    let server = TestServer::start(&[]).await;
    let (mina, id) = mina(&server).await;
    let guest = server.anybody().post("/api/v1/diner-sessions", &json!({"table_key": "demo-table-3"})).await.expect(200);
    let guest = Client::new(&server.base, text(&guest["access_token"]));
    let menu = Menu::read(&guest).await;
    let mut phone = guest.screen().await;
    let own = phone.ask(json!({"type": "place", "order": menu.basket()})).await;
    let order = own["document"].clone();
    let room = format!("order:{}", text(&order["id"]));
    phone.join(&room).await;
    phone.join(&menu.menu()).await;
    for action in ["accept", "ready", "serve"] {
        mina.act(&order["id"], action).await;
    }
    let dish = text(&menu.dish("Firni")["id"]).to_owned();
    let path = format!("/api/v1/restaurants/demo/menu/items/{dish}/availability");
    mina.put(&path, &json!({"available": false})).await.expect(200);
    let last = mina.act(&order["id"], "recall").await["position"].as_u64().unwrap();
    phone.see(&room, last).await;
    phone.see(&menu.menu(), last - 1).await;
    let shared = guest.post(&format!("/api/v1/orders/{}/share", text(&order["id"])), &json!({})).await.expect(200);
    let friend = Client::new(&server.base, text(&shared["token"]));
    let late = guest.screen().await.join(&room).await.frames.clone();

    let both = format!("{room},{}", menu.menu());
    let mut told = vec![
        json!([own, phone.room(&room).frames, phone.room(&menu.menu()).frames, phone.others, late]).to_string(),
        guest.order(&order["id"]).await.to_string(),
        guest.get("/api/v1/diner-sessions/current").await.expect(200).to_string(),
        guest.command(&order["id"], "call_waiter", json!({"reason": "bill"})).await.expect(200).to_string(),
    ];
    for reader in [&guest, &friend] {
        told.push(poll(reader, &room, "since=0").await);
        told.push(poll(reader, &room, "").await);
        told.push(stream(reader, &room, "since=0", "live").await);
    }
    told.push(poll(&guest, &both, "since=1,1").await);
    told.push(stream(&guest, &both, "since=1,1", "live").await);
    for told in &told {
        assert!(!told.contains("person") && !told.contains("mina") && !told.contains(text(&id)), "{told}");
    }
    assert!(told.iter().filter(|told| told.contains("order.served")).count() >= 6, "the guests saw what she did: {told:?}");
}

/// The story names the demo's kitchen, which is paired as a screen, and marks the steps that the kitchen undid.
#[tokio::test]
async fn a_story_names_the_person_and_the_screen_and_marks_undone_steps() {
    let server = TestServer::start(&[]).await;
    let (mina, id) = mina(&server).await;
    let pairing = server.anybody().post("/api/v1/devices/pairings", &json!({})).await.expect(200);
    let approval = format!("/api/v1/devices/pairings/{}/approval", text(&pairing["user_code"]));
    let device = mina.post(&approval, &json!({"name": "Hot line, left"})).await;
    let device = device.json();
    let code = json!({"device_code": pairing["device_code"]});
    let cook = server.anybody().post("/api/v1/devices/token", &code).await.expect(200);
    let cook = Client::new(&server.base, text(&cook["access_token"]));

    let guest = server.diner("7").await;
    let menu = Menu::read(&guest).await;
    let order = guest.place(&json!({"service": "dine_in", "items": [menu.line("Beef rezala", 1)]})).await;
    let item = order["items"].as_object().unwrap().keys().next().unwrap().clone();
    mina.act(&order["id"], "accept").await;
    cook.command(&order["id"], "finish_item", json!({"item": item})).await.expect(200);
    mina.command(&order["id"], "recall_item", json!({"item": item})).await.expect(200);
    mina.command(&order["id"], "void_item", json!({"item": item, "reason": "out_of_stock"})).await.expect(200);

    let address = format!("/api/v1/orders/{}/story", text(&order["id"]));
    let story = server.client(&["manager"]).await.get(&address).await.expect(200);
    let events = story["events"].as_array().unwrap();
    let told: Vec<_> = events.iter().map(|event| (text(&event["kind"]), &event["by"])).collect();
    let by_mina = json!({"role": "staff", "person": {"id": id, "name": "mina"}});
    let by_cook = json!({"role": "kitchen", "screen": {"id": device["id"], "name": "Hot line, left"}});
    let expected = [
        ("order.placed", &json!({"role": "diner"})),
        ("order.accepted", &by_mina),
        ("item.finished", &by_cook),
        ("order.ready", &by_cook),
        ("item.recalled", &by_mina),
        ("order.recalled", &by_mina),
        ("item.voided", &by_mina),
        ("order.cancelled", &by_mina),
    ];
    assert_eq!(told, expected);
    let undone: Vec<_> = events.iter().map(|event| event.get("undone_by")).collect();
    let recalled = |at: usize| Some(&events[at]["position"]);
    assert_eq!(undone, [None, None, recalled(4), recalled(5), None, None, None, None]);
    assert_eq!(
        (&events[6]["reason"], &events[6]["items"], &story["complete"]),
        (&json!("out_of_stock"), &json!([item]), &json!(true))
    );
    for reader in [&guest, &cook, &server.client(&["service"]).await] {
        reader.get(&address).await.problem(403, "forbidden");
    }
    mina.get(&format!("/api/v1/orders/{}/story", support::new_id())).await.problem(404, "not_found");
}

#[tokio::test]
async fn kitchen_and_floor_learn_the_person_live_and_later_on_every_transport() {
    let server = TestServer::start(&[]).await;
    let (mina, id) = mina(&server).await;
    let (pos, cook) = (server.client(&["service"]).await, server.kitchen("hot").await);
    let menu = Menu::read(&mina).await;
    let readers = [(&mina, menu.floor()), (&pos, menu.floor()), (&cook, menu.kitchen())];
    let mut screens = Vec::new();
    for (reader, room) in &readers {
        let mut screen = reader.screen().await;
        screen.join(room).await;
        screens.push(screen);
    }
    let order = server.diner("7").await.place(&menu.basket()).await;
    let last = mina.act(&order["id"], "accept").await["position"].as_u64().unwrap();
    let person = json!({"id": id, "name": "mina"});
    let by = json!({"role": "staff", "person": person});
    for (screen, (reader, room)) in screens.iter_mut().zip(&readers) {
        let live = screen.see(room, last).await.events.clone();
        assert_eq!(live.last().unwrap()["event"]["by"], by, "{room}");
        assert!(live.iter().any(|frame| frame["event"]["by"] == json!({"role": "diner"})), "{live:?}");
        let before = format!("since={}", last - 1);
        for told in [poll(reader, room, &before).await, stream(reader, room, &before, "live").await] {
            assert!(told.contains(&format!("\"person\":{person}")), "{told}");
        }
    }
    let accepted = server.client(&["staff"]).await.act(&order["id"], "ready").await["position"].as_u64().unwrap();
    let seen = screens[0].see(&menu.floor(), accepted).await;
    assert_eq!(seen.events.last().unwrap()["event"]["by"], json!({"role": "staff"}), "the token belongs to no signed-in person");
}
