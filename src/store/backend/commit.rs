//! The transaction of a command: it appends events to a feed.

use super::feeds::FeedRow;
use super::{Connection, Database, audit, documents, feeds};
use crate::domain::menu_changes::MenuChanges;
use crate::domain::model::call::Calls;
use crate::domain::model::display::Known;
use crate::domain::model::draft::{Draft, Moment};
use crate::domain::model::event::{By, Event, EventKind};
use crate::domain::model::menu::Menu;
use crate::domain::model::order::Order;
use crate::domain::model::refusal::{Refusal, RefusalKind};
use crate::domain::model::undrawn::Tickets;
use crate::domain::rules::decision::{Decision, Write};
use crate::domain::rules::order_limits::OpenOrders;
use crate::domain::values::ids::{EventId, RestaurantId};
use crate::domain::values::position::Position;
use crate::domain::values::time::Timestamp;
use crate::store::audit::Note;
use crate::store::error::broken;
use crate::store::log::{Ack, CommandKey, Committed, Reads, State, Work};
use crate::store::{Result, answer};
use serde_json::value::to_raw_value;
use sqlx::{query, query_as};

statements! {
    REMEMBERED = "SELECT fingerprint, answer FROM commands WHERE restaurant = $1 AND sub = $2 AND id = $3";
    REMEMBER = "INSERT INTO commands (restaurant, sub, id, fingerprint, answer, at) VALUES ($1, $2, $3, $4, $5, $6)";

    APPEND = "INSERT INTO events (restaurant, position, id, kind, topic, order_id, at, by_role, command, patch) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
}

/// The fields that the events of one transaction share.
struct Context {
    restaurant: RestaurantId,
    command: Option<CommandKey>,
    by: By,
    at: Timestamp,
}

pub async fn commit(connection: &mut Connection, work: Work) -> Result<Committed> {
    let Work { restaurant, reads, command, by, at, note, decide } = work;
    let context = Context { restaurant, command, by, at };
    let feed = feeds::hold(connection, restaurant).await?;
    if let Some(key) = &context.command
        && let Some(committed) = remembered(connection, restaurant, key).await?
    {
        return Ok(committed);
    }
    let state = read(connection, &context, reads, &feed).await?;
    let mut note = note.map(|note| labelled(note, &state));
    let is_edit = note.as_ref().is_some_and(|note| note.action == "replace_menu");
    let edited = if is_edit { state.menu.clone() } else { None };
    let (answer, events) = match decide(state) {
        Ok(Decision::Change { drafts, write, document }) => {
            if let (Some(before), Write::Menu(after), Some(note)) = (&edited, &write, &mut note) {
                note.value = Some(MenuChanges::between(before, after).to_string());
            }
            let events = change(connection, &context, &feed, drafts, write).await?;
            let position = events.last().ok_or_else(|| broken("a change without events"))?.position;
            (Ok(ack(position, true, &document)?), events)
        }
        Ok(Decision::Keep { document, position }) => (Ok(ack(position, false, &document)?), Vec::new()),
        Err(refusal) => (Err(refusal), Vec::new()),
    };
    remember(connection, &context, &answer).await?;
    if let Some(note) = note.filter(|note| note.lists_refusals || answer.is_ok()) {
        audit::add(connection, &with_outcome(note, &answer), None).await?;
    }
    Ok(Committed { answer, events: events.into(), repeated: false })
}

/// Sets the name that people know the subject of the note by.
fn labelled(mut note: Note, state: &State) -> Note {
    let subject = note.subject.as_deref();
    let dish = |menu: &Menu| menu.items.get(&subject?.parse().ok()?).map(|item| item.name.to_string());
    let call = || state.calls.get(&subject?.parse().ok()?).map(|call| call.table.to_string());
    let order = state.order.as_ref().map(|order| order.number.to_string());
    let placed = || (state.next_number > 0).then(|| state.next_number.to_string());
    note.label = order.or_else(|| state.menu.as_ref().and_then(dish)).or_else(call).or_else(placed);
    note
}

/// Sets the outcome of the note. An order that was not placed has no number.
fn with_outcome(mut note: Note, answer: &std::result::Result<Ack, Refusal>) -> Note {
    note.outcome = match answer {
        Ok(ack) if ack.changed => Note::DONE,
        Ok(_) => "unchanged",
        Err(refusal) => refusal.kind.as_str(),
    };
    if answer.is_err() && note.subject.is_none() {
        note.label = None;
    }
    note
}

fn ack(position: Position, changed: bool, document: &serde_json::Value) -> Result<Ack> {
    let document = to_raw_value(document).map_err(|error| broken(format_args!("a document does not serialize: {error}")))?;
    Ok(Ack { position, changed, document })
}

/// Returns the remembered answer to a command.
pub async fn remembered(connection: &mut Connection, restaurant: RestaurantId, key: &CommandKey) -> Result<Option<Committed>> {
    let row = query_as::<Database, (Vec<u8>, String)>(REMEMBERED)
        .bind(restaurant.uuid())
        .bind(key.sub.as_str())
        .bind(key.id.uuid())
        .fetch_optional(connection)
        .await?;
    let Some((fingerprint, json)) = row else { return Ok(None) };
    if fingerprint == key.fingerprint {
        return answer::repeat(&json).map(Some);
    }
    let message = "this id was already used for something else; send the command under a fresh one";
    let refusal = Refusal::new(RefusalKind::Conflict, message);
    Ok(Some(Committed { answer: Err(refusal), events: [].into(), repeated: false }))
}

async fn remember(connection: &mut Connection, context: &Context, answer: &std::result::Result<Ack, Refusal>) -> Result<()> {
    let Some(key) = &context.command else { return Ok(()) };
    let Some(json) = answer::write(answer)? else { return Ok(()) };
    query::<Database>(REMEMBER)
        .bind(context.restaurant.uuid())
        .bind(key.sub.as_str())
        .bind(key.id.uuid())
        .bind(key.fingerprint.as_slice())
        .bind(json)
        .bind(context.at.micros())
        .execute(connection)
        .await?;
    Ok(())
}

async fn read(connection: &mut Connection, context: &Context, reads: Reads, feed: &FeedRow) -> Result<State> {
    let restaurant = context.restaurant;
    let mut state = State {
        moment: Moment { now: context.at, head: feed.head() },
        default_minutes: feed.default_minutes()?,
        next_number: 0,
        order: None,
        external: None,
        menu: None,
        open: OpenOrders::default(),
        calls: Calls::new(),
        display: Known::default(),
        tickets: Tickets::default(),
    };
    match reads {
        Reads::Order(id) => state.order = documents::order(connection, restaurant, id).await?,
        Reads::Calls => state.calls = documents::calls(connection, restaurant).await?,
        Reads::Display(id) => state.display = super::screens::known(connection, restaurant, &id).await?,
        Reads::Tickets => state.tickets = super::tickets::read(connection, restaurant).await?,
        Reads::Menu => state.menu = documents::menu(connection, restaurant).await?,
        Reads::Basket => {
            state.menu = documents::menu(connection, restaurant).await?;
            state.next_number = feed.next_number()?;
        }
        Reads::ExternalBasket { source, external_id } => {
            state.external = super::visits::external(&mut *connection, restaurant, &source, &external_id).await?;
            state.menu = documents::menu(connection, restaurant).await?;
            state.next_number = feed.next_number()?;
        }
        Reads::GuestBasket(guest) => {
            state.menu = documents::menu(connection, restaurant).await?;
            state.next_number = feed.next_number()?;
            state.open = super::guests::open_orders(connection, restaurant, &guest).await?;
        }
    }
    Ok(state)
}

/// Writes the row, appends the events, advances the head.
async fn change(
    connection: &mut Connection,
    context: &Context,
    feed: &FeedRow,
    drafts: Vec<Draft>,
    write: Write,
) -> Result<Vec<Event>> {
    let places = drafts.first().is_some_and(|draft| draft.kind == EventKind::OrderPlaced);
    write_row(connection, context, &write, places).await?;
    let mut position = feed.head();
    let mut events = Vec::with_capacity(drafts.len());
    for draft in drafts {
        position = position.next();
        let event = event(context, position, draft)?;
        append(connection, &event).await?;
        events.push(event);
    }
    feeds::advance(connection, context.restaurant, feed, position, i64::from(places)).await?;
    Ok(events)
}

fn event(context: &Context, position: Position, draft: Draft) -> Result<Event> {
    let patch = to_raw_value(&draft.patch).map_err(|error| broken(format_args!("a patch does not serialize: {error}")))?;
    Ok(Event {
        restaurant: context.restaurant,
        position,
        id: EventId::from_uuid(crate::clock::new_id()),
        kind: draft.kind,
        order: draft.order,
        at: context.at,
        by: context.by,
        command: context.command.as_ref().map(|key| key.id),
        patch,
    })
}

pub async fn append(connection: &mut Connection, event: &Event) -> Result<()> {
    query::<Database>(APPEND)
        .bind(event.restaurant.uuid())
        .bind(event.position.column())
        .bind(event.id.uuid())
        .bind(event.kind.as_str())
        .bind(event.kind.topic().column())
        .bind(event.order.map(|id| id.uuid()))
        .bind(event.at.micros())
        .bind(event.by.role.as_str())
        .bind(event.command.map(|id| id.uuid()))
        .bind(event.patch.get())
        .execute(connection)
        .await?;
    Ok(())
}

async fn write_row(connection: &mut Connection, context: &Context, write: &Write, places: bool) -> Result<()> {
    let restaurant = context.restaurant;
    let changed = match write {
        Write::Order(order) if order.restaurant != restaurant => return Err(broken("an order of another restaurant")),
        Write::Menu(menu) if menu.restaurant != restaurant => return Err(broken("a menu of another restaurant")),
        Write::Order(order) if places => add_order(connection, context, order).await?,
        Write::Order(order) => set_order(connection, order, context.at).await?,
        Write::Menu(menu) => documents::set_menu(connection, menu).await?,
        Write::Call(call) => documents::add_call(connection, restaurant, call).await?,
        Write::Answered(id) => documents::remove_call(connection, restaurant, *id).await?,
        Write::Display(display) => super::screens::set(connection, restaurant, display).await?,
        Write::DisplayRemoved(id) => super::screens::remove(connection, restaurant, id).await?,
        Write::Undrawn(changes) => super::tickets::write(connection, restaurant, changes).await?,
    };
    one_row(changed, "the row of a decision is not there")
}

async fn add_order(connection: &mut Connection, context: &Context, order: &Order) -> Result<u64> {
    let visit = super::visits::of_new_order(&mut *connection, order).await?;
    let added = documents::add_order(connection, order, visit).await?;
    if let Some(key) = &context.command {
        super::visits::add_external(connection, order, key).await?;
    }
    Ok(added)
}

async fn set_order(connection: &mut Connection, order: &Order, at: Timestamp) -> Result<u64> {
    let set = documents::set_order(connection, order).await?;
    if order.status.is_final() {
        super::visits::record_close(connection, order.restaurant, order.id, at).await?;
    }
    Ok(set)
}

fn one_row(changed: u64, otherwise: &'static str) -> Result<()> {
    if changed == 1 { Ok(()) } else { Err(broken(otherwise)) }
}
