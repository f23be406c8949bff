//! Rows of second factors and of people's own sessions.

use super::credentials::{OwnSession, SecondFactor, SessionOwner, TotpSecret, Tries};
use super::error::broken;
use super::rows::text;
use super::{Result, StoreError};
use crate::domain::values::ids::{RestaurantId, UserId};
use crate::domain::values::time::Timestamp;
use sqlx::FromRow;
use uuid::Uuid;

#[derive(FromRow)]
pub struct SecondFactorRow {
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
pub struct PersonRow {
    person: Uuid,
}

impl TryFrom<PersonRow> for UserId {
    type Error = StoreError;
    fn try_from(row: PersonRow) -> Result<Self> {
        Ok(Self::from_uuid(row.person))
    }
}

#[derive(FromRow)]
pub struct OwnSessionRow {
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
pub struct SessionOwnerRow {
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
pub struct TriesRow {
    tries: i64,
    since: i64,
}

impl From<TriesRow> for Tries {
    fn from(row: TriesRow) -> Self {
        Self { count: u32::try_from(row.tries).unwrap_or(u32::MAX), since: Timestamp::from_micros(row.since) }
    }
}
