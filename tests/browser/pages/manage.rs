//! The manager's page.

use crate::driver::Form;
use crate::house::{House, sign_in};
use std::time::Duration;

#[tokio::test]
async fn the_managers_page_is_for_everybody() {
    let house = House::open(1, &[]).await;
    house.evening(Duration::ZERO).await;
    let manager = house.browser("the manager", Form::Wall).await;
    manager.goto("/manage").await;
    sign_in(&manager, "manager").await;
    for section in ["menu", "tables", "people", "screens", "keys", "report"] {
        manager.goto(&format!("/manage#{section}")).await;
        manager
            .until(
                section,
                "return !document.querySelector('.spinner') && location.hash === arguments[0]",
                vec![format!("#{section}").into()],
            )
            .await;
        manager.inspect(&format!("manage-{section}")).await;
    }
    manager.has_no_complaint().await;
}
