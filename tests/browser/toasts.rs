//! What a page says about what just happened: few messages, and none said twice.

use crate::house::House;
use serde_json::{Value, json};

/// The toasts on the page, oldest first.
const TOASTS: &str = "return JSON.stringify([...document.querySelectorAll('#toasts > *')].map((one) => one.firstChild.textContent)) === arguments[0]";
/// Says these words one after another. Words in capitals are an error.
const SAY: &str = "window.saidAt = performance.now();
    return import('/shared/toasts.js').then(({ toast }) => arguments[0].forEach((words) => toast(words, { bad: words === words.toUpperCase() })))";
/// Keeps what a screen reader announces: additions to a live region that was in its place before.
const LISTEN: &str = "window.heard = [];
    new MutationObserver((changes) => {
      const moved = changes.some(({ addedNodes }) => [...addedNodes].some(({ id }) => id === 'toasts'));
      for (const { target, addedNodes } of changes) {
        if (target.id === 'toasts' && !moved) for (const one of addedNodes) window.heard.push(one.firstChild.textContent);
      }
    }).observe(document.body, { childList: true, subtree: true })";

/// A page that nobody looks at for an hour is not covered by what it said meanwhile.
#[tokio::test]
async fn toasts_are_few_the_newest_stay_and_an_error_waits_until_it_is_closed() {
    let house = House::open(1, &[]).await;
    let screen = house.kitchen("the screen", None).await;
    screen.is("live").await;
    let say = async |words: Value| screen.ask(SAY, vec![words]).await;
    let shows = async |words: Value| {
        screen.until(&format!("the toasts {words}"), TOASTS, vec![words.to_string().into()]).await;
    };
    screen.ask(LISTEN, vec![]).await;
    say(json!(["BAD", "one", "two", "three"])).await;
    shows(json!(["BAD", "two", "three"])).await;
    say(json!(["three"])).await;
    shows(json!(["BAD", "two", "three"])).await;
    assert_eq!(screen.ask("return window.heard", vec![]).await, json!(["BAD", "one", "two", "three", "three"]));
    say(json!(["WORSE", "WORST", "THE LAST"])).await;
    shows(json!(["WORSE", "WORST", "THE LAST"])).await;
    screen.tap("#toasts > :last-child button").await;
    say(json!(["four"])).await;
    shows(json!(["WORSE", "WORST", "four"])).await;
    let later = "const [words, since] = arguments;
        const toasts = [...document.querySelectorAll('#toasts > *')].map((one) => one.firstChild.textContent);
        return performance.now() - window.saidAt > since && JSON.stringify(toasts) === words";
    screen.until("the errors alone", later, vec![json!(["WORSE", "WORST"]).to_string().into(), 13_000.into()]).await;

    // They come along into a dialog, and what is said there is announced: its live region stands before.
    screen.ask("window.heard.length = 0", vec![]).await;
    screen.tap("[data-do='settings']").await;
    say(json!(["five"])).await;
    shows(json!(["WORSE", "WORST", "five"])).await;
    assert_eq!(screen.ask("return window.heard", vec![]).await, json!(["five"]));
    assert_eq!(screen.ask("return document.querySelector('dialog[open] #toasts') !== null", vec![]).await, true);
    screen.tap("#settings-sheet [type='submit']").await;
    screen.until("them on the page again", "return document.querySelector('body > #toasts')?.children.length > 1", vec![]).await;
    screen.has_no_complaint().await;
}

/// The buttons of the open sheet, or the basket's, that a message covers.
const COVERED: &str = "const open = document.querySelector('dialog[open]');
    const controls = open ? open.querySelectorAll('button, input') : document.querySelectorAll('#basket-bar button');
    return [...controls].filter((control) => !control.closest('#toasts')).filter((control) => {
      const { left, top, width, height } = control.getBoundingClientRect();
      return document.elementFromPoint(left + width / 2, top + height / 2)?.closest('#toasts');
    }).map((control) => control.textContent)";

/// A small phone has room for two messages, a sheet of it for one: they cover no button, and an error outlasts what passes.
#[tokio::test]
async fn on_a_small_phone_messages_are_fewer_and_cover_no_button() {
    let house = House::open(1, &[]).await;
    let phone = house.phone(1).await;
    let metrics = json!({"width": 320, "height": 568, "deviceScaleFactor": 1, "mobile": true});
    phone.devtools("Emulation.setDeviceMetricsOverride", metrics).await;
    for dish in ["Beef rezala", "Chicken roast", "Firni"] {
        phone.add(house.menu.dish(dish)).await;
    }
    let say = async |words: Value| phone.ask(SAY, vec![words]).await;
    let shows = async |words: Value| {
        phone.until(&format!("the toasts {words}"), TOASTS, vec![words.to_string().into()]).await;
        assert_eq!(phone.ask(COVERED, vec![]).await, json!([]), "{words}");
    };
    let bad = "ORDER 4 WAS CANCELLED. THEY ARE TOO BUSY JUST NOW. WE ARE VERY SORRY ABOUT THAT.";
    say(json!(["one", bad, "two", "three"])).await;
    shows(json!([bad, "three"])).await;
    // A notice makes the bar of the basket higher, and the messages stand above it.
    house.staff.put("/api/v1/restaurants/demo/pause", &json!({"paused": true})).await;
    phone.sees("#basket-notice > *").await;
    let above = "return document.querySelector('#toasts').getBoundingClientRect().bottom <= document.querySelector('#basket-notice').getBoundingClientRect().top";
    phone.until("the messages above the notice", above, vec![]).await;
    house.staff.put("/api/v1/restaurants/demo/pause", &json!({"paused": false})).await;

    phone.tap("[data-action='basket']").await;
    say(json!(["four", "WORST", "five"])).await;
    shows(json!(["WORST"])).await;
    phone.tap("#toasts button").await;
    say(json!(["six", "seven"])).await;
    shows(json!(["seven"])).await;
    phone.tap("#basket-sheet [data-do='close']").await;
    phone.until("them on the page again", "return document.querySelector('body > #toasts') !== null", vec![]).await;
    phone.has_no_complaint().await;
}
