//! What a guest agrees to: prices that change while a basket is open or the phone is offline, and declared allergies.

use crate::browser::Browser;
use crate::restaurant::TestRestaurant;
use serde_json::{Value, json};
use support::Client;
use support::client::text;
use support::menu;
use support::proxy::Network;

/// Returns the text of the first matching element, once it is not empty.
const WORDS: &str = "return document.querySelector(arguments[0])?.innerText || null";

async fn reprice(restaurant: &TestRestaurant, dish: &str, amount: i64) {
    menu::reprice(&restaurant.server.client(&["manager"]).await, dish, amount).await;
}

async fn orders(client: &Client) -> Vec<Value> {
    client.get("/api/v1/restaurants/demo/orders?status=all").await.expect(200)["orders"].as_array().unwrap().clone()
}

async fn reads(phone: &Browser, selector: &str, what: &str) -> String {
    phone.until(what, WORDS, vec![selector.into()]).await.as_str().unwrap().to_owned()
}

/// A price changes while the basket is open: the basket shows both prices and asks before it orders.
#[tokio::test]
async fn a_price_that_rises_while_the_basket_is_open_is_shown_and_needs_consent() {
    let restaurant = TestRestaurant::open(1, &[]).await;
    let phone = restaurant.phone(2).await;
    phone.add(restaurant.menu.dish("Firni")).await;
    phone.tap("[data-action='basket']").await;
    phone.sees("[data-action='place']").await;
    reprice(&restaurant, "Firni", 99_000).await;
    let line = reads(&phone, ".line__gone", "the line says that its price has changed").await;
    let banner = reads(&phone, ".basket__foot .banner", "the basket says both totals").await;
    assert!(line.contains("price") && banner.contains("990"), "{line} / {banner}");
    phone.inspect("basket-price").await;
    phone.tap("[data-action='place']").await;
    let asked = "return /once more/.test(document.querySelector('.basket__foot .banner')?.innerText)";
    phone.until("the question for consent", asked, vec![]).await;
    assert_eq!(orders(&restaurant.staff).await.len(), 0, "no order was placed at the new price");
    phone.tap("[data-action='place']").await;
    phone.only_order().await;
    assert_eq!(orders(&restaurant.staff).await[0]["total"]["amount"], 99_000);
}

/// With the basket closed, the basket bar shows what keeps the guest from ordering.
#[tokio::test]
async fn the_bar_of_a_closed_basket_shows_its_problems() {
    let restaurant = TestRestaurant::open(1, &[]).await;
    let phone = restaurant.phone(2).await;
    phone.add(restaurant.menu.dish("Firni")).await;
    phone.sees("#basket-button").await;
    reprice(&restaurant, "Firni", 99_000).await;
    let notice = reads(&phone, "#basket-notice .banner", "the bar says both totals").await;
    assert!(notice.contains("130") && notice.contains("990"), "{notice}");
    let in_sight = "const { top, bottom } = document.querySelector('#basket-notice .banner').getBoundingClientRect();
        return top >= 0 && bottom <= innerHeight && document.querySelector('#basket-notice').getAttribute('role') === 'alert'";
    phone.until("it is in the window, and announced", in_sight, vec![]).await;
    phone.inspect("table-price-raised").await;
    let dish = text(&restaurant.menu.dish("Firni")["id"]);
    let path = format!("/api/v1/restaurants/demo/menu/items/{dish}/availability");
    restaurant.staff.put(&path, &json!({"available": false})).await.expect(200);
    let sold_out = "return document.querySelector('#basket-notice').innerText.includes('Sold out: Firni')";
    phone.until("what sold out", sold_out, vec![]).await;
    restaurant.staff.put(&path, &json!({"available": true})).await.expect(200);
    phone.place().await;
    phone.tap("[data-action='place']").await;
    phone.only_order().await;
    phone.until("no notice", "return document.querySelector('#basket-notice').childElementCount === 0", vec![]).await;
}

/// A rejected or cancelled order shows no amount to pay, on any page.
#[tokio::test]
async fn an_order_that_is_not_served_costs_nothing_on_any_page() {
    let restaurant = TestRestaurant::open(2, &[]).await;
    let (phone, floor) = (restaurant.phone(2).await, restaurant.floor().await);
    phone.add(restaurant.menu.dish("Firni")).await;
    phone.place().await;
    let order = phone.only_order().await;
    phone.goto(&format!("/orders/{order}")).await;
    let total = "return document.querySelector('[data-order] .order__total')?.innerText";
    let due = phone.until("the total", total, vec![]).await;
    assert!(due.as_str().unwrap().contains("Total"), "{due}");
    let why = json!({"reason": "too_busy"});
    restaurant.staff.command(&json!(order), "reject", why).await.expect(200);
    for page in [&phone, &floor] {
        page.shows(&order, "rejected").await;
        let struck = "const total = document.querySelector('[data-order] .order__total');
            return total?.innerText.includes('Nothing to pay') && total.querySelector('s')?.innerText.includes('130')
              && !total.innerText.includes('Total')";
        page.until("nothing to pay", struck, vec![]).await;
    }
    phone.tap("[data-language='bn']").await;
    let bengali = "return document.querySelector('.order__total').innerText.includes('কিছু দিতে হবে না')";
    phone.until("nothing to pay, in Bengali", bengali, vec![]).await;
}

/// The price rises before an order made offline is sent: the order is placed only when the guest agrees to the new total.
#[tokio::test]
async fn an_order_made_offline_is_not_placed_at_a_changed_price_without_consent() {
    let restaurant = TestRestaurant::open(1, &[]).await;
    let phone = restaurant.phone(3).await;
    phone.add(restaurant.menu.dish("Firni")).await;
    phone.network.set(Network::Cut);
    phone.is("offline").await;
    phone.tap("[data-action='basket']").await;
    phone.tap("[data-action='place']").await;
    reprice(&restaurant, "Firni", 99_000).await;
    phone.network.set(Network::Fine);
    let asked = "return /once more/.test(document.querySelector('#basket-sheet[open] .basket__foot .banner')?.innerText)";
    phone.until("both figures", asked, vec![]).await;
    assert_eq!(orders(&restaurant.staff).await.len(), 0);
    phone.tap("[data-action='place']").await;
    phone.only_order().await;
    assert_eq!(orders(&restaurant.staff).await[0]["total"]["amount"], 99_000);
}

/// A note that mentions an allergy makes the page ask. A ticked allergen is a field of its own, highlighted in the kitchen.
#[tokio::test]
async fn the_page_asks_about_a_note_that_sounds_like_an_allergy() {
    let restaurant = TestRestaurant::open(1, &[]).await;
    let phone = restaurant.phone(4).await;
    let dish = text(&restaurant.menu.dish("Kacchi biryani")["id"]);
    phone.tap(&format!("[data-menu-item='{dish}'] [data-do='options']")).await;
    phone.write("#choice-note", "peanuts make me very ill").await;
    phone.sees("#choice-sheet .allergy-ask").await;
    phone.inspect("choice-allergy").await;
    phone.tap("#choice-sheet [data-do='allergy-yes']").await;
    let ticked = "return document.querySelector(arguments[0])?.checked === true";
    phone.until("the box is ticked", ticked, vec!["#choice-sheet [data-field='allergy']".into()]).await;
    phone.tap("dialog[open] [data-do='add-choice']").await;
    phone.tap("[data-action='basket']").await;
    phone.until("it is ticked in the basket", ticked, vec!["#basket-sheet .line [data-field='allergy']".into()]).await;
    phone.write("#order-note", "no nuts").await;
    phone.sees("#basket-sheet .allergy-ask").await;
    phone.tap("#basket-sheet [data-do='allergy-no']").await;
    phone.inspect("basket-allergy").await;
    phone.tap("[data-action='place']").await;
    phone.only_order().await;
    let order = orders(&restaurant.staff).await.remove(0);
    let item = order["items"].as_object().unwrap().values().next().unwrap();
    assert_eq!((&item["allergy"], order.get("allergy")), (&json!(true), None));
}
