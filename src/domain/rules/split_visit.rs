//! The rule for splitting lines off a visit, and for undoing that. An order of which every line goes moves as a whole; of
//! another one the lines become a new order.

use super::decision::OrderSteps;
use super::{courses, place_order};
use crate::domain::model::course::Firing;
use crate::domain::model::draft::{Draft, Moment};
use crate::domain::model::event::EventKind;
use crate::domain::model::order::{Item, Order, Origin};
use crate::domain::model::refusal::{Refusal, RefusalKind, invalid};
use crate::domain::model::split::{Part, Split, SplitLine, SplitTo};
use crate::domain::model::status::{ItemStatus, OrderStatus};
use crate::domain::model::ticket_counter::TicketCounter;
use crate::domain::model::visit::{Beside, MOST_MOVED, OpenVisit, Seating, VisitChange, VisitWrite};
use crate::domain::values::day::Day;
use crate::domain::values::ids::{ItemId, OrderId, VisitChangeId, VisitId};
use crate::domain::values::limit::MAX_QUANTITY;
use crate::domain::values::money::Money;
use crate::domain::values::text::TableLabel;
use crate::domain::values::time::Timestamp;
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

/// The numbers and the ids of what a change of a visit makes, made by the caller.
#[derive(Debug, Clone)]
pub struct NewVisitIds {
    /// The change's id.
    pub change: VisitChangeId,
    /// Ids for a visit, for orders and for lines, ascending: as many as [`NewVisitIds::needed`] says.
    pub others: Vec<Uuid>,
    /// The restaurant's next order number.
    pub number: u32,
    /// The counter of tickets.
    pub tickets: TicketCounter,
    /// The restaurant's day.
    pub day: Day,
}

impl NewVisitIds {
    /// Returns the number of ids that a split of some lines may need: each may be of another order, and leave some portions.
    #[must_use]
    pub const fn needed(lines: usize) -> usize {
        1 + 2 * lines
    }
}

/// What a split changes.
pub struct Outcome {
    /// The rows.
    pub write: VisitWrite,
    /// The events.
    pub drafts: Vec<Draft>,
    /// The orders of the visit after it.
    pub orders: Vec<Order>,
}

/// Portions by line.
type Portions = BTreeMap<ItemId, u16>;

/// Splits lines off.
///
/// # Errors
/// `not_found` for a line that the visit does not have; `invalid` for a table that does not exist, for more portions than a
/// line has, and if nothing would stay; `conflict` while others are at the table; `invalid_transition` for lines of an order
/// that nobody has accepted, or that was cancelled.
pub(super) fn split(
    visit: &OpenVisit,
    seating: &Seating,
    lines: &[SplitLine],
    to: &SplitTo,
    new: &NewVisitIds,
    moment: Moment,
) -> Result<Outcome, Refusal> {
    let mut ids = new.others.iter().copied();
    let (target, is_new) = target(visit, seating, to, &mut ids, moment.now)?;
    let wanted = wanted(&seating.orders, lines)?;
    check_rest(&seating.orders, &wanted)?;
    let known = seating.beside.as_ref().map_or(0, |beside| beside.orders.len());
    if known + wanted.len() > MOST_MOVED || seating.orders.len() > MOST_MOVED {
        return Err(invalid(format!("the visit would have more than {MOST_MOVED} orders")));
    }
    let mut work =
        Splitting { table: &target.table, new, ids, now: moment.now, steps: OrderSteps::from(moment), tickets: new.tickets };
    let (mut kept, mut whole, mut changed, mut placed, mut parts) = (Vec::new(), Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for order in &seating.orders {
        match wanted.get(&order.id) {
            None => kept.push(order.clone()),
            Some(portions) if is_all(order, portions) => whole.push(work.move_whole(order)),
            Some(portions) => {
                let number = new.number.saturating_add(u32::try_from(placed.len()).unwrap_or(u32::MAX));
                let (rest, part, record) = work.part(order, portions, number)?;
                kept.push(rest.clone());
                changed.push(rest);
                placed.push(part);
                parts.push(record);
            }
        }
    }
    let split =
        Split { visit: target.id, is_new, bill: target.bill, orders: whole.iter().map(|order| order.id).collect(), parts };
    let change = VisitChange {
        id: new.change,
        visit: visit.id,
        position: moment.head.next(),
        at: moment.now,
        from: visit.table.clone(),
        to: target.table.clone(),
        bill: None,
        merged: None,
        split: Some(split),
        is_undone: false,
        guests: Vec::new(),
    };
    let tickets = (!placed.is_empty()).then_some(work.tickets);
    let drafts = work.steps.drafts;
    Ok(Outcome { write: VisitWrite { orders: whole, changed, placed, tickets, ..VisitWrite::new(change) }, drafts, orders: kept })
}

/// Returns the visit that the lines come to, and whether it is a new one.
fn target(
    visit: &OpenVisit,
    seating: &Seating,
    to: &SplitTo,
    ids: &mut impl Iterator<Item = Uuid>,
    now: Timestamp,
) -> Result<(OpenVisit, bool), Refusal> {
    let mut open = |table: &TableLabel, bill| {
        let id = ids.next().map(VisitId::from_uuid).ok_or_else(too_few_ids)?;
        Ok((OpenVisit { id, table: table.clone(), opened_at: now, bill }, true))
    };
    match to {
        SplitTo::OwnBill => open(&visit.table, Some(seating.next_bill())),
        SplitTo::Table(_) if !seating.has_table => Err(invalid("table: the restaurant has no such table")),
        SplitTo::Table(table) if seating.is_taken || seating.calls.values().any(|call| call.table == *table) => {
            Err(Refusal::new(RefusalKind::Conflict, "other guests are at this table; split the lines into their visit"))
        }
        SplitTo::Table(table) => open(table, None),
        SplitTo::Visit(into) if *into == visit.id => Err(invalid("into: lines cannot be split into their own visit")),
        SplitTo::Visit(_) => {
            let missing = || Refusal::new(RefusalKind::NotFound, "no such visit to split into; it may be over");
            Ok((seating.beside.as_ref().map(|beside| beside.visit.clone()).ok_or_else(missing)?, false))
        }
    }
}

/// The caller makes as many ids as there may be new things, so this never happens.
fn too_few_ids() -> Refusal {
    invalid("lines: too many")
}

/// Returns the portions to take, by order and line.
fn wanted(orders: &[Order], lines: &[SplitLine]) -> Result<BTreeMap<OrderId, Portions>, Refusal> {
    if lines.is_empty() {
        return Err(invalid("lines: name at least one"));
    }
    let mut wanted: BTreeMap<OrderId, Portions> = BTreeMap::new();
    for line in lines {
        let order = orders.iter().find(|order| order.id == line.order);
        let found = order.and_then(|order| Some((order, order.items.get(&line.item)?)));
        let (order, item) = found.ok_or_else(|| Refusal::new(RefusalKind::NotFound, "the visit has no such line"))?;
        if matches!(order.status, OrderStatus::Rejected | OrderStatus::Cancelled) || item.status == ItemStatus::Voided {
            return Err(Refusal::new(RefusalKind::InvalidTransition, "a line that was taken off the bill cannot be split off"));
        }
        let portions = line.quantity.unwrap_or(item.quantity);
        if portions > item.quantity {
            return Err(invalid(format!("lines: the line has only {} portions; check it again", item.quantity)));
        }
        if wanted.entry(line.order).or_default().insert(line.item, portions).is_some() {
            return Err(invalid("lines: name each line once"));
        }
    }
    Ok(wanted)
}

fn live(order: &Order) -> impl Iterator<Item = (&ItemId, &Item)> {
    order.items.iter().filter(|(_, item)| item.status != ItemStatus::Voided)
}

fn is_all(order: &Order, portions: &Portions) -> bool {
    live(order).all(|(id, item)| portions.get(id) == Some(&item.quantity))
}

/// Checks that something stays on the bill.
fn check_rest(orders: &[Order], wanted: &BTreeMap<OrderId, Portions>) -> Result<(), Refusal> {
    let counts = |order: &&Order| !matches!(order.status, OrderStatus::Rejected | OrderStatus::Cancelled) && !order.is_emptied();
    let goes = |order: &Order| wanted.get(&order.id).is_some_and(|portions| is_all(order, portions));
    if orders.iter().filter(counts).all(goes) {
        return Err(invalid("lines: these are all lines of the visit; move or merge it"));
    }
    Ok(())
}

struct Splitting<'a, I> {
    table: &'a TableLabel,
    new: &'a NewVisitIds,
    ids: I,
    now: Timestamp,
    steps: OrderSteps,
    tickets: TicketCounter,
}

impl<I: Iterator<Item = Uuid>> Splitting<'_, I> {
    fn move_whole(&mut self, order: &Order) -> Order {
        let moved = Order { table: Some(self.table.clone()), ..order.clone() };
        self.steps.push(EventKind::OrderMoved, Some(order), moved)
    }

    /// Returns what stays of an order, the new one with the lines that go, and the record of that.
    fn part(&mut self, order: &Order, portions: &Portions, number: u32) -> Result<(Order, Order, Part), Refusal> {
        if order.status == OrderStatus::Placed {
            let message = "accept the order before you split it, or take all of it";
            return Err(Refusal::new(RefusalKind::InvalidTransition, message));
        }
        let (ticket, tickets) = self.tickets.next(self.new.day, order.service);
        let id = self.ids.next().map(OrderId::from_uuid).ok_or_else(too_few_ids)?;
        let origin = Origin { order: order.id, number: order.number, ticket: order.ticket, table: order.table.clone() };
        let mut part = Order {
            id,
            number,
            ticket: Some(ticket),
            table: Some(self.table.clone()),
            external_id: None,
            split_from: Some(origin),
            items: BTreeMap::new(),
            ..order.clone()
        };
        let mut rest = order.clone();
        let mut lines = BTreeMap::new();
        for (&item, &portions) in portions {
            match rest.items.get_mut(&item) {
                Some(line) if portions < line.quantity => {
                    let gone = self.ids.next().map(ItemId::from_uuid).ok_or_else(too_few_ids)?;
                    line.quantity -= portions;
                    part.items.insert(gone, Item { quantity: portions, ..line.clone() });
                    lines.insert(gone, item);
                }
                _ => part.items.extend(rest.items.remove(&item).map(|line| (item, line))),
            }
        }
        let was_fired_by = order.firing;
        let firing = courses::leave_to_hand(&mut rest).then_some(was_fired_by);
        courses::leave_to_hand(&mut part);
        [&mut rest, &mut part].into_iter().for_each(|order| settle(order, self.now));
        place_order::check_bytes(&part)?;
        self.tickets = tickets;
        let rest = self.steps.push(EventKind::ItemMoved, Some(order), rest);
        let part = self.steps.push(EventKind::OrderPlaced, None, part);
        Ok((rest, part, Part { from: order.id, order: id, lines, firing }))
    }
}

/// Sets the total and the status after lines have left.
fn settle(order: &mut Order, now: Timestamp) {
    order.total = order.sum();
    if order.status.is_final() {
        return;
    }
    if order.is_all_served() {
        order.ready_at.get_or_insert(now);
        (order.status, order.served_at, order.closed_at) = (OrderStatus::Served, Some(now), Some(now));
    } else if order.status == OrderStatus::Preparing && order.is_settled() {
        (order.status, order.ready_at) = (OrderStatus::Ready, Some(now));
    }
}

/// Moves the lines of a split back, as they are now. The caller has checked that it is the last change of the visit, and in
/// time.
///
/// # Errors
/// `invalid_transition` if the visit that has the lines has changed since or is over, or if an order was cancelled.
pub(super) fn undo(
    visit: &OpenVisit,
    seating: &Seating,
    change: VisitChange,
    split: &Split,
    moment: Moment,
) -> Result<Outcome, Refusal> {
    let refuse = |message| Refusal::new(RefusalKind::InvalidTransition, message);
    let beside =
        seating.beside.as_ref().ok_or_else(|| refuse("the visit with these lines is over; nothing comes back from it"))?;
    let is_later = |other: &&VisitChange| !other.is_undone && other.position > change.position;
    if beside.changes.iter().any(|other| is_later(&other)) {
        return Err(refuse("the visit with these lines has changed since; undo that first"));
    }
    let (mut steps, mut orders) = (OrderSteps::from(moment), seating.orders.clone());
    let (mut whole, mut changed, mut gone) = (Vec::new(), Vec::new(), BTreeSet::new());
    for order in beside.orders.iter().filter(|order| split.orders.contains(&order.id)) {
        let moved = Order { table: Some(visit.table.clone()), ..order.clone() };
        whole.push(steps.push(EventKind::OrderMoved, Some(order), moved));
        gone.insert(order.id);
    }
    for record in &split.parts {
        let part = beside.orders.iter().find(|order| order.id == record.order);
        let kept = orders.iter_mut().find(|order| order.id == record.from);
        let (Some(part), Some(kept)) = (part, kept) else { return Err(refuse("the lines are on another bill by now")) };
        let is_off = |order: &Order| matches!(order.status, OrderStatus::Rejected | OrderStatus::Cancelled);
        if is_off(kept) || is_off(part) {
            return Err(refuse("an order was cancelled since, so its lines cannot come back"));
        }
        let joined = rejoin(kept, part, record, moment.now);
        place_order::check_bytes(&joined)?;
        *kept = steps.push(EventKind::ItemMoved, Some(kept), joined);
        changed.push(kept.clone());
        changed.push(steps.push(EventKind::ItemMoved, Some(part), emptied(part, moment.now)));
        gone.insert(part.id);
    }
    orders.extend(whole.iter().cloned());
    orders.sort_by_key(|order| order.id);
    let is_beside_over = is_over(beside, &gone);
    let write =
        VisitWrite { orders: whole, changed, is_beside_over, ..VisitWrite::new(VisitChange { is_undone: true, ..change }) };
    Ok(Outcome { write, drafts: steps.drafts, orders })
}

/// Whether a visit has no order once some are gone.
fn is_over(beside: &Beside, gone: &BTreeSet<OrderId>) -> bool {
    beside.orders.iter().all(|order| order.is_emptied() || gone.contains(&order.id))
}

/// Returns an order with the lines of its part. Portions that are as the rest of their line are one line with it again.
fn rejoin(kept: &Order, part: &Order, record: &Part, now: Timestamp) -> Order {
    let are_served = kept.status == OrderStatus::Served && part.status == OrderStatus::Served;
    let mut joined = Order { items: lines_of(kept, are_served), ..kept.clone() };
    for (id, item) in lines_of(part, are_served) {
        let rest = record.lines.get(&id).and_then(|line| joined.items.get_mut(line));
        let is_same = |rest: &Item| Item { quantity: rest.quantity, ..item.clone() } == *rest;
        match rest.filter(|rest| is_same(rest) && rest.quantity + item.quantity <= MAX_QUANTITY) {
            Some(rest) => rest.quantity += item.quantity,
            None => drop(joined.items.insert(id, item)),
        }
    }
    joined.total = joined.sum();
    if let Some(firing) = record.firing.filter(|_| joined.firing == Firing::ByHand) {
        joined.firing = firing;
    }
    if !are_served {
        restore_status(&mut joined, kept, part, now);
    }
    courses::wait_again(&mut joined, part);
    joined
}

/// Returns the lines of an order. If it was served, but not all that it is joined with, each says so.
fn lines_of(order: &Order, are_all_served: bool) -> BTreeMap<ItemId, Item> {
    let served_at = order.served_at.filter(|_| order.status == OrderStatus::Served && !are_all_served);
    let served = |item: &Item| item.served_at.or(served_at.filter(|_| item.status == ItemStatus::Done));
    order.items.iter().map(|(&id, item)| (id, Item { served_at: served(item), ..item.clone() })).collect()
}

/// Sets the status that an order has by its lines.
fn restore_status(joined: &mut Order, kept: &Order, part: &Order, now: Timestamp) {
    let has_begun = [kept, part].iter().any(|order| order.status != OrderStatus::Accepted);
    joined.started_at = kept.started_at.into_iter().chain(part.started_at).min();
    (joined.ready_at, joined.served_at, joined.closed_at) = (None, None, None);
    joined.status = match () {
        () if joined.is_settled() => {
            joined.ready_at = kept.ready_at.max(part.ready_at).or(Some(now));
            OrderStatus::Ready
        }
        () if has_begun => OrderStatus::Preparing,
        () => OrderStatus::Accepted,
    };
    settle(joined, now);
}

/// Returns an order that has no lines any more. It is closed, so that no screen shows it.
fn emptied(part: &Order, now: Timestamp) -> Order {
    let total = Money::zero(part.total.currency);
    let (served_at, closed_at) = (part.served_at.or(Some(now)), part.closed_at.or(Some(now)));
    Order { status: OrderStatus::Served, served_at, closed_at, fires_at: None, items: BTreeMap::new(), total, ..part.clone() }
}
