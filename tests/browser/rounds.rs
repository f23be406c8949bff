//! Another round of an open order, and a corrected line, on the pages of guests, kitchen and floor.

use crate::restaurant::TestRestaurant;
use serde_json::json;
use support::client::text;

/// Returns whether the kitchen marks anything on the order's lines, with its words.
const MARKS: &str = "const marks = document.querySelectorAll(`[data-order='${arguments[0]}'] .item__new, [data-order='${arguments[0]}'] .item__was s`);
    return [...marks].map(({ textContent }) => textContent).join('; ') === arguments[1]";

#[tokio::test]
async fn a_guest_adds_a_round_with_two_taps_and_the_kitchen_marks_new_lines_until_they_are_touched() {
    let restaurant = TestRestaurant::open(3, &[]).await;
    let (phone, kitchen, floor) =
        tokio::join!(restaurant.phone(7), restaurant.kitchen("the hot line", Some("hot")), restaurant.floor());
    phone.add(restaurant.menu.dish("Beef rezala")).await;
    phone.place().await;
    let order = phone.only_order().await;
    floor.act(&order, "accept").await;
    kitchen.act(&order, "ready").await;
    phone.shows(&order, "ready").await;

    let before = phone.taps();
    phone.tap(&format!("[data-order='{order}'] [data-do='round-again']")).await;
    phone.inspect("table-round").await;
    phone.tap("[data-action='place']").await;
    assert_eq!(phone.taps() - before, 2);
    for screen in [&phone, &kitchen, &floor] {
        screen.shows(&order, "preparing").await;
    }
    phone.sees(".items__round").await;
    phone.inspect("table-rounds").await;
    floor.inspect("staff-rounds").await;
    let marks = |words: &str| vec![order.clone().into(), words.into()];
    kitchen.until("the new line", MARKS, marks("New, round 2")).await;
    kitchen.inspect("kitchen-round").await;
    kitchen.reload().await;
    kitchen.until("the new line after a reload", MARKS, marks("New, round 2")).await;
    kitchen.tap("[data-do='confirm-change']").await;
    kitchen.until("no marks", MARKS, marks("")).await;

    floor.act(&order, "change_item").await;
    floor.tap("#sheet [data-by='1']").await;
    floor.inspect("staff-correction").await;
    floor.tap("#sheet [data-action='change_item']").await;
    kitchen.until("the old value", MARKS, marks("1 ×")).await;
    kitchen.inspect("kitchen-corrected").await;
    let document = restaurant.order(&order).await;
    let quantities: Vec<_> = document["items"].as_object().unwrap().values().map(|item| item["quantity"].clone()).collect();
    assert_eq!(quantities, [1, 2]);
    floor.tap(&format!("[data-order='{order}'] [data-do='story']")).await;
    floor.sees(".story__step").await;
    floor.inspect("staff-story").await;
    floor.tap("#sheet [data-do='close']").await;
    restaurant.agree(&order, &[&phone, &kitchen, &floor]).await;
    for screen in [&phone, &kitchen, &floor] {
        screen.has_no_complaint().await;
    }
}

/// A waiter undoes a round that was sent to the wrong order. A dish that is being cooked stays, with the reason.
#[tokio::test]
async fn a_waiter_undoes_the_round_that_was_just_sent() {
    let restaurant = TestRestaurant::open(2, &[]).await;
    let (floor, kitchen) = tokio::join!(restaurant.floor(), restaurant.kitchen("the expo", None));
    let order = restaurant.staff.place(&restaurant.menu.basket()).await;
    let id = text(&order["id"]);
    restaurant.staff.act(&order["id"], "accept").await;
    floor.shows(id, "accepted").await;
    floor.tap(&format!("[data-order='{id}'] [data-do='more']")).await;
    for dish in ["Masala cha", "Lemon soda"] {
        floor.tap(&format!("[data-dish='{}']", text(&restaurant.menu.dish(dish)["id"]))).await;
    }
    floor.tap("[data-do='entry-send']").await;
    floor.sees("[data-do='undo-round']").await;
    let cha = restaurant.item(id, "Masala cha").await;
    restaurant.staff.command(&order["id"], "start_item", json!({"item": cha})).await.expect(200);
    floor.shows_item(id, &cha, "cooking").await;
    floor.tap("[data-do='undo-round']").await;
    let soda = restaurant.item(id, "Lemon soda").await;
    for screen in [&floor, &kitchen] {
        screen.shows_item(id, &soda, "voided").await;
        screen.shows_item(id, &cha, "cooking").await;
    }
    let stays = "return document.querySelector('#toasts').innerText.includes('1 dish is already being cooked')";
    floor.until("why one stays", stays, vec![]).await;
    let total = restaurant.order(id).await["total"]["amount"].as_i64().unwrap();
    let price = |dish: &str| restaurant.menu.dish(dish)["price"]["amount"].as_i64().unwrap();
    assert_eq!(total, order["total"]["amount"].as_i64().unwrap() + price("Masala cha"));
    floor.has_no_complaint().await;
}

/// The restaurant takes no rounds from guests: the page offers none, and explains the refusal of one already under way.
#[tokio::test]
async fn a_refused_round_can_become_a_new_order() {
    let restaurant = TestRestaurant::open(2, &[]).await;
    let (phone, floor) = tokio::join!(restaurant.phone(7), restaurant.floor());
    phone.add(restaurant.menu.dish("Firni")).await;
    phone.place().await;
    let order = phone.only_order().await;
    floor.act(&order, "accept").await;
    phone.tap(&format!("[data-order='{order}'] [data-do='round-again']")).await;
    floor.act(&order, "ready").await;
    floor.act(&order, "serve").await;
    phone.shows(&order, "served").await;
    phone.tap("[data-action='place']").await;
    phone.sees("#basket-why .banner--bad").await;
    phone.inspect("table-round-over").await;
    phone.tap("[data-action='place']").await;
    phone.until("two orders", "return document.querySelectorAll('.orders [data-order]').length === 2", vec![]).await;
    assert_eq!(restaurant.orders().await.len(), 2);

    let open = phone.orders().await[0].clone();
    let round = format!("[data-order='{open}'] [data-do='round-again']");
    phone.sees(&round).await;
    floor.tap("[data-do='ask-pause']").await;
    floor.inspect("staff-guest-rounds").await;
    floor.tap("[data-do='guest-rounds']").await;
    phone.until("no rounds", "return !document.querySelector(\"[data-do='round-again']\")", vec![]).await;
}
