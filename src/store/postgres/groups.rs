//! Groups of commands. A restaurant's commands queue while its last group is being committed, and
//! the next transaction takes them together. So a restaurant uses only one connection of the pool,
//! and other restaurants do not wait for it.

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
        let mut running = Running { groups: self.clone(), restaurant, is_over: false };
        loop {
            let group = self.next(restaurant);
            if group.is_empty() {
                running.is_over = true;
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

/// A task that commits a restaurant's groups. If it ends early, with its thread or by a panic, it
/// drops the commands that wait, so that the next command starts another task.
struct Running {
    groups: Groups,
    restaurant: RestaurantId,
    is_over: bool,
}

impl Drop for Running {
    fn drop(&mut self) {
        if !self.is_over {
            self.groups.waiting.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.restaurant);
        }
    }
}

/// Commits a group, or its members one by one if one fails.
async fn commit_group(transaction: &Transaction, works: Arc<[Work]>) -> Vec<Result<Committed>> {
    match transaction(works.clone(), 0..works.len()).await {
        Ok(outcomes) => outcomes,
        // It is unknown whether an unconfirmed commit took effect.
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::model::event::By;
    use crate::domain::model::principal::Role;
    use crate::domain::values::time::Timestamp;
    use crate::store::log::Reads;
    use std::time::Duration;
    use tokio::time::timeout;

    fn work(restaurant: RestaurantId) -> Work {
        let decide = Box::new(|_| panic!("no decision is asked for"));
        let (by, at) = (By::role(Role::Staff), Timestamp::from_micros(0));
        Work { restaurant, reads: Reads::Menu, command: None, by, at, note: None, delivery: None, decide }
    }

    fn failing() -> Transaction {
        Box::new(|works, _| Box::pin(async move { Ok(works.iter().map(|_| Err(StoreError::Missing)).collect()) }))
    }

    #[tokio::test]
    async fn after_a_panic_every_restaurant_still_has_a_task() {
        let (groups, restaurant) = (Groups::default(), RestaurantId::from_uuid(crate::clock::new_id()));
        let panicking: Transaction = Box::new(|_, _| Box::pin(async { panic!("a transaction of the test panics") }));
        let lost = groups.commit(work(restaurant), panicking).await;
        assert_eq!(lost.map(drop), Err(StoreError::Unavailable));
        for _ in 0..2 {
            let next = timeout(Duration::from_secs(5), groups.commit(work(restaurant), failing())).await;
            assert_eq!(next.expect("another task does the next command").map(drop), Err(StoreError::Missing));
        }
    }
}
