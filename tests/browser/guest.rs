//! Guest pages beyond ordering: languages, offline use, sharing with a friend.

use crate::browser::Browser;
use crate::driver::Form;
use crate::restaurant::{TestRestaurant, sign_in};
use serde_json::{Value, json};
use support::proxy::Network;

/// Returns the language files that the page has loaded.
const WORDS: &str = "return performance.getEntriesByType('resource').map(({ name }) => new URL(name).pathname)
    .filter((path) => /^\\/languages\\/..\\.js$/.test(path))";
/// Reports whether the service worker is active and the order page is cached. A page that is not ready yet reports nothing.
pub const KEPT: &str = "const done = arguments[arguments.length - 1];
    caches.match('/orders/shell').then(async (kept) => done(Boolean(kept && navigator.serviceWorker.controller
      && (await navigator.serviceWorker.ready).active?.state === 'activated')), () => done(false))";
async fn ordered(restaurant: &TestRestaurant, phone: &Browser) -> String {
    phone.add(restaurant.menu.dish("Firni")).await;
    phone.place().await;
    phone.only_order().await
}

async fn follow(phone: &Browser, order: &str) {
    phone.goto(&format!("/orders/{order}")).await;
    phone.is("live").await;
}

#[tokio::test]
async fn a_guest_chooses_a_language_and_keeps_it() {
    let restaurant = TestRestaurant::open(1, &[]).await;
    let phone = restaurant.phone(2).await;
    let lang = "return document.documentElement.lang === arguments[0] && document.querySelector('#call').innerText";
    let english = phone.until("English words", lang, vec!["en".into()]).await;
    assert_eq!(phone.ask(WORDS, vec![]).await, json!(["/languages/en.js"]), "only one language is loaded");
    phone.mark().await;
    phone.tap("[data-language='bn']").await;
    let bengali = phone.until("Bengali words", lang, vec!["bn".into()]).await;
    assert_ne!(english, bengali);
    let order = ordered(&restaurant, &phone).await;
    phone.was_not_reloaded().await;

    follow(&phone, &order).await;
    assert_eq!(phone.until("the words that were chosen", lang, vec!["bn".into()]).await, bengali);
    assert_eq!(phone.ask(WORDS, vec![]).await, json!(["/languages/bn.js"]));
    let digits = "return document.querySelector('.track__number').textContent";
    let number = phone.ask(digits, vec![]).await;
    assert!(number.as_str().unwrap().contains('১'), "order 1, in Bengali digits: {number}");
}

/// The phone is offline and the page reloads: it shows the last known state and how old that is.
#[tokio::test]
async fn a_page_loaded_offline_shows_the_last_known_state() {
    let restaurant = TestRestaurant::open(1, &[]).await;
    let phone = restaurant.phone(3).await;
    let order = ordered(&restaurant, &phone).await;
    follow(&phone, &order).await;
    restaurant.staff.act(&json!(order), "accept").await;
    phone.shows(&order, "accepted").await;
    phone.until_told("the pages kept", KEPT).await;

    phone.network.set(Network::Cut);
    phone.mark().await;
    phone.reload().await;
    phone.shows(&order, "accepted").await;
    phone.is("offline").await;
    phone.sees("#offline").await;
    assert_eq!(phone.ask("return window.marked ?? null", vec![]).await, Value::Null, "the page was reloaded");
    let age = "return /second|minute/.test(document.querySelector('#offline').innerText)";
    phone.until("how old it is", age, vec![]).await;
    phone.goto("/t/demo-table-3").await;
    phone.shows(&order, "accepted").await;
    phone.sees("[data-menu-item]").await;

    restaurant.staff.act(&json!(order), "start").await;
    phone.network.set(Network::Fine);
    phone.shows(&order, "preparing").await;
    phone.is("live").await;
}

/// A friend sees one order live and has no controls; the token is removed from the address as soon as it is read.
#[tokio::test]
async fn a_shared_link_shows_one_order_without_controls() {
    let restaurant = TestRestaurant::open(2, &[]).await;
    let phone = restaurant.phone(4).await;
    let order = ordered(&restaurant, &phone).await;
    follow(&phone, &order).await;
    // As on a phone without a share sheet.
    phone.ask("Object.defineProperty(navigator, 'share', { value: undefined })", vec![]).await;
    phone.tap("[data-do='share']").await;
    let link = phone.until("the link", "return document.querySelector('#share-link')?.value", vec![]).await;
    let token = link.as_str().unwrap().split_once("#share=").unwrap().1.to_owned();

    let friend = restaurant.browser("the friend", Form::Phone).await;
    friend.goto(&format!("/orders/{order}#share={token}")).await;
    friend.is("live").await;
    friend.shows(&order, "placed").await;
    assert_eq!(friend.at().await, format!("/orders/{order}"), "the token is taken out of the address");
    let controls =
        "return [...document.querySelectorAll('[data-action], [data-do]')].filter((each) => each.checkVisibility()).length";
    assert_eq!(friend.ask(controls, vec![]).await, 0, "no controls");
    restaurant.staff.act(&json!(order), "accept").await;
    friend.shows(&order, "accepted").await;
    friend.reload().await;
    friend.shows(&order, "accepted").await;
    friend.is("live").await;
    friend.goto("/orders/01890000-0000-7000-8000-000000000000").await;
    friend.is("stopped").await;
}

/// A manager requires names for takeaways: the guest's basket and the staff's entry ask for a name until there is one.
#[tokio::test]
async fn a_takeaway_asks_for_a_name_if_the_manager_requires_one() {
    let restaurant = TestRestaurant::open(2, &[]).await;
    let phone = restaurant.phone(3).await;
    phone.add(restaurant.menu.dish("Firni")).await;
    phone.tap("[data-action='basket']").await;
    phone.tap("[data-service='takeaway']").await;
    phone.sees("[data-action='place']:enabled").await;
    let manager = restaurant.browser("the manager", Form::Wall).await;
    manager.goto("/manage#menu").await;
    sign_in(&manager, "manager").await;
    manager.tap("[data-do='names'][aria-pressed='false']").await;
    manager.sees("[data-do='names'][aria-pressed='true']").await;
    phone.sees("[data-action='place']:disabled").await;
    let words = "return document.querySelector('#basket-why').innerText";
    assert_eq!(phone.ask(words, vec![]).await, "Please enter a name. It is called out when your order is ready.");
    phone.inspect("basket-nameless").await;
    phone.write("#guest-name", "Karim").await;
    phone.tap("[data-action='place']").await;
    let order = phone.only_order().await;
    assert_eq!(restaurant.order(&order).await["guest_name"], "Karim");
    phone.has_no_complaint().await;
    manager.has_no_complaint().await;
}
