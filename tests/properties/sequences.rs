//! Invariants of orders at each step of any sequence of commands by anyone.

use crate::moves::{Move, lines, moves};
use crate::support::{Outcome, Ticket, basket, position, principal};
use orderbell::domain::model::command::OrderAction;
use orderbell::domain::model::event::EventKind;
use orderbell::domain::model::order::{Item, Order};
use orderbell::domain::model::refusal::RefusalKind;
use orderbell::domain::model::status::{ItemStatus, OrderStatus};
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// Checks the invariants of an order document from the contract.
fn check(order: &Order) {
    let statuses: Vec<_> = order.items.values().map(|item| item.status).collect();
    let settled = |status: &ItemStatus| matches!(status, ItemStatus::Done | ItemStatus::Voided);
    let live = statuses.iter().any(|status| *status != ItemStatus::Voided);
    match order.status {
        OrderStatus::Placed | OrderStatus::Accepted => {
            assert!(live && statuses.iter().all(|s| matches!(s, ItemStatus::Queued | ItemStatus::Voided)), "{statuses:?}");
        }
        OrderStatus::Preparing => {
            assert!(!statuses.iter().all(settled) && order.started_at.is_some(), "{statuses:?}");
        }
        OrderStatus::Ready | OrderStatus::Served => assert!(live && statuses.iter().all(settled), "{statuses:?}"),
        OrderStatus::Rejected => assert_eq!(order.accepted_at, None),
        OrderStatus::Cancelled => {}
    }
    check_times(order);
    let owed = order.items.values().filter(|item| item.status != ItemStatus::Voided);
    assert_eq!(order.total.amount, owed.map(|item| item.price.amount * i64::from(item.quantity)).sum::<i64>());
    for item in order.items.values() {
        assert_eq!(item.reason.is_some(), item.status == ItemStatus::Voided, "only voided items have a reason");
    }
}

/// Checks the times and the reason of an order.
fn check_times(order: &Order) {
    use OrderStatus::{Accepted, Cancelled, Preparing, Ready, Rejected, Served};
    let status = order.status;
    let is = |set: &[OrderStatus]| set.contains(&status);
    assert_eq!(order.closed_at.is_some(), is(&[Served, Rejected, Cancelled]), "{status} has closed_at iff it is final");
    assert_eq!(order.served_at.is_some(), is(&[Served]), "{status} and served_at");
    assert_eq!(order.reason.is_some(), is(&[Rejected, Cancelled]), "{status} and reason");
    assert_eq!(order.accepted_at.is_some(), order.promised_at.is_some(), "accepted orders have a promised time");
    if !is(&[Cancelled]) {
        assert_eq!(order.ready_at.is_some(), is(&[Ready, Served]), "{status} and ready_at");
        assert_eq!(order.accepted_at.is_some(), is(&[Accepted, Preparing, Ready, Served]), "{status} and accepted_at");
    }
}

/// Checks that a ticket action commits one event, and an item action its item's and then the
/// order's if the status changed.
fn check_events(action: &OrderAction, kinds: &[EventKind], status_moved: bool) {
    let of_item = match action {
        OrderAction::StartItem(_) => Some(EventKind::ItemStarted),
        OrderAction::FinishItem(_) => Some(EventKind::ItemFinished),
        OrderAction::RecallItem(_) => Some(EventKind::ItemRecalled),
        OrderAction::VoidItem(..) | OrderAction::VoidSome(..) => Some(EventKind::ItemVoided),
        _ => None,
    };
    match of_item {
        Some(kind) => {
            assert_eq!(kinds[0], kind);
            assert_eq!(kinds.len(), 1 + usize::from(status_moved), "{action:?} made {kinds:?}");
            assert!(kinds[1..].iter().all(|kind| kind.as_str().starts_with("order.")));
        }
        None => assert_eq!(kinds.len(), 1, "{action:?} made {kinds:?}"),
    }
}

/// Checks the fields that no command may change.
fn check_constants(before: &Order, after: &Order) {
    assert_eq!((before.id, before.restaurant, before.number), (after.id, after.restaurant, after.number));
    assert_eq!((before.placed_at, &before.diner, &before.table), (after.placed_at, &after.diner, &after.table));
    for (id, item) in &before.items {
        let same = after.items.get(id).expect("a line keeps its id");
        assert_eq!((item.menu_item, item.price), (same.menu_item, same.price));
        assert!((1..=item.quantity).contains(&same.quantity), "a line only loses voided portions");
    }
    // A partial void splits a line; no command adds or removes portions.
    assert_eq!(portions(before), portions(after));
    let split = after.items.iter().filter(|(id, _)| !before.items.contains_key(id));
    assert!(split.map(|(_, item)| item.status).all(|status| status == ItemStatus::Voided));
}

/// Counts the portions of each dish, price, options and note, voided ones included.
fn portions(order: &Order) -> BTreeMap<String, u32> {
    let mut counts = BTreeMap::new();
    for Item { menu_item, price, options, note, allergy, quantity, .. } in order.items.values() {
        *counts.entry(format!("{menu_item} {price:?} {options:?} {note:?} {allergy}")).or_default() += u32::from(*quantity);
    }
    counts
}

fn step(ticket: &mut Ticket, next: &Move) -> Outcome {
    ticket.wait(Duration::from_millis(next.pause));
    ticket.head = position(ticket.head.number() + next.elsewhere);
    let before = ticket.order.clone();
    let expected = next.behind.map(|behind| position(before.position.number().saturating_sub(behind)));
    let outcome = ticket.put(&principal(next.role, next.station), &next.action, expected);
    let after = &ticket.order;
    match &outcome {
        Outcome::Changed(kinds) => {
            check_events(&next.action, kinds, before.status != after.status);
            check_constants(&before, after);
            assert_eq!(expected.unwrap_or(before.position), before.position, "no stale command takes effect");
        }
        Outcome::Kept | Outcome::Refused(_) => assert_eq!(&before, after),
    }
    let is_stale = expected.is_some_and(|expected| expected != before.position);
    assert_eq!(is_stale, outcome == Outcome::Refused(RefusalKind::Stale));
    check(after);
    outcome
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn patches_fold_to_the_document_and_the_order_stays_sound(lines in lines(), moves in moves(), head in 0..1_000_000_u64) {
        let mut ticket = Ticket::place(&basket(lines), position(head)).unwrap();
        check(&ticket.order);
        for next in &moves {
            step(&mut ticket, next);
        }
    }

    #[test]
    fn the_same_command_again_changes_nothing_more(lines in lines(), moves in moves()) {
        let mut ticket = Ticket::place(&basket(lines), position(0)).unwrap();
        for next in &moves {
            let outcome = step(&mut ticket, next);
            // A repeated promise counts from now, and a repeated partial void voids another
            // portion: only the command's id makes these safe to repeat.
            let repeats = !matches!(next.action, OrderAction::Promise { .. } | OrderAction::VoidSome(..));
            if repeats && matches!(outcome, Outcome::Changed(_)) {
                let again = ticket.put(&principal(next.role, next.station), &next.action, None);
                prop_assert_eq!(again, Outcome::Kept, "{:?} twice", next.action);
            }
        }
    }
}

/// The control: the random sequences reach each status and each kind of event.
#[test]
fn the_sequences_reach_every_status_and_every_event() {
    use proptest::strategy::ValueTree;
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let (mut statuses, mut kinds, mut refusals) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    for _ in 0..600 {
        let (lines, moves) = (lines(), moves()).new_tree(&mut runner).unwrap().current();
        let mut ticket = Ticket::place(&basket(lines), position(0)).unwrap();
        for next in &moves {
            match step(&mut ticket, next) {
                Outcome::Changed(made) => kinds.extend(made.iter().map(|kind| kind.as_str())),
                Outcome::Refused(kind) => drop(refusals.insert(format!("{kind:?}"))),
                Outcome::Kept => {}
            }
            statuses.insert(ticket.order.status);
        }
    }
    assert_eq!(statuses, BTreeSet::from(OrderStatus::ALL));
    let all = EventKind::ALL.iter().map(|kind| kind.as_str()).filter(|word| *word != "order.placed");
    assert_eq!(kinds, all.filter(|word| word.starts_with("order.") || word.starts_with("item.")).collect());
    // Invalid: a void of more portions than the line has.
    let expected = ["Forbidden", "Invalid", "InvalidTransition", "NotFound", "Stale"].map(String::from);
    assert_eq!(refusals, BTreeSet::from(expected));
}
