//! Periodic work of a node, off the paths of requests and events: reads ended sessions, ends lapsed
//! pauses and 86s, and removes rows that are no longer needed.

pub mod levels;
pub mod origin;
pub mod retention;
pub mod writes;

use crate::auth::ended::EndedSessions;
use crate::backoff::Backoff;
use crate::clock;
use crate::commands::{Answer, CommandError, Commands};
use crate::domain::values::ids::{OrderId, RestaurantId};
use crate::domain::values::time::Timestamp;
use crate::http::Limits;
use crate::store::{SharedStore, Store, StoreError};
use std::sync::Arc;
use std::time::Duration;

/// The period of reads of sessions that other nodes have ended. Connections must close within two
/// seconds of their session's end, so one second is left for the query and the close.
const ENDED_PERIOD: Duration = Duration::from_secs(1);
/// The most attempts of a starting node to read the ended sessions.
const FIRST_READS: u32 = 8;
/// The period of checks for lapsed pauses and 86s, and for orders and courses that are due.
const LAPSE_PERIOD: Duration = Duration::from_secs(2);
/// The most orders for later to begin with in one check, and the most courses to fire. Overflow: the next check has the others.
const DUE_ORDERS: u32 = 200;
/// The period of the removal of old rows.
const FORGET_PERIOD: Duration = Duration::from_secs(3600);
/// The period in which limiters drop quiet entries.
const PRUNE_PERIOD: Duration = Duration::from_secs(60);
/// The period in which refusals by limits are stored for the manager's page.
const REFUSALS_PERIOD: Duration = Duration::from_secs(2);
/// The time for which the manager's page shows the last refusals.
const REFUSALS: Duration = Duration::from_secs(24 * 3600);
/// The time for which answers are remembered. The contract promises 24 hours.
const ANSWERS: Duration = Duration::from_secs(48 * 3600);
/// The time for which ended and expired sessions are remembered. Longer than the life of any token.
const SESSIONS: Duration = Duration::from_secs(100 * 24 * 3600);

/// Starts the periodic work on this thread, until the process ends. A visit closes after
/// `idle_visits` without an order.
pub fn start(store: SharedStore, commands: Commands, ended: Arc<EndedSessions>, limits: Arc<Limits>, idle_visits: Duration) {
    let (pruned, refused) = (commands.clone(), (store.clone(), commands.clone()));
    actix_rt::spawn(every(PRUNE_PERIOD, move || {
        limits.tidy();
        pruned.limits().prune();
        std::future::ready(())
    }));
    let polled = store.clone();
    actix_rt::spawn(every(ENDED_PERIOD, move || refresh_ended(polled.clone(), ended.clone())));
    actix_rt::spawn(every(REFUSALS_PERIOD, move || store_refusals(refused.0.clone(), refused.1.clone())));
    let visits = store.clone();
    actix_rt::spawn(every(PRUNE_PERIOD, move || close_idle_visits(visits.clone(), idle_visits)));
    let (menus, orders, courses) = ((store.clone(), commands.clone()), (store.clone(), commands.clone()), store.clone());
    actix_rt::spawn(every(LAPSE_PERIOD, move || end_lapsed(menus.0.clone(), menus.1.clone())));
    actix_rt::spawn(every(LAPSE_PERIOD, move || begin_due(orders.0.clone(), orders.1.clone())));
    actix_rt::spawn(every(LAPSE_PERIOD, move || fire_due(courses.clone(), commands.clone())));
    actix_rt::spawn(every(FORGET_PERIOD, move || forget(store.clone())));
}

async fn every<F: Future<Output = ()>>(period: Duration, mut act: impl FnMut() -> F) {
    loop {
        act().await;
        tokio::time::sleep(period).await;
    }
}

/// Reads the ended sessions before the first connection is accepted. Retries for a while, since the
/// database may just be starting.
///
/// # Errors
/// The store's error of the last attempt.
pub async fn read_ended(store: &dyn Store, ended: &EndedSessions) -> Result<(), StoreError> {
    let mut backoff = Backoff::new(Duration::from_millis(200), Duration::from_secs(5));
    for _ in 1..FIRST_READS {
        match ended.refresh_from(store, clock::now()).await {
            Ok(()) => return Ok(()),
            Err(error) => log::warn!(error:% = error; "cannot read the ended sessions; will try again"),
        }
        tokio::time::sleep(backoff.next(rand::random())).await;
    }
    ended.refresh_from(store, clock::now()).await
}

async fn refresh_ended(store: SharedStore, ended: Arc<EndedSessions>) {
    if let Err(error) = ended.refresh_from(store.as_ref(), clock::now()).await {
        log::warn!(error:% = error; "cannot read the ended sessions; will try again");
    }
}

async fn close_idle_visits(store: SharedStore, idle: Duration) {
    let now = clock::now();
    let before = Timestamp::from_millis(now.millis() - i64::try_from(idle.as_millis()).unwrap_or(0));
    if let Err(error) = store.close_idle_visits(before, now).await {
        log::warn!(error:% = error; "cannot close idle visits; will try again");
    }
}

async fn store_refusals(store: SharedStore, commands: Commands) {
    if let Err(error) = commands.limits().refused().flush(store.as_ref()).await {
        log::warn!(error:% = error; "cannot store refusals by limits");
    }
}

async fn end_lapsed(store: SharedStore, commands: Commands) {
    let restaurants = match store.lapsed_menus(clock::now()).await {
        Ok(restaurants) => restaurants,
        Err(error) => return log::warn!(error:% = error; "cannot read lapsed menus; will try again"),
    };
    for restaurant in restaurants {
        if let Err(error) = commands.lapse(restaurant).await {
            log::warn!(restaurant:%, error:% = error; "cannot end a lapsed pause or 86; will try again");
        }
    }
}

async fn begin_due(store: SharedStore, commands: Commands) {
    let due = match store.due_orders(clock::now(), DUE_ORDERS).await {
        Ok(due) => due,
        Err(error) => return log::warn!(error:% = error; "cannot read orders for later; will try again"),
    };
    for (restaurant, order) in due {
        if let Err(error) = settle(&store, restaurant, order, commands.begin_due(restaurant, order)).await {
            log::warn!(restaurant:%, order:%, error:% = error; "cannot begin with an order for later; will try again");
        }
    }
}

async fn fire_due(store: SharedStore, commands: Commands) {
    let due = match store.due_courses(clock::now(), DUE_ORDERS).await {
        Ok(due) => due,
        Err(error) => return log::warn!(error:% = error; "cannot read courses that are due; will try again"),
    };
    for (restaurant, order) in due {
        if let Err(error) = settle(&store, restaurant, order, commands.fire_due(restaurant, order)).await {
            log::warn!(restaurant:%, order:%, error:% = error; "cannot fire a course that is due; will try again");
        }
    }
}

/// Lets an order that was found due have what it waits for. If it does not wait, another node was earlier, or an older one left
/// its times, which would be found for ever.
async fn settle(
    store: &SharedStore,
    restaurant: RestaurantId,
    order: OrderId,
    work: impl Future<Output = Answer>,
) -> Result<(), CommandError> {
    if !work.await?.changed {
        store.sync_times(restaurant, order).await?;
    }
    Ok(())
}

async fn forget(store: SharedStore) {
    let before = |span: Duration| Timestamp::from_millis(clock::now().millis() - i64::try_from(span.as_millis()).unwrap_or(0));
    let answers = store.forget_answers(before(ANSWERS)).await;
    let sessions = store.forget_sessions(before(SESSIONS), clock::now()).await;
    let pushes = store.forget_pushes(clock::now()).await;
    let refusals = store.forget_limit_refusals(before(REFUSALS)).await;
    match (answers, sessions, pushes, refusals) {
        (Ok(answers), Ok(sessions), Ok(pushes), Ok(_)) => log::debug!(answers, sessions, pushes; "old rows removed"),
        _ => log::warn!("cannot remove old rows; will try again"),
    }
}
