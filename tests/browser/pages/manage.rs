//! The manager's page.

use crate::browser::Browser;
use crate::driver::Form;
use crate::restaurant::{TestRestaurant, sign_in};
use serde_json::json;
use std::time::Duration;
use support::proxy::Network;

#[tokio::test]
async fn the_managers_page_is_accessible() {
    let restaurant = TestRestaurant::open(1, &[]).await;
    restaurant.evening(Duration::ZERO).await;
    let manager = restaurant.browser("the manager", Form::Wall).await;
    manager.goto("/manage").await;
    sign_in(&manager, "manager").await;
    for section in ["menu", "orders", "tables", "people", "screens", "keys", "report", "audit"] {
        manager.goto(&format!("/manage#{section}")).await;
        manager
            .until(
                section,
                "return !document.querySelector('.spinner') && location.hash === arguments[0]",
                vec![format!("#{section}").into()],
            )
            .await;
        manager.inspect(&format!("manage-{section}")).await;
    }
    manager.has_no_complaint().await;
}

/// Returns whether the bar of the hour with orders is inside the plot, which scrolls on a phone.
const BUSY_HOUR: &str = "const plot = document.querySelector('.plot-scroll').getBoundingClientRect();
    const bar = document.querySelector('.plot__value').getBoundingClientRect();
    return bar.left >= plot.left && bar.right <= plot.right";

#[tokio::test]
async fn a_report_on_a_phone_shows_its_busy_hours_and_stays_if_that_of_another_day_cannot_be_read() {
    let restaurant = TestRestaurant::open(1, &[]).await;
    restaurant.evening(Duration::ZERO).await;
    let manager = restaurant.browser("the manager", Form::Phone).await;
    manager.goto("/").await;
    let hour = manager.ask("return new Date().getUTCHours()", vec![]).await;
    // Pick a zone in which it is now afternoon or evening.
    let zone = if hour.as_u64() < Some(12) { "Etc/GMT-12" } else { "Etc/GMT" };
    manager.devtools("Emulation.setTimezoneOverride", json!({"timezoneId": zone})).await;
    manager.goto("/manage#report").await;
    sign_in(&manager, "manager").await;
    manager.sees(".plot__value").await;
    manager.until("the busy hour", BUSY_HOUR, vec![]).await;
    manager.inspect("manage-report-busy-hour").await;

    let day = "return document.querySelector('#day').value";
    let today = manager.ask(day, vec![]).await;
    manager.network.set(Network::Cut);
    manager.tap("[data-do='day-before']").await;
    let refused = "return document.querySelector('#toasts').innerText.includes('The server cannot be reached.')";
    manager.until("that the server cannot be reached", refused, vec![]).await;
    assert_eq!(manager.ask(day, vec![]).await, today, "the report on the page is still today's");
    manager.network.set(Network::Fine);
    manager.is("live").await;
    manager.tap("[data-do='day-before']").await;
    manager
        .until("the day before", "return document.querySelector('.blank')?.innerText.includes('No orders on this day')", vec![])
        .await;
}

/// A page without data says that it cannot reach the server, and not that its data may be old.
#[tokio::test]
async fn a_manager_without_a_network_reads_why_nothing_is_shown() {
    let restaurant = TestRestaurant::open(1, &[]).await;
    let manager = restaurant.browser("the manager", Form::Phone).await;
    manager.goto("/manage").await;
    sign_in(&manager, "manager").await;
    manager.sees("[data-menu-item]").await;
    manager.network.set(Network::Cut);
    manager.tap("a[href='#people']").await;
    manager.until("why", "return document.querySelector('#main .blank')?.innerText.includes('cannot be reached')", vec![]).await;
    let banner = "return document.querySelector('#offline').checkVisibility()";
    assert_eq!(manager.ask(banner, vec![]).await, false);
    manager.inspect("manage-unreached").await;
    manager.tap("a[href='#menu']").await;
    manager.sees("[data-menu-item]").await;
    manager.until("that it may be old", banner, vec![]).await;
}

/// Returns the text beside a field, and whether the field has the focus.
const BESIDE: &str = "const field = document.querySelector(`dialog[open] [name='${arguments[0]}']`);
    const words = document.getElementById(field.getAttribute('aria-errormessage'))?.textContent;
    return words && [words, document.activeElement === field]";

#[tokio::test]
async fn errors_of_a_dish_are_shown_beside_its_fields() {
    let restaurant = TestRestaurant::open(1, &[]).await;
    let manager = restaurant.browser("the manager", Form::Wall).await;
    manager.goto("/manage").await;
    sign_in(&manager, "manager").await;
    manager.tap(".heading__add").await;
    manager.write("dialog[open] [name='price']", "four").await;
    manager.write("dialog[open] [name='station']", "Hot Line").await;
    manager.tap("dialog[open] [type='submit']").await;
    for (field, words, has_focus) in [
        ("name", "This is needed.", true),
        ("price", "A price is a number, such as 4.50", false),
        ("station", "Small letters, digits and hyphens only.", false),
    ] {
        let beside = manager.until(field, BESIDE, vec![field.into()]).await;
        assert_eq!(beside, json!([words, has_focus]), "{field}");
    }
    manager.inspect("manage-dish-refused").await;
    manager.write("dialog[open] [name='name']", "Patishapta").await;
    let forgiven = "return !document.querySelector('dialog[open] [name=name]').hasAttribute('aria-invalid')";
    manager.until("the name has no error", forgiven, vec![]).await;
    assert_eq!(manager.ask("return document.querySelectorAll('dialog[open] [data-of]').length", vec![]).await, 2);
    manager.has_no_complaint().await;
}

/// Edits a field of a dish and keeps the change in the draft.
async fn edit(manager: &Browser, dish: &str, field: &str, text: &str) {
    manager.tap(&format!("[data-menu-item='{dish}'] [data-do='ask-item']")).await;
    let field = format!("dialog[open] [name='{field}']");
    manager.sees(&field).await;
    manager.ask("document.querySelector(arguments[0]).value = ''", vec![field.as_str().into()]).await;
    manager.write(&field, text).await;
    manager.tap("dialog[open] [type='submit']").await;
    manager.sees(".save").await;
}

#[tokio::test]
async fn two_managers_who_save_one_menu_keep_each_others_changes() {
    let restaurant = TestRestaurant::open(2, &[]).await;
    let (one, two) = (restaurant.browser("one", Form::Wall).await, restaurant.browser("two", Form::Phone).await);
    for manager in [&one, &two] {
        manager.goto("/manage").await;
        sign_in(manager, "manager").await;
        manager.sees("[data-menu-item]").await;
    }
    let dish = one.ask("return document.querySelector('[data-menu-item]').dataset.menuItem", vec![]).await;
    let dish = dish.as_str().unwrap();
    let read = async || restaurant.staff.get("/api/v1/restaurants/demo/menu").await.expect(200)["items"][dish].clone();
    let saved = "return document.querySelector('.save') === null";

    // Changes to different fields of a dish merge without a question.
    edit(&one, dish, "name", "Rezala of the house").await;
    edit(&two, dish, "description", "Cooked slowly").await;
    one.tap(".save [data-do='save']").await;
    one.until("the first menu saved", saved, vec![]).await;
    two.tap(".save [data-do='save']").await;
    two.until("the second menu saved", saved, vec![]).await;
    let both = read().await;
    assert_eq!((&both["name"], &both["description"]), (&json!("Rezala of the house"), &json!("Cooked slowly")));

    // For changes to the same field the page asks, and shows both values.
    one.reload().await;
    one.sees("[data-menu-item]").await;
    edit(&one, dish, "price", "11").await;
    edit(&two, dish, "price", "12").await;
    one.tap(".save [data-do='save']").await;
    one.until("the third menu saved", saved, vec![]).await;
    two.tap(".save [data-do='save']").await;
    two.sees("dialog[open] .conflict").await;
    let words = two.ask("return document.querySelector('dialog[open] .conflict').innerText", vec![]).await;
    let words = words.as_str().unwrap();
    assert!(["Rezala of the house", "11", "12"].iter().all(|part| words.contains(part)), "{words}");
    two.inspect("manage-menu-conflict").await;
    two.tap("dialog[open] .conflict [value='theirs']").await;
    two.tap("dialog[open] [type='submit']").await;
    two.until("the fourth menu saved", saved, vec![]).await;
    let amount = read().await["price"]["amount"].as_u64().unwrap();
    assert!(amount == 11 || amount == 1100, "{amount}");
    one.has_no_complaint().await; // the other browser's console has the 412
}
