//! [`Accounts`]: restaurants, tables, people, API keys.

use super::{Backend, Connection, Database, devices, documents, feeds, found, guests, sessions};
use crate::clock;
use crate::domain::model::house_rules::HouseRules;
use crate::domain::model::menu::Menu;
use crate::domain::model::principal::Role;
use crate::domain::values::ids::{RestaurantId, TableId, UserId};
use crate::domain::values::text::{Key, Name, Slug};
use crate::domain::values::time::Timestamp;
use crate::domain::values::version::Expected;
use crate::store::accounts::{Accounts, ApiKey, Restaurant, Table, User, UserChange, UserChanged};
use crate::store::columns::{document, number, text, write};
use crate::store::error::broken;
use crate::store::{Result, StoreError, audit};
use async_trait::async_trait;
use secrecy::ExposeSecret;
use sqlx::{FromRow, query, query_as, query_scalar};
use uuid::Uuid;

macro_rules! restaurant {
    ($filter:literal) => {
        concat!("SELECT id, slug, name, currency, default_minutes FROM restaurants WHERE ", $filter)
    };
}

macro_rules! tables {
    ($filter:literal) => {
        concat!("SELECT id, restaurant, label, key FROM tables WHERE ", $filter)
    };
}

macro_rules! users {
    ($filter:literal) => {
        concat!("SELECT id, restaurant, username, role, password_hash FROM users WHERE ", $filter)
    };
}

macro_rules! api_keys {
    ($filter:literal) => {
        concat!("SELECT restaurant, id, name FROM api_keys WHERE revoked_at IS NULL AND ", $filter)
    };
}

statements! {
    ADD_RESTAURANT = "INSERT INTO restaurants (id, slug, name, currency, default_minutes, created_at) \
        VALUES ($1, $2, $3, $4, $5, $6)";
    RESTAURANT_BY_SLUG = restaurant!("slug = $1");
    RESTAURANT = restaurant!("id = $1");

    RESTAURANT_IDS = "SELECT id FROM restaurants WHERE id > $1 ORDER BY id LIMIT $2";

    RENAME_RESTAURANT = "UPDATE restaurants SET name = $2 WHERE id = $1";

    /// NULL for none.
    HOUSE_RULES = "SELECT rules FROM restaurants WHERE id = $1";
    SET_HOUSE_RULES = "UPDATE restaurants SET rules = $2 WHERE id = $1";

    ADD_TABLE = "INSERT INTO tables (id, restaurant, label, key) VALUES ($1, $2, $3, $4)";
    TABLE_BY_KEY = tables!("key = $1");
    TABLES = tables!("restaurant = $1 ORDER BY id");
    PAGE_OF_TABLES = tables!("restaurant = $1 AND id > $2 ORDER BY id LIMIT $3");

    TABLE = tables!("restaurant = $1 AND id = $2");
    SET_TABLE_KEY = "UPDATE tables SET key = $3 WHERE restaurant = $1 AND id = $2 RETURNING label";
    REMOVE_TABLE = "DELETE FROM tables WHERE restaurant = $1 AND id = $2 RETURNING label";

    ADD_USER = "INSERT INTO users (id, restaurant, username, role, password_hash, created_at) \
        VALUES ($1, $2, $3, $4, $5, $6)";
    USER_BY_NAME = users!("restaurant = $1 AND username = $2");
    USERS = users!("restaurant = $1 AND username > $2 ORDER BY username LIMIT $3");
    USER = users!("restaurant = $1 AND id = $2");
    OTHER_MANAGERS = "SELECT count(*) FROM users WHERE restaurant = $1 AND id <> $2 AND role = 'manager'";
    SET_USER = "UPDATE users SET role = $3, password_hash = $4 WHERE restaurant = $1 AND id = $2";
    REMOVE_USER = "DELETE FROM users WHERE restaurant = $1 AND id = $2";

    ADD_API_KEY = "INSERT INTO api_keys (restaurant, id, name, hash, created_at) VALUES ($1, $2, $3, $4, $5)";
    API_KEY_BY_HASH = api_keys!("hash = $1");
    API_KEY = api_keys!("restaurant = $1 AND id = $2");
    API_KEYS = api_keys!("restaurant = $1 AND id > $2 ORDER BY id LIMIT $3");
    REVOKE_API_KEY = "UPDATE api_keys SET revoked_at = $3 WHERE restaurant = $1 AND id = $2 AND revoked_at IS NULL";
}

#[derive(FromRow)]
struct RestaurantRow {
    id: Uuid,
    slug: String,
    name: String,
    currency: String,
    default_minutes: i64,
}

impl TryFrom<RestaurantRow> for Restaurant {
    type Error = StoreError;
    fn try_from(row: RestaurantRow) -> Result<Self> {
        Ok(Self {
            id: RestaurantId::from_uuid(row.id),
            slug: text("slug", &row.slug)?,
            name: text("name", &row.name)?,
            currency: text("currency", &row.currency)?,
            default_minutes: number("default_minutes", row.default_minutes)?,
        })
    }
}

#[derive(FromRow)]
struct TableRow {
    id: Uuid,
    restaurant: Uuid,
    label: String,
    key: String,
}

impl TryFrom<TableRow> for Table {
    type Error = StoreError;
    fn try_from(row: TableRow) -> Result<Self> {
        Ok(Self {
            id: TableId::from_uuid(row.id),
            restaurant: RestaurantId::from_uuid(row.restaurant),
            label: text("label", &row.label)?,
            key: text("key", &row.key)?,
        })
    }
}

#[derive(FromRow)]
struct UserRow {
    id: Uuid,
    restaurant: Uuid,
    username: String,
    role: String,
    password_hash: String,
}

impl TryFrom<UserRow> for User {
    type Error = StoreError;
    fn try_from(row: UserRow) -> Result<Self> {
        Ok(Self {
            id: UserId::from_uuid(row.id),
            restaurant: RestaurantId::from_uuid(row.restaurant),
            username: text("username", &row.username)?,
            role: text("role", &row.role)?,
            password_hash: row.password_hash.into(),
        })
    }
}

#[derive(FromRow)]
struct ApiKeyRow {
    restaurant: Uuid,
    id: String,
    name: String,
}

impl TryFrom<ApiKeyRow> for ApiKey {
    type Error = StoreError;
    fn try_from(row: ApiKeyRow) -> Result<Self> {
        let (id, name) = (text("id", &row.id)?, text("name", &row.name)?);
        Ok(Self { id, restaurant: RestaurantId::from_uuid(row.restaurant), name })
    }
}

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
        let query = query_as::<Database, RestaurantRow>(RESTAURANT_BY_SLUG);
        self.one(query.bind(slug.as_str().to_owned())).await
    }

    async fn restaurant(&self, id: RestaurantId) -> Result<Option<Restaurant>> {
        self.one(query_as::<Database, RestaurantRow>(RESTAURANT).bind(id.uuid())).await
    }

    async fn restaurant_ids(&self, after: Option<RestaurantId>, limit: u32) -> Result<Vec<RestaurantId>> {
        let after = after.map_or(Uuid::nil(), RestaurantId::uuid);
        let query = query_scalar::<Database, Uuid>(RESTAURANT_IDS).bind(after).bind(i64::from(limit));
        let ids = self.read(move |c| Box::pin(async move { Ok(query.fetch_all(c).await?) })).await?;
        Ok(ids.into_iter().map(RestaurantId::from_uuid).collect())
    }

    async fn rename_restaurant(&self, id: RestaurantId, name: &Name) -> Result<()> {
        let query = query::<Database>(RENAME_RESTAURANT).bind(id.uuid()).bind(name.as_str().to_owned());
        found(self.execute(query).await?)
    }

    async fn house_rules(&self, id: RestaurantId) -> Result<HouseRules> {
        self.read(move |c| Box::pin(house_rules(c, id))).await
    }

    async fn set_house_rules(&self, id: RestaurantId, rules: &HouseRules, expected: &Expected) -> Result<()> {
        let (rules, expected) = (rules.clone(), expected.clone());
        self.write(move |c| Box::pin(async move { set_house_rules(c, id, &rules, &expected).await })).await
    }

    async fn add_table(&self, table: &Table) -> Result<()> {
        let query = query::<Database>(ADD_TABLE)
            .bind(table.id.uuid())
            .bind(table.restaurant.uuid())
            .bind(table.label.as_str().to_owned())
            .bind(table.key.as_str().to_owned());
        self.execute(query).await.map(|_| ())
    }

    async fn table_by_key(&self, key: &Key) -> Result<Option<Table>> {
        let query = query_as::<Database, TableRow>(TABLE_BY_KEY);
        self.one(query.bind(key.as_str().to_owned())).await
    }

    async fn tables(&self, restaurant: RestaurantId) -> Result<Vec<Table>> {
        self.all(query_as::<Database, TableRow>(TABLES).bind(restaurant.uuid())).await
    }

    async fn page_of_tables(&self, restaurant: RestaurantId, after: Option<TableId>, limit: u32) -> Result<Vec<Table>> {
        let query = query_as::<Database, TableRow>(PAGE_OF_TABLES).bind(restaurant.uuid());
        self.all(query.bind(after.map_or(Uuid::nil(), TableId::uuid)).bind(i64::from(limit))).await
    }

    async fn table(&self, restaurant: RestaurantId, id: TableId) -> Result<Option<Table>> {
        self.one(query_as::<Database, TableRow>(TABLE).bind(restaurant.uuid()).bind(id.uuid())).await
    }

    async fn set_table_key(&self, table: &Table, end_sessions: bool, expected: Expected) -> Result<Vec<Key>> {
        let (restaurant, id) = (table.restaurant, table.id);
        let query = query_scalar::<Database, String>(SET_TABLE_KEY).bind(restaurant.uuid()).bind(id.uuid());
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
        let query = query_scalar::<Database, String>(REMOVE_TABLE).bind(restaurant.uuid()).bind(id.uuid());
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
        let query = query::<Database>(ADD_USER)
            .bind(user.id.uuid())
            .bind(user.restaurant.uuid())
            .bind(user.username.as_str().to_owned())
            .bind(user.role.as_str())
            .bind(user.password_hash.expose_secret().to_owned())
            .bind(at.micros());
        self.execute(query).await.map(|_| ())
    }

    async fn user_by_name(&self, restaurant: RestaurantId, username: &Key) -> Result<Option<User>> {
        let query = query_as::<Database, UserRow>(USER_BY_NAME).bind(restaurant.uuid());
        self.one(query.bind(username.as_str().to_owned())).await
    }

    async fn user(&self, restaurant: RestaurantId, id: UserId) -> Result<Option<User>> {
        self.one(query_as::<Database, UserRow>(USER).bind(restaurant.uuid()).bind(id.uuid())).await
    }

    async fn users(&self, restaurant: RestaurantId, after: Option<&Key>, limit: u32) -> Result<Vec<User>> {
        let query = query_as::<Database, UserRow>(USERS).bind(restaurant.uuid());
        self.all(query.bind(after.map_or_else(String::new, Key::to_string)).bind(i64::from(limit))).await
    }

    async fn change_user(
        &self,
        restaurant: RestaurantId,
        id: UserId,
        change: UserChange,
        expected: Expected,
    ) -> Result<UserChanged> {
        self.write(move |c| Box::pin(async move { change_user(c, restaurant, id, change, &expected).await })).await
    }

    async fn add_api_key(&self, key: &ApiKey, hash: [u8; 32], at: Timestamp) -> Result<()> {
        let query = query::<Database>(ADD_API_KEY)
            .bind(key.restaurant.uuid())
            .bind(key.id.as_str().to_owned())
            .bind(key.name.as_str().to_owned())
            .bind(hash.to_vec())
            .bind(at.micros());
        self.execute(query).await.map(|_| ())
    }

    async fn api_key_by_hash(&self, hash: [u8; 32]) -> Result<Option<ApiKey>> {
        self.one(query_as::<Database, ApiKeyRow>(API_KEY_BY_HASH).bind(hash.to_vec())).await
    }

    async fn api_key(&self, restaurant: RestaurantId, id: &Key) -> Result<Option<ApiKey>> {
        let query = query_as::<Database, ApiKeyRow>(API_KEY).bind(restaurant.uuid());
        self.one(query.bind(id.as_str().to_owned())).await
    }

    async fn api_keys(&self, restaurant: RestaurantId, after: Option<&Key>, limit: u32) -> Result<Vec<ApiKey>> {
        let query = query_as::<Database, ApiKeyRow>(API_KEYS).bind(restaurant.uuid());
        self.all(query.bind(after.map_or_else(String::new, Key::to_string)).bind(i64::from(limit))).await
    }

    async fn revoke_api_key(&self, restaurant: RestaurantId, id: &Key, at: Timestamp) -> Result<Vec<Key>> {
        let id = id.clone();
        self.write(move |c| Box::pin(async move { revoke_api_key(c, restaurant, &id, at).await })).await
    }
}

/// Holds the restaurant's feed, so that changes of its tables run one after the other, and checks the table's version.
async fn hold_table(connection: &mut Connection, restaurant: RestaurantId, id: TableId, expected: &Expected) -> Result<()> {
    feeds::hold(connection, restaurant).await?;
    let find = query_as::<Database, TableRow>(TABLE).bind(restaurant.uuid()).bind(id.uuid());
    let table = Table::try_from(find.fetch_optional(connection).await?.ok_or(StoreError::Missing)?)?;
    if expected.admits(&table.version()) { Ok(()) } else { Err(StoreError::Stale) }
}

async fn house_rules(connection: &mut Connection, id: RestaurantId) -> Result<HouseRules> {
    let find = query_scalar::<Database, Option<String>>(HOUSE_RULES).bind(id.uuid());
    let rules = find.fetch_optional(connection).await?.ok_or(StoreError::Missing)?;
    rules.map_or_else(|| Ok(HouseRules::default()), |json| document(&json))
}

/// Locks the feed and changes its version, so that after the commit no group decides by the old rules.
async fn set_house_rules(connection: &mut Connection, id: RestaurantId, rules: &HouseRules, expected: &Expected) -> Result<()> {
    feeds::hold(connection, id).await?;
    if !expected.admits(&house_rules(connection, id).await?.version()) {
        return Err(StoreError::Stale);
    }
    query::<Database>(SET_HOUSE_RULES).bind(id.uuid()).bind(write(rules)?).execute(connection).await?;
    Ok(())
}

async fn add_restaurant(connection: &mut Connection, restaurant: &Restaurant, menu: &Menu, at: Timestamp) -> Result<()> {
    let id = restaurant.id.uuid();
    query::<Database>(ADD_RESTAURANT)
        .bind(id)
        .bind(restaurant.slug.as_str())
        .bind(restaurant.name.as_str())
        .bind(restaurant.currency.to_string())
        .bind(i64::from(restaurant.default_minutes))
        .bind(at.micros())
        .execute(&mut *connection)
        .await?;
    feeds::add(connection, restaurant.id).await?;
    documents::add_menu(connection, menu).await
}

async fn revoke_api_key(connection: &mut Connection, restaurant: RestaurantId, id: &Key, at: Timestamp) -> Result<Vec<Key>> {
    let query = query::<Database>(REVOKE_API_KEY).bind(restaurant.uuid()).bind(id.as_str());
    if query.bind(at.micros()).execute(&mut *connection).await?.rows_affected() == 0 {
        return Err(StoreError::Missing);
    }
    sessions::end_of_api_key(connection, restaurant, id).await
}

/// Changes or removes a person, and ends their sessions.
async fn change_user(
    connection: &mut Connection,
    restaurant: RestaurantId,
    id: UserId,
    change: UserChange,
    expected: &Expected,
) -> Result<UserChanged> {
    // Of two managers who remove each other at the same time, one waits here and then finds no other manager.
    feeds::hold(connection, restaurant).await?;
    let find = query_as::<Database, UserRow>(USER).bind(restaurant.uuid()).bind(id.uuid());
    let user = User::try_from(find.fetch_optional(&mut *connection).await?.ok_or(StoreError::Missing)?)?;
    if !expected.admits(&user.version()) {
        return Err(StoreError::Stale);
    }
    if user.role == Role::Manager && ends_management(&change) && other_managers(connection, &user).await? == 0 {
        audit::set_outcome("last_manager");
        return Ok(UserChanged::LastManager);
    }
    found(write_user(connection, &user, change).await?)?;
    devices::void_unclaimed(connection, restaurant, id, clock::now()).await?;
    Ok(UserChanged::Done(sessions::end_of_person(connection, restaurant, id, |_| true).await?))
}

fn ends_management(change: &UserChange) -> bool {
    match change {
        UserChange::Set { role, .. } => role.is_some_and(|role| role != Role::Manager),
        UserChange::Remove => true,
    }
}

async fn other_managers(connection: &mut Connection, user: &User) -> Result<i64> {
    let query = query_scalar::<Database, i64>(OTHER_MANAGERS).bind(user.restaurant.uuid());
    Ok(query.bind(user.id.uuid()).fetch_one(connection).await?)
}

async fn write_user(connection: &mut Connection, user: &User, change: UserChange) -> Result<u64> {
    let (restaurant, id) = (user.restaurant.uuid(), user.id.uuid());
    let done = match change {
        UserChange::Remove => query::<Database>(REMOVE_USER).bind(restaurant).bind(id).execute(connection).await?,
        UserChange::Set { role, password_hash } => {
            let hash = password_hash.as_ref().unwrap_or(&user.password_hash).expose_secret().to_owned();
            let query = query::<Database>(SET_USER).bind(restaurant).bind(id);
            query.bind(role.unwrap_or(user.role).as_str()).bind(hash).execute(connection).await?
        }
    };
    Ok(done.rows_affected())
}
