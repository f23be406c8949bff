//! The report of a day: counts and durations over the orders placed on it.

use crate::domain::model::order::{Item, Order};
use crate::domain::model::status::{ItemStatus, OrderStatus};
use crate::domain::values::day::{Day, LocalDay};
use crate::domain::values::ids::MenuItemId;
use crate::domain::values::money::{Currency, Money};
use crate::domain::values::text::{Name, Station};
use crate::domain::values::time::Timestamp;
use serde::Serialize;
use std::collections::BTreeMap;
use utoipa::ToSchema;

const HOUR_MS: i64 = 60 * 60 * 1000;

/// The durations of a step, over the orders that have completed it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct Step {
    /// Orders that have completed the step.
    pub count: usize,
    /// The median in milliseconds. Absent without orders.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub median_ms: Option<u64>,
    /// The 90th percentile in milliseconds. Absent without orders.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub p90_ms: Option<u64>,
}

/// The steps of an order that guests wait for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct Steps {
    /// From placing to acceptance by the staff.
    pub placed_to_accepted: Step,
    /// From acceptance to the last finished item; of an order for later, from when its work began.
    pub accepted_to_ready: Step,
    /// From the last finished item to serving.
    pub ready_to_served: Step,
}

/// Sales of a dish.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Sold {
    /// The dish.
    pub menu_item: MenuItemId,
    /// The dish's name in its latest order.
    pub name: Name,
    /// Portions sold.
    #[schema(minimum = 1)]
    pub quantity: u64,
    /// The sum of their prices, options included.
    pub revenue: Money,
}

/// The report of a day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct DayReport {
    /// The date.
    pub date: Day,
    /// The first moment of the day.
    pub begins_at: Timestamp,
    /// False if the day has more orders than a report reads. It then covers the first ones.
    pub complete: bool,
    /// Orders placed. Those that were split off count with the order that they were part of.
    pub orders: usize,
    /// Orders in each status. A status without orders is absent.
    #[schema(value_type = BTreeMap<OrderStatus, usize>)]
    pub statuses: BTreeMap<&'static str, usize>,
    /// The sum of the totals of orders that were accepted and not cancelled.
    pub revenue: Money,
    /// The durations of the steps.
    pub steps: Steps,
    /// Orders with a promised time that became ready.
    pub promised: usize,
    /// The part of `promised` that became ready after the promised time.
    pub late: usize,
    /// Orders placed in each hour of the day: 24 hours, unless the clock changes on that day.
    #[schema(min_items = 21, max_items = 27)]
    pub hours: Vec<usize>,
    /// Portions for each station, of orders that were accepted and not cancelled.
    pub stations: BTreeMap<Station, u64>,
    /// Sales of each dish in the same orders, most portions first.
    pub items: Vec<Sold>,
}

impl DayReport {
    /// Returns the report of a day. It ignores orders of other days. `complete` says whether
    /// `orders` are all orders of the day.
    #[must_use]
    pub fn of(day: LocalDay, currency: Currency, orders: &[Order], complete: bool) -> Self {
        let orders: Vec<_> = orders.iter().filter(|order| day.contains(order.placed_at)).collect();
        let sold_orders: Vec<_> = orders.iter().copied().filter(|order| is_sold(order)).collect();
        // What was split off an order was placed with it.
        let orders: Vec<_> = orders.into_iter().filter(|order| order.split_from.is_none()).collect();
        let with_promise: Vec<_> = orders.iter().filter_map(|order| order.ready_at.zip(order.promised_at)).collect();
        Self {
            date: day.date(),
            begins_at: day.begin(),
            complete,
            orders: orders.len(),
            statuses: statuses(&orders),
            revenue: sum(currency, sold_orders.iter().map(|order| order.total.amount)),
            steps: steps(&orders),
            promised: with_promise.len(),
            late: with_promise.iter().filter(|(ready, promised)| ready > promised).count(),
            hours: hours(day, &orders),
            stations: stations(&sold_orders),
            items: sold(currency, &sold_orders),
        }
    }
}

/// Whether an order counts as sold: accepted and not cancelled.
const fn is_sold(order: &Order) -> bool {
    !matches!(order.status, OrderStatus::Placed | OrderStatus::Rejected | OrderStatus::Cancelled)
}

/// Returns the sum of the amounts; saturates beyond the range.
fn sum(currency: Currency, amounts: impl Iterator<Item = i64>) -> Money {
    Money { amount: amounts.fold(0, i64::saturating_add), currency }
}

fn statuses(orders: &[&Order]) -> BTreeMap<&'static str, usize> {
    let mut counts = BTreeMap::new();
    for order in orders {
        *counts.entry(order.status.as_str()).or_default() += 1;
    }
    counts
}

fn hours(day: LocalDay, orders: &[&Order]) -> Vec<usize> {
    let hour = |at: Timestamp| usize::try_from((at.millis() - day.begin().millis()).div_euclid(HOUR_MS)).unwrap_or_default();
    // With a clock change of half an hour, the last hour is half an hour long.
    let mut counts = vec![0; hour(Timestamp::from_millis(day.end().millis() - 1)) + 1];
    for order in orders {
        if let Some(count) = counts.get_mut(hour(order.placed_at)) {
            *count += 1;
        }
    }
    counts
}

/// Returns when the kitchen got an order: when it was accepted, or when the work of one for later began.
fn work_began(order: &Order) -> Option<Timestamp> {
    order.accepted_at.map(|accepted| order.starts_at.map_or(accepted, |starts| accepted.max(starts)))
}

fn steps(orders: &[&Order]) -> Steps {
    let step = |from: fn(&Order) -> Option<Timestamp>, to: fn(&Order) -> Option<Timestamp>| {
        let made = orders.iter().filter_map(|order| Some((from(order)?, to(order)?)));
        Step::of(made.map(|(from, to)| u64::try_from(to.since(from).as_millis()).unwrap_or(u64::MAX)).collect())
    };
    Steps {
        placed_to_accepted: step(|order| Some(order.placed_at), |order| order.accepted_at),
        accepted_to_ready: step(work_began, |order| order.ready_at),
        ready_to_served: step(|order| order.ready_at, |order| order.served_at),
    }
}

impl Step {
    fn of(mut spans: Vec<u64>) -> Self {
        spans.sort_unstable();
        Self { count: spans.len(), median_ms: percentile(&spans, 50), p90_ms: percentile(&spans, 90) }
    }
}

/// Returns a percentile by nearest rank, always one of the values.
fn percentile(sorted: &[u64], percent: usize) -> Option<u64> {
    let rank = (sorted.len() * percent).div_ceil(100);
    sorted.get(rank.saturating_sub(1)).copied()
}

fn live_items<'a>(orders: &'a [&Order]) -> impl Iterator<Item = &'a Item> {
    orders.iter().flat_map(|order| order.items.values()).filter(|item| item.status != ItemStatus::Voided)
}

fn stations(orders: &[&Order]) -> BTreeMap<Station, u64> {
    let mut portions = BTreeMap::new();
    for item in live_items(orders) {
        *portions.entry(item.station.clone()).or_default() += u64::from(item.quantity);
    }
    portions
}

fn sold(currency: Currency, orders: &[&Order]) -> Vec<Sold> {
    let mut by_dish: BTreeMap<MenuItemId, Sold> = BTreeMap::new();
    for item in live_items(orders) {
        let (menu_item, name) = (item.menu_item, item.name.clone());
        let dish =
            by_dish.entry(menu_item).or_insert_with(|| Sold { menu_item, name, quantity: 0, revenue: Money::zero(currency) });
        dish.name = item.name.clone();
        dish.quantity += u64::from(item.quantity);
        let amount = item.price.amount.saturating_mul(i64::from(item.quantity));
        dish.revenue.amount = dish.revenue.amount.saturating_add(amount);
    }
    let mut dishes: Vec<_> = by_dish.into_values().collect();
    dishes.sort_by(|a, b| b.quantity.cmp(&a.quantity).then_with(|| a.name.cmp(&b.name)));
    dishes
}

#[cfg(test)]
#[path = "tests/report.rs"]
mod tests;
