//! Paired kitchen screens, and the pairing itself.

use super::Result;
use crate::domain::model::event::Event;
use crate::domain::model::principal::Role;
use crate::domain::values::ids::{DeviceId, RestaurantId, UserId};
use crate::domain::values::text::{Key, Name, Station};
use crate::domain::values::time::Timestamp;
use crate::domain::values::version::{Expected, Version};
use async_trait::async_trait;
use std::sync::Arc;

/// A screen that has asked to be paired (RFC 8628). Only the SHA-256 of the device code is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pairing {
    /// The SHA-256 of the code that the screen polls with.
    pub device_code_hash: [u8; 32],
    /// The code that a person types.
    pub user_code: Key,
    /// When it expires.
    pub expires_at: Timestamp,
}

/// A paired screen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Device {
    /// Its id.
    pub id: DeviceId,
    /// The restaurant that it belongs to.
    pub restaurant: RestaurantId,
    /// Its name for people.
    pub name: Name,
    /// The station that it is bound to; without one it shows all.
    pub station: Option<Station>,
    /// The role of its sessions: `kitchen`, or `staff` for a device that shows the floor and that people share.
    pub role: Role,
}

impl Device {
    /// Returns the version of the part that a manager may change.
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
    /// The person who approved it. `None` if an operator's token did, or if an older version did not record the person.
    pub approved_by: Option<UserId>,
    /// The username of that person, unless they were removed.
    pub approver: Option<Key>,
}

/// The result of polling with a device code (RFC 8628, section 3.5).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Poll {
    /// Nobody has approved it yet.
    Pending,
    /// The poll came sooner than the interval.
    TooSoon,
    /// The pairing is approved. Later polls get the same result until it expires or the session begun with it ends.
    Approved(Device),
    /// The pairing has expired.
    Expired,
    /// There is no such code, or the session begun with it has ended.
    Unknown,
}

/// The result of the revocation of a screen.
#[derive(Debug, Clone)]
pub struct Revoked {
    /// The sessions that ended with it.
    pub sessions: Vec<Key>,
    /// The committed events for the floor, if it knows the screen. The caller announces them.
    pub events: Arc<[Event]>,
}

/// Kitchen screens: plain rows. The sessions record that a pairing begins only one.
#[async_trait]
pub trait Devices: Send + Sync + 'static {
    /// Begins a pairing. `Taken` when the user code is in use.
    async fn add_pairing(&self, pairing: &Pairing, at: Timestamp) -> Result<()>;

    /// Approves a pairing for a device of a restaurant. The approval becomes void if the person who gave it loses their
    /// sessions before the screen begins its own. `Missing` when the code is unknown, used or expired.
    async fn approve_pairing(&self, user_code: &Key, device: &Device, approver: Option<UserId>, at: Timestamp) -> Result<()>;

    /// Polls a pairing. A poll within `interval_ms` of the former one is `TooSoon`.
    async fn poll_pairing(&self, device_code_hash: [u8; 32], interval_ms: i64, at: Timestamp) -> Result<Poll>;

    /// Returns a device that is not revoked.
    async fn device(&self, restaurant: RestaurantId, id: DeviceId) -> Result<Option<Device>>;

    /// Returns the name of a device, also of a revoked one.
    async fn device_name(&self, restaurant: RestaurantId, id: DeviceId) -> Result<Option<Name>>;

    /// Returns a page of the devices of a restaurant that are not revoked, by id: those after one, `limit` at most.
    async fn devices(&self, restaurant: RestaurantId, after: Option<DeviceId>, limit: u32) -> Result<Vec<ListedDevice>>;

    /// Sets the name and the station of a device, and appends an event if the floor knows it. The next tokens of its sessions
    /// name the station. Returns the committed events, which the caller announces. `Missing` when there is no such device,
    /// `Stale` when it has none of the expected versions.
    async fn set_device(&self, device: &Device, expected: Expected, at: Timestamp) -> Result<Arc<[Event]>>;

    /// Revokes a device, appends an event if the floor knows it, and ends its sessions. `Missing` when there is no such device,
    /// `Stale` when it has none of the expected versions.
    async fn revoke_device(&self, restaurant: RestaurantId, id: DeviceId, expected: Expected, at: Timestamp) -> Result<Revoked>;
}
