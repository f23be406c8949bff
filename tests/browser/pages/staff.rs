//! The floor's page.

use crate::browser::Browser;
use crate::driver::Form;
use crate::restaurant::{TestRestaurant, sign_in};
use serde_json::json;
use std::time::Duration;
use support::client::text;
use support::proxy::Network;

#[tokio::test]
async fn the_floors_page_is_accessible() {
    let restaurant = TestRestaurant::open(1, &[]).await;
    let floor = restaurant.browser("the floor", Form::Wall).await;
    floor.goto("/staff").await;
    floor.until("the restaurant filled in", "return document.querySelector('[name=restaurant]').value !== ''", vec![]).await;
    floor.inspect("staff-sign-in").await;
    sign_in(&floor, "staff").await;
    floor.inspect("staff-empty").await;
    let evening = restaurant.evening(Duration::ZERO).await;
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

/// Gives the page's stored rooms another epoch, so that the next connection brings a snapshot, as after hours offline.
const OF_ANOTHER_HISTORY: &str = "const done = arguments[arguments.length - 1];
    indexedDB.open('orderbell', 1).onsuccess = ({ target: { result: database } }) => {
      const transaction = database.transaction('rooms', 'readwrite');
      const rooms = transaction.objectStore('rooms');
      rooms.getAll().onsuccess = ({ target: { result: kept } }) => {
        for (const room of kept) rooms.put({ ...room, value: { ...room.value, epoch: 'another' } });
        transaction.oncomplete = () => { database.close(); done(kept.flatMap(({ value }) => value.documents).length); };
      };
    }";

/// A snapshot lists open orders only: the floor says which of the orders it had shown were cancelled, and at which table.
#[tokio::test]
async fn the_floor_reports_an_order_that_was_cancelled_while_it_was_offline() {
    let restaurant = TestRestaurant::open(1, &[]).await;
    let guest = restaurant.server.diner("4").await;
    let order = guest.place(&restaurant.menu.basket()).await["id"].clone();
    let floor = restaurant.floor().await;
    floor.shows(text(&order), "placed").await;
    floor.goto("/").await;
    guest.command(&order, "cancel", json!({"reason": "customer_request"})).await.expect(200);
    assert_eq!(floor.client.execute_async(OF_ANOTHER_HISTORY, vec![]).await.unwrap(), 1);
    floor.goto("/staff").await;
    let said = "return document.querySelector('#toasts')?.innerText.includes(arguments[0])";
    floor.until("it said", said, vec!["Order A1 (Table 4) was cancelled while this page was disconnected.".into()]).await;
    floor.shows(text(&order), "cancelled").await;
    floor.sees("[data-lane='done'] [data-order]").await;
    floor.inspect("staff-cancelled-meanwhile").await;
    floor.has_no_complaint().await;
}

/// A page that has never reached the server says so in place of each list, and does not show a spinner forever.
#[tokio::test]
async fn a_floor_that_reaches_no_server_says_so_on_each_tab() {
    let restaurant = TestRestaurant::open(1, &[]).await;
    let floor = restaurant.floor().await;
    floor.sees(".lanes").await;
    floor.goto("/").await;
    floor.reaches_nothing().await;
    floor.goto("/staff").await;
    floor.is("offline").await;
    let said = "return document.querySelector('#main .blank')?.innerText.includes(`cannot be reached`)
        && document.querySelector('#main .blank').innerText.includes(`shows the ${arguments[0]}`)";
    for tab in ["orders", "tables", "menu", "screens"] {
        floor.tap(&format!("[data-tab='{tab}']")).await;
        floor.until(tab, said, vec![tab.into()]).await;
    }
    floor.inspect("staff-unreached").await;
}

/// Returns what one part of the page shows of an order.
const WORDS: &str = "return document.querySelector(`${arguments[0]} [data-order='${arguments[1]}']`)?.innerText ?? ''";

/// Every view of an order shows why a dish was voided and what a guest must not eat, also after a reload.
#[tokio::test]
async fn a_card_says_why_a_dish_was_voided_and_repeats_every_note() {
    let restaurant = TestRestaurant::open(1, &[]).await;
    let floor = restaurant.floor().await;
    let mut basket = restaurant.menu.basket();
    basket["note"] = "By the window".into();
    basket["items"][0]["note"] = "no onions".into();
    basket["items"][1]["note"] = "peanuts".into();
    basket["items"][1]["allergy"] = true.into();
    let order = restaurant.server.diner("4").await.place(&basket).await["id"].clone();
    let id = text(&order);
    let firni = restaurant.item(id, "Firni").await;
    let shows = async |place: &str, words: &[&str]| {
        let script = format!("const shown = (() => {{ {WORDS} }})(); return arguments[2].every((word) => shown.includes(word))");
        floor.until(&format!("{words:?} in {place}"), &script, vec![place.into(), id.into(), json!(words)]).await;
    };
    let notes = ["By the window", "no onions", "ALLERGY peanuts"];
    shows("[data-lane=incoming]", &notes).await;
    floor.act(id, "accept").await;
    floor.act_on_item(id, &firni, "void_item").await;
    floor.write("#detail", "The milk has turned").await;
    floor.tap("dialog[open] [data-reason='out_of_stock']").await;
    let why = [notes[0], notes[1], notes[2], "Out of stock. The milk has turned"];
    shows("[data-lane=kitchen]", &why).await;
    floor.inspect("staff-voided").await;
    floor.reload().await;
    shows("[data-lane=kitchen]", &why).await;
    floor.act(id, "ready").await;
    shows("[data-lane=ready]", &why).await;
    floor.tap("[data-tab='tables']").await;
    shows("[data-list=tables]", &notes).await;
    floor.inspect("staff-notes-at-table").await;
    floor.tap("[data-table='4'] [data-do='look']").await;
    shows("[data-lane=ready]", &why).await;
    floor.act(id, "serve").await;
    shows("[data-lane=done]", &why).await;
    floor.reload().await;
    shows("[data-lane=done]", &why).await;
    floor.has_no_complaint().await;
}

/// Opens the sheets that ask for a reason, a time, or the people present.
async fn sheets(floor: &Browser, incoming: &str, cooking: &str) {
    for (order, action) in [(incoming, "reject"), (cooking, "promise"), (cooking, "void_item")] {
        floor.act(order, action).await;
        floor.sees("dialog[open] [data-action]").await;
        floor.inspect(&format!("staff-{action}")).await;
        close(floor).await;
    }
    void_begins_at_one(floor, cooking).await;
    for sheet in ["account", "ask-pause"] {
        floor.tap(&format!("[data-do='{sheet}']")).await;
        floor.sees("dialog[open]").await;
        floor.inspect(&format!("staff-{sheet}")).await;
        close(floor).await;
    }
}

/// The sheet for a line of several portions begins with one, the usual case. All of them are one tap away.
async fn void_begins_at_one(floor: &Browser, order: &str) {
    let quantity = "return document.querySelector('#void-quantity')?.textContent ?? null";
    floor.act(order, "void_item").await;
    assert_eq!(floor.until("how many", quantity, vec![]).await, "1");
    floor.tap("dialog[open] [data-do='void-step'][data-by='2']").await;
    assert_eq!(floor.ask(quantity, vec![]).await, "2");
    floor.tap("dialog[open] [data-do='void-step'][data-by='-1']").await;
    assert_eq!(floor.ask(quantity, vec![]).await, "1");
    close(floor).await;
}

async fn close(floor: &Browser) {
    floor.tap("dialog[open] [data-do='close']").await;
}

/// Returns how many incoming orders are in sight as a whole, between the bars.
const IN_SIGHT: &str = "const foot = Math.min(...['#tabs', '#beyond:not([hidden])'].map((bar) => document.querySelector(bar)?.getBoundingClientRect().top ?? innerHeight));
    const head = document.querySelector('.top').getBoundingClientRect().bottom;
    const rows = [...document.querySelectorAll('[data-lane=incoming] [data-order]')].map((row) => row.getBoundingClientRect());
    return rows.filter(({ top, bottom }) => top >= head && bottom <= foot).length";

/// In a rush a phone shows eight incoming orders. One tap on the minutes accepts and promises; the usual time is marked.
#[tokio::test]
async fn eight_incoming_orders_are_on_a_phone_and_one_tap_accepts() {
    let restaurant = TestRestaurant::open(1, &[]).await;
    for table in 1..=10 {
        restaurant.server.diner(&table.to_string()).await.place(&restaurant.menu.basket()).await;
    }
    let floor = restaurant.browser("the floor", Form::Phone).await;
    floor.goto("/staff").await;
    sign_in(&floor, "staff").await;
    let marked = "return document.querySelector('[data-lane=incoming] [data-default]')?.innerText ?? null";
    assert_eq!(floor.until("the usual time", marked, vec![]).await, "20");
    floor.until("eight orders", &format!("return (() => {{ {IN_SIGHT} }})() >= 8"), vec![]).await;
    floor.inspect("staff-incoming").await;
    let orders = floor.orders().await;
    let before = floor.taps();
    floor.tap(&format!("[data-order='{}'] [data-minutes='30']", orders[0])).await;
    floor.shows(&orders[0], "accepted").await;
    assert_eq!(floor.taps() - before, 1);
    restaurant.agree(&orders[0], &[&floor]).await;
    let order = restaurant.order(&orders[0]).await;
    let minutes = |name: &str| &text(&order[name])[11..16];
    let minute = |time: &str| time[..2].parse::<u32>().unwrap() * 60 + time[3..].parse::<u32>().unwrap();
    let promised = (minute(minutes("promised_at")) + 1440 - minute(minutes("accepted_at"))) % 1440;
    assert_eq!(promised, 30, "{order}");
    // The dishes are one tap away, and so is the refusal.
    floor.tap(&format!("[data-order='{}'] [data-do='open-order']", orders[1])).await;
    floor.sees(&format!("[data-order='{}'] [data-item]", orders[1])).await;
    floor.inspect("staff-incoming-open").await;
    floor.act(&orders[1], "reject").await;
    floor.tap("dialog[open] [data-reason='too_busy']").await;
    floor.shows(&orders[1], "rejected").await;
    floor.has_no_complaint().await;
}
