//! The guest's pages on a phone.

use crate::browser::Browser;
use crate::restaurant::TestRestaurant;
use serde_json::json;
use support::client::text;
use support::proxy::Network;

#[tokio::test]
async fn the_guests_pages_are_accessible() {
    let restaurant = TestRestaurant::open(1, &[]).await;
    let phone = restaurant.phone(7).await;
    phone.inspect("table-menu").await;
    choosing(&restaurant, &phone).await;
    let order = following(&restaurant, &phone).await;
    ended(&restaurant, &phone, &order).await;
    closed(&restaurant, &phone).await;
}

/// Walks from the menu to the basket.
async fn choosing(restaurant: &TestRestaurant, phone: &Browser) {
    let dish = text(&restaurant.menu.dish("Kacchi biryani")["id"]);
    phone.tap(&format!("[data-menu-item='{dish}'] [data-do='options']")).await;
    phone.tap("dialog[open] [data-option]").await;
    phone.write("#choice-note", "nut allergy").await;
    phone.inspect("table-options").await;
    phone.tap("dialog[open] [data-do='add-choice']").await;
    phone.add(restaurant.menu.dish("Borhani")).await;
    phone.tap("[data-action='basket']").await;
    phone.sees("[data-action='place']").await;
    phone.inspect("table-basket").await;
    phone.tap("[data-action='place']").await;
}

/// Shows an order in progress, on the table's page and on its own.
async fn following(restaurant: &TestRestaurant, phone: &Browser) -> String {
    let order = phone.only_order().await;
    phone.shows(&order, "placed").await;
    phone.inspect("table-placed").await;
    restaurant.staff.act(&json!(order), "accept").await;
    let item = restaurant.item(&order, "Borhani").await;
    restaurant.staff.command(&json!(order), "finish_item", json!({"item": item})).await.expect(200);
    phone.goto(&format!("/orders/{order}")).await;
    phone.shows_item(&order, &item, "done").await;
    phone.is("live").await;
    phone.inspect("order-preparing").await;
    phone.tap("#call").await;
    phone.sees("#call-sheet[open]").await;
    phone.inspect("order-call").await;
    phone.tap("#call-sheet [data-do='close']").await;
    phone.ask("Object.defineProperty(navigator, 'share', { value: undefined })", vec![]).await;
    phone.tap("[data-do='share']").await;
    phone.sees("#share-link").await;
    phone.inspect("order-share").await;
    phone.tap("dialog[open] [data-do='close']").await;
    phone.tap("[data-language='bn']").await;
    phone.until("Bengali", "return document.documentElement.lang === 'bn'", vec![]).await;
    phone.inspect("order-bengali").await;
    phone.network.set(Network::Cut);
    phone.is("offline").await;
    phone.inspect("order-offline").await;
    phone.tap("[data-language='en']").await;
    phone.network.set(Network::Fine);
    phone.is("live").await;
    order
}

/// Shows orders that ended well and badly.
async fn ended(restaurant: &TestRestaurant, phone: &Browser, order: &str) {
    restaurant.staff.act(&json!(order), "ready").await;
    phone.shows(order, "ready").await;
    phone.inspect("order-ready").await;
    restaurant.staff.act(&json!(order), "serve").await;
    phone.shows(order, "served").await;
    phone.inspect("order-served").await;
    phone.goto("/t/demo-table-7").await;
    phone.is("live").await;
    phone.add(restaurant.menu.dish("Masala cha")).await;
    phone.place().await;
    phone.until("a second order", "return document.querySelectorAll('[data-order]').length === 2", vec![]).await;
    let second = phone.orders().await.into_iter().find(|id| id != order).unwrap();
    let why = json!({"reason": "kitchen_closed", "detail": "We closed at ten."});
    restaurant.staff.command(&json!(second), "reject", why).await.expect(200);
    phone.shows(&second, "rejected").await;
    phone.goto(&format!("/orders/{second}")).await;
    phone.shows(&second, "rejected").await;
    phone.inspect("order-rejected").await;
}

/// Shows a restaurant that takes no orders, and addresses that do not exist.
async fn closed(restaurant: &TestRestaurant, phone: &Browser) {
    restaurant.staff.put("/api/v1/restaurants/demo/pause", &json!({"paused": true})).await;
    let dish = text(&restaurant.menu.dish("Firni")["id"]);
    let path = format!("/api/v1/restaurants/demo/menu/items/{dish}/availability");
    restaurant.staff.put(&path, &json!({"available": false})).await;
    phone.goto("/t/demo-table-7").await;
    phone.sees("#paused").await;
    phone.sees(&format!("[data-menu-item='{dish}'] [data-action='add']:disabled")).await;
    phone.inspect("table-paused").await;
    for (path, scene) in
        [("/t/no-such-table", "table-unknown"), ("/orders/01890000-0000-7000-8000-000000000000", "order-unknown")]
    {
        phone.goto(path).await;
        phone.is("stopped").await;
        phone.inspect(scene).await;
    }
}
