//! Pairing a kitchen screen, which has no keyboard: the device authorization grant of RFC 8628. The screen shows a code,
//! a member of the staff types it, and the screen, which has been asking all the while, gets its session.

use super::origin::Origin;
use super::policy::may_pair;
use super::secret::{UserCode, hash, random_secret};
use super::session::{SessionError, SessionService, SignedIn};
use super::sign_in::new_principal;
use crate::clock;
use crate::domain::model::principal::{Principal, Role};
use crate::domain::values::ids::{DeviceId, RestaurantId, UserId};
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
/// Polls may come this much early, in milliseconds: a timer that fires after "five seconds" is not exact.
const POLL_GRACE_MS: u64 = 500;
/// How long a code is good.
pub const PAIRING_LIFE: Duration = Duration::from_secs(600);
/// Codes in use are few among 20 to the 8th; five collisions in a row are a fault.
const ATTEMPTS: usize = 5;

/// A pairing that has begun (RFC 8628, section 3.2). Its debug output does not show the device code.
#[derive(Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct BegunPairing {
    /// What the screen shows: `XXXX-XXXX`.
    pub user_code: String,
    /// What the screen polls with.
    pub device_code: String,
    /// Where the code is typed, relative to the server's address.
    pub verification_uri: &'static str,
    /// Seconds to wait between polls.
    #[schema(minimum = 1)]
    pub interval: u64,
    /// Seconds until the code is void.
    #[schema(minimum = 1)]
    pub expires_in: u64,
}

impl fmt::Debug for BegunPairing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BegunPairing").field("user_code", &self.user_code).finish_non_exhaustive()
    }
}

/// Why a poll did not give a session (RFC 8628, section 3.5).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PollError {
    /// Nobody has typed the code yet.
    #[error("nobody has approved this screen yet; ask again after the interval")]
    Pending,
    /// Asked again too soon.
    #[error("asked again too soon; wait five seconds longer between polls")]
    SlowDown,
    /// The code is past its time.
    #[error("the code has run out; begin again")]
    Expired,
    /// No such code, or it was used, and its session was renewed or has ended.
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

impl SessionService {
    /// Begins a pairing, for anybody who asks.
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

    /// Approves the screen that shows a code, as a new device of the approver's restaurant.
    ///
    /// # Errors
    /// `Forbidden` for a role that may not; `UnknownPairing`; `Invalid` for a station that cooks nothing on the menu;
    /// the store's.
    pub async fn approve(
        &self,
        principal: &Principal,
        user_code: &str,
        name: Name,
        station: Option<Station>,
    ) -> Result<Device, SessionError> {
        if !may_pair(principal) {
            return Err(SessionError::Forbidden);
        }
        let code = UserCode::typed(user_code).ok_or(SessionError::UnknownPairing)?;
        self.check_station(principal.restaurant, station.as_ref()).await?;
        let id = DeviceId::from_uuid(clock::new_id());
        let device = Device { id, restaurant: principal.restaurant, name, station };
        let note = Note::new(device.restaurant, Kind::Screens, "pair_screen").by(principal).about(id).called(&device.name);
        let note = note.set_to(device.station.as_ref().map_or("every station", Station::as_str));
        let approver = principal.sub.as_str().parse::<UserId>().ok();
        match audit::recorded(note, self.store.approve_pairing(code.key(), &device, approver, clock::now())).await {
            Err(StoreError::Missing) => Err(SessionError::UnknownPairing),
            outcome => outcome.map(|()| device).map_err(Into::into),
        }
    }

    /// A screen bound to a misspelt station would stay empty for ever, and nobody would know why.
    pub(super) async fn check_station(&self, restaurant: RestaurantId, station: Option<&Station>) -> Result<(), SessionError> {
        let Some(station) = station else { return Ok(()) };
        let stations = self.store.menu(restaurant).await?.map(|menu| menu.stations()).unwrap_or_default();
        if stations.contains(station) {
            return Ok(());
        }
        let known = stations.iter().map(Station::as_str).collect::<Vec<_>>().join(", ");
        Err(SessionError::Invalid(format!("station must be one of the menu's: {known}")))
    }

    /// What a screen asks until it is approved; the first poll after that begins its session. Later ones, until the session is
    /// renewed, get the same tokens: the answer may have been lost.
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
        let mut principal = new_principal(device.id.to_string().parse()?, Role::Kitchen, &restaurant)?;
        (principal.station, principal.device) = (device.station, Some(device.id));
        let begun = self.begin_once(principal, restaurant, origin).await?;
        // Somebody may have revoked it, or removed the person who approved it, while its session was about to begin.
        if let Some(begun) = &begun
            && self.store.device(device.restaurant, device.id).await?.is_none()
        {
            self.end(&begun.principal.session).await?;
            return Ok(None);
        }
        Ok(begun)
    }
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
