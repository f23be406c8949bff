//! Hours, tickets and time zones over HTTP.

use orderbell::clock;
use orderbell::domain::values::time::Timestamp;
use serde_json::{Value, json};
use support::client::text;
use support::{Client, Menu, TestServer, new_id};

const BASE: &str = "/api/v1/restaurants/demo";

/// Returns hours of one minute that began two hours ago, on every day, in UTC.
fn just_over() -> Value {
    let minutes = clock::now().millis() / 60_000 - 120;
    let time = |minutes: i64| format!("{:02}:{:02}", minutes / 60 % 24, minutes % 60);
    let days = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
    json!([{"days": days, "from": time(minutes), "until": time(minutes + 1)}])
}

async fn set(manager: &Client, body: Value) -> Value {
    manager.put(&format!("{BASE}/hours"), &body).await.expect(200)["document"].clone()
}

#[tokio::test]
async fn outside_opening_hours_only_staff_can_order_and_the_menu_says_when_guests_can() {
    let server = TestServer::start(&[]).await;
    let (manager, staff, guest) = (server.manager().await, server.staff().await, server.diner("7").await);
    let menu = Menu::read(&staff).await;
    let mut screen = guest.screen().await;
    screen.join(&menu.menu()).await;

    let early = guest.place(&menu.basket()).await;
    let (item, placed) = early["items"].as_object().unwrap().iter().next().unwrap();
    let more = |quantity: u64| json!({"item": item, "line": {"menu_item": placed["menu_item"], "quantity": quantity}});
    let document = set(&manager, json!({"time_zone": "UTC", "hours": just_over()})).await;
    let opens_at = document["opening"]["until"].clone();
    assert_eq!(document["opening"]["open"], false);
    let ahead = serde_json::from_value::<Timestamp>(opens_at.clone()).unwrap().since(clock::now()).as_secs();
    assert!((21 * 3600..23 * 3600).contains(&ahead), "it opens in 22 hours: {ahead} s");
    let heard = screen.until("the hours", |frame| frame["event"]["kind"] == "menu.changed").await;
    assert_eq!(heard["event"]["patch"]["opening"]["until"], opens_at, "open pages are notified");
    let refused = Client::send(guest.placing(&new_id(), &menu.basket())).await.problem(409, "paused");
    assert_eq!((text(&refused["reason"]), &refused["document"]), ("closed", &json!({"opens_at": opens_at})));
    let refused = screen.ask(json!({"type": "place", "order": menu.basket()})).await;
    assert_eq!((text(&refused["code"]), text(&refused["reason"])), ("paused", "closed"), "and over WebSocket");
    let portions = placed["quantity"].as_u64().unwrap();
    let refused = guest.command(&early["id"], "change_item", more(portions + 1)).await.problem(409, "paused");
    assert_eq!(text(&refused["reason"]), "closed", "more portions count as a new order");
    staff.command(&early["id"], "change_item", more(portions + 1)).await.expect(200);
    staff.place(&menu.basket()).await;

    let category = text(&menu.dish("Firni")["category"]).to_owned();
    let document = set(&manager, json!({"time_zone": "UTC", "categories": {category.clone(): just_over()}})).await;
    assert_eq!((&document["opening"], &document["categories"][&category]["opening"]["open"]), (&Value::Null, &json!(false)));
    let sweet = json!({"service": "dine_in", "items": [menu.line("Firni", 1)]});
    let refused = Client::send(guest.placing(&new_id(), &sweet)).await.problem(409, "paused");
    assert_eq!((text(&refused["reason"]), &refused["document"]["category"]), ("category_closed", &json!(category)));
    guest.place(&json!({"service": "dine_in", "items": [menu.line("Beef rezala", 1)]})).await;
    staff.place(&sweet).await;

    staff.put(&format!("{BASE}/hours"), &json!({"time_zone": "UTC"})).await.problem(403, "forbidden");
    for wrong in [
        json!({}),
        json!({"time_zone": "Mars/Olympus"}),
        json!({"time_zone": "UTC", "hours": [{"days": [], "from": "1:00", "until": "x"}]}),
    ] {
        manager.put(&format!("{BASE}/hours"), &wrong).await.problem(422, "invalid");
    }
}

#[tokio::test]
async fn each_order_has_a_ticket_of_its_series_and_reports_are_of_the_restaurants_day() {
    let server = TestServer::start(&[]).await;
    let (manager, staff) = (server.manager().await, server.staff().await);
    let menu = Menu::read(&staff).await;
    let mut tickets = Vec::new();
    for service in ["dine_in", "takeaway", "dine_in", "delivery"] {
        let order = staff.place(&json!({"service": service, "items": [menu.line("Firni", 1)]})).await;
        tickets.push(text(&order["ticket"]).to_owned());
    }
    assert_eq!(tickets, ["A1", "T1", "A2", "D1"]);

    assert_eq!(server.anybody().get(BASE).await.expect(200)["time_zone"], Value::Null);
    set(&manager, json!({"time_zone": "asia/dhaka"})).await;
    assert_eq!(server.anybody().get(BASE).await.expect(200)["time_zone"], "Asia/Dhaka");
    let report = manager.get(&format!("{BASE}/reports/day?date=2026-03-29")).await.expect(200);
    assert_eq!(report["begins_at"], "2026-03-28T18:00:00.000Z");
    let given = manager.get(&format!("{BASE}/reports/day?date=2026-03-29&offset=60&end_offset=120")).await.expect(200);
    assert_eq!(given["begins_at"], "2026-03-28T23:00:00.000Z", "an offset, as older pages send");
    manager.get(&format!("{BASE}/reports/day?date=2026-03-29&end_offset=120")).await.problem(422, "invalid");
}

#[tokio::test]
async fn tickets_and_hours_wait_for_their_feature_level() {
    let server = TestServer::start(&["--feature-level", "1"]).await;
    let (manager, staff) = (server.manager().await, server.staff().await);
    let menu = Menu::read(&staff).await;
    assert_eq!(staff.place(&menu.basket()).await["ticket"], Value::Null);
    manager.put(&format!("{BASE}/hours"), &json!({"time_zone": "UTC"})).await.problem(422, "invalid");
}
