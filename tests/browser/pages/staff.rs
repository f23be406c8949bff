//! The floor's page.

use crate::browser::Browser;
use crate::driver::Form;
use crate::house::{House, sign_in};
use std::time::Duration;
use support::client::text;
use support::proxy::Network;

#[tokio::test]
async fn the_floors_page_is_for_everybody() {
    let house = House::open(1, &[]).await;
    let floor = house.browser("the floor", Form::Wall).await;
    floor.goto("/staff").await;
    floor.until("the restaurant filled in", "return document.querySelector('[name=restaurant]').value !== ''", vec![]).await;
    floor.inspect("staff-sign-in").await;
    sign_in(&floor, "staff").await;
    floor.inspect("staff-empty").await;
    let evening = house.evening(Duration::ZERO).await;
    floor.shows(text(&evening.incoming), "placed").await;
    floor.sees("[data-call]").await;
    floor.inspect("staff").await;

    sheets(&floor, text(&evening.incoming), text(&evening.cooking)).await;
    for tab in ["tables", "menu", "screens"] {
        floor.tap(&format!("[data-tab='{tab}']")).await;
        floor.sees(&format!("[data-tab='{tab}'][aria-current='page']")).await;
        floor.inspect(&format!("staff-{tab}")).await;
    }
    floor.tap("[data-do='ask-pair']").await;
    floor.inspect("staff-pair").await;
    close(&floor).await;

    floor.tap("[data-tab='orders']").await;
    floor.network.set(Network::Cut);
    floor.is("offline").await;
    floor.sees("#offline").await;
    floor.inspect("staff-offline").await;
}

/// What asks for a reason, a time, or who is here.
async fn sheets(floor: &Browser, incoming: &str, cooking: &str) {
    for (order, action) in [(incoming, "reject"), (cooking, "promise"), (cooking, "void_item")] {
        floor.act(order, action).await;
        floor.sees("dialog[open] [data-action]").await;
        floor.inspect(&format!("staff-{action}")).await;
        close(floor).await;
    }
    for sheet in ["account", "ask-pause"] {
        floor.tap(&format!("[data-do='{sheet}']")).await;
        floor.sees("dialog[open]").await;
        floor.inspect(&format!("staff-{sheet}")).await;
        close(floor).await;
    }
}

async fn close(floor: &Browser) {
    floor.tap("dialog[open] [data-do='close']").await;
}
