//! The kitchen's page.

use crate::browser::Browser;
use crate::driver::Form;
use crate::looks::saves_pictures;
use crate::restaurant::TestRestaurant;
use serde_json::json;
use std::time::Duration;
use support::client::text;
use support::proxy::Network;

/// The age of the older orders on a picture: late by the settings below.
const OLD: Duration = Duration::from_secs(125);
const SETTINGS: &str = "localStorage['orderbell.kitchen.settings'] = JSON.stringify({ warnMinutes: 1, lateMinutes: 2 })";

/// A screen that has never reached the server neither shows a spinner forever nor counts tickets that it does not know.
#[tokio::test]
async fn a_screen_that_reaches_no_server_says_so_instead_of_showing_tickets() {
    let restaurant = TestRestaurant::open(1, &[]).await;
    let screen = restaurant.browser("the screen", Form::Wall).await;
    let token = restaurant.kitchen_token(None, "1h").await;
    screen.goto("/").await;
    screen.reaches_nothing().await;
    screen.goto(&format!("/kitchen#token={token}")).await;
    screen.is("offline").await;
    let said = "return document.querySelector('#blank').innerText.includes('The server cannot be reached')";
    screen.until("it said", said, vec![]).await;
    assert_eq!(screen.ask("return document.querySelector('#counts').innerText", vec![]).await, "");
    screen.inspect("kitchen-unreached").await;
}

#[tokio::test]
async fn the_kitchens_page_is_accessible() {
    let restaurant = TestRestaurant::open(1, &[]).await;
    let screen = restaurant.browser("the screen", Form::Wall).await;
    screen.goto("/kitchen").await;
    screen.sees("[data-user-code]").await;
    screen.inspect("kitchen-pairing").await;

    screen.ask(SETTINGS, vec![]).await;
    screen.goto(&format!("/kitchen#token={}", restaurant.kitchen_token(None, "1h").await)).await;
    screen.is("live").await;
    screen.inspect("kitchen-empty").await;
    let evening = restaurant.evening(if saves_pictures() { OLD } else { Duration::ZERO }).await;
    screen.shows(text(&evening.cooking), "preparing").await;
    screen.shows(text(&evening.incoming), "placed").await;
    screen.inspect("kitchen").await;
    turned(&screen).await;
    restaurant.staff.command(&evening.cooking, "cancel", json!({"reason": "customer_request"})).await.expect(200);
    screen.shows(text(&evening.cooking), "cancelled").await;
    screen.tap("[data-do='all-day']").await;
    screen.sees("#all-day-panel").await;
    screen.inspect("kitchen-all-day").await;
    screen.open_recall().await;
    screen.shows(text(&evening.ready), "ready").await;
    screen.inspect("kitchen-recall").await;
    screen.tap("#recall-sheet [data-do='close']").await;
    screen.tap("[data-do='settings']").await;
    screen.sees("#settings-sheet[open]").await;
    screen.inspect("kitchen-settings").await;
    columns(&screen).await;

    screen.network.set(Network::Cut);
    screen.is("offline").await;
    screen.sees("#offline").await;
    screen.inspect("kitchen-offline").await;
}

/// Chooses the number of columns, which must stay after a reload.
async fn columns(screen: &Browser) {
    let three = "return document.querySelector('#tickets').dataset.columns === '3'";
    screen.tap("[name=columns][value='3']").await;
    screen.until("three columns", three, vec![]).await;
    screen.tap("#settings-sheet [type=submit]").await;
    screen.reload().await;
    screen.is("live").await;
    screen.until("three columns after a reload", three, vec![]).await;
}

/// A rotated screen announces the number of tickets out of sight, and corrects it without waiting for an event.
async fn turned(screen: &Browser) {
    for form in [Form::Phone, Form::Wall] {
        screen.wear(form, "dark").await;
    }
    let right = "const edge = document.querySelector('#board').getBoundingClientRect().right - 24;
        const out = [...document.querySelectorAll('#tickets > *')].filter((one) => one.getBoundingClientRect().left > edge).length;
        const more = document.querySelector('#more');
        return more.hidden ? out === 0 : out > 0 && more.textContent.startsWith(`${out} more`)";
    screen.within(Duration::from_secs(3), "the announced number to be right", right, vec![]).await;
}
