//! Encoded menus. A menu is read and encoded once for each version of its document, for any number of guests.
//!
//! Bound: [`MOST`] menus of [`MOST_BYTES`] in all. Overflow: the menu that was encoded first is
//! dropped.

use crate::domain::model::menu::Menu;
use crate::domain::values::ids::RestaurantId;
use bytes::Bytes;
use sha2::{Digest, Sha256};
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

const MOST: usize = 64;
const MOST_BYTES: usize = 16 * 1024 * 1024;

/// An encoded menu.
pub struct Encoded {
    restaurant: RestaurantId,
    /// The document in the database from which it was made.
    text: String,
    /// The parsed menu.
    pub menu: Menu,
    /// The body of an answer; cloning shares its bytes.
    pub body: Bytes,
    /// The SHA-256 of the body.
    pub hash: [u8; 32],
}

impl Encoded {
    fn new(restaurant: RestaurantId, text: String) -> serde_json::Result<Self> {
        let menu: Menu = serde_json::from_str(&text)?;
        let body = serde_json::to_vec(&menu)?;
        let hash = Sha256::digest(&body).into();
        Ok(Self { restaurant, text, menu, body: body.into(), hash })
    }

    /// A parsed menu takes about as much memory as its text.
    fn size(&self) -> usize {
        2 * self.text.len() + self.body.len()
    }
}

/// The cache of encoded menus.
#[derive(Default)]
pub struct EncodedMenus(Mutex<VecDeque<Arc<Encoded>>>);

impl EncodedMenus {
    /// Returns the menu of a document, encoded.
    ///
    /// # Errors
    /// An error if the document is not a menu.
    pub fn of(&self, restaurant: RestaurantId, text: String) -> serde_json::Result<Arc<Encoded>> {
        let find =
            |kept: &VecDeque<Arc<Encoded>>| kept.iter().find(|menu| menu.restaurant == restaurant && menu.text == text).cloned();
        if let Some(menu) = find(&self.0.lock().unwrap_or_else(PoisonError::into_inner)) {
            return Ok(menu);
        }
        // Encodes outside the lock, since that takes a while. Two concurrent encodings of a menu are the same.
        let menu = Arc::new(Encoded::new(restaurant, text)?);
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.retain(|other| other.restaurant != restaurant);
        kept.push_back(menu.clone());
        while kept.len() > MOST || kept.iter().map(|menu| menu.size()).sum::<usize>() > MOST_BYTES {
            kept.pop_front();
        }
        Ok(menu)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    fn text(names: usize) -> String {
        let category = |number: usize| format!("\"{}\":{{\"name\":\"C\",\"sort\":1}}", Uuid::from_u128(number as u128));
        let categories: Vec<_> = (1..=names).map(category).collect();
        let id = Uuid::from_u128(7);
        format!(
            "{{\"restaurant\":\"{id}\",\"currency\":\"BDT\",\"position\":1,\"paused\":false,\"categories\":{{{}}},\"items\":{{}}}}",
            categories.join(",")
        )
    }

    fn restaurant(number: u128) -> RestaurantId {
        RestaurantId::from_uuid(Uuid::from_u128(number))
    }

    #[test]
    fn a_menu_is_encoded_once_and_again_when_its_document_has_changed() {
        let menus = EncodedMenus::default();
        let first = menus.of(restaurant(1), text(1)).unwrap();
        let again = menus.of(restaurant(1), text(1)).unwrap();
        assert!(Arc::ptr_eq(&first, &again));
        let changed = menus.of(restaurant(1), text(2)).unwrap();
        assert_ne!(changed.hash, first.hash);
        assert_eq!(menus.0.lock().unwrap().len(), 1, "the version before is forgotten");
        assert!(menus.of(restaurant(1), "{}".to_owned()).is_err());
    }

    #[test]
    fn restaurants_share_no_entries_and_the_oldest_is_dropped_on_overflow() {
        let menus = EncodedMenus::default();
        for number in 0..=MOST as u128 {
            menus.of(restaurant(number), text(1)).unwrap();
        }
        let kept = menus.0.lock().unwrap();
        assert!(kept.len() == MOST && kept.iter().all(|menu| menu.restaurant != restaurant(0)));
    }
}
