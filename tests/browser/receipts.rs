//! What a guest's page claims about the floor: only what is known.

use crate::browser::Browser;
use crate::restaurant::TestRestaurant;
use serde_json::json;
use support::client::text;

const HINT: &str = "return document.querySelector(`[data-order='${arguments[0]}'] :is(.order__hint, .track__promise)`)
    ?.innerText.includes(arguments[1])";
const CALL: &str = "return document.querySelector('[data-call]')?.innerText.includes(arguments[0])";
/// Advances the page's clock.
const LATER: &str = "const real = Date.now; const { now } = performance; const ahead = arguments[0];
    Date.now = () => real.call(Date) + ahead; performance.now = () => now.call(performance) + ahead";

impl Browser {
    async fn hints(&self, order: &str, words: &str) {
        self.until(words, HINT, vec![order.into(), words.into()]).await;
    }

    async fn call_says(&self, words: &str) {
        self.until(words, CALL, vec![words.into()]).await;
    }
}

/// At first no floor page is open, then one is open, and then somebody answers.
#[tokio::test]
async fn a_guest_reads_that_an_order_is_sent_then_seen_then_accepted() {
    let restaurant = TestRestaurant::open(2, &[]).await;
    let phone = restaurant.phone(2).await;
    phone.add(restaurant.menu.dish("Firni")).await;
    phone.place().await;
    let order = phone.only_order().await;
    phone.hints(&order, "You will see their answer here.").await;
    phone
        .until(
            "no receipt",
            "return performance.getEntriesByType('resource').some(({ name }) => name.endsWith('/receipt'))",
            vec![],
        )
        .await;
    phone.ask(LATER, vec![61_000.into()]).await;
    phone.hints(&order, "No one has seen this yet. Please wave to a waiter.").await;
    let told = "return document.querySelector('#toasts').innerText.includes('Order A1: No one has seen this yet.')";
    phone.until("it announced", told, vec![]).await;
    phone.ask("scrollTo({ top: 0, behavior: 'instant' })", vec![]).await;
    phone.inspect("table-unseen").await;

    let floor = restaurant.floor().await;
    floor.shows(&order, "placed").await;
    phone.hints(&order, "It is on the staff’s screen.").await;
    phone.goto(&format!("/orders/{order}")).await;
    phone.hints(&order, "It is on the staff’s screen.").await;
    phone.tap("[data-language='bn']").await;
    phone.hints(&order, "কর্মীদের স্ক্রিনে এসেছে।").await;
    phone.inspect("order-seen").await;
    restaurant.staff.act(&json!(order), "accept").await;
    phone.shows(&order, "accepted").await;
    phone.has_no_complaint().await;
}

/// While the floor page shows the menu, it does not report the order as seen.
#[tokio::test]
async fn a_floor_page_that_shows_the_menu_does_not_report_an_order_as_seen() {
    let restaurant = TestRestaurant::open(1, &[]).await;
    let floor = restaurant.floor().await;
    floor.tap("[data-tab='menu']").await;
    let guest = restaurant.server.diner("5").await;
    let order = guest.place(&restaurant.menu.basket()).await["id"].clone();
    let receipt = format!("/api/v1/orders/{}/receipt", text(&order));
    floor.until("it rings", "return document.title.startsWith('(1)')", vec![]).await;
    assert_eq!(guest.get(&receipt).await.expect(200), json!({"floor_seen": false}));
    floor.tap("[data-tab='orders']").await;
    support::eventually("the order seen", support::PATIENCE, || async {
        (guest.get(&receipt).await.expect(200) == json!({"floor_seen": true})).then_some(())
    })
    .await;
}

/// A call is sent, seen and closed by the staff; each page shows that, also after a reload.
#[tokio::test]
async fn a_call_shows_its_outcome() {
    let restaurant = TestRestaurant::open(2, &[]).await;
    let phone = restaurant.phone(3).await;
    phone.tap("#call").await;
    phone.tap("#call-sheet [data-reason='bill']").await;
    phone.call_says("Called at").await;
    phone.until("the toast", "return document.querySelector('#toasts').innerText.includes('Your call is sent.')", vec![]).await;
    phone.ask(LATER, vec![61_000.into()]).await;
    phone.call_says("No one has seen this yet. Please wave to a waiter.").await;
    phone.inspect("table-call-unseen").await;
    let floor = restaurant.floor().await;
    floor.sees("[data-call]").await;
    phone.call_says("It is on the staff’s screen.").await;
    phone.reload().await;
    phone.call_says("It is on the staff’s screen.").await;
    floor.tap("[data-action='answer_call']").await;
    phone.call_says("The staff have marked this as done.").await;
    phone.tap("[data-language='bn']").await;
    phone.call_says("কর্মীরা এটি সেরেছেন বলে জানিয়েছেন।").await;
    phone.inspect("table-call-done").await;

    phone.add(restaurant.menu.dish("Firni")).await;
    phone.place().await;
    let order = phone.only_order().await;
    phone.goto(&format!("/orders/{order}")).await;
    phone.call_says("কর্মীরা এটি সেরেছেন বলে জানিয়েছেন।").await;
    phone.tap("[data-do='call-read']").await;
    phone.until("it confirmed", "return !document.querySelector('[data-call]')", vec![]).await;
    phone.reload().await;
    phone.is("live").await;
    phone.until("it stays confirmed", "return !document.querySelector('[data-call]')", vec![]).await;
    phone.has_no_complaint().await;
}
