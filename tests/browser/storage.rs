//! Browsers that store nothing: every page works in memory, and says once what is lost.

use crate::browser::Browser;
use crate::driver::Form;
use crate::restaurant::{TestRestaurant, sign_in};
use serde_json::json;
use support::client::text;

/// A way in which a browser refuses to store something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// All cookies are blocked in the settings. WebKit's driver cannot do this.
    Cookies,
    /// Every access to storage, and to all else that a browser may refuse, throws. Chromium only.
    Getters,
    /// The quota is used up.
    Quota,
}

/// Runs before the page's own scripts.
const THROWING: &str = "const throws = { configurable: true, get() { throw new DOMException('refused', 'SecurityError'); } };
    for (const name of ['localStorage', 'sessionStorage', 'indexedDB', 'caches', 'BroadcastChannel', 'AudioContext', 'Notification', 'PushManager']) {
      Object.defineProperty(window, name, throws);
    }
    for (const name of ['locks', 'wakeLock', 'serviceWorker', 'storage']) Object.defineProperty(Navigator.prototype, name, throws);
    delete window.SharedWorker;";
const FULL: &str = "for (let size = 1 << 22; size > 0; size >>= 1) {
      try { for (let n = 0; ; n += 1) localStorage.setItem(`fill ${size} ${n}`, 'x'.repeat(size)); } catch { /* smaller */ }
    }
    try { sessionStorage.setItem('fill', 'x'.repeat(1 << 20)); } catch { /* enough */ }";
/// Returns whether the notice about lost storage is shown exactly once.
const KEEPS_NOTHING: &str =
    "return document.querySelectorAll('#notice > *').length === 1 && document.querySelector('#notice').checkVisibility()
    && document.querySelector('#notice').innerText.includes('This browser keeps nothing')";

impl TestRestaurant {
    async fn refusing(&self, name: &'static str, form: Form, refusal: Refusal) -> Browser {
        let browser =
            if refusal == Refusal::Cookies { self.cookieless(name, form).await } else { self.browser(name, form).await };
        match refusal {
            Refusal::Cookies => {}
            Refusal::Getters => {
                browser.devtools("Page.addScriptToEvaluateOnNewDocument", json!({"source": THROWING})).await;
            }
            Refusal::Quota => {
                // A text file of the same origin. Firefox shows JSON in a page of its own, with its own storage.
                browser.goto("/languages/en.js").await;
                browser.ask(FULL, vec![]).await;
            }
        }
        browser
    }
}

#[tokio::test]
async fn every_page_works_in_a_browser_with_its_cookies_blocked() {
    let restaurant = TestRestaurant::open(1, &[]).await;
    for_everybody(&restaurant, Refusal::Cookies).await;
}

#[tokio::test]
async fn every_page_works_where_access_to_storage_throws() {
    let restaurant = TestRestaurant::open(1, &[]).await;
    for_everybody(&restaurant, Refusal::Getters).await;
}

#[tokio::test]
async fn every_page_works_where_storage_is_full() {
    let restaurant = TestRestaurant::open(1, &[]).await;
    for_everybody(&restaurant, Refusal::Quota).await;
}

async fn for_everybody(restaurant: &TestRestaurant, refusal: Refusal) {
    guest(restaurant, refusal).await;
    kitchen(restaurant, refusal).await;
    floor(restaurant, refusal).await;
    manager(restaurant, refusal).await;
}

/// Orders, and follows the order as its owner on the page that has the session: no address carries a secret.
pub async fn guest(restaurant: &TestRestaurant, refusal: Refusal) {
    let phone = restaurant.refusing("the phone", Form::Phone, refusal).await;
    phone.goto("/t/demo-table-3").await;
    phone.is("live").await;
    phone.until("to say what is lost", KEEPS_NOTHING, vec![]).await;
    phone.covers_no_control().await;
    phone.tap("#notice button").await;
    phone.until("the notice closed", "return !document.querySelector('#notice > *')", vec![]).await;
    phone.add(restaurant.menu.dish("Masala cha")).await;
    phone.place().await;
    let order = phone.only_order().await;
    phone.shows(&order, "placed").await;
    phone.tap(&format!("a[href='/orders/{order}']")).await;
    phone.sees("#order-sheet [data-status='placed'] [data-action='cancel']").await;
    assert_eq!(phone.at().await, "/t/demo-table-3");
    restaurant.staff.act(&json!(order), "accept").await;
    phone.sees("#order-sheet [data-status='accepted'] [data-do='share']").await;
    restaurant.staff.act(&json!(order), "ready").await;
    phone.sees("#order-sheet [data-status='ready']").await;
    phone.tap("#order-sheet [data-do='close']").await;
    phone.until("the sheet closed", "return !document.querySelector('dialog[open]')", vec![]).await;
    phone.shows(&order, "ready").await;
    // The order's own page does not know the guest, and says why.
    phone.goto(&format!("/orders/{order}")).await;
    phone.is("stopped").await;
    phone.until("why", "return document.body.innerText.includes('only the page on which you ordered')", vec![]).await;
    phone.client.close().await.unwrap();
}

async fn kitchen(restaurant: &TestRestaurant, refusal: Refusal) {
    let order = restaurant.staff_order().await;
    let screen = restaurant.refusing("the screen", Form::Wall, refusal).await;
    screen.goto("/kitchen").await;
    screen.sees("[data-user-code]").await;
    screen.until("to say what is lost before it is paired", KEEPS_NOTHING, vec![]).await;
    let top = "return document.elementFromPoint(innerWidth / 2, 10)?.closest('#notice') !== null";
    screen.until("the notice above the pairing", top, vec![]).await;
    screen.goto(&format!("/kitchen#token={}", restaurant.kitchen_token(None, "1h").await)).await;
    screen.is("live").await;
    screen.until("to say what is lost", KEEPS_NOTHING, vec![]).await;
    screen.shows(&order, "accepted").await;
    for size in [(1920, 1080), (1080, 1920), (390, 844), (320, 568), (195, 422), (1280, 800)] {
        screen.is_sized(size).await;
        screen.covers_no_control().await;
    }
    screen.act(&order, "ready").await;
    screen.shows(&order, "ready").await;
    restaurant.agree(&order, &[&screen]).await;
    screen.client.close().await.unwrap();
}

async fn floor(restaurant: &TestRestaurant, refusal: Refusal) {
    let floor = restaurant.refusing("the floor", Form::Wall, refusal).await;
    floor.goto("/staff").await;
    sign_in(&floor, "staff").await;
    floor.until("to say what is lost", KEEPS_NOTHING, vec![]).await;
    floor.covers_no_control().await;
    let order = restaurant.staff_order().await;
    floor.shows(&order, "accepted").await;
    floor.act(&order, "ready").await;
    floor.shows(&order, "ready").await;
    // On other browsers a phone call or a new version reloads the page. Here a reload would sign everybody out, so the page
    // does not reload by itself.
    floor.mark().await;
    floor.act(&order, "serve").await;
    floor.shows(&order, "served").await;
    floor.was_not_reloaded().await;
    floor.client.close().await.unwrap();
}

async fn manager(restaurant: &TestRestaurant, refusal: Refusal) {
    let manager = restaurant.refusing("the manager", Form::Wall, refusal).await;
    manager.goto("/manage").await;
    sign_in(&manager, "manager").await;
    manager.until("to say what is lost", KEEPS_NOTHING, vec![]).await;
    manager.covers_no_control().await;
    manager.sees(".heading__add").await;
    manager.client.close().await.unwrap();
}

impl TestRestaurant {
    /// Creates an accepted order.
    async fn staff_order(&self) -> String {
        let guest = self.server.diner("5").await;
        let order = guest.place(&json!({"service": "dine_in", "items": [self.menu.line("Fuchka", 1)]})).await["id"].clone();
        self.staff.act(&order, "accept").await;
        text(&order).to_owned()
    }
}
