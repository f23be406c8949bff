//! What people do about their own account: another password, a second factor, their sessions.

use super::manage::person;
use super::password_policy;
use super::second_factor::Enrolment;
use super::session::{SessionError, SessionService};
use crate::clock;
use crate::domain::model::principal::{Principal, Role};
use crate::domain::values::ids::UserId;
use crate::domain::values::text::Key;
use crate::store::StoreError;
use crate::store::accounts::{Restaurant, User};
use crate::store::audit::{self, Kind, Note};
use crate::store::credentials::{OwnSession, SecondFactor, TriedSecret, Which};
use secrecy::SecretString;

/// A person's account, as its owner sees it.
#[derive(Debug, Clone)]
pub struct Account {
    /// Who.
    pub user: User,
    /// Their second factor, once it is confirmed.
    pub second_factor: Option<SecondFactor>,
    /// Whether they have to set one up before they can manage the restaurant.
    pub needs_second_factor: bool,
}

impl SessionService {
    /// The account of a principal that signed in with a password.
    ///
    /// # Errors
    /// `NoAccount` for any other; the store's.
    pub async fn account(&self, who: &Principal) -> Result<Account, SessionError> {
        let user = self.own_user(who).await?;
        let second_factor = self.confirmed_factor(&user).await?;
        let needs_second_factor = self.rules.managers_need_totp && user.role == Role::Manager && second_factor.is_none();
        Ok(Account { user, second_factor, needs_second_factor })
    }

    /// Gives a person another password. Their other sessions end; this one goes on. Marks of devices end with the old password;
    /// returns a new one for this device.
    ///
    /// # Errors
    /// `WrongPassword`, `TooManyTries`, `Invalid` for the new one; the store's.
    pub async fn change_own_password(
        &self,
        who: &Principal,
        current: SecretString,
        new: SecretString,
    ) -> Result<Option<SecretString>, SessionError> {
        let is_the_old_one = password_policy::is_same(&current, &new);
        let user = self.prove_password(who, current, "change_own_password").await?;
        if is_the_old_one {
            return Err(SessionError::Invalid("this is the password that you have; choose another".into()));
        }
        let hash = self.hash_new(user.restaurant, &user.username, new).await?;
        let now = clock::now();
        let change = self.store.change_password(user.restaurant, user.id, &user.password_hash, &hash, &who.session);
        let ended = audit::recorded(person(&user, "change_own_password"), change).await?;
        log::info!(restaurant:% = user.restaurant, user:% = user.id, sessions = ended.len(); "own password changed");
        self.tell_ended(ended, now);
        Ok(self.mark_device(&User { password_hash: hash, ..user }, now))
    }

    /// Sessions of a person that can still be renewed, the last used first.
    ///
    /// # Errors
    /// `NoAccount`; the store's.
    pub async fn own_sessions(&self, who: &Principal) -> Result<Vec<OwnSession>, SessionError> {
        let (user, now) = (self.own_user(who).await?, clock::now());
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

    /// Ends every session of a person but the one that asks.
    ///
    /// # Errors
    /// `NoAccount`; the store's.
    pub async fn end_other_sessions(&self, who: &Principal) -> Result<(), SessionError> {
        self.end_own(who, "end_other_sessions", Which::AllBut(who.session.clone())).await.map(|_| ())
    }

    async fn end_own(&self, who: &Principal, action: &'static str, which: Which) -> Result<usize, SessionError> {
        let (user, now) = (self.own_user(who).await?, clock::now());
        let note = Note::new(user.restaurant, Kind::Sessions, action).about(user.id).called(&user.username);
        let ended = audit::recorded(note, self.store.end_sessions_of(user.restaurant, user.id, which)).await?;
        let count = ended.len();
        self.tell_ended(ended, now);
        Ok(count)
    }

    /// Begins a second factor.
    ///
    /// # Errors
    /// `WrongPassword`, `TooManyTries`; the store's `Taken` when there is one.
    pub async fn begin_totp(&self, who: &Principal, password: SecretString) -> Result<Enrolment, SessionError> {
        let user = self.prove_password(who, password, "begin_second_factor").await?;
        let restaurant = self.restaurant_of(&user).await?;
        self.enrol(&user, &restaurant).await
    }

    /// Confirms a second factor with its first code; from now on signing in asks for one. Gives the recovery codes.
    ///
    /// # Errors
    /// `NothingToConfirm`, `WrongCode`, `TooManyTries`; the store's.
    pub async fn confirm_totp(&self, who: &Principal, code: &SecretString) -> Result<Vec<SecretString>, SessionError> {
        let user = self.own_user(who).await?;
        let confirmed = self.confirm(&user, code).await;
        let codes = self.recording(&user, "add_second_factor", confirmed).await?;
        log::info!(restaurant:% = user.restaurant, user:% = user.id; "second factor added");
        Ok(codes)
    }

    /// Removes a person's own second factor. Their other sessions end.
    ///
    /// # Errors
    /// `WrongPassword`, `WrongCode`, `TooManyTries`; the store's `Missing` when there is none.
    pub async fn remove_own_totp(
        &self,
        who: &Principal,
        password: SecretString,
        code: &SecretString,
    ) -> Result<(), SessionError> {
        const ACTION: &str = "remove_second_factor";
        let user = self.prove_password(who, password, ACTION).await?;
        let factor = self.confirmed_factor(&user).await?.ok_or(StoreError::Missing)?;
        let checked = self.check_code(&user, &factor, code).await;
        self.recording(&user, ACTION, checked).await?;
        self.remove_totp(&user, ACTION, Some(&who.session)).await
    }

    /// Removes the second factor of somebody who has lost it. Their sessions end. Whoever has one of their own removes it
    /// with a code and not in this way: a session that was stolen is not enough.
    ///
    /// # Errors
    /// `OwnSecondFactor`; the store's `Missing` when there is none.
    pub async fn reset_totp(&self, who: &Principal, id: UserId) -> Result<(), SessionError> {
        if who.sub.as_str() == id.to_string() {
            return Err(SessionError::OwnSecondFactor);
        }
        let user = self.store.user(who.restaurant, id).await?.ok_or(StoreError::Missing)?;
        self.remove_totp(&user, "reset_second_factor", None).await
    }

    async fn remove_totp(&self, user: &User, action: &'static str, kept: Option<&Key>) -> Result<(), SessionError> {
        let now = clock::now();
        let remove = self.store.remove_second_factor(user.restaurant, user.id, kept);
        let ended = audit::recorded(person(user, action), remove).await?;
        log::info!(restaurant:% = user.restaurant, user:% = user.id, sessions = ended.len(); "second factor removed");
        self.tell_ended(ended, now);
        Ok(())
    }

    /// The person that a principal is. A token of the command line is of nobody who could sign in.
    async fn own_user(&self, who: &Principal) -> Result<User, SessionError> {
        let person = match who.role {
            Role::Staff | Role::Manager => who.sub.as_str().parse::<UserId>().ok(),
            Role::Diner | Role::Kitchen | Role::Service => None,
        };
        let person = person.ok_or(SessionError::NoAccount)?;
        self.store.user(who.restaurant, person).await?.ok_or(SessionError::NoAccount)
    }

    async fn restaurant_of(&self, user: &User) -> Result<Restaurant, SessionError> {
        Ok(self.store.restaurant(user.restaurant).await?.ok_or(StoreError::Missing)?)
    }

    /// The person that a principal is, once they have shown their password again.
    pub(super) async fn prove_password(
        &self,
        who: &Principal,
        password: SecretString,
        action: &'static str,
    ) -> Result<User, SessionError> {
        let user = self.own_user(who).await?;
        let checked = self.check_password(&user, password).await;
        self.recording(&user, action, checked).await?;
        Ok(user)
    }

    async fn check_password(&self, user: &User, password: SecretString) -> Result<(), SessionError> {
        self.count_try(user, TriedSecret::Password).await?;
        if !self.passwords.verify(password, Some(user.password_hash.clone())).await? {
            return Err(SessionError::WrongPassword);
        }
        Ok(self.store.forget_tries(user.restaurant, user.id, TriedSecret::Password).await?)
    }
}
