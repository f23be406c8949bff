//! The contract's transition table, cell by cell: each status of an order × each action on it.
//!
//! The orders have two items. Item actions apply to the first, which is queued, cooking or done,
//! depending on the status ([`Ticket::in_status`]); `item_table` covers the other states of items.

use crate::support::{Cell, Ticket, at, cause, correction, item, line, principal, round};
use orderbell::domain::model::command::{ActionName, Lines, OrderAction};
use orderbell::domain::model::event::EventKind as E;
use orderbell::domain::model::principal::Role;
use orderbell::domain::model::status::OrderStatus as S;
use std::collections::BTreeSet;

use Cell::{No, Same, To};

const ACCEPTED: Cell = To(S::Accepted, &[E::OrderAccepted]);
const REJECTED: Cell = To(S::Rejected, &[E::OrderRejected]);
const CANCELLED: Cell = To(S::Cancelled, &[E::OrderCancelled]);
const STARTED: Cell = To(S::Preparing, &[E::OrderStarted]);
const READY: Cell = To(S::Ready, &[E::OrderReady]);
const RECALLED: Cell = To(S::Preparing, &[E::OrderRecalled]);
const SERVED: Cell = To(S::Served, &[E::OrderServed]);
const ITEM_STARTED: Cell = To(S::Preparing, &[E::ItemStarted, E::OrderStarted]);
/// The other item is still queued.
const ITEM_FINISHED: Cell = To(S::Preparing, &[E::ItemFinished]);
const ITEM_FINISHED_FIRST: Cell = To(S::Preparing, &[E::ItemFinished, E::OrderStarted]);
const ITEM_RECALLED: Cell = To(S::Preparing, &[E::ItemRecalled, E::OrderRecalled]);

const fn promised(status: S) -> Cell {
    To(status, &[E::OrderPromised])
}
const fn rushed(status: S) -> Cell {
    To(status, &[E::OrderRushed])
}
const fn voided(status: S) -> Cell {
    To(status, &[E::ItemVoided])
}

const fn added(status: S) -> Cell {
    To(status, &[E::ItemAdded])
}
const fn held(status: S) -> Cell {
    To(status, &[E::ItemHeld])
}
const fn item_served(status: S) -> Cell {
    To(status, &[E::ItemServed])
}
const fn changed(status: S) -> Cell {
    To(status, &[E::ItemChanged])
}
const ADDED_AFTER_READY: Cell = To(S::Preparing, &[E::ItemAdded, E::OrderRecalled]);

/// One row: an action, and its cell for each status of [`COLUMNS`].
type Row = (fn() -> OrderAction, [Cell; 7]);

const COLUMNS: [S; 7] = [S::Placed, S::Accepted, S::Preparing, S::Ready, S::Served, S::Rejected, S::Cancelled];

#[rustfmt::skip]
const TABLE: [Row; 20] = [
    //                                                  placed             accepted             preparing             ready             served rejected cancelled
    (|| OrderAction::Accept { minutes: Some(5) },     [ACCEPTED,           Same,                No,                   No,               No,    No,      No]),
    (|| OrderAction::Reject(cause()),                 [REJECTED,           No,                  No,                   No,               No,    Same,    No]),
    (|| OrderAction::Start,                           [No,                 STARTED,             Same,                 No,               No,    No,      No]),
    (|| OrderAction::StartItem(item(0)),              [No,                 ITEM_STARTED,        Same,                 No,               No,    No,      No]),
    (|| OrderAction::FinishItem(item(0)),             [No,                 ITEM_FINISHED_FIRST, ITEM_FINISHED,        Same,             Same,  No,      No]),
    (|| OrderAction::RecallItem(item(0)),             [No,                 No,                  Same,                 ITEM_RECALLED,    No,    No,      No]),
    (|| OrderAction::Ready,                           [No,                 READY,               READY,                Same,             No,    No,      No]),
    (|| OrderAction::Recall,                          [No,                 No,                  Same,                 RECALLED,         RECALLED, No,   No]),
    (|| OrderAction::Serve,                           [No,                 No,                  No,                   SERVED,           Same,  No,      No]),
    (|| OrderAction::Cancel(cause()),                 [CANCELLED,          CANCELLED,           CANCELLED,            CANCELLED,        No,    No,      Same]),
    (|| OrderAction::VoidItem(item(0), cause()),      [voided(S::Placed),  voided(S::Accepted), voided(S::Preparing), voided(S::Ready), No,    No,      No]),
    (|| OrderAction::Promise { minutes: 9 },          [No,                 promised(S::Accepted), promised(S::Preparing), No,           No,    No,      No]),
    (|| OrderAction::Rush(true),                      [rushed(S::Placed),  rushed(S::Accepted), rushed(S::Preparing), rushed(S::Ready), No,    No,      No]),
    (|| round(vec![line(3, 1)]),                      [added(S::Placed),   added(S::Accepted),  added(S::Preparing),  ADDED_AFTER_READY, No,   No,      No]),
    // Nothing is held, and no line belongs to a course. The tests in `courses` cover those.
    (|| OrderAction::Fire(Lines::Item(item(0))),      [Same,               Same,                Same,                 Same,             Same,  Same,    Same]),
    (|| OrderAction::Hold(Lines::Item(item(0))),      [held(S::Placed),    held(S::Accepted),   No,                   No,               No,    No,      No]),
    (|| OrderAction::ServeItem(item(0)),              [No,                 No,                  No,                   item_served(S::Ready), Same, No, No]),
    // In an order that is preparing, the item is cooking.
    (|| correction(0, line(0, 2)),                    [changed(S::Placed), changed(S::Accepted), No,                  No,               No,    No,      No]),
    // The order is at a table and does not wait. The tests in `later` cover orders that wait.
    (|| OrderAction::StartNow,                        [Same,               Same,                Same,                 Same,             Same,  Same,    Same]),
    (|| OrderAction::Reschedule(at(60_000)),          [No,                 No,                  No,                   No,               No,    No,      No]),
];

#[test]
fn every_status_and_action() {
    for (action, row) in TABLE {
        for (status, cell) in COLUMNS.into_iter().zip(row) {
            let mut ticket = Ticket::in_status(status);
            let outcome = ticket.put(&principal(Role::Staff, None), &action(), None);
            assert_eq!(outcome, cell.outcome(), "{:?} of an order that is {status}", action());
            let after = if let To(after, _) = cell { after } else { status };
            assert_eq!(ticket.order.status, after, "{:?} of an order that is {status}", action());
        }
    }
}

#[test]
fn the_table_has_every_status_and_every_action_on_orders() {
    use ActionName::{AnswerCall, CallWaiter, Merge, Move, Split, Undo};
    assert_eq!(BTreeSet::from(COLUMNS), BTreeSet::from(S::ALL));
    let rows: Vec<_> = TABLE.iter().map(|(action, _)| std::mem::discriminant(&action())).collect();
    assert!(rows.iter().enumerate().all(|(n, row)| !rows[..n].contains(row)), "each action once");
    let of_others = [CallWaiter, AnswerCall, Move, Merge, Split, Undo];
    assert_eq!(rows.len(), ActionName::ALL.iter().filter(|name| !of_others.contains(name)).count());
}

/// Among the roles that may take an action, only the station rule and the diner's cancellation differ.
#[test]
fn the_table_is_the_same_for_every_role_without_a_station() {
    for role in [Role::Kitchen, Role::Manager, Role::Service] {
        for (action, row) in TABLE {
            for (status, cell) in COLUMNS.into_iter().zip(row) {
                let outcome = Ticket::in_status(status).put(&principal(role, None), &action(), None);
                assert_eq!(outcome, cell.outcome(), "{:?} of an order that is {status}, by {role}", action());
            }
        }
    }
}
