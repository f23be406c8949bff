//! Orders for later on every screen.

use crate::driver::Form;
use crate::restaurant::{TestRestaurant, sign_in};

/// A guest orders for later. Until staff start the order, the floor and the kitchen list it apart without ringing, and the
/// guest reads that nobody has begun.
#[tokio::test]
async fn an_order_for_later_is_listed_apart_on_every_screen_until_staff_start_it() {
    let restaurant = TestRestaurant::open(2, &[]).await;
    let floor = restaurant.browser("the waiter", Form::Wall).await;
    floor.goto("/staff").await;
    sign_in(&floor, "staff").await;
    let (phone, kitchen) = tokio::join!(restaurant.phone(3), restaurant.kitchen("the expo", None));
    phone.add(restaurant.menu.dish("Firni")).await;
    phone.tap("[data-action='basket']").await;
    phone.tap("[data-service='takeaway']").await;
    phone.tap("[data-do='due'][data-later='true']").await;
    phone.sees("[data-due='time']").await;
    // The last time that is offered, so that it is not due during the test.
    let last = "const list = document.querySelector('[data-due]'); list.value = [...list.options].at(-1).value;
        list.dispatchEvent(new Event('input', { bubbles: true })); return list.value !== ''";
    phone.until("the last time", last, vec![]).await;
    phone.inspect("basket-later").await;
    phone.tap("[data-action='place']").await;
    let order = phone.only_order().await;
    let at = |place: &str| format!("{place} [data-order='{order}']");
    let button = |action: &str| format!("[data-order='{order}'] [data-action='{action}']");
    floor.sees(&at("[data-lane='upcoming']")).await;
    kitchen.sees(&at("#upcoming")).await;
    let rings = "return document.title.startsWith('(') || document.querySelector('[data-lane=incoming] [data-order], #incoming:not([hidden])') !== null";
    for screen in [&floor, &kitchen] {
        assert_eq!(screen.ask(rings, vec![]).await, false, "it calls nobody");
    }
    let says = "return document.body.innerText.includes(arguments[0])";
    phone.until("what was asked for", says, vec!["You have asked for".into()]).await;
    floor.tap(&button("accept")).await;
    phone.until("what is promised", says, vec!["Not started yet".into()]).await;
    floor.inspect("staff-upcoming").await;
    kitchen.inspect("kitchen-upcoming").await;
    phone.inspect("order-later").await;

    floor.tap(&button("reschedule")).await;
    floor.sees("#sheet [data-due='day']").await;
    floor.inspect("staff-due-sheet").await;
    let due = restaurant.order(&order).await["due_at"].clone();
    let next = "const list = document.querySelector('#due-time'); list.selectedIndex -= 1; list.dispatchEvent(new Event('change', { bubbles: true })); return true";
    floor.ask(next, vec![]).await;
    floor.tap("#sheet [data-due-at]").await;
    support::eventually("another time", support::PATIENCE, || async {
        let order = restaurant.order(&order).await;
        (order["due_at"] != due && order["upcoming"] == true).then_some(())
    })
    .await;
    floor.tap(&button("start_now")).await;
    kitchen.sees(&at("#tickets")).await;
    floor.sees(&at("[data-lane='kitchen']")).await;
    for screen in [&floor, &kitchen, &phone] {
        screen.has_no_complaint().await;
    }
}
