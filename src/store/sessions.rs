//! Sessions: what a refresh token belongs to, and what ends every token under it.

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
    /// Whom it speaks for; `principal.session` is its id.
    pub principal: Principal,
    /// After this it cannot be refreshed any more.
    pub expires_at: Timestamp,
}

/// A token that an operator issued.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Issued {
    /// Its session's id, by which it is revoked.
    pub session: Key,
    /// What the operator calls it.
    pub name: Name,
    /// As what it speaks.
    pub role: Role,
    /// When it was issued.
    pub created_at: Timestamp,
    /// When it expires.
    pub expires_at: Timestamp,
}

/// How long a spent refresh token is good again if the one in its place was not used.
pub const REPEATABLE: Duration = Duration::from_secs(24 * 3600);

/// The result of presenting a refresh token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rotation {
    /// It was good, and is spent now. Or it was the last that was spent, shown again: its answer was lost.
    Rotated {
        /// Its session.
        session: SessionRow,
        /// The hash of the token in its place, one of the candidates.
        successor: [u8; 32],
    },
    /// It was spent, and the token in its place was used too: somebody has a copy. The session is ended.
    Reused(Key),
    /// Of a guest's session that the restaurant has ended.
    EndedByHouse,
    /// Unknown, expired, or of a session that has ended otherwise.
    Unknown,
}

/// A session that was ended, for as long as a token of it could still be presented.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ended {
    /// The session's id (a token's `sid`).
    pub session: Key,
    /// When it was ended, by the database's clock, in microseconds.
    pub micros: i64,
    /// When the last token of it expires, if that is known.
    pub until: Option<Timestamp>,
}

impl Ended {
    /// When it was ended, by the database's clock.
    #[must_use]
    pub const fn at(&self) -> Timestamp {
        Timestamp::from_micros(self.micros)
    }
}

/// A place in the list of ended sessions. It is exact, as times cut to the millisecond are not: thousands of sessions may
/// end within one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EndCursor {
    /// The database's time, in microseconds.
    pub micros: i64,
    /// The session that ended then; empty before all of that time.
    pub session: String,
}

impl EndCursor {
    /// The place before every end at or after a time.
    #[must_use]
    pub const fn at(since: Timestamp) -> Self {
        Self { micros: since.micros(), session: String::new() }
    }

    /// The place right after an end.
    #[must_use]
    pub fn after(ended: &Ended) -> Self {
        Self { micros: ended.micros, session: ended.session.as_str().to_owned() }
    }
}

/// How long the end of a session matters whose tokens the server renews. Access tokens live for a day at most
/// (`--access-token-minutes`) and links to orders for half a day; the second day is for clocks that disagree.
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

    /// Begins a session that was asked for with something that may be shown again, of which `origin` is the SHA-256.
    /// `Taken` when it was begun already.
    async fn begin_session(&self, origin: [u8; 32], session: &SessionRow, refresh_hash: [u8; 32], at: Timestamp) -> Result<()>;

    /// Returns the session that was begun with an origin after a time, and the hash of its refresh token, until that is used.
    async fn begun_session(&self, origin: [u8; 32], after: Timestamp) -> Result<Option<(SessionRow, [u8; 32])>>;

    /// Returns the session of a refresh token, spent or not.
    async fn session_of_refresh(&self, hash: [u8; 32]) -> Result<Option<Key>>;

    /// Spends a refresh token and puts the first of `candidates` in its place, in one transaction.
    ///
    /// The last that was spent is good again, for [`REPEATABLE`], until the one in its place is used: that one is returned if
    /// it is a candidate. If it is not (another key derived it, which is gone; or a version that drew it) the first candidate
    /// takes its place. Any other spent token ends its session, and so does one that lost its place.
    async fn rotate_refresh(&self, presented: [u8; 32], candidates: &[[u8; 32]], at: Timestamp) -> Result<Rotation>;

    /// When a session ends by itself; none for one without a row.
    async fn session_end(&self, restaurant: RestaurantId, session: &Key) -> Result<Option<Timestamp>>;

    /// Ends a session; ending one twice, or one without a row, is fine (the end is recorded either way).
    async fn end_session(&self, session: &Key) -> Result<()>;

    /// Returns a page of the sessions that were ended after a cursor, oldest first, `limit` at most, without those whose
    /// every token has expired at `now`. One that is recorded later than another is never of an earlier time, whatever the
    /// clocks do; two that are recorded at once may be, by as long as that takes.
    async fn ended_since(&self, after: EndCursor, now: Timestamp, limit: u32) -> Result<Vec<Ended>>;

    /// Forgets sessions that expired before a time, ends recorded before it, and ends that no longer matter at `now`;
    /// returns how many rows went.
    async fn forget_sessions(&self, before: Timestamp, now: Timestamp) -> Result<u64>;
}
