//! Renewals: exchange a refresh token for a new pair of tokens. A client that lost the answer may ask again.

use super::secret::hash;
use super::session::{SessionError, Sessions};
use super::successors::Named;
use super::token::TokenAnswer;
use crate::clock;
use crate::domain::model::principal::{Principal, Role};
use crate::domain::values::text::Key;
use crate::domain::values::time::Timestamp;
use crate::store::sessions::{Lost, Refresh, Rotation};
use secrecy::SecretString;

impl Sessions {
    /// Spends a refresh token. Returns a new access token and the successor of the refresh token.
    /// Since the answer may be lost, the token that was spent last gets the same successor again
    /// until that is used, for at most a day. An older token ends the session, since somebody has a
    /// copy of it. A token that the database has lost (a standby without the last renewals was promoted,
    /// or a backup was restored) continues a session that still runs, unless it is older than one that
    /// the database has. Without this, every screen would have to be paired again.
    ///
    /// # Errors
    /// `Over`, `EndedByStaff`; the store's.
    pub async fn refresh(&self, refresh_token: &SecretString) -> Result<TokenAnswer, SessionError> {
        let presented = hash(refresh_token);
        let now = clock::now();
        let (rotation, candidates) = match self.store.find_refresh(presented).await? {
            Some(Refresh { session, successor }) => {
                self.end_if_idle(&session, now).await?;
                let candidates = self.issuer.successors().derive(&session, refresh_token, successor);
                (self.store.rotate_refresh(presented, &candidates.hashes(), now).await?, Some(candidates))
            }
            None => match self.issuer.successors().read(refresh_token) {
                Some(Named { session, number }) => {
                    self.end_if_idle(&session, now).await?;
                    let next = number.saturating_add(1);
                    let candidates = self.issuer.successors().derive(&session, refresh_token, next);
                    let lost = Lost { session, hash: presented, number };
                    (self.store.recover_refresh(&lost, &candidates.hashes(), now).await?, Some(candidates))
                }
                None => (self.store.rotate_refresh(presented, &[], now).await?, None),
            },
        };
        match rotation {
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

    /// Ends a staff session that was idle for too long, so that a phone lost long ago grants no access.
    async fn end_if_idle(&self, session: &Key, now: Timestamp) -> Result<(), SessionError> {
        if !self.store.is_idle(session, now.minus(self.lifetimes.staff_idle)).await? {
            return Ok(());
        }
        log::info!(session:% = session; "session ended after too long without use");
        self.end(session).await?;
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
