//! The histories of feeds as this node knows them. They show whether a database has returned with another history
//! ([why](../../docs/decisions/0026-a-rewritten-history-is-a-new-generation.md)).

use crate::clock;
use crate::domain::model::history::{Comparison, Head, Known, Standing};
use crate::domain::values::ids::{Generation, RestaurantId};
use crate::domain::values::position::Position;
use crate::store::{Result, SharedStore};
use crate::telemetry::Metrics;
use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::Notify;

struct Inner {
    store: SharedStore,
    metrics: Metrics,
    known: Mutex<HashMap<RestaurantId, Known>>,
    doubted: Mutex<HashSet<RestaurantId>>,
    doubt: Notify,
    /// Held during the first read of a feed, so that a crowd reads it only once.
    reading: tokio::sync::Mutex<()>,
}

/// The knowledge of this node about each feed that it has served, even after the feed's actor has ended. Cheap to clone; clones
/// share their content.
///
/// Bound: an entry for each restaurant.
#[derive(Clone)]
pub struct Histories(Arc<Inner>);

impl Histories {
    /// Makes an empty registry.
    #[must_use]
    pub fn new(store: SharedStore, metrics: Metrics) -> Self {
        let (known, doubted) = (Mutex::default(), Mutex::default());
        Self(Arc::new(Inner { store, metrics, known, doubted, doubt: Notify::new(), reading: tokio::sync::Mutex::default() }))
    }

    fn known(&self) -> MutexGuard<'_, HashMap<RestaurantId, Known>> {
        self.0.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns what is known of a feed.
    #[must_use]
    pub fn get(&self, restaurant: RestaurantId) -> Option<Known> {
        self.known().get(&restaurant).cloned()
    }

    /// Returns the restaurants of all known feeds.
    #[must_use]
    pub fn restaurants(&self) -> Vec<RestaurantId> {
        self.known().keys().copied().collect()
    }

    /// Returns a feed's generation, from memory if it is known.
    ///
    /// # Errors
    /// An error of the store.
    pub async fn generation(&self, restaurant: RestaurantId) -> Result<Option<Generation>> {
        if let Some(known) = self.get(restaurant) {
            return Ok(known.generation);
        }
        let _reading = self.0.reading.lock().await;
        match self.get(restaurant) {
            Some(known) => Ok(known.generation),
            None => Ok(self.read(restaurant).await?.generation),
        }
    }

    /// Records that this node delivers an event of a feed. Returns false if it must not, as
    /// [`Known::deliver`] says.
    #[must_use]
    pub fn record(&self, restaurant: RestaurantId, standing: Standing) -> bool {
        let mut all = self.known();
        let new = || Known::new(standing.generation, standing.last);
        all.entry(restaurant).or_insert_with(new).deliver(standing)
    }

    /// Requests a comparison of a feed with the database, by the last event that this node has
    /// delivered.
    pub fn doubt(&self, restaurant: RestaurantId, standing: Standing) {
        self.change(restaurant, |known| known.doubt(standing));
        self.request(restaurant);
    }

    /// Records that this node may show everything up to an event that it has read.
    pub fn note(&self, restaurant: RestaurantId, standing: Standing) {
        self.change(restaurant, |known| known.show(standing));
    }

    fn change(&self, restaurant: RestaurantId, change: impl FnOnce(&mut Known)) {
        if let Some(known) = self.known().get_mut(&restaurant) {
            change(known);
        }
    }

    fn request(&self, restaurant: RestaurantId) {
        self.0.doubted.lock().unwrap_or_else(PoisonError::into_inner).insert(restaurant);
        self.0.doubt.notify_one();
    }

    /// Waits until comparisons are requested, and takes the requests. One task may wait.
    pub async fn doubted(&self) -> Vec<RestaurantId> {
        loop {
            let doubted: Vec<_> = self.0.doubted.lock().unwrap_or_else(PoisonError::into_inner).drain().collect();
            if !doubted.is_empty() {
                return doubted;
            }
            self.0.doubt.notified().await;
        }
    }

    /// Reads a feed, and compares its history with the known one, as [`Self::judge`] does.
    ///
    /// # Errors
    /// An error of the store.
    pub async fn read(&self, restaurant: RestaurantId) -> Result<Standing> {
        let known = self.get(restaurant);
        let positions = known.as_ref().map_or_else(|| vec![Position::ZERO], |known| known.positions().collect());
        let head = self.0.head(restaurant, positions.into_iter()).await?;
        match known {
            None => {
                let (generation, last) = (head.generation, head.last);
                self.known().entry(restaurant).or_insert_with(|| Known::new(generation, last));
                Ok(Standing { generation, last })
            }
            Some(known) => {
                let renewed = self.judge(restaurant, &known, &head).await?;
                Ok(Standing { generation: renewed.map_or(head.generation, Some), last: head.last })
            }
        }
    }

    /// Returns the head of a feed in a generation, with the event at another position too. If its
    /// history was rewritten, requests a comparison and returns `None`.
    ///
    /// # Errors
    /// An error of the store.
    pub async fn head(
        &self,
        restaurant: RestaurantId,
        generation: Option<Generation>,
        also: Option<Position>,
    ) -> Result<Option<Head>> {
        let Some(known) = self.get(restaurant).filter(|known| known.generation == generation) else { return Ok(None) };
        let head = self.0.head(restaurant, known.positions().chain(also)).await?;
        if known.compare(&head) == Comparison::Same {
            self.note(restaurant, Standing { generation, last: head.last });
            return Ok(Some(head));
        }
        self.request(restaurant);
        Ok(None)
    }

    /// Compares a feed in the database with what this node knew at the time of the read. Begins a generation if the history was
    /// rewritten. Returns the generation if it is not the known one: this node's events of the feed then belong to an earlier
    /// history.
    ///
    /// # Errors
    /// An error of the store.
    pub async fn judge(&self, restaurant: RestaurantId, known: &Known, head: &Head) -> Result<Option<Generation>> {
        let generation = match known.compare(head) {
            Comparison::Same => {
                self.note(restaurant, Standing { generation: known.generation, last: head.last });
                return Ok(None);
            }
            Comparison::Renewed => head.generation,
            Comparison::Rewritten => {
                let next = Generation::after(known.generation.max(head.generation), clock::new_id());
                self.0.store.begin_generation(restaurant, head.generation, next).await?
            }
        };
        Ok(generation.filter(|generation| self.renew(restaurant, known, head.last.position, *generation)))
    }

    /// Begins a generation, as [`Known::renew`] does.
    fn renew(&self, restaurant: RestaurantId, was: &Known, after: Position, to: Generation) -> bool {
        if !self.known().get_mut(&restaurant).is_some_and(|known| known.renew(was, to)) {
            return false;
        }
        self.0.metrics.histories_rewritten.inc();
        let (before, generation) = (was.mark.position, to.uuid());
        log::error!(restaurant:%, before:%, after:%, generation:%;
            "the history of a feed was rewritten; its screens start over");
        true
    }
}

impl Inner {
    async fn head(&self, restaurant: RestaurantId, positions: impl Iterator<Item = Position>) -> Result<Head> {
        let asked: Vec<_> = positions.map(|position| (restaurant, position)).collect();
        self.store.heads(&asked).await?.remove(&restaurant).ok_or(crate::store::StoreError::Missing)
    }
}
