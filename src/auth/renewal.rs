//! Renewals: exchange a refresh token for a new pair of tokens. A client that lost the answer may ask again.

use super::secret::hash;
use super::session::{SessionError, Sessions};
use super::token::TokenAnswer;
use crate::clock;
use crate::domain::model::principal::{Principal, Role};
use crate::domain::values::text::Key;
use crate::domain::values::time::Timestamp;
use crate::store::sessions::Rotation;
use secrecy::SecretString;

impl Sessions {
    /// Spends a refresh token. Returns a new access token and the successor of the refresh token.
    /// Since the answer may be lost, the token that was spent last gets the same successor again
    /// until that is used, for at most a day. An older token ends the session, since somebody has a
    /// copy of it. If the database has lost the token but not its session, the session continues.
    ///
    /// # Errors
    /// `Over`, `EndedByStaff`; the store's.
    pub async fn refresh(&self, refresh_token: &SecretString) -> Result<TokenAnswer, SessionError> {
        let presented = hash(refresh_token);
        let now = clock::now();
        self.end_if_idle(presented, now).await?;
        let session = match self.store.session_of_refresh(presented).await? {
            None => self.recover(refresh_token, presented).await?,
            known => known,
        };
        let candidates = session.map(|session| self.issuer.successors().derive(&session, refresh_token));
        let hashes = candidates.as_ref().map(|candidates| candidates.hashes()).unwrap_or_default();
        match self.store.rotate_refresh(presented, &hashes, now).await? {
            Rotation::Rotated { mut session, successor } => {
                self.end_without_second_factor(&session.principal).await?;
                let next = candidates.and_then(|candidates| candidates.find(successor)).ok_or(SessionError::Internal)?;
                session.principal.name = self.name_of(&session.principal).await?;
                self.answer(&session, &next, now)
            }
            Rotation::Unknown => Err(SessionError::Over),
            Rotation::EndedByStaff => Err(SessionError::EndedByStaff),
            Rotation::Reused(session) => {
                log::warn!(session:% = session; "an old refresh token was presented, session ended");
                self.ended.insert(session, now);
                Err(SessionError::Over)
            }
        }
    }

    /// Records a token that this service has issued and the database has lost: a standby without the last renewals was
    /// promoted, or a backup was restored. Without this, every screen would have to be paired again.
    /// Returns the token's session if that still runs.
    async fn recover(&self, refresh_token: &SecretString, presented: [u8; 32]) -> Result<Option<Key>, SessionError> {
        let Some(session) = self.issuer.successors().session_of(refresh_token) else { return Ok(None) };
        if !self.store.recover_refresh(&session, presented).await? {
            return Ok(None);
        }
        log::warn!(session:% = session; "the database has lost a renewal of this session, which continues");
        Ok(Some(session))
    }

    /// Ends a staff session that was idle for too long, so that a phone lost long ago grants no access.
    async fn end_if_idle(&self, refresh_hash: [u8; 32], now: Timestamp) -> Result<(), SessionError> {
        let since = now.minus(self.lifetimes.staff_idle);
        let Some(session) = self.store.idle_session(refresh_hash, since).await? else { return Ok(()) };
        log::info!(session:% = session; "session ended after too long without use");
        self.end(&session).await?;
        Err(SessionError::Over)
    }

    /// Ends the session of a manager without the required second factor. It began before the
    /// requirement.
    async fn end_without_second_factor(&self, who: &Principal) -> Result<(), SessionError> {
        if who.role != Role::Manager || !self.rules.managers_need_totp || self.account(who).await?.second_factor.is_some() {
            return Ok(());
        }
        self.end(&who.session).await?;
        Err(SessionError::Over)
    }
}

#[cfg(test)]
#[path = "tests/renewal.rs"]
mod tests;
