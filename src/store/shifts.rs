//! PINs, and the shifts of people on shared devices that they begin.

use super::Result;
use crate::domain::model::principal::Role;
use crate::domain::values::ids::{PinId, RestaurantId, ShiftId, UserId};
use crate::domain::values::text::Key;
use crate::domain::values::time::Timestamp;
use async_trait::async_trait;
use secrecy::SecretString;

/// The most people with a PIN that a list shows.
pub const MOST_HOLDERS: i64 = 500;
/// The most shifts of a session that are kept. Overflow: the oldest end.
pub const MOST_SHIFTS: i64 = 1000;

/// A person's PIN.
#[derive(Debug, Clone)]
pub struct Pin {
    /// A new one for each PIN that is set.
    pub id: PinId,
    /// Argon2id in PHC form.
    pub hash: SecretString,
    /// Wrong tries since the last right one.
    pub wrong: u32,
}

/// A person who has a PIN.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PinHolder {
    /// The person.
    pub id: UserId,
    /// Their username.
    pub name: Key,
    /// Their role.
    pub role: Role,
    /// Wrong tries since the last right one.
    pub wrong: u32,
}

/// A person's time on a shared device, from a right PIN to the next one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shift {
    /// The id that the device made.
    pub id: ShiftId,
    /// The restaurant.
    pub restaurant: RestaurantId,
    /// The session of the device.
    pub session: Key,
    /// The person.
    pub person: UserId,
    /// The PIN that was checked. The shift ends when the person gets another one, or none.
    pub pin: PinId,
    /// When it began.
    pub begun_at: Timestamp,
    /// When it ends by itself.
    pub until: Timestamp,
}

/// The person on a shift, as they are now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OnShift {
    /// Their id.
    pub person: UserId,
    /// Their username.
    pub name: Key,
    /// Their role.
    pub role: Role,
}

/// PINs and shifts: plain rows. Each call names the restaurant.
#[async_trait]
pub trait Shifts: Send + Sync + 'static {
    /// Sets a person's PIN and forgets wrong tries. `Missing` when there is no such person.
    async fn set_pin(
        &self,
        restaurant: RestaurantId,
        person: UserId,
        id: PinId,
        hash: &SecretString,
        at: Timestamp,
    ) -> Result<()>;

    /// Removes a person's PIN. `Missing` when there is none.
    async fn remove_pin(&self, restaurant: RestaurantId, person: UserId) -> Result<()>;

    /// Returns a person's PIN.
    async fn pin(&self, restaurant: RestaurantId, person: UserId) -> Result<Option<Pin>>;

    /// Returns the people with a PIN, by id, [`MOST_HOLDERS`] at most.
    async fn pin_holders(&self, restaurant: RestaurantId) -> Result<Vec<PinHolder>>;

    /// Counts a wrong PIN.
    async fn count_wrong_pin(&self, restaurant: RestaurantId, person: UserId) -> Result<()>;

    /// Begins a shift and forgets the person's wrong tries. Repeated for the same person, it changes only the end. `Taken` when
    /// the session has ended, or has a shift of another person under this id.
    async fn begin_shift(&self, shift: &Shift) -> Result<()>;

    /// Returns the person on a shift, if it has not ended by `now`, and their PIN is still the one that began it.
    async fn on_shift(&self, restaurant: RestaurantId, session: &Key, shift: ShiftId, now: Timestamp) -> Result<Option<OnShift>>;
}
