//! Undrawn tickets: tickets that no kitchen screen has shown, and their entries among the floor's
//! displays.
//!
//! A ticket is an accepted order at one station while any of its items is queued there; a started
//! item has been read. A screen has shown a ticket if it has drawn the feed up to the order's
//! acceptance. This holds also after the screen disconnects: the floor has a report of its own for
//! lost screens.

use super::order::Order;
use super::status::OrderStatus;
use crate::domain::values::ids::OrderId;
use crate::domain::values::position::Position;
use crate::domain::values::text::Station;
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// The most undrawn tickets of one station on the floor's displays. Overflow: the oldest come
/// first, and others follow once those are drawn.
pub const MOST: usize = 100;

/// An order at one station. Sorts by station, then by the order's age.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ticket {
    /// The station that prepares it.
    pub station: Station,
    /// The order's id.
    pub order: OrderId,
    /// The order's number.
    pub number: u32,
}

/// An order that waits in the kitchen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting {
    /// The order's id.
    pub order: OrderId,
    /// The order's number.
    pub number: u32,
    /// The position of its acceptance.
    pub accepted: Position,
    /// The stations at which an item of it is queued.
    pub stations: BTreeSet<Station>,
}

/// The positions up to which a restaurant's screens have drawn the feed, connected or not.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SeenUpTo {
    everywhere: Position,
    stations: BTreeMap<Station, Position>,
}

/// The input of a decision on undrawn tickets.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tickets {
    /// Orders with queued items.
    pub waiting: Vec<Waiting>,
    /// How far the screens have drawn the feed.
    pub drawn: SeenUpTo,
    /// The tickets on the floor's displays.
    pub raised: BTreeSet<Ticket>,
}

/// Changes of the undrawn tickets on the floor's displays.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Changes {
    /// Tickets to add.
    pub raised: BTreeSet<Ticket>,
    /// Tickets to remove: drawn, started, or closed.
    pub settled: BTreeSet<Ticket>,
}

/// Returns the stations at which an item of the order is queued, between acceptance and readiness. An order for later is not due
/// yet.
#[must_use]
pub fn waits_at(order: &Order) -> BTreeSet<Station> {
    let is_owed = matches!(order.status, OrderStatus::Accepted | OrderStatus::Preparing) && !order.upcoming;
    let queued = order.items.values().filter(|item| is_owed && item.is_waiting());
    queued.map(|item| item.station.clone()).collect()
}

impl SeenUpTo {
    /// Records that a screen of one station, or of all, has drawn everything up to a position.
    pub fn add(&mut self, station: Option<Station>, position: Position) {
        let known = station.map_or(&mut self.everywhere, |station| self.stations.entry(station).or_default());
        *known = position.max(*known);
    }

    /// Returns the position up to which a screen of all stations has drawn everything.
    #[must_use]
    pub const fn everywhere(&self) -> Position {
        self.everywhere
    }

    fn at(&self, station: &Station) -> Position {
        self.stations.get(station).copied().unwrap_or_default().max(self.everywhere)
    }
}

impl Tickets {
    /// Returns all tickets that no screen has shown, however recent.
    #[must_use]
    pub fn undrawn(&self) -> BTreeSet<Ticket> {
        let of = |waiting: &Waiting| {
            let Waiting { order, number, accepted, stations } = waiting.clone();
            let undrawn = stations.into_iter().filter(move |station| self.drawn.at(station) < accepted);
            undrawn.map(move |station| Ticket { station, order, number })
        };
        self.waiting.iter().flat_map(of).collect()
    }

    /// Returns the changes to report if `overdue` are the tickets that this node has seen undrawn
    /// for long enough. A reported ticket stays until it is settled, even if it is not overdue on
    /// another node.
    #[must_use]
    pub fn changes(&self, overdue: &BTreeSet<Ticket>) -> Changes {
        let mut counts: BTreeMap<Station, usize> = BTreeMap::new();
        let mut is_within = |ticket: &Ticket| {
            let count = counts.entry(ticket.station.clone()).or_default();
            *count += 1;
            *count <= MOST
        };
        let undrawn = self.undrawn().into_iter();
        let due = undrawn.filter(|ticket| overdue.contains(ticket) || self.raised.contains(ticket));
        let due: BTreeSet<_> = due.filter(|ticket| is_within(ticket)).collect();
        Changes { raised: &due - &self.raised, settled: &self.raised - &due }
    }
}

impl Changes {
    /// Whether nothing changes.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.raised.is_empty() && self.settled.is_empty()
    }

    pub(crate) fn stations(&self) -> BTreeSet<&Station> {
        self.raised.iter().chain(&self.settled).map(|ticket| &ticket.station).collect()
    }
}

/// Returns the id of a station's entry among the floor's displays.
pub(crate) fn id(station: &Station) -> String {
    format!("station:{station}")
}

pub(crate) fn entry(station: &Station, orders: impl Iterator<Item = (OrderId, Value)>) -> Value {
    let orders: Map<_, _> = orders.map(|(order, number)| (order.to_string(), number)).collect();
    json!({"id": id(station), "station": station, "connected": false, "undrawn": orders})
}

/// Returns the entries for undrawn tickets among the floor's displays, by id.
#[must_use]
pub fn entries(raised: &BTreeSet<Ticket>) -> BTreeMap<String, Value> {
    let mut stations: BTreeMap<&Station, Vec<&Ticket>> = BTreeMap::new();
    for ticket in raised {
        stations.entry(&ticket.station).or_default().push(ticket);
    }
    let orders =
        |tickets: Vec<&Ticket>| tickets.into_iter().map(|ticket| (ticket.order, json!(ticket.number))).collect::<Vec<_>>();
    stations.into_iter().map(|(station, tickets)| (id(station), entry(station, orders(tickets).into_iter()))).collect()
}
