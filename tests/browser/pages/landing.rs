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
