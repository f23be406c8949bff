//! Tokens that expire while a page is open. One of these tests takes a minute, in parallel with the others.

use crate::browser::Browser;
use crate::driver::Form;
use crate::restaurant::TestRestaurant;
use serde_json::json;
use std::time::Duration;
use support::Client;

/// A kitchen screen whose token expired asks to be paired, is paired from the floor, and shows the orders again.
#[tokio::test]
async fn a_kitchen_screen_with_an_expired_token_can_be_paired_again() {
    let restaurant = TestRestaurant::open(2, &[]).await;
    let guest = restaurant.server.diner("7").await;
    let order = guest.place(&restaurant.menu.basket()).await;
    let id = order["id"].as_str().unwrap();
    let screen = restaurant.browser("the screen", Form::Wall).await;
    screen.goto("/kitchen").await;
    screen.sees("[data-user-code]").await;
    screen.is("stopped").await;

    // Issued last, so that it is still valid when the page is live and expires soon after.
    screen.goto(&format!("/kitchen#token={}", restaurant.kitchen_token(Some("hot"), "6s").await)).await;
    screen.is("live").await;
    screen.shows(id, "placed").await;
    screen.sees("[data-user-code]").await;
    assert!(screen.orders().await.is_empty(), "a signed-out screen shows no orders");

    let floor = restaurant.floor().await;
    let code = screen.ask("return document.querySelector('[data-user-code]').dataset.userCode", vec![]).await;
    floor.tap("[data-tab='screens']").await;
    floor.tap("[data-do='ask-pair']").await;
    floor.write("[name=user_code]", code.as_str().unwrap()).await;
    floor.write("[name=name]", "Hot line, left").await;
    floor.tap("#pair-form [type=submit]").await;
    screen.is("live").await;
    screen.shows(id, "placed").await;
    floor.sees("[data-display][data-tone='good']").await;
}

/// A guest follows an order for longer than a token lives. The page renews its tokens and stays connected.
#[tokio::test]
async fn a_guest_page_stays_connected_after_its_first_token_expires() {
    let restaurant = TestRestaurant::open(1, &["--access-token-minutes", "1"]).await;
    let phone = restaurant.phone(9).await;
    phone.add(restaurant.menu.dish("Rasmalai")).await;
    phone.place().await;
    let order = phone.only_order().await;
    phone.mark().await;
    let expiry =
        "return JSON.parse(atob(JSON.parse(localStorage['orderbell.diner.demo-table-9']).access_token.split('.')[1])).exp";
    let first = phone.ask(expiry, vec![]).await;
    let over = format!("{expiry} > arguments[0] && Date.now() / 1000 > arguments[0] + 2");
    phone.within(Duration::from_secs(90), "the first token to expire", &over, vec![first]).await;
    phone.is("live").await;
    restaurant.staff.command(&json!(order), "rush", json!({"rush": true})).await.expect(200);
    phone.cancel(&order).await;
    phone.shows(&order, "cancelled").await;
    phone.was_not_reloaded().await;
    phone.has_no_complaint().await;
}

/// An invalid token and a revoked token both lead to the pairing page, which says why. Neither leaves a screen that retries
/// forever.
#[tokio::test]
async fn an_invalid_or_revoked_token_leads_to_the_pairing_page() {
    let restaurant = TestRestaurant::open(1, &[]).await;
    let screen = restaurant.browser("the screen", Form::Wall).await;
    screen.goto("/kitchen#token=half.a-token").await;
    is_to_be_paired(&screen, "no valid token").await;

    let token = restaurant.kitchen_token(Some("hot"), "1h").await;
    screen.goto(&format!("/kitchen#token={token}")).await;
    screen.is("live").await;
    let revoked = Client::new(&restaurant.server.base, &token).delete("/api/v1/sessions/current").await;
    assert_eq!(revoked.status, 204, "{}", revoked.text);
    is_to_be_paired(&screen, "no longer works").await;

    // A browser does not report why a handshake was refused, so the screen has to ask the server.
    screen.goto("/").await;
    screen.goto(&format!("/kitchen#token={token}")).await;
    is_to_be_paired(&screen, "no longer works").await;
}

async fn is_to_be_paired(screen: &Browser, why: &str) {
    screen.sees("[data-user-code]").await;
    screen.is("stopped").await;
    assert_eq!(screen.at().await, "/kitchen");
    let notice = screen.ask("return document.querySelector('.pairing__notice')?.innerText", vec![]).await;
    assert!(notice.as_str().is_some_and(|words| words.contains(why)), "{notice}");
}
