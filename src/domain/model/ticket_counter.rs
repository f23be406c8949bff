//! The counter of a restaurant's tickets. Each kind of service has a series of its own, which starts again each day.

use super::order::Service;
use crate::domain::values::day::Day;
use crate::domain::values::ticket::Ticket;
use serde::{Deserialize, Serialize};

/// The last ticket of each series on a day.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TicketCounter {
    /// The day; `None` before the first ticket.
    day: Option<Day>,
    dine_in: u32,
    takeaway: u32,
    delivery: u32,
}

impl TicketCounter {
    /// Returns the next ticket for an order placed on a day, and the counter after it. A counter does not go back to an earlier
    /// day, since the clocks of two nodes may differ around midnight, and a restaurant may move to another time zone. If it is
    /// more than two days ahead, a clock was wrong: the counter continues under today's date, and starts again tomorrow.
    #[must_use]
    pub fn next(self, day: Day, service: Service) -> (Ticket, Self) {
        let mut after = match self.day {
            Some(last) if last > day.next().next() => Self { day: Some(day), ..self },
            Some(last) if last >= day => self,
            _ => Self { day: Some(day), ..Self::default() },
        };
        let (series, last) = match service {
            Service::DineIn => ('A', &mut after.dine_in),
            Service::Takeaway => ('T', &mut after.takeaway),
            Service::Delivery => ('D', &mut after.delivery),
        };
        *last = last.saturating_add(1);
        (Ticket::new(series, *last), after)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::HashSet;

    fn day(number: u8) -> Day {
        format!("2026-11-{:02}", 10 + number).parse().unwrap()
    }

    #[test]
    fn each_series_begins_with_1_and_begins_again_each_day() {
        let orders =
            [(1, Service::DineIn), (1, Service::DineIn), (1, Service::Takeaway), (2, Service::DineIn), (2, Service::Delivery)];
        let mut counter = TicketCounter::default();
        let mut tickets = Vec::new();
        for (number, service) in orders {
            let (ticket, after) = counter.next(day(number), service);
            tickets.push(ticket.to_string());
            counter = after;
        }
        assert_eq!(tickets, ["A1", "A2", "T1", "A1", "D1"]);
    }

    #[test]
    fn a_clock_that_was_a_year_ahead_delays_no_more_than_one_midnight() {
        let (mut counter, mut tickets) = (TicketCounter::default(), Vec::new());
        for day in ["2026-11-30", "2027-11-30", "2026-11-30", "2026-11-30", "2026-12-01", "2026-12-01"] {
            let (ticket, after) = counter.next(day.parse().unwrap(), Service::DineIn);
            tickets.push(ticket.to_string());
            counter = after;
        }
        assert_eq!(tickets, ["A1", "A1", "A2", "A3", "A1", "A2"]);
    }

    proptest! {
        /// The days come out of order, as from nodes whose clocks differ.
        #[test]
        fn no_ticket_is_given_twice_on_the_day_of_its_counter(orders in prop::collection::vec((0..3_u8, 0..3_u8), 1..200)) {
            let services = [Service::DineIn, Service::Takeaway, Service::Delivery];
            let (mut counter, mut given) = (TicketCounter::default(), HashSet::new());
            for (number, service) in orders {
                let (ticket, after) = counter.next(day(number), services[usize::from(service)]);
                prop_assert!(after.day >= counter.day && after.day >= Some(day(number)));
                prop_assert!(given.insert((after.day, ticket)), "{ticket} twice on {:?}", after.day);
                counter = after;
            }
        }
    }
}
