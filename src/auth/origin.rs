//! Origins. The origin of a session is the secret or the attempt that begins it; its first refresh token is derived from the
//! origin. A client that lost the answer sends the same origin again, and gets the same session and refresh token until that
//! token is used.

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

/// How long a repeated origin gets the session that it has begun. A device code is valid for as long.
const REPEATABLE: Duration = Duration::from_secs(600);

/// The origin of a session: a secret, or the name of an attempt, which is useless without other secrets.
pub struct Origin(SecretString);

impl Origin {
    /// Makes the origin of a screen's session: its device code, which no one else has.
    pub fn screen(device_code: &SecretString) -> Self {
        Self(device_code.clone())
    }

    /// Makes the origin of a sign-in: the attempt's name, which is useless without the password.
    pub fn sign_in(user: &User, attempt: CommandId) -> Self {
        Self(format!("{}/{attempt}", user.id).into())
    }

    /// Makes the origin of a session that succeeds another after a proof: the attempt's name, which is useless without the
    /// tokens of the old session. An attempt without a name gets a random one, so it cannot be repeated.
    pub fn succession(old: &Key, action: &str, attempt: Option<CommandId>) -> Self {
        let attempt = attempt.unwrap_or_else(|| CommandId::from_uuid(clock::new_id()));
        Self(format!("{action}/{old}/{attempt}").into())
    }

    /// Adds a secret to the attempt's name. A repetition must send the same secret; with another, it is another attempt.
    pub fn with(self, secret: &SecretString) -> Self {
        Self(format!("{}/{}", self.0.expose_secret(), secret.expose_secret()).into())
    }

    /// Derives a secret from the attempt, a secret in its answer and a number. A repetition derives the same one.
    pub fn derive(&self, answered: &SecretString, number: usize) -> [u8; 32] {
        hash(&format!("{number}/{}/{}", answered.expose_secret(), self.0.expose_secret()).into())
    }

    /// Returns the hash that the store keeps.
    pub fn hash(&self) -> [u8; 32] {
        hash(&self.0)
    }
}

impl Sessions {
    /// Returns the first refresh token of a session: derived from its origin, or random without one.
    pub(super) fn first_refresh(&self, session: &Key, origin: Option<&Origin>) -> Result<SecretString, SessionError> {
        match origin {
            None => Ok(random_secret()),
            Some(Origin(secret)) => self.issuer.successors().derive(session, secret, 0).first().ok_or(SessionError::Internal),
        }
    }

    /// Begins the session of an origin. If the origin has begun one before, returns that session's first answer, or `None` once
    /// the session has been renewed.
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
            // An earlier or a concurrent call began it.
            Err(SessionError::Store(StoreError::Taken)) => self.begun_with(origin).await,
            outcome => outcome.map(Some),
        }
    }

    /// Returns the first answer of the session that an origin has begun, unless the session has been renewed.
    ///
    /// # Errors
    /// The store's.
    pub(super) async fn begun_with(&self, origin: &Origin) -> Result<Option<SignedIn>, SessionError> {
        let now = clock::now();
        let Some((mut row, stored)) = self.store.begun_session(origin.hash(), now.minus(REPEATABLE)).await? else {
            return Ok(None);
        };
        let candidates = self.issuer.successors().derive(&row.principal.session, &origin.0, 0);
        let Some(refresh) = candidates.find(stored) else { return Ok(None) };
        let restaurant = self.store.restaurant(row.principal.restaurant).await?.ok_or(StoreError::Missing)?;
        row.principal.name = self.name_of(&row.principal).await?;
        let tokens = self.answer(&row, &refresh, now)?;
        log::info!(session:% = row.principal.session; "the first answer of a session was sent again");
        Ok(Some(SignedIn { tokens, principal: row.principal, restaurant, totp_setup_required: false, device_mark: None }))
    }
}
