//! Rows of push subscriptions.

use super::error::broken;
use super::rows::text;
use super::{Result, StoreError};
use crate::domain::model::push::{KeyBytes, Subscription};
use sqlx::FromRow;

#[derive(FromRow)]
pub struct SubscriptionRow {
    endpoint: String,
    p256dh: Vec<u8>,
    auth: Vec<u8>,
    language: String,
}

impl TryFrom<SubscriptionRow> for Subscription {
    type Error = StoreError;
    fn try_from(row: SubscriptionRow) -> Result<Self> {
        Ok(Self {
            endpoint: text("endpoint", &row.endpoint)?,
            p256dh: key_bytes("p256dh", row.p256dh)?,
            auth: key_bytes("auth", row.auth)?,
            language: text("language", &row.language)?,
        })
    }
}

fn key_bytes<const N: usize>(column: &'static str, bytes: Vec<u8>) -> Result<KeyBytes<N>> {
    bytes.try_into().map(KeyBytes).map_err(|_| broken(format_args!("the column {column} has another length")))
}
