//! [`Log`]: the feed and its documents.

use super::documents::{menu, menu_text, order, sync_times};
use super::{Backend, Connection, Database, commit, epoch, external_orders, feeds, snapshot};
use crate::domain::model::event::{By, Event};
use crate::domain::model::history::Head;
use crate::domain::model::menu::Menu;
use crate::domain::model::order::Order;
use crate::domain::model::principal::Person;
use crate::domain::model::room_id::RoomId;
use crate::domain::values::ids::{CommandId, DeviceId, EventId, Generation, OrderId, RestaurantId, UserId};
use crate::domain::values::position::Position;
use crate::domain::values::text::Key;
use crate::domain::values::time::Timestamp;
use crate::store::error::broken;
use crate::store::log::{Changes, CommandKey, Committed, Log, OrderFilter, OrderQuery, Snapshot, UpdatedOrders, Work};
use crate::store::{Result, StoreError, WriteFaults, columns};
use async_trait::async_trait;
use sqlx::{FromRow, query, query_as, query_scalar};
use std::collections::HashMap;
use uuid::Uuid;

/// A page of events: `$1` restaurant, `$2` after, `$3` through, `$4` limit, then the parameters of the filter. Without an
/// index, SQLite must find that of the primary key by itself.
macro_rules! page {
    ($filter:literal) => {
        concat!(
            "SELECT position, id, kind, order_id, at, by_role, by_person, by_name, by_screen, by_rule, command, patch FROM events ",
            "WHERE restaurant = $1 AND position > $2 AND position <= $3 ",
            $filter,
            " ORDER BY position LIMIT $4"
        )
    };
    ($index:literal: $filter:literal) => {
        events_by!(
            $index: "position, id, kind, order_id, at, by_role, by_person, by_name, by_screen, by_rule, command, patch",
            "WHERE restaurant = $1 AND position > $2 AND position <= $3 ",
            $filter,
            " ORDER BY position LIMIT $4"
        )
    };
}

/// The last position: `$1` restaurant, `$2` through, then the parameters of the filter.
macro_rules! last {
    ($filter:literal) => {
        concat!(
            "SELECT position FROM events WHERE restaurant = $1 AND position <= $2 ",
            $filter,
            " ORDER BY position DESC LIMIT 1"
        )
    };
    ($index:literal: $filter:literal) => {
        events_by!(
            $index: "position",
            "WHERE restaurant = $1 AND position <= $2 ",
            $filter,
            " ORDER BY position DESC LIMIT 1"
        )
    };
}

/// Orders by id: `$1` restaurant, `$2` after, `$3` before, `$4` limit, then the parameters of the filter.
macro_rules! orders {
    ($filter:literal, $direction:literal) => {
        concat!(
            "SELECT document FROM orders WHERE restaurant = $1 AND id > $2 AND id < $3 ",
            $filter,
            " ORDER BY id ",
            $direction,
            " LIMIT $4"
        )
    };
}

/// The condition of orders at the table `$5` whose status is `$6` or in the group `$6`.
macro_rules! orders_at_table {
    ($direction:literal) => {
        orders!(
            "AND at_table = $5 AND (status = $6 OR $6 = 'all' OR ($6 = 'open' AND is_open) OR ($6 = 'closed' AND NOT is_open) \
             OR ($6 = 'upcoming' AND is_open AND starts_at IS NOT NULL))",
            $direction
        )
    };
}

/// A page of events, each with its order if it is the last event of it. A query for each row keeps the planners from joining
/// whole tables.
macro_rules! updated {
    ($index:literal) => {
        concat!(
            "SELECT found.position, found.at, (SELECT o.document FROM orders o WHERE o.restaurant = $1 AND o.id = found.order_id \
             AND NOT EXISTS (SELECT 1 FROM events AS later",
            $index,
            " WHERE later.restaurant = $1 AND later.order_id = found.order_id AND later.position > found.position)) FROM (\
             SELECT position, at, order_id FROM events WHERE restaurant = $1 AND position > $2 ORDER BY position LIMIT $3) AS found"
        )
    };
}

statements! {
    FORGET_ANSWERS = "DELETE FROM commands WHERE (restaurant, sub, id) IN (\
        SELECT restaurant, sub, id FROM commands WHERE at < $1 ORDER BY at LIMIT $2)";

    EVENTS = page!("");
    EVENTS_OF_ORDER = page!("events_of_order": "AND order_id = $5");
    EVENTS_OF_TOPIC = page!("events_of_topic": "AND topic = $5");
    /// Three topics are nearly all of a feed. The plus keeps the planners off the index by topic, whose rows they would
    /// have to sort.
    EVENTS_OF_TOPICS = page!("AND +topic IN ($5, $6, $7)");
    LAST = last!("");
    LAST_OF_ORDER = last!("events_of_order": "AND order_id = $3");
    LAST_OF_TOPIC = last!("events_of_topic": "AND topic = $3");
    LAST_OF_TOPICS = last!("AND +topic IN ($3, $4, $5)");

    ORDERS = orders!("", "");
    ORDERS_OPEN = orders!("AND is_open", "");
    ORDERS_CLOSED = orders!("AND NOT is_open", "");
    ORDERS_UPCOMING = orders!("AND is_open AND starts_at IS NOT NULL", "");
    ORDERS_OF_STATUS = orders!("AND status = $5", "");
    ORDERS_AT_TABLE = orders_at_table!("");
    NEWEST = orders!("", "DESC");
    NEWEST_OPEN = orders!("AND is_open", "DESC");
    NEWEST_CLOSED = orders!("AND NOT is_open", "DESC");
    NEWEST_UPCOMING = orders!("AND is_open AND starts_at IS NOT NULL", "DESC");
    NEWEST_OF_STATUS = orders!("AND status = $5", "DESC");
    NEWEST_AT_TABLE = orders_at_table!("DESC");
    /// The next events after `$2`, each with its order if it is the last of it.
    UPDATED = by_database! {
        sqlite: updated!(" INDEXED BY events_of_order"),
        postgres: updated!(""),
    };
    TIME_FROM = "SELECT position, at FROM events WHERE restaurant = $1 AND position >= $2 ORDER BY position LIMIT 1";
    ORDERS_OF_DINER = "SELECT document FROM orders WHERE restaurant = $1 AND diner = $2 AND id < $3 ORDER BY id DESC LIMIT $4";

    /// An older node that closes an order leaves its times.
    DUE_ORDERS = "SELECT restaurant, id FROM orders WHERE is_open AND starts_at <= $1 ORDER BY starts_at LIMIT $2";
    DUE_COURSES = "SELECT restaurant, id FROM orders WHERE is_open AND fires_at <= $1 ORDER BY fires_at LIMIT $2";
    LAPSED_MENUS = "SELECT restaurant FROM menus WHERE next_lapse <= $1";

    PROBE_WRITE = "INSERT INTO write_probes (node, at, filler) VALUES ($1, $2, $3) \
        ON CONFLICT (node) DO UPDATE SET at = excluded.at, filler = excluded.filler";
    FORGET_PROBES = "DELETE FROM write_probes WHERE at < $1";
}

/// An event, without the restaurant that the query names.
#[derive(FromRow)]
struct EventRow {
    position: i64,
    id: Uuid,
    kind: String,
    order_id: Option<Uuid>,
    at: i64,
    by_role: String,
    by_person: Option<Uuid>,
    by_name: Option<String>,
    by_screen: Option<Uuid>,
    by_rule: Option<String>,
    command: Option<Uuid>,
    patch: String,
}

impl EventRow {
    pub fn event(self, restaurant: RestaurantId) -> Result<Event> {
        let name = self.by_name.map(|name| columns::text("by_name", &name)).transpose()?;
        let person = self.by_person.zip(name).map(|(id, name)| Person { id: UserId::from_uuid(id), name });
        let rule = self.by_rule.map(|rule| columns::text("by_rule", &rule)).transpose()?;
        let role = columns::text("by_role", &self.by_role)?;
        let by = By { role, person, screen: self.by_screen.map(DeviceId::from_uuid), rule };
        Ok(Event {
            restaurant,
            position: Position::from_column(self.position),
            id: EventId::from_uuid(self.id),
            kind: columns::text("kind", &self.kind)?,
            order: self.order_id.map(OrderId::from_uuid),
            at: Timestamp::from_micros(self.at),
            by,
            command: self.command.map(CommandId::from_uuid),
            patch: columns::raw(self.patch)?,
        })
    }
}

/// The events that one read of updated orders covers, for each order that it may return.
const EVENTS_OF_ORDER_READ: i64 = 8;
/// The most orders of one external number. Only those of older versions share one, each of another source.
const MOST_OF_EXTERNAL_ID: u32 = 100;

/// How long to keep the probe of a node that no longer runs, in microseconds.
const KEEP_PROBES: i64 = 24 * 60 * 60 * 1_000_000;

impl Backend {
    /// Returns orders that a query finds due.
    async fn due(&self, orders: &'static str, now: Timestamp, limit: u32) -> Result<Vec<(RestaurantId, OrderId)>> {
        let query = query_as::<Database, (Uuid, Uuid)>(orders).bind(now.micros()).bind(i64::from(limit));
        let due = self.read(move |c| Box::pin(async move { Ok(query.fetch_all(c).await?) })).await?;
        Ok(due.into_iter().map(|(id, order)| (RestaurantId::from_uuid(id), OrderId::from_uuid(order))).collect())
    }
}

#[async_trait]
impl Log for Backend {
    fn epoch(&self) -> &str {
        &self.epoch
    }

    async fn commit(&self, work: Work) -> Result<Committed> {
        super::commit_work(self, work).await.map_err(|error| match error {
            // The feed is held, so no row that the transaction adds can exist.
            StoreError::Taken => broken("a position, an order or an answer already exists"),
            error => error,
        })
    }

    async fn answered(&self, restaurant: RestaurantId, command: &CommandKey) -> Result<Option<Committed>> {
        let command = command.clone();
        self.read(move |c| Box::pin(async move { commit::answered(c, restaurant, &command).await })).await
    }

    async fn head(&self, restaurant: RestaurantId) -> Result<Position> {
        let head = self.read(move |c| Box::pin(feeds::head(c, restaurant))).await?;
        head.ok_or(StoreError::Missing)
    }

    async fn heads(&self, asked: &[(RestaurantId, Position)]) -> Result<HashMap<RestaurantId, Head>> {
        let asked = asked.to_vec();
        self.read(move |c| Box::pin(feeds::heads(c, asked))).await
    }

    async fn begin_generation(
        &self,
        restaurant: RestaurantId,
        from: Option<Generation>,
        to: Generation,
    ) -> Result<Option<Generation>> {
        self.write(move |c| Box::pin(feeds::begin_generation(c, restaurant, from, to))).await
    }

    async fn reconnected(&self) {
        super::reconnected(self).await;
    }

    async fn events(
        &self,
        restaurant: RestaurantId,
        room: Option<RoomId>,
        after: Position,
        through: Position,
        limit: u32,
    ) -> Result<Vec<Event>> {
        let rows = self.read(move |c| Box::pin(events(c, restaurant, room, (after, through), limit))).await?;
        rows.into_iter().map(|row| row.event(restaurant)).collect()
    }

    async fn last_in_room(&self, restaurant: RestaurantId, room: RoomId, through: Position) -> Result<Position> {
        self.read(move |c| Box::pin(last_in_room(c, restaurant, room, through))).await
    }

    async fn snapshot(&self, restaurant: RestaurantId, room: RoomId) -> Result<Option<Snapshot>> {
        self.read_at_one_point(move |c| Box::pin(snapshot::snapshot(c, restaurant, room))).await
    }

    async fn changes(&self, restaurant: RestaurantId, room: RoomId, since: Position) -> Result<Option<Changes>> {
        self.read_at_one_point(move |c| Box::pin(snapshot::changes(c, restaurant, room, since))).await
    }

    async fn order(&self, restaurant: RestaurantId, id: OrderId) -> Result<Option<Order>> {
        self.read(move |c| Box::pin(order(c, restaurant, id))).await
    }

    async fn orders(&self, restaurant: RestaurantId, query: OrderQuery, limit: u32) -> Result<Vec<Order>> {
        self.read(move |c| Box::pin(orders(c, restaurant, query, limit))).await
    }

    async fn orders_of_external_id(&self, restaurant: RestaurantId, external_id: &Key) -> Result<Vec<Order>> {
        let external_id = external_id.as_str().to_owned();
        self.read(move |c| Box::pin(external_orders::of_external(c, restaurant, external_id, MOST_OF_EXTERNAL_ID))).await
    }

    async fn updated_orders(&self, restaurant: RestaurantId, after: Position, limit: u32) -> Result<UpdatedOrders> {
        self.read(move |c| Box::pin(updated_orders(c, restaurant, after, limit))).await
    }

    async fn position_before(&self, restaurant: RestaurantId, at: Timestamp) -> Result<Position> {
        self.read(move |c| Box::pin(position_before(c, restaurant, at))).await
    }

    async fn orders_of_diner(
        &self,
        restaurant: RestaurantId,
        diner: &Key,
        after: Option<OrderId>,
        limit: u32,
    ) -> Result<Vec<Order>> {
        let (diner, after) = (diner.as_str().to_owned(), after.map_or(Uuid::max(), |id| id.uuid()));
        let query = query_scalar::<Database, String>(ORDERS_OF_DINER).bind(restaurant.uuid());
        let query = query.bind(diner).bind(after).bind(i64::from(limit));
        let documents = self.read(move |c| Box::pin(async move { Ok(query.fetch_all(c).await?) })).await?;
        documents.iter().map(|json| columns::document(json)).collect()
    }

    async fn menu(&self, restaurant: RestaurantId) -> Result<Option<Menu>> {
        self.read(move |c| Box::pin(menu(c, restaurant))).await
    }

    async fn menu_text(&self, restaurant: RestaurantId) -> Result<Option<String>> {
        self.read(move |c| Box::pin(menu_text(c, restaurant))).await
    }

    async fn lapsed_menus(&self, now: Timestamp) -> Result<Vec<RestaurantId>> {
        let query = query_scalar::<Database, Uuid>(LAPSED_MENUS).bind(now.micros());
        let ids = self.read(move |c| Box::pin(async move { Ok(query.fetch_all(c).await?) })).await?;
        Ok(ids.into_iter().map(RestaurantId::from_uuid).collect())
    }

    async fn due_orders(&self, now: Timestamp, limit: u32) -> Result<Vec<(RestaurantId, OrderId)>> {
        self.due(DUE_ORDERS, now, limit).await
    }

    async fn due_courses(&self, now: Timestamp, limit: u32) -> Result<Vec<(RestaurantId, OrderId)>> {
        self.due(DUE_COURSES, now, limit).await
    }

    async fn sync_times(&self, restaurant: RestaurantId, order: OrderId) -> Result<()> {
        self.write(move |c| Box::pin(sync_times(c, restaurant, order))).await
    }

    async fn is_moved(&self) -> Result<bool> {
        super::is_moved(self).await
    }

    async fn record_origin(&self, renew: bool) -> Result<()> {
        super::record_origin(self, renew).await
    }

    async fn renew_origin(&self) -> Result<()> {
        super::renew_origin(self).await
    }

    async fn forget_answers(&self, before: Timestamp) -> Result<u64> {
        self.forget(FORGET_ANSWERS, before).await
    }

    async fn ping(&self) -> Result<()> {
        // A write: a database that can only be read is not healthy.
        self.write(|c| Box::pin(async move { Ok(epoch::get(c).await?) })).await?;
        self.faults.record_empty();
        Ok(())
    }

    async fn probe_write(&self, bytes: usize, at: Timestamp) -> Result<()> {
        let (node, filler, faults) = (self.node, vec![0_u8; bytes], self.faults.clone());
        let probe = self.write(move |c| {
            Box::pin(async move { Ok(probe_write(c, node, filler, at).await.inspect_err(|cause| faults.blame(cause))?) })
        });
        probe.await
    }

    fn write_faults(&self) -> &WriteFaults {
        &self.faults
    }

    async fn lost(&self) -> &'static str {
        super::lost(self).await
    }

    async fn close(&self) {
        super::close_store(self).await;
    }
}

async fn probe_write(connection: &mut Connection, node: Uuid, filler: Vec<u8>, at: Timestamp) -> sqlx::Result<()> {
    let probe = query::<Database>(PROBE_WRITE).bind(node).bind(at.micros()).bind(filler);
    probe.execute(&mut *connection).await?;
    query::<Database>(FORGET_PROBES).bind(at.micros() - KEEP_PROBES).execute(connection).await?;
    Ok(())
}

async fn orders(connection: &mut Connection, restaurant: RestaurantId, asked: OrderQuery, limit: u32) -> Result<Vec<Order>> {
    let OrderQuery { filter, table, after, before, newest_first } = asked;
    let [newest, oldest] = match (&table, filter) {
        (Some(_), _) => [NEWEST_AT_TABLE, ORDERS_AT_TABLE],
        (None, OrderFilter::Open) => [NEWEST_OPEN, ORDERS_OPEN],
        (None, OrderFilter::Closed) => [NEWEST_CLOSED, ORDERS_CLOSED],
        (None, OrderFilter::Upcoming) => [NEWEST_UPCOMING, ORDERS_UPCOMING],
        (None, OrderFilter::All) => [NEWEST, ORDERS],
        (None, OrderFilter::Status(_)) => [NEWEST_OF_STATUS, ORDERS_OF_STATUS],
    };
    let query = query_scalar::<Database, String>(if newest_first { newest } else { oldest }).bind(restaurant.uuid());
    let query = query.bind(after.uuid()).bind(before.uuid()).bind(i64::from(limit));
    let query = match (table, filter) {
        (Some(table), filter) => query.bind(table.as_str().to_owned()).bind(filter.word()),
        (None, OrderFilter::Status(status)) => query.bind(status.as_str()),
        (None, _) => query,
    };
    query.fetch_all(connection).await?.iter().map(|json| columns::document(json)).collect()
}

async fn updated_orders(
    connection: &mut Connection,
    restaurant: RestaurantId,
    after: Position,
    limit: u32,
) -> Result<UpdatedOrders> {
    let events = i64::from(limit) * EVENTS_OF_ORDER_READ;
    let query = query_as::<Database, (i64, i64, Option<String>)>(UPDATED).bind(restaurant.uuid()).bind(after.column());
    let mut rows = query.bind(events).fetch_all(connection).await?;
    rows.sort_unstable_by_key(|(position, ..)| *position);
    let mut more_after =
        rows.last().filter(|_| rows.len() as i64 == events).map(|(position, ..)| Position::from_column(*position));
    let mut orders = Vec::new();
    for (position, at, json) in rows {
        let Some(json) = json else { continue };
        orders.push((columns::document(&json)?, Timestamp::from_micros(at)));
        if orders.len() == limit as usize {
            more_after = Some(Position::from_column(position));
            break;
        }
    }
    Ok(UpdatedOrders { orders, more_after })
}

/// Searches by halves: the first event from the middle on tells which half has the boundary.
async fn position_before(connection: &mut Connection, restaurant: RestaurantId, at: Timestamp) -> Result<Position> {
    let head = feeds::head(&mut *connection, restaurant).await?.ok_or(StoreError::Missing)?;
    let (mut before, mut last) = (0, head.column());
    while before < last {
        let middle = before + (last - before) / 2 + 1;
        let query = query_as::<Database, (i64, i64)>(TIME_FROM).bind(restaurant.uuid()).bind(middle);
        match query.fetch_optional(&mut *connection).await? {
            Some((position, time)) if position <= last && time < at.micros() => before = position,
            _ => last = middle - 1,
        }
    }
    Ok(Position::from_column(before))
}

/// The column that a room filters events by.
enum Filter {
    All,
    Order(Uuid),
    Topic(i16),
    Topics([i16; 3]),
}

/// Returns the filter of a room; `None` for a room of another restaurant, which carries no events of this one.
fn filter(restaurant: RestaurantId, room: Option<RoomId>) -> Option<Filter> {
    Some(match room {
        None => Filter::All,
        Some(RoomId::Order(id)) => Filter::Order(id.uuid()),
        Some(room @ (RoomId::Kitchen(id) | RoomId::Floor(id) | RoomId::Menu(id))) => {
            if id != restaurant {
                return None;
            }
            match *room.topics() {
                [topic] => Filter::Topic(topic.column()),
                [a, b, c] => Filter::Topics([a.column(), b.column(), c.column()]),
                _ => Filter::All,
            }
        }
    })
}

async fn events(
    connection: &mut Connection,
    restaurant: RestaurantId,
    room: Option<RoomId>,
    (after, through): (Position, Position),
    limit: u32,
) -> Result<Vec<EventRow>> {
    let Some(filter) = filter(restaurant, room) else { return Ok(Vec::new()) };
    let page = |statement| {
        let query = query_as::<Database, EventRow>(statement).bind(restaurant.uuid());
        query.bind(after.column()).bind(through.column()).bind(i64::from(limit))
    };
    let query = match filter {
        Filter::All => page(EVENTS),
        Filter::Order(id) => page(EVENTS_OF_ORDER).bind(id),
        Filter::Topic(topic) => page(EVENTS_OF_TOPIC).bind(topic),
        Filter::Topics([a, b, c]) => page(EVENTS_OF_TOPICS).bind(a).bind(b).bind(c),
    };
    Ok(query.fetch_all(connection).await?)
}

async fn last_in_room(
    connection: &mut Connection,
    restaurant: RestaurantId,
    room: RoomId,
    through: Position,
) -> Result<Position> {
    let Some(filter) = filter(restaurant, Some(room)) else { return Ok(Position::ZERO) };
    let last = |statement| query_scalar::<Database, i64>(statement).bind(restaurant.uuid()).bind(through.column());
    let query = match filter {
        Filter::All => last(LAST),
        Filter::Order(id) => last(LAST_OF_ORDER).bind(id),
        Filter::Topic(topic) => last(LAST_OF_TOPIC).bind(topic),
        Filter::Topics([a, b, c]) => last(LAST_OF_TOPICS).bind(a).bind(b).bind(c),
    };
    Ok(query.fetch_optional(connection).await?.map_or(Position::ZERO, Position::from_column))
}
