//! PINs, and shifts on shared devices. A PIN is short, so it works only on a device that staff have paired. Its tries are
//! bounded twice: in a quarter of an hour, and in total. After that, the PIN stops working until a new one is set. The device
//! holds nothing from which a PIN could be guessed, since the server checks it.

use super::management::{Management, person};
use super::policy;
use super::session::{SessionError, Sessions};
use crate::clock;
use crate::domain::model::principal::Principal;
use crate::domain::values::ids::{PinId, RestaurantId, ShiftId, UserId};
use crate::domain::values::schema;
use crate::store::accounts::User;
use crate::store::audit::{self, Kind, Note};
use crate::store::credentials::Turn;
use crate::store::shifts::{OnShift, Pin, PinHolder, Shift};
use crate::store::{SharedStore, StoreError};
use secrecy::{ExposeSecret, SecretString};
use std::ops::RangeInclusive;
use std::time::Duration;
use utoipa::openapi::schema::ObjectBuilder;

/// The number of digits of a PIN.
const DIGITS: RangeInclusive<usize> = 4..=6;
/// The most wrong PINs of a person in a quarter of an hour, over all devices.
const TRIES: u32 = 5;
/// The most wrong PINs of a person in a row. Then the PIN is stopped.
pub const MOST_WRONG: u32 = 20;
/// How long a client waits after too many wrong PINs.
const WAIT: Duration = Duration::from_secs(15 * 60);
/// The longest duration of a shift: a long day, with the actions that were done offline during it.
const SHIFT: Duration = Duration::from_secs(16 * 60 * 60);
/// The name of the turn to try a person's PIN.
const TURN: &str = "pin";

/// Builds the schema of a PIN in a request.
pub(crate) fn pin_schema() -> ObjectBuilder {
    schema::text("^[0-9]{4,6}$")
}

/// A person's new shift.
#[derive(Debug, Clone)]
pub struct BegunShift {
    /// The shift.
    pub shift: Shift,
    /// The person.
    pub person: OnShift,
}

impl Sessions {
    /// Begins the shift of a person on a shared device, if the PIN is right.
    ///
    /// Cancel safety: none, as in a turn.
    ///
    /// # Errors
    /// `Forbidden` on another device; `WrongPin`, also for a person without a PIN; `PinStopped`; `TooManyTries`, `UnderWay`;
    /// the store's, with `Taken` for an id of another person's shift.
    pub async fn begin_shift(
        &self,
        who: &Principal,
        id: ShiftId,
        person: UserId,
        pin: SecretString,
    ) -> Result<BegunShift, SessionError> {
        if !policy::is_shared(who) {
            return Err(SessionError::Forbidden);
        }
        let user = self.store.user(who.restaurant, person).await?.ok_or(SessionError::WrongPin)?;
        let turn = Turn { restaurant: who.restaurant, person, name: TURN.parse()? };
        let outcome = self.in_turn(&turn, TRIES, self.try_pin(who, id, &user, pin)).await;
        let outcome = outcome.map_err(|error| match error {
            SessionError::TooManyWrong => SessionError::TooManyTries(WAIT),
            error => error,
        });
        self.recording(&user, "begin_shift", outcome).await
    }

    async fn try_pin(&self, who: &Principal, id: ShiftId, user: &User, typed: SecretString) -> Result<BegunShift, SessionError> {
        let known = self.store.pin(user.restaurant, user.id).await?;
        if known.as_ref().is_some_and(|pin| pin.wrong >= MOST_WRONG) {
            return Err(SessionError::PinStopped);
        }
        let hash = known.as_ref().map(|pin| pin.hash.clone());
        let is_right = self.passwords.verify(salted(user.id, &typed), hash).await?;
        let Some(Pin { id: pin, .. }) = known.filter(|_| is_right) else {
            self.store.count_wrong_pin(user.restaurant, user.id).await?;
            return Err(SessionError::WrongPin);
        };
        let now = clock::now();
        let (restaurant, session) = (who.restaurant, who.session.clone());
        let shift = Shift { id, restaurant, session, person: user.id, pin, begun_at: now, until: now.plus(SHIFT) };
        let note = Note::new(restaurant, Kind::Sessions, "begin_shift").by(who).about(user.id).called(&user.username);
        audit::recorded(note, self.store.begin_shift(&shift)).await?;
        let person = OnShift { person: user.id, name: user.username.clone(), role: user.role };
        Ok(BegunShift { shift, person })
    }

    /// Returns the people who may begin a shift on a shared device.
    ///
    /// # Errors
    /// `Forbidden` on another device; the store's.
    pub async fn people_of_device(&self, who: &Principal) -> Result<Vec<PinHolder>, SessionError> {
        if !policy::is_shared(who) {
            return Err(SessionError::Forbidden);
        }
        Ok(self.store.pin_holders(who.restaurant).await?)
    }

    /// Sets a person's own PIN.
    ///
    /// # Errors
    /// `NoAccount`, `ConfirmPassword`, `Invalid` for the PIN; the store's.
    pub async fn set_own_pin(&self, who: &Principal, pin: SecretString) -> Result<(), SessionError> {
        let user = self.own_user(who).await?;
        self.require_recent_proof(who).await?;
        let hash = self.hash_pin(user.id, &pin).await?;
        set(&self.store, person(&user, "set_pin"), user.restaurant, user.id, &hash).await
    }

    /// Removes a person's own PIN.
    ///
    /// # Errors
    /// `NoAccount`; the store's `Missing`.
    pub async fn remove_own_pin(&self, who: &Principal) -> Result<(), SessionError> {
        let user = self.own_user(who).await?;
        Ok(audit::recorded(person(&user, "remove_pin"), self.store.remove_pin(user.restaurant, user.id)).await?)
    }

    async fn hash_pin(&self, id: UserId, pin: &SecretString) -> Result<SecretString, SessionError> {
        check(pin)?;
        Ok(self.passwords.hash(salted(id, pin)).await?)
    }
}

impl Management {
    /// Sets a person's PIN.
    ///
    /// # Errors
    /// `Invalid` for the PIN; the store's `Missing`.
    pub async fn set_pin(&self, restaurant: RestaurantId, id: UserId, pin: &SecretString) -> Result<(), SessionError> {
        check(pin)?;
        let user = self.store.user(restaurant, id).await?.ok_or(StoreError::Missing)?;
        let hash = self.passwords.hash(salted(id, pin)).await?;
        set(&self.store, person(&user, "set_pin"), restaurant, id, &hash).await
    }

    /// Removes a person's PIN. Their shifts end.
    ///
    /// # Errors
    /// The store's `Missing`.
    pub async fn remove_pin(&self, restaurant: RestaurantId, id: UserId) -> Result<(), SessionError> {
        let user = self.store.user(restaurant, id).await?.ok_or(StoreError::Missing)?;
        Ok(audit::recorded(person(&user, "remove_pin"), self.store.remove_pin(restaurant, id)).await?)
    }
}

async fn set(
    store: &SharedStore,
    note: Note,
    restaurant: RestaurantId,
    id: UserId,
    hash: &SecretString,
) -> Result<(), SessionError> {
    let pin = PinId::from_uuid(clock::new_id());
    Ok(audit::recorded(note, store.set_pin(restaurant, id, pin, hash, clock::now())).await?)
}

/// Returns the text that is hashed: it is as long as a password, and differs between people.
fn salted(id: UserId, pin: &SecretString) -> SecretString {
    format!("{id} {}", pin.expose_secret()).into()
}

/// Refuses a text that is not a PIN, and the PINs that are guessed first.
fn check(pin: &SecretString) -> Result<(), SessionError> {
    let digits = pin.expose_secret().as_bytes();
    if !DIGITS.contains(&digits.len()) || !digits.iter().all(u8::is_ascii_digit) {
        return Err(SessionError::Invalid("pin: expected 4 to 6 digits".into()));
    }
    let is_run = |step: i16| digits.windows(2).all(|pair| i16::from(pair[1]) - i16::from(pair[0]) == step);
    if [-1, 0, 1].into_iter().any(is_run) {
        return Err(SessionError::Invalid("pin: digits in a row, or all the same, are guessed first; choose others".into()));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::keyring::Keyring;
    use crate::auth::session::Lifetimes;
    use crate::auth::tests::fixtures::{LADLE, open_store, principal};
    use crate::auth::token::Issuer;
    use crate::domain::model::principal::Role;
    use crate::domain::values::ids::DeviceId;
    use std::sync::Arc;
    use uuid::Uuid;

    const STAFF: UserId = UserId::from_uuid(Uuid::from_u128(0x1ad1e + 2));

    fn id(number: u128) -> ShiftId {
        ShiftId::from_uuid(Uuid::from_u128(number))
    }

    #[tokio::test]
    async fn wrong_pins_are_limited_and_stop_the_pin_until_it_is_set_again() {
        let (store, _folder) = open_store().await;
        let keyring = Keyring::parse("a:0123456789abcdef0123456789abcdef").unwrap();
        let sessions = Sessions::new(store.clone(), Issuer::of(&keyring).unwrap(), Arc::default(), Lifetimes::default());
        let management = Management::new(store.clone(), Arc::default(), sessions.passwords.clone());
        let device = Principal { device: Some(DeviceId::from_uuid(Uuid::from_u128(9))), ..principal(Role::Staff, LADLE) };
        let restaurant = store.restaurant(LADLE).await.unwrap().unwrap();
        let device = sessions.begin(device, restaurant, None).await.unwrap().principal;
        let begin = async |number, pin: &str| sessions.begin_shift(&device, id(number), STAFF, pin.into()).await;
        assert_eq!(begin(1, "4711").await.unwrap_err(), SessionError::WrongPin, "without a PIN every PIN is wrong");
        management.set_pin(LADLE, STAFF, &"4711".into()).await.unwrap();
        for person in [Role::Staff, Role::Kitchen] {
            let own = principal(person, LADLE);
            let refused = sessions.begin_shift(&own, id(2), STAFF, "4711".into()).await;
            assert_eq!(refused.unwrap_err(), SessionError::Forbidden, "not in a session of one's own, and in no kitchen");
        }
        assert_eq!(begin(3, "4711").await.unwrap().person.name.as_str(), "staff");
        assert_eq!(begin(3, "4711").await.unwrap().shift.id, id(3), "sent again");
        for _ in 1..TRIES {
            assert_eq!(begin(4, "4712").await.unwrap_err(), SessionError::WrongPin);
        }
        assert_eq!(begin(4, "4711").await.unwrap_err(), SessionError::TooManyTries(WAIT), "not even the right one");
        let on_shift = async || store.on_shift(LADLE, &device.session, id(3), clock::now()).await.unwrap();
        assert!(on_shift().await.is_some(), "who is on shift stays");

        let later = async |number, pin: &str| {
            let user = store.user(LADLE, STAFF).await.unwrap().unwrap();
            sessions.try_pin(&device, id(number), &user, pin.into()).await
        };
        while store.pin(LADLE, STAFF).await.unwrap().unwrap().wrong < MOST_WRONG {
            store.count_wrong_pin(LADLE, STAFF).await.unwrap();
        }
        assert_eq!(later(5, "4711").await.unwrap_err(), SessionError::PinStopped);
        management.set_pin(LADLE, STAFF, &"80293".into()).await.unwrap();
        assert!(on_shift().await.is_none(), "another PIN ends the shifts of the old one");
        assert!(later(5, "80293").await.is_ok());
        management.remove_pin(LADLE, STAFF).await.unwrap();
        assert_eq!(later(6, "80293").await.unwrap_err(), SessionError::WrongPin);
    }

    #[test]
    fn a_pin_has_four_to_six_digits_and_is_not_one_that_is_guessed_first() {
        let is_good = |pin: &str| check(&pin.into()).is_ok();
        for good in ["4711", "80293", "135790", "1235", "1122"] {
            assert!(is_good(good), "{good}");
        }
        for bad in ["", "471", "4711233", "47 11", "٤٧١١", "12a4", "1111", "1234", "4321", "987654", "000000"] {
            assert!(!is_good(bad), "{bad}");
        }
    }
}
