//! Tickets that no screen shows. Every node looks at every kitchen, and counts by its own clock that nobody sets for how
//! long a ticket has been undrawn: times of nodes are never compared, and a node that dies takes nothing with it.

use crate::clock;
use crate::commands::{CommandError, Commands};
use crate::domain::model::undrawn::{Ticket, Tickets};
use crate::domain::values::ids::RestaurantId;
use crate::domain::values::time::Timestamp;
use crate::store::SharedStore;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// How often it is looked.
const PERIOD: Duration = Duration::from_secs(1);
/// Kitchens read in one query.
const PAGE: u32 = 500;

/// Since when each ticket has been seen undrawn.
#[derive(Debug, Default)]
struct Watch(BTreeMap<(RestaurantId, Ticket), Timestamp>);

impl Watch {
    /// Takes all that is undrawn now; gives, by restaurant, what has been for as long as `patience`. One that was drawn
    /// meanwhile begins anew.
    fn look(
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

/// Looks for as long as the process lives. Without a patience no ticket is ever overdue, and what the floor has been told of
/// is still taken back when it is drawn.
pub async fn watch(store: SharedStore, commands: Commands, patience: Option<Duration>) {
    let mut watch = Watch::default();
    loop {
        if let Err(error) = look(&store, &commands, &mut watch, patience).await {
            log::warn!(error:% = error; "cannot look for tickets that no screen shows; will try again");
        }
        // Not in step with other nodes, which would all do the same work.
        tokio::time::sleep(PERIOD.mul_f32(rand::random_range(0.8..1.2))).await;
    }
}

async fn look(
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
    let mut overdue = watch.look(undrawn, clock::uptime(), patience.unwrap_or_default());
    for (restaurant, tickets) in kitchens {
        let overdue = overdue.remove(&restaurant).unwrap_or_default();
        let news = tickets.changes(&overdue);
        if news.is_empty() {
            continue;
        }
        // Two nodes may find the same: the transaction decides, and the second finds it done.
        if commands.report_undrawn(restaurant, overdue).await?.changed && !news.raised.is_empty() {
            log::warn!(restaurant:%, tickets = news.raised.len(); "no screen shows accepted orders");
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
    fn a_ticket_is_overdue_when_it_has_been_undrawn_all_the_time() {
        let mut watch = Watch::default();
        let mut look = |tickets: &[(RestaurantId, Ticket)], second| {
            let overdue = watch.look(tickets.iter().cloned().collect(), at(second), PATIENCE);
            overdue.values().map(BTreeSet::len).sum::<usize>()
        };
        assert_eq!(look(&[ticket(1, 1)], 0), 0);
        assert_eq!(look(&[ticket(1, 1), ticket(2, 2)], 19), 0);
        assert_eq!(look(&[ticket(1, 1), ticket(2, 2)], 20), 1);
        assert_eq!(look(&[ticket(2, 2)], 30), 0, "the first was drawn");
        assert_eq!(look(&[ticket(1, 1), ticket(2, 2)], 39), 1, "and begins anew");
        assert_eq!(look(&[ticket(1, 1)], 59), 1);
    }

    #[test]
    fn what_is_overdue_is_told_by_restaurant_and_nothing_is_kept_of_what_is_not_there() {
        let mut watch = Watch::default();
        let both: BTreeSet<_> = [ticket(1, 1), ticket(2, 2)].into();
        watch.look(both.clone(), at(0), PATIENCE);
        let overdue = watch.look(both.clone(), at(20), PATIENCE);
        let wanted = both.into_iter().map(|(restaurant, ticket)| (restaurant, BTreeSet::from([ticket])));
        assert_eq!(overdue, wanted.collect());
        watch.look(BTreeSet::new(), at(21), PATIENCE);
        assert!(watch.0.is_empty());
    }
}
