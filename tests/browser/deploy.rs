//! What a screen on a wall, which nobody touches, comes back from: a deploy, a page that did not load, a start without a
//! network.

use crate::browser::Browser;
use crate::driver::Form;
use crate::house::House;
use crate::release::Release;
use serde_json::json;
use std::time::Duration;
use support::proxy::Network;

/// How soon a screen is back by itself.
const BACK: Duration = Duration::from_secs(30);
const VERSION: &str = "return document.querySelector('[name=orderbell-version]').content";
const NEW_PAGE: &str = "return document.documentElement.dataset.connection === 'live'
    && document.querySelector('.bar__name').textContent === 'Galley'";

/// The server drains, ends, and another version takes its place. The kitchen's screen and the floor follow, a touch made
/// meanwhile is not lost, and each is loaded anew once.
#[tokio::test]
async fn a_kiosk_comes_back_by_itself_on_the_version_that_was_deployed() {
    let (mut house, release) = tokio::join!(
        House::open(2, &["--drain-s", "1"]),
        Release::with("kitchen.html", "<span class=\"bar__name\">Kitchen</span>", "<span class=\"bar__name\">Galley</span>")
    );
    let (hot, floor) = tokio::join!(house.kitchen("the hot line", Some("hot")), house.floor());
    let order = house.server.diner("7").await.place(&house.menu.basket()).await["id"].clone();
    house.staff.act(&order, "accept").await;
    let id = order.as_str().unwrap();
    let rezala = house.item(id, "Beef rezala").await;
    hot.shows(id, "accepted").await;
    let old = hot.ask(VERSION, vec![]).await;
    hot.mark().await;

    house.server.signal("TERM");
    house.server.exit().await;
    hot.is("offline").await;
    hot.act_on_item(id, &rezala, "finish_item").await;
    house.server.install(release.program());
    house.restart(&[&hot, &floor]).await;
    hot.within(BACK, "to be live on the new page", NEW_PAGE, vec![]).await;
    assert_ne!(hot.ask(VERSION, vec![]).await, old);
    assert_eq!(hot.ask("return window.marked", vec![]).await, json!(null), "the page is another one");
    hot.mark().await;
    hot.shows_item(id, &rezala, "done").await;
    house.agree(id, &[&hot]).await;

    let newer = "return document.querySelector('[name=orderbell-version]').content !== arguments[0]";
    floor.within(BACK, "the floor on the new version", newer, vec![old]).await;
    floor.shows(id, "preparing").await;
    hot.act(id, "ready").await;
    floor.shows(id, "preparing").await;
    hot.was_not_reloaded().await;
}

/// Half a deploy: the page came, one of its parts did not. The guard loads it anew, as soon as it can be had.
#[tokio::test]
async fn a_page_that_did_not_load_is_loaded_anew() {
    let house = House::open(1, &[]).await;
    let screen = house.browser("the screen", Form::Wall).await;
    screen.devtools("Network.enable", json!({})).await;
    block(&screen, &["*/kitchen/view.js"]).await;
    screen.goto("/kitchen").await;
    let dead = "return document.querySelector('#pairing').hidden && document.readyState === 'complete'";
    screen.until("the page without one of its parts", dead, vec![]).await;
    block(&screen, &[]).await;
    let paired = "return document.querySelector('[data-user-code]')?.checkVisibility()";
    screen.within(BACK, "a code, on a page that was loaded anew", paired, vec![]).await;
}

/// A network that lets the page through and not its scripts: the page says so, by its styles alone, and the way out that it
/// offers is one.
#[tokio::test]
async fn a_page_whose_scripts_do_not_come_says_so_and_can_be_loaded_again() {
    let house = House::open(1, &[]).await;
    let phone = house.browser("a phone", Form::Phone).await;
    phone.devtools("Network.enable", json!({})).await;
    let order = house.server.diner("7").await.place(&house.menu.basket()).await["id"].clone();
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

/// Whether the page says that it is late, once the seconds that it waits with that have passed.
const LATE: &str =
    "document.getAnimations().filter(({ animationName }) => animationName === 'late').forEach((late) => late.finish());
    return document.querySelector('.late')?.checkVisibility({ visibilityProperty: true })";

/// Its page and its tickets are kept; a page that is not ready to tell has no answer yet.
const KEPT: &str = "const done = arguments[arguments.length - 1];
    document.dispatchEvent(new Event('freeze'));
    navigator.serviceWorker.getRegistration().then((worker) => done(worker?.active?.state === 'activated'), () => done(false))";

/// The tablet was turned off and on while the network was away.
#[tokio::test]
async fn a_screen_that_is_turned_on_without_a_network_shows_the_tickets_it_had() {
    let house = House::open(1, &[]).await;
    let order = house.server.diner("7").await.place(&house.menu.basket()).await["id"].clone();
    house.staff.act(&order, "accept").await;
    let id = order.as_str().unwrap();
    let hot = house.kitchen("the hot line", Some("hot")).await;
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
    let rezala = house.item(id, "Beef rezala").await;
    support::eventually("what was bumped without a network", support::PATIENCE, || async {
        (house.order(id).await["items"][&rezala]["status"] == "done").then_some(())
    })
    .await;
}

async fn block(screen: &Browser, addresses: &[&str]) {
    screen.devtools("Network.setBlockedURLs", json!({"urls": addresses})).await;
}
