//! Networks that fail and a server that dies, between bumps: afterwards all screens agree, and no dish was cooked twice.

use crate::browser::Browser;
use crate::restaurant::TestRestaurant;
use serde_json::{Value, json};
use std::time::Duration;
use support::log;
use support::proxy::Network;

/// The longest that a page may take to recover once the server is reachable again.
pub const BACK: Duration = Duration::from_secs(30);

/// An accepted order with two dishes for the hot station and one for the cold.
pub struct Ticket {
    pub order: String,
    pub rezala: String,
    pub roast: String,
    pub firni: String,
}

pub async fn accepted(restaurant: &TestRestaurant, phone: &Browser) -> Ticket {
    for dish in ["Beef rezala", "Chicken roast", "Firni"] {
        phone.add(restaurant.menu.dish(dish)).await;
    }
    phone.place().await;
    let order = phone.only_order().await;
    restaurant.staff.act(&order.clone().into(), "accept").await;
    Ticket {
        rezala: restaurant.item(&order, "Beef rezala").await,
        roast: restaurant.item(&order, "Chicken roast").await,
        firni: restaurant.item(&order, "Firni").await,
        order,
    }
}

/// Asserts that each item was finished by exactly one event.
pub async fn nothing_was_cooked_twice(restaurant: &TestRestaurant, items: &[&String]) {
    let feed = log::whole(&restaurant.staff, &restaurant.menu.kitchen()).await;
    let finishes = |item: &str| {
        let done = |event: &&Value| event["event"]["patch"]["items"][item]["status"] == "done";
        feed.events.iter().filter(done).count()
    };
    for item in items {
        assert_eq!(finishes(item), 1, "{item}: {:#?}", feed.events);
    }
}

/// Bumps an item offline, and waits until the screen shows the bump and that it is not sent yet.
pub async fn bumps_offline(screen: &Browser, order: &str, item: &str) {
    screen.act_on_item(order, item, "finish_item").await;
    screen.shows_item(order, item, "done").await;
    screen.sees(&format!("[data-order='{order}'] [data-item='{item}'][data-pending]")).await;
}

async fn is_offline(screen: &Browser) {
    screen.is("offline").await;
    screen.sees("#offline").await;
}

pub async fn is_back(screen: &Browser) {
    let script = "return document.documentElement.dataset.connection === 'live'
        && document.querySelector('#offline').hidden && !document.querySelector('[data-pending]')";
    screen.within(BACK, "to be back, with nothing left to send", script, vec![]).await;
}

/// One screen loses its cable, and later the other one its wireless network. Both keep working, and a dish that both bump
/// is bumped once.
#[tokio::test]
async fn a_kitchen_screen_bumps_without_a_network() {
    let restaurant = TestRestaurant::open(3, &["--heartbeat-ms", "2000"]).await;
    let (phone, hot, expo) =
        tokio::join!(restaurant.phone(7), restaurant.kitchen("the hot line", Some("hot")), restaurant.kitchen("the expo", None));
    let all = [&phone, &hot, &expo];
    let Ticket { order, rezala, roast, firni } = accepted(&restaurant, &phone).await;
    hot.shows(&order, "accepted").await;
    expo.shows(&order, "accepted").await;
    for screen in all {
        screen.mark().await;
    }

    hot.network.set(Network::Cut);
    is_offline(&hot).await;
    bumps_offline(&hot, &order, &rezala).await;
    assert_eq!(restaurant.order(&order).await["items"][&rezala]["status"], "queued");
    // The expo has not received that bump, and bumps the same dish.
    expo.act_on_item(&order, &rezala, "finish_item").await;
    phone.shows_item(&order, &rezala, "done").await;
    hot.network.set(Network::Fine);
    is_back(&hot).await;

    expo.devtools("Network.enable", json!({})).await;
    set_offline(&expo, true).await;
    is_offline(&expo).await;
    bumps_offline(&expo, &order, &firni).await;
    hot.act_on_item(&order, &roast, "finish_item").await;
    phone.shows_item(&order, &roast, "done").await;
    phone.shows_item(&order, &firni, "queued").await;
    set_offline(&expo, false).await;
    is_back(&expo).await;

    phone.shows(&order, "ready").await;
    restaurant.agree(&order, &[&phone]).await;
    nothing_was_cooked_twice(&restaurant, &[&rezala, &roast, &firni]).await;
    for screen in all {
        screen.was_not_reloaded().await;
    }
}

async fn set_offline(screen: &Browser, offline: bool) {
    let conditions = json!({"offline": offline, "latency": 0, "downloadThroughput": -1, "uploadThroughput": -1});
    screen.devtools("Network.emulateNetworkConditions", conditions).await;
}

/// A connection that stays open but carries nothing is detected within two heartbeats, and a bump made on it arrives.
#[tokio::test]
async fn a_connection_that_fails_silently_is_detected() {
    let restaurant = TestRestaurant::open(2, &["--heartbeat-ms", "2000"]).await;
    let (phone, hot) = tokio::join!(restaurant.phone(2), restaurant.kitchen("the hot line", Some("hot")));
    let Ticket { order, rezala, roast, .. } = accepted(&restaurant, &phone).await;
    hot.shows(&order, "accepted").await;

    hot.network.set(Network::HalfOpen);
    bumps_offline(&hot, &order, &rezala).await;
    is_offline(&hot).await;
    bumps_offline(&hot, &order, &roast).await;
    assert_eq!(restaurant.order(&order).await["status"], "accepted");
    hot.network.set(Network::Fine);
    is_back(&hot).await;
    phone.shows_item(&order, &rezala, "done").await;
    phone.shows_item(&order, &roast, "done").await;
    restaurant.agree(&order, &[&phone]).await;
    nothing_was_cooked_twice(&restaurant, &[&rezala, &roast]).await;
}

#[tokio::test]
async fn pages_recover_by_themselves_after_the_server_was_killed() {
    let mut restaurant = TestRestaurant::open(4, &[]).await;
    let (phone, hot, expo, floor) = restaurant.four_pages().await;
    let all = [&phone, &hot, &expo, &floor];
    let Ticket { order, rezala, roast, firni } = accepted(&restaurant, &phone).await;
    for screen in all {
        screen.shows(&order, "accepted").await;
        screen.mark().await;
    }
    hot.act_on_item(&order, &rezala, "finish_item").await;
    phone.shows_item(&order, &rezala, "done").await;

    restaurant.kill().await;
    for screen in all {
        is_offline(screen).await;
    }
    bumps_offline(&hot, &order, &roast).await;
    bumps_offline(&expo, &order, &firni).await;
    restaurant.restart(&all).await;
    for screen in all {
        is_back(screen).await;
    }
    phone.shows(&order, "ready").await;
    floor.shows(&order, "ready").await;
    floor.act(&order, "serve").await;
    phone.shows(&order, "served").await;
    restaurant.agree(&order, &[&phone, &floor]).await;
    nothing_was_cooked_twice(&restaurant, &[&rezala, &roast, &firni]).await;
    for screen in all {
        screen.was_not_reloaded().await;
    }
}

/// Each of the four pages loses its network in turn, each in its own way (DevTools, a half-open connection, a cut, a killed
/// server). All four keep working and end in the same state.
#[tokio::test]
async fn all_four_pages_end_in_the_same_state_whichever_loses_the_network() {
    let mut restaurant = TestRestaurant::open(4, &["--heartbeat-ms", "2000"]).await;
    let (phone, hot, expo, floor) = restaurant.four_pages().await;
    let all = [&phone, &hot, &expo, &floor];
    phone.add(restaurant.menu.dish("Borhani")).await;
    let Ticket { order, rezala, roast, firni } = accepted(&restaurant, &phone).await;
    let borhani = restaurant.item(&order, "Borhani").await;
    for screen in all {
        screen.shows(&order, "accepted").await;
        screen.mark().await;
    }

    phone.devtools("Network.enable", json!({})).await;
    set_offline(&phone, true).await;
    phone.is("offline").await;
    hot.act_on_item(&order, &rezala, "finish_item").await;
    floor.shows_item(&order, &rezala, "done").await;
    phone.shows_item(&order, &rezala, "queued").await;
    set_offline(&phone, false).await;
    phone.shows_item(&order, &rezala, "done").await;

    hot.network.set(Network::HalfOpen);
    bumps_offline(&hot, &order, &roast).await;
    is_offline(&hot).await;
    expo.act_on_item(&order, &roast, "finish_item").await;
    phone.shows_item(&order, &roast, "done").await;
    // Bytes held by a half-open connection never arrive. The cut closes the connection before the page reloads, with a bump
    // still to be sent.
    hot.network.set(Network::Cut);
    is_offline(&hot).await;
    hot.network.set(Network::Fine);
    hot.reload().await;
    is_back(&hot).await;
    hot.mark().await;

    expo.network.set(Network::Cut);
    is_offline(&expo).await;
    bumps_offline(&expo, &order, &firni).await;
    floor.act(&order, "rush").await;
    floor.sees(&format!("[data-order='{order}'] [data-action='rush'][aria-pressed='true']")).await;
    expo.network.set(Network::Fine);
    is_back(&expo).await;
    floor.shows_item(&order, &firni, "done").await;

    restaurant.kill().await;
    for screen in all {
        is_offline(screen).await;
    }
    bumps_offline(&expo, &order, &borhani).await;
    restaurant.restart(&all).await;
    for screen in all {
        is_back(screen).await;
    }
    for screen in [&phone, &floor] {
        screen.shows(&order, "ready").await;
    }
    floor.network.set(Network::HalfOpen);
    floor.act(&order, "serve").await;
    floor.shows(&order, "served").await;
    is_offline(&floor).await;
    phone.shows(&order, "ready").await;
    floor.network.set(Network::Fine);
    is_back(&floor).await;

    phone.shows(&order, "served").await;
    for kitchen in [&hot, &expo] {
        kitchen.open_recall().await;
        kitchen.shows(&order, "served").await;
    }
    restaurant.agree(&order, &all).await;
    nothing_was_cooked_twice(&restaurant, &[&rezala, &roast, &firni, &borhani]).await;
    for screen in all {
        screen.was_not_reloaded().await;
    }
}

/// The connection fails silently: what the guest sees far down in the menu, and in the basket while an order is being sent.
#[tokio::test]
async fn a_guest_far_down_in_the_menu_sees_that_the_connection_is_lost() {
    let restaurant = TestRestaurant::open(1, &["--heartbeat-ms", "2000"]).await;
    let phone = restaurant.phone(3).await;
    phone.add(restaurant.menu.dish("Masala cha")).await;
    let note = "const note = document.querySelector('.categories__link')?.getBoundingClientRect();
        return scrollY > 500 && note !== undefined && note.top >= 0 && note.bottom <= innerHeight";
    phone.network.set(Network::HalfOpen);
    phone.is("offline").await;
    phone.until("the notice in sight", note, vec![]).await;
    phone.network.set(Network::Fine);
    is_back(&phone).await;
    phone.until("the notice gone", "return !document.querySelector('.categories__link')", vec![]).await;

    phone.tap("[data-action='basket']").await;
    phone.sees("#basket [data-action='place']:enabled").await;
    phone.network.set(Network::HalfOpen);
    phone.tap("[data-action='place']").await;
    let said = "return document.querySelector('#basket-why').innerText.includes('Your order goes out by itself')";
    phone.until("what becomes of the order", said, vec![]).await;
    phone.network.set(Network::Fine);
    is_back(&phone).await;
    phone.only_order().await;
}
