//! The rule by which orders are accepted: the manager's form, and the order on the floor.

use crate::driver::Form;
use crate::restaurant::{TestRestaurant, sign_in};
use serde_json::json;

const RULES: &str = "/api/v1/restaurants/demo/rules";

/// A manager sets the rule, changes it and stops it. What it accepts never stands among the incoming orders.
#[tokio::test]
async fn a_manager_sets_the_rule_and_what_it_accepts_comes_to_the_floor_as_accepted() {
    let restaurant = TestRestaurant::open(3, &[]).await;
    let roles = json!({"minimum_roles": {"cancel": "manager"}});
    let boss = restaurant.server.manager().await;
    boss.put(RULES, &roles).await.expect(200);
    let rules = async || restaurant.staff.get(RULES).await.expect(200);
    let manager = restaurant.browser("the manager", Form::Phone).await;
    manager.goto("/manage#orders").await;
    sign_in(&manager, "manager").await;
    manager.sees(".blank [data-do='ask-auto']").await;
    manager.inspect("manage-orders-none").await;
    manager.tap("[data-do='ask-auto']").await;
    manager.sees("dialog[open] [name='minutes']").await;
    manager.inspect("manage-auto-accept").await;
    manager.write("dialog[open] [name='total']", "much").await;
    manager.tap("dialog[open] [type='submit']").await;
    manager.sees("dialog[open] [name='total'][aria-invalid]").await;
    let fill = "const form = document.querySelector('dialog[open] form');
        form.minutes.value = '25'; form.total.value = '5000'; form.portions.value = '12';
        form.querySelector('[name=tables][value=\"3\"]').click(); return true";
    manager.ask(fill, vec![]).await;
    manager.tap("dialog[open] [type='submit']").await;
    manager.sees("[data-do='stop-auto']").await;
    let expected = json!({"minutes": 25, "tables": ["3"], "most_portions": 12, "most_total": 500_000});
    let set = rules().await;
    assert_eq!((&set["auto_accept"], &set["minimum_roles"]), (&expected, &roles["minimum_roles"]));
    manager.inspect("manage-orders-rule").await;

    let floor = restaurant.browser("the waiter", Form::Wall).await;
    floor.goto("/staff").await;
    sign_in(&floor, "staff").await;
    let (fits, other) = tokio::join!(restaurant.phone(3), restaurant.phone(2));
    for phone in [&fits, &other] {
        phone.add(restaurant.menu.dish("Firni")).await;
        phone.tap("[data-action='basket']").await;
        phone.tap("[data-action='place']").await;
    }
    let (accepted, waits) = (fits.only_order().await, other.only_order().await);
    floor.sees(&format!("[data-lane='incoming'] [data-order='{waits}']")).await;
    let card = format!("[data-lane='kitchen'] [data-order='{accepted}']");
    floor.sees(&card).await;
    let says = "return document.querySelector(arguments[0]).innerText.includes('By the rule')";
    assert_eq!(floor.ask(says, vec![card.as_str().into()]).await, true);
    floor.inspect("staff-auto-accepted").await;

    manager.tap("[data-do='ask-span']").await;
    manager.sees("dialog[open] [name='from']").await;
    manager.tap("dialog[open] [type='submit']").await;
    manager.sees("[data-do='remove-span']").await;
    assert_eq!(rules().await["auto_accept"]["hours"][0]["from"], "11:00");
    manager.tap("[data-do='stop-auto']").await;
    manager.sees(".blank [data-do='ask-auto']").await;
    assert_eq!(rules().await["minimum_roles"], roles["minimum_roles"]);
    assert!(rules().await.get("auto_accept").is_none());
    for screen in [&manager, &floor, &fits, &other] {
        screen.has_no_complaint().await;
    }
}
