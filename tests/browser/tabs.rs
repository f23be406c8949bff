//! Several tabs in one browser on a network that blocks WebSockets. A browser opens at most six connections to a server,
//! and one of them must be free for a command, however many rooms the tabs follow.

use crate::browser::Browser;
use crate::driver::Form;
use crate::faults::BACK;
use crate::restaurant::{TestRestaurant, sign_in};
use fantoccini::wd::WindowHandle;
use serde_json::{Value, json};
use std::time::{Duration, Instant};
use support::client::text;
use support::eventually;
use support::proxy::{Network, Use};

const TABS: usize = 8;
/// The longest median time of a command. One that waits behind a poll takes many seconds.
const ANSWER: Duration = Duration::from_secs(1);
const LIVE: &str = "return document.documentElement.dataset.connection === 'live'";

/// A browser with several tabs.
struct Tabs {
    browser: Browser,
    tabs: Vec<WindowHandle>,
}

impl Tabs {
    /// Opens the first tab, on a network without WebSockets.
    async fn open(restaurant: &TestRestaurant) -> Self {
        let browser = restaurant.browser("the tabs", Form::Wall).await;
        browser.network.set(Network::NoWebSockets);
        let tabs = vec![browser.client.window().await.unwrap()];
        Self { browser, tabs }
    }

    /// Opens another tab.
    async fn add(&mut self) {
        self.tabs.push(self.browser.client.new_window(true).await.unwrap().handle);
        self.turn_to(self.tabs.len() - 1).await;
    }

    async fn turn_to(&self, tab: usize) {
        self.browser.client.switch_to_window(self.tabs[tab].clone()).await.unwrap();
    }

    async fn is_live(&self) {
        self.browser.within(BACK, "to be live without a WebSocket", LIVE, vec![]).await;
    }

    /// Waits until the server has the given number of open streams.
    async fn hold(&self, streams: usize) {
        let network = &self.browser.network;
        let as_many = || async { (network.carries(Use::Stream) == streams).then_some(()) };
        eventually(&format!("{streams} streams"), BACK, as_many).await;
    }

    /// Waits until each tab shows an order with a status.
    async fn show(&self, order: &str, status: &str) {
        for tab in 0..self.tabs.len() {
            self.turn_to(tab).await;
            self.browser.shows(order, status).await;
        }
    }
}

/// Places orders of a guest over plain HTTP.
async fn place(restaurant: &TestRestaurant, count: usize) -> Vec<String> {
    let mut orders = Vec::new();
    for number in 0..count {
        let guest = restaurant.server.diner(&(number % 12 + 1).to_string()).await;
        orders.push(text(&guest.place(&restaurant.menu.basket()).await["id"]).to_owned());
    }
    orders
}

async fn staff_tabs(restaurant: &TestRestaurant, count: usize) -> Tabs {
    let mut tabs = Tabs::open(restaurant).await;
    tabs.browser.goto("/staff").await;
    sign_in(&tabs.browser, "staff").await;
    for _ in 1..count {
        tabs.add().await;
        tabs.browser.goto("/staff").await;
        tabs.is_live().await;
    }
    tabs
}

#[tokio::test]
async fn eight_staff_tabs_without_websockets_hold_one_request_and_commands_are_answered_at_once() {
    let restaurant = TestRestaurant::open(1, &["--heartbeat-ms", "2000"]).await;
    let orders = place(&restaurant, TABS).await;
    let mut tabs = staff_tabs(&restaurant, TABS).await;
    tabs.hold(1).await;
    let mut took = Vec::new();
    for (tab, order) in orders.iter().enumerate() {
        tabs.turn_to(tab).await;
        tabs.browser.shows(order, "placed").await;
        tabs.browser.act(order, "accept").await;
        let begun = Instant::now();
        let script = "const order = document.querySelector(`[data-order='${arguments[0]}']`);
            return order?.dataset.status === 'accepted' && !order.querySelector('[data-pending]')
              && !order.matches('[data-pending]')";
        tabs.browser.until("an answer", script, vec![order.as_str().into()]).await;
        assert_eq!(restaurant.order(order).await["status"], "accepted");
        took.push(begun.elapsed());
    }
    took.sort();
    assert!(took[TABS / 2] <= ANSWER, "{took:?}");
    tabs.show(&orders[TABS - 1], "accepted").await;
    tabs.hold(1).await;

    // Close the tab that follows for all of them.
    tabs.turn_to(0).await;
    tabs.browser.client.close_window().await.unwrap();
    tabs.tabs.remove(0);
    restaurant.staff.act(&json!(orders[0]), "ready").await;
    tabs.show(&orders[0], "ready").await;
    tabs.hold(1).await;
}

/// The control: this browser has the limit that pages must respect. While six requests are held, a seventh one waits.
#[tokio::test]
async fn a_browser_with_six_held_requests_sends_no_seventh_one() {
    let restaurant = TestRestaurant::open(1, &[]).await;
    let tabs = Tabs::open(&restaurant).await;
    tabs.browser.goto("/healthz").await;
    let (token, room) = (restaurant.kitchen_token(None, "1h").await, restaurant.menu.kitchen());
    let hold = "const [room, token] = arguments;
        window.held = Array.from({ length: 6 }, () => { const held = new AbortController();
          fetch(`/api/v1/rooms/${room}/stream`, { headers: { authorization: `Bearer ${token}` }, signal: held.signal }).catch(() => {});
          return held; })";
    tabs.browser.ask(hold, vec![json!(room), json!(token)]).await;
    tabs.hold(6).await;
    let ask = "const done = arguments[arguments.length - 1];
        const late = new Promise((resolve) => setTimeout(() => resolve('late'), 1500));
        Promise.race([fetch('/healthz', { cache: 'no-store' }).then(() => 'answered'), late]).then(done)";
    assert_eq!(tabs.browser.client.execute_async(ask, vec![]).await.unwrap(), "late");
    tabs.browser.ask("window.held[0].abort()", vec![]).await;
    assert_eq!(tabs.browser.client.execute_async(ask, vec![]).await.unwrap(), "answered");
}

/// A kitchen screen, a waiter and a guest share a computer: each tab works under its own token, whatever happens to the
/// others.
#[tokio::test]
async fn tabs_of_different_sessions_do_not_share_a_request() {
    let restaurant = TestRestaurant::open(1, &["--heartbeat-ms", "2000"]).await;
    let orders = place(&restaurant, 2).await;
    let mut tabs = staff_tabs(&restaurant, 1).await;
    tabs.add().await;
    tabs.browser.goto(&format!("/kitchen#token={}", restaurant.kitchen_token(None, "1h").await)).await;
    tabs.is_live().await;
    tabs.add().await;
    tabs.browser.goto("/t/demo-table-9").await;
    tabs.is_live().await;
    tabs.hold(3).await;
    restaurant.staff.act(&json!(orders[0]), "accept").await;
    for tab in [1, 0] {
        tabs.turn_to(tab).await;
        tabs.browser.shows(&orders[0], "accepted").await;
    }
    let out = "const done = arguments[arguments.length - 1];
        const key = Object.keys(localStorage).find((key) => JSON.parse(localStorage[key])?.access_token && key.includes('staff'));
        const { access_token } = JSON.parse(localStorage[key]);
        fetch('/api/v1/sessions/current', { method: 'DELETE', headers: { authorization: `Bearer ${access_token}` } })
          .then(({ status }) => done(status), done)";
    assert_eq!(tabs.browser.client.execute_async(out, vec![]).await.unwrap(), Value::from(204));
    tabs.browser.sees("[name=password]").await;
    tabs.turn_to(1).await;
    restaurant.staff.act(&json!(orders[1]), "accept").await;
    tabs.browser.shows(&orders[1], "accepted").await;
    tabs.turn_to(2).await;
    tabs.is_live().await;
    tabs.hold(2).await;
}
