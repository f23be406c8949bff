//! What a page says about what just happened: few messages, and none said twice.

use crate::house::House;
use serde_json::json;
use std::time::Duration;

/// What toasts there are, oldest first.
const TOASTS: &str = "return JSON.stringify([...document.querySelectorAll('#toasts > *')].map((one) => one.firstChild.textContent)) === arguments[0]";
/// Says these words one after another, the bad ones in capitals.
const SAY: &str = "return import('/shared/toasts.js').then(({ toast }) => arguments[0].forEach((words) => toast(words, { bad: words === words.toUpperCase() })))";
/// Keeps what is added to the live region of toasts, as a screen reader announces it.
const LISTEN: &str = "window.heard = [];
    new MutationObserver((changes) => {
      for (const { target, addedNodes } of changes) {
        if (target.id === 'toasts') for (const one of addedNodes) window.heard.push(one.firstChild.textContent);
      }
    }).observe(document.body, { childList: true, subtree: true })";

/// A page that nobody looks at for an hour is not covered by what it said meanwhile.
#[tokio::test]
async fn toasts_are_few_the_newest_stay_and_an_error_waits_until_it_is_closed() {
    let house = House::open(1, &[]).await;
    let screen = house.kitchen("the screen", None).await;
    screen.is("live").await;
    let shows = async |words: serde_json::Value| {
        screen.until(&format!("the toasts {words}"), TOASTS, vec![words.to_string().into()]).await;
    };
    screen.ask(LISTEN, vec![]).await;
    screen.ask(SAY, vec![json!(["one", "two", "BAD", "three", "four"])]).await;
    shows(json!(["BAD", "three", "four"])).await;
    screen.ask(SAY, vec![json!(["four", "WORSE", "WORST", "THE LAST"])]).await;
    shows(json!(["WORSE", "WORST", "THE LAST"])).await;
    assert_eq!(
        screen.ask("return window.heard", vec![]).await,
        json!(["one", "two", "BAD", "three", "four", "four", "WORSE", "WORST", "THE LAST"])
    );
    screen.tap("#toasts > :last-child button").await;
    screen.ask(SAY, vec![json!(["five"])]).await;
    shows(json!(["WORSE", "WORST", "five"])).await;
    // What is no error goes by itself; errors outlive it.
    screen.within(Duration::from_secs(15), "the errors alone", TOASTS, vec![json!(["WORSE", "WORST"]).to_string().into()]).await;
    // Into a dialog they come along, and are not said again.
    screen.ask("window.heard.length = 0", vec![]).await;
    screen.tap("[data-do='settings']").await;
    screen.ask(SAY, vec![json!(["six"])]).await;
    shows(json!(["WORSE", "WORST", "six"])).await;
    assert_eq!(screen.ask("return window.heard", vec![]).await, json!(["six"]));
    assert_eq!(screen.ask("return document.querySelector('dialog[open] #toasts') !== null", vec![]).await, true);
    screen.tap("#settings-sheet [type='submit']").await;
    screen.until("them on the page again", "return document.querySelector('body > #toasts')?.children.length > 1", vec![]).await;
    screen.has_no_complaint().await;
}
