//! Pages in the narrowest windows in use: 320 pixels, and a phone of 390 pixels at 200 % zoom (WCAG 1.4.10, 1.4.4).

use crate::browser::Browser;
use crate::driver::Form;
use crate::looks::saves_pictures;
use crate::restaurant::{TestRestaurant, sign_in};
use serde_json::{Value, json};
use std::path::PathBuf;
use std::time::Duration;
use support::client::text;

/// Widths and heights of the windows, in CSS pixels.
const WINDOWS: [(u32, u32); 2] = [(320, 568), (195, 422)];
const MISFITS: &str = include_str!("narrow.js");
/// Returns whether the declared allergy is as wide as its card and on the line of its icon.
const ALLERGY: &str = "const note = document.querySelector('[data-order] [data-item] .allergy-note');
    const [sign, words] = [...note?.children ?? []].map((part) => part.getBoundingClientRect());
    const card = note?.closest('.items').getBoundingClientRect();
    return words && sign.bottom > words.top && sign.top < words.bottom && words.left > sign.left && note.getBoundingClientRect().width > 0.8 * card.width - 40";
/// Returns whether the first order and its times are in sight with the page scrolled to the top.
const ORDER_BETWEEN_BARS: &str = "const line = document.querySelector('[data-lane=incoming] [data-order] .minutes');
    const foot = Math.min(...['#tabs', '#beyond:not([hidden])'].map((bar) => document.querySelector(bar)?.getBoundingClientRect().top ?? innerHeight));
    return innerWidth === 320 && scrollY === 0 && line !== null && line.getBoundingClientRect().bottom <= foot";

/// Returns whether a manager finds all tabs without a swipe.
const TABS_IN_SIGHT: &str = "return [...document.querySelectorAll('#tabs .tab')]
    .every((tab) => tab.getBoundingClientRect().left >= 0 && tab.getBoundingClientRect().right <= innerWidth)";

impl Browser {
    /// Asserts that everything fits into each window, and that no word is broken.
    async fn fits(&self, scene: &str) {
        self.devtools("Emulation.setScrollbarsHidden", json!({"hidden": true})).await;
        for (width, height) in WINDOWS {
            let metrics = json!({"width": width, "height": height, "deviceScaleFactor": 1, "mobile": false});
            self.devtools("Emulation.setDeviceMetricsOverride", metrics).await;
            self.until("the window", "return innerWidth === arguments[0]", vec![width.into()]).await;
            if let Some(folder) = std::env::var_os("ORDERBELL_SCREENSHOTS").filter(|_| saves_pictures()) {
                self.save(&PathBuf::from(folder).join(format!("narrow-{scene}-{width}.png"))).await;
            }
            let misfits = self.ask(MISFITS, vec![]).await;
            assert_eq!(misfits, json!([]), "{scene} at {width}: {misfits:#}");
        }
        self.devtools("Emulation.clearDeviceMetricsOverride", json!({})).await;
    }

    /// Asserts that the smallest phone shows an order below the bars and the calls, and that each control of the bar can be
    /// tapped.
    async fn has_an_order_in_sight(&self) {
        let metrics = json!({"width": 320, "height": 640, "deviceScaleFactor": 1, "mobile": true});
        self.devtools("Emulation.setDeviceMetricsOverride", metrics).await;
        self.until("two calls", "return document.querySelectorAll('[data-call]').length === 2", vec![]).await;
        self.until("an order between the bars", ORDER_BETWEEN_BARS, vec![]).await;
        let small = "return [...document.querySelectorAll('.top :is(button, input, a), #tabs button, [data-call] button')]
            .filter((view) => view.checkVisibility() && view.getBoundingClientRect().height < 44).map((view) => view.outerHTML)";
        assert_eq!(self.ask(small, vec![]).await, json!([]));
        self.devtools("Emulation.clearDeviceMetricsOverride", json!({})).await;
    }

    async fn close_sheet(&self) {
        self.tap("dialog[open] [data-do='close']").await;
        self.until("no sheet", "return !document.querySelector('dialog[open]')", vec![]).await;
    }
}

#[tokio::test]
async fn the_landing_page_fits_into_a_narrow_window() {
    let restaurant = TestRestaurant::open(1, &[]).await;
    let visitor = restaurant.browser("a visitor", Form::Phone).await;
    visitor.goto("/").await;
    visitor.sees("#code img").await;
    visitor.fits("landing").await;
}

#[tokio::test]
async fn the_guests_pages_fit_into_a_narrow_window_in_each_language() {
    let restaurant = TestRestaurant::open(1, &[]).await;
    let phone = restaurant.phone(9).await;
    for language in ["en", "bn"] {
        phone.goto("/t/demo-table-9").await;
        phone.is("live").await;
        phone.tap(&format!("[data-language='{language}']")).await;
        phone.until(language, "return document.documentElement.lang === arguments[0]", vec![language.into()]).await;
        phone.fits(&format!("table-{language}")).await;
        let dish = text(&restaurant.menu.dish("Kacchi biryani")["id"]);
        phone.tap(&format!("[data-menu-item='{dish}'] [data-do='options']")).await;
        phone.write("#choice-note", "nut allergy").await;
        phone.fits(&format!("options-{language}")).await;
        phone.tap("dialog[open] [data-do='allergy-yes']").await;
        phone.tap("dialog[open] [data-do='add-choice']").await;
        phone.tap("[data-action='basket']").await;
        phone.sees("[data-action='place']").await;
        phone.fits(&format!("basket-{language}")).await;
        phone.tap("[data-action='place']").await;
        phone.sees("[data-order][data-status='placed']").await;
        phone.fits(&format!("placed-{language}")).await;
        phone.until("the allergy beside its sign", ALLERGY, vec![]).await;
        let order = phone.orders().await[0].clone();
        phone.goto(&format!("/orders/{order}")).await;
        phone.is("live").await;
        phone.fits(&format!("order-{language}")).await;
        let why = json!({"reason": "kitchen_closed", "detail": "We closed at ten."});
        restaurant.staff.command(&json!(order), "reject", why).await.expect(200);
        phone.shows(&order, "rejected").await;
        phone.fits(&format!("rejected-{language}")).await;
    }
}

#[tokio::test]
async fn the_kitchens_screen_fits_into_a_narrow_window() {
    let restaurant = TestRestaurant::open(1, &[]).await;
    let evening = restaurant.evening(Duration::ZERO).await;
    let long = restaurant.accepted_takeaway("Butterscotch cheesecake", "12").await;
    let gone = restaurant.accepted_takeaway("Chimichurri paratha", "10").await;
    let left = restaurant.server.diner("11").await.place(&restaurant.menu.basket()).await["id"].clone();
    restaurant.staff.act(&left, "accept").await;
    let screen = restaurant.browser("the screen", Form::Phone).await;
    screen.goto("/kitchen").await;
    screen.sees("[data-user-code]").await;
    screen.fits("kitchen-pairing").await;
    screen.goto(&format!("/kitchen#token={}", restaurant.kitchen_token(None, "1h").await)).await;
    screen.is("live").await;
    screen.shows(text(&long), "accepted").await;
    screen.fits("kitchen").await;
    let voided = restaurant.item(text(&evening.cooking), "Firni").await;
    restaurant.staff.command(&evening.cooking, "void_item", json!({"item": voided, "reason": "out_of_stock"})).await.expect(200);
    restaurant.staff.command(&gone, "cancel", json!({"reason": "customer_request"})).await.expect(200);
    let why = json!({"reason": "customer_request", "detail": "They had to leave"});
    restaurant.staff.command(&left, "cancel", why).await.expect(200);
    screen.shows(text(&gone), "cancelled").await;
    screen.shows(text(&left), "cancelled").await;
    screen.fits("kitchen-cancelled").await;
    for (control, sheet) in [("recall", true), ("settings", true), ("all-day", false)] {
        screen.tap(&format!("[data-do='{control}']")).await;
        screen.sees(if sheet { "dialog[open]" } else { "#all-day-panel" }).await;
        screen.fits(&format!("kitchen-{control}")).await;
        if sheet {
            screen.tap("dialog[open] :is([data-do='close'], .sheet__head [type='submit'])").await;
        }
        screen.until("no sheet", "return !document.querySelector('dialog[open]')", vec![]).await;
    }
    // The smallest window shows a ticket, not only its surroundings.
    screen.is_sized((195, 422)).await;
    let reached = "const ticket = document.querySelector('#tickets > [data-order]');
        ticket.scrollIntoView({ block: 'center', behavior: 'instant' });
        const { top, left, height, width } = ticket.querySelector('.item__face').getBoundingClientRect();
        const hit = document.elementFromPoint(left + width / 2, top + height / 2);
        return ticket.contains(hit) && Math.min(innerHeight, ticket.getBoundingClientRect().bottom) - Math.max(0, ticket.getBoundingClientRect().top) > 200";
    screen.until("a ticket on the phone", reached, vec![]).await;
}

impl TestRestaurant {
    /// Creates an accepted takeaway order with an allergy, for a dish of that name.
    async fn accepted_takeaway(&self, name: &str, table: &str) -> Value {
        self.renames(if table == "12" { "Firni" } else { "Fuchka" }, name).await;
        let mut line = self.menu.line(if table == "12" { "Firni" } else { "Fuchka" }, 2);
        line["note"] = json!("Peanuts make me very ill");
        line["allergy"] = json!(true);
        let order = self.server.diner(table).await.place(&json!({"service": "takeaway", "items": [line]})).await["id"].clone();
        self.staff.act(&order, "accept").await;
        order
    }
}

#[tokio::test]
async fn the_floors_page_fits_into_a_narrow_window() {
    let restaurant = TestRestaurant::open(1, &[]).await;
    let evening = restaurant.evening(Duration::ZERO).await;
    let floor = restaurant.browser("the floor", Form::Phone).await;
    floor.goto("/staff").await;
    sign_in(&floor, "staff").await;
    floor.shows(text(&evening.incoming), "placed").await;
    floor.fits("staff").await;
    floor.has_an_order_in_sight().await;
    floor.tap(&format!("[data-order='{}'] [data-do='open-order']", text(&evening.incoming))).await;
    floor.fits("staff-open-order").await;
    floor.act(text(&evening.incoming), "reject").await;
    floor.fits("staff-reject").await;
    floor.close_sheet().await;
    for sheet in ["account", "ask-pause"] {
        floor.tap(&format!("[data-do='{sheet}']")).await;
        floor.sees("dialog[open]").await;
        floor.fits(&format!("staff-{sheet}")).await;
        floor.close_sheet().await;
    }
    floor.tap("[data-do='new-order']").await;
    floor.fits("staff-entry-place").await;
    floor.tap("[data-place-table='11']").await;
    for dish in ["Beef rezala", "Vegetable bhuna"] {
        floor.tap(&format!("[data-dish='{}']", text(&restaurant.menu.dish(dish)["id"]))).await;
    }
    floor.fits("staff-entry").await;
    floor.tap("[data-do='entry-whole']").await;
    floor.fits("staff-entry-whole").await;
    floor.tap("[data-do='entry-close']").await;
    floor.fits("staff-unsent").await;
    floor.write("#search", "7").await;
    floor.sees(".filter").await;
    floor.fits("staff-search").await;
    floor.tap("[data-do='clear-search']").await;
    for tab in ["tables", "menu", "screens"] {
        floor.tap(&format!("[data-tab='{tab}']")).await;
        floor.sees(&format!("[data-tab='{tab}'][aria-current='page']")).await;
        floor.fits(&format!("staff-{tab}")).await;
        for sheet in if tab == "tables" { ["ask-move", "ask-split"].as_slice() } else { &[] } {
            floor.tap(&format!("[data-do='{sheet}']")).await;
            floor.sees("dialog[open]").await;
            floor.fits(&format!("staff-{sheet}")).await;
            floor.close_sheet().await;
        }
    }
}

#[tokio::test]
async fn the_managers_page_fits_into_a_narrow_window() {
    let restaurant = TestRestaurant::open(1, &[]).await;
    restaurant.evening(Duration::ZERO).await;
    let manager = restaurant.browser("the manager", Form::Phone).await;
    manager.goto("/manage").await;
    sign_in(&manager, "manager").await;
    for section in ["menu", "hours", "orders", "tables", "people", "screens", "keys", "report", "audit"] {
        manager.goto(&format!("/manage#{section}")).await;
        let read = "return !document.querySelector('.spinner') && location.hash === arguments[0]";
        manager.until(section, read, vec![format!("#{section}").into()]).await;
        manager.fits(&format!("manage-{section}")).await;
    }
    manager.goto("/manage#menu").await;
    for (width, height) in [(320, 568), (360, 640), (390, 844)] {
        manager.is_sized((width, height)).await;
        manager.until("every tab in sight", TABS_IN_SIGHT, vec![]).await;
    }
    manager.tap("[data-do='ask-item']").await;
    manager.sees("dialog[open]").await;
    manager.fits("manage-dish").await;
    manager.goto("/manage#orders").await;
    manager.tap("[data-do='ask-auto']").await;
    manager.sees("dialog[open]").await;
    manager.fits("manage-auto-accept").await;
}
