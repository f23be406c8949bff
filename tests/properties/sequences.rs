//! Invariants of orders at each step of any sequence of commands by anyone.

use crate::moves::{Move, any_basket, any_menu, moves};
use crate::support::{Outcome, Ticket, check_courses_wait, position, principal};
use orderbell::domain::model::command::OrderAction;
use orderbell::domain::model::course::Firing;
use orderbell::domain::model::event::EventKind;
use orderbell::domain::model::order::{Item, Order};
use orderbell::domain::model::refusal::RefusalKind;
use orderbell::domain::model::status::{ItemStatus, OrderStatus};
use orderbell::domain::model::undrawn::waits_at;
use orderbell::domain::values::time::Timestamp;
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
    check_waiting(order);
    let owed = order.items.values().filter(|item| item.status != ItemStatus::Voided);
    assert_eq!(order.total.amount, owed.map(|item| item.price.amount * i64::from(item.quantity)).sum::<i64>());
    for item in order.items.values() {
        assert!(!item.held || item.status == ItemStatus::Queued, "a held line does not cook");
        assert!(item.served_at.is_none() || item.status == ItemStatus::Done, "a served line is done");
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

/// Checks that no line of a waiting order is being cooked, and that the order waits for a time.
fn check_waiting(order: &Order) {
    if order.upcoming {
        assert!(matches!(order.status, OrderStatus::Placed | OrderStatus::Accepted), "{} waits", order.status);
        assert!(order.starts_at.is_some_and(|starts| order.due_at.is_some_and(|due| starts < due)));
        assert!(waits_at(order).is_empty(), "it is on no screen's ticket");
    }
    assert!(order.starts_at.is_none() || order.due_at.is_some());
    check_courses_wait(order);
}

/// Lets nodes check whether the order is due. Only the first one that finds it due begins it.
fn tick(ticket: &mut Ticket, nodes: u8) {
    for node in 0..nodes {
        let is_due = ticket.order.upcoming && ticket.order.starts_at.is_some_and(|starts| starts <= ticket.now);
        let outcome = ticket.tick();
        assert_eq!(outcome, if is_due { Outcome::Changed(vec![EventKind::OrderDue]) } else { Outcome::Kept }, "node {node}");
        assert!(!is_due || !ticket.order.upcoming);
    }
    for node in 0..nodes {
        let is_due = ticket.order.fires_at.is_some_and(|at| at <= ticket.now);
        let outcome = ticket.tick_courses();
        assert_eq!(outcome, if is_due { Outcome::Changed(vec![EventKind::ItemFired]) } else { Outcome::Kept }, "node {node}");
        assert!(!is_due || ticket.order.fires_at.is_none());
    }
}

/// Checks that a waiting order was begun by one event: when it was due, or earlier by somebody who may. Returns the events
/// after that one.
fn check_begun<'a>(
    action: &OrderAction,
    kinds: &'a [EventKind],
    before: &Order,
    after: &Order,
    now: Timestamp,
) -> &'a [EventKind] {
    let begins = kinds.iter().filter(|kind| **kind == EventKind::OrderDue).count();
    assert!(begins <= usize::from(before.upcoming), "{action:?} made {kinds:?}");
    let is_due = before.upcoming && before.starts_at.is_some_and(|starts| starts <= now);
    let is_asked = matches!(action, OrderAction::StartNow);
    assert_eq!(begins == 1, before.upcoming && (is_due || is_asked), "{action:?} made {kinds:?}");
    let may_end = is_due || is_asked || after.status.is_final();
    let is_set = matches!(action, OrderAction::Accept { .. } | OrderAction::Reschedule(_));
    assert!(!before.upcoming || after.upcoming || may_end || is_set, "{action:?} ended the waiting");
    if begins == 1 && kinds.first() == Some(&EventKind::OrderDue) && !is_asked { &kinds[1..] } else { kinds }
}

/// Checks that the last event fires the next course only by the rule of the order. Returns the events before it.
fn check_fired<'a>(kinds: &'a [EventKind], before: &Order, after: &Order) -> &'a [EventKind] {
    match kinds.split_last() {
        Some((EventKind::ItemFired, others)) if !others.is_empty() => {
            assert!(before.firing.is_by_itself() || after.firing.is_by_itself(), "{kinds:?}");
            others
        }
        _ => kinds,
    }
}

/// Checks that a ticket action commits one event, and that an item action commits the event of its item, and then that of
/// the order if its status changed.
fn check_events(action: &OrderAction, kinds: &[EventKind], status_moved: bool) {
    let of_item = match action {
        OrderAction::StartItem(_) => Some(EventKind::ItemStarted),
        OrderAction::FinishItem(_) => Some(EventKind::ItemFinished),
        OrderAction::RecallItem(_) => Some(EventKind::ItemRecalled),
        OrderAction::VoidItem(..) | OrderAction::VoidSome(..) => Some(EventKind::ItemVoided),
        OrderAction::AddItems(_) => Some(EventKind::ItemAdded),
        OrderAction::ChangeItem(_) => Some(EventKind::ItemChanged),
        OrderAction::Fire(_) => Some(EventKind::ItemFired),
        OrderAction::Hold(_) => Some(EventKind::ItemHeld),
        OrderAction::ServeItem(_) | OrderAction::ServeCourse(_) => Some(EventKind::ItemServed),
        _ => None,
    };
    match of_item {
        Some(kind) => {
            assert_eq!(kinds[0], kind);
            assert_eq!(kinds.len(), 1 + usize::from(status_moved), "{action:?} made {kinds:?}");
            let others = kinds[1..].iter().filter(|kind| **kind != EventKind::ItemFired);
            assert!(others.map(|kind| kind.as_str()).all(|word| word.starts_with("order.")));
        }
        None => assert_eq!(kinds.len(), 1, "{action:?} made {kinds:?}"),
    }
}

/// Checks the fields that no command may change, and the lines, which only some commands may change.
fn check_constants(action: &OrderAction, before: &Order, after: &Order) {
    assert_eq!((before.id, before.restaurant, before.number), (after.id, after.restaurant, after.number));
    assert_eq!((before.placed_at, &before.diner, &before.table), (after.placed_at, &after.diner, &after.table));
    for (id, item) in &before.items {
        let same = after.items.get(id).expect("a line keeps its id");
        assert_eq!((item.menu_item, item.round, item.added_at), (same.menu_item, same.round, same.added_at));
        if matches!(action, OrderAction::ChangeItem(correction) if correction.item == *id) {
            assert_eq!(
                (item.status, same.status),
                (ItemStatus::Queued, ItemStatus::Queued),
                "a line changes only before it cooks"
            );
            continue;
        }
        assert_eq!(item.price, same.price);
        assert!((1..=item.quantity).contains(&same.quantity), "a line only loses voided portions");
    }
    let new = || after.items.iter().filter(|(id, _)| !before.items.contains_key(id)).map(|(_, item)| item);
    match action {
        OrderAction::AddItems(round) => {
            assert_eq!(new().count(), round.items.len());
            let is_added = |item: &Item| item.status == ItemStatus::Queued && item.round == before.rounds() + 1;
            assert!(new().all(|item| is_added(item) && item.added_at.is_some()));
            assert!(after.promised_at >= before.promised_at, "a round does not move the promise to an earlier time");
        }
        OrderAction::ChangeItem(_) => assert_eq!(new().count(), 0),
        // A partial void splits a line; no other command adds or removes portions.
        _ => {
            assert_eq!(portions(before), portions(after));
            assert!(new().all(|item| item.status == ItemStatus::Voided));
        }
    }
}

/// Checks that each line is fired once, by an event, and cooks only after that.
fn check_courses(kinds: &[EventKind], before: &Order, after: &Order) {
    let pairs = || before.items.iter().map(|(id, item)| (item, &after.items[id]));
    let known = pairs().any(|(was, is)| was.held && !is.held && is.status != ItemStatus::Voided);
    // A line of a round is held and fired at once if its time was already over.
    let new = after.items.iter().any(|(id, item)| !before.items.contains_key(id) && item.fired_at.is_some());
    let is_fired = known || (new && kinds.contains(&EventKind::ItemAdded));
    assert_eq!(is_fired, kinds.contains(&EventKind::ItemFired), "{kinds:?}");
    let held = pairs().any(|(was, is)| !was.held && is.held);
    assert_eq!(held, kinds.contains(&EventKind::ItemHeld), "{kinds:?}");
    assert!(pairs().all(|(was, is)| !was.held || is.status != ItemStatus::Cooking), "a held line was started");
    let again = pairs().any(|(was, is)| was.served_at.is_some() && is.served_at.is_some() && was.served_at != is.served_at);
    assert!(!again, "a line was served twice");
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
    tick(ticket, next.ticks);
    let before = ticket.order.clone();
    let expected = next.behind.map(|behind| position(before.position.number().saturating_sub(behind)));
    let outcome = ticket.put(&principal(next.role, next.station), &next.action, expected);
    let after = &ticket.order;
    match &outcome {
        Outcome::Changed(kinds) => {
            let kinds = check_begun(&next.action, kinds, &before, after, ticket.now);
            if !kinds.is_empty() {
                check_events(&next.action, check_fired(kinds, &before, after), before.status != after.status);
            }
            check_constants(&next.action, &before, after);
            check_courses(kinds, &before, after);
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
    fn patches_fold_to_the_document_and_the_order_stays_sound(menu in any_menu(), basket in any_basket(), moves in moves(), head in 0..1_000_000_u64) {
        let mut ticket = Ticket::place_on(menu, &basket, position(head)).unwrap();
        check(&ticket.order);
        for next in &moves {
            step(&mut ticket, next);
        }
    }

    #[test]
    fn the_same_command_again_changes_nothing_more(menu in any_menu(), basket in any_basket(), moves in moves()) {
        let mut ticket = Ticket::place_on(menu, &basket, position(0)).unwrap();
        for next in &moves {
            let outcome = step(&mut ticket, next);
            // A repeated promise counts from now, a repeated partial void voids another portion,
            // a repeated round is another, and a repeated `ready` is about the course that the first one has fired: only the
            // command's id makes these safe to repeat.
            let repeats = match next.action {
                OrderAction::Promise { .. } | OrderAction::VoidSome(..) | OrderAction::AddItems(_) => false,
                OrderAction::Ready | OrderAction::ReadySome(_) => ticket.order.firing != Firing::AfterDone,
                _ => true,
            };
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
        let (menu, basket, moves) = (any_menu(), any_basket(), moves()).new_tree(&mut runner).unwrap().current();
        let mut ticket = Ticket::place_on(menu, &basket, position(0)).unwrap();
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
    let all = EventKind::ALL
        .iter()
        .map(|kind| kind.as_str())
        .filter(|word| !["order.placed", "order.moved", "item.moved"].contains(word));
    assert_eq!(kinds, all.filter(|word| word.starts_with("order.") || word.starts_with("item.")).collect());
    // An invalid move: it voids more portions than the line has.
    let expected = ["Forbidden", "Invalid", "InvalidTransition", "NotFound", "Stale"].map(String::from);
    assert_eq!(refusals, BTreeSet::from(expected));
}
