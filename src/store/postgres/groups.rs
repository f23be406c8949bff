//! Groups of commands. A restaurant's commands queue while its last group is under way, and the next
//! transaction takes them together. So a restaurant uses one connection of the pool, and others do
//! not wait for it.

use crate::domain::values::ids::RestaurantId;
use crate::store::log::{Committed, Work};
use crate::store::{Result, StoreError};
use futures_util::future::BoxFuture;
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::oneshot;

/// The most commands of one restaurant that may wait. A further one gets `Unavailable`.
const QUEUE: usize = 1024;
/// The most commands of one transaction.
const GROUP: usize = 64;

/// Commits some members of a group in one transaction, and returns an outcome for each.
pub type Transaction = Box<dyn Fn(Arc<[Work]>, Range<usize>) -> BoxFuture<'static, Result<Vec<Result<Committed>>>> + Send + Sync>;

/// A command, and whom to answer.
struct Pending {
    work: Work,
    reply: oneshot::Sender<Result<Committed>>,
}

/// The commands that wait, by restaurant. A restaurant has an entry while a task commits its groups.
#[derive(Clone, Default)]
pub struct Groups {
    waiting: Arc<Mutex<HashMap<RestaurantId, Vec<Pending>>>>,
}

impl Groups {
    /// Queues a command and waits until its group is committed. A command that finds no task of its restaurant starts one.
    ///
    /// Cancel safety: a queued command runs even if its caller stops waiting.
    pub async fn commit(&self, work: Work, transaction: Transaction) -> Result<Committed> {
        let (reply, outcome) = oneshot::channel();
        let restaurant = work.restaurant;
        if self.queue(restaurant, Pending { work, reply })? {
            tokio::spawn(self.clone().run(transaction, restaurant));
        }
        outcome.await.unwrap_or(Err(StoreError::Unavailable))
    }

    /// Queues a command. Returns whether the restaurant needs a task.
    fn queue(&self, restaurant: RestaurantId, pending: Pending) -> Result<bool> {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        match waiting.entry(restaurant) {
            Entry::Vacant(entry) => {
                entry.insert(vec![pending]);
                Ok(true)
            }
            Entry::Occupied(entry) if entry.get().len() >= QUEUE => {
                log::warn!(queue = QUEUE; "the commands of a restaurant queue up");
                Err(StoreError::Unavailable)
            }
            Entry::Occupied(mut entry) => {
                entry.get_mut().push(pending);
                Ok(false)
            }
        }
    }

    /// Takes the next group of a restaurant. Removes its entry if none waits.
    fn next(&self, restaurant: RestaurantId) -> Vec<Pending> {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(queue) = waiting.get_mut(&restaurant) else { return Vec::new() };
        let group: Vec<_> = queue.drain(..queue.len().min(GROUP)).collect();
        if group.is_empty() {
            waiting.remove(&restaurant);
        }
        group
    }

    /// Commits the groups of a restaurant until none waits.
    async fn run(self, transaction: Transaction, restaurant: RestaurantId) {
        loop {
            let group = self.next(restaurant);
            if group.is_empty() {
                return;
            }
            let (works, replies): (Vec<_>, Vec<_>) = group.into_iter().map(|pending| (pending.work, pending.reply)).unzip();
            let outcomes = commit_group(&transaction, works.into()).await;
            for (reply, outcome) in replies.into_iter().zip(outcomes) {
                let _ = reply.send(outcome); // the caller may have stopped waiting
            }
        }
    }
}

/// Commits a group, or its members one by one if one fails.
async fn commit_group(transaction: &Transaction, works: Arc<[Work]>) -> Vec<Result<Committed>> {
    match transaction(works.clone(), 0..works.len()).await {
        Ok(outcomes) => outcomes,
        // Whether a commit that was not confirmed took effect is unknown.
        Err(error) if works.len() == 1 || error == StoreError::Unavailable => works.iter().map(|_| Err(error.clone())).collect(),
        Err(_) => {
            let mut outcomes = Vec::with_capacity(works.len());
            for member in 0..works.len() {
                let outcome = transaction(works.clone(), member..member + 1).await;
                outcomes.extend(outcome.unwrap_or_else(|error| vec![Err(error)]));
            }
            outcomes
        }
    }
}
