//! The rules for orders for later. Such an order waits until its due time minus the minutes that it takes. The document has
//! `upcoming` and `starts_at`, and an event by the clock ends the wait.

use super::decision::{Decision, Steps, Write};
use crate::domain::model::basket::Basket;
use crate::domain::model::command::OrderAction;
use crate::domain::model::draft::{Moment, to_json};
use crate::domain::model::event::EventKind;
use crate::domain::model::order::{Order, Service};
use crate::domain::model::refusal::{Refusal, RefusalKind, invalid_at};
use crate::domain::values::time::Timestamp;
use crate::domain::values::time_zone::TimeZone;
use std::time::Duration;

/// The most days between placing an order and the time at which it is due.
pub const MAX_DAYS: u64 = 14;

/// Checks the time for which a basket is ordered.
///
/// # Errors
/// `invalid` if it is not between now and [`MAX_DAYS`] from now, and for an order to eat at a table.
pub(super) fn check_basket(basket: &Basket, now: Timestamp) -> Result<(), Refusal> {
    let Some(due) = basket.due_at else { return Ok(()) };
    if basket.service == Service::DineIn || basket.table.is_some() {
        return Err(invalid_at("/due_at", "due_at: an order at a table is for now; use takeaway or delivery, without a table"));
    }
    check_due(due, now)
}

fn check_due(due: Timestamp, now: Timestamp) -> Result<(), Refusal> {
    if due <= now {
        return Err(invalid_at("/due_at", "due_at: expected a time in the future"));
    }
    if due.since(now) > Duration::from_secs(MAX_DAYS * 24 * 60 * 60) {
        return Err(invalid_at("/due_at", format!("due_at: expected a time within {MAX_DAYS} days")));
    }
    Ok(())
}

fn span(minutes: u16) -> Duration {
    Duration::from_secs(u64::from(minutes) * 60)
}

/// Sets the due time of an order. The order waits if the time until then is longer than its minutes.
pub(super) fn set(order: &mut Order, due: Timestamp, minutes: u16, now: Timestamp) {
    let starts = due.minus(span(minutes));
    order.due_at = Some(due);
    order.upcoming = starts > now;
    order.starts_at = order.upcoming.then_some(starts);
}

/// Promises a time in some minutes, but not before the order is due. An order that waits keeps waiting, for as long as these
/// minutes allow.
pub(super) fn promise(order: &mut Order, minutes: u16, now: Timestamp) {
    let earliest = now.plus_minutes(minutes);
    order.promised_at = Some(order.due_at.map_or(earliest, |due| due.max(earliest)));
    if let Some(due) = order.due_at.filter(|_| order.upcoming) {
        set(order, due, minutes, now);
    }
}

/// Sets another time at which an order is due. It takes as long as before, and by default these minutes.
///
/// # Errors
/// `invalid` for a time out of range; `invalid_transition` for an order at a table, which is for now.
pub(super) fn reschedule(order: &mut Order, due: Timestamp, default_minutes: u16, now: Timestamp) -> Result<(), Refusal> {
    let is_of_table = order.service == Service::DineIn || (order.table.is_some() && order.due_at.is_none());
    if is_of_table {
        return Err(Refusal::new(RefusalKind::InvalidTransition, "an order of a table is for now; it cannot be set for later"));
    }
    check_due(due, now)?;
    let takes =
        order.due_at.zip(order.starts_at.filter(|_| order.upcoming)).map(|(due, starts)| due.since(starts).as_secs() / 60);
    let minutes = takes.and_then(|minutes| u16::try_from(minutes).ok()).unwrap_or(default_minutes);
    set(order, due, minutes, now);
    if order.promised_at.is_some() {
        order.promised_at = Some(due.max(now.plus_minutes(minutes)));
    }
    Ok(())
}

/// Removes the ticket of an order that is due on another day than the one whose orders its ticket tells apart.
pub(super) fn keep_ticket_for_its_day(order: &mut Order, due: Timestamp, zone: &TimeZone) {
    if zone.day(due) != zone.day(order.placed_at) {
        order.ticket = None;
    }
}

/// Ends the waiting of an order whose time has come. Returns whether it was waiting.
pub(super) fn begin_if_due(order: &mut Order, now: Timestamp) -> bool {
    let is_due = order.upcoming && order.starts_at.is_none_or(|at| at <= now);
    order.upcoming &= !is_due;
    is_due
}

/// Ends the waiting of an order now. Returns whether it was waiting.
pub(super) fn begin_now(order: &mut Order, now: Timestamp) -> bool {
    let was_upcoming = std::mem::take(&mut order.upcoming);
    if was_upcoming {
        order.starts_at = Some(now);
    }
    was_upcoming
}

/// Refuses work on an order that waits.
///
/// # Errors
/// `invalid_transition`.
pub(super) fn check_not_upcoming(order: &Order, action: &OrderAction) -> Result<(), Refusal> {
    let is_work = matches!(
        action,
        OrderAction::Start
            | OrderAction::StartSome(_)
            | OrderAction::StartItem(_)
            | OrderAction::FinishItem(_)
            | OrderAction::Ready
            | OrderAction::ReadySome(_)
            | OrderAction::Promise { .. }
    );
    if order.upcoming && is_work {
        let message = "the order is for later; start it now, or wait until starts_at";
        return Err(Refusal::new(RefusalKind::InvalidTransition, message));
    }
    Ok(())
}

/// Decides for the clock. Only the first of several nodes that find an order due has an effect.
#[must_use]
pub fn decide(order: &Order, moment: Moment) -> Decision {
    let mut after = order.clone();
    if order.status.is_final() || !begin_if_due(&mut after, moment.now) {
        return Decision::Keep { document: to_json(order), position: order.position };
    }
    let mut steps = Steps::from(to_json(order), moment);
    steps.push(EventKind::OrderDue, Some(order.id), &mut after);
    steps.decide(Write::Order(Box::new(after)))
}
