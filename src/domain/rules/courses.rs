//! The rules for courses: which lines are held, and when held ones are fired.

use super::decision::{Decision, Steps, Write};
use crate::domain::model::command::Lines;
use crate::domain::model::course::{CourseNumber, Firing, FiringRule};
use crate::domain::model::draft::{Moment, to_json};
use crate::domain::model::event::{EventKind, Rule};
use crate::domain::model::order::{Item, Order};
use crate::domain::model::refusal::{Refusal, RefusalKind};
use crate::domain::model::status::ItemStatus;
use crate::domain::values::ids::ItemId;
use crate::domain::values::time::Timestamp;

fn number(item: &Item) -> Option<CourseNumber> {
    item.course.as_ref().map(|course| course.number)
}

fn is_live(item: &Item) -> bool {
    item.status != ItemStatus::Voided
}

/// Holds new lines whose course comes after those that the kitchen has, unless the order's courses
/// are fired together. If the kitchen has none, holds the lines from the first held course on. If no
/// course is held either, holds those after the first new course. With its first line of a course,
/// an order takes over the restaurant's rule.
pub(super) fn hold_later(order: &mut Order, new: &[ItemId], rule: FiringRule) {
    let is_new = |id: &ItemId| new.contains(id);
    let known = |held: bool| {
        let lines = order.items.iter().filter(move |(id, item)| !is_new(id) && is_live(item) && item.held == held);
        lines.filter_map(|(_, item)| number(item))
    };
    let had_courses = order.items.iter().any(|(id, item)| !is_new(id) && item.course.is_some());
    let first = || order.items.iter().filter(|(id, _)| is_new(id)).filter_map(|(_, item)| number(item)).min();
    let (fired, held, first) = (known(false).max(), known(true).min(), first());
    if order.firing.is_together() && !had_courses && first.is_some() {
        (order.firing, order.firing_minutes) = (rule.firing, rule.minutes);
    }
    if order.firing.is_together() {
        return;
    }
    for (_, item) in order.items.iter_mut().filter(|(id, _)| is_new(id)) {
        let Some(number) = number(item) else { continue };
        item.held = match (fired, held) {
            (Some(current), _) => number > current,
            (None, Some(waiting)) => number >= waiting,
            (None, None) => Some(number) > first,
        };
    }
}

/// Holds or fires a line that has changed its course, as if it were new.
pub(super) fn rejoin(order: &mut Order, id: ItemId, rule: FiringRule, now: Timestamp) {
    let was_held = order.items.get(&id).is_some_and(|item| item.held);
    hold_later(order, &[id], rule);
    if let Some(item) = order.items.get_mut(&id).filter(|item| item.held != was_held) {
        item.fired_at = was_held.then_some(now);
    }
}

/// Returns the lines of the courses before one.
fn before(order: &Order, course: CourseNumber) -> impl Iterator<Item = &Item> {
    order.items.values().filter(move |item| is_live(item) && number(item).is_some_and(|number| number < course))
}

/// Returns the course that fires next by itself, once those before it are over: served or done, as the order's rule says.
fn next_of_rule(order: &Order) -> Option<CourseNumber> {
    if order.status.is_final() || !order.firing.is_by_itself() {
        return None;
    }
    let next = order.items.values().filter(|item| item.held).filter_map(number).min()?;
    let is_served = order.firing == Firing::AfterServed;
    let is_over = |item: &Item| if is_served { item.served_at.is_some() } else { item.status == ItemStatus::Done };
    before(order, next).all(is_over).then_some(next)
}

/// Returns when the next course fires by itself: some minutes after those before it were over, or now if none of them is left.
fn time_of(order: &Order, next: CourseNumber, now: Timestamp) -> Timestamp {
    let is_served = order.firing == Firing::AfterServed;
    // A line does not say since when it is done.
    let over_at = before(order, next).filter_map(|item| item.served_at.filter(|_| is_served)).max().unwrap_or(now);
    let minutes = if before(order, next).next().is_some() { order.firing_minutes.unwrap_or(0) } else { 0 };
    order.fires_at.unwrap_or_else(|| over_at.plus_minutes(minutes))
}

/// Sets when the next course fires by itself, once those before it are over. Takes it back if they are not, or no longer.
pub(super) fn plan(order: &mut Order, now: Timestamp) {
    let at = next_of_rule(order).map(|next| time_of(order, next, now));
    order.fires_at = at.filter(|at| *at > now || order.fires_at.is_some());
}

/// Fires the next course if the order's rule says that it is time. Returns whether it was.
pub(super) fn fire_next(order: &mut Order, now: Timestamp) -> bool {
    let Some(next) = next_of_rule(order).filter(|next| time_of(order, *next, now) <= now) else { return false };
    order.fires_at = None;
    fire(order, |_, item| number(item) == Some(next), now)
}

/// Leaves the next course to be fired by hand if it would be fired only because the lines before it have left the order. A
/// course that waits for its time goes on waiting. Returns whether it is left to hand.
pub(super) fn leave_to_hand(order: &mut Order) -> bool {
    let is_due = next_of_rule(order).is_some();
    if let Some(at) = order.fires_at {
        order.fires_at = is_due.then_some(at);
        return false;
    }
    if is_due {
        order.firing = Firing::ByHand;
    }
    is_due
}

/// Sets when the next course of an order fires after the lines of its part have come back.
pub(super) fn wait_again(joined: &mut Order, part: &Order) {
    joined.fires_at = joined.fires_at.into_iter().chain(part.fires_at).min();
    leave_to_hand(joined);
}

/// Decides for the clock. Only the first of several nodes that find the course due has an effect.
#[must_use]
pub fn decide(order: &Order, moment: Moment) -> Decision {
    let mut after = order.clone();
    if !fire_next(&mut after, moment.now) {
        return Decision::Keep { document: to_json(order), position: order.position };
    }
    let mut steps = Steps::from(to_json(order), moment);
    steps.push_by_rule(Rule::Firing, EventKind::ItemFired, Some(order.id), &mut after);
    steps.decide(Write::Order(Box::new(after)))
}

/// Fires the held lines among some. Returns whether there were any.
fn fire(order: &mut Order, is_meant: impl Fn(ItemId, &Item) -> bool, now: Timestamp) -> bool {
    let held = order.items.iter_mut().filter(|(id, item)| item.held && is_meant(**id, item));
    held.map(|(_, item)| (item.held, item.fired_at) = (false, Some(now))).count() > 0
}

fn is_among(lines: Lines, id: ItemId, item: &Item) -> bool {
    match lines {
        Lines::Course(number) => item.is_of(number),
        Lines::Item(other) => other == id,
    }
}

/// Checks that the order has lines of the course.
pub(super) fn check_course(order: &Order, number: CourseNumber) -> Result<(), Refusal> {
    if order.items.values().any(|item| item.is_of(number)) {
        return Ok(());
    }
    Err(Refusal::new(RefusalKind::NotFound, "the order has no such course"))
}

/// Fires lines by hand. Returns whether any was held.
pub(super) fn fire_by_hand(order: &mut Order, lines: Lines, is_in_scope: impl Fn(&Item) -> bool, now: Timestamp) -> bool {
    fire(order, |id, item| is_among(lines, id, item) && is_in_scope(item), now)
}

/// Holds lines by hand, from when on nothing of the order fires by itself. Returns whether any was
/// waiting.
///
/// # Errors
/// `invalid_transition` if the kitchen has begun with all of them.
pub(super) fn hold_by_hand(order: &mut Order, lines: Lines, is_in_scope: impl Fn(&Item) -> bool) -> Result<bool, Refusal> {
    let meant = |(id, item): &(&ItemId, &mut Item)| is_among(lines, **id, item) && is_in_scope(item);
    let is_held_already = order.items.iter().any(|(id, item)| is_among(lines, *id, item) && is_in_scope(item) && item.held);
    let waiting = order.items.iter_mut().filter(meant).filter(|(_, item)| item.is_waiting());
    let count = waiting.map(|(_, item)| (item.held, item.fired_at) = (true, None)).count();
    if count == 0 && !is_held_already {
        return Err(Refusal::new(RefusalKind::InvalidTransition, "the kitchen has begun with it; it can no longer be held"));
    }
    if count > 0 && order.firing != Firing::ByHand {
        order.firing = Firing::ByHand;
    }
    Ok(count > 0)
}

/// Marks the lines of a course as served. Returns whether any was not.
///
/// # Errors
/// `invalid_transition` while one of them is not done.
pub(super) fn serve_course(order: &mut Order, course: CourseNumber, now: Timestamp) -> Result<bool, Refusal> {
    let of_course = || order.items.values().filter(|item| item.is_of(course) && is_live(item));
    if !of_course().all(|item| item.status == ItemStatus::Done) {
        return Err(Refusal::new(RefusalKind::InvalidTransition, "not all dishes of this course are done; serve those that are"));
    }
    let unserved = order.items.values_mut().filter(|item| item.is_of(course) && is_live(item) && item.served_at.is_none());
    Ok(unserved.map(|item| item.served_at = Some(now)).count() > 0)
}
