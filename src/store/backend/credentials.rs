//! [`Credentials`]: second factors, tries, and people's own sessions.

use super::{Backend, Connection, Database, devices, found, sessions};
use crate::clock;
use crate::domain::values::ids::{RestaurantId, UserId};
use crate::domain::values::text::Key;
use crate::domain::values::time::Timestamp;
use crate::store::credential_rows::{OwnSessionRow, PersonRow, SecondFactorRow, SessionOwnerRow, TriesRow};
use crate::store::credentials::{
    Credentials, MOST_SESSIONS, OwnSession, PasswordProof, SecondFactor, SessionOwner, TotpSecret, TriedSecret, Tries, Which,
};
use crate::store::{Result, StoreError, rows, sql};
use async_trait::async_trait;
use secrecy::{ExposeSecret, SecretString};
use sqlx::{query, query_as, query_scalar};

#[async_trait]
impl Credentials for Backend {
    async fn change_password(
        &self,
        restaurant: RestaurantId,
        person: UserId,
        verified: &SecretString,
        new: &SecretString,
        kept: &Key,
    ) -> Result<Vec<Key>> {
        let (verified, new, kept) = (verified.clone(), new.clone(), kept.clone());
        self.write(move |c| {
            Box::pin(async move {
                let change = query::<Database>(sql::credentials::CHANGE_PASSWORD).bind(restaurant.uuid()).bind(person.uuid());
                let change = change.bind(verified.expose_secret()).bind(new.expose_secret());
                found(change.execute(&mut *c).await?.rows_affected())?;
                devices::void_unclaimed(c, restaurant, person, clock::now()).await?;
                sessions::end_of_person(c, restaurant, person, |session| session != kept.as_str()).await
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
        let query = query_as::<Database, OwnSessionRow>(sql::credentials::OWN_SESSIONS).bind(restaurant.uuid());
        let query = query.bind(person.to_string()).bind(at.micros()).bind(renewed_since.micros());
        let mut sessions: Vec<OwnSession> = self.all(query.bind(MOST_SESSIONS)).await?;
        sessions.sort_by_key(|session| std::cmp::Reverse(session.renewed_at));
        Ok(sessions)
    }

    async fn session_owner(&self, session: &Key) -> Result<Option<SessionOwner>> {
        let query = query_as::<Database, SessionOwnerRow>(sql::credentials::SESSION_OWNER);
        self.one(query.bind(session.as_str().to_owned())).await
    }

    async fn password_proof(&self, restaurant: RestaurantId, session: &Key) -> Result<PasswordProof> {
        let session = session.clone();
        self.read_at_one_point(move |c| Box::pin(async move { password_proof(c, restaurant, session.as_str()).await })).await
    }

    async fn prove_password(&self, restaurant: RestaurantId, session: &Key, at: Timestamp) -> Result<()> {
        let query = query::<Database>(sql::credentials::PROVE_PASSWORD).bind(restaurant.uuid());
        found(self.execute(query.bind(session.as_str().to_owned()).bind(at.micros())).await?)
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

    async fn idle_session(&self, refresh_hash: [u8; 32], since: Timestamp) -> Result<Option<Key>> {
        let query = query_scalar::<Database, String>(sql::credentials::IDLE_SESSION);
        let query = query.bind(refresh_hash.to_vec()).bind(since.micros());
        let session = self.read(move |c| Box::pin(async move { Ok(query.fetch_optional(c).await?) })).await?;
        session.map(|session| rows::text("session", &session)).transpose()
    }

    async fn count_try(
        &self,
        restaurant: RestaurantId,
        person: UserId,
        secret: TriedSecret,
        at: Timestamp,
        window: Timestamp,
    ) -> Result<Tries> {
        let query = query_as::<Database, TriesRow>(sql::credentials::COUNT_TRY).bind(restaurant.uuid()).bind(person.uuid());
        let query = query.bind(secret.as_str()).bind(at.micros()).bind(window.micros());
        self.write(move |c| Box::pin(async move { Ok(query.fetch_one(c).await?.into()) })).await
    }

    async fn forget_tries(&self, restaurant: RestaurantId, person: UserId, secret: TriedSecret) -> Result<()> {
        let query = query::<Database>(sql::credentials::FORGET_TRIES).bind(restaurant.uuid()).bind(person.uuid());
        self.execute(query.bind(secret.as_str())).await.map(|_| ())
    }

    async fn second_factor(&self, restaurant: RestaurantId, person: UserId) -> Result<Option<SecondFactor>> {
        let query = query_as::<Database, SecondFactorRow>(sql::credentials::SECOND_FACTOR);
        self.one(query.bind(restaurant.uuid()).bind(person.uuid())).await
    }

    async fn people_with_second_factor(&self, restaurant: RestaurantId) -> Result<Vec<UserId>> {
        let query = query_as::<Database, PersonRow>(sql::credentials::PEOPLE_WITH_SECOND_FACTOR);
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
        restaurant: RestaurantId,
        person: UserId,
        secret: TotpSecret,
        step: i64,
        recovery: Vec<[u8; 32]>,
        at: Timestamp,
    ) -> Result<()> {
        self.write(move |c| {
            Box::pin(async move {
                let confirm = query::<Database>(sql::credentials::CONFIRM_SECOND_FACTOR);
                let confirm = confirm.bind(restaurant.uuid()).bind(person.uuid()).bind(secret.0.to_vec()).bind(step);
                found(confirm.bind(at.micros()).execute(&mut *c).await?.rows_affected())?;
                remove_codes(c, restaurant, person).await?;
                for hash in recovery {
                    let add = query::<Database>(sql::credentials::ADD_RECOVERY_CODE).bind(restaurant.uuid());
                    add.bind(person.uuid()).bind(hash.to_vec()).execute(&mut *c).await?;
                }
                Ok(())
            })
        })
        .await
    }

    async fn use_step(&self, restaurant: RestaurantId, person: UserId, secret: TotpSecret, step: i64) -> Result<bool> {
        let query = query::<Database>(sql::credentials::USE_STEP).bind(restaurant.uuid()).bind(person.uuid());
        Ok(self.execute(query.bind(secret.0.to_vec()).bind(step)).await? > 0)
    }

    async fn use_recovery_code(&self, restaurant: RestaurantId, person: UserId, hash: [u8; 32]) -> Result<bool> {
        let query = query::<Database>(sql::credentials::USE_RECOVERY_CODE).bind(restaurant.uuid()).bind(person.uuid());
        Ok(self.execute(query.bind(hash.to_vec())).await? > 0)
    }

    async fn remove_second_factor(&self, restaurant: RestaurantId, person: UserId, kept: Option<&Key>) -> Result<Vec<Key>> {
        let kept = kept.cloned();
        self.write(move |c| {
            Box::pin(async move {
                let remove = query::<Database>(sql::credentials::REMOVE_SECOND_FACTOR).bind(restaurant.uuid());
                found(remove.bind(person.uuid()).execute(&mut *c).await?.rows_affected())?;
                remove_codes(c, restaurant, person).await?;
                sessions::end_of_person(c, restaurant, person, |session| {
                    kept.as_ref().is_none_or(|kept| session != kept.as_str())
                })
                .await
            })
        })
        .await
    }
}

async fn password_proof(connection: &mut Connection, restaurant: RestaurantId, session: &str) -> Result<PasswordProof> {
    let query = query_as::<Database, (i64, Option<String>)>(sql::credentials::PASSWORD_PROOF).bind(restaurant.uuid());
    match query.bind(session).fetch_optional(&mut *connection).await? {
        Some((_, Some(_))) => return Ok(PasswordProof::Printed),
        Some((at, None)) => return Ok(PasswordProof::At(Timestamp::from_micros(at))),
        None => {}
    }
    let ended = query_scalar::<Database, i64>(sql::credentials::HAS_ENDED).bind(session);
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
    let begin = query::<Database>(sql::credentials::BEGIN_SECOND_FACTOR).bind(restaurant.uuid()).bind(person.uuid());
    let begin = begin.bind(secret.0.to_vec()).bind(at.micros());
    if begin.execute(&mut *connection).await?.rows_affected() > 0 {
        return Ok(());
    }
    let standing = query_as::<Database, SecondFactorRow>(sql::credentials::SECOND_FACTOR).bind(restaurant.uuid());
    let standing = standing.bind(person.uuid()).fetch_optional(connection).await?;
    Err(if standing.is_some() { StoreError::Taken } else { StoreError::Missing })
}

async fn remove_codes(connection: &mut Connection, restaurant: RestaurantId, person: UserId) -> Result<()> {
    let remove = query::<Database>(sql::credentials::REMOVE_RECOVERY_CODES).bind(restaurant.uuid());
    remove.bind(person.uuid()).execute(connection).await?;
    Ok(())
}
