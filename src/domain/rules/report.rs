//! The report of a day: counts and times over the orders that were placed in it. Pure arithmetic.

use crate::domain::model::order::{Item, Order};
use crate::domain::model::status::{ItemStatus, OrderStatus};
use crate::domain::values::day::{Day, LocalDay};
use crate::domain::values::ids::MenuItemId;
use crate::domain::values::money::{Currency, Money};
use crate::domain::values::text::{Name, Station};
use crate::domain::values::time::Timestamp;
use serde::Serialize;
use std::collections::BTreeMap;

const HOUR_MS: i64 = 60 * 60 * 1000;

/// How long a step took, over the orders that have made it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Step {
    /// How many orders have made it.
    pub count: usize,
    /// Half of them took no longer, in milliseconds. Absent when there are none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub median_ms: Option<u64>,
    /// Nine in ten took no longer, in milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub p90_ms: Option<u64>,
}

/// The steps of an order that people wait for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Steps {
    /// Until the staff took it.
    pub placed_to_accepted: Step,
    /// Until the kitchen had finished it.
    pub accepted_to_ready: Step,
    /// Until it was brought.
    pub ready_to_served: Step,
}

/// What was sold of a dish.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Sold {
    /// Which.
    pub menu_item: MenuItemId,
    /// What it was called when it was last ordered.
    pub name: Name,
    /// How many.
    pub quantity: u64,
    /// For how much, options included.
    pub revenue: Money,
}

/// The report of a day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DayReport {
    /// Which.
    pub date: Day,
    /// Its first moment.
    pub begins_at: Timestamp,
    /// False when there were more orders than a report looks at; it then covers the first of the day.
    pub complete: bool,
    /// Orders placed.
    pub orders: usize,
    /// Of those, how many stand in each status; statuses that none stands in are absent.
    pub statuses: BTreeMap<&'static str, usize>,
    /// The totals of the orders that were accepted and not cancelled.
    pub revenue: Money,
    /// How long they took.
    pub steps: Steps,
    /// Orders that came to be ready and had a promised time.
    pub promised: usize,
    /// Of those, the ones that were ready after it.
    pub late: usize,
    /// Orders placed in each hour from its first moment on: 24 of them, but for a day with a clock change.
    pub hours: Vec<usize>,
    /// Portions that each station made, of orders that were accepted and not cancelled.
    pub stations: BTreeMap<Station, u64>,
    /// What was sold of each dish, of the same orders; most first.
    pub items: Vec<Sold>,
}

impl DayReport {
    /// Reports on the orders of a day. Those of other days are left out. `complete` is whether these are all there are.
    #[must_use]
    pub fn of(day: LocalDay, currency: Currency, orders: &[Order], complete: bool) -> Self {
        let orders: Vec<_> = orders.iter().filter(|order| day.contains(order.placed_at)).collect();
        let kept: Vec<_> = orders.iter().copied().filter(|order| is_kept(order)).collect();
        let judged: Vec<_> = orders.iter().filter_map(|order| order.ready_at.zip(order.promised_at)).collect();
        Self {
            date: day.date(),
            begins_at: day.begin(),
            complete,
            orders: orders.len(),
            statuses: statuses(&orders),
            revenue: sum(currency, kept.iter().map(|order| order.total.amount)),
            steps: steps(&orders),
            promised: judged.len(),
            late: judged.iter().filter(|(ready, promised)| ready > promised).count(),
            hours: hours(day, &orders),
            stations: stations(&kept),
            items: sold(currency, &kept),
        }
    }
}

/// Sold is what the restaurant has taken on: an order that nobody has accepted yet is not.
const fn is_kept(order: &Order) -> bool {
    !matches!(order.status, OrderStatus::Placed | OrderStatus::Rejected | OrderStatus::Cancelled)
}

/// Saturates rather than wraps, were it ever not to fit.
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
    // Where clocks change by half an hour, the last hour is half of one.
    let mut counts = vec![0; hour(Timestamp::from_millis(day.end().millis() - 1)) + 1];
    for order in orders {
        if let Some(count) = counts.get_mut(hour(order.placed_at)) {
            *count += 1;
        }
    }
    counts
}

fn steps(orders: &[&Order]) -> Steps {
    let step = |from: fn(&Order) -> Option<Timestamp>, to: fn(&Order) -> Option<Timestamp>| {
        let made = orders.iter().filter_map(|order| Some((from(order)?, to(order)?)));
        Step::of(made.map(|(from, to)| u64::try_from(to.since(from).as_millis()).unwrap_or(u64::MAX)).collect())
    };
    Steps {
        placed_to_accepted: step(|order| Some(order.placed_at), |order| order.accepted_at),
        accepted_to_ready: step(|order| order.accepted_at, |order| order.ready_at),
        ready_to_served: step(|order| order.ready_at, |order| order.served_at),
    }
}

impl Step {
    fn of(mut spans: Vec<u64>) -> Self {
        spans.sort_unstable();
        Self { count: spans.len(), median_ms: percentile(&spans, 50), p90_ms: percentile(&spans, 90) }
    }
}

/// By nearest rank: the smallest value that so many per cent of all do not exceed. Always one of the values.
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
