//! The rule that accepts orders when they are placed: its conditions, and the events it makes. Folding an order's events gives
//! its document.

use crate::support::{Outcome, Ticket, at, basket, fold, fresh, line, menu, position, principal};
use orderbell::domain::model::basket::Basket;
use orderbell::domain::model::command::OrderAction;
use orderbell::domain::model::draft::Moment;
use orderbell::domain::model::event::{EventKind, Rule};
use orderbell::domain::model::house_rules::{AutoAccept, HouseRules};
use orderbell::domain::model::menu::Menu;
use orderbell::domain::model::order::{Order, Service};
use orderbell::domain::model::principal::{Principal, Role};
use orderbell::domain::model::status::OrderStatus;
use orderbell::domain::model::undrawn::waits_at;
use orderbell::domain::rules::decision::{Decision, Write};
use orderbell::domain::rules::place_order::{self, NewIds};
use orderbell::domain::values::hours::Hours;
use orderbell::domain::values::level::Level;
use proptest::prelude::*;
use serde_json::{Map, Value, json};
use std::sync::Arc;
use std::time::Duration;

/// Hours that include `at(0)`, the time of the tests: 10:00 UTC on a Tuesday.
const NOW: [&str; 2] = ["09:59", "10:01"];
const EARLIER: [&str; 2] = ["08:00", "10:00"];

fn hours([from, until]: [&str; 2]) -> Hours {
    serde_json::from_value(json!([{"days": ["tue"], "from": from, "until": until}])).unwrap()
}

fn is_now(hours: [&str; 2]) -> bool {
    hours == NOW
}

fn place(menu: &Menu, basket: &Basket, who: &Principal, rule: Option<AutoAccept>, level: Level) -> Option<(Order, Value)> {
    let rules = Arc::new(HouseRules { auto_accept: rule, ..HouseRules::default() });
    let ids = NewIds { level, rules, ..fresh(basket.items.len()) };
    let moment = Moment { now: at(0), head: position(100) };
    let decided = place_order::decide(menu, basket, who, &ids, moment).ok()?;
    let Decision::Change { drafts, write: Write::Order(order), document } = decided else { panic!("placing writes an order") };
    let mut folded = Value::Object(Map::new());
    fold(&mut folded, position(100), &drafts);
    assert_eq!(folded, document, "the document is the fold of its events");
    assert_eq!(document, json!(*order));
    let told: Vec<_> = drafts.iter().map(|draft| (draft.kind, draft.rule)).collect();
    let accepted = (EventKind::OrderAccepted, Some(Rule::AutoAccept));
    match order.status {
        OrderStatus::Placed => assert_eq!(told, [(EventKind::OrderPlaced, None)]),
        _ => assert_eq!(told, [(EventKind::OrderPlaced, None), accepted]),
    }
    Some((*order, document))
}

fn rule(minutes: u16) -> AutoAccept {
    serde_json::from_value(json!({ "minutes": minutes })).unwrap()
}

prop_compose! {
    fn any_rule()(
        minutes in 1_u16..=480,
        span in prop::option::of(prop::sample::select(vec![NOW, EARLIER])),
        tables in prop::option::of(prop::collection::btree_set(prop::sample::select(vec!["7", "8", "Bar"]), 0..3)),
        most_portions in prop::option::of(1_u16..8),
        most_total in prop::option::of(0_u32..2000),
        notes in any::<bool>(),
    ) -> (AutoAccept, Option<[&'static str; 2]>) {
        let tables = tables.map(|tables| tables.into_iter().map(|label| label.parse().unwrap()).collect());
        (AutoAccept { minutes, hours: span.map(hours), tables, most_portions, most_total, notes }, span)
    }
}

prop_compose! {
    fn any_basket()(
        lines in prop::collection::vec((0_u128..6, 1_u16..5, prop::bool::weighted(0.2)), 1..4),
        note in prop::bool::weighted(0.2),
        allergy in any::<bool>(),
        table in prop::option::of(prop::sample::select(vec!["7", "8"])),
        due in prop::option::weighted(0.1, 1_i64..1000),
    ) -> Basket {
        let mut basket = basket(lines.iter().map(|(dish, quantity, _)| line(*dish, *quantity)).collect());
        let text = || Some("no peanuts".parse().unwrap());
        for (line, _) in basket.items.iter_mut().zip(&lines).filter(|(_, (.., has_note))| *has_note) {
            (line.note, line.allergy) = (text(), allergy);
        }
        if note {
            (basket.note, basket.allergy) = (text(), allergy);
        }
        basket.table = table.filter(|_| due.is_none()).map(|label| label.parse().unwrap());
        basket.service = if due.is_some() { Service::Takeaway } else { basket.service };
        basket.due_at = due.map(|minutes| at(minutes * 60_000));
        basket
    }
}

proptest! {
    #[test]
    fn an_order_is_accepted_if_it_meets_each_condition_and_only_then(
        (rule, span) in any_rule(),
        basket in any_basket(),
        open in prop::option::of(prop::sample::select(vec![NOW, EARLIER])),
        paused in prop::bool::weighted(0.1),
        role in prop::sample::select(vec![Role::Diner, Role::Staff, Role::Manager, Role::Service]),
        level in prop::sample::select(vec![Level::ONE, Level::TWO]),
    ) {
        let menu = Menu { paused, hours: open.map(hours), ..menu() };
        let who = principal(role, None);
        let Some((order, document)) = place(&menu, &basket, &who, Some(rule.clone()), level) else {
            let is_closed = role == Role::Diner && open.is_some();
            prop_assert!(paused || is_closed, "the rule refuses nothing");
            return Ok(());
        };
        let portions: u16 = basket.items.iter().map(|line| line.quantity).sum();
        let has_note = basket.note.is_some() || basket.items.iter().any(|line| line.note.is_some());
        let fits = level == Level::TWO
            && !paused
            && basket.due_at.is_none()
            && open.is_none_or(is_now)
            && span.is_none_or(is_now)
            && rule.tables.as_ref().is_none_or(|tables| order.table.as_ref().is_some_and(|table| tables.contains(table)))
            && rule.most_portions.is_none_or(|most| portions <= most)
            && rule.most_total.is_none_or(|most| order.total.amount <= i64::from(most))
            && (rule.notes || !has_note);
        prop_assert_eq!(order.status == OrderStatus::Accepted, fits);
        prop_assert_eq!(order.auto_accepted, fits);
        prop_assert_eq!(document.get("auto_accepted").is_some(), fits, "only a rule sets the field, from feature level 2 on");
        prop_assert_eq!(order.accepted_at, fits.then(|| at(0)));
        prop_assert_eq!(order.promised_at, fits.then(|| at(0).plus_minutes(rule.minutes)));
        prop_assert_eq!(waits_at(&order).is_empty(), !fits, "only an accepted order waits at stations");
    }
}

#[test]
fn without_a_rule_an_order_stays_placed_and_with_one_a_second_acceptance_changes_nothing() {
    let basket = basket(vec![line(0, 2)]);
    let guest = principal(Role::Diner, None);
    let (order, _) = place(&menu(), &basket, &guest, None, Level::CURRENT).unwrap();
    assert_eq!((order.status, order.auto_accepted), (OrderStatus::Placed, false));

    let (order, folded) = place(&menu(), &basket, &guest, Some(rule(35)), Level::CURRENT).unwrap();
    assert_eq!(order.promised_at, Some(at(35 * 60_000)));
    let mut ticket = Ticket { head: order.position, order, folded, now: at(0), menu: menu() };
    let staff = principal(Role::Staff, None);
    assert_eq!(ticket.put(&staff, &OrderAction::Accept { minutes: Some(10) }, None), Outcome::Kept);
    assert_eq!(ticket.order.promised_at, Some(at(35 * 60_000)), "the promise of the rule stays");
    ticket.staff(&OrderAction::Start);
    assert_eq!(ticket.wait(Duration::from_secs(60)).order.status, OrderStatus::Preparing);
}

#[test]
fn a_rule_out_of_bounds_or_with_a_null_or_unknown_field_is_refused() {
    let read = |rule: Value| serde_json::from_value::<AutoAccept>(rule);
    let whole = json!({"minutes": 15, "hours": [], "tables": ["7"], "most_portions": 4, "most_total": 90_000, "notes": true});
    assert_eq!(serde_json::to_value(read(whole.clone()).unwrap()).unwrap(), whole);
    let tables: Vec<_> = (0..501).map(|table| table.to_string()).collect();
    for wrong in [
        json!({}),
        json!({"minutes": 0}),
        json!({"minutes": 481}),
        json!({"minutes": 20, "tables": tables}),
        json!({"minutes": 20, "tables": null}),
        json!({"minutes": 20, "hours": null}),
        json!({"minutes": 20, "most_portions": null}),
        json!({"minutes": 20, "most_portions": 0}),
        json!({"minutes": 20, "most_total": null}),
        json!({"minutes": 20, "most_total": -1}),
        json!({"minutes": 20, "services": ["dine_in"]}),
    ] {
        assert!(read(wrong.clone()).is_err(), "{wrong}");
    }
}
