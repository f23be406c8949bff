//! A kitchen screen beside its tickets: incoming and cancelled orders, the dishes of the day, and texts in narrow columns.

use crate::browser::Browser;
use crate::driver::Form;
use crate::restaurant::TestRestaurant;
use fantoccini::key::Key;
use serde_json::{Value, json};
use support::client::text;
use support::proxy::Network;

/// Returns whether a strip shows exactly these orders, in this order.
const STRIP: &str = "const strip = document.querySelector(arguments[0]);
    const orders = [...strip.querySelectorAll('[data-order]')].filter((one) => one.checkVisibility()).map(({ dataset }) => dataset.order);
    return JSON.stringify(orders) === JSON.stringify(arguments[1])";
/// Returns whether an element shows this text; null means that it is not visible.
const WORDS: &str = "const one = document.querySelector(arguments[0]);
    return (one?.checkVisibility() ? one.innerText.trim() : null) === arguments[1]";
/// Returns whether the day's list shows exactly these lines, each with its number first.
const DAY: &str = "const lines = [...document.querySelectorAll('.allday__line')].filter((one) => one.checkVisibility());
    return JSON.stringify(lines.map((line) => line.innerText.split(/\\s+/).join(' '))) === JSON.stringify(arguments[0])";
/// Returns whether the list is below the board on a high screen and beside it on a wide one.
const BESIDE: &str =
    "const [board, panel] = ['#board', '#all-day-panel'].map((one) => document.querySelector(one).getBoundingClientRect());
    const apart = innerHeight > innerWidth ? panel.top >= board.bottom : panel.left >= board.right;
    return innerWidth === arguments[0] && apart && panel.bottom <= innerHeight";
/// Returns whether both dishes are on the board, in at most this number of columns, with no word broken, cut off or tiny.
const UNBROKEN: &str = "const [width, columns] = arguments;
    if (innerWidth !== width || !(document.querySelector('#tickets').dataset.columns <= columns)) return false;
    const names = [...document.querySelectorAll('#tickets .item__name')];
    const small = names.filter((name) => parseFloat(getComputedStyle(name).fontSize) < 10);
    const broken = names.flatMap(({ firstChild }) => [...firstChild.data.matchAll(/\\p{L}+/gu)].filter(({ 0: word, index }) => {
      const range = document.createRange();
      range.setStart(firstChild, index);
      range.setEnd(firstChild, index + word.length);
      return new Set([...range.getClientRects()].map(({ top }) => Math.round(top))).size > 1;
    }));
    const cut = names.filter(({ parentElement: { scrollWidth, clientWidth } }) => scrollWidth > clientWidth);
    return names.length === 2 && [broken, cut, small].every((some) => some.length === 0)";

impl TestRestaurant {
    async fn placed(&self, table: u32, basket: &Value) -> Value {
        self.server.diner(&table.to_string()).await.place(basket).await["id"].clone()
    }

    /// Renames a dish of the menu.
    pub async fn renames(&self, dish: &str, name: &str) {
        let manager = self.server.client(&["manager"]).await;
        let menu = manager.get("/api/v1/restaurants/demo/menu").await.expect(200);
        let mut draft = json!({"categories": menu["categories"], "items": menu["items"]});
        for item in draft["items"].as_object_mut().unwrap().values_mut() {
            item.as_object_mut().unwrap().retain(|field, _| field != "available" && field != "until");
            if item["name"] == dish {
                item["name"] = name.into();
            }
        }
        manager.put("/api/v1/restaurants/demo/menu", &draft).await.expect(200);
    }
}

async fn wears(screen: &Browser, width: u32, height: u32) {
    let metrics = json!({"width": width, "height": height, "deviceScaleFactor": 1, "mobile": false});
    screen.devtools("Emulation.setDeviceMetricsOverride", metrics).await;
}

#[tokio::test]
async fn a_kitchen_sees_incoming_orders_cancelled_tickets_and_the_dishes_of_the_day() {
    let restaurant = TestRestaurant::open(1, &[]).await;
    let screen = restaurant.kitchen("the screen", None).await;
    let strip = async |what: &str, selector: &str, orders: Value| {
        screen.until(what, STRIP, vec![selector.into(), orders]).await;
    };
    let says = async |selector: &str, words: Value| {
        screen.until(&format!("{words} in {selector}"), WORDS, vec![selector.into(), words]).await;
    };
    says("#blank h2", json!("Nothing to cook")).await;
    screen.network.set(Network::Cut);
    says("#blank h2", json!("No connection")).await;
    screen.network.set(Network::Fine);
    says("#blank h2", json!("Nothing to cook")).await;
    // Errors that the browser logged while offline do not count.
    screen.log("browser").await;
    let fuchka = restaurant.menu.line("Fuchka", 2);
    let plain = json!({"service": "dine_in", "items": [fuchka]});
    let [first, second] = [restaurant.placed(1, &plain).await, restaurant.placed(2, &plain).await];
    let mut warned = plain.clone();
    warned["note"] = json!("peanuts");
    warned["allergy"] = json!(true);
    let third = restaurant.placed(3, &warned).await;

    strip("an allergy first", "#incoming", json!([third, first, second])).await;
    says("#incoming-count", json!("3 incoming")).await;
    says("#incoming .incoming__allergy", json!("ALLERGY")).await;
    says("#cancelled", Value::Null).await;
    for order in [&first, &second, &third] {
        restaurant.staff.act(order, "accept").await;
        screen.shows(text(order), "accepted").await;
    }
    says("#incoming", Value::Null).await;
    for order in [&first, &second, &third] {
        restaurant.staff.command(order, "cancel", json!({"reason": "customer_request"})).await.expect(200);
        screen.shows(text(order), "cancelled").await;
    }
    strip("the newest two", "#cancelled", json!([third, second])).await;
    strip("no cancelled ticket on the board", "#tickets", json!([])).await;
    says("#cancelled-more", json!("3 cancelled: show all")).await;
    screen.tap("#cancelled-more").await;
    strip("all of them", "#cancelled", json!([third, second, first])).await;
    // Cooks may be working on them, so they survive a reload, and a digit confirms the newest.
    screen.reload().await;
    screen.is("live").await;
    strip("the newest two after a reload", "#cancelled", json!([third, second])).await;
    says("#cancelled-orders > :first-child .ticket__slot", json!("9")).await;
    screen.strike('9').await;
    strip("the others", "#cancelled", json!([second, first])).await;
    says("#cancelled-more", Value::Null).await;
    screen.tap(&format!("#cancelled [data-order='{}'] [data-do='confirm-cancel']", text(&first))).await;
    strip("one left", "#cancelled", json!([second])).await;
    the_day(&restaurant, &screen).await;
    screen.has_no_complaint().await;
}

/// Checks the sums over open tickets, with the share that is not eaten at a table.
async fn the_day(restaurant: &TestRestaurant, screen: &Browser) {
    let fuchka = restaurant.menu.line("Fuchka", 2);
    let here = restaurant.placed(4, &json!({"service": "dine_in", "items": [fuchka, restaurant.menu.line("Firni", 1)]})).await;
    let away = restaurant.placed(5, &json!({"service": "takeaway", "items": [fuchka]})).await;
    for order in [&here, &away] {
        restaurant.staff.act(order, "accept").await;
    }
    screen.strike('a').await;
    screen.until("all dishes", DAY, vec![json!(["4 Fuchka 2 × Takeaway", "1 Firni"])]).await;
    for (width, height) in [(1080, 1920), (1280, 800)] {
        wears(screen, width, height).await;
        screen.until("the list beside the board", BESIDE, vec![width.into()]).await;
    }
    restaurant.staff.act(&away, "ready").await;
    screen.until("those still to cook", DAY, vec![json!(["2 Fuchka", "1 Firni"])]).await;
}

/// Returns the yellow allergy labels of a list.
const LABELS: &str =
    "const labels = [...document.querySelectorAll(`${arguments[0]} :is(.flag--allergy, .incoming__allergy, .allday__allergy)`)]
      .filter((one) => one.checkVisibility());
    const isYellow = (one) => getComputedStyle(one).backgroundColor === getComputedStyle(labels[0]).backgroundColor;
    return JSON.stringify(labels.map((one) => one.innerText.trim())) === JSON.stringify(arguments[1]) && labels.every(isYellow)";

#[tokio::test]
async fn every_list_of_the_kitchen_shows_the_allergies_of_its_orders() {
    let restaurant = TestRestaurant::open(1, &[]).await;
    let mut lines = [restaurant.menu.line("Beef rezala", 2), restaurant.menu.line("Masala cha", 1)];
    lines[0]["note"] = json!("peanuts");
    lines[0]["allergy"] = json!(true);
    let dish = json!({"service": "dine_in", "items": lines});
    let whole = json!({"service": "dine_in", "items": [restaurant.menu.line("Beef rezala", 1)], "note": "no nuts please"});
    let [dish, whole] = [restaurant.placed(1, &dish).await, restaurant.placed(2, &whole).await];
    let screen = restaurant.kitchen("the screen", None).await;
    let shows = async |selector: &str, words: &[&str]| {
        screen.until(&format!("{words:?} in {selector}"), LABELS, vec![selector.into(), json!(words)]).await;
    };
    shows("#incoming", &["ALLERGY", "ALLERGY?"]).await;
    // Stations share pans, so the bar sees incoming orders of other stations.
    let station = restaurant.kitchen_token(Some("bar"), "1h").await;
    screen.goto(&format!("/kitchen#token={station}")).await;
    screen.until("the bar", "return document.querySelector('#station').textContent === 'bar'", vec![]).await;
    shows("#incoming", &["ALLERGY"]).await;
    screen.goto(&format!("/kitchen#token={}", restaurant.kitchen_token(None, "1h").await)).await;
    for order in [&dish, &whole] {
        restaurant.staff.act(order, "accept").await;
        screen.shows(text(order), "accepted").await;
    }
    screen.strike('a').await;
    shows("#all-day", &["2 × ALLERGY", "1 × ALLERGY?"]).await;
    screen.strike('a').await;
    for order in [&dish, &whole] {
        restaurant.staff.act(order, "ready").await;
        screen.shows(text(order), "ready").await;
    }
    screen.open_recall().await;
    let row = |order: &Value| format!("#recall [data-order='{}']", text(order));
    shows(&row(&dish), &["ALLERGY (BEEF REZALA): PEANUTS"]).await;
    shows(&row(&whole), &["ALLERGY?: NO NUTS PLEASE"]).await;
    screen.act(text(&dish), "recall").await;
    screen.strike(Key::Escape).await;
    restaurant.staff.command(&dish, "cancel", json!({"reason": "customer_request"})).await.expect(200);
    shows("#cancelled", &["ALLERGY (BEEF REZALA): PEANUTS"]).await;
    screen.has_no_complaint().await;
}

#[tokio::test]
async fn no_word_of_a_dish_breaks_in_a_narrow_column() {
    let restaurant = TestRestaurant::open(1, &[]).await;
    restaurant.renames("Firni", "Butterscotch cheesecake").await;
    let lines = json!([restaurant.menu.line("Firni", 1), restaurant.menu.line("Chicken roast", 1)]);
    let order = restaurant.placed(1, &json!({"service": "dine_in", "items": lines})).await;
    restaurant.staff.act(&order, "accept").await;
    let screen = restaurant.kitchen("the screen", None).await;
    screen.wear(Form::Wall, "dark").await;
    for (width, height, columns) in [(1080, 1920, "auto"), (1920, 1080, "5"), (800, 1280, "6")] {
        wears(&screen, width, height).await;
        let settings = json!({"columns": columns, "allDay": true}).to_string();
        screen.ask("localStorage['orderbell.kitchen.settings'] = arguments[0]", vec![settings.into()]).await;
        screen.reload().await;
        let most = if columns == "auto" { "9" } else { columns };
        screen.until(&format!("whole words at {width} by {height}"), UNBROKEN, vec![width.into(), most.into()]).await;
    }
}
