//! The alarm for tickets that no screen has shown. Each node checks all kitchens, and measures on
//! its own monotonic clock how long a ticket has been undrawn. Times of nodes are never compared,
//! and the death of a node loses nothing.

use crate::clock;
use crate::commands::{CommandError, Commands};
use crate::domain::model::undrawn::{Ticket, Tickets};
use crate::domain::values::ids::RestaurantId;
use crate::domain::values::time::Timestamp;
use crate::store::SharedStore;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// The period of checks.
const PERIOD: Duration = Duration::from_secs(1);
/// The most kitchens read in one query.
const PAGE: u32 = 500;

/// When this node first saw each undrawn ticket.
#[derive(Debug, Default)]
struct Watch(BTreeMap<(RestaurantId, Ticket), Timestamp>);

impl Watch {
    /// Records the undrawn tickets. Returns those that have been undrawn for `patience`, by
    /// restaurant. A ticket that was drawn in between starts again.
    fn record(
        &mut self,
        undrawn: BTreeSet<(RestaurantId, Ticket)>,
        now: Timestamp,
        patience: Duration,
    ) -> BTreeMap<RestaurantId, BTreeSet<Ticket>> {
        let before = std::mem::take(&mut self.0);
        let since = |ticket: &_| before.get(ticket).copied().unwrap_or(now);
        self.0 = undrawn.into_iter().map(|ticket| (since(&ticket), ticket)).map(|(since, ticket)| (ticket, since)).collect();
        let mut overdue: BTreeMap<_, BTreeSet<_>> = BTreeMap::new();
        for ((restaurant, ticket), _) in self.0.iter().filter(|(_, since)| now.since(**since) >= patience) {
            overdue.entry(*restaurant).or_default().insert(ticket.clone());
        }
        overdue
    }
}

/// Checks kitchens until the process ends. Without a patience no ticket is overdue, but earlier
/// reports are still taken back.
pub async fn watch(store: SharedStore, commands: Commands, patience: Option<Duration>) {
    let mut watch = Watch::default();
    loop {
        if let Err(error) = check(&store, &commands, &mut watch, patience).await {
            log::warn!(error:% = error; "cannot check for tickets that no screen has shown; will try again");
        }
        // With jitter, so that nodes do not all do the same work at once.
        tokio::time::sleep(PERIOD.mul_f32(rand::random_range(0.8..1.2))).await;
    }
}

async fn check(
    store: &SharedStore,
    commands: &Commands,
    watch: &mut Watch,
    patience: Option<Duration>,
) -> Result<(), CommandError> {
    let kitchens = all(store).await?;
    let undrawn = |(restaurant, tickets): &(RestaurantId, Tickets)| {
        let restaurant = *restaurant;
        tickets.undrawn().into_iter().map(move |ticket| (restaurant, ticket))
    };
    let undrawn = kitchens.iter().filter(|_| patience.is_some()).flat_map(undrawn).collect();
    let mut overdue = watch.record(undrawn, clock::uptime(), patience.unwrap_or_default());
    for (restaurant, tickets) in kitchens {
        let overdue = overdue.remove(&restaurant).unwrap_or_default();
        let changes = tickets.changes(&overdue);
        if changes.is_empty() {
            continue;
        }
        // Several nodes may find the same ticket; the transaction ignores all but the first.
        if commands.report_undrawn(restaurant, overdue).await?.changed && !changes.raised.is_empty() {
            log::warn!(restaurant:%, tickets = changes.raised.len(); "no screen shows accepted orders");
        }
    }
    Ok(())
}

async fn all(store: &SharedStore) -> Result<Vec<(RestaurantId, Tickets)>, CommandError> {
    let mut kitchens: Vec<(RestaurantId, Tickets)> = Vec::new();
    loop {
        let page = store.tickets(kitchens.last().map(|(restaurant, _)| *restaurant), PAGE).await?;
        let is_last = page.len() < PAGE as usize;
        kitchens.extend(page);
        if is_last {
            return Ok(kitchens);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::values::ids::OrderId;
    use uuid::Uuid;

    const PATIENCE: Duration = Duration::from_secs(20);

    fn ticket(restaurant: u128, order: u128) -> (RestaurantId, Ticket) {
        let order = OrderId::from_uuid(Uuid::from_u128(order));
        (RestaurantId::from_uuid(Uuid::from_u128(restaurant)), Ticket { station: "hot".parse().unwrap(), order, number: 1 })
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_millis(second * 1000)
    }

    #[test]
    fn a_ticket_is_overdue_after_being_undrawn_without_a_break() {
        let mut watch = Watch::default();
        let mut check = |tickets: &[(RestaurantId, Ticket)], second| {
            let overdue = watch.record(tickets.iter().cloned().collect(), at(second), PATIENCE);
            overdue.values().map(BTreeSet::len).sum::<usize>()
        };
        assert_eq!(check(&[ticket(1, 1)], 0), 0);
        assert_eq!(check(&[ticket(1, 1), ticket(2, 2)], 19), 0);
        assert_eq!(check(&[ticket(1, 1), ticket(2, 2)], 20), 1);
        assert_eq!(check(&[ticket(2, 2)], 30), 0, "the first was drawn");
        assert_eq!(check(&[ticket(1, 1), ticket(2, 2)], 39), 1, "it starts again");
        assert_eq!(check(&[ticket(1, 1)], 59), 1);
    }

    #[test]
    fn overdue_tickets_are_returned_by_restaurant_and_drawn_ones_are_dropped() {
        let mut watch = Watch::default();
        let both: BTreeSet<_> = [ticket(1, 1), ticket(2, 2)].into();
        watch.record(both.clone(), at(0), PATIENCE);
        let overdue = watch.record(both.clone(), at(20), PATIENCE);
        let expected = both.into_iter().map(|(restaurant, ticket)| (restaurant, BTreeSet::from([ticket])));
        assert_eq!(overdue, expected.collect());
        watch.record(BTreeSet::new(), at(21), PATIENCE);
        assert!(watch.0.is_empty());
    }
}
