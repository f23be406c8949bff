//! A kitchen screen fills its glass: whole tickets in sight, the size of their letters, and what is left black.

use crate::browser::Browser;
use crate::driver::Form;
use crate::house::House;
use serde_json::{Value, json};

/// More tickets than any of the screens has room for.
const TICKETS: usize = 24;
/// Lines that guests order together: some with a choice, some with a name that takes two lines.
const ORDERS: [[&str; 3]; 4] = [
    ["Beef rezala", "Fuchka", "Firni"],
    ["Chicken roast", "Masala cha", "Borhani"],
    ["Firni", "Beef rezala", "Masala cha"],
    ["Fuchka", "Chicken roast", "Borhani"],
];

/// A screen, the fewest whole tickets and the smallest letters of dishes, in CSS pixels: 13 minutes of arc at two metres on
/// 21.5 inches of 1920 by 1080 are 42.
struct Glass {
    width: u32,
    height: u32,
    tickets: u64,
    letters: f64,
}

const SCREENS: [Glass; 4] = [
    Glass { width: 1920, height: 1080, tickets: 9, letters: 41.0 },
    Glass { width: 1280, height: 800, tickets: 7, letters: 27.0 },
    Glass { width: 3840, height: 2160, tickets: 10, letters: 83.0 },
    Glass { width: 1080, height: 1920, tickets: 9, letters: 41.0 },
];
/// The most of the board that may be black while tickets wait beyond its edge.
const UNUSED: f64 = 0.2;

/// Whole tickets in sight, the share of the board without one, and the size of letters. A ticket that goes on in the next
/// column is what its parts are; a part that begins above the edge of another is an overlap.
const MEASURE: &str = "const board = document.querySelector('#board').getBoundingClientRect();
    const parts = (ticket) => (ticket.hasAttribute('data-kept-span')
      ? [...ticket.querySelectorAll('.ticket__head, .ticket__flags, .ticket > .note, .item, .ticket__elsewhere, .ticket__foot')] : [ticket])
      .map((part) => part.getBoundingClientRect());
    const inside = (box) => box.left >= board.left - 1 && box.right <= board.right + 1 && box.bottom <= board.bottom + 1;
    const tickets = [...document.querySelectorAll('#tickets > [data-order]')].map(parts);
    const seen = tickets.flat().filter(inside);
    const overlap = (a, b) => Math.min(a.right, b.right) - Math.max(a.left, b.left) > 2 && Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > 2;
    return {
      tickets: tickets.length,
      whole: tickets.filter((boxes) => boxes.every(inside)).length,
      unused: 1 - seen.reduce((sum, { width, height }) => sum + width * height, 0) / (board.width * board.height),
      letters: parseFloat(getComputedStyle(document.querySelector('.item__name')).fontSize),
      overlaps: tickets.some((one, at) => tickets.some((other, there) => at < there && one.some((a) => other.some((b) => overlap(a, b))))),
      small: [...document.querySelectorAll('.ticket button')].filter((one) => one.getBoundingClientRect().height < 55).length,
    }";

/// Waits until a screen of this size has taken it and shows what it has to.
async fn fills(screen: &Browser, glass: &Glass) {
    let metrics = json!({"width": glass.width, "height": glass.height, "deviceScaleFactor": 1, "mobile": false});
    screen.devtools("Emulation.setDeviceMetricsOverride", metrics).await;
    let filled = format!(
        "const seen = (() => {{ {MEASURE} }})();
        const [width, all, whole, unused, letters] = arguments;
        return innerWidth === width && seen.tickets === all && !seen.overlaps && seen.small === 0
          && seen.whole >= whole && seen.unused <= unused && seen.letters >= letters"
    );
    let wanted = json!([glass.width, TICKETS, glass.tickets, UNUSED, glass.letters]);
    let Value::Array(wanted) = wanted else { unreachable!() };
    let what = format!("{} by {} filled", glass.width, glass.height);
    screen.until(&what, &filled, wanted).await;
}

#[tokio::test]
async fn a_kitchen_screen_shows_many_whole_tickets_in_letters_that_are_read_across_the_room() {
    let house = House::open(1, &[]).await;
    for number in 0..TICKETS {
        let lines: Vec<Value> = ORDERS[number % ORDERS.len()].iter().map(|dish| house.menu.line(dish, 1)).collect();
        let guest = house.server.diner(&(number % 12 + 1).to_string()).await;
        let order = guest.place(&json!({"service": "dine_in", "items": lines})).await["id"].clone();
        house.staff.act(&order, "accept").await;
    }
    let screen = house.kitchen("the screen", None).await;
    for glass in &SCREENS {
        // As a tablet that is turned: its letters change in the middle of it.
        screen.wear(Form::Phone, "dark").await;
        fills(&screen, glass).await;
    }
    screen.has_no_complaint().await;
}

/// A ticket that goes on in the next column has the grounds of its parts: an allergy is dark letters on yellow.
#[tokio::test]
async fn an_allergy_stands_on_yellow_also_where_its_ticket_goes_on_in_the_next_column() {
    let house = House::open(1, &[]).await;
    let dishes = ["Beef rezala", "Firni", "Fuchka"];
    for (table, lines) in [("1", 1), ("2", 16), ("3", 2)] {
        let mut items: Vec<Value> = (0..lines).map(|line| house.menu.line(dishes[line % dishes.len()], 1)).collect();
        for item in &mut items {
            item["note"] = json!("as always");
        }
        let guest = house.server.diner(table).await;
        let basket = json!({"service": "dine_in", "items": items, "note": "peanut allergy, severe", "allergy": true});
        let order = guest.place(&basket).await["id"].clone();
        house.staff.act(&order, "accept").await;
    }
    let screen = house.kitchen("the screen", None).await;
    let metrics = json!({"width": 1920, "height": 1080, "deviceScaleFactor": 1, "mobile": false});
    screen.devtools("Emulation.setDeviceMetricsOverride", metrics).await;
    let grounds = "const ground = (note) => getComputedStyle(note).backgroundColor;
        const notes = [...document.querySelectorAll('#tickets .note--allergy')];
        const split = document.querySelector('.ticket[data-kept-span] > .note--allergy');
        return split !== null && ground(split) !== ground(split.parentElement) && new Set(notes.map(ground)).size === 1";
    screen.until("every allergy on yellow", grounds, vec![]).await;
}
