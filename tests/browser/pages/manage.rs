//! The manager's page.

use crate::driver::Form;
use crate::house::{House, sign_in};
use serde_json::json;
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

/// What stands beside a field, and whether the field has the focus.
const BESIDE: &str = "const field = document.querySelector(`dialog[open] [name='${arguments[0]}']`);
    const words = document.getElementById(field.getAttribute('aria-errormessage'))?.textContent;
    return words && [words, document.activeElement === field]";

#[tokio::test]
async fn what_is_wrong_with_a_dish_stands_beside_its_fields() {
    let house = House::open(1, &[]).await;
    let manager = house.browser("the manager", Form::Wall).await;
    manager.goto("/manage").await;
    sign_in(&manager, "manager").await;
    manager.tap(".heading__add").await;
    manager.write("dialog[open] [name='price']", "four").await;
    manager.write("dialog[open] [name='station']", "Hot Line").await;
    manager.tap("dialog[open] [type='submit']").await;
    for (field, words, has_focus) in [
        ("name", "This is needed.", true),
        ("price", "A price is a number, such as 4.50", false),
        ("station", "Small letters, digits and hyphens only.", false),
    ] {
        let beside = manager.until(field, BESIDE, vec![field.into()]).await;
        assert_eq!(beside, json!([words, has_focus]), "{field}");
    }
    manager.inspect("manage-dish-refused").await;
    manager.write("dialog[open] [name='name']", "Patishapta").await;
    let forgiven = "return !document.querySelector('dialog[open] [name=name]').hasAttribute('aria-invalid')";
    manager.until("the name forgiven", forgiven, vec![]).await;
    assert_eq!(manager.ask("return document.querySelectorAll('dialog[open] [data-of]').length", vec![]).await, 2);
    manager.has_no_complaint().await;
}
