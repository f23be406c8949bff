//! Restaurants, tables and people.

use super::Result;
use crate::domain::model::house_rules::HouseRules;
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
    /// The restaurant of the table.
    pub restaurant: RestaurantId,
    /// The name on it; unique within the restaurant.
    pub label: TableLabel,
    /// The unguessable part of its address; unique over all restaurants.
    pub key: Key,
}

impl Table {
    /// Returns the version of the part that a manager may change.
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
    /// Their employer.
    pub restaurant: RestaurantId,
    /// Their name at sign-in; unique within the restaurant.
    pub username: Key,
    /// `staff` or `manager`.
    pub role: Role,
    /// Argon2id in PHC form.
    pub password_hash: SecretString,
}

impl User {
    /// Returns the version of the part that a manager may change. It reveals nothing about the password.
    #[must_use]
    pub fn version(&self) -> Version {
        Version::of_parts(&[self.username.as_str(), self.role.as_str(), self.password_hash.expose_secret()])
    }
}

/// A change of a person.
#[derive(Debug, Clone)]
pub enum UserChange {
    /// Another role, another password, or both.
    Set {
        /// The new role.
        role: Option<Role>,
        /// The new password's hash.
        password_hash: Option<SecretString>,
    },
    /// Removal.
    Remove,
}

/// The result of a change of a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UserChanged {
    /// The store made the change and ended these sessions.
    Done(Vec<Key>),
    /// The change would have left the restaurant without a manager; nothing changed.
    LastManager,
}

/// An API key of a POS or an aggregator. Only its hash is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiKey {
    /// The `sub` of its tokens.
    pub id: Key,
    /// The restaurant that it speaks for.
    pub restaurant: RestaurantId,
    /// Its name for people.
    pub name: Name,
}

/// Restaurants, tables, people, API keys: plain rows without events. A change names the versions of the row that it may be
/// based on, and is `Stale` when the row has another; with [`Expected::ANY`] the last writer wins.
#[async_trait]
pub trait Accounts: Send + Sync + 'static {
    /// Adds a restaurant with its feed at zero and its menu. `Taken` when the slug is.
    async fn add_restaurant(&self, restaurant: &Restaurant, menu: &Menu, at: Timestamp) -> Result<()>;

    /// Returns a restaurant by the name in its URLs.
    async fn restaurant_by_slug(&self, slug: &Slug) -> Result<Option<Restaurant>>;

    /// Returns a restaurant by id.
    async fn restaurant(&self, id: RestaurantId) -> Result<Option<Restaurant>>;

    /// Returns the ids of at most `limit` restaurants after one, in order.
    async fn restaurant_ids(&self, after: Option<RestaurantId>, limit: u32) -> Result<Vec<RestaurantId>>;

    /// Sets the name of a restaurant. `Missing` when there is no such restaurant.
    async fn rename_restaurant(&self, id: RestaurantId, name: &Name) -> Result<()>;

    /// Returns the rules of a restaurant for its own people. `Missing` when there is no such restaurant.
    async fn house_rules(&self, id: RestaurantId) -> Result<HouseRules>;

    /// Sets the rules. They apply to every later decision.
    async fn set_house_rules(&self, id: RestaurantId, rules: &HouseRules, expected: &Expected) -> Result<()>;

    /// Adds a table. `Taken` when the label (in this restaurant) or the key (anywhere) is.
    async fn add_table(&self, table: &Table) -> Result<()>;

    /// Returns the table of a key.
    async fn table_by_key(&self, key: &Key) -> Result<Option<Table>>;

    /// Returns all tables of a restaurant, by id.
    async fn tables(&self, restaurant: RestaurantId) -> Result<Vec<Table>>;

    /// Returns a page of the tables of a restaurant, by id: those after one, `limit` at most.
    async fn page_of_tables(&self, restaurant: RestaurantId, after: Option<TableId>, limit: u32) -> Result<Vec<Table>>;

    /// Returns a table.
    async fn table(&self, restaurant: RestaurantId, id: TableId) -> Result<Option<Table>>;

    /// Sets the key of a table, so that no session begins with the old one. With `end_sessions`, also ends the sessions of the
    /// table's guests, in the same transaction. Returns the sessions that it ended. `Missing` when there is no such table,
    /// `Taken` when the key is.
    async fn set_table_key(&self, table: &Table, end_sessions: bool, expected: Expected) -> Result<Vec<Key>>;

    /// Removes a table with its key, and ends the sessions of its guests, in one transaction; returns those sessions.
    /// `Missing` when there is no such table.
    async fn remove_table(&self, restaurant: RestaurantId, id: TableId, expected: Expected) -> Result<Vec<Key>>;

    /// Adds a person. `Taken` when the username is.
    async fn add_user(&self, user: &User, at: Timestamp) -> Result<()>;

    /// Returns a person by username.
    async fn user_by_name(&self, restaurant: RestaurantId, username: &Key) -> Result<Option<User>>;

    /// Returns a person by id.
    async fn user(&self, restaurant: RestaurantId, id: UserId) -> Result<Option<User>>;

    /// Returns a page of the people of a restaurant, by username: those after one, `limit` at most.
    async fn users(&self, restaurant: RestaurantId, after: Option<&Key>, limit: u32) -> Result<Vec<User>>;

    /// Changes or removes a person, and ends all of their sessions. A restaurant keeps a manager, even when two changes run at
    /// the same time. `Missing` when there is no such person.
    async fn change_user(
        &self,
        restaurant: RestaurantId,
        id: UserId,
        change: UserChange,
        expected: Expected,
    ) -> Result<UserChanged>;

    /// Adds an API key under the SHA-256 of its secret.
    async fn add_api_key(&self, key: &ApiKey, hash: [u8; 32], at: Timestamp) -> Result<()>;

    /// Returns the API key of a hash, unless it is revoked.
    async fn api_key_by_hash(&self, hash: [u8; 32]) -> Result<Option<ApiKey>>;

    /// Returns an API key, unless it is revoked.
    async fn api_key(&self, restaurant: RestaurantId, id: &Key) -> Result<Option<ApiKey>>;

    /// Returns a page of the API keys of a restaurant that are not revoked, by id: those after one, `limit` at most.
    async fn api_keys(&self, restaurant: RestaurantId, after: Option<&Key>, limit: u32) -> Result<Vec<ApiKey>>;

    /// Revokes an API key and ends all sessions begun with it; returns those sessions. `Missing` when there is no such key.
    async fn revoke_api_key(&self, restaurant: RestaurantId, id: &Key, at: Timestamp) -> Result<Vec<Key>>;
}
