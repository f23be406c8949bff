//! Uploaded pictures of dishes.

use super::Result;
use crate::domain::values::ids::{PictureId, RestaurantId};
use crate::domain::values::time::Timestamp;
use async_trait::async_trait;

/// A picture without its bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PictureRow {
    /// Its id, a digest of its content.
    pub id: PictureId,
    /// The width of its largest size.
    pub width: u16,
    /// The height of its largest size.
    pub height: u16,
}

/// A size of a picture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PictureSize {
    /// The width in pixels.
    pub width: u16,
    /// The file.
    pub body: Vec<u8>,
}

/// Pictures. Those that a menu names stay; the others are removed some time after their upload.
#[async_trait]
pub trait Pictures: Send + Sync + 'static {
    /// Adds a picture with its sizes. If it exists already, it counts as uploaded now. Returns whether there is room: a
    /// restaurant has at most `most` pictures.
    async fn add_picture(
        &self,
        restaurant: RestaurantId,
        picture: PictureRow,
        sizes: Vec<PictureSize>,
        most: u32,
        at: Timestamp,
    ) -> Result<bool>;

    /// Returns the pictures of a restaurant.
    async fn pictures(&self, restaurant: RestaurantId) -> Result<Vec<PictureRow>>;

    /// Returns the file of a picture in a width.
    async fn picture_body(&self, restaurant: RestaurantId, id: PictureId, width: u16) -> Result<Option<Vec<u8>>>;

    /// Removes at most `limit` pictures that were uploaded before a time and that the menu does not name; returns their number.
    async fn forget_pictures(&self, restaurant: RestaurantId, before: Timestamp, limit: u32) -> Result<u64>;
}
