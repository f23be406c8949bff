//! The landing page of the demo, which links to all other pages.

use crate::driver::Form;
use crate::restaurant::TestRestaurant;

#[tokio::test]
async fn the_landing_page_leads_to_all_others() {
    let restaurant = TestRestaurant::open(1, &[]).await;
    let visitor = restaurant.browser("a visitor", Form::Wall).await;
    visitor.goto("/").await;
    visitor.is("live").await;
    visitor.sees("#code img").await;
    visitor.inspect("landing").await;
    for (door, behind) in
        [("/t/demo-table-1", "[data-menu-item]"), ("/kitchen", "[data-user-code]"), ("/staff", "[name=password]")]
    {
        visitor.goto("/").await;
        visitor.tap(&format!("a[href='{door}']")).await;
        visitor.sees(behind).await;
        assert_eq!(visitor.at().await, door);
    }
    visitor.has_no_complaint().await;
}

/// Returns whether each of the three screens satisfies a condition on its document.
const SCREENS: &str = "const screens = [...document.querySelectorAll('iframe')].map(({ contentDocument }) => contentDocument);
    return screens.length === 3 && screens.every((screen) =>";

/// One tap on the landing page places an order and shows it on three screens. Another tap plays a rush, and a third stops it.
#[tokio::test]
async fn one_tap_opens_the_three_screens_and_another_plays_a_rush() {
    let restaurant = TestRestaurant::open(1, &[]).await;
    let visitor = restaurant.browser("a visitor", Form::FarWall).await;
    visitor.goto("/").await;
    visitor.is("live").await;
    let before = visitor.taps();
    visitor.tap("a[href='/demo']").await;
    let live = format!("{SCREENS} screen?.documentElement.dataset.connection === 'live')");
    visitor.until("three live screens", &live, vec![]).await;
    assert_eq!(visitor.taps() - before, 1);
    visitor.inspect("demo").await;

    visitor.tap("#rush").await;
    let order =
        "const [, kitchen, floor] = [...document.querySelectorAll('iframe')].map(({ contentDocument }) => contentDocument);
        return kitchen.querySelector('[data-order]') && floor.querySelector(`[data-order]`)?.dataset.order";
    visitor.until("an order of the rush", order, vec![]).await;
    let cooked = || async { restaurant.orders().await.iter().any(|order| order["status"] != "placed").then_some(()) };
    support::eventually("an order that moves on", support::PATIENCE, cooked).await;
    visitor.tap("#rush").await;
    visitor.until("the rush stopped", "return document.querySelector('#rush').innerText === 'Play a rush'", vec![]).await;
    visitor.has_no_complaint().await;

    // A reload takes the same screen and the same person again.
    visitor.reload().await;
    visitor.until("three live screens", &live, vec![]).await;
    let devices = restaurant.server.manager().await.get("/api/v1/restaurants/demo/devices").await.expect(200);
    assert_eq!(devices["devices"].as_array().unwrap().len(), 1, "{devices}");
}
