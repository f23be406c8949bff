//! The choice of a group among what waits to be written.

use crate::domain::values::ids::RestaurantId;
use std::collections::{HashMap, VecDeque};

/// The most members of a group.
pub const GROUP: usize = 64;
/// The most commands of one restaurant in a group while another's wait, so that the other waits for
/// a short group at most.
const SHARE: usize = 16;

/// Takes the next group from the front of the queue, in order. What has no restaurant counts for
/// none.
pub fn take_group<T>(queue: &mut VecDeque<T>, restaurant: impl Fn(&T) -> Option<RestaurantId>) -> Vec<T> {
    let first = queue.iter().find_map(&restaurant);
    let is_shared = queue.iter().filter_map(&restaurant).any(|other| Some(other) != first);
    if !is_shared {
        return queue.drain(..queue.len().min(GROUP)).collect();
    }
    let (mut group, mut left) = (Vec::with_capacity(GROUP), VecDeque::with_capacity(queue.len()));
    let mut taken: HashMap<RestaurantId, usize> = HashMap::new();
    for job in queue.drain(..) {
        let share = restaurant(&job).map(|restaurant| taken.entry(restaurant).or_default());
        if group.len() == GROUP || share.as_ref().is_some_and(|taken| **taken == SHARE) {
            left.push_back(job);
            continue;
        }
        share.into_iter().for_each(|taken| *taken += 1);
        group.push(job);
    }
    *queue = left;
    group
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    type Job = (Option<RestaurantId>, usize);

    fn restaurant(n: u128) -> Option<RestaurantId> {
        Some(RestaurantId::from_uuid(Uuid::from_u128(n)))
    }

    fn take(queue: &mut VecDeque<Job>) -> Vec<Job> {
        take_group(queue, |(restaurant, _)| *restaurant)
    }

    #[test]
    fn one_restaurant_alone_fills_its_groups() {
        let mut queue: VecDeque<_> = (0..100).map(|n| (restaurant(1), n)).collect();
        assert_eq!(take(&mut queue).iter().map(|job| job.1).collect::<Vec<_>>(), (0..64).collect::<Vec<_>>());
        assert_eq!(take(&mut queue).len(), 36);
        assert!(take(&mut queue).is_empty());
    }

    #[test]
    fn a_quiet_restaurant_is_in_the_next_group_beside_a_busy_one() {
        let mut queue: VecDeque<_> = (0..100).map(|n| (restaurant(1), n)).collect();
        queue.push_back((restaurant(2), 100));
        queue.push_back((None, 101));
        let group = take(&mut queue);
        assert_eq!(group.iter().map(|job| job.1).collect::<Vec<_>>(), (0..16).chain([100, 101]).collect::<Vec<_>>());
        assert_eq!(queue.front(), Some(&(restaurant(1), 16)), "the busy one's others keep their order");
        assert_eq!(take(&mut queue).len(), 64, "and fill the group again once it is alone");
    }

    #[test]
    fn many_restaurants_fill_a_group() {
        let mut queue: VecDeque<_> = (0..200).map(|n| (restaurant(n as u128 % 8), n)).collect();
        let group = take(&mut queue);
        assert_eq!(group.len(), GROUP);
        assert!((0..8).all(|n| group.iter().filter(|job| job.0 == restaurant(n)).count() == 8));
    }
}
