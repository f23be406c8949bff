//! Successions: a person who proves a secret in a session continues in a new one. The old session ends in the same
//! transaction, with its connections, so a thief who copied its tokens gains nothing from the proof.
//!
//! The answer may be lost. The same call again, with the access token of the old session and the same `Idempotency-Key`,
//! returns the same new tokens until they are renewed, for ten minutes at most.
//!
//! A session proves one secret at a time ([`super::turns`]). So the same call, sent twice at once, begins one session, and
//! wrong secrets are counted once they are known to be wrong.

use super::origin::Origin;
use super::secret::hash;
use super::session::{SessionError, Sessions, SignedIn};
use super::sign_in::new_key;
use crate::clock;
use crate::domain::model::principal::{Principal, Role};
use crate::domain::values::text::Key;
use crate::domain::values::time::Timestamp;
use crate::store::accounts::User;
use crate::store::audit::{self, Kind, Note};
use crate::store::credentials::{Succession, Turn};
use crate::store::sessions::SessionRow;
use crate::store::{Result as StoreResult, StoreError};
use secrecy::SecretString;

/// A call in which a person proves a secret.
pub(super) struct Attempt<'a> {
    pub who: &'a Principal,
    pub user: User,
    pub origin: Origin,
    /// The session that the same call began before, if it has not been renewed.
    pub begun: Option<SignedIn>,
}

/// A session that is about to begin, with its refresh token.
pub(super) struct Prepared {
    pub succession: Succession,
    pub refresh: SecretString,
}

impl Sessions {
    /// Makes a call that proves a secret of a person in their session, when no other of this session is being made. Too many
    /// wrong secrets end that session and affect no other, so a thief can neither keep guessing nor lock the owner out.
    /// Those of a call that is sent again count for the session that has ended, not for its successor.
    ///
    /// # Errors
    /// Those of the call; `NoAccount`, `UnderWay`, `TooManyWrong`, `Over`; the store's.
    pub(super) async fn prove<'a, T>(
        &self,
        who: &'a Principal,
        action: &'static str,
        origin: Origin,
        call: impl AsyncFnOnce(&Attempt<'a>) -> Result<T, SessionError>,
    ) -> Result<T, SessionError> {
        let person = self.own_user(who).await?;
        let turn = Turn { restaurant: person.restaurant, person: person.id, name: who.session.clone() };
        // The call before may have changed the person, so they are read in turn.
        let attempt = async { call(&self.attempt(who, self.own_user(who).await?, origin).await?).await };
        let outcome = self.in_turn(&turn, self.rules.secret_tries, attempt).await;
        if matches!(outcome, Err(SessionError::TooManyWrong)) && !self.ended.contains(&who.session) {
            let note = Note::new(person.restaurant, Kind::Sessions, action).about(person.id).called(&person.username);
            audit::recorded(note.with_outcome("too_many_tries"), self.store.end_session(&who.session)).await?;
            self.ended.insert(who.session.clone(), clock::now());
        }
        self.recording(&person, action, outcome).await
    }

    /// Finds what the same call began before.
    ///
    /// # Errors
    /// `Over` when the session has ended otherwise; the store's.
    async fn attempt<'a>(&self, who: &'a Principal, user: User, origin: Origin) -> Result<Attempt<'a>, SessionError> {
        let begun = self.begun_with(&origin).await?;
        if begun.is_none() && self.store.session_end(who.restaurant, &who.session).await?.is_none() {
            return Err(SessionError::Over);
        }
        let is_half = |begun: &SignedIn| begun.principal.role != user.role;
        let begun = begun.map(|begun| SignedIn { totp_setup_required: is_half(&begun), ..begun });
        Ok(Attempt { who, user, origin, begun })
    }

    /// Prepares the successor of a session. `proved_at` is when its owner proved the password and, if there is one, the
    /// second factor; `None` keeps the time of the old session.
    pub(super) fn prepare(
        &self,
        attempt: &Attempt<'_>,
        has_second_factor: bool,
        proved_at: Option<Timestamp>,
    ) -> Result<Prepared, SessionError> {
        let now = clock::now();
        let role = self.role_in_session(&attempt.user, has_second_factor);
        let principal = Principal { role, session: new_key()?, ..attempt.who.clone() };
        let refresh = self.first_refresh(&principal.session, Some(&attempt.origin))?;
        let session = SessionRow { expires_at: now.plus(self.lifetimes.session(role)), principal };
        let succession = Succession {
            old: attempt.who.session.clone(),
            session,
            refresh_hash: hash(&refresh),
            origin: Some(attempt.origin.hash()),
            at: now,
            proved_at,
        };
        Ok(Prepared { succession, refresh })
    }

    /// Runs the transaction of a succession, which returns the sessions that it ended, and makes the tokens of the new one.
    ///
    /// # Errors
    /// `Over` when the old session has ended otherwise; the store's.
    pub(super) async fn succeed(
        &self,
        attempt: &Attempt<'_>,
        prepared: &Prepared,
        note: Note,
        commit: impl Future<Output = StoreResult<Vec<Key>>>,
    ) -> Result<SignedIn, SessionError> {
        let Prepared { succession: Succession { session, at, .. }, refresh } = prepared;
        let ended = match audit::recorded(note, commit).await {
            Err(StoreError::Stale) => return Err(SessionError::Over),
            ended => ended?,
        };
        log::info!(session:% = session.principal.session, ended = ended.len(); "session succeeded after a proof");
        self.ended.insert_all(ended, *at);
        let restaurant = self.store.restaurant(session.principal.restaurant).await?.ok_or(StoreError::Missing)?;
        Ok(SignedIn {
            tokens: self.answer(session, refresh, *at)?,
            totp_setup_required: session.principal.role != attempt.user.role,
            principal: session.principal.clone(),
            restaurant,
            device_mark: None,
        })
    }

    /// Returns the role of a person's session: a manager who has to set up a second factor first works as staff until then.
    pub(super) fn role_in_session(&self, user: &User, has_second_factor: bool) -> Role {
        let is_half = user.role == Role::Manager && self.rules.managers_need_totp && !has_second_factor;
        if is_half { Role::Staff } else { user.role }
    }

    /// Checks the password of a person.
    ///
    /// # Errors
    /// `WrongPassword`, `Busy`; the store's.
    pub(super) async fn check_password(&self, user: &User, password: SecretString) -> Result<(), SessionError> {
        match self.passwords.verify(password, Some(user.password_hash.clone())).await? {
            true => Ok(()),
            false => Err(SessionError::WrongPassword),
        }
    }
}
