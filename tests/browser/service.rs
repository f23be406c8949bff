//! Takeaways and deliveries show their service wherever they appear.

use crate::browser::Browser;
use crate::driver::Form;
use crate::restaurant::TestRestaurant;
use serde_json::{Value, json};
use support::client::text;

/// Returns the service text of the matching element, and whether it is in a block of its own colour with an icon.
const SAID: &str = "const place = document.querySelector(arguments[0]);
    const said = place?.querySelector('.service');
    if (!said?.checkVisibility() || (arguments[1] && said.innerText.trim() !== arguments[1])) return null;
    const colour = getComputedStyle(said).backgroundColor;
    return [said.innerText.trim(), Boolean(said.querySelector('svg')) && colour !== getComputedStyle(place).backgroundColor && !/, 0\\)$/.test(colour)]";

impl Browser {
    /// Waits until the matching element shows a service.
    async fn says(&self, selector: &str, word: &str) {
        let said = self.until(&format!("{word} in {selector}"), SAID, vec![selector.into(), word.into()]).await;
        assert_eq!(said, json!([word, true]), "{}: {selector}", self.name);
    }

    async fn says_none(&self, selector: &str) {
        self.sees(selector).await;
        assert_eq!(self.ask(SAID, vec![selector.into()]).await, Value::Null, "{}: {selector}", self.name);
    }
}

/// The phone, the kitchen's screens and lists, and the floor's orders and tables all show the service.
#[tokio::test]
async fn every_screen_shows_that_an_order_from_a_table_is_a_takeaway() {
    let restaurant = TestRestaurant::open(3, &[]).await;
    let (phone, kitchen, floor) = tokio::join!(restaurant.phone(4), restaurant.kitchen("the expo", None), restaurant.floor());
    phone.add(restaurant.menu.dish("Firni")).await;
    phone.tap("[data-action='basket']").await;
    phone.tap("#basket [data-service='takeaway']").await;
    phone.tap("[data-action='place']").await;
    let order = phone.only_order().await;
    assert_eq!(restaurant.order(&order).await["service"], "takeaway");
    let card = format!("[data-order='{order}']");
    let eaten_here = restaurant.server.diner("5").await.place(&restaurant.menu.basket()).await["id"].clone();
    let other = format!("[data-order='{}']", text(&eaten_here));

    phone.says(&card, "Take away").await;
    kitchen.says(&format!("{card} .incoming__head"), "Takeaway").await;
    floor.says(&format!("{card} .order__head"), "Takeaway").await;
    for screen in [&kitchen, &floor] {
        screen.says_none(&other).await;
    }
    floor.write("#search", "4").await;
    floor.says(&format!("{card} .order__head"), "Takeaway").await;
    floor.inspect("staff-takeaway").await;
    floor.tap("[data-tab='tables']").await;
    floor.says(&card, "Takeaway").await;
    floor.inspect("staff-tables-takeaway").await;

    for id in [json!(order), eaten_here] {
        restaurant.staff.act(&id, "accept").await;
    }
    kitchen.tap("[data-do='all-day']").await;
    kitchen.says("#all-day", "Takeaway").await;
    kitchen.says(&format!("{card} .ticket__head"), "Takeaway").await;
    kitchen.inspect("kitchen-takeaway").await;
    restaurant.staff.act(&json!(order), "ready").await;
    kitchen.open_recall().await;
    kitchen.says(&format!("#recall {card}"), "Takeaway").await;

    on_its_own_page(&restaurant, &phone, &order).await;
    restaurant.staff.act(&json!(order), "serve").await;
    phone.goto("/t/demo-table-4").await;
    phone.says(&format!("details{card}"), "পার্সেল").await;
}

/// Checks the page of the order in both languages, and as a friend sees it.
async fn on_its_own_page(restaurant: &TestRestaurant, phone: &Browser, order: &str) {
    phone.goto(&format!("/orders/{order}")).await;
    phone.says(".track__head", "Take away").await;
    phone.until("where to get it", "return /counter/.test(document.querySelector('.track__promise').innerText)", vec![]).await;
    phone.tap("[data-language='bn']").await;
    phone.says(".track__head", "পার্সেল").await;
    phone.inspect("order-takeaway").await;
    let diner = phone.ask("return JSON.parse(localStorage['orderbell.diner.demo-table-4']).access_token", vec![]).await;
    let guest = support::Client::new(&restaurant.server.base, text(&diner));
    let link = guest.post(&format!("/api/v1/orders/{order}/share"), &json!({})).await.expect(200);
    let friend = restaurant.browser("the friend", Form::Phone).await;
    friend.goto(&format!("/orders/{order}#share={}", text(&link["token"]))).await;
    friend.says(".track__head", "Take away").await;
}

/// An order without a table shows its service once, in the table's place.
#[tokio::test]
async fn a_delivery_without_a_table_shows_its_service_once() {
    let restaurant = TestRestaurant::open(2, &[]).await;
    let (kitchen, floor) = tokio::join!(restaurant.kitchen("the expo", None), restaurant.floor());
    let order =
        restaurant.staff.place(&json!({"service": "delivery", "items": [restaurant.menu.line("Firni", 1)]})).await["id"].clone();
    let card = format!("[data-order='{}']", text(&order));
    kitchen.says(&format!("{card} .incoming__head"), "Delivery").await;
    restaurant.staff.act(&order, "accept").await;
    kitchen.says(&format!("{card} .ticket__place"), "Delivery").await;
    floor.says(&format!("{card} .order__place"), "Delivery").await;
    let place = "return document.querySelector(arguments[0]).innerText.trim() === 'Delivery'";
    kitchen.until("the word alone", place, vec![format!("{card} .ticket__place").into()]).await;
    floor.tap("[data-tab='tables']").await;
    floor.says(".table__head", "Delivery").await;
}

/// Fills the head of a card with the longest texts, and counts the lines of the order's number and of the table's.
const LINES: &str = "const head = document.querySelector(`${arguments[0]} .order__head`);
    if (!head) return null;
    const number = head.querySelector('.order__number').lastChild;
    number.nodeValue = 'A141';
    const age = head.querySelector('.age');
    age.querySelector('.age__time').textContent = '12:41';
    if (!age.querySelector('.age__word')) age.append(Object.assign(document.createElement('span'), { className: 'age__word', textContent: 'Hurry' }));
    const lines = (text, from) => {
      const range = document.createRange();
      range.setStart(text, from);
      range.setEnd(text, text.length);
      return new Set([...range.getClientRects()].map(({ top }) => Math.round(top))).size;
    };
    const table = head.querySelector('.order__place span').firstChild;
    return [lines(number, 0), lines(table, 'Table '.length), head.scrollWidth <= head.clientWidth]";

/// The numbers of an order and its table must be readable at a glance: neither wraps, however full the card's head is.
#[tokio::test]
async fn numbers_on_the_floor_never_break_over_two_lines() {
    let restaurant = TestRestaurant::open(1, &[]).await;
    let mut basket = restaurant.menu.basket();
    basket["service"] = "takeaway".into();
    let order = restaurant.server.diner("11").await.place(&basket).await["id"].clone();
    restaurant.staff.act(&order, "accept").await;
    restaurant.staff.act(&order, "ready").await;
    let floor = restaurant.floor().await;
    let card = format!("[data-order='{}'][data-status='ready']", text(&order));
    floor.says(&format!("{card} .order__head"), "Takeaway").await;
    assert_eq!(floor.ask(LINES, vec![card.as_str().into()]).await, json!([1, 1, true]));
    floor.inspect("staff-ready-takeaway").await;
}
