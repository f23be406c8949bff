//! The choice of the next group of the writer's queue, pure.

use crate::domain::values::ids::RestaurantId;
use crate::domain::values::time::Timestamp;
use std::collections::{HashMap, VecDeque};
use std::time::Duration;

/// The most members of a group.
pub const GROUP: usize = 64;
/// The most commands of one restaurant in a group while others write too, so that the others wait
/// only for short groups.
const SHARE: usize = 4;
/// How long groups stay short after a second restaurant has written.
const SHARED: Duration = Duration::from_secs(1);

/// Chooses groups. While restaurants share the queue, groups are short; a restaurant that is alone
/// fills its groups, which is cheapest for each command.
#[derive(Debug, Default)]
pub struct Groups {
    last: Option<RestaurantId>,
    shared_until: Option<Timestamp>,
    /// Whether the last group left out the busy restaurants, so that the next one takes them.
    has_skipped: bool,
}

impl Groups {
    /// Takes the next group from the front of the queue, in order. While a restaurant has more than
    /// its share waiting, every other group leaves it out. Work without a restaurant is never left
    /// out.
    pub fn take<T>(
        &mut self,
        queue: &mut VecDeque<T>,
        now: Timestamp,
        restaurant: impl Fn(&T) -> Option<RestaurantId>,
    ) -> Vec<T> {
        let mut waiting: HashMap<RestaurantId, usize> = HashMap::new();
        for found in queue.iter().filter_map(&restaurant) {
            *waiting.entry(found).or_default() += 1;
            if self.last.replace(found).is_some_and(|last| last != found) {
                self.shared_until = Some(now.plus(SHARED));
            }
        }
        if self.shared_until.is_none_or(|until| now >= until) {
            return queue.drain(..queue.len().min(GROUP)).collect();
        }
        let is_busy = |job: &T| restaurant(job).is_some_and(|restaurant| waiting[&restaurant] > SHARE);
        let skips = !self.has_skipped && queue.iter().any(&is_busy) && !queue.iter().all(&is_busy);
        self.has_skipped = skips;
        let (mut group, mut left) = (Vec::with_capacity(GROUP), VecDeque::with_capacity(queue.len()));
        let mut taken: HashMap<RestaurantId, usize> = HashMap::new();
        for job in queue.drain(..) {
            let share = restaurant(&job).map(|restaurant| taken.entry(restaurant).or_default());
            if group.len() == GROUP || skips && is_busy(&job) || share.as_ref().is_some_and(|taken| **taken == SHARE) {
                left.push_back(job);
                continue;
            }
            share.into_iter().for_each(|taken| *taken += 1);
            group.push(job);
        }
        *queue = left;
        group
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    type Job = (Option<RestaurantId>, usize);

    fn restaurant(n: u128) -> Option<RestaurantId> {
        Some(RestaurantId::from_uuid(Uuid::from_u128(n)))
    }

    fn take(groups: &mut Groups, queue: &mut VecDeque<Job>, ms: i64) -> Vec<usize> {
        groups.take(queue, Timestamp::from_millis(ms), |(restaurant, _)| *restaurant).iter().map(|job| job.1).collect()
    }

    #[test]
    fn a_single_restaurant_fills_its_groups() {
        let (mut groups, mut queue) = (Groups::default(), (0..100).map(|n| (restaurant(1), n)).collect());
        assert_eq!(take(&mut groups, &mut queue, 0), (0..64).collect::<Vec<_>>());
        assert_eq!(take(&mut groups, &mut queue, 1).len(), 36);
        assert!(take(&mut groups, &mut queue, 2).is_empty());
    }

    #[test]
    fn a_quiet_restaurant_comes_before_a_busy_one_and_groups_are_short_for_a_second() {
        let (mut groups, mut queue): (_, VecDeque<_>) = (Groups::default(), (0..100).map(|n| (restaurant(1), n)).collect());
        queue.push_back((restaurant(2), 100));
        queue.push_back((None, 101));
        assert_eq!(take(&mut groups, &mut queue, 5000), [100, 101]);
        assert_eq!(queue.front(), Some(&(restaurant(1), 0)), "the busy one's keep their order");
        queue.push_back((restaurant(2), 102));
        assert_eq!(take(&mut groups, &mut queue, 5001), [0, 1, 2, 3, 102], "it has its turn, no matter which others write");
        assert_eq!(take(&mut groups, &mut queue, 6000), [4, 5, 6, 7], "another was there a moment ago");
        assert_eq!(take(&mut groups, &mut queue, 7001).len(), 64, "it is alone again");
    }

    #[test]
    fn many_restaurants_fill_a_group() {
        let jobs = (0..200).map(|n| (restaurant(n as u128 % 32), n));
        let (mut groups, mut queue) = (Groups::default(), jobs.collect());
        assert_eq!(take(&mut groups, &mut queue, 0).len(), GROUP);
    }
}
