//! What a session is begun with and may be asked for again: whoever shows it again, because the answer was lost, is in the
//! same session and gets the same refresh token, until that is used.

use super::secret::{hash, random_secret};
use super::session::{SessionError, Sessions, SignedIn};
use crate::clock;
use crate::domain::model::principal::Principal;
use crate::domain::values::ids::CommandId;
use crate::domain::values::text::Key;
use crate::store::StoreError;
use crate::store::accounts::{Restaurant, User};
use secrecy::{ExposeSecret, SecretString};
use std::time::Duration;

/// How long a session is found by what it was begun with. A device code is good for as long, and no access token for longer.
const REPEATABLE: Duration = Duration::from_secs(600);

/// A secret, or the name of an attempt that comes with secrets.
pub struct Origin(SecretString);

impl Origin {
    /// A code that a screen alone has.
    pub fn screen(device_code: &SecretString) -> Self {
        Self(device_code.clone())
    }

    /// An attempt of a person to sign in, which opens nothing without the password.
    pub fn sign_in(user: &User, attempt: CommandId) -> Self {
        Self(format!("{}/{attempt}", user.id).into())
    }

    /// An attempt of a person to prove a secret in a session. It opens nothing without the tokens of that session. Without a
    /// name from its sender, the attempt gets a random one, so it cannot be repeated.
    pub fn succession(old: &Key, action: &str, attempt: Option<CommandId>) -> Self {
        let attempt = attempt.unwrap_or_else(|| CommandId::from_uuid(clock::new_id()));
        Self(format!("{action}/{old}/{attempt}").into())
    }

    /// Adds a secret to the attempt's name. A repetition must send the same secret; another secret makes another attempt.
    pub fn with(self, secret: &SecretString) -> Self {
        Self(format!("{}/{}", self.0.expose_secret(), secret.expose_secret()).into())
    }

    /// Derives the secret with this number from the attempt and from a secret of its answer. A repetition derives the same one.
    pub fn derive(&self, answered: &SecretString, number: usize) -> [u8; 32] {
        hash(&format!("{number}/{}/{}", answered.expose_secret(), self.0.expose_secret()).into())
    }

    /// What is kept of it.
    pub fn hash(&self) -> [u8; 32] {
        hash(&self.0)
    }
}

impl Sessions {
    /// The first refresh token of a session: derived of its origin, or drawn.
    pub(super) fn first_refresh(&self, session: &Key, origin: Option<&Origin>) -> Result<SecretString, SessionError> {
        match origin {
            None => Ok(random_secret()),
            Some(Origin(secret)) => self.issuer.successors().derive(session, secret).first().ok_or(SessionError::Internal),
        }
    }

    /// Begins the session of an origin, or returns what it was begun with; `None` when it has been renewed since.
    ///
    /// # Errors
    /// The store's.
    pub(super) async fn begin_once(
        &self,
        principal: Principal,
        restaurant: Restaurant,
        origin: &Origin,
    ) -> Result<Option<SignedIn>, SessionError> {
        match self.begin(principal, restaurant, Some(origin)).await {
            // Long ago, or by another call at the same time.
            Err(SessionError::Store(StoreError::Taken)) => self.begun_with(origin).await,
            outcome => outcome.map(Some),
        }
    }

    /// Returns what the session of an origin was begun with, if there is one that has not been renewed.
    ///
    /// # Errors
    /// The store's.
    pub(super) async fn begun_with(&self, origin: &Origin) -> Result<Option<SignedIn>, SessionError> {
        let now = clock::now();
        let Some((row, stored)) = self.store.begun_session(origin.hash(), now.minus(REPEATABLE)).await? else { return Ok(None) };
        let candidates = self.issuer.successors().derive(&row.principal.session, &origin.0);
        let Some(refresh) = candidates.find(stored) else { return Ok(None) };
        let restaurant = self.store.restaurant(row.principal.restaurant).await?.ok_or(StoreError::Missing)?;
        let tokens = self.answer(&row, &refresh, now)?;
        log::info!(session:% = row.principal.session; "the answer that began a session was sent again");
        Ok(Some(SignedIn { tokens, principal: row.principal, restaurant, totp_setup_required: false, device_mark: None }))
    }
}
