//! Which orders the staff's page has in sight, and which of them it reports as seen.

use crate::browser::Browser;
use crate::driver::Form;
use crate::restaurant::{TestRestaurant, sign_in};
use serde_json::{Value, json};
use support::client::text;

/// Returns the age on a card in seconds, during which the page could have reported the order as seen.
const SHOWN_FOR: &str = "const [minutes, seconds] = document.querySelector(`#desk [data-order='${arguments[0]}'] .age__time`)
    .textContent.split(':').map(Number);
    return minutes * 60 + seconds >= arguments[1]";

/// Scrolls to the top like a person who reads one card after the other.
const TO_THE_TOP: &str =
    "document.querySelector(`#desk [data-order='${arguments[0]}']`).scrollIntoView({ block: 'center', behavior: 'instant' })";

impl TestRestaurant {
    /// Places an order with the given number of lines at a table, and returns its id.
    async fn waiting(&self, table: u32, lines: usize) -> Value {
        let basket = json!({"service": "dine_in", "items": vec![self.menu.line("Fuchka", 1); lines]});
        self.server.diner(&table.to_string()).await.place(&basket).await["id"].clone()
    }

    async fn floor_has_seen(&self, order: &Value) -> bool {
        self.staff.get(&format!("/api/v1/orders/{}/receipt", text(order))).await.expect(200)["floor_seen"] == true
    }

    async fn becomes_seen(&self, order: &Value) {
        support::eventually("the order seen", support::PATIENCE, || async { self.floor_has_seen(order).await.then_some(()) })
            .await;
    }

    /// Asserts that an order on the page was not reported as seen, although the page had the time.
    async fn stays_unseen(&self, floor: &Browser, order: &Value) {
        floor.until("the order to be on the page for some seconds", SHOWN_FOR, vec![order.clone(), 4.into()]).await;
        assert!(!self.floor_has_seen(order).await, "{order} was never in sight");
    }
}

#[tokio::test]
async fn an_order_below_the_fold_is_not_seen_and_the_page_says_that_it_is_there() {
    let restaurant = TestRestaurant::open(1, &[]).await;
    let floor = restaurant.floor().await;
    let mut orders = Vec::new();
    for table in 1..=10 {
        orders.push(restaurant.waiting(table, 4).await);
    }
    let last = &orders[9];
    restaurant.becomes_seen(&orders[0]).await;
    restaurant.stays_unseen(&floor, last).await;
    let below =
        floor.until("how many are below", "return document.querySelector('[data-do=look-below]')?.innerText", vec![]).await;
    assert!(below.as_str().unwrap().contains("more below"), "{below}");
    floor.inspect("staff-more-below").await;
    floor.tap("[data-do='look-below']").await;
    floor.sees("[data-do='look-above']").await;
    for order in &orders {
        floor.ask(TO_THE_TOP, vec![order.clone()]).await;
        restaurant.becomes_seen(order).await;
    }
    floor.sees("[data-do='look-above']").await;
    floor.has_no_complaint().await;
}

/// A waiter has the tables view open on a phone, with an older order at a table further down. The page shows the older
/// order's number, so the newer order, whose card is in sight, counts as seen.
#[tokio::test]
async fn an_older_order_below_the_fold_is_named_and_does_not_delay_the_receipt_of_a_newer_one() {
    let restaurant = TestRestaurant::open(1, &[]).await;
    for table in 2..=6 {
        let order = restaurant.waiting(table, 1).await;
        restaurant.staff.act(&order, "accept").await;
    }
    let older = restaurant.waiting(12, 1).await;
    let floor = restaurant.browser("the floor", Form::Phone).await;
    floor.goto("/staff").await;
    sign_in(&floor, "staff").await;
    floor.tap("[data-tab='tables']").await;
    let newer = restaurant.waiting(1, 1).await;
    restaurant.becomes_seen(&newer).await;
    let named = "return document.querySelector(`[data-do=look-below][data-names~='${arguments[0]}']`)?.innerText";
    let words = floor.until("its number", named, vec![older.clone()]).await;
    assert_eq!(words, "1 more below\nA6");
    floor.inspect("staff-older-below").await;
    assert!(restaurant.floor_has_seen(&older).await, "its number was in sight");
    floor.tap("[data-do='look-below']").await;
    let gone = "return document.querySelector('[data-do=look-below]') === null";
    floor.until("the card in place of its number", gone, vec![]).await;
    floor.has_no_complaint().await;
}

#[tokio::test]
async fn an_order_behind_a_sheet_or_a_search_or_on_a_hidden_page_is_not_seen() {
    let restaurant = TestRestaurant::open(1, &[]).await;
    let floor = restaurant.floor().await;
    let first = restaurant.waiting(1, 1).await;
    restaurant.becomes_seen(&first).await;

    floor.tap("[data-do='account']").await;
    floor.sees("dialog[open]").await;
    let covered = restaurant.waiting(2, 1).await;
    floor.until("the card", "return document.querySelectorAll('[data-order]').length === 2", vec![]).await;
    restaurant.stays_unseen(&floor, &covered).await;
    floor.tap("dialog[open] [data-do='close']").await;
    restaurant.becomes_seen(&covered).await;

    let hide = "Object.defineProperty(document, 'visibilityState', { value: arguments[0], configurable: true });
        document.dispatchEvent(new Event('visibilitychange'))";
    floor.ask(hide, vec!["hidden".into()]).await;
    restaurant.staff.act(&first, "accept").await;
    let hidden = restaurant.waiting(3, 1).await;
    floor.shows(text(&hidden), "placed").await;
    restaurant.stays_unseen(&floor, &hidden).await;
    floor.ask(hide, vec!["visible".into()]).await;
    restaurant.becomes_seen(&hidden).await;

    floor.write("#search", "table 1").await;
    restaurant.staff.act(&covered, "accept").await;
    let searched = restaurant.waiting(4, 1).await;
    floor.until("its count", "return document.title.startsWith('(2)')", vec![]).await;
    floor
        .until(
            "what is hidden",
            "return document.querySelector('.filter')?.innerText.includes('It hides 3 open orders.')",
            vec![],
        )
        .await;
    assert!(!restaurant.floor_has_seen(&searched).await);
    floor.tap("[data-do='clear-search']").await;
    restaurant.becomes_seen(&searched).await;
}

/// Returns what the page shows in place of a list, and whether it offers to clear the filter.
const INSTEAD: &str = "const blank = document.querySelector('#main .blank');
    return blank?.innerText.includes(arguments[0]) && blank.querySelector('[data-do=clear-search]') !== null";

#[tokio::test]
async fn an_empty_list_names_the_filter_that_hides_its_entries() {
    let restaurant = TestRestaurant::open(2, &[]).await;
    let order = restaurant.waiting(3, 1).await;
    restaurant.staff.act(&order, "accept").await;
    let floor = restaurant.floor().await;
    floor.shows(text(&order), "accepted").await;
    floor.write("#search", "zzz").await;
    floor.until("no order", INSTEAD, vec!["No order matches “zzz”".into()]).await;
    floor.until("how many are hidden", INSTEAD, vec!["It hides 1 open order.".into()]).await;
    floor.inspect("staff-search-empty").await;
    floor.tap("[data-do='clear-search']").await;
    floor.shows(text(&order), "accepted").await;
    for (tab, words) in [("tables", "No table matches “zzz”"), ("menu", "No dish matches “zzz”")] {
        floor.tap(&format!("[data-tab='{tab}']")).await;
        floor.write("#search", "zzz").await;
        floor.until(tab, INSTEAD, vec![words.into()]).await;
        floor.inspect(&format!("staff-{tab}-search-empty")).await;
    }
    // A lane emptied by a search does not say that the kitchen is free.
    floor.tap("[data-tab='orders']").await;
    let other = restaurant.waiting(5, 1).await;
    floor.shows(text(&other), "placed").await;
    floor.write("#search", "table 5").await;
    let kitchen = "return document.querySelector('[data-lane=kitchen] .lane__empty')?.textContent";
    assert_eq!(floor.until("the empty lane", kitchen, vec![]).await, "The search hides these orders.");

    let manager = restaurant.browser("the manager", Form::Wall).await;
    manager.goto("/manage#audit").await;
    sign_in(&manager, "manager").await;
    manager.sees("[name='kind']").await;
    manager.ask("const field = document.querySelector('[name=kind]'); field.value = 'tables'; field.dispatchEvent(new Event('input', { bubbles: true }))", vec![]).await;
    let none = "return document.querySelector('#main .blank')?.innerText.includes('No entries about tables')";
    manager.until("which entries are missing", none, vec![]).await;
    manager.tap("[data-do='all-kinds']").await;
    manager.sees("[data-entry]").await;
}
