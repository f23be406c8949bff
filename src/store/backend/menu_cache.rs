//! A cache of parsed menus, since most commands that place an order find the menu unchanged.
//!
//! A menu is kept under its version, the id of its last event. The group that reads it holds the feed, so the version in the
//! database is the menu's. A kept menu is never outdated, even if the database goes back to an earlier state.

use crate::domain::model::menu::Menu;
use crate::domain::values::ids::RestaurantId;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use uuid::Uuid;

/// The most bytes of the texts of all kept menus. Beyond that, another menu is dropped.
const MOST_BYTES: usize = 16 << 20;

/// A kept menu.
#[derive(Debug, Clone)]
pub struct Kept {
    /// The id of the menu's last event; `None` before the first.
    pub version: Option<Uuid>,
    /// The length of its text.
    pub bytes: usize,
    pub menu: Arc<Menu>,
}

/// The menus of some restaurants.
#[derive(Default)]
pub struct MenuCache(Mutex<Menus>);

#[derive(Default)]
struct Menus {
    bytes: usize,
    kept: HashMap<RestaurantId, Kept>,
}

impl MenuCache {
    pub fn get(&self, restaurant: RestaurantId) -> Option<Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).kept.get(&restaurant).cloned()
    }

    pub fn keep(&self, restaurant: RestaurantId, menu: &Kept) {
        let mut menus = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if menus.kept.get(&restaurant).is_some_and(|kept| kept.version == menu.version) {
            return;
        }
        menus.remove(restaurant);
        if menu.bytes > MOST_BYTES {
            return;
        }
        while menus.bytes + menu.bytes > MOST_BYTES
            && let Some(other) = menus.kept.keys().next().copied()
        {
            menus.remove(other);
        }
        menus.bytes += menu.bytes;
        menus.kept.insert(restaurant, menu.clone());
    }
}

impl Menus {
    fn remove(&mut self, restaurant: RestaurantId) {
        if let Some(kept) = self.kept.remove(&restaurant) {
            self.bytes -= kept.bytes;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock;

    fn menu(restaurant: RestaurantId, bytes: usize) -> Kept {
        let menu = serde_json::json!({ "restaurant": restaurant, "position": 0, "currency": "BDT", "paused": false, "categories": {}, "items": {} });
        let menu = Arc::new(serde_json::from_value(menu).unwrap());
        Kept { version: Some(clock::new_id()), bytes, menu }
    }

    #[test]
    fn the_kept_menus_stay_within_their_bytes() {
        let (cache, ids) = (MenuCache::default(), [(); 5].map(|()| RestaurantId::from_uuid(clock::new_id())));
        for id in ids {
            cache.keep(id, &menu(id, MOST_BYTES / 3));
            assert!(cache.get(id).is_some(), "the newest is kept");
        }
        assert_eq!(ids.iter().filter(|id| cache.get(**id).is_some()).count(), 3);
        cache.keep(ids[4], &menu(ids[4], 1));
        assert_eq!(cache.get(ids[4]).unwrap().bytes, 1, "a newer version takes the place of the older");
        cache.keep(ids[0], &menu(ids[0], MOST_BYTES + 1));
        assert!(cache.get(ids[0]).is_none(), "a menu beyond the limit is not kept");
        cache.keep(ids[0], &menu(ids[0], MOST_BYTES));
        assert!(cache.get(ids[0]).is_some(), "what was dropped no longer counts");
    }
}
