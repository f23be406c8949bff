//! [`Privacy`]: retention and erasure.

use super::script::Script;
use super::{Backend, Connection, Database, commit, deliveries, feeds, sessions};
use crate::clock;
use crate::domain::model::event::{By, Event, EventKind};
use crate::domain::model::principal::Role;
use crate::domain::rules::redaction::redact;
use crate::domain::values::ids::{EventId, OrderId, RestaurantId};
use crate::domain::values::merge_patch;
use crate::domain::values::position::Position;
use crate::domain::values::text::Key;
use crate::domain::values::time::Timestamp;
use crate::store::group::Feed;
use crate::store::privacy::{Erased, Privacy, Purged};
use crate::store::{Result, StoreError, batches, columns};
use async_trait::async_trait;
use serde::Deserialize;
use serde_json::Value;
use sqlx::{query, query_as, query_scalar};
use std::collections::BTreeMap;
use uuid::Uuid;

statements! {
    KEPT_FROM = "SELECT kept_from FROM feeds WHERE restaurant = $1";
    KEEP_FROM = "UPDATE feeds SET kept_from = $2 WHERE restaurant = $1 AND kept_from < $2";
    /// An order that closed before `$3` was placed before `$2`. The document says when it closed.
    TO_PURGE = "SELECT id, document FROM orders WHERE restaurant = $1 AND NOT is_open AND purged_at IS NULL \
        AND id < $2 AND (closed_at IS NULL OR closed_at < $3) AND id > $4 ORDER BY id LIMIT $5";
    NOTE_CLOSED = "UPDATE orders SET closed_at = $3 WHERE restaurant = $1 AND id = $2";
    OF_DINER = "SELECT id, document FROM orders WHERE restaurant = $1 AND diner = $2 AND NOT is_open ORDER BY id LIMIT $3";
    PURGE_ORDER = "UPDATE orders SET document = $3, diner = NULL, purged_at = $4 WHERE restaurant = $1 AND id = $2";
    PATCHES_OF_ORDER = events_by!("events_of_order": "position, patch", "WHERE restaurant = $1 AND order_id = $2 ORDER BY position");
    SET_PATCH = "UPDATE events SET patch = $3 WHERE restaurant = $1 AND position = $2";
    DINER_OF_ORDER = "SELECT diner FROM orders WHERE restaurant = $1 AND number = $2";
    OPEN_ORDERS_OF = "SELECT count(*) FROM orders WHERE restaurant = $1 AND diner = $2 AND is_open";
    SESSIONS_OF_DINER = "SELECT id FROM sessions WHERE restaurant = $1 AND sub = $2 AND role = 'diner' ORDER BY id";
    REMOVE_PUSHES_OF_DINER = "DELETE FROM push_subscriptions WHERE restaurant = $1 AND diner = $2";
    FORGET_ANSWERS_OF = "DELETE FROM commands WHERE restaurant = $1 AND sub = $2";
    ANSWERS = "SELECT sub, id, answer FROM commands WHERE restaurant = $1 AND (sub, id) > ($2, $3) ORDER BY sub, id LIMIT $4";
    FORGET_ANSWER = "DELETE FROM commands WHERE restaurant = $1 AND sub = $2 AND id = $3";
    /// Guests' sessions after one, and whether the guest has ordered. Spares printed tokens, which are not renewed and live as
    /// long as their session.
    GUEST_SESSIONS = "SELECT s.id, s.refreshed_at, \
        EXISTS (SELECT 1 FROM orders o WHERE o.restaurant = s.restaurant AND o.diner = s.sub) FROM sessions s \
        WHERE s.role = 'diner' AND s.token_name IS NULL AND s.refreshed_at < $1 AND (s.refreshed_at, s.id) > ($2, $3) \
        ORDER BY s.refreshed_at, s.id LIMIT $4";
    /// Checks again, since a renewal or an order may come in between.
    FORGET_IDLE = "DELETE FROM sessions WHERE id = $1 AND refreshed_at < $2 AND NOT EXISTS (\
        SELECT 1 FROM orders o WHERE o.restaurant = sessions.restaurant AND o.diner = sessions.sub)";
    /// Changes a row only for the first node after `$2`; the others find its time.
    CLAIM = "INSERT INTO meta (name, value) VALUES ($1, $3) ON CONFLICT (name) DO UPDATE SET value = excluded.value \
        WHERE CAST(meta.value AS BIGINT) < $2";
}

/// The most rows of one read.
const PAGE: u32 = 200;
/// The number of events after which a batch of a purge takes no further order. It holds the restaurant's feed meanwhile.
const EVENTS: u64 = 500;

#[derive(Deserialize)]
struct Closing {
    closed_at: Option<Timestamp>,
}

#[async_trait]
impl Privacy for Backend {
    async fn kept_from(&self, restaurant: RestaurantId) -> Result<Position> {
        let query = query_scalar::<Database, i64>(KEPT_FROM).bind(restaurant.uuid());
        let kept = self.read(move |c| Box::pin(async move { Ok(query.fetch_optional(c).await?) })).await?;
        kept.map(Position::from_column).ok_or(StoreError::Missing)
    }

    async fn orders_to_purge(&self, restaurant: RestaurantId, before: Timestamp) -> Result<u64> {
        let (mut count, mut after) = (0, Uuid::nil());
        loop {
            let page = self.read(move |c| Box::pin(to_purge(c, restaurant, before, after, PAGE))).await?;
            let Some((last, _)) = page.last() else { return Ok(count) };
            after = *last;
            for (_, json) in page {
                count += u64::from(closed_at(&json)?.is_none_or(|closed| closed < before));
            }
        }
    }

    async fn purge_orders(&self, restaurant: RestaurantId, before: Timestamp, at: Timestamp, limit: u32) -> Result<Purged> {
        self.write(move |c| Box::pin(purge(c, restaurant, before, at, limit))).await
    }

    async fn diner_of_order(&self, restaurant: RestaurantId, number: u32) -> Result<Option<Key>> {
        let query = query_scalar::<Database, Option<String>>(DINER_OF_ORDER).bind(restaurant.uuid());
        let query = query.bind(i64::from(number));
        let diner = self.read(move |c| Box::pin(async move { Ok(query.fetch_optional(c).await?) })).await?;
        diner.flatten().map(|diner| columns::text("diner", &diner)).transpose()
    }

    async fn open_orders_of(&self, restaurant: RestaurantId, diner: &Key) -> Result<u64> {
        let query = query_scalar::<Database, i64>(OPEN_ORDERS_OF).bind(restaurant.uuid());
        let query = query.bind(diner.as_str().to_owned());
        let count = self.read(move |c| Box::pin(async move { Ok(query.fetch_one(c).await?) })).await?;
        Ok(u64::try_from(count).unwrap_or(0))
    }

    async fn erase_orders(&self, restaurant: RestaurantId, diner: &Key, at: Timestamp, limit: u32) -> Result<Erased> {
        let diner = diner.clone();
        self.write(move |c| Box::pin(async move { erase_orders(c, restaurant, &diner, at, limit).await })).await
    }

    async fn erase_guest(&self, restaurant: RestaurantId, diner: &Key) -> Result<Vec<Key>> {
        let diner = diner.clone();
        self.write(move |c| Box::pin(async move { erase_guest(c, restaurant, &diner).await })).await
    }

    async fn forget_answers_about(&self, restaurant: RestaurantId, diner: &Key) -> Result<u64> {
        let (mut gone, mut after) = (0, (String::new(), Uuid::nil()));
        loop {
            let page = query_as::<Database, (String, Uuid, String)>(ANSWERS).bind(restaurant.uuid());
            let page = page.bind(after.0.clone()).bind(after.1).bind(i64::from(PAGE));
            let page = self.read(move |c| Box::pin(async move { Ok(page.fetch_all(c).await?) })).await?;
            let Some((sub, id, _)) = page.last() else { return Ok(gone) };
            after = (sub.clone(), *id);
            let about: Vec<_> = page.into_iter().filter(|(_, _, answer)| answer.contains(diner.as_str())).collect();
            if !about.is_empty() {
                gone += self.write(move |c| Box::pin(forget_answers(c, restaurant, about))).await?;
            }
        }
    }

    async fn forget_expired_sessions(&self, before: Timestamp) -> Result<u64> {
        self.forget_expired(before).await
    }

    async fn forget_idle_guests(&self, before: Timestamp) -> Result<u64> {
        // Sessions of guests who have ordered stay for weeks, so a batch begins where the previous one ended.
        let (mut gone, mut after) = (0, (i64::MIN, String::new()));
        loop {
            let page = query_as::<Database, (String, i64, bool)>(GUEST_SESSIONS).bind(before.micros());
            let page = page.bind(after.0).bind(after.1.clone()).bind(i64::from(batches::ROWS));
            let page = self.read(move |c| Box::pin(async move { Ok(page.fetch_all(c).await?) })).await?;
            let Some((id, refreshed_at, _)) = page.last() else { return Ok(gone) };
            after = (*refreshed_at, id.clone());
            let idle: Vec<_> = page.into_iter().filter(|(.., has_ordered)| !has_ordered).map(|(id, ..)| id).collect();
            if !idle.is_empty() {
                let begun = clock::uptime();
                gone += self.write(move |c| Box::pin(forget_idle(c, before, idle))).await?;
                batches::rest(clock::uptime().since(begun)).await;
            }
        }
    }

    fn scrub(&self, before: Timestamp) -> Result<()> {
        super::scrub(self, before)
    }

    async fn claim(&self, task: &'static str, since: Timestamp, at: Timestamp) -> Result<bool> {
        let query = query::<Database>(CLAIM).bind(task).bind(since.micros());
        Ok(self.execute(query.bind(at.micros().to_string())).await? == 1)
    }
}

/// Returns closed orders after an id that still have words, were placed before a time, and are not known to have closed after
/// it.
async fn to_purge(
    connection: &mut Connection,
    restaurant: RestaurantId,
    before: Timestamp,
    after: Uuid,
    limit: u32,
) -> Result<Vec<(Uuid, String)>> {
    let found = query_as::<Database, (Uuid, String)>(TO_PURGE).bind(restaurant.uuid());
    let found = found.bind(OrderId::earliest(before).uuid()).bind(before.micros()).bind(after).bind(i64::from(limit));
    Ok(found.fetch_all(connection).await?)
}

fn closed_at(json: &str) -> Result<Option<Timestamp>> {
    Ok(columns::document::<Closing>(json)?.closed_at)
}

async fn purge(
    connection: &mut Connection,
    restaurant: RestaurantId,
    before: Timestamp,
    at: Timestamp,
    limit: u32,
) -> Result<Purged> {
    // Commands wait, and then find the order without words.
    feeds::hold(connection, restaurant).await?;
    let found = to_purge(connection, restaurant, before, Uuid::nil(), limit).await?;
    let mut more = found.len() as u64 == u64::from(limit);
    let (mut orders, mut events) = (0, 0);
    for (id, json) in found {
        if events > EVENTS {
            more = true;
            break;
        }
        if let Some(closed) = closed_at(&json)?.filter(|closed| *closed >= before) {
            let note = query::<Database>(NOTE_CLOSED).bind(restaurant.uuid()).bind(id);
            note.bind(closed.micros()).execute(&mut *connection).await?;
            continue;
        }
        let mut document: Value = columns::document(&json)?;
        redact(&mut document);
        let (last, read) = redact_events(connection, restaurant, id).await?;
        write(connection, restaurant, id, &document, at).await?;
        if let Some(last) = last {
            keep_from(connection, restaurant, last).await?;
        }
        orders += 1;
        events += read;
    }
    Ok(Purged { orders, more })
}

/// Removes words from the events of an order. Returns the position of the last event that had any, and the number of events.
async fn redact_events(connection: &mut Connection, restaurant: RestaurantId, order: Uuid) -> Result<(Option<i64>, u64)> {
    let patches = query_as::<Database, (i64, String)>(PATCHES_OF_ORDER).bind(restaurant.uuid());
    let patches = patches.bind(order).fetch_all(&mut *connection).await?;
    let (mut last, count) = (None, patches.len() as u64);
    for (position, json) in patches {
        let mut patch: Value = columns::document(&json)?;
        if redact(&mut patch) {
            let set = query::<Database>(SET_PATCH).bind(restaurant.uuid()).bind(position);
            set.bind(columns::write(&patch)?).execute(&mut *connection).await?;
            last = Some(position);
        }
    }
    Ok((last, count))
}

async fn write(
    connection: &mut Connection,
    restaurant: RestaurantId,
    order: Uuid,
    document: &Value,
    at: Timestamp,
) -> Result<()> {
    let set = query::<Database>(PURGE_ORDER).bind(restaurant.uuid()).bind(order);
    set.bind(columns::write(document)?).bind(at.micros()).execute(connection).await?;
    Ok(())
}

async fn keep_from(connection: &mut Connection, restaurant: RestaurantId, position: i64) -> Result<()> {
    let keep = query::<Database>(KEEP_FROM).bind(restaurant.uuid()).bind(position);
    keep.execute(connection).await?;
    Ok(())
}

async fn erase_orders(
    connection: &mut Connection,
    restaurant: RestaurantId,
    diner: &Key,
    at: Timestamp,
    limit: u32,
) -> Result<Erased> {
    let feed = feeds::hold(connection, restaurant).await?;
    let found = query_as::<Database, (Uuid, String)>(OF_DINER).bind(restaurant.uuid()).bind(diner.as_str());
    let found = found.bind(i64::from(limit)).fetch_all(&mut *connection).await?;
    let (mut head, mut events) = (feed.head, Vec::with_capacity(found.len()));
    for (id, json) in found {
        let before: Value = columns::document(&json)?;
        let mut after = before.clone();
        redact(&mut after);
        if let (Some(last), _) = redact_events(connection, restaurant, id).await? {
            keep_from(connection, restaurant, last).await?;
        }
        head = head.next();
        after["position"] = head.number().into();
        let patch = columns::raw(columns::write(&merge_patch::diff(&before, &after))?)?;
        let event = Event {
            restaurant,
            position: head,
            id: EventId::from_uuid(clock::new_id()),
            // The protocol has no kind for this, and clients apply the patch of any kind.
            kind: EventKind::OrderRushed,
            order: Some(OrderId::from_uuid(id)),
            at,
            by: By::role(Role::Service),
            command: None,
            patch,
        };
        write(connection, restaurant, id, &after, at).await?;
        deliveries::remove(connection, restaurant, id).await?;
        events.push(event);
    }
    let mut script = Script::default();
    commit::append(&mut script, events.iter());
    let last = events.last().map_or(feed.last, |event| Some(event.mark()));
    feeds::advance(&mut script, &BTreeMap::from([(restaurant, (feed, Feed { head, last, ..feed }))]))?;
    script.run(connection).await?;
    Ok(Erased { orders: events.len() as u64, events: events.into() })
}

async fn erase_guest(connection: &mut Connection, restaurant: RestaurantId, diner: &Key) -> Result<Vec<Key>> {
    let found = query_scalar::<Database, String>(SESSIONS_OF_DINER).bind(restaurant.uuid());
    let found = found.bind(diner.as_str()).fetch_all(&mut *connection).await?;
    let ended = sessions::end_all(connection, found).await?;
    for text in [REMOVE_PUSHES_OF_DINER, FORGET_ANSWERS_OF] {
        query::<Database>(text).bind(restaurant.uuid()).bind(diner.as_str()).execute(&mut *connection).await?;
    }
    Ok(ended)
}

async fn forget_idle(connection: &mut Connection, before: Timestamp, sessions: Vec<String>) -> Result<u64> {
    let mut gone = 0;
    for id in sessions {
        let forget = query::<Database>(FORGET_IDLE).bind(id).bind(before.micros());
        gone += forget.execute(&mut *connection).await?.rows_affected();
    }
    Ok(gone)
}

async fn forget_answers(
    connection: &mut Connection,
    restaurant: RestaurantId,
    about: Vec<(String, Uuid, String)>,
) -> Result<u64> {
    let mut gone = 0;
    for (sub, id, _) in about {
        let forget = query::<Database>(FORGET_ANSWER).bind(restaurant.uuid()).bind(sub).bind(id);
        gone += forget.execute(&mut *connection).await?.rows_affected();
    }
    Ok(gone)
}
