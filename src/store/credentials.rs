//! What people prove to be who they are beside their password, and the sessions that are theirs.

use super::Result;
use super::sessions::SessionRow;
use crate::domain::model::principal::Role;
use crate::domain::values::ids::{RestaurantId, UserId};
use crate::domain::values::text::{Key, Name};
use crate::domain::values::time::Timestamp;
use async_trait::async_trait;
use secrecy::SecretString;
use std::fmt;

/// Sessions of one person that a list shows: the last that began.
pub const MOST_SESSIONS: i64 = 100;

/// The secret that an authenticator app shares with the server: 160 bits (RFC 4226, section 4). Its debug output shows
/// nothing.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct TotpSecret(pub [u8; 20]);

impl fmt::Debug for TotpSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TotpSecret(…)")
    }
}

/// A person's authenticator app.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecondFactor {
    /// What it computes codes from.
    pub secret: TotpSecret,
    /// Whether it has shown a code; until then it is asked for nowhere.
    pub is_confirmed: bool,
    /// Recovery codes that were not used yet.
    pub recovery_codes: u32,
}

/// A session as its owner sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnSession {
    /// Its id.
    pub id: Key,
    /// When it began.
    pub begun_at: Timestamp,
    /// When its tokens were renewed last.
    pub renewed_at: Timestamp,
    /// When it ends by itself.
    pub expires_at: Timestamp,
}

/// Sessions of one person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Which {
    /// This one.
    Only(Key),
    /// Every one but this.
    AllBut(Key),
}

/// What a session says of its owner's password.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PasswordProof {
    /// Its owner proved it at this time: at sign-in, or later by confirming it.
    At(Timestamp),
    /// An operator printed its token; there is no password.
    Printed,
    /// It has ended.
    Ended,
    /// It has no row: a version before this printed its token.
    Unlisted,
}

/// Whose a session is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionOwner {
    /// The restaurant.
    pub restaurant: RestaurantId,
    /// As what it speaks.
    pub role: Role,
    /// What an operator calls its token, when they printed it.
    pub token_name: Option<Name>,
}

/// A session that takes the place of another of the same person. The old one ends in the same transaction.
#[derive(Debug, Clone)]
pub struct Succession {
    /// The session that ends.
    pub old: Key,
    /// The session that begins.
    pub session: SessionRow,
    /// The SHA-256 of its first refresh token.
    pub refresh_hash: [u8; 32],
    /// The SHA-256 of what the same call may be recognized by.
    pub origin: Option<[u8; 32]>,
    /// When it begins.
    pub at: Timestamp,
    /// When its owner proved the password; `None` keeps the time of the old session.
    pub proved_at: Option<Timestamp>,
}

/// Tries of a secret since a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tries {
    /// How many, this one among them.
    pub count: u32,
    /// The time of the first.
    pub since: Timestamp,
}

/// Second factors, tries, and the sessions that are a person's own. What is counted or used up here is so for every node.
#[async_trait]
pub trait Credentials: Send + Sync + 'static {
    /// Puts one session in the place of another. `Stale` when the old one has ended, `Taken` when one was begun with this
    /// origin already.
    async fn succeed(&self, succession: &Succession) -> Result<()>;

    /// Replaces the hash that was verified by a new one, ends the person's sessions, and begins the successor of the current
    /// one; returns those that ended. `Missing` when there is no such person, or when their password has changed since;
    /// otherwise as [`Self::succeed`].
    async fn change_password(
        &self,
        person: UserId,
        verified: &SecretString,
        new: &SecretString,
        succession: &Succession,
    ) -> Result<Vec<Key>>;

    /// A person's sessions that go on at a time and were renewed since another, the last renewed first; the last
    /// [`MOST_SESSIONS`] that began.
    async fn sessions_of(
        &self,
        restaurant: RestaurantId,
        person: UserId,
        at: Timestamp,
        renewed_since: Timestamp,
    ) -> Result<Vec<OwnSession>>;

    /// Finds whose a session is; none for one without a row. By its id alone, for an operator who has nothing else.
    async fn session_owner(&self, session: &Key) -> Result<Option<SessionOwner>>;

    /// Returns when the owner of a session last proved their password.
    async fn password_proof(&self, restaurant: RestaurantId, session: &Key) -> Result<PasswordProof>;

    /// Ends sessions of a person; gives those that were ended.
    async fn end_sessions_of(&self, restaurant: RestaurantId, person: UserId, which: Which) -> Result<Vec<Key>>;

    /// The session of a refresh token, if it is one of staff that was not renewed since a time.
    async fn idle_session(&self, refresh_hash: [u8; 32], since: Timestamp) -> Result<Option<Key>>;

    /// Counts a code that somebody sends who signs in with the right password. It is counted before it is checked, so that
    /// of many at once no more than allowed are checked. The count restarts with the first try after one from before `window`.
    async fn count_try(&self, restaurant: RestaurantId, person: UserId, at: Timestamp, window: Timestamp) -> Result<Tries>;

    /// Forgets the tries of a person's codes: one was right.
    async fn forget_tries(&self, restaurant: RestaurantId, person: UserId) -> Result<()>;

    /// Counts a password or code that is sent in a session, as [`Self::count_try`] does. `Missing` when the session has ended.
    async fn count_session_try(&self, restaurant: RestaurantId, session: &Key, at: Timestamp, window: Timestamp)
    -> Result<Tries>;

    /// Takes back the last try of a session: it was right, or was not checked.
    async fn take_session_try_back(&self, restaurant: RestaurantId, session: &Key) -> Result<()>;

    /// A person's second factor.
    async fn second_factor(&self, restaurant: RestaurantId, person: UserId) -> Result<Option<SecondFactor>>;

    /// The people of a restaurant who have a confirmed second factor.
    async fn people_with_second_factor(&self, restaurant: RestaurantId) -> Result<Vec<UserId>>;

    /// Begins a second factor in place of one that was not confirmed. `Taken` when one is confirmed, `Missing` when there is
    /// no such person.
    async fn begin_second_factor(
        &self,
        restaurant: RestaurantId,
        person: UserId,
        secret: TotpSecret,
        at: Timestamp,
    ) -> Result<()>;

    /// Confirms the second factor of a secret with the step of a code, keeps the hashes of its recovery codes, and begins the
    /// successor of the current session. `Missing` when another was begun meanwhile, or when it is confirmed already;
    /// otherwise as [`Self::succeed`].
    async fn confirm_second_factor(
        &self,
        person: UserId,
        secret: TotpSecret,
        step: i64,
        recovery: Vec<[u8; 32]>,
        succession: &Succession,
    ) -> Result<()>;

    /// Replaces the recovery codes of a person.
    async fn set_recovery_codes(&self, restaurant: RestaurantId, person: UserId, recovery: Vec<[u8; 32]>) -> Result<()>;

    /// Uses a code's step up, with all before it; false when it was used before.
    async fn use_step(&self, restaurant: RestaurantId, person: UserId, secret: TotpSecret, step: i64) -> Result<bool>;

    /// Uses a recovery code up; false when there is none.
    async fn use_recovery_code(&self, restaurant: RestaurantId, person: UserId, hash: [u8; 32]) -> Result<bool>;

    /// Removes a second factor with its recovery codes, ends the person's sessions, and begins the successor of the current
    /// one, if there is one; returns those that ended. `Missing` when there is no second factor; otherwise as
    /// [`Self::succeed`].
    async fn remove_second_factor(
        &self,
        restaurant: RestaurantId,
        person: UserId,
        succession: Option<&Succession>,
    ) -> Result<Vec<Key>>;
}
