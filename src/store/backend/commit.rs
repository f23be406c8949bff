//! The transaction of a group of commands: a fixed number of statements reads and writes for all of
//! them, whatever their number.

use super::menu_cache::MenuCache;
use super::script::{Outcome, Script, Value};
use super::{Connection, Database, audit, deliveries, documents, external_orders, feeds, guests, screens, tickets, visits};
use crate::clock;
use crate::domain::model::event::Event;
use crate::domain::rules::decision::Write;
use crate::domain::values::ids::{CommandId, RestaurantId};
use crate::domain::values::time::Timestamp;
use crate::store::Result;
use crate::store::columns::text;
use crate::store::error::broken;
use crate::store::group::{self, AnswerKey, Reading, Remembered, Writes};
use crate::store::log::{CommandKey, Committed, Reads, Work};
use sqlx::query_as;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use uuid::Uuid;

statements! {
    REMEMBERED = on_rows!(
        "SELECT c.restaurant, c.sub, c.id, c.fingerprint, c.answer FROM ", ("$1" "uuid", "$2" "text", "$3" "uuid"),
        " AS k CROSS JOIN commands c WHERE c.restaurant = k.column1 AND c.sub = k.column2 AND c.id = k.column3"
    );
    REMEMBER = "INSERT INTO commands (restaurant, sub, id, fingerprint, answer, at) VALUES ($1, $2, $3, $4, $5, $6)";

    APPEND = "INSERT INTO events (restaurant, position, id, kind, topic, order_id, at, by_role, by_person, by_name, by_screen, \
        by_rule, command, patch) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)";
}

/// The transaction around a group.
#[derive(Debug, Clone, Copy, Default)]
pub struct Frame {
    /// Whether the group runs without a transaction: it reads without holding the feeds, and its writes are one statement,
    /// which fails with `Stale` if a feed has changed since. Used for groups of several commands, and for a command about the menu.
    pub is_unheld: bool,
    /// A statement that runs before the reads, in the same call.
    pub begin: Option<&'static str>,
    /// A statement that runs after the writes, in the same call. Its outcome is returned with the group.
    pub end: Option<&'static str>,
}

/// The result of a group.
#[derive(Default)]
pub struct Group {
    /// An outcome for each command.
    pub outcomes: Vec<Result<Committed>>,
    /// The outcome of [`Frame::end`].
    pub end: Outcome,
}

/// Runs a group of commands in order. If it fails, nothing may be kept.
pub async fn commit(connection: &mut Connection, menus: &MenuCache, works: &[Work], frame: Frame) -> Result<Group> {
    let mut group = Group::default();
    let mut parts = works.chunk_by(|one, next| one.reads.is_shared() && next.reads.is_shared()).peekable();
    let mut frame = frame;
    while let Some(works) = parts.next() {
        let reading = read(connection, menus, works, frame).await?;
        let (decided, writes) = group::fold(reading, works, clock::new_id);
        frame.begin = None;
        let end = frame.end.filter(|_| parts.peek().is_none());
        if frame.is_unheld {
            write_unheld(connection, &writes).await?;
        } else {
            group.end = write(connection, &writes, end).await?;
        }
        group.outcomes.extend(decided);
    }
    Ok(group)
}

/// Runs one command.
pub async fn commit_one(connection: &mut Connection, work: Work) -> Result<Committed> {
    let outcome = commit(connection, &MenuCache::default(), &[work], Frame::default()).await?.outcomes.pop();
    outcome.unwrap_or_else(|| Err(broken("a command without an outcome")))
}

/// Reads the state that the members of a group ask for. The feeds are read first, so that the rest is not older. The answers
/// are read last: if another node does the same command meanwhile, its answer is seen, and not only its effect.
async fn read(connection: &mut Connection, menus: &MenuCache, works: &[Work], frame: Frame) -> Result<Reading> {
    let mut restaurants = BTreeSet::new();
    let (mut answers, mut orders, mut external) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    let (mut kept, mut open, mut calls) = (BTreeMap::new(), HashSet::new(), BTreeSet::new());
    let mut seats = BTreeSet::new();
    for Work { restaurant, reads, command, .. } in works {
        restaurants.insert(*restaurant);
        answers.extend(command.as_ref().map(|key| (*restaurant, key.sub.clone(), key.id)));
        if reads.has_menu() {
            kept.entry(*restaurant).or_insert_with(|| menus.get(*restaurant));
        }
        match reads {
            Reads::Order(id) | Reads::OrderAndMenu(id) => drop(orders.insert((*restaurant, *id))),
            Reads::ExternalBasket(id) => drop(external.insert((*restaurant, id.clone()))),
            Reads::GuestBasket(guest) => {
                open.insert((*restaurant, guest.clone()));
                seats.insert((*restaurant, guest.session.clone()));
            }
            Reads::GuestCalls(guest) => {
                calls.insert(*restaurant);
                seats.insert((*restaurant, guest.session.clone()));
            }
            Reads::Calls | Reads::Visit(_) => drop(calls.insert(*restaurant)),
            Reads::Basket | Reads::Menu | Reads::Display(_) | Reads::Tickets => {}
        }
    }
    let mut script = Script::default();
    script.add(frame.begin);
    feeds::read_all(&mut script, &restaurants, !frame.is_unheld);
    documents::read_orders(&mut script, &orders);
    external_orders::read(&mut script, &external);
    documents::read_menus(&mut script, &kept);
    guests::read_open_orders(&mut script, &open);
    guests::read_seats(&mut script, &seats);
    documents::read_calls(&mut script, &calls);
    read_answers(&mut script, &answers);
    let found = script.run(connection).await?;
    let [_, feeds, orders, external, listed, open, seats, calls, answered] = found.as_slice() else {
        return Err(broken("a script has fewer outcomes than steps"));
    };
    let mut reading = Reading { answers: remembered(answered)?, ..Reading::default() };
    feeds::found(feeds, &mut reading)?;
    reading.orders = documents::orders(orders)?;
    external_orders::add_found(external, &mut reading)?;
    for (restaurant, menu) in documents::menus(listed, &kept)? {
        menus.keep(restaurant, &menu);
        reading.menus.insert(restaurant, menu.menu);
    }
    reading.open = guests::open_orders(open)?;
    reading.seats = guests::seats(seats)?;
    reading.calls = documents::open_calls(calls)?;
    match works {
        [Work { restaurant, reads: Reads::Display(id), .. }] => {
            reading.display = screens::known(connection, *restaurant, id).await?
        }
        [Work { restaurant, reads: Reads::Visit(action), .. }] => {
            reading.seating = visits::seating(connection, *restaurant, action).await?;
        }
        [Work { restaurant, reads: Reads::Tickets, .. }] => reading.tickets = tickets::read(connection, *restaurant).await?,
        _ => {}
    }
    Ok(reading)
}

/// Writes the decisions of a group. Writes the events before the heads, which then include them. Returns the outcome of the last statement.
async fn write(connection: &mut Connection, writes: &Writes, end: Option<&'static str>) -> Result<Outcome> {
    if let Some((restaurant, row)) = &writes.row {
        write_row(connection, *restaurant, row).await?;
    }
    let mut script = Script::default();
    add_writes(&mut script, writes)?;
    feeds::advance(&mut script, &writes.feeds)?;
    script.add(end);
    Ok(script.run(connection).await?.pop().unwrap_or_default())
}

/// Writes the decisions of a group without holding the feeds, by one statement. It begins with the heads: there it waits for
/// other writers, and changes nothing if they have changed a feed.
async fn write_unheld(connection: &mut Connection, writes: &Writes) -> Result<()> {
    let mut script = Script::default();
    feeds::advance_unchanged(&mut script, &writes.feeds)?;
    add_writes(&mut script, writes)?;
    script.run_at_once(connection).await
}

fn add_writes(script: &mut Script, writes: &Writes) -> Result<()> {
    let orders = || writes.orders.values();
    visits::open_for(script, orders());
    documents::write_orders(script, orders())?;
    deliveries::add(script, orders())?;
    visits::record_closes(script, orders());
    external_orders::add(script, orders());
    documents::write_calls(script, &writes.calls)?;
    if let Some((_, Write::Menu(menu))) = &writes.row {
        documents::set_menu(script, menu)?;
    }
    append(script, writes.events.iter().flat_map(|events| events.iter()));
    remember(script, &writes.answers);
    audit::add_all(script, &writes.notes);
    Ok(())
}

/// Writes the rows that no group of commands writes: those of screens, tickets and visits.
async fn write_row(connection: &mut Connection, restaurant: RestaurantId, write: &Write) -> Result<()> {
    let changed = match write {
        Write::Display(display) => screens::set(connection, restaurant, display).await?,
        Write::DisplayRemoved(id) => screens::remove(connection, restaurant, id).await?,
        Write::Visit(visit) => visits::write(connection, restaurant, visit).await?,
        Write::Undrawn(changes) => tickets::write(connection, restaurant, changes).await?,
        // A script writes these.
        Write::Order(_) | Write::Call(_) | Write::Answered(_) | Write::Menu(_) => return Ok(()),
    };
    if changed == 1 { Ok(()) } else { Err(broken("the row of a decision does not exist")) }
}

fn read_answers(script: &mut Script, keys: &BTreeSet<AnswerKey>) {
    let row = |(restaurant, sub, id): &AnswerKey| [restaurant.uuid().into(), sub.as_str().into(), id.uuid().into()];
    script.read(REMEMBERED, keys.iter().map(row).collect());
}

type AnswerRow = (Uuid, String, Uuid, Vec<u8>, String);

fn remembered(outcome: &Outcome) -> Result<HashMap<AnswerKey, Remembered>> {
    let answer = |(restaurant, sub, id, fingerprint, answer): AnswerRow| {
        let key = (RestaurantId::from_uuid(restaurant), text("sub", &sub)?, CommandId::from_uuid(id));
        Ok((key, Remembered { fingerprint, answer }))
    };
    outcome.read::<AnswerRow>()?.into_iter().map(answer).collect()
}

/// Returns the remembered answer to a command.
pub async fn answered(connection: &mut Connection, restaurant: RestaurantId, key: &CommandKey) -> Result<Option<Committed>> {
    let find = query_as::<Database, AnswerRow>(REMEMBERED).bind(restaurant.uuid()).bind(key.sub.as_str()).bind(key.id.uuid());
    let Some((.., fingerprint, answer)) = find.fetch_optional(connection).await? else { return Ok(None) };
    group::repeat(&Remembered { fingerprint, answer }, key).map(Some)
}

fn remember(script: &mut Script, answers: &[(AnswerKey, Remembered, Timestamp)]) {
    let row = |((restaurant, sub, id), remembered, at): &(AnswerKey, Remembered, Timestamp)| {
        let fingerprint = Value::Bytes(remembered.fingerprint.clone());
        let answer = remembered.answer.clone().into();
        [restaurant.uuid().into(), sub.as_str().into(), id.uuid().into(), fingerprint, answer, at.micros().into()]
    };
    script.write(REMEMBER, answers.iter().map(row).collect());
}

/// Appends events. The caller advances the head.
pub fn append<'a>(script: &mut Script, events: impl Iterator<Item = &'a Event>) {
    let row = |event: &Event| {
        let person = event.by.person.as_ref();
        [
            event.restaurant.uuid().into(),
            event.position.column().into(),
            event.id.uuid().into(),
            event.kind.as_str().into(),
            Value::Small(event.kind.topic().column()),
            event.order.map(|id| id.uuid()).into(),
            event.at.micros().into(),
            event.by.role.as_str().into(),
            person.map(|person| person.id.uuid()).into(),
            person.map(|person| person.name.as_str().to_owned()).into(),
            event.by.screen.map(|screen| screen.uuid()).into(),
            event.by.rule.map(|rule| rule.as_str().to_owned()).into(),
            event.command.map(|id| id.uuid()).into(),
            event.patch.get().into(),
        ]
    };
    script.write(APPEND, events.map(row).collect());
}
