//! Pairing of kitchen screens, and of devices that show the floor to several people: the device authorization grant of RFC 8628.
//! The screen shows a code and polls, a member of the staff types the code, and the next poll gets
//! the session.

use super::management::check_station;
use super::origin::Origin;
use super::policy::may_pair;
use super::secret::{UserCode, hash, random_secret};
use super::session::{SessionError, Sessions, SignedIn};
use super::sign_in::new_principal;
use crate::clock;
use crate::domain::model::principal::{Principal, Role};
use crate::domain::values::ids::{DeviceId, UserId};
use crate::domain::values::text::{Name, Station};
use crate::store::StoreError;
use crate::store::audit::{self, Kind, Note};
use crate::store::devices::{Device, Pairing, Poll};
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;
use std::fmt;
use std::time::Duration;
use utoipa::ToSchema;

/// Seconds between two polls of a screen.
pub const POLL_INTERVAL_SECONDS: u64 = 5;
/// The milliseconds by which a poll may be early: timers are not exact.
const POLL_GRACE_MS: u64 = 500;
/// How long a code is valid.
pub const PAIRING_LIFE: Duration = Duration::from_secs(600);
/// The most attempts to draw an unused code. Few of the 20⁸ codes are in use, so five collisions in
/// a row mean a fault.
const ATTEMPTS: usize = 5;

/// A pairing that has begun (RFC 8628, section 3.2). Its debug output does not show the device code.
#[derive(Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct BegunPairing {
    /// The code that the screen shows: `XXXX-XXXX`.
    pub user_code: String,
    /// The secret with which the screen polls.
    pub device_code: String,
    /// The page where staff type the code, relative to the server's address.
    pub verification_uri: &'static str,
    /// Seconds to wait between polls.
    #[schema(minimum = 1)]
    pub interval: u64,
    /// Seconds until the code expires.
    #[schema(minimum = 1)]
    pub expires_in: u64,
}

impl fmt::Debug for BegunPairing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BegunPairing").field("user_code", &self.user_code).finish_non_exhaustive()
    }
}

/// Why a poll got no session (RFC 8628, section 3.5).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PollError {
    /// Nobody has approved the code yet.
    #[error("nobody has approved this screen yet; ask again after the interval")]
    Pending,
    /// The poll came too soon after the previous one.
    #[error("asked again too soon; wait five seconds longer between polls")]
    SlowDown,
    /// The code has expired.
    #[error("the code has expired; begin again")]
    Expired,
    /// The code is unknown, or its session was renewed or has ended.
    #[error("no pairing has this device code; begin again")]
    Unknown,
    /// The session could not be begun.
    #[error(transparent)]
    Session(#[from] SessionError),
}

impl From<StoreError> for PollError {
    fn from(error: StoreError) -> Self {
        Self::Session(error.into())
    }
}

impl Sessions {
    /// Begins a pairing for any caller.
    ///
    /// # Errors
    /// The store's.
    pub async fn begin_pairing(&self) -> Result<BegunPairing, SessionError> {
        for _ in 0..ATTEMPTS {
            let (code, device_code, now) = (UserCode::random(), random_secret(), clock::now());
            let pairing = Pairing {
                device_code_hash: hash(&device_code),
                user_code: code.key().clone(),
                expires_at: now.plus(PAIRING_LIFE),
            };
            match self.store.add_pairing(&pairing, now).await {
                Err(StoreError::Taken) => {}
                outcome => return outcome.map(|()| begun(&code, &device_code)).map_err(Into::into),
            }
        }
        Err(SessionError::Store(StoreError::Unavailable))
    }

    /// Approves the screen that shows the code, as a new device of the approver's restaurant.
    ///
    /// # Errors
    /// `Forbidden` for a role that may not; `UnknownPairing`; `Invalid` for a station that no dish
    /// on the menu has; the store's.
    pub async fn approve(
        &self,
        principal: &Principal,
        user_code: &str,
        name: Name,
        station: Option<Station>,
        role: Role,
    ) -> Result<Device, SessionError> {
        if !may_pair(principal) {
            return Err(SessionError::Forbidden);
        }
        if role == Role::Staff && station.is_some() {
            return Err(SessionError::Invalid("station: a device of the floor has none; leave it out".into()));
        }
        let code = UserCode::typed(user_code).ok_or(SessionError::UnknownPairing)?;
        check_station(&self.store, principal.restaurant, station.as_ref()).await?;
        let id = DeviceId::from_uuid(clock::new_id());
        let device = Device { id, restaurant: principal.restaurant, name, station, role };
        let note = Note::new(device.restaurant, Kind::Screens, "pair_screen").by(principal).about(id).called(&device.name);
        let note = note.set_to(device.station.as_ref().map_or(every(role), Station::as_str));
        let approver = principal.sub.as_str().parse::<UserId>().ok();
        match audit::recorded(note, self.store.approve_pairing(code.key(), &device, approver, clock::now())).await {
            Err(StoreError::Missing) => Err(SessionError::UnknownPairing),
            outcome => outcome.map(|()| device).map_err(Into::into),
        }
    }

    /// Answers a screen's poll. The first poll after the approval begins the session. Since its
    /// answer may be lost, later polls get the same tokens until the session is renewed.
    ///
    /// # Errors
    /// [`PollError`].
    pub async fn poll(&self, device_code: &SecretString) -> Result<SignedIn, PollError> {
        let interval = i64::try_from(POLL_INTERVAL_SECONDS * 1000 - POLL_GRACE_MS).unwrap_or(0);
        match self.store.poll_pairing(hash(device_code), interval, clock::now()).await? {
            Poll::Pending => Err(PollError::Pending),
            Poll::TooSoon => Err(PollError::SlowDown),
            Poll::Expired => Err(PollError::Expired),
            Poll::Unknown => Err(PollError::Unknown),
            Poll::Approved(device) => {
                let origin = Origin::screen(device_code);
                match self.begun_with(&origin).await? {
                    Some(begun) => Ok(begun),
                    None => self.begin_screen(device, &origin).await?.ok_or(PollError::Unknown),
                }
            }
        }
    }

    async fn begin_screen(&self, device: Device, origin: &Origin) -> Result<Option<SignedIn>, SessionError> {
        let restaurant = self.store.restaurant(device.restaurant).await?.ok_or(StoreError::Missing)?;
        let mut principal = new_principal(device.id.to_string().parse()?, device.role, &restaurant)?;
        (principal.station, principal.device) = (device.station, Some(device.id));
        let begun = self.begin_once(principal, restaurant, origin).await?;
        // Meanwhile, the screen may have been revoked, or the person who approved it removed.
        if let Some(begun) = &begun
            && self.store.device(device.restaurant, device.id).await?.is_none()
        {
            self.end(&begun.principal.session).await?;
            return Ok(None);
        }
        Ok(begun)
    }
}

/// Returns the text of the audit for a device without a station.
const fn every(role: Role) -> &'static str {
    if matches!(role, Role::Staff) { "the floor" } else { "every station" }
}

fn begun(code: &UserCode, device_code: &SecretString) -> BegunPairing {
    BegunPairing {
        user_code: code.shown(),
        device_code: device_code.expose_secret().to_owned(),
        verification_uri: "/staff",
        interval: POLL_INTERVAL_SECONDS,
        expires_in: PAIRING_LIFE.as_secs(),
    }
}

#[cfg(test)]
#[path = "tests/pairing.rs"]
mod tests;
