//! Refusals on the guest's page: each is announced with its reason and the staff's message, and stays visible until the
//! guest confirms it, in both languages.

use crate::browser::Browser;
use crate::driver::Form;
use crate::restaurant::TestRestaurant;
use serde_json::{Value, json};
use support::client::text;
use support::proxy::Network;

/// Returns the text of the live regions: the toasts, and the region for screen readers alone.
const ANNOUNCED: &str = "return [...document.querySelectorAll('[aria-live], [role=alert], [role=status]')]
    .filter((region) => !region.closest(':not(dialog[open]) > dialog:not([open])')).map((region) => region.textContent).join('\\n')
    .includes(arguments[0])";
/// Returns whether the order shows a refusal, visible and unfolded, with all of these words.
const STANDS: &str = "const refusal = document.querySelector(`[data-order='${arguments[0]}'] [data-refusal]`);
    return refusal?.checkVisibility({ contentVisibilityAuto: true }) && !refusal.closest('details:not([open])')
      && arguments[1].every((word) => refusal.innerText.includes(word))";
const GONE: &str = "return !document.querySelector(`[data-order='${arguments[0]}'] [data-refusal]`)";

impl Browser {
    async fn announces(&self, words: &str) {
        self.until(&format!("{words:?} announced"), ANNOUNCED, vec![words.into()]).await;
    }

    async fn stands(&self, order: &str, words: &[&str]) {
        self.until(&format!("{words:?} in sight"), STANDS, vec![order.into(), json!(words)]).await;
    }

    async fn speaks(&self, language: &str) {
        self.tap(&format!("[data-language='{language}']")).await;
        let lang = "return document.documentElement.lang === arguments[0]";
        self.until("the language", lang, vec![language.into()]).await;
    }
}

async fn placed(restaurant: &TestRestaurant, phone: &Browser, dishes: &[&str]) -> String {
    let before = phone.orders().await;
    for dish in dishes {
        phone.add(restaurant.menu.dish(dish)).await;
    }
    phone.place().await;
    let script = "return [...document.querySelectorAll('[data-order]')].map((order) => order.dataset.order)
        .find((id) => !arguments[0].includes(id))";
    let order = phone.until("another order", script, vec![json!(before)]).await;
    text(&order).to_owned()
}

/// Covers each reason in each language, with the staff's message, for rejected and for cancelled orders.
#[tokio::test]
async fn a_refused_order_shows_its_reason_in_the_guests_language() {
    let restaurant = TestRestaurant::open(1, &[]).await;
    let phone = restaurant.phone(2).await;
    let reasons = [
        ("out_of_stock", "Sold out.", "শেষ হয়ে গেছে।"),
        ("kitchen_closed", "The kitchen is closed.", "রান্নাঘর বন্ধ।"),
        ("too_busy", "They are too busy just now.", "এই মুহূর্তে খুব ভিড়।"),
        ("duplicate", "It was sent twice.", "অর্ডারটি দুবার এসেছিল।"),
        ("customer_request", "Someone at the table asked for it.", "টেবিল থেকে বাদ দিতে বলা হয়েছিল।"),
        ("other", "“We are so sorry”", "“We are so sorry”"),
    ];
    for (at, (reason, english, bengali)) in reasons.into_iter().enumerate() {
        phone.speaks("en").await;
        let order = placed(&restaurant, &phone, &["Firni"]).await;
        let action = if at % 2 == 0 { "reject" } else { "cancel" };
        let why = json!({"reason": reason, "detail": "We are so sorry"});
        restaurant.staff.command(&json!(order), action, why).await.expect(200);
        phone.announces(english).await;
        phone.stands(&order, &[english, "We are so sorry"]).await;
        phone.speaks("bn").await;
        phone.stands(&order, &[bengali, "We are so sorry"]).await;
        if at == 0 {
            phone.inspect("table-rejected").await;
        }
        phone.reload().await;
        phone.is("live").await;
        phone.announces(bengali).await;
        phone.stands(&order, &[bengali]).await;
        phone.tap(&format!("[data-order='{order}'] [data-do='read']")).await;
        phone.until("it confirmed", GONE, vec![order.as_str().into()]).await;
        phone.sees(&format!("details[data-order='{order}']")).await;
    }
    phone.reload().await;
    phone.is("live").await;
    assert_eq!(
        phone.ask("return document.querySelectorAll('[data-refusal]').length", vec![]).await,
        0,
        "a confirmed refusal stays confirmed"
    );
    phone.has_no_complaint().await;
}

/// Staff remove one line, then a second, then the last, which ends the order. Each time the guest reads the new total.
#[tokio::test]
async fn a_removed_line_shows_its_reason_and_the_new_total() {
    let restaurant = TestRestaurant::open(2, &[]).await;
    let phone = restaurant.phone(3).await;
    let order = placed(&restaurant, &phone, &["Firni", "Borhani"]).await;
    restaurant.staff.act(&json!(order), "accept").await;
    phone.goto(&format!("/orders/{order}")).await;
    phone.is("live").await;
    let void = async |dish: &str, reason: &str, detail: &str| {
        let item = restaurant.item(&order, dish).await;
        let fields = json!({"item": item, "reason": reason, "detail": detail});
        restaurant.staff.command(&json!(order), "void_item", fields).await.expect(200)
    };
    void("Firni", "out_of_stock", "the last pot broke").await;
    let words = ["Firni", "Sold out.", "the last pot broke", "The total is ৳"];
    phone.announces("Taken off order A1: 1 × Firni: Sold out. “the last pot broke”").await;
    phone.stands(&order, &words).await;
    phone.inspect("order-taken-off").await;
    phone.speaks("bn").await;
    phone.stands(&order, &["Firni", "শেষ হয়ে গেছে।", "the last pot broke", "এখন মোট ১১০৳"]).await;
    phone.speaks("en").await;
    phone.goto("/t/demo-table-3").await;
    phone.announces("the last pot broke").await;
    phone.stands(&order, &words).await;
    phone.inspect("table-taken-off").await;
    phone.tap(&format!("[data-order='{order}'] [data-do='read']")).await;
    phone.until("it confirmed", GONE, vec![order.as_str().into()]).await;
    let line = "return document.querySelector('[data-item][data-status=voided]').innerText.includes('the last pot broke')";
    phone.until("the reason at the line, for later", line, vec![]).await;

    void("Borhani", "too_busy", "").await;
    phone.shows(&order, "cancelled").await;
    phone.announces("Order A1 was cancelled. They are too busy just now.").await;
    phone.stands(&order, &["Order A1 was cancelled."]).await;
    let friend = shared(&restaurant, &phone, &order, 3).await;
    friend.stands(&order, &["Order A1 was cancelled.", "They are too busy just now."]).await;
    assert_eq!(friend.ask("return document.querySelectorAll('[data-refusal] button').length", vec![]).await, 0);
    phone.tap(&format!("[data-order='{order}'] [data-do='else']")).await;
    phone.until("it confirmed", GONE, vec![order.as_str().into()]).await;
    phone.has_no_complaint().await;
}

/// Returns whether the guest's orders are listed as expected. The expected list has a pair for each order outside the fold of
/// earlier orders: its number, and whether it is folded itself. Its last entry is the number of orders in the fold.
const STANDING: &str = "const orders = [...document.querySelectorAll('.orders > [data-order]')];
    const number = (order) => Number(/[0-9]+/.exec(order.querySelector('.order__title').textContent)[0]);
    const earlier = document.querySelectorAll('.orders__earlier [data-order]').length;
    const standing = [...orders.map((order) => [number(order), order.matches('details:not([open])')]), earlier];
    return JSON.stringify(standing) === arguments[0]";

/// However many orders were refused or ended, open ones come first. Two refusals stay unfolded and the others show their
/// reason in one line; old orders are folded, and the menu stays near.
#[tokio::test]
async fn an_open_order_is_listed_above_closed_ones() {
    let restaurant = TestRestaurant::open(1, &[]).await;
    let phone = restaurant.phone(8).await;
    let open = placed(&restaurant, &phone, &["Firni"]).await;
    restaurant.staff.act(&json!(open), "accept").await;
    let mut refused = Vec::new();
    for reason in ["out_of_stock", "kitchen_closed", "too_busy", "duplicate"] {
        let order = placed(&restaurant, &phone, &["Borhani"]).await;
        restaurant.staff.command(&json!(order), "reject", json!({"reason": reason})).await.expect(200);
        phone.shows(&order, "rejected").await;
        refused.push(order);
    }
    let stand = async |what: Value| {
        phone.until(&format!("the orders {what}"), STANDING, vec![what.to_string().into()]).await;
    };
    stand(json!([[1, false], [5, false], [4, false], [3, true], [2, true], 0])).await;
    let why = "return document.querySelector(`details[data-order='${arguments[0]}'] > summary`).innerText.includes('Sold out.')";
    phone.until("the reason in its line", why, vec![refused[0].as_str().into()]).await;
    phone.inspect("table-many-refused").await;
    // A refusal that has been visible for a while needs no toast.
    phone.tap("#toasts > :first-child button").await;
    let calm = "document.querySelector('[data-refusal]').scrollIntoView({ block: 'center' });
        return document.querySelectorAll('#toasts > *').length === 0";
    phone.until("no message over what is in sight", calm, vec![]).await;
    for order in refused.iter().rev() {
        phone
            .ask(
                "document.querySelector(`details[data-order='${arguments[0]}']`)?.setAttribute('open', '')",
                vec![order.as_str().into()],
            )
            .await;
        phone.tap(&format!("[data-order='{order}'] [data-do='read']")).await;
        phone.until("it confirmed", GONE, vec![order.as_str().into()]).await;
    }
    phone.reload().await;
    phone.is("live").await;
    stand(json!([[1, false], [5, true], [4, true], [3, true], 1])).await;
    phone.tap(".orders__earlier > summary").await;
    phone.sees(&format!(".orders__earlier [data-order='{}']", refused[0])).await;
    phone.inspect("table-earlier-orders").await;
    phone.has_no_complaint().await;
}

/// After ordering from far down in the menu, the page shows the order and not the place where the basket was opened.
#[tokio::test]
async fn an_order_placed_from_far_down_in_the_menu_is_in_sight() {
    let restaurant = TestRestaurant::open(1, &[]).await;
    let phone = restaurant.phone(2).await;
    phone.add(restaurant.menu.dish("Masala cha")).await;
    assert!(phone.ask("return scrollY", vec![]).await.as_f64().unwrap() > 500.0);
    phone.tap("[data-action='basket']").await;
    phone.tap("[data-action='place']").await;
    phone.sees("[data-order]").await;
    // The sheet's history entry is removed a little later.
    phone
        .until("the basket's place gone", "return history.state === null && !document.querySelector('dialog[open]')", vec![])
        .await;
    phone.until("the order in sight", "return scrollY === 0 && history.scrollRestoration === 'auto'", vec![]).await;
}

/// A colleague accepts an order while a waiter writes why it is rejected: the page asks again, and keeps the text.
#[tokio::test]
async fn rejecting_an_order_accepted_meanwhile_asks_again_and_keeps_the_text() {
    let restaurant = TestRestaurant::open(2, &[]).await;
    let phone = restaurant.phone(2).await;
    let floor = restaurant.floor().await;
    let order = placed(&restaurant, &phone, &["Firni"]).await;
    floor.tap(&format!("[data-order='{order}'] [data-action='reject']")).await;
    floor.write("#detail", "The oven is broken").await;
    restaurant.staff.command(&json!(order), "accept", json!({"minutes": 20})).await.expect(200);
    let accepted = "return document.querySelector(`[data-order='${arguments[0]}'][data-status='accepted']`)";
    floor.until("accepted", accepted, vec![json!(order)]).await;
    floor.tap("dialog[open] [data-reason='out_of_stock']").await;
    floor.announces("has just been accepted").await;
    floor.tap("dialog[open] [data-action='cancel'][data-reason='out_of_stock']").await;
    phone.stands(&order, &["Sold out.", "The oven is broken"]).await;
}

/// Commands that waited for the network are refused when it is back: each message names its order.
#[tokio::test]
async fn a_command_refused_after_an_outage_names_its_order() {
    let restaurant = TestRestaurant::open(2, &[]).await;
    let floor = restaurant.floor().await;
    let screen = restaurant.kitchen("the screen", None).await;
    let guest = restaurant.server.diner("4").await;
    let basket = restaurant.menu.basket();
    let [placed, cooking] = [guest.place(&basket).await["id"].clone(), guest.place(&basket).await["id"].clone()];
    restaurant.staff.act(&cooking, "accept").await;
    floor.shows(text(&placed), "placed").await;
    screen.shows(text(&cooking), "accepted").await;
    for page in [&floor, &screen] {
        page.network.set(Network::Cut);
        page.is("offline").await;
    }
    floor.act(text(&placed), "accept").await;
    screen.act(text(&cooking), "ready").await;
    guest.command(&placed, "cancel", json!({"reason": "customer_request"})).await.expect(200);
    restaurant.staff.command(&cooking, "cancel", json!({"reason": "too_busy"})).await.expect(200);
    for (page, words) in [(&floor, "Order A1 (Table 4) was not accepted"), (&screen, "Order A2 (Table 4) was not bumped")] {
        page.network.set(Network::Fine);
        page.announces(words).await;
    }
}

/// A dish that sells out while its sheet is open says so beside the button that stops working.
#[tokio::test]
async fn a_dish_that_sells_out_while_its_sheet_is_open_says_so() {
    let restaurant = TestRestaurant::open(1, &[]).await;
    let phone = restaurant.phone(7).await;
    let dish = text(&restaurant.menu.dish("Firni")["id"]).to_owned();
    let path = format!("/api/v1/restaurants/demo/menu/items/{dish}/availability");
    for (language, words) in [("en", "Sold out"), ("bn", "শেষ")] {
        phone.speaks(language).await;
        phone.tap(&format!("[data-menu-item='{dish}'] [data-do='options']")).await;
        phone.sees("#choice [data-do='add-choice']:enabled").await;
        restaurant.staff.put(&path, &json!({"available": false})).await;
        phone.sees("#choice [data-do='add-choice']:disabled").await;
        let why = "return document.querySelector('#choice [role=alert]')?.innerText === arguments[0]";
        phone.until("why", why, vec![words.into()]).await;
        restaurant.staff.put(&path, &json!({"available": true})).await;
        phone.until("nothing in the way", why, vec!["".into()]).await;
        phone.tap("#choice-sheet [data-do='close']").await;
    }
}

/// Opens an order's page as a friend with whom the guest shares it.
async fn shared(restaurant: &TestRestaurant, phone: &Browser, order: &str, table: u32) -> Browser {
    let script = "return JSON.parse(localStorage[arguments[0]]).access_token";
    let token = phone.ask(script, vec![format!("orderbell.diner.demo-table-{table}").into()]).await;
    let guest = support::Client::new(&restaurant.server.base, text(&token));
    let link = guest.post(&format!("/api/v1/orders/{order}/share"), &json!({})).await.expect(200);
    let friend = restaurant.browser("the friend", Form::Phone).await;
    friend.goto(&format!("/orders/{order}#share={}", text(&link["token"]))).await;
    friend.is("live").await;
    friend
}

/// A refusal that arrived while the phone was offline, or while its page was closed, is shown when the guest returns.
#[tokio::test]
async fn a_refusal_is_shown_when_the_network_returns() {
    let restaurant = TestRestaurant::open(1, &[]).await;
    let phone = restaurant.phone(4).await;
    let first = placed(&restaurant, &phone, &["Firni"]).await;
    phone.network.set(Network::Cut);
    phone.is("offline").await;
    restaurant.staff.command(&json!(first), "reject", json!({"reason": "too_busy"})).await.expect(200);
    phone.network.set(Network::Fine);
    phone.is("live").await;
    phone.announces("They are too busy just now.").await;
    phone.stands(&first, &["Order A1 was not accepted."]).await;

    let second = placed(&restaurant, &phone, &["Borhani"]).await;
    phone.goto("/").await;
    restaurant.staff.command(&json!(second), "cancel", json!({"reason": "kitchen_closed"})).await.expect(200);
    phone.goto("/t/demo-table-4").await;
    phone.announces("Order A2 was cancelled. The kitchen is closed.").await;
    phone.stands(&second, &["The kitchen is closed."]).await;
    phone.stands(&first, &["They are too busy just now."]).await;
}

/// A guest's own cancellation is not a refusal. A refusal behind an open basket is still visible.
#[tokio::test]
async fn a_guests_own_cancellation_is_not_a_refusal_and_an_open_basket_hides_no_refusal() {
    let restaurant = TestRestaurant::open(1, &[]).await;
    let phone = restaurant.phone(5).await;
    let own = placed(&restaurant, &phone, &["Firni"]).await;
    phone.cancel(&own).await;
    phone.sees(&format!("details[data-order='{own}'][data-status='cancelled']")).await;
    phone.reload().await;
    phone.is("live").await;
    phone.sees(&format!("details[data-order='{own}'][data-status='cancelled']")).await;

    let other = placed(&restaurant, &phone, &["Borhani"]).await;
    phone.add(restaurant.menu.dish("Firni")).await;
    phone.tap("[data-action='basket']").await;
    restaurant.staff.command(&json!(other), "reject", json!({"reason": "duplicate"})).await.expect(200);
    let on_top = "const toast = document.querySelector('dialog[open] .toast--bad');
        if (!toast?.innerText.includes('It was sent twice.')) return false;
        const { left, top, width, height } = toast.getBoundingClientRect();
        return toast.contains(document.elementFromPoint(left + width / 2, top + height / 2))";
    phone.until("the refusal over the basket", on_top, vec![]).await;
    phone.tap("#basket-sheet [data-do='close']").await;
    phone.stands(&other, &["It was sent twice."]).await;
    phone.has_no_complaint().await;
}

/// A message shown over an open sheet of the staff stays when another sheet replaces that one.
#[tokio::test]
async fn a_message_over_a_sheet_stays_when_the_sheet_closes() {
    let restaurant = TestRestaurant::open(1, &[]).await;
    let guest = restaurant.server.diner("8").await;
    let order = guest.place(&restaurant.menu.basket()).await["id"].clone();
    let floor = restaurant.floor().await;
    floor.shows(text(&order), "placed").await;
    floor.tap("[data-tab='tables']").await;
    floor.tap("[data-do='guests']").await;
    floor.sees("dialog[open] [data-do='ask-end-guest']").await;
    guest.command(&order, "cancel", json!({"reason": "customer_request"})).await.expect(200);
    let told = "return document.querySelector('dialog[open] #toasts')?.innerText.includes('was cancelled by the guest')";
    floor.until("the message over the sheet", told, vec![]).await;
    floor.tap("[data-do='ask-end-guest']").await;
    floor.sees("dialog[open] [data-do='end-guest']").await;
    floor.until("the message over the next", told, vec![]).await;
    floor.tap("dialog[open] [data-do='close']").await;
    floor.until("the message on the page", "return document.querySelector('body > #toasts') !== null", vec![]).await;
}

/// An order is refused because a dish sold out or the restaurant paused. The basket stays, and says why.
#[tokio::test]
async fn a_basket_that_is_refused_says_why_in_both_languages() {
    let restaurant = TestRestaurant::open(1, &[]).await;
    let phone = restaurant.phone(6).await;
    let dish = text(&restaurant.menu.dish("Firni")["id"]).to_owned();
    let path = format!("/api/v1/restaurants/demo/menu/items/{dish}/availability");
    for (language, sold_out, paused) in [
        ("en", "Sold out: Firni.", "The kitchen is taking a short break."),
        ("bn", "শেষ হয়ে গেছে: Firni।", "রান্নাঘরে এখন একটু বিরতি।"),
    ] {
        phone.speaks(language).await;
        phone.add(restaurant.menu.dish("Firni")).await;
        refused(&restaurant, &phone, &path, &json!({"available": false}), sold_out).await;
        restaurant.staff.put(&path, &json!({"available": true})).await;
        phone.sees("#basket [data-action='place']:enabled").await;
        let pause = "/api/v1/restaurants/demo/pause";
        refused(&restaurant, &phone, pause, &json!({"paused": true}), paused).await;
        restaurant.staff.put(pause, &json!({"paused": false})).await;
        phone.sees("#basket [data-action='place']:enabled").await;
        phone.tap("#basket-sheet [data-do='close']").await;
    }
    assert_eq!(restaurant.orders().await, Vec::<Value>::new());
}

/// Returns the reasons beside the button of the open basket, in order. All must be visible, in the live region that
/// describes the button and existed before.
const REASONS: &str = "const place = document.querySelector('#basket-sheet[open] [data-action=place]:disabled');
    const region = document.getElementById(place?.getAttribute('aria-describedby'));
    if (!region?.matches('[role=alert][data-kept-before]')) return false;
    const { innerHeight } = window;
    const seen = [...region.children].every((words) => { const { top, bottom } = words.getBoundingClientRect(); return top >= 0 && bottom <= innerHeight; });
    const said = [...region.children].map((words) => words.innerText);
    return seen && said.length === arguments[0].length && said.every((words, at) => words.startsWith(arguments[0][at]))";

/// No reason that blocks the button hides another: a pause, sold-out dishes, removed dishes.
#[tokio::test]
async fn an_open_basket_announces_everything_that_blocks_its_button() {
    let restaurant = TestRestaurant::open(1, &[]).await;
    let phone = restaurant.phone(7).await;
    let dish = text(&restaurant.menu.dish("Firni")["id"]).to_owned();
    let availability = format!("/api/v1/restaurants/demo/menu/items/{dish}/availability");
    let pause = "/api/v1/restaurants/demo/pause";
    phone.add(restaurant.menu.dish("Firni")).await;
    phone.add(restaurant.menu.dish("Borhani")).await;
    for (language, sold_out, paused) in
        [("en", "Sold out: Firni.", "The kitchen is taking"), ("bn", "শেষ হয়ে গেছে: Firni।", "রান্নাঘরে এখন")]
    {
        phone.speaks(language).await;
        phone.tap("[data-action='basket']").await;
        phone.sees("#basket [data-action='place']:enabled").await;
        phone.ask("document.querySelector('#basket-why').setAttribute('data-kept-before', '')", vec![]).await;
        restaurant.staff.put(&availability, &json!({"available": false})).await;
        phone.until("what is sold out", REASONS, vec![json!([sold_out])]).await;
        restaurant.staff.put(pause, &json!({"paused": true})).await;
        phone.until("the pause above it", REASONS, vec![json!([paused, sold_out])]).await;
        phone.inspect(&format!("basket-blocked-{language}")).await;
        restaurant.staff.put(pause, &json!({"paused": false})).await;
        restaurant.staff.put(&availability, &json!({"available": true})).await;
        phone.sees("#basket [data-action='place']:enabled").await;
        phone.tap("#basket-sheet [data-do='close']").await;
    }
    let manager = restaurant.server.client(&["manager"]).await;
    let menu = manager.get("/api/v1/restaurants/demo/menu").await.expect(200);
    let mut draft = json!({"categories": menu["categories"], "items": menu["items"]});
    let items = draft["items"].as_object_mut().unwrap();
    items.remove(&dish);
    for item in items.values_mut() {
        item.as_object_mut().unwrap().retain(|name, _| name != "available" && name != "until");
    }
    phone.speaks("en").await;
    phone.tap("[data-action='basket']").await;
    manager.put("/api/v1/restaurants/demo/menu", &draft).await.expect(200);
    phone.until("what was removed", REASONS, vec![json!(["No longer on the menu: Firni."])]).await;
    let line = "const line = document.querySelector('#basket [data-sold-out]')?.innerText ?? '';
        return line.includes('Firni') && /[1-9]/.test(line) && line.includes('No longer on the menu')";
    phone.until("its name and price", line, vec![]).await;
}

/// Sends an order that the restaurant refuses because of a change made meanwhile, and waits for the reason.
async fn refused(restaurant: &TestRestaurant, phone: &Browser, path: &str, body: &Value, words: &str) {
    if phone.ask("return document.querySelector('#basket-sheet').open", vec![]).await == false {
        phone.tap("[data-action='basket']").await;
    }
    phone.network.set(Network::Cut);
    phone.is("offline").await;
    phone.tap("#basket [data-action='place']").await;
    phone.sees("#basket [aria-busy='true']").await;
    restaurant.staff.put(path, body).await;
    phone.network.set(Network::Fine);
    let problem = "return document.querySelector('#basket [role=alert]')?.innerText.includes(arguments[0])";
    phone.until(&format!("{words:?} in the basket"), problem, vec![words.into()]).await;
}
