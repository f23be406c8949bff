//! Courses of an order, as clients see them on every transport.

use serde_json::{Value, json};
use support::{Client, Menu, TestServer, client::text};

const MENU: &str = "/api/v1/restaurants/demo/menu";

/// Makes the categories of two dishes the first and the second course.
async fn with_courses(server: &TestServer, dishes: [&str; 2]) {
    let manager = server.client(&["manager"]).await;
    let menu = manager.get(MENU).await.expect(200);
    let mut draft = json!({"categories": menu["categories"], "items": menu["items"]});
    for item in draft["items"].as_object_mut().unwrap().values_mut() {
        for name in ["available", "until"] {
            item.as_object_mut().unwrap().remove(name);
        }
    }
    for (at, dish) in dishes.iter().enumerate() {
        let items = menu["items"].as_object().unwrap();
        let category = text(&items.values().find(|item| item["name"] == *dish).unwrap()["category"]);
        let name = if at == 0 { "Mains" } else { "Sweets" };
        draft["categories"][category]["course"] = json!({"number": at + 1, "name": name});
    }
    let changed = manager.put(MENU, &draft).await.expect(200);
    assert!(changed["document"]["categories"].to_string().contains("Sweets"), "{changed}");
}

async fn fires(client: &Client, firing: &str) {
    client.put("/api/v1/restaurants/demo/firing", &json!({ "firing": firing })).await.expect(200);
}

fn line_of<'a>(document: &'a Value, dish: &str) -> (&'a String, &'a Value) {
    document["items"].as_object().unwrap().iter().find(|(_, item)| item["name"] == dish).unwrap()
}

#[tokio::test]
async fn the_second_course_is_held_until_the_first_is_served() {
    let server = TestServer::start(&[]).await;
    let (guest, cook, staff) = (server.diner("7").await, server.client(&["kitchen"]).await, server.staff().await);
    with_courses(&server, ["Beef rezala", "Firni"]).await;
    fires(&staff, "after_served").await;
    let menu = Menu::read(&guest).await;
    let items = json!([menu.line("Beef rezala", 1), menu.line("Firni", 1)]);
    let order = guest.place(&json!({"service": "dine_in", "items": items})).await;
    let (firni, line) = line_of(&order, "Firni");
    assert_eq!((&order["firing"], &line["held"], &line["course"]["number"]), (&json!("after_served"), &json!(true), &json!(2)));
    let (rezala, line) = line_of(&order, "Beef rezala");
    assert_eq!((line.get("held"), &line["course"]["name"]), (None, &json!("Mains")));

    staff.act(&order["id"], "accept").await;
    let mut kitchen = cook.screen().await;
    kitchen.join(&menu.kitchen()).await;
    let refused = kitchen.command(&order["id"], "start_item", json!({"item": firni})).await;
    assert_eq!(refused["code"], "invalid_transition", "{refused}");
    let bumped = kitchen.command(&order["id"], "ready", json!({})).await;
    assert_eq!(bumped["document"]["status"], "preparing", "a held dish keeps the order open: {bumped}");
    assert_eq!(line_of(&bumped["document"], "Firni").1["status"], "queued");

    cook.command(&order["id"], "serve_item", json!({"item": rezala})).await.problem(403, "forbidden");
    guest.command(&order["id"], "fire", json!({"course": 2})).await.problem(403, "forbidden");
    let served = staff.command(&order["id"], "serve", json!({"course": 1})).await.expect(200);
    let (_, line) = line_of(&served["document"], "Firni");
    assert_eq!((line.get("held"), line["fired_at"].is_string()), (None, true), "{served}");
    assert!(line_of(&served["document"], "Beef rezala").1["served_at"].is_string());
    let seen = kitchen.see(&menu.kitchen(), served["position"].as_u64().unwrap()).await;
    assert_eq!(seen.documents[text(&order["id"])], served["document"]);
    let again = staff.command(&order["id"], "fire", json!({"course": 2})).await.expect(200);
    assert_eq!(again["changed"], false, "nothing is fired twice");

    staff.act(&order["id"], "ready").await;
    let last = staff.command(&order["id"], "serve_item", json!({"item": firni})).await.expect(200);
    assert_eq!(last["document"]["status"], "served", "{last}");
}

#[tokio::test]
async fn courses_are_held_and_fired_by_hand() {
    let server = TestServer::start(&[]).await;
    let staff = server.staff().await;
    with_courses(&server, ["Beef rezala", "Firni"]).await;
    fires(&staff, "by_hand").await;
    let menu = Menu::read(&staff).await;
    let mut second = menu.line("Beef rezala", 1);
    second["course"] = json!(2);
    let items = json!([menu.line("Beef rezala", 1), second]);
    let order = staff.place(&json!({"service": "takeaway", "items": items})).await;
    let held = order["items"].as_object().unwrap().iter().find(|(_, item)| item["held"] == true);
    let (item, _) = held.unwrap_or_else(|| panic!("the chosen course is held: {order}"));
    staff.command(&order["id"], "fire", json!({"course": 3})).await.problem(404, "not_found");
    staff.command(&order["id"], "fire", json!({})).await.problem(422, "invalid");
    for (action, changed) in [("fire", true), ("fire", false), ("hold", true), ("hold", false), ("fire", true)] {
        let ack = staff.command(&order["id"], action, json!({"item": item})).await.expect(200);
        assert_eq!(ack["changed"], changed, "{action}");
    }
    let unknown = json!({"service": "takeaway", "items": [{"menu_item": menu.dish("Firni")["id"], "quantity": 1, "course": 9}]});
    Client::send(staff.placing(&support::new_id(), &unknown)).await.problem(422, "invalid");
}
