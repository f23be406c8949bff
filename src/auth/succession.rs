//! Successions: a person who proves a secret in a session continues in a new one. The old session ends in the same
//! transaction, with its connections, so a thief who copied its tokens gains nothing from the proof.
//!
//! The answer may be lost. A repetition of the call, with the access token of the old session and the same
//! `Idempotency-Key`, returns the same new tokens until they are renewed, for at most ten minutes.
//!
//! A session proves one secret at a time ([`super::turns`]). So a call that is sent twice at once begins one session, and
//! a secret counts as wrong only after it was checked.

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

/// A call in which a person proves a secret for the first time.
pub(super) struct Attempt<'a> {
    pub who: &'a Principal,
    pub user: User,
    pub origin: &'a Origin,
}

/// A session that is about to begin, with its refresh token.
pub(super) struct Prepared {
    pub succession: Succession,
    pub refresh: SecretString,
}

impl Sessions {
    /// Makes a call that proves a secret and begins the successor of a session. A repetition has the same origin and returns
    /// that successor again. It has to send the password `repeated_with`, unless its origin contains a secret.
    ///
    /// # Errors
    /// As [`Self::try_secret`]; `WrongPassword` for a repetition.
    pub(super) async fn prove<'a>(
        &self,
        who: &'a Principal,
        action: &'static str,
        origin: &'a Origin,
        repeated_with: Option<SecretString>,
        call: impl AsyncFnOnce(&Attempt<'a>) -> Result<SignedIn, SessionError>,
    ) -> Result<SignedIn, SessionError> {
        let attempt = async |user: User| match self.begun_with(origin).await? {
            Some(begun) => self.repeat(&user, begun, repeated_with).await,
            None => {
                self.require_running(who).await?;
                call(&Attempt { who, user, origin }).await
            }
        };
        self.try_secret(who, action, attempt).await
    }

    /// Returns the first answer of a successor again.
    async fn repeat(&self, user: &User, begun: SignedIn, password: Option<SecretString>) -> Result<SignedIn, SessionError> {
        let mut device_mark = None;
        if let Some(password) = password {
            self.check_password(user, password).await?;
            device_mark = self.mark_device(user, clock::now());
        }
        let totp_setup_required = begun.principal.role != user.role;
        Ok(SignedIn { totp_setup_required, device_mark, ..begun })
    }

    /// Makes a call that tries a secret of a person in their session, unless another call of the session is trying one. Too
    /// many wrong secrets end that session and affect no other, so a thief can neither keep guessing nor lock the owner out.
    /// Wrong secrets of a repetition count for the old session, which has ended, and not for its successor.
    ///
    /// # Errors
    /// Those of the call; `NoAccount`, `UnderWay`, `TooManyWrong`; the store's.
    pub(super) async fn try_secret<T>(
        &self,
        who: &Principal,
        action: &'static str,
        call: impl AsyncFnOnce(User) -> Result<T, SessionError>,
    ) -> Result<T, SessionError> {
        let person = self.own_user(who).await?;
        let turn = Turn { restaurant: person.restaurant, person: person.id, name: who.session.clone() };
        // The previous call may have changed the person, so they are read again during the turn.
        let attempt = async { call(self.own_user(who).await?).await };
        let outcome = self.in_turn(&turn, self.rules.secret_tries, attempt).await;
        if matches!(outcome, Err(SessionError::TooManyWrong)) && !self.ended.contains(&who.session) {
            let note = Note::new(person.restaurant, Kind::Sessions, action).about(person.id).called(&person.username);
            audit::recorded(note.with_outcome("too_many_tries"), self.store.end_session(&who.session)).await?;
            self.ended.insert(who.session.clone(), clock::now());
        }
        self.recording(&person, action, outcome).await
    }

    /// Checks that a session has not ended.
    ///
    /// # Errors
    /// `Over`; the store's.
    pub(super) async fn require_running(&self, who: &Principal) -> Result<(), SessionError> {
        match self.store.session_end(who.restaurant, &who.session).await? {
            Some(_) => Ok(()),
            None => Err(SessionError::Over),
        }
    }

    /// Prepares the successor of a session. `proved_at` is when its owner proved the password and, if there is one, the
    /// second factor. `None` keeps the old session's time.
    pub(super) fn prepare(
        &self,
        attempt: &Attempt<'_>,
        has_second_factor: bool,
        proved_at: Option<Timestamp>,
    ) -> Result<Prepared, SessionError> {
        let now = clock::now();
        let role = self.role_in_session(&attempt.user, has_second_factor);
        let principal = Principal { role, session: new_key()?, name: Some(attempt.user.username.clone()), ..attempt.who.clone() };
        let refresh = self.first_refresh(&principal.session, Some(attempt.origin))?;
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

    /// Runs the transaction of a succession, which returns the sessions that it ended. Returns the tokens of the new one.
    ///
    /// # Errors
    /// `Over` if the old session has ended for another reason; the store's.
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
        log::info!(session:% = session.principal.session, ended = ended.len(); "session replaced after a proof");
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

    /// Returns the role of a person's session. A manager who lacks a required second factor has only the rights of staff.
    pub(super) fn role_in_session(&self, user: &User, has_second_factor: bool) -> Role {
        let lacks_second_factor = user.role == Role::Manager && self.rules.managers_need_totp && !has_second_factor;
        if lacks_second_factor { Role::Staff } else { user.role }
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
