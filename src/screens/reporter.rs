//! The reporter of screens: records in the log which kitchen screens this node holds, and how far
//! they and the floor pages have drawn the feed.

use super::floor_receipts::Floors;
use super::tracker::{self, Identity, LeaseChange, Now, ScreenTracker};
use crate::backoff::Backoff;
use crate::clock;
use crate::commands::{CommandError, Commands};
use crate::domain::model::display::Change;
use crate::domain::model::principal::Principal;
use crate::domain::values::ids::{NodeId, RestaurantId};
use crate::domain::values::position::Position;
use crate::domain::values::text::{Name, Station};
use crate::domain::values::time::Timestamp;
use crate::store::screens::{FloorReceipt, Lease, Receipt, ScreenKey};
use crate::store::{SharedStore, StoreError};
use crate::telemetry::Metrics;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;

/// The period of checks for changes. New screens are reported immediately.
const TICK: Duration = Duration::from_millis(500);
/// The shortest time between two checks.
const REST: Duration = Duration::from_millis(50);
/// The most screens reported in one check, so that a reconnecting kitchen does not delay the
/// renewal of leases.
const BATCH: usize = 32;
/// The most leases or receipts written in one transaction.
const CHUNK: usize = 200;
/// The delays after a failure of the store.
const BACKOFF: Backoff = Backoff::new(Duration::from_secs(1), Duration::from_secs(10));

/// The periods for which screens are held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Spans {
    /// The period after which the lease of a silent node expires.
    pub lease: Duration,
    /// The period for which a screen may be without a connection before it is reported as lost. It
    /// covers a reload of the page.
    pub grace: Duration,
}

impl Default for Spans {
    fn default() -> Self {
        Self { lease: Duration::from_secs(30), grace: Duration::from_secs(5) }
    }
}

struct Inner {
    node: NodeId,
    spans: Spans,
    tracker: Mutex<ScreenTracker>,
    floors: Mutex<Floors>,
    changed: Notify,
}

/// The kitchen screens of this node. Cheap to clone.
#[derive(Clone)]
pub struct Displays(Arc<Inner>);

/// Counts a connection of a screen until it is dropped.
pub struct ScreenGuard {
    displays: Displays,
    place: ScreenKey,
}

impl Displays {
    /// Makes an empty registry of a node's screens.
    #[must_use]
    pub fn new(node: NodeId, spans: Spans) -> Self {
        Self(Arc::new(Inner { node, spans, tracker: Mutex::default(), floors: Mutex::default(), changed: Notify::new() }))
    }

    fn tracker(&self) -> MutexGuard<'_, ScreenTracker> {
        self.0.tracker.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Registers a connection of the principal's screen, until the returned guard is dropped.
    #[must_use]
    pub fn register(&self, who: &Principal) -> ScreenGuard {
        let place = tracker::screen_key(who);
        self.tracker().enter(place.clone(), Identity { device: who.device, station: who.station.clone() });
        self.0.changed.notify_one();
        ScreenGuard { displays: self.clone(), place }
    }

    /// Records a report over HTTP, like [`ScreenGuard::drawn`]. If this node has no connection of the screen, returns the
    /// receipt, which the caller must store.
    #[must_use]
    pub fn drawn(&self, who: &Principal, position: Position, shows: Option<Station>) -> Option<Receipt> {
        self.draw(tracker::screen_key(who), position, shows)
    }

    fn draw(&self, place: ScreenKey, position: Position, shows: Option<Station>) -> Option<Receipt> {
        self.tracker().draw(Receipt { place, position, at: clock::now(), shows })
    }

    fn floors(&self) -> MutexGuard<'_, Floors> {
        self.0.floors.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a receipt of a floor page, which is stored within [`TICK`] together with others.
    pub fn floor_drawn(&self, restaurant: RestaurantId, position: Position) {
        self.floors().add(FloorReceipt { restaurant, position, at: clock::now() });
    }

    /// Reports screens to the log until the process ends, in one transaction after another.
    pub async fn run(self, store: SharedStore, commands: Commands, metrics: Metrics) {
        let (mut backoff, mut renewed) = (BACKOFF, clock::uptime());
        let reporter = Reporter { displays: self, store, commands, metrics };
        loop {
            let wait = match reporter.check(&mut renewed).await {
                Ok(()) => {
                    backoff.reset();
                    REST
                }
                Err(error) => {
                    log::warn!(error:% = error; "cannot report connected kitchen screens; will try again");
                    backoff.next(rand::random()).max(REST)
                }
            };
            tokio::time::sleep(wait).await;
            // A timeout starts a check, too.
            let _ = tokio::time::timeout(TICK, reporter.displays.0.changed.notified()).await;
        }
    }
}

impl ScreenGuard {
    /// Records that the screen has drawn everything up to a position. If `shows` is set, this concerns only that station. The
    /// receipt is stored a little later, together with others.
    pub fn drawn(&self, position: Position, shows: Option<Station>) {
        // The tracker has the screen while one of its connections has a guard.
        let _ = self.displays.draw(self.place.clone(), position, shows);
    }
}

impl Drop for ScreenGuard {
    fn drop(&mut self) {
        self.displays.tracker().leave(&self.place, Now { uptime: clock::uptime(), wall: clock::now() });
    }
}

struct Reporter {
    displays: Displays,
    store: SharedStore,
    commands: Commands,
    metrics: Metrics,
}

impl Reporter {
    async fn check(&self, renewed: &mut Timestamp) -> Result<(), CommandError> {
        if clock::uptime().since(*renewed) >= self.displays.0.spans.lease / 3 {
            self.renew().await?;
            *renewed = clock::uptime();
        }
        let changes = self.displays.tracker().due(clock::uptime(), self.displays.0.spans.grace, BATCH);
        if changes.len() == BATCH {
            self.displays.0.changed.notify_one();
        }
        for (place, change) in changes {
            self.report(&place, &change).await?;
            self.displays.tracker().mark_reported(&place, &change);
        }
        self.record().await
    }

    async fn report(&self, place: &ScreenKey, change: &LeaseChange) -> Result<(), CommandError> {
        let lease = Lease { place: place.clone(), node: self.displays.0.node };
        let display_change = match change {
            LeaseChange::Hold(who) => {
                self.store.hold(&lease).await?;
                let (name, station) = self.describe(place, who).await?;
                Change::Connected { name, station }
            }
            LeaseChange::Lose(left) => {
                self.store.release(&lease).await?;
                Change::Lost { left: Some(*left) }
            }
        };
        self.commands.display(place.restaurant, place.display.clone(), display_change).await.map(|_| ())
    }

    /// Returns the screen's name and station, from the device's row if it is paired.
    async fn describe(&self, place: &ScreenKey, who: &Identity) -> Result<(Name, Option<Station>), CommandError> {
        if let Some(id) = who.device
            && let Some(device) = self.store.device(place.restaurant, id).await?
        {
            return Ok((device.name, device.station));
        }
        let name = who.station.as_ref().map_or("kitchen", |station| station.as_str());
        Ok((name.parse().map_err(|_| StoreError::Internal)?, who.station.clone()))
    }

    async fn renew(&self) -> Result<(), CommandError> {
        let held = self.displays.tracker().held();
        for places in held.chunks(CHUNK) {
            let gone = self.store.renew(self.displays.0.node, places.to_vec()).await?;
            self.displays.tracker().mark_unheld(&gone);
        }
        Ok(())
    }

    /// Stores the screens' receipts.
    ///
    /// Loss: a failure drops them; the next receipt of the screen makes up for it.
    async fn record(&self) -> Result<(), CommandError> {
        let receipts = self.displays.tracker().take_receipts();
        for receipts in receipts.chunks(CHUNK) {
            self.metrics.seen.inc_by(self.store.record_seen(receipts.to_vec()).await?);
        }
        self.record_floors().await
    }

    /// Stores the floors' receipts. A floor may send no other receipt for an hour, so after a
    /// failure they are kept for the next check.
    async fn record_floors(&self) -> Result<(), CommandError> {
        let receipts = self.displays.floors().take();
        for (at, chunk) in receipts.chunks(CHUNK).enumerate() {
            if let Err(error) = self.store.record_floor(chunk.to_vec()).await {
                receipts[at * CHUNK..].iter().for_each(|receipt| self.displays.floors().add(*receipt));
                return Err(error.into());
            }
            self.metrics.floor_seen.inc_by(chunk.len() as u64);
        }
        Ok(())
    }
}
