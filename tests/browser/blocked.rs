//! Networks that block some transports: a phone and a kitchen screen fall back, behave as with a WebSocket, and return to
//! the better transport when they can.

use crate::browser::Browser;
use crate::driver::Form;
use crate::faults::{BACK, Ticket, accepted, bumps_offline, is_back, nothing_was_cooked_twice};
use crate::restaurant::{TestRestaurant, sign_in};
use serde_json::json;
use std::time::{Duration, Instant};
use support::eventually;
use support::proxy::{Network, Use};

/// The transports of a page, best first.
const WAYS: [Use; 3] = [Use::WebSocket, Use::Stream, Use::Poll];

/// The longest that a page may show "live" without hearing from the server.
const LIVE_AT_MOST: Duration = Duration::from_secs(20);
/// The longest until the page shows that it is offline.
const LOST_AT_MOST: Duration = Duration::from_secs(30);

/// Waits until a page is live over `way`, as its network sees it, and over no better transport.
async fn goes_over(page: &Browser, way: Use) {
    eventually(&format!("{} over {way:?}", page.name), BACK, || async {
        let best = WAYS.into_iter().find(|each| page.network.carries(*each) > 0);
        (best == Some(way)).then_some(())
    })
    .await;
    is_back(page).await;
}

/// Waits until each page shows each item as done.
async fn see_done(pages: &[&Browser], order: &str, items: &[&str]) {
    for page in pages {
        for item in items {
            page.shows_item(order, item, "done").await;
        }
    }
}

#[tokio::test]
async fn pages_fall_back_while_a_network_blocks_websockets_and_streams_and_return_afterwards() {
    let restaurant = TestRestaurant::open(4, &["--heartbeat-ms", "2000"]).await;
    let (phone, hot, expo, floor) = restaurant.four_pages().await;
    // The hot station shows only its own items.
    let (all, whole, blocked) = ([&phone, &hot, &expo, &floor], [&phone, &expo, &floor], [&phone, &hot]);
    for dish in ["Borhani", "Mishti doi", "Lemon soda"] {
        phone.add(restaurant.menu.dish(dish)).await;
    }
    let Ticket { order, rezala, roast, firni } = accepted(&restaurant, &phone).await;
    let [borhani, doi, soda] = [
        restaurant.item(&order, "Borhani").await,
        restaurant.item(&order, "Mishti doi").await,
        restaurant.item(&order, "Lemon soda").await,
    ];
    for page in all {
        page.shows(&order, "accepted").await;
    }
    for page in blocked {
        goes_over(page, Use::WebSocket).await;
        page.network.set(Network::NoWebSockets);
    }
    // Both are disconnected for now, and the kitchen keeps working.
    bumps_offline(&hot, &order, &rezala).await;
    expo.act_on_item(&order, &firni, "finish_item").await;
    for page in blocked {
        goes_over(page, Use::Stream).await;
    }
    see_done(&whole, &order, &[&rezala, &firni]).await;
    see_done(&[&hot], &order, &[&rezala]).await;
    // A page loaded on such a network finds a transport by itself.
    tokio::join!(phone.reload(), hot.reload());
    for page in blocked {
        goes_over(page, Use::Stream).await;
        page.mark().await;
        page.network.set(Network::NoStreams);
    }
    expo.act_on_item(&order, &borhani, "finish_item").await;
    for page in blocked {
        goes_over(page, Use::Poll).await;
    }
    hot.act_on_item(&order, &roast, "finish_item").await;
    expo.act_on_item(&order, &doi, "finish_item").await;
    see_done(&whole, &order, &[&roast, &doi, &borhani]).await;
    restaurant.agree(&order, &all).await;

    // One upgrades by itself; the other is notified of a network change.
    for page in blocked {
        page.network.set(Network::Fine);
    }
    phone.ask("dispatchEvent(new Event('online'))", vec![]).await;
    for page in blocked {
        goes_over(page, Use::WebSocket).await;
    }
    expo.act_on_item(&order, &soda, "finish_item").await;
    for page in whole {
        page.shows(&order, "ready").await;
    }
    restaurant.agree(&order, &whole).await;
    nothing_was_cooked_twice(&restaurant, &[&rezala, &roast, &firni, &borhani, &doi, &soda]).await;
    for page in blocked {
        page.was_not_reloaded().await;
    }
}

/// The page shows that it is not live, and how old its data is.
const DOUBTS: &str = "return document.documentElement.dataset.connection !== 'live' && !document.querySelector('#offline').hidden
    && /[0-9]+ seconds old/.test(document.querySelector('#offline').innerText)";

/// A stopped server keeps its sockets open, so nothing fails. On every transport, pages stop showing "live" in time and
/// recover by themselves.
#[tokio::test]
async fn no_page_shows_live_while_its_server_is_stopped() {
    let restaurant = TestRestaurant::open(4, &[]).await;
    let (phone, stream, poll) = tokio::join!(restaurant.phone(1), restaurant.phone(2), restaurant.phone(3));
    let manager = restaurant.browser("the manager", Form::Wall).await;
    manager.goto("/manage").await;
    sign_in(&manager, "manager").await;
    manager.is("live").await;
    stream.network.set(Network::NoWebSockets);
    poll.network.set(Network::NoStreams);
    goes_over(&phone, Use::WebSocket).await;
    goes_over(&stream, Use::Stream).await;
    goes_over(&poll, Use::Poll).await;
    // This includes a page that fell back to its transport.
    let pages = [&phone, &stream, &poll];
    restaurant.server.signal("STOP");
    let stopped = Instant::now();
    for page in pages {
        page.within(LIVE_AT_MOST, "to doubt that it is live", DOUBTS, vec![]).await;
        assert!(stopped.elapsed() < LIVE_AT_MOST, "{} was live for {:?}", page.name, stopped.elapsed());
    }
    phone.inspect("table-checking").await;
    manager.is("offline").await;
    for page in pages {
        page.is("offline").await;
    }
    assert!(stopped.elapsed() < LOST_AT_MOST, "the last was offline after {:?}", stopped.elapsed());
    restaurant.server.signal("CONT");
    for page in pages {
        is_back(page).await;
    }
    // A page that hears from the server stays live, however long nothing happens.
    let calm = "window.connections ??= new Set(); window.connections.add(document.documentElement.dataset.connection);
        window.calmSince ??= performance.now();
        return performance.now() - window.calmSince > 20_000 && [...window.connections].join()";
    for page in pages {
        let seen = page.within(BACK, "to be calm for a while", calm, vec![]).await;
        assert_eq!(seen, "live", "{}", page.name);
    }
}

/// Records the connection state that the page shows when it first marks something as not sent, and whether tickets cover each
/// other at that moment.
const WATCH_FLAGS: &str = "window.flagged = null;
    const covers = (a, b) => Math.min(a.right, b.right) - Math.max(a.left, b.left) > 2 && Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > 2;
    new MutationObserver(() => {
      const flag = [...document.querySelectorAll('.flag, .badge')].find((one) => one.textContent === 'Not sent yet' && one.checkVisibility());
      if (!flag || window.flagged) return;
      const { connection } = document.documentElement.dataset;
      window.flagged = [connection];
      setTimeout(() => {
        const places = [...document.querySelectorAll('#tickets > [data-order]')].map((ticket) => ticket.getBoundingClientRect());
        window.flagged = [connection, places.some((one, at) => places.some((other, there) => at < there && covers(one, other)))];
      }, 500);
    }).observe(document.body, { subtree: true, childList: true, attributes: true })";

/// The server stops before a bump and an accept. While the screens still count as live, they mark both actions as not sent, and
/// the mark covers no other ticket.
#[tokio::test]
async fn a_touch_without_an_answer_is_shown_as_not_sent_on_a_live_page() {
    let restaurant = TestRestaurant::open(2, &[]).await;
    let guest = restaurant.server.diner("7").await;
    let mut orders = Vec::new();
    for _ in 0..6 {
        orders.push(guest.place(&restaurant.menu.basket()).await["id"].as_str().unwrap().to_owned());
    }
    for order in &orders[..5] {
        restaurant.staff.act(&order.as_str().into(), "accept").await;
    }
    let (hot, floor) = tokio::join!(restaurant.kitchen("the hot line", Some("hot")), restaurant.floor());
    hot.shows(&orders[4], "accepted").await;
    floor.shows(&orders[5], "placed").await;
    for page in [&hot, &floor] {
        page.ask(WATCH_FLAGS, vec![]).await;
        // Both have just heard from the server, so neither doubts it before the touch.
        page.ask("dispatchEvent(new Event('online'))", vec![]).await;
        page.is("live").await;
    }
    restaurant.server.signal("STOP");
    let touch = "document.querySelector(`[data-order='${arguments[0]}'] [data-action='${arguments[1]}']`).click()";
    hot.ask(touch, vec![orders[0].as_str().into(), "start".into()]).await;
    floor.ask(touch, vec![orders[5].as_str().into(), "accept".into()]).await;
    for page in [&hot, &floor] {
        let flagged = page
            .within(LIVE_AT_MOST, "that it is not sent", "return window.flagged?.[1] !== undefined && window.flagged", vec![])
            .await;
        assert_eq!(flagged, json!(["live", false]), "{}", page.name);
        page.until("that the server is silent", DOUBTS, vec![]).await;
    }
    restaurant.server.signal("CONT");
    for page in [&hot, &floor] {
        is_back(page).await;
        page.until("nothing unsent", "return !document.body.innerText.includes('Not sent yet')", vec![]).await;
    }
}

/// Records the connection states that the page shows, and the WebSockets it tries before it is live.
const WATCH: &str = "window.shown = new Set();
    let sockets = 0;
    window.WebSocket = new Proxy(window.WebSocket, { construct: (Socket, given) => { sockets += 1; return new Socket(...given); } });
    new MutationObserver(() => {
      const { connection } = document.documentElement.dataset;
      window.shown.add(connection);
      if (document.querySelector('#offline')?.hidden === false) window.shown.add('banner');
      if (connection === 'live') window.triedBeforeLive ??= sockets;
    }).observe(document, { subtree: true, childList: true, attributes: true })";

/// Where WebSockets are blocked, a page that opens or reloads shows "connecting" until it is live, never "offline".
#[tokio::test]
async fn a_page_without_websockets_is_never_offline_and_reloads_over_its_last_transport() {
    let restaurant = TestRestaurant::open(1, &[]).await;
    let phone = restaurant.browser("the phone", Form::Phone).await;
    phone.network.set(Network::NoWebSockets);
    let watch = json!({"source": WATCH});
    phone.devtools("Page.addScriptToEvaluateOnNewDocument", watch).await;
    phone.goto("/t/demo-table-4").await;
    goes_over(&phone, Use::Stream).await;
    let shown = phone.ask("return [...window.shown].includes('offline')", vec![]).await;
    assert_eq!(shown, false, "shown as offline although the server answers");
    phone.reload().await;
    goes_over(&phone, Use::Stream).await;
    let shown = phone.ask("return [...window.shown].filter((state) => ['offline', 'banner'].includes(state))", vec![]).await;
    assert_eq!(shown, json!([]), "a reload begins with the transport that worked");
    assert_eq!(phone.ask("return window.triedBeforeLive", vec![]).await, 0, "WebSockets tried before the page was live");
}
