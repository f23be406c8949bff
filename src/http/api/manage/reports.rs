//! The report of a day.

use crate::domain::model::order::Order;
use crate::domain::rules::report::DayReport;
use crate::domain::values::day::{Day, LocalDay, Offset};
use crate::domain::values::ids::{OrderId, RestaurantId};
use crate::http::extract::{Manager, Tenant};
use crate::http::openapi::parts;
use crate::http::problem::Problem;
use crate::http::query::Query;
use crate::http::state::State;
use crate::store::log::{OrderFilter, OrderQuery};
use actix_web::{HttpResponse, web};
use serde::Deserialize;
use utoipa::IntoParams;

/// The most orders that a report covers.
const MOST: usize = 10_000;
/// The orders that one query reads.
const PAGE: u32 = 500;

/// The query of a report.
#[derive(Debug, Clone, Copy, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct DayQuery {
    /// The day: `YYYY-MM-DD`.
    date: Day,
    /// The minutes by which a clock is ahead of UTC at the midnight when the day begins. Absent:
    /// the day of the restaurant's time zone.
    offset: Option<Offset>,
    /// The same at the midnight when the day ends. It differs on a day with a clock change. Absent:
    /// `offset`.
    end_offset: Option<Offset>,
}

/// `GET …/reports/day?date=YYYY-MM-DD`: reports counts, revenue and times of the orders placed on a
/// day, from midnight to midnight in the restaurant's time zone, or on a clock that is `offset`
/// minutes ahead of UTC.
///
/// # Errors
/// `forbidden`, `invalid` for an invalid day or offset.
#[utoipa::path(
    get,
    path = "/api/v1/restaurants/{slug}/reports/day",
    operation_id = "reportDay",
    tag = "management",
    summary = "Read the report of a day",
    description = "For: manager.",
    params(parts::RestaurantPath, DayQuery),
    responses(
        (status = 200, description = "The report.", body = DayReport),
        parts::OfRestaurant,
        (status = 422, response = Problem),
    ),
)]
pub async fn day(
    state: web::Data<State>,
    Manager(who): Manager,
    Tenant(restaurant): Tenant,
    Query(query): Query<DayQuery>,
) -> Result<HttpResponse, Problem> {
    let DayQuery { date, offset, end_offset } = query;
    let day = match offset {
        Some(offset) => {
            let day = LocalDay::new(date, offset, end_offset.unwrap_or(offset));
            day.map_err(|error| Problem::invalid(error.to_string()))?
        }
        None if end_offset.is_some() => return Err(Problem::invalid("end_offset: goes with offset")),
        None => state.node.store.menu(who.restaurant).await?.map(|menu| menu.time_zone).unwrap_or_default().local_day(date),
    };
    let (orders, complete) = orders_of(&state, who.restaurant, day).await?;
    Ok(HttpResponse::Ok().json(DayReport::of(day, restaurant.currency, &orders, complete)))
}

/// Returns the orders placed on a day, and whether these are all.
async fn orders_of(state: &State, restaurant: RestaurantId, day: LocalDay) -> Result<(Vec<Order>, bool), Problem> {
    let mut query = OrderQuery::of(OrderFilter::All);
    (query.after, query.before) = (OrderId::before_placed(day.begin()), OrderId::earliest(day.end()));
    let mut found = Vec::new();
    loop {
        let page = state.node.store.orders(restaurant, query.clone(), PAGE).await?;
        let Some(last) = page.last().map(|order| order.id) else { return Ok((found, true)) };
        let is_last = page.len() < PAGE as usize;
        found.extend(page.into_iter().filter(|order| day.contains(order.placed_at)));
        if found.len() > MOST {
            found.truncate(MOST);
            return Ok((found, false));
        }
        if is_last {
            return Ok((found, true));
        }
        query.after = last;
    }
}
