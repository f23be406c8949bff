//! Hours in the menu: who may order when, and the opening times in the menu, which change with the clock.

use crate::support::{Outcome, Ticket, at, basket, correction, dish, fresh, line, menu, position, principal, round};
use orderbell::domain::model::basket::Basket;
use orderbell::domain::model::draft::Moment;
use orderbell::domain::model::event::EventKind;
use orderbell::domain::model::menu::Menu;
use orderbell::domain::model::menu_draft::MenuDraft;
use orderbell::domain::model::opening::HoursDraft;
use orderbell::domain::model::order::Service;
use orderbell::domain::model::principal::Role;
use orderbell::domain::model::refusal::{Closed, Refusal, RefusalKind};
use orderbell::domain::rules::change_menu::{self, MenuAction};
use orderbell::domain::rules::decision::{Decision, Write};
use orderbell::domain::rules::place_order;
use orderbell::domain::values::ids::CategoryId;
use orderbell::domain::values::level::Level;
use orderbell::domain::values::time::Timestamp;
use orderbell::domain::values::version::Expected;
use serde_json::{Value, json};
use uuid::Uuid;

/// The only category of the test's menu.
const MAINS: Uuid = Uuid::from_u128(0x10);

fn moment(text: &str) -> Timestamp {
    serde_json::from_value(text.into()).unwrap()
}

fn draft(body: Value) -> MenuAction {
    MenuAction::Hours(Box::new(serde_json::from_value::<HoursDraft>(body).unwrap()))
}

/// Hours from 11:30 to 15:00 on Tuesdays; 2026-11-24 is one.
fn lunch() -> Value {
    json!([{"days": ["tue"], "from": "11:30", "until": "15:00"}])
}

/// Decides on a change of the menu. Returns the menu after it, and the kinds of its events.
fn change(menu: &Menu, action: &MenuAction, now: Timestamp) -> Result<(Menu, Vec<EventKind>), Refusal> {
    match change_menu::decide(menu, action, &Expected::ANY, Moment { now, head: menu.position })? {
        Decision::Change { write: Write::Menu(menu), drafts, .. } => Ok((*menu, drafts.iter().map(|draft| draft.kind).collect())),
        Decision::Change { .. } => panic!("a change of the menu writes the menu"),
        Decision::Keep { .. } => Ok((menu.clone(), Vec::new())),
    }
}

fn place(menu: &Menu, role: Role, now: Timestamp) -> Result<(), Refusal> {
    let moment = Moment { now, head: position(9) };
    place_order::decide(menu, &basket(vec![line(0, 1)]), &principal(role, None), &fresh(1), moment).map(|_| ())
}

#[test]
fn guests_order_within_the_hours_and_staff_at_any_time() {
    let action = draft(json!({"time_zone": "Asia/Dhaka", "hours": lunch()}));
    let (menu, kinds) = change(&menu(), &action, moment("2026-11-24T04:00:00Z")).unwrap();
    assert_eq!(kinds, [EventKind::MenuChanged]);
    let closed = place(&menu, Role::Diner, moment("2026-11-24T05:29:59.999Z")).unwrap_err();
    assert_eq!((closed.kind, closed.closed), (RefusalKind::Paused, Some(Closed::Restaurant)));
    assert_eq!(closed.document, Some(json!({"opens_at": "2026-11-24T05:30:00.000Z"})));
    assert_eq!(place(&menu, Role::Diner, moment("2026-11-24T05:30:00Z")), Ok(()));
    assert_eq!(place(&menu, Role::Diner, moment("2026-11-24T08:59:59Z")), Ok(()));
    let closed = place(&menu, Role::Diner, moment("2026-11-24T09:00:00Z")).unwrap_err();
    assert_eq!(closed.document, Some(json!({"opens_at": "2026-12-01T05:30:00.000Z"})));
    for role in [Role::Staff, Role::Manager, Role::Service] {
        assert_eq!(place(&menu, role, moment("2026-11-24T09:00:00Z")), Ok(()), "{role}");
    }
}

#[test]
fn a_category_outside_its_hours_cannot_be_ordered_and_shows_its_next_opening() {
    let action = draft(json!({"time_zone": "UTC", "categories": {MAINS.to_string(): lunch()}}));
    let (menu, _) = change(&menu(), &action, moment("2026-11-24T10:00:00Z")).unwrap();
    let closed = place(&menu, Role::Diner, moment("2026-11-24T10:00:00Z")).unwrap_err();
    assert_eq!((closed.kind, closed.closed), (RefusalKind::Paused, Some(Closed::Category)));
    assert_eq!(closed.document, Some(json!({"opens_at": "2026-11-24T11:30:00.000Z", "category": MAINS})));
    assert_eq!(place(&menu, Role::Diner, moment("2026-11-24T11:30:00Z")), Ok(()));
    assert_eq!(place(&menu, Role::Staff, moment("2026-11-24T10:00:00Z")), Ok(()));
    let unknown = draft(json!({"time_zone": "UTC", "categories": {Uuid::from_u128(0x99).to_string(): lunch()}}));
    assert_eq!(change(&menu, &unknown, at(0)).unwrap_err().kind, RefusalKind::Invalid);
}

#[test]
fn the_menu_contains_opening_times_which_change_with_the_clock() {
    let action = draft(json!({"time_zone": "UTC", "hours": lunch(), "categories": {MAINS.to_string(): []}}));
    let (menu, _) = change(&menu(), &action, moment("2026-11-24T10:00:00Z")).unwrap();
    let said = |menu: &Menu| serde_json::to_value(menu).unwrap()["opening"].clone();
    assert_eq!(said(&menu), json!({"open": false, "until": "2026-11-24T11:30:00.000Z"}));
    let never = serde_json::to_value(&menu).unwrap()["categories"][MAINS.to_string()]["opening"].clone();
    assert_eq!(never, json!({"open": false}), "hours without a span never begin");
    assert_eq!(menu.next_lapse(), Some(moment("2026-11-24T11:30:00Z")));
    let early = change(&menu, &MenuAction::Lapse, moment("2026-11-24T11:29:59Z")).unwrap();
    assert_eq!(early, (menu.clone(), vec![]), "nothing is due");
    // The node that notices may be late.
    let (menu, kinds) = change(&menu, &MenuAction::Lapse, moment("2026-11-24T11:30:01Z")).unwrap();
    assert_eq!((said(&menu), kinds), (json!({"open": true, "until": "2026-11-24T15:00:00.000Z"}), vec![EventKind::MenuChanged]));
    let again = change(&menu, &MenuAction::Lapse, moment("2026-11-24T11:30:02Z")).unwrap();
    assert_eq!(again.1, [], "a second node changes nothing");
    let (menu, _) = change(&menu, &MenuAction::Lapse, moment("2026-11-24T20:00:00Z")).unwrap();
    assert_eq!(said(&menu), json!({"open": false, "until": "2026-12-01T11:30:00.000Z"}));
    let (menu, _) = change(&menu, &draft(json!({"time_zone": "UTC"})), moment("2026-11-24T20:00:00Z")).unwrap();
    assert_eq!((said(&menu), menu.next_lapse()), (Value::Null, None), "without hours guests can order at any time");
}

#[test]
fn an_edit_of_the_menu_keeps_hours_that_it_does_not_mention() {
    let action = draft(json!({"time_zone": "UTC", "categories": {MAINS.to_string(): lunch()}}));
    let (menu, _) = change(&menu(), &action, moment("2026-11-24T10:00:00Z")).unwrap();
    let replace = |category: Value| {
        let item =
            json!({"name": "Rice", "category": MAINS, "price": {"amount": 1, "currency": "BDT"}, "station": "hot", "sort": 1});
        let body = json!({"categories": {MAINS.to_string(): category}, "items": {dish(0).to_string(): item}});
        MenuAction::Replace(Box::new(serde_json::from_value::<MenuDraft>(body).unwrap()))
    };
    let old_page = replace(json!({"name": "Lunch", "sort": 3}));
    assert_eq!((old_page.level(), action.level()), (Level::ZERO, Level::TWO));
    let (kept, _) = change(&menu, &old_page, moment("2026-11-24T12:00:00Z")).unwrap();
    let category = serde_json::to_value(&kept).unwrap()["categories"][MAINS.to_string()].clone();
    assert_eq!(category["hours"], lunch());
    assert_eq!(category["opening"], json!({"open": true, "until": "2026-11-24T15:00:00.000Z"}));
    let new = replace(json!({"name": "Lunch", "sort": 3, "hours": [], "opening": {"open": true}}));
    assert_eq!(new.level(), Level::TWO);
    let (changed, _) = change(&menu, &new, moment("2026-11-24T12:00:00Z")).unwrap();
    let category = serde_json::to_value(&changed).unwrap()["categories"][MAINS.to_string()].clone();
    assert_eq!(
        (&category["hours"], &category["opening"]),
        (&json!([]), &json!({"open": false})),
        "only the server says what is open"
    );
}

#[test]
fn an_edit_of_the_menu_keeps_courses_that_it_does_not_mention() {
    let replace = |category: Value| {
        let body = json!({"categories": {MAINS.to_string(): category}, "items": {}});
        MenuAction::Replace(Box::new(serde_json::from_value::<MenuDraft>(body).unwrap()))
    };
    let course_after = |before: &Menu, category: Value| {
        let (after, _) = change(before, &replace(category), moment("2026-11-24T10:00:00Z")).unwrap();
        (after.categories[&CategoryId::from_uuid(MAINS)].course.as_ref().map(|course| course.number.number()), after)
    };
    let new = json!({"name": "Mains", "sort": 1, "course": {"number": 2, "name": "Mains"}});
    let (number, menu) = course_after(&menu(), new);
    assert_eq!(number, Some(2));
    let old = json!({"name": "Grill", "sort": 3});
    assert_eq!(replace(old.clone()).level(), Level::ZERO);
    let (number, kept) = course_after(&menu, old);
    assert_eq!((number, kept.categories[&CategoryId::from_uuid(MAINS)].sort), (Some(2), 3));
    let none = json!({"name": "Grill", "sort": 3, "course": null});
    assert_eq!(replace(none.clone()).level(), Level::TWO);
    assert_eq!(course_after(&kept, none).0, None);
}

#[test]
fn ticket_numbers_restart_with_the_restaurants_day_and_need_their_feature_level() {
    let ticket = |counted: &str, zone: &str, level| {
        let mut menu = menu();
        menu.time_zone = zone.parse().unwrap();
        let tickets = serde_json::from_value(json!({"day": counted, "dine_in": 41, "takeaway": 7, "delivery": 0})).unwrap();
        let ids = place_order::NewIds { tickets, level, ..fresh(1) };
        let moment = Moment { now: moment("2026-11-24T20:00:00Z"), head: position(9) };
        let placed = place_order::decide(&menu, &basket(vec![line(0, 1)]), &principal(Role::Staff, None), &ids, moment).unwrap();
        let Decision::Change { document, .. } = placed else { panic!("an order is placed") };
        document["ticket"].clone()
    };
    assert_eq!(ticket("2026-11-24", "UTC", Level::TWO), "A42");
    assert_eq!(ticket("2026-11-24", "Asia/Dhaka", Level::TWO), "A1", "in Dhaka it is the 25th");
    assert_eq!(ticket("2026-11-24", "UTC", Level::ONE), Value::Null);
}

/// An order for later must be within the hours at its due time. It gets a ticket if it is due today.
#[test]
fn an_order_for_later_is_checked_against_the_hours_and_the_day_of_its_due_time() {
    let action = draft(json!({"time_zone": "Asia/Dhaka", "hours": lunch()}));
    let (menu, _) = change(&menu(), &action, moment("2026-11-24T00:00:00Z")).unwrap();
    let at = |now: &str, due: &str, role| {
        let service = Service::Takeaway;
        let basket = Basket { service, due_at: Some(moment(due)), ..basket(vec![line(0, 1)]) };
        let moment = Moment { now: moment(now), head: position(9) };
        match place_order::decide(&menu, &basket, &principal(role, None), &fresh(1), moment) {
            Ok(Decision::Change { document, .. }) => Ok(document.get("ticket").is_some()),
            Ok(Decision::Keep { .. }) => panic!("an order is placed"),
            Err(refusal) => Err(refusal.closed.is_some()),
        }
    };
    let (night, lunch_time, evening) = ("2026-11-24T00:00:00Z", "2026-11-24T07:00:00Z", "2026-11-24T13:00:00Z");
    assert_eq!(at(night, lunch_time, Role::Diner), Ok(true), "closed now, and open then");
    assert_eq!(at(lunch_time, evening, Role::Diner), Err(true), "open now, and closed then");
    assert_eq!(at(lunch_time, evening, Role::Staff), Ok(true), "hours limit only guests");
    assert_eq!(at(night, "2026-11-25T07:00:00Z", Role::Staff), Ok(false), "of another day");
}

/// A round and a correction of an order for later are of the hours at its time too.
#[test]
fn a_change_of_an_order_for_later_goes_by_the_hours_of_its_time() {
    // Orders of tests are placed at 10:00 on a Tuesday, an hour and a half before lunch.
    let breakfast = json!([{"days": ["tue"], "from": "08:00", "until": "11:00"}]);
    let with = |hours: Value| {
        let action = draft(json!({"time_zone": "UTC", "hours": hours}));
        change(&menu(), &action, moment("2026-11-24T00:00:00Z")).unwrap().0
    };
    let at_noon = Basket { service: Service::Takeaway, due_at: Some(at(2 * 3_600_000)), ..basket(vec![line(0, 1)]) };
    let mut ticket = Ticket::place_on(with(lunch()), &at_noon, position(9)).unwrap();
    let guest = principal(Role::Diner, None);
    let actions = [round(vec![line(1, 1)]), correction(0, line(0, 2))];
    for action in &actions {
        ticket.must(&guest, action);
    }
    ticket.menu = with(breakfast);
    for action in [round(vec![line(1, 1)]), correction(0, line(0, 3))] {
        assert_eq!(ticket.put(&guest, &action, None), Outcome::Refused(RefusalKind::Paused), "{action:?}");
    }
}
