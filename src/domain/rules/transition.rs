//! The state machine of orders: the rule for commands on an order.

use super::courses;
use super::decision::{Decision, Steps, Write};
use super::order_limits::OrderSize;
use super::place_order;
use super::round::{self, RoundContext};
use super::schedule;
use crate::domain::model::command::{Cause, Lines, OrderAction};
use crate::domain::model::course::CourseNumber;
use crate::domain::model::draft::{Moment, to_json};
use crate::domain::model::event::EventKind;
use crate::domain::model::line::{Correction, Round};
use crate::domain::model::menu::Menu;
use crate::domain::model::order::{Item, Order};
use crate::domain::model::principal::{Principal, Role};
use crate::domain::model::refusal::{Refusal, RefusalKind};
use crate::domain::model::status::{Cell, ItemStatus, OrderStatus, RECALL_WINDOW, cell};
use crate::domain::values::ids::ItemId;
use crate::domain::values::position::Position;
use crate::domain::values::time::Timestamp;
use uuid::Uuid;

/// The context of a decision on an order.
#[derive(Debug, Clone, Copy)]
pub struct TransitionContext<'a> {
    /// The sender, whose role is already known to permit the action.
    pub who: &'a Principal,
    /// The time and the feed's head.
    pub moment: Moment,
    /// The minutes to promise if `accept` names none.
    pub default_minutes: u16,
    /// Ids for the items that the decision may split off or add, ascending.
    pub new_items: &'a [Uuid],
    /// The menu, for the actions that read it.
    pub menu: Option<&'a Menu>,
    /// The limits on an order's size.
    pub size: &'a OrderSize,
}

impl<'a> TransitionContext<'a> {
    fn round(self) -> Result<RoundContext<'a>, Refusal> {
        let menu = self.menu.ok_or_else(|| Refusal::new(RefusalKind::NotFound, "the restaurant has no menu"))?;
        Ok(RoundContext { who: self.who, now: self.moment.now, menu, size: self.size, ids: self.new_items })
    }
}

/// Decides on a command on an order. The caller has already checked the role and the diner's
/// ownership; this applies the transition table, the station rule and the diner's narrower right to
/// cancel.
///
/// # Errors
/// `stale`; `invalid_transition`; `not_found` for an item that the order does not have; `forbidden`
/// for another station's item; `invalid` for more portions than a line has; `too_large` if the
/// split of a line would exceed the limit on the document; those of a round for what it adds or
/// corrects.
pub fn decide(
    order: &Order,
    action: &OrderAction,
    expected: Option<Position>,
    at: TransitionContext<'_>,
) -> Result<Decision, Refusal> {
    if expected.is_some_and(|position| position != order.position) {
        let message = "the order has changed since you last saw it; check it and try again";
        return Err(Refusal { document: Some(to_json(order)), ..Refusal::new(RefusalKind::Stale, message) });
    }
    if item_of(action).map(|id| find_item(order, id, at)).transpose()?.is_some_and(|item| holds(item, action, at.menu)) {
        return Ok(unchanged(order));
    }
    for id in action.only().unwrap_or_default() {
        find_item(order, *id, at)?;
    }
    if courses_hold(order, action, at) {
        return Ok(unchanged(order));
    }
    let flag_holds = match action {
        OrderAction::Rush(rush) => *rush == order.rush,
        OrderAction::StartNow => !order.upcoming,
        OrderAction::Reschedule(due) => order.due_at == Some(*due),
        _ => false,
    };
    match cell(order.status, action) {
        Cell::Holds => Ok(unchanged(order)),
        _ if flag_holds => Ok(unchanged(order)),
        Cell::Refused => Err(refused(order)),
        Cell::Allowed => act(order, action, at),
    }
}

fn unchanged(order: &Order) -> Decision {
    Decision::Keep { document: to_json(order), position: order.position }
}

fn refused(order: &Order) -> Refusal {
    Refusal::new(RefusalKind::InvalidTransition, format!("not possible while the order is {}", order.status))
}

const fn item_of(action: &OrderAction) -> Option<ItemId> {
    match action {
        OrderAction::StartItem(id)
        | OrderAction::FinishItem(id)
        | OrderAction::RecallItem(id)
        | OrderAction::VoidItem(id, _)
        | OrderAction::VoidSome(id, ..)
        | OrderAction::ServeItem(id)
        | OrderAction::Fire(Lines::Item(id))
        | OrderAction::Hold(Lines::Item(id))
        | OrderAction::ChangeItem(Correction { item: id, .. }) => Some(*id),
        _ => None,
    }
}

/// Returns an item of the order, if this principal may change it.
fn find_item<'a>(order: &'a Order, id: ItemId, at: TransitionContext<'_>) -> Result<&'a Item, Refusal> {
    let item = order.items.get(&id).ok_or_else(|| Refusal::new(RefusalKind::NotFound, "the order has no such item"))?;
    if in_scope(item, at) {
        Ok(item)
    } else {
        Err(Refusal::new(RefusalKind::Forbidden, format!("the item belongs to the station {}", item.station)))
    }
}

/// Whether the principal may change the item. A screen that is bound to a station may change only
/// that station's items.
fn in_scope(item: &Item, at: TransitionContext<'_>) -> bool {
    at.who.role != Role::Kitchen || at.who.station.as_ref().is_none_or(|station| *station == item.station)
}

/// Whether the item already has the status that the action asks for.
fn holds(item: &Item, action: &OrderAction, menu: Option<&Menu>) -> bool {
    match action {
        OrderAction::ChangeItem(correction) => return round::holds(item, correction, menu),
        OrderAction::ServeItem(_) => return item.served_at.is_some(),
        OrderAction::Hold(_) => return item.held,
        OrderAction::Fire(_) => return !item.held && item.status != ItemStatus::Voided,
        _ => {}
    }
    matches!(
        (action, item.status),
        (OrderAction::StartItem(_) | OrderAction::RecallItem(_), ItemStatus::Cooking)
            | (OrderAction::FinishItem(_), ItemStatus::Done)
            | (OrderAction::VoidItem(..) | OrderAction::VoidSome(..), ItemStatus::Voided)
    )
}

/// Whether all lines of a course are already held or fired, as requested.
fn courses_hold(order: &Order, action: &OrderAction, at: TransitionContext<'_>) -> bool {
    let (course, held) = match action {
        OrderAction::Fire(Lines::Course(course)) => (*course, false),
        OrderAction::Hold(Lines::Course(course)) => (*course, true),
        _ => return false,
    };
    let live = |item: &&Item| item.is_of(course) && item.status != ItemStatus::Voided && in_scope(item, at);
    let mut lines = order.items.values().filter(live).peekable();
    lines.peek().is_some() && lines.all(|item| item.held == held)
}

/// Carries out an action that the table allows in the order's status.
fn act(order: &Order, action: &OrderAction, at: TransitionContext<'_>) -> Result<Decision, Refusal> {
    let mut work = Work { order: order.clone(), steps: Steps::from(to_json(order), at.moment), at };
    let is_begun = work.begin_if_due();
    schedule::check_not_upcoming(&work.order, action)?;
    let changed = match action {
        OrderAction::Accept { minutes } => work.accept(minutes.unwrap_or(at.default_minutes)),
        OrderAction::Reject(cause) => work.close(OrderStatus::Rejected, EventKind::OrderRejected, cause),
        OrderAction::Cancel(cause) => {
            work.check_not_taken("the restaurant has taken the order; ask the staff to cancel it")?;
            work.close(OrderStatus::Cancelled, EventKind::OrderCancelled, cause)
        }
        OrderAction::Start => work.start(),
        OrderAction::StartSome(only) => work.start_some(only),
        OrderAction::Ready => work.ready(),
        OrderAction::ReadySome(only) => work.ready_some(only),
        OrderAction::Recall => work.recall()?,
        OrderAction::Serve => work.serve(),
        OrderAction::Promise { minutes } => work.promise(*minutes),
        OrderAction::Rush(rush) => work.rush(*rush),
        OrderAction::StartItem(id) => work.item(*id, &[ItemStatus::Queued], ItemStatus::Cooking, EventKind::ItemStarted)?,
        OrderAction::FinishItem(id) => {
            work.item(*id, &[ItemStatus::Queued, ItemStatus::Cooking], ItemStatus::Done, EventKind::ItemFinished)?
        }
        OrderAction::RecallItem(id) => work.item(*id, &[ItemStatus::Done], ItemStatus::Cooking, EventKind::ItemRecalled)?,
        OrderAction::VoidItem(id, cause) => work.void(*id, cause),
        OrderAction::VoidSome(id, quantity, cause) => work.void_some(*id, *quantity, cause)?,
        OrderAction::AddItems(round) => work.add_items(round)?,
        OrderAction::ChangeItem(correction) => work.change_item(correction)?,
        OrderAction::Fire(lines) => work.fire(*lines)?,
        OrderAction::Hold(lines) => work.hold(*lines)?,
        OrderAction::ServeItem(id) => work.serve_item(*id)?,
        OrderAction::ServeCourse(course) => work.serve_course(*course)?,
        OrderAction::StartNow => work.start_now(),
        OrderAction::Reschedule(due) => work.reschedule(*due)?,
    };
    if !changed && !is_begun {
        return Ok(unchanged(order));
    }
    work.fire_next();
    Ok(work.steps.decide(Write::Order(Box::new(work.order))))
}

/// An order under change. Each method returns whether anything changed.
struct Work<'a> {
    order: Order,
    steps: Steps,
    at: TransitionContext<'a>,
}

impl Work<'_> {
    fn push(&mut self, kind: EventKind) -> bool {
        courses::plan(&mut self.order, self.at.moment.now);
        self.steps.push(kind, Some(self.order.id), &mut self.order);
        true
    }

    /// Refuses a guest's change of an order that the restaurant has accepted.
    fn check_not_taken(&self, message: &str) -> Result<(), Refusal> {
        if self.at.who.role == Role::Diner && self.order.status != OrderStatus::Placed {
            return Err(Refusal::new(RefusalKind::InvalidTransition, message));
        }
        Ok(())
    }

    fn accept(&mut self, minutes: u16) -> bool {
        let now = self.at.moment.now;
        self.order.status = OrderStatus::Accepted;
        self.order.accepted_at = Some(now);
        schedule::promise(&mut self.order, minutes, now);
        self.push(EventKind::OrderAccepted)
    }

    fn close(&mut self, status: OrderStatus, kind: EventKind, cause: &Cause) -> bool {
        (self.order.status, self.order.upcoming) = (status, false);
        self.order.closed_at = Some(self.at.moment.now);
        (self.order.reason, self.order.detail) = (Some(cause.reason), cause.detail.clone());
        self.push(kind)
    }

    /// Moves items in scope from one of the states `from` to `to`, if `is_meant`. Returns whether there were any.
    fn move_items(&mut self, is_meant: impl Fn(ItemId) -> bool, from: &[ItemStatus], to: ItemStatus) -> bool {
        let at = self.at;
        let is_movable =
            |(id, item): &(&ItemId, &mut Item)| is_meant(**id) && from.contains(&item.status) && !item.held && in_scope(item, at);
        self.order.items.iter_mut().filter(is_movable).map(|(_, item)| item.status = to).count() > 0
    }

    fn start(&mut self) -> bool {
        let moved = self.move_items(|_| true, &[ItemStatus::Queued], ItemStatus::Cooking);
        let is_idle = self.order.status == OrderStatus::Preparing || self.at.who.station.is_some() || self.order.has_held();
        (moved || !is_idle) && self.follow_start()
    }

    fn start_some(&mut self, only: &[ItemId]) -> bool {
        self.move_items(|id| only.contains(&id), &[ItemStatus::Queued], ItemStatus::Cooking) && self.follow_start()
    }

    fn follow_start(&mut self) -> bool {
        let kind = if self.set_preparing() { EventKind::OrderStarted } else { EventKind::ItemStarted };
        self.push(kind)
    }

    fn ready(&mut self) -> bool {
        let moved = self.move_items(|_| true, &[ItemStatus::Queued, ItemStatus::Cooking], ItemStatus::Done);
        let is_idle = self.at.who.station.is_some() || self.order.has_held();
        (moved || !is_idle) && self.follow_ready()
    }

    fn ready_some(&mut self, only: &[ItemId]) -> bool {
        let is_meant = |id| only.contains(&id);
        self.move_items(is_meant, &[ItemStatus::Queued, ItemStatus::Cooking], ItemStatus::Done) && self.follow_ready()
    }

    fn follow_ready(&mut self) -> bool {
        if self.order.is_settled() {
            self.set_ready();
            return self.push(EventKind::OrderReady);
        }
        self.set_preparing();
        self.push(EventKind::ItemFinished)
    }

    fn recall(&mut self) -> Result<bool, Refusal> {
        let too_late = self.order.served_at.is_some_and(|served| self.at.moment.now.since(served) > RECALL_WINDOW);
        if too_late {
            return Err(Refusal::new(RefusalKind::InvalidTransition, "served more than 15 minutes ago; place a new order"));
        }
        if !self.recall_items() {
            return Ok(false);
        }
        // Kitchen snapshots leave out served orders, so a screen that joined since has only this
        // event.
        let was_final = self.order.status.is_final();
        let kind = if self.set_preparing() { EventKind::OrderRecalled } else { EventKind::ItemRecalled };
        if was_final {
            courses::plan(&mut self.order, self.at.moment.now);
            self.steps.push_whole(kind, Some(self.order.id), &mut self.order);
            return Ok(true);
        }
        Ok(self.push(kind))
    }

    /// Moves done items back to cooking. Items that were served move only if the whole order was served.
    fn recall_items(&mut self) -> bool {
        let (at, is_served) = (self.at, self.order.status == OrderStatus::Served);
        let is_recallable =
            |item: &&mut Item| item.status == ItemStatus::Done && in_scope(item, at) && (is_served || item.served_at.is_none());
        let recalled = self.order.items.values_mut().filter(is_recallable);
        recalled.map(|item| (item.status, item.served_at) = (ItemStatus::Cooking, None)).count() > 0
    }

    fn fire(&mut self, lines: Lines) -> Result<bool, Refusal> {
        self.check_course(lines)?;
        let at = self.at;
        let is_fired = courses::fire_by_hand(&mut self.order, lines, |item| in_scope(item, at), at.moment.now);
        Ok(is_fired && self.push(EventKind::ItemFired))
    }

    fn hold(&mut self, lines: Lines) -> Result<bool, Refusal> {
        self.check_course(lines)?;
        let at = self.at;
        Ok(courses::hold_by_hand(&mut self.order, lines, |item| in_scope(item, at))? && self.push(EventKind::ItemHeld))
    }

    fn check_course(&self, lines: Lines) -> Result<(), Refusal> {
        match lines {
            Lines::Course(number) => courses::check_course(&self.order, number),
            Lines::Item(_) => Ok(()),
        }
    }

    /// Fires the next course in an event of its own, if the last change has made it time.
    fn fire_next(&mut self) {
        if courses::fire_next(&mut self.order, self.at.moment.now) {
            self.push(EventKind::ItemFired);
        }
    }

    fn serve_item(&mut self, id: ItemId) -> Result<bool, Refusal> {
        let now = self.at.moment.now;
        match self.order.items.get_mut(&id) {
            Some(item) if item.status == ItemStatus::Done => item.served_at = Some(now),
            _ => return Err(Refusal::new(RefusalKind::InvalidTransition, "the kitchen has not finished this dish")),
        }
        Ok(self.follow_serving())
    }

    fn serve_course(&mut self, course: CourseNumber) -> Result<bool, Refusal> {
        courses::check_course(&self.order, course)?;
        Ok(courses::serve_course(&mut self.order, course, self.at.moment.now)? && self.follow_serving())
    }

    /// Closes an order of which everything was served.
    fn follow_serving(&mut self) -> bool {
        self.push(EventKind::ItemServed);
        if self.order.status == OrderStatus::Ready && self.order.is_all_served() {
            return self.serve();
        }
        true
    }

    fn serve(&mut self) -> bool {
        let now = Some(self.at.moment.now);
        self.order.status = OrderStatus::Served;
        (self.order.served_at, self.order.closed_at) = (now, now);
        self.push(EventKind::OrderServed)
    }

    fn promise(&mut self, minutes: u16) -> bool {
        self.order.promised_at = Some(self.at.moment.now.plus_minutes(minutes));
        self.push(EventKind::OrderPromised)
    }

    /// Begins with an order for later whose time has come, if the clock's own event is late.
    fn begin_if_due(&mut self) -> bool {
        schedule::begin_if_due(&mut self.order, self.at.moment.now) && self.push(EventKind::OrderDue)
    }

    fn start_now(&mut self) -> bool {
        schedule::begin_now(&mut self.order, self.at.moment.now) && self.push(EventKind::OrderDue)
    }

    fn reschedule(&mut self, due: Timestamp) -> Result<bool, Refusal> {
        schedule::reschedule(&mut self.order, due, self.at.default_minutes, self.at.moment.now)?;
        let zone = self.at.menu.map(|menu| menu.time_zone.clone()).unwrap_or_default();
        schedule::keep_ticket_for_its_day(&mut self.order, due, &zone);
        Ok(self.push(EventKind::OrderRescheduled))
    }

    fn rush(&mut self, rush: bool) -> bool {
        self.order.rush = rush;
        self.push(EventKind::OrderRushed)
    }

    fn item(&mut self, id: ItemId, from: &[ItemStatus], to: ItemStatus, kind: EventKind) -> Result<bool, Refusal> {
        match self.order.items.get_mut(&id) {
            Some(item) if from.contains(&item.status) && !item.held => (item.status, item.served_at) = (to, None),
            Some(item) if item.held => {
                return Err(Refusal::new(RefusalKind::InvalidTransition, "this dish is held; fire it first"));
            }
            _ => return Err(Refusal::new(RefusalKind::InvalidTransition, "not possible for an item in this state")),
        }
        self.push(kind);
        Ok(self.follow_items())
    }

    /// Adds a round. The promise becomes no earlier than that of a new order.
    fn add_items(&mut self, round: &Round) -> Result<bool, Refusal> {
        round::add(&mut self.order, round, self.at.round()?)?;
        let earliest = self.at.moment.now.plus_minutes(self.at.default_minutes);
        self.order.promised_at = self.order.promised_at.map(|promised| promised.max(earliest));
        self.push(EventKind::ItemAdded);
        if self.order.status == OrderStatus::Ready {
            self.set_preparing();
            self.push(EventKind::OrderRecalled);
        }
        Ok(true)
    }

    fn change_item(&mut self, correction: &Correction) -> Result<bool, Refusal> {
        self.check_not_taken("the restaurant has taken the order; ask the staff to change it")?;
        round::correct(&mut self.order, correction, self.at.round()?)?;
        Ok(self.push(EventKind::ItemChanged))
    }

    /// Splits off a voided item. The rest of the line keeps its id and its status.
    fn void_some(&mut self, id: ItemId, quantity: u16, cause: &Cause) -> Result<bool, Refusal> {
        let (Some(item), Some(new_item)) = (self.order.items.get_mut(&id), self.at.new_items.first()) else { return Ok(false) };
        if quantity > item.quantity {
            let message = format!("the line has only {} portions; check it again", item.quantity);
            return Err(Refusal::new(RefusalKind::Invalid, message));
        }
        if quantity == item.quantity {
            return Ok(self.void(id, cause));
        }
        item.quantity -= quantity;
        let (reason, detail) = (Some(cause.reason), cause.detail.clone());
        let voided = Item { quantity, status: ItemStatus::Voided, held: false, served_at: None, reason, detail, ..item.clone() };
        self.order.items.insert(ItemId::from_uuid(*new_item), voided);
        self.order.total = self.order.sum();
        place_order::check_bytes(&self.order)?;
        Ok(self.push(EventKind::ItemVoided))
    }

    fn void(&mut self, id: ItemId, cause: &Cause) -> bool {
        if let Some(item) = self.order.items.get_mut(&id) {
            item.status = ItemStatus::Voided;
            (item.reason, item.detail) = (Some(cause.reason), cause.detail.clone());
            (item.held, item.served_at) = (false, None);
        }
        self.order.total = self.order.sum();
        self.push(EventKind::ItemVoided);
        if self.order.is_void() {
            return self.close(OrderStatus::Cancelled, EventKind::OrderCancelled, cause);
        }
        // When the last unfinished item is voided, the ticket is finished. When the last unserved item is voided, the order
        // ends. Otherwise the order keeps its status.
        if self.order.is_all_served() {
            self.order.ready_at.get_or_insert(self.at.moment.now);
            return self.serve();
        }
        if self.order.status == OrderStatus::Preparing && self.order.is_settled() {
            self.set_ready();
            return self.push(EventKind::OrderReady);
        }
        true
    }

    /// Updates the order's own status after an item has moved, in an event of its own.
    fn follow_items(&mut self) -> bool {
        if self.order.is_settled() {
            self.set_ready();
            return self.push(EventKind::OrderReady);
        }
        let was = self.order.status;
        if self.set_preparing() {
            return self.push(if was == OrderStatus::Accepted { EventKind::OrderStarted } else { EventKind::OrderRecalled });
        }
        true
    }

    fn set_ready(&mut self) {
        self.order.status = OrderStatus::Ready;
        self.order.ready_at = Some(self.at.moment.now);
    }

    /// Sets the status to `preparing` and removes the times that a recall undoes. Returns whether
    /// the status changed.
    fn set_preparing(&mut self) -> bool {
        let moved = self.order.status != OrderStatus::Preparing;
        self.order.status = OrderStatus::Preparing;
        self.order.started_at.get_or_insert(self.at.moment.now);
        (self.order.ready_at, self.order.served_at, self.order.closed_at) = (None, None, None);
        moved
    }
}
