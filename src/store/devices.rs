//! Kitchen screens: pairing.

use super::Result;
use crate::domain::model::event::Event;
use crate::domain::values::ids::{DeviceId, RestaurantId, UserId};
use crate::domain::values::text::{Key, Name, Station};
use crate::domain::values::time::Timestamp;
use crate::domain::values::version::{Expected, Version};
use async_trait::async_trait;
use std::sync::Arc;

/// A screen that has asked to be paired (RFC 8628). Only the SHA-256 of the device code is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pairing {
    /// What the screen polls with, hashed.
    pub device_code_hash: [u8; 32],
    /// What a person types.
    pub user_code: Key,
    /// After this it is void.
    pub expires_at: Timestamp,
}

/// A paired screen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Device {
    /// Its id.
    pub id: DeviceId,
    /// Whose it is.
    pub restaurant: RestaurantId,
    /// What people call it.
    pub name: Name,
    /// The station it is bound to; none sees all.
    pub station: Option<Station>,
}

impl Device {
    /// The version of what a manager may change of it.
    #[must_use]
    pub fn version(&self) -> Version {
        let station = self.station.as_ref().map_or("", Station::as_str);
        Version::of_parts(&[self.name.as_str(), station])
    }
}

/// A paired screen as a list shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedDevice {
    /// The screen.
    pub device: Device,
    /// When it was approved.
    pub approved_at: Timestamp,
    /// The person who approved it; `None` where an operator's token did, or an older version did not record them.
    pub approved_by: Option<UserId>,
    /// What that person signs in with, unless they were removed.
    pub approver: Option<Key>,
}

/// What polling with a device code comes to (RFC 8628, section 3.5).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Poll {
    /// Nobody has approved it yet.
    Pending,
    /// Polled again sooner than the interval.
    TooSoon,
    /// Approved; so are later polls, until it is past its time or the session that was begun with it has ended.
    Approved(Device),
    /// Past its time.
    Expired,
    /// No such code, or the session that was begun with it has ended.
    Unknown,
}

/// What the revocation of a screen came to.
#[derive(Debug, Clone)]
pub struct Revoked {
    /// The sessions that ended with it.
    pub sessions: Vec<Key>,
    /// What the floor is told, when it knows the screen: committed, and for the caller to announce.
    pub events: Arc<[Event]>,
}

/// Kitchen screens. Plain rows; that a pairing begins one session is kept with the sessions.
#[async_trait]
pub trait Devices: Send + Sync + 'static {
    /// Begins a pairing. `Taken` when the user code is in use.
    async fn add_pairing(&self, pairing: &Pairing, at: Timestamp) -> Result<()>;

    /// Approves a pairing for a device of a restaurant. It is void again when the person who approved it loses their sessions
    /// before the screen has begun its own. `Missing` when the code is unknown, used or past its time.
    async fn approve_pairing(&self, user_code: &Key, device: &Device, approver: Option<UserId>, at: Timestamp) -> Result<()>;

    /// Polls. A poll within `interval_ms` of the one before is `TooSoon`.
    async fn poll_pairing(&self, device_code_hash: [u8; 32], interval_ms: i64, at: Timestamp) -> Result<Poll>;

    /// A device that is not revoked.
    async fn device(&self, restaurant: RestaurantId, id: DeviceId) -> Result<Option<Device>>;

    /// Returns a page of the devices of a restaurant that are not revoked, by id: those after one, `limit` at most.
    async fn devices(&self, restaurant: RestaurantId, after: Option<DeviceId>, limit: u32) -> Result<Vec<ListedDevice>>;

    /// Gives a device another name and station, and tells the floor if it knows the device; its sessions are of that station
    /// from their next token on. Gives what was committed, for the caller to announce. `Missing` when there is none, `Stale` when it is of none
    /// of the versions expected.
    async fn set_device(&self, device: &Device, expected: Expected, at: Timestamp) -> Result<Arc<[Event]>>;

    /// Revokes a device, tells the floor that it is gone, and ends its sessions. `Missing` when there is none, `Stale` when it
    /// is of none of the versions expected.
    async fn revoke_device(&self, restaurant: RestaurantId, id: DeviceId, expected: Expected, at: Timestamp) -> Result<Revoked>;
}
