//! The rule by which the server accepts an order in the commit in which it is placed.

use super::schedule;
use crate::domain::model::house_rules::AutoAccept;
use crate::domain::model::menu::Menu;
use crate::domain::model::order::Order;
use crate::domain::model::status::OrderStatus;
use crate::domain::values::text::TableLabel;
use crate::domain::values::time::Timestamp;
use std::collections::BTreeSet;

/// Whether the rule admits a new order. Outside the hours of the restaurant, and for an order for later, somebody decides.
#[must_use]
pub fn admits(rule: &AutoAccept, order: &Order, menu: &Menu, now: Timestamp) -> bool {
    let zone = &menu.time_zone;
    // An allergy is declared beside a note. What a guest only writes is for somebody to read, too.
    let has_note = || order.note.is_some() || order.items.values().any(|item| item.note.is_some());
    let is_at_one = |tables: &BTreeSet<TableLabel>| order.table.as_ref().is_some_and(|table| tables.contains(table));
    let portions = order.items.values().fold(0_u64, |sum, item| sum + u64::from(item.quantity));
    order.due_at.is_none()
        && menu.hours.as_ref().is_none_or(|hours| hours.has(zone, now))
        && rule.hours.as_ref().is_none_or(|hours| hours.has(zone, now))
        && rule.tables.as_ref().is_none_or(is_at_one)
        && rule.most_portions.is_none_or(|most| portions <= most.into())
        && rule.most_total.is_none_or(|most| order.total.amount <= most.into())
        && (rule.notes || !has_note())
}

/// Accepts a new order, with the promise of the rule.
pub(super) fn accept(rule: &AutoAccept, order: &mut Order, now: Timestamp) {
    order.status = OrderStatus::Accepted;
    (order.accepted_at, order.auto_accepted) = (Some(now), true);
    schedule::promise(order, rule.minutes, now);
}
