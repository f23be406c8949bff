//! The histories of feeds as this node knows them. They show when a database comes back with
//! another history ([why](../../docs/decisions/0026-a-rewritten-history-is-a-new-generation.md)).

use crate::clock;
use crate::domain::model::history::{Comparison, Head, Known, Mark};
use crate::domain::values::ids::{Generation, RestaurantId};
use crate::domain::values::position::Position;
use crate::store::{Result, SharedStore};
use crate::telemetry::Metrics;
use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::Notify;

/// The most events beyond the delivered one that a node remembers of a feed.
const AHEAD: usize = 16;

/// The state of a feed: its generation and its last event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// The generation.
    pub generation: Option<Generation>,
    /// The last event.
    pub last: Mark,
}

struct Inner {
    store: SharedStore,
    metrics: Metrics,
    known: Mutex<HashMap<RestaurantId, Known>>,
    doubted: Mutex<HashSet<RestaurantId>>,
    doubt: Notify,
    /// Held during the first read of a feed, so that a crowd reads it only once.
    reading: tokio::sync::Mutex<()>,
}

/// What this node knows of each feed that it has served, even after its actor has ended. Cheap to
/// clone; clones share their content.
///
/// Bound: an entry for each restaurant, with at most [`AHEAD`] events beyond the delivered one.
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

    /// Records that this node delivers an event of a feed. Ignores an event before the known one.
    pub fn record(&self, restaurant: RestaurantId, Standing { generation, last }: Standing) {
        let mut all = self.known();
        let known = all.entry(restaurant).or_insert_with(|| Known::new(generation, last));
        if known.generation == generation && known.mark.position < last.position {
            known.mark = last;
        }
    }

    /// Requests a comparison of a feed with the database, by the last event that this node has
    /// delivered.
    pub fn doubt(&self, restaurant: RestaurantId, Standing { generation, last }: Standing) {
        if let Some(known) = self.known().get_mut(&restaurant).filter(|known| known.generation == generation) {
            let further = std::mem::replace(&mut known.mark, last);
            if further != last {
                add(&mut known.ahead, further);
            }
        }
        self.request(restaurant);
    }

    /// Records that this node may show everything up to an event that it has read. `generation` was known before the read.
    pub fn note(&self, restaurant: RestaurantId, Standing { generation, last }: Standing) {
        let is_new = |known: &&mut Known| known.generation == generation && known.mark != last;
        if let Some(known) = self.known().get_mut(&restaurant).filter(is_new) {
            add(&mut known.ahead, last);
        }
    }

    /// Records that the log has `last` together with all that `was` known: knowing that suffices.
    fn found(&self, restaurant: RestaurantId, was: &Known, last: Mark) {
        let mut all = self.known();
        let Some(known) = all.get_mut(&restaurant).filter(|known| known.generation == was.generation) else { return };
        known.ahead.retain(|mark| !was.ahead.contains(mark));
        if known.mark != last {
            add(&mut known.ahead, last);
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
        let head = self.0.head(restaurant, known.as_ref()).await?;
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

    /// Returns the head of a feed. If its history was rewritten, requests a comparison and returns
    /// `None`.
    ///
    /// # Errors
    /// An error of the store.
    pub async fn head(&self, restaurant: RestaurantId) -> Result<Option<Position>> {
        let Some(known) = self.get(restaurant) else { return Ok(Some(self.read(restaurant).await?.last.position)) };
        let head = self.0.head(restaurant, Some(&known)).await?;
        if known.compare(&head) == Comparison::Same {
            self.found(restaurant, &known, head.last);
            return Ok(Some(head.last.position));
        }
        self.request(restaurant);
        Ok(None)
    }

    /// Compares a feed in the database with what this node knew at the time of the read. Begins a
    /// generation if the history was rewritten. Returns the generation if it is not the known one:
    /// then this node's events of the feed belong to a history that is over.
    ///
    /// # Errors
    /// An error of the store.
    pub async fn judge(&self, restaurant: RestaurantId, known: &Known, head: &Head) -> Result<Option<Generation>> {
        let generation = match known.compare(head) {
            Comparison::Same => {
                self.found(restaurant, known, head.last);
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

    /// Replaces a generation by a later one, whose events are not known yet. Returns false if
    /// `was` is not of the known generation.
    fn renew(&self, restaurant: RestaurantId, was: &Known, after: Position, to: Generation) -> bool {
        let mut all = self.known();
        let is_next = |known: &&mut Known| known.generation == was.generation && was.generation < Some(to);
        let Some(known) = all.get_mut(&restaurant).filter(is_next) else { return false };
        *known = Known::new(Some(to), Mark::default());
        self.0.metrics.histories_rewritten.inc();
        let (before, generation) = (was.mark.position, to.uuid());
        log::error!(restaurant:%, before:%, after:%, generation:%;
            "the history of a feed was rewritten; its screens start over");
        true
    }
}

impl Inner {
    async fn head(&self, restaurant: RestaurantId, known: Option<&Known>) -> Result<Head> {
        let positions = known.map_or_else(|| vec![Position::ZERO], |known| known.positions().collect());
        let asked: Vec<_> = positions.into_iter().map(|position| (restaurant, position)).collect();
        self.store.heads(&asked).await?.remove(&restaurant).ok_or(crate::store::StoreError::Missing)
    }
}

/// Adds an event, unless it is there. Of too many it keeps the latest.
fn add(ahead: &mut Vec<Mark>, mark: Mark) {
    if ahead.contains(&mark) {
        return;
    }
    ahead.push(mark);
    ahead.sort_by_key(|mark| mark.position);
    if ahead.len() > AHEAD {
        ahead.remove(0);
    }
}
