//! The main path: one order, on every screen at once.

use crate::restaurant::TestRestaurant;

/// An order goes from the table to the kitchen and back. No page reloads, and no control is tapped twice.
#[tokio::test]
async fn one_order_goes_through_a_phone_two_kitchen_screens_and_the_floor() {
    let restaurant = TestRestaurant::open(4, &[]).await;
    let (phone, hot, expo, floor) = restaurant.four_pages().await;
    let all = [&phone, &hot, &expo, &floor];
    for screen in all {
        screen.mark().await;
    }

    phone.add(restaurant.menu.dish("Beef rezala")).await;
    phone.add(restaurant.menu.dish("Beef rezala")).await;
    phone.add(restaurant.menu.dish("Firni")).await;
    phone.place().await;
    let order = phone.only_order().await;
    for screen in all {
        screen.shows(&order, "placed").await;
    }
    let (rezala, firni) = (restaurant.item(&order, "Beef rezala").await, restaurant.item(&order, "Firni").await);
    assert_eq!(hot.shown(&order).await.items.keys().collect::<Vec<_>>(), [&rezala], "a station sees only its own items");

    floor.act(&order, "accept").await;
    for screen in all {
        screen.shows(&order, "accepted").await;
    }

    let before = hot.taps();
    hot.act_on_item(&order, &rezala, "finish_item").await;
    assert_eq!(hot.taps() - before, 1, "an item is bumped with one tap");
    for screen in all {
        screen.shows_item(&order, &rezala, "done").await;
        screen.shows(&order, "preparing").await;
    }
    phone.shows_item(&order, &firni, "queued").await;

    expo.act(&order, "ready").await;
    for screen in all {
        screen.shows(&order, "ready").await;
    }
    expo.shows_item(&order, &firni, "done").await;

    floor.act(&order, "serve").await;
    phone.shows(&order, "served").await;
    floor.shows(&order, "served").await;
    for kitchen in [&hot, &expo] {
        kitchen.open_recall().await;
        kitchen.shows(&order, "served").await;
    }
    restaurant.agree(&order, &all).await;
    assert_eq!(restaurant.order(&order).await["status"], "served");
    for screen in all {
        screen.was_not_reloaded().await;
        screen.has_no_complaint().await;
    }
}
