//! Signing in: exchange a secret for a session and its first tokens. Also ends sessions.

use super::origin::Origin;
use super::secret::hash;
use super::session::{SessionError, Sessions, SignedIn};
use super::token::TokenAnswer;
use crate::clock;
use crate::domain::model::principal::{Principal, Role};
use crate::domain::values::ids::CommandId;
use crate::domain::values::text::{InvalidText, Key, Slug};
use crate::domain::values::time::Timestamp;
use crate::store::StoreError;
use crate::store::accounts::{Restaurant, User};
use crate::store::audit::{self, Kind, Note};
use crate::store::credentials::Turn;
use crate::store::sessions::SessionRow;
use secrecy::{ExposeSecret, SecretString};

impl Sessions {
    /// Signs in a person, with a code of their second factor if they have one. A lost answer has used up the code, so the same
    /// attempt with the right password returns the session that it has begun, until that is renewed.
    ///
    /// # Errors
    /// `BadCredentials`, after the same work whichever part is wrong; with the right password `CodeRequired`, `WrongCode`,
    /// `UnderWay` and `TooManyTries`; `Busy`; the store's.
    pub async fn sign_in(
        &self,
        slug: &str,
        username: &str,
        password: SecretString,
        totp: Option<&SecretString>,
        attempt: Option<CommandId>,
    ) -> Result<SignedIn, SessionError> {
        let (restaurant, user) = self.find_user(slug, username).await?;
        let hash = user.as_ref().map(|user| user.password_hash.clone());
        let fits = self.passwords.verify(password, hash).await?;
        let (restaurant, user) = match (restaurant, user) {
            (Some(restaurant), Some(user)) if fits => (restaurant, user),
            (Some(restaurant), user) => {
                self.record_failed_sign_in(restaurant.id, user.as_ref(), "bad_credentials").await;
                return Err(SessionError::BadCredentials);
            }
            (None, _) => return Err(SessionError::BadCredentials),
        };
        let begin = self.begin_for(&user, &restaurant, totp, attempt);
        let begun = match (attempt, totp) {
            // Without the turn, the second of two identical concurrent calls would find the code used, but no session yet.
            (Some(attempt), Some(_)) => {
                let turn = Turn { restaurant: user.restaurant, person: user.id, name: attempt.to_string().parse()? };
                self.in_turn(&turn, u32::MAX, begin).await?
            }
            _ => begin.await?,
        };
        let totp_setup_required = begun.principal.role != user.role;
        let signed_in = SignedIn { totp_setup_required, device_mark: self.mark_device(&user, clock::now()), ..begun };
        let now = self.store.user_by_name(user.restaurant, &user.username).await?;
        let is_same = |now: &User| {
            (now.id, now.role, now.password_hash.expose_secret()) == (user.id, user.role, user.password_hash.expose_secret())
        };
        self.unless_revoked(signed_in, now.is_some_and(|now| is_same(&now))).await
    }

    /// Begins the session of a person with the right password, or returns the one that the same attempt has begun.
    async fn begin_for(
        &self,
        user: &User,
        restaurant: &Restaurant,
        totp: Option<&SecretString>,
        attempt: Option<CommandId>,
    ) -> Result<SignedIn, SessionError> {
        let origin = attempt.map(|attempt| Origin::sign_in(user, attempt));
        if let Some(origin) = &origin
            && let Some(begun) = self.begun_with(origin).await?
        {
            return Ok(begun);
        }
        let proven = self.prove_second_factor(user, totp).await;
        let has_second_factor = self.recording(user, "sign_in", proven).await?;
        let role = self.role_in_session(user, has_second_factor);
        let mut principal = new_principal(user.id.to_string().parse()?, role, restaurant)?;
        principal.name = Some(user.username.clone());
        if let Some(origin) = &origin
            && let Some(begun) = self.begin_once(principal.clone(), restaurant.clone(), origin).await?
        {
            return Ok(begun);
        }
        self.begin(principal, restaurant.clone(), None).await
    }

    /// Ends a new session whose owner has meanwhile lost the right to sign in. While the password was checked, a change of the
    /// person could not end this session, since it had not begun. So the right is checked again once it has.
    async fn unless_revoked(&self, signed_in: SignedIn, has_right: bool) -> Result<SignedIn, SessionError> {
        if has_right {
            return Ok(signed_in);
        }
        self.end(&signed_in.principal.session).await?;
        Err(SessionError::BadCredentials)
    }

    /// Finds a restaurant and a person by their names. An invalid name finds nothing, like an unknown one.
    pub(super) async fn find_user(&self, slug: &str, username: &str) -> Result<(Option<Restaurant>, Option<User>), SessionError> {
        let Ok(slug) = slug.parse::<Slug>() else { return Ok((None, None)) };
        let Some(restaurant) = self.store.restaurant_by_slug(&slug).await? else { return Ok((None, None)) };
        let Ok(username) = username.parse::<Key>() else { return Ok((Some(restaurant), None)) };
        let user = self.store.user_by_name(restaurant.id, &username).await?;
        Ok((Some(restaurant), user))
    }

    /// Signs in a POS or an aggregator by its API key.
    ///
    /// # Errors
    /// `BadCredentials`; the store's.
    pub async fn sign_in_with_api_key(&self, api_key: &SecretString) -> Result<SignedIn, SessionError> {
        let key = self.store.api_key_by_hash(hash(api_key)).await?.ok_or(SessionError::BadCredentials)?;
        let restaurant = self.store.restaurant(key.restaurant).await?.ok_or(SessionError::BadCredentials)?;
        let principal = new_principal(key.id, Role::Service, &restaurant)?;
        let signed_in = self.begin(principal, restaurant, None).await?;
        let has_right = self.store.api_key_by_hash(hash(api_key)).await?.is_some();
        self.unless_revoked(signed_in, has_right).await
    }

    /// Begins the session of a guest at the table whose key the phone scanned. Each one is a new diner.
    ///
    /// # Errors
    /// `UnknownTable`; the store's.
    pub async fn seat(&self, table_key: &SecretString) -> Result<SignedIn, SessionError> {
        let key: Key = table_key.expose_secret().parse().map_err(|_| SessionError::UnknownTable)?;
        let table = self.store.table_by_key(&key).await?.ok_or(SessionError::UnknownTable)?;
        let restaurant = self.store.restaurant(table.restaurant).await?.ok_or(SessionError::UnknownTable)?;
        let mut principal = new_principal(new_key()?, Role::Diner, &restaurant)?;
        principal.table = Some(table.label);
        self.begin_at(principal, restaurant, Some(&key), None).await.map_err(|error| match error {
            SessionError::Store(StoreError::Missing) => SessionError::UnknownTable,
            error => error,
        })
    }

    /// Ends a session on all nodes. Has no effect on an ended one.
    ///
    /// # Errors
    /// The store's; the session then continues.
    pub async fn end(&self, session: &Key) -> Result<(), SessionError> {
        self.store.end_session(session).await?;
        self.ended.insert(session.clone(), clock::now());
        Ok(())
    }

    /// Ends the caller's session.
    ///
    /// # Errors
    /// As [`Self::end`].
    pub async fn sign_out(&self, who: &Principal) -> Result<(), SessionError> {
        match who.role {
            Role::Diner => self.end(&who.session).await,
            _ => {
                audit::recorded(note(who, "sign_out"), self.store.end_session(&who.session)).await?;
                self.ended.insert(who.session.clone(), clock::now());
                Ok(())
            }
        }
    }

    /// Begins the session of an authenticated principal.
    ///
    /// # Errors
    /// The store's `Taken` if this origin has begun a session already.
    pub(super) async fn begin(
        &self,
        principal: Principal,
        restaurant: Restaurant,
        origin: Option<&Origin>,
    ) -> Result<SignedIn, SessionError> {
        self.begin_at(principal, restaurant, None, origin).await
    }

    /// Begins a session; with a table's key, that of a guest at the table.
    async fn begin_at(
        &self,
        principal: Principal,
        restaurant: Restaurant,
        table_key: Option<&Key>,
        origin: Option<&Origin>,
    ) -> Result<SignedIn, SessionError> {
        let now = clock::now();
        let refresh = self.first_refresh(&principal.session, origin)?;
        let row = SessionRow { expires_at: now.plus(self.lifetimes.session(principal.role)), principal };
        match (table_key, origin) {
            // The audit records staff, not guests.
            (Some(key), _) => self.store.begin_guest_session(&row, hash(&refresh), key, now).await?,
            (None, origin) => {
                let note = note(&row.principal, "sign_in");
                match origin {
                    None => audit::recorded(note, self.store.add_session(&row, hash(&refresh), now)).await?,
                    Some(origin) => {
                        let begin = self.store.begin_session(origin.hash(), &row, hash(&refresh), now);
                        audit::recorded(note, begin).await?;
                    }
                }
            }
        }
        let tokens = self.answer(&row, &refresh, now)?;
        log::info!(session:% = row.principal.session, role:% = row.principal.role, restaurant:% = restaurant.id; "session begun");
        Ok(SignedIn { tokens, principal: row.principal, restaurant, totp_setup_required: false, device_mark: None })
    }

    /// Makes the tokens of an answer. The access token expires with the session at the latest.
    ///
    /// # Errors
    /// `Over` if the session is about to expire; the keyring's.
    pub(super) fn answer(&self, row: &SessionRow, refresh: &SecretString, now: Timestamp) -> Result<TokenAnswer, SessionError> {
        let life = self.lifetimes.access.min(row.expires_at.since(now));
        if life.as_secs() < 1 {
            return Err(SessionError::Over);
        }
        let access = self.issuer.issue(&row.principal, life, now)?;
        Ok(TokenAnswer {
            access_token: access.expose_secret().to_owned(),
            token_type: "Bearer",
            expires_in: life.as_secs(),
            refresh_token: refresh.expose_secret().to_owned(),
        })
    }
}

/// Returns the audit entry for a session of this principal.
fn note(who: &Principal, action: &'static str) -> Note {
    Note::new(who.restaurant, Kind::Sessions, action).by(who)
}

/// Makes a principal in a new session, without a table, station or device.
pub(super) fn new_principal(sub: Key, role: Role, restaurant: &Restaurant) -> Result<Principal, SessionError> {
    Ok(Principal {
        sub,
        role,
        restaurant: restaurant.id,
        session: new_key()?,
        station: None,
        table: None,
        device: None,
        share: None,
        name: None,
    })
}

pub(super) fn new_key() -> Result<Key, InvalidText> {
    clock::new_id().to_string().parse()
}

#[cfg(test)]
#[path = "tests/sign_in.rs"]
mod tests;
