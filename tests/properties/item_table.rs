//! The table of items: each state of an item × each item action, in each status of the order that allows that state. The
//! order has a second item, which only affects whether the ticket is done.

use crate::support::{Cell, Outcome, Ticket, cause, correction, item, line, principal};
use orderbell::domain::model::command::OrderAction;
use orderbell::domain::model::event::EventKind as E;
use orderbell::domain::model::principal::Role;
use orderbell::domain::model::refusal::RefusalKind;
use orderbell::domain::model::status::{ItemStatus as I, OrderStatus as S};

use Cell::{No, Same, To};

/// The status of the order and of the item, and the actions that lead there; then the results of
/// `start_item`, `finish_item`, `recall_item`, `void_item` and `change_item`.
type Row = (S, I, fn() -> Vec<OrderAction>, [Cell; 5]);

fn accepted(more: impl IntoIterator<Item = OrderAction>) -> Vec<OrderAction> {
    [OrderAction::Accept { minutes: None }].into_iter().chain(more).collect()
}
fn void(n: u128) -> OrderAction {
    OrderAction::VoidItem(item(n), cause())
}

const VOID: &[E] = &[E::ItemVoided];
const STARTS: &[E] = &[E::ItemStarted, E::OrderStarted];
const FINISH: &[E] = &[E::ItemFinished];
const FINISH_FIRST: &[E] = &[E::ItemFinished, E::OrderStarted];
const FINISH_LAST: &[E] = &[E::ItemFinished, E::OrderReady];
const VOID_LAST_COOKING: &[E] = &[E::ItemVoided, E::OrderReady];
const VOID_ALL: &[E] = &[E::ItemVoided, E::OrderCancelled];
const RECALL: &[E] = &[E::ItemRecalled];
const CHANGE_PLACED: Cell = To(S::Placed, &[E::ItemChanged]);
const CHANGE_ACCEPTED: Cell = To(S::Accepted, &[E::ItemChanged]);
const CHANGE_PREPARING: Cell = To(S::Preparing, &[E::ItemChanged]);
const RECALL_TICKET: &[E] = &[E::ItemRecalled, E::OrderRecalled];

#[rustfmt::skip]
const TABLE: [Row; 24] = [
    // The item is item 0; item 1 is the other.                                                         start                       finish                           recall                             void                            change
    (S::Placed,    I::Queued,  || vec![],                                                              [No,                         No,                              No,                                To(S::Placed, VOID), CHANGE_PLACED]),
    (S::Placed,    I::Voided,  || vec![void(0)],                                                       [No,                         No,                              No,                                Same, No]),
    (S::Placed,    I::Queued,  || vec![void(1)],                                                       [No,                         No,                              No,                                To(S::Cancelled, VOID_ALL), CHANGE_PLACED]),
    (S::Accepted,  I::Queued,  || accepted([]),                                                        [To(S::Preparing, STARTS),   To(S::Preparing, FINISH_FIRST),  No,                                To(S::Accepted, VOID), CHANGE_ACCEPTED]),
    (S::Accepted,  I::Voided,  || accepted([void(0)]),                                                 [No,                         No,                              No,                                Same, No]),
    (S::Accepted,  I::Queued,  || accepted([void(1)]),                                                 [To(S::Preparing, STARTS),   To(S::Ready, FINISH_LAST),       No,                                To(S::Cancelled, VOID_ALL), CHANGE_ACCEPTED]),
    (S::Preparing, I::Queued,  || accepted([OrderAction::StartItem(item(1))]),                         [To(S::Preparing, &[E::ItemStarted]), To(S::Preparing, FINISH), No,                              To(S::Preparing, VOID), CHANGE_PREPARING]),
    (S::Preparing, I::Queued,  || accepted([OrderAction::FinishItem(item(1))]),                        [To(S::Preparing, &[E::ItemStarted]), To(S::Ready, FINISH_LAST), No,                             To(S::Ready, VOID_LAST_COOKING), CHANGE_PREPARING]),
    (S::Preparing, I::Cooking, || accepted([OrderAction::Start]),                                      [Same,                       To(S::Preparing, FINISH),        Same,                              To(S::Preparing, VOID), No]),
    (S::Preparing, I::Cooking, || accepted([OrderAction::Start, OrderAction::FinishItem(item(1))]),    [Same,                       To(S::Ready, FINISH_LAST),       Same,                              To(S::Ready, VOID_LAST_COOKING), No]),
    (S::Preparing, I::Cooking, || accepted([OrderAction::Start, void(1)]),                             [Same,                       To(S::Ready, FINISH_LAST),       Same,                              To(S::Cancelled, VOID_ALL), No]),
    (S::Preparing, I::Done,    || accepted([OrderAction::Start, OrderAction::FinishItem(item(0))]),    [No,                         Same,                            To(S::Preparing, RECALL),          To(S::Preparing, VOID), No]),
    (S::Preparing, I::Voided,  || accepted([OrderAction::Start, void(0)]),                             [No,                         No,                              No,                                Same, No]),
    (S::Ready,     I::Done,    || accepted([OrderAction::Ready]),                                      [No,                         Same,                            To(S::Preparing, RECALL_TICKET),   To(S::Ready, VOID), No]),
    (S::Ready,     I::Done,    || accepted([OrderAction::Ready, void(1)]),                             [No,                         Same,                            To(S::Preparing, RECALL_TICKET),   To(S::Cancelled, VOID_ALL), No]),
    (S::Ready,     I::Voided,  || accepted([OrderAction::Ready, void(0)]),                             [No,                         No,                              No,                                Same, No]),
    (S::Served,    I::Done,    || accepted([OrderAction::Ready, OrderAction::Serve]),                  [No,                         Same,                            No,                                No, No]),
    (S::Served,    I::Voided,  || accepted([void(0), OrderAction::Ready, OrderAction::Serve]),         [No,                         No,                              No,                                Same, No]),
    (S::Rejected,  I::Queued,  || vec![OrderAction::Reject(cause())],                                  [No,                         No,                              No,                                No, No]),
    (S::Rejected,  I::Voided,  || vec![void(0), OrderAction::Reject(cause())],                         [No,                         No,                              No,                                Same, No]),
    (S::Cancelled, I::Queued,  || vec![OrderAction::Cancel(cause())],                                  [No,                         No,                              No,                                No, No]),
    (S::Cancelled, I::Cooking, || accepted([OrderAction::Start, OrderAction::Cancel(cause())]),        [Same,                       No,                              Same,                              No, No]),
    (S::Cancelled, I::Done,    || accepted([OrderAction::Ready, OrderAction::Cancel(cause())]),        [No,                         Same,                            No,                                No, No]),
    (S::Cancelled, I::Voided,  || accepted([void(0), void(1)]),                                        [No,                         No,                              No,                                Same, No]),
];

fn ticket(row: &Row) -> Ticket {
    let mut ticket = Ticket::of(2);
    for action in (row.2)() {
        ticket.staff(&action);
    }
    assert_eq!((ticket.order.status, ticket.item_status(0)), (row.0, row.1), "the row's initial state");
    ticket
}

#[test]
fn every_item_status_and_action() {
    let [start, finish] = [OrderAction::StartItem(item(0)), OrderAction::FinishItem(item(0))];
    let actions = [start, finish, OrderAction::RecallItem(item(0)), void(0), correction(0, line(0, 2))];
    let after = [I::Cooking, I::Done, I::Cooking, I::Voided, I::Queued];
    for row in &TABLE {
        for ((action, after), cell) in actions.iter().zip(after).zip(row.3) {
            let mut ticket = ticket(row);
            let outcome = ticket.put(&principal(Role::Staff, None), action, None);
            assert_eq!(outcome, cell.outcome(), "{action:?} of a {:?} item, order {}", row.1, row.0);
            let (order, item) = if let To(order, _) = cell { (order, after) } else { (row.0, row.1) };
            assert_eq!((ticket.order.status, ticket.item_status(0)), (order, item), "{action:?}, order {}", row.0);
        }
    }
}

#[test]
fn the_table_has_every_possible_pair() {
    let can_be = |order: S, item: I| match order {
        S::Placed | S::Accepted | S::Rejected => matches!(item, I::Queued | I::Voided),
        S::Ready | S::Served => matches!(item, I::Done | I::Voided),
        S::Preparing | S::Cancelled => true,
    };
    for order in S::ALL {
        for item in [I::Queued, I::Cooking, I::Done, I::Voided] {
            let is_there = TABLE.iter().any(|row| (row.0, row.1) == (order, item));
            assert_eq!(is_there, can_be(order, item), "{order} × {item:?}");
        }
    }
}

#[test]
fn an_item_that_the_order_does_not_have_is_not_found() {
    for (_, _, way, _) in &TABLE {
        let mut ticket = Ticket::of(2);
        for action in way() {
            ticket.staff(&action);
        }
        let [start, finish] = [OrderAction::StartItem(item(9)), OrderAction::FinishItem(item(9))];
        for action in [start, finish, OrderAction::RecallItem(item(9)), void(9), correction(9, line(0, 2))] {
            assert_eq!(ticket.put(&principal(Role::Staff, None), &action, None), Outcome::Refused(RefusalKind::NotFound));
        }
    }
}
