//! Several people on one device of the floor: PINs change who acts, also without a network.

use crate::driver::Form;
use crate::restaurant::TestRestaurant;
use serde_json::{Value, json};
use support::client::text;
use support::proxy::Network;

const PASSWORD: &str = "four words, two spoons";

/// Adds a person with a PIN.
async fn person(restaurant: &TestRestaurant, name: &str, pin: &str) {
    let server = &restaurant.server;
    assert!(server.tool_told(&["user", "add", "--restaurant", "demo", "--username", name], PASSWORD).await.0);
    let manager = server.manager().await;
    let people = manager.get("/api/v1/restaurants/demo/people").await.expect(200);
    let known = people["people"].as_array().unwrap().iter().find(|one| one["username"] == name).unwrap().clone();
    let path = format!("/api/v1/restaurants/demo/people/{}/pin", text(&known["id"]));
    assert_eq!(manager.put(&path, &json!({"pin": pin})).await.status, 204);
}

#[tokio::test]
async fn a_pin_changes_the_person_at_once_and_is_checked_when_it_arrives() {
    let restaurant = TestRestaurant::open(1, &[]).await;
    person(&restaurant, "mina", "4711").await;
    person(&restaurant, "omar", "80293").await;
    let guest = restaurant.server.diner("7").await;
    let (one, two) = (guest.place(&restaurant.menu.basket()).await, guest.place(&restaurant.menu.noted("second")).await);
    let floor = restaurant.browser("the shared tablet", Form::Phone).await;
    floor.goto("/staff").await;
    floor.inspect("staff-sign-in-or-share").await;
    floor.tap("#share-device").await;
    floor.sees("[data-user-code]").await;
    floor.inspect("staff-pairing").await;
    let code = floor.ask("return document.querySelector('[data-user-code]').dataset.userCode", vec![]).await;
    let approval = format!("/api/v1/devices/pairings/{}/approval", text(&code));
    restaurant.server.manager().await.post(&approval, &json!({"name": "Bar tablet", "role": "staff"})).await.expect(200);
    let card = |order: &Value| format!("[data-order='{}']", text(&order["id"]));
    let accept = |order: &Value| format!("{} [data-action='accept'][data-minutes='20']", card(order));
    floor.sees(&accept(&one)).await;
    floor.tap(&accept(&one)).await;
    floor.sees("[data-people] [data-do='pin']").await;
    floor
        .until("the focus in the list of people", "return document.activeElement.closest('[data-people]') !== null", vec![])
        .await;
    floor.inspect("staff-people").await;

    let who = |name: &str| format!("return document.querySelector('.person__name').textContent === '{name}'");
    let pin = async |name: &str, digits: &str| {
        floor.until(
            "the person",
            "const one = [...document.querySelectorAll('#sheet [data-do=pin]')].find((b) => b.textContent === arguments[0]); one?.click(); return Boolean(one)",
            vec![name.into()],
        )
        .await;
        floor.sees("#pin").await;
        for digit in digits.chars() {
            floor.tap(&format!("[data-do='pin-key'][data-key='{digit}']")).await;
        }
    };
    pin("mina", "4711").await;
    floor.inspect("staff-pin").await;
    floor.tap("#pin-form [type='submit']").await;
    floor.until("mina", &who("mina"), vec![]).await;

    // What Mina does without a network is hers, although Omar is there when it is sent.
    floor.network.set(Network::Cut);
    floor.is("offline").await;
    floor.tap(&accept(&one)).await;
    floor.tap("[data-do='who']").await;
    pin("omar", "80293").await;
    floor.tap("#pin-form [type='submit']").await;
    floor.until("omar at once", &who("omar"), vec![]).await;
    floor.sees(".person[data-unchecked]").await;
    floor.tap(&accept(&two)).await;
    floor.network.set(Network::Fine);
    let manager = restaurant.server.manager().await;
    let by = async |order: &Value| {
        let path = format!("/api/v1/orders/{}/story", text(&order["id"]));
        support::eventually("the acceptance", support::PATIENCE, || async {
            let story = manager.get(&path).await.expect(200);
            let accepted = story["events"].as_array().unwrap().iter().find(|event| event["kind"] == "order.accepted").cloned();
            accepted.map(|event| (event["by"]["person"]["name"].clone(), event["by"]["screen"]["name"].clone()))
        })
        .await
    };
    assert_eq!(by(&one).await, (json!("mina"), json!("Bar tablet")));
    assert_eq!(by(&two).await, (json!("omar"), json!("Bar tablet")));

    // A wrong PIN shows, and what was done under it is taken back.
    floor.network.set(Network::Cut);
    floor.is("offline").await;
    floor.tap("[data-do='who']").await;
    pin("mina", "0815").await;
    floor.tap("#pin-form [type='submit']").await;
    floor.tap(&format!("{} [data-action='ready']", card(&one))).await;
    floor.network.set(Network::Fine);
    floor
        .until("the refusal", "return document.querySelector('#toasts')?.textContent.includes('mina: the PIN is wrong')", vec![])
        .await;
    floor.until("nobody", "return document.querySelector('.person').hasAttribute('data-nobody')", vec![]).await;
    floor.inspect("staff-wrong-pin").await;
    assert_eq!(restaurant.order(text(&one["id"])).await["status"], "accepted");
}
