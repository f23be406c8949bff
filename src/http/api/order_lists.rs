//! Lists of orders: by age, by an external number, and by their last event.

use crate::auth::policy;
use crate::connection::sse::last_event_id::Cursor;
use crate::domain::model::history::Epoch;
use crate::domain::model::order::Order;
use crate::domain::model::status::OrderStatus;
use crate::domain::values::ids::{OrderId, RestaurantId};
use crate::domain::values::position::Position;
use crate::domain::values::schema;
use crate::domain::values::text::{Key, TableLabel};
use crate::domain::values::time::Timestamp;
use crate::http::extract::TenantUser;
use crate::http::openapi::parts;
use crate::http::problem::Problem;
use crate::http::query::{Number, Query};
use crate::http::state::State;
use crate::protocol::ErrorCode;
use crate::store::log::{OrderFilter, OrderQuery};
use actix_web::{HttpResponse, web};
use serde::de::Error as _;
use serde::de::value::StrDeserializer;
use serde::{Deserialize, Deserializer, Serialize};
use std::borrow::Cow;
use std::time::Duration;
use utoipa::openapi::schema::Object;
use utoipa::{IntoParams, ToSchema};

/// The orders on a page unless the query has a limit.
const PAGE: u32 = 50;
/// The most orders on a page.
const MAX_PAGE: u32 = 100;
/// The most by which the clocks of nodes differ, and a commit follows the time of its events.
const CLOCK_SLACK: Duration = Duration::from_secs(60);

/// The query of a list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ListQuery {
    /// The orders to list: `open`, `closed`, `all`, `upcoming` (which wait for their time), or one status. With
    /// `updated_since`, `all` is the default.
    #[param(schema_with = status_schema)]
    status: Option<String>,
    /// Which orders come first.
    #[param(schema_with = sort_schema)]
    sort: Option<Sort>,
    /// Only orders placed at this time or later.
    from: Option<Timestamp>,
    /// Only orders placed before this time.
    until: Option<Timestamp>,
    /// Only orders at this table.
    table: Option<TableLabel>,
    /// The order with this number in a POS or at an aggregator, whatever its status. Cannot be combined with other parameters.
    external_id: Option<Key>,
    /// Only orders whose last event came at this time or later, or after this `EPOCH.POSITION`, sorted by that event. Can be
    /// combined only with `status`, `after` and `limit`.
    #[param(value_type = Option<String>)]
    updated_since: Option<Since>,
    /// The `next` of the previous page.
    after: Option<String>,
    /// The most orders on the page.
    #[param(schema_with = limit_schema)]
    limit: Option<Number<1, MAX_PAGE>>,
}

/// The order of a list by age.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Sort {
    Oldest,
    Newest,
}

/// Where a list of updated orders begins.
#[derive(Debug, Clone)]
enum Since {
    Time(Timestamp),
    Cursor(Cursor),
}

impl<'de> Deserialize<'de> for Since {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<'de, str>::deserialize(deserializer)?;
        if let Ok(cursor) = text.parse() {
            return Ok(Self::Cursor(cursor));
        }
        let time = Timestamp::deserialize(StrDeserializer::<D::Error>::new(&text));
        let message = "must be an RFC 3339 time, like 2026-11-24T10:00:00.123Z, or EPOCH.POSITION";
        time.map(Self::Time).map_err(|_| D::Error::custom(message))
    }
}

fn status_schema() -> Object {
    let groups = ["open", "closed", "all", "upcoming"].into_iter();
    schema::word(groups.chain(OrderStatus::ALL.map(OrderStatus::as_str))).default(Some("open".into())).build()
}

fn sort_schema() -> Object {
    schema::word(["oldest", "newest"]).default(Some("oldest".into())).build()
}

fn limit_schema() -> Object {
    schema::integer(1, MAX_PAGE).default(Some(PAGE.into())).build()
}

impl ListQuery {
    fn filter(&self, default: OrderFilter) -> Result<OrderFilter, Problem> {
        Ok(match self.status.as_deref() {
            None => default,
            Some("open") => OrderFilter::Open,
            Some("closed") => OrderFilter::Closed,
            Some("all") => OrderFilter::All,
            Some("upcoming") => OrderFilter::Upcoming,
            Some(word) => OrderFilter::Status(status(word)?),
        })
    }

    fn limit(&self) -> u32 {
        self.limit.map_or(PAGE, |Number(limit)| limit)
    }

    /// Whether the list is by age and has a parameter that only such a list takes.
    const fn is_by_age(&self) -> bool {
        self.sort.is_some() || self.from.is_some() || self.until.is_some() || self.table.is_some()
    }

    /// Refuses parameters that do not go together.
    fn check(&self) -> Result<(), Problem> {
        let has_more = self.updated_since.is_some() || self.status.is_some() || self.after.is_some() || self.limit.is_some();
        if self.external_id.is_some() && (self.is_by_age() || has_more) {
            return Err(Problem::invalid("external_id: no other parameter goes with it"));
        }
        if self.updated_since.is_some() && self.is_by_age() {
            return Err(Problem::invalid("updated_since: only status, after and limit go with it"));
        }
        Ok(())
    }
}

fn status(word: &str) -> Result<OrderStatus, Problem> {
    let found = OrderStatus::ALL.into_iter().find(|status| status.as_str() == word);
    found.ok_or_else(|| {
        Problem::invalid(format!(
            "status: expected open, closed, all, upcoming, or one of {}",
            OrderStatus::ALL.map(OrderStatus::as_str).join(", ")
        ))
    })
}

#[derive(Serialize, ToSchema)]
#[schema(as = OrderPage)]
struct Page {
    orders: Vec<Order>,
    /// The `after` of the next page; absent on the last page. A page with it may have fewer orders than the limit, or none.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

/// `GET /api/v1/restaurants/{slug}/orders`: lists orders page by page; `next` is the `after` of the
/// next page.
///
/// # Errors
/// `forbidden`, `invalid`.
#[utoipa::path(
    get,
    path = "/api/v1/restaurants/{slug}/orders",
    operation_id = "listOrders",
    tag = "orders",
    summary = "List orders page by page: by age, by their last event, or the one with an external number",
    description = "For: kitchen, staff, manager, service. The path may have the restaurant's id in place of its slug.",
    params(parts::RestaurantPath, ListQuery),
    responses(
        (status = 200, description = "A page.", body = Page),
        parts::OfRestaurant,
        (status = 422, response = Problem),
    ),
)]
pub async fn list(
    state: web::Data<State>,
    TenantUser(who): TenantUser,
    Query(query): Query<ListQuery>,
) -> Result<HttpResponse, Problem> {
    if !policy::may_see_orders(&who) {
        return Err(Problem::new(ErrorCode::Forbidden, "a guest sees their own orders under /api/v1/diner-sessions/current"));
    }
    query.check()?;
    let page = if let Some(external_id) = &query.external_id {
        Page { orders: state.node.store.orders_of_external_id(who.restaurant, external_id).await?, next: None }
    } else if let Some(since) = query.updated_since.clone() {
        updated(&state, who.restaurant, &query, since).await?
    } else {
        by_age(&state, who.restaurant, query).await?
    };
    Ok(HttpResponse::Ok().json(page))
}

async fn by_age(state: &State, restaurant: RestaurantId, query: ListQuery) -> Result<Page, Problem> {
    let (filter, limit) = (query.filter(OrderFilter::Open)?, query.limit());
    let invalid = |_| Problem::invalid("after: expected the next of the previous page");
    let after = query.after.map(|after| after.parse::<OrderId>()).transpose().map_err(invalid)?;
    let mut asked = OrderQuery { table: query.table, newest_first: query.sort == Some(Sort::Newest), ..OrderQuery::of(filter) };
    asked.after = query.from.map_or(asked.after, OrderId::before_placed);
    asked.before = query.until.map_or(asked.before, OrderId::earliest);
    match after {
        Some(after) if asked.newest_first => asked.before = asked.before.min(after),
        Some(after) => asked.after = asked.after.max(after),
        None => {}
    }
    // An entry more than requested means that there is a next page.
    let mut orders = state.node.store.orders(restaurant, asked, limit + 1).await?;
    let has_more = orders.len() > limit as usize;
    orders.truncate(limit as usize);
    let next = orders.last().filter(|_| has_more).map(|order| order.id.to_string());
    // An id is made a little before its order is placed.
    let is_within =
        |placed_at| query.from.is_none_or(|from| placed_at >= from) && query.until.is_none_or(|until| placed_at < until);
    orders.retain(|order| is_within(order.placed_at));
    Ok(Page { orders, next })
}

async fn updated(state: &State, restaurant: RestaurantId, query: &ListQuery, since: Since) -> Result<Page, Problem> {
    let store = &state.node.store;
    let filter = query.filter(OrderFilter::All)?;
    let heads = store.heads(&[(restaurant, Position::ZERO)]).await?;
    let generation = heads.get(&restaurant).and_then(|head| head.generation);
    let epoch = Epoch { database: store.epoch(), generation }.to_string();
    let after = match &query.after {
        None => None,
        Some(text) => Some(position(text.parse().ok(), &epoch, "after: expected the next of the previous page")?),
    };
    let (from, begin) = match since {
        Since::Time(time) => (Some(time), None),
        Since::Cursor(cursor) => (None, Some(position(Some(cursor), &epoch, "updated_since: the epoch is over; use a time")?)),
    };
    let begin = match (after.or(begin), from) {
        (Some(position), _) => position,
        (None, Some(time)) => store.position_before(restaurant, time.minus(CLOCK_SLACK)).await?,
        (None, None) => Position::ZERO,
    };
    let updated = store.updated_orders(restaurant, begin, query.limit()).await?;
    let next = updated.more_after.map(|position| Cursor { epoch, position }.to_string());
    let is_asked = |order: &Order, at: Timestamp| filter.has(order) && from.is_none_or(|from| at >= from);
    let orders = updated.orders.into_iter().filter(|(order, at)| is_asked(order, *at)).map(|(order, _)| order).collect();
    Ok(Page { orders, next })
}

/// Returns the position of a cursor of this epoch.
fn position(cursor: Option<Cursor>, epoch: &str, otherwise: &'static str) -> Result<Position, Problem> {
    let cursor = cursor.filter(|cursor| cursor.epoch == epoch);
    cursor.map(|cursor| cursor.position).ok_or_else(|| Problem::invalid(otherwise))
}
