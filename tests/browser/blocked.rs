//! Networks that let some of the web through: a phone and a kitchen screen go over what is left, show what those show that
//! have it all, and go back up.

use crate::browser::Browser;
use crate::faults::{BACK, Ticket, accepted, bumps_offline, is_back, nothing_was_cooked_twice};
use crate::house::House;
use support::eventually;
use support::proxy::{Network, Use};

/// What may carry a page, best first.
const WAYS: [Use; 3] = [Use::WebSocket, Use::Stream, Use::Poll];

/// Waits until a page is live over this and nothing better, as its network sees it.
async fn goes_over(page: &Browser, way: Use) {
    eventually(&format!("{} over {way:?}", page.name), BACK, || async {
        let best = WAYS.into_iter().find(|each| page.network.carries(*each) > 0);
        (best == Some(way)).then_some(())
    })
    .await;
    is_back(page).await;
}

/// Waits until each of these pages shows each of these items as done.
async fn see_done(pages: &[&Browser], order: &str, items: &[&str]) {
    for page in pages {
        for item in items {
            page.shows_item(order, item, "done").await;
        }
    }
}

#[tokio::test]
async fn where_a_network_blocks_websockets_and_then_streams_pages_go_on_over_what_is_left_and_back_up() {
    let house = House::open(4, &["--heartbeat-ms", "2000"]).await;
    let (phone, hot, expo, floor) =
        tokio::join!(house.phone(7), house.kitchen("the hot line", Some("hot")), house.kitchen("the expo", None), house.floor());
    // The hot line shows what is its own.
    let (all, whole, blocked) = ([&phone, &hot, &expo, &floor], [&phone, &expo, &floor], [&phone, &hot]);
    for dish in ["Borhani", "Mishti doi", "Lemon soda"] {
        phone.add(house.menu.dish(dish)).await;
    }
    let Ticket { order, rezala, roast, firni } = accepted(&house, &phone).await;
    let [borhani, doi, soda] =
        [house.item(&order, "Borhani").await, house.item(&order, "Mishti doi").await, house.item(&order, "Lemon soda").await];
    for page in all {
        page.shows(&order, "accepted").await;
    }
    for page in blocked {
        goes_over(page, Use::WebSocket).await;
        page.network.set(Network::NoWebSockets);
    }
    // Both are without a link for now, and the kitchen does not wait.
    bumps_offline(&hot, &order, &rezala).await;
    expo.act_on_item(&order, &firni, "finish_item").await;
    for page in blocked {
        goes_over(page, Use::Stream).await;
    }
    see_done(&whole, &order, &[&rezala, &firni]).await;
    see_done(&[&hot], &order, &[&rezala]).await;
    // A page that begins on such a network finds out by itself.
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
    house.agree(&order, &all).await;

    // One comes back up by itself; the other is told that there is another network.
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
    house.agree(&order, &whole).await;
    nothing_was_cooked_twice(&house, &[&rezala, &roast, &firni, &borhani, &doi, &soda]).await;
    for page in blocked {
        page.was_not_reloaded().await;
    }
}
