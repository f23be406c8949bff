//! The alarm for tickets that no screen has shown. Each node checks the kitchens in which something
//! has changed or is due, and measures on its own monotonic clock how long a ticket has been
//! undrawn. Times of nodes are never compared, and the death of a node loses nothing.

use crate::clock;
use crate::commands::{CommandError, Commands};
use crate::domain::model::undrawn::{Ticket, Tickets};
use crate::domain::values::ids::RestaurantId;
use crate::domain::values::time::Timestamp;
use crate::store::SharedStore;
use crate::store::screens::TicketCheck;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// The period of checks.
const PERIOD: Duration = Duration::from_secs(1);
/// The most kitchens read in one query.
const PAGE: u32 = 500;
/// The period in which completed checks are marked as done, all in one commit.
const DONE_PERIOD: Duration = Duration::from_secs(10);

/// The state of a kitchen when this node last checked it.
#[derive(Debug)]
struct Kitchen {
    /// The version of the check whose outcome is reported.
    version: Option<i64>,
    /// When this node first saw each undrawn ticket.
    undrawn: BTreeMap<Ticket, Timestamp>,
    /// When the next of these tickets is overdue.
    next: Option<Timestamp>,
    /// Whether all tickets are drawn and no report stands.
    is_done: bool,
}

/// The kitchens with due checks.
///
/// Bound: restaurants with undrawn tickets or changes within [`DONE_PERIOD`], each with at most the
/// tickets that the store reads.
#[derive(Debug, Default)]
struct Watch {
    kitchens: BTreeMap<RestaurantId, Kitchen>,
    done_at: Option<Timestamp>,
}

impl Watch {
    /// Forgets kitchens whose check is no longer due. Returns the checks of kitchens in which
    /// something has changed, or a ticket is overdue.
    fn select(&mut self, due: Vec<TicketCheck>, now: Timestamp) -> Vec<TicketCheck> {
        let all: BTreeSet<_> = due.iter().map(|check| check.restaurant).collect();
        self.kitchens.retain(|restaurant, _| all.contains(restaurant));
        let is_known = |check: &TicketCheck| {
            self.kitchens
                .get(&check.restaurant)
                .is_some_and(|kitchen| kitchen.version == Some(check.version) && kitchen.next.is_none_or(|next| now < next))
        };
        due.into_iter().filter(|check| !is_known(check)).collect()
    }

    /// Records the tickets of a kitchen. Returns those that have been undrawn for `patience`. The time of a ticket that was
    /// drawn in between starts again.
    fn record(&mut self, restaurant: RestaurantId, tickets: &Tickets, now: Timestamp, patience: Duration) -> BTreeSet<Ticket> {
        let before = self.kitchens.remove(&restaurant).map(|kitchen| kitchen.undrawn).unwrap_or_default();
        let since = |ticket: Ticket| (before.get(&ticket).copied().unwrap_or(now), ticket);
        let undrawn: BTreeMap<_, _> = tickets.undrawn().into_iter().map(since).map(|(since, ticket)| (ticket, since)).collect();
        let overdue = undrawn.iter().filter(|(_, since)| now.since(**since) >= patience);
        let overdue: BTreeSet<_> = overdue.map(|(ticket, _)| ticket.clone()).collect();
        let next = undrawn.values().map(|since| since.plus(patience)).filter(|at| *at > now).min();
        let is_done = undrawn.is_empty() && tickets.raised.is_empty();
        self.kitchens.insert(restaurant, Kitchen { version: None, undrawn, next, is_done });
        overdue
    }

    /// Records that the outcome of a check is reported: it is repeated only after a change, or when
    /// the next ticket is overdue.
    fn reported(&mut self, check: TicketCheck) {
        if let Some(kitchen) = self.kitchens.get_mut(&check.restaurant) {
            kitchen.version = Some(check.version);
        }
    }

    /// Returns the checks to mark as done, once in [`DONE_PERIOD`].
    fn done(&mut self, now: Timestamp) -> Vec<TicketCheck> {
        if self.done_at.is_some_and(|at| now.since(at) < DONE_PERIOD) {
            return Vec::new();
        }
        self.done_at = Some(now);
        let done = self.kitchens.iter().filter(|(_, kitchen)| kitchen.is_done);
        done.filter_map(|(restaurant, kitchen)| Some(TicketCheck { restaurant: *restaurant, version: kitchen.version? }))
            .collect()
    }
}

/// Checks kitchens until the process ends. Without `patience`, no ticket is overdue, but earlier
/// reports are still taken back.
pub async fn watch(store: SharedStore, commands: Commands, patience: Option<Duration>) {
    let mut watch = Watch::default();
    loop {
        let checked = match patience {
            Some(patience) => check(&store, &commands, &mut watch, patience).await,
            None => take_back(&store, &commands).await,
        };
        if let Err(error) = checked {
            log::warn!(error:% = error; "cannot check for tickets that no screen has shown; will try again");
        }
        // With jitter, so that nodes do not all do the same work at once.
        tokio::time::sleep(PERIOD.mul_f32(rand::random_range(0.8..1.2))).await;
    }
}

async fn check(store: &SharedStore, commands: &Commands, watch: &mut Watch, patience: Duration) -> Result<(), CommandError> {
    let due = due_checks(store).await?;
    for check in watch.select(due, clock::uptime()) {
        let tickets = store.tickets(check.restaurant).await?;
        let overdue = watch.record(check.restaurant, &tickets, clock::uptime(), patience);
        report(commands, check.restaurant, &tickets, overdue).await?;
        watch.reported(check);
    }
    let done = watch.done(clock::uptime());
    if !done.is_empty() {
        store.checked(done).await?;
    }
    Ok(())
}

/// Takes back reports of tickets that have been drawn.
async fn take_back(store: &SharedStore, commands: &Commands) -> Result<(), CommandError> {
    let mut after = None;
    loop {
        let page = store.kitchens_with_raised(after, PAGE).await?;
        for restaurant in &page {
            report(commands, *restaurant, &store.tickets(*restaurant).await?, BTreeSet::new()).await?;
        }
        after = page.last().copied();
        if page.len() < PAGE as usize {
            return Ok(());
        }
    }
}

/// Reports overdue tickets, and reported ones that have been drawn. Several nodes may find the
/// same; the transaction ignores all but the first.
async fn report(
    commands: &Commands,
    restaurant: RestaurantId,
    tickets: &Tickets,
    overdue: BTreeSet<Ticket>,
) -> Result<(), CommandError> {
    let changes = tickets.changes(&overdue);
    let is_changed = !changes.is_empty() && commands.report_undrawn(restaurant, overdue).await?.changed;
    if is_changed && !changes.raised.is_empty() {
        log::warn!(restaurant:%, tickets = changes.raised.len(); "no screen shows accepted orders");
    }
    Ok(())
}

async fn due_checks(store: &SharedStore) -> Result<Vec<TicketCheck>, CommandError> {
    let mut due: Vec<TicketCheck> = Vec::new();
    loop {
        let page = store.due_checks(due.last().map(|check| check.restaurant), PAGE).await?;
        let is_last = page.len() < PAGE as usize;
        due.extend(page);
        if is_last {
            return Ok(due);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::model::undrawn::Waiting;
    use crate::domain::values::ids::OrderId;
    use crate::domain::values::position::Position;
    use uuid::Uuid;

    const PATIENCE: Duration = Duration::from_secs(20);

    fn restaurant(number: u128) -> RestaurantId {
        RestaurantId::from_uuid(Uuid::from_u128(number))
    }

    /// The tickets of a kitchen in which orders wait that no screen has drawn.
    fn tickets(orders: &[u128]) -> Tickets {
        let waiting = |order: &u128| Waiting {
            order: OrderId::from_uuid(Uuid::from_u128(*order)),
            number: 1,
            accepted: Position::new(1).unwrap(),
            stations: ["hot".parse().unwrap()].into(),
        };
        Tickets { waiting: orders.iter().map(waiting).collect(), ..Tickets::default() }
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_millis(second * 1000)
    }

    fn due(kitchens: &[(u128, i64)]) -> Vec<TicketCheck> {
        kitchens.iter().map(|(number, version)| TicketCheck { restaurant: restaurant(*number), version: *version }).collect()
    }

    #[test]
    fn a_ticket_is_overdue_after_being_undrawn_without_a_break() {
        let mut watch = Watch::default();
        let mut check = |orders: &[u128], second| watch.record(restaurant(1), &tickets(orders), at(second), PATIENCE).len();
        assert_eq!(check(&[1], 0), 0);
        assert_eq!(check(&[1, 2], 19), 0);
        assert_eq!(check(&[1, 2], 20), 1);
        assert_eq!(check(&[2], 30), 0, "the first was drawn");
        assert_eq!(check(&[1, 2], 39), 1, "it starts again");
        assert_eq!(check(&[1], 59), 1);
    }

    #[test]
    fn a_kitchen_is_read_again_only_after_a_change_or_when_a_ticket_is_overdue() {
        let mut watch = Watch::default();
        let both = due(&[(1, 5), (2, 7)]);
        assert_eq!(watch.select(both.clone(), at(0)), both);
        for (check, orders) in both.iter().zip([&[1_u128][..], &[]]) {
            watch.record(check.restaurant, &tickets(orders), at(0), PATIENCE);
            watch.reported(*check);
        }
        assert_eq!(watch.select(both.clone(), at(19)), []);
        assert_eq!(watch.select(both.clone(), at(20)), due(&[(1, 5)]), "its ticket is overdue");
        assert_eq!(watch.select(due(&[(1, 5), (2, 8)]), at(19)), due(&[(2, 8)]), "something has changed");
        watch.record(restaurant(1), &tickets(&[1]), at(20), PATIENCE);
        assert_eq!(watch.select(both.clone(), at(20)), due(&[(1, 5)]), "its outcome is not reported yet");
        watch.reported(both[0]);
        assert_eq!(watch.select(both, at(1000)), [], "a standing report costs nothing");
    }

    #[test]
    fn checks_of_kitchens_without_tickets_are_marked_as_done_from_time_to_time() {
        let mut watch = Watch::default();
        let all = due(&[(1, 5), (2, 7), (3, 9), (4, 2)]);
        watch.select(all.clone(), at(100));
        let mut raised = tickets(&[]);
        raised.raised = tickets(&[1]).undrawn();
        for (check, tickets) in all.iter().zip([tickets(&[1]), tickets(&[]), raised, tickets(&[])]) {
            watch.record(check.restaurant, &tickets, at(100), PATIENCE);
        }
        all[..3].iter().for_each(|check| watch.reported(*check));
        assert_eq!(watch.done(at(100)), due(&[(2, 7)]));
        assert_eq!(watch.done(at(109)), []);
        assert_eq!(watch.done(at(110)), due(&[(2, 7)]));
        watch.select(due(&[(1, 5)]), at(111));
        assert_eq!((watch.done(at(130)), watch.kitchens.len()), (vec![], 1), "kitchens that are not due are forgotten");
    }
}
