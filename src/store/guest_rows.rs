//! Rows of guests' sessions and of the limits they reach.

use super::guests::{GuestSession, LimitRefusal, RefusalKey};
use super::rows::text;
use super::{Result, StoreError};
use crate::domain::values::ids::RestaurantId;
use crate::domain::values::text::TableLabel;
use crate::domain::values::time::Timestamp;
use sqlx::FromRow;
use uuid::Uuid;

#[derive(FromRow)]
pub struct GuestSessionRow {
    id: String,
    table_label: Option<String>,
    created_at: i64,
    refreshed_at: i64,
    open_orders: i64,
}

impl TryFrom<GuestSessionRow> for GuestSession {
    type Error = StoreError;
    fn try_from(row: GuestSessionRow) -> Result<Self> {
        Ok(Self {
            id: text("id", &row.id)?,
            table: row.table_label.as_deref().map(|label| text("table_label", label)).transpose()?,
            started_at: Timestamp::from_micros(row.created_at),
            seen_at: Timestamp::from_micros(row.refreshed_at),
            open_orders: u32::try_from(row.open_orders).unwrap_or(u32::MAX),
        })
    }
}

#[derive(FromRow)]
pub struct RefusalRow {
    restaurant: Uuid,
    limit_name: String,
    table_label: String,
    refusals: i64,
    first_at: i64,
    last_at: i64,
}

impl TryFrom<RefusalRow> for Option<(RefusalKey, LimitRefusal)> {
    type Error = StoreError;
    fn try_from(row: RefusalRow) -> Result<Self> {
        // A limit that only a newer node knows is left out.
        let Ok(limit) = row.limit_name.parse() else { return Ok(None) };
        let table = Some(row.table_label).filter(|label| !label.is_empty());
        let table: Option<TableLabel> = table.map(|label| text("table_label", &label)).transpose()?;
        let key = RefusalKey { restaurant: RestaurantId::from_uuid(row.restaurant), limit, table };
        let refusal = LimitRefusal {
            count: u64::try_from(row.refusals).unwrap_or(0),
            first_at: Timestamp::from_micros(row.first_at),
            last_at: Timestamp::from_micros(row.last_at),
        };
        Ok(Some((key, refusal)))
    }
}
