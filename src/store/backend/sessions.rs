//! [`Sessions`]: sessions, their refresh tokens and their ends.

use super::{Backend, Connection, Database, pushes};
use crate::clock;
use crate::domain::model::principal::{Principal, Role};
use crate::domain::values::ids::{DeviceId, RestaurantId, UserId};
use crate::domain::values::text::{Key, Name};
use crate::domain::values::time::Timestamp;
use crate::store::audit::{Kind, Note};
use crate::store::columns::station;
use crate::store::error::broken;
use crate::store::sessions::{END_MATTERS, EndCursor, Ended, Issued, Lost, REPEATABLE, Refresh, Rotation, SessionRow, Sessions};
use crate::store::{Result, StoreError, batches, columns};
use async_trait::async_trait;
use sqlx::{FromRow, query, query_as, query_scalar};
use uuid::Uuid;

statements! {
    ADD_SESSION = "INSERT INTO sessions \
        (id, restaurant, sub, role, station, table_label, device, created_at, refreshed_at, expires_at, origin) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $8, $9, $10)";
    /// Finds at most one: a session whose first refresh token is unspent has no other.
    BEGUN_SESSION = "SELECT s.id, s.restaurant, s.sub, s.role, s.station, s.table_label, s.device, s.expires_at, r.hash \
        FROM sessions s JOIN session_refreshes r ON r.session = s.id \
        WHERE s.origin = $1 AND s.created_at > $2 AND NOT EXISTS \
        (SELECT 1 FROM session_refreshes spent WHERE spent.session = s.id AND spent.spent_at IS NOT NULL)";
    ADD_ISSUED = "INSERT INTO sessions \
        (id, restaurant, sub, role, station, table_label, created_at, refreshed_at, expires_at, token_name) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $7, $8, $9)";
    ISSUED = "SELECT id, token_name, role, created_at, expires_at FROM sessions \
        WHERE restaurant = $1 AND token_name IS NOT NULL AND expires_at > $2 ORDER BY id";
    ADD_REFRESH = "INSERT INTO session_refreshes (hash, session) VALUES ($1, $2)";
    /// Takes the session's row before its token's, as the end of a session does, so that the two cannot deadlock.
    TOUCH_SESSION = "UPDATE sessions SET refreshed_at = $2 \
        WHERE id = (SELECT session FROM session_refreshes WHERE hash = $1) \
        RETURNING id, restaurant, sub, role, station, table_label, device, expires_at";
    HOLD_SESSION = "UPDATE sessions SET refreshed_at = refreshed_at WHERE id = $1";
    FIND_REFRESH = "SELECT r.session, s.renewals + CASE WHEN r.spent_at IS NULL THEN 1 ELSE 0 END AS successor \
        FROM session_refreshes r JOIN sessions s ON s.id = r.session WHERE r.hash = $1";
    HAS_REFRESH = "SELECT count(*) FROM session_refreshes WHERE hash = $1";
    RENEWALS = "SELECT renewals FROM sessions WHERE id = $1";
    COUNT_RENEWAL = "UPDATE sessions SET renewals = renewals + 1 WHERE id = $1";
    SET_RENEWALS = "UPDATE sessions SET renewals = $2 WHERE id = $1";
    /// Changes a row for only one of several calls that present a token.
    SPEND_REFRESH = "UPDATE session_refreshes SET spent_at = $2 WHERE hash = $1 AND spent_at IS NULL";
    LAST_SPENDING = "SELECT max(spent_at) FROM session_refreshes WHERE session = $1";
    SPENT_AT = "SELECT spent_at FROM session_refreshes WHERE hash = $1";
    UNSPENT_REFRESH = "SELECT hash FROM session_refreshes WHERE session = $1 AND spent_at IS NULL";
    /// Adds it as spent before all others. It is then never the last one, so presenting it ends the session.
    ADD_SPENT_REFRESH = "INSERT INTO session_refreshes (hash, session, spent_at) VALUES ($1, $2, 0)";
    /// Marks it as spent before all others, likewise.
    DISPLACE_REFRESH = "UPDATE session_refreshes SET spent_at = 0 WHERE session = $1 AND spent_at IS NULL";
    /// The token may exist: a node with another keyring may have displaced it.
    PLACE_REFRESH = "INSERT INTO session_refreshes (hash, session) VALUES ($1, $2) \
        ON CONFLICT (hash) DO UPDATE SET spent_at = NULL";
    SESSION_END = "SELECT expires_at FROM sessions WHERE restaurant = $1 AND id = $2";
    /// Removes the session's refresh tokens too, by the foreign key.
    REMOVE_SESSION = "DELETE FROM sessions WHERE id = $1 RETURNING expires_at, token_name, origin";
    REMOVE_PAIRING = "DELETE FROM pairings WHERE device_code_hash = $1";
    /// Takes the time from the database's clock, which all nodes share, and never an earlier one than the last.
    RECORD_END = by_database! {
        sqlite: "INSERT INTO ended_sessions (session, until, ended_at) \
            VALUES ($1, $2, max(CAST(unixepoch('subsec') * 1000000 AS INTEGER), \
                (SELECT coalesce(max(ended_at), 0) FROM ended_sessions))) \
            ON CONFLICT (session) DO NOTHING",
        postgres: "INSERT INTO ended_sessions (session, until, ended_at) \
            VALUES ($1, $2, greatest((extract(epoch FROM clock_timestamp()) * 1000000)::bigint, \
                (SELECT coalesce(max(ended_at), 0) FROM ended_sessions))) \
            ON CONFLICT (session) DO NOTHING",
    };
    ENDED_REFRESH = "SELECT session FROM ended_refreshes WHERE hash = $1";
    ENDED_SINCE = "SELECT session, ended_at, until FROM ended_sessions \
        WHERE (ended_at, session) > ($1, $2) AND (until IS NULL OR until > $3) ORDER BY ended_at, session LIMIT $4";
    SESSIONS_OF_API_KEY = "SELECT id FROM sessions WHERE restaurant = $1 AND sub = $2 AND role = 'service' ORDER BY id";
    SESSIONS_OF_DEVICE = "SELECT id FROM sessions WHERE restaurant = $1 AND device = $2 ORDER BY id";
    SESSIONS_OF_USER = "SELECT id FROM sessions \
        WHERE restaurant = $1 AND sub = $2 AND role IN ('staff', 'manager') ORDER BY id";
    SET_STATION = "UPDATE sessions SET station = $3 WHERE restaurant = $1 AND device = $2";
    FORGET_SESSIONS = "DELETE FROM sessions WHERE id IN (\
        SELECT id FROM sessions WHERE expires_at < $1 ORDER BY expires_at LIMIT $2)";
    /// Removes refresh tokens of the sessions that [`FORGET_SESSIONS`] removes next. A session of staff has thousands.
    FORGET_REFRESHES = "DELETE FROM session_refreshes WHERE hash IN (\
        SELECT r.hash FROM session_refreshes r WHERE r.session IN (\
        SELECT id FROM sessions WHERE expires_at < $1 ORDER BY expires_at LIMIT $2) LIMIT $3)";
    FORGET_ENDS = "DELETE FROM ended_sessions WHERE session IN (\
        SELECT session FROM ended_sessions WHERE ended_at < $1 OR until < $2 LIMIT $3)";
}

#[derive(FromRow)]
struct SessionRecord {
    id: String,
    restaurant: Uuid,
    sub: String,
    role: String,
    station: Option<String>,
    table_label: Option<String>,
    device: Option<Uuid>,
    expires_at: i64,
}

impl TryFrom<SessionRecord> for SessionRow {
    type Error = StoreError;
    fn try_from(row: SessionRecord) -> Result<Self> {
        let principal = Principal {
            sub: columns::text("sub", &row.sub)?,
            role: columns::text("role", &row.role)?,
            restaurant: RestaurantId::from_uuid(row.restaurant),
            session: columns::text("id", &row.id)?,
            station: station(row.station.as_deref())?,
            table: row.table_label.map(|label| columns::text("table_label", &label)).transpose()?,
            device: row.device.map(DeviceId::from_uuid),
            share: None,
            name: None,
        };
        Ok(Self { principal, expires_at: Timestamp::from_micros(row.expires_at) })
    }
}

/// A session that has begun and was not yet renewed.
#[derive(FromRow)]
struct BegunRow {
    #[sqlx(flatten)]
    session: SessionRecord,
    hash: Vec<u8>,
}

impl TryFrom<BegunRow> for (SessionRow, [u8; 32]) {
    type Error = StoreError;
    fn try_from(row: BegunRow) -> Result<Self> {
        let hash = row.hash.try_into().map_err(|_| broken(format_args!("a hash has another length")))?;
        Ok((row.session.try_into()?, hash))
    }
}

/// The columns that the end of a session needs after its row is removed.
#[derive(FromRow)]
struct RemovedRow {
    expires_at: i64,
    token_name: Option<String>,
    origin: Option<Vec<u8>>,
}

#[derive(FromRow)]
struct IssuedRow {
    id: String,
    token_name: String,
    role: String,
    created_at: i64,
    expires_at: i64,
}

impl TryFrom<IssuedRow> for Issued {
    type Error = StoreError;
    fn try_from(row: IssuedRow) -> Result<Self> {
        Ok(Self {
            session: columns::text("id", &row.id)?,
            name: columns::text("token_name", &row.token_name)?,
            role: columns::text("role", &row.role)?,
            created_at: Timestamp::from_micros(row.created_at),
            expires_at: Timestamp::from_micros(row.expires_at),
        })
    }
}

#[derive(FromRow)]
struct RefreshRow {
    session: String,
    successor: i64,
}

impl TryFrom<RefreshRow> for Refresh {
    type Error = StoreError;
    fn try_from(row: RefreshRow) -> Result<Self> {
        Ok(Self { session: columns::text("session", &row.session)?, successor: renewals(row.successor)? })
    }
}

fn renewals(count: i64) -> Result<u32> {
    u32::try_from(count).map_err(|_| broken(format_args!("{count} renewals")))
}

#[derive(FromRow)]
struct EndedRow {
    session: String,
    ended_at: i64,
    until: Option<i64>,
}

impl TryFrom<EndedRow> for Ended {
    type Error = StoreError;
    fn try_from(row: EndedRow) -> Result<Self> {
        let until = row.until.map(Timestamp::from_micros);
        Ok(Self { session: columns::text("session", &row.session)?, micros: row.ended_at, until })
    }
}

#[async_trait]
impl Sessions for Backend {
    async fn add_issued(&self, session: &SessionRow, name: &Name, at: Timestamp) -> Result<()> {
        let who = &session.principal;
        let query = query::<Database>(ADD_ISSUED)
            .bind(who.session.as_str().to_owned())
            .bind(who.restaurant.uuid())
            .bind(who.sub.as_str().to_owned())
            .bind(who.role.as_str())
            .bind(who.station.as_ref().map(|station| station.as_str().to_owned()))
            .bind(who.table.as_ref().map(|table| table.as_str().to_owned()))
            .bind(at.micros())
            .bind(session.expires_at.micros())
            .bind(name.as_str().to_owned());
        self.execute(query).await.map(drop)
    }

    async fn issued(&self, restaurant: RestaurantId, now: Timestamp) -> Result<Vec<Issued>> {
        let query = query_as::<Database, IssuedRow>(ISSUED);
        self.all(query.bind(restaurant.uuid()).bind(now.micros())).await
    }

    async fn add_session(&self, session: &SessionRow, refresh_hash: [u8; 32], at: Timestamp) -> Result<()> {
        let session = session.clone();
        self.write(move |c| Box::pin(async move { add_session(c, &session, refresh_hash, None, at).await })).await
    }

    async fn begin_session(&self, origin: [u8; 32], session: &SessionRow, refresh_hash: [u8; 32], at: Timestamp) -> Result<()> {
        let session = session.clone();
        self.write(move |c| Box::pin(async move { add_session(c, &session, refresh_hash, Some(origin), at).await })).await
    }

    async fn begun_session(&self, origin: [u8; 32], after: Timestamp) -> Result<Option<(SessionRow, [u8; 32])>> {
        let query = query_as::<Database, BegunRow>(BEGUN_SESSION);
        self.one(query.bind(origin.to_vec()).bind(after.micros())).await
    }

    async fn find_refresh(&self, hash: [u8; 32]) -> Result<Option<Refresh>> {
        self.one(query_as::<Database, RefreshRow>(FIND_REFRESH).bind(hash.to_vec())).await
    }

    async fn rotate_refresh(&self, presented: [u8; 32], candidates: &[[u8; 32]], at: Timestamp) -> Result<Rotation> {
        let candidates = candidates.to_vec();
        self.write(move |c| Box::pin(async move { rotate(c, presented, &candidates, at).await })).await
    }

    async fn recover_refresh(&self, lost: &Lost, candidates: &[[u8; 32]], at: Timestamp) -> Result<Rotation> {
        let (lost, candidates) = (lost.clone(), candidates.to_vec());
        self.write(move |c| Box::pin(async move { recover(c, &lost, &candidates, at).await })).await
    }

    async fn session_end(&self, restaurant: RestaurantId, session: &Key) -> Result<Option<Timestamp>> {
        let query = query_scalar::<Database, i64>(SESSION_END).bind(restaurant.uuid());
        let query = query.bind(session.as_str().to_owned());
        let micros = self.read(move |c| Box::pin(async move { Ok(query.fetch_optional(c).await?) })).await?;
        Ok(micros.map(Timestamp::from_micros))
    }

    async fn end_session(&self, session: &Key) -> Result<()> {
        let session = session.clone();
        self.write(move |c| Box::pin(async move { end(c, session.as_str()).await.map(drop) })).await
    }

    async fn ended_since(&self, after: EndCursor, now: Timestamp, limit: u32) -> Result<Vec<Ended>> {
        let query = query_as::<Database, EndedRow>(ENDED_SINCE).bind(after.micros).bind(after.session);
        self.all(query.bind(now.micros()).bind(i64::from(limit))).await
    }

    async fn forget_sessions(&self, before: Timestamp, now: Timestamp) -> Result<u64> {
        let sessions = self.forget_expired(before).await?;
        let ends = batches::run(|| {
            let ends = query::<Database>(FORGET_ENDS).bind(before.micros()).bind(now.micros());
            self.execute(ends.bind(i64::from(batches::ROWS)))
        });
        Ok(sessions + ends.await?)
    }
}

impl Backend {
    /// Removes sessions that expired before a time, in batches of few sessions and few refresh tokens.
    pub(super) async fn forget_expired(&self, before: Timestamp) -> Result<u64> {
        let mut gone = 0;
        loop {
            let begun = clock::uptime();
            let batch = self.write(move |c| Box::pin(forget_expired(c, before))).await?;
            gone += batch.unwrap_or(0);
            if batch.is_some_and(|sessions| sessions < u64::from(batches::ROWS)) {
                return Ok(gone);
            }
            batches::rest(clock::uptime().since(begun)).await;
        }
    }
}

/// The most refresh tokens that one transaction removes. They are small.
const REFRESHES: u64 = 500;

/// Removes a batch of sessions, or a batch of their refresh tokens if there are many. Returns the number of sessions.
async fn forget_expired(connection: &mut Connection, before: Timestamp) -> Result<Option<u64>> {
    let forget = |text| query::<Database>(text).bind(before.micros()).bind(i64::from(batches::ROWS));
    let refreshes = forget(FORGET_REFRESHES).bind(REFRESHES.cast_signed()).execute(&mut *connection).await?;
    if refreshes.rows_affected() == REFRESHES {
        return Ok(None);
    }
    Ok(Some(forget(FORGET_SESSIONS).execute(connection).await?.rows_affected()))
}

pub async fn add_session(
    connection: &mut Connection,
    session: &SessionRow,
    hash: [u8; 32],
    origin: Option<[u8; 32]>,
    at: Timestamp,
) -> Result<()> {
    let who = &session.principal;
    query::<Database>(ADD_SESSION)
        .bind(who.session.as_str())
        .bind(who.restaurant.uuid())
        .bind(who.sub.as_str())
        .bind(who.role.as_str())
        .bind(who.station.as_ref().map(|station| station.as_str()))
        .bind(who.table.as_ref().map(|table| table.as_str()))
        .bind(who.device.map(|device| device.uuid()))
        .bind(at.micros())
        .bind(session.expires_at.micros())
        .bind(origin.map(|origin| origin.to_vec()))
        .execute(&mut *connection)
        .await?;
    add_refresh(connection, hash, who.session.as_str()).await
}

async fn add_refresh(connection: &mut Connection, hash: [u8; 32], session: &str) -> Result<()> {
    let query = query::<Database>(ADD_REFRESH).bind(hash.as_slice()).bind(session);
    query.execute(connection).await?;
    Ok(())
}

async fn rotate(connection: &mut Connection, presented: [u8; 32], candidates: &[[u8; 32]], at: Timestamp) -> Result<Rotation> {
    let touch = query_as::<Database, SessionRecord>(TOUCH_SESSION).bind(presented.as_slice());
    let Some(record) = touch.bind(at.micros()).fetch_optional(&mut *connection).await? else {
        let was_ended = was_ended(connection, presented).await?;
        return Ok(if was_ended { Rotation::EndedByStaff } else { Rotation::Unknown });
    };
    let session = SessionRow::try_from(record)?;
    let Some(&next) = candidates.first().filter(|_| session.expires_at > at) else {
        return Ok(Rotation::Unknown);
    };
    let id = session.principal.session.as_str();
    let last = query_scalar::<Database, Option<i64>>(LAST_SPENDING).bind(id);
    let last = last.fetch_one(&mut *connection).await?;
    // Nodes' clocks differ; a token that is spent later has a later time all the same.
    let now = last.map_or(at.micros(), |last| at.micros().max(last + 1));
    let spend = query::<Database>(SPEND_REFRESH).bind(presented.as_slice()).bind(now);
    if spend.execute(&mut *connection).await?.rows_affected() == 1 {
        add_refresh(connection, next, id).await?;
        query::<Database>(COUNT_RENEWAL).bind(id).execute(connection).await?;
        return Ok(Rotation::Rotated { session, successor: next });
    }
    let spent_at = query_scalar::<Database, i64>(SPENT_AT).bind(presented.as_slice());
    let spent_at = spent_at.fetch_one(&mut *connection).await?;
    if Some(spent_at) == last && Timestamp::from_micros(spent_at).plus(REPEATABLE) > at {
        let successor = repeat(connection, id, candidates, next).await?;
        return Ok(Rotation::Rotated { session, successor });
    }
    end(connection, id).await?;
    record_reuse(connection, &session.principal).await?;
    Ok(Rotation::Reused(session.principal.session))
}

/// Returns the successor of the token that was spent last, or replaces it by `next` if it is not a candidate.
async fn repeat(connection: &mut Connection, session: &str, candidates: &[[u8; 32]], next: [u8; 32]) -> Result<[u8; 32]> {
    let unspent = query_scalar::<Database, Vec<u8>>(UNSPENT_REFRESH).bind(session);
    let unspent = unspent.fetch_optional(&mut *connection).await?;
    if let Some(&successor) = candidates.iter().find(|candidate| unspent.as_deref() == Some(candidate.as_slice())) {
        return Ok(successor);
    }
    query::<Database>(DISPLACE_REFRESH).bind(session).execute(&mut *connection).await?;
    let place = query::<Database>(PLACE_REFRESH).bind(next.as_slice()).bind(session);
    place.execute(connection).await?;
    Ok(next)
}

/// Locks a session against a renewal, which would replace its refresh token. Returns whether it has a row.
pub async fn hold(connection: &mut Connection, session: &str) -> Result<bool> {
    let held = query::<Database>(HOLD_SESSION).bind(session).execute(connection).await?;
    Ok(held.rows_affected() == 1)
}

/// Puts a lost token in the place of the newest one of its session, and spends it. An older one ends the session.
async fn recover(connection: &mut Connection, lost: &Lost, candidates: &[[u8; 32]], at: Timestamp) -> Result<Rotation> {
    let session = lost.session.as_str();
    // Another node may have been faster.
    if hold(connection, session).await? && !is_known(connection, &[lost.hash]).await? {
        let counted = query_scalar::<Database, i64>(RENEWALS).bind(session).fetch_one(&mut *connection).await?;
        if lost.is_newer_than(renewals(counted)?) && !is_known(connection, candidates).await? {
            query::<Database>(DISPLACE_REFRESH).bind(session).execute(&mut *connection).await?;
            add_refresh(connection, lost.hash, session).await?;
            let count = query::<Database>(SET_RENEWALS).bind(session).bind(i64::from(lost.number));
            count.execute(&mut *connection).await?;
            log::warn!(session; "the database has lost a renewal of this session, which continues");
        } else {
            let add = query::<Database>(ADD_SPENT_REFRESH).bind(lost.hash.as_slice()).bind(session);
            add.execute(&mut *connection).await?;
        }
    }
    rotate(connection, lost.hash, candidates, at).await
}

/// Whether one of these refresh tokens is known, spent or not.
async fn is_known(connection: &mut Connection, hashes: &[[u8; 32]]) -> Result<bool> {
    for hash in hashes {
        let known = query_scalar::<Database, i64>(HAS_REFRESH).bind(hash.as_slice());
        if known.fetch_one(&mut *connection).await? > 0 {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Records that a spent token ended the session of a member of the staff.
async fn record_reuse(connection: &mut Connection, who: &Principal) -> Result<()> {
    if who.role == Role::Diner {
        return Ok(());
    }
    let note = Note::new(who.restaurant, Kind::Sessions, "refresh").by(who).with_outcome("token_reused");
    super::audit::add(connection, &note, None).await
}

/// Ends a session; returns whether it had a row.
pub async fn end(connection: &mut Connection, session: &str) -> Result<bool> {
    let remove = query_as::<Database, RemovedRow>(REMOVE_SESSION).bind(session);
    let removed = remove.fetch_optional(&mut *connection).await?;
    if let Some(origin) = removed.as_ref().and_then(|row| row.origin.as_deref()) {
        // Its origin may not begin another session.
        query::<Database>(REMOVE_PAIRING).bind(origin).execute(&mut *connection).await?;
    }
    pushes::remove_of_session(connection, session).await?;
    let had_row = removed.is_some();
    let until = removed.map(|row| end_matters_until(row.expires_at, row.token_name.is_some()));
    query::<Database>(RECORD_END).bind(session).bind(until).execute(connection).await?;
    Ok(had_row)
}

/// Returns when the last token of a session that ends now expires, in microseconds. An issued token may live as long as its
/// session.
fn end_matters_until(expires_at: i64, is_issued: bool) -> i64 {
    let renewed = clock::now().plus(END_MATTERS).micros();
    if is_issued { renewed.max(expires_at) } else { renewed }
}

/// Ends the sessions that an API key has begun.
pub async fn end_of_api_key(connection: &mut Connection, restaurant: RestaurantId, key: &Key) -> Result<Vec<Key>> {
    let query = query_scalar::<Database, String>(SESSIONS_OF_API_KEY).bind(restaurant.uuid()).bind(key.as_str());
    let sessions = query.fetch_all(&mut *connection).await?;
    end_all(connection, sessions).await
}

pub async fn end_of_device(connection: &mut Connection, restaurant: RestaurantId, device: DeviceId) -> Result<Vec<Key>> {
    let query = query_scalar::<Database, String>(SESSIONS_OF_DEVICE).bind(restaurant.uuid()).bind(device.uuid());
    let sessions = query.fetch_all(&mut *connection).await?;
    end_all(connection, sessions).await
}

/// Ends those of a person's sessions that `ends` selects.
pub async fn end_of_person(
    connection: &mut Connection,
    restaurant: RestaurantId,
    person: UserId,
    ends: impl Fn(&str) -> bool,
) -> Result<Vec<Key>> {
    let query = query_scalar::<Database, String>(SESSIONS_OF_USER).bind(restaurant.uuid()).bind(person.to_string());
    let mut sessions = query.fetch_all(&mut *connection).await?;
    sessions.retain(|session| ends(session));
    end_all(connection, sessions).await
}

pub async fn end_all(connection: &mut Connection, sessions: Vec<String>) -> Result<Vec<Key>> {
    let mut ended = Vec::with_capacity(sessions.len());
    for session in sessions {
        end(connection, &session).await?;
        ended.push(columns::text("session", &session)?);
    }
    Ok(ended)
}

/// Changes the station of a screen's sessions. Their next tokens name it.
pub async fn set_station(
    connection: &mut Connection,
    restaurant: RestaurantId,
    device: DeviceId,
    station: Option<&str>,
) -> Result<()> {
    let set = query::<Database>(SET_STATION).bind(restaurant.uuid()).bind(device.uuid()).bind(station);
    set.execute(connection).await?;
    Ok(())
}

/// Whether a refresh token belongs to a session that the restaurant has ended.
pub async fn was_ended(connection: &mut Connection, hash: [u8; 32]) -> Result<bool> {
    let query = query_scalar::<Database, String>(ENDED_REFRESH).bind(hash.as_slice());
    Ok(query.fetch_optional(connection).await?.is_some())
}
