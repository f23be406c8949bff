//! Management of the people, kitchen screens and API keys of a restaurant. When a right is taken
//! away, the sessions that had it end at once on every node. The caller checks that the request
//! comes from a manager of the restaurant.

use super::ended::EndedSessions;
use super::password::Passwords;
use super::password_policy::Hints;
use super::secret::{hash, random_secret};
use super::session::SessionError;
use crate::clock;
use crate::domain::model::event::Event;
use crate::domain::model::principal::{Principal, Role};
use crate::domain::values::ids::{DeviceId, RestaurantId, UserId};
use crate::domain::values::text::{Key, Name, Station};
use crate::domain::values::version::Expected;
use crate::store::accounts::{ApiKey, User, UserChange, UserChanged};
use crate::store::audit::{self, Kind, Note};
use crate::store::devices::{Device, Revoked};
use crate::store::{SharedStore, StoreError};
use secrecy::SecretString;
use std::sync::Arc;

/// The most attempts at a change without a version, while others change the same screen.
const TRIES: u32 = 3;

/// Manages people, kitchen screens and API keys. Cheap to clone.
#[derive(Clone)]
pub struct Management {
    pub(super) store: SharedStore,
    pub(super) ended: Arc<EndedSessions>,
    pub(super) passwords: Passwords,
}

impl Management {
    /// Makes the management of a store. It announces the sessions that it ends to `ended`.
    #[must_use]
    pub const fn new(store: SharedStore, ended: Arc<EndedSessions>, passwords: Passwords) -> Self {
        Self { store, ended, passwords }
    }

    /// Makes the management for a command that ends after one change. Nodes learn of ended sessions from the store.
    #[must_use]
    pub fn of_tool(store: SharedStore) -> Self {
        Self::new(store, Arc::default(), Passwords::default())
    }

    /// Adds a person who may sign in.
    ///
    /// # Errors
    /// `Invalid` for a role other than staff or manager, and for a password that is too short, too
    /// long or easy to guess; the store's `Taken` for the name.
    pub async fn add_person(
        &self,
        restaurant: RestaurantId,
        username: Key,
        password: SecretString,
        role: Role,
    ) -> Result<User, SessionError> {
        check_role(role)?;
        let password_hash = hash_chosen(&self.store, &self.passwords, restaurant, &username, password).await?;
        let id = UserId::from_uuid(clock::new_id());
        let user = User { id, restaurant, username, role, password_hash };
        let note = person(&user, "add_person").set_to(role);
        audit::recorded(note, self.store.add_user(&user, clock::now())).await?;
        log::info!(restaurant:% = restaurant, user:% = id, role:% = role; "person added");
        Ok(user)
    }

    /// Changes a person's role or password. Their sessions end.
    ///
    /// # Errors
    /// As [`Self::add_person`]; `OwnPassword`, `LastManager`; the store's `Missing` and `Stale`.
    pub async fn change_person(
        &self,
        who: &Principal,
        id: UserId,
        role: Option<Role>,
        password: Option<SecretString>,
        expected: Expected,
    ) -> Result<(), SessionError> {
        let restaurant = who.restaurant;
        if password.is_some() && who.sub.as_str() == id.to_string() {
            return Err(SessionError::OwnPassword);
        }
        role.map_or(Ok(()), check_role)?;
        let password_hash = match password {
            Some(password) => {
                let user = self.store.user(restaurant, id).await?.ok_or(StoreError::Missing)?;
                Some(hash_chosen(&self.store, &self.passwords, restaurant, &user.username, password).await?)
            }
            None => None,
        };
        let action = match (&role, &password_hash) {
            (None, _) => "change_password",
            (Some(_), None) => "change_role",
            (Some(_), Some(_)) => "change_role_and_password",
        };
        let note = self.note_on_person(restaurant, id, action).await?;
        let note = role.map_or(note.clone(), |role| note.set_to(role));
        self.decide_on_person(restaurant, id, UserChange::Set { role, password_hash }, expected, note).await
    }

    /// Removes a person.
    ///
    /// # Errors
    /// `LastManager`; the store's `Missing` and `Stale`.
    pub async fn remove_person(&self, restaurant: RestaurantId, id: UserId, expected: Expected) -> Result<(), SessionError> {
        let note = self.note_on_person(restaurant, id, "remove_person").await?;
        self.decide_on_person(restaurant, id, UserChange::Remove, expected, note).await
    }

    /// Makes a note with the person's name from before the change.
    async fn note_on_person(&self, restaurant: RestaurantId, id: UserId, action: &'static str) -> Result<Note, SessionError> {
        let user = self.store.user(restaurant, id).await?.ok_or(StoreError::Missing)?;
        Ok(person(&user, action))
    }

    async fn decide_on_person(
        &self,
        restaurant: RestaurantId,
        id: UserId,
        change: UserChange,
        expected: Expected,
        note: Note,
    ) -> Result<(), SessionError> {
        let now = clock::now();
        match audit::recorded(note, self.store.change_user(restaurant, id, change, expected)).await? {
            UserChanged::LastManager => Err(SessionError::LastManager),
            UserChanged::Done(sessions) => {
                log::info!(restaurant:% = restaurant, user:% = id, sessions = sessions.len(); "person changed");
                self.ended.insert_all(sessions, now);
                Ok(())
            }
        }
    }

    /// Changes a screen's name or station; `Some(None)` means every station. The screen's session
    /// continues. Returns the screen, and the committed events, which the caller announces.
    ///
    /// # Errors
    /// `Invalid` for a station that no dish on the menu has; the store's `Missing` and `Stale`.
    pub async fn change_screen(
        &self,
        restaurant: RestaurantId,
        id: DeviceId,
        name: Option<Name>,
        station: Option<Option<Station>>,
        expected: Expected,
    ) -> Result<(Device, Arc<[Event]>), SessionError> {
        for _ in 1..TRIES {
            match self.try_to_change_screen(restaurant, id, name.clone(), station.clone(), &expected).await {
                // Another change came between reading and writing, and must not be overwritten.
                Err(SessionError::Store(StoreError::Stale)) if expected.is_any() => {}
                outcome => return outcome,
            }
        }
        self.try_to_change_screen(restaurant, id, name, station, &expected).await
    }

    async fn try_to_change_screen(
        &self,
        restaurant: RestaurantId,
        id: DeviceId,
        name: Option<Name>,
        station: Option<Option<Station>>,
        expected: &Expected,
    ) -> Result<(Device, Arc<[Event]>), SessionError> {
        let mut device = self.store.device(restaurant, id).await?.ok_or(StoreError::Missing)?;
        let before = device.version();
        if !expected.admits(&before) {
            return Err(StoreError::Stale.into());
        }
        if let Some(station) = station {
            check_station(&self.store, restaurant, station.as_ref()).await?;
            device.station = station;
        }
        device.name = name.unwrap_or(device.name);
        let note = Note::new(restaurant, Kind::Screens, "change_screen").about(id).called(&device.name);
        let note = note.set_to(device.station.as_ref().map_or("every station", Station::as_str));
        let events = audit::recorded(note, self.store.set_device(&device, before.into(), clock::now())).await?;
        Ok((device, events))
    }

    /// Revokes a screen, which then has to be paired again. Returns the committed events, which the
    /// caller announces.
    ///
    /// # Errors
    /// The store's `Missing`.
    pub async fn revoke_screen(
        &self,
        restaurant: RestaurantId,
        id: DeviceId,
        expected: Expected,
    ) -> Result<Arc<[Event]>, SessionError> {
        let now = clock::now();
        let device = self.store.device(restaurant, id).await?.ok_or(StoreError::Missing)?;
        let note = Note::new(restaurant, Kind::Screens, "revoke_screen").about(id).called(device.name);
        let Revoked { sessions, events } = audit::recorded(note, self.store.revoke_device(restaurant, id, expected, now)).await?;
        log::info!(restaurant:% = restaurant, device:% = id; "screen revoked");
        self.ended.insert_all(sessions, now);
        Ok(events)
    }

    /// Makes an API key. Only this answer has the secret; the store keeps its hash.
    ///
    /// # Errors
    /// The store's.
    pub async fn add_api_key(&self, restaurant: RestaurantId, name: Name) -> Result<(ApiKey, SecretString), SessionError> {
        let (id, secret) = (clock::new_id().to_string().parse()?, random_secret());
        let key = ApiKey { id, restaurant, name };
        let note = Note::new(restaurant, Kind::Keys, "add_api_key").about(&key.id).called(&key.name);
        audit::recorded(note, self.store.add_api_key(&key, hash(&secret), clock::now())).await?;
        log::info!(restaurant:% = restaurant, api_key:% = key.id; "api key made");
        Ok((key, secret))
    }

    /// Revokes an API key, and ends the sessions that it began.
    ///
    /// # Errors
    /// The store's `Missing`.
    pub async fn revoke_api_key(&self, restaurant: RestaurantId, id: &Key) -> Result<(), SessionError> {
        let now = clock::now();
        let key = self.store.api_key(restaurant, id).await?.ok_or(StoreError::Missing)?;
        let note = Note::new(restaurant, Kind::Keys, "revoke_api_key").about(id).called(key.name);
        let sessions = audit::recorded(note, self.store.revoke_api_key(restaurant, id, now)).await?;
        log::info!(restaurant:% = restaurant, api_key:% = id; "api key revoked");
        self.ended.insert_all(sessions, now);
        Ok(())
    }
}

/// Hashes a password that a manager chose for a person. Refuses one that is easy to guess.
pub(super) async fn hash_chosen(
    store: &SharedStore,
    passwords: &Passwords,
    restaurant: RestaurantId,
    username: &Key,
    password: SecretString,
) -> Result<SecretString, SessionError> {
    let restaurant = store.restaurant(restaurant).await?.ok_or(StoreError::Missing)?;
    let hints = Hints::of(username, &restaurant.slug, &restaurant.name);
    Ok(passwords.hash_new(password, hints).await?)
}

/// Refuses a station that no dish has: the screen of a misspelt station would stay empty, and
/// nobody would know why.
pub(super) async fn check_station(
    store: &SharedStore,
    restaurant: RestaurantId,
    station: Option<&Station>,
) -> Result<(), SessionError> {
    let Some(station) = station else { return Ok(()) };
    let stations = store.menu(restaurant).await?.map(|menu| menu.stations()).unwrap_or_default();
    if stations.contains(station) {
        return Ok(());
    }
    let known = stations.iter().map(Station::as_str).collect::<Vec<_>>().join(", ");
    Err(SessionError::Invalid(format!("station must be one of the menu's: {known}")))
}

pub(super) fn person(user: &User, action: &'static str) -> Note {
    Note::new(user.restaurant, Kind::People, action).about(user.id).called(&user.username)
}

fn check_role(role: Role) -> Result<(), SessionError> {
    match role {
        Role::Staff | Role::Manager => Ok(()),
        _ => Err(SessionError::Invalid("role must be staff or manager".into())),
    }
}
