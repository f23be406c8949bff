//! Tickets that no screen shows, pure: which there are, and what the floor is told of them.
//!
//! A ticket is an accepted order at one station, for as long as something of it is queued there: what somebody has begun
//! has been read. A screen shows it when it has drawn the feed up to where the order was accepted, connected or not:
//! a screen that is gone is told of by itself, and what it showed has been read.

use super::order::Order;
use super::status::{ItemStatus, OrderStatus};
use crate::domain::values::ids::OrderId;
use crate::domain::values::position::Position;
use crate::domain::values::text::Station;
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// The most tickets of one station that the floor is told of at once, the oldest first; the others follow as they are drawn.
pub const MOST: usize = 100;

/// An order at one station. Ordered by station, then by the order's age.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ticket {
    /// Where it is to be cooked.
    pub station: Station,
    /// The order.
    pub order: OrderId,
    /// What is called out.
    pub number: u32,
}

/// An order that waits in the kitchen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting {
    /// Its id.
    pub order: OrderId,
    /// What is called out.
    pub number: u32,
    /// The position at which it was accepted.
    pub accepted: Position,
    /// Where something of it is queued.
    pub stations: BTreeSet<Station>,
}

/// What a restaurant's screens have drawn, each whether it is connected or not.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SeenUpTo {
    everywhere: Position,
    stations: BTreeMap<Station, Position>,
}

/// What is to be decided about.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tickets {
    /// Orders that wait.
    pub waiting: Vec<Waiting>,
    /// What screens have drawn.
    pub drawn: SeenUpTo,
    /// What the floor has been told of.
    pub raised: BTreeSet<Ticket>,
}

/// What the floor is to be told, station by station.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Changes {
    /// Tickets that no screen shows.
    pub raised: BTreeSet<Ticket>,
    /// Tickets that were such and are not any more: drawn, begun, or over.
    pub settled: BTreeSet<Ticket>,
}

/// Where an order waits: the stations at which something of it is queued, once it is accepted and until it is ready.
#[must_use]
pub fn waits_at(order: &Order) -> BTreeSet<Station> {
    let is_owed = matches!(order.status, OrderStatus::Accepted | OrderStatus::Preparing);
    let queued = order.items.values().filter(|item| is_owed && item.status == ItemStatus::Queued);
    queued.map(|item| item.station.clone()).collect()
}

impl SeenUpTo {
    /// A screen of a station, or of all, has drawn everything up to a position.
    pub fn add(&mut self, station: Option<Station>, position: Position) {
        let known = station.map_or(&mut self.everywhere, |station| self.stations.entry(station).or_default());
        *known = position.max(*known);
    }

    /// Up to where the screens that show every station have drawn.
    #[must_use]
    pub const fn everywhere(&self) -> Position {
        self.everywhere
    }

    fn at(&self, station: &Station) -> Position {
        self.stations.get(station).copied().unwrap_or_default().max(self.everywhere)
    }
}

impl Tickets {
    /// The tickets that no screen shows now, however short a time they have been there.
    #[must_use]
    pub fn undrawn(&self) -> BTreeSet<Ticket> {
        let of = |waiting: &Waiting| {
            let Waiting { order, number, accepted, stations } = waiting.clone();
            let dark = stations.into_iter().filter(move |station| self.drawn.at(station) < accepted);
            dark.map(move |station| Ticket { station, order, number })
        };
        self.waiting.iter().flat_map(of).collect()
    }

    /// What there is to tell, when these tickets are overdue: what a node has seen undrawn for long enough by its own clock.
    /// What has been told of stands until it is settled, whoever looks.
    #[must_use]
    pub fn news(&self, overdue: &BTreeSet<Ticket>) -> Changes {
        let mut room: BTreeMap<Station, usize> = BTreeMap::new();
        let mut is_within = |ticket: &Ticket| {
            let taken = room.entry(ticket.station.clone()).or_default();
            *taken += 1;
            *taken <= MOST
        };
        let undrawn = self.undrawn().into_iter();
        let due = undrawn.filter(|ticket| overdue.contains(ticket) || self.raised.contains(ticket));
        let due: BTreeSet<_> = due.filter(|ticket| is_within(ticket)).collect();
        Changes { raised: &due - &self.raised, settled: &self.raised - &due }
    }
}

impl Changes {
    /// Whether there is nothing to tell.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.raised.is_empty() && self.settled.is_empty()
    }

    pub(crate) fn stations(&self) -> BTreeSet<&Station> {
        self.raised.iter().chain(&self.settled).map(|ticket| &ticket.station).collect()
    }
}

/// The id under which a station stands among the floor's displays.
pub(crate) fn id(station: &Station) -> String {
    format!("station:{station}")
}

pub(crate) fn entry(station: &Station, orders: impl Iterator<Item = (OrderId, Value)>) -> Value {
    let orders: Map<_, _> = orders.map(|(order, number)| (order.to_string(), number)).collect();
    json!({"id": id(station), "station": station, "connected": false, "undrawn": orders})
}

/// What stands among the floor's displays for tickets that no screen shows, by id.
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
