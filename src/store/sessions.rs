//! Sessions. Each refresh token belongs to a session, and ends with it.

use super::Result;
use crate::domain::model::principal::{Principal, Role};
use crate::domain::values::ids::RestaurantId;
use crate::domain::values::text::{Key, Name};
use crate::domain::values::time::Timestamp;
use async_trait::async_trait;
use std::time::Duration;

/// A session that can be refreshed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionRow {
    /// The principal that it speaks for; `principal.session` is its id.
    pub principal: Principal,
    /// After this time it can no longer be refreshed.
    pub expires_at: Timestamp,
}

/// A token that an operator issued.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Issued {
    /// Its session's id, by which it is revoked.
    pub session: Key,
    /// The name that the operator chose.
    pub name: Name,
    /// The role that it speaks in.
    pub role: Role,
    /// When it was issued.
    pub created_at: Timestamp,
    /// When it expires.
    pub expires_at: Timestamp,
}

/// How long a spent refresh token may be presented again if its successor was not used.
pub const REPEATABLE: Duration = Duration::from_secs(24 * 3600);

/// A refresh token that the database has, spent or not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refresh {
    /// Its session.
    pub session: Key,
    /// The number of the renewal that makes its successor, or has made it if the token was spent last.
    pub successor: u32,
}

/// A signed refresh token that the database does not have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lost {
    /// Its session.
    pub session: Key,
    /// Its hash.
    pub hash: [u8; 32],
    /// The number of the renewal that made it; 0 if it has none.
    pub number: u32,
}

impl Lost {
    /// Whether it is newer than all tokens of a session with this number of renewals. A token without a number comes from a
    /// version that did not count renewals, so it is older than each counted one.
    #[must_use]
    pub const fn is_newer_than(&self, renewals: u32) -> bool {
        self.number > renewals || self.number == 0 && renewals == 0
    }
}

/// The result of presenting a refresh token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rotation {
    /// It was valid and is now spent, or it was the last one spent and its answer was lost.
    Rotated {
        /// Its session.
        session: SessionRow,
        /// The hash of its successor, one of the candidates.
        successor: [u8; 32],
    },
    /// It was spent, and its successor was used too: somebody has a copy. The store ended the session.
    Reused(Key),
    /// It belongs to a guest's session that staff have ended.
    EndedByStaff,
    /// It is unknown, has expired, or belongs to a session that ended for another reason.
    Unknown,
}

/// An ended session, listed for as long as one of its tokens may still be presented.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ended {
    /// The session's id (a token's `sid`).
    pub session: Key,
    /// When it was ended, by the database's clock, in microseconds.
    pub micros: i64,
    /// When its last token expires, if known.
    pub until: Option<Timestamp>,
}

impl Ended {
    /// Returns when it was ended, by the database's clock.
    #[must_use]
    pub const fn at(&self) -> Timestamp {
        Timestamp::from_micros(self.micros)
    }
}

/// A position in the list of ended sessions. It counts microseconds, since thousands of sessions may end within a
/// millisecond.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EndCursor {
    /// The database's time, in microseconds.
    pub micros: i64,
    /// The session that ended then; empty for the position before all sessions of that time.
    pub session: String,
}

impl EndCursor {
    /// Returns the position before all ends at or after a time.
    #[must_use]
    pub const fn at(since: Timestamp) -> Self {
        Self { micros: since.micros(), session: String::new() }
    }

    /// Returns the position right after an end.
    #[must_use]
    pub fn after(ended: &Ended) -> Self {
        Self { micros: ended.micros, session: ended.session.as_str().to_owned() }
    }
}

/// How long to list the end of a session whose tokens the server renews. Access tokens live for at most a day
/// (`--access-token-minutes`) and links to orders for half a day; the second day allows for clocks that differ.
pub const END_MATTERS: Duration = Duration::from_secs(2 * 24 * 3600);

/// Sessions and their refresh tokens. Only SHA-256 hashes of refresh tokens are kept. A session
/// counts as alive until it is listed as ended, whether or not it has a row: tokens that older versions printed have none.
#[async_trait]
pub trait Sessions: Send + Sync + 'static {
    /// Records the session of a token that an operator issued: it has no refresh token, and is listed under a name.
    async fn add_issued(&self, session: &SessionRow, name: &Name, at: Timestamp) -> Result<()>;

    /// Lists the sessions of issued tokens that have not expired at `now`, by id (which is by age).
    async fn issued(&self, restaurant: RestaurantId, now: Timestamp) -> Result<Vec<Issued>>;

    /// Begins a session with its first refresh token.
    async fn add_session(&self, session: &SessionRow, refresh_hash: [u8; 32], at: Timestamp) -> Result<()>;

    /// Begins a session for a credential that may be presented again; `origin` is its SHA-256. `Taken` when its session has
    /// already begun.
    async fn begin_session(&self, origin: [u8; 32], session: &SessionRow, refresh_hash: [u8; 32], at: Timestamp) -> Result<()>;

    /// Returns the session that an origin began after a time, and the hash of its refresh token, until that token is used.
    async fn begun_session(&self, origin: [u8; 32], after: Timestamp) -> Result<Option<(SessionRow, [u8; 32])>>;

    /// Returns what is known of a refresh token, spent or not.
    async fn find_refresh(&self, hash: [u8; 32]) -> Result<Option<Refresh>>;

    /// Spends a refresh token and puts the first of `candidates` in its place, in one transaction.
    ///
    /// The token that was spent last may be presented again, for [`REPEATABLE`], until its successor is used; the call then
    /// returns that successor if it is a candidate. If it is not (a removed key derived it, or an older version made it at
    /// random), the first candidate replaces it. Any other spent token ends its session, and so does a replaced one.
    async fn rotate_refresh(&self, presented: [u8; 32], candidates: &[[u8; 32]], at: Timestamp) -> Result<Rotation>;

    /// Puts a refresh token that this database has lost in the place of the newest one of its session, and spends it like
    /// [`Self::rotate_refresh`], in the same transaction. Presenting the one that it replaces then ends the session.
    ///
    /// A lost token ends the session if it is not newer than the session's count of renewals, or if its successor is known.
    /// `Unknown` without a change if the session has no row. Known tokens are kept as long as their session.
    async fn recover_refresh(&self, lost: &Lost, candidates: &[[u8; 32]], at: Timestamp) -> Result<Rotation>;

    /// Returns when a session ends by itself; `None` for one without a row.
    async fn session_end(&self, restaurant: RestaurantId, session: &Key) -> Result<Option<Timestamp>>;

    /// Ends a session. Records the end even if the session has already ended or has no row.
    async fn end_session(&self, session: &Key) -> Result<()>;

    /// Returns at most `limit` sessions that ended after a cursor, oldest first, without those whose tokens have all expired
    /// at `now`.
    ///
    /// Ordering: an end that is recorded after another never has an earlier time, whatever the clocks do. Of two that are
    /// recorded at the same time, either may be earlier, by at most the duration of a transaction.
    async fn ended_since(&self, after: EndCursor, now: Timestamp, limit: u32) -> Result<Vec<Ended>>;

    /// Removes sessions that expired before a time, ends recorded before it, and ends whose tokens have all expired at `now`;
    /// returns the number of rows.
    async fn forget_sessions(&self, before: Timestamp, now: Timestamp) -> Result<u64>;
}
