//! A person's own account: the password, the second factor, and the sessions.

use super::management::{hash_chosen, person};
use super::origin::Origin;
use super::password_policy;
use super::second_factor::{self, Enrolment};
use super::session::{SessionError, Sessions, SignedIn};
use super::succession::Attempt;
use crate::clock;
use crate::domain::model::principal::{Principal, Role};
use crate::domain::values::ids::{CommandId, UserId};
use crate::domain::values::text::Key;
use crate::store::StoreError;
use crate::store::accounts::{Restaurant, User};
use crate::store::audit::{self, Kind, Note};
use crate::store::credentials::{OwnSession, SecondFactor, Which};
use secrecy::SecretString;

/// A person's account, as they see it.
#[derive(Debug, Clone)]
pub struct Account {
    /// The person.
    pub user: User,
    /// Their confirmed second factor.
    pub second_factor: Option<SecondFactor>,
    /// Whether they must set up a second factor before they may manage the restaurant.
    pub needs_second_factor: bool,
}

impl Sessions {
    /// Returns the account of a principal who signed in with a password.
    ///
    /// # Errors
    /// `NoAccount` for any other principal; the store's.
    pub async fn account(&self, who: &Principal) -> Result<Account, SessionError> {
        let user = self.own_user(who).await?;
        let second_factor = self.confirmed_factor(&user).await?;
        let needs_second_factor = self.rules.managers_need_totp && user.role == Role::Manager && second_factor.is_none();
        Ok(Account { user, second_factor, needs_second_factor })
    }

    /// Changes a person's password. They continue in a new session, and all their other sessions end. The change invalidates
    /// the marks of their devices; the answer has a new one for this device.
    ///
    /// # Errors
    /// `WrongPassword`, `Invalid` for the new password; as [`Self::prove`]; the store's.
    pub async fn change_own_password(
        &self,
        who: &Principal,
        current: SecretString,
        new: SecretString,
        attempt: Option<CommandId>,
    ) -> Result<SignedIn, SessionError> {
        const ACTION: &str = "change_own_password";
        let origin = Origin::succession(&who.session, ACTION, attempt);
        let repeated_with = Some(new.clone());
        let call = async move |attempt: &Attempt<'_>| {
            let user = &attempt.user;
            let is_the_old_one = password_policy::is_same(&current, &new);
            self.check_password(user, current).await?;
            if is_the_old_one {
                return Err(SessionError::Invalid("this is the password that you have; choose another".into()));
            }
            let hash = hash_chosen(&self.store, &self.passwords, user.restaurant, &user.username, new).await?;
            let has_second_factor = self.confirmed_factor(user).await?.is_some();
            // The call requires no code, so the new session keeps the time of the old proof.
            let prepared = self.prepare(attempt, has_second_factor, None)?;
            let change = self.store.change_password(user.id, &user.password_hash, &hash, &prepared.succession);
            // Missing: another change came between the check and this one, and ended this session.
            let change =
                async { change.await.map_err(|error| if error == StoreError::Missing { StoreError::Stale } else { error }) };
            let signed_in = self.succeed(attempt, &prepared, person(user, ACTION), change).await?;
            log::info!(restaurant:% = user.restaurant, user:% = user.id; "own password changed");
            let device_mark = self.mark_device(&User { password_hash: hash, ..user.clone() }, clock::now());
            Ok(SignedIn { device_mark, ..signed_in })
        };
        self.prove(who, ACTION, &origin, repeated_with, call).await
    }

    /// Returns a person's sessions that can still be renewed, the most recently used first.
    ///
    /// # Errors
    /// `NoAccount`; the store's.
    pub async fn own_sessions(&self, who: &Principal) -> Result<Vec<OwnSession>, SessionError> {
        let user = self.own_user(who).await?;
        let now = clock::now();
        Ok(self.store.sessions_of(user.restaurant, user.id, now, now.minus(self.lifetimes.staff_idle)).await?)
    }

    /// Ends one session of a person.
    ///
    /// # Errors
    /// `NoAccount`; the store's `Missing` for a session that is not theirs.
    pub async fn end_own_session(&self, who: &Principal, session: Key) -> Result<(), SessionError> {
        match self.end_own(who, "end_session", Which::Only(session)).await? {
            0 => Err(StoreError::Missing.into()),
            _ => Ok(()),
        }
    }

    /// Ends all sessions of a person except the calling one. Requires a recent proof of the password.
    ///
    /// # Errors
    /// `ConfirmPassword`, `NoAccount`; the store's.
    pub async fn end_other_sessions(&self, who: &Principal) -> Result<(), SessionError> {
        self.require_recent_proof(who).await?;
        self.end_own(who, "end_other_sessions", Which::AllBut(who.session.clone())).await.map(drop)
    }

    async fn end_own(&self, who: &Principal, action: &'static str, which: Which) -> Result<usize, SessionError> {
        let (user, now) = (self.own_user(who).await?, clock::now());
        let note = Note::new(user.restaurant, Kind::Sessions, action).about(user.id).called(&user.username);
        let ended = audit::recorded(note, self.store.end_sessions_of(user.restaurant, user.id, which)).await?;
        let count = ended.len();
        self.ended.insert_all(ended, now);
        Ok(count)
    }

    /// Begins a second factor. It has no effect until it is confirmed, and only this answer contains its secret.
    ///
    /// # Errors
    /// `WrongPassword`, `Over`; as [`Self::try_secret`]; the store's `Taken` if the person has a second factor.
    pub async fn begin_totp(&self, who: &Principal, password: SecretString) -> Result<Enrolment, SessionError> {
        const ACTION: &str = "begin_second_factor";
        let call = async move |user: User| {
            self.require_running(who).await?;
            self.check_password(&user, password).await?;
            self.enrol(&user, &self.restaurant_of(&user).await?).await
        };
        self.try_secret(who, ACTION, call).await
    }

    /// Confirms a second factor with its first code. From then on, signing in requires a code. Returns the new session in which
    /// the person continues, and the recovery codes. The same attempt with the same code returns both again.
    ///
    /// # Errors
    /// `NothingToConfirm`, `WrongCode`; as [`Self::prove`]; the store's.
    pub async fn confirm_totp(
        &self,
        who: &Principal,
        code: &SecretString,
        attempt: Option<CommandId>,
    ) -> Result<(SignedIn, Vec<SecretString>), SessionError> {
        const ACTION: &str = "add_second_factor";
        let origin = Origin::succession(&who.session, ACTION, attempt).with(&second_factor::normalized(code));
        let call = async move |attempt: &Attempt<'_>| {
            let user = &attempt.user;
            let factor = self.unconfirmed_factor(user).await?;
            let step = second_factor::first_step(&factor, code)?;
            let prepared = self.prepare(attempt, true, None)?;
            let (_, hashes) = second_factor::recovery_codes(&prepared.refresh, attempt.origin);
            let succession = &prepared.succession;
            let confirm = self.store.confirm_second_factor(user.id, factor.secret, step, hashes, succession);
            let commit = async { confirm.await.map(|()| vec![succession.old.clone()]) };
            let signed_in = self.succeed(attempt, &prepared, person(user, ACTION), commit).await?;
            log::info!(restaurant:% = user.restaurant, user:% = user.id; "second factor added");
            Ok(signed_in)
        };
        let signed_in = self.prove(who, ACTION, &origin, None, call).await?;
        let refresh = signed_in.tokens.refresh_token.clone().into();
        let (codes, _) = second_factor::recovery_codes(&refresh, &origin);
        Ok((signed_in, codes))
    }

    /// Removes a person's own second factor. They continue in a new session, and all their other sessions end.
    ///
    /// # Errors
    /// `WrongPassword`, `WrongCode`; as [`Self::prove`]; the store's `Missing` if the person has no second factor.
    pub async fn remove_own_totp(
        &self,
        who: &Principal,
        password: SecretString,
        code: &SecretString,
        attempt: Option<CommandId>,
    ) -> Result<SignedIn, SessionError> {
        const ACTION: &str = "remove_second_factor";
        let origin = Origin::succession(&who.session, ACTION, attempt);
        let repeated_with = Some(password.clone());
        let call = async move |attempt: &Attempt<'_>| {
            let user = &attempt.user;
            self.check_password(user, password).await?;
            let factor = self.confirmed_factor(user).await?.ok_or(StoreError::Missing)?;
            self.use_code(user, &factor, code).await?;
            let prepared = self.prepare(attempt, false, Some(clock::now()))?;
            let remove = self.store.remove_second_factor(user.restaurant, user.id, Some(&prepared.succession));
            let signed_in = self.succeed(attempt, &prepared, person(user, ACTION), remove).await?;
            log::info!(restaurant:% = user.restaurant, user:% = user.id; "second factor removed");
            Ok(signed_in)
        };
        self.prove(who, ACTION, &origin, repeated_with, call).await
    }

    /// Removes the second factor of another person, who has lost it, and ends their sessions. Managers cannot remove their own
    /// this way, since a stolen session would be enough for it.
    ///
    /// # Errors
    /// `OwnSecondFactor`; the store's `Missing` if the person has no second factor.
    pub async fn reset_totp(&self, who: &Principal, id: UserId) -> Result<(), SessionError> {
        if who.sub.as_str() == id.to_string() {
            return Err(SessionError::OwnSecondFactor);
        }
        let user = self.store.user(who.restaurant, id).await?.ok_or(StoreError::Missing)?;
        let now = clock::now();
        let remove = self.store.remove_second_factor(user.restaurant, user.id, None);
        let ended = audit::recorded(person(&user, "reset_second_factor"), remove).await?;
        log::info!(restaurant:% = user.restaurant, user:% = user.id, sessions = ended.len(); "second factor removed");
        self.ended.insert_all(ended, now);
        Ok(())
    }

    /// Returns the person behind a principal. A token that the command line issued belongs to none.
    ///
    /// # Errors
    /// `NoAccount`; the store's.
    pub(super) async fn own_user(&self, who: &Principal) -> Result<User, SessionError> {
        let person = match who.role {
            Role::Staff | Role::Manager => who.sub.as_str().parse::<UserId>().ok(),
            Role::Diner | Role::Kitchen | Role::Service => None,
        };
        let person = person.ok_or(SessionError::NoAccount)?;
        self.store.user(who.restaurant, person).await?.ok_or(SessionError::NoAccount)
    }

    /// Returns the username of a principal who signed in with a password. A session's row does not contain it.
    pub(super) async fn name_of(&self, who: &Principal) -> Result<Option<Key>, SessionError> {
        match self.own_user(who).await {
            Ok(user) => Ok(Some(user.username)),
            Err(SessionError::NoAccount) => Ok(None),
            Err(error) => Err(error),
        }
    }

    async fn restaurant_of(&self, user: &User) -> Result<Restaurant, SessionError> {
        Ok(self.store.restaurant(user.restaurant).await?.ok_or(StoreError::Missing)?)
    }
}
