//! How an unattended wall screen recovers from a deploy, from a page that did not load, and from a start without a network.

use crate::browser::Browser;
use crate::driver::Form;
use crate::release::Release;
use crate::restaurant::{TestRestaurant, is_filled_in, sign_in};
use serde_json::json;
use std::time::Duration;
use support::proxy::Network;

/// The longest that a screen may take to recover by itself.
const BACK: Duration = Duration::from_secs(30);
const VERSION: &str = "return document.querySelector('[name=orderbell-version]').content";
const NEW_PAGE: &str = "return document.documentElement.dataset.connection === 'live'
    && document.querySelector('.bar__name').textContent === 'Galley'";

/// The server drains and exits, and another version replaces it. The kitchen screen and the floor reload once each, and a
/// tap made in between is not lost.
#[tokio::test]
async fn a_wall_screen_recovers_by_itself_on_the_deployed_version() {
    let (mut restaurant, release) = tokio::join!(
        TestRestaurant::open(2, &["--drain-s", "1"]),
        Release::with("kitchen.html", "<span class=\"bar__name\">Kitchen</span>", "<span class=\"bar__name\">Galley</span>")
    );
    let (hot, floor) = tokio::join!(restaurant.kitchen("the hot line", Some("hot")), restaurant.floor());
    let order = restaurant.server.diner("7").await.place(&restaurant.menu.basket()).await["id"].clone();
    restaurant.staff.act(&order, "accept").await;
    let id = order.as_str().unwrap();
    let rezala = restaurant.item(id, "Beef rezala").await;
    hot.shows(id, "accepted").await;
    let old = hot.ask(VERSION, vec![]).await;
    hot.mark().await;

    restaurant.server.signal("TERM");
    restaurant.server.exit().await;
    hot.is("offline").await;
    hot.act_on_item(id, &rezala, "finish_item").await;
    restaurant.server.install(release.program());
    restaurant.restart(&[&hot, &floor]).await;
    hot.within(BACK, "to be live on the new page", NEW_PAGE, vec![]).await;
    assert_ne!(hot.ask(VERSION, vec![]).await, old);
    assert_eq!(hot.ask("return window.marked", vec![]).await, json!(null), "the page was reloaded");
    hot.mark().await;
    hot.shows_item(id, &rezala, "done").await;
    restaurant.agree(id, &[&hot]).await;

    let newer = "return document.querySelector('[name=orderbell-version]').content !== arguments[0]";
    floor.within(BACK, "the floor on the new version", newer, vec![old]).await;
    floor.shows(id, "preparing").await;
    hot.act(id, "ready").await;
    floor.shows(id, "preparing").await;
    hot.was_not_reloaded().await;
}

/// The page loads during a deploy, but one of its modules does not. The guard reloads the page as soon as the module is
/// available.
#[tokio::test]
async fn a_page_that_did_not_load_reloads_itself() {
    let restaurant = TestRestaurant::open(1, &[]).await;
    let screen = restaurant.browser("the screen", Form::Wall).await;
    screen.devtools("Network.enable", json!({})).await;
    block(&screen, &["*/kitchen/view.js"]).await;
    screen.goto("/kitchen").await;
    let dead = "return document.querySelector('#pairing').hidden && document.readyState === 'complete'";
    screen.until("the page without one of its parts", dead, vec![]).await;
    block(&screen, &[]).await;
    let paired = "return document.querySelector('[data-user-code]')?.checkVisibility()";
    screen.within(BACK, "a code, on a page that was loaded again", paired, vec![]).await;
}

/// A network lets the page through but none of its scripts: the page says so by its styles alone, and the link it offers
/// works.
#[tokio::test]
async fn a_page_without_its_scripts_says_so_and_can_be_reloaded() {
    let restaurant = TestRestaurant::open(1, &[]).await;
    let phone = restaurant.browser("a phone", Form::Phone).await;
    phone.devtools("Network.enable", json!({})).await;
    let order = restaurant.server.diner("7").await.place(&restaurant.menu.basket()).await["id"].clone();
    let order = format!("/orders/{}", order.as_str().unwrap());
    for path in ["/t/demo-table-7", order.as_str(), "/staff", "/manage", "/kitchen"] {
        block(&phone, &["*/shared/dom.js"]).await;
        phone.goto(path).await;
        phone.until("told that it is late", LATE, vec![]).await;
        block(&phone, &[]).await;
        phone.tap(".late a").await;
        phone.until("the page", "return !document.querySelector('.late')", vec![]).await;
    }
}

/// The server becomes unreachable while the page loads, and there is no cached copy yet: the page names the cause and loads
/// by itself later.
#[tokio::test]
async fn a_page_that_lost_its_server_while_loading_says_so_and_loads_later() {
    let restaurant = TestRestaurant::open(1, &[]).await;
    let floor = restaurant.browser("the floor", Form::Phone).await;
    floor.devtools("Network.enable", json!({})).await;
    block(&floor, &["*/shared/dom.js"]).await;
    floor.goto("/staff").await;
    floor.network.set(Network::Cut);
    let said =
        "return document.querySelector('.late[data-unreached]')?.innerText.startsWith('The server has been unreachable since')";
    floor.within(BACK, "that the server is away", said, vec![]).await;
    block(&floor, &[]).await;
    floor.network.set(Network::Fine);
    let back = "return document.querySelector('#sign-in')?.checkVisibility()";
    floor.within(BACK, "the page", back, vec![]).await;
}

/// Returns whether the page says that it is late. It says so only after some seconds.
const LATE: &str =
    "document.getAnimations().filter(({ animationName }) => animationName === 'late').forEach((late) => late.finish());
    return document.querySelector('.late')?.checkVisibility({ visibilityProperty: true })";

/// Reports whether the page and its tickets are cached. A page that is not ready yet reports nothing.
const KEPT: &str = "const done = arguments[arguments.length - 1];
    document.dispatchEvent(new Event('freeze'));
    navigator.serviceWorker.getRegistration().then((worker) => done(worker?.active?.state === 'activated'), () => done(false))";

/// The tablet restarts while the network is away.
#[tokio::test]
async fn a_screen_started_without_a_network_shows_its_stored_tickets() {
    let restaurant = TestRestaurant::open(1, &[]).await;
    let order = restaurant.server.diner("7").await.place(&restaurant.menu.basket()).await["id"].clone();
    restaurant.staff.act(&order, "accept").await;
    let id = order.as_str().unwrap();
    let hot = restaurant.kitchen("the hot line", Some("hot")).await;
    hot.shows(id, "accepted").await;
    hot.until_told("a copy of its page", KEPT).await;

    hot.network.set(Network::Cut);
    hot.reload().await;
    hot.shows(id, "accepted").await;
    let age = "return /What you see is .* old/.test(document.querySelector('#offline').textContent)";
    hot.until("how old it is", age, vec![]).await;
    hot.act(id, "ready").await;
    hot.network.set(Network::Fine);
    hot.is("live").await;
    let rezala = restaurant.item(id, "Beef rezala").await;
    support::eventually("what was bumped without a network", support::PATIENCE, || async {
        (restaurant.order(id).await["items"][&rezala]["status"] == "done").then_some(())
    })
    .await;
}

/// Returns whether the page says that its server is unreachable. Each page must say so from the start.
const UNREACHED: &str =
    "return /(unreachable|No connection|Since ).*\\d/.test(document.querySelector(arguments[0])?.innerText ?? '')";

/// After a power cut every screen of the restaurant starts before the server does. Each shows its page with what it has
/// stored, says since when the server is unreachable, and recovers by itself.
#[tokio::test]
async fn pages_opened_before_the_server_starts_recover_by_themselves() {
    let mut restaurant = TestRestaurant::open(4, &[]).await;
    let order = restaurant.server.diner("7").await.place(&restaurant.menu.basket()).await["id"].clone();
    restaurant.staff.act(&order, "accept").await;
    let id = order.as_str().unwrap();
    let (hot, floor, manager, unpaired) = tokio::join!(
        restaurant.kitchen("the hot line", Some("hot")),
        restaurant.floor(),
        restaurant.browser("the manager", Form::Wall),
        restaurant.browser("a screen that is not paired", Form::Wall)
    );
    manager.goto("/manage").await;
    sign_in(&manager, "manager").await;
    unpaired.goto("/kitchen").await;
    hot.shows(id, "accepted").await;
    floor.shows(id, "accepted").await;
    let all = [&hot, &floor, &manager, &unpaired];
    for screen in all {
        screen.until_told("a copy of its page", KEPT).await;
    }

    restaurant.kill().await;
    for screen in all {
        screen.reload().await;
    }
    let places = [
        (&hot, "kitchen", "#offline"),
        (&floor, "staff", "#offline"),
        (&manager, "manage", "#main .blank"),
        (&unpaired, "pairing", "#pairing"),
    ];
    for (screen, name, place) in places {
        screen.until("since when the server is away", UNREACHED, vec![place.into()]).await;
        screen.mark().await;
        screen.inspect(&format!("{name}-before-the-server")).await;
    }
    hot.shows(id, "accepted").await;
    floor.shows(id, "accepted").await;

    restaurant.restart(&all).await;
    for screen in [&hot, &floor, &manager] {
        screen.is("live").await;
    }
    manager.sees("[data-menu-item]").await;
    unpaired.sees("[data-user-code]").await;
    floor.act(id, "ready").await;
    hot.shows(id, "ready").await;
    for screen in all {
        screen.was_not_reloaded().await;
    }
}

/// Nobody is signed in yet: the form says why it cannot be used, and is filled in once the server responds.
#[tokio::test]
async fn a_sign_in_form_opened_before_the_server_starts_waits_for_it() {
    let mut restaurant = TestRestaurant::open(1, &[]).await;
    let page = restaurant.browser("the floor", Form::Phone).await;
    for path in ["/staff", "/manage"] {
        page.goto(path).await;
        page.until_told("a copy of its page", KEPT).await;
        restaurant.kill().await;
        page.reload().await;
        page.until("since when the server is away", UNREACHED, vec!["#sign-in-unreached".into()]).await;
        page.inspect("sign-in-before-the-server").await;
        restaurant.restart(&[&page]).await;
        is_filled_in(&page).await;
        page.until("no notice", "return document.querySelector('#sign-in-unreached').hidden", vec![]).await;
    }
}

/// Pages that load, and then cannot ask the server what they show. Each says so, and asks again by itself.
#[tokio::test]
async fn pages_that_cannot_ask_the_server_say_so_and_ask_again() {
    let restaurant = TestRestaurant::open(1, &[]).await;
    let page = restaurant.browser("a visitor", Form::Wall).await;
    page.devtools("Network.enable", json!({})).await;
    let pages = [
        ("/", "#foot", "#demo"),
        ("/demo", "#main .blank", ".pane__screen"),
        ("/t/demo-table-3", "#main .blank", "#basket-bar, .dish"),
    ];
    for (path, place, content) in pages {
        block(&page, &["*/api/*"]).await;
        page.goto(path).await;
        let says = "return /unreachable since|cannot be reached/.test(document.querySelector(arguments[0])?.innerText ?? '')";
        page.until("that the server is away", says, vec![place.into()]).await;
        page.is("offline").await;
        let pairs = page.ask("return document.querySelector('#state')?.textContent === 'Signing in and pairing'", vec![]).await;
        assert_eq!(pairs, false, "{path}: the bar says what the page cannot do");
        page.mark().await;
        block(&page, &[]).await;
        page.within(BACK, path, "return document.querySelector(arguments[0])?.checkVisibility()", vec![content.into()]).await;
        page.is("live").await;
        page.was_not_reloaded().await;
    }
}

async fn block(screen: &Browser, addresses: &[&str]) {
    screen.devtools("Network.setBlockedURLs", json!({"urls": addresses})).await;
}
