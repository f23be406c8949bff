//! Guests change tables, and pay apart: the floor moves them, the kitchen sees it, and their phone finds its new table after it was offline.

use crate::restaurant::TestRestaurant;
use fantoccini::key::Key;
use serde_json::json;
use support::client::text;
use support::proxy::Network;

const FLAGS: &str = "return [...document.querySelectorAll(`[data-order='${arguments[0]}'] .flag--changed`)]
    .map(({ textContent }) => textContent.trim()).join('; ') === arguments[1]";
const TABLE: &str = "return document.querySelector('#table')?.textContent === arguments[0]";

#[tokio::test]
async fn a_table_moves_while_the_guests_phone_is_offline() {
    let restaurant = TestRestaurant::open(3, &[]).await;
    let (phone, kitchen, floor) = tokio::join!(restaurant.phone(3), restaurant.kitchen("the expo", None), restaurant.floor());
    phone.add(restaurant.menu.dish("Beef rezala")).await;
    phone.place().await;
    let order = phone.only_order().await;
    floor.act(&order, "accept").await;
    phone.shows(&order, "accepted").await;
    kitchen.shows(&order, "accepted").await;
    phone.network.set(Network::Cut);

    floor.tap("[data-tab='tables']").await;
    floor.tap("[data-table='3'] [data-do='ask-move']").await;
    floor.inspect("staff-move").await;
    floor.tap("#sheet [data-to-table='8']").await;
    floor.sees("[data-table='8'] [data-do='undo-change']").await;
    floor.inspect("staff-moved").await;
    let flag = |words: &str| vec![json!(order), json!(words)];
    kitchen.until("the mark of the move", FLAGS, flag("Changed: Table 3 → 8")).await;
    kitchen.inspect("kitchen-moved").await;
    kitchen.reload().await;
    kitchen.until("the mark after a reload", FLAGS, flag("Changed: Table 3 → 8")).await;

    phone.network.set(Network::Fine);
    phone.until("the new table", TABLE, vec![json!("Table 8")]).await;
    phone.inspect("table-moved").await;
    phone.reload().await;
    phone.until("the new table after a reload", TABLE, vec![json!("Table 8")]).await;
    phone.add(restaurant.menu.dish("Firni")).await;
    phone.tap("[data-action='basket']").await;
    phone.sees("[data-action='place']").await;
    phone.ask("document.querySelector('dialog[open]').close()", vec![]).await;

    // Undone by keyboard, the move leaves no mark in the kitchen.
    floor.ask("document.querySelector(\"[data-table='8'] [data-do='undo-change']\").focus()", vec![]).await;
    floor.strike(Key::Enter).await;
    floor.sees("[data-table='3'] [data-do='ask-move']").await;
    kitchen.until("no mark", FLAGS, flag("")).await;
    phone.until("the old table", TABLE, vec![json!("Table 3")]).await;
    floor.ask("document.querySelector(\"[data-table='3'] [data-do='ask-move']\").focus()", vec![]).await;
    floor.strike(Key::Enter).await;
    floor.sees("#sheet [data-to-table='5']").await;
    floor.ask("document.querySelector(\"#sheet [data-to-table='5']\").focus()", vec![]).await;
    floor.strike(Key::Enter).await;
    kitchen.until("the mark of the second move", FLAGS, flag("Changed: Table 3 → 5")).await;
    kitchen.tap("[data-do='confirm-change']").await;
    kitchen.until("nothing is left to confirm", FLAGS, flag("")).await;
    restaurant.agree(&order, &[&phone, &kitchen, &floor]).await;
    assert_eq!(restaurant.order(&order).await["table"], "5");
    for screen in [&kitchen, &floor] {
        screen.has_no_complaint().await;
    }
}

#[tokio::test]
async fn two_tables_merge_into_one_bill_and_separate() {
    let restaurant = TestRestaurant::open(3, &[]).await;
    let (one, two, floor) = tokio::join!(restaurant.phone(3), restaurant.phone(8), restaurant.floor());
    for phone in [&one, &two] {
        phone.add(restaurant.menu.dish("Beef rezala")).await;
        phone.place().await;
    }
    let order = one.only_order().await;
    floor.tap("[data-tab='tables']").await;
    floor.tap("[data-table='3'] [data-do='ask-move']").await;
    floor.inspect("staff-merge").await;
    floor.tap("#sheet [data-do='merge']").await;
    floor.sees("[data-table='8'] [data-do='undo-change']").await;
    const ORDERS: &str = "return document.querySelectorAll(`[data-table='${arguments[0]}'] .seat`).length === arguments[1]";
    floor.until("both orders", ORDERS, vec![json!("8"), json!(2)]).await;
    floor.inspect("staff-merged").await;
    one.until("the new table", TABLE, vec![json!("Table 8")]).await;
    assert_eq!(one.only_order().await, order, "guests do not see the order of other guests");
    floor.tap("[data-table='8'] [data-do='undo-change']").await;
    floor.until("one order each", ORDERS, vec![json!("3"), json!(1)]).await;
    floor.until("one order each", ORDERS, vec![json!("8"), json!(1)]).await;
    one.until("the old table", TABLE, vec![json!("Table 3")]).await;
    for screen in [&one, &two, &floor] {
        screen.has_no_complaint().await;
    }
}

#[tokio::test]
async fn some_of_a_table_pays_apart_and_comes_back() {
    let restaurant = TestRestaurant::open(3, &[]).await;
    let (phone, kitchen, floor) = tokio::join!(restaurant.phone(3), restaurant.kitchen("the expo", None), restaurant.floor());
    for _ in 0..3 {
        phone.add(restaurant.menu.dish("Beef rezala")).await;
    }
    phone.add(restaurant.menu.dish("Firni")).await;
    phone.place().await;
    let order = phone.only_order().await;
    floor.act(&order, "accept").await;
    kitchen.shows(&order, "accepted").await;
    floor.tap("[data-tab='tables']").await;
    floor.tap("[data-table='3'] [data-do='ask-split']").await;
    floor.inspect("staff-split").await;
    // Nothing is chosen yet: the sheet says so.
    floor.tap("#sheet [data-do='split']").await;
    const COMPLAINT: &str = "return document.querySelector('#split-error').textContent !== ''";
    floor.until("the complaint", COMPLAINT, vec![]).await;
    // All of it is no split.
    floor.tap("#sheet [data-do='split-all']").await;
    floor.tap("#sheet [data-do='split']").await;
    floor.until("the complaint", COMPLAINT, vec![]).await;
    floor.tap("#sheet [data-do='split-all']").await;
    // By keyboard: one portion, to a bill of its own.
    floor.ask("document.querySelector(\"#sheet [data-by='1']\").focus()", vec![]).await;
    floor.strike(Key::Enter).await;
    const SUM: &str = "return document.querySelector('#split-sum').textContent.startsWith(arguments[0])";
    floor.until("the sum", SUM, vec![json!("Split off 1 ·")]).await;
    floor.inspect("staff-split-chosen").await;
    floor.tap("#sheet [data-do='split']").await;
    floor.sees("[data-bill='2']").await;
    floor.sees("#toasts [data-do='undo-change']").await;
    floor.inspect("staff-bills").await;
    const CHANGED: &str = "return document.querySelectorAll('[data-order] .flag--changed').length === arguments[0]";
    kitchen.until("both tickets say so", CHANGED, vec![json!(2)]).await;
    kitchen.inspect("kitchen-split").await;
    const ORDERS: &str = "return document.querySelectorAll('[data-order]').length === arguments[0]";
    phone.until("the guest has both", ORDERS, vec![json!(2)]).await;
    const PART: &str = "return [...document.querySelectorAll('[data-order]')].map((view) => view.dataset.order).find((id) => id !== arguments[0])";
    let part = phone.ask(PART, vec![json!(order)]).await;
    phone.goto(&format!("/orders/{}", text(&part))).await;
    floor.tap("[data-table='3']:not([data-bill]) [data-do='undo-change']").await;
    const NO_BILL: &str = "return document.querySelector(\"[data-bill='2']\") === null";
    floor.until("one bill again", NO_BILL, vec![]).await;
    // The page of the part leads to the order that has the lines again.
    phone.until("the order", "return location.pathname === `/orders/${arguments[0]}`", vec![json!(order)]).await;
    phone.goto("/t/demo-table-3").await;
    phone.until("one order again", ORDERS, vec![json!(1)]).await;
    restaurant.agree(&order, &[&phone, &kitchen, &floor]).await;
    for screen in [&phone, &kitchen, &floor] {
        screen.has_no_complaint().await;
    }
}
