//! Toasts: few at a time, none announced twice, and none over a control.

use crate::browser::Browser;
use crate::restaurant::TestRestaurant;
use serde_json::{Value, json};

/// Compares the toasts on the page, oldest first, with the expected ones.
const TOASTS: &str = "return JSON.stringify([...document.querySelectorAll('#toasts > *')].map((one) => one.firstChild.textContent)) === arguments[0]";
/// Shows these words one after another. Words in capitals are errors.
const SAY: &str = "window.saidAt = performance.now();
    return import('/shared/toasts.js').then(({ toast }) => arguments[0].forEach((words) => toast(words, { bad: words === words.toUpperCase() })))";
/// Records what a screen reader announces: additions to a live region that existed before.
const LISTEN: &str = "window.heard = [];
    new MutationObserver((changes) => {
      const moved = changes.some(({ addedNodes }) => [...addedNodes].some(({ id }) => id === 'toasts'));
      for (const { target, addedNodes } of changes) {
        if (target.id === 'toasts' && !moved) for (const one of addedNodes) window.heard.push(one.firstChild.textContent);
      }
    }).observe(document.body, { childList: true, subtree: true })";

/// Returns the controls that a toast or notice covers, where both are in sight.
const COVERED_CONTROLS: &str = "const clipped = (one) => {
      let { left, top, right, bottom } = one.getBoundingClientRect();
      for (let each = one.parentElement; each; each = each.parentElement) {
        if (getComputedStyle(each).overflow === 'visible' && each !== document.body) continue;
        const edges = each === document.body ? { left: 0, top: 0, right: innerWidth, bottom: innerHeight } : each.getBoundingClientRect();
        [left, top, right, bottom] = [Math.max(left, edges.left), Math.max(top, edges.top), Math.min(right, edges.right), Math.min(bottom, edges.bottom)];
      }
      return { left, top, right, bottom };
    };
    const said = [...document.querySelectorAll('#notice > *, #toasts > *, #said:not(:empty)')].map(clipped);
    const controls = [...document.querySelectorAll('button, a[href], input, select')]
      .filter((one) => one.checkVisibility({ visibilityProperty: true }) && !one.closest('#notice, #toasts, .skip-link'));
    const overlaps = (a, b) => Math.min(a.right, b.right) - Math.max(a.left, b.left) > 1 && Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > 1;
    return controls.filter((one) => said.some((words) => overlaps(words, clipped(one)))).map((one) => one.outerHTML.slice(0, 200))";
/// Returns the id and position of each ticket.
const TICKETS: &str = "return JSON.stringify([...document.querySelectorAll('#tickets > *')].map((one) => {
      const { left, top } = one.getBoundingClientRect();
      return [one.dataset.order, Math.round(left), Math.round(top)];
    }))";

impl Browser {
    /// Resizes the window.
    pub async fn is_sized(&self, (width, height): (u32, u32)) {
        let metrics = json!({"width": width, "height": height, "deviceScaleFactor": 1, "mobile": false});
        self.devtools("Emulation.setDeviceMetricsOverride", metrics).await;
        self.until("the window", "return innerWidth === arguments[0]", vec![width.into()]).await;
    }

    /// Asserts that toasts and notices cover no control.
    pub async fn covers_no_control(&self) {
        let covered = self.ask(COVERED_CONTROLS, vec![]).await;
        assert_eq!(covered, json!([]), "{}: {covered:#}", self.name);
    }
}

/// Toasts of an hour do not pile up over a page that nobody looks at.
#[tokio::test]
async fn only_the_newest_toasts_stay_and_an_error_waits_until_it_is_closed() {
    let restaurant = TestRestaurant::open(1, &[]).await;
    let screen = restaurant.kitchen("the screen", None).await;
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

    // Toasts move into an open dialog. A toast shown there is announced, because its live region existed before.
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

/// Returns the buttons of the open sheet, or of the basket bar, that a toast covers.
const COVERED: &str = "const open = document.querySelector('dialog[open]');
    const controls = open ? open.querySelectorAll('button, input') : document.querySelectorAll('#basket-bar button');
    return [...controls].filter((control) => !control.closest('#toasts')).filter((control) => {
      const { left, top, width, height } = control.getBoundingClientRect();
      return document.elementFromPoint(left + width / 2, top + height / 2)?.closest('#toasts');
    }).map((control) => control.textContent)";

/// Shows a toast with these words for each of two orders.
const SAY_OF_ORDERS: &str = "return import('/shared/toasts.js')
    .then(({ toast }) => ['one', 'two'].forEach((about) => toast(`${about} ${arguments[0]}`, { bad: true, about })))";
const SHORT: &str = "const toasts = document.querySelector('#toasts');
    return toasts.children.length === 2 && [...toasts.children].every((one) => one.textContent.includes(arguments[0]))
      && toasts.getBoundingClientRect().height < 0.4 * innerHeight";

/// A small phone has room for two toasts, and a sheet on it for one. Toasts cover no button, and an error stays longer than
/// another message.
#[tokio::test]
async fn a_small_phone_shows_fewer_toasts_and_none_over_a_button() {
    let restaurant = TestRestaurant::open(1, &[]).await;
    let phone = restaurant.phone(1).await;
    let metrics = json!({"width": 320, "height": 568, "deviceScaleFactor": 1, "mobile": true});
    phone.devtools("Emulation.setDeviceMetricsOverride", metrics).await;
    for dish in ["Beef rezala", "Chicken roast", "Firni"] {
        phone.add(restaurant.menu.dish(dish)).await;
    }
    let say = async |words: Value| phone.ask(SAY, vec![words]).await;
    let shows = async |words: Value| {
        phone.until(&format!("the toasts {words}"), TOASTS, vec![words.to_string().into()]).await;
        assert_eq!(phone.ask(COVERED, vec![]).await, json!([]), "{words}");
    };
    let bad = "ORDER 4 WAS CANCELLED. THEY ARE TOO BUSY JUST NOW. WE ARE VERY SORRY ABOUT THAT.";
    say(json!(["one", bad, "two", "three"])).await;
    shows(json!([bad, "three"])).await;
    // A notice makes the basket bar taller, and the toasts move up above it.
    restaurant.staff.put("/api/v1/restaurants/demo/pause", &json!({"paused": true})).await;
    phone.sees("#basket-notice > *").await;
    let above = "return document.querySelector('#toasts').getBoundingClientRect().bottom <= document.querySelector('#basket-notice').getBoundingClientRect().top";
    phone.until("the messages above the notice", above, vec![]).await;
    // When the phone is turned and turned back, the notice takes one line and then two again.
    for size in [(568, 320), (320, 568)] {
        phone.is_sized(size).await;
        phone.until("the messages above the notice of a turned phone", above, vec![]).await;
    }
    restaurant.staff.put("/api/v1/restaurants/demo/pause", &json!({"paused": false})).await;

    // The cancellations of two orders are shown in full, and leave most of the page in sight.
    phone.ask(SAY_OF_ORDERS, vec![bad.repeat(3).into()]).await;
    phone.until("two short messages with all words", SHORT, vec![bad.repeat(3).into()]).await;
    for _ in 0..2 {
        phone.tap("#toasts button").await;
    }
    say(json!([bad, "three"])).await;

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

/// A finger or the next key press is already on its way when the screen shows a toast.
#[tokio::test]
async fn messages_on_a_kitchen_screen_cover_no_control_and_a_refused_key_moves_no_ticket() {
    let restaurant = TestRestaurant::open(1, &[]).await;
    for table in 1..=12 {
        let order = restaurant.server.diner(&table.to_string()).await.place(&restaurant.menu.basket()).await["id"].clone();
        restaurant.staff.act(&order, "accept").await;
    }
    let screen = restaurant.kitchen("the screen", None).await;
    screen.until("all tickets", "return document.querySelectorAll('#tickets > *').length === 12", vec![]).await;
    for size in [(1280, 800), (1920, 1080), (1080, 1920), (390, 844)] {
        screen.is_sized(size).await;
        screen.ask(SAY, vec![json!(["NOT DONE: THE ORDER IS NO LONGER OPEN", "one", "two"])]).await;
        screen.until("them", "return document.querySelectorAll('#toasts > *').length >= 2", vec![]).await;
        screen.covers_no_control().await;
        let gone = "document.querySelector('#toasts button')?.click(); return !document.querySelector('#toasts > *')";
        screen.until("nothing said", gone, vec![]).await;
        if size.0 > 700 {
            refused_key(&screen).await;
        }
    }
    screen.has_no_complaint().await;
}

async fn refused_key(screen: &Browser) {
    // The tickets move only a moment after the window is resized.
    screen.ask("window.stood = undefined", vec![]).await;
    let still = format!(
        "const now = (() => {{ {TICKETS} }})();
        if (now !== window.stood?.tickets) window.stood = {{ tickets: now, at: performance.now() }};
        return performance.now() - window.stood.at > 500 && now"
    );
    let before = screen.until("the tickets to stand still", &still, vec![]).await;
    let digits = "const shown = [...document.querySelectorAll('.ticket__slot')].map((one) => one.textContent);
        return ['9', '8', '7', '6'].find((digit) => !shown.includes(digit)) ?? false";
    let free = screen.ask(digits, vec![]).await;
    let Some(digit) = free.as_str() else { return };
    screen.strike(digit.chars().next().unwrap()).await;
    let said = "return document.querySelector('#said').checkVisibility() && document.querySelector('#said').textContent === arguments[0]";
    screen.until("why", said, vec![format!("No ticket shows {digit}").into()]).await;
    screen.covers_no_control().await;
    assert_eq!(screen.ask(TICKETS, vec![]).await, before, "no ticket may move");
    screen.until("the bar as before", "return document.querySelector('#said').textContent === ''", vec![]).await;
}
