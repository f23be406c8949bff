//! What a node does on the clock, off every path: hears of ended sessions, ends pauses and 86s whose time has come, tells of
//! kitchen screens whose node is gone and of tickets that no screen shows, forgets what nobody can ask for any more.

pub mod levels;
pub mod retention;
pub mod writes;

use crate::auth::ended::EndedSessions;
use crate::backoff::Backoff;
use crate::clock;
use crate::commands::Commands;
use crate::domain::values::time::Timestamp;
use crate::http::Limits;
use crate::store::{SharedStore, Store, StoreError};
use std::sync::Arc;
use std::time::Duration;

/// How often other nodes' ends of sessions are looked for. A connection is closed within two seconds of its session's end,
/// whichever node it is on: that leaves one for the query and the closing.
const ENDED_PERIOD: Duration = Duration::from_secs(1);
/// How often a node that starts tries to read which sessions have ended, before it gives up.
const FIRST_READS: u32 = 8;
/// How often lapsed pauses and 86s are looked for.
const LAPSE_PERIOD: Duration = Duration::from_secs(2);
/// How often old rows are looked for.
const FORGET_PERIOD: Duration = Duration::from_secs(3600);
/// How often quiet addresses are forgotten.
const TIDY_PERIOD: Duration = Duration::from_secs(60);
/// How often refusals by a limit are added to what the manager sees.
const REFUSALS_PERIOD: Duration = Duration::from_secs(2);
/// How long a limit that nobody reaches stays in sight of the manager.
const REFUSALS: Duration = Duration::from_secs(24 * 3600);
/// How long answers are remembered; the contract promises 24 hours.
const ANSWERS: Duration = Duration::from_secs(48 * 3600);
/// How long ended and expired sessions are remembered; longer than any token lives.
const SESSIONS: Duration = Duration::from_secs(100 * 24 * 3600);

/// Starts all of it on this thread; it ends with the process. `idle_visits`: without an order for so long a visit is over.
pub fn start(store: SharedStore, commands: Commands, ended: Arc<EndedSessions>, limits: Arc<Limits>, idle_visits: Duration) {
    let (tidied, refused) = (commands.clone(), (store.clone(), commands.clone()));
    actix_rt::spawn(every(TIDY_PERIOD, move || {
        limits.tidy();
        tidied.limits().prune();
        std::future::ready(())
    }));
    let polled = store.clone();
    actix_rt::spawn(every(ENDED_PERIOD, move || hear_of_ended(polled.clone(), ended.clone())));
    actix_rt::spawn(every(REFUSALS_PERIOD, move || tell_refusals(refused.0.clone(), refused.1.clone())));
    let visits = store.clone();
    actix_rt::spawn(every(TIDY_PERIOD, move || close_idle_visits(visits.clone(), idle_visits)));
    let menus = store.clone();
    actix_rt::spawn(every(LAPSE_PERIOD, move || end_lapsed(menus.clone(), commands.clone())));
    actix_rt::spawn(every(FORGET_PERIOD, move || forget(store.clone())));
}

async fn every<F: Future<Output = ()>>(period: Duration, mut act: impl FnMut() -> F) {
    loop {
        act().await;
        tokio::time::sleep(period).await;
    }
}

/// Reads which sessions have ended, before the first connection is taken. Tries again for a while, as a database that is
/// just starting needs.
///
/// # Errors
/// The store's, of the last try.
pub async fn read_ended(store: &dyn Store, ended: &EndedSessions) -> Result<(), StoreError> {
    let mut backoff = Backoff::new(Duration::from_millis(200), Duration::from_secs(5));
    for _ in 1..FIRST_READS {
        match ended.refresh_from(store, clock::now()).await {
            Ok(()) => return Ok(()),
            Err(error) => log::warn!(error:% = error; "cannot read which sessions have ended; will try again"),
        }
        tokio::time::sleep(backoff.next(rand::random())).await;
    }
    ended.refresh_from(store, clock::now()).await
}

async fn hear_of_ended(store: SharedStore, ended: Arc<EndedSessions>) {
    if let Err(error) = ended.refresh_from(store.as_ref(), clock::now()).await {
        log::warn!(error:% = error; "cannot look for ended sessions; will try again");
    }
}

async fn close_idle_visits(store: SharedStore, idle: Duration) {
    let now = clock::now();
    let before = Timestamp::from_millis(now.millis() - i64::try_from(idle.as_millis()).unwrap_or(0));
    if let Err(error) = store.close_idle_visits(before, now).await {
        log::warn!(error:% = error; "cannot close idle visits; will try again");
    }
}

async fn tell_refusals(store: SharedStore, commands: Commands) {
    if let Err(error) = commands.limits().refused().flush(store.as_ref()).await {
        log::warn!(error:% = error; "cannot tell which limits were reached");
    }
}

async fn end_lapsed(store: SharedStore, commands: Commands) {
    let restaurants = match store.lapsed_menus(clock::now()).await {
        Ok(restaurants) => restaurants,
        Err(error) => return log::warn!(error:% = error; "cannot look for lapsed menus; will try again"),
    };
    for restaurant in restaurants {
        if let Err(error) = commands.lapse(restaurant).await {
            log::warn!(restaurant:%, error:% = error; "cannot end what has lapsed; will try again");
        }
    }
}

async fn forget(store: SharedStore) {
    let before = |span: Duration| Timestamp::from_millis(clock::now().millis() - i64::try_from(span.as_millis()).unwrap_or(0));
    let answers = store.forget_answers(before(ANSWERS)).await;
    let sessions = store.forget_sessions(before(SESSIONS), clock::now()).await;
    let pushes = store.forget_pushes(clock::now()).await;
    let refusals = store.forget_limit_refusals(before(REFUSALS)).await;
    match (answers, sessions, pushes, refusals) {
        (Ok(answers), Ok(sessions), Ok(pushes), Ok(_)) => log::debug!(answers, sessions, pushes; "forgot old rows"),
        _ => log::warn!("cannot forget old rows; will try again"),
    }
}
