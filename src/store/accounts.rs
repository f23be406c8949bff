//! Restaurants, tables and people.

use super::Result;
use crate::domain::model::menu::Menu;
use crate::domain::model::principal::Role;
use crate::domain::values::ids::{RestaurantId, TableId, UserId};
use crate::domain::values::money::Currency;
use crate::domain::values::text::{Key, Name, Slug, TableLabel};
use crate::domain::values::time::Timestamp;
use crate::domain::values::version::{Expected, Version};
use async_trait::async_trait;
use secrecy::{ExposeSecret, SecretString};

/// A tenant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Restaurant {
    /// Its id.
    pub id: RestaurantId,
    /// Its name in URLs; unique.
    pub slug: Slug,
    /// Its name for people.
    pub name: Name,
    /// The currency of its menu.
    pub currency: Currency,
    /// Minutes that `accept` promises when it names none.
    pub default_minutes: u16,
}

/// A table, and the key that its code carries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    /// Its id.
    pub id: TableId,
    /// Whose it is.
    pub restaurant: RestaurantId,
    /// What is written on it; unique within the restaurant.
    pub label: TableLabel,
    /// The unguessable part of its address; unique over all restaurants.
    pub key: Key,
}

impl Table {
    /// The version of what a manager may change of it.
    #[must_use]
    pub fn version(&self) -> Version {
        Version::of_parts(&[self.label.as_str(), self.key.as_str()])
    }
}

/// A member of the staff.
#[derive(Debug, Clone)]
pub struct User {
    /// Their id: the `sub` of their tokens.
    pub id: UserId,
    /// Where they work.
    pub restaurant: RestaurantId,
    /// What they sign in with; unique within the restaurant.
    pub username: Key,
    /// `staff` or `manager`.
    pub role: Role,
    /// Argon2id in PHC form.
    pub password_hash: SecretString,
}

impl User {
    /// The version of what a manager may change of them. Nothing of the password can be read from it.
    #[must_use]
    pub fn version(&self) -> Version {
        Version::of_parts(&[self.username.as_str(), self.role.as_str(), self.password_hash.expose_secret()])
    }
}

/// What is to become of a person.
#[derive(Debug, Clone)]
pub enum UserChange {
    /// Another role, another password, or both.
    Set {
        /// The new role.
        role: Option<Role>,
        /// The new password's hash.
        password_hash: Option<SecretString>,
    },
    /// Gone.
    Remove,
}

/// What came of a change of a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UserChanged {
    /// It was made, and these sessions ended with it.
    Done(Vec<Key>),
    /// It would have left the restaurant without a manager, and was not made.
    LastManager,
}

/// An API key of a POS or an aggregator. Only its hash is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiKey {
    /// The `sub` of its tokens.
    pub id: Key,
    /// Whose it is.
    pub restaurant: RestaurantId,
    /// What it is for.
    pub name: Name,
}

/// Restaurants, tables, people, API keys. Plain rows: no events. A change names the versions of
/// the row that it was based on, and is `Stale` when the row is none of them; with [`Expected::ANY`] the last writer wins.
#[async_trait]
pub trait Accounts: Send + Sync + 'static {
    /// Adds a restaurant with its feed at zero and its menu. `Taken` when the slug is.
    async fn add_restaurant(&self, restaurant: &Restaurant, menu: &Menu, at: Timestamp) -> Result<()>;

    /// A restaurant by the name in its URLs.
    async fn restaurant_by_slug(&self, slug: &Slug) -> Result<Option<Restaurant>>;

    /// A restaurant by id.
    async fn restaurant(&self, id: RestaurantId) -> Result<Option<Restaurant>>;

    /// Ids of restaurants in order, after one, at most `limit`.
    async fn restaurant_ids(&self, after: Option<RestaurantId>, limit: u32) -> Result<Vec<RestaurantId>>;

    /// Adds a table. `Taken` when the label (in this restaurant) or the key (anywhere) is.
    async fn add_table(&self, table: &Table) -> Result<()>;

    /// The table of a key.
    async fn table_by_key(&self, key: &Key) -> Result<Option<Table>>;

    /// Returns all tables of a restaurant, by id.
    async fn tables(&self, restaurant: RestaurantId) -> Result<Vec<Table>>;

    /// Returns a page of the tables of a restaurant, by id: those after one, `limit` at most.
    async fn page_of_tables(&self, restaurant: RestaurantId, after: Option<TableId>, limit: u32) -> Result<Vec<Table>>;

    /// Returns a table.
    async fn table(&self, restaurant: RestaurantId, id: TableId) -> Result<Option<Table>>;

    /// Gives a table the key that it now has, so that no session begins with the old one, and with `end_sessions` ends those of the
    /// table's guests, in one transaction; returns the sessions that it ended. `Missing` when there is no such table, `Taken`
    /// when the key is.
    async fn set_table_key(&self, table: &Table, end_sessions: bool, expected: Expected) -> Result<Vec<Key>>;

    /// Removes a table with its key, and ends the sessions of its guests, in one transaction; returns those sessions.
    /// `Missing` when there is no such table.
    async fn remove_table(&self, restaurant: RestaurantId, id: TableId, expected: Expected) -> Result<Vec<Key>>;

    /// Adds a person. `Taken` when the username is.
    async fn add_user(&self, user: &User, at: Timestamp) -> Result<()>;

    /// A person by what they sign in with.
    async fn user_by_name(&self, restaurant: RestaurantId, username: &Key) -> Result<Option<User>>;

    /// A person by their id.
    async fn user(&self, restaurant: RestaurantId, id: UserId) -> Result<Option<User>>;

    /// Returns a page of the people of a restaurant, by username: those after one, `limit` at most.
    async fn users(&self, restaurant: RestaurantId, after: Option<&Key>, limit: u32) -> Result<Vec<User>>;

    /// Changes or removes a person, and ends every session of theirs. A restaurant keeps a manager, also when two changes
    /// are made at once. `Missing` when there is no such person.
    async fn change_user(
        &self,
        restaurant: RestaurantId,
        id: UserId,
        change: UserChange,
        expected: Expected,
    ) -> Result<UserChanged>;

    /// Adds an API key under the SHA-256 of its secret.
    async fn add_api_key(&self, key: &ApiKey, hash: [u8; 32], at: Timestamp) -> Result<()>;

    /// The API key of a hash, unless it is revoked.
    async fn api_key_by_hash(&self, hash: [u8; 32]) -> Result<Option<ApiKey>>;

    /// Returns an API key, unless it is revoked.
    async fn api_key(&self, restaurant: RestaurantId, id: &Key) -> Result<Option<ApiKey>>;

    /// Returns a page of the API keys of a restaurant that are not revoked, by id: those after one, `limit` at most.
    async fn api_keys(&self, restaurant: RestaurantId, after: Option<&Key>, limit: u32) -> Result<Vec<ApiKey>>;

    /// Revokes an API key, and ends every session made with it; gives those sessions. `Missing` when there is none.
    async fn revoke_api_key(&self, restaurant: RestaurantId, id: &Key, at: Timestamp) -> Result<Vec<Key>>;
}
