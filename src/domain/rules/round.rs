//! The rules for rounds: lines that are added to an open order, and corrections of lines that no one
//! has begun to cook.

use super::courses;
use super::order_limits::OrderSize;
use super::place_order;
use crate::domain::model::line::{Correction, Line, Round};
use crate::domain::model::menu::Menu;
use crate::domain::model::order::{Item, Order};
use crate::domain::model::principal::{Principal, Role};
use crate::domain::model::refusal::{Refusal, RefusalKind, invalid, invalid_at};
use crate::domain::model::status::ItemStatus;
use crate::domain::values::ids::OptionId;
use crate::domain::values::level::Level;
use crate::domain::values::text::Name;
use crate::domain::values::time::Timestamp;
use std::collections::BTreeMap;
use uuid::Uuid;

/// The feature level of rounds and corrections.
const LEVEL: Level = Level::TWO;

/// The context of a round or a correction.
#[derive(Debug, Clone, Copy)]
pub(super) struct RoundContext<'a> {
    /// The sender.
    pub who: &'a Principal,
    /// The time.
    pub now: Timestamp,
    /// The menu, which sets the prices.
    pub menu: &'a Menu,
    /// The limits on an order's size.
    pub size: &'a OrderSize,
    /// One id for each line of a round, ascending.
    pub ids: &'a [Uuid],
}

/// Adds a round to an open order.
///
/// # Errors
/// As for placing an order, with the limits over all lines; `forbidden` for a guest while the
/// restaurant takes no rounds from guests.
pub(super) fn add(order: &mut Order, round: &Round, at: RoundContext<'_>) -> Result<(), Refusal> {
    place_order::check_open(at.menu)?;
    place_order::check_hours(at.menu, &round.items, at.who, hours_of(order, at.now))?;
    if at.who.role == Role::Diner && !at.menu.guest_rounds {
        return Err(Refusal::new(RefusalKind::Forbidden, "the restaurant takes no more dishes for this order; ask a waiter"));
    }
    let (mut items, total) = place_order::price_all(at.menu, &round.items, at.ids, LEVEL)?;
    place_order::check_agreed(round.expected_total, &items, total)?;
    order.total.checked_add(total).ok_or_else(|| invalid("the order's total is too large"))?;
    let number = order.rounds().checked_add(1).ok_or_else(|| invalid("the order has too many rounds; place a new one"))?;
    for item in items.values_mut() {
        (item.round, item.added_at) = (number, Some(at.now));
    }
    let ids: Vec<_> = items.keys().copied().collect();
    order.items.append(&mut items);
    courses::hold_later(order, &ids, at.menu.firing_rule());
    order.total = order.sum();
    at.size.check_order(order, at.who)?;
    place_order::check_bytes(order)
}

/// Returns the time at which the hours count: when the order is due, if that is still to come.
fn hours_of(order: &Order, now: Timestamp) -> Timestamp {
    order.due_at.map_or(now, |due| due.max(now))
}

/// Returns whether the line has the correction already.
pub(super) fn holds(item: &Item, Correction { line, .. }: &Correction, menu: Option<&Menu>) -> bool {
    let is_same = item.quantity == line.quantity && item.note == line.note && item.allergy == line.allergy;
    let is_of_course = line.course.is_none_or(|course| item.is_of(course));
    let is_at_seat = line.seat.is_none_or(|seat| item.seat == Some(seat));
    is_same && is_of_course && is_at_seat && item.menu_item == line.menu_item && has_options(item, line, menu)
}

/// Returns whether an item has the options of a line, which names them or has their ids.
fn has_options(item: &Item, line: &Line, menu: Option<&Menu>) -> bool {
    let priced = menu.and_then(|menu| place_order::price(menu, line, LEVEL).ok());
    if let Some(priced) = priced {
        let has_ids = !item.choices.is_empty() || item.options.is_empty();
        return if has_ids { is_same_set(&ids(&priced), &ids(item)) } else { is_same_set(&priced.options, &item.options) };
    }
    // Matches each option of the correction with a different one of the item, since two groups may have options with the same
    // name.
    let mut left: Vec<_> = (0..item.options.len()).collect();
    let is_at = |at: usize, name: &Name| {
        item.options[at] == *name || item.choices.get(at).is_some_and(|choice| choice.id.to_string() == name.as_str())
    };
    let mut take = |name| left.iter().position(|&at| is_at(at, name)).map(|found| left.swap_remove(found)).is_some();
    line.options.len() == item.options.len() && line.options.iter().all(&mut take)
}

fn ids(item: &Item) -> Vec<OptionId> {
    item.choices.iter().map(|choice| choice.id).collect()
}

fn is_same_set<T: PartialEq>(one: &[T], other: &[T]) -> bool {
    one.len() == other.len() && one.iter().all(|value| other.contains(value))
}

/// Names the field of the correction instead of the field of its line.
fn of_correction(refusal: Refusal) -> Refusal {
    refusal.within("/line")
}

/// Corrects a line. Its price stays unless its options change; then the menu sets the price.
///
/// # Errors
/// `invalid_transition` for a line that the kitchen has begun, and for an accepted order of a
/// guest; `invalid` for another dish; `price_changed`. For more portions or other options also
/// `paused`, and `invalid` for a dish that is sold out or no longer on the menu. For more portions
/// also the limits on the order.
pub(super) fn correct(order: &mut Order, correction: &Correction, at: RoundContext<'_>) -> Result<(), Refusal> {
    let Correction { item: id, line, expected_total } = correction;
    let when = hours_of(order, at.now);
    let Some(item) = order.items.get_mut(id).filter(|item| item.status == ItemStatus::Queued) else {
        return Err(Refusal::new(RefusalKind::InvalidTransition, "the kitchen has begun with this dish; ask there"));
    };
    if item.menu_item != line.menu_item {
        return Err(invalid_at("/line/menu_item", "line.menu_item must stay the same dish; void the line and add another"));
    }
    let keeps_options = has_options(item, line, Some(at.menu));
    let grows = line.quantity > item.quantity;
    if !keeps_options || grows {
        place_order::check_open(at.menu)?;
        place_order::check_hours(at.menu, std::slice::from_ref(line), at.who, when)?;
        let priced = place_order::price(at.menu, line, LEVEL).map_err(of_correction)?;
        if !keeps_options {
            (item.options, item.choices, item.price) = (priced.options, priced.choices, priced.price);
        }
    }
    let course = item.course.clone();
    if let Some((dish, course)) = at.menu.items.get(&line.menu_item).zip(line.course) {
        item.course = place_order::course(at.menu, dish, Some(course)).map_err(of_correction)?;
    }
    item.seat = line.seat.or(item.seat);
    let moves = item.course != course;
    (item.quantity, item.note, item.allergy) = (line.quantity, line.note.clone(), line.allergy);
    let total = item.price.checked_times(item.quantity).ok_or_else(|| invalid("the line's total is too large"))?;
    place_order::check_agreed(*expected_total, &BTreeMap::from([(*id, item.clone())]), total)?;
    if moves {
        courses::rejoin(order, *id, at.menu.firing_rule(), at.now);
    }
    order.total = order.sum();
    if grows {
        at.size.check_order(order, at.who)?;
    }
    place_order::check_bytes(order)
}
