//! Every page by keyboard alone: no test here moves a pointer, and the focus must be visible.

use crate::browser::Browser;
use crate::driver::Form;
use crate::hooks::APART;
use crate::restaurant::{TestRestaurant, is_filled_in};
use fantoccini::key::Key;
use serde_json::{Value, json};
use support::client::text;

/// More focus stops than any page has.
const STOPS: usize = 150;
const FOCUSED: &str = "return document.activeElement.matches(arguments[0])";
/// Returns whether the focused element is in the window and has a visible frame, around itself or around its label.
const SEEN: &str = "const focused = document.activeElement;
    if (focused === document.body) return true;
    const has = (one, part) => one && getComputedStyle(one, part).outlineStyle !== 'none';
    const framed = [focused, focused.closest('label')].find((one) => has(one)) ?? (has(focused, '::after') ? focused : null);
    if (!framed) return `no frame around ${focused.outerHTML.slice(0, 200)}`;
    const { top, bottom, left, right } = framed.getBoundingClientRect();
    return (bottom > 0 && top < innerHeight && right > 0 && left < innerWidth) || `out of sight: ${focused.outerHTML.slice(0, 200)}`";

impl Browser {
    /// Presses Tab until the matching element has the focus, and asserts that every stop on the way is visible.
    async fn tab_to(&self, selector: &str) {
        self.sees(selector).await;
        for _ in 0..STOPS {
            self.strike(Key::Tab).await;
            assert_eq!(self.ask(SEEN, vec![]).await, true, "{}: on the way to {selector}", self.name);
            if self.ask(FOCUSED, vec![selector.into()]).await == true {
                return;
            }
        }
        panic!("{}: Tab does not reach {selector}", self.name);
    }

    /// Moves to a control with Tab and presses Enter.
    async fn enter(&self, selector: &str) {
        self.tab_to(selector).await;
        self.strike(Key::Enter).await;
    }

    /// Presses a key again, late enough not to count as a tremor.
    async fn strikes_again(&self, key: Key) {
        tokio::time::sleep(APART).await;
        self.strike(key).await;
    }

    /// Waits until the focus is on a part of the page, after an action that removed the control that had it.
    async fn keeps_the_focus(&self) {
        self.until("the focus on a part of the page", "return document.activeElement !== document.body", vec![]).await;
    }

    async fn fill_in(&self, selector: &str, words: &str) {
        self.tab_to(selector).await;
        self.type_in(words).await;
    }

    async fn sign_in_by_keys(&self, person: &str) {
        is_filled_in(self).await;
        self.fill_in("[name=username]", person).await;
        self.fill_in("[name=password]", &format!("{person}-demo")).await;
        self.strike(Key::Enter).await;
        self.is("live").await;
    }
}

async fn accepted(restaurant: &TestRestaurant, table: &str) -> Value {
    let order = restaurant.server.diner(table).await.place(&restaurant.menu.basket()).await["id"].clone();
    restaurant.staff.act(&order, "accept").await;
    order
}

#[tokio::test]
async fn a_guest_orders_and_cancels_by_keyboard() {
    let restaurant = TestRestaurant::open(1, &[]).await;
    let guest = restaurant.browser("a guest", Form::Wall).await;
    guest.goto("/t/demo-table-3").await;
    guest.is("live").await;
    let dish = text(&restaurant.menu.dish("Masala cha")["id"]);
    guest.enter(&format!("[data-menu-item='{dish}'] [data-action='add']")).await;
    guest.enter("[data-action='basket']").await;
    guest.enter("[data-action='place']").await;
    let order = guest.only_order().await;
    guest.shows(&order, "placed").await;
    guest.enter(&format!("[data-order='{order}'] a[href='/orders/{order}']")).await;
    guest.shows(&order, "placed").await;
    guest.is("live").await;
    guest.enter("[data-action='cancel']").await;
    guest.strikes_again(Key::Enter).await;
    guest.shows(&order, "cancelled").await;
    guest.keeps_the_focus().await;

    guest.goto("/t/demo-table-3").await;
    guest.is("live").await;
    guest.enter(&format!("[data-menu-item='{dish}'] [data-action='add']")).await;
    guest.enter("[data-action='basket']").await;
    guest.enter("#basket-sheet [data-do='line-fewer']").await;
    guest.until("an empty basket", "return !document.querySelector(`#basket-sheet [data-do='line-fewer']`)", vec![]).await;
    guest.keeps_the_focus().await;
    guest.has_no_complaint().await;
}

#[tokio::test]
async fn a_cook_bumps_takes_back_and_recalls_by_keyboard() {
    let restaurant = TestRestaurant::open(1, &[]).await;
    let screen = restaurant.kitchen("the expo", None).await;
    let (first, second) = (accepted(&restaurant, "1").await, accepted(&restaurant, "2").await);
    let (first, second) = (text(&first), text(&second));
    let rezala = restaurant.item(second, "Beef rezala").await;
    screen.shows(first, "accepted").await;
    screen.shows(second, "accepted").await;

    screen.strike(Key::Right).await;
    screen.strike(Key::Right).await;
    let focused = |place: String| vec![Value::from(place)];
    screen.until("the second ticket in the frame", FOCUSED, focused(format!("[data-order='{second}']"))).await;
    assert_eq!(screen.ask(SEEN, vec![]).await, true);
    let item = format!("[data-item='{rezala}'] [data-action]");
    for _ in 0..4 {
        if screen.ask(FOCUSED, focused(item.clone())).await == true {
            break;
        }
        screen.strike(Key::Down).await;
        assert_eq!(screen.ask(SEEN, vec![]).await, true);
    }
    screen.strike(Key::Enter).await;
    screen.shows_item(second, &rezala, "done").await;

    screen.strike('1').await;
    screen.shows(first, "ready").await;
    screen.strike('u').await;
    screen.shows(first, "preparing").await;
    screen.strike('2').await;
    screen.shows(second, "ready").await;
    screen.strike('u').await;
    screen.shows(second, "preparing").await;
    screen.shows_item(second, &rezala, "done").await;
    screen.strike('1').await;
    screen.shows(first, "ready").await;
    screen.strike('r').await;
    screen.enter(&format!("dialog[open] [data-order='{first}'] [data-action='recall']")).await;
    screen.strike(Key::Escape).await;
    restaurant.agree(first, &[&screen]).await;
    assert_eq!(restaurant.order(first).await["status"], "preparing");

    // The button becomes another: the frame stays on the ticket.
    screen.enter(&format!("[data-order='{second}'] [data-action='ready']")).await;
    screen.shows(second, "ready").await;
    screen.until("the frame on the bumped ticket", FOCUSED, focused(format!("[data-order='{second}']"))).await;
    restaurant.staff.command(&first.into(), "cancel", json!({"reason": "customer_request"})).await.expect(200);
    screen.enter("#cancelled [data-do='confirm-cancel']").await;
    screen.until("nothing cancelled", "return document.querySelector('#cancelled').hidden", vec![]).await;
    screen.keeps_the_focus().await;
    screen.has_no_complaint().await;
}

#[tokio::test]
async fn the_floor_accepts_rejects_and_serves_by_keyboard() {
    let restaurant = TestRestaurant::open(1, &[]).await;
    let floor = restaurant.browser("the floor", Form::Wall).await;
    floor.goto("/staff").await;
    floor.sign_in_by_keys("staff").await;
    let guest = restaurant.server.diner("4").await;
    let order = guest.place(&restaurant.menu.basket()).await;
    let id = text(&order["id"]);
    let here = |control: &str| format!("[data-order='{id}'] {control}");
    floor.enter(&here("[data-action='accept'][data-minutes='30']")).await;
    floor.shows(id, "accepted").await;
    restaurant.agree(id, &[&floor]).await;
    let promised = restaurant.order(id).await;
    assert!(promised["promised_at"].is_string(), "{promised}");
    restaurant.staff.act(&order["id"], "ready").await;
    floor.shows(id, "ready").await;
    floor.enter(&here("[data-action='serve']")).await;
    floor.shows(id, "served").await;

    let second = guest.place(&restaurant.menu.basket()).await;
    let second = text(&second["id"]);
    floor.enter(&format!("[data-order='{second}'] [data-action='reject']")).await;
    floor.fill_in("#detail", "We close at ten").await;
    floor.enter("dialog[open] [data-reason='too_busy']").await;
    floor.shows(second, "rejected").await;
    restaurant.agree(second, &[&floor]).await;
    let document = restaurant.order(second).await;
    assert_eq!([&document["reason"], &document["detail"]], ["too_busy", "We close at ten"], "{document}");
    floor.has_no_complaint().await;
}

/// Each action removes its own button. The focus moves to the next entry, not to the top of the page.
#[tokio::test]
async fn the_focus_stays_in_a_list_when_an_action_removes_its_entry() {
    let restaurant = TestRestaurant::open(1, &[]).await;
    let floor = restaurant.browser("the floor", Form::Wall).await;
    floor.goto("/staff").await;
    floor.sign_in_by_keys("staff").await;
    let mut placed = Vec::new();
    for table in ["2", "3", "4", "5", "6"] {
        let order = restaurant.server.diner(table).await.place(&restaurant.menu.basket()).await;
        placed.push(text(&order["id"]).to_owned());
    }
    let at = |order: usize, action: &str| format!("[data-order='{}'] [data-action='{action}']", placed[order]);
    let focused = async |selector: String| floor.until(&format!("the focus on {selector}"), FOCUSED, vec![selector.into()]).await;
    floor.sees(&at(4, "accept")).await;
    // The focus goes to the next entry, then to the previous one, and finally to the heading.
    floor.enter(&at(1, "accept")).await;
    focused(at(2, "accept")).await;
    floor.enter(&at(4, "accept")).await;
    focused(at(3, "accept")).await;
    // Through a sheet.
    floor.enter(&at(2, "reject")).await;
    floor.enter("dialog[open] [data-reason='too_busy']").await;
    focused(at(3, "reject")).await;
    floor.enter(&at(3, "accept")).await;
    focused(at(0, "accept")).await;
    floor.strikes_again(Key::Enter).await;
    focused("#lane-incoming".into()).await;
    assert_eq!(floor.ask(SEEN, vec![]).await, true);

    // Without orders in the kitchen, no alarm about its screens takes the focus of the call.
    for order in [0, 1, 3, 4] {
        restaurant.staff.act(&placed[order].as_str().into(), "ready").await;
    }
    floor.until("no alarm", "return !document.querySelector('[data-undrawn]')", vec![]).await;
    let call = json!({"id": support::new_id(), "action": "call_waiter", "reason": "help"});
    restaurant.server.diner("7").await.post("/api/v1/restaurants/demo/commands", &call).await.expect(200);
    floor.enter("[data-action='answer_call']").await;
    focused("[data-do='undo-call']".into()).await;
    focused("#lane-incoming".into()).await;
    floor.enter("[data-tab='tables']").await;
    floor.enter(&at(1, "serve")).await;
    focused(at(3, "serve")).await;
    floor.has_no_complaint().await;
}

#[tokio::test]
async fn the_focus_stays_in_the_managers_lists() {
    let restaurant = TestRestaurant::open(1, &[]).await;
    let manager = restaurant.browser("the manager", Form::Wall).await;
    let boss = restaurant.server.manager().await;
    for name in ["anna", "ben"] {
        let person = json!({"username": name, "password": "longer than needed", "role": "staff"});
        boss.post("/api/v1/restaurants/demo/people", &person).await.expect(201);
    }
    manager.goto("/manage#people").await;
    manager.sign_in_by_keys("manager").await;
    manager.enter("[data-person]:nth-child(1) [data-do='ask-remove']").await;
    manager.enter("dialog[open] [data-do='remove']").await;
    manager.until("Anna gone", "return document.querySelectorAll('#main [data-person]').length === 3", vec![]).await;
    let next = "return document.activeElement === document.querySelector(`[data-person]:nth-child(1) [data-do='ask-remove']`)";
    manager.until("the focus on the next person", next, vec![]).await;
    manager.enter("a[href='#menu']").await;
    manager.enter("[data-do='ask-category']").await;
    manager.fill_in("dialog[open] [name=name]", "Soups").await;
    manager.strike(Key::Enter).await;
    manager.enter("[data-do='save']").await;
    manager.until("the focus on the section", "return document.activeElement.matches('.section__head h2')", vec![]).await;
    manager.has_no_complaint().await;
}

#[tokio::test]
async fn a_manager_adds_a_dish_by_keyboard() {
    let restaurant = TestRestaurant::open(1, &[]).await;
    let manager = restaurant.browser("the manager", Form::Wall).await;
    manager.goto("/manage").await;
    manager.sign_in_by_keys("manager").await;
    manager.enter("[data-do='ask-item']").await;
    for (field, words) in [("name", "Patishapta"), ("price", "95.50"), ("station", "cold")] {
        manager.fill_in(&format!("dialog[open] [name={field}]"), words).await;
    }
    manager.strike(Key::Enter).await;
    manager.enter("[data-do='save']").await;
    support::eventually("the dish on the menu", support::PATIENCE, || async {
        let menu = restaurant.staff.get("/api/v1/restaurants/demo/menu").await.expect(200);
        let mut dishes = menu["items"].as_object().unwrap().values().cloned();
        let dish = dishes.find(|dish| dish["name"] == "Patishapta")?;
        assert_eq!((&dish["price"]["amount"], &dish["station"]), (&json!(9550), &json!("cold")));
        Some(())
    })
    .await;
    manager.has_no_complaint().await;
}
