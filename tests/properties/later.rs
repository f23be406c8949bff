//! Orders for later: their bounds, when they begin, and which actions they allow while they wait.

use crate::support::{DEFAULT_MINUTES, Outcome, Ticket, at, basket, cause, fresh, item, line, menu, position, principal, round};
use orderbell::domain::model::basket::Basket;
use orderbell::domain::model::command::OrderAction;
use orderbell::domain::model::draft::Moment;
use orderbell::domain::model::event::EventKind as E;
use orderbell::domain::model::menu::Menu;
use orderbell::domain::model::order::Service;
use orderbell::domain::model::principal::Role;
use orderbell::domain::model::refusal::RefusalKind;
use orderbell::domain::model::undrawn::waits_at;
use orderbell::domain::rules::place_order;
use std::time::Duration;

const MINUTE: i64 = 60_000;
const DAY: i64 = 24 * 60 * MINUTE;

/// A takeaway of two dishes, due in some minutes.
fn later(minutes: i64) -> Basket {
    Basket { service: Service::Takeaway, due_at: Some(at(minutes * MINUTE)), ..basket(vec![line(0, 1), line(1, 1)]) }
}

fn ticket(minutes: i64) -> Ticket {
    Ticket::place(&later(minutes), position(100)).unwrap()
}

fn minutes(count: u64) -> Duration {
    Duration::from_secs(count * 60)
}

fn changed(kind: E) -> Outcome {
    Outcome::Changed(vec![kind])
}

#[test]
fn an_order_is_due_in_the_future_within_two_weeks_and_not_at_a_table() {
    let moment = Moment { now: at(0), head: position(0) };
    let at_table = Basket { service: Service::DineIn, ..later(60) };
    let of_table = Basket { table: Some("7".parse().unwrap()), ..later(60) };
    let due = |millis| Basket { due_at: Some(at(millis)), ..later(60) };
    for role in [Role::Diner, Role::Staff, Role::Manager, Role::Service] {
        let refusal = |basket: &Basket| {
            let decided = place_order::decide(&menu(), basket, &principal(role, None), &fresh(2), moment);
            decided.err().map(|refusal| refusal.message)
        };
        for wrong in [due(0), due(-1), due(14 * DAY + 1), at_table.clone(), of_table.clone()] {
            assert!(refusal(&wrong).is_some_and(|message| message.starts_with("due_at: ")), "{role} {wrong:?}");
        }
        for right in [due(1), due(14 * DAY), Basket { service: Service::Delivery, ..later(60) }] {
            assert_eq!(refusal(&right), None, "{role}");
        }
    }
}

#[test]
fn an_order_begins_at_its_due_time_minus_the_minutes_that_it_takes() {
    let soon = ticket(i64::from(DEFAULT_MINUTES));
    assert_eq!((soon.order.upcoming, soon.order.starts_at, soon.order.due_at), (false, None, Some(at(20 * MINUTE))));
    let mut later = ticket(60);
    assert_eq!((later.order.upcoming, later.order.starts_at), (true, Some(at(40 * MINUTE))));
    later.staff(&OrderAction::Accept { minutes: Some(35) });
    assert_eq!((later.order.starts_at, later.order.promised_at), (Some(at(25 * MINUTE)), Some(at(60 * MINUTE))));
    assert_eq!(later.wait(minutes(24)).tick(), Outcome::Kept);
    assert!(waits_at(&later.order).is_empty(), "it is on no screen's ticket yet");
    assert_eq!(later.wait(minutes(1)).tick(), changed(E::OrderDue));
    assert_eq!(waits_at(&later.order).len(), 2);
    assert_eq!(later.tick(), Outcome::Kept, "a second node, or this one after a restart, changes nothing");
    assert_eq!(later.order.starts_at, Some(at(25 * MINUTE)), "it says when the work began");
}

#[test]
fn an_order_accepted_with_too_many_minutes_begins_at_once_and_is_promised_later() {
    let mut ticket = ticket(60);
    assert_eq!(
        ticket.put(&principal(Role::Staff, None), &OrderAction::Accept { minutes: Some(90) }, None),
        changed(E::OrderAccepted)
    );
    assert_eq!((ticket.order.upcoming, ticket.order.promised_at), (false, Some(at(90 * MINUTE))));
    assert_eq!(ticket.order.due_at, Some(at(60 * MINUTE)), "the due time stays the guest's");
}

/// Tries each action on an accepted order that waits. Only `start_now` lets the kitchen begin early.
#[test]
fn nobody_cooks_an_order_that_waits() {
    let work = [
        OrderAction::Start,
        OrderAction::StartSome(vec![item(0)]),
        OrderAction::StartItem(item(0)),
        OrderAction::FinishItem(item(0)),
        OrderAction::Ready,
        OrderAction::ReadySome(vec![item(0)]),
        OrderAction::Promise { minutes: 5 },
    ];
    let others =
        [OrderAction::Rush(true), OrderAction::VoidItem(item(0), cause()), round(vec![line(2, 1)]), OrderAction::Cancel(cause())];
    for action in work {
        let mut ticket = ticket(60);
        ticket.staff(&OrderAction::Accept { minutes: None });
        let refused = Outcome::Refused(RefusalKind::InvalidTransition);
        assert_eq!(ticket.put(&principal(Role::Kitchen, None), &action, None), refused, "{action:?}");
        let Outcome::Changed(kinds) = ticket.wait(minutes(40)).put(&principal(Role::Kitchen, None), &action, None) else {
            panic!("{action:?} once it is time, although no node has said so yet")
        };
        assert_eq!(kinds[0], E::OrderDue, "{action:?}");
        assert!(kinds.len() > 1);
    }
    for action in others {
        let mut ticket = ticket(60);
        ticket.staff(&OrderAction::Accept { minutes: None }).staff(&action);
        assert_eq!(ticket.order.upcoming, !ticket.order.status.is_final(), "{action:?}");
    }
}

#[test]
fn staff_can_start_an_order_now_once_and_its_due_time_stays() {
    let mut ticket = ticket(60);
    ticket.staff(&OrderAction::Accept { minutes: None }).wait(minutes(10));
    assert_eq!(ticket.put(&principal(Role::Staff, None), &OrderAction::StartNow, None), changed(E::OrderDue));
    assert_eq!(ticket.put(&principal(Role::Staff, None), &OrderAction::StartNow, None), Outcome::Kept);
    assert_eq!((ticket.order.upcoming, ticket.order.starts_at), (false, Some(at(10 * MINUTE))));
    assert_eq!(ticket.order.promised_at, Some(at(60 * MINUTE)));
    assert_eq!(ticket.wait(minutes(60)).tick(), Outcome::Kept);
}

#[test]
fn rescheduling_moves_the_start_and_the_promise() {
    let mut ticket = ticket(60);
    ticket.staff(&OrderAction::Accept { minutes: Some(30) });
    let staff = principal(Role::Staff, None);
    assert_eq!(ticket.put(&staff, &OrderAction::Reschedule(at(120 * MINUTE)), None), changed(E::OrderRescheduled));
    assert_eq!((ticket.order.starts_at, ticket.order.promised_at), (Some(at(90 * MINUTE)), Some(at(120 * MINUTE))));
    assert_eq!(ticket.put(&staff, &OrderAction::Reschedule(at(120 * MINUTE)), None), Outcome::Kept);
    for wrong in [at(0), at(15 * DAY)] {
        assert_eq!(ticket.put(&staff, &OrderAction::Reschedule(wrong), None), Outcome::Refused(RefusalKind::Invalid));
    }
    ticket.staff(&OrderAction::Reschedule(at(10 * MINUTE)));
    assert!(
        !ticket.order.upcoming && ticket.order.promised_at == Some(at(30 * MINUTE)),
        "the promise is no earlier than the order takes"
    );
    ticket.staff(&OrderAction::Reschedule(at(90 * MINUTE)));
    assert!(ticket.order.upcoming, "a later time makes it wait again");
    ticket.staff(&OrderAction::StartNow).staff(&OrderAction::Start);
    let refused = Outcome::Refused(RefusalKind::InvalidTransition);
    assert_eq!(ticket.put(&staff, &OrderAction::Reschedule(at(200 * MINUTE)), None), refused, "the kitchen has begun");
}

/// A ticket tells the orders of one day apart. On another day, the order's number is called out.
#[test]
fn an_order_that_moves_to_another_day_loses_its_ticket() {
    let mut ticket = ticket(60);
    let given = ticket.order.ticket;
    assert!(given.is_some());
    assert_eq!(ticket.staff(&OrderAction::Reschedule(at(120 * MINUTE))).order.ticket, given, "the same day");
    assert_eq!(ticket.staff(&OrderAction::Reschedule(at(DAY))).order.ticket, None);
    assert_eq!(ticket.staff(&OrderAction::Reschedule(at(90 * MINUTE))).order.ticket, None, "it may have another owner by now");
    let dhaka = Menu { time_zone: "Asia/Dhaka".parse().unwrap(), ..menu() };
    let mut ticket = Ticket::place_on(dhaka, &later(60), position(100)).unwrap();
    assert_eq!(ticket.staff(&OrderAction::Reschedule(at(7 * 60 * MINUTE))).order.ticket, given, "17:00 in UTC, 23:00 there");
    assert_eq!(ticket.staff(&OrderAction::Reschedule(at(9 * 60 * MINUTE))).order.ticket, None, "past the midnight there");
}

/// An order that nobody has accepted by its start is shown to the staff, who can then accept it.
#[test]
fn an_order_that_nobody_has_accepted_begins_too() {
    let mut ticket = ticket(60);
    assert_eq!(ticket.wait(minutes(40)).tick(), changed(E::OrderDue));
    assert!(!ticket.order.upcoming && waits_at(&ticket.order).is_empty());
    ticket.staff(&OrderAction::Accept { minutes: None });
    assert_eq!(waits_at(&ticket.order).len(), 2);
}

/// An order for later does not join the visit at the guest's table.
#[test]
fn an_order_for_later_joins_no_visit_and_keeps_the_guests_table() {
    let ticket = ticket(60);
    assert_eq!(ticket.order.table.as_ref().map(|table| table.as_str()), Some("7"));
    assert_eq!(ticket.order.table_of_visit(), None);
}
