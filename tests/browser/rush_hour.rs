//! Contents that do not fit on a screen: more tickets than a kitchen screen shows, a ticket longer than the screen, and
//! calls that would push the orders off the floor page.

use crate::browser::Browser;
use crate::driver::Form;
use crate::restaurant::TestRestaurant;
use fantoccini::key::Key;
use serde_json::{Value, json};
use support::client::text;

/// More tickets than fit on a wall screen.
const TICKETS: u32 = 16;
/// More lines than fit in a column.
const LINES: usize = 25;
/// Returns whether the bar's counts (before, in sight, after) add up to the tickets on the board.
const ADD_UP: &str = "const number = (id) => { const it = document.querySelector(id); return it.hidden ? 0 : parseInt(it.textContent.replace(/[^0-9]/g, ''), 10); };
    const { left, right } = document.querySelector('#board').getBoundingClientRect();
    const seen = [...document.querySelectorAll('#tickets > :not([data-ticket=bumped])')].map((one) => one.getBoundingClientRect());
    const inSight = seen.filter((one) => one.right >= left + 24 && one.left <= right - 24).length;
    return number('#before') + inSight + number('#more') === parseInt(document.querySelector('#counts').textContent, 10)";
const BEYOND: &str = "const more = document.querySelector('#more'); return !more.hidden && more.textContent";
/// Returns the ticket with the digit, when it is fully in sight.
const DIGIT: &str = "const key = [...document.querySelectorAll('.ticket__slot')].find((one) => one.textContent === arguments[0]);
    const ticket = key?.closest('[data-order]');
    const { left, right } = ticket?.getBoundingClientRect() ?? {};
    return ticket && left >= 0 && right <= innerWidth && ticket.dataset.order";
/// Returns the heads of a ticket's later columns, which repeat its number and table and say that it continues.
const CONTINUED: &str = "const items = [...document.querySelectorAll(`[data-order='${arguments[0]}'] [data-item]`)];
    const columns = new Set(items.map((item) => item.getBoundingClientRect().left)).size;
    const heads = items.map((item) => item.querySelector('.part__head')?.innerText).filter((words) => words?.includes('continued'));
    const foot = document.querySelector(`[data-order='${arguments[0]}'] footer`);
    const together = Math.abs(foot.getBoundingClientRect().left - items.at(-1).getBoundingClientRect().left) < 4;
    return columns > 1 && heads.length === columns - 1 && together && heads";

impl TestRestaurant {
    /// Creates an accepted order at a table.
    async fn ticket(&self, table: u32, lines: &[Value]) -> Value {
        let guest = self.server.diner(&table.to_string()).await;
        let order = guest.place(&json!({"service": "dine_in", "items": lines})).await["id"].clone();
        self.staff.act(&order, "accept").await;
        order
    }
}

#[tokio::test]
async fn tickets_that_do_not_fit_are_counted_and_only_those_in_sight_have_digits() {
    let restaurant = TestRestaurant::open(1, &[]).await;
    let dish = restaurant.menu.line("Fuchka", 1);
    let long = restaurant.ticket(1, &vec![dish.clone(); LINES]).await;
    for table in 0..TICKETS {
        restaurant.ticket(table % 12 + 1, std::slice::from_ref(&dish)).await;
    }
    let screen = restaurant.kitchen("the screen", None).await;
    // Without motion a page and its digits appear at once.
    screen.wear(Form::Wall, "dark").await;
    let heads = screen.until("its number over each part of a long ticket", CONTINUED, vec![long.clone()]).await;
    let words: Vec<&str> = text(&heads[0]).split_whitespace().collect();
    assert!(words.join(" ").starts_with("Order A1 Table 1 continued 0:"), "{heads}");

    let beyond = screen.until("tickets beyond the edge", BEYOND, vec![]).await;
    assert!(text(&beyond).ends_with("more →"), "{beyond}");
    screen.strike(Key::PageDown).await;
    let paged = "const before = document.querySelector('#before'); return !before.hidden && before.textContent.startsWith('←')";
    screen.until("the earlier tickets counted", paged, vec![]).await;
    screen.until("those in sight and those out of sight to be all of them", ADD_UP, vec![]).await;
    let first = screen.until("a ticket in sight with the digit 1", DIGIT, vec!["1".into()]).await;
    assert_ne!(first, long, "the digits belong to the page in sight");
    screen.strike('1').await;
    screen.shows(text(&first), "ready").await;
    restaurant.agree(text(&first), &[&screen]).await;
    screen.tap("[data-do='page-back']").await;
    screen.until("the first again", DIGIT, vec!["1".into()]).await;
    screen.tap("[data-do='page-on']").await;
    screen.until("the next page by touch", paged, vec![]).await;
    let small = "return [...document.querySelectorAll('.bar button')].filter((one) => one.checkVisibility() && one.getBoundingClientRect().height < 56).length";
    assert_eq!(screen.ask(small, vec![]).await, 0, "controls for gloves");
    screen.has_no_complaint().await;
}

/// Counts the elements that a page creates from now on.
const COUNT: &str = "const make = document.createElement.bind(document);
    window.made = 0;
    document.createElement = (...given) => { window.made += 1; return make(...given); };";
/// Orders on a page, one of which changes.
const MANY: u32 = 24;
/// A card or a ticket has about fifty elements, the bar as many, and a change is drawn two or three times.
const FEW_ELEMENTS: u64 = 500;

#[tokio::test]
async fn a_page_redraws_only_changed_orders_and_shows_the_latest_closed_ones() {
    let restaurant = TestRestaurant::open(2, &[]).await;
    let dish = restaurant.menu.line("Fuchka", 1);
    let mut orders = Vec::new();
    for table in 0..MANY {
        orders.push(restaurant.ticket(table % 12 + 1, &vec![dish.clone(); 3]).await);
    }
    let screen = restaurant.kitchen("the screen", None).await;
    let floor = restaurant.floor().await;
    for page in [&screen, &floor] {
        page.until("all orders", "return document.querySelectorAll('[data-order]').length === arguments[0]", vec![MANY.into()])
            .await;
        page.ask(COUNT, vec![]).await;
    }
    restaurant.staff.act(&orders[7], "ready").await;
    for page in [&screen, &floor] {
        page.shows(text(&orders[7]), "ready").await;
        let made = page.ask("return window.made", vec![]).await.as_u64().unwrap();
        assert!(0 < made && made < FEW_ELEMENTS, "{}: {made} elements for one change among {MANY} orders", page.name);
    }
    // A key turns the page at once, because the next key may follow at once. No digit acts while the page turns.
    screen.strike(Key::PageDown).await;
    let turned = "const { left } = document.querySelector('#board').getBoundingClientRect();
        const heads = [...document.querySelectorAll('#tickets .ticket__head')].map((head) => head.getBoundingClientRect().left - left);
        return document.querySelector('#board').scrollLeft > 0 && heads.some((head) => head >= 0 && head < 16)";
    assert_eq!(screen.ask(turned, vec![]).await, true, "another page, with whole columns");
    for order in &orders[..12] {
        if *order != orders[7] {
            restaurant.staff.act(order, "ready").await;
        }
        restaurant.staff.act(order, "serve").await;
    }
    let done = "return document.querySelectorAll('[data-lane=done] [data-order]').length === arguments[0]";
    floor.until("ten closed orders", done, vec![10.into()]).await;
    floor.tap("[data-do='more-done']").await;
    floor.until("all closed orders", done, vec![12.into()]).await;
    floor.has_no_complaint().await;
}

#[tokio::test]
async fn calls_leave_room_for_orders_and_a_phone_has_a_way_to_each_lane() {
    let restaurant = TestRestaurant::open(1, &[]).await;
    let order = restaurant.ticket(1, &[restaurant.menu.line("Fuchka", 1)]).await;
    restaurant.staff.act(&order, "ready").await;
    for table in 1..=5 {
        let call = json!({"id": support::new_id(), "action": "call_waiter", "reason": "help"});
        restaurant.server.diner(&table.to_string()).await.post("/api/v1/restaurants/demo/commands", &call).await.expect(200);
    }
    let floor = restaurant.floor().await;
    let calls = |number: usize| json!(format!("#calls [data-call]:nth-of-type({number})"));
    floor.until("the first three calls", "return document.querySelector(arguments[0])?.checkVisibility()", vec![calls(3)]).await;
    assert_eq!(floor.ask("return document.querySelectorAll('#calls [data-call]').length", vec![]).await, 3);
    floor.tap("[data-do='all-calls']").await;
    floor.until("all of them", "return document.querySelector(arguments[0])?.checkVisibility()", vec![calls(5)]).await;
    lanes_of_a_phone(&floor, text(&order)).await;
}

/// On a phone one lane is below the other: a tap scrolls to the wanted one, and nothing covers it.
async fn lanes_of_a_phone(floor: &Browser, ready: &str) {
    floor.wear(Form::Phone, "light").await;
    floor.tap("[href='#lane-ready']").await;
    let on_top = "const { top, left } = document.querySelector(`[data-order='${arguments[0]}']`).getBoundingClientRect();
        return document.elementFromPoint(left + 20, top + 20)?.closest('[data-order]')?.dataset.order === arguments[0]";
    floor.until("what is ready in sight", on_top, vec![ready.into()]).await;
}
