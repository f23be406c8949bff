//! The fold of a group of commands. It decides on each command in order, on the state that the
//! commands before it have left, and collects what to write. Pure: the backend reads before it and
//! writes after it.
//!
//! A group has the same results as its members one by one: answers, events, positions, refusals. A
//! member that fails changes nothing.

use super::error::broken;
use super::labels::{label_of, labelled, with_outcome};
use super::log::{Ack, CommandKey, Committed, ExternalOrder, Reads, State, Work};
use super::order_write::{self, OrderWrite};
use super::{Result, StoreError, answer};
use crate::domain::menu_changes::MenuChanges;
use crate::domain::model::call::{Call, Calls};
use crate::domain::model::display::Known;
use crate::domain::model::draft::{Draft, Moment};
use crate::domain::model::event::{By, Event, EventKind};
use crate::domain::model::history::{Link, Mark};
use crate::domain::model::house_rules::HouseRules;
use crate::domain::model::menu::Menu;
use crate::domain::model::order::{Item, Order};
use crate::domain::model::refusal::{Refusal, RefusalKind};
use crate::domain::model::ticket_counter::TicketCounter;
use crate::domain::model::undrawn::{self, Tickets};
use crate::domain::model::visit::{Seating, VisitWrite};
use crate::domain::rules::decision::{Decision, Write};
use crate::domain::rules::order_limits::{Guest, OpenOrders};
use crate::domain::values::ids::{CallId, CommandId, EventId, Generation, ItemId, OrderId, RestaurantId};
use crate::domain::values::position::Position;
use crate::domain::values::text::{Key, TableLabel};
use crate::domain::values::time::Timestamp;
use crate::store::audit::Note;
use serde_json::value::to_raw_value;
use std::collections::{BTreeMap, HashMap};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use uuid::Uuid;

/// The key of a remembered answer.
pub type AnswerKey = (RestaurantId, Key, CommandId);
/// The number that an order has in a POS or at an aggregator.
pub type ExternalKey = (RestaurantId, Key);

/// A feed, and the defaults of its restaurant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Feed {
    /// The position of the last event.
    pub head: Position,
    /// The generation of the history.
    pub generation: Option<Generation>,
    /// The last event, unless a node of an older version has appended it.
    pub last: Option<Mark>,
    /// The number of the next order.
    pub next_number: u32,
    /// The last tickets.
    pub tickets: TicketCounter,
    /// Minutes that `accept` promises when it names none.
    pub default_minutes: u16,
    /// The version of its row, which differs after each change of the row by others.
    pub version: i64,
}

impl Feed {
    /// Returns where the next events continue the history, if the event before them is known.
    #[must_use]
    pub fn link(&self) -> Option<Link> {
        self.last.map(|after| Link { generation: self.generation, after })
    }
}

/// A remembered answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remembered {
    /// The fingerprint of the command.
    pub fingerprint: Vec<u8>,
    /// The answer, as its column has it.
    pub answer: String,
}

/// An order that was placed under an external number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct External {
    /// The order.
    pub order: OrderId,
    /// The `sub` of the principal that placed it.
    pub source: Key,
    /// The fingerprint of the command that placed it.
    pub fingerprint: Vec<u8>,
}

/// The state that a group reads. A key that is not in the database is not in these maps.
#[derive(Debug, Default)]
pub struct Reading {
    /// The feeds.
    pub feeds: HashMap<RestaurantId, Feed>,
    /// The rules of those restaurants that have any.
    pub rules: HashMap<RestaurantId, Arc<HouseRules>>,
    /// The answers that are remembered already.
    pub answers: HashMap<AnswerKey, Remembered>,
    /// The orders, also those that external numbers lead to.
    pub orders: HashMap<(RestaurantId, OrderId), Order>,
    /// The orders of external numbers, the first one first.
    pub external: HashMap<ExternalKey, Vec<External>>,
    /// The menus.
    pub menus: HashMap<RestaurantId, Arc<Menu>>,
    /// Guests' open orders.
    pub open: HashMap<(RestaurantId, Guest), OpenOrders>,
    /// The tables that guests' sessions are at.
    pub seats: HashMap<(RestaurantId, Key), TableLabel>,
    /// The open calls.
    pub calls: HashMap<RestaurantId, Calls>,
    /// The visit, for [`Reads::Visit`].
    pub seating: Seating,
    /// The screen, for [`Reads::Display`].
    pub display: Known,
    /// The tickets, for [`Reads::Tickets`].
    pub tickets: Tickets,
}

/// The writes of a group.
#[derive(Debug, Default)]
pub struct Writes {
    /// Orders, each once.
    pub orders: BTreeMap<(RestaurantId, OrderId), OrderWrite>,
    /// Calls to open, each with the position of its event; `None` is a call to close.
    pub calls: BTreeMap<(RestaurantId, CallId), Option<(Call, Position)>>,
    /// The row of work that shares no group.
    pub row: Option<(RestaurantId, Write)>,
    /// Events, in order for each restaurant.
    pub events: Vec<Arc<[Event]>>,
    /// Answers to remember.
    pub answers: Vec<(AnswerKey, Remembered, Timestamp)>,
    /// Feeds that advance, as they were read and as they become.
    pub feeds: BTreeMap<RestaurantId, (Feed, Feed)>,
    /// Entries of the audit.
    pub notes: Vec<Note>,
}

/// Decides on each member of a group. Returns an outcome for each, and what to write.
pub fn fold(reading: Reading, works: &[Work], new_id: fn() -> Uuid) -> (Vec<Result<Committed>>, Writes) {
    let mut fold = Fold { state: reading, writes: Writes::default(), new_id };
    let outcomes = works.iter().map(|work| fold.add(work)).collect();
    (outcomes, fold.writes)
}

/// The outcome of a decision. Nothing is changed yet.
struct Decided {
    answer: std::result::Result<Ack, Refusal>,
    events: Arc<[Event]>,
    write: Option<Write>,
}

struct Fold {
    state: Reading,
    writes: Writes,
    new_id: fn() -> Uuid,
}

impl Fold {
    fn add(&mut self, work: &Work) -> Result<Committed> {
        let restaurant = work.restaurant;
        let feed = *self.state.feeds.get(&restaurant).ok_or(StoreError::Missing)?;
        let key = work.command.as_ref().map(|key| (restaurant, key.sub.clone(), key.id));
        if let (Some(key), Some(command)) = (&key, &work.command)
            && let Some(known) = self.state.answers.get(key)
        {
            return repeat(known, command);
        }
        let state = self.read(work, feed);
        let mut note = work.note.clone().map(|note| labelled(note, &state));
        let edited = state.menu.clone().filter(|_| note.as_ref().is_some_and(|note| note.action == "replace_menu"));
        let decided = self.decide(work, state, feed)?;
        match (&decided.write, &mut note) {
            (Some(Write::Order(order)), Some(note)) => note.label = Some(label_of(order)),
            (Some(Write::Menu(after)), Some(note)) => {
                note.value = edited.map(|before| MenuChanges::between(&before, after).to_string()).or(note.value.take());
            }
            _ => {}
        }
        let answer = match &key {
            Some(_) => answer::write(&decided.answer)?,
            None => None,
        };
        // Nothing fails from here on, so a member changes either everything or nothing.
        if let Some(write) = decided.write {
            self.change(work, feed, &decided.events, write);
        }
        if let (Some(key), Some(command), Some(answer)) = (key, &work.command, answer) {
            let remembered = Remembered { fingerprint: command.fingerprint.to_vec(), answer };
            self.state.answers.insert(key.clone(), remembered.clone());
            self.writes.answers.push((key, remembered, work.at));
        }
        if let Some(note) = note.filter(|note| note.lists_refusals || decided.answer.is_ok()) {
            self.writes.notes.push(with_outcome(note, &decided.answer));
        }
        Ok(Committed { answer: decided.answer, events: decided.events, link: feed.link(), repeated: false })
    }

    /// Returns the part of the state that the work asks for.
    fn read(&self, work: &Work, feed: Feed) -> State {
        let restaurant = work.restaurant;
        let mut state = State {
            moment: Moment { now: work.at, head: feed.head },
            default_minutes: feed.default_minutes,
            rules: self.state.rules.get(&restaurant).cloned().unwrap_or_default(),
            next_number: 0,
            ticket_counter: feed.tickets,
            order: None,
            external: Vec::new(),
            menu: None,
            open: OpenOrders::default(),
            seat: None,
            seating: Seating::default(),
            calls: Calls::new(),
            display: Known::default(),
            tickets: Tickets::default(),
        };
        if work.reads.has_basket() || matches!(work.reads, Reads::Visit(_)) {
            state.next_number = feed.next_number;
        }
        if work.reads.has_menu() {
            state.menu = self.state.menus.get(&restaurant).cloned();
        }
        match &work.reads {
            Reads::Order(id) | Reads::OrderAndMenu(id) => state.order = self.state.orders.get(&(restaurant, *id)).cloned(),
            Reads::ExternalBasket(id) => state.external = self.external(&(restaurant, id.clone())),
            Reads::GuestBasket(guest) => {
                state.open = self.state.open.get(&(restaurant, guest.clone())).copied().unwrap_or_default();
                state.seat = seat(&self.state.seats, restaurant, guest);
            }
            Reads::Calls => state.calls = self.calls(restaurant),
            Reads::GuestCalls(guest) => {
                state.calls = self.calls(restaurant);
                state.seat = seat(&self.state.seats, restaurant, guest);
            }
            Reads::Visit(_) => state.seating = Seating { calls: self.calls(restaurant), ..self.state.seating.clone() },
            Reads::Display(_) => state.display = self.state.display.clone(),
            Reads::Tickets => state.tickets = self.state.tickets.clone(),
            Reads::Basket | Reads::Menu => {}
        }
        state
    }

    fn calls(&self, restaurant: RestaurantId) -> Calls {
        self.state.calls.get(&restaurant).cloned().unwrap_or_default()
    }

    fn external(&self, key: &ExternalKey) -> Vec<ExternalOrder> {
        let known = self.state.external.get(key).into_iter().flatten();
        let order = |External { order, source, fingerprint }: &External| {
            let order = self.state.orders.get(&(key.0, *order))?.clone();
            Some(ExternalOrder { order, source: source.clone(), fingerprint: fingerprint.clone() })
        };
        known.filter_map(order).collect()
    }

    fn decide(&self, work: &Work, state: State, feed: Feed) -> Result<Decided> {
        let decision = catch_unwind(AssertUnwindSafe(|| (work.decide)(state)));
        let decision = decision.map_err(|_| broken("a decision has panicked"))?;
        let nothing = || Arc::from([]);
        match decision {
            Ok(Decision::Change { drafts, write, document }) => {
                check(work.restaurant, &write)?;
                let events = self.events(work, feed, drafts)?;
                let position = events.last().ok_or_else(|| broken("a change without events"))?.position;
                Ok(Decided { answer: Ok(ack(position, true, &document)?), events, write: Some(write) })
            }
            Ok(Decision::Keep { document, position }) => {
                Ok(Decided { answer: Ok(ack(position, false, &document)?), events: nothing(), write: None })
            }
            Err(refusal) => Ok(Decided { answer: Err(refusal), events: nothing(), write: None }),
        }
    }

    /// Returns the events at the positions after the head.
    fn events(&self, work: &Work, feed: Feed, drafts: Vec<Draft>) -> Result<Arc<[Event]>> {
        let mut position = feed.head;
        let event = |draft: Draft| {
            position = position.next();
            let patch = to_raw_value(&draft.patch);
            let patch = patch.map_err(|error| broken(format_args!("a patch does not serialize: {error}")))?;
            Ok(Event {
                restaurant: work.restaurant,
                position,
                id: EventId::from_uuid((self.new_id)()),
                kind: draft.kind,
                order: draft.order,
                at: work.at,
                by: draft.rule.map_or_else(|| work.by.clone(), By::rule),
                command: work.command.as_ref().map(|key| key.id),
                patch,
            })
        };
        drafts.into_iter().map(event).collect()
    }

    fn change(&mut self, work: &Work, feed: Feed, events: &Arc<[Event]>, write: Write) {
        let restaurant = work.restaurant;
        let places = events.first().is_some_and(|event| event.kind == EventKind::OrderPlaced);
        let to = Feed {
            head: events.last().map_or(feed.head, |event| event.position),
            last: events.last().map_or(feed.last, |event| Some(event.mark())),
            next_number: feed.next_number.saturating_add(if places { 1 } else { order_write::number_of_placed(&write) }),
            tickets: match &write {
                Write::Order(order) if places => self.tickets_after(feed, order),
                Write::Visit(visit) => visit.tickets.unwrap_or(feed.tickets),
                _ => feed.tickets,
            },
            ..feed
        };
        self.state.feeds.insert(restaurant, to);
        self.writes.feeds.entry(restaurant).or_insert((feed, to)).1 = to;
        let first = events.first().map_or(to.head, |event| event.position);
        self.writes.events.push(events.clone());
        match write {
            Write::Order(order) if places => self.place(work, *order),
            Write::Order(order) => self.set(work, *order),
            Write::Call(call) => {
                self.state.calls.entry(restaurant).or_default().insert(call.id, call.clone());
                self.writes.calls.insert((restaurant, call.id), Some((call, first)));
            }
            Write::Answered(id) => {
                self.state.calls.entry(restaurant).or_default().remove(&id);
                // A call that the group opened has no row to remove.
                if self.writes.calls.remove(&(restaurant, id)).is_none() {
                    self.writes.calls.insert((restaurant, id), None);
                }
            }
            Write::Visit(visit) => {
                self.relocate(&visit);
                self.writes.row = Some((restaurant, Write::Visit(visit)));
            }
            row => self.writes.row = Some((restaurant, row)),
        }
    }

    /// Returns the counter of tickets after a new order, which may have none.
    fn tickets_after(&self, feed: Feed, order: &Order) -> TicketCounter {
        let menu = self.state.menus.get(&order.restaurant).filter(|_| order.ticket.is_some());
        menu.map_or(feed.tickets, |menu| feed.tickets.next(menu.time_zone.day(order.placed_at), order.service).1)
    }

    fn place(&mut self, work: &Work, order: Order) {
        let source = work.command.clone().filter(|_| order.external_id.is_some());
        if let (Some(command), Some(id)) = (&source, &order.external_id) {
            let (source, fingerprint) = (command.sub.clone(), command.fingerprint.to_vec());
            let placed = External { order: order.id, source, fingerprint };
            self.state.external.entry((order.restaurant, id.clone())).or_default().push(placed);
        }
        self.count(None, &order);
        let key = (order.restaurant, order.id);
        self.state.orders.insert(key, order.clone());
        // A rule of the restaurant may have accepted it already.
        let accepted = order.accepted_at.map(|_| order.position);
        let write = OrderWrite {
            order,
            is_new: true,
            visit: None,
            source,
            delivery: work.delivery.clone(),
            is_changed: accepted.is_some(),
            is_document_only: false,
            accepted,
            closed_at: None,
        };
        self.writes.orders.insert(key, write);
    }

    fn set(&mut self, work: &Work, order: Order) {
        let key = (order.restaurant, order.id);
        let before = self.state.orders.insert(key, order.clone());
        self.count(before.as_ref(), &order);
        // Screens that have drawn the order have drawn neither the round nor the lines that were held.
        let is_added = before.as_ref().is_some_and(|before| has_more_to_show(before, &order));
        let is_new = is_added || before.as_ref().is_none_or(|before| before.accepted_at.is_none());
        let accepted = order.accepted_at.filter(|_| is_new).map(|_| order.position);
        let closed_at = order.status.is_final().then_some(work.at);
        let is_document_only = accepted.is_none() && before.is_some_and(|before| has_same_columns(&before, &order));
        let written = self.writes.orders.entry(key).or_insert_with(|| OrderWrite {
            is_document_only,
            accepted,
            closed_at,
            ..order_write::document_of(&order)
        });
        written.order = order;
        written.is_changed = true;
        written.is_document_only &= is_document_only;
        written.accepted = accepted.or(written.accepted);
        written.closed_at = closed_at.or(written.closed_at);
    }

    /// Sets the documents of a visit's orders. [`Write::Visit`] changes the other rows.
    fn relocate(&mut self, visit: &VisitWrite) {
        for write in order_write::of_change(visit) {
            let key = (write.order.restaurant, write.order.id);
            self.state.orders.insert(key, write.order.clone());
            self.writes.orders.insert(key, write);
        }
    }

    /// Updates the numbers of guests' open orders after a change of an order.
    fn count(&mut self, before: Option<&Order>, after: &Order) {
        let Some(diner) = &after.diner else { return };
        let is_open = |order: &Order| !order.status.is_final();
        let is_later = |order: &Order| is_open(order) && order.upcoming;
        let open = Step::between(before.is_some_and(is_open), is_open(after));
        let later = Step::between(before.is_some_and(is_later), is_later(after));
        let of_restaurant = |(restaurant, _): &(RestaurantId, Guest)| *restaurant == after.restaurant;
        for ((_, guest), counts) in self.state.open.iter_mut().filter(|(key, _)| of_restaurant(key)) {
            open.take(&mut counts.by_restaurant);
            let seat = seat(&self.state.seats, after.restaurant, guest);
            if seat != after.table {
                continue;
            }
            // Guests without a table do not share a table.
            if seat.is_some() {
                open.take(&mut counts.by_table);
                later.take(&mut counts.later_by_table);
            }
            if guest.diner == *diner {
                open.take(&mut counts.by_diner);
                later.take(&mut counts.later_by_diner);
            }
        }
    }
}

/// The change of a count by one order.
#[derive(Clone, Copy)]
enum Step {
    Up,
    Down,
    None,
}

impl Step {
    const fn between(was: bool, is: bool) -> Self {
        match (was, is) {
            (false, true) => Self::Up,
            (true, false) => Self::Down,
            _ => Self::None,
        }
    }

    const fn take(self, count: &mut u32) {
        *count = match self {
            Self::Up => count.saturating_add(1),
            Self::Down => count.saturating_sub(1),
            Self::None => *count,
        };
    }
}

/// Returns the table that a guest sits at: their session's, or without one their token's.
fn seat(seats: &HashMap<(RestaurantId, Key), TableLabel>, restaurant: RestaurantId, guest: &Guest) -> Option<TableLabel> {
    seats.get(&(restaurant, guest.session.clone())).or(guest.table.as_ref()).cloned()
}

/// Repeats a remembered answer, or refuses another command under the same id.
pub fn repeat(known: &Remembered, key: &CommandKey) -> Result<Committed> {
    if known.fingerprint == key.fingerprint {
        return answer::repeat(&known.answer);
    }
    let message = "this id was already used for something else; send the command under a fresh one";
    let refusal = Refusal::new(RefusalKind::Conflict, message);
    Ok(Committed { answer: Err(refusal), events: [].into(), link: None, repeated: false })
}

/// Whether a change of an open order leaves the columns beside its document as they are.
fn has_same_columns(before: &Order, after: &Order) -> bool {
    let is_same_status = before.status == after.status && !after.status.is_final();
    let clocks = |order: &Order| (order.starts_at.filter(|_| order.upcoming), order.fires_at);
    is_same_status && undrawn::waits_at(before) == undrawn::waits_at(after) && clocks(before) == clocks(after)
}

/// Whether a change of an order gives the kitchen lines that it did not have: a round, fired ones, or those of an order for later.
fn has_more_to_show(before: &Order, after: &Order) -> bool {
    let is_fired = |(id, item): (&ItemId, &Item)| !item.held && before.items.get(id).is_some_and(|before| before.held);
    let is_begun = before.upcoming && !after.upcoming;
    is_begun || before.rounds() < after.rounds() || after.items.iter().any(is_fired)
}

/// Checks that a decision writes to its own restaurant.
fn check(restaurant: RestaurantId, write: &Write) -> Result<()> {
    match write {
        Write::Order(order) if order.restaurant != restaurant => Err(broken("an order of another restaurant")),
        Write::Menu(menu) if menu.restaurant != restaurant => Err(broken("a menu of another restaurant")),
        Write::Visit(visit) if order_write::orders_of(visit).any(|order| order.restaurant != restaurant) => {
            Err(broken("an order of another restaurant"))
        }
        _ => Ok(()),
    }
}

fn ack(position: Position, changed: bool, document: &serde_json::Value) -> Result<Ack> {
    let document = to_raw_value(document).map_err(|error| broken(format_args!("a document does not serialize: {error}")))?;
    Ok(Ack { position, changed, document })
}
