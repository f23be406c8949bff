//! The state machine of orders: the rule for commands on an order.

use super::decision::{Decision, Steps, Write};
use super::place_order;
use crate::domain::model::command::{Cause, OrderAction};
use crate::domain::model::draft::{Moment, to_json};
use crate::domain::model::event::EventKind;
use crate::domain::model::order::{Item, Order};
use crate::domain::model::principal::{Principal, Role};
use crate::domain::model::refusal::{Refusal, RefusalKind};
use crate::domain::model::status::{Cell, ItemStatus, OrderStatus, RECALL_WINDOW, cell};
use crate::domain::values::ids::ItemId;
use crate::domain::values::position::Position;

/// The context of a decision on an order.
#[derive(Debug, Clone, Copy)]
pub struct TransitionContext<'a> {
    /// The sender, whose role is already known to permit the action.
    pub who: &'a Principal,
    /// The time and the feed's head.
    pub moment: Moment,
    /// The minutes to promise if `accept` names none.
    pub default_minutes: u16,
    /// The id for an item that the decision may split off.
    pub new_item: ItemId,
}

/// Decides on a command on an order. The caller has already checked the role and the diner's
/// ownership; this applies the transition table, the station rule and the diner's narrower right to
/// cancel.
///
/// # Errors
/// `stale`; `invalid_transition`; `not_found` for an item that the order does not have; `forbidden`
/// for another station's item; `invalid` for more portions than a line has; `too_large` if the
/// split of a line would exceed the limit on the document.
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
    if item_of(action).map(|id| find_item(order, id, at)).transpose()?.is_some_and(|item| holds(item, action)) {
        return Ok(unchanged(order));
    }
    let rush_holds = matches!(action, OrderAction::Rush(rush) if *rush == order.rush);
    match cell(order.status, action) {
        Cell::Holds => Ok(unchanged(order)),
        _ if rush_holds => Ok(unchanged(order)),
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
        | OrderAction::VoidSome(id, ..) => Some(*id),
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
const fn holds(item: &Item, action: &OrderAction) -> bool {
    matches!(
        (action, item.status),
        (OrderAction::StartItem(_) | OrderAction::RecallItem(_), ItemStatus::Cooking)
            | (OrderAction::FinishItem(_), ItemStatus::Done)
            | (OrderAction::VoidItem(..) | OrderAction::VoidSome(..), ItemStatus::Voided)
    )
}

/// Carries out an action that the table allows in the order's status.
fn act(order: &Order, action: &OrderAction, at: TransitionContext<'_>) -> Result<Decision, Refusal> {
    let mut work = Work { order: order.clone(), steps: Steps::from(to_json(order), at.moment), at };
    let changed = match action {
        OrderAction::Accept { minutes } => work.accept(minutes.unwrap_or(at.default_minutes)),
        OrderAction::Reject(cause) => work.close(OrderStatus::Rejected, EventKind::OrderRejected, cause),
        OrderAction::Cancel(cause) => {
            if at.who.role == Role::Diner && order.status != OrderStatus::Placed {
                return Err(Refusal::new(
                    RefusalKind::InvalidTransition,
                    "the restaurant has taken the order; ask the staff to cancel it",
                ));
            }
            work.close(OrderStatus::Cancelled, EventKind::OrderCancelled, cause)
        }
        OrderAction::Start => work.start(),
        OrderAction::Ready => work.ready(),
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
    };
    if changed { Ok(work.steps.decide(Write::Order(Box::new(work.order)))) } else { Ok(unchanged(order)) }
}

/// An order under change. Each method returns whether anything changed.
struct Work<'a> {
    order: Order,
    steps: Steps,
    at: TransitionContext<'a>,
}

impl Work<'_> {
    fn push(&mut self, kind: EventKind) -> bool {
        self.steps.push(kind, Some(self.order.id), &mut self.order);
        true
    }

    fn accept(&mut self, minutes: u16) -> bool {
        let now = self.at.moment.now;
        self.order.status = OrderStatus::Accepted;
        (self.order.accepted_at, self.order.promised_at) = (Some(now), Some(now.plus_minutes(minutes)));
        self.push(EventKind::OrderAccepted)
    }

    fn close(&mut self, status: OrderStatus, kind: EventKind, cause: &Cause) -> bool {
        self.order.status = status;
        self.order.closed_at = Some(self.at.moment.now);
        (self.order.reason, self.order.detail) = (Some(cause.reason), cause.detail.clone());
        self.push(kind)
    }

    /// Moves the items in scope from one of `from` to `to`. Returns whether there were any.
    fn move_items(&mut self, from: &[ItemStatus], to: ItemStatus) -> bool {
        let at = self.at;
        let is_movable = |item: &&mut Item| from.contains(&item.status) && in_scope(item, at);
        self.order.items.values_mut().filter(is_movable).map(|item| item.status = to).count() > 0
    }

    fn start(&mut self) -> bool {
        let moved = self.move_items(&[ItemStatus::Queued], ItemStatus::Cooking);
        if !moved && (self.order.status == OrderStatus::Preparing || self.at.who.station.is_some()) {
            return false;
        }
        let kind = if self.set_preparing() { EventKind::OrderStarted } else { EventKind::ItemStarted };
        self.push(kind)
    }

    fn ready(&mut self) -> bool {
        let moved = self.move_items(&[ItemStatus::Queued, ItemStatus::Cooking], ItemStatus::Done);
        if !moved && self.at.who.station.is_some() {
            return false;
        }
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
        if !self.move_items(&[ItemStatus::Done], ItemStatus::Cooking) {
            return Ok(false);
        }
        // Kitchen snapshots leave out served orders, so a screen that joined since has only this
        // event.
        let was_final = self.order.status.is_final();
        let kind = if self.set_preparing() { EventKind::OrderRecalled } else { EventKind::ItemRecalled };
        if was_final {
            self.steps.push_whole(kind, Some(self.order.id), &mut self.order);
            return Ok(true);
        }
        Ok(self.push(kind))
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

    fn rush(&mut self, rush: bool) -> bool {
        self.order.rush = rush;
        self.push(EventKind::OrderRushed)
    }

    fn item(&mut self, id: ItemId, from: &[ItemStatus], to: ItemStatus, kind: EventKind) -> Result<bool, Refusal> {
        match self.order.items.get_mut(&id) {
            Some(item) if from.contains(&item.status) => item.status = to,
            _ => return Err(Refusal::new(RefusalKind::InvalidTransition, "not possible for an item in this state")),
        }
        self.push(kind);
        Ok(self.follow_items())
    }

    /// Splits off a voided item. The rest of the line keeps its id and its status.
    fn void_some(&mut self, id: ItemId, quantity: u16, cause: &Cause) -> Result<bool, Refusal> {
        let Some(item) = self.order.items.get_mut(&id) else { return Ok(false) };
        if quantity > item.quantity {
            let message = format!("the line has only {} portions; check it again", item.quantity);
            return Err(Refusal::new(RefusalKind::Invalid, message));
        }
        if quantity == item.quantity {
            return Ok(self.void(id, cause));
        }
        item.quantity -= quantity;
        let (reason, detail) = (Some(cause.reason), cause.detail.clone());
        let voided = Item { quantity, status: ItemStatus::Voided, reason, detail, ..item.clone() };
        self.order.items.insert(self.at.new_item, voided);
        self.order.total = self.order.sum();
        place_order::check_bytes(&self.order)?;
        Ok(self.push(EventKind::ItemVoided))
    }

    fn void(&mut self, id: ItemId, cause: &Cause) -> bool {
        if let Some(item) = self.order.items.get_mut(&id) {
            item.status = ItemStatus::Voided;
            (item.reason, item.detail) = (Some(cause.reason), cause.detail.clone());
        }
        self.order.total = self.order.sum();
        self.push(EventKind::ItemVoided);
        if self.order.is_void() {
            return self.close(OrderStatus::Cancelled, EventKind::OrderCancelled, cause);
        }
        // Voiding the last item that is not done finishes the ticket. In any other case the order
        // keeps its status.
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
