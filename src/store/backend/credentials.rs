//! [`Credentials`]: second factors, attempts, and people's own sessions.

use super::{Backend, Connection, Database, devices, feeds, found, sessions};
use crate::clock;
use crate::domain::values::ids::{RestaurantId, UserId};
use crate::domain::values::text::Key;
use crate::domain::values::time::Timestamp;
use crate::store::columns::text;
use crate::store::credentials::{
    Credentials, MOST_SESSIONS, OwnSession, PasswordProof, SecondFactor, SessionOwner, Succession, Taken, TotpSecret, Tries,
    Turn, Which,
};
use crate::store::error::broken;
use crate::store::{Result, StoreError};
use async_trait::async_trait;
use secrecy::{ExposeSecret, SecretString};
use sqlx::{FromRow, query, query_as, query_scalar};
use std::time::Duration;
use uuid::Uuid;

statements! {
    /// Replaces only the hash that was verified.
    CHANGE_PASSWORD = "UPDATE users SET password_hash = $4 WHERE restaurant = $1 AND id = $2 AND password_hash = $3";
    /// The newest sessions: ids are in the order of time.
    OWN_SESSIONS = "SELECT id, created_at, refreshed_at, expires_at FROM sessions \
        WHERE restaurant = $1 AND sub = $2 AND role IN ('staff', 'manager') AND expires_at > $3 AND refreshed_at >= $4 \
        ORDER BY id DESC LIMIT $5";
    SESSION_OWNER = "SELECT restaurant, role, token_name FROM sessions WHERE id = $1";
    PASSWORD_PROOF = "SELECT COALESCE(proved_at, created_at), token_name FROM sessions WHERE restaurant = $1 AND id = $2";
    HAS_ENDED = "SELECT count(*) FROM ended_sessions WHERE session = $1";
    PROVE_PASSWORD = "UPDATE sessions SET proved_at = $3 WHERE restaurant = $1 AND id = $2";
    IDLE_SESSION = "SELECT count(*) FROM sessions WHERE id = $1 AND role IN ('staff', 'manager') AND refreshed_at < $2";

    COUNT_TRY = "INSERT INTO secret_tries (person, kind, restaurant, since, tries) VALUES ($2, 'totp', $1, $3, 1) \
        ON CONFLICT (person, kind) DO UPDATE SET \
        tries = CASE WHEN secret_tries.since < $4 THEN 1 ELSE secret_tries.tries + 1 END, \
        since = CASE WHEN secret_tries.since < $4 THEN excluded.since ELSE secret_tries.since END \
        RETURNING tries, since";
    FORGET_TRIES = "DELETE FROM secret_tries WHERE restaurant = $1 AND person = $2 AND kind = 'totp'";
    FORGET_OLD_TRIES = by_database! {
        sqlite: "DELETE FROM secret_tries WHERE restaurant = $1 AND person = $2 AND since < $3 \
            AND trying_until <= CAST(unixepoch('subsec') * 1000000 AS INTEGER)",
        postgres: "DELETE FROM secret_tries WHERE restaurant = $1 AND person = $2 AND since < $3 \
            AND trying_until <= (extract(epoch FROM clock_timestamp()) * 1000)::bigint * 1000",
    };
    /// Returns no row while another call has the turn. Stores whole milliseconds, since a `Timestamp` has no finer ones.
    TAKE_TURN = by_database! {
        sqlite: "INSERT INTO secret_tries (person, kind, restaurant, since, tries, trying_until) \
            VALUES ($2, $3, $1, $4, 0, CAST(unixepoch('subsec') * 1000000 AS INTEGER) + $5) \
            ON CONFLICT (person, kind) DO UPDATE SET trying_until = excluded.trying_until \
            WHERE secret_tries.trying_until <= excluded.trying_until - $5 RETURNING tries, trying_until",
        postgres: "INSERT INTO secret_tries (person, kind, restaurant, since, tries, trying_until) \
            VALUES ($2, $3, $1, $4, 0, (extract(epoch FROM clock_timestamp()) * 1000)::bigint * 1000 + $5) \
            ON CONFLICT (person, kind) DO UPDATE SET trying_until = excluded.trying_until \
            WHERE secret_tries.trying_until <= excluded.trying_until - $5 RETURNING tries, trying_until",
    };
    END_TURN = "UPDATE secret_tries SET tries = tries + $4, \
        trying_until = CASE WHEN trying_until = $5 THEN 0 ELSE trying_until END \
        WHERE restaurant = $1 AND person = $2 AND kind = $3";

    SECOND_FACTOR = "SELECT f.secret, f.confirmed_at, \
        (SELECT count(*) FROM recovery_codes c WHERE c.restaurant = $1 AND c.person = $2) AS recovery_codes \
        FROM second_factors f WHERE f.restaurant = $1 AND f.person = $2";
    PEOPLE_WITH_SECOND_FACTOR = "SELECT person FROM second_factors \
        WHERE restaurant = $1 AND confirmed_at IS NOT NULL ORDER BY person";
    /// Changes no row for a person of another restaurant, or if the second factor is confirmed.
    BEGIN_SECOND_FACTOR = "INSERT INTO second_factors (person, restaurant, secret, created_at) \
        SELECT id, restaurant, $3, $4 FROM users WHERE restaurant = $1 AND id = $2 \
        ON CONFLICT (person) DO UPDATE SET secret = excluded.secret, created_at = excluded.created_at, last_step = 0 \
        WHERE second_factors.confirmed_at IS NULL";
    CONFIRM_SECOND_FACTOR = "UPDATE second_factors SET confirmed_at = $5, last_step = $4 \
        WHERE restaurant = $1 AND person = $2 AND secret = $3 AND confirmed_at IS NULL AND last_step < $4";
    ADD_RECOVERY_CODE = "INSERT INTO recovery_codes (person, hash, restaurant) VALUES ($2, $3, $1)";
    USE_STEP = "UPDATE second_factors SET last_step = $4 \
        WHERE restaurant = $1 AND person = $2 AND secret = $3 AND last_step < $4";
    USE_RECOVERY_CODE = "DELETE FROM recovery_codes WHERE restaurant = $1 AND person = $2 AND hash = $3";
    REMOVE_RECOVERY_CODES = "DELETE FROM recovery_codes WHERE restaurant = $1 AND person = $2";
    REMOVE_SECOND_FACTOR = "DELETE FROM second_factors WHERE restaurant = $1 AND person = $2";
}

#[derive(FromRow)]
struct SecondFactorRow {
    secret: Vec<u8>,
    confirmed_at: Option<i64>,
    recovery_codes: i64,
}

impl TryFrom<SecondFactorRow> for SecondFactor {
    type Error = StoreError;
    fn try_from(row: SecondFactorRow) -> Result<Self> {
        let secret = row.secret.try_into().map_err(|_| broken("the column secret has another length"))?;
        let recovery_codes = u32::try_from(row.recovery_codes).unwrap_or(u32::MAX);
        Ok(Self { secret: TotpSecret(secret), is_confirmed: row.confirmed_at.is_some(), recovery_codes })
    }
}

#[derive(FromRow)]
struct PersonRow {
    person: Uuid,
}

impl TryFrom<PersonRow> for UserId {
    type Error = StoreError;
    fn try_from(row: PersonRow) -> Result<Self> {
        Ok(Self::from_uuid(row.person))
    }
}

#[derive(FromRow)]
struct OwnSessionRow {
    id: String,
    created_at: i64,
    refreshed_at: i64,
    expires_at: i64,
}

impl TryFrom<OwnSessionRow> for OwnSession {
    type Error = StoreError;
    fn try_from(row: OwnSessionRow) -> Result<Self> {
        Ok(Self {
            id: text("id", &row.id)?,
            begun_at: Timestamp::from_micros(row.created_at),
            renewed_at: Timestamp::from_micros(row.refreshed_at),
            expires_at: Timestamp::from_micros(row.expires_at),
        })
    }
}

#[derive(FromRow)]
struct SessionOwnerRow {
    restaurant: Uuid,
    role: String,
    token_name: Option<String>,
}

impl TryFrom<SessionOwnerRow> for SessionOwner {
    type Error = StoreError;
    fn try_from(row: SessionOwnerRow) -> Result<Self> {
        let restaurant = RestaurantId::from_uuid(row.restaurant);
        let token_name = row.token_name.map(|name| text("token_name", &name)).transpose()?;
        Ok(Self { restaurant, role: text("role", &row.role)?, token_name })
    }
}

#[derive(FromRow)]
struct TriesRow {
    tries: i64,
    since: i64,
}

impl From<TriesRow> for Tries {
    fn from(row: TriesRow) -> Self {
        Self { count: u32::try_from(row.tries).unwrap_or(u32::MAX), since: Timestamp::from_micros(row.since) }
    }
}

#[async_trait]
impl Credentials for Backend {
    async fn succeed(&self, succession: &Succession) -> Result<()> {
        let succession = succession.clone();
        self.write(move |c| Box::pin(async move { succeed(c, &succession).await })).await
    }

    async fn change_password(
        &self,
        person: UserId,
        verified: &SecretString,
        new: &SecretString,
        succession: &Succession,
    ) -> Result<Vec<Key>> {
        let (verified, new, succession) = (verified.clone(), new.clone(), succession.clone());
        let restaurant = succession.session.principal.restaurant;
        self.write(move |c| {
            Box::pin(async move {
                feeds::hold(c, restaurant).await?;
                let change = query::<Database>(CHANGE_PASSWORD).bind(restaurant.uuid()).bind(person.uuid());
                let change = change.bind(verified.expose_secret()).bind(new.expose_secret());
                found(change.execute(&mut *c).await?.rows_affected())?;
                devices::void_unclaimed(c, restaurant, person, clock::now()).await?;
                end_and_succeed(c, restaurant, person, Some(&succession)).await
            })
        })
        .await
    }

    async fn sessions_of(
        &self,
        restaurant: RestaurantId,
        person: UserId,
        at: Timestamp,
        renewed_since: Timestamp,
    ) -> Result<Vec<OwnSession>> {
        let query = query_as::<Database, OwnSessionRow>(OWN_SESSIONS).bind(restaurant.uuid());
        let query = query.bind(person.to_string()).bind(at.micros()).bind(renewed_since.micros());
        let mut sessions: Vec<OwnSession> = self.all(query.bind(MOST_SESSIONS)).await?;
        sessions.sort_by_key(|session| std::cmp::Reverse(session.renewed_at));
        Ok(sessions)
    }

    async fn session_owner(&self, session: &Key) -> Result<Option<SessionOwner>> {
        let query = query_as::<Database, SessionOwnerRow>(SESSION_OWNER);
        self.one(query.bind(session.as_str().to_owned())).await
    }

    async fn password_proof(&self, restaurant: RestaurantId, session: &Key) -> Result<PasswordProof> {
        let session = session.clone();
        self.read_at_one_point(move |c| Box::pin(async move { password_proof(c, restaurant, session.as_str()).await })).await
    }

    async fn end_sessions_of(&self, restaurant: RestaurantId, person: UserId, which: Which) -> Result<Vec<Key>> {
        self.write(move |c| {
            Box::pin(async move {
                sessions::end_of_person(c, restaurant, person, |session| match &which {
                    Which::Only(one) => session == one.as_str(),
                    Which::AllBut(kept) => session != kept.as_str(),
                })
                .await
            })
        })
        .await
    }

    async fn is_idle(&self, session: &Key, since: Timestamp) -> Result<bool> {
        let query = query_scalar::<Database, i64>(IDLE_SESSION).bind(session.as_str().to_owned()).bind(since.micros());
        self.read(move |c| Box::pin(async move { Ok(query.fetch_one(c).await? > 0) })).await
    }

    async fn count_try(&self, restaurant: RestaurantId, person: UserId, at: Timestamp, window: Timestamp) -> Result<Tries> {
        let query = query_as::<Database, TriesRow>(COUNT_TRY).bind(restaurant.uuid()).bind(person.uuid());
        let query = query.bind(at.micros()).bind(window.micros());
        self.write(move |c| Box::pin(async move { Ok(query.fetch_one(c).await?.into()) })).await
    }

    async fn forget_tries(&self, restaurant: RestaurantId, person: UserId) -> Result<()> {
        let query = query::<Database>(FORGET_TRIES).bind(restaurant.uuid()).bind(person.uuid());
        self.execute(query).await.map(drop)
    }

    async fn take_turn(&self, turn: &Turn, lease: Duration, window: Timestamp) -> Result<Option<Taken>> {
        let (restaurant, person) = (turn.restaurant.uuid(), turn.person.uuid());
        let forget = query::<Database>(FORGET_OLD_TRIES).bind(restaurant).bind(person).bind(window.micros());
        let take = query_as::<Database, (i64, i64)>(TAKE_TURN).bind(restaurant).bind(person);
        let lease = i64::try_from(lease.as_micros()).unwrap_or(i64::MAX / 2);
        let take = take.bind(turn.name.as_str().to_owned()).bind(clock::now().micros()).bind(lease);
        let taken = self.write(move |c| {
            Box::pin(async move {
                forget.execute(&mut *c).await?;
                Ok(take.fetch_optional(c).await?)
            })
        });
        Ok(taken.await?.map(|(wrong, until)| Taken {
            wrong: u32::try_from(wrong).unwrap_or(u32::MAX),
            until: Timestamp::from_micros(until),
        }))
    }

    async fn end_turn(&self, turn: &Turn, taken: Taken, was_wrong: bool) -> Result<()> {
        let query = query::<Database>(END_TURN).bind(turn.restaurant.uuid()).bind(turn.person.uuid());
        let query = query.bind(turn.name.as_str().to_owned()).bind(i64::from(was_wrong)).bind(taken.until.micros());
        self.execute(query).await.map(drop)
    }

    async fn second_factor(&self, restaurant: RestaurantId, person: UserId) -> Result<Option<SecondFactor>> {
        let query = query_as::<Database, SecondFactorRow>(SECOND_FACTOR);
        self.one(query.bind(restaurant.uuid()).bind(person.uuid())).await
    }

    async fn people_with_second_factor(&self, restaurant: RestaurantId) -> Result<Vec<UserId>> {
        let query = query_as::<Database, PersonRow>(PEOPLE_WITH_SECOND_FACTOR);
        self.all(query.bind(restaurant.uuid())).await
    }

    async fn begin_second_factor(
        &self,
        restaurant: RestaurantId,
        person: UserId,
        secret: TotpSecret,
        at: Timestamp,
    ) -> Result<()> {
        self.write(move |c| Box::pin(begin(c, restaurant, person, secret, at))).await
    }

    async fn confirm_second_factor(
        &self,
        person: UserId,
        secret: TotpSecret,
        step: i64,
        recovery: Vec<[u8; 32]>,
        succession: &Succession,
    ) -> Result<()> {
        let succession = succession.clone();
        let restaurant = succession.session.principal.restaurant;
        self.write(move |c| {
            Box::pin(async move {
                feeds::hold(c, restaurant).await?;
                let confirm = query::<Database>(CONFIRM_SECOND_FACTOR);
                let confirm = confirm.bind(restaurant.uuid()).bind(person.uuid()).bind(secret.0.to_vec()).bind(step);
                found(confirm.bind(succession.at.micros()).execute(&mut *c).await?.rows_affected())?;
                set_codes(c, restaurant, person, recovery).await?;
                succeed(c, &succession).await
            })
        })
        .await
    }

    async fn use_step(&self, restaurant: RestaurantId, person: UserId, secret: TotpSecret, step: i64) -> Result<bool> {
        let query = query::<Database>(USE_STEP).bind(restaurant.uuid()).bind(person.uuid());
        Ok(self.execute(query.bind(secret.0.to_vec()).bind(step)).await? > 0)
    }

    async fn use_recovery_code(&self, restaurant: RestaurantId, person: UserId, hash: [u8; 32]) -> Result<bool> {
        let query = query::<Database>(USE_RECOVERY_CODE).bind(restaurant.uuid()).bind(person.uuid());
        Ok(self.execute(query.bind(hash.to_vec())).await? > 0)
    }

    async fn remove_second_factor(
        &self,
        restaurant: RestaurantId,
        person: UserId,
        succession: Option<&Succession>,
    ) -> Result<Vec<Key>> {
        let succession = succession.cloned();
        self.write(move |c| {
            Box::pin(async move {
                feeds::hold(c, restaurant).await?;
                let remove = query::<Database>(REMOVE_SECOND_FACTOR).bind(restaurant.uuid());
                found(remove.bind(person.uuid()).execute(&mut *c).await?.rows_affected())?;
                remove_codes(c, restaurant, person).await?;
                end_and_succeed(c, restaurant, person, succession.as_ref()).await
            })
        })
        .await
    }
}

async fn password_proof(connection: &mut Connection, restaurant: RestaurantId, session: &str) -> Result<PasswordProof> {
    let query = query_as::<Database, (i64, Option<String>)>(PASSWORD_PROOF).bind(restaurant.uuid());
    match query.bind(session).fetch_optional(&mut *connection).await? {
        Some((_, Some(_))) => return Ok(PasswordProof::Printed),
        Some((at, None)) => return Ok(PasswordProof::At(Timestamp::from_micros(at))),
        None => {}
    }
    let ended = query_scalar::<Database, i64>(HAS_ENDED).bind(session);
    let is_over = ended.fetch_one(connection).await? > 0;
    Ok(if is_over { PasswordProof::Ended } else { PasswordProof::Unlisted })
}

async fn begin(
    connection: &mut Connection,
    restaurant: RestaurantId,
    person: UserId,
    secret: TotpSecret,
    at: Timestamp,
) -> Result<()> {
    let begin = query::<Database>(BEGIN_SECOND_FACTOR).bind(restaurant.uuid()).bind(person.uuid());
    let begin = begin.bind(secret.0.to_vec()).bind(at.micros());
    if begin.execute(&mut *connection).await?.rows_affected() > 0 {
        return Ok(());
    }
    let standing = query_as::<Database, SecondFactorRow>(SECOND_FACTOR).bind(restaurant.uuid());
    let standing = standing.bind(person.uuid()).fetch_optional(connection).await?;
    Err(if standing.is_some() { StoreError::Taken } else { StoreError::Missing })
}

async fn remove_codes(connection: &mut Connection, restaurant: RestaurantId, person: UserId) -> Result<()> {
    let remove = query::<Database>(REMOVE_RECOVERY_CODES).bind(restaurant.uuid());
    remove.bind(person.uuid()).execute(connection).await?;
    Ok(())
}

async fn set_codes(connection: &mut Connection, restaurant: RestaurantId, person: UserId, recovery: Vec<[u8; 32]>) -> Result<()> {
    remove_codes(connection, restaurant, person).await?;
    for hash in recovery {
        let add = query::<Database>(ADD_RECOVERY_CODE).bind(restaurant.uuid());
        add.bind(person.uuid()).bind(hash.to_vec()).execute(&mut *connection).await?;
    }
    Ok(())
}

/// Ends the old session and begins the new one in its place.
async fn succeed(connection: &mut Connection, succession: &Succession) -> Result<()> {
    let Succession { old, session, refresh_hash, origin, at, proved_at } = succession;
    let restaurant = session.principal.restaurant;
    // Changes of people and successions of their sessions run one after the other.
    feeds::hold(connection, restaurant).await?;
    let proof = query_as::<Database, (i64, Option<String>)>(PASSWORD_PROOF).bind(restaurant.uuid());
    let (proved_before, _) = proof.bind(old.as_str()).fetch_optional(&mut *connection).await?.ok_or(StoreError::Stale)?;
    // A sign-out takes no lock, and may have ended it before.
    if !sessions::end(connection, old.as_str()).await? {
        return Err(StoreError::Stale);
    }
    sessions::add_session(connection, session, *refresh_hash, *origin, *at).await?;
    let prove = query::<Database>(PROVE_PASSWORD).bind(restaurant.uuid());
    let prove = prove.bind(session.principal.session.as_str()).bind(proved_at.map_or(proved_before, Timestamp::micros));
    prove.execute(connection).await?;
    Ok(())
}

/// Ends all sessions of a person, and begins the successor of one. Returns those that ended.
async fn end_and_succeed(
    connection: &mut Connection,
    restaurant: RestaurantId,
    person: UserId,
    succession: Option<&Succession>,
) -> Result<Vec<Key>> {
    let old = succession.map(|succession| succession.old.clone());
    let is_other = |session: &str| old.as_ref().is_none_or(|old| session != old.as_str());
    let mut ended = sessions::end_of_person(connection, restaurant, person, is_other).await?;
    if let Some(succession) = succession {
        succeed(connection, succession).await?;
        ended.extend(old);
    }
    Ok(ended)
}
