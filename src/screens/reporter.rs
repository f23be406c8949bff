//! Tells the log which kitchen screens this node holds, and what they and the pages of floors have drawn.

use super::floor_receipts::Floors;
use super::tracker::{self, LeaseChange, Now, ScreenTracker, Who};
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

/// How often it is looked whether there is something to tell; a screen that comes is told at once.
const TICK: Duration = Duration::from_millis(500);
/// The shortest time between two looks.
const REST: Duration = Duration::from_millis(50);
/// Screens told of in one look: a kitchen that comes back does not keep the leases of others from being renewed.
const BATCH: usize = 32;
/// Leases and receipts written in one transaction.
const CHUNK: usize = 200;
/// Waits after the log could not be reached.
const BACKOFF: Backoff = Backoff::new(Duration::from_secs(1), Duration::from_secs(10));

/// How long screens are held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Spans {
    /// For so long a node that says nothing is believed to hold its screens.
    pub lease: Duration,
    /// For so long a screen may be without a connection before the floor is told: a page that is loaded again.
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
    roster: Mutex<ScreenTracker>,
    floors: Mutex<Floors>,
    news: Notify,
}

/// The kitchen screens that are connected to this node. Cheap to clone.
#[derive(Clone)]
pub struct Displays(Arc<Inner>);

/// One connection of a screen. Dropping it ends it.
pub struct Visit {
    displays: Displays,
    place: ScreenKey,
}

impl Displays {
    /// None yet, on a node.
    #[must_use]
    pub fn new(node: NodeId, spans: Spans) -> Self {
        Self(Arc::new(Inner { node, spans, roster: Mutex::default(), floors: Mutex::default(), news: Notify::new() }))
    }

    fn roster(&self) -> MutexGuard<'_, ScreenTracker> {
        self.0.roster.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A connection of the screen that a principal speaks for.
    #[must_use]
    pub fn visit(&self, who: &Principal) -> Visit {
        let place = tracker::place(who);
        self.roster().enter(place.clone(), Who { device: who.device, station: who.station.clone() });
        self.0.news.notify_one();
        Visit { displays: self.clone(), place }
    }

    /// A screen has drawn everything up to a position, of one station if it shows but one; as [`Visit::drawn`], said apart from
    /// its connections. Gives the receipt back, to be recorded, when those are not this node's.
    #[must_use]
    pub fn drawn(&self, who: &Principal, position: Position, shows: Option<Station>) -> Option<Receipt> {
        self.draw(tracker::place(who), position, shows)
    }

    fn draw(&self, place: ScreenKey, position: Position, shows: Option<Station>) -> Option<Receipt> {
        self.roster().draw(Receipt { place, position, at: clock::now(), shows })
    }

    fn floors(&self) -> MutexGuard<'_, Floors> {
        self.0.floors.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a receipt of a page of the floor. It is recorded within [`TICK`], once for everything in between.
    pub fn floor_drawn(&self, restaurant: RestaurantId, position: Position) {
        self.floors().draw(FloorReceipt { restaurant, position, at: clock::now() });
    }

    /// Tells the log, one transaction after another however many screens come at once, until the process ends.
    pub async fn keep(self, store: SharedStore, commands: Commands, metrics: Metrics) {
        let (mut backoff, mut renewed) = (BACKOFF, clock::uptime());
        let keeper = Keeper { displays: self, store, commands, metrics };
        loop {
            let wait = match keeper.look(&mut renewed).await {
                Ok(()) => {
                    backoff.reset();
                    REST
                }
                Err(error) => {
                    log::warn!(error:% = error; "cannot tell which kitchen screens are connected; will try again");
                    backoff.next(rand::random()).max(REST)
                }
            };
            tokio::time::sleep(wait).await;
            // Nothing new within the time is a reason to look, too.
            let _ = tokio::time::timeout(TICK, keeper.displays.0.news.notified()).await;
        }
    }
}

impl Visit {
    /// The screen has drawn everything up to a position, of one station if it shows but one. Recorded a little later, once
    /// for everything in between.
    pub fn drawn(&self, position: Position, shows: Option<Station>) {
        // A screen is here for as long as it has a visit.
        let _ = self.displays.draw(self.place.clone(), position, shows);
    }
}

impl Drop for Visit {
    fn drop(&mut self) {
        self.displays.roster().leave(&self.place, Now { uptime: clock::uptime(), wall: clock::now() });
    }
}

struct Keeper {
    displays: Displays,
    store: SharedStore,
    commands: Commands,
    metrics: Metrics,
}

impl Keeper {
    async fn look(&self, renewed: &mut Timestamp) -> Result<(), CommandError> {
        if clock::uptime().since(*renewed) >= self.displays.0.spans.lease / 3 {
            self.renew().await?;
            *renewed = clock::uptime();
        }
        let deeds = self.displays.roster().due(clock::uptime(), self.displays.0.spans.grace, BATCH);
        if deeds.len() == BATCH {
            self.displays.0.news.notify_one();
        }
        for (place, deed) in deeds {
            self.tell(&place, &deed).await?;
            self.displays.roster().told(&place, &deed);
        }
        self.record().await
    }

    async fn tell(&self, place: &ScreenKey, deed: &LeaseChange) -> Result<(), CommandError> {
        let lease = Lease { place: place.clone(), node: self.displays.0.node };
        let change = match deed {
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
        self.commands.display(place.restaurant, place.display.clone(), change).await.map(|_| ())
    }

    /// What people call it, and its station: a paired device's are in its row.
    async fn describe(&self, place: &ScreenKey, who: &Who) -> Result<(Name, Option<Station>), CommandError> {
        if let Some(id) = who.device
            && let Some(device) = self.store.device(place.restaurant, id).await?
        {
            return Ok((device.name, device.station));
        }
        let name = who.station.as_ref().map_or("kitchen", |station| station.as_str());
        Ok((name.parse().map_err(|_| StoreError::Internal)?, who.station.clone()))
    }

    async fn renew(&self) -> Result<(), CommandError> {
        let held = self.displays.roster().held();
        for places in held.chunks(CHUNK) {
            let gone = self.store.renew(self.displays.0.node, places.to_vec()).await?;
            self.displays.roster().forgotten(&gone);
        }
        Ok(())
    }

    /// Records what was drawn. Receipts that are lost are made up for by the next.
    async fn record(&self) -> Result<(), CommandError> {
        let receipts = self.displays.roster().take_receipts();
        for receipts in receipts.chunks(CHUNK) {
            self.metrics.seen.inc_by(self.store.record_seen(receipts.to_vec()).await?);
        }
        self.record_floors().await
    }

    /// Records what floors have drawn. Nothing may follow a floor's last receipt for an hour, so one that could not be recorded
    /// is kept for the next look.
    async fn record_floors(&self) -> Result<(), CommandError> {
        let receipts = self.displays.floors().take();
        for (at, chunk) in receipts.chunks(CHUNK).enumerate() {
            if let Err(error) = self.store.record_floor(chunk.to_vec()).await {
                receipts[at * CHUNK..].iter().for_each(|receipt| self.displays.floors().draw(*receipt));
                return Err(error.into());
            }
            self.metrics.floor_seen.inc_by(chunk.len() as u64);
        }
        Ok(())
    }
}
