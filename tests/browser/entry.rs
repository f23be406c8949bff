//! A waiter enters orders: by keyboard alone, with a thumb, and without a network.

use crate::browser::Browser;
use crate::courses::with_courses;
use crate::driver::Form;
use crate::restaurant::{TestRestaurant, sign_in};
use fantoccini::key::Key;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use support::client::text;
use support::proxy::Network;

/// The most taps for an order of six lines in two courses, two of them with an option, and one in another course than usual.
const MOST_TAPS: usize = 12;
/// The most strokes for such an order: twenty seconds at 0.28 s each, the speed of people who are no typists.
const MOST_STROKES: usize = 71;
const DISHES: [&str; 6] = ["Beef rezala", "Kacchi biryani", "Shingara", "Borhani", "Lemon soda", "Firni"];
const FOCUSED: &str = "return document.activeElement.matches(arguments[0])";

async fn waiter(restaurant: &TestRestaurant, form: Form) -> Browser {
    let floor = restaurant.browser("the waiter", form).await;
    floor.goto("/staff").await;
    sign_in(&floor, "staff").await;
    floor
}

fn tile(restaurant: &TestRestaurant, dish: &str) -> String {
    format!("[data-dish='{}']", text(&restaurant.menu.dish(dish)["id"]))
}

/// Makes starters and mains courses, of which the second is held.
async fn serve_courses(restaurant: &TestRestaurant) {
    with_courses(restaurant, [("Shingara", 1, "Starters"), ("Beef rezala", 2, "Mains")]).await;
    restaurant.staff.put("/api/v1/restaurants/demo/firing", &json!({"firing": "by_hand"})).await.expect(200);
}

/// Returns the dishes of an order's held course.
fn held(order: &Value) -> BTreeSet<&str> {
    let items = order["items"].as_object().unwrap().values();
    let held = items.filter(|item| item["held"] == true);
    held.map(|item| {
        assert_eq!(item["course"]["name"], "Mains");
        text(&item["name"])
    })
    .collect()
}

/// Waits for the only order and returns it once it has a status.
async fn order_with(restaurant: &TestRestaurant, status: &str) -> Value {
    support::eventually(&format!("an order, {status}"), support::PATIENCE, || async {
        let orders = restaurant.orders().await;
        assert!(orders.len() < 2, "{orders:?}");
        orders.into_iter().find(|order| order["status"] == status)
    })
    .await
}

/// Returns the lines of an order as `2 Beef rezala extra spicy`, by dish.
fn lines(order: &Value) -> Vec<String> {
    let items = order["items"].as_object().unwrap().values();
    let mut lines: Vec<_> = items
        .map(|item| {
            let options = item["options"].as_array().into_iter().flatten().map(|option| format!(" {}", text(option)));
            format!("{} {}{}", item["quantity"], text(&item["name"]), options.collect::<String>())
        })
        .collect();
    lines.sort();
    lines
}

#[tokio::test]
async fn a_waiter_enters_six_lines_with_options_and_two_courses_in_twelve_taps() {
    let restaurant = TestRestaurant::open(1, &[]).await;
    serve_courses(&restaurant).await;
    let floor = waiter(&restaurant, Form::Phone).await;
    let before = floor.taps();
    floor.tap("[data-do='new-order']").await;
    floor.tap("[data-place-table='4']").await;
    for dish in DISHES {
        floor.tap(&tile(&restaurant, dish)).await;
        if dish == "Beef rezala" || dish == "Lemon soda" {
            floor.tap(".entry__line[data-open] [data-option]").await;
        }
        if dish == "Borhani" {
            floor.tap(".entry__line[data-open] [data-course='2']").await;
        }
    }
    floor.inspect("staff-entry").await;
    floor.tap("[data-do='entry-send']").await;
    assert!(floor.taps() - before <= MOST_TAPS, "{} taps", floor.taps() - before);
    // The kitchen has it: nobody needs to accept what a waiter has entered.
    let order = order_with(&restaurant, "accepted").await;
    assert_eq!((&order["table"], &order["service"], order.get("diner")), (&json!("4"), &json!("dine_in"), None));
    let lines = lines(&order);
    assert_eq!(lines.len(), 6, "{lines:?}");
    assert!(lines.iter().any(|line| line.starts_with("1 Beef rezala ")), "{lines:?}");
    assert!(lines.iter().any(|line| line.starts_with("1 Lemon soda ")), "{lines:?}");
    let courses: BTreeSet<_> =
        order["items"].as_object().unwrap().values().filter_map(|item| item["course"]["number"].as_u64()).collect();
    assert_eq!(courses, BTreeSet::from([1, 2]));
    assert!(held(&order).is_superset(&BTreeSet::from(["Beef rezala", "Borhani"])), "{order}");
    floor.shows(text(&order["id"]), "accepted").await;
    let visits = restaurant.staff.get("/api/v1/restaurants/demo/visits").await.expect(200);
    assert_eq!(visits["visits"][0]["table"], "4", "the order has begun the table's visit");
    floor.has_no_complaint().await;
}

#[tokio::test]
async fn a_takeaway_of_six_lines_with_an_option_and_two_courses_is_entered_by_keyboard_alone() {
    let restaurant = TestRestaurant::open(2, &[]).await;
    serve_courses(&restaurant).await;
    let (floor, kitchen) = tokio::join!(waiter(&restaurant, Form::Wall), restaurant.kitchen("the expo", None));
    let focused = async |selector: &str| floor.until(selector, FOCUSED, vec![selector.into()]).await;
    floor
        .ask(
            "window.dispatchEvent(new KeyboardEvent('keydown', { key: 'n', code: 'KeyN', altKey: true, cancelable: true }))",
            vec![],
        )
        .await;
    focused("#entry-where").await;
    floor.inspect("staff-entry-place").await;
    floor.type_in("Anna").await;
    floor.strike(Key::Enter).await;
    focused("#entry-find").await;
    // Alt and N, the name and Enter, Ctrl and Enter.
    let mut strokes = 2 + "Anna".len() + 1 + 2;
    // By letters, by number, several at once, and an option and the course of the last dish.
    for typed in ["rez", "+spi", "2x 5", "/1", "sh il", "3x cha", "raita", "Mishti"] {
        strokes += typed.len() + 1;
        floor.type_in(typed).await;
        floor.strike(Key::Enter).await;
        assert_eq!(floor.ask(FOCUSED, vec!["#entry-find".into()]).await, true, "after {typed}");
        let empty = "return document.querySelector('#entry-find').value === ''";
        floor.until(&format!("{typed} done"), empty, vec![]).await;
    }
    floor.inspect("staff-entry-lines").await;
    let send = "document.activeElement.dispatchEvent(new KeyboardEvent('keydown', { key: 'Enter', ctrlKey: true, bubbles: true, cancelable: true }))";
    floor.ask(send, vec![]).await;
    let order = order_with(&restaurant, "accepted").await;
    assert!(strokes <= MOST_STROKES, "{strokes} strokes");
    assert!(held(&order).contains("Beef rezala") && !held(&order).contains("Kacchi biryani"), "{order}");
    assert_eq!((&order["guest_name"], &order["service"], order.get("table")), (&json!("Anna"), &json!("takeaway"), None));
    let wanted =
        ["1 Beef rezala extra spicy", "1 Cucumber raita", "1 Mishti doi", "1 Shorshe ilish", "2 Kacchi biryani", "3 Masala cha"];
    assert_eq!(lines(&order), wanted);
    let id = text(&order["id"]);
    let said = "return document.querySelector(`[data-order='${arguments[0]}']`)?.innerText.includes('Anna')";
    for screen in [&floor, &kitchen] {
        screen.shows(id, "accepted").await;
        screen.until("the name", said, vec![id.into()]).await;
        screen.has_no_complaint().await;
    }
    assert_eq!(floor.ask("return document.querySelector('#entry').open", vec![]).await, false);
}

/// Without a network the order waits on the page while the waiter serves the next table. A refusal shows its reason.
#[tokio::test]
async fn an_order_entered_offline_is_sent_once_or_shows_why_it_was_refused() {
    let restaurant = TestRestaurant::open(1, &[]).await;
    let floor = waiter(&restaurant, Form::Phone).await;
    // The tables are known from before the outage.
    floor.tap("[data-tab='tables']").await;
    floor.sees(".free [data-for-table='5']").await;
    floor.network.set(Network::Cut);
    floor.is("offline").await;
    for (table, dish) in [("4", "Beef rezala"), ("5", "Firni")] {
        floor.tap(&format!(".free [data-for-table='{table}']")).await;
        floor.tap(&tile(&restaurant, dish)).await;
        floor.tap("[data-do='entry-send']").await;
        let waits = "return [...document.querySelectorAll('[data-unsent][data-sending]')].some((one) => one.innerText.includes(arguments[0]))";
        floor.until("it waits", waits, vec![format!("Table {table}").into()]).await;
    }
    floor.inspect("staff-unsent").await;
    floor.reload().await;
    floor.until("both wait", "return document.querySelectorAll('[data-unsent][data-sending]').length === 2", vec![]).await;
    let firni = text(&restaurant.menu.dish("Firni")["id"]).to_owned();
    let off = format!("/api/v1/restaurants/demo/menu/items/{firni}/availability");
    restaurant.staff.put(&off, &json!({"available": false})).await.expect(200);
    floor.network.set(Network::Fine);
    floor.is("live").await;
    let order = order_with(&restaurant, "accepted").await;
    assert_eq!(order["table"], "4");
    let refused = "return document.querySelector('[data-unsent][data-tone=bad]')?.innerText ?? null";
    let words = floor.until("the refusal", refused, vec![]).await;
    assert!(text(&words).contains("Table 5") && text(&words).contains("Sold out: Firni"), "{words}");
    floor.inspect("staff-refused").await;
    floor.tap("[data-do='entry-open']").await;
    floor.tap("[data-do='line-remove']").await;
    floor.tap(&tile(&restaurant, "Rasmalai")).await;
    floor.tap("[data-do='entry-send']").await;
    let both = || async { (restaurant.orders().await.len() == 2).then_some(()) };
    support::eventually("the second order", support::PATIENCE, both).await;
    floor.until("nothing unsent", "return document.querySelector('#unsent').hidden", vec![]).await;
}

/// The waiter agrees to a raised price before the order is sent. A begun order stays when the dialog is closed.
#[tokio::test]
async fn an_entered_order_stays_until_it_is_discarded_on_purpose() {
    let restaurant = TestRestaurant::open(1, &[]).await;
    let floor = waiter(&restaurant, Form::Wall).await;
    floor.tap("[data-do='new-order']").await;
    floor.tap("[data-place-table='7']").await;
    floor.tap(&tile(&restaurant, "Firni")).await;
    floor.write(".entry__words", "no nuts please").await;
    floor.sees(".allergy-ask").await;
    floor.tap(".entry__line [data-do='allergy-yes']").await;
    floor.strike(Key::Escape).await;
    floor.sees("[data-unsent]").await;
    floor.reload().await;
    floor.tap("[data-do='entry-open']").await;
    let words = "return document.querySelector('.entry__words')?.value ?? null";
    assert_eq!(floor.until("the note", words, vec![]).await, "no nuts please");
    floor.tap("[data-do='entry-move']").await;
    floor.tap("[data-place-table='8']").await;
    floor.tap("[data-do='entry-discard']").await;
    floor.sees(".entry__discard").await;
    floor.tap("[data-do='entry-send']").await;
    let order = order_with(&restaurant, "accepted").await;
    let line = order["items"].as_object().unwrap().values().next().unwrap();
    assert_eq!((&order["table"], &line["note"], &line["allergy"]), (&json!("8"), &json!("no nuts please"), &json!(true)));
    floor.tap("[data-do='new-order']").await;
    floor.tap("[data-place-table='9']").await;
    floor.tap(&tile(&restaurant, "Firni")).await;
    floor.tap("[data-do='entry-discard']").await;
    floor.tap("[data-do='entry-discard']").await;
    floor
        .until(
            "nothing unsent",
            "return !document.querySelector('#entry').open && document.querySelector('#unsent').hidden",
            vec![],
        )
        .await;
    assert_eq!(restaurant.orders().await.len(), 1);
    floor.has_no_complaint().await;
}
