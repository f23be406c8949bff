//! A table's visit on the floor and on a phone, and sheets that the back button closes.

use crate::browser::Browser;
use crate::restaurant::TestRestaurant;
use serde_json::{Value, json};

/// Returns the address when no dialog is open.
const CLOSED: &str = "return !document.querySelector('dialog[open]') && location.pathname";

async fn back(browser: &Browser) {
    browser.ask("history.back()", vec![]).await;
}

#[tokio::test]
async fn a_table_keeps_its_served_orders_until_it_is_freed() {
    let restaurant = TestRestaurant::open(2, &[]).await;
    let mut basket = restaurant.menu.basket();
    basket["table"] = json!("4");
    let order = restaurant.staff.place(&basket).await;
    for action in ["accept", "ready", "serve"] {
        restaurant.staff.act(&order["id"], action).await;
    }
    // A page opened now knows the order only from the visit.
    let floor = restaurant.floor().await;
    floor.tap("[data-tab='tables']").await;
    floor.sees("[data-table='4'] .table__total").await;
    let phone = restaurant.phone(4).await;
    phone.add(restaurant.menu.dish("Firni")).await;
    phone.place().await;
    let mine = phone.only_order().await;
    let own =
        phone.until("the guest's own sum", "return document.querySelector('.orders__total output')?.textContent", vec![]).await;
    let second = restaurant.order(&mine).await;
    let digits = |value: &Value| value.as_str().unwrap().chars().filter(char::is_ascii_digit).collect::<String>();
    let amount = |order: &Value| order["total"]["amount"].as_u64().unwrap();
    assert!(digits(&own).starts_with(&(amount(&second) / 100).to_string()), "{own}: others' orders are not included");

    let sum = amount(&order) + amount(&second);
    let both = "const text = document.querySelector(`[data-table='4'] .table__total`)?.textContent.replace(/\\D/g, '');
        return text === arguments[0] || text === arguments[1]";
    let whole = (sum / 100).to_string();
    floor.until("the total of both", both, vec![json!(whole), json!(format!("{whole}00"))]).await;
    assert_eq!(floor.ask("return document.querySelector('.table__free')", vec![]).await, Value::Null, "an order is open");
    for action in ["accept", "ready", "serve"] {
        restaurant.staff.act(&json!(mine), action).await;
    }
    floor.sees(".table__free").await;
    floor.inspect("staff-table-served").await;
    floor.tap(".table__free").await;
    floor.inspect("staff-table-free").await;
    floor.tap("dialog[open] [data-do='free']").await;
    floor.until("the table gone", "return !document.querySelector(`[data-table='4']`)", vec![]).await;
    let visits = restaurant.staff.get("/api/v1/restaurants/demo/visits").await.expect(200);
    assert_eq!(visits["visits"], json!([]));
    floor.has_no_complaint().await;
}

#[tokio::test]
async fn going_back_closes_a_sheet_and_stays_on_the_page() {
    let restaurant = TestRestaurant::open(2, &[]).await;
    let phone = restaurant.phone(5).await;
    phone.add(restaurant.menu.dish("Firni")).await;
    phone.tap("[data-action='basket']").await;
    phone.sees("#basket-sheet[open]").await;
    back(&phone).await;
    assert_eq!(phone.until("the basket closed", CLOSED, vec![]).await, "/t/demo-table-5");
    // A sheet that is closed by its button leaves no history entry.
    let before = phone.ask("return history.state", vec![]).await;
    phone.tap("#call").await;
    phone.sees("#call-sheet[open]").await;
    assert_eq!(phone.ask("return history.state", vec![]).await, json!({"sheet": true}));
    phone.tap("#call-sheet [data-do='close']").await;
    phone.until("the history entry removed", "return history.state?.sheet !== true", vec![]).await;
    assert_eq!(phone.ask("return history.state", vec![]).await, before);

    let floor = restaurant.floor().await;
    floor.tap("[data-do='ask-pause']").await;
    floor.sees("dialog[open]").await;
    back(&floor).await;
    assert_eq!(floor.until("the sheet closed", CLOSED, vec![]).await, "/staff");
    floor.has_no_complaint().await;
}

#[tokio::test]
async fn going_back_closes_the_sheets_of_an_order_and_of_a_kitchen_screen() {
    let restaurant = TestRestaurant::open(2, &[]).await;
    let phone = restaurant.phone(5).await;
    phone.add(restaurant.menu.dish("Firni")).await;
    phone.place().await;
    let order = phone.only_order().await;
    restaurant.staff.act(&json!(order), "accept").await;
    phone.goto(&format!("/orders/{order}")).await;
    phone.is("live").await;
    for (opens, sheet) in [("#call", "#call-sheet[open]"), ("[data-do='share']", "dialog[open]")] {
        phone.tap(opens).await;
        phone.sees(sheet).await;
        back(&phone).await;
        assert_eq!(phone.until("the sheet closed", CLOSED, vec![]).await, format!("/orders/{order}"), "{opens}");
    }
    phone.has_no_complaint().await;

    let screen = restaurant.kitchen("the screen", None).await;
    for opens in ["recall", "settings"] {
        screen.tap(&format!("[data-do='{opens}']")).await;
        screen.sees("dialog[open]").await;
        back(&screen).await;
        assert_eq!(screen.until("the sheet closed", CLOSED, vec![]).await, "/kitchen", "{opens}");
    }
    screen.has_no_complaint().await;
}

#[tokio::test]
async fn marking_a_call_as_done_can_be_undone_and_is_sent_a_moment_later() {
    let restaurant = TestRestaurant::open(2, &[]).await;
    let phone = restaurant.phone(6).await;
    phone.tap("#call").await;
    phone.tap("[data-action='call_waiter'][data-reason='water']").await;
    let floor = restaurant.floor().await;
    floor.tap("[data-call] [data-action='answer_call']").await;
    floor.tap("[data-call] [data-do='undo-call']").await;
    floor.sees("[data-call] [data-action='answer_call']").await;
    floor.tap("[data-call] [data-action='answer_call']").await;
    floor.sees("[data-call][data-answered]").await;
    floor.inspect("staff-call-done").await;
    floor.until("the call sent as done", "return !document.querySelector('[data-call]')", vec![]).await;
}

/// A phone of 390 pixels at 200 %.
#[tokio::test]
async fn at_twice_the_size_names_break_between_words_and_notes_have_room() {
    let restaurant = TestRestaurant::open(1, &[]).await;
    let phone = restaurant.phone(7).await;
    phone.add(restaurant.menu.dish("Kacchi biryani")).await;
    let small = json!({"width": 195, "height": 422, "deviceScaleFactor": 4, "mobile": true});
    phone.devtools("Emulation.setDeviceMetricsOverride", small).await;
    let whole = "const text = document.querySelector('#restaurant').firstChild; let from = 0;
        return innerWidth === 195 && text.data.split(' ').every((word) => {
          const range = document.createRange(); range.setStart(text, from); range.setEnd(text, from + word.length);
          from += word.length + 1;
          return range.getClientRects().length === 1; })";
    phone.until("each word of the restaurant's name on one line", whole, vec![]).await;
    phone.until("nothing to stick out", "return document.documentElement.scrollWidth <= innerWidth", vec![]).await;
    phone.tap("[data-action='basket']").await;
    let roomy = "return document.querySelector('.line__note')?.getBoundingClientRect().width > 110";
    phone.until("room for a note", roomy, vec![]).await;
    assert_eq!(phone.ask("return document.querySelectorAll('[data-menu-item] .dish__choose').length > 0", vec![]).await, true);
    let idle =
        "return [...document.querySelectorAll('.dish__choose')].length < document.querySelectorAll('[data-menu-item]').length";
    assert_eq!(phone.ask(idle, vec![]).await, true, "a dish without options offers none");
}

#[tokio::test]
async fn a_pause_that_a_colleague_has_just_set_is_shown_and_not_overwritten() {
    let restaurant = TestRestaurant::open(1, &[]).await;
    let floor = restaurant.floor().await;
    floor.sees("[data-do='ask-pause']").await;
    // A colleague sets another end while the sheet is open.
    floor.tap("[data-do='ask-pause']").await;
    let until = "2999-01-01T00:00:00.000Z";
    let pause = json!({"paused": true, "until": until});
    restaurant.staff.put("/api/v1/restaurants/demo/pause", &pause).await.expect(200);
    floor.sees("#paused").await;
    floor.tap("dialog[open] [data-do='pause'][data-minutes='30']").await;
    floor
        .until(
            "what the colleague has set",
            "return document.querySelector('#toasts')?.innerText.includes('a colleague')",
            vec![],
        )
        .await;
    let menu = restaurant.staff.get("/api/v1/restaurants/demo/menu").await.expect(200);
    assert_eq!(menu["paused_until"], until);
}

#[tokio::test]
async fn two_promises_of_one_order_are_both_shown_and_a_bump_between_them_is_not_a_conflict() {
    let restaurant = TestRestaurant::open(1, &[]).await;
    let order = restaurant.staff.place(&restaurant.menu.basket()).await;
    restaurant.staff.act(&order["id"], "accept").await;
    let id = support::client::text(&order["id"]).to_owned();
    let floor = restaurant.floor().await;
    let promised = async || restaurant.order(&id).await["promised_at"].as_str().unwrap().to_owned();
    floor.shows(&id, "accepted").await;
    floor.act(&id, "promise").await;
    floor.sees("dialog[open] [data-minutes='60']").await;
    restaurant.staff.act(&order["id"], "start").await;
    let before = promised().await;
    floor.tap("dialog[open] [data-minutes='60']").await;
    support::eventually("the promise made", std::time::Duration::from_secs(20), || async {
        (promised().await != before).then_some(())
    })
    .await;

    floor.act(&id, "promise").await;
    floor.sees("dialog[open] [data-minutes='5']").await;
    restaurant.staff.command(&order["id"], "promise", json!({"minutes": 120})).await.expect(200);
    let theirs = promised().await;
    floor.tap("dialog[open] [data-minutes='5']").await;
    floor
        .until(
            "what the colleague has promised",
            "return document.querySelector('#toasts')?.innerText.includes('a colleague')",
            vec![],
        )
        .await;
    assert_eq!(promised().await, theirs);
}
