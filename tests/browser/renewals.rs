//! Token renewals with lost responses, pages that reload during a renewal, and two tabs: nobody is signed out.

use crate::browser::Browser;
use crate::driver::Form;
use crate::restaurant::{TestRestaurant, sign_in};
use serde_json::json;
use support::proxy::Network;
use support::{PATIENCE, eventually};

pub const GUEST: &str = "orderbell.diner.demo-table-7";
const STAFF: &str = "orderbell.staff";
const SCREEN: &str = "orderbell.kitchen";

/// Expires the browser's tokens by its own clock, so that the next page renews before anything else.
async fn age(browser: &Browser, key: &str) {
    let script = "const kept = JSON.parse(localStorage.getItem(arguments[0]));
        localStorage.setItem(arguments[0], JSON.stringify({ ...kept, renew_at: 0, expires_at: 0 }));
        return kept.refresh_token";
    assert!(browser.ask(script, vec![key.into()]).await.is_string(), "{key}");
}

async fn refresh_token(browser: &Browser, key: &str) -> String {
    let token = browser.ask("return JSON.parse(localStorage.getItem(arguments[0])).refresh_token", vec![key.into()]).await;
    token.as_str().unwrap().to_owned()
}

/// Reloads the page, and waits until one more answer is lost.
async fn reload_and_lose_one(browser: &Browser) {
    let before = browser.network.lost();
    browser.reload().await;
    eventually("a lost answer", PATIENCE, || async { (browser.network.lost() > before).then_some(()) }).await;
}

/// Reloads twice during renewals whose responses are lost, and once more on a working network. Asserts that the session stays.
pub async fn comes_through(browser: &Browser, key: &str) {
    // Comes first, since an open page may renew as soon as its token has expired.
    browser.network.set(Network::LosesRenewals);
    age(browser, key).await;
    let token = refresh_token(browser, key).await;
    for _ in 0..2 {
        reload_and_lose_one(browser).await;
    }
    assert_eq!(refresh_token(browser, key).await, token, "without a response there is no new token");
    browser.network.set(Network::Fine);
    browser.is("live").await;
    assert_ne!(refresh_token(browser, key).await, token);
}

#[tokio::test]
async fn a_guest_with_two_tabs_keeps_the_visit_and_the_order_when_answers_to_renewals_are_lost() {
    let restaurant = TestRestaurant::open(1, &[]).await;
    let phone = restaurant.phone(7).await;
    let first = refresh_token(&phone, GUEST).await;
    phone.add(restaurant.menu.dish("Firni")).await;
    phone.place().await;
    let order = phone.only_order().await;
    let one = phone.client.window().await.unwrap();
    let two = phone.client.new_window(true).await.unwrap().handle;
    phone.client.switch_to_window(two.clone()).await.unwrap();
    phone.goto(&format!("/orders/{order}")).await;
    phone.shows(&order, "placed").await;
    comes_through(&phone, GUEST).await;
    phone.shows(&order, "placed").await;
    phone.client.switch_to_window(one.clone()).await.unwrap();
    comes_through(&phone, GUEST).await;
    phone.shows(&order, "placed").await;
    restaurant.staff.act(&order.clone().into(), "accept").await;
    for tab in [two, one] {
        phone.client.switch_to_window(tab).await.unwrap();
        phone.is("live").await;
        phone.shows(&order, "accepted").await;
    }

    // A long-replaced refresh token ends the session, also for its holder. The guest is still at the table: the page starts
    // a new session there, and the order stays visible.
    let old = "const kept = JSON.parse(localStorage.getItem(arguments[0]));
        localStorage.setItem(arguments[0], JSON.stringify({ ...kept, refresh_token: arguments[1], renew_at: 0, expires_at: 0 }))";
    phone.ask(old, vec![GUEST.into(), json!(first)]).await;
    phone.reload().await;
    phone.is("live").await;
    phone.shows(&order, "accepted").await;
    phone.sees(&format!("[data-order='{order}'] .banner")).await;
    phone.reload().await;
    phone.is("live").await;
    phone.shows(&order, "accepted").await;
    phone.goto(&format!("/orders/{order}")).await;
    phone.shows(&order, "accepted").await;
    phone.sees("#main .banner").await;
    // The new session works as any other.
    phone.goto("/t/demo-table-7").await;
    phone.is("live").await;
    phone.add(restaurant.menu.dish("Firni")).await;
    phone.place().await;
    let shown = "return document.querySelectorAll('[data-order]').length === 2";
    phone.until("both orders", shown, vec![]).await;
}

#[tokio::test]
async fn a_waiter_and_a_paired_screen_stay_signed_in_when_answers_to_renewals_are_lost() {
    let restaurant = TestRestaurant::open(1, &[]).await;
    let wall = restaurant.browser("the wall", Form::Wall).await;
    wall.goto("/staff").await;
    sign_in(&wall, "staff").await;
    comes_through(&wall, STAFF).await;
    wall.goto("/kitchen").await;
    wall.sees("[data-user-code]").await;
    let code = wall.ask("return document.querySelector('[data-user-code]').textContent", vec![]).await;
    let approval = format!("/api/v1/devices/pairings/{}/approval", code.as_str().unwrap());
    restaurant.staff.post(&approval, &json!({"name": "Pass"})).await.expect(200);
    wall.is("live").await;
    comes_through(&wall, SCREEN).await;
}
