//! A kitchen screen uses its area: whole tickets in sight, letter sizes, and how much stays unused.

use crate::browser::Browser;
use crate::driver::Form;
use crate::restaurant::TestRestaurant;
use serde_json::{Value, json};
use support::client::text;

/// More tickets than fit on any of the screens.
const TICKETS: usize = 24;
/// Dishes that guests order together: some with a choice, some with a name that takes two lines.
const ORDERS: [[&str; 3]; 4] = [
    ["Beef rezala", "Fuchka", "Firni"],
    ["Chicken roast", "Masala cha", "Borhani"],
    ["Firni", "Beef rezala", "Masala cha"],
    ["Fuchka", "Chicken roast", "Borhani"],
];

/// A screen with the fewest whole tickets it must show and the smallest letters of dishes, in CSS pixels. Letters must be
/// readable from two metres, which means 13 minutes of arc: 42 pixels on 21.5 inches of 1920 by 1080, and on 43 inches of
/// 3840 by 2160.
struct Glass {
    width: u32,
    height: u32,
    tickets: u64,
    letters: f64,
}

const SCREENS: [Glass; 6] = [
    Glass { width: 1920, height: 1080, tickets: 9, letters: 41.0 },
    Glass { width: 1280, height: 800, tickets: 7, letters: 27.0 },
    Glass { width: 3840, height: 2160, tickets: 24, letters: 42.0 },
    Glass { width: 2160, height: 3840, tickets: 24, letters: 42.0 },
    Glass { width: 2560, height: 1440, tickets: 13, letters: 42.0 },
    Glass { width: 1080, height: 1920, tickets: 9, letters: 41.0 },
];
/// The largest share of the board that may stay unused while some tickets do not fit on it.
const UNUSED: f64 = 0.2;

/// Returns the number of whole tickets in sight, the unused share of the board, and the letter size. A ticket that
/// continues in the next column counts as its parts; a part that begins above the bottom of another is an overlap.
const MEASURE: &str = "const board = document.querySelector('#board').getBoundingClientRect();
    const parts = (ticket) => (ticket.hasAttribute('data-kept-span')
      ? [...ticket.querySelectorAll('.ticket__head, .ticket__flags, .ticket > .note, .item, .ticket__elsewhere, .ticket__foot')] : [ticket])
      .map((part) => part.getBoundingClientRect());
    const inside = (box) => box.left >= board.left - 1 && box.right <= board.right + 1 && box.bottom <= board.bottom + 1;
    const tickets = [...document.querySelectorAll('#tickets > [data-order]')].map(parts);
    const seen = tickets.flat().filter(inside);
    const overlap = (a, b) => Math.min(a.right, b.right) - Math.max(a.left, b.left) > 2 && Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > 2;
    const letters = parseFloat(getComputedStyle(document.querySelector('#tickets')).fontSize);
    return {
      tickets: tickets.length,
      whole: tickets.filter((boxes) => boxes.every(inside)).length,
      unused: 1 - seen.reduce((sum, { width, height }) => sum + width * height, 0) / (board.width * board.height),
      letters: parseFloat(getComputedStyle(document.querySelector('.item__name')).fontSize),
      overlaps: tickets.some((one, at) => tickets.some((other, there) => at < there && one.some((a) => other.some((b) => overlap(a, b))))),
      small: [...document.querySelectorAll('.ticket button, .bar button')].filter((one) => one.checkVisibility()
        && one.getBoundingClientRect().height < 55 * Math.max(1, letters / 42.3)).length,
      header: parseFloat(getComputedStyle(document.querySelector('#counts')).fontSize) / letters,
    }";

/// Returns the columns that an edge of the board cuts, found by the heads of tickets and of their later parts.
const CUT_OFF: &str = "const board = document.querySelector('#board').getBoundingClientRect();
    return [...document.querySelectorAll('#tickets .ticket__head, #tickets .part')].map((head) => head.getBoundingClientRect())
      .filter(({ left, right }) => (left < board.left - 4 && right > board.left + 4) || (right > board.right + 4 && left < board.right - 4)).length";
/// Returns the number of the first ticket that begins on the visible page.
const FIRST: &str = "const board = document.querySelector('#board').getBoundingClientRect();
    return [...document.querySelectorAll('#tickets > [data-order]')]
      .find((ticket) => ticket.querySelector('.ticket__head').getBoundingClientRect().left >= board.left - 4)?.dataset.order";

/// Resizes the screen and waits until it shows what it must.
async fn fills(screen: &Browser, glass: &Glass) {
    let metrics = json!({"width": glass.width, "height": glass.height, "deviceScaleFactor": 1, "mobile": false});
    screen.devtools("Emulation.setDeviceMetricsOverride", metrics).await;
    let filled = format!(
        "const seen = (() => {{ {MEASURE} }})();
        const [width, all, whole, unused, letters] = arguments;
        return innerWidth === width && seen.tickets === all && !seen.overlaps && seen.small === 0
          && seen.header > 0.34 && seen.whole >= whole && (seen.unused <= unused || seen.whole === all) && seen.letters >= letters"
    );
    let wanted = json!([glass.width, TICKETS, glass.tickets, UNUSED, glass.letters]);
    let Value::Array(wanted) = wanted else { unreachable!() };
    let what = format!("{} by {} filled", glass.width, glass.height);
    screen.until(&what, &filled, wanted).await;
}

/// Opens a restaurant with [`TICKETS`] accepted orders.
async fn busy_restaurant() -> TestRestaurant {
    let restaurant = TestRestaurant::open(1, &[]).await;
    for number in 0..TICKETS {
        let lines: Vec<Value> = ORDERS[number % ORDERS.len()].iter().map(|dish| restaurant.menu.line(dish, 1)).collect();
        let guest = restaurant.server.diner(&(number % 12 + 1).to_string()).await;
        let order = guest.place(&json!({"service": "dine_in", "items": lines})).await["id"].clone();
        restaurant.staff.act(&order, "accept").await;
    }
    restaurant
}

#[tokio::test]
async fn a_kitchen_screen_shows_many_whole_tickets_in_letters_readable_across_the_room() {
    let restaurant = busy_restaurant().await;
    let screen = restaurant.kitchen("the screen", None).await;
    for glass in &SCREENS {
        // Letters change size in the middle of this, as when a tablet is turned.
        screen.wear(Form::Phone, "dark").await;
        fills(&screen, glass).await;
    }
    few_are_large(&restaurant, &screen).await;
    screen.has_no_complaint().await;
}

/// Asserts that a large screen with few tickets shows them in full size, and that a chosen number of columns stays.
async fn few_are_large(restaurant: &TestRestaurant, screen: &Browser) {
    for order in restaurant.orders().await.iter().skip(5) {
        restaurant.staff.act(&order["id"], "ready").await;
        restaurant.staff.act(&order["id"], "serve").await;
    }
    screen.is_sized((3840, 2160)).await;
    for (columns, tickets) in [("auto", 5), ("4", 5)] {
        let settings = json!({"columns": columns}).to_string();
        screen.ask("localStorage['orderbell.kitchen.settings'] = arguments[0]", vec![settings.into()]).await;
        // Otherwise the page begins with its stored copy of all tickets, and enlarges the letters half a minute later.
        let origin = screen.ask("return location.origin", vec![]).await;
        screen.devtools("Storage.clearDataForOrigin", json!({"origin": origin, "storageTypes": "indexeddb"})).await;
        screen.reload().await;
        let large = "const tickets = document.querySelector('#tickets');
            return tickets.children.length === arguments[0] && parseFloat(getComputedStyle(tickets).fontSize) > 83";
        screen.until(&format!("large letters with columns {columns}"), large, vec![tickets.into()]).await;
    }
}

/// A ticket that continues in the next column keeps the backgrounds of its parts: an allergy is dark letters on yellow.
#[tokio::test]
async fn an_allergy_stays_yellow_where_its_ticket_continues_in_the_next_column() {
    let restaurant = TestRestaurant::open(1, &[]).await;
    let dishes = ["Beef rezala", "Firni", "Fuchka"];
    for (table, lines) in [("1", 1), ("2", 16), ("3", 2)] {
        let mut items: Vec<Value> = (0..lines).map(|line| restaurant.menu.line(dishes[line % dishes.len()], 1)).collect();
        for item in &mut items {
            item["note"] = json!("as always");
        }
        let guest = restaurant.server.diner(table).await;
        let basket = json!({"service": "dine_in", "items": items, "note": "peanut allergy, severe", "allergy": true});
        let order = guest.place(&basket).await["id"].clone();
        restaurant.staff.act(&order, "accept").await;
    }
    let screen = restaurant.kitchen("the screen", None).await;
    let metrics = json!({"width": 1920, "height": 1080, "deviceScaleFactor": 1, "mobile": false});
    screen.devtools("Emulation.setDeviceMetricsOverride", metrics).await;
    let grounds = "const ground = (note) => getComputedStyle(note).backgroundColor;
        const notes = [...document.querySelectorAll('#tickets .note--allergy')];
        const split = document.querySelector('.ticket[data-kept-span] > .note--allergy');
        return split !== null && ground(split) !== ground(split.parentElement) && new Set(notes.map(ground)).size === 1";
    screen.until("every allergy on yellow", grounds, vec![]).await;
}

/// Resizes the screen while a later page of tickets is shown, which must stay in sight.
async fn keeps_its_page(screen: &Browser, width: u32, height: u32) {
    let metrics = json!({"width": width, "height": height, "deviceScaleFactor": 1, "mobile": false});
    screen.devtools("Emulation.setDeviceMetricsOverride", metrics).await;
    let later = format!(
        "const cut = (() => {{ {CUT_OFF} }})();
        return innerWidth === arguments[0] && cut === 0 && !document.querySelector('#before').hidden"
    );
    screen.until(&format!("whole columns of a later page at {width} by {height}"), &later, vec![width.into()]).await;
}

#[tokio::test]
async fn a_later_page_of_tickets_keeps_whole_columns_when_the_board_is_resized() {
    let restaurant = busy_restaurant().await;
    let screen = restaurant.kitchen("the screen", None).await;
    screen.wear(Form::Wall, "dark").await;
    screen.until("all tickets", "return document.querySelectorAll('#tickets > [data-order]').length === 24", vec![]).await;
    screen.tap("[data-do='page-on']").await;
    keeps_its_page(&screen, 1920, 1080).await;
    let first = screen.ask(FIRST, vec![]).await;
    screen.tap("[data-do='all-day']").await;
    let panel = format!("return !document.querySelector('#all-day-panel').hidden && (() => {{ {CUT_OFF} }})() === 0");
    screen.until("whole columns beside the list of the day", &panel, vec![]).await;
    let same = format!("return (() => {{ {FIRST} }})() === arguments[0]");
    screen.until("the same tickets in sight", &same, vec![first]).await;
    for (width, height) in [(1280, 800), (1080, 1920), (1500, 900), (1920, 1080)] {
        keeps_its_page(&screen, width, height).await;
    }
    // The finger lifts between two columns.
    screen.ask("document.querySelector('#board').scrollBy({ left: 150, behavior: 'instant' })", vec![]).await;
    screen.until("whole columns after a swipe", &format!("return (() => {{ {CUT_OFF} }})() === 0"), vec![]).await;
    screen.has_no_complaint().await;
}

/// Returns whether each part of a split ticket can be read alone: its number, table, service, clock in the colour of its
/// head, and the allergy on yellow.
const WARNED: &str = "const ground = (one) => getComputedStyle(one).backgroundColor;
    const ticket = document.querySelector(`[data-order='${arguments[0]}']`);
    const yellow = ground(ticket.querySelector(':scope > .note--allergy, .ticket__flags .flag--allergy'));
    const parts = [...ticket.querySelectorAll('.part')];
    const said = (head) => ['.age__time', '.ticket__due', '.service'].map((one) => head.querySelector(one)?.innerText).join();
    const head = ticket.querySelector('.ticket__head');
    const isHead = (one) => said(one) === said(head) && ground(one) === ground(head);
    return parts.length > 0 && /:[0-9]{2},[^]*by [0-9][^]*,Takeaway/.test(said(head)) && parts.every((part) => {
      const warning = part.querySelector('.note--allergy, .flag--allergy');
      return part.innerText.includes(arguments[1]) && /Table [12]/.test(part.innerText) && isHead(part.querySelector('.part__head'))
        && warning?.checkVisibility() && ground(warning) === yellow && yellow !== ground(ticket) && /allergy/i.test(warning.innerText);
    })";

#[tokio::test]
async fn each_part_of_a_split_ticket_repeats_its_head_and_its_allergy() {
    let restaurant = TestRestaurant::open(1, &[]).await;
    let dishes = ["Beef rezala", "Firni", "Fuchka"];
    let mut orders = Vec::new();
    for (table, of_the_order) in [("1", true), ("2", false)] {
        let mut items: Vec<Value> = (0..16).map(|line| restaurant.menu.line(dishes[line % dishes.len()], 1)).collect();
        let mut basket = json!({"service": "takeaway"});
        let warned = if of_the_order { &mut basket } else { &mut items[1] };
        warned["note"] = json!("peanut allergy, severe");
        warned["allergy"] = json!(true);
        basket["items"] = json!(items);
        let order = restaurant.server.diner(table).await.place(&basket).await["id"].clone();
        restaurant.staff.command(&order, "accept", json!({"minutes": 40})).await.expect(200);
        orders.push(order);
    }
    let screen = restaurant.kitchen("the screen", None).await;
    screen.wear(Form::Wall, "dark").await;
    for (order, number) in orders.iter().zip(["T1", "T2"]) {
        screen.until("the allergy on each part", WARNED, vec![order.clone(), number.into()]).await;
    }
    // A finished dish changes the ticket: its parts are rebuilt, and no old part remains.
    let [first, _] = &orders[..] else { unreachable!() };
    screen.tap(&format!("[data-order='{}'] [data-action='finish_item']", text(first))).await;
    let whole = "const ticket = document.querySelector(`[data-order='${arguments[0]}']`);
        return ticket.querySelector('[data-status=done]') && [...ticket.querySelectorAll('.part')].length === ticket.querySelectorAll('[data-kept-begins]').length";
    screen.until("one head for each part", whole, vec![first.clone()]).await;
    screen.until("the allergy on each part still", WARNED, vec![first.clone(), "T1".into()]).await;
    screen.has_no_complaint().await;
}
