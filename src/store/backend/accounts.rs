//! [`Accounts`]: restaurants, tables, people, API keys.

use super::{Backend, Connection, Database, feeds, guests, sessions, users};
use crate::domain::model::menu::Menu;
use crate::domain::values::ids::{RestaurantId, TableId, UserId};
use crate::domain::values::text::{Key, Slug};
use crate::domain::values::time::Timestamp;
use crate::domain::values::version::Expected;
use crate::store::accounts::{Accounts, ApiKey, Restaurant, Table, User, UserChange, UserChanged};
use crate::store::error::broken;
use crate::store::rows::{ApiKeyRow, RestaurantRow, TableRow, UserRow};
use crate::store::{Result, StoreError, rows, sql};
use async_trait::async_trait;
use secrecy::ExposeSecret;
use sqlx::{query, query_as, query_scalar};
use uuid::Uuid;

#[async_trait]
impl Accounts for Backend {
    async fn add_restaurant(&self, restaurant: &Restaurant, menu: &Menu, at: Timestamp) -> Result<()> {
        if menu.restaurant != restaurant.id {
            return Err(broken("a menu of another restaurant"));
        }
        let (restaurant, menu) = (restaurant.clone(), menu.clone());
        self.write(move |c| Box::pin(async move { add_restaurant(c, &restaurant, &menu, at).await })).await
    }

    async fn restaurant_by_slug(&self, slug: &Slug) -> Result<Option<Restaurant>> {
        let query = query_as::<Database, RestaurantRow>(sql::accounts::RESTAURANT_BY_SLUG);
        self.one(query.bind(slug.as_str().to_owned())).await
    }

    async fn restaurant(&self, id: RestaurantId) -> Result<Option<Restaurant>> {
        self.one(query_as::<Database, RestaurantRow>(sql::accounts::RESTAURANT).bind(id.uuid())).await
    }

    async fn restaurant_ids(&self, after: Option<RestaurantId>, limit: u32) -> Result<Vec<RestaurantId>> {
        let after = after.map_or(Uuid::nil(), RestaurantId::uuid);
        let query = query_scalar::<Database, Uuid>(sql::accounts::RESTAURANT_IDS).bind(after).bind(i64::from(limit));
        let ids = self.read(move |c| Box::pin(async move { Ok(query.fetch_all(c).await?) })).await?;
        Ok(ids.into_iter().map(RestaurantId::from_uuid).collect())
    }

    async fn add_table(&self, table: &Table) -> Result<()> {
        let query = query::<Database>(sql::accounts::ADD_TABLE)
            .bind(table.id.uuid())
            .bind(table.restaurant.uuid())
            .bind(table.label.as_str().to_owned())
            .bind(table.key.as_str().to_owned());
        self.execute(query).await.map(|_| ())
    }

    async fn table_by_key(&self, key: &Key) -> Result<Option<Table>> {
        let query = query_as::<Database, TableRow>(sql::accounts::TABLE_BY_KEY);
        self.one(query.bind(key.as_str().to_owned())).await
    }

    async fn tables(&self, restaurant: RestaurantId) -> Result<Vec<Table>> {
        self.all(query_as::<Database, TableRow>(sql::accounts::TABLES).bind(restaurant.uuid())).await
    }

    async fn set_table_key(&self, table: &Table, end_sessions: bool, expected: Expected) -> Result<Vec<Key>> {
        let (restaurant, id) = (table.restaurant, table.id);
        let query = query_scalar::<Database, String>(sql::accounts::SET_TABLE_KEY).bind(restaurant.uuid()).bind(id.uuid());
        let query = query.bind(table.key.as_str().to_owned());
        self.write(move |c| {
            Box::pin(async move {
                hold_table(c, restaurant, id, &expected).await?;
                let label = query.fetch_optional(&mut *c).await?.ok_or(StoreError::Missing)?;
                if end_sessions { guests::end_table(c, restaurant, &label).await } else { Ok(Vec::new()) }
            })
        })
        .await
    }

    async fn remove_table(&self, restaurant: RestaurantId, id: TableId, expected: Expected) -> Result<Vec<Key>> {
        let query = query_scalar::<Database, String>(sql::accounts::REMOVE_TABLE).bind(restaurant.uuid()).bind(id.uuid());
        self.write(move |c| {
            Box::pin(async move {
                hold_table(c, restaurant, id, &expected).await?;
                let label = query.fetch_optional(&mut *c).await?.ok_or(StoreError::Missing)?;
                guests::end_table(c, restaurant, &label).await
            })
        })
        .await
    }

    async fn add_user(&self, user: &User, at: Timestamp) -> Result<()> {
        let query = query::<Database>(sql::accounts::ADD_USER)
            .bind(user.id.uuid())
            .bind(user.restaurant.uuid())
            .bind(user.username.as_str().to_owned())
            .bind(user.role.as_str())
            .bind(user.password_hash.expose_secret().to_owned())
            .bind(at.micros());
        self.execute(query).await.map(|_| ())
    }

    async fn user_by_name(&self, restaurant: RestaurantId, username: &Key) -> Result<Option<User>> {
        let query = query_as::<Database, UserRow>(sql::accounts::USER_BY_NAME).bind(restaurant.uuid());
        self.one(query.bind(username.as_str().to_owned())).await
    }

    async fn user(&self, restaurant: RestaurantId, id: UserId) -> Result<Option<User>> {
        self.one(query_as::<Database, UserRow>(sql::accounts::USER).bind(restaurant.uuid()).bind(id.uuid())).await
    }

    async fn users(&self, restaurant: RestaurantId) -> Result<Vec<User>> {
        self.all(query_as::<Database, UserRow>(sql::accounts::USERS).bind(restaurant.uuid())).await
    }

    async fn change_user(
        &self,
        restaurant: RestaurantId,
        id: UserId,
        change: UserChange,
        expected: Expected,
    ) -> Result<UserChanged> {
        self.write(move |c| Box::pin(async move { users::change(c, restaurant, id, change, &expected).await })).await
    }

    async fn add_api_key(&self, key: &ApiKey, hash: [u8; 32], at: Timestamp) -> Result<()> {
        let query = query::<Database>(sql::accounts::ADD_API_KEY)
            .bind(key.restaurant.uuid())
            .bind(key.id.as_str().to_owned())
            .bind(key.name.as_str().to_owned())
            .bind(hash.to_vec())
            .bind(at.micros());
        self.execute(query).await.map(|_| ())
    }

    async fn api_key_by_hash(&self, hash: [u8; 32]) -> Result<Option<ApiKey>> {
        self.one(query_as::<Database, ApiKeyRow>(sql::accounts::API_KEY_BY_HASH).bind(hash.to_vec())).await
    }

    async fn api_keys(&self, restaurant: RestaurantId) -> Result<Vec<ApiKey>> {
        self.all(query_as::<Database, ApiKeyRow>(sql::accounts::API_KEYS).bind(restaurant.uuid())).await
    }

    async fn revoke_api_key(&self, restaurant: RestaurantId, id: &Key, at: Timestamp) -> Result<Vec<Key>> {
        let id = id.clone();
        self.write(move |c| Box::pin(async move { revoke_api_key(c, restaurant, &id, at).await })).await
    }
}

/// Holds the restaurant's feed, so that changes of its tables come one after the other, and looks at the table's version.
async fn hold_table(connection: &mut Connection, restaurant: RestaurantId, id: TableId, expected: &Expected) -> Result<()> {
    feeds::hold(connection, restaurant).await?;
    let find = query_as::<Database, TableRow>(sql::accounts::TABLE).bind(restaurant.uuid()).bind(id.uuid());
    let table = Table::try_from(find.fetch_optional(connection).await?.ok_or(StoreError::Missing)?)?;
    if expected.admits(&table.version()) { Ok(()) } else { Err(StoreError::Stale) }
}

async fn add_restaurant(connection: &mut Connection, restaurant: &Restaurant, menu: &Menu, at: Timestamp) -> Result<()> {
    let id = restaurant.id.uuid();
    query::<Database>(sql::accounts::ADD_RESTAURANT)
        .bind(id)
        .bind(restaurant.slug.as_str())
        .bind(restaurant.name.as_str())
        .bind(restaurant.currency.to_string())
        .bind(i64::from(restaurant.default_minutes))
        .bind(at.micros())
        .execute(&mut *connection)
        .await?;
    feeds::add(connection, restaurant.id).await?;
    let menu_query = query::<Database>(sql::accounts::ADD_MENU).bind(id).bind(rows::write(menu)?);
    menu_query.bind(menu.next_lapse().map(Timestamp::micros)).execute(connection).await?;
    Ok(())
}

async fn revoke_api_key(connection: &mut Connection, restaurant: RestaurantId, id: &Key, at: Timestamp) -> Result<Vec<Key>> {
    let query = query::<Database>(sql::accounts::REVOKE_API_KEY).bind(restaurant.uuid()).bind(id.as_str());
    if query.bind(at.micros()).execute(&mut *connection).await?.rows_affected() == 0 {
        return Err(StoreError::Missing);
    }
    sessions::end_of_api_key(connection, restaurant, id).await
}
