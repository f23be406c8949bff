//! Successions: a person who proves a secret in a session continues in a new one. The old session ends in the same
//! transaction, with its connections, so a thief who copied its tokens gains nothing from the proof.
//!
//! The answer may be lost. The same call again, with the access token of the old session and the same `Idempotency-Key`,
//! returns the same new tokens until they are renewed, for ten minutes at most.

use super::origin::Origin;
use super::secret::hash;
use super::session::{SessionError, SessionService, SignedIn};
use super::sign_in::new_key;
use crate::clock;
use crate::domain::model::principal::{Principal, Role};
use crate::domain::values::ids::CommandId;
use crate::domain::values::text::Key;
use crate::domain::values::time::Timestamp;
use crate::store::accounts::User;
use crate::store::audit::{self, Kind, Note};
use crate::store::credentials::Succession;
use crate::store::sessions::SessionRow;
use crate::store::{Result as StoreResult, StoreError};
use secrecy::SecretString;
use std::time::Duration;

/// Wrong secrets of a session are counted for this long.
const WINDOW: Duration = Duration::from_secs(15 * 60);

/// A call in which a person proves a secret.
pub(super) struct Attempt<'a> {
    pub who: &'a Principal,
    pub user: User,
    origin: Option<Origin>,
}

impl<'a> Attempt<'a> {
    /// A call of a principal, who is this person, named by its sender.
    pub fn new(who: &'a Principal, user: User, action: &'static str, id: Option<CommandId>) -> Self {
        let origin = id.map(|id| Origin::succession(&who.session, action, id));
        Self { who, user, origin }
    }
}

/// A session that is about to begin, with its refresh token.
pub(super) struct Prepared {
    pub succession: Succession,
    refresh: SecretString,
}

impl SessionService {
    /// Returns the session that the same attempt began before, if it has not been renewed.
    pub(super) async fn begun_by(&self, attempt: &Attempt<'_>) -> Result<Option<SignedIn>, SessionError> {
        let Some(origin) = &attempt.origin else { return Ok(None) };
        let begun = self.begun_with(origin).await?;
        let is_half = |begun: &SignedIn| begun.principal.role != attempt.user.role;
        Ok(begun.map(|begun| SignedIn { totp_setup_required: is_half(&begun), ..begun }))
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
        let refresh = self.first_refresh(&principal.session, attempt.origin.as_ref())?;
        let session = SessionRow { expires_at: now.plus(self.lifetimes.session(role)), principal };
        let succession = Succession {
            old: attempt.who.session.clone(),
            session,
            refresh_hash: hash(&refresh),
            origin: attempt.origin.as_ref().map(Origin::hash),
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
            // The same attempt may have been faster: its answer was slow, and it was sent again.
            Err(StoreError::Stale | StoreError::Taken) => return self.begun_by(attempt).await?.ok_or(SessionError::Over),
            ended => ended?,
        };
        log::info!(session:% = session.principal.session, ended = ended.len(); "session succeeded after a proof");
        self.tell_ended(ended, *at);
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

    /// Tries the password of the person in their session.
    ///
    /// # Errors
    /// `WrongPassword`, and as [`Self::try_secret`].
    pub(super) async fn try_password(
        &self,
        who: &Principal,
        user: &User,
        password: SecretString,
        action: &'static str,
    ) -> Result<(), SessionError> {
        let verify = async {
            match self.passwords.verify(password, Some(user.password_hash.clone())).await? {
                true => Ok(()),
                false => Err(SessionError::WrongPassword),
            }
        };
        self.try_secret(who, user, action, verify).await
    }

    /// Tries a secret of a person in a session. Too many wrong ones end that session and affect no other, so a thief
    /// can neither keep guessing nor lock the owner out.
    ///
    /// # Errors
    /// Those of the try; `TooManyWrong`, `Over`; the store's.
    pub(super) async fn try_secret<T>(
        &self,
        who: &Principal,
        user: &User,
        action: &'static str,
        attempt: impl Future<Output = Result<T, SessionError>>,
    ) -> Result<T, SessionError> {
        let now = clock::now();
        // Counted before the try: of many at once no more than allowed are made.
        let tries = match self.store.count_session_try(who.restaurant, &who.session, now, now.minus(WINDOW)).await {
            Err(StoreError::Missing) => return Err(SessionError::Over),
            tries => tries?,
        };
        if tries.count > self.rules.secret_tries {
            let note = Note::new(user.restaurant, Kind::Sessions, action).about(user.id).called(&user.username);
            audit::recorded(note.with_outcome("too_many_tries"), self.store.end_session(&who.session)).await?;
            self.ended.insert(who.session.clone(), now);
            return Err(SessionError::TooManyWrong);
        }
        let outcome = attempt.await;
        if !matches!(outcome, Err(SessionError::WrongPassword | SessionError::WrongCode)) {
            self.store.take_session_try_back(who.restaurant, &who.session).await?;
        }
        self.recording(user, action, outcome).await
    }
}
