//! People's credentials beside the password, and their own sessions.

use super::Result;
use super::sessions::SessionRow;
use crate::domain::model::principal::Role;
use crate::domain::values::ids::{RestaurantId, UserId};
use crate::domain::values::text::{Key, Name};
use crate::domain::values::time::Timestamp;
use async_trait::async_trait;
use secrecy::SecretString;
use std::fmt;
use std::time::Duration;

/// The most sessions of a person that a list shows: the newest ones.
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
    /// The secret that it computes codes from.
    pub secret: TotpSecret,
    /// Whether it has produced a valid code. Until then, signing in does not ask for one.
    pub is_confirmed: bool,
    /// The number of unused recovery codes.
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
    /// All except this one.
    AllBut(Key),
}

/// When the owner of a session last proved their password.
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

/// The owner of a session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionOwner {
    /// The restaurant.
    pub restaurant: RestaurantId,
    /// The role that it speaks in.
    pub role: Role,
    /// The name of its token, if an operator printed it.
    pub token_name: Option<Name>,
}

/// A session that replaces another of the same person. The old one ends in the same transaction.
#[derive(Debug, Clone)]
pub struct Succession {
    /// The session that ends.
    pub old: Key,
    /// The session that begins.
    pub session: SessionRow,
    /// The SHA-256 of its first refresh token.
    pub refresh_hash: [u8; 32],
    /// The SHA-256 of the credential by which a repeated call is recognized.
    pub origin: Option<[u8; 32]>,
    /// When it begins.
    pub at: Timestamp,
    /// When its owner proved the password; `None` keeps the time of the old session.
    pub proved_at: Option<Timestamp>,
}

/// The attempts at a secret since a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tries {
    /// The number of attempts, including this one.
    pub count: u32,
    /// The time of the first.
    pub since: Timestamp,
}

/// A turn that was taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Taken {
    /// The wrong tries under its name.
    pub wrong: u32,
    /// When it ends by itself, by the database's clock.
    pub until: Timestamp,
}

/// The right to try a person's secrets. Only one try under each name is made at a time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Turn {
    /// The restaurant.
    pub restaurant: RestaurantId,
    /// Whose secrets they are.
    pub person: UserId,
    /// Of a session, or of an attempt to sign in.
    pub name: Key,
}

/// Second factors, attempts, and people's own sessions. Counts and uses hold on all nodes.
#[async_trait]
pub trait Credentials: Send + Sync + 'static {
    /// Replaces a session by another. `Stale` when the old one has ended, `Taken` when a session with this origin has begun.
    async fn succeed(&self, succession: &Succession) -> Result<()>;

    /// Replaces the verified hash by a new one, ends the person's sessions, and begins the successor of the current
    /// one; returns those that ended. `Missing` when there is no such person, or when their password has changed since;
    /// otherwise as [`Self::succeed`].
    async fn change_password(
        &self,
        person: UserId,
        verified: &SecretString,
        new: &SecretString,
        succession: &Succession,
    ) -> Result<Vec<Key>>;

    /// Returns the newest [`MOST_SESSIONS`] sessions of a person that have not expired at a time and were renewed since
    /// another, last renewed first.
    async fn sessions_of(
        &self,
        restaurant: RestaurantId,
        person: UserId,
        at: Timestamp,
        renewed_since: Timestamp,
    ) -> Result<Vec<OwnSession>>;

    /// Returns the owner of a session; `None` for one without a row. Takes the id alone, for an operator who knows only that.
    async fn session_owner(&self, session: &Key) -> Result<Option<SessionOwner>>;

    /// Returns when the owner of a session last proved their password.
    async fn password_proof(&self, restaurant: RestaurantId, session: &Key) -> Result<PasswordProof>;

    /// Ends sessions of a person; returns those that ended.
    async fn end_sessions_of(&self, restaurant: RestaurantId, person: UserId, which: Which) -> Result<Vec<Key>>;

    /// Whether a session belongs to staff and was not renewed since a time.
    async fn is_idle(&self, session: &Key, since: Timestamp) -> Result<bool>;

    /// Counts a code that accompanies the right password at sign-in. It is counted before it is checked, so that no more than
    /// the allowed number of concurrent codes are checked. The count restarts if its first attempt is from before `window`.
    async fn count_try(&self, restaurant: RestaurantId, person: UserId, at: Timestamp, window: Timestamp) -> Result<Tries>;

    /// Removes the count of a person's attempts, after a right code.
    async fn forget_tries(&self, restaurant: RestaurantId, person: UserId) -> Result<()>;

    /// Takes a turn, which ends by itself after `lease` by the database's clock, whatever the clocks of the nodes show. Wrong
    /// tries are forgotten once the first of them is from before `window`. Returns `None` while another call has the turn.
    async fn take_turn(&self, turn: &Turn, lease: Duration, window: Timestamp) -> Result<Option<Taken>>;

    /// Gives back a turn, and counts its try if it was wrong. A turn that another call has taken since stays with that call.
    async fn end_turn(&self, turn: &Turn, taken: Taken, was_wrong: bool) -> Result<()>;

    /// Returns the second factor of a person.
    async fn second_factor(&self, restaurant: RestaurantId, person: UserId) -> Result<Option<SecondFactor>>;

    /// Returns the people of a restaurant who have a confirmed second factor.
    async fn people_with_second_factor(&self, restaurant: RestaurantId) -> Result<Vec<UserId>>;

    /// Begins a second factor, in place of an unconfirmed one. `Taken` when one is confirmed, `Missing` when there is
    /// no such person.
    async fn begin_second_factor(
        &self,
        restaurant: RestaurantId,
        person: UserId,
        secret: TotpSecret,
        at: Timestamp,
    ) -> Result<()>;

    /// Confirms the second factor of a secret with the step of a code, keeps the hashes of its recovery codes, and begins the
    /// successor of the current session. `Missing` when another has begun since, or when it is already confirmed;
    /// otherwise as [`Self::succeed`].
    async fn confirm_second_factor(
        &self,
        person: UserId,
        secret: TotpSecret,
        step: i64,
        recovery: Vec<[u8; 32]>,
        succession: &Succession,
    ) -> Result<()>;

    /// Uses up the step of a code and all earlier ones; returns `false` when the step was used before.
    async fn use_step(&self, restaurant: RestaurantId, person: UserId, secret: TotpSecret, step: i64) -> Result<bool>;

    /// Uses up a recovery code; returns `false` when there is no such code.
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
