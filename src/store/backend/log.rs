//! [`Log`]: the feed and its documents.

use super::documents::{menu, menu_text, order};
use super::{Backend, Connection, Database, commit, epoch, feeds, snapshot};
use crate::domain::model::event::{By, Event};
use crate::domain::model::history::Head;
use crate::domain::model::menu::Menu;
use crate::domain::model::order::Order;
use crate::domain::model::room_id::RoomId;
use crate::domain::values::ids::{CommandId, EventId, Generation, OrderId, RestaurantId};
use crate::domain::values::position::Position;
use crate::domain::values::text::Key;
use crate::domain::values::time::Timestamp;
use crate::store::error::broken;
use crate::store::log::{Changes, CommandKey, Committed, Log, OrderFilter, Snapshot, Work};
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
            "SELECT position, id, kind, order_id, at, by_role, command, patch FROM events ",
            "WHERE restaurant = $1 AND position > $2 AND position <= $3 ",
            $filter,
            " ORDER BY position LIMIT $4"
        )
    };
    ($index:literal: $filter:literal) => {
        events_by!(
            $index: "position, id, kind, order_id, at, by_role, command, patch",
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

/// Orders by id: `$1` restaurant, `$2` after, `$3` limit, then the parameters of the filter.
macro_rules! orders {
    ($filter:literal) => {
        concat!("SELECT document FROM orders WHERE restaurant = $1 AND id > $2 ", $filter, " ORDER BY id LIMIT $3")
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

    ORDERS = orders!("");
    ORDERS_OPEN = orders!("AND is_open");
    ORDERS_CLOSED = orders!("AND NOT is_open");
    ORDERS_OF_STATUS = orders!("AND status = $4");
    ORDERS_OF_DINER = "SELECT document FROM orders WHERE restaurant = $1 AND diner = $2 AND id < $3 ORDER BY id DESC LIMIT $4";

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
    command: Option<Uuid>,
    patch: String,
}

impl EventRow {
    pub fn event(self, restaurant: RestaurantId) -> Result<Event> {
        Ok(Event {
            restaurant,
            position: Position::from_column(self.position),
            id: EventId::from_uuid(self.id),
            kind: columns::text("kind", &self.kind)?,
            order: self.order_id.map(OrderId::from_uuid),
            at: Timestamp::from_micros(self.at),
            by: By { role: columns::text("by_role", &self.by_role)? },
            command: self.command.map(CommandId::from_uuid),
            patch: columns::raw(self.patch)?,
        })
    }
}

/// How long to keep the probe of a node that no longer runs, in microseconds.
const KEEP_PROBES: i64 = 24 * 60 * 60 * 1_000_000;

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

    async fn orders(
        &self,
        restaurant: RestaurantId,
        filter: OrderFilter,
        after: Option<OrderId>,
        limit: u32,
    ) -> Result<Vec<Order>> {
        self.read(move |c| Box::pin(orders(c, restaurant, filter, after, limit))).await
    }

    async fn orders_of_diner(
        &self,
        restaurant: RestaurantId,
        diner: &Key,
        after: Option<OrderId>,
        limit: u32,
    ) -> Result<Vec<Order>> {
        let (diner, after) = (diner.as_str().to_owned(), after.map_or(Uuid::max(), |id| id.uuid()));
        let documents = self.read(move |c| {
            Box::pin(async move {
                let query = query_scalar::<Database, String>(ORDERS_OF_DINER).bind(restaurant.uuid());
                Ok(query.bind(diner).bind(after).bind(i64::from(limit)).fetch_all(c).await?)
            })
        });
        documents.await?.iter().map(|json| columns::document(json)).collect()
    }

    async fn menu(&self, restaurant: RestaurantId) -> Result<Option<Menu>> {
        self.read(move |c| Box::pin(menu(c, restaurant))).await
    }

    async fn menu_text(&self, restaurant: RestaurantId) -> Result<Option<String>> {
        self.read(move |c| Box::pin(menu_text(c, restaurant))).await
    }

    async fn lapsed_menus(&self, now: Timestamp) -> Result<Vec<RestaurantId>> {
        let ids = self.read(move |c| {
            Box::pin(async move {
                let query = query_scalar::<Database, Uuid>(LAPSED_MENUS).bind(now.micros());
                Ok(query.fetch_all(c).await?)
            })
        });
        Ok(ids.await?.into_iter().map(RestaurantId::from_uuid).collect())
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

async fn orders(
    connection: &mut Connection,
    restaurant: RestaurantId,
    filter: OrderFilter,
    after: Option<OrderId>,
    limit: u32,
) -> Result<Vec<Order>> {
    let text = match filter {
        OrderFilter::Open => ORDERS_OPEN,
        OrderFilter::Closed => ORDERS_CLOSED,
        OrderFilter::All => ORDERS,
        OrderFilter::Status(_) => ORDERS_OF_STATUS,
    };
    let after = after.map_or(Uuid::nil(), OrderId::uuid);
    let mut query = query_scalar::<Database, String>(text).bind(restaurant.uuid()).bind(after).bind(i64::from(limit));
    if let OrderFilter::Status(status) = filter {
        query = query.bind(status.as_str());
    }
    query.fetch_all(connection).await?.iter().map(|json| columns::document(json)).collect()
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
