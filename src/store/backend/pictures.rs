//! [`Pictures`]: uploaded pictures of dishes.

use super::{Backend, Connection, Database, documents, feeds};
use crate::domain::values::ids::{PictureId, RestaurantId};
use crate::domain::values::time::Timestamp;
use crate::store::pictures::{PictureRow, PictureSize, Pictures};
use crate::store::{Result, StoreError, audit, columns};
use async_trait::async_trait;
use sqlx::{FromRow, query, query_as, query_scalar};
use std::collections::BTreeSet;
use uuid::Uuid;

statements! {
    PICTURES = "SELECT id, width, height FROM pictures WHERE restaurant = $1 ORDER BY id";
    RENEW_PICTURE = "UPDATE pictures SET uploaded_at = $3 WHERE restaurant = $1 AND id = $2";
    COUNT_PICTURES = "SELECT count(*) FROM pictures WHERE restaurant = $1";
    ADD_PICTURE = "INSERT INTO pictures (restaurant, id, width, height, uploaded_at) VALUES ($1, $2, $3, $4, $5)";
    ADD_SIZE = "INSERT INTO picture_sizes (restaurant, id, width, body) VALUES ($1, $2, $3, $4)";
    BODY = "SELECT body FROM picture_sizes WHERE restaurant = $1 AND id = $2 AND width = $3";
    UPLOADED_BEFORE = "SELECT id FROM pictures WHERE restaurant = $1 AND uploaded_at < $2 ORDER BY id";
    REMOVE_SIZES = "DELETE FROM picture_sizes WHERE restaurant = $1 AND id = $2";
    REMOVE_PICTURE = "DELETE FROM pictures WHERE restaurant = $1 AND id = $2";
}

#[derive(FromRow)]
struct Row {
    id: Uuid,
    width: i64,
    height: i64,
}

impl TryFrom<Row> for PictureRow {
    type Error = StoreError;
    fn try_from(row: Row) -> Result<Self> {
        let (width, height) = (columns::number("width", row.width)?, columns::number("height", row.height)?);
        Ok(Self { id: PictureId::from_uuid(row.id), width, height })
    }
}

#[async_trait]
impl Pictures for Backend {
    async fn add_picture(
        &self,
        restaurant: RestaurantId,
        picture: PictureRow,
        sizes: Vec<PictureSize>,
        most: u32,
        at: Timestamp,
    ) -> Result<bool> {
        self.write(move |c| Box::pin(add(c, restaurant, picture, sizes, most, at))).await
    }

    async fn pictures(&self, restaurant: RestaurantId) -> Result<Vec<PictureRow>> {
        self.all(query_as::<Database, Row>(PICTURES).bind(restaurant.uuid())).await
    }

    async fn picture_body(&self, restaurant: RestaurantId, id: PictureId, width: u16) -> Result<Option<Vec<u8>>> {
        let query = query_scalar::<Database, Vec<u8>>(BODY).bind(restaurant.uuid()).bind(id.uuid()).bind(i64::from(width));
        self.read(move |c| Box::pin(async move { Ok(query.fetch_optional(c).await?) })).await
    }

    async fn forget_pictures(&self, restaurant: RestaurantId, before: Timestamp, limit: u32) -> Result<u64> {
        // Most of the time there is nothing to remove, and no command has to wait.
        if self.read(move |c| Box::pin(unused(c, restaurant, before))).await?.is_empty() {
            return Ok(0);
        }
        self.write(move |c| Box::pin(forget(c, restaurant, before, limit))).await
    }
}

async fn add(
    connection: &mut Connection,
    restaurant: RestaurantId,
    picture: PictureRow,
    sizes: Vec<PictureSize>,
    most: u32,
    at: Timestamp,
) -> Result<bool> {
    // Two uploads at the same time must not both take the last place.
    feeds::hold(connection, restaurant).await?;
    let renew = query::<Database>(RENEW_PICTURE).bind(restaurant.uuid()).bind(picture.id.uuid()).bind(at.micros());
    if renew.execute(&mut *connection).await?.rows_affected() > 0 {
        return Ok(true);
    }
    let count = query_scalar::<Database, i64>(COUNT_PICTURES).bind(restaurant.uuid()).fetch_one(&mut *connection).await?;
    if count >= i64::from(most) {
        audit::set_outcome("full");
        return Ok(false);
    }
    let add = query::<Database>(ADD_PICTURE).bind(restaurant.uuid()).bind(picture.id.uuid()).bind(i64::from(picture.width));
    add.bind(i64::from(picture.height)).bind(at.micros()).execute(&mut *connection).await?;
    for PictureSize { width, body } in sizes {
        let add = query::<Database>(ADD_SIZE).bind(restaurant.uuid()).bind(picture.id.uuid()).bind(i64::from(width));
        add.bind(body).execute(&mut *connection).await?;
    }
    Ok(true)
}

/// Returns the pictures from before a time that the menu does not name.
async fn unused(connection: &mut Connection, restaurant: RestaurantId, before: Timestamp) -> Result<Vec<Uuid>> {
    let old = query_scalar::<Database, Uuid>(UPLOADED_BEFORE).bind(restaurant.uuid()).bind(before.micros());
    let mut old = old.fetch_all(&mut *connection).await?;
    if old.is_empty() {
        return Ok(old);
    }
    let menu = documents::menu(connection, restaurant).await?;
    let named = menu.iter().flat_map(|menu| menu.items.values()).filter_map(|item| Some(item.picture.as_ref()?.id.uuid()));
    let named: BTreeSet<_> = named.collect();
    old.retain(|id| !named.contains(id));
    Ok(old)
}

async fn forget(connection: &mut Connection, restaurant: RestaurantId, before: Timestamp, limit: u32) -> Result<u64> {
    // Nobody changes the menu meanwhile.
    feeds::hold(connection, restaurant).await?;
    let mut unused = unused(connection, restaurant, before).await?;
    unused.truncate(limit as usize);
    for id in &unused {
        for text in [REMOVE_SIZES, REMOVE_PICTURE] {
            query::<Database>(text).bind(restaurant.uuid()).bind(*id).execute(&mut *connection).await?;
        }
    }
    Ok(unused.len() as u64)
}
