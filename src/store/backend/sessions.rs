//! [`Sessions`]: refresh tokens and ends.

use super::{BATCH, Backend, Connection, Database, RECORD_END, pushes};
use crate::clock;
use crate::domain::model::principal::{Principal, Role};
use crate::domain::values::ids::RestaurantId;
use crate::domain::values::text::{Key, Name};
use crate::domain::values::time::Timestamp;
use crate::store::audit::{Kind, Note};
use crate::store::rows::{BegunRow, EndedRow, IssuedRow, RemovedRow, SessionRecord};
use crate::store::sessions::{END_MATTERS, EndCursor, Ended, Issued, REPEATABLE, Rotation, SessionRow, Sessions};
use crate::store::{Result, rows, sql};
use async_trait::async_trait;
use sqlx::{query, query_as, query_scalar};

#[async_trait]
impl Sessions for Backend {
    async fn add_issued(&self, session: &SessionRow, name: &Name, at: Timestamp) -> Result<()> {
        let who = &session.principal;
        let query = query::<Database>(sql::sessions::ADD_ISSUED)
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
        let query = query_as::<Database, IssuedRow>(sql::sessions::ISSUED);
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
        let query = query_as::<Database, BegunRow>(sql::sessions::BEGUN_SESSION);
        self.one(query.bind(origin.to_vec()).bind(after.micros())).await
    }

    async fn session_of_refresh(&self, hash: [u8; 32]) -> Result<Option<Key>> {
        let query = query_scalar::<Database, String>(sql::sessions::SESSION_OF_REFRESH).bind(hash.to_vec());
        let session = self.read(move |c| Box::pin(async move { Ok(query.fetch_optional(c).await?) })).await?;
        session.map(|session| rows::text("session", &session)).transpose()
    }

    async fn rotate_refresh(&self, presented: [u8; 32], candidates: &[[u8; 32]], at: Timestamp) -> Result<Rotation> {
        let candidates = candidates.to_vec();
        self.write(move |c| Box::pin(async move { rotate(c, presented, &candidates, at).await })).await
    }

    async fn session_end(&self, restaurant: RestaurantId, session: &Key) -> Result<Option<Timestamp>> {
        let query = query_scalar::<Database, i64>(sql::sessions::SESSION_END).bind(restaurant.uuid());
        let query = query.bind(session.as_str().to_owned());
        let micros = self.read(move |c| Box::pin(async move { Ok(query.fetch_optional(c).await?) })).await?;
        Ok(micros.map(Timestamp::from_micros))
    }

    async fn end_session(&self, session: &Key) -> Result<()> {
        let session = session.clone();
        self.write(move |c| Box::pin(async move { end(c, session.as_str()).await })).await
    }

    async fn ended_since(&self, after: EndCursor, now: Timestamp, limit: u32) -> Result<Vec<Ended>> {
        let query = query_as::<Database, EndedRow>(sql::sessions::ENDED_SINCE).bind(after.micros).bind(after.session);
        self.all(query.bind(now.micros()).bind(i64::from(limit))).await
    }

    async fn forget_sessions(&self, before: Timestamp, now: Timestamp) -> Result<u64> {
        let mut gone = self.forget(sql::sessions::FORGET_SESSIONS, before).await?;
        loop {
            let ends = query::<Database>(sql::sessions::FORGET_ENDS).bind(before.micros()).bind(now.micros());
            let batch = self.execute(ends.bind(BATCH)).await?;
            gone += batch;
            if batch < BATCH.unsigned_abs() {
                return Ok(gone);
            }
        }
    }
}

pub async fn add_session(
    connection: &mut Connection,
    session: &SessionRow,
    hash: [u8; 32],
    origin: Option<[u8; 32]>,
    at: Timestamp,
) -> Result<()> {
    let who = &session.principal;
    query::<Database>(sql::sessions::ADD_SESSION)
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
    let query = query::<Database>(sql::sessions::ADD_REFRESH).bind(hash.as_slice()).bind(session);
    query.execute(connection).await?;
    Ok(())
}

async fn rotate(connection: &mut Connection, presented: [u8; 32], candidates: &[[u8; 32]], at: Timestamp) -> Result<Rotation> {
    let touch = query_as::<Database, SessionRecord>(sql::sessions::TOUCH_SESSION).bind(presented.as_slice());
    let Some(record) = touch.bind(at.micros()).fetch_optional(&mut *connection).await? else {
        let was_ended = was_ended(connection, presented).await?;
        return Ok(if was_ended { Rotation::EndedByHouse } else { Rotation::Unknown });
    };
    let session = SessionRow::try_from(record)?;
    let Some(&next) = candidates.first().filter(|_| session.expires_at > at) else {
        return Ok(Rotation::Unknown);
    };
    let id = session.principal.session.as_str();
    let last = query_scalar::<Database, Option<i64>>(sql::sessions::LAST_SPENDING).bind(id);
    let last = last.fetch_one(&mut *connection).await?;
    // Nodes' clocks differ; what is spent later has the later time all the same.
    let now = last.map_or(at.micros(), |last| at.micros().max(last + 1));
    let spend = query::<Database>(sql::sessions::SPEND_REFRESH).bind(presented.as_slice()).bind(now);
    if spend.execute(&mut *connection).await?.rows_affected() == 1 {
        add_refresh(connection, next, id).await?;
        return Ok(Rotation::Rotated { session, successor: next });
    }
    let spent_at = query_scalar::<Database, i64>(sql::sessions::SPENT_AT).bind(presented.as_slice());
    let spent_at = spent_at.fetch_one(&mut *connection).await?;
    if Some(spent_at) == last && Timestamp::from_micros(spent_at).plus(REPEATABLE) > at {
        let successor = repeat(connection, id, candidates, next).await?;
        return Ok(Rotation::Rotated { session, successor });
    }
    end(connection, id).await?;
    record_reuse(connection, &session.principal).await?;
    Ok(Rotation::Reused(session.principal.session))
}

/// Finds the token in the place of the one that was spent last, or puts `next` there if nobody can be told which it is.
async fn repeat(connection: &mut Connection, session: &str, candidates: &[[u8; 32]], next: [u8; 32]) -> Result<[u8; 32]> {
    let unspent = query_scalar::<Database, Vec<u8>>(sql::sessions::UNSPENT_REFRESH).bind(session);
    let unspent = unspent.fetch_optional(&mut *connection).await?;
    if let Some(&successor) = candidates.iter().find(|candidate| unspent.as_deref() == Some(candidate.as_slice())) {
        return Ok(successor);
    }
    query::<Database>(sql::sessions::DISPLACE_REFRESH).bind(session).execute(&mut *connection).await?;
    let place = query::<Database>(sql::sessions::PLACE_REFRESH).bind(next.as_slice()).bind(session);
    place.execute(connection).await?;
    Ok(next)
}

/// A spent token that is presented again ends the session of a member of the staff without their doing: they will ask why.
async fn record_reuse(connection: &mut Connection, who: &Principal) -> Result<()> {
    if who.role == Role::Diner {
        return Ok(());
    }
    let note = Note::new(who.restaurant, Kind::Sessions, "refresh").by(who).with_outcome("token_reused");
    super::audit::add(connection, &note, None).await
}

pub async fn end(connection: &mut Connection, session: &str) -> Result<()> {
    let remove = query_as::<Database, RemovedRow>(sql::sessions::REMOVE_SESSION).bind(session);
    let removed = remove.fetch_optional(&mut *connection).await?;
    if let Some(origin) = removed.as_ref().and_then(|row| row.origin.as_deref()) {
        // What began it begins no other.
        query::<Database>(sql::devices::REMOVE_PAIRING).bind(origin).execute(&mut *connection).await?;
    }
    pushes::remove_of_session(connection, session).await?;
    let until = removed.map(|row| end_matters_until(row.expires_at, row.token_name.is_some()));
    query::<Database>(RECORD_END).bind(session).bind(until).execute(connection).await?;
    Ok(())
}

/// Returns when the last token of a session expires that ends now, in microseconds. One that was issued once may live as
/// long as its session.
fn end_matters_until(expires_at: i64, is_issued: bool) -> i64 {
    let renewed = clock::now().plus(END_MATTERS).micros();
    if is_issued { renewed.max(expires_at) } else { renewed }
}

/// Ends the sessions of a key or a screen that is revoked.
pub async fn end_all(connection: &mut Connection, sessions: Vec<String>) -> Result<Vec<Key>> {
    let mut ended = Vec::with_capacity(sessions.len());
    for session in sessions {
        end(connection, &session).await?;
        ended.push(rows::text("session", &session)?);
    }
    Ok(ended)
}

/// Whether a refresh token is of a session that the restaurant has ended.
pub async fn was_ended(connection: &mut Connection, hash: [u8; 32]) -> Result<bool> {
    let query = query_scalar::<Database, String>(sql::guests::ENDED_REFRESH).bind(hash.as_slice());
    Ok(query.fetch_optional(connection).await?.is_some())
}
